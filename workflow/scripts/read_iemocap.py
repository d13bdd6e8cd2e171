"""Read the IEMOCAP release into tables."""

from pathlib import Path

from emospeech import jobs
from emospeech.corpora.iemocap import read_iemocap
from emospeech.corpora.tables import write_corpus


def main(paths, settings):
    write_corpus(read_iemocap(Path(paths.root)), paths.recordings, paths.words, paths.summary)


if __name__ == "__main__":
    jobs.run(main, snakemake)
