"""What other speakers, and other recordings of these, would have given: the bootstrap.

Recordings of one speaker resemble each other, so the speakers are drawn first, with replacement,
then as many recordings of each drawn speaker as it has (two stages, Davison and Hinkley 1997,
section 3.8). With five or ten speakers the percentiles of such draws do not keep their word:
drawing n speakers with replacement makes their variance too small by (n - 1) / n, the second stage
counts the recordings twice, and the tails of so few speakers are too short. So the interval is

    figure -+ t(n - 1) * sqrt(n / (n - 1) * variance over draws of the speakers alone),

which for a mean over speakers is Student's interval, whatever part of the spread the recordings
make. The percentiles of both stages, and the spread with the speakers fixed, stand beside it.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from emospeech.evaluation.sums import figures_of

SCOPES = ("pooled", "mean")  # all speakers' recordings together; the mean of the speakers' figures
CONFIDENCE = 0.95
BLOCK = 250  # resamples held at a time: some 10 MB for the speakers of five models


class Resamples(NamedTuple):
    """Figures of shape (resamples, models, scopes, figures) by what was drawn anew."""

    speakers: np.ndarray
    recordings: np.ndarray
    both: np.ndarray


def scope_figures(sums):
    """Return the figures in each of SCOPES: sums (..., speakers, WIDTH) to (..., 2, figures).

    A speaker without a figure (a correlation without spread) is left out of the mean.
    """
    with np.errstate(invalid="ignore"):
        each = figures_of(sums)
    known = ~np.isnan(each)
    total = np.where(known, each, 0).sum(axis=-2)
    count = known.sum(axis=-2)
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return np.stack([figures_of(sums.sum(axis=-2)), mean], axis=-2)


def resample(parts, resamples, rng):
    """Return Resamples of the figures of several models over the same speakers.

    `parts` holds for each speaker the rows of its recordings, (recordings, models, WIDTH). A model
    that lacks a recording has zeros there. All models see the same draws, so that differences
    between them are paired.
    """
    blocks = [min(BLOCK, resamples - start) for start in range(0, resamples, BLOCK)]
    drawn = [_block(parts, block, rng) for block in blocks]
    return Resamples(*map(np.concatenate, zip(*drawn, strict=True)))


def _block(parts, resamples, rng):
    same = np.tile(np.arange(len(parts)), (resamples, 1))
    drawn = draw_speakers(len(parts), resamples, rng)
    totals = np.stack([part.sum(axis=0) for part in parts])  # (speakers, models, WIDTH)
    sums = (totals[drawn], draw_recordings(parts, same, rng), draw_recordings(parts, drawn, rng))
    return [scope_figures(np.swapaxes(part, 1, 2)) for part in sums]


def draw_speakers(speakers, resamples, rng):
    """Return numbers of speakers drawn with replacement, of shape (resamples, speakers)."""
    return rng.integers(0, speakers, (resamples, speakers))


def draw_recordings(parts, speakers, rng):
    """Return the sums over recordings drawn with replacement for each of the drawn speakers.

    `speakers` (resamples, places) holds numbers of `parts`; the sums have the shape (resamples,
    places, models, WIDTH). A speaker that stands at several places is drawn anew for each.
    """
    sums = np.empty((*speakers.shape, *parts[0].shape[1:]))
    for number, part in enumerate(parts):
        places = speakers == number
        draws, size = int(places.sum()), len(part)
        picked = rng.integers(0, size, (draws, size)) + size * np.arange(draws)[:, None]
        times = np.bincount(picked.ravel(), minlength=draws * size).reshape(draws, size)
        flat = times.astype(np.float64) @ part.reshape(size, -1)
        sums[places] = flat.reshape(draws, *part.shape[1:])
    return sums


def standard_error(draws, speakers):
    """Return the standard error of a figure from its values (resamples, ...) over drawn speakers.

    NaN with a single speaker, who says nothing of others.
    """
    if speakers < 2:
        return np.full(draws.shape[1:], np.nan)
    return np.sqrt(speakers / (speakers - 1) * np.nanvar(draws, axis=0))


def margin(error, speakers):
    """Return how far the 95 % interval reaches to either side: t(n - 1) standard errors."""
    return stdtrit(max(speakers - 1, 1), (1 + CONFIDENCE) / 2) * error
