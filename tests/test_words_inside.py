"""Every word lies within its recording: in the tables, in their files and in the store."""

import h5py
import numpy as np
import pytest

from emospeech.corpora.ami import read_ami
from emospeech.corpora.corpus_tables import load_corpus, write_corpus
from emospeech.corpora.iemocap import read_iemocap
from emospeech.spectrograms.extraction import write_store
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.synthetic import ami, iemocap


def synthetic_iemocap(root, seed):
    settings = iemocap.IemocapSettings(utterances=60, seed=seed, audio=False)
    iemocap.write_iemocap(root, settings, workers=1)
    return read_iemocap(root), root


def synthetic_ami(root, seed):
    # These meetings include words beyond the wav, two channels, an empty seat and five people.
    settings = ami.AmiSettings(meetings=7, hours=0.07, seed=seed, audio=False)
    ami.write_ami(root, settings, workers=1)
    audio = root / "amicorpus"
    return read_ami(audio, root / ami.ANNOTATIONS, seed=seed), audio


def assert_words_within_recordings(recordings, words):
    end = words["recording"].map(recordings.set_index("recording")["duration"])
    assert end.notna().all(), "every word has its recording"
    assert (words["start"] >= 0).all()
    assert (words["start"] < words["end"]).all()
    assert (words["end"] <= end).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("synthesize", [synthetic_iemocap, synthetic_ami])
def test_words_lie_within_their_recordings(tmp_path, synthesize, seed):
    corpus, root = synthesize(tmp_path / "corpus", seed)
    assert len(corpus.words) > 400
    assert_words_within_recordings(corpus.recordings, corpus.words)
    write_corpus(corpus, tmp_path)
    recordings, words, *_ = load_corpus(tmp_path)
    assert_words_within_recordings(recordings, words)
    settings = SpectrogramSettings(n_fft=4096, hop_length=4096, rows=16)
    write_store(tmp_path / "store.h5", recordings, words, root, settings)
    with h5py.File(tmp_path / "store.h5", locking=False) as store:
        assert list(store["recordings"].asstr()[:]) == recordings["recording"].tolist()
        durations = np.repeat(recordings["duration"], np.diff(store["words/offsets"]))
        assert len(durations) == len(words)
        assert (store["words/end"][:] <= durations).all()
        assert (store["words/start"][:] < store["words/end"][:]).all()
