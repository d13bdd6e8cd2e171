"""The results of all models, beside those of the paper."""

from emospeech.report import paper
from emospeech.report.contents.table import evidence_of, files_of, make_table
from emospeech.report.frames import in_order
from emospeech.report.tables import table_1, table_2, table_3, table_classes

TABLE_3 = (paper.TABLE_3_MODEL,)
TEXTS = {
    "intervals": (
        "Intervals.",
        "The pooled figures of Table 2 with their 95 % intervals over the test speakers, of both "
        f"tasks and of the classical baseline; beside them the values of {paper.SOURCE}.",
    ),
    "further": (
        "Further figures.",
        "What the paper does not have, pooled, with 95 % intervals over the test speakers. The "
        "strict UAR accepts one class only where the raters split; accuracy is the share of right "
        "predictions; concordance and mean error hold the expected value against the label.",
    ),
    "folds": (
        "Folds.",
        "UAR with five classes, correlation and its p on the test speaker of each fold.",
    ),
}


def result_tables(report, evidence):
    """Table 2 for each task, intervals, further figures, folds, Table 1."""
    tables = []
    for task in ("valence", "activation"):
        if task not in set(report.metrics["task"]):
            continue
        name = "Table 2." if task == "valence" else "Activation."
        caption = (
            f"Recall and correlation of {task} on the test speakers: all folds pooled, and the "
            "mean of the folds."
        )
        if task == "valence":
            caption += f" Beside them the values of {paper.SOURCE}."
        frame = table_2(report.metrics, task)
        files = files_of("table-2") if task == "valence" else ()
        tables.append(make_table(f"table-2-{task}", name, caption, frame, files=files))
    tables += evidence_of(evidence, TEXTS)
    if report.best:
        tables.append(_parameters(report.best))
    return [table for table in tables if table.layout.rows]


def _parameters(best):
    caption = "Parameters of each model, beside those of the paper."
    if any("folds" in trial for trial in best.values()):
        caption += " Where the folds chose different ones, all stand in the order of the folds."
    return make_table("table-1", "Table 1.", caption, table_1(best), files=files_of("table-1"))


def confusion_tables(report):
    """Table 3, where the run has its model, then precision, recall and F1 by class."""
    tables = [_confusion(report, model) for model in report.confusions if model in TABLE_3]
    if report.classes:
        caption = (
            "Precision, recall and F1 of valence by class. The paper's text quotes figures that "
            "come from the row shares, in which each class counts alike; those from the counts "
            "are the usual ones."
        )
        frame, more = table_classes(report.classes), {"files": files_of("classes")}
        tables.append(make_table("classes", "Classes.", caption, frame, parted="Model", **more))
    return tables


def share_tables(report):
    """The confusion matrices of the models that the paper's Table 3 does not have."""
    others = [model for model in report.confusions if model not in TABLE_3]
    return [_confusion(report, model) for model in in_order(others)]


def _confusion(report, model):
    name, caption = "Confusion.", f"Valence by {model}: each row's share by predicted class."
    if model in TABLE_3:
        name, caption = "Table 3.", f"{caption} On the right that of {paper.SOURCE}."
    frame, place = table_3(report.confusions[model], model), f"table-3-{model}"
    return make_table(place, name, caption, frame, files=files_of(place))
