"""The APC models: the LSTM models, which also learn to predict later frames of unlabelled speech.

Autoregressive predictive coding (Chung et al. 2019) minimises the absolute error of a frame k steps
ahead. With x[t] the frame at time t, h[t] the output of the last LSTM layer and W a linear layer,
the prediction is

    x[t] + W h[t]   for the frame x[t + k]

The publication predicts the frame itself, W h[t]. Here the network predicts the change, because
speech hardly changes within 48 ms: without x[t], the error was higher than that of repeating the
last frame. The loss counts only pairs of frames t and t + k that are both inside the recording.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import nn

from emospeech.crops.pool import UnlabelledPool, WindowPool, Windows
from emospeech.models.learner import Learner, Update
from emospeech.models.lstm import RecurrentTrunk
from emospeech.models.networks import Architecture, Network, initialise
from emospeech.models.settings import ApcSettings


class PredictiveNetwork(Network):
    """The network of the LSTM models with a linear layer that predicts the change of a frame."""

    trunk: RecurrentTrunk

    def __init__(self, architecture: Architecture):
        features = architecture.trial["hidden_units"]
        super().__init__(RecurrentTrunk(architecture), features, architecture)
        self.predictor = nn.Linear(features, architecture.rows)
        self.steps_ahead: int = architecture.trial["steps_ahead"]

    def predict_frames(self, crops: torch.Tensor) -> torch.Tensor:
        """Return predicted frames (n, width - steps_ahead, rows) for crops (n, 1, width, rows).

        Element t of the second axis is the prediction of frame t + steps_ahead from the frames up
        to t.
        """
        seen = crops[:, :, : -self.steps_ahead]
        return seen.squeeze(1) + self.predictor(self.trunk.states(seen)).float()


class FrameErrors(NamedTuple):
    """Sums of absolute errors of predicted frames, and the number of values in the sums, (n,)."""

    predicted: torch.Tensor
    repeated: torch.Tensor  # of repeating the last known frame
    n_values: torch.Tensor


def frame_errors(
    network: PredictiveNetwork, crops: torch.Tensor, inside: torch.Tensor
) -> FrameErrors:
    """Return the FrameErrors of each crop.

    Args:
        network: The network.
        crops: Crops (n, 1, width, rows).
        inside: Which of their columns are part of the recording, bool (n, width).
    """
    ahead, frames = network.steps_ahead, crops.squeeze(1)
    known = (inside[:, :-ahead] & inside[:, ahead:]).unsqueeze(2)  # (n, width - ahead, 1)
    true, last = frames[:, ahead:], frames[:, :-ahead]
    predicted = network.predict_frames(crops)
    return FrameErrors(
        predicted=(known * (predicted - true).abs()).sum(dim=(1, 2)),
        repeated=(known * (last - true).abs()).sum(dim=(1, 2)),
        n_values=known.sum(dim=(1, 2)) * frames.shape[2],
    )


class PredictiveLearner(Learner):
    """The network of an APC model and its APC update, which changes the trunk and the predictor.

    With `training.update: joint`, APC keeps its own update: the gradient of its loss is so small
    (norm .03, classification 1 to 3) that it would have no effect in a sum.
    """

    network: PredictiveNetwork
    separate = ("apc",)

    def unlabelled_pool(
        self, trial: Mapping, apc: ApcSettings
    ) -> tuple[type[UnlabelledPool], int, int]:
        """Return the pool of windows, their width and the size of their batch."""
        return WindowPool, apc.window, apc.batch_size

    def unlabelled_parameters(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters of trunk and predictor."""
        parts = (self.network.trunk, self.network.predictor)
        return {"apc": [parameter for part in parts for parameter in part.parameters()]}

    def unlabelled_updates(self, unlabelled: Windows, noise: None) -> Iterator[Update]:
        """Yield the APC update.

        Its loss is the mean absolute error of the predicted frames inside the recordings.
        """
        errors = frame_errors(self.network, unlabelled.crops, unlabelled.inside)
        # A batch can consist of recordings that are too short.
        loss = errors.predicted.sum() / errors.n_values.sum().clamp(min=1)
        logged = {
            f"{name}.{corpus}": sums.detach()[unlabelled.of_corpus(index)].sum()
            for index, corpus in enumerate(unlabelled.corpora)
            for name, sums in errors._asdict().items()
        }
        yield Update("apc", loss, logged=logged)

    def epoch_losses(self, means: Mapping[str, float]) -> dict[str, float]:
        """Return the losses; `apc` and `repetition` are given overall and per corpus.

        They are the mean absolute errors of the predicted frames, and of repeating the last known
        frame.
        """
        sums: dict[str, dict[str, float]] = {name: {} for name in FrameErrors._fields}
        losses = {}
        for key, mean in means.items():
            name, _, corpus = key.partition(".")
            if corpus:
                sums[name][corpus] = mean
            elif name != "apc":
                losses[name] = mean
        if not sums["n_values"]:
            return losses
        return losses | _mean_errors(sums)

    @torch.no_grad()
    def held_out_errors(
        self, crops: Iterable[tuple[torch.Tensor, torch.Tensor]]
    ) -> dict[str, float]:
        """Return `validation_apc` and `validation_repetition` for batches (crops, inside)."""
        batches = [frame_errors(self.network, *batch) for batch in crops]
        predicted, repeated, n_values = (
            float(torch.cat(sums).double().sum()) for sums in zip(*batches, strict=True)
        )
        return {
            "validation_apc": _ratio(predicted, n_values),
            "validation_repetition": _ratio(repeated, n_values),
        }


def _mean_errors(sums):
    """Return the mean errors in total and by corpus, from {name of FrameErrors: {corpus: sum}}."""
    n_values = sums["n_values"]
    columns = {}
    for column, name in (("apc", "predicted"), ("repetition", "repeated")):
        columns[column] = _ratio(sum(sums[name].values()), sum(n_values.values()))
        for corpus, count in n_values.items():
            columns[f"{column}_{corpus}"] = _ratio(sums[name][corpus], count)
    return columns


def _ratio(total, count):
    return total / count if count else float("nan")


def build(architecture: Architecture, rng: torch.Generator) -> PredictiveLearner:
    """Return the learner with networks whose initial weights are drawn from `rng`."""
    network = PredictiveNetwork(architecture)
    initialise(network, architecture.settings.weight_deviation, rng)
    return PredictiveLearner(network)
