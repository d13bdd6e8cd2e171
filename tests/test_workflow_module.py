"""Another workflow uses this one as a module."""

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


def test_another_workflow_runs_the_study_as_a_module(tmp_path):
    (tmp_path / "project").mkdir()
    project = Project(tmp_path / "project")
    other = tmp_path / "other"
    write_own(other / "own")
    (other / "Snakefile").write_text(SNAKEFILE.format(project=project.folder))
    (other / "study.yaml").write_text(yaml.safe_dump({"emospeech": STUDY}))
    done = project.run(config=None, demo=False, folder=other)
    assert done.returncode == 0, done.output
    assert int((other / "count.txt").read_text()) > 5
    assert "BasicCNN" in (other / "results/own/report/index.html").read_text()
    assert "Nothing to be done" in project.run(config=None, demo=False, folder=other).output
    assert not (project.folder / "results").exists()
