"""The figures of the report: one module per figure, with its data table and its drawing."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from emospeech.report.figures.style import report_style
from emospeech.runtime.files import atomic_path, write_table


@report_style()
def save(
    name: str,
    figure: Figure,
    table: pd.DataFrame,
    files: Mapping[str, str | Path],
    resolution: int = 200,
) -> None:
    """Write a figure to `{name}_pdf` and `{name}_png`, and its data to `{name}_csv`.

    The files contain no dates or program versions, so equal figures are equal bytes.

    Args:
        name: The kind of the figure.
        figure: The matplotlib figure.
        table: The table that the figure is drawn from.
        files: The paths by name and format.
        resolution: Dots per inch of the PNG.
    """
    write_table(files[f"{name}_csv"], table)
    with atomic_path(files[f"{name}_pdf"]) as temporary:
        figure.savefig(temporary, format="pdf", metadata={"CreationDate": None})
    save_png(files[f"{name}_png"], figure, resolution)


@report_style()
def save_png(path: str | Path, figure: Figure, resolution: int = 200) -> None:
    """Write a figure to a PNG with `resolution` dots per inch."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=resolution, metadata={"Software": None})
