"""Record the provenance of a study: settings, code, versions, hardware and stores."""

import json
from pathlib import Path

from emospeech.report.provenance import (
    benchmarks,
    git_commit,
    hardware,
    period,
    stage_durations,
    training_hardware,
    versions,
)
from emospeech.runtime import jobs
from emospeech.runtime.files import by_folder, read_table, write_text
from emospeech.spectrograms.store import made_from


def main(paths, params):
    commit, finished = git_commit(), benchmarks(Path(params.benchmarks))
    record = {
        "command": params.command,
        "commit": commit.removesuffix("-dirty"),
        "changed_since_commit": commit.endswith("-dirty"),
        "seeds": {"study": params.config["seed"]},
        "versions": versions(),
        "hardware": hardware(),
        "training_hardware": training_hardware(paths.hardware).to_dict("records"),
        "training_precision": by_folder(paths.trials, training_precisions),
        "stores": {store.stem: made_from(store) for store in map(Path, params.stores)},
        **period(finished),
        "durations": stage_durations(finished).to_dict("records"),
        "config": params.config,
    }
    write_text(paths.provenance, json.dumps(record, indent=2) + "\n")


def training_precisions(path):
    """Return the number formats that the training runs in a trials.csv used."""
    formats = " ".join(read_table(path)["training_precision"])
    return sorted(set(formats.split()))


if __name__ == "__main__":
    jobs.run(main, snakemake)
