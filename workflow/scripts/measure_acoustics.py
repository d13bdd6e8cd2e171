"""Measure the acoustic statistics of each labelled recording, for the classical baselines."""

from pathlib import Path

from emospeech.corpora.corpus_tables import load_recordings
from emospeech.evaluation.acoustics import acoustics_tables, crop_spans
from emospeech.runtime import jobs
from emospeech.runtime.files import write_table
from emospeech.spectrograms.store import open_store


def main(paths, params):
    recordings, store = load_recordings(paths.recordings), open_store(paths.store)
    spans = crop_spans(store, params.seed, params.width, params.edge)
    tables = acoustics_tables(recordings, Path(paths.audio), spans)
    for path, table in zip((paths.acoustics, paths.acoustics_crop), tables, strict=True):
        write_table(path, table)


if __name__ == "__main__":
    jobs.run(main, snakemake)
