"""Compare the demo with chance: better with true labels, at chance level with shuffled labels.

Run by `make control`. Both studies use the same synthetic corpus. The second also has the
sequential models, and sets `labels.shuffle`, so only leaks between the parts of a fold could raise
its results. They are compared with the central 99.9 % of the chance distribution: with 95 %, one of
the eight models would often be outside. Finally, the demo's report is regenerated with the results
of both studies.
"""

import argparse
import subprocess
import sys

import numpy as np
import pandas as pd

from emospeech.corpora.corpus_tables import load_recordings
from emospeech.evaluation.chance import chance_of
from emospeech.evaluation.predictions import BASELINES, load_predictions
from tests.settings import VALENCE

DEMO, CONTROL = "results/demo", "results/control"
CONFIGS = {
    DEMO: ["config/demo.yaml"],
    CONTROL: ["config/demo.yaml", "config/sequential.yaml", "config/control.yaml"],
}
CONTROL_PERCENTILES = (0.05, 99.95)


def run(cores, results, target="evaluation/metrics.csv"):
    """Make a target of the study below `results`."""
    command = [sys.executable, "-m", "snakemake", f"{results}/{target}"]
    options = ["--cores", str(cores), "--quiet", "all", "--configfile", *CONFIGS[results]]
    subprocess.run([*command, *options], check=True)


def pooled_results(results):
    """Return UAR5 and chance of valence by model, with both intervals of chance."""
    metrics = pd.read_csv(f"{results}/evaluation/metrics.csv")
    rows = metrics.query("scope == 'pooled' and task == 'valence'").set_index("model")
    rows = rows.drop(index=list(BASELINES))
    files = [
        f"{results}/evaluation/{model}/fold-{n}/predictions.csv"
        for model in rows.index
        for n in range(1, 6)
    ]
    recordings = load_recordings(f"{results}/corpora/iemocap/recordings.csv")
    dialogues = recordings.set_index("recording")["dialogue"].to_dict()
    for model, table in load_predictions(files).items():
        chance = chance_of(table, VALENCE, dialogues, 20000, np.random.default_rng(0))
        bounds = np.percentile(chance["pooled"].uar, CONTROL_PERCENTILES)
        rows.loc[model, ["control_low", "control_high"]] = bounds
    return rows[["uar5", "chance_low", "chance", "chance_high", "control_low", "control_high"]]


def report_agrees(trained, shuffled):
    """Return whether the control table in the demo's report agrees with both studies."""
    reported = pd.read_csv(f"{DEMO}/report/tables/control.csv").set_index("model")
    columns = ["uar5", "chance", "chance_low", "chance_high"]
    return all(
        np.allclose(
            reported.loc[trained.index, [f"{study}_{column}" for column in columns]],
            known.loc[trained.index, columns],
            rtol=0,
            atol=1e-9,
        )
        for study, known in (("trained", trained), ("shuffled", shuffled))
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", default="2")
    cores = parser.parse_args().cores
    run(cores, DEMO)
    run(cores, CONTROL)
    run(cores, DEMO, "report/index.html")
    trained, shuffled = pooled_results(DEMO), pooled_results(CONTROL)
    print(f"True labels\n{trained.round(4)}\n\nShuffled labels\n{shuffled.round(4)}\n")
    failures = []
    for model, row in trained.to_dict("index").items():
        if row["uar5"] <= row["chance_high"]:
            failures.append(f"{model}: not above chance")
    for model, row in shuffled.to_dict("index").items():
        if not row["control_low"] <= row["uar5"] <= row["control_high"]:
            failures.append(f"{model} with shuffled labels: not at chance")
    if not report_agrees(trained, shuffled):
        failures.append("the report shows other results")
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{len(trained) + len(shuffled) + 1 - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
