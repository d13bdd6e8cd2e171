"""Measure, print one table and write it: python -m benchmarks [--output FILE]."""

import argparse
import tempfile
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from benchmarks import corpora, crops, dag, extraction, memory, startup, training
from benchmarks.rows import table_of
from emospeech.runtime.files import write_table

HOURS = 10  # of made-up frames: more than fit in a processor's caches
OUTPUT = Path("results/benchmarks/benchmarks.csv")


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--output", type=Path, default=OUTPUT, help=f"default: {OUTPUT}")
    output = parser.parse_args().output
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        folder = Path(name)
        audio = [
            corpora.utterances(folder / "IEMOCAP_full_release", 1600),
            corpora.meetings(folder / "ami", 20, 2),
        ]
        made_up = corpora.made_up(folder, HOURS)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        measures = (
            lambda: extraction.rows(audio, folder),
            lambda: crops.rows(made_up),
            lambda: memory.rows(folder),
            lambda: dag.rows(folder),
            lambda: startup.rows(folder / "start-up"),
            lambda: training.rows(made_up, device),
        )
        rows = []
        for measure in measures:
            rows += measure()
            write_table(output, table_of(rows))  # what is measured stays if the rest is stopped
    print(table_of(rows).drop(columns="note").to_string(index=False, float_format="{:,.2f}".format))
    print(f"\nThe notes say what each row is: {output}")


if __name__ == "__main__":
    main()
