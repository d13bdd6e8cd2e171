"""Read a corpus and write its tables."""

from importlib import import_module
from pathlib import Path

from emospeech.corpora.corpus_tables import write_corpus
from emospeech.runtime import jobs


def main(paths, params):
    reader = import_module(f"emospeech.corpora.{params.reader}")
    folders = dict(zip(params.folders, paths.folders, strict=True))
    workers = {"workers": params.threads} if params.threads > 1 else {}
    read = getattr(reader, f"read_{params.reader}")
    corpus = read(**folders, **params.reader_settings, **workers)
    write_corpus(corpus, Path(paths.summary).parent)


if __name__ == "__main__":
    jobs.run(main, snakemake)
