"""Spectrograms against librosa, and audio that is not as it should be."""

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from emospeech.runtime.errors import CorpusError, InputError
from emospeech.spectrograms import levels, sound
from emospeech.spectrograms.levels import full_scale, spectrogram, to_values
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.stored import decode, encode
from emospeech.spectrograms.transform import count_frames, filter_bank, stream_decibels

RATE = 16000


def noise(seconds, seed=0):
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(round(seconds * RATE))).astype(np.float32)


def rows_by_librosa(audio, settings):
    """The decibels below the maximum, from librosa's own transform, filters and scale."""
    common = {"n_fft": settings.n_fft, "hop_length": settings.hop_length, "pad_mode": "constant"}
    if settings.frequency_scale == "mel":
        power = librosa.feature.melspectrogram(
            y=audio,
            sr=settings.sample_rate,
            n_mels=settings.rows,
            fmin=settings.fmin,
            fmax=settings.fmax,
            **common,
        )
    else:
        bins = np.abs(librosa.stft(audio, **common)) ** 2
        frequencies = librosa.fft_frequencies(sr=settings.sample_rate, n_fft=settings.n_fft)
        inside = bins[(frequencies >= settings.fmin) & (frequencies <= settings.fmax)]
        parts = np.array_split(inside, settings.rows)
        power = np.stack([part.mean(axis=0) for part in parts])
    return librosa.power_to_db(power, ref=np.max, top_db=settings.dynamic_range).T


SETTINGS = st.builds(
    SpectrogramSettings,
    sample_rate=st.sampled_from([16000, 22050]),
    n_fft=st.sampled_from([512, 1024, 2048]),
    hop_length=st.sampled_from([64, 100, 160, 256, 512]),
    rows=st.sampled_from([16, 32, 48]),
    frequency_scale=st.sampled_from(["mel", "linear"]),
    fmin=st.sampled_from([0, 100]),
    fmax=st.sampled_from([4000, 8000]),
    dynamic_range=st.sampled_from([40, 80]),
)


@given_settings(deadline=None, max_examples=40)
@given(
    SETTINGS,
    st.floats(0.02, 3),
    st.sampled_from([500, 2**14, 2**20]),
    st.sampled_from([2**10, 2**24]),
)
def test_equals_librosa_whatever_the_blocks(tmp_path_factory, settings, seconds, block, held):
    path = tmp_path_factory.mktemp("audio") / "noise.wav"
    audio = noise(seconds)
    soundfile.write(path, audio, settings.sample_rate, subtype="FLOAT")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sound, "BLOCK", block)
        patch.setattr(levels, "HELD", held)
        ours = spectrogram(path, settings)
    theirs = rows_by_librosa(audio, settings)
    assert len(ours) == count_frames(path, settings) == len(theirs)
    decibels = (ours - 1) / 2 * settings.dynamic_range
    np.testing.assert_allclose(decibels, theirs, atol=0.01)


def test_the_paper_at_22050_hz_equals_librosa(tmp_path):
    """Resampled in pieces as librosa resamples the whole (soxr, HQ)."""
    settings = SpectrogramSettings(sample_rate=22050, fmax=11025)
    audio = noise(2.5)
    soundfile.write(tmp_path / "noise.wav", audio, RATE, subtype="FLOAT")
    theirs = rows_by_librosa(
        librosa.resample(audio, orig_sr=RATE, target_sr=22050, res_type="soxr_hq"), settings
    )
    ours = (spectrogram(tmp_path / "noise.wav", settings) - 1) / 2 * 80
    # librosa rounds the number of samples up, so its last frame may differ.
    np.testing.assert_allclose(ours[:-3], theirs[: len(ours) - 3], atol=0.01)


def test_linear_rows_are_means_of_equal_parts():
    filters = filter_bank(SpectrogramSettings(frequency_scale="linear"))
    assert filters.shape == (128, 513)
    np.testing.assert_allclose(filters.sum(axis=1), 1, rtol=1e-6)
    assert ((filters > 0).sum(axis=1) >= 4).all()
    assert ((filters > 0).sum(axis=0) == 1).all()


@pytest.mark.parametrize("amplitude", ["recording", "crop", "fixed"])
def test_silence_is_bottom(tmp_path, amplitude):
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE), RATE)
    settings = SpectrogramSettings(amplitude=amplitude)
    assert (spectrogram(tmp_path / "silence.wav", settings) == settings.bottom).all()


def test_the_level_of_a_recording_does_not_matter(tmp_path):
    for name, gain in (("loud", 1.0), ("quiet", 0.1)):
        soundfile.write(tmp_path / f"{name}.wav", gain * noise(1), RATE, subtype="FLOAT")
    loud, quiet = (
        spectrogram(tmp_path / f"{x}.wav", SpectrogramSettings()) for x in ("loud", "quiet")
    )
    assert loud.max() == 1
    np.testing.assert_allclose(loud, quiet, atol=1e-4)


def test_a_fixed_level_keeps_the_level_of_a_recording(tmp_path):
    """A tenth of the amplitude is 20 dB less, and a sine of full scale comes close to 1."""
    settings = SpectrogramSettings(amplitude="fixed")
    frequency = RATE / settings.n_fft * filter_bank(settings).max(axis=0).argmax()
    sine = np.sin(2 * np.pi * frequency * np.arange(RATE) / RATE)
    for name, gain in (("loud", 1.0), ("quiet", 0.1)):
        soundfile.write(tmp_path / f"{name}.wav", gain * sine, RATE, subtype="DOUBLE")
    loud, quiet = (spectrogram(tmp_path / f"{x}.wav", settings)[20:40] for x in ("loud", "quiet"))
    assert loud.max() > 1 - 2 * 2 / 80  # within 2 dB
    assert loud.max() - quiet.max() == pytest.approx(20 * 2 / 80, abs=0.02)
    assert 30 < full_scale(settings) < 48


@given_settings(deadline=None)
@given(
    st.sampled_from(["float16", "uint8"]),
    st.sampled_from(["recording", "crop"]),
    st.sampled_from([40.0, 80.0, 100.0]),
    st.integers(0, 2**32 - 1),
)
def test_the_stores_type_moves_a_value_by_no_more_than_is_said(dtype, amplitude, spread, seed):
    settings = SpectrogramSettings(dtype=dtype, amplitude=amplitude, dynamic_range=spread)
    decibels = np.random.default_rng(seed).uniform(-3 * spread, 0, 2000).astype(np.float32)
    values = to_values(decibels, 0, 0, settings)
    stored = encode(values, settings)
    assert stored.dtype == dtype
    moved = np.abs(decode(stored, settings) - values).max() * spread / 2
    assert moved <= settings.rounding * 1.001  # the float32 of the comparison itself
    assert moved > settings.rounding / 2, "what is said is no more than twice what happens"


def test_the_rounding_at_80_db_is_what_the_config_says():
    for dtype, most in (("float16", 0.01), ("uint8", 0.16)):
        assert SpectrogramSettings(dtype=dtype).rounding <= most


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


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"hop_length": 2048}, "hop_length: 2048 is longer than n_fft"),
        ({"fmax": 11025.0}, "fmax: 11025.0 is above half of sample_rate"),
        ({"fmin": 8000.0}, "fmin: 8000.0 is not below fmax"),
        ({"n_fft": 256}, "rows: is 128, but then row"),
        ({"rows": 528, "frequency_scale": "linear"}, "rows: is 528, but then row 513"),
    ],
)
def test_settings_that_no_spectrogram_can_have_are_told(tmp_path, wrong, line):
    soundfile.write(tmp_path / "noise.wav", noise(0.1), RATE)
    with pytest.raises(InputError, match=f"spectrograms.{line}"):
        list(stream_decibels(tmp_path / "noise.wav", SpectrogramSettings(**wrong)))
