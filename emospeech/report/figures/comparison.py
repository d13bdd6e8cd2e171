"""UAR and correlation of models, baselines and human raters, with chance and the paper's values.

For the emotion, macro F1 takes the place of the correlation.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from emospeech.labels import EMOTION
from emospeech.report import paper
from emospeech.report.dataframes import (
    HUMAN,
    cell,
    fold_names,
    in_order,
    of_task,
    require,
    tasks_in,
    uar_of,
)
from emospeech.report.figures.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    PAGE_WIDTH,
    SOFT,
    VERMILLION,
    blank,
    legend_entries,
    report_style,
)
from emospeech.report.headings import CORRELATION, model_name

COLUMNS = [
    *("model", "task", "metric", "series", "scope"),
    *("value", "low", "high", "recordings", "speakers"),
]
SCORES = {"uar5": "UAR5", "uar": "UAR", "macro_f1": "Macro F1"}  # shown in per cent
NAMES = {
    "fold": "single folds",
    "mean": "mean of folds",
    "pooled": "pooled",
    "interval": "95 % CI",
    "paper": "paper",
    "human": "human raters",
    "chance": "chance (95 %)",
}
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
    "human": {"marker": "*", "markersize": 8, "color": GREEN},
}
INTERVAL = {"color": BLUE, "marker": "|", "markersize": 5, "linewidth": 1.2, "clip_on": False}
# In units of the distance between rows: the height of the chance band, and the vertical range
# of the fold dots, which are above the interval bar.
BAND, LANE = 0.8, (-0.4, -0.18)


def plot_data(
    metrics: pd.DataFrame,
    intervals: pd.DataFrame,
    references: pd.DataFrame | None = None,
    task: str | None = None,
) -> pd.DataFrame:
    """Return the table of the figure: a row per mark, with COLUMNS; values are fractions.

    `series` is "fold", "mean", "pooled", "paper", "chance" or "human"; `low`
    and `high` bound the 95 % confidence interval over the test speakers, or the central 95 % of
    chance.

    Args:
        metrics: The table metrics.csv.
        intervals: The table intervals.csv. Its models that are not in `metrics` are baselines.
        references: The table references.csv, or None. Human raters are included for the metrics
            that it has.
        task: The task, by default the target.
    """
    task = task or tasks_in(metrics)[0]
    rows = of_task(metrics, task)
    keys = ("model", "task", "scope", "metric", "value", "low", "high", "speakers")
    require(intervals, keys, "intervals")
    own = intervals[intervals["task"] == task]
    models = in_order({*rows.index.unique("model"), *own["model"]})
    human = None if references is None else _raters(references, task)
    marks = []
    for name in metrics_of(task):
        bounds = own[own["metric"] == name].set_index(["model", "scope"])
        for model in models:
            marks += _marks_of(rows, bounds, model, name)
            if task == "valence" and model in paper.TABLE_2:
                value = {"value": paper.TABLE_2[model][name]}
                marks.append(_mark(model, name, "paper", "pooled") | value)
        if human is not None and name in human:
            value = {"value": human[name], "recordings": human["recordings"]}
            marks.append(_mark(HUMAN, name, "human", "pooled") | value)
    table = pd.DataFrame(marks).assign(task=task).reindex(columns=COLUMNS)
    table = table.astype({"recordings": "Int64", "speakers": "Int64"})
    return table.dropna(subset="value", ignore_index=True)


def _raters(references, task):
    """Return the row of the human raters in references.csv, None if there is none."""
    keys = {"reference": HUMAN, "task": task, "scope": "pooled"}
    require(references, [*keys, "recordings"], "references")
    found = references[(references[list(keys)] == pd.Series(keys)).all(axis=1)]
    return None if found.empty else found.iloc[0]


def _marks_of(rows, bounds, model, name):
    """Return the marks of a model: folds, mean, pooled and chance."""
    marks = []
    folds = [("fold", scope) for scope in fold_names(rows.index.unique("scope"))]
    for series, scope in [*folds, ("mean", "mean"), ("pooled", "pooled")]:
        mark = _mark(model, name, series, scope)
        value = cell(rows, model, scope, name)
        mark["value"] = cell(bounds, model, scope, "value") if np.isnan(value) else value
        mark["recordings"] = cell(rows, model, scope, "recordings")
        if series == "pooled":
            mark |= {n: cell(bounds, model, scope, n) for n in ("low", "high", "speakers")}
        marks.append(mark)
    if name in ("uar5", "uar"):
        columns = {"value": "chance", "low": "chance_low", "high": "chance_high"}
        chance = {key: cell(rows, model, "pooled", column) for key, column in columns.items()}
        marks.append(_mark(model, name, "chance", "pooled") | chance)
    return marks


def _mark(model, name, series, scope):
    return {"model": model, "metric": name, "series": series, "scope": scope}


def metrics_of(task: str) -> tuple[str, str]:
    """Return the metrics of the two panels."""
    return uar_of(task), "macro_f1" if task == EMOTION else "rho"


@report_style()
def draw_comparison(table: pd.DataFrame) -> Figure:
    """Return the figure of `plot_data`: a panel per metric, a row per model.

    Both panels show the pooled value (filled circle with interval and number), the mean of the
    folds (diamond), each fold (dots above the interval, spread vertically so that none covers
    another) and the paper's value (vertical line). The panel of the UAR has the central 95 % of
    chance (band). Human raters, if any, are the last row.
    """
    models = in_order(set(table["model"]) - {HUMAN})
    models += [HUMAN] * (HUMAN in set(table["model"]))
    figure = blank(PAGE_WIDTH, 0.85 + 0.36 * len(models))
    task = table["task"].iloc[0]
    metrics = metrics_of(task)
    panels = figure.subplots(1, len(metrics), sharey=True)
    for panel, name in zip(panels, metrics, strict=True):
        label = f"{SCORES[name]} of {task} (%)" if name in SCORES else f"{CORRELATION} of {task}"
        marks = table[table["metric"] == name]
        for index, model in enumerate(models):
            _draw_model(panel, index, marks[marks["model"] == model])
        panel.set_xlabel(label)
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
        panel.grid(axis="x")
        panel.margins(x=0.06)
    names = ["Human raters" if model == HUMAN else model_name(model) for model in models]
    panels[0].set_yticks(range(len(models)), names)
    panels[0].set_ylim(len(models) - 0.45, -0.55)
    handles = legend_entries(panels)
    names = [name for name in NAMES.values() if name in handles]
    options = {"loc": "outside lower center", "ncols": len(names), "columnspacing": 1.2}
    figure.legend([handles[name] for name in names], names, **options)
    return figure


def _draw_model(panel, index, marks):
    """Draw a row of a panel."""
    columns = ["low", "value", "high"]
    percent = marks["metric"].isin(SCORES).any()
    rows = {
        series: (100 if percent else 1) * rows[columns] for series, rows in marks.groupby("series")
    }
    if "chance" in rows:
        low, _, high = rows["chance"].iloc[0]
        look = {"facecolor": FAINT, "edgecolor": SOFT, "linewidth": 0.5, "label": NAMES["chance"]}
        panel.add_patch(Rectangle((low, index - BAND / 2), high - low, BAND, **look))
    if "pooled" in rows:
        low, _, high = rows["pooled"].iloc[0]
        panel.plot([low, high], [index] * 2, label=NAMES["interval"], **INTERVAL)
    for series in [name for name in MARKS if name in rows]:
        values = rows[series]["value"]
        height = index + (spread(len(values)) if series == "fold" else np.zeros(len(values)))
        look = {"linestyle": "none", "clip_on": False, "label": NAMES[series], **MARKS[series]}
        panel.plot(values, height, **look)
        if series in ("pooled", "human"):
            text = f"{values.iloc[0]:.1f}" if percent else f"{values.iloc[0]:.2f}"
            right = {"xycoords": ("axes fraction", "data"), "va": "center_baseline", "fontsize": 7}
            panel.annotate(text, (1.01, index), weight="bold", **right)


def spread(count: int) -> np.ndarray:
    """Return `count` heights in LANE, relative to the row; neighbours in the list are far apart."""
    low, high = LANE
    golden_ratio = (5**0.5 - 1) / 2
    return low + (high - low) * (np.arange(count) * golden_ratio % 1)
