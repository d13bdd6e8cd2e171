"""Hold the demo against chance: above it with the labels as they are, within it when shuffled.

Run by `make control`. Both studies use the same synthetic corpus; the second sets `labels.shuffle`,
so that nothing can be learned but what leaks between the parts of a fold. Its bound is wide, the
middle 99.9 % of chance, since four models tested at 95 % would be outside by luck too often. In the
end the report of the demo is written again, which then shows both.
"""

import argparse
import subprocess
import sys

import numpy as np
import pandas as pd

from emospeech.evaluation.predictions import load_predictions
from emospeech.evaluation.scores import chance_uars, count_fold_tables

DEMO, CONTROL = "results/demo", "results/control"
CONFIGS = {DEMO: ["config/demo.yaml"], CONTROL: ["config/demo.yaml", "config/control.yaml"]}
WIDE = (0.05, 99.95)  # percentiles


def run(cores, results, target="evaluation/metrics.csv"):
    """Make the metrics, or another target, of a study below `results`."""
    command = [sys.executable, "-m", "snakemake", f"{results}/{target}"]
    options = ["--cores", str(cores), "--quiet", "all", "--configfile", *CONFIGS[results]]
    subprocess.run([*command, *options], check=True)


def pooled(results):
    """Return the pooled figures of valence, a row a model, with the wide bounds of chance."""
    metrics = pd.read_csv(f"{results}/evaluation/metrics.csv")
    rows = metrics.query("scope == 'pooled' and task == 'valence'").set_index("model")
    files = [
        f"{results}/evaluation/{model}/fold-{n}/predictions.csv"
        for model in rows.index
        for n in range(1, 6)
    ]
    for model, table in load_predictions(files).items():
        tables = list(count_fold_tables(table, "valence").values())
        chance = chance_uars(tables, 20000, np.random.default_rng(0))
        rows.loc[model, ["wide_low", "wide_high"]] = np.percentile(chance, WIDE)
    return rows[["uar5", "chance_low", "chance", "chance_high", "wide_low", "wide_high"]]


def is_shown(trained, shuffled):
    """Return whether the table of the control in the demo's report has the figures of both."""
    shown = pd.read_csv(f"{DEMO}/report/tables/control.csv").set_index("model")
    for study, known in (("trained", trained), ("shuffled", shuffled)):
        columns = ["uar5", "chance", "chance_low", "chance_high"]
        own = shown[[f"{study}_{column}" for column in columns]].loc[known.index]
        if not np.allclose(own, known[columns], rtol=0, atol=1e-9):
            return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", default="2")
    cores = parser.parse_args().cores
    run(cores, DEMO)
    run(cores, CONTROL)
    run(cores, DEMO, "report/index.html")
    trained, shuffled = pooled(DEMO), pooled(CONTROL)
    print(f"labels as they are\n{trained.round(4)}\n\nlabels shuffled\n{shuffled.round(4)}\n")
    above = trained["uar5"] > trained["chance_high"]
    within = shuffled["uar5"].between(shuffled["wide_low"], shuffled["wide_high"])
    faults = [f"{model} is not above chance" for model in above.index[~above]]
    faults += [f"{model}, shuffled, is not at chance" for model in within.index[~within]]
    faults += [] if is_shown(trained, shuffled) else ["the report shows other figures"]
    for fault in faults:
        print(f"FAILED {fault}")
    print(f"{2 * len(trained) + 1 - len(faults)} passed, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
