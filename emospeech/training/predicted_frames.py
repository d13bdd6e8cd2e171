"""Predicted frames of an APC model for recordings of the validation speakers, for a figure."""

from typing import cast

import numpy as np
import pandas as pd
import torch

from emospeech.models.apc import PredictiveNetwork, frame_errors
from emospeech.training.predictor import FoldPredictor


@torch.no_grad()
def forecast_table(predictor: FoldPredictor, seed: int) -> pd.DataFrame:
    """Return real, predicted and repeated frames of the crops of three recordings.

    They are the recordings of the validation speakers for which the prediction lowers the error of
    repeating the last known frame by the largest, the median and the smallest share. Recordings
    that are shorter than others relative to the crop are left out.

    Args:
        predictor: A trained APC model and its fold.
        seed: The seed of the crops.

    Returns:
        A row per frame and `source` ("real", "predicted" or "repeated"). The other columns are
        `recording`, `speaker`, `steps_ahead`, `frame` (in the crop, counted from 1), and `row_1`
        upward, the values from the lowest frequency to the highest, as in the input of the network.
    """
    network = cast(PredictiveNetwork, predictor.network).eval()
    batches = list(predictor.parts["validation"].masked_crops(seed))
    errors = [frame_errors(network, *batch) for batch in batches]
    chosen = choose_examples(*(torch.cat(sums).cpu().numpy() for sums in zip(*errors, strict=True)))
    crops, inside = (torch.cat(tensors)[chosen] for tensors in zip(*batches, strict=True))
    names = predictor.rows("validation", ["recording", "speaker"]).iloc[chosen]
    ahead = network.steps_ahead
    frames = {
        "real": crops[:, 0, ahead:],
        "predicted": network.predict_frames(crops),
        "repeated": crops[:, 0, :-ahead],
    }
    known = inside[:, ahead:] & inside[:, :-ahead]  # (examples, width - ahead)
    parts = [
        _rows(values[index], known[index], ahead).assign(
            recording=row["recording"], speaker=row["speaker"], source=source
        )
        for index, row in enumerate(names.to_dict("records"))
        for source, values in frames.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    keys = ["recording", "speaker", "source", "steps_ahead", "frame"]
    return table[[*keys, *table.columns.drop(keys)]]


def choose_examples(predicted: np.ndarray, repeated: np.ndarray, n_values: np.ndarray) -> list[int]:
    """Return the crops with the largest, the median and the smallest reduction of the error.

    Args:
        predicted: Sums of the absolute errors of predicted frames, (n,).
        repeated: Those of repeating the last known frame, (n,).
        n_values: The number of values in the sums, (n,). Only crops with the largest number count.
    """
    candidates = np.flatnonzero((n_values == n_values.max()) & (repeated > 0))
    order = candidates[np.argsort(predicted[candidates] / repeated[candidates], kind="stable")]
    return list(dict.fromkeys(int(order[place]) for place in (0, len(order) // 2, -1)))


def _rows(frames, known, ahead):
    """Return the known frames, (width - ahead, rows), as a table."""
    names = [f"row_{row}" for row in range(1, frames.shape[1] + 1)]
    table = pd.DataFrame(frames.cpu().numpy().astype(float).round(4), columns=names)
    table.insert(0, "frame", np.arange(len(table)) + ahead + 1)
    return table[known.cpu().numpy()].assign(steps_ahead=ahead)
