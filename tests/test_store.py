"""The store gives back what went in, is the same whatever the workers, and tells its faults."""

import h5py
import numpy as np
import pytest

from emospeech.faults import CorpusError, InputError
from emospeech.spectrograms.store import open_store, write_store
from emospeech.spectrograms.transform import spectrogram
from tests.conftest import SETTINGS, write_tables


@pytest.fixture
def tables(tmp_path):
    return write_tables(tmp_path, [0.5, 1.1, 0.3], [(2, 0.0, 0.2), (0, 0.1, 0.4), (2, 0.25, 0.3)])


def test_frames_words_and_settings_come_back(tmp_path, tables):
    write_store(tmp_path / "store.h5", *tables, tmp_path, SETTINGS)
    store = open_store(tmp_path / "store.h5")
    assert store.recordings == tuple(tables[0]["recording"])
    assert store.settings == SETTINGS
    for number, name in enumerate(tables[0]["path"]):
        frames = store.frames[store.offsets[number] : store.offsets[number + 1]]
        truth = spectrogram(tmp_path / name, SETTINGS)
        assert np.abs(frames - truth).max() <= 2.0**-12
    assert store.word_offsets.tolist() == [0, 1, 1, 3]
    assert store.word_start.tolist() == [0.1, 0.0, 0.25]
    assert store.word_end.tolist() == [0.4, 0.2, 0.3]


def test_the_same_bytes_with_two_workers(tmp_path, tables):
    for workers in (1, 2):
        write_store(tmp_path / f"{workers}.h5", *tables, tmp_path, SETTINGS, workers)
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "2.h5").read_bytes()


def test_a_broken_wav_leaves_no_store(tmp_path, tables):
    (tmp_path / tables[0]["path"][1]).write_bytes(b"RIFF")
    with pytest.raises(CorpusError, match="utterance-01"):
        write_store(tmp_path / "store.h5", *tables, tmp_path, SETTINGS, workers=2)
    assert not list(tmp_path.glob("*.h5")) + list(tmp_path.glob(".*"))


def test_what_is_no_store_is_named(tmp_path, tables):
    path = tmp_path / "store.h5"
    path.write_bytes(b"no store")
    with pytest.raises(InputError, match=r"store\.h5: is not a whole"):
        open_store(path)
    with h5py.File(path, "w") as file:
        file.attrs["version"] = 0
    with pytest.raises(InputError, match="version 0"):
        open_store(path)
