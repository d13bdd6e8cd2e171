"""Speech detection on bursts of noise, pauses and silence."""

import numpy as np
import pytest
import soundfile

from emospeech.corpora import speech
from emospeech.corpora.speech import find_speech
from emospeech.runtime.errors import CorpusError

RATE = 16000
FRAME = speech.FRAME


def written(folder, samples, rate=RATE, **options):
    soundfile.write(folder / "x.wav", samples, rate, **options)
    return folder / "x.wav"


def bursts(spans, seconds, background, rate=RATE, level=0.1):
    """Return noise in the given spans over background noise; `level` and `background` are RMS."""
    rng = np.random.default_rng(1)
    samples = background * rng.standard_normal(round(seconds * rate))
    for start, end in spans:
        part = slice(round(start * rate), round(end * rate))
        samples[part] = level * rng.standard_normal(part.stop - part.start)
    return samples


@pytest.mark.parametrize("background", [0, 1e-4, 5e-3])
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_bursts_in_background_noise_are_detected(tmp_path, background, rate):
    true = [(0.5, 1.1), (2.0, 2.4), (5.03, 5.97)]
    path = written(tmp_path, bursts(true, 10, background, rate), rate)
    spans, too_short = find_speech(path)
    assert too_short == 0
    np.testing.assert_allclose(spans, true, atol=1.5 * FRAME)


@pytest.mark.parametrize("gain", [0.01, 1])
def test_detection_does_not_depend_on_the_gain(tmp_path, gain):
    samples = bursts([(1, 1.5), (2, 2.5)], 4, 0.005)
    spans, _ = find_speech(written(tmp_path, gain * samples, subtype="FLOAT"))
    np.testing.assert_allclose(spans, [(1, 1.5), (2, 2.5)], atol=1.5 * FRAME)


def test_only_short_pauses_are_bridged(tmp_path):
    path = written(tmp_path, bursts([(1, 1.3), (1.44, 1.8), (2.1, 2.5)], 4, 1e-4))
    spans, _ = find_speech(path)
    np.testing.assert_allclose(spans, [(1, 1.8), (2.1, 2.5)], atol=1.5 * FRAME)


def test_click_is_dropped_and_counted(tmp_path):
    path = written(tmp_path, bursts([(1, 1.04), (2, 2.5)], 4, 1e-4))
    spans, too_short = find_speech(path)
    assert too_short == 1
    np.testing.assert_allclose(spans, [(2, 2.5)], atol=1.5 * FRAME)


def test_long_span_is_divided_equally(tmp_path):
    path = written(tmp_path, bursts([(1, 4.5)], 6, 1e-4))
    spans, _ = find_speech(path)
    lengths = spans[:, 1] - spans[:, 0]
    assert len(spans) == 4
    assert lengths.max() <= speech.MAX_SPAN
    np.testing.assert_allclose(lengths, lengths[0])
    np.testing.assert_array_equal(spans[1:, 0], spans[:-1, 1])


@pytest.mark.parametrize("seconds", [0.5, 3.3])
def test_steady_sounds_are_speech_throughout(tmp_path, seconds):
    times = np.arange(round(seconds * RATE)) / RATE
    noise = 0.1 * np.random.default_rng(0).standard_normal(len(times))
    for samples in (0.3 * np.sin(2 * np.pi * 220 * times), noise):
        spans, _ = find_speech(written(tmp_path, samples))
        assert spans[0, 0] == 0
        assert spans[-1, 1] == pytest.approx(seconds, abs=FRAME)
        assert (spans[:, 1] - spans[:, 0]).sum() == pytest.approx(seconds, abs=FRAME)


@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_silence_with_any_offset_is_not_speech(tmp_path, offset):
    spans, too_short = find_speech(written(tmp_path, np.full(3 * RATE, offset)))
    assert spans.shape == (0, 2)
    assert too_short == 0


def test_16_bit_dither_is_silence(tmp_path):
    dither = np.random.default_rng(0).uniform(-1, 1, 3 * RATE) / 2**15
    assert len(find_speech(written(tmp_path, dither))[0]) == 0


def test_result_does_not_depend_on_the_block_size(tmp_path, monkeypatch):
    path = written(tmp_path, bursts([(0.5, 1.1), (2.0, 2.4), (3.1, 6.9)], 8.0037, 1e-3))
    expected, _ = find_speech(path)
    monkeypatch.setattr(speech, "BLOCK", 7)
    np.testing.assert_array_equal(find_speech(path)[0], expected)


def test_channels_are_averaged(tmp_path):
    samples = bursts([(1, 1.5)], 3, 1e-4)
    one, _ = find_speech(written(tmp_path, samples))
    two, _ = find_speech(written(tmp_path, np.stack([samples, samples], axis=1)))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("samples", [1, 2, 319, 321])
def test_recording_shorter_than_a_span_has_no_speech(tmp_path, samples):
    spans, too_short = find_speech(written(tmp_path, np.resize([0.5, -0.5], samples)))
    assert len(spans) == 0
    assert too_short <= 1


def test_unreadable_audio_is_an_error(tmp_path):
    (tmp_path / "x.wav").write_bytes(b"RIFF no more")
    with pytest.raises(CorpusError, match=r"x\.wav: "):
        find_speech(tmp_path / "x.wav")
    bad = np.full(RATE, np.nan)
    with pytest.raises(CorpusError, match=r"x\.wav: "):
        find_speech(written(tmp_path, bad, subtype="FLOAT"))
