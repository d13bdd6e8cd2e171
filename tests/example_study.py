"""Random recordings, ratings and predictions of a given quality, as from a finished study."""

import numpy as np
import pandas as pd

from emospeech.evaluation.comparisons import comparisons_table
from emospeech.evaluation.intervals import cells_table, intervals_table
from emospeech.evaluation.leaks import LeakEvidence, leak_table, parts_table
from emospeech.evaluation.predictions import BASELINES, predictions_table
from emospeech.evaluation.references import references_table
from emospeech.evaluation.representation import neighbours_table
from emospeech.evaluation.scores import metrics_table, subgroups_table
from emospeech.evaluation.variability import seeds_table, variability_table
from emospeech.folds import FoldSettings, make_folds
from tests.settings import LABELS

TASKS = LABELS.tasks(multitask=True)
MODELS = ("BasicCNN", "MultitaskCNN", "BasicDCGAN", "MultitaskDCGAN")


def recordings_table(size, seed=0):
    """Return recordings of five sessions with two speakers each, in up to 16 dialogues a session.

    About half of them are improvised.
    """
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"recording": [f"r{number:05d}" for number in range(size)]})
    table["session"] = [f"Ses{1 + number % 5:02d}" for number in range(size)]
    table["gender"] = rng.choice(["F", "M"], size)
    table["speaker"] = table["session"] + table["gender"]
    numbers = [f"{1 + number // 5 % 8:02d}" for number in range(size)]
    table["dialogue"] = table["session"] + rng.choice(["F_impro", "F_script"], size) + numbers
    rates = [0.04, 0.06, 0.3, 0.12, 0.2, 0.08, 0.12, 0.04, 0.04]
    for task in ("valence", "activation"):
        table[task] = rng.choice(np.arange(1, 5.5, 0.5), size, p=rates)
    return table


def ratings_table(recordings, seed=0):
    """Return three external ratings of each recording, close to its label."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(3):
        part = recordings[["recording"]].assign(rater=f"E{number}", kind="external", dominance=3)
        for task in ("valence", "activation"):
            noisy = recordings[task] + rng.integers(-1, 2, len(recordings))
            part[task] = noisy.round().clip(1, 5)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def predictions_of(recordings, folds, tasks, skill, seed):
    """Return the predictions of a model for the test parts; a larger `skill` is better."""
    rng = np.random.default_rng(seed)
    rows = folds[folds["part"] == "test"].merge(recordings, on="recording")
    labels = rows[[task.name for task in tasks]].to_numpy()
    logits = -skill * (labels[..., None] - np.arange(1, 6)) ** 2
    weights = np.exp(logits + rng.normal(size=logits.shape))
    shares = weights / weights.sum(axis=-1, keepdims=True)
    head = rows[["recording", "speaker", "session", "fold"]].assign(trial=0)
    probabilities = {task.name: shares[:, i] for i, task in enumerate(tasks)}
    return predictions_table(head, labels, probabilities, tasks)


def predictions_of_all(recordings, folds, skill=0.3, seed=0):
    """Return the predictions of the four models and the baselines by name."""
    return {
        model: predictions_of(
            recordings,
            folds,
            TASKS[: 1 if model.startswith("Basic") else 2],
            skill,
            10 * seed + number,
        )
        for number, model in enumerate((*MODELS, *BASELINES))
    }


def leak_evidence(recordings, folds, predictions, labels=LABELS):
    """Return evidence without leaks: models train and validate on their own parts."""
    parts = parts_table(recordings, folds, labels)
    tasks = [task.name for task in labels.tasks(multitask=True)]
    uses = {"train": "labelled", "validation": "validation"}
    rows = parts[parts["part"].isin(uses) & parts[tasks[0]].notna()]
    drawn = rows.assign(use=rows["part"].map(uses))
    pooled = parts[parts["part"] == "train"].assign(use="unlabelled", **{tasks[0]: np.nan})
    draws = pd.concat([drawn, pooled]).assign(corpus="iemocap", draws=1, training="trial-0")
    columns = ["use", "corpus", "recording", "draws", *tasks, "fold", "training"]
    numbers = sorted(folds["fold"].unique().tolist())
    trials = pd.DataFrame({"trial": [0]} | {f"validation_uar_fold-{n}": [0.5] for n in numbers})
    best = {"trial": 0, "validation_uar": 0.5, "validation_folds": numbers}
    trained = [model for model in predictions if model not in BASELINES]
    return LeakEvidence(
        parts=parts,
        labels=parts,
        corpus="iemocap",
        equal_audio=pd.DataFrame(columns=["recording", "corpus", "other"]),
        predictions=predictions,
        draws=dict.fromkeys(trained, draws[columns]),
        choices=dict.fromkeys(trained, (best, trials)),
    )


def evaluation_tables(recordings, predictions, permutations, resamples):
    """Return the tables of results/evaluation by name."""
    folds, ratings = make_folds(recordings, FoldSettings()), ratings_table(recordings)
    trained = {model: predictions[model] for model in MODELS}
    intervals = intervals_table(predictions, resamples, 1)
    other_seed = predictions_of_all(recordings, folds, seed=1)
    crops = {(model, 1): table for model, table in trained.items()}
    crops |= {(model, 2): other_seed[model] for model in MODELS}
    return {
        "metrics": metrics_table(predictions, recordings, permutations, 1),
        "intervals": intervals,
        "cells": cells_table(predictions, resamples, 1),
        "comparisons": comparisons_table(predictions, BASELINES, resamples, 1),
        "variability": variability_table(seeds_table(crops, "crop_seed"), intervals),
        "references": references_table(recordings, folds, TASKS, ratings),
        "subgroups": subgroups_table(predictions, recordings, ratings, 1),
        "leaks": leak_table(leak_evidence(recordings, folds, predictions)),
    }


def example_tables(size=200, repeats=200):
    """Return the tables of results/evaluation by name, from random predictions."""
    recordings = recordings_table(size)
    folds = make_folds(recordings, FoldSettings())
    predictions = predictions_of_all(recordings, folds)
    tables = evaluation_tables(recordings, predictions, repeats, repeats)
    return tables | {"neighbours": neighbours_of(recordings, folds)}


def neighbours_of(recordings, folds, seed=0):
    """Return neighbours.csv for random crops and for a layer that encodes valence."""
    rng = np.random.default_rng(seed)
    parts = []
    for fold, rows in folds[folds["part"] != "train"].groupby("fold"):
        held_out = rows.merge(recordings, on="recording")
        crops = rng.normal(size=(len(held_out), 3))
        spaces = {"crops": crops, "shared layer": crops + 2 * held_out[["valence"]].to_numpy()}
        for model in MODELS:
            parts.append(neighbours_table(held_out, TASKS, spaces).assign(model=model, fold=fold))
    return pd.concat(parts, ignore_index=True)
