"""What was said in each utterance: the files of `dialog/transcriptions` of IEMOCAP."""

import re

import pandas as pd

TRANSCRIPT_COLUMNS = ["recording", "style", "transcript"]
# Utterance, times and text, such as `Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.`
LINE = re.compile(r"(\w+)\s*\[[^\]]*\]\s*:(.*)", re.ASCII)
CONTROLS = dict.fromkeys([*range(0x20), 0x7F], " ")


def parse_transcription(text, tally):
    """Return `{utterance: transcript}` of a transcription file.

    Runs of white space become one space. `tally` counts lines that name no utterance, such as
    `F: Yes.`, and lines of an utterance that the file had before.
    """
    transcripts = {}
    for line in re.split(r"\r\n|\n|\r", text):
        found = LINE.fullmatch(line := line.translate(CONTROLS).strip())
        if found is None:
            tally.left_out["transcription line without an utterance"] += bool(line)
        elif found[1] in transcripts:
            tally.left_out["second transcription of an utterance"] += 1
        else:
            transcripts[found[1]] = " ".join(found[2].split())
    return transcripts


def dialogue_style(dialogue):
    """Return "improvised" or "scripted" for the name of a dialogue such as Ses01F_impro01."""
    return "improvised" if "_impro" in dialogue else "scripted"


def transcript_table(utterances, transcripts, tally):
    """Return a data frame of TRANSCRIPT_COLUMNS with a row for each of `utterances`.

    These are pairs of an utterance and its dialogue; `transcripts` maps utterances to texts. Where
    there is none the cell is empty, which is counted, and so are transcripts of other utterances.
    """
    rows = [(name, dialogue_style(talk), transcripts.get(name, "")) for name, talk in utterances]
    tally.irregular["no transcript"] += sum(not transcript for *_, transcript in rows)
    tally.left_out["transcript without a recording"] += len(
        transcripts.keys() - {name for name, _ in utterances}
    )
    return pd.DataFrame(rows, columns=TRANSCRIPT_COLUMNS)
