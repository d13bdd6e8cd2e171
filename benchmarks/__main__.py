"""Run all benchmarks, print a table and write it as CSV."""

import argparse
import tempfile
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from benchmarks import corpora, crops, dag, extraction, memory, startup, training
from benchmarks.measurement import to_table
from benchmarks.noise import write_noise
from emospeech.runtime.files import write_table

HOURS = 10  # of noise: more than the processor's caches hold
OUTPUT = Path("results/benchmarks/benchmarks.csv")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--output", type=Path, default=OUTPUT, help=f"default: {OUTPUT}")
    output = parser.parse_args().output
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        folder = Path(name)
        audio = [
            corpora.synthetic_iemocap(folder / "IEMOCAP_full_release", 1600),
            corpora.synthetic_ami(folder / "ami", 20, 2),
        ]
        noise = write_noise(folder, HOURS)
        measurements = []
        for measure in (
            lambda: extraction.measure(audio, folder),
            lambda: crops.measure(noise),
            lambda: memory.measure(folder),
            lambda: dag.measure(folder),
            lambda: startup.measure(folder / "start-up"),
            lambda: training.measure(noise),
        ):
            measurements += measure()
            write_table(output, to_table(measurements))  # keeps finished rows if interrupted
    table = to_table(measurements).drop(columns="note")
    print(table.to_string(index=False, float_format="{:,.2f}".format))
    print(f"\nThe notes in {output} describe both sides of each row.")


if __name__ == "__main__":
    main()
