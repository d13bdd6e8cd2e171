"""Readers on damaged files: a correct record, a counted exclusion or a one-line error.

A normal run reads thousands of mutated files. This one reads 50 times as many:

    FUZZ=50 python -m pytest tests/test_corpora_fuzz.py

No mutated file may raise anything but an InputError, take seconds or need much memory.
"""

import io
import math
import os
import struct
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emospeech.corpora.ami import read_ami
from emospeech.corpora.audio import HIGHEST_RATE, LOWEST_RATE, audio_duration
from emospeech.corpora.corpus_tables import (
    load_corpus,
    write_corpus,
)
from emospeech.corpora.emoevaluation import average_mismatches, average_rating, parse_evaluation
from emospeech.corpora.iemocap import read_iemocap
from emospeech.corpora.iemocap_release import EMOTIONS
from emospeech.corpora.iemocap_transcripts import parse_transcription, parse_wdseg
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.nxt import read_meetings, read_words
from emospeech.corpora.words import clip_words
from emospeech.runtime.errors import CorpusError, InputError
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.transform import spectrogram

FUZZ = int(os.environ.get("FUZZ", "1"))
DIMENSIONS = ("valence", "activation", "dominance")


def fuzzed(examples):
    """Run a test on this number of mutated files, times FUZZ, with at most 5 s for each."""
    slow = [HealthCheck.too_slow]  # on a busy machine the first draws can be slow
    return settings(max_examples=examples * FUZZ, deadline=5000, suppress_health_check=slow)


def outcome(read, *arguments):
    """Return the result of `read`, or None if it raises an InputError with a one-line message."""
    try:
        return read(*arguments)
    except InputError as error:
        message = str(error)
    assert message
    assert "\n" not in message
    return None


def mutations(intact, pieces, most=6, within=10**6):
    """Draw mutations of the bytes `intact`: a few edits, and possibly a truncation.

    Edits replace, insert or delete bytes in the first `within` bytes.
    """
    position = st.integers(0, min(within, len(intact)))
    # How many bytes an edit removes; None: as many as it inserts.
    removed = st.none() | st.integers(0, 6)
    edit = st.tuples(position, removed, st.sampled_from(pieces) | st.binary(max_size=4))

    def applied(edits, cut):
        data = intact
        for start, removed, piece in edits:
            end = start + (len(piece) if removed is None else removed)
            data = data[:start] + piece + data[end:]
        return data if cut is None else data[:cut]

    cuts = st.none() | st.none() | st.integers(0, len(intact))
    return st.builds(applied, st.lists(edit, min_size=1, max_size=most), cuts)


# ------------------------------------------------------------------------------------- text files

NUMBERS = [b"nan", b"inf", b"-", b"1e9", b"9" * 400, b"0", b"6", b"-1", b"2.5", b"\xb2", b"", b" "]
BREAKS = [b"\n", b"\r", b"\t", b"\x00", b"\x85", b"\xa0", b";", b":", b"(", b"]", b"[", b"%"]

LABELS = b"""% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]
C-E2:\tNeutral;\t()
C-E3:\tNeutral state; Other;\t(bored)
C-F1:\tNeutral; Anger;\t(curious)
A-E3:\tval 3; act 2; dom  2;\t()
A-E4:\tval 2; act 3; dom  3;\t(calm; but, polite)
A-F1:\tval 3; act 2; dom  ;\t()

[10.0100 - 11.3925]\tSes01F_impro01_M000\txxx\t[5.0000, 2.5000, 0.5000]
A-E3:\tval 6; act 2; dom  1;\t()
A-E4:\tval 4; act 3; dom  ;\t()

"""
ROWS = [b"A-E4:", b"A-M1:", b"C-X:", b"C-E2:"]
LABEL_PIECES = [*NUMBERS, *BREAKS, *ROWS, b"Fear;", b"val", b"val 6;", b"dom"]


def filled_lines(text):
    """Return the lines that are not blank."""
    return [
        line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()
    ]


@fuzzed(900)
@given(mutations(LABELS, LABEL_PIECES))
def test_label_files(data):
    text, issues = data.decode("latin-1"), IssueCounts()
    turns = outcome(parse_evaluation, text, "labels", issues)
    if turns is None:
        return
    for turn in turns:
        assert math.isfinite(turn.start + turn.end)
        average_mismatches(turn)
        for rating in turn.ratings:
            assert all(math.isnan(value) or 0 <= value <= 6 for value in rating[1:])
        assert {label for labels in turn.votes.values() for label in labels} <= set(EMOTIONS)
        for dimension in DIMENSIONS:
            assert 1 <= average_rating(turn, dimension, issues)[0] <= 5
    lines = filled_lines(text)
    counted = issues.left_out["unparsable label line"]
    counted += issues.left_out["rating before the first turn"]
    others = len(lines) - len(turns) - sum(len(turn.ratings) for turn in turns) - counted
    assert 0 <= others <= sum(line.strip().startswith(("C-", "%")) for line in lines)


ALIGNMENT = b"""\t SFrm  EFrm    SegAScr Word
\t    0     9     -12345 <s>
\t   10    39    -612345 EXCUSE(8)
\t   40    99   -1234567 ++LAUGHTER++
\t  100   149    -812345 ME
\t  150   199     -12345 </s>
 Total score:    -2684047
"""
ALIGNMENT_PIECES = [*NUMBERS, *BREAKS, b"++", b"<sil>", b"(2)", b"-5", b"2147483648", b"SFrm"]


@fuzzed(900)
@given(mutations(ALIGNMENT, ALIGNMENT_PIECES))
def test_alignments(data):
    issues, text = IssueCounts(), data.decode("latin-1")
    parsed = parse_wdseg(text, issues)
    within = clip_words(parsed, 1.2, issues)
    assert all(0 <= word.start < word.end <= 1.2 and word.text for word in within)
    dropped = issues.left_out.total() - issues.left_out["unparsable alignment row"]
    assert len(parsed) == len(within) + dropped
    assert all(word.text.isprintable() for word in parsed)


TRANSCRIPTION = b"""Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.
M: [LAUGHTER]
Ses01F_impro01_M000 [010.0100-011.3925]: "Do you, ah, have your forms?"
Ses01F_impro01_MXX0 [012.0000-012.5000]: Yeah.
"""


@fuzzed(900)
@given(mutations(TRANSCRIPTION, [*NUMBERS, *BREAKS, b"]:", b'"', b"\r\n", b"\x1c"]))
def test_transcriptions(data):
    issues, text = IssueCounts(), data.decode("latin-1")
    transcripts = parse_transcription(text, issues)
    lines = [line for line in filled_lines(text) if line.strip("\x7f \xa0\x85" + CONTROLS)]
    assert len(transcripts) + issues.left_out.total() == len(lines)
    for name, transcript in transcripts.items():
        assert name.isascii()
        assert not set(transcript) & set(CONTROLS)


CONTROLS = "".join(map(chr, range(32)))

# -------------------------------------------------------------------------------------------- XML

DECLARED = b'<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>\n'
WORDS = (
    DECLARED
    + b"""<nite:root nite:id="x" xmlns:nite="http://nite.sourceforge.net/">
   <w nite:id="w0" starttime="0.44" endtime="0.74">Hi</w>
   <w nite:id="w1" starttime="0.74" endtime="0.74" punc="true">,</w>
   <w nite:id="w2" starttime="0.75" endtime="1.9">caf\xe9 &#39;kay</w>
   <vocalsound nite:id="w3" starttime="1.3" endtime="1.4" type="laugh"/>
   <gap nite:id="w4" starttime="1.5"/>
</nite:root>
"""
)
MEETINGS = (
    DECLARED
    + b"""<nite:root nite:id="meet.00" xmlns:nite="http://nite.sourceforge.net/">
<meeting observation="ES2002a" duration="2.0"><!-- checked -->
<speaker nxt_agent="A" channel="0" global_name="MEE006"/>
<speaker nxt_agent="B" channel="1" global_name="FEE005"/>
</meeting></nite:root>
"""
)
XML_PIECES = [
    *(
        b'"',
        b"<",
        b">",
        b"</w>",
        b"<w/>",
        b"<!--",
        b"&#0;",
        b"&#13;",
        b"&#x85;",
        b"&a;",
        b"\xff\xfe",
    ),
    *(b"utf-16", b"utf-8", b"cp037", b"hex", b"nan", b"inf", b"1e999", b"-1", b"1_0", b"<![CDATA["),
    *(b'punc="true"', b"starttime", b'<!DOCTYPE r [<!ENTITY a "b">]>', b"<?x", b"\x00"),
    b"\xff\xfe",
]


@fuzzed(900)
@given(mutations(WORDS, XML_PIECES, most=4))
def test_words_files(data):
    issues = IssueCounts()
    words = outcome(read_words, io.BytesIO(data), issues) or []
    assert all(word.text and math.isfinite(word.start + word.end) for word in words)
    assert all("\r" not in word.text and "\n" not in word.text for word in words)
    for word in clip_words(words, 1.5, issues):
        assert 0 <= word.start < word.end <= 1.5


@fuzzed(700)
@given(mutations(MEETINGS, XML_PIECES, most=4))
def test_meetings_files(data):
    meetings = outcome(read_meetings, io.BytesIO(data), IssueCounts())
    assert meetings != {}
    for people in (meetings or {}).values():
        assert all(agent and all(person) for agent, person in people.items())


LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 12)
)


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE r [<!ENTITY l0 "ha">' + LAUGHS + b"]><root><w>&l11;</w></root>",
        b'<!DOCTYPE r [<!ENTITY a "%s">]><root><w>%s</w></root>' % (b"a" * 99999, b"&a;" * 9999),
        b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]><root><w>&a;</w></root>',
        b'<!DOCTYPE r [<!ENTITY % p SYSTEM "http://localhost/x"> %p;]><root><w>a</w></root>',
    ],
    ids=["billion laughs", "quadratic", "file", "network"],
)
def test_xml_that_defines_entities_is_refused(tmp_path, data):
    path = tmp_path / "ES2002a.A.words.xml"
    path.write_bytes(data)
    for read in (read_words, read_meetings):
        tracemalloc.start()
        with pytest.raises(CorpusError, match=r"words\.xml: "):
            read(path, IssueCounts())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20e6


def test_deeply_nested_xml_is_read(tmp_path):
    path = tmp_path / "deep.xml"
    path.write_bytes(b"<root>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</root>")
    assert read_words(path, IssueCounts()) == []
    with pytest.raises(CorpusError, match=r"deep\.xml: "):
        read_meetings(path, IssueCounts())


# -------------------------------------------------------------------------------------------- wav


def wav_bytes(rate=16000, channels=1, subtype="PCM_16", seconds=0.05, form="WAV"):
    samples = np.sin(np.arange(round(rate * seconds)) / 5)
    file = io.BytesIO()
    soundfile.write(file, np.tile(samples[:, None], channels), rate, subtype, format=form)
    return file.getvalue()


WAVS = {
    "plain": wav_bytes(),
    "stereo": wav_bytes(channels=2),
    "8 kHz": wav_bytes(rate=8000),
    "24 bit": wav_bytes(subtype="PCM_24"),
    "float": wav_bytes(subtype="FLOAT"),
    "extensible": wav_bytes(form="WAVEX"),
    "many": wav_bytes(rate=44100, channels=6, subtype="PCM_32"),
}
WAV_PIECES = [
    *(struct.pack("<I", value) for value in (0, 1, 16, 2**31 - 1, 2**31, 2**32 - 1)),
    *(struct.pack("<H", value) for value in (0, 1, 2, 3, 6, 7, 8, 17, 24, 49, 1024, 65534, 65535)),
    *(b"RIFF", b"RIFX", b"RF64", b"ds64", b"WAVE", b"fmt ", b"data", b"LIST", b"fact", b"FORMAIFF"),
    *(b"ID3\x03\x00\x00", b"fLaC", b"OggS", b".snd", b"\x00\x00\x00\x00\x00\x00\x00\x00"),
]
DAMAGED = st.one_of([mutations(intact, WAV_PIECES, most=4, within=64) for intact in WAVS.values()])


@pytest.mark.parametrize("form", WAVS)
def test_wav_formats_have_their_length(tmp_path, form):
    path, issues = tmp_path / "a.wav", IssueCounts()
    path.write_bytes(WAVS[form])
    assert audio_duration(path, issues) == pytest.approx(0.05, abs=1e-4)
    assert not +issues.irregular


@fuzzed(1200)
@given(data=DAMAGED)
def test_wavs(scratch, data):
    path = scratch / "a.wav"
    path.write_bytes(data)
    issues = IssueCounts()
    duration = outcome(audio_duration, path, issues)
    if duration is None:
        return
    info = soundfile.info(str(path))
    assert LOWEST_RATE <= info.samplerate <= HIGHEST_RATE
    assert duration == info.frames / info.samplerate > 0
    assert set(+issues.irregular) <= {"audio shorter than its header states"}


@pytest.mark.parametrize("size", [0, 2**31, 2**32 - 1])
def test_wrong_size_in_the_header_takes_no_memory(tmp_path, size):
    path, issues = tmp_path / "a.wav", IssueCounts()
    plain = WAVS["plain"]
    at = plain.index(b"data") + 4
    path.write_bytes(plain[:at] + struct.pack("<I", size) + plain[at + 4 :])
    tracemalloc.start()
    assert outcome(audio_duration, path, issues) == (0.05 if size else None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -3e38])
def test_invalid_samples_are_an_error(tmp_path, value):
    path = tmp_path / "a.wav"
    samples = np.zeros(1600, np.float32)
    samples[800] = value
    soundfile.write(path, samples, 16000, "FLOAT")
    with pytest.raises(CorpusError, match=r"a\.wav: "):
        spectrogram(path, SpectrogramSettings())


# ------------------------------------------------------------------------------- complete corpora

NAMES = ("Ses01F_impro01_F000", "Ses01F_impro01_M000")
FILES = {
    "dialog/EmoEvaluation/Ses01F_impro01.txt": (LABELS, LABEL_PIECES),
    "dialog/transcriptions/Ses01F_impro01.txt": (TRANSCRIPTION, BREAKS),
    f"sentences/ForcedAlignment/Ses01F_impro01/{NAMES[0]}.wdseg": (ALIGNMENT, ALIGNMENT_PIECES),
    f"sentences/wav/Ses01F_impro01/{NAMES[0]}.wav": (wav_bytes(seconds=2), WAV_PIECES),
    f"sentences/wav/Ses01F_impro01/{NAMES[1]}.wav": (wav_bytes(seconds=0.5), WAV_PIECES),
}
AMI_FILES = {
    "annotations/words/ES2002a.A.words.xml": (WORDS, XML_PIECES),
    "annotations/corpusResources/meetings.xml": (MEETINGS, XML_PIECES),
    "amicorpus/ES2002a/audio/ES2002a.Mix-Headset.wav": (wav_bytes(seconds=1.5), WAV_PIECES),
}


def damaged_file(files):
    """Draw the name of one of `files` and its damaged content."""
    return st.one_of(
        st.tuples(st.just(name), mutations(intact, pieces, within=400))
        for name, (intact, pieces) in files.items()
    )


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    for root, files in (("Session1", FILES), ("", AMI_FILES)):
        for name, (intact, _) in files.items():
            path = folder / root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(intact)
    return folder


def loaded_again(corpus, folder):
    """Return the corpus as written and loaded. Its words must be inside their recordings."""
    folder = folder / "written"
    folder.mkdir(exist_ok=True)
    ends = dict(zip(corpus.recordings["recording"], corpus.recordings["duration"], strict=True))
    for row in corpus.words.itertuples():
        assert 0 <= row.start < row.end <= ends[row.recording]
    write_corpus(corpus, folder)
    loaded = load_corpus(folder)
    assert loaded.recordings.equals(corpus.recordings.round(6))
    assert loaded.words.equals(corpus.words.round(6))
    return loaded


@fuzzed(200)
@given(damage=damaged_file(FILES))
def test_iemocap_with_a_damaged_file(scratch, damage):
    path, intact = scratch / "Session1" / damage[0], FILES[damage[0]][0]
    path.write_bytes(damage[1])
    try:
        corpus = outcome(read_iemocap, scratch)
    finally:
        path.write_bytes(intact)
    if corpus is None:
        return
    loaded = loaded_again(corpus, scratch)
    assert loaded.ratings.equals(corpus.ratings)
    assert loaded.votes.equals(corpus.votes)
    assert not corpus.votes.duplicated().any()
    assert corpus.recordings[list(DIMENSIONS)].stack().between(1, 5).all()
    assert corpus.transcripts["recording"].tolist() == corpus.recordings["recording"].tolist()


@fuzzed(200)
@given(damage=damaged_file(AMI_FILES))
def test_ami_with_a_damaged_file(scratch, damage):
    path, intact = scratch / damage[0], AMI_FILES[damage[0]][0]
    path.write_bytes(damage[1])
    try:
        corpus = outcome(read_ami, scratch / "amicorpus", scratch / "annotations")
    finally:
        path.write_bytes(intact)
    if corpus is None:
        return
    loaded_again(corpus, scratch)
