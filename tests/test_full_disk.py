"""A full disk is reported in one line, leaves no incomplete output, and the job can resume."""

import json
import os
import subprocess
from dataclasses import asdict

import pandas as pd
import pytest

from emospeech.runtime.files import read_json
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.live import HISTORY as LIVE_HISTORY
from emospeech.training.live import PROGRESS as LIVE_PROGRESS
from emospeech.training.trainer import Trainer
from tests.conftest import ROOT, run_python
from tests.test_resume import TIMES
from tests.test_training import SETTINGS, TRIAL, fold_of

MODEL = "MultitaskDCGAN"
# Runs a script of the workflow like Snakemake, with the job from a JSON file.
CALL = """
import json, runpy, sys
from types import SimpleNamespace
job = SimpleNamespace(**json.load(open(sys.argv[2])))
runpy.run_path(sys.argv[1], {"snakemake": job}, "__main__")
"""


class Disk:
    """A small file system that can grow."""

    def __init__(self, path, kilobytes):
        self.path = path
        path.mkdir()
        self._mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs")

    def grow(self):
        self._mount("-o", "remount,size=64m")

    def close(self):
        subprocess.run(["umount", self.path], check=True)

    def _mount(self, *arguments):
        done = subprocess.run(["mount", *arguments, self.path], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"cannot mount a file system: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path):
    disks = []

    def mount(kilobytes):
        disks.append(Disk(tmp_path / "disk", kilobytes))
        return disks[0]

    yield mount
    for mounted in disks:
        mounted.close()


def run(script, folder, **job):
    """Run a script of the workflow with its log in `folder`; return its exit status and log."""
    job |= {"threads": 1, "log": [str(folder / "log")]}
    description = folder.with_suffix(".json")
    description.write_text(json.dumps(job))
    done = run_python(CALL, ROOT / "workflow/scripts" / script, description)
    assert done.stderr == ""
    return done.returncode, (folder / "log").read_text()


STORE = {"store": "h5", "summary": "json"}


def extract(corpus, folder):
    paths = {"recordings": str(corpus / "recordings.csv"), "words": str(corpus / "words.csv")}
    return run(
        "extract_spectrograms.py",
        folder,
        input=paths | {"audio": str(corpus)},
        output={name: str(folder / f"iemocap.{end}") for name, end in STORE.items()},
        params={"spectrograms": asdict(SpectrogramSettings())},
    )


def test_a_store_on_a_full_disk_is_completed_when_there_is_space(corpus, disk, tmp_path):
    words = pd.DataFrame(columns=["recording", "speaker", "word", "start", "end"])
    words.to_csv(corpus / "words.csv", index=False)
    small, unlimited = disk(kilobytes=256), tmp_path / "unlimited"
    status, log = extract(corpus, small.path)
    assert status == 1
    assert log.splitlines()[-1].startswith(f"error: {small.path}/iemocap.h5: no space")
    assert "Traceback" not in log
    assert not (small.path / "iemocap.h5").exists()
    small.grow()
    assert extract(corpus, small.path)[0] == 0
    unlimited.mkdir()
    assert extract(corpus, unlimited)[0] == 0
    assert sorted(os.listdir(small.path)) == ["iemocap.h5", "iemocap.json", "log"]
    assert (small.path / "iemocap.h5").read_bytes() == (unlimited / "iemocap.h5").read_bytes()


OUTPUTS = {
    "weights": "weights.safetensors",
    "history": "history.csv",
    "draws": "draws.csv.gz",
    "validation": "validation.json",
    "generated": "generated.npz",
    "hardware": "hardware.json",
}


def train(corpus, folder):
    names = {"store": "store.h5", "recordings": "recordings.csv", "folds": "folds.csv"}
    paths = {name: str(corpus / file) for name, file in names.items()}
    return run(
        "train.py",
        folder,
        input=paths | {"unlabelled": [paths["store"]], "ratings": [], "votes": [], "best": []},
        output={name: [str(folder / file)] for name, file in OUTPUTS.items()},
        params={
            "model": MODEL,
            "fold": 1,
            "trials": [TRIAL],
            "study": asdict(SETTINGS),
            "seed": SETTINGS.seed,
            "checkpoints": [str(folder / ".checkpoint.safetensors")],
            "code": "code",
        },
    )


def test_a_training_on_a_full_disk_is_resumed_when_there_is_space(corpus, disk, tmp_path):
    """There is space for one checkpoint, but not for a second one next to it."""
    unlimited = tmp_path / "unlimited"
    unlimited.mkdir()
    assert train(corpus, unlimited)[0] == 0
    fold = fold_of(corpus)
    pool = fold.open_unlabelled([corpus / "store.h5"])
    trainer = Trainer(MODEL, fold, pool, TRIAL, SETTINGS)
    trainer.train(tmp_path / "checkpoint")
    small = disk(kilobytes=3 * (tmp_path / "checkpoint").stat().st_size // 2048)
    status, log = train(corpus, small.path)
    assert status == 1
    path = f"{small.path}/.checkpoint.safetensors"
    assert log.splitlines()[-1].startswith(f"error: {path}: no space")
    assert "Traceback" not in log
    left = set(os.listdir(small.path)) - {LIVE_PROGRESS, LIVE_HISTORY}
    assert left == {".checkpoint.safetensors", "log"}
    small.grow()
    status, log = train(corpus, small.path)
    assert status == 0
    assert "resuming after epoch 1" in log
    assert sorted(os.listdir(small.path)) == sorted([*OUTPUTS.values(), "log"])
    for name in OUTPUTS.values():
        made, expected = small.path / name, unlimited / name
        if name == "history.csv":
            made, expected = (pd.read_csv(file).drop(columns=TIMES) for file in (made, expected))
            assert made.equals(expected)
        elif name == "hardware.json":
            made, expected = (read_json(file) | {"seconds": None} for file in (made, expected))
            assert made == expected
        else:
            assert made.read_bytes() == expected.read_bytes()
