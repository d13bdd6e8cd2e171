"""Reader of IEMOCAP_full_release: utterances, their labels and their forced alignments.

A recording is one utterance: a wav that has a label. The labels are those of the files directly in
`dialog/EmoEvaluation`; the folders in it are not read, because `Attribute` has reversed scales and
`Self-evaluation` is the actors' own. The speaker is the session and the letter of the last field of
an utterance's name. The letter behind the session only says who wore the markers in the dialogue,
and taking it for the speaker would put one speaker into two parts of a fold.
"""

import codecs
import re
from pathlib import Path

from emospeech.corpora.audio import WAV, audio_duration
from emospeech.corpora.emoevaluation import average_rating, bracket_faults, parse_evaluation
from emospeech.corpora.tables import LabelledCorpus, Tally, make_corpus, rating_table
from emospeech.corpora.transcripts import parse_transcription, transcript_table
from emospeech.corpora.wdseg import parse_wdseg
from emospeech.corpora.words import words_within
from emospeech.runtime.errors import CorpusError, access_error

SESSIONS = tuple(f"Session{number}" for number in range(1, 6))
LABELS = Path("dialog", "EmoEvaluation")
TRANSCRIPTIONS = Path("dialog", "transcriptions")
AUDIO = Path("sentences", "wav")
ALIGNMENTS = Path("sentences", "ForcedAlignment")
# Session, dialogue and speaker of an utterance such as Ses01F_impro01_M003.
UTTERANCE = re.compile(
    r"(?P<dialogue>(?P<session>Ses0[1-5])[FM]_(?:impro0[1-8][ab]?|script0[1-3]_[123][ab]?))"
    r"_(?P<speaker>[FM])[0-9]{3}"
)
ENCODING = "latin-1"  # of labels, words and transcripts; it gives every byte a character
TOLERANCE = 0.1  # seconds that a wav may differ from its label's times without being counted


def read_iemocap(root):
    """Return the LabelledCorpus of the IEMOCAP release at `root`; some of the sessions will do.

    Paths in the table are relative to `root`. Raises CorpusError for a folder that is no release,
    a label file that is damaged and a wav that is not audio.
    """
    root, tally = Path(root), Tally()
    recordings, words, ratings, transcripts = [], [], {}, {}
    for session in _session_folders(root):
        labels = _labels(session / LABELS, tally)
        wavs = _wavs(session / AUDIO, tally)
        transcripts |= _transcripts(session / TRANSCRIPTIONS, tally)
        tally.left_out["wav without label"] += len(wavs.keys() - labels.keys())
        tally.left_out["label without wav"] += len(labels.keys() - wavs.keys())
        for utterance in sorted(wavs.keys() & labels.keys()):
            row = _recording(root, wavs[utterance], labels[utterance], tally)
            recordings.append(row)
            ratings[utterance] = labels[utterance].rows
            alignment = session / ALIGNMENTS / wavs[utterance].parent.name / f"{utterance}.wdseg"
            words.extend(
                (utterance, row["speaker"], *word)
                for word in _words(alignment, row["duration"], tally)
            )
    if not recordings:
        raise CorpusError(root, "no utterance has both a wav and a label; unpack it again")
    said = transcript_table(
        sorted((row["recording"], row["dialogue"]) for row in recordings), transcripts, tally
    )
    corpus = make_corpus("iemocap", recordings, words, tally)
    return LabelledCorpus(*corpus, rating_table(ratings), said)


def _session_folders(root):
    """Return the session folders of a release, each with its labels and its wavs."""
    sessions = [root / name for name in SESSIONS if (root / name).is_dir()]
    if not sessions:
        expected = "give the folder of IEMOCAP_full_release that holds Session1 to Session5"
        raise CorpusError(root, f"no folder Session1 to Session5 in it; {expected}")
    for session in sessions:
        for part in (LABELS, AUDIO):
            if not (session / part).is_dir():
                raise CorpusError(session / part, "no such folder; unpack the session again")
    return sessions


def _visible(folder, pattern):
    """Return what matches `pattern` in a folder, sorted; names with a dot in front are not ours.

    macOS packs `._name` files with a file's attributes beside the file itself.
    """
    return sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))


def _labels(folder, tally):
    """Return the turns of all label files in `folder` by utterance."""
    labels = {}
    for path in _visible(folder, "*.txt"):
        turns = parse_evaluation(_text(path), path, tally)
        if not turns:
            tally.irregular["label file without a turn"] += 1
        for turn in turns:
            name = UTTERANCE.fullmatch(turn.utterance)
            if name is None:
                tally.left_out["label of an unknown name"] += 1
            elif turn.utterance in labels:
                tally.left_out["second label of an utterance"] += 1
            else:
                tally.irregular["label in another dialogue's file"] += name["dialogue"] != path.stem
                labels[turn.utterance] = turn
    return labels


def _transcripts(folder, tally):
    """Return the transcripts of all dialogues in `folder` by utterance; none without the folder."""
    transcripts = {}
    for path in _visible(folder, "*.txt"):
        found = parse_transcription(_text(path), tally)
        again = found.keys() & transcripts.keys()
        tally.left_out["second transcription of an utterance"] += len(again)
        transcripts = found | transcripts
    return transcripts


def _wavs(folder, tally):
    """Return the paths of all wavs in the dialogues of `folder` by utterance."""
    wavs = {}
    for path in _visible(folder, f"[!.]*/*.{WAV}"):
        name = UTTERANCE.fullmatch(path.stem)
        if name is None:
            tally.left_out["wav of an unknown name"] += 1
        elif path.stem in wavs:
            tally.left_out["second wav of an utterance"] += 1
        else:
            tally.irregular["wav in another dialogue's folder"] += (
                name["dialogue"] != path.parent.name
            )
            wavs[path.stem] = path
    return wavs


def _recording(root, wav, turn, tally):
    """Return the row of an utterance, a dict by column."""
    name = UTTERANCE.fullmatch(turn.utterance)
    duration = audio_duration(wav, tally)
    tally.irregular.update(f"bracket differs: {fault}" for fault in bracket_faults(turn))
    length = turn.end - turn.start
    tally.irregular["wav length differs from label"] += abs(length - duration) > TOLERANCE
    averages = {
        dimension: average_rating(turn, dimension, tally)
        for dimension in ("valence", "activation", "dominance")
    }
    return {
        "recording": turn.utterance,
        "path": wav.relative_to(root).as_posix(),
        "duration": duration,
        "session": name["session"],
        "speaker": name["session"] + name["speaker"],
        "gender": name["speaker"],
        "dialogue": name["dialogue"],
        "start": turn.start,
        "end": turn.end,
        "emotion": turn.emotion,
        "raters": averages["valence"].raters,
        **{dimension: average.value for dimension, average in averages.items()},
    }


def _words(path, duration, tally):
    """Return the words of an utterance; it stays a recording without them."""
    if not path.is_file():
        tally.irregular["no forced alignment"] += 1
        return []
    words = words_within(parse_wdseg(_text(path), tally), duration, tally)
    tally.irregular["alignment without words"] += not words
    return words


def _text(path):
    """Return the text of a file without byte order marks, which editors put in front of it."""
    try:
        return path.read_bytes().replace(codecs.BOM_UTF8, b"").decode(ENCODING)
    except OSError as error:
        raise access_error(path, error, CorpusError, "Unpack it again") from error
