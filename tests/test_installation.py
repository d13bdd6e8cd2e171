"""The installed package works without the project: files, dependencies and the command."""

import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.run_environment import run_environment
from tests.test_scoring import BASIC, weights_of

ROOT = Path(__file__).parents[1]
SOURCES = ("emospeech", "envs", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A new environment with the package; the other packages are those of the tests."""
    source = tmp_path_factory.mktemp("project")
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    folder = tmp_path_factory.mktemp("environment") / "new"
    base = sys._base_executable
    subprocess.run([base, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "tests.pth").write_text(sysconfig.get_path("purelib"))
    pip = [base, "-m", "pip", "--python", folder / "bin/python", "install", "--quiet"]
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run([*pip, *options, source], check=True)
    return folder


def run(command, cwd, **variables):
    """Run a command of the environment outside of the project."""
    return subprocess.run(
        command, cwd=cwd, env={"PATH": "/usr/bin:/bin"} | variables, capture_output=True, text=True
    )


def test_the_command_scores_a_recording_without_the_packages_of_the_workflow(environment, tmp_path):
    weights_of(tmp_path / "w.safetensors", BASIC)
    noise = np.random.default_rng(0).standard_normal(16000)
    soundfile.write(tmp_path / "noise.wav", 0.1 * noise, 16000)
    command = [environment / "bin/emospeech", "predict", "--weights", "w.safetensors", "noise.wav"]
    done = run(command, tmp_path, **run_environment(workflow=False))
    assert done.returncode == 0, done.stderr
    header, row = done.stdout.splitlines()
    scores = dict(zip(header.split(","), row.split(","), strict=True))
    assert sum(float(scores[f"p{number}"]) for number in range(1, 6)) == pytest.approx(1)


def test_the_package_contains_all_files(environment):
    (installed,) = environment.glob("lib/python*/site-packages/emospeech")

    def files(folder):
        found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        return {path for path in found if "__pycache__" not in path.parts}

    assert files(installed) == files(ROOT / "emospeech")


def test_the_extras_are_the_files_of_additional_packages(environment):
    (information,) = environment.glob("lib/python*/site-packages/emospeech-*.dist-info")
    extras = set(metadata.Distribution.at(information).metadata.get_all("Provides-Extra"))
    files = {file.stem for file in (ROOT / "envs").glob("requirements-*.txt")}
    assert extras == {name.removeprefix("requirements-") for name in files} - {"dev", "docs"}
