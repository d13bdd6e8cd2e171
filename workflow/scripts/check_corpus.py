"""Compare the tables of a corpus with the known contents of its release."""

from importlib import import_module
from pathlib import Path

from emospeech.corpora.check import render_check
from emospeech.corpora.corpus_tables import load_corpus
from emospeech.runtime import jobs
from emospeech.runtime.files import write_table, write_text


def main(paths, params):
    reader = import_module(f"emospeech.corpora.{params.corpus}")
    table = getattr(reader, f"check_{params.corpus}")(load_corpus(Path(paths.summary).parent))
    write_table(paths.table, table)
    write_text(paths.text, render_check(params.corpus, table))


if __name__ == "__main__":
    jobs.run(main, snakemake)
