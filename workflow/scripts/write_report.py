"""Write the report page."""

from pathlib import Path

from emospeech.corpora.corpus_tables import load_recordings
from emospeech.labels import LabelSettings, count_unlisted
from emospeech.report.captions import figure_texts
from emospeech.report.evaluation_tables import read_inputs
from emospeech.report.page import Figure, Report, render
from emospeech.runtime import jobs
from emospeech.runtime.files import by_folder, read_json, read_table, write_text


def main(paths, params):
    report = Report(
        provenance=read_json(paths.provenance),
        corpora=dict(summaries(paths, params)),
        metrics=read_table(paths.metrics),
        best=by_folder(paths.best, read_json),
        confusions=by_folder(paths.confusions, read_table),
        classes=by_folder(paths.classes, read_table),
        trials=by_folder(paths.trials, read_table),
        figures=tuple(figures(paths, params.labels["target"])),
        evaluation=read_inputs(vars(paths), "cells"),
        commands={"file": params.command, "control": params.control_command},
        study={Path(file).stem: read_table(file) for file in paths.study},
        docs=params.docs,
    )
    write_text(paths.page, render(report))


def summaries(paths, params):
    """Yield each corpus and its summary, with what later stages left out or found irregular.

    These are the recordings whose emotion is in no class, and irregularities of the spectrograms.
    """
    checked = {Path(file).stem: read_json(file) for file in paths.spectrograms}
    emotions = load_recordings(paths.recordings)["emotion"]
    unlisted = count_unlisted(emotions, LabelSettings(**params.labels))
    for corpus, summary in by_folder(paths.corpora, read_json).items():
        left_out = summary["left_out"] | (unlisted if corpus == params.labelled else {})
        irregular = summary["irregular"] | checked[corpus]["irregular"]
        yield corpus, summary | {"left_out": left_out, "irregular": irregular}


def figures(paths, target):
    """Yield the figures in the order of the page, with captions and alternative texts."""
    for png in (
        Path(path) for path in [*paths.figures, *paths.variant_files] if path.endswith(".png")
    ):
        kind, *model = png.stem.split("-")
        texts = figure_texts(kind, read_table(png.with_suffix(".csv")), target, *model)
        yield Figure(kind, str(png.with_suffix(".pdf")), png.read_bytes(), *texts)


if __name__ == "__main__":
    jobs.run(main, snakemake)
