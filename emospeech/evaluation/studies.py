"""Comparison of finished studies, paired where they tested the same recordings.

Studies whose test recordings have the same names, speakers and labels form a group. The first study
of a group is its reference, and the others are compared with it like variants (see `variants`): the
differences pair speakers and training seeds. The first seed of a study is paired with the first
seed of the reference, and so on; surplus seeds are left out. Studies of different groups have other
speakers, so that only the intervals of their metrics are reported, and no difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from emospeech.evaluation.predictions import tasks_of
from emospeech.evaluation.variability import SeedTables, load_seeds
from emospeech.evaluation.variants import BASE, compare_variants, correct_p, read_runs
from emospeech.labels import Task, describe_tasks
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import read_json, read_table


@dataclass(frozen=True)
class FinishedStudy:
    """The predictions of a study.

    Attributes:
        name: Its name in the comparison.
        folder: The results folder.
        config: Its config.
        predictions: {(model, index of the training seed): predictions of all folds}.
        runs: The table of `variants.read_runs`, with the index of the seed instead of the seed.
    """

    name: str
    folder: Path
    config: dict[str, Any]
    predictions: SeedTables
    runs: pd.DataFrame

    @property
    def models(self) -> list[str]:
        """The models of the study."""
        return list(self.config["models"]["names"])

    @property
    def target(self) -> Task:
        """The target of the study."""
        return tasks_of(next(iter(self.predictions.values())))[0]

    @property
    def seeds(self) -> int:
        """The number of training seeds."""
        return self.config["training"]["seeds"]

    def part(self, models: Sequence[str], seeds: int) -> SeedTables:
        """Return the predictions of some models and of the first `seeds` seeds."""
        return {key: self.predictions[key] for key in product(models, range(seeds))}

    def test_recordings(self, models: Sequence[str]) -> list[pd.DataFrame]:
        """Return the test recordings of each of some models, with their speakers and targets."""
        return [
            table.loc[:, ["recording", "speaker", self.target.name]]
            .sort_values("recording")
            .reset_index(drop=True)
            for table in self.part(models, 1).values()
        ]


def read_study(folder: Path, name: str) -> FinishedStudy:
    """Read the predictions of all folds and training seeds of a study.

    Raises:
        InputError: The folder has no results, or the study is not finished.
    """
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise InputError(folder, f"{problem}. Give the results folder of a study.")
    if not any((folder / name).exists() for name in ("folds.csv", "logs", "training")):
        raise InputError(folder, "has no results. Give the results folder of a study.")
    provenance = folder / "report" / "provenance.json"
    check_finished(folder, [provenance, folder / "folds.csv"])
    config = read_json(provenance)["config"]
    folds = sorted(set(read_table(folder / "folds.csv")["fold"]))
    models, first = config["models"]["names"], config["seed"]
    again = range(first + 1, first + config["training"]["seeds"])
    evaluation, training = folder / "evaluation", folder / "training"
    own, repeated, runs = [], [], []
    for model, fold in product(models, folds):
        end = Path(f"fold-{fold}")
        own.append(evaluation / model / end / "predictions.csv")
        # The chosen trial did not diverge, and the pools of all trials have the same size.
        runs.append(training / model / "trial-0" / end / "validation.json")
        for seed in again:
            repeated.append(evaluation / model / f"seed-{seed}" / end / "predictions.csv")
            runs.append(training / model / f"seed-{seed}" / end / "validation.json")
    check_finished(folder, [*own, *repeated, *runs])
    predictions = load_seeds(own, repeated, first)
    predictions = {(model, seed - first): table for (model, seed), table in predictions.items()}
    table = read_runs(runs, (), first)
    return FinishedStudy(
        name, folder, config, predictions, table.assign(seed=table["seed"] - first)
    )


def check_finished(folder: Path, files: Sequence[Path]) -> None:
    """Raise InputError if a file of a finished study is missing."""
    if missing := [file for file in files if not file.exists()]:
        problem = f"the study is not finished: {missing[0].relative_to(folder)} is missing"
        raise InputError(folder, f"{problem}. Run it to the end first.")


def common_models(studies: Sequence[FinishedStudy]) -> list[str]:
    """Return the models that all studies have.

    Raises:
        InputError: There are none, or the studies have different targets.
    """
    first, *others = studies
    models = first.models
    for study in others:
        if study.target != first.target:
            own, other = (describe_tasks([one.target]) for one in (study, first))
            problem = f"has the target {own}, but {first.folder} has {other}"
            raise InputError(study.folder, f"{problem}. Compare studies with the same target.")
        kept = [model for model in models if model in study.models]
        if not kept:
            problem = f"has none of the models {', '.join(models)} of the studies before it"
            raise InputError(study.folder, f"{problem}. Compare studies with a common model.")
        models = kept
    return models


def groups_of(studies: Sequence[FinishedStudy]) -> list[list[FinishedStudy]]:
    """Return the groups of studies that tested the same recordings, in the given order."""
    models, groups = common_models(studies), []
    for study in studies:
        tested = study.test_recordings(models)
        for known, group in groups:
            if all(a.equals(b) for a, b in zip(tested, known, strict=True)):
                group.append(study)
                break
        else:
            groups.append((tested, [study]))
    return [group for _, group in groups]


def compare_studies(
    studies: Sequence[FinishedStudy], resamples: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the metrics of studies, and the differences between those of the same group.

    Args:
        studies: At least two studies with different names.
        resamples: The number of bootstrap samples.
        seed: The seed of the draws.

    Returns:
        The tables of `variants.compare_variants`, with `study` instead of `variant`. In the second,
        `value` is the metric of `study` minus that of `other`, the reference of its group.
        `p_holm` is corrected for the rows of all groups. It is empty if all groups have one study.
    """
    models, metrics, differences = common_models(studies), [], []
    for group in groups_of(studies):
        seeds = min(study.seeds for study in group)
        # Any name may be that of a study, also BASE.
        names = {BASE: group[0].name} | {f"{i}": s.name for i, s in enumerate(group) if i}
        parts = dict(zip(names, (study.part(models, seeds) for study in group), strict=True))
        runs = pd.concat(
            [s.runs.assign(variant=key) for key, s in zip(names, group, strict=True)],
            ignore_index=True,
        )
        base = parts.pop(BASE)
        own, tests = compare_variants(base, parts, runs, resamples, seed)
        metrics.append(_named(own, names))
        if parts:
            tests = _named(tests, names)
            tests.insert(1, "other", group[0].name)
            differences.append(tests)
    order = {study.name: index for index, study in enumerate(studies)}
    table = pd.concat(metrics, ignore_index=True)
    table = table.sort_values("study", key=lambda names: names.map(order), kind="stable")
    tests = correct_p(pd.concat(differences, ignore_index=True)) if differences else pd.DataFrame()
    return table.reset_index(drop=True), tests


def _named(table, names):
    """Return a table of variants with the names of studies."""
    return table.assign(variant=table["variant"].map(names)).rename(columns={"variant": "study"})
