"""Comparison of a corpus with the published numbers of its release.

An incomplete copy of a release can be used; the comparison shows what is missing. The full-size
synthetic corpora match all numbers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from tabulate import tabulate

from emospeech.corpora import ami_release
from emospeech.corpora import iemocap_release as release
from emospeech.corpora.ami import PERSONAL_MICROPHONE

CHECK_COLUMNS = ["check", "group", "expected", "found", "result"]
MAX_NAMES = 4  # missing names to list
HALF_DIGIT = 0.005  # rounding error of hours and seconds, published with two decimals


def check_iemocap(
    recordings: pd.DataFrame, ratings: pd.DataFrame, summary: Mapping[str, Any]
) -> pd.DataFrame:
    """Return a table of CHECK_COLUMNS that compares IEMOCAP with the contents of its release.

    Valence is compared as printed in the release, before ratings off the scale are dropped.
    """
    rows = []
    for session in range(1, 6):
        group, names = f"Session{session}", release.dialogues(session)
        in_session = recordings[recordings["session"] == f"Ses0{session}"]
        turns = {name: n for name, n in release.TURNS.items() if name[4] == str(session)}
        rows.append(_compare_names("dialogues", group, names, set(in_session["dialogue"])))
        rows.append(_compare("turns", group, sum(turns.values()), len(in_session)))
        rows += _compare_values("turns", turns, in_session["speaker"])
    styles = {"improvised": release.IMPROVISED}
    styles["scripted"] = release.UTTERANCES - release.IMPROVISED
    rows += _compare_values("turns", styles, recordings["dialogue"].map(release.dialogue_style))
    seconds = recordings["duration"]
    rows += [
        _compare_measure("hours", release.HOURS, seconds.sum() / 3600),
        _compare_measure("shortest turn, s", release.SHORTEST, seconds.min()),
        _compare_measure("median turn, s", release.MEDIAN, seconds.median()),
        _compare_measure("longest turn, s", release.LONGEST, seconds.max(), 10 * HALF_DIGIT),
    ]
    averages = ratings[ratings["kind"] == "external"].groupby("recording")["valence"].mean()
    valences = {f"{value:.2f}": n for value, n in release.VALENCES.items()}
    rows += _compare_values("valence", valences, averages.map("{:.2f}".format))
    emotions = {name: row[0] for name, row in release.EMOTIONS.items()}
    rows += _compare_values("emotion", emotions, recordings["emotion"])
    unaligned = sum(recordings["recording"].isin(release.NO_ALIGNMENT))
    found = summary["irregular"].get("no forced alignment", 0)
    rows.append(_compare("alignment files missing", "all", unaligned, found))
    return pd.DataFrame(rows, columns=CHECK_COLUMNS)


def check_ami(
    recordings: pd.DataFrame, words: pd.DataFrame, summary: Mapping[str, Any]
) -> pd.DataFrame:
    """Return a table of CHECK_COLUMNS that compares AMI with the contents of its release."""
    found, names = set(recordings["session"]), ami_release.meeting_names()
    deselected = sum(
        n for issue, n in summary["left_out"].items() if issue.startswith("meeting not selected")
    )
    sites = sorted({name[:2] for name in names})
    groups = {site: [name for name in names if name[:2] == site] for site in sites}
    for partition in ami_release.PARTITIONS:
        groups[partition] = [name for name in names if ami_release.partition_of(name) == partition]
    groups["all"] = names
    rows = [
        *(_compare_names("meetings", group, members, found) for group, members in groups.items()),
        _compare("meetings with another name", "all", 0, len(found - set(names))),
        _compare("meetings not selected", "all", 0, deselected),
        _compare_measure("hours", ami_release.HOURS, recordings["duration"].sum() / 3600),
        _compare("words files", "all", ami_release.WORDS_FILES, summary["words files"]),
    ]
    streams = recordings["recording"].str.partition(".")[2]
    if not streams.map(PERSONAL_MICROPHONE.fullmatch).any():
        expected = recordings.set_index("recording")["session"].map(ami_release.speakers_in)
        speaking = words.groupby("recording")["speaker"].nunique()
        speaking = speaking.reindex(expected.index, fill_value=0)
        missing = [
            f"{name.partition('.')[0]} ({speaking[name]} of {expected[name]})"
            for name in expected.index[speaking < expected]
        ]
        empty = recordings["session"].isin(ami_release.THREE_SPEAKERS).sum()
        without_words = summary["irregular"].get("words file without words", 0)
        rows += [
            _compare("speakers", "all", expected.sum(), speaking.sum(), missing),
            _compare("words files without words", "all", empty, without_words),
        ]
    return pd.DataFrame(rows, columns=CHECK_COLUMNS)


def _compare(check: str, group: str, expected: int, found: int, missing: Sequence[str] = ()):
    """Return a row for a count, with the names of missing items if they are known."""
    expected, found = int(expected), int(found)
    if found == expected and not missing:
        result = "ok"
    elif expected and not found:
        result = "none found"
    else:
        result = f"{abs(expected - found)} {'missing' if found < expected else 'too many'}"
        names = [*missing[:MAX_NAMES]]
        if len(missing) > MAX_NAMES:
            names.append(f"{len(missing) - MAX_NAMES} more")
        result += f": {', '.join(names)}" if names else ""
    return check, group, str(expected), str(found), result


def _compare_names(check: str, group: str, expected: Sequence[str], found: set[str]):
    missing = [name for name in expected if name not in found]
    return _compare(check, group, len(expected), len(expected) - len(missing), missing)


def _compare_values(check: str, expected: Mapping[str, int], values: pd.Series):
    """Return a row for each expected value and for each other value found."""
    counts = values.value_counts()
    unexpected = dict.fromkeys(sorted(set(counts.index) - expected.keys()), 0)
    return [
        _compare(check, value, number, counts.get(value, 0))
        for value, number in {**expected, **unexpected}.items()
    ]


def _compare_measure(check: str, expected: float, found: float, tolerance: float = HALF_DIGIT):
    # The factor allows for floating-point rounding errors.
    result = "ok" if abs(found - expected) <= tolerance * (1 + 1e-9) else "differs"
    return check, "all", f"{expected:g}", f"{found:.3f}", result


def render_check(corpus: str, table: pd.DataFrame) -> str:
    """Return a table of CHECK_COLUMNS as text with a heading and an empty line at the end."""
    different = int((table["result"] != "ok").sum())
    heading = f"{different} of {len(table)} numbers differ from the release"
    rows = tabulate(table.values.tolist(), CHECK_COLUMNS, "plain", disable_numparse=True)
    return f"{corpus}: {heading if different else 'matches the release'}\n{rows}\n\n"
