"""Processes that import what compiles do so one after the other."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SLOW = "import time; print('in', flush=True); time.sleep(0.2); print('out', flush=True)"


def test_one_process_at_a_time_imports(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    script = "from emospeech.first_import import alone\nwith alone('slow'):\n    import slow"
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
