"""Spectrogram stores: round trips, interrupted extractions and damaged files."""

import os
import re
import shutil
import signal
import time
import zlib
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import h5py
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from emospeech.runtime.errors import CorpusError, InputError
from emospeech.spectrograms import extraction
from emospeech.spectrograms.extraction import write_store
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import check_store, made_from, open_store
from emospeech.spectrograms.transform import spectrogram
from tests.conftest import SETTINGS, write_tables

SECONDS = [0.5, 1.1, 0.3]
WORDS = [(2, 0.0, 0.2), (0, 0.1, 0.4), (2, 0.25, 0.3)]


@pytest.fixture
def tables(tmp_path):
    return write_tables(tmp_path, SECONDS, WORDS)


@pytest.mark.parametrize(("dtype", "rounding"), [("float16", 2**-12), ("uint8", 1 / 255)])
def test_round_trip(tmp_path, tables, dtype, rounding):
    settings = SpectrogramSettings(dtype=dtype)
    write_store(tmp_path / "store.h5", *tables, tmp_path, settings)
    store = check_store(tmp_path / "store.h5")
    assert store.recordings == tuple(tables[0]["recording"])
    assert store.settings == settings
    for index, name in enumerate(tables[0]["path"]):
        expected = spectrogram(tmp_path / name, settings)
        np.testing.assert_allclose(store.spectrogram(index), expected, atol=1.001 * rounding)
    assert store.word_offsets.tolist() == [0, 1, 1, 3]
    assert store.word_start.tolist() == [0.1, 0.0, 0.25]
    assert store.word_end.tolist() == [0.4, 0.2, 0.3]


@pytest.mark.parametrize("difference", [0.0, 0.05, -0.05, 0.3, -0.3])
def test_a_file_must_have_the_duration_in_its_table(tmp_path, tables, difference):
    """The words of the table would not fit audio that was replaced after the corpus was read."""
    recordings = tables[0].assign(duration=np.add(SECONDS, difference))
    store = partial(write_store, tmp_path / "store.h5", recordings, tables[1], tmp_path, SETTINGS)
    if abs(difference) < 0.1:
        store()
        return
    with pytest.raises(CorpusError, match=re.escape(recordings["path"][0])):
        store()


def test_contents_of_the_file(tmp_path, tables):
    path = tmp_path / "store.h5"
    write_store(path, *tables, tmp_path, SETTINGS)
    with h5py.File(path, locking=False) as file:
        names = []
        file.visit(names.append)
        assert set(names) == {
            *("frames", "offsets", "recordings", "settings", "versions"),
            *("words", "words/start", "words/end", "words/offsets"),
            *("checksums", "checksums/frames", "checksums/audio", "irregular"),
        }
        assert dict(file["settings"].attrs)["hop_length"] == 256
        assert set(file["versions"].attrs) >= {"librosa", "numpy", "libsndfile"}
        audio = [zlib.crc32((tmp_path / name).read_bytes()) for name in tables[0]["path"]]
        assert file["checksums/audio"][:].tolist() == audio
    assert re.fullmatch("[0-9a-f]{64}", made_from(path))
    tables[1].loc[0, "end"] = 0.21
    write_store(tmp_path / "other.h5", *tables, tmp_path, SETTINGS)
    assert made_from(tmp_path / "other.h5") != made_from(path)


@given_settings(max_examples=15)
@given(st.lists(st.floats(0.02, 0.4), min_size=1, max_size=6), st.floats(0.01, 1))
def test_bytes_do_not_depend_on_shards_or_workers(tmp_path_factory, seconds, shard):
    folder = tmp_path_factory.mktemp("store")
    recordings, words = write_tables(folder, seconds, [(0, 0.0, 0.02)])
    write_store(folder / "one.h5", recordings, words, folder, SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extraction, "SHARD", shard)
        write_store(folder / "many.h5", recordings, words, folder, SETTINGS, workers=2)
    assert (folder / "one.h5").read_bytes() == (folder / "many.h5").read_bytes()


def test_unreadable_audio_leaves_no_store(tmp_path, tables):
    (tmp_path / tables[0]["path"][1]).write_bytes(b"RIFF")
    with pytest.raises(CorpusError, match="utterance-01"):
        write_store(tmp_path / "store.h5", *tables, tmp_path, SETTINGS, workers=2)
    assert not list(tmp_path.glob("*.h5"))


class InterruptedExtraction(Exception):  # noqa: N818
    """Interrupts an extraction, as if it had been killed."""


def record_extractions(monkeypatch, limit=None):
    """Return a list to which the names of extracted files are added; interrupt after `limit`."""
    extracted, stream = [], extraction.stream_values

    def recording_stream(file, *rest):
        if len(extracted) == limit:
            raise InterruptedExtraction
        extracted.append(file.name)
        return stream(file, *rest)

    monkeypatch.setattr(extraction, "stream_values", recording_stream)
    return extracted


@pytest.fixture
def interrupted(tmp_path, tables, monkeypatch):
    """The path of a store with two finished shards of three."""
    monkeypatch.setattr(extraction, "SHARD", 0.1)
    with monkeypatch.context() as patch:
        record_extractions(patch, limit=2)
        with pytest.raises(InterruptedExtraction):
            write_store(tmp_path / "store.h5", *tables, tmp_path, SETTINGS)
    return tmp_path / "store.h5"


def finish(path, tables, monkeypatch):
    """Complete the store; return the names of the files that were extracted for it."""
    with monkeypatch.context() as patch:
        extracted = record_extractions(patch)
        write_store(path, *tables, path.parent, SETTINGS)
    assert not list(path.parent.glob(".*")), "temporary files are removed"
    check_store(path)
    return extracted


def test_finished_shards_are_kept(interrupted, tables, monkeypatch):
    assert not interrupted.exists()
    assert finish(interrupted, tables, monkeypatch) == ["utterance-02.wav"]  # the shortest is last
    resumed = interrupted.read_bytes()
    write_store(interrupted, *tables, interrupted.parent, SETTINGS)
    assert interrupted.read_bytes() == resumed


def test_shards_with_changed_audio_or_frames_are_extracted_again(interrupted, tables, monkeypatch):
    part = interrupted.with_name(".store.part.h5")
    soundfile.write(interrupted.with_name("utterance-00.wav"), np.zeros(8000), 16000)  # same length
    with h5py.File(part, "r", locking=False) as file:
        position = file["frames"].id.get_offset() + 256 * (file["offsets"][1] + 7)
    with open(part, "r+b") as file:
        file.seek(position)
        file.write(b"\x01")
    names = [f"utterance-{number:02d}.wav" for number in (1, 0, 2)]  # the longest first
    assert finish(interrupted, tables, monkeypatch) == names
    assert (open_store(interrupted).spectrogram(0) == -1).all()


@pytest.mark.parametrize("change", ["words", "settings", "lines", "part"])
def test_an_unfinished_store_of_other_inputs_is_not_used(interrupted, tables, monkeypatch, change):
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


def write_in_new_group(started, path, tables):
    """Write a store in a new process group, so that workers are killed as well."""
    os.setsid()
    started.set()
    write_store(path, *tables, path.parent, SETTINGS, workers=2)


def test_a_store_is_complete_or_missing_after_a_kill(tmp_path, monkeypatch):
    """A process killed at a random time leaves a complete store at the final path, or none."""
    rng = np.random.default_rng(4)
    tables = write_tables(tmp_path, rng.uniform(0.5, 3.0, 100), [(0, 0.1, 0.2)])
    write_store(tmp_path / "expected.h5", *tables, tmp_path, SETTINGS)
    expected = (tmp_path / "expected.h5").read_bytes()
    path, fork = tmp_path / "store.h5", get_context("fork")
    monkeypatch.setattr(extraction, "SHARD", 0.5)
    duration, unfinished = None, 0
    for _ in range(21):
        path.unlink(missing_ok=True)
        started, start = fork.Event(), time.perf_counter()
        process = fork.Process(target=write_in_new_group, args=(started, path, tables))
        process.start()
        started.wait()
        if duration is not None:
            time.sleep(rng.uniform(0, duration))
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
        # The first run is not killed, but timed.
        duration = duration or time.perf_counter() - start
        unfinished += (tmp_path / ".store.part.h5").exists()
        assert not path.exists() or path.read_bytes() == expected
    assert unfinished >= 5, "too few kills during the extraction"
    path.unlink(missing_ok=True)
    write_store(path, *tables, tmp_path, SETTINGS)
    assert path.read_bytes() == expected


def remove_first_frame(file):
    frames = file["frames"][1:]
    del file["frames"]
    file["frames"] = frames


# Functions that damage an open file, with the expected part of the message; and functions that
# damage the file at a path.
DAMAGES = {
    "version": (lambda file: file.attrs.update(version=1), "version 1"),
    "dataset": (lambda file: file.__delitem__("words/end"), "words/end"),
    "word": (lambda file: file["words/start"].__setitem__(0, 0.11), "words/start"),
    "name": (lambda file: file["recordings"].__setitem__(0, "other"), "recordings"),
    "frame": (lambda file: file["frames"].__setitem__((40, 3), 0.5), "utterance-01"),
    "floor": (lambda file: file["frames"].__setitem__((-1, 3), 0.5), "floor"),
    "length": (remove_first_frame, "offsets that do not match its 3 recordings"),
    "unknown setting": (lambda file: file["settings"].attrs.update(n_mels=128), "n_mels"),
    "missing setting": (lambda file: file["settings"].attrs.__delitem__("rows"), "rows"),
}
FILE_DAMAGES = {
    "not HDF5": lambda path: path.write_bytes(b"not a store"),
    "other HDF5": lambda path: h5py.File(path, "w", locking=False).close(),
    "half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "last byte": lambda path: os.truncate(path, path.stat().st_size - 1),
}


@pytest.mark.parametrize("damage", [*DAMAGES, *FILE_DAMAGES])
def test_a_damaged_store_is_refused(tmp_path, tables, damage):
    path = tmp_path / "store.h5"
    write_store(path, *tables, tmp_path, SETTINGS)
    named = None
    if damage in FILE_DAMAGES:
        FILE_DAMAGES[damage](path)
    else:
        change, named = DAMAGES[damage]
        with h5py.File(path, "r+", locking=False) as file:
            change(file)
    with pytest.raises(InputError, match=named) as caught:
        check_store(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_jobs_share_the_memory_of_a_store(tmp_path, tables):
    """Reading frames does not make pages of the mapping private to the process."""
    if not os.path.exists("/proc/self/smaps"):
        pytest.skip("needs Linux")
    write_store(tmp_path / "store.h5", *tables, tmp_path, SETTINGS)
    store = open_store(tmp_path / "store.h5")
    assert np.isfinite(store.frames.astype(np.float32)).all()
    maps = Path("/proc/self/smaps").read_text()
    (mapped,) = re.findall(rf"{re.escape(str(tmp_path))}/store\.h5\n(.*?)VmFlags", maps, re.DOTALL)
    assert int(re.search(r"Anonymous: +(\d+)", mapped).group(1)) == 0
    assert int(re.search(r"Rss: +(\d+)", mapped).group(1)) > 0
    shutil.rmtree(tmp_path)  # a mapped store stays readable
    assert np.isfinite(store.frames.astype(np.float32)).all()
