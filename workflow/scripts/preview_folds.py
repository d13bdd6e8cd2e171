"""Describe the folds of the labelled corpus, before anything is trained."""

from emospeech.corpora.corpus_tables import load_recordings, load_summary
from emospeech.labels import LabelSettings, count_unlisted, count_whole, load_labelled
from emospeech.report.fold_preview import folds_preview
from emospeech.runtime import jobs
from emospeech.runtime.files import read_table, write_text


def main(paths, params):
    labels, summary = LabelSettings(**params.labels), load_summary(paths.summary)
    counts = summary["left_out"] | summary["irregular"]
    counts |= count_unlisted(load_recordings(paths.recordings)["emotion"], labels)
    tables = load_labelled(paths.recordings, labels), read_table(paths.folds)
    counts |= count_whole(tables[0], labels)
    text = folds_preview(params.corpus, *tables, labels, params.batch_sizes, counts)
    write_text(paths.text, text)


if __name__ == "__main__":
    jobs.run(main, snakemake)
