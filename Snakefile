"""Learning representations of emotional speech with DCGANs: the study, from corpora to the report."""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.12")  # pathvars


# The folder of this file, also if another workflow uses it as a module.
ROOT = Path(workflow.current_basedir.get_path_or_uri(secret_free=True))
if not ROOT.is_dir():
    raise WorkflowError(f"{ROOT}: is not a folder. Clone the project and use its Snakefile.")


configfile: str(ROOT / "config" / "config.yaml")


# With `--snakefile` or `--directory` the working directory may have a config of its own. It takes
# precedence, key by key.
if Path("config/config.yaml").exists() and not Path.cwd().samefile(ROOT):

    configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


# Local jobs share the GPU and the network connection of their machine; cluster jobs have their own.
resource_scopes:
    gpu="local",
    downloads="local",


include: "workflow/rules/config.smk"
include: "workflow/rules/outputs.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/jobs.smk"
include: "workflow/rules/fetch.smk"
include: "workflow/rules/corpora.smk"
include: "workflow/rules/spectrograms.smk"
include: "workflow/rules/folds.smk"
include: "workflow/rules/search.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/halving.smk"
include: "workflow/rules/predictions.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/variants.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/estimate.smk"


# What `emospeech status` shows. Snakemake does not run these if another workflow uses this one as a
# module; the status then shows what logs and results reveal.
onstart:
    if jobs := planned_jobs():
        with config_errors("results: "):
            start_run(RESULTS, study_command(), jobs)


onsuccess:
    if planned_jobs():
        end_run(RESULTS, succeeded=True)


onerror:
    if planned_jobs():
        end_run(RESULTS, succeeded=False)


rule all:
    default_target: True
    input:
        page=REPORT / "index.html",
        evaluation=EVALUATED,
        seeds=EVALUATION / "seeds.csv" if MORE_SEEDS else [],


rule variants:
    input:
        rules.all.input,
        comparison_of_variants,
