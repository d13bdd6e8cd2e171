"""Check what unlabelled pools of noise, and of the labelled voices, do to a DCGAN.

    python -m tests.pools

The pool of the study is the synthetic meetings and the labelled corpus. Two variants replace it:
`noise`, with as many hours of white noise as the meetings have, and `voices`, the labelled corpus
only. BasicDCGAN is compared with BasicCNN, which has the same network without unlabelled speech,
over the same test speakers and SEEDS seeds. Noise must not improve the UAR of valence, and the
labelled voices must not harm it: exits with an error if the 95 % interval of the difference is
above 0 or below 0. Needs the synthetic corpus of `make demo`; takes about ten minutes.
"""

import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import yaml

from emospeech.evaluation.variability import load_seeds
from emospeech.evaluation.variants import compare_variants, load_variants, read_runs

SYNTHETIC, RESULTS = Path("results/demo/synthetic"), Path("results/pools")
MEETINGS, SECONDS, RATE = 12, 90, 16000  # the size of the demo's meetings
CNN, DCGAN, SEEDS = "BasicCNN", "BasicDCGAN", 5


def write_noise(folder):
    """Write a manifest of white noise with a word every half second."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    names = [f"noise-{number}" for number in range(MEETINGS)]
    for name in names:
        soundfile.write(folder / f"{name}.wav", 0.05 * rng.standard_normal(SECONDS * RATE), RATE)
    recordings = pd.DataFrame({"recording": names, "path": [f"{name}.wav" for name in names]})
    recordings.to_csv(folder / "recordings.csv", index=False)
    starts = np.arange(0, SECONDS, 0.5)
    words = pd.DataFrame({"recording": np.repeat(names, len(starts))})
    words = words.assign(start=np.tile(starts, MEETINGS), end=lambda table: table["start"] + 0.3)
    words.assign(word="noise").to_csv(folder / "words.csv", index=False)


def write_config(path):
    """Write the config of the study: the corpora of the demo, read like real ones."""
    ami = {"audio": SYNTHETIC / "amicorpus", "annotations": SYNTHETIC / "ami_public_manual_1.6.2"}
    study = {
        "results": str(RESULTS),
        "corpora": {
            "synthetic": None,
            "iemocap": {"root": str(SYNTHETIC / "IEMOCAP_full_release")},
            "ami": {key: str(folder) for key, folder in ami.items()},
            "manifests": {"noise": {"folder": str(RESULTS / "noise")}},
        },
        "models": {"names": [CNN, DCGAN]},
        "training": {"seeds": SEEDS},
        "variants": {
            "noise": {"training": {"unlabelled": ["noise"]}},
            "voices": {"training": {"unlabelled": ["iemocap"]}},
        },
        "report": {"control": None},
    }
    path.write_text(yaml.safe_dump(study))


def load_all():
    """Return the predictions of the study, those of the variants, and their training runs."""
    variants = RESULTS / "variants"
    folds = (RESULTS.glob(f"evaluation/{model}/fold-*/predictions.csv") for model in (CNN, DCGAN))
    again = sorted(RESULTS.glob("evaluation/*/seed-*/fold-*/predictions.csv"))
    base = load_seeds(sorted(chain(*folds)), again, 1)
    runs = read_runs(
        RESULTS.glob("training/*/*/*/validation.json"),
        variants.glob("*/training/*/*/*/validation.json"),
        1,
    )
    return base, load_variants(sorted(variants.glob("*/evaluation/*/*/*/predictions.csv"))), runs


def main():
    write_noise(RESULTS / "noise")
    config = RESULTS / "pools.yaml"
    write_config(config)
    command = [sys.executable, "-m", "snakemake", str(RESULTS / "variants/differences.csv")]
    command += ["--cores", "2", "--quiet", "all", "--configfile", "config/demo.yaml", str(config)]
    subprocess.run(command, check=True)
    base, variants, runs = load_all()
    study = {"study": {key: table for key, table in base.items() if key[0] == DCGAN}}
    # The CNN takes the place of the study, under the name of the model that it is compared with.
    without = {(DCGAN, seed): table for (model, seed), table in base.items() if model == CNN}
    _, table = compare_variants(without, variants | study, runs, 10000, 1)
    table = table[(table["metric"] == "uar5") & (table["model"] == DCGAN)].set_index("variant")
    print((100 * table[["value", "low", "high", "detectable"]]).round(1).to_string())
    print(table[["p", "seeds"]].to_string())
    failures = []
    if table.loc["noise", "low"] > 0:
        failures.append("noise improves the UAR")
    if table.loc["voices", "high"] < 0:
        failures.append("the labelled voices harm the UAR")
    sys.exit("; ".join(failures) or None)


if __name__ == "__main__":
    main()
