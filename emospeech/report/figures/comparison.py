"""UAR of each model: folds, mean, pooled with interval, chance level and the paper's value."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from emospeech.report import paper
from emospeech.report.dataframes import cell, fold_names, in_order, of_task, require
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

COLUMNS = ["model", "task", "series", "scope", "value", "low", "high", "recordings", "speakers"]
NAMES = {
    "fold": "single folds",
    "mean": "mean of folds",
    "pooled": "pooled",
    "interval": "95 % CI",
    "paper": "paper",
    "chance": "chance (95 %)",
}
LEGEND = {"loc": "outside lower center", "ncols": 3, "labelspacing": 0.9, "columnspacing": 1.2}
# In drawing order: the diamond covers the circle and has a white rim, so that both are visible.
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


def plot_data(
    metrics: pd.DataFrame, intervals: pd.DataFrame, task: str = "valence"
) -> pd.DataFrame:
    """Return the table of the figure: a row per mark, with COLUMNS; values are fractions.

    `series` is "fold", "mean", "pooled", "paper" or "chance"; `low` and `high` bound the 95 %
    confidence interval over the test speakers, or the central 95 % of chance.
    """
    rows = of_task(metrics, task)
    require(intervals, ("model", "task", "scope", "figure", "low", "high", "speakers"), "intervals")
    own = intervals[(intervals["task"] == task) & (intervals["figure"] == "uar5")]
    bounds = own.set_index(["model", "scope"])
    folds = [("fold", scope) for scope in fold_names(rows.index.unique("scope"))]
    marks = []
    for model in in_order(rows.index.unique("model")):
        for series, scope in [*folds, ("mean", "mean"), ("pooled", "pooled")]:
            mark: dict = {"model": model, "series": series, "scope": scope}
            mark["value"] = cell(rows, model, scope, "uar5")
            mark["recordings"] = cell(rows, model, scope, "recordings")
            if series == "pooled":
                mark |= {n: cell(bounds, model, scope, n) for n in ("low", "high", "speakers")}
            marks.append(mark)
        columns = {"value": "chance", "low": "chance_low", "high": "chance_high"}
        chance = {name: cell(rows, model, "pooled", column) for name, column in columns.items()}
        marks.append({"model": model, "series": "chance", "scope": "pooled"} | chance)
        if task == "valence" and model in paper.TABLE_2:
            value = paper.TABLE_2[model]["uar5"]
            marks.append({"model": model, "series": "paper", "scope": "pooled", "value": value})
    table = pd.DataFrame(marks).assign(task=task).reindex(columns=COLUMNS)
    table = table.astype({"recordings": "Int64", "speakers": "Int64"})
    return table.dropna(subset="value", ignore_index=True)


@report_style()
def draw_comparison(table: pd.DataFrame) -> Figure:
    """Return the figure of `plot_data`, with a row per model.

    It shows the UAR in per cent: of each fold (dot), the mean of the folds (diamond), the pooled
    UAR (filled circle with interval and value), the central 95 % of chance (band) and the paper's
    value (vertical line).
    """
    models = in_order(table["model"].unique())
    figure = blank(COLUMN_WIDTH, 0.95 + 0.42 * len(models))
    panel = figure.subplots()
    for index, model in enumerate(models):
        _draw_model(panel, index, table[table["model"] == model])
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


def _draw_model(panel, index, marks):
    columns = ["low", "value", "high"]
    shares = {series: 100 * rows[columns] for series, rows in marks.groupby("series")}
    if "chance" in shares:
        low, _, high = shares["chance"].iloc[0]
        band = Rectangle((low, index - HEIGHT / 2), high - low, HEIGHT, color=FAINT, linewidth=0)
        band.set_label(NAMES["chance"])
        panel.add_patch(band)
    if "pooled" in shares:
        low, value, high = shares["pooled"].iloc[0]
        panel.plot([low, high], [index] * 2, label=NAMES["interval"], **INTERVAL)
        right = {"xycoords": ("axes fraction", "data"), "va": "center_baseline", "fontsize": 7}
        panel.annotate(f"{value:.1f}", (1.01, index), color=BLUE, weight="bold", **right)
    for series in [name for name in MARKS if name in shares]:
        look = {"linestyle": "none", "clip_on": False, "label": NAMES[series], **MARKS[series]}
        panel.plot(shares[series]["value"], [index] * len(shares[series]), **look)
