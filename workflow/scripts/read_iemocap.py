"""Read IEMOCAP into tables."""

from pathlib import Path

from emospeech.corpora.corpus_tables import write_corpus, write_labels
from emospeech.corpora.iemocap import read_iemocap
from emospeech.runtime import jobs


def main(paths, settings):
    corpus = read_iemocap(Path(paths.root))
    write_corpus(corpus, paths.recordings, paths.words, paths.summary)
    write_labels(corpus, paths.ratings, paths.transcripts)


if __name__ == "__main__":
    jobs.run(main, snakemake)
