"""Reader for IEMOCAP_full_release: utterances with labels, transcripts and word times.

A recording is an utterance with a wav and a label. Labels come from the files directly in
`dialog/EmoEvaluation`. Its subfolders are not read: `Attribute` has reversed scales, and
`Self-evaluation` has ratings by the actors.

The speaker is the session and the letter in the last field of the utterance name. The letter after
the session only names the actor who wore the motion-capture markers. Using it as the speaker would
put one person into two parts of a fold.
"""

import codecs
import re
from pathlib import Path
from typing import Any

import pandas as pd

from emospeech.corpora import iemocap_release as release
from emospeech.corpora.audio import WAV, audio_duration
from emospeech.corpora.check import (
    CHECK_COLUMNS,
    HALF_DIGIT,
    compare,
    compare_measure,
    compare_names,
    compare_values,
)
from emospeech.corpora.corpus_tables import (
    DIMENSIONS,
    RATING_COLUMNS,
    TRANSCRIPT_COLUMNS,
    VOTE_COLUMNS,
    Corpus,
    make_corpus,
    make_table,
)
from emospeech.corpora.emoevaluation import (
    Turn,
    average_mismatches,
    average_rating,
    parse_evaluation,
)
from emospeech.corpora.iemocap_transcripts import parse_transcription, parse_wdseg
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.registry import RELEASES
from emospeech.corpora.words import Word, clip_words
from emospeech.runtime.errors import CorpusError, access_error

CITATION = (
    "C. Busso et al. IEMOCAP: Interactive emotional dyadic motion capture database. "
    "Language Resources and Evaluation 42(4), 335-359, 2008."
)
LABELS = Path("dialog", "EmoEvaluation")
TRANSCRIPTIONS = Path("dialog", "transcriptions")
AUDIO = Path("sentences", "wav")
ALIGNMENTS = Path("sentences", "ForcedAlignment")
# Dialogue, speaker and number of an utterance, such as Ses01F_impro01_M003.
UTTERANCE = re.compile(
    r"(?P<dialogue>Ses0[1-5][FM]_(?:impro0[1-8][ab]?|script0[1-3]_[123][ab]?))_[FM][0-9]{3}"
)
ENCODING = "latin-1"  # of all text files; it can decode every byte
LENGTH_TOLERANCE = 0.1  # seconds; difference between the length of a wav and of its label


def read_iemocap(root: str | Path) -> Corpus:
    """Read the sessions of IEMOCAP that are present in `root`.

    Paths in the table of recordings are relative to `root`.

    Raises:
        CorpusError: A folder is incomplete, or a label file or wav is damaged.
    """
    root, issues = Path(root), IssueCounts()
    sessions = [path for n in range(1, 6) if (path := root / f"Session{n}").is_dir()]
    if not sessions:
        remedy = "Give the folder IEMOCAP_full_release, which contains Session1 to Session5"
        raise CorpusError(root, f"contains no session. {remedy}.")
    for folder in (session / part for session in sessions for part in (LABELS, AUDIO)):
        if not folder.is_dir():
            raise CorpusError(folder, "does not exist. Unpack the session again.")
    recordings, words, ratings, votes, transcripts = [], [], [], [], {}
    for session in sessions:
        labels = _read_labels(session / LABELS, issues)
        wavs = _find_wavs(session / AUDIO, issues)
        transcripts |= _read_transcripts(session / TRANSCRIPTIONS, issues)
        issues.left_out["wav without label"] += len(wavs.keys() - labels.keys())
        issues.left_out["label without wav"] += len(labels.keys() - wavs.keys())
        for utterance in sorted(wavs.keys() & labels.keys()):
            turn, wav = labels[utterance], wavs[utterance]
            row = _make_recording(root, wav, turn, issues)
            recordings.append(row)
            by_kind = sorted(turn.ratings, key=lambda rating: (rating.kind, rating.rater))
            ratings += [(utterance, rater.rater, rater.kind, *rater[1:]) for rater in by_kind]
            votes += [
                (utterance, rater, emotion)
                for rater, named in sorted(turn.votes.items())
                for emotion in named
            ]
            alignment = session / ALIGNMENTS / wav.parent.name / f"{utterance}.wdseg"
            aligned = _read_alignment(alignment, row["duration"], issues)
            words += [(utterance, row["speaker"], *word) for word in aligned]
    if not recordings:
        raise CorpusError(root, "no utterance has both a wav and a label. Unpack the corpus again.")
    rows = [
        (name, release.dialogue_style(dialogue), transcripts.get(name, ""))
        for name, dialogue in sorted((row["recording"], row["dialogue"]) for row in recordings)
    ]
    issues.irregular["no transcript"] += sum(not text for *_, text in rows)
    without_recording = transcripts.keys() - {name for name, *_ in rows}
    issues.left_out["transcript without a recording"] += len(without_recording)
    corpus = make_corpus("iemocap", recordings, words, issues)
    corpus.summary.update(licence=RELEASES["iemocap"].licence, citation=CITATION)
    return corpus._replace(
        ratings=make_table(ratings, RATING_COLUMNS),
        transcripts=make_table(rows, TRANSCRIPT_COLUMNS),
        votes=make_table(votes, VOTE_COLUMNS),
    )


def check_iemocap(corpus: Corpus) -> pd.DataFrame:
    """Return a table of CHECK_COLUMNS that compares IEMOCAP with the contents of its release.

    Valence is compared as printed in the release, before ratings off the scale are dropped.
    """
    recordings, ratings, rows = corpus.recordings, corpus.ratings, []
    for session in range(1, 6):
        group, names = f"Session{session}", release.dialogues(session)
        in_session = recordings[recordings["session"] == f"Ses0{session}"]
        turns = {name: n for name, n in release.TURNS.items() if name[4] == str(session)}
        rows.append(compare_names("dialogues", group, names, set(in_session["dialogue"])))
        rows.append(compare("turns", group, sum(turns.values()), len(in_session)))
        rows += compare_values("turns", turns, in_session["speaker"])
    styles = {"improvised": release.IMPROVISED}
    styles["scripted"] = release.UTTERANCES - release.IMPROVISED
    rows += compare_values("turns", styles, recordings["dialogue"].map(release.dialogue_style))
    seconds = recordings["duration"]
    rows += [
        compare_measure("hours", release.HOURS, seconds.sum() / 3600),
        compare_measure("shortest turn, s", release.SHORTEST, seconds.min()),
        compare_measure("median turn, s", release.MEDIAN, seconds.median()),
        compare_measure("longest turn, s", release.LONGEST, seconds.max(), 10 * HALF_DIGIT),
    ]
    averages = ratings[ratings["kind"] == "external"].groupby("recording")["valence"].mean()
    valences = {f"{value:.2f}": n for value, n in release.VALENCES.items()}
    rows += compare_values("valence", valences, averages.map("{:.2f}".format))
    emotions = {name: row[0] for name, row in release.EMOTIONS.items()}
    rows += compare_values("emotion", emotions, recordings["emotion"])
    unaligned = sum(recordings["recording"].isin(release.NO_ALIGNMENT))
    found = corpus.summary["irregular"].get("no forced alignment", 0)
    rows.append(compare("alignment files missing", "all", unaligned, found))
    return pd.DataFrame(rows, columns=CHECK_COLUMNS)


def _read_labels(folder: Path, issues: IssueCounts) -> dict[str, Turn]:
    """Return the turns of all label files in a folder by utterance."""
    labels = {}
    for path in sorted(folder.glob("[!.]*.txt")):  # macOS adds files named `._*`
        turns = parse_evaluation(_read_text(path), path, issues)
        issues.irregular["label file without a turn"] += not turns
        for turn in turns:
            name = UTTERANCE.fullmatch(turn.utterance)
            if name is None:
                issues.left_out["label with an unknown name"] += 1
            elif turn.utterance in labels:
                issues.left_out["second label of an utterance"] += 1
            else:
                is_misplaced = name["dialogue"] != path.stem
                issues.irregular["label in another dialogue's file"] += is_misplaced
                labels[turn.utterance] = turn
    return labels


def _read_transcripts(folder: Path, issues: IssueCounts) -> dict[str, str]:
    """Return the transcripts in a folder, which may be missing, by utterance."""
    transcripts = {}
    for path in sorted(folder.glob("[!.]*.txt")):
        parsed = parse_transcription(_read_text(path), issues)
        repeated = parsed.keys() & transcripts.keys()
        issues.left_out["second transcription of an utterance"] += len(repeated)
        transcripts = parsed | transcripts
    return transcripts


def _find_wavs(folder: Path, issues: IssueCounts) -> dict[str, Path]:
    """Return the wavs in the dialogues of a folder by utterance."""
    wavs = {}
    for path in sorted(folder.glob(f"[!.]*/[!.]*.{WAV}")):
        name = UTTERANCE.fullmatch(path.stem)
        if name is None:
            issues.left_out["wav with an unknown name"] += 1
        elif path.stem in wavs:
            issues.left_out["second wav of an utterance"] += 1
        else:
            is_misplaced = name["dialogue"] != path.parent.name
            issues.irregular["wav in another dialogue's folder"] += is_misplaced
            wavs[path.stem] = path
    return wavs


def _make_recording(root: Path, wav: Path, turn: Turn, issues: IssueCounts) -> dict[str, Any]:
    """Return the row of an utterance by column."""
    dialogue, _, number = turn.utterance.rpartition("_")  # such as Ses01F_impro01 and M003
    session, gender = dialogue[:5], number[0]
    duration = audio_duration(wav, issues)
    differs = abs(turn.end - turn.start - duration) > LENGTH_TOLERANCE
    issues.irregular["wav length differs from label"] += differs
    for reason in average_mismatches(turn):
        issues.irregular[f"printed average differs: {reason}"] += 1
    averages = {name: average_rating(turn, name, issues) for name in DIMENSIONS}
    return {
        "recording": turn.utterance,
        "path": wav.relative_to(root).as_posix(),
        "duration": duration,
        "session": session,
        "speaker": session + gender,
        "gender": gender,
        "dialogue": dialogue,
        "start": turn.start,
        "end": turn.end,
        "emotion": turn.emotion,
        "raters": averages["valence"][1],
        **{name: average for name, (average, _) in averages.items()},
    }


def _read_alignment(path: Path, duration: float, issues: IssueCounts) -> list[Word]:
    """Return the words of an utterance, or an empty list if it has no alignment."""
    if not path.is_file():
        issues.irregular["no forced alignment"] += 1
        return []
    words = clip_words(parse_wdseg(_read_text(path), issues), duration, issues)
    issues.irregular["alignment without words"] += not words
    return words


def _read_text(path: Path) -> str:
    """Return the text of a file without the byte order marks that editors may add."""
    try:
        return path.read_bytes().replace(codecs.BOM_UTF8, b"").decode(ENCODING)
    except OSError as error:
        raise access_error(path, error, CorpusError, "Unpack the corpus again") from error
