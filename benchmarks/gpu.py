"""Training on a GPU at full size, and the projected time of the whole study.

python3 -m benchmarks.gpu [--output FOLDER] [--small] [--groups GROUP ...] [--mps]

Planned to take eight minutes on an H100; it needs torch, numpy, pandas, h5py, safetensors, scipy
and tabulate, but neither Snakemake nor librosa. After each group of measurements it writes gpu.csv
and gpu.md, and for the group `profile` also profile.txt. If a group fails, the others are measured
all the same. `--small` runs all of them at a reduced size, also on a CPU, to test the script; its
timings are not meaningful.
"""

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from pathlib import Path

import torch

from benchmarks.gpu_rows import Benchmark
from benchmarks.measurement import to_table
from emospeech.runtime.files import write_table, write_text
from emospeech.training.device import describe_device

# Methods of Benchmark, in the order of measurement. `projection` uses rows of the two before it.
GROUPS = (
    "frames",
    "determinism",
    "losses",
    "largest",
    "flops",
    "profile",
    "epochs",
    "memory",
    "costs",
    "side_by_side",
    "projection",
)


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


def measure(benchmark: Benchmark, groups: Iterable[str], output: Path) -> list[str]:
    """Measure groups and write their rows after each; return the names of those that failed."""
    began, failed = time.perf_counter(), []
    for group in groups:
        try:
            benchmark.found += getattr(benchmark, group)()
        except Exception:
            # A GPU may be at hand for this run only, so the other groups are measured anyway.
            traceback.print_exc()
            failed.append(group)
        table = to_table(benchmark.found)
        write_table(output / "gpu.csv", table)
        write_text(output / "gpu.md", f"{table.to_markdown(index=False, floatfmt='.4g')}\n")
        if benchmark.kernels:
            write_text(output / "profile.txt", benchmark.kernels)
        print(f"{time.perf_counter() - began:6.0f} s, {group}: {len(table)} rows", flush=True)
    return failed


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks"))
    parser.add_argument(
        "--small", action="store_true", help="a small form, which also runs on CPUs"
    )
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=GROUPS)
    parser.add_argument(
        "--mps",
        action="store_true",
        help="also measure processes that share the GPU with NVIDIA's Multi-Process Service",
    )
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work(given.worker[0], float(given.worker[1]), given.small)
        return
    given.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        benchmark = Benchmark(Path(folder), given.small, mps=given.mps)
        print(json.dumps(describe_device(benchmark.device) | {"torch": torch.__version__}))
        failed = measure(benchmark, given.groups, given.output)
    shown = to_table(benchmark.found).drop(columns="note")
    print(shown.to_string(index=False, float_format="{:,.4g}".format))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
