"""Bootstrap of the metrics over test speakers.

All metrics derive from sums over recordings (`metrics.recording_sums`). A resample adds up those of
the drawn recordings.

Recordings of a speaker are correlated. Therefore speakers are drawn with replacement, then as many
recordings of each drawn speaker as it has (two stages, Davison and Hinkley 1997, section 3.8).
With five or ten speakers, percentiles of such draws do not cover at the nominal rate: drawing n
speakers underestimates their variance by (n - 1) / n, the second stage counts the variance of the
recordings twice, and the tails are too short. The confidence interval is therefore

    metric -+ t(n - 1) * sqrt(n / (n - 1) * variance over draws of speakers only),

which equals Student's interval for a mean over speakers. The percentiles of both stages, and the
standard error with the speakers fixed, are reported as well.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from emospeech.evaluation.predictions import labels_and_probabilities
from emospeech.labels import Task
from emospeech.metrics import (
    HIGHEST,
    LOWEST,
    divide,
    metric_names,
    metrics_from_sums,
    n_sums,
    recording_sums,
)

SCOPES = ("pooled", "mean")  # all recordings together; mean of the metrics of the speakers
CONFIDENCE = 0.95
BLOCK = 250  # resamples computed at once: about 10 MB for the speakers of five models


class Resamples(NamedTuple):
    """Metrics of bootstrap resamples, each of shape (resamples, models, scopes, metrics).

    The fields are named after the units that were drawn with replacement.
    """

    speakers: np.ndarray
    recordings: np.ndarray
    both: np.ndarray


def metric_bounds(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest possible value of each metric of a task."""
    names = metric_names(task)
    return (
        np.array([LOWEST.get(name, 0) for name in names]),
        np.array([HIGHEST.get(name, 1) for name in names]),
    )


def sums_by_speaker(
    tables: dict[str, pd.DataFrame], task: Task
) -> tuple[list[str], list[np.ndarray]]:
    """Return the speakers, and the summands (recordings, models, sums) of each.

    `tables` is {model: predictions}. The recordings are those that any model predicts; a model that
    does not predict one has zeros.
    """
    rows = pd.concat([table.loc[:, ["recording", "speaker"]] for table in tables.values()])
    rows = rows.drop_duplicates("recording").sort_values(["speaker", "recording"])
    positions = pd.Index(rows["recording"])
    sums = np.zeros((len(rows), len(tables), n_sums(task)))
    for model, table in enumerate(tables.values()):
        own = recording_sums(*labels_and_probabilities(table, task), task)
        sums[positions.get_indexer(pd.Index(table["recording"])), model] = own
    starts = np.flatnonzero(~rows["speaker"].duplicated().to_numpy())
    return rows["speaker"].iloc[starts].tolist(), np.split(sums, starts[1:])


def scope_metrics(sums: np.ndarray, task: Task) -> np.ndarray:
    """Return the metrics of each scope: sums (..., speakers, sums) to (..., 2, metrics).

    Speakers with an undefined metric (the correlation with constant labels) are left out of the
    mean.
    """
    with np.errstate(invalid="ignore"):
        each = metrics_from_sums(sums, task)
    known = ~np.isnan(each)
    mean = divide(np.where(known, each, 0).sum(axis=-2), known.sum(axis=-2))
    return np.stack([metrics_from_sums(sums.sum(axis=-2), task), mean], axis=-2)


def speaker_totals(sums: Sequence[np.ndarray]) -> np.ndarray:
    """Return the sums of `sums_by_speaker` over the recordings, (speakers, models, sums)."""
    return np.stack([speaker.sum(axis=0) for speaker in sums])


def count_speakers(values: np.ndarray) -> np.ndarray:
    """Return the number of speakers behind each pooled value and each mean, (..., 2, metrics).

    A mean is over the speakers with a value, see `scope_metrics`.

    Args:
        values: The metrics of each speaker, or differences, (speakers, ..., metrics).
    """
    known = (~np.isnan(values)).sum(axis=0)
    return np.stack([np.full(known.shape, len(values)), known], axis=-2)


def observed_metrics(totals: np.ndarray, task: Task) -> np.ndarray:
    """Return the metrics without resampling, (models, scopes, metrics); see `speaker_totals`."""
    return scope_metrics(np.swapaxes(totals, 0, 1), task)


def resample(
    sums: Sequence[np.ndarray], task: Task, resamples: int, rng: np.random.Generator
) -> Resamples:
    """Return bootstrap resamples of the metrics; `sums` are those of `sums_by_speaker`.

    All models share the same draws, so that differences between them are paired.
    """
    fixed = np.arange(len(sums))
    totals = speaker_totals(sums)
    blocks = []
    for start in range(0, resamples, BLOCK):
        size = min(BLOCK, resamples - start)
        drawn = draw_speakers(len(sums), size, rng)
        speakers = totals[drawn]
        recordings = draw_recordings(sums, np.tile(fixed, (size, 1)), rng)
        both = draw_recordings(sums, drawn, rng)
        parts = (speakers, recordings, both)
        blocks.append([scope_metrics(np.swapaxes(part, 1, 2), task) for part in parts])
    return Resamples(*map(np.concatenate, zip(*blocks, strict=True)))


def draw_speakers(speakers: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Return indices of speakers drawn with replacement, (resamples, speakers)."""
    return rng.integers(0, speakers, (resamples, speakers))


def draw_recordings(
    sums: Sequence[np.ndarray], speakers: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return sums over recordings drawn with replacement, (resamples, drawn, models, sums).

    `speakers` (resamples, drawn) are the indices of the drawn speakers. The recordings of a speaker
    that is drawn several times are drawn independently each time.
    """
    drawn = np.empty((*speakers.shape, *sums[0].shape[1:]))
    for speaker, own in enumerate(sums):
        places = speakers == speaker
        draws, size = int(places.sum()), len(own)
        picked = rng.integers(0, size, (draws, size)) + size * np.arange(draws)[:, None]
        times = np.bincount(picked.ravel(), minlength=draws * size).reshape(draws, size)
        flat = times.astype(np.float64) @ own.reshape(size, -1)
        drawn[places] = flat.reshape(draws, *own.shape[1:])
    return drawn


def standard_error(draws: np.ndarray, speakers: np.ndarray | int) -> np.ndarray:
    """Return the standard error over speakers from draws of speakers (resamples, ...).

    `speakers` are their numbers, (...) or the same for all. The error is NaN for a single speaker.
    """
    return np.sqrt(divide(speakers, np.subtract(speakers, 1)) * np.nanvar(draws, axis=0))


def margin(error: np.ndarray, speakers: np.ndarray | int) -> np.ndarray:
    """Return the half-width of the 95 % confidence interval.

    It is the standard error times a quantile of the t distribution with n - 1 degrees of freedom.
    """
    return stdtrit(np.maximum(np.subtract(speakers, 1), 1), (1 + CONFIDENCE) / 2) * error
