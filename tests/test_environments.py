"""Every import is pinned, every pin is used, and the environments agree on the versions."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
IMPORTED_AS = {"jinja2": "Jinja2", "sklearn": "scikit-learn", "yaml": "PyYAML"}
IN_CONDA = {
    "Jinja2": "jinja2",
    "Pygments": "pygments",
    "matplotlib": "matplotlib-base",
    "soundfile": "pysoundfile",
    "soxr": "soxr-python",
    "torch": "pytorch",
}
# Used from the command line, by a profile or by the report of Snakemake, and not imported.
TOOLS = {"snakemake", "snakemake-executor-plugin-slurm", "Pygments", "ruff", "snakefmt"}
TOOLS |= {"import-linter", "pytest-timeout", "pytest-xdist"}


def pins(name):
    lines = (ROOT / "envs" / name).read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def imported(*folders):
    names = set()
    for folder in folders:
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    names.update(alias.name.split(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    names.add(node.module.split(".")[0])
    names -= {*sys.stdlib_module_names, "benchmarks", "emospeech", "tests"}
    return {IMPORTED_AS.get(name, name) for name in names}


def test_what_the_library_imports_is_what_a_run_installs():
    assert imported("emospeech", "workflow/scripts") == set(pins("requirements.txt")) - TOOLS


def test_what_the_tests_import_is_what_they_install():
    needed = imported("tests", "benchmarks") - set(pins("requirements.txt"))
    assert needed == set(pins("requirements-dev.txt")) - TOOLS


def test_the_lock_holds_every_pin():
    lock = pins("lock.txt")
    for name, version in (pins("requirements.txt") | pins("requirements-dev.txt")).items():
        assert lock[name] == version


def test_conda_agrees_with_pip():
    listed = yaml.safe_load((ROOT / "envs" / "emospeech.yaml").read_text())["dependencies"]
    conda = dict(line.split("=") for line in listed)
    assert conda.pop("python") == "3.11"
    pip = pins("requirements.txt")
    assert conda == {IN_CONDA.get(name, name): version for name, version in pip.items()}


@pytest.mark.parametrize("active", [True, False], ids=["active", "inactive"])
def test_an_environment_is_set_up_whether_or_not_it_is_active(tmp_path, active):
    """The environment has no pip, and `python3` is its own while it is active."""
    folder = tmp_path / "a project"
    (folder / "envs").mkdir(parents=True)
    for name in ("requirements.txt", "requirements-dev.txt", "lock.txt"):
        (folder / "envs" / name).write_text("# nothing to download\n")
    shutil.copy(ROOT / "Makefile", folder)
    base = [sys._base_executable, "-m", "venv", "--without-pip", folder / ".venv"]
    subprocess.run(base, check=True)
    bins = folder / ".venv/bin" if active else Path(sys._base_executable).parent
    environment = os.environ | {"PATH": f"{bins}:{os.environ['PATH']}"}
    command = ["make", ".venv/dev"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (folder / ".venv/dev").exists()


def test_no_package_index_is_named():
    texts = [*ROOT.glob("envs/*"), ROOT / "Makefile", ROOT / ".ci" / "run"]
    assert not any(re.search(r"index-url|pypi\.org", file.read_text()) for file in texts)
