"""Packages that compile functions on import are imported by one process at a time."""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from emospeech.runtime import import_lock
from tests.conftest import ROOT, run_python

SLOW = "import time; print('in', flush=True); time.sleep(0.2); print('out', flush=True)"


def test_one_process_at_a_time_imports(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    script = (
        "from emospeech.runtime.import_lock import import_lock\n"
        "with import_lock('slow'):\n    import slow"
    )
    with open(tmp_path / "output", "a") as output:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", script],
                env={"PYTHONPATH": f"{ROOT}:{tmp_path}"},
                stdout=output,
            )
            for _ in range(3)
        ]
        assert [process.wait() for process in processes] == [0, 0, 0]
    assert (tmp_path / "output").read_text().split() == ["in", "out"] * 3


def test_librosa_is_imported_completely():
    """Submodules imported later would be compiled by several workers without the lock."""
    script = """
import sys
import numpy as np
from emospeech.evaluation import acoustics
before = {name for name in sys.modules if name.startswith("librosa")}
acoustics.statistics(np.random.default_rng(0).normal(size=4000))
print(*{name for name in sys.modules if name.startswith("librosa")} - before)
"""
    done = run_python(script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_librosa_is_imported_only_within_a_lock():
    for file in (ROOT / "emospeech").rglob("*.py"):
        tree = ast.parse(file.read_text())
        blocks = [node for node in tree.body if isinstance(node, ast.With)]
        inside = {id(part) for node in blocks for part in ast.walk(node)}
        imports = [node for node in ast.walk(tree) if "librosa" in imported_packages(node)]
        assert all(id(node) in inside for node in imports), file


def imported_packages(node):
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    names += [node.module] if isinstance(node, ast.ImportFrom) else []
    return {name.split(".")[0] for name in names}


# Runs a Python script while neither the environment nor HOME is writable, not even for root.
READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || { echo "cannot mount"; exit 77; }
exec "$2" -c "$3"
"""


def run_without_cache_folders(script, temporary):
    unshare = [shutil.which("unshare") or pytest.skip("needs unshare"), "--mount"]
    if os.getuid():
        unshare.append("--map-root-user")
    environment = {"HOME": "/proc/none", "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*unshare, "sh", "-c", READ_ONLY, "sh", sys.prefix, sys.executable, script],
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
    )
    if done.returncode == 77 or done.stderr.startswith("unshare:"):
        pytest.skip(f"the environment cannot be mounted read-only: {done.stdout + done.stderr}")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("first", ["sys", "numba"])
def test_librosa_can_be_imported_if_environment_and_home_are_read_only(tmp_path, first):
    script = f"import {first}\nimport emospeech.spectrograms.transform\n"
    script += "import numba; print(numba.config.CACHE_DIR)"
    folder = Path(run_without_cache_folders(script, tmp_path).strip())
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o022 == 0


def test_a_cache_that_other_users_can_write_to_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    usual = import_lock._private_temporary_folder("numba")
    assert import_lock._private_temporary_folder("numba") == usual
    usual.chmod(0o777)
    assert import_lock._private_temporary_folder("numba") != usual
    usual.rename(tmp_path / "elsewhere").chmod(0o700)
    usual.symlink_to(tmp_path / "elsewhere")
    assert import_lock._private_temporary_folder("numba") != usual
