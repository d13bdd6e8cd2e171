"""UAR of the target against the hours of unlabelled audio that a model learns from."""

import pandas as pd
from matplotlib.figure import Figure

from emospeech.evaluation.variants import BASE
from emospeech.models.catalogue import MODELS
from emospeech.report.dataframes import in_order, require, uars_of_target
from emospeech.report.figures.style import INTERVAL, PAGE_WIDTH, blank, panel_grid, report_style

ACROSS = 4  # panels in a row
COLUMNS = ["model", "trained_model", "variant", "hours", "value", "low", "high"]


def plot_data(metrics: pd.DataFrame, variants: list[str]) -> pd.DataFrame:
    """Return the table of the figure: a row per model and number of hours.

    Args:
        metrics: The table metrics.csv of the variants.
        variants: Those that differ from the study in the hours only.

    Returns:
        COLUMNS; values are fractions. `trained_model` is the model itself, or for 0 hours the one
        with the same network that does not learn from unlabelled speech, if the study has it.
    """
    require(metrics, ("task", "metric", "variant", "model", "hours", "value"), "metrics")
    rows = uars_of_target(metrics)
    rows = rows.assign(trained_model=rows["model"])
    parts = []
    for model in in_order(rows.loc[rows["variant"].isin(variants), "model"].unique()):
        known = MODELS[model]
        own = rows[(rows["model"] == model) & rows["variant"].isin([*variants, BASE])]
        without = known.prefix + known.family.supervised
        zero = rows[(rows["model"] == without) & (rows["variant"] == BASE)]
        parts.append(pd.concat([zero.assign(hours=0.0, model=model), own.sort_values("hours")]))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


@report_style()
def draw_hours(table: pd.DataFrame) -> Figure:
    """Return the figure of `plot_data`: a panel per model, with a logarithmic axis from 0."""
    models = in_order(table["model"].unique())
    figure = blank(PAGE_WIDTH, 1.9 * -(-len(models) // ACROSS))
    grid = panel_grid(figure, len(models), ACROSS, sharey=True)
    smallest = table.loc[table["hours"] > 0, "hours"].min()
    for model, panel in zip(models, grid.flat, strict=False):
        rows = table[table["model"] == model]
        value, low, high = (100 * rows[name] for name in ("value", "low", "high"))
        panel.errorbar(rows["hours"], value, yerr=(value - low, high - value), fmt="o-", **INTERVAL)
        panel.set_xscale("symlog", linthresh=smallest, linscale=0.6)
        ticks = {f"{hours:.3g}": hours for hours in rows["hours"]}  # pools can be equally large
        panel.set_xticks([*ticks.values()], [*ticks])
        panel.minorticks_off()
        panel.set_title(model, loc="left")
        panel.set_xlabel("Hours of unlabelled audio")
        panel.grid(axis="y")
    for panel in grid[:, 0]:
        panel.set_ylabel("UAR (%)")
    return figure
