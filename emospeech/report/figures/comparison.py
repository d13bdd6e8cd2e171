"""UAR of each model: folds, mean, pooled with interval, chance level and the paper's value."""

import pandas as pd
from matplotlib.patches import Rectangle

from emospeech.report import paper
from emospeech.report.figures.style import (
    BLUE,
    COLUMN_WIDTH,
    FAINT,
    INK,
    SOFT,
    VERMILLION,
    blank,
    report_style,
)
from emospeech.report.frames import cell, fold_names, in_order, of_task, require

COLUMNS = ["model", "task", "series", "scope", "value", "low", "high", "recordings", "speakers"]
NAMES = {
    "fold": "each fold",
    "mean": "mean of folds",
    "pooled": "pooled",
    "interval": "95 %, speakers",
    "paper": "paper",
    "chance": "95 %, chance",
}
LEGEND = {"loc": "outside lower center", "ncols": 3, "labelspacing": 0.9, "columnspacing": 1.2}
# In the order of drawing: the diamond lies on the circle, with a white rim, so that both are seen.
MARKS = {
    "fold": {
        "marker": "o",
        "markersize": 3,
        "markerfacecolor": "white",
        "markeredgecolor": SOFT,
        "markeredgewidth": 0.7,
    },
    "pooled": {"marker": "o", "markersize": 6.5, "color": BLUE},
    "mean": {
        "marker": "D",
        "markersize": 4.5,
        "color": VERMILLION,
        "markeredgecolor": "white",
        "markeredgewidth": 0.6,
    },
    "paper": {"marker": "|", "markersize": 11, "color": INK, "markeredgewidth": 1.6},
}
INTERVAL = {"color": BLUE, "marker": "|", "markersize": 5, "linewidth": 1.2, "clip_on": False}
HEIGHT = 0.62  # of a model's chance band, in rows


def points(metrics, intervals, task="valence"):
    """Return the table of the figure: a row per mark, with COLUMNS; values are shares of one.

    `series` is "fold", "mean", "pooled", "paper" or "chance"; `low` and `high` bound the 95 %
    confidence interval over the test speakers, or the central 95 % of chance.
    """
    rows = of_task(metrics, task)
    require(intervals, ("model", "task", "scope", "figure", "low", "high", "speakers"), "intervals")
    ends = intervals[(intervals["task"] == task) & (intervals["figure"] == "uar5")]
    marks = []
    for model in in_order(rows["model"].unique()):
        scopes = [("fold", scope) for scope in fold_names(rows["scope"])]
        for series, scope in [*scopes, ("mean", "mean"), ("pooled", "pooled")]:
            names = ("low", "high", "speakers") if series == "pooled" else ()
            mark = {name: cell(ends, model, scope, name) for name in names}
            mark |= {"value": cell(rows, model, scope, "uar5")}
            mark |= {"recordings": cell(rows, model, scope, "recordings")}
            marks.append({"model": model, "series": series, "scope": scope} | mark)
        marks += _beside(rows, model, task)
    table = pd.DataFrame(marks).assign(task=task).reindex(columns=COLUMNS)
    counted = dict.fromkeys(("recordings", "speakers"), "Int64")
    return table[table["value"].notna()].astype(counted).reset_index(drop=True)


def _beside(rows, model, task):
    """Return the marks for chance level and, for valence, the paper's value."""
    names = {"value": "chance", "low": "chance_low", "high": "chance_high"}
    chance = {name: cell(rows, model, "pooled", column) for name, column in names.items()}
    marks = [{"model": model, "series": "chance", "scope": "pooled"} | chance]
    if task == "valence" and model in paper.TABLE_2:
        value = paper.TABLE_2[model]["uar5"]
        marks.append({"model": model, "series": "paper", "scope": "pooled", "value": value})
    return marks


def draw_comparison(table):
    """Return the figure of the table of `points`, with a row per model.

    It shows the UAR in per cent: folds (dots), their mean (diamond), pooled (filled circle with
    interval and value), the central 95 % of chance (band) and the paper's value (vertical line).
    """
    models = in_order(table["model"].unique())
    with report_style():
        figure = blank(COLUMN_WIDTH, 0.95 + 0.42 * len(models))
        panel = figure.subplots()
        for place, model in enumerate(models):
            _draw_model(panel, place, table[table["model"] == model])
        panel.set_yticks(range(len(models)), models)
        panel.set_ylim(len(models) - 0.45, -0.55)
        panel.set_xlabel(f"UAR of {table['task'].iloc[0]}, 5 classes (%)")
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
        panel.grid(axis="x")
        panel.margins(x=0.06)
        handles, labels = panel.get_legend_handles_labels()
        first = dict(zip(labels, handles, strict=True))
        names = [name for name in NAMES.values() if name in first]
        figure.legend([first[name] for name in names], names, **LEGEND)
    return figure


def _draw_model(panel, place, marks):
    shares = {
        series: 100 * rows[["low", "value", "high"]] for series, rows in marks.groupby("series")
    }
    if "chance" in shares:
        low, _, high = shares["chance"].iloc[0]
        band = Rectangle((low, place - HEIGHT / 2), high - low, HEIGHT, color=FAINT, linewidth=0)
        band.set_label(NAMES["chance"])
        panel.add_patch(band)
    if "pooled" in shares:
        low, value, high = shares["pooled"].iloc[0]
        panel.plot([low, high], [place] * 2, label=NAMES["interval"], **INTERVAL)
        _write_value(panel, place, value)
    for series in [name for name in MARKS if name in shares]:
        look = {"linestyle": "none", "clip_on": False, "label": NAMES[series], **MARKS[series]}
        panel.plot(shares[series]["value"], [place] * len(shares[series]), **look)


def _write_value(panel, place, value):
    panel.annotate(
        f"{value:.1f}",
        (1.01, place),
        xycoords=("axes fraction", "data"),
        va="center_baseline",
        color=BLUE,
        weight="bold",
        fontsize=7,
    )
