"""The results of all models, beside those of the paper."""

from emospeech.report import paper
from emospeech.report.contents.table import files_of, make_table
from emospeech.report.frames import in_order
from emospeech.report.tables import table_1, table_2, table_3, table_classes, table_folds


def result_tables(report):
    """Table 2 for each task, the UAR of each fold, Table 1."""
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
    caption = "UAR of valence with five classes on the test speaker of each fold."
    tables.append(make_table("folds", "Folds.", caption, table_folds(report.metrics)))
    if report.best:
        caption = "Parameters of each model, beside those of the paper."
        if any("folds" in best for best in report.best.values()):
            caption += " Where the folds chose different ones, all stand in the order of the folds."
        tables.append(
            make_table(
                "table-1", "Table 1.", caption, table_1(report.best), files=files_of("table-1")
            )
        )
    return [table for table in tables if table.layout.rows]


def confusion_tables(report):
    """Table 3 of each model, then precision, recall and F1 by class."""
    tables = []
    for model in in_order(report.confusions):
        caption = f"Valence by {model}: each row's share by predicted class."
        name = "Confusion."
        if model == paper.TABLE_3_MODEL:
            name = "Table 3."
            caption += f" On the right that of {paper.SOURCE}."
        frame = table_3(report.confusions[model], model)
        place = f"table-3-{model}"
        tables.append(make_table(place, name, caption, frame, files=files_of(place)))
    if report.classes:
        caption = (
            "Precision, recall and F1 of valence by class. The paper's text quotes figures that "
            "come from the row shares, in which each class counts alike; those from the counts "
            "are the usual ones."
        )
        frame = table_classes(report.classes)
        tables.append(make_table("classes", "Classes.", caption, frame, files=files_of("classes")))
    return tables
