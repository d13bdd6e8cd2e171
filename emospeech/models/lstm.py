"""The LSTM models: the frames of a crop one after the other, as the paper's conclusion suggests.

A unidirectional LSTM (Hochreiter and Schmidhuber 1997) reads the frames; the mean of its outputs
over time goes to the shared layer and the heads of the other models.
"""

from itertools import pairwise

import torch
from torch import nn

from emospeech.models.learner import Learner
from emospeech.models.networks import Architecture, Network, initialise


class MeanOverTime(nn.Module):
    """The mean over the frames: (n, width, units) to (n, units)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean."""
        return x.mean(dim=1)


class RecurrentTrunk(nn.Module):
    """LSTM layers and the mean over time: (n, 1, width, rows) to (n, hidden_units)."""

    def __init__(self, architecture: Architecture):
        super().__init__()
        trial = architecture.trial
        sizes = [architecture.rows, *[trial["hidden_units"]] * trial["layers"]]
        self.layers = nn.ModuleList(
            nn.LSTM(inputs, outputs, batch_first=True) for inputs, outputs in pairwise(sizes)
        )
        self.mean = MeanOverTime()

    def states(self, crops: torch.Tensor) -> torch.Tensor:
        """Return the output of the last layer after each frame, (n, width, hidden_units)."""
        x = crops.squeeze(1)
        # In float32, since not all processors have an LSTM in bfloat16, and rounding errors would
        # add up over time.
        with torch.autocast(x.device.type, enabled=False):
            for layer in self.layers:
                x, _ = layer(x)
        return x

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean of the outputs over time."""
        return self.mean(self.states(x))


def build(architecture: Architecture, rng: torch.Generator) -> Learner:
    """Return the learner with networks whose initial weights are drawn from `rng`."""
    features = architecture.trial["hidden_units"]
    network = Network(RecurrentTrunk(architecture), features, architecture)
    initialise(network, architecture.settings.weight_deviation, rng)
    return Learner(network)
