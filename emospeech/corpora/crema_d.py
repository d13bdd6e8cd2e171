"""Reader for CREMA-D: sentences spoken by actors, with the votes of listeners for an emotion.

The corpus has no rated valence. Its proxy is computed from the votes of listeners who heard the
voice without the face: each counts as 3 + 2 x sign x level / 100, where the sign is that of the
emotion (happiness 1, neutral 0, others -1) and the level is the mean of those who chose it for the
recording. The votes are the ratings of a recording, and their mean is its valence. There is no
activation, and there are no word times.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emospeech.corpora.audio import WAV
from emospeech.corpora.check import CHECK_COLUMNS, compare, compare_names, compare_values
from emospeech.corpora.corpus_tables import RATING_COLUMNS, VOTE_COLUMNS, Corpus, make_table
from emospeech.corpora.csv_rows import Row, read_rows
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.measurements import measure_corpus
from emospeech.corpora.registry import RELEASES
from emospeech.runtime.errors import CorpusError

CITATION = (
    "H. Cao et al. CREMA-D: Crowd-sourced emotional multimodal actors dataset. "
    "IEEE Transactions on Affective Computing 5(4), 377-390, 2014."
)
LABELS = (
    "Valence is a proxy computed from the votes of listeners; it was not rated. The emotion is the "
    "one that was acted; the votes are those of the listeners."
)
AUDIO = "AudioWAV"
VOTES = "processedResults/tabulatedVotes.csv"
PEOPLE = "VideoDemographics.csv"
EMOTIONS = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happiness",
    "NEU": "neutral",
    "SAD": "sadness",
}
# Actor, sentence, intended emotion and intended level, such as 1001_IEO_HAP_LO.
NAME = re.compile(
    rf"(?P<speaker>\d{{4}})_[A-Z]{{3}}_(?P<emotion>{'|'.join(EMOTIONS)})_(LO|MD|HI|XX?)"
)
# {column of the votes: (column of their mean level, sign of the valence)}, as in EMOTIONS.
LEVELS = {
    "A": ("meanAngerResp", -1),
    "D": ("meanDisgustResp", -1),
    "F": ("meanFearResp", -1),
    "H": ("meanHappyResp", 1),
    "N": ("meanNeutralResp", 0),
    "S": ("meanSadResp", -1),
}
VOICE_ONLY = "1"  # first digit of the id of a row of votes, whose column has no name
GENDERS = {"Female": "F", "Male": "M"}
TIED = "recording whose votes have no majority"

# Contents of the release.
RECORDINGS, SPEAKERS, N_VOTES, N_TIED = 7442, 91, 68568, 644
BY_EMOTION = dict.fromkeys(EMOTIONS.values(), 1271) | {"neutral": 1087}
BY_LEVEL = {"LO": 455, "MD": 455, "HI": 455, "XX": 6077}
BY_GENDER = {"F": 43, "M": 48}
SILENT = ["1076_MTI_SAD_XX"]


def read_crema_d(root: str | Path, workers: int = 1) -> Corpus:
    """Read CREMA-D from a copy of its repository, of which only AudioWAV and two tables are used.

    Paths in the table of recordings are relative to `root`.

    Args:
        root: The folder that contains AudioWAV.
        workers: The number of processes, which does not change the tables.

    Raises:
        CorpusError: A table or AudioWAV is missing, no recording has votes, or a table or an audio
            file is damaged.
    """
    root, issues = Path(root), IssueCounts()
    recordings, ratings, votes = read_labels(root, issues)
    corpus = measure_corpus("crema_d", root, recordings, workers, issues)
    corpus.summary.update(licence=RELEASES["crema_d"].licence, citation=CITATION, labels=LABELS)
    return corpus._replace(
        ratings=make_table(ratings, RATING_COLUMNS), votes=make_table(votes, VOTE_COLUMNS)
    )


def read_labels(
    root: Path, issues: IssueCounts
) -> tuple[list[dict[str, Any]], list[tuple], list[tuple]]:
    """Return the labelled recordings, their ratings and their votes; no audio is read.

    The recordings are dicts without durations, the others tuples of RATING_COLUMNS and
    VOTE_COLUMNS.
    """
    if not (root / AUDIO).is_dir():
        remedy = f"Give the folder of CREMA-D, which contains {AUDIO}"
        raise CorpusError(root / AUDIO, f"does not exist. {remedy}.")
    table, genders = _read_votes(root / VOTES), _read_genders(root / PEOPLE)
    recordings, ratings, votes = [], [], []
    for path in sorted((root / AUDIO).glob(f"[!.]*.{WAV}")):
        name = NAME.fullmatch(path.stem)
        if name is None or path.stem not in table:
            reason = "without votes" if name else "with an unknown name"
            issues.left_out[f"audio file {reason}"] += 1
            continue
        is_tied, emotions, values = table.pop(path.stem)
        issues.irregular[TIED] += is_tied
        if name["speaker"] not in genders:
            issues.irregular["recording of an actor of unknown gender"] += 1
        recordings.append(
            {
                "recording": path.stem,
                "path": path.relative_to(root).as_posix(),
                "speaker": name["speaker"],
                "gender": genders.get(name["speaker"], ""),
                "emotion": EMOTIONS[name["emotion"]],
                "valence": values.mean(),
                "raters": len(values),
            }
        )
        for n, (emotion, value) in enumerate(zip(emotions, values, strict=True), start=1):
            rater = f"vote-{n:02}"
            ratings.append((path.stem, rater, "external", value, np.nan, np.nan))
            votes.append((path.stem, rater, emotion))
    issues.left_out["recording without an audio file"] += len(table)
    if not recordings:
        raise CorpusError(root / AUDIO, "contains no recording with votes. Download it again.")
    return recordings, ratings, votes


def check_crema_d(corpus: Corpus) -> pd.DataFrame:
    """Return a table of CHECK_COLUMNS that compares CREMA-D with the contents of its release."""
    recordings = corpus.recordings
    names, speakers = recordings["recording"], recordings.drop_duplicates("speaker")
    silent = set(names) - set(corpus.words["recording"])
    tied = corpus.summary["irregular"].get(TIED, 0)
    rows = [
        compare("recordings", "all", RECORDINGS, len(recordings)),
        *compare_values("recordings", BY_EMOTION, recordings["emotion"]),
        *compare_values("recordings", BY_LEVEL, names.str.rpartition("_")[2]),
        compare("speakers", "all", SPEAKERS, len(speakers)),
        *compare_values("speakers", BY_GENDER, speakers["gender"]),
        compare("votes", "all", N_VOTES, len(corpus.ratings)),
        compare("votes without a majority", "all", N_TIED, tied),
        compare_names("silent recordings", "all", SILENT, silent),
    ]
    return pd.DataFrame(rows, columns=CHECK_COLUMNS)


def _read_votes(path: Path) -> dict[str, tuple[bool, list[str], np.ndarray]]:
    """Return whether the majority is tied, and emotion and valence of each vote, by recording.

    Votes are in the order of LEVELS. Recordings without votes are left out.
    """
    columns = ["fileName", "emoVote", *LEVELS, *(level for level, _ in LEVELS.values())]
    votes = {}
    for row in read_rows(path, columns, columns, IssueCounts()):
        if not row.text("").startswith(VOICE_ONLY):
            continue
        name = row.text("fileName", required=True)
        if name in votes:
            raise row.error(f"`fileName` is `{name}`, as in another row. Download the table again.")
        values = [_vote_values(row, column) for column in LEVELS]
        emotions = np.repeat([*EMOTIONS.values()], [len(own) for own in values]).tolist()
        if emotions:
            votes[name] = ":" in row.text("emoVote"), emotions, np.concatenate(values)
    return votes


def _vote_values(row: Row, column: str) -> np.ndarray:
    """Return the valence of each vote for an emotion, which is the same for all."""
    level_column, sign = LEVELS[column]
    count = row.number(column, low=0, high=1000, required=True)
    if not count:
        return np.empty(0)
    level = row.number(level_column, low=0, high=100, required=True)
    return np.full(round(count), 3 + 2 * sign * level / 100)


def _read_genders(path: Path) -> dict[str, str]:
    """Return the gender of each actor."""
    genders = {}
    for row in read_rows(path, ["ActorID", "Sex"], ["ActorID", "Sex"], IssueCounts()):
        if row.text("Sex") not in GENDERS:
            raise row.error(f"`Sex` is `{row.text('Sex')}`. Use {' or '.join(GENDERS)}.")
        genders[row.text("ActorID", required=True)] = GENDERS[row.text("Sex")]
    return genders
