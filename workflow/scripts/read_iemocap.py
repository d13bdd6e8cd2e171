"""Read IEMOCAP into tables."""

from pathlib import Path

from emospeech.corpora.corpus_tables import write_corpus, write_ratings
from emospeech.corpora.iemocap import read_iemocap
from emospeech.runtime import jobs
from emospeech.runtime.files import write_table


def main(paths, settings):
    corpus = read_iemocap(Path(paths.root))
    write_corpus(corpus, paths.recordings, paths.words, paths.summary)
    write_ratings(corpus, paths.ratings)
    write_table(paths.transcripts, corpus.transcripts)


if __name__ == "__main__":
    jobs.run(main, snakemake)
