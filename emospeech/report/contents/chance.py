"""What the models are held against: chance, guessers, a classical baseline, raters, a control."""

from emospeech.report.contents.table import count_of, evidence_of

TEXTS = {
    "chance": (
        "Chance.",
        "Pooled UAR of valence with five classes against the chance level of each model.",
    ),
    "references": (
        "References.",
        "Guessers that hear nothing, the classical baseline, the models, and each rating of a test "
        "recording against the mean of its other ratings; all folds pooled.",
    ),
    "control": (
        "Control.",
        "Pooled UAR of valence with five classes of this run, and of the control, in which the "
        "labels are shuffled; each beside its own chance level.",
    ),
}


def reference_tables(evidence):
    """Chance, references and the control, as far as they were made."""
    return evidence_of(evidence, TEXTS)


def control_words(evidence, folder, command):
    """Say what the control showed, or how to make it; nothing where the config names none.

    `folder` is that of its results, `command` what makes them.
    """
    if folder is None:
        return {}
    table = evidence.get("control")
    if table is None:
        return {"missing": f"The control has no results in {folder} yet.", "command": command}
    above, inside = int(table["above"].sum()), int(table["inside"].sum())
    return {
        "found": "Above their chance interval with the labels as they are: "
        f"{above} of {count_of(len(table), 'model')}. Inside it with shuffled ones: {inside} of "
        f"{len(table)} ({folder})."
    }
