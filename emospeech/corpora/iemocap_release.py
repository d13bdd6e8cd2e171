"""Names and totals of the IEMOCAP release, from its public descriptions."""

# Turns of each speaker.
TURNS = {
    "Ses01F": 873,
    "Ses01M": 946,
    "Ses02F": 859,
    "Ses02M": 952,
    "Ses03F": 1048,
    "Ses03M": 1088,
    "Ses04F": 987,
    "Ses04M": 1116,
    "Ses05F": 1033,
    "Ses05M": 1137,
}
UTTERANCES = 10039
IMPROVISED = 4784
HOURS = 12.44
SHORTEST, LONGEST, MEDIAN = 0.585, 34.1, 3.52  # seconds of a turn

# Turns by average valence; averages of two, three and four raters.
_VALENCES = {
    **{1: 126, 1.5: 925, 2: 2075, 2.5: 1935, 3: 1607, 3.5: 816, 4: 1347, 4.5: 407, 5: 111, 5.5: 4},
    **{
        4 / 3: 18,
        5 / 3: 79,
        7 / 3: 198,
        8 / 3: 170,
        10 / 3: 80,
        11 / 3: 62,
        13 / 3: 39,
        14 / 3: 18,
    },
    **{3.75: 1, 4.25: 14, 4.75: 7},
}
VALENCES = dict(sorted(_VALENCES.items()))
# Number of turns, mean valence and mean activation by emotion. The means are assumptions of the
# synthetic corpus.
EMOTIONS = {
    "xxx": (2507, 2.8, 3.0),
    "fru": (1849, 2.2, 3.1),
    "neu": (1708, 3.0, 2.6),
    "ang": (1103, 1.8, 3.8),
    "sad": (1084, 2.2, 2.2),
    "exc": (1041, 4.0, 3.8),
    "hap": (595, 4.0, 3.1),
    "sur": (107, 3.2, 3.6),
    "fea": (40, 2.0, 3.6),
    "oth": (3, 2.6, 3.0),
    "dis": (2, 2.0, 3.0),
}

# Turns with an average valence of 5.5 because of a 6, which is an unrated 0 on the reversed scale.
RATED_SIX = tuple(f"Ses03M_impro07_M{number:03d}" for number in (3, 10, 13, 21))
HIDDEN_SIX = "Ses03M_impro07_M005"  # rated 4 and 6, with an average of 5
NO_ALIGNMENT = ("Ses03F_impro07_M030", "Ses03M_impro03_M001")
HALF_DOMINANCE = 3  # turns with a dominance of 0.5, where one of two ratings is missing


def dialogues(session: int) -> list[str]:
    """Return the sorted names of the dialogues of a session, numbered from 1."""
    scenes = [f"impro0{n}" for n in range(1, 9 if session > 1 else 8)]
    scenes += [f"script0{part}" for part in ("1_1", "1_2", "1_3", "2_1", "2_2", "3_1", "3_2")]
    names = {f"Ses0{session}{gender}_{scene}" for gender in "FM" for scene in scenes}
    if session == 3:
        names -= {"Ses03M_impro05", "Ses03M_impro08"}
        names |= {f"Ses03M_impro{scene}" for scene in ("05a", "05b", "08a", "08b")}
    if session == 5:
        names.add("Ses05M_script01_1b")
    return sorted(names)


def dialogue_style(dialogue: str) -> str:
    """Return "improvised" or "scripted" for the name of a dialogue."""
    return "improvised" if "_impro" in dialogue else "scripted"
