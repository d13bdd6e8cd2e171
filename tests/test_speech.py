"""Spans of speech: bursts of noise are found where they are, pauses and silence are not."""

import numpy as np
import pytest
import soundfile

from emospeech.corpora import speech
from emospeech.corpora.speech import SpeechSettings, find_speech
from emospeech.runtime.errors import CorpusError

RATE = 16000
SETTINGS = SpeechSettings()
FRAME = SETTINGS.frame


def written(folder, samples, rate=RATE, **options):
    soundfile.write(folder / "x.wav", samples, rate, **options)
    return folder / "x.wav"


def bursts(spans, seconds, background, rate=RATE, level=0.1):
    """Noise in the given spans over a background, both by their RMS."""
    rng = np.random.default_rng(1)
    samples = background * rng.standard_normal(round(seconds * rate))
    for start, end in spans:
        part = slice(round(start * rate), round(end * rate))
        samples[part] = level * rng.standard_normal(part.stop - part.start)
    return samples


@pytest.mark.parametrize("background", [0, 1e-4, 5e-3])
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_bursts_in_a_background_are_found_where_they_are(tmp_path, background, rate):
    true = [(0.5, 1.1), (2.0, 2.4), (5.03, 5.97)]
    path = written(tmp_path, bursts(true, 10, background, rate), rate)
    spans, too_short = find_speech(path, SETTINGS)
    assert too_short == 0
    np.testing.assert_allclose(spans, true, atol=1.5 * FRAME)


@pytest.mark.parametrize("gain", [0.01, 1])
def test_the_gain_of_the_microphone_does_not_matter(tmp_path, gain):
    samples = bursts([(1, 1.5), (2, 2.5)], 4, 0.005)
    spans, _ = find_speech(written(tmp_path, gain * samples, subtype="FLOAT"), SETTINGS)
    np.testing.assert_allclose(spans, [(1, 1.5), (2, 2.5)], atol=1.5 * FRAME)


def test_short_pauses_are_bridged_and_long_ones_are_not(tmp_path):
    path = written(tmp_path, bursts([(1, 1.3), (1.44, 1.8), (2.1, 2.5)], 4, 1e-4))
    spans, _ = find_speech(path, SETTINGS)
    np.testing.assert_allclose(spans, [(1, 1.8), (2.1, 2.5)], atol=1.5 * FRAME)


def test_a_click_is_counted_and_left_out(tmp_path):
    path = written(tmp_path, bursts([(1, 1.04), (2, 2.5)], 4, 1e-4))
    spans, too_short = find_speech(path, SETTINGS)
    assert too_short == 1
    np.testing.assert_allclose(spans, [(2, 2.5)], atol=1.5 * FRAME)


def test_a_long_span_is_cut_into_equal_pieces(tmp_path):
    path = written(tmp_path, bursts([(1, 4.5)], 6, 1e-4))
    spans, _ = find_speech(path, SETTINGS)
    lengths = spans[:, 1] - spans[:, 0]
    assert len(spans) == 4
    assert lengths.max() <= SETTINGS.longest
    np.testing.assert_allclose(lengths, lengths[0])
    np.testing.assert_array_equal(spans[1:, 0], spans[:-1, 1])


@pytest.mark.parametrize("seconds", [0.5, 3.3])
def test_a_tone_and_a_steady_noise_are_speech_throughout(tmp_path, seconds):
    times = np.arange(round(seconds * RATE)) / RATE
    noise = 0.1 * np.random.default_rng(0).standard_normal(len(times))
    for samples in (0.3 * np.sin(2 * np.pi * 220 * times), noise):
        spans, _ = find_speech(written(tmp_path, samples), SETTINGS)
        assert spans[0, 0] == 0
        assert spans[-1, 1] == pytest.approx(seconds, abs=FRAME)
        assert (spans[:, 1] - spans[:, 0]).sum() == pytest.approx(seconds, abs=FRAME)


@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_silence_is_no_speech_with_an_offset_neither(tmp_path, offset):
    spans, too_short = find_speech(written(tmp_path, np.full(3 * RATE, offset)), SETTINGS)
    assert spans.shape == (0, 2)
    assert too_short == 0


def test_the_dither_of_16_bits_is_silence(tmp_path):
    dither = np.random.default_rng(0).uniform(-1, 1, 3 * RATE) / 2**15
    assert len(find_speech(written(tmp_path, dither), SETTINGS)[0]) == 0


def test_the_blocks_leave_no_trace(tmp_path, monkeypatch):
    path = written(tmp_path, bursts([(0.5, 1.1), (2.0, 2.4), (3.1, 6.9)], 8.0037, 1e-3))
    whole, _ = find_speech(path, SETTINGS)
    monkeypatch.setattr(speech, "BLOCK", 7)
    np.testing.assert_array_equal(find_speech(path, SETTINGS)[0], whole)


def test_channels_are_averaged(tmp_path):
    samples = bursts([(1, 1.5)], 3, 1e-4)
    one, _ = find_speech(written(tmp_path, samples), SETTINGS)
    two, _ = find_speech(written(tmp_path, np.stack([samples, samples], axis=1)), SETTINGS)
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("samples", [1, 2, 319, 321])
def test_a_recording_shorter_than_a_span_has_none(tmp_path, samples):
    spans, too_short = find_speech(written(tmp_path, np.resize([0.5, -0.5], samples)), SETTINGS)
    assert len(spans) == 0
    assert too_short <= 1


def test_what_is_no_audio_is_told(tmp_path):
    (tmp_path / "x.wav").write_bytes(b"RIFF no more")
    with pytest.raises(CorpusError, match=r"x\.wav: "):
        find_speech(tmp_path / "x.wav", SETTINGS)
    bad = np.full(RATE, np.nan)
    with pytest.raises(CorpusError, match=r"x\.wav: "):
        find_speech(written(tmp_path, bad, subtype="FLOAT"), SETTINGS)
