"""Truncated, damaged and unusual audio: counted, or rejected by name."""

import os
import struct

import numpy as np
import pytest
import soundfile

from emospeech.__main__ import main
from emospeech.corpora.audio import (
    HIGHEST_RATE,
    LOWEST_RATE,
    audio_duration,
    digest_audio,
    measure_audio,
)
from emospeech.corpora.containers import NOT_PLAYED, count_mpeg_samples
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.manifest import read_manifest
from emospeech.corpora.speech import find_speech
from emospeech.evaluation.scoring import find_spans
from emospeech.runtime.errors import CorpusError
from emospeech.spectrograms import audio_stream, extraction
from emospeech.spectrograms.audio_stream import count_samples, stream_samples
from emospeech.spectrograms.extraction import write_store
from emospeech.spectrograms.irregularities import Irregularity, count_irregularities
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import check_store, open_store
from emospeech.spectrograms.transform import spectrogram
from tests.conftest import SETTINGS, write_tables
from tests.test_scoring import BASIC, rows_of, weights_of

RATE = 16000
SHORTER = "audio shorter than its header states"


def noise(seconds, rate=RATE, seed=0):
    return 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate))


def bytes_of(folder, name, samples, rate=RATE, **options):
    soundfile.write(folder / name, samples, rate, **options)
    return (folder / name).read_bytes()


def write_cut(folder, name, seconds=4):
    """Write half of a compressed file; return its path and the samples of the complete file."""
    data = bytes_of(folder, name, noise(seconds))
    samples, _ = soundfile.read(folder / name, dtype="float32")
    (folder / name).write_bytes(data[: len(data) // 2])
    return folder / name, samples


def store_of(folder, *names, workers=1):
    """Write a store of two noise files and then `names`, and check the store.

    If a file had too many frames, they would overwrite frames of another file.
    """
    recordings, words = write_tables(folder, [0.5, 0.4], [(0, 0.1, 0.2)])
    recordings = recordings.set_index("recording")
    for name in names:
        recordings.loc[f"z-{name}"] = name
    write_store(folder / "s.h5", recordings.reset_index(), words, folder, SETTINGS, workers)
    return check_store(folder / "s.h5")


# ------------------------------------------------------------------- truncated and excess audio


@pytest.mark.parametrize("block", [1000, 2**18])
def test_truncated_mp3_is_counted(tmp_path, monkeypatch, block):
    monkeypatch.setattr(audio_stream, "BLOCK", block)
    path, intact = write_cut(tmp_path, "cut.mp3")
    issues = IssueCounts()
    seconds = audio_duration(path, issues)
    assert +issues.irregular == {SHORTER: 1}
    assert 0.4 < seconds / (len(intact) / RATE) < 0.6
    samples = np.concatenate(list(stream_samples(path, RATE)))
    assert len(samples) == count_samples(path, RATE) == round(seconds * RATE)
    # The last frames may be incomplete.
    np.testing.assert_allclose(samples[:-3000], intact[: len(samples)][:-3000], atol=1e-6)


def test_store_of_truncated_audio_has_no_empty_frames(tmp_path):
    write_cut(tmp_path, "cut.mp3", seconds=10)
    store = store_of(tmp_path, "cut.mp3")
    values = store.spectrogram(2)
    assert np.isfinite(values).all()
    assert len(np.unique(values, axis=0)) == len(values), "no block is repeated"
    np.testing.assert_allclose(values, spectrogram(tmp_path / "cut.mp3", SETTINGS), atol=1e-3)


def test_speech_is_detected_in_truncated_audio(tmp_path):
    path, _ = write_cut(tmp_path, "cut.mp3")
    soundfile.write(
        tmp_path / "same.wav", np.concatenate(list(stream_samples(path, RATE))), RATE, "DOUBLE"
    )
    spans, _ = find_speech(path)
    np.testing.assert_array_equal(spans, find_speech(tmp_path / "same.wav")[0])
    assert spans.max() <= measure_audio(path).seconds


def test_flac_truncated_between_frames_is_counted_and_within_a_frame_rejected(tmp_path):
    data = bytes_of(tmp_path, "cut.flac", noise(4))
    last = data.rindex(b"\xff\xf8")  # the header of a frame
    (tmp_path / "cut.flac").write_bytes(data[:last])
    issues = IssueCounts()
    seconds = audio_duration(tmp_path / "cut.flac", issues)
    assert +issues.irregular == {SHORTER: 1}
    assert 3 < seconds < 4
    assert len(store_of(tmp_path, "cut.flac").spectrogram(2)) == 1 + int(seconds * RATE) // 256
    (tmp_path / "cut.flac").write_bytes(data[: last - 100])
    with pytest.raises(CorpusError, match=r"cut\.flac: "):
        audio_duration(tmp_path / "cut.flac", issues)


@pytest.mark.parametrize("form", ["AIFF", "AU", "W64", "RF64"])
def test_truncated_audio_is_counted_in_other_containers(tmp_path, form):
    data = bytes_of(tmp_path, "a", noise(1), format=form, subtype="PCM_16")
    issues = IssueCounts()
    audio_duration(tmp_path / "a", issues)
    assert not +issues.irregular
    (tmp_path / "a").write_bytes(data[: len(data) // 2])
    assert 0.4 < audio_duration(tmp_path / "a", issues) < 0.5
    assert +issues.irregular == {SHORTER: 1}


def without_header(data):
    """Return an MP3 file without its first frame, which states the length."""
    return data[data.index(data[:2], 4) :]


@pytest.mark.parametrize("made", ["joined mp3", "joined ogg", "joined wav", "mp3 without header"])
def test_audio_beyond_the_header_is_an_error(tmp_path, made):
    kind = "mp3" if "mp3" in made else made.split()[1]
    data = bytes_of(tmp_path, f"a.{kind}", noise(3))
    more = without_header(data) if "header" in made else data + data
    (tmp_path / f"a.{kind}").write_bytes(more)
    with pytest.raises(CorpusError, match=rf"a\.{kind}: "):
        measure_audio(tmp_path / f"a.{kind}")


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_frames_of_mp3_are_counted(tmp_path, rate, channels):
    samples = np.stack([noise(2, rate, seed) for seed in range(channels)], axis=1)
    data = bytes_of(tmp_path, "a.mp3", samples, rate)
    tag = b"ID3\x04\0\0" + bytes([0, 0, 2, 100]) + b"\xff\xfb\x90\x64" * 89  # 2 * 128 + 100 bytes
    for more in (data, tag + data, data + b"TAG" + bytes(125)):
        assert 0 <= count_mpeg_samples(more) - 2 * rate < NOT_PLAYED
    twice = count_mpeg_samples(data + tag + data)
    assert 0 <= twice - 4 * rate < 2 * NOT_PLAYED
    (tmp_path / "a.mp3").write_bytes(tag + data)
    assert measure_audio(tmp_path / "a.mp3") == (2 * rate, rate, False)


@pytest.mark.parametrize("form", ["OGG", "FLAC", "AIFF", "CAF"])
def test_intact_audio_is_not_counted(tmp_path, form):
    soundfile.write(tmp_path / "a", noise(1), RATE, format=form)
    assert measure_audio(tmp_path / "a") == (RATE, RATE, False)


def test_file_that_changes_during_extraction_is_an_error(tmp_path, monkeypatch):
    count = extraction.count_frames
    for wrong in (-1, 1):
        with monkeypatch.context() as patch:
            patch.setattr(extraction, "count_frames", lambda *x, **y: count(*x, **y) + wrong)  # noqa: B023
            with pytest.raises(CorpusError, match=r"utterance-0\d\.wav: "):
                store_of(tmp_path)
        assert not (tmp_path / "s.h5").exists()


# ------------------------------------------------- files that are hard to open, read or decode


@pytest.mark.parametrize("samples", [8000, 8001, 16000])
def test_gsm_is_read_without_padding(tmp_path, samples):
    """libsndfile cannot seek in GSM and decodes noise after an odd number of bytes."""
    path = tmp_path / "g.wav"
    soundfile.write(path, noise(2, 8000)[:samples], 8000, subtype="GSM610")
    assert measure_audio(path) == (samples, 8000, False)
    read = np.concatenate(list(stream_samples(path, 8000)))
    with soundfile.SoundFile(path) as audio:
        np.testing.assert_array_equal(read, audio.read(samples, dtype="float32"))
    spans, _ = find_speech(path)
    assert spans[-1, 1] == pytest.approx(samples / 8000, abs=0.1)
    assert len(store_of(tmp_path, "g.wav").spectrogram(2)) == 1 + 2 * samples // 256


@pytest.mark.parametrize("subtype", ["IMA_ADPCM", "MS_ADPCM", "ULAW", "ALAW", "G721_32"])
def test_compressed_wavs_are_complete_or_counted(tmp_path, subtype):
    data = bytes_of(tmp_path, "a.wav", noise(1), subtype=subtype)
    length = measure_audio(tmp_path / "a.wav")
    assert RATE <= length.samples < RATE + 1100
    assert not length.shortened
    assert len(np.concatenate(list(stream_samples(tmp_path / "a.wav", RATE)))) == length.samples
    (tmp_path / "a.wav").write_bytes(data[: len(data) // 2])
    assert measure_audio(tmp_path / "a.wav").shortened


def flac_of_unknown_length(path):
    data = bytearray(bytes_of(path.parent, path.name, noise(2)))
    data[21] &= 0xF0  # the 36 bits of the total samples
    data[22:26] = bytes(4)
    path.write_bytes(data)


@pytest.mark.parametrize("block", [777, 2**18])
def test_flac_of_unknown_length_is_read_to_its_end(tmp_path, monkeypatch, block):
    monkeypatch.setattr(audio_stream, "BLOCK", block)
    bytes_of(tmp_path, "known.flac", noise(2))
    flac_of_unknown_length(tmp_path / "u.flac")
    assert measure_audio(tmp_path / "u.flac") == (2 * RATE, RATE, False)
    streams = (list(stream_samples(tmp_path / f"{x}.flac", RATE)) for x in ("known", "u"))
    np.testing.assert_array_equal(*map(np.concatenate, streams))
    spans = (find_speech(tmp_path / f"{x}.flac")[0] for x in ("known", "u"))
    np.testing.assert_array_equal(*spans)


@pytest.mark.parametrize("workers", [1, 2])
def test_corrupt_flac_is_an_error_in_all_readers(tmp_path, workers):
    data = bytearray(bytes_of(tmp_path, "bad.flac", noise(3)))
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    (tmp_path / "bad.flac").write_bytes(data)
    with pytest.raises(CorpusError, match=r"bad\.flac: "):
        store_of(tmp_path, "bad.flac", workers=workers)
    (tmp_path / "recordings.csv").write_text("recording,path\na,bad.flac\n")
    with pytest.raises(CorpusError, match=r"bad\.flac: "):
        read_manifest(tmp_path, "own", labelled=False, workers=workers)


def error_of(read, path):
    with pytest.raises(CorpusError) as caught:
        read(path)
    return caught.value


def test_missing_permission_is_an_error(tmp_path):
    """Root may read everything, so the test drops its privileges if it runs as root."""
    readers = (measure_audio, find_spans, lambda path: find_speech(path))
    path = tmp_path / "closed/a.wav"
    path.parent.mkdir()
    soundfile.write(path, noise(0.1), RATE)
    for read in readers:
        read(path)  # imports modules that the other user may not read
    user = os.geteuid()
    path.parent.chmod(0)
    if user == 0:
        os.seteuid(65534)
    try:
        errors = [error_of(read, path) for read in readers]
    finally:
        os.seteuid(user)
        path.parent.chmod(0o700)
    for error in errors:
        assert error.location == str(path)
        assert "permission" in error.problem


def test_unset_data_size_and_empty_file_are_errors(tmp_path):
    for name, samples, size in (("empty", 0, 0), ("zero", RATE, 0), ("low", RATE, 1000)):
        data = bytes_of(tmp_path, f"{name}.wav", np.zeros(samples) + 0.1)
        offset = data.index(b"data") + 4
        data = data[:offset] + struct.pack("<I", size) + data[offset + 4 :]
        (tmp_path / f"{name}.wav").write_bytes(data)
        missing = 2 * samples - size
        named = f"{size} bytes .*{missing} more bytes" if missing else ""
        with pytest.raises(CorpusError, match=rf"{name}\.wav: .*{named}"):
            measure_audio(tmp_path / f"{name}.wav")


@pytest.mark.parametrize("rate", [LOWEST_RATE, HIGHEST_RATE])
def test_sampling_rates_outside_the_limits_are_errors_that_name_them(tmp_path, rate):
    soundfile.write(tmp_path / "a.wav", noise(0.1, rate), rate)
    assert measure_audio(tmp_path / "a.wav").sample_rate == rate
    beyond = rate + (1 if rate == HIGHEST_RATE else -1)
    soundfile.write(tmp_path / "b.wav", noise(0.1, beyond), beyond)
    with pytest.raises(CorpusError, match=rf"b\.wav: .*{beyond}.*{LOWEST_RATE}.*{HIGHEST_RATE}"):
        measure_audio(tmp_path / "b.wav")


def test_a_damaged_file_whose_name_is_not_utf8_is_named_as_text(tmp_path):
    samples = np.append(noise(0.1), np.nan)
    path = tmp_path / os.fsdecode(b"\xff.wav")
    soundfile.write(os.fsencode(path), samples, RATE, "FLOAT")
    assert error_of(digest_audio, path).location == str(path)


def test_m4a_is_an_error(tmp_path):
    (tmp_path / "a").write_bytes(b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom" + bytes(3000))
    assert "m4a" in error_of(measure_audio, tmp_path / "a").problem


# --------------------------------------------------------------------------------- unusual audio

NOTHING = Irregularity(0)
VOICE = np.rint(noise(1.5) * 2**15) / 2**15  # 16 bits, so that inverted channels cancel
HALF_RATE = noise(1.5, 8000)


def low_pass(samples):
    """Return noise at 16 kHz without frequencies above 4 kHz, as if recorded at 8 kHz."""
    bins = np.fft.rfft(samples)
    bins[len(bins) // 2 :] = 0
    return np.fft.irfft(bins)


CASES = {
    "mono": (VOICE, RATE, NOTHING),
    "stereo": (np.stack([VOICE, noise(1.5, seed=1)], axis=1), RATE, NOTHING),
    "one channel": (np.stack([VOICE, 0 * VOICE], axis=1), RATE, NOTHING),
    "opposite": (
        np.stack([VOICE, -VOICE], axis=1),
        RATE,
        Irregularity.CHANNELS_CANCEL | Irregularity.SILENT,
    ),
    "near": (np.stack([VOICE, -0.9 * VOICE], axis=1), RATE, Irregularity.CHANNELS_CANCEL),
    "silent": (np.zeros(RATE), RATE, Irregularity.SILENT),
    "8 kHz": (HALF_RATE, 8000, Irregularity.NARROW_BAND),
    "8 kHz in 16": (low_pass(VOICE), RATE, Irregularity.NARROW_BAND),
    "11 kHz": (noise(1.5, 11025), 11025, NOTHING),
    "44 kHz": (noise(1.5, 44100), 44100, NOTHING),
}


def write_cases(folder):
    for name, (samples, rate, _) in CASES.items():
        soundfile.write(folder / f"{name}.wav", samples, rate)
    return [f"{name}.wav" for name in CASES]


@pytest.mark.parametrize("workers", [1, 2])
def test_unusual_audio_is_flagged_in_the_store(tmp_path, monkeypatch, workers):
    monkeypatch.setattr(extraction, "SHARD", 2)
    store = store_of(tmp_path, *write_cases(tmp_path), workers=workers)
    expected = [NOTHING, NOTHING, *(flags for *_, flags in CASES.values())]
    assert [Irregularity(flags) for flags in store.irregular.tolist()] == expected
    assert sorted(count_irregularities(store.irregular).values()) == [2, 2, 2]


def test_flags_are_kept_after_an_interruption(tmp_path, monkeypatch):
    """Finished shards are not read again."""
    monkeypatch.setattr(extraction, "SHARD", 0.1)
    names = write_cases(tmp_path)
    intact = store_of(tmp_path, *names).irregular
    (tmp_path / "s.h5").unlink()
    stream, read = extraction.stream_values, []

    def interrupted(file, *rest):
        read.append(file)
        if len(read) == 8:
            raise KeyboardInterrupt
        return stream(file, *rest)

    monkeypatch.setattr(extraction, "stream_values", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store_of(tmp_path, *names)
    assert store_of(tmp_path, *names).irregular.tolist() == intact.tolist()
    assert len(read) == 8 + len(names) + 2 - 7


@pytest.mark.parametrize("amplitude", ["recording", "crop", "fixed"])
def test_silence_depends_on_the_amplitude_reference(tmp_path, amplitude):
    """Quiet noise is at the floor only with a fixed reference level."""
    soundfile.write(tmp_path / "a.wav", 1e-5 * noise(1), RATE, subtype="FLOAT")
    (tmp_path / "folder").mkdir()
    settings = SpectrogramSettings(amplitude=amplitude)
    recordings, words = write_tables(tmp_path / "folder", [0.5], [(0, 0.1, 0.2)])
    recordings["path"] = str(tmp_path / "a.wav")
    write_store(tmp_path / "s.h5", recordings, words, tmp_path, settings)
    silent = open_store(tmp_path / "s.h5").irregular.tolist() == [Irregularity.SILENT]
    floor = (spectrogram(tmp_path / "a.wav", settings) == settings.bottom).all()
    assert silent == floor == (amplitude == "fixed")


# --------------------------------------------------------------------------------------- predict


def test_predict_scores_readable_files_and_notes_unusual_ones(tmp_path, capsys):
    weights = weights_of(tmp_path / "w.safetensors", BASIC)
    write_cut(tmp_path, "cut.mp3")
    soundfile.write(tmp_path / "g.wav", noise(1, 8000), 8000, subtype="GSM610")
    flac_of_unknown_length(tmp_path / "u.flac")
    data = bytes_of(tmp_path, "bad.flac", noise(3))
    (tmp_path / "bad.flac").write_bytes(data[: len(data) // 2])
    write_cases(tmp_path)
    read = ["cut.mp3", "g.wav", "u.flac", "mono.wav", "opposite.wav", "8 kHz.wav"]
    files = [str(tmp_path / name) for name in ("bad.flac", *read)]
    output = tmp_path / "out.csv"
    command = ["predict", "--weights", weights, "--output", str(output), *files]
    assert main(command) == 1
    rows = rows_of(output.read_text())
    assert [row["file"] for row in rows] == files[1:]
    assert all(np.isfinite(float(row["expected"])) for row in rows)
    messages = capsys.readouterr().err
    assert f"error: {files[0]}: " in messages
    notes = [line.split(": ")[1] for line in messages.splitlines() if line.startswith("note")]
    noted = {name: notes.count(str(tmp_path / name)) for name in read}
    # Opposite channels cancel, and their silent sum has no speech.
    expected = {"cut.mp3": 1, "g.wav": 1, "u.flac": 0, "mono.wav": 0, "opposite.wav": 3}
    assert noted == expected | {"8 kHz.wav": 1}
