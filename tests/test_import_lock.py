"""Processes that import what compiles do so one after the other."""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from emospeech.runtime import import_lock

ROOT = Path(__file__).parents[1]
SLOW = "import time; print('in', flush=True); time.sleep(0.2); print('out', flush=True)"


def test_one_process_at_a_time_imports(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    script = (
        "from emospeech.runtime.import_lock import import_lock\n"
        "with import_lock('slow'):\n    import slow"
    )
    with open(tmp_path / "told", "a") as told:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", script],
                env={"PYTHONPATH": f"{ROOT}:{tmp_path}"},
                stdout=told,
            )
            for _ in range(3)
        ]
        assert [process.wait() for process in processes] == [0, 0, 0]
    assert (tmp_path / "told").read_text().split() == ["in", "out"] * 3


def test_librosa_is_whole_once_it_was_imported():
    """What is imported later, by several workers at once, would compile without the lock."""
    script = """
import sys
import numpy as np
from emospeech.evaluation import acoustics
before = {name for name in sys.modules if name.startswith("librosa")}
acoustics.statistics(np.random.default_rng(0).normal(size=4000))
print(*{name for name in sys.modules if name.startswith("librosa")} - before)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_no_module_imports_librosa_but_alone():
    for file in (ROOT / "emospeech").rglob("*.py"):
        tree = ast.parse(file.read_text())
        kept = [node for node in tree.body if isinstance(node, ast.With)]
        inside = {id(part) for node in kept for part in ast.walk(node)}
        found = [node for node in ast.walk(tree) if "librosa" in imported(node)]
        assert all(id(node) in inside for node in found), file


def imported(node):
    """Return the packages that a line imports, if it is one that imports."""
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    names += [node.module] if isinstance(node, ast.ImportFrom) else []
    return {name.split(".")[0] for name in names}


# Runs a Python script where the environment cannot be written to, even by root, and HOME neither.
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
def test_librosa_can_be_imported_without_a_writable_environment_or_home(tmp_path, first):
    script = f"import {first}\nimport emospeech.spectrograms.transform\n"
    script += "import numba; print(numba.config.CACHE_DIR)"
    folder = Path(run_without_cache_folders(script, tmp_path).strip())
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o022 == 0


def test_a_cache_that_others_can_write_to_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    usual = import_lock._own_temporary_folder("numba")
    assert import_lock._own_temporary_folder("numba") == usual
    usual.chmod(0o777)
    assert import_lock._own_temporary_folder("numba") != usual
    usual.rename(tmp_path / "elsewhere").chmod(0o700)
    usual.symlink_to(tmp_path / "elsewhere")
    assert import_lock._own_temporary_folder("numba") != usual
