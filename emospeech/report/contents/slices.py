"""Where the models do well and where not, and the checks that nothing leaked."""

from emospeech.report.contents.table import count_of, evidence_of

SLICES = {
    "slices": (
        "Slices.",
        "UAR with five classes and correlation by style of the dialogue, by test speaker, and by "
        "how far apart the ratings of a recording lie; all folds pooled. A slice may lack whole "
        "classes; its UAR is then the mean of fewer.",
    ),
}
LEAKS = {
    "leaks": (
        "Leak checks.",
        "What was checked, in how many cases, and how many of them broke it.",
    ),
}


def slice_tables(evidence):
    """The figures of parts of the test recordings."""
    return evidence_of(evidence, SLICES)


def leak_tables(evidence):
    """The checks for leaks that ran."""
    return evidence_of(evidence, LEAKS)


def leak_words(leaks, shared):
    """Say how many checks ran and passed, and what they leave open.

    `leaks` is leaks.csv, or None; `shared` says whether all folds share the choice of the trial.
    """
    if leaks is None:
        return ""
    passed = int((leaks["result"] == "passed").sum())
    cases = int(leaks["looked_at"].sum())
    ran = count_of(len(leaks), "check")
    words = f"{ran} ran on {cases} cases; {passed} passed."
    if shared:
        words += (
            " One path is open by design: the trial is chosen by the mean validation UAR over "
            "several folds, and the networks of other folds trained on the test speaker of this "
            "one. With search.select: fold each fold chooses by its own validation speaker only."
        )
    return words
