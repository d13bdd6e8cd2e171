"""Networks in the ONNX format, for programs that do not use this library.

The input `crops` of the model is (batch, 1, crop_width, rows), float32. It has an output for each
task, the class probabilities (batch, classes). The metadata of the file describes both.
"""

import json
import logging
import os
import warnings
from importlib import import_module

import torch
from torch import nn

from emospeech.models.networks import Network
from emospeech.runtime.errors import optional_packages
from emospeech.runtime.files import atomic_path
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.losses import Objective, objective_of
from emospeech.training.weights import ENTRY, Description

INPUT = """\
Crops of {width} frames of a spectrogram, float32 (batch, 1, frames, rows). Mono audio at \
{s.sample_rate} Hz, padded with zeros; power of a Hann window of {s.n_fft} samples, the middle of \
frame i at sample {s.hop_length} i; {filters}, {s.rows} rows from {s.fmin:g} to {s.fmax:g} Hz; \
dB = 10 log10(max(power, 1e-10)); value = 1 + 2 (dB - reference) / {s.dynamic_range:g}, clipped to \
[-1, 1], where reference is {reference}. Frames outside the recording have the value -1."""
FILTERS = {
    "mel": "triangular mel filters (librosa.filters.mel)",
    "linear": "means of adjacent bins",
}
REFERENCES = {
    "recording": "the maximum dB of the recording",
    "crop": "the maximum dB of the crop",
    "fixed": "the maximum dB of a full-scale sine",
}


class Classifier(nn.Module):
    """A network with class probabilities instead of logits as outputs, a tensor for each task."""

    def __init__(self, network: Network, objective: Objective):
        super().__init__()
        self.network, self.distribution = network, objective.distribution

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the probabilities (n, classes) of each task for crops (n, 1, width, rows)."""
        return tuple(map(self.distribution, self.network.classify(crops).values()))


def write_onnx(path: str | os.PathLike, network: Network, description: Description) -> None:
    """Write a network that was trained as described to an ONNX file; batches may have any size.

    Raises:
        InputError: An optional package is not installed.
    """
    with optional_packages(path, "onnx"):
        for package in ("onnx", "onnxscript"):
            import_module(package)
    spectrograms, width = description.spectrograms, description.trial["crop_width"]
    classifier = Classifier(network, objective_of(description.settings)).eval()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns if torchvision is missing
    with warnings.catch_warnings(action="ignore"):  # about functions that the exporter itself uses
        program = torch.onnx.export(
            classifier,
            # An example; a size of 1 would become part of the model.
            (torch.zeros(2, 1, width, spectrograms.rows),),
            input_names=["crops"],
            output_names=list(network.heads),
            dynamic_shapes={"crops": {0: torch.export.Dim("batch", min=1)}},
            verbose=False,
        )
    assert program is not None
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # they have the paths of this installation
    program.model.metadata_props.update(
        {
            ENTRY: json.dumps(description.to_dict(), sort_keys=True),
            "input": describe_input(spectrograms, width),
        }
    )
    with atomic_path(path) as temporary:
        program.save(temporary, external_data=False)


def describe_input(settings: SpectrogramSettings, width: int) -> str:
    """Return how to compute crops of `width` frames from audio."""
    return INPUT.format(
        width=width,
        s=settings,
        filters=FILTERS[settings.frequency_scale],
        reference=REFERENCES[settings.amplitude],
    )
