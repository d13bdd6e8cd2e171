"""From the start of a training job to its first step, against importing what it stands on."""

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from snakemake.iocontainers import InputFiles, Log, OutputFiles, Params, ResourceList, Wildcards
from snakemake.script import PythonScript
from snakemake.sourcecache import LocalSourceFile

from benchmarks.corpora import SETTINGS, made_up
from benchmarks.rows import Row
from benchmarks.training import DEMO
from emospeech.corpora.corpus_tables import RECORDING_COLUMNS
from emospeech.folds import FoldSettings, make_folds
from emospeech.training.settings import Settings

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "workflow" / "scripts" / "train.py"
UTTERANCES = 600  # as many as in the demo
HOURS = 0.7433  # of made-up audio, which are so many
SPEAKERS = [f"Ses0{session}{gender}" for session in range(1, 6) for gender in "FM"]
BARE = "import torch, h5py"
TOLD = "\nimport sys, time\nsys.__stdout__.write(f'{time.process_time()}\\n')\n"
GUARD = 'if __name__ == "__main__":'
# In place of the first step the job says how long it took to come there.
STOP = """
import os, time
from emospeech.training.engine import Engine

def stop(*_, **__):
    with open(os.environ["FIRST_STEP"], "w") as file:
        file.write(str(time.process_time()))
    os._exit(0)

Engine.step = stop

"""


def rows(folder, rounds=7):
    """Return the row on the start of a training job; what it needs is written to `folder`."""
    folder.mkdir(exist_ok=True)
    job, told = folder / "job.py", folder / "first-step"
    job.write_text(as_snakemake_runs_it(SCRIPT, **inputs_and_settings(folder)))
    ours, bare = [], []
    for _ in range(rounds):
        ours.append(seconds_of_job(job, told))
        bare.append(float(subprocess.check_output([sys.executable, "-c", BARE + TOLD])))
    note = (
        "processor time from the start of a training job, as snakemake runs it, to its first step"
        f"; other: python -c '{BARE}'; the least of {rounds} in turn"
    )
    return [Row("start-up-vs-imports", min(ours), min(bare), "seconds", note)]


def seconds_of_job(job, told):
    """Return the processor time that a job has taken when its first step begins."""
    environment = os.environ | {"FIRST_STEP": str(told), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, job], env=environment, check=True)
    return float(told.read_text())


def as_snakemake_runs_it(script, input, output, params):
    """Return the text of a script behind the lines that snakemake puts in front of it."""
    path = LocalSourceFile(str(script))
    places = "conda_env container_img singularity_args env_modules bench_record shadow_dir"
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
        **dict.fromkeys(places.split()),
    )
    imports, call = script.read_text().split(GUARD)
    return preamble + imports + STOP + GUARD + call


def named_files(found, names):
    """Fill a list of files as snakemake does, some names with several; return it."""
    for name, files in names.items():
        several, start = isinstance(files, list), len(found)
        found.extend(files if several else [files])
        found._set_name(name, start, len(found) if several else None)
    return found


def inputs_and_settings(folder):
    """Write a study of the demo's size to `folder`; return what a job of it is given."""
    lengths = made_up(folder, HOURS).lengths
    rng = np.random.default_rng(0)
    recordings = pd.DataFrame(
        {
            "recording": [f"utterance-{number:06d}" for number in range(len(lengths))],
            "speaker": np.resize(SPEAKERS, len(lengths)),
            "valence": rng.integers(2, 11, len(lengths)) / 2,
            "activation": rng.integers(2, 11, len(lengths)) / 2,
            "duration": lengths / SETTINGS.frame_rate,
        }
    )
    recordings["session"], recordings["gender"] = recordings["speaker"].str[:-1], "F"
    recordings.loc[recordings["speaker"].str.endswith("M"), "gender"] = "M"
    recordings["path"] = recordings["recording"]
    recordings.reindex(columns=RECORDING_COLUMNS).to_csv(folder / "recordings.csv", index=False)
    make_folds(recordings, FoldSettings()).to_csv(folder / "folds.csv", index=False)
    names = {"store": "made-up.h5", "recordings": "recordings.csv", "folds": "folds.csv"}
    input = {name: str(folder / file) for name, file in names.items()}
    output = ("weights", "history", "draws", "validation", "generated")
    return {
        "input": input | {"unlabelled": [input["store"]], "ratings": [], "best": []},
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
