"""Written files are complete or missing, and jobs report errors in one line of their log."""

import gzip
import os
import subprocess
import time

import numpy as np
import pandas as pd
import pytest

from emospeech.runtime.errors import InputError
from emospeech.runtime.files import (
    atomic_path,
    read_json,
    read_table,
    write_arrays,
    write_json,
    write_table,
)
from tests.conftest import run_python

SCRIPT = """
import os, sys
from types import SimpleNamespace
from emospeech.runtime import jobs
from emospeech.runtime.errors import InputError, StoppedError

def main(paths, params):
    print("to stdout", paths.table, params.seed, params.threads)
    os.system("echo from a child >&2")
    {body}

jobs.run(main, SimpleNamespace(
    input={{"table": "a.csv"}}, output={{}}, params={{"seed": 7}}, threads=3, log=["logs/job.log"]
))
"""


def fail_to_write(path):
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError


def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(tmp_path):
    path = tmp_path / "deep" / "table.csv"
    write_table(path, pd.DataFrame({"a": [0.1, 1 / 3]}))
    before = path.read_bytes()
    fail_to_write(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["table.csv"]


def test_the_file_of_a_killed_write_is_overwritten(tmp_path):
    kill = "import os, sys; from emospeech.runtime.files import atomic_path\n"
    kill += "with atomic_path('a.csv') as temporary: temporary.write_text('half'); os._exit(9)"
    assert run_python(kill, cwd=tmp_path).returncode == 9
    assert not (tmp_path / "a.csv").exists()
    assert len(os.listdir(tmp_path)) == 1
    write_table(tmp_path / "a.csv", pd.DataFrame({"a": [1]}))
    assert os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("exists", [True, False])
def test_the_target_of_a_link_is_replaced(tmp_path, exists):
    target = tmp_path / "other disk" / "table.csv"
    target.parent.mkdir()
    if exists:
        target.write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    fail_to_write(link)
    assert target.exists() == exists
    write_table(link, pd.DataFrame({"a": [1]}))
    assert link.is_symlink()
    assert target.read_text() == "a\n1\n"
    assert sorted(os.listdir(tmp_path)) == ["link.csv", "other disk"]
    assert os.listdir(target.parent) == ["table.csv"]


def test_the_suffix_of_a_link_decides_on_the_format(tmp_path):
    (tmp_path / "arrays.npz").symlink_to(tmp_path / "blob")
    write_arrays(tmp_path / "arrays.npz", {"a": np.arange(3)})
    assert sorted(os.listdir(tmp_path)) == ["arrays.npz", "blob"]
    with np.load(tmp_path / "blob") as arrays:
        assert arrays["a"].tolist() == [0, 1, 2]


def test_a_pipe_is_written_to_directly(tmp_path):
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
    with np.load(tmp_path / "one.npz") as read:
        assert {name: read[name].shape for name in read} == {"b": (5,), "a": (0, 2)}


def test_floats_are_restored_and_nan_is_not_written_as_json(tmp_path):
    values = [0.1, 1 / 3, 1e-17]
    write_table(tmp_path / "t.csv", pd.DataFrame({"a": values}))
    assert pd.read_csv(tmp_path / "t.csv")["a"].tolist() == values
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert not (tmp_path / "x.json").exists()


DAMAGED = {
    "empty": (b"", "table.csv"),
    "binary": (b"a,b\n\xff\xfe,1\n", "table.csv"),
    "extra cells": (b"a\n1\n2,3\n", "table.csv"),
    "truncated": (gzip.compress(b"a,b\n1,2\n" * 99)[:-20], "table.csv.gz"),
    "empty JSON": (b"", "value.json"),
    "truncated JSON": (b'{"a": ', "value.json"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, kind):
    content, name = DAMAGED[kind]
    (tmp_path / name).write_bytes(content)
    read = read_json if name.endswith(".json") else read_table
    with pytest.raises(InputError) as caught:
        read(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: ")


def run_job(folder, body):
    done = run_python(SCRIPT.format(body=body), cwd=folder)
    assert done.stdout == done.stderr == "", "all output goes to the log"
    return done.returncode, (folder / "logs" / "job.log").read_text()


def test_the_log_has_the_output_of_a_job_and_of_its_children(tmp_path):
    code, log = run_job(tmp_path, "pass")
    assert code == 0
    assert sorted(log.splitlines()) == ["from a child", "to stdout a.csv 7 3"]


def test_a_job_that_is_asked_to_stop_reports_its_progress(tmp_path):
    body = """with jobs.asked_to_stop() as should_stop:
        assert not should_stop()
        os.kill(os.getpid(), 15)
        if should_stop():
            raise StoppedError("after epoch 3")"""
    code, log = run_job(tmp_path, body)
    assert code == 128 + 15
    assert log.splitlines()[-1] == "stopped: after epoch 3"
    assert "Traceback" not in log


def test_input_errors_are_one_line_and_bugs_keep_their_traceback(tmp_path):
    code, log = run_job(tmp_path, "raise InputError('a.csv', 'is\\n wrong', 3)")
    assert code == 1
    assert "error: a.csv:3: is wrong\n" in log
    assert "Traceback" not in log
    code, log = run_job(tmp_path, "raise KeyError('bug')")
    assert code == 1
    assert "Traceback" in log
