"""The names of the meetings of AMI, and which of them have five participants."""

from emospeech.faults import InputError

FIVE = ("EN2001a", "EN2001d", "EN2001e")  # the others have four, and no fifth headset


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


def meetings_with(stream, named=()):
    """Return the meetings that have a stream, sorted: of those `named`, or of all where none is.

    Raises InputError for a name that no meeting of AMI has, and for a named meeting that does not
    have the stream.
    """
    known = FIVE if stream == "Headset-4" else meeting_names()
    for meeting in named:
        if meeting not in meeting_names():
            raise InputError("meetings", f"`{meeting}` is no meeting of AMI; write it as ES2002a")
        if meeting not in known:
            raise InputError("meetings", f"`{meeting}` has no {stream}; {', '.join(FIVE)} have it")
    return sorted(set(named) or known)
