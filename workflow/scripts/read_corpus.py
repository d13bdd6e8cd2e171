"""Read a corpus and write its tables."""

from importlib import import_module
from pathlib import Path

from emospeech.corpora.corpus_tables import write_corpus
from emospeech.runtime import jobs


def main(paths, settings):
    reader = import_module(f"emospeech.corpora.{settings.reader}")
    folders = dict(zip(settings.folders, paths.folders, strict=True))
    workers = {"workers": settings.threads} if settings.threads > 1 else {}
    read = getattr(reader, f"read_{settings.reader}")
    corpus = read(**folders, **settings.settings, **workers)
    write_corpus(corpus, Path(paths.summary).parent)


if __name__ == "__main__":
    jobs.run(main, snakemake)
