"""Spectrograms against librosa, and audio that is not as it should be."""

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from emospeech.faults import CorpusError
from emospeech.spectrograms import transform
from emospeech.spectrograms.transform import SpectrogramSettings, count_frames, spectrogram

RATE = 16000


def noise(seconds, seed=0):
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(round(seconds * RATE))).astype(np.float32)


def by_librosa(audio, settings):
    power = librosa.feature.melspectrogram(
        y=audio,
        sr=settings.sample_rate,
        n_fft=settings.n_fft,
        hop_length=settings.hop_length,
        n_mels=settings.rows,
        fmin=settings.fmin,
        fmax=settings.fmax,
        center=True,
        pad_mode="constant",
    )
    decibels = librosa.power_to_db(power, ref=np.max, top_db=settings.dynamic_range)
    return 1 + 2 * decibels.T / settings.dynamic_range


@given_settings(deadline=None, max_examples=15)
@given(
    st.floats(0.05, 3),
    st.sampled_from([256, 512, 1024]),
    st.sampled_from([100, 160, 256]),
    st.sampled_from([1000, 2**14, 2**20]),
)
def test_equals_librosa_whatever_the_blocks(tmp_path_factory, seconds, n_fft, hop, block):
    path = tmp_path_factory.mktemp("audio") / "noise.wav"
    soundfile.write(path, noise(seconds), RATE, subtype="FLOAT")
    settings = SpectrogramSettings(n_fft=n_fft, hop_length=hop, rows=32)
    usual, transform.BLOCK = transform.BLOCK, block
    try:
        ours = spectrogram(path, settings)
    finally:
        transform.BLOCK = usual
    theirs = by_librosa(noise(seconds), settings)
    assert len(ours) == count_frames(path, settings)
    np.testing.assert_allclose(ours, theirs, atol=0.01 * 2 / 80)  # 0.01 dB


def test_linear_rows_are_means_of_equal_parts():
    filters = transform.filter_bank(SpectrogramSettings(frequency_scale="linear"))
    assert filters.shape == (128, 513)
    np.testing.assert_allclose(filters.sum(axis=1), 1, rtol=1e-6)
    assert ((filters > 0).sum(axis=1) >= 4).all()
    assert ((filters > 0).sum(axis=0) == 1).all()


def test_silence_is_floor(tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE), RATE)
    assert (spectrogram(tmp_path / "silence.wav", SpectrogramSettings()) == -1).all()


def test_the_level_of_a_recording_does_not_matter(tmp_path):
    for name, gain in (("loud", 1.0), ("quiet", 0.1)):
        soundfile.write(tmp_path / f"{name}.wav", gain * noise(1), RATE, subtype="FLOAT")
    loud, quiet = (
        spectrogram(tmp_path / f"{x}.wav", SpectrogramSettings()) for x in ("loud", "quiet")
    )
    assert loud.max() == 1
    np.testing.assert_allclose(loud, quiet, atol=1e-4)


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_other_rates_and_channels(tmp_path, rate):
    seconds = 1.3
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * rate)) / rate)
    soundfile.write(tmp_path / "tone.wav", np.column_stack([tone, tone]), rate)
    settings = SpectrogramSettings()
    result = spectrogram(tmp_path / "tone.wav", settings)
    assert len(result) == count_frames(tmp_path / "tone.wav", settings)
    assert abs(len(result) - seconds * settings.frame_rate) <= 1.5
    centres = librosa.mel_frequencies(n_mels=130, fmax=8000)[1:-1]
    assert abs(centres[result[20:60].mean(axis=0).argmax()] - 1000) < 40


@pytest.mark.parametrize("content", [b"", b"RIFF\x24\x00\x00\x00WAVE", b"no audio at all" * 99])
def test_what_is_no_audio_is_named(tmp_path, content):
    (tmp_path / "broken.wav").write_bytes(content)
    with pytest.raises(CorpusError, match=r"broken\.wav"):
        spectrogram(tmp_path / "broken.wav", SpectrogramSettings())
