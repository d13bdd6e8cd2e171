"""Which meetings of AMI are read: named ones, those of a partition, or so many hours of them.

The meetings are taken in an order that depends on the seed and on each meeting's own name, until
the hours are reached. So a larger number of hours holds the meetings of a smaller one, and neither
a meeting that is not there nor one that is left out by name changes the order of the others.
"""

import hashlib

import numpy as np

from emospeech.corpora.ami_release import PARTITIONS, partition_of
from emospeech.runtime.errors import InputError


def select_named(known, settings, tally):
    """Return those of the meetings `known`, a set, that have a name and partition asked for.

    `tally` counts the others. Raises InputError for a meeting or partition that is nowhere to be
    found, and where nothing is left.
    """
    for meeting in settings.meetings:
        if meeting not in known:
            raise InputError("meetings", f"`{meeting}` has neither this stream nor words")
    if settings.partition not in ("all", *PARTITIONS):
        expected = f"take all, {', '.join(PARTITIONS)}"
        raise InputError("partition", f"`{settings.partition}` is none; {expected}")
    named = set(settings.meetings) or set(known)
    chosen = {meeting for meeting in named if settings.partition in ("all", partition_of(meeting))}
    tally.left_out["meeting not selected: not named"] += len(known) - len(named)
    tally.left_out["meeting not selected: another partition"] += len(named) - len(chosen)
    if known and not chosen:
        raise InputError("partition", f"none of the meetings is in `{settings.partition}`")
    return chosen


def drawn(meetings, seed):
    """Return `meetings` as a list in the order that is drawn from `seed`."""
    return sorted(meetings, key=lambda name: (_rank(seed, name), name))


def take_hours(recordings, hours, tally):
    """Return the first of `recordings`, dicts with a `duration`, that reach so many hours.

    The last one is taken whole and none behind it is looked at; None means all. `tally` counts
    where there are too few. Raises InputError for a number of hours that cannot be.
    """
    if hours is None:
        return list(recordings)
    if not hours > 0:
        raise InputError("hours", f"{hours} is not possible; give more than 0, or null for all")
    taken, seconds = [], 0.0
    for recording in recordings:
        taken.append(recording)
        seconds += recording["duration"]
        if seconds >= hours * 3600:
            return taken
    tally.irregular["fewer hours found than asked for"] += 1
    return taken


def _rank(seed, meeting):
    """Return a number of the interval from 0 to 1 drawn for a meeting."""
    digest = hashlib.sha256(meeting.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "little")]).random()
