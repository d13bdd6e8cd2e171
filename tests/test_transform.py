"""Spectrograms compared with librosa, and invalid settings and files."""

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from emospeech.runtime.errors import CorpusError, InputError
from emospeech.spectrograms import audio_stream, transform
from emospeech.spectrograms.filter_bank import filter_bank, row_edges
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.transform import count_frames, full_scale, spectrogram, to_values

RATE = 16000


def noise(seconds, seed=0):
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(round(seconds * RATE))).astype(np.float32)


def librosa_decibels(audio, settings):
    """The decibels below the maximum, from librosa's transform, filters and scale."""
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
        power = np.stack([part.mean(axis=0) for part in np.array_split(inside, settings.rows)])
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


@pytest.mark.filterwarnings("ignore:n_fft")
@given_settings(max_examples=40)
@given(
    SETTINGS,
    st.floats(0.02, 3),
    st.sampled_from([500, 2**14, 2**20]),
    st.sampled_from([2**10, 2**24]),
)
def test_equals_librosa_for_any_block_size(tmp_path_factory, settings, seconds, block, spool_size):
    path = tmp_path_factory.mktemp("audio") / "noise.wav"
    audio = noise(seconds)
    soundfile.write(path, audio, settings.sample_rate, subtype="FLOAT")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audio_stream, "BLOCK", block)
        patch.setattr(transform, "SPOOL_SIZE", spool_size)
        values = spectrogram(path, settings)
    expected = librosa_decibels(audio, settings)
    assert len(values) == count_frames(path, settings) == len(expected)
    np.testing.assert_allclose((values - 1) / 2 * settings.dynamic_range, expected, atol=0.01)


def test_resampled_audio_equals_librosa(tmp_path):
    """Resampling in blocks gives the result of librosa (soxr_hq) for the whole signal."""
    settings = SpectrogramSettings(sample_rate=22050, fmax=11025)
    audio = noise(2.5)
    soundfile.write(tmp_path / "noise.wav", audio, RATE, subtype="FLOAT")
    resampled = librosa.resample(audio, orig_sr=RATE, target_sr=22050, res_type="soxr_hq")
    expected = librosa_decibels(resampled, settings)
    decibels = (spectrogram(tmp_path / "noise.wav", settings) - 1) / 2 * 80
    # librosa rounds the number of samples up, so its last frame may differ.
    np.testing.assert_allclose(decibels[:-3], expected[: len(decibels) - 3], atol=0.01)


def test_linear_rows_are_means_of_equal_parts():
    filters = filter_bank(SpectrogramSettings(frequency_scale="linear"))
    assert filters.shape == (128, 513)
    np.testing.assert_allclose(filters.sum(axis=1), 1, rtol=1e-6)
    assert ((filters > 0).sum(axis=1) >= 4).all()
    assert ((filters > 0).sum(axis=0) == 1).all()


@pytest.mark.parametrize("scale", ["mel", "linear"])
@pytest.mark.parametrize("row", [20, 41, 63])
def test_a_tone_is_loudest_in_the_row_that_contains_it(tmp_path, scale, row):
    settings = SpectrogramSettings(rows=64, fmin=100, frequency_scale=scale)
    edges = row_edges(settings)
    assert len(edges) == 65
    assert (np.diff(edges) > 0).all()
    tone = np.sin(np.arange(RATE) * 2 * np.pi * edges[row : row + 2].mean() / RATE)
    soundfile.write(tmp_path / "a.wav", 0.5 * tone, RATE)
    assert spectrogram(tmp_path / "a.wav", settings)[30].argmax() == row


@pytest.mark.parametrize("amplitude", ["recording", "crop", "fixed"])
def test_silence_is_floor(tmp_path, amplitude):
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE), RATE)
    settings = SpectrogramSettings(amplitude=amplitude)
    assert (spectrogram(tmp_path / "silence.wav", settings) == settings.bottom).all()


def loud_and_quiet(folder, samples, settings):
    """Return the spectrograms of a signal and of the same signal 20 dB lower."""
    for name, gain in (("loud", 1.0), ("quiet", 0.1)):
        soundfile.write(folder / f"{name}.wav", gain * samples, RATE, subtype="DOUBLE")
    return [spectrogram(folder / f"{name}.wav", settings) for name in ("loud", "quiet")]


def test_values_do_not_depend_on_the_level_of_a_recording(tmp_path):
    loud, quiet = loud_and_quiet(tmp_path, noise(1), SpectrogramSettings())
    assert loud.max() == 1
    np.testing.assert_allclose(loud, quiet, atol=1e-4)


def test_values_keep_the_level_of_a_recording_if_the_reference_is_fixed(tmp_path):
    """A full-scale sine is close to 1."""
    settings = SpectrogramSettings(amplitude="fixed")
    frequency = RATE / settings.n_fft * filter_bank(settings).max(axis=0).argmax()
    sine = np.sin(2 * np.pi * frequency * np.arange(RATE) / RATE)
    loud, quiet = (values[20:40] for values in loud_and_quiet(tmp_path, sine, settings))
    assert loud.max() > 1 - 2 * 2 / 80  # within 2 dB
    assert loud.max() - quiet.max() == pytest.approx(20 * 2 / 80, abs=0.02)
    assert 30 < full_scale(settings) < 48


@pytest.mark.parametrize(
    ("dtype", "amplitude", "decibels"),
    [
        ("float16", "recording", 0.01),
        ("float16", "crop", 0.04),
        ("uint8", "recording", 0.16),
        ("uint8", "crop", 0.315),
    ],
)
@given(st.sampled_from([40.0, 80.0, 100.0]), st.integers(0, 2**32 - 1))
def test_rounding_error_of_the_store(dtype, amplitude, decibels, dynamic_range, seed):
    """The documented error at a dynamic range of 80 dB is a tight upper bound."""
    settings = SpectrogramSettings(dtype=dtype, amplitude=amplitude, dynamic_range=dynamic_range)
    rng = np.random.default_rng(seed)
    levels = rng.uniform(-3 * dynamic_range, 0, 2000).astype(np.float32)
    values = to_values(levels, 0, 0, settings)
    stored = settings.encode(values)
    assert stored.dtype == dtype
    error = np.abs(settings.decode(stored) - values).max() * dynamic_range / 2
    assert 0.45 < error / (decibels * dynamic_range / 80) < 1.001


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_other_rates_and_channels(tmp_path, rate):
    seconds = 1.3
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * rate)) / rate)
    soundfile.write(tmp_path / "tone.wav", np.column_stack([tone, tone]), rate)
    settings = SpectrogramSettings()
    values = spectrogram(tmp_path / "tone.wav", settings)
    assert len(values) == count_frames(tmp_path / "tone.wav", settings)
    assert abs(len(values) - seconds * settings.frame_rate) <= 1.5
    centres = librosa.mel_frequencies(n_mels=130, fmax=8000)[1:-1]
    assert abs(centres[values[20:60].mean(axis=0).argmax()] - 1000) < 40


@pytest.mark.parametrize("content", [b"", b"RIFF\x24\x00\x00\x00WAVE", b"not audio" * 99])
def test_unreadable_files_are_named(tmp_path, content):
    (tmp_path / "broken.wav").write_bytes(content)
    with pytest.raises(CorpusError, match=r"broken\.wav"):
        spectrogram(tmp_path / "broken.wav", SpectrogramSettings())


@pytest.mark.filterwarnings("ignore:Empty filters")
@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"hop_length": 2048}, "hop_length: 2048 .*n_fft"),
        ({"fmax": 11025.0}, "fmax: 11025.0 .*sample_rate"),
        ({"fmin": 8000.0}, "fmin: 8000.0 .*fmax"),
        ({"n_fft": 256}, "rows: 128 .*row"),
        ({"rows": 528, "frequency_scale": "linear"}, "rows: 528 .*row 513"),
    ],
)
def test_invalid_settings_are_named(settings, key):
    with pytest.raises(InputError, match=f"^spectrograms.{key}"):
        filter_bank(SpectrogramSettings(**settings))
