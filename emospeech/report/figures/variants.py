"""Forest plots of variants or studies: their UAR of the target, or how much each changes it."""

import pandas as pd
from matplotlib.figure import Figure

from emospeech.report.dataframes import in_order, require, uars_of_target
from emospeech.report.figures.style import (
    INK,
    INTERVAL,
    PAGE_WIDTH,
    blank,
    panel_grid,
    report_style,
)

ACROSS = 4  # panels in a row
COLUMNS = ["variant", "model", "seeds", "value", "low", "high"]
CHANGE = "Change in UAR (percentage points)"


def plot_data(differences: pd.DataFrame) -> pd.DataFrame:
    """Return the table of the figure: the difference in UAR of each variant and model.

    Args:
        differences: The table differences.csv of the variants, or metrics.csv for their UAR.

    Returns:
        COLUMNS; the differences and their 95 % interval are fractions.
    """
    require(differences, ("task", "metric", *COLUMNS), "differences")
    return uars_of_target(differences).loc[:, COLUMNS].reset_index(drop=True)


@report_style()
def draw_variants(table: pd.DataFrame, label: str = CHANGE) -> Figure:
    """Return the figure of `plot_data`: a panel per model, a row per variant.

    Args:
        table: The table.
        label: The label of the axis. If it is CHANGE, a line marks 0.
    """
    models, variants = in_order(table["model"].unique()), table["variant"].drop_duplicates()
    rows_of_panels = -(-len(models) // ACROSS)
    figure = blank(PAGE_WIDTH, rows_of_panels * (0.6 + 0.19 * len(variants)))
    grid = panel_grid(figure, len(models), ACROSS, sharex=True, sharey=True)
    positions = dict(zip(variants, range(len(variants)), strict=True))
    for model, panel in zip(models, grid.flat, strict=False):
        rows = table[table["model"] == model]
        value, low, high = (100 * rows[name] for name in ("value", "low", "high"))
        panel.errorbar(
            value,
            rows["variant"].map(positions),
            xerr=(value - low, high - value),
            fmt="o",
            **INTERVAL,
        )
        if label == CHANGE:
            panel.axvline(0, color=INK, linewidth=0.8)
        panel.set_title(model, loc="left")
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
        panel.grid(axis="x")
    grid[0, 0].set_yticks(range(len(variants)), variants)
    grid[0, 0].set_ylim(len(variants) - 0.5, -0.5)
    figure.supxlabel(label, fontsize="medium")
    return figure
