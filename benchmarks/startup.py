"""CPU time from the start of a training job to its first step, compared with its main imports."""

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from snakemake.iocontainers import InputFiles, Log, OutputFiles, Params, ResourceList, Wildcards
from snakemake.script import PythonScript
from snakemake.sourcecache import LocalSourceFile

from benchmarks.measurement import Measurement
from benchmarks.noise import SETTINGS, write_noise
from benchmarks.training import DEMO
from emospeech.corpora.corpus_tables import RECORDING_COLUMNS
from emospeech.folds import FoldSettings, make_folds
from emospeech.training.settings import Settings

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "workflow" / "scripts" / "train.py"
HOURS = 0.7433  # of noise: 600 utterances, as many as in the demo
SPEAKERS = [f"Ses0{session}{gender}" for session in range(1, 6) for gender in "FM"]
IMPORTS = "import torch, h5py"
PRINT_CPU_TIME = "\nimport sys, time\nsys.__stdout__.write(f'{time.process_time()}\\n')\n"
GUARD = 'if __name__ == "__main__":'
# Replaces the first step: writes the CPU time so far and ends the job.
STOP = """
import os, time
from emospeech.training.engine import Engine

def stop(*_, **__):
    with open(os.environ["FIRST_STEP"], "w") as file:
        file.write(str(time.process_time()))
    os._exit(0)

Engine.step = stop

"""


def measure(folder: Path, rounds: int = 7) -> list[Measurement]:
    """Measure the start of a training job; its inputs are written to `folder`."""
    folder.mkdir(exist_ok=True)
    job, first_step = folder / "job.py", folder / "first-step"
    job.write_text(with_preamble(SCRIPT, **job_directives(folder)))
    starts, imports = [], []
    for _ in range(rounds):
        starts.append(seconds_to_first_step(job, first_step))
        command = [sys.executable, "-c", IMPORTS + PRINT_CPU_TIME]
        imports.append(float(subprocess.check_output(command)))
    note = (
        "CPU time from the start of a training job, with Snakemake's preamble, to its first step; "
        f"reference: python -c '{IMPORTS}'; minimum of {rounds} alternating rounds"
    )
    return [Measurement("start-up-vs-imports", min(starts), min(imports), "seconds", note)]


def seconds_to_first_step(job: Path, output: Path) -> float:
    """Return the CPU time of a job until its first step, which it writes to `output`."""
    environment = os.environ | {"FIRST_STEP": str(output), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, job], env=environment, check=True)
    return float(output.read_text())


def with_preamble(script: Path, input: dict, output: dict, params: dict) -> str:
    """Return the text of a script, preceded by the preamble that Snakemake generates for a job."""
    path = LocalSourceFile(str(script))
    names = "conda_env container_img singularity_args env_modules bench_record shadow_dir"
    unset: dict[str, Any] = dict.fromkeys(names.split())
    preamble = PythonScript.generate_preamble(
        path=path,
        cache_path=None,
        source=None,
        basedir=path.get_basedir(),
        input_=named_files(InputFiles(), input),
        output=named_files(OutputFiles(), output),
        params=Params(fromdict=params),
        wildcards=Wildcards(fromdict={}),
        threads=1,
        resources=ResourceList(fromdict={}),
        log=Log([str(Path(input["store"]).parent / "job.log")]),
        config={},
        rulename="train",
        jobid=1,
        bench_iteration=None,
        cleanup_scripts=True,
        is_local=True,
        **unset,
    )
    imports, call = script.read_text().split(GUARD)
    return preamble + imports + STOP + GUARD + call


def named_files(
    files: InputFiles | OutputFiles, names: dict[str, str | list[str]]
) -> InputFiles | OutputFiles:
    """Add files by name as Snakemake does, where a name may refer to a list of files."""
    for name, own in names.items():
        is_list, start = isinstance(own, list), len(files)
        files.extend(own if is_list else [own])
        files._set_name(name, start, len(files) if is_list else None)
    return files


def job_directives(folder: Path) -> dict[str, dict]:
    """Write inputs of the demo's size to `folder`; return input, output and params of a job."""
    lengths = write_noise(folder, HOURS).lengths
    rng = np.random.default_rng(0)
    recordings = pd.DataFrame(
        {
            "recording": [f"utterance-{index:06d}" for index in range(len(lengths))],
            "speaker": np.resize(SPEAKERS, len(lengths)),
            "valence": rng.integers(2, 11, len(lengths)) / 2,
            "activation": rng.integers(2, 11, len(lengths)) / 2,
            "duration": lengths / SETTINGS.frame_rate,
        }
    )
    recordings["session"] = recordings["speaker"].str[:-1]
    recordings["gender"] = recordings["speaker"].str[-1]
    recordings["path"] = recordings["recording"]
    recordings.reindex(columns=RECORDING_COLUMNS).to_csv(folder / "recordings.csv", index=False)
    make_folds(recordings, FoldSettings()).to_csv(folder / "folds.csv", index=False)
    names = {"store": "noise.h5", "recordings": "recordings.csv", "folds": "folds.csv"}
    input = {name: str(folder / file) for name, file in names.items()}
    output = ("weights", "history", "draws", "validation", "generated")
    return {
        "input": input | {"unlabelled": [input["store"]], "ratings": [], "votes": [], "best": []},
        "output": {name: [str(folder / name)] for name in output},
        "params": {
            "model": "MultitaskDCGAN",
            "fold": 1,
            "trials": [(0, DEMO)],
            "study": asdict(Settings()),
            "seed": 1,
            "checkpoints": [str(folder / ".checkpoint.safetensors")],
            "code": "code",
        },
    }
