"""What is decided before the first job: where the config is found, and what it may hold.

The project is in a folder with a space in its name, so all tests here also cover that.
"""

import pytest
import yaml

from tests.test_workflow import Project
from tests.test_workflow_manifest import STUDY, write_own

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("a project"))
    write_own(project.folder / "own")
    study = STUDY | {"results": "own results"}
    (project.folder / "own study.yaml").write_text(yaml.safe_dump(study))
    return project


def run(project, *arguments, **options):
    return project.run(*arguments, **{"config": "own study.yaml", "demo": False} | options)


def test_jobs_run_and_stores_are_checked_where_paths_have_spaces(project):
    done = run(project, "check_stores")
    assert done.returncode == 0, done.output
    assert (project.folder / "own results/spectrograms/iemocap.h5").exists()
    log = project.folder / "own results/logs/spectrograms/check_stores.log"
    assert log.read_text() in done.output
    assert "30 recordings" in log.read_text()


def test_a_check_of_manifests_alone_does_not_read_the_keyboard(project):
    done = run(project, "check_corpora", typed="TYPED\n")
    assert done.returncode == 0, done.output
    assert "TYPED" not in done.output
