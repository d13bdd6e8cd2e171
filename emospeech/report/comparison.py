"""Figure of the four models: 5-class UAR of each fold, pooled, by chance, and in the paper."""

import numpy as np
from matplotlib.patches import Rectangle

from emospeech.report import paper
from emospeech.report.frames import cell, fold_names, in_order, of_task
from emospeech.report.style import BLUE, COLUMN_WIDTH, FAINT, INK, SOFT, VERMILLION, blank, style

LEGEND = ("each fold", "mean of folds", "pooled", "paper", "chance, 95 %")
COLUMNS = {"ncols": 3, "labelspacing": 0.9}
# In the order of drawing: the diamond lies on the circle, with a white rim, so that both are seen.
MARKS = {
    "each fold": {
        "marker": "o",
        "markersize": 3,
        "markerfacecolor": "white",
        "markeredgecolor": SOFT,
        "markeredgewidth": 0.7,
    },
    "pooled": {"marker": "o", "markersize": 7, "color": BLUE},
    "mean of folds": {
        "marker": "D",
        "markersize": 4.5,
        "color": VERMILLION,
        "markeredgecolor": "white",
        "markeredgewidth": 0.6,
    },
    "paper": {"marker": "|", "markersize": 11, "color": INK, "markeredgewidth": 1.6},
}
HEIGHT = 0.62  # of a model's chance band, in rows


def draw_comparison(metrics, task="valence"):
    """A Figure with one row a model: the UAR in per cent of each fold (dots), their mean
    (diamond), all folds pooled (filled circle, with its value), the middle 95 % of chance (band)
    and, for valence, the paper's value (upright stroke)."""
    rows = of_task(metrics, task)
    models = in_order(rows["model"].unique())
    with style():
        figure = blank(COLUMN_WIDTH, 0.95 + 0.42 * len(models))
        panel = figure.subplots()
        for place, model in enumerate(models):
            _draw_model(panel, place, model, rows, task)
        panel.set_yticks(range(len(models)), models)
        panel.set_ylim(len(models) - 0.45, -0.55)
        panel.set_xlabel(f"UAR of {task}, 5 classes (%)")
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
        panel.grid(axis="x")
        panel.margins(x=0.06)
        handles, labels = panel.get_legend_handles_labels()
        first = dict(zip(labels, handles, strict=True))
        names = [name for name in LEGEND if name in first]
        figure.legend([first[name] for name in names], names, loc="outside lower center", **COLUMNS)
    return figure


def _draw_model(panel, place, model, rows, task):
    low, high = (100 * cell(rows, model, "pooled", name) for name in ("chance_low", "chance_high"))
    if np.isfinite([low, high]).all():
        band = Rectangle((low, place - HEIGHT / 2), high - low, HEIGHT, color=FAINT, linewidth=0)
        band.set_label("chance, 95 %")
        panel.add_patch(band)
    values = {
        "each fold": [100 * cell(rows, model, fold, "uar5") for fold in fold_names(rows["scope"])],
        "pooled": [100 * cell(rows, model, "pooled", "uar5")],
        "mean of folds": [100 * cell(rows, model, "mean", "uar5")],
    }
    if task == "valence" and model in paper.TABLE_2:
        values["paper"] = [100 * paper.TABLE_2[model]["uar5"]]
    for name, shares in values.items():
        marks = {"linestyle": "none", "clip_on": False, **MARKS[name]}
        panel.plot(shares, [place] * len(shares), label=name, **marks)
    if np.isfinite(values["pooled"][0]):
        _write_value(panel, place, values["pooled"][0])


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
