"""What is known of the release of AMI: its meetings, their partition and its totals."""

from emospeech.runtime.errors import InputError

HOURS = 99.92  # of one stream a meeting
WORDS_FILES = 687

# The partition called full-corpus-asr; what is in neither of the two is for training.
DEV = {
    *(f"{series}{part}" for series in ("ES2011", "IS1008", "TS3004") for part in "abcd"),
    *("IB4001", "IB4002", "IB4003", "IB4004", "IB4010", "IB4011"),
}
EVAL = {f"{series}{part}" for series in ("ES2004", "IS1009", "TS3003", "EN2002") for part in "abcd"}
PARTITIONS = ("train", "dev", "eval")

# Participants who speak: four, but for these.
FIVE = {"EN2001a", "EN2001d", "EN2001e"}
THREE = {"EN2002c", "EN2003a", "EN2009b", "EN2009c", "IN1001"}


def meeting_names():
    """Return the names of the 171 meetings, sorted."""
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


def partition_of(meeting):
    """Return "train", "dev" or "eval"; empty for a meeting that the release does not have."""
    if meeting not in meeting_names():
        return ""
    return "dev" if meeting in DEV else "eval" if meeting in EVAL else "train"


def participants_of(meeting):
    """Return how many people speak in a meeting."""
    return 5 if meeting in FIVE else 3 if meeting in THREE else 4


def meetings_with(stream, named=(), partition="all"):
    """Return the meetings of a partition that have a stream, sorted: of those `named`, or of all.

    Raises InputError for a name that no meeting of AMI has, and for a named meeting that does not
    have the stream.
    """
    known = FIVE if stream == "Headset-4" else meeting_names()
    for meeting in named:
        if meeting not in meeting_names():
            raise InputError("meetings", f"`{meeting}` is no meeting of AMI; write it as ES2002a")
        if meeting not in known:
            raise InputError(
                "meetings", f"`{meeting}` has no {stream}; {', '.join(sorted(FIVE))} have it"
            )
    wanted = set(named) or known
    return sorted(name for name in wanted if partition in ("all", partition_of(name)))
