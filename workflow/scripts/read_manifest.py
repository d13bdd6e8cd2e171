"""Read a corpus with a manifest into tables."""

from pathlib import Path

from emospeech.corpora.corpus_tables import write_corpus
from emospeech.corpora.manifest import read_manifest
from emospeech.runtime import jobs


def main(paths, settings):
    corpus = read_manifest(
        Path(paths.folder),
        settings.corpus,
        labelled=settings.labelled,
        multitask=settings.multitask,
        workers=settings.threads,
    )
    write_corpus(corpus, paths.recordings, paths.words, paths.summary)


if __name__ == "__main__":
    jobs.run(main, snakemake)
