"""Read one stream of AMI into tables."""

from pathlib import Path

from emospeech.corpora.ami import AmiSettings, read_ami
from emospeech.corpora.corpus_tables import write_corpus
from emospeech.runtime import jobs


def main(paths, settings):
    corpus = read_ami(Path(paths.audio), Path(paths.annotations), AmiSettings(**settings.settings))
    write_corpus(corpus, paths.recordings, paths.words, paths.summary)


if __name__ == "__main__":
    jobs.run(main, snakemake)
