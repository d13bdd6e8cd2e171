"""Another workflow uses this one as a module."""

import subprocess

import pytest
import yaml

from tests.test_workflow import Project
from tests.test_workflow_manifest import STUDY, write_own

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(600)]

SNAKEFILE = """
configfile: "study.yaml"

module emospeech:
    snakefile: "{project}/Snakefile"
    config: config["emospeech"]

use rule * from emospeech as emospeech_*

rule count_tests:
    default_target: True
    input:
        page=rules.emospeech_write_report.output.page,
        metrics="results/own/evaluation/metrics.csv",
    output:
        "count.txt",
    log:
        "logs/count.log",
    benchmark:
        "benchmarks/count.tsv"
    shell:
        "wc -l < {{input.metrics}} > {{output}}"
"""


def test_a_module_that_is_not_a_local_clone_is_an_error(tmp_path):
    """Snakedeploy writes such modules. They lack the library."""
    (tmp_path / "project").mkdir()
    project = Project(tmp_path / "project")
    git = ["git", "-C", project.folder, "-c", "user.name=n", "-c", "user.email=e"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "c"]):
        subprocess.run([*git, *command], check=True)
    subprocess.run([*git, "tag", "v1"], check=True)
    source = f"git+file://{project.folder}/workflow/Snakefile@v1"
    module = f'module emospeech:\n    snakefile: "{source}"\nuse rule * from emospeech\n'
    (tmp_path / "Snakefile").write_text(module)
    done = project.run("--dry-run", config=None, demo=False, folder=tmp_path)
    assert done.returncode == 1
    assert f"git+file:{project.folder}/@v1: " in done.output


def test_the_snakefile_of_the_catalog_runs_the_same_jobs(tmp_path):
    project = Project(tmp_path)
    jobs = project.planned()
    others = project.planned("--snakefile", "workflow/Snakefile")
    assert others == jobs | {"study": 1}


def test_another_workflow_runs_the_study_as_a_module(tmp_path):
    (tmp_path / "project").mkdir()
    project = Project(tmp_path / "project")
    other = tmp_path / "other"
    write_own(other / "own")
    (other / "Snakefile").write_text(SNAKEFILE.format(project=project.folder))
    study = STUDY | {"variants": {"hard": {"labels": {"encoding": "hard"}}}}
    (other / "study.yaml").write_text(yaml.safe_dump({"emospeech": study}))
    planned = project.planned("emospeech_variants", config=None, demo=False, folder=other)
    assert {"emospeech_train_variant", "emospeech_draw_variants"} <= planned.keys()
    estimated = project.run("emospeech_estimate", config=None, demo=False, folder=other)
    assert estimated.returncode == 0, estimated.output
    assert "training, BasicCNN" in estimated.output
    done = project.run(config=None, demo=False, folder=other)
    assert done.returncode == 0, done.output
    assert int((other / "count.txt").read_text()) > 5
    assert "BasicCNN" in (other / "results/own/report/index.html").read_text()
    assert "Nothing to be done" in project.run(config=None, demo=False, folder=other).output
    assert not (project.folder / "results").exists()
