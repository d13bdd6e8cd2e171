"""The figures of parts of the test recordings: by style, by speaker, by how far raters agree."""

import pandas as pd

from emospeech.evaluation.predictions import TASKS, column_names
from emospeech.metrics import score
from emospeech.training.targets import external_ratings

# The kind of a dialogue stands in its name: Ses01F_impro01, Ses01F_script01_1.
STYLES = {"impro": "improvised", "script": "scripted"}
AGREEMENTS = ("same", "one point apart", "further apart")  # the nearest first


def style_of(dialogues):
    """Return the style of each dialogue by its name, missing where the name does not say it."""
    found = dialogues.astype(str).str.extract(rf"_({'|'.join(STYLES)})")[0]
    return found.map(STYLES)


def agreement_of(ratings, recordings, task):
    """Return how far the raters of each recording lie apart, missing with fewer than two.

    The groups are AGREEMENTS, by the distance of the highest from the lowest rating that the label
    is the mean of: none, up to a point, more.
    """
    groups = []
    for given in external_ratings(ratings, recordings, task):
        apart = max(given) - min(given) if len(given) > 1 else None
        groups.append(None if apart is None else AGREEMENTS[(apart > 0) + (apart > 1)])
    return pd.Series(groups, recordings.index, dtype=object)


def slices_table(predictions, recordings, ratings=None):
    """Return `slices.csv`: the figures of each model and task in each slice, the folds pooled.

    The columns are `model, task, slice, value, share` and those of `metrics.score`; `share` is
    that of the model's recordings. A recording whose style or ratings are not known is in no
    slice of that kind, and without a table of ratings there are none by agreement. Recordings of a
    slice may lack whole classes: the UAR is then the mean of fewer.
    """
    known = recordings.set_index("recording")
    rows = []
    for model, table in predictions.items():
        for task in (name for name in TASKS if name in table):
            kinds = {"style": style_of(table["recording"].map(known["dialogue"]))}
            kinds["speaker"] = table["speaker"]
            if ratings is not None:
                kinds["agreement"] = agreement_of(ratings, table["recording"], task)
            for kind, values in kinds.items():
                for value, part in table.groupby(values):
                    rows.append(_row(part, task, len(table), model, kind, value))
    return pd.DataFrame(rows)


def _row(part, task, total, model, kind, value):
    names, _ = column_names(task)
    figures = score(part[task].to_numpy(), part[names].to_numpy())
    keys = {"model": model, "task": task, "slice": kind, "value": value}
    return keys | {"share": len(part) / total} | figures
