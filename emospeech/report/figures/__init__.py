"""The figures of the report: one module per figure, with its data table and its drawing."""

from emospeech.report.figures.style import report_style
from emospeech.runtime.files import atomic_path


def save(figure, pdf_path, png_path, resolution=200):
    """Write a figure as PDF and PNG, both atomically.

    The files contain no dates or program versions, so that equal figures are equal bytes.

    Args:
        figure: The matplotlib figure.
        pdf_path: The vector file.
        png_path: The raster file.
        resolution: Dots per inch of the PNG.
    """
    with report_style():
        with atomic_path(pdf_path) as temporary:
            figure.savefig(temporary, format="pdf", metadata={"CreationDate": None})
        with atomic_path(png_path) as temporary:
            figure.savefig(temporary, format="png", dpi=resolution, metadata={"Software": None})
