"""Describe the folds of the labelled corpus, before anything is trained."""

from emospeech.corpora.corpus_tables import load_recordings, load_summary
from emospeech.report.fold_preview import folds_preview
from emospeech.runtime import jobs
from emospeech.runtime.files import read_table, write_text


def main(paths, settings):
    tables = load_recordings(paths.recordings), read_table(paths.folds)
    summary = load_summary(paths.summary)
    options = settings.batch_sizes, settings.oversample, summary["left_out"] | summary["irregular"]
    write_text(paths.text, folds_preview(settings.corpus, *tables, *options))


if __name__ == "__main__":
    jobs.run(main, snakemake)
