"""What was found of a corpus against what its release is known to hold, a row a number.

A part of a release passes as far as it goes: the rows say what is short and where. Since the
synthetic corpus has the names and numbers of the releases, its rows are right at full size.
"""

import pandas as pd

from emospeech.corpora import ami_release
from emospeech.corpora import iemocap_release as release
from emospeech.corpora.ami import ONE_PARTICIPANT
from emospeech.corpora.transcripts import dialogue_style

CHECK_COLUMNS = ["check", "place", "known", "found", "verdict"]
NAMED = 4  # missing names that a verdict spells out
HOURS, SECONDS = 0.005, 0.005  # half of the last digit that is known


def check_iemocap(recordings, ratings, summary):
    """Return a data frame of CHECK_COLUMNS for IEMOCAP.

    `recordings`, `ratings` and `summary` are those of a LabelledCorpus. The averages of valence
    are those of the ratings as they stand, which are the averages that the release prints.
    """
    rows = [row for number in range(1, 6) for row in _session(number, recordings)]
    styles = {"improvised": release.IMPROVISED}
    styles["scripted"] = release.UTTERANCES - release.IMPROVISED
    rows += _by_value("turns", styles, recordings["dialogue"].map(dialogue_style))
    rows += _lengths(recordings["duration"])
    averages = ratings[ratings["kind"] == "external"].groupby("recording")["valence"].mean()
    known = {f"{value:.2f}": n for value, n in release.VALENCES.items()}
    rows += _by_value("valence", known, averages.map("{:.2f}".format))
    known = {name: row[0] for name, row in release.EMOTIONS.items()}
    rows += _by_value("emotion", known, recordings["emotion"])
    unaligned = sum(recordings["recording"].isin(release.NO_ALIGNMENT))
    found = summary["irregular"].get("no forced alignment", 0)
    rows.append(_counted("alignment files missing", "all", unaligned, found))
    return pd.DataFrame(rows, columns=CHECK_COLUMNS)


def _session(number, recordings):
    """Return the rows of a session of IEMOCAP: its dialogues, its turns and those of a speaker."""
    place, names = f"Session{number}", release.dialogues(number)
    mine = recordings[recordings["session"] == f"Ses0{number}"]
    missing = sorted(set(names) - set(mine["dialogue"]))
    speakers = {name: n for name, n in release.TURNS.items() if name[4] == str(number)}
    return [
        _counted("dialogues", place, len(names), len(names) - len(missing), missing),
        _counted("turns", place, sum(speakers.values()), len(mine)),
        *_by_value("turns", speakers, mine["speaker"]),
    ]


def _lengths(seconds):
    """Return the rows of the lengths of turns, a series in seconds."""
    return [
        _measured("hours", "all", release.HOURS, seconds.sum() / 3600, HOURS),
        _measured("shortest turn, s", "all", release.SHORTEST, seconds.min(), SECONDS),
        _measured("median turn, s", "all", release.MEDIAN, seconds.median(), SECONDS),
        _measured("longest turn, s", "all", release.LONGEST, seconds.max(), 10 * SECONDS),
    ]


def check_ami(recordings, words, summary):
    """Return a data frame of CHECK_COLUMNS for AMI, from the parts of its Corpus."""
    found = set(recordings["session"])
    left_out = summary["left_out"].items()
    unread = sum(n for what, n in left_out if what.startswith("meeting not selected"))
    hours = recordings["duration"].sum() / 3600
    rows = [
        *(_meetings(place, names, found) for place, names in _groups().items()),
        _counted("meetings of another name", "all", 0, len(found - set(_groups()["all"]))),
        _counted("meetings not selected", "all", 0, unread),
        _measured("hours", "all", ami_release.HOURS, hours, HOURS),
        _counted("words files", "all", ami_release.WORDS_FILES, summary["words files"]),
    ]
    streams = recordings["recording"].str.partition(".")[2]
    if not streams.map(ONE_PARTICIPANT.fullmatch).any():
        rows += _participants(recordings, words, summary)
    return pd.DataFrame(rows, columns=CHECK_COLUMNS)


def _groups():
    """Return the names of AMI's meetings by site, by partition and all together."""
    groups, names = {}, ami_release.meeting_names()
    for name in names:
        groups.setdefault(name[:2], []).append(name)
    for partition in ami_release.PARTITIONS:
        groups[partition] = [n for n in names if ami_release.partition_of(n) == partition]
    return groups | {"all": names}


def _meetings(place, names, found):
    missing = [name for name in names if name not in found]
    return _counted("meetings", place, len(names), len(names) - len(missing), missing)


def _participants(recordings, words, summary):
    """Return the rows of who speaks in the meetings that were found."""
    heard = words.groupby("recording")["speaker"].nunique()
    expected = recordings.set_index("recording")["session"].map(ami_release.participants_of)
    heard = heard.reindex(expected.index, fill_value=0)
    short = [
        f"{name.partition('.')[0]} ({heard[name]} of {expected[name]})"
        for name in expected.index[heard < expected]
    ]
    empty = recordings["session"].isin(ami_release.THREE).sum()
    found = summary["irregular"].get("words file without words", 0)
    return [
        _counted("participants who speak", "all", expected.sum(), heard.sum(), short),
        _counted("words files without words", "all", empty, found),
    ]


def _by_value(check, known, values):
    """Return a row for each value that is known, and for each other one that was found."""
    counts = values.value_counts()
    others = dict.fromkeys(sorted(set(counts.index) - known.keys()), 0)
    return [
        _counted(check, value, number, counts.get(value, 0))
        for value, number in (known | others).items()
    ]


def _counted(check, place, known, found, missing=()):
    known, found = int(known), int(found)
    if found == known and not missing:
        verdict = "ok"
    elif known and not found:
        verdict = "none found"
    else:
        verdict = f"{abs(known - found)} {'short' if found < known else 'too many'}"
        named = [*missing[:NAMED], *([f"{len(missing) - NAMED} more"] * (len(missing) > NAMED))]
        verdict += f": {', '.join(named)}" if missing else ""
    return check, place, str(known), str(found), verdict


def _measured(check, place, known, found, tolerance):
    # Beyond the last digit known; a touch more, since neither number is exact in binary.
    verdict = "ok" if abs(found - known) <= tolerance * (1 + 1e-9) else "differs"
    return check, place, f"{known:g}", f"{found:.3f}", verdict


def render_check(corpus, table):
    """Return the text of a table of CHECK_COLUMNS: a heading and a line a row, aligned.

    An empty line ends it, so that the texts of two corpora can be shown one behind the other.
    """
    wrong = int((table["verdict"] != "ok").sum())
    heading = f"{corpus}: " + (
        f"{wrong} of {len(table)} numbers are not those of the release" if wrong else "all is there"
    )
    lines = [CHECK_COLUMNS, *table.itertuples(index=False, name=None)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(CHECK_COLUMNS))]
    aligned = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
    return "\n".join((heading, *aligned)) + "\n\n"
