"""What was run: the corpora that were read, and what the jobs took."""

import pandas as pd

from emospeech.report.contents.table import make_table


def corpus_tables(corpora):
    """What each corpus holds, and what was left out or irregular in it, counted by reason."""
    sizes, left = [], []
    for corpus, summary in corpora.items():
        names = ("recordings", "hours", "words", "speakers")
        sizes.append({"corpus": corpus} | {name: summary.get(name) for name in names})
        for key, kind in (("left_out", "left out"), ("irregular", "irregular, kept")):
            for what, count in sorted(summary.get(key, {}).items()):
                words = str(what).replace("_", " ")
                left.append({"corpus": corpus, "kind": kind, "what": words, "count": count})
    tables = []
    if sizes:
        caption = "What the workflow read from each corpus."
        tables.append(make_table("corpora", "Corpora.", caption, pd.DataFrame(sizes)))
    if left:
        caption = "What was not used, and what is unusual but was used, counted by reason."
        tables.append(
            make_table("left-out", "Left out.", caption, pd.DataFrame(left), parted="Corpus")
        )
    return tables


def duration_tables(durations):
    """What the jobs of each stage took, if any left its benchmark."""
    caption = (
        "Jobs of each stage before the page: minutes in sum, the longest one, the largest memory."
    )
    return [] if durations.empty else [make_table("durations", "Durations.", caption, durations)]
