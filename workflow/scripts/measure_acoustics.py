"""Measure the acoustic statistics of each labelled recording, for the classical baseline."""

from pathlib import Path

from emospeech.corpora.corpus_tables import load_recordings
from emospeech.evaluation.acoustics import acoustics_table
from emospeech.runtime import jobs
from emospeech.runtime.files import write_table


def main(paths, settings):
    recordings = load_recordings(paths.recordings)
    table = acoustics_table(recordings, Path(paths.audio), settings.threads)
    write_table(paths.acoustics, table)


if __name__ == "__main__":
    jobs.run(main, snakemake)
