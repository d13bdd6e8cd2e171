"""Measure, print one table and write it: python -m benchmarks [--output FILE]."""

import argparse
import tempfile
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from benchmarks import corpora, crops, extraction, memory
from benchmarks.rows import table_of
from emospeech.files import write_table

OUTPUT = Path("results/benchmarks/benchmarks.csv")


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--output", type=Path, default=OUTPUT, help=f"default: {OUTPUT}")
    output = parser.parse_args().output
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        folder = Path(name)
        audio = [
            corpora.utterances(folder / "IEMOCAP_full_release", 600),
            corpora.meetings(folder / "ami", 4, 0.75),
        ]
        rows = [*extraction.rows(audio, folder), *crops.rows(folder), *memory.rows(folder)]
    table = table_of(rows)
    write_table(output, table)
    print(table.drop(columns="note").to_string(index=False, float_format="{:,.2f}".format))
    print(f"\nThe notes say what each row is: {output}")


if __name__ == "__main__":
    main()
