"""The store gives back what went in, whatever interrupts its making, and tells its faults."""

import os
import re
import shutil
import signal
import time
import zlib
from multiprocessing import get_context
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from emospeech.runtime.errors import CorpusError, InputError
from emospeech.spectrograms import shards
from emospeech.spectrograms.levels import spectrogram
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.shards import write_store
from emospeech.spectrograms.store import check_store, open_store
from tests.conftest import SETTINGS, write_tables

SECONDS = [0.5, 1.1, 0.3]
WORDS = [(2, 0.0, 0.2), (0, 0.1, 0.4), (2, 0.25, 0.3)]


@pytest.fixture
def tables(tmp_path):
    return write_tables(tmp_path, SECONDS, WORDS)


@pytest.mark.parametrize("dtype", ["float16", "uint8"])
def test_frames_words_and_settings_come_back(tmp_path, tables, dtype):
    settings = SpectrogramSettings(dtype=dtype)
    write_store(tmp_path / "store.h5", *tables, tmp_path, settings)
    store = check_store(tmp_path / "store.h5")
    assert store.recordings == tuple(tables[0]["recording"])
    assert store.settings == settings
    for number, name in enumerate(tables[0]["path"]):
        truth = spectrogram(tmp_path / name, settings)
        moved = np.abs(store.spectrogram(number) - truth).max() * 40
        assert moved <= settings.rounding * 1.001
    assert store.word_offsets.tolist() == [0, 1, 1, 3]
    assert store.word_start.tolist() == [0.1, 0.0, 0.25]
    assert store.word_end.tolist() == [0.4, 0.2, 0.3]


def test_a_person_finds_what_is_in_it_and_where_it_is_from(tmp_path, tables):
    write_store(tmp_path / "store.h5", *tables, tmp_path, SETTINGS)
    with h5py.File(tmp_path / "store.h5", locking=False) as file:
        names = []
        file.visit(names.append)
        assert set(names) == {
            *("frames", "offsets", "recordings", "settings", "versions"),
            *("words", "words/start", "words/end", "words/offsets"),
            *("checksums", "checksums/frames", "checksums/audio", "irregular"),
        }
        assert dict(file["settings"].attrs)["hop_length"] == 256
        assert set(file["versions"].attrs) >= {"librosa", "numpy", "libsndfile"}
        for number, name in enumerate(tables[0]["path"]):
            told = file["checksums/audio"][number]
            assert told == zlib.crc32((tmp_path / name).read_bytes())
        made_from = file.attrs["made_from"]
        assert re.fullmatch("[0-9a-f]{64}", made_from)
    tables[1].loc[0, "end"] = 0.21
    write_store(tmp_path / "other.h5", *tables, tmp_path, SETTINGS)
    with h5py.File(tmp_path / "other.h5", locking=False) as file:
        assert file.attrs["made_from"] != made_from


@given_settings(max_examples=15)
@given(st.lists(st.floats(0.02, 0.4), min_size=1, max_size=6), st.floats(0.01, 1))
def test_the_same_bytes_whatever_the_shards_and_workers(tmp_path_factory, seconds, shard):
    folder = tmp_path_factory.mktemp("store")
    recordings, words = write_tables(folder, seconds, [(0, 0.0, 0.02)])
    with pytest.MonkeyPatch.context() as patch:
        write_store(folder / "one.h5", recordings, words, folder, SETTINGS)
        patch.setattr(shards, "SHARD", shard)
        write_store(folder / "many.h5", recordings, words, folder, SETTINGS, workers=2)
    assert (folder / "one.h5").read_bytes() == (folder / "many.h5").read_bytes()


def test_a_broken_wav_leaves_no_store(tmp_path, tables):
    (tmp_path / tables[0]["path"][1]).write_bytes(b"RIFF")
    with pytest.raises(CorpusError, match="utterance-01"):
        write_store(tmp_path / "store.h5", *tables, tmp_path, SETTINGS, workers=2)
    assert not list(tmp_path.glob("*.h5"))


class StoppedError(Exception):
    """Ends the making of a store where a kill might."""


def stopped_after(count, monkeypatch):
    """Make `stream_values` stop at the recording behind `count` ones."""
    left = [count]
    stream = shards.stream_values

    def some(*arguments):
        left[0] -= 1
        if left[0] < 0:
            raise StoppedError
        return stream(*arguments)

    monkeypatch.setattr(shards, "stream_values", some)


@pytest.fixture
def interrupted(tmp_path, tables, monkeypatch):
    """A store of three shards, two of them made, and its place."""
    monkeypatch.setattr(shards, "SHARD", 0.1)
    with monkeypatch.context() as patch:
        stopped_after(2, patch)
        with pytest.raises(StoppedError):
            write_store(tmp_path / "store.h5", *tables, tmp_path, SETTINGS)
    return tmp_path / "store.h5"


def finish(path, tables, monkeypatch):
    """Make the store; return the names of the files that were extracted for it."""
    read = []
    stream = shards.stream_values
    with monkeypatch.context() as patch:
        spy = lambda file, *rest: read.append(file.name) or stream(file, *rest)  # noqa: E731
        patch.setattr(shards, "stream_values", spy)
        write_store(path, *tables, path.parent, SETTINGS)
    assert not list(path.parent.glob(".*")), "nothing stays beside a finished store"
    check_store(path)
    return read


def test_finished_shards_are_kept(interrupted, tables, monkeypatch):
    assert not interrupted.exists()
    assert finish(interrupted, tables, monkeypatch) == ["utterance-02.wav"]  # the shortest is last
    kept = interrupted.read_bytes()
    write_store(interrupted, *tables, interrupted.parent, SETTINGS)
    assert interrupted.read_bytes() == kept


def test_a_shard_is_made_anew_when_its_audio_or_its_frames_changed(
    interrupted, tables, monkeypatch
):
    part = interrupted.with_name(".store.part.h5")
    wav = interrupted.with_name("utterance-00.wav")
    soundfile.write(wav, np.zeros(8000), 16000)  # as long as before
    with h5py.File(part, "r", locking=False) as file:
        place = file["frames"].id.get_offset() + 256 * (file["offsets"][1] + 7)
    with open(part, "r+b") as file:
        file.seek(place)
        file.write(b"\x01")
    names = [f"utterance-{number:02d}.wav" for number in (1, 0, 2)]  # the longest first
    assert finish(interrupted, tables, monkeypatch) == names
    assert (open_store(interrupted).spectrogram(0) == -1).all()


@pytest.mark.parametrize("change", ["words", "settings", "lines", "part"])
def test_what_was_begun_for_something_else_is_not_used(interrupted, tables, monkeypatch, change):
    part, done = (interrupted.with_name(f".store.part.{suffix}") for suffix in ("h5", "done"))
    if change == "words":
        tables[1].loc[0, "end"] = 0.21
    elif change == "settings":
        done.write_text(done.read_text().replace(" ", "  ", 1))
    elif change == "lines":
        done.write_text("")
    else:
        part.unlink()
    assert len(finish(interrupted, tables, monkeypatch)) == 3


def make_in_a_group(group, path, tables):
    """Make a store in a process group of its own, to be killed with its workers."""
    os.setsid()
    group.set()
    write_store(path, *tables, path.parent, SETTINGS, workers=2)


def test_a_kill_at_any_moment_leaves_nothing_that_passes_for_whole(tmp_path, monkeypatch):
    """Killed at 20 random moments: what has the name of the store is the store, to the byte."""
    rng = np.random.default_rng(4)
    tables = write_tables(tmp_path, rng.uniform(0.5, 3.0, 200), [(0, 0.1, 0.2)])
    write_store(tmp_path / "truth.h5", *tables, tmp_path, SETTINGS)
    truth = (tmp_path / "truth.h5").read_bytes()
    path, fork = tmp_path / "store.h5", get_context("fork")
    monkeypatch.setattr(shards, "SHARD", 0.5)
    seconds, begun = None, 0
    for _ in range(21):
        path.unlink(missing_ok=True)
        group, start = fork.Event(), time.perf_counter()
        process = fork.Process(target=make_in_a_group, args=(group, path, tables))
        process.start()
        group.wait()
        if seconds is not None:
            time.sleep(rng.uniform(0, seconds))
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
        # The first run is not killed: it tells how long one takes.
        seconds = seconds or time.perf_counter() - start
        begun += (tmp_path / ".store.part.h5").exists()
        assert not path.exists() or path.read_bytes() == truth
    assert begun >= 5, "kills hit a store in the making"
    path.unlink(missing_ok=True)
    write_store(path, *tables, tmp_path, SETTINGS)
    assert path.read_bytes() == truth


def changed(path, change):
    with h5py.File(path, "r+", locking=False) as file:
        change(file)


def rewrite(name, values):
    def change(file):
        found = values(file)
        del file[name]
        file[name] = found

    return change


FAULTS = {
    "no HDF5": (lambda path: path.write_bytes(b"no store"), "is no whole spectrogram store"),
    "foreign": (
        lambda path: (
            pd.Series([1.0]).to_numpy().tofile(path) or h5py.File(path, "w", locking=False).close()
        ),
        "is no spectrogram store",
    ),
    "truncated": (lambda path: os.truncate(path, path.stat().st_size // 2), "whole|cut short"),
    "a byte short": (lambda path: os.truncate(path, path.stat().st_size - 1), "whole|cut short"),
    "old": (lambda path: changed(path, lambda f: f.attrs.update(version=1)), "of version 1, not"),
    "a dataset less": (
        lambda path: changed(path, lambda f: f.__delitem__("words/end")),
        "has no dataset words/end",
    ),
    "a word moved": (
        lambda path: changed(path, lambda f: f["words/start"].__setitem__(0, 0.11)),
        "was changed after it was made: words/start",
    ),
    "a name changed": (
        lambda path: changed(path, lambda f: f["recordings"].__setitem__(0, "other")),
        "was changed after it was made: recordings",
    ),
    "a frame changed": (
        lambda path: changed(path, lambda f: f["frames"].__setitem__((40, 3), 0.5)),
        "was changed after it was made: the frames of utterance-01",
    ),
    "no floor": (
        lambda path: changed(path, lambda f: f["frames"].__setitem__((-1, 3), 0.5)),
        "its last line is no floor",
    ),
    "a frame less": (
        lambda path: changed(path, rewrite("frames", lambda f: f["frames"][1:])),
        "has offsets that do not fit its 3 recordings",
    ),
    "a setting unknown": (
        lambda path: changed(path, lambda f: f["settings"].attrs.update(n_mels=128)),
        "unknown or missing setting n_mels",
    ),
    "a setting missing": (
        lambda path: changed(path, lambda f: f["settings"].attrs.__delitem__("rows")),
        "unknown or missing setting rows",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_a_store_is_named(tmp_path, tables, fault):
    change, line = FAULTS[fault]
    path = tmp_path / "store.h5"
    write_store(path, *tables, tmp_path, SETTINGS)
    change(path)
    with pytest.raises(InputError, match=line) as told:
        check_store(path)
    assert str(told.value).startswith(str(path))
    assert "delete it" in str(told.value)


def test_jobs_share_the_pages_of_a_store(tmp_path, tables):
    """Reading frames makes no page of the mapping private to the process."""
    if not os.path.exists("/proc/self/smaps"):
        pytest.skip("needs Linux")
    write_store(tmp_path / "store.h5", *tables, tmp_path, SETTINGS)
    store = open_store(tmp_path / "store.h5")
    assert np.isfinite(store.frames.astype(np.float32)).all()
    maps = Path("/proc/self/smaps").read_text()
    (mapped,) = re.findall(rf"{re.escape(str(tmp_path))}/store\.h5\n(.*?)VmFlags", maps, re.DOTALL)
    assert int(re.search(r"Anonymous: +(\d+)", mapped).group(1)) == 0
    assert int(re.search(r"Rss: +(\d+)", mapped).group(1)) > 0
    shutil.rmtree(tmp_path)  # a mapped store may even be deleted
    assert np.isfinite(store.frames.astype(np.float32)).all()
