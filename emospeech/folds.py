"""The folds of a study: the part of each recording (train, validation or test) in each fold.

No speaker is in two parts of a fold, and every recording is tested in one fold at most.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emospeech.corpora.csv_rows import Row, read_rows
from emospeech.corpora.issues import IssueCounts
from emospeech.runtime.errors import InputError

PARTS = ("train", "validation", "test")
GENDERS = ("F", "M")
FEWEST_GROUPS = 3  # one group each for test, validation and training


@dataclass(frozen=True)
class FoldSettings:
    """The section `folds` of the config.

    Attributes:
        sessions: Number of sessions of the corpus.
        validation: Gender of the validation speakers of a session, "F" or "M"; "both" runs two
            rounds of folds, in which the speakers of a session swap roles.
        scheme: "session" holds out one session per fold, as in the paper; "speakers" holds out two
            groups of speakers, for validation and test; "file" reads the parts from a table.
        groups: Number of groups of the scheme "speakers".
        file: CSV file of the scheme "file".
    """

    sessions: int = 5
    validation: str = "F"
    scheme: str = "session"
    groups: int = 5
    file: str | None = None

    @property
    def rounds(self) -> tuple[str, ...]:
        """The gender of the validation speakers in each round of folds over the sessions."""
        return GENDERS if self.validation == "both" else (self.validation,)


def make_folds(recordings: pd.DataFrame, settings: FoldSettings) -> pd.DataFrame:
    """Return folds.csv: `fold, recording, part`, with each recording once per fold.

    Folds are numbered from 1.

    Args:
        recordings: Columns `recording, session, speaker, gender`; the scheme "session" requires the
            sessions. The gender may be unknown ("").
        settings: The scheme and its options.

    Raises:
        InputError: The corpus does not fit the settings, or the file of the scheme "file" is
            invalid.
    """
    if settings.scheme == "file":
        return _read_folds(Path(str(settings.file)), recordings)
    if settings.scheme == "speakers":
        parts = _parts_by_group(recordings, settings.groups)
    else:
        parts = _parts_by_session(recordings, settings)
    columns = ["recording", "part"]
    folds = [recordings.assign(part=part)[columns] for part in parts]
    table = pd.concat(folds, keys=range(1, len(folds) + 1), names=["fold"])
    return table.reset_index("fold").reset_index(drop=True)


def count_folds(settings: FoldSettings) -> int:
    """Return the number of folds that `make_folds` returns.

    Raises:
        InputError: The file of the scheme "file" cannot be read.
    """
    if settings.scheme == "file":
        return len({fold for fold, *_ in _fold_rows(Path(str(settings.file)))})
    if settings.scheme == "speakers":
        return settings.groups
    return settings.sessions * len(settings.rounds)


def group_speakers(speakers: pd.DataFrame, groups: int) -> pd.Series:
    """Return the group (0 to groups - 1) of each speaker, indexed by speaker.

    Speakers are assigned greedily, one gender at a time, in descending order of recordings. Each
    joins the group with the fewest speakers of that gender; ties are broken by the fewest speakers
    overall, then by the fewest recordings. The number of speakers of a gender and the total number
    of speakers therefore differ by at most one between groups.

    Args:
        speakers: Columns `gender, recordings`, indexed by speaker.
        groups: The number of groups.
    """
    order = speakers.sort_index().sort_values("recordings", ascending=False, kind="stable")
    same, everyone, sizes = (np.zeros(groups, int) for _ in range(3))
    found = {}
    for _, rows in order.groupby("gender"):
        same[:] = 0
        for speaker, recordings in rows["recordings"].items():
            group = np.lexsort((sizes, everyone, same))[0]
            found[speaker] = group
            same[group] += 1
            everyone[group] += 1
            sizes[group] += recordings
    return pd.Series(found, name="group")


def _parts_by_group(recordings: pd.DataFrame, groups: int) -> list[np.ndarray]:
    """Return the part of each recording in each fold: group i is tested, group i + 1 validates."""
    speakers = recordings.groupby("speaker").agg(
        gender=("gender", "first"), recordings=("recording", "size")
    )
    if len(speakers) < FEWEST_GROUPS:
        problem = f"needs {FEWEST_GROUPS} or more speakers, but the corpus has {len(speakers)}"
        raise InputError("folds.scheme", f"{problem}. Add recordings of other speakers.")
    if len(speakers) < groups:
        problem = f"is {groups}, but the corpus has {len(speakers)} speakers"
        remedy = f"Use {FEWEST_GROUPS} to {len(speakers)} groups"
        raise InputError("folds.groups", f"{problem}. {remedy}.")
    group = recordings["speaker"].map(group_speakers(speakers, groups)).to_numpy()
    return [
        np.select([group == test, group == (test + 1) % groups], ["test", "validation"], "train")
        for test in range(groups)
    ]


def _parts_by_session(recordings: pd.DataFrame, settings: FoldSettings) -> list[np.ndarray]:
    """Return the part of each recording in each fold, in the order of the names of the sessions."""
    sessions = _speakers_by_session(recordings, settings.sessions)
    speaker = recordings["speaker"]
    parts = []
    for gender in settings.rounds:
        for session in sorted(sessions):
            held_out = sessions[session]
            is_validation = speaker.isin(_validation_speakers(held_out, gender))
            conditions = [is_validation, speaker.isin(list(held_out))]
            parts.append(np.select(conditions, ["validation", "test"], "train"))
    return parts


def _validation_speakers(genders: dict[str, str], gender: str) -> list[str]:
    """Return the validation speakers of a session with speakers {speaker: gender}.

    They are those of one gender. If the session does not have speakers of both genders, or the
    gender of one is unknown, the speakers are sorted by name and split in half; the first half
    takes the role of F.
    """
    if set(genders.values()) == set(GENDERS):
        return [speaker for speaker, own in genders.items() if own == gender]
    names, half = sorted(genders), len(genders) // 2
    return names[:half] if gender == "F" else names[half:]


def _speakers_by_session(recordings: pd.DataFrame, count: int) -> dict[str, dict[str, str]]:
    """Return {session: {speaker: gender}}.

    Raises InputError if the sessions cannot be used as folds.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    home: dict[str, str] = {}
    remedy = "or set folds.scheme to speakers"
    rows = recordings[["recording", "session", "speaker", "gender"]].to_numpy(str)
    for recording, session, speaker, gender in rows:
        if not session:
            problem = f"recording {recording} has no session"
            raise InputError("folds.scheme", f"{problem}. Name it in recordings.csv, {remedy}.")
        if home.setdefault(speaker, session) != session:
            problem = f"speaker {speaker} is in the sessions {home[speaker]} and {session}"
            raise InputError("folds.scheme", f"{problem}. Merge the sessions, {remedy}.")
        if found[session].setdefault(speaker, gender) != gender:
            problem = f"speaker {speaker} has two genders"
            raise InputError("folds.scheme", f"{problem}. Correct recordings.csv.")
    if len(found) != count:
        names = ", ".join(sorted(found))
        problem = f"is {count}, but the corpus has {len(found)} sessions ({names})"
        raise InputError("folds.sessions", f"{problem}. Set it to the number of sessions.")
    for session, speakers in found.items():
        if len(speakers) < 2:
            problem = f"session {session} has only the speaker {', '.join(speakers)}, but a session"
            problem += " needs one for validation and one for testing"
            raise InputError("folds.scheme", f"{problem}. Remove the session, {remedy}.")
    return found


def _fold_rows(path: Path) -> list[tuple[int, str, str, Row]]:
    """Return (fold, part, name, row) of each row of the user's file, in its order."""
    issues = IssueCounts()
    rows = list(read_rows(path, ("fold", "part"), ("fold", "part", "speaker", "recording"), issues))
    if not rows:
        raise InputError(path, "contains no fold. Add a row for each fold and speaker.")
    if len({"speaker", "recording"} & set(rows[0].cells)) != 1:
        raise InputError(path, "needs either a column `speaker` or a column `recording`.")
    column = "speaker" if "speaker" in rows[0].cells else "recording"
    found = []
    for row in rows:
        fold, part = row.number("fold", low=1, required=True), row.text("part", required=True)
        if fold % 1 or part not in PARTS:
            problem = f"`fold` is `{row.text('fold')}` and `part` is `{part}`"
            raise row.error(f"{problem}. Use a whole number, and one of {', '.join(PARTS)}.")
        found.append((int(fold), part, row.text(column, required=True), row))
    numbers = {fold for fold, *_ in found}
    if missing := set(range(1, len(numbers) + 1)) - numbers:
        problem = f"has no fold {min(missing)}, but a fold {max(numbers)}"
        raise InputError(path, f"{problem}. Number the folds from 1 without gaps.")
    return found


def _read_folds(path: Path, recordings: pd.DataFrame) -> pd.DataFrame:
    """Return folds.csv from the user's file, which assigns speakers or recordings to parts."""
    rows = _fold_rows(path)
    column = "speaker" if "speaker" in rows[0][3].cells else "recording"
    speaker_of = dict(zip(recordings["recording"], recordings["speaker"], strict=True))
    known = set(recordings[column])
    parts, by_speaker, tested = {}, {}, {}
    for fold, part, name, row in rows:
        if name not in known:
            raise row.error(f"`{column}` is `{name}`, which is not in the corpus. Remove the row.")
        if (fold, name) in parts:
            raise row.error(f"`{column}` {name} is already in fold {fold}. Remove one of the rows.")
        parts[fold, name] = part
        speaker = name if column == "speaker" else speaker_of[name]
        other = by_speaker.setdefault((fold, speaker), part)
        if other != part:
            problem = f"speaker {speaker} is in the parts {other} and {part} of fold {fold}"
            raise row.error(f"{problem}. Put all recordings of a speaker into one part.")
        if part == "test" and tested.setdefault(name, fold) != fold:
            problem = f"`{column}` {name} is tested in the folds {tested[name]} and {fold}"
            raise row.error(f"{problem}. Test it in one fold only.")
    folds = range(1, max(fold for fold, *_ in rows) + 1)
    lines = []
    for fold in folds:
        if lacking := set(PARTS) - {part for (n, _), part in parts.items() if n == fold}:
            problem = f"fold {fold} has no {min(lacking)} part"
            raise InputError(path, f"{problem}. Add rows for it.")
        for recording, name in zip(recordings["recording"], recordings[column], strict=True):
            if (fold, name) not in parts:
                problem = f"fold {fold} has no row for the {column} {name}"
                raise InputError(path, f"{problem}. Give it a part in every fold.")
            lines.append((fold, recording, parts[fold, name]))
    return pd.DataFrame(lines, columns=["fold", "recording", "part"])
