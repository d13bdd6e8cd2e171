"""What is learned: which recordings lie near which in the shared layer."""

from emospeech.report.contents.table import count_of, evidence_of
from emospeech.report.frames import in_order

TEXTS = {
    "neighbours": (
        "Nearest neighbours.",
        "Of the ten recordings that lie nearest to a recording of the session that is left out, "
        "how many have the same class or speaker: by chance, among the crops as the network hears "
        "them, and in its shared layer; mean of the folds, then the lowest and highest of them. "
        "Neighbours are sought in other dialogues only.",
    ),
}


def neighbour_tables(evidence):
    """The shares of alike neighbours, if they are known."""
    return evidence_of(evidence, TEXTS)


def neighbour_words(neighbours):
    """Say in how many folds the shared layer of each model brings alike valence together.

    `neighbours` is neighbours.csv of the evaluation, or None.
    """
    if neighbours is None or neighbours.empty:
        return ""
    rows = neighbours[neighbours["property"] == "valence"]
    shares = rows.pivot(index=["model", "fold"], columns="space", values="share")
    parts = []
    for model in in_order(rows["model"].unique()):
        own = shares.loc[model]
        more = int((own["shared layer"] > own["crops"]).sum())
        parts.append(f"{model} in {more} of {count_of(len(own), 'fold')}")
    return (
        "Neighbours in the shared layer are of the same class of valence more often than those "
        f"among the crops: {', '.join(parts)}."
    )
