"""Properties of the rules that `snakemake --lint` does not check, and imports of their scripts."""

import subprocess
import sys
from pathlib import Path

import pytest
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

from emospeech.report.templates import summaries
from emospeech.runtime.fingerprint import fingerprint

ROOT = Path(__file__).parents[1]
QUIET = OutputSettings(quiet={Quietness.ALL})
SCRIPTS = ROOT / "workflow" / "scripts"


HALVING = {"search": {"method": "halving", "trials": 5, "halving": {"first_epochs": 1}}}


def rules_with(configfiles, config):
    # The Snakefile changes sys.executable (adds quotes), so it is restored for other tests.
    with pytest.MonkeyPatch.context() as patch, SnakemakeApi(QUIET) as api:
        patch.setattr(sys, "executable", sys.executable)
        api = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=configfiles, config=config),
            snakefile=ROOT / "Snakefile",
            workdir=ROOT,
        )
        local = api._workflow._localrules
        return {rule.name: rule for rule in api._workflow.rules}, local


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    """All rules by name, with synthetic corpora, with real ones, and with successive halving."""
    folder = tmp_path_factory.mktemp("corpora")
    (folder / "evaluation").mkdir()
    (folder / "recordings.csv").touch()
    (folder / "evaluation" / "metrics.csv").write_text("model,task\nBasicCNN,valence\n")
    ami = {"audio": str(folder), "annotations": str(folder), "fetch": True}
    own = {"labelled": "own", "manifests": {"own": {"folder": str(folder)}}, "ami": ami}
    own |= {key: {"root": str(folder), "fetch": True} for key in ("crema_d", "quechua")}
    own["audformat"] = {"loaded": {"folder": str(folder), "database": "emodb", "version": "1.4.1"}}
    config = {"corpora": own, "training": {"unlabelled": ["ami", "own", "loaded"]}}
    config["report"] = {"control": str(folder)}
    variants = {"hours": {"training": {"unlabelled_hours": 1}}}
    own = {"report": config["report"], "variants": variants}
    demo = rules_with([ROOT / "config/demo.yaml"], own)[0]
    halving = rules_with([ROOT / "config/demo.yaml"], HALVING)[0]
    return rules_with([], config)[0] | halving | demo


def test_every_job_has_a_message_a_benchmark_and_resources(rules):
    for name, rule in rules.items():
        if rule.script and rule.output:
            assert rule.message, name
            assert rule.benchmark, name
            assert rule.log, name
            assert {"mem_mb", "runtime"} <= set(rule.resources), name
        else:
            assert not rule.output, f"{name} is a template, or only shows files of other rules"


def test_every_job_has_the_fingerprint_of_its_script_as_a_param(rules):
    jobs = [rule for rule in rules.values() if rule.output]
    for rule in jobs:
        script = rule.script.format(params=rule.params)
        assert rule.params.code(None) == fingerprint(SCRIPTS / Path(script).name, ROOT), rule.name
    used = {rule.params.script for rule in jobs}
    assert used == {file.stem for file in SCRIPTS.glob("*.py")}


def test_jobs_do_not_share_logs_or_benchmarks(rules):
    jobs = [rule for rule in rules.values() if rule.output]
    assert len({str(rule.benchmark) for rule in jobs}) == len(jobs)
    assert len({str(rule.log[0]) for rule in jobs}) == len(jobs)


def test_rules_only_use_known_resources(rules):
    known = {"mem_mb", "runtime", "gpu", "downloads"}
    added = {"_cores", "_nodes", "tmpdir"}  # by Snakemake
    for rule in rules.values():
        assert set(rule.resources) <= known | added, rule.name


def test_short_jobs_are_not_submitted_to_a_cluster():
    rules, local = rules_with([ROOT / "config/demo.yaml"], HALVING)
    starts = ("draw_", "tabulate_", "select_", "collect_", "assign_", "record_", "write_")
    short = {name for name in rules if name.startswith(starts)}
    assert len(short) >= 13
    assert short <= local
    assert not {"train", "evaluate_model", "extract_spectrograms"} & local
    assert not [name for name in local if name.startswith("train_")]


def test_only_synthetic_and_fetched_corpora_and_estimates_have_no_input(rules):
    without = {name for name, rule in rules.items() if rule.output and not rule.input}
    assert {name.split("_")[0] for name in without} == {"synthesize", "fetch", "estimate"}


def test_every_figure_and_table_is_in_the_report_of_snakemake(rules):
    summarized = set()
    for rule in rules.values():
        for file in rule.output:
            flag = file.flags.get("report")
            if "/report/figures/" in file and file.endswith(".png"):
                assert flag, file
            if "/report/tables/" in file and file.endswith(".html"):
                assert flag, file
            summarized |= {flag.labels["content"]} if flag and flag.labels else set()
    of_apc_models = summaries("valence")["forecasts"]  # which the demo does not have
    assert summarized == set(summaries("valence").values()) - {of_apc_models}


HEAVY = {"librosa", "matplotlib", "numba", "scipy", "sklearn", "soxr", "torch", "torch._dynamo"}
# The heavy modules that a script imports when it starts; others are imported when needed.
IMPORTED = {
    "draw_model.py": {"matplotlib"},
    "predict.py": {"torch"},
    "select_trial.py": set(),
    "tabulate_results.py": set(),
    "train.py": {"torch"},
    "train_rung.py": {"torch"},
    "select_rung.py": set(),
}
LOADED = """
import runpy, sys
runpy.run_path(sys.argv[1], run_name="imported")
print(*sys.modules)
"""


@pytest.mark.parametrize("script", IMPORTED)
def test_scripts_import_heavy_modules_when_needed(script):
    command = [sys.executable, "-c", LOADED, f"workflow/scripts/{script}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == IMPORTED[script]


@pytest.mark.parametrize(("target", "shown"), [("valence", True), ("dominance", False)])
def test_a_control_of_another_target_is_not_part_of_the_report(tmp_path, target, shown):
    metrics = tmp_path / "evaluation" / "metrics.csv"
    metrics.parent.mkdir()
    metrics.write_text(f"model,task\nBasicCNN,{target}\n")
    config = {"report": {"control": str(tmp_path)}}
    evidence = rules_with([ROOT / "config/demo.yaml"], config)[0]["tabulate_evidence"]
    assert (str(metrics) in map(str, evidence.input)) == shown
