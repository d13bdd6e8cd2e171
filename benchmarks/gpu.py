"""Training on a GPU at full size, and the projected time of the whole study.

python3 -m benchmarks.gpu [--output FOLDER] [--small]

Planned to take eight minutes on an H100; it needs torch, numpy, pandas, h5py, safetensors, scipy
and tabulate, but neither Snakemake nor librosa. It writes gpu.csv and gpu.md after
each group of measurements, so an interrupted run keeps the finished groups. `--small` runs all of
them at a reduced size, also on a CPU, to test the script; its timings are not meaningful.
"""

import argparse
import json
import tempfile
import time
from functools import partial
from pathlib import Path

import torch

from benchmarks.gpu_rows import Benchmark
from benchmarks.measurement import to_table
from emospeech.runtime.files import write_table, write_text
from emospeech.training.device import describe_device


def work(name: str, started: float, small: bool) -> None:
    """Train a model for a few seconds; print the rate and the time of the first step as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        benchmark = Benchmark(Path(folder), small, hours=6)
        case = benchmark.case(name, benchmark.fast, graphs=True)
        case.train()
        benchmark.wait()
        first, epochs, begin = time.time() - started, 0, time.perf_counter()
        while time.perf_counter() - begin < (0.2 if small else 5):
            case.train()
            epochs += 1
        benchmark.wait()
        rate = epochs * case.n_crops / (time.perf_counter() - begin)
    print(json.dumps({"rate": rate, "start": first}))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks"))
    parser.add_argument(
        "--small", action="store_true", help="a small form, which also runs on CPUs"
    )
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work(given.worker[0], float(given.worker[1]), given.small)
        return
    given.output.mkdir(parents=True, exist_ok=True)
    began, found = time.perf_counter(), []
    with tempfile.TemporaryDirectory() as folder:
        benchmark = Benchmark(Path(folder), given.small)
        print(json.dumps(describe_device(benchmark.device) | {"torch": torch.__version__}))
        for measure in (
            benchmark.frames,
            benchmark.determinism,
            benchmark.losses,
            benchmark.largest,
            benchmark.flops,
            benchmark.epochs,
            benchmark.costs,
            benchmark.side_by_side,
            partial(benchmark.projection, found),
        ):
            found += measure()
            table = to_table(found)
            write_table(given.output / "gpu.csv", table)
            text = table.to_markdown(index=False, floatfmt=".4g")
            write_text(given.output / "gpu.md", f"{text}\n")
            print(f"{time.perf_counter() - began:6.0f} s, {len(found)} rows", flush=True)
    shown = table.drop(columns="note").to_string(index=False, float_format="{:,.4g}".format)
    print(shown)


if __name__ == "__main__":
    main()
