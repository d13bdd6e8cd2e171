"""The environment files pin every import, agree with each other and install with make."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / "envs"
OPTIONAL = ("audb", "mlflow", "onnx", "tensorboard")  # packages that the library imports if needed
IMPORT_TO_PACKAGE = {
    "jinja2": "Jinja2",
    "mlflow": "mlflow-skinny",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}
PIP_TO_CONDA = {
    "Jinja2": "jinja2",
    "Pygments": "pygments",
    "matplotlib": "matplotlib-base",
    "soundfile": "pysoundfile",
    "soxr": "soxr-python",
    "torch": "pytorch",
}
# Not imported: command-line tools, the executor of the Slurm profile, and Snakemake's report.
TOOLS = {"snakemake", "snakemake-executor-plugin-slurm", "Pygments", "ruff", "snakefmt"}
TOOLS |= {"alembic", "SQLAlchemy", "openpyxl", "onnx", "onnxscript"}  # of MLflow, pandas, torch
TOOLS |= {"import-linter", "pyright", "pytest-timeout", "pytest-xdist"}
TOOLS |= {"tbparse", "setuptools"}  # imported with pytest.importorskip; builds the package


def pins(name, *suffixes):
    """Return {package: version} of a file in envs, and of requirements-{suffix}.txt.

    Extras such as pyright[nodejs] are dropped.
    """
    files = [name, *(f"requirements-{suffix}.txt" for suffix in suffixes)]
    lines = "".join((ENVIRONMENT / file).read_text() for file in files).splitlines()
    lines = [re.sub(r"\[.*\]", "", line) for line in lines if line and not line.startswith("#")]
    return dict(line.split("==") for line in lines)


def imported_packages(*folders):
    names = set()
    for folder in folders:
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    names.update(alias.name.split(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    names.add(node.module.split(".")[0])
    names -= {*sys.stdlib_module_names, "benchmarks", "docs", "emospeech", "tests"}
    return {IMPORT_TO_PACKAGE.get(name, name) for name in names}


def test_requirements_match_the_imports_of_the_library():
    packages = imported_packages("emospeech", "workflow/scripts")
    assert packages == set(pins("requirements.txt", *OPTIONAL)) - TOOLS


def test_development_requirements_match_the_imports_of_the_tests():
    packages = imported_packages("tests", "benchmarks")
    packages -= set(pins("requirements.txt", "workflow", *OPTIONAL))
    assert packages == set(pins("requirements-dev.txt")) - TOOLS


@pytest.mark.parametrize("name", [file.name for file in ENVIRONMENT.glob("requirements*.txt")])
def test_lock_file_agrees_with_requirements(name):
    required = pins(name)
    lock = pins("lock.txt")
    assert {package: lock.get(package) for package in required} == required


def test_conda_environment_agrees_with_requirements():
    listed = yaml.safe_load((ENVIRONMENT / "emospeech.yaml").read_text())["dependencies"]
    conda = dict(line.split("=") for line in listed)
    assert conda.pop("python") == "3.11"
    pip = pins("requirements.txt", "workflow")
    assert conda == {PIP_TO_CONDA.get(name, name): version for name, version in pip.items()}


def test_image_has_the_environment_of_make_and_conda():
    """Its versions come from envs, because make installs them, and its Python is that of conda."""
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    base = next(value for name, value in steps if name == "FROM")
    conda = yaml.safe_load((ENVIRONMENT / "emospeech.yaml").read_text())["dependencies"]
    assert f"python={re.match(r'python:([0-9.]+)-slim', base)[1]}" in conda
    runs = " ".join(value for name, value in steps if name == "RUN")
    assert re.search(r"\bmake \.venv/run\b", runs)
    assert not re.search(r"\b(pip|conda|uv)\b", runs)
    copied = [shlex.split(value)[:-1] for name, value in steps if name == "COPY"]
    assert all((ROOT / source).exists() for sources in copied for source in sources)


def test_image_contains_all_files_of_the_repository():
    """Otherwise the report would say that the code differs from its commit."""
    ignored = [
        set((ROOT / name).read_text().split("\n")) for name in (".dockerignore", ".gitignore")
    ]
    docker, git = ({line.strip("/*") for line in lines if line[:1] != "#"} for lines in ignored)
    assert docker <= git


def test_pre_commit_runs_the_checks_of_make_lint():
    recipe = subprocess.run(
        ["make", "--dry-run", "--always-make", "lint"], cwd=ROOT, capture_output=True, text=True
    )
    lint = [line for line in recipe.stdout.splitlines() if line.startswith(".venv/bin/")]
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook["entry"] for hook in config["repos"][0]["hooks"]]
    assert [shlex.split(line) for line in lint] == [shlex.split(line) for line in hooks]


@pytest.mark.parametrize("active", [True, False], ids=["active", "inactive"])
def test_make_sets_up_an_active_or_inactive_environment(tmp_path, active):
    """The environment lacks pip. While it is active, `python3` is its own interpreter."""
    folder = tmp_path / "a project"
    (folder / "envs").mkdir(parents=True)
    for file in ENVIRONMENT.glob("*.txt"):
        (folder / "envs" / file.name).write_text("# nothing to download\n")
    shutil.copy(ROOT / "Makefile", folder)
    base = [sys._base_executable, "-m", "venv", "--without-pip", folder / ".venv"]
    subprocess.run(base, check=True)
    bins = folder / ".venv/bin" if active else Path(sys._base_executable).parent
    environment = os.environ | {"PATH": f"{bins}:{os.environ['PATH']}"}
    command = ["make", ".venv/dev"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (folder / ".venv/dev").exists()


def test_no_file_names_a_package_index():
    texts = [*ROOT.glob("envs/*"), ROOT / "Makefile", ROOT / ".ci" / "run"]
    assert not any(re.search(r"index-url|pypi\.org", file.read_text()) for file in texts)
