"""Intervals of the figures of each model, over the test speakers."""

import numpy as np
import pandas as pd

from emospeech.evaluation.predictions import TASKS, column_names
from emospeech.evaluation.resampling import (
    CONFIDENCE,
    SCOPES,
    margin,
    resample,
    scope_figures,
    standard_error,
)
from emospeech.evaluation.sums import FIGURES, HIGHEST, LOWEST, WIDTH, recording_sums

PERCENTILES = (50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE))


def of_task(predictions, task):
    """Return the tables of the models that predict `task`."""
    return {model: table for model, table in predictions.items() if task in table}


def speaker_parts(tables, task):
    """Return the names of the speakers and the sums of each one's recordings.

    `tables` is {model: predictions}. The sums are float64 (recordings, models, WIDTH), over the
    recordings that any of the models predicts, with zeros for a model that does not.
    """
    names, _ = column_names(task)
    rows = pd.concat([table[["recording", "speaker"]] for table in tables.values()])
    rows = rows.drop_duplicates("recording").sort_values(["speaker", "recording"])
    places = pd.Series(np.arange(len(rows)), rows["recording"])
    sums = np.zeros((len(rows), len(tables), WIDTH))
    for number, table in enumerate(tables.values()):
        own = recording_sums(table[task].to_numpy(), table[names].to_numpy())
        sums[places[table["recording"]].to_numpy(), number] = own
    starts = np.flatnonzero(~rows["speaker"].duplicated().to_numpy())
    return rows["speaker"].iloc[starts].tolist(), np.split(sums, starts[1:])


def observed(parts):
    """Return the figures of all recordings, of shape (models, scopes, figures)."""
    totals = np.stack([part.sum(axis=0) for part in parts], axis=1)  # (models, speakers, WIDTH)
    return scope_figures(totals)


def interval_columns(value, draws, speakers):
    """Return the columns of an interval of a figure of shape `value`, from Resamples of it."""
    error = standard_error(draws.speakers, speakers)
    half = margin(error, speakers)
    low, high = np.nanpercentile(draws.both, PERCENTILES, axis=0)
    return {
        "value": value,
        "low": value - half,
        "high": value + half,
        "error": error,
        "error_recordings": np.nanstd(draws.recordings, axis=0),
        "percentile_low": low,
        "percentile_high": high,
    }


def intervals_table(predictions, resamples, seed):
    """Return `intervals.csv`: the 95 % interval of each model, task, scope and figure.

    `low` and `high` are Student's interval over speakers, `error` its standard error,
    `error_recordings` the standard error with these very speakers, and `percentile_low` and
    `percentile_high` the plain percentiles of drawing speakers, then recordings.
    """
    rows = []
    for place, task in enumerate(TASKS):
        if tables := of_task(predictions, task):
            speakers, parts = speaker_parts(tables, task)
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(place,)))
            draws, value = resample(parts, resamples, rng), observed(parts)
            columns = interval_columns(value, draws, len(speakers))
            columns["low"] = np.maximum(columns["low"], LOWEST)
            columns["high"] = np.minimum(columns["high"], HIGHEST)
            rows.append(long_table(list(tables), task, len(speakers), columns))
    return pd.concat(rows, ignore_index=True)


def long_table(models, task, speakers, columns):
    """Return a row for each model, scope and figure, from arrays of that shape by column."""
    keys = pd.MultiIndex.from_product([models, SCOPES, FIGURES], names=["model", "scope", "figure"])
    table = keys.to_frame(index=False).assign(task=task, speakers=speakers)
    table = table.assign(**{name: values.ravel() for name, values in columns.items()})
    return table[["model", "task", "scope", "figure", "speakers", *columns]]
