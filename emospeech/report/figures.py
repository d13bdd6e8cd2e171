"""Writing a figure so that the same data gives the same bytes."""

from emospeech.files import written_whole
from emospeech.report.style import style


def save(figure, pdf_path, png_path, resolution=200):
    """Write a figure as PDF (vectors) and as PNG (`resolution` dots an inch), each whole or not
    at all.

    Neither holds a date or, for the PNG, the name of a program: equal figures are equal bytes.
    """
    with style():
        with written_whole(pdf_path) as beside:
            figure.savefig(beside, format="pdf", metadata={"CreationDate": None})
        with written_whole(png_path) as beside:
            figure.savefig(beside, format="png", dpi=resolution, metadata={"Software": None})
