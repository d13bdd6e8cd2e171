"""Read a corpus with a manifest into tables."""

from pathlib import Path

from emospeech.corpora.corpus_tables import write_corpus, write_ratings
from emospeech.corpora.manifest import read_manifest
from emospeech.runtime import jobs


def main(paths, settings):
    corpus = read_manifest(
        Path(paths.folder),
        settings.corpus,
        labelled=settings.labelled,
        multitask=settings.multitask,
        workers=settings.threads,
        scale=settings.scale,
    )
    write_corpus(corpus, paths.recordings, paths.words, paths.summary)
    write_ratings(corpus, paths.ratings)


if __name__ == "__main__":
    jobs.run(main, snakemake)
