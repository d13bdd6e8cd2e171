"""What a model that learned nothing would have."""

from emospeech.report.contents.table import make_table
from emospeech.report.tables import table_chance


def chance_tables(metrics):
    """Table of the pooled UAR against chance, if a chance level is known."""
    frame = table_chance(metrics)
    caption = "Pooled UAR of valence with five classes against the chance level of each model."
    return [] if frame.empty else [make_table("chance", "Chance.", caption, frame)]
