"""Small result files as data frames, for the tests of the report."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from emospeech.folds import FoldSettings, make_folds
from emospeech.models import catalogue
from emospeech.report.study_tables import table_composition, table_labels
from tests.settings import LABELS, VALENCE

TASKS = ("valence", "activation")
MODELS = ("BasicCNN", "MultitaskCNN", "BasicDCGAN", "MultitaskDCGAN")
SEQUENTIAL = ("BasicLSTM", "MultitaskLSTM", "BasicAPC", "MultitaskAPC")
COUNTS = [
    [6, 1, 1, 2, 0],
    [0, 30, 5, 4, 1],
    [1, 8, 9, 2, 0],
    [0, 5, 3, 7, 1],
    [0, 1, 0, 1, 2],
]


DEFAULTS = yaml.safe_load((Path(__file__).parents[1] / "config/config.yaml").read_text())


def provenance(**changes):
    """Return the provenance.json of a study on real corpora; `changes` replace its settings."""
    config = DEFAULTS | {"seed": 7, "note": "a < b & c"}
    own = {"search": {"learning_rate": [1e-3, 1e-4]}, "report": {"control": "results/control"}}
    for key, value in [*own.items(), *changes.items()]:
        config[key] = config[key] | value if isinstance(value, dict) else value
    run = {"device": "cuda", "gpu": "a GPU", "processor": "a processor", "threads": 4}
    return {
        "command": "snakemake --cores 1 --configfile own.yaml",
        "commit": "c0ffee",
        "changed_since_commit": False,
        "seeds": {"study": 41},
        "versions": {"python": "3.11.2", "torch": "2.9.0"},
        "hardware": {"processor": "of the report", "gpus": []},
        "training_hardware": [run | {"trainings": 400, "hours": 12.5}],
        "started": "2026-01-02 03:04",
        "finished": "2026-01-03 04:05",
        "stores": {"iemocap": "5afe"},
        "durations": [{"stage": "training", "jobs": 400, "minutes": 31.25}],
        "config": config,
    }


def study(recordings, validation="F"):
    """Return the tables that describe a study of the recordings, with made-up network sizes."""
    folds = make_folds(recordings, FoldSettings(validation=validation))
    sizes = {"trunk": 1000, "shared": 20000, "heads": 300, "real_fake": np.nan, "total": 21300}
    return {
        "labels": table_labels(recordings, folds, LABELS.tasks(multitask=True)),
        "composition": table_composition(recordings, folds, VALENCE),
        "parameters": pd.DataFrame([{"model": model, "trial": 3} | sizes for model in MODELS]),
    }


def metrics(models=MODELS):
    """Return a metrics.csv with a different value in each cell, so that a wrong cell is noticed."""
    rows, number = [], 0
    for model in models:
        for task in ("valence", "activation") if model.startswith("Multitask") else ("valence",):
            for scope in ("fold-1", "fold-2", "fold-10", "pooled", "mean"):
                number += 1
                names = ("accuracy", "uar5", "uar3", "rho", "p")
                row = {name: i / 10 + number / 1000 for i, name in enumerate(names, 1)}
                chance = (np.nan,) * 3 if scope == "mean" else (0.24, 0.22, 0.26)
                row |= dict(zip(("chance", "chance_low", "chance_high"), chance, strict=True))
                rows.append({"model": model, "task": task, "scope": scope, "recordings": 9} | row)
    return pd.DataFrame(rows)


def intervals(models=MODELS):
    """Return the intervals.csv of `metrics` and of a baseline: UAR and rho plus or minus .05."""
    rows = metrics(models).query("scope in ['pooled', 'mean']")
    rows = pd.concat([rows, rows[rows["model"] == models[0]].assign(model="baseline")])
    table = pd.concat([rows.assign(metric=name, value=rows[name]) for name in ("uar5", "rho")])
    table = table.assign(low=table["value"] - 0.05, high=table["value"] + 0.05, speakers=5)
    table = table.assign(error=0.02, error_recordings=0.01)
    keys = ["model", "task", "scope", "metric", "speakers"]
    return table[[*keys, "value", "low", "high", "error", "error_recordings"]]


def differences():
    """Return a differences.csv of two variants; the interval of one difference excludes 0."""
    rows = [
        ("wide", "BasicDCGAN", 0.03, 0.05),
        ("hard", "BasicCNN", -0.042, 0.02),
        ("hard", "BasicDCGAN", 0.01, 0.02),
    ]
    table = pd.DataFrame(rows, columns=["variant", "model", "value", "half"])
    table = table.assign(low=table["value"] - table["half"], high=table["value"] + table["half"])
    table = table.assign(task="valence", metric="uar5", seeds=2, diverged_seeds=0)
    table = table.drop(columns="half").assign(p=0.25, p_holm=0.5, detectable=0.071)
    table = table.assign(speakers=5, smallest_p=0.0625, smallest_p_holm=0.1875)
    others = [table.assign(metric="rho", value=0.9), table.assign(task="activation", value=0.8)]
    return pd.concat([table, *others], ignore_index=True)


def variant_metrics():
    """Return a metrics.csv: the study, two variants with fewer hours of audio, and another one."""
    rows = [
        ("base", "BasicCNN", np.nan, 0.40),
        ("base", "BasicDCGAN", 12.0, 0.50),
        ("hours_1", "BasicDCGAN", 1.1, 0.42),
        ("hours_3", "BasicDCGAN", 3.2, 0.45),
        ("joint", "BasicDCGAN", 12.0, 0.1),
        ("base", "MultitaskDCGAN", 12.0, 0.52),
        ("hours_1", "MultitaskDCGAN", 1.1, 0.43),
        ("base", "MultitaskCNN", np.nan, 0.41),
    ]
    table = pd.DataFrame(rows, columns=["variant", "model", "hours", "value"])
    table = table.assign(low=table["value"] - 0.1, high=table["value"] + 0.1)
    return table.assign(task="valence", metric="uar5", seeds=2)


def references():
    """Return a references.csv with a correlation, but no UAR, of human raters."""
    rows = [("uniform", 0.2, np.nan), ("rater", np.nan, 0.7)]
    table = pd.DataFrame(rows, columns=["reference", "uar5", "rho"])
    parts = [table.assign(task=task, scope="pooled", recordings=30) for task in TASKS]
    return pd.concat(parts, ignore_index=True)


def histories(folds):
    """Return the histories.csv of {fold: history}."""
    parts = [table.assign(fold=fold) for fold, table in folds.items()]
    return pd.concat(parts, ignore_index=True)


def confusion(counts=COUNTS):
    table = pd.DataFrame(counts, columns=list("12345"))
    table.insert(0, "truth", range(1, 6))
    return table


def cells(model="BasicDCGAN"):
    """Return the cells.csv of two models, with different bounds in each row."""
    rows = [("share", t, p, t / 1000 + p / 10000) for t in range(1, 6) for p in range(1, 6)]
    rows += [("uar5", np.nan, np.nan, 0.1), ("uar3", np.nan, np.nan, 0.11)]
    for i, name in enumerate(("precision", "f1", "recall", "f1_normalised"), 2):
        rows += [(name, c, np.nan, i / 1000 + c / 10000) for c in range(1, 6)]
    rows += [("precision_normalised", c, np.nan, 6 / 1000 + c / 10000) for c in range(1, 6)]
    table = pd.DataFrame(rows, columns=["metric", "truth", "prediction", "low"])
    table = table.assign(model=model, high=table["low"] + 0.5, value=0.5)
    return pd.concat([table.assign(model="BasicCNN", low=0.9, high=0.99), table])


def classes():
    names = ("precision", "recall", "f1", "precision_normalised", "f1_normalised")
    table = pd.DataFrame({"class": range(1, 6), "support": [10, 40, 20, 16, 4]})
    for i, name in enumerate(names, 1):
        table[name] = i / 10 + np.arange(5) / 1000
    return table


PARAMETERS = {
    "crop_width": [64, 128, 64],
    "learning_rate": [1e-3, 1e-4, 1e-5],
    "batch_size": [64, 128, 256],
    "filter_size": [4, 9, 8],
    "filters": [32, 72, 88],
    "layers": [1, 2, 1],
    "hidden_units": [64, 256, 128],
    "steps_ahead": [3, 5, 5],
}


def trials(model="BasicCNN"):
    """Return a trials.csv with three trials of a model."""
    return pd.DataFrame(
        {
            "trial": [0, 1, 2],
            **{name: PARAMETERS[name] for name in catalogue.MODELS[model].family.parameters},
            "validation_uar": [0.30, 0.41, 0.25],
            "validation_uar_fold-1": [0.28, 0.45, 0.20],
            "validation_uar_fold-2": [0.32, 0.37, 0.30],
            "epochs": [13, 17, 11],
            "capped": [1, 0, 2],
            "diverged": [0, 0, 1],
            "training_precision": "float32",
            "chosen": [False, True, False],
        }
    )


def best(model="BasicCNN"):
    """Return a best.json. It is made from a row of a table, so its integers are floats."""
    return trials(model).iloc[1].drop(["chosen", "training_precision"]).astype(float).to_dict()


def history(epochs=6, model="MultitaskDCGAN", top=4):
    """Return a history.csv whose highest validation UAR is reached at epochs `top` and `epochs`.

    The errors of an APC model are 10 % lower than those of repetition for AMI, 20 % for IEMOCAP,
    and `epoch` % on the validation speakers.
    """
    numbers = np.arange(1, epochs + 1)
    uar = 0.3 + 0.01 * np.minimum(numbers, top) - 0.01 * (numbers > top)
    uar[-1] = uar.max()
    absent = dict.fromkeys(catalogue.loss_columns(model, LABELS), np.nan)
    table = pd.DataFrame({"epoch": numbers} | absent)
    table = table.assign(valence=1.6 / np.sqrt(numbers), validation_uar=uar)
    if "DCGAN" in model:
        table = table.assign(generator=2 + numbers / 10, discriminator=0.9 / numbers)
    if "Multitask" in model:
        table["activation"] = 1.2 / np.sqrt(numbers)
    if "APC" in model:
        table = table.assign(apc=0.085, repetition=0.1, apc_ami=0.09, repetition_ami=0.1)
        table = table.assign(apc_iemocap=0.08, repetition_iemocap=0.1, validation_repetition=0.2)
        table["validation_apc"] = 0.2 * (1 - numbers / 100)
    return table


def balance(folds=(1, 2)):
    """Return class counts of the labels 1, 2, 2.5, 2.5, 4 per fold, before and after sampling."""
    stages = {"training part": [1, 2, 1, 1, 0], "oversampled epoch": [3, 3, 2.5, 2.5, 0]}
    rows = [
        {"fold": fold, "stage": stage, "class": label, "count": count, "share": count / sum(counts)}
        for fold in folds
        for stage, counts in stages.items()
        for label, count in enumerate(counts, 1)
    ]
    return pd.DataFrame(rows)


def example(words=("so", "unbelievably")):
    """Return the table of an example crop.

    The recording has six frames of 100 ms, three rows and words of 200 ms. The crop has four
    frames.
    """
    cells = [
        {"element": element, "start": frame / 10 - 0.05, "end": frame / 10 + 0.05}
        | {"low": 500.0 * 2**row, "high": 1000.0 * 2**row, "level": -10.0 * row - frame}
        for element, frames in (("cell", range(6)), ("crop cell", range(2, 6)))
        for frame in frames
        for row in range(3)
    ]
    spans = [
        {"element": "word", "start": 0.2 * i, "end": 0.2 * i + 0.2, "word": word}
        for i, word in enumerate(words)
    ]
    lines = [
        {"element": "crop", "start": 0.15, "end": 0.55},
        {"element": "centre", "start": 0.4, "end": 0.4},
    ]
    columns = ["recording", "element", "start", "end", "low", "high", "level", "word"]
    return pd.DataFrame(cells + spans + lines).assign(recording="a").reindex(columns=columns)


def generated():
    """Return three epochs of four generated and two real spectrograms, two frames by three rows."""
    rng = np.random.default_rng(0)
    counts = {"generated": 4, "real": 2}
    keys = [
        {"epoch": epoch, "source": source, "sample": sample, "frame": frame}
        for epoch in (1, 2, 3)
        for source, count in counts.items()
        for sample in range(1, count + 1)
        for frame in (1, 2)
    ]
    levels = rng.integers(0, 256, (len(keys), 3))
    return pd.concat(
        [pd.DataFrame(keys), pd.DataFrame(levels, columns=["row_1", "row_2", "row_3"])], axis=1
    )


def forecast():
    """Return two recordings of three predicted frames with two rows.

    The prediction is .1 too high in the first recording and .2 in the second; the repeated frames
    are .3 too low.
    """
    real = np.arange(12).reshape(6, 2) / 12 - 0.5
    shifts = {"real": [0, 0], "predicted": [0.1, 0.2], "repeated": [-0.3, -0.3]}
    parts = []
    for index, name in enumerate(("b", "a")):
        for source, shift in shifts.items():
            values = real[3 * index : 3 * index + 3] + shift[index]
            part = pd.DataFrame(values, columns=["row_1", "row_2"]).assign(frame=[6, 7, 8])
            parts.append(part.assign(recording=name, speaker="S", source=source, steps_ahead=5))
    return pd.concat(parts, ignore_index=True)


def mapped(folds=(1, 2, 3, 4)):
    """Return eight recordings of two speakers in each fold, at random positions."""
    rng = np.random.default_rng(1)
    parts = []
    for fold in folds:
        part = pd.DataFrame({"fold": fold, "recording": [f"r{i}" for i in range(8)]})
        part["speaker"] = part["part"] = ["test", "validation"] * 4
        part["valence"] = [1.5, 1.5, 3, 3, 4.5, 4.5, 5, 5]
        part[["x", "y"]] = rng.normal(size=(8, 2))
        parts.append(part.assign(share_x=0.6, share_y=0.2))
    return pd.concat(parts, ignore_index=True)
