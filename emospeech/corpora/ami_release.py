"""The meetings, partition and totals of the AMI release."""

from collections.abc import Collection

from emospeech.runtime.errors import InputError

HOURS = 99.92  # total of one stream per meeting
WORDS_FILES = 687

# The partition full-corpus-asr; all other meetings are for training.
DEV = {
    *(f"{series}{part}" for series in ("ES2011", "IS1008", "TS3004") for part in "abcd"),
    *("IB4001", "IB4002", "IB4003", "IB4004", "IB4010", "IB4011"),
}
EVAL = {f"{series}{part}" for series in ("ES2004", "IS1009", "TS3003", "EN2002") for part in "abcd"}
PARTITIONS = ("train", "dev", "eval")

# Meetings with more or fewer than four speakers.
FIVE_SPEAKERS = {"EN2001a", "EN2001d", "EN2001e"}
THREE_SPEAKERS = {"EN2002c", "EN2003a", "EN2009b", "EN2009c", "IN1001"}


def meeting_names() -> list[str]:
    """Return the sorted names of the 171 meetings."""
    names = {f"ES{n}{part}" for n in range(2002, 2017) for part in "abcd"}
    names |= {f"IS{n}{part}" for n in range(1000, 1010) for part in "abcd"}
    names |= {f"TS{n}{part}" for n in range(3003, 3013) for part in "abcd"}
    names -= {"IS1002a", "IS1005d"}
    for number, parts in (("2001", "abde"), ("2002", "abcd"), ("2006", "ab"), ("2009", "bcd")):
        names |= {f"EN{number}{part}" for part in parts}
    names |= {"EN2003a", "EN2004a", "EN2005a"}
    names |= {f"IB{n}" for n in (4001, 4002, 4003, 4004, 4005, 4010, 4011)}
    names |= {f"IN{n}" for n in (1001, 1002, 1005, 1007, 1008, 1009, 1012, 1013, 1014, 1016)}
    return sorted(names)


def partition_of(meeting: str) -> str:
    """Return "train", "dev" or "eval", or "" if the release has no such meeting."""
    if meeting not in meeting_names():
        return ""
    return "dev" if meeting in DEV else "eval" if meeting in EVAL else "train"


def speakers_in(meeting: str) -> int:
    """Return the number of people who speak in a meeting."""
    return 5 if meeting in FIVE_SPEAKERS else 3 if meeting in THREE_SPEAKERS else 4


def meetings_with(stream: str) -> list[str]:
    """Return the sorted meetings that have a stream, such as Mix-Headset."""
    return sorted(FIVE_SPEAKERS) if stream == "Headset-4" else meeting_names()


def select_meetings(
    available: Collection[str], names: Collection[str] = (), partition: str = "all"
) -> list[str]:
    """Return the sorted meetings that have one of these names and are in a partition.

    Args:
        available: The meetings to select from.
        names: Names to select; empty for all.
        partition: "train", "dev", "eval" or "all".

    Raises:
        InputError: A name or the partition is unknown, or no meeting remains.
    """
    for name in names:
        if name not in available:
            remedy = f"Use names such as {min(available, default='ES2002a')}"
            raise InputError("meetings", f"`{name}` is not a meeting with this stream. {remedy}.")
    if partition not in ("all", *PARTITIONS):
        remedy = f"Use all, {', '.join(PARTITIONS)}"
        raise InputError("partition", f"`{partition}` is not a partition. {remedy}.")
    named = set(names) or available
    selected = sorted(name for name in named if partition in ("all", partition_of(name)))
    if available and not selected:
        raise InputError("partition", f"`{partition}` has none of the meetings. Use another one.")
    return selected
