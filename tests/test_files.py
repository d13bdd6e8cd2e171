"""Files are there whole or not at all, and jobs tell faults in one line of their log."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emospeech.runtime.files import atomic_path, write_arrays, write_json, write_table

SCRIPT = """
import os, sys
from types import SimpleNamespace
from emospeech.runtime import jobs
from emospeech.runtime.errors import InputError, StoppedError

def main(paths, settings):
    print("to stdout", paths.table, settings.number, settings.threads)
    os.system("echo from a child >&2")
    {what}

jobs.run(main, SimpleNamespace(
    input={{"table": "a.csv"}}, output={{}}, params={{"number": 7}}, threads=3, log=["logs/job.log"]
))
"""


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside(tmp_path):
    path = tmp_path / "deep" / "table.csv"
    write_table(path, pd.DataFrame({"a": [0.1, 1 / 3]}))
    before = path.read_bytes()
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["table.csv"]


def test_what_a_killed_write_left_is_overwritten(tmp_path):
    kill = "import os, sys; from emospeech.runtime.files import atomic_path\n"
    kill += "with atomic_path('a.csv') as temporary: temporary.write_text('half'); os._exit(9)"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run([sys.executable, "-c", kill], cwd=tmp_path, env=environment)
    assert not (tmp_path / "a.csv").exists()
    assert len(os.listdir(tmp_path)) == 1
    write_table(tmp_path / "a.csv", pd.DataFrame({"a": [1]}))
    assert os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_and_its_target_is_replaced(tmp_path, exists):
    target = tmp_path / "other disk" / "table.csv"
    target.parent.mkdir()
    if exists:
        target.write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    with pytest.raises(RuntimeError), atomic_path(link) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError
    assert target.exists() == exists
    write_table(link, pd.DataFrame({"a": [1]}))
    assert link.is_symlink()
    assert target.read_text() == "a\n1\n"
    assert sorted(os.listdir(tmp_path)) == ["link.csv", "other disk"]
    assert os.listdir(target.parent) == ["table.csv"]


def test_a_link_without_a_suffix_leaves_the_format_alone(tmp_path):
    (tmp_path / "arrays.npz").symlink_to(tmp_path / "blob")
    write_arrays(tmp_path / "arrays.npz", {"a": np.arange(3)})
    assert sorted(os.listdir(tmp_path)) == ["arrays.npz", "blob"]
    with np.load(tmp_path / "blob") as found:
        assert found["a"].tolist() == [0, 1, 2]


def test_a_pipe_is_written_to_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    try:
        write_table(pipe, pd.DataFrame({"a": [1]}))
        assert pipe.is_fifo()
        assert reader.communicate(timeout=10)[0] == b"a\n1\n"
    finally:
        reader.kill()
    assert os.listdir(tmp_path) == ["pipe"]


def test_equal_arrays_are_equal_bytes_at_any_time(tmp_path, monkeypatch):
    arrays = {"b": np.arange(5), "a": np.zeros((0, 2), np.uint8)}
    write_arrays(tmp_path / "one.npz", arrays)
    later = time.localtime(time.time() + 1e8)
    monkeypatch.setattr(time, "localtime", lambda *_: later)
    write_arrays(tmp_path / "two.npz", arrays)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz") as found:
        assert {name: found[name].shape for name in found} == {"b": (5,), "a": (0, 2)}


def test_floats_come_back_and_what_is_no_json_is_refused(tmp_path):
    write_table(tmp_path / "t.csv", pd.DataFrame({"a": [0.1, 1 / 3, 1e-17]}))
    assert pd.read_csv(tmp_path / "t.csv")["a"].tolist() == [
        0.1,
        1 / 3,
        1e-17,
    ]
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert not (tmp_path / "x.json").exists()


def run_job(folder, what):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(what=what)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert done.stdout == done.stderr == "", "all goes to the log"
    return done.returncode, (folder / "logs" / "job.log").read_text()


def test_a_job_fills_its_log_with_its_own_and_its_childrens_output(tmp_path):
    code, log = run_job(tmp_path, "pass")
    assert code == 0
    assert sorted(log.splitlines()) == ["from a child", "to stdout a.csv 7 3"]


def test_a_job_that_is_asked_to_stop_says_how_far_it_is(tmp_path):
    what = """with jobs.asked_to_stop() as halted:
        assert not halted()
        os.kill(os.getpid(), 15)
        if halted():
            raise StoppedError("asked to stop, after epoch 3")"""
    code, log = run_job(tmp_path, what)
    assert code == 128 + 15
    assert log.splitlines()[-1] == "stopped: asked to stop, after epoch 3"
    assert "Traceback" not in log


def test_a_fault_of_the_input_is_one_line_and_a_bug_keeps_its_traceback(tmp_path):
    code, log = run_job(tmp_path, "raise InputError('a.csv', 'is not\\n what it should be', 3)")
    assert code == 1
    assert "error: a.csv:3: is not what it should be\n" in log
    assert "Traceback" not in log
    code, log = run_job(tmp_path, "raise KeyError('bug')")
    assert code == 1
    assert "Traceback" in log
