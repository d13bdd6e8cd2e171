"""The main results of a study as a text table for the terminal."""

from pathlib import Path

import pandas as pd
from tabulate import tabulate

from emospeech.report.dataframes import tasks_in, uar_of
from emospeech.report.formats import MISSING, percent, share
from emospeech.report.headings import model_name
from emospeech.report.paper import is_comparable
from emospeech.report.paper_tables import table_2
from emospeech.runtime.errors import access_error
from emospeech.runtime.files import read_json, read_table

TITLE = "{} of the test speakers, all folds pooled. UAR and chance level of {} in %."
# Column of the table: (heading, format of its numbers).
COLUMNS = {
    "uar5_pooled": ("UAR5", percent),
    "uar_pooled": ("UAR", percent),
    "interval": ("95 % CI", str),
    "chance": ("Chance", percent),
    "uar3_pooled": ("UAR3", percent),
    "macro_f1_pooled": ("Macro F1\n(%)", percent),
    "accuracy_pooled": ("Accuracy\n(%)", percent),
    "rho_pooled": ("rho", share),
    "uar5_paper": ("Paper\nUAR5", percent),
    "uar3_paper": ("Paper\nUAR3", percent),
    "rho_paper": ("Paper\nrho", share),
}


def results_table(results: str | Path) -> str:
    """Return the results of each model for the target, next to comparable ones of the paper.

    Args:
        results: The results folder of a study.

    Raises:
        InputError: if the models have not been evaluated.
    """
    files = [Path(results, "evaluation", f"{name}.csv") for name in ("metrics", "intervals")]
    try:
        metrics, intervals = (read_table(file) for file in files)
    except OSError as error:
        raise access_error(error.filename, error, if_missing="Run the study first") from error
    provenance = Path(results, "report", "provenance.json")
    columns = COLUMNS
    if not provenance.exists() or not is_comparable(read_json(provenance)["config"]):
        columns = {name: column for name, column in COLUMNS.items() if not name.endswith("_paper")}
    table, task = table_2(metrics), tasks_in(metrics)[0]
    uar = uar_of(task)
    columns = {name: column for name, column in columns.items() if name in (*table, "interval")}
    pooled = intervals.query("task == @task and scope == 'pooled' and metric == @uar")
    bounds = {
        row["model"]: f"{percent(row['low'])} to {percent(row['high'])}"
        for row in pooled.to_dict("records")
    }
    table["interval"] = [bounds.get(model) for model in table["model"]]
    rows = [
        [model_name(row["model"])]
        + [
            MISSING if pd.isna(row[column]) else form(row[column])
            for column, (_, form) in columns.items()
        ]
        for row in table.to_dict("records")
    ]
    headings = ["Model", *(heading for heading, _ in columns.values())]
    right = ("right",) * len(columns)
    text = tabulate(rows, headings, disable_numparse=True, colalign=("left", *right))
    return f"{TITLE.format(task.capitalize(), uar.upper())}\n\n{text}"
