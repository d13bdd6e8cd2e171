"""What is known of the release of IEMOCAP from its public descriptions: names and totals."""

# Turns of each speaker. The speaker is the session and the letter of an utterance's last field.
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

# Turns by the average of the raters: with two raters halves, with three thirds, with four quarters.
VALENCES = {
    1: 126,
    4 / 3: 18,
    1.5: 925,
    5 / 3: 79,
    2: 2075,
    7 / 3: 198,
    2.5: 1935,
    8 / 3: 170,
    3: 1607,
    10 / 3: 80,
    3.5: 816,
    11 / 3: 62,
    3.75: 1,
    4: 1347,
    4.25: 14,
    13 / 3: 39,
    4.5: 407,
    14 / 3: 18,
    4.75: 7,
    5: 111,
    5.5: 4,
}
# Turns by emotion, then the mean valence and the mean activation that go with it here.
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

# Turns whose average is 5.5, since one of the ratings is a 6: a 0 (not rated), turned round.
RATED_SIX = tuple(f"Ses03M_impro07_M{number:03d}" for number in (3, 10, 13, 21))
HIDDEN_SIX = "Ses03M_impro07_M005"  # a 4 and a 6: the average of 5 hides it
NO_ALIGNMENT = ("Ses03F_impro07_M030", "Ses03M_impro03_M001")
HALF_DOMINANCE = 3  # turns with a dominance of 0.5, one of the two numbers missing


def dialogues(session):
    """Return the names of a session's dialogues, sorted; sessions count from 1."""
    scenes = [f"impro0{n}" for n in range(1, 9 if session > 1 else 8)]
    scenes += [f"script0{part}" for part in ("1_1", "1_2", "1_3", "2_1", "2_2", "3_1", "3_2")]
    names = {f"Ses0{session}{worn}_{scene}" for worn in "FM" for scene in scenes}
    if session == 3:
        names -= {"Ses03M_impro05", "Ses03M_impro08"}
        names |= {f"Ses03M_impro{scene}" for scene in ("05a", "05b", "08a", "08b")}
    if session == 5:
        names.add("Ses05M_script01_1b")
    return sorted(names)
