"""Outputs have the permissions of any new file, and missing permissions are reported."""

import os
import stat
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from emospeech.__main__ import main
from emospeech.corpora.corpus_tables import load_recordings, load_summary
from emospeech.corpora.csv_rows import read_rows
from emospeech.corpora.fetch import download
from emospeech.corpora.issues import IssueCounts
from emospeech.evaluation.scoring import chosen_weights
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import write_arrays, write_json, write_table
from emospeech.spectrograms.store import made_from, open_store
from emospeech.training.checkpoint import Checkpoint, Progress
from emospeech.training.weights import load_weights, read_description, save_weights
from tests.conftest import run_python
from tests.http_mirror import served
from tests.test_scoring import BASIC, weights_of

NOBODY = 65534


@pytest.fixture
def umask():
    """A function that sets the umask; the previous one is restored afterwards."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


class Engine:
    """An engine with only the methods that a checkpoint uses."""

    def state(self):
        return {"a": torch.zeros(2)}


WRITERS = {
    "weights.safetensors": lambda path: save_weights(path, {"a": torch.zeros(2)}),
    "checkpoint.safetensors": lambda path: Checkpoint(path, {}).save(Engine(), Progress()),
    "table.csv": lambda path: write_table(path, pd.DataFrame({"a": [1]})),
    "arrays.npz": lambda path: write_arrays(path, {"a": np.zeros(2)}),
    "value.json": lambda path: write_json(path, {"a": 1}),
}


@pytest.mark.parametrize("mask", [0o022, 0o002, 0o077])
@pytest.mark.parametrize("name", WRITERS)
def test_outputs_respect_the_umask(tmp_path, umask, name, mask):
    umask(mask)
    WRITERS[name](tmp_path / name)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o666 & ~mask
    WRITERS[name](tmp_path / name)  # replaces the first
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o666 & ~mask
    assert os.listdir(tmp_path) == [name]


@contextmanager
def other_user():
    """Run the block as an unprivileged user."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def forbidden():
    """A file without read permission."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # so that other users can reach the file
        path = Path(folder, "forbidden.csv")
        path.write_text("content")
        path.chmod(0)
        yield path


READERS = {
    "weights": lambda path: load_weights(path, None),
    "description": read_description,
    "store": open_store,
    "origin of a store": made_from,
    "rows": lambda path: list(read_rows(path, ["a"], ["a"], IssueCounts())),
    "table": load_recordings,
    "summary": load_summary,
}


@pytest.mark.parametrize("reader", READERS)
def test_unreadable_files_are_reported(forbidden, reader):
    with pytest.raises(InputError) as caught, other_user():
        READERS[reader](forbidden)
    assert str(caught.value).startswith(f"{forbidden}: ")
    assert "permission" in str(caught.value).lower()


def test_an_unreadable_study_is_reported(tmp_path, forbidden):
    model = forbidden.parent / "search/BasicCNN"
    model.mkdir(parents=True)
    best = forbidden.rename(model / "best.json")
    with pytest.raises(InputError) as caught, other_user():
        chosen_weights(forbidden.parent, "BasicCNN")
    assert str(caught.value).startswith(f"{best}: ")
    assert "permission" in str(caught.value).lower()


def test_an_output_in_a_read_only_folder_is_reported(capsys, forbidden):
    folder = forbidden.parent
    weights = weights_of(folder / "w.safetensors", BASIC)
    folder.chmod(0o555)
    target = folder / "scores.csv"
    with other_user():
        assert main(["predict", "--weights", weights, "--output", str(target), "x.wav"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {target}: ")
    assert "permission" in line.lower()


def test_a_download_to_a_read_only_folder_is_reported(forbidden, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    target = forbidden.parent / "a.wav"
    with served({"/a.wav": b"content"}) as mirror:
        get = partial(download, f"{mirror.url}/a.wav", check=lambda path: None)
        get(target)
        forbidden.parent.chmod(0o555)
        with pytest.raises(InputError) as caught, other_user():
            get(target)
    assert str(caught.value).startswith(f"{target}: ")
    assert "permission" in str(caught.value).lower()


JOB = """
import os, sys
from types import SimpleNamespace
from emospeech.runtime import jobs

def main(paths, params):
    if {user}:
        os.seteuid({user})
    open(paths.table)

inputs = dict(table=sys.argv[1])
jobs.run(main, SimpleNamespace(input=inputs, output={{}}, params={{}}, threads=1, log=["log"]))
"""


def test_a_job_reports_an_unreadable_file_in_one_line(tmp_path, forbidden):
    script = JOB.format(user=0 if os.geteuid() else NOBODY)
    assert run_python(script, forbidden, cwd=tmp_path).returncode == 1
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert line.startswith(f"error: {forbidden}: ")
    assert "permission" in line.lower()
