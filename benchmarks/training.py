"""Speed of training steps and epochs on a CPU, compared with a tutorial's loop and lower bounds.

`benchmarks.gpu` measures training on a GPU, also with `Case`.
"""

from contextlib import nullcontext
from copy import deepcopy
from functools import partial
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measurement import Measurement, min_seconds
from benchmarks.noise import NoiseCorpus
from benchmarks.reference import CropDataset, Tutorial, default_gpu_settings
from emospeech.report.paper import TABLE_1
from emospeech.training.device import keep_freed_memory, resolve_precision
from emospeech.training.noise import NoiseRun
from emospeech.training.settings import Settings, TrainingSettings

DEMO = {
    "crop_width": 64,
    "learning_rate": 1e-3,
    "batch_size": 32,
    "filter_size": 5,
    "filters": 8,
}
DEMO_STEPS, TABLE_1_STEPS = 10, 2
DIVISOR = 16  # of Table 1's batch sizes, to which the time on a CPU is proportional
LARGEST = "MultitaskDCGAN"  # with all four updates
# Values in the middle of the search spaces, to compare a sequential with a convolutional model.
MIDDLE = DEMO | {"filters": 60, "layers": 2, "hidden_units": 128, "steps_ahead": 3}
COUNTERPARTS = {"BasicLSTM": "BasicCNN", "BasicAPC": "BasicDCGAN"}
MATRIX_SIZE = 2048


class LabelledCrops(Dataset):
    """The reference's crops with a label for each task, (crops, tasks, 5)."""

    def __init__(self, crops: CropDataset, labels: torch.Tensor):
        self.crops, self.labels = crops, labels

    def __len__(self) -> int:
        return len(self.crops)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.crops[index], self.labels[index]


class Case(NoiseRun):
    """A model with the parameters of a trial, trained by the project and by a tutorial's loop."""

    def __init__(self, name: str, trial: dict, steps: int, noise: NoiseCorpus, settings: Settings):
        """Prepare epochs of `steps` steps."""
        super().__init__(name, trial, steps, noise.store, settings)
        self.steps, self.device = steps, self.engine.device_type
        learner = deepcopy(self.engine.learner)
        self.tutorial = Tutorial(learner, self.engine.tasks, trial, self.device)
        crops = noise.reference_crops(trial["crop_width"], self.n_crops)
        self.datasets = LabelledCrops(crops, torch.stack(self.targets, dim=1).cpu()), crops

    def train(self) -> None:
        """Train an epoch as the workflow does."""
        keep_freed_memory()
        super().train()

    def train_tutorial(self) -> None:
        """Train an epoch with the tutorial's loop."""
        with default_gpu_settings() if self.device == "cuda" else nullcontext():
            self.tutorial.epoch(*self.datasets)

    def prepared_batch(self) -> tuple:
        """Return the arguments of `Engine.step` for the first batch of an epoch."""
        crops, positions, unlabelled = self.sampler.epoch(np.random.default_rng(0))[0]
        targets = [values[positions] for values in self.targets]
        noise = self.engine.learner.draw_noise(1, len(crops), np.random.default_rng(0))
        return crops, targets, unlabelled, None if noise is None else noise[0]

    def passes_only(self) -> None:
        """Run the forward and backward passes of an epoch on prepared tensors, without updates."""
        keep_freed_memory()
        optimisers = self.engine.optimisers
        without_updates: Any = {
            name: SimpleNamespace(parameters=optimiser.parameters, step=lambda gradients: None)
            for name, optimiser in optimisers.items()
        }
        self.engine.optimisers = without_updates
        batch, losses = self.prepared_batch(), {}
        for _ in range(self.steps):
            losses = self.engine.step(*batch)
        float(losses["valence"])  # waits until the GPU has finished, as at the end of an epoch
        self.engine.optimisers = optimisers

    def operations(self) -> int:
        """Return the number of floating-point operations in the passes of an epoch."""
        with FlopCounterMode(display=False) as counter:
            self.passes_only()
        return counter.get_total_flops()


def _settings(precision="float32"):
    return Settings(training=TrainingSettings(device="cpu", precision=precision))


def measure(noise: NoiseCorpus) -> list[Measurement]:
    """Measure training."""
    found = []
    precisions = sorted({"float32", resolve_precision("auto", "cpu")}, reverse=True)
    for name in TABLE_1:
        case = Case(name, DEMO, DEMO_STEPS, noise, _settings())
        note = f"{DEMO_STEPS} steps at the demo's size"
        found.append(_compare_epochs(f"epoch-{name}", case, note))
    for name, precision in product(TABLE_1, precisions):
        size = TABLE_1[name]["batch_size"] // DIVISOR
        trial = TABLE_1[name] | {"batch_size": size}
        case = Case(name, trial, TABLE_1_STEPS, noise, _settings(precision))
        note = f"{TABLE_1_STEPS} steps at Table 1's size, batches of {size}, {precision}"
        found.append(_compare_epochs(f"epoch-{name}-table-1-{precision}", case, note))
    for precision in precisions:
        found += _measure_largest(noise, precision)
    for name in COUNTERPARTS:
        found += _measure_sequential(name, noise)
    return found


def _compare_epochs(row, case, note):
    own, tutorial = min_seconds(case.train, case.train_tutorial, rounds=2)
    note += f", torch on {torch.get_num_threads()} thread; reference: a tutorial's loop"
    return Measurement(row, case.n_crops / own, case.n_crops / tutorial, "crops per second", note)


def _measure_sequential(name, noise):
    """Measure a sequential model, compared with its passes and with a convolutional model."""
    case, other = (
        Case(model, MIDDLE, 2, noise, _settings()) for model in (name, COUNTERPARTS[name])
    )
    step, passes, convolutional = min_seconds(case.train, case.passes_only, other.train, rounds=3)
    size = f"crops of {MIDDLE['crop_width']} frames, batches of {MIDDLE['batch_size']}"
    note = f"step of {name}, 2 layers of 128 units, {size}, float32; reference: "
    return [
        Measurement(
            f"step-{name}-{reference}",
            step / case.steps,
            seconds / case.steps,
            "seconds",
            note + text,
        )
        for reference, seconds, text in (
            ("passes", passes, "its forward and backward passes on prepared tensors"),
            (COUNTERPARTS[name], convolutional, f"{COUNTERPARTS[name]} with 60 filters of size 5"),
        )
    ]


def _measure_largest(noise, precision):
    """Measure Table 1's MultitaskDCGAN with its full batch size."""
    case = Case(LARGEST, TABLE_1[LARGEST], 1, noise, _settings(precision))
    matrix = torch.rand(MATRIX_SIZE, MATRIX_SIZE)
    # The tutorial's loop returns memory to the system. The passes do not alternate with it, because
    # they would have to allocate the memory again.
    multiply = partial(torch.matmul, matrix, matrix)
    step, passes, matmul = min_seconds(case.train, case.passes_only, multiply, rounds=3)
    own, tutorial = min_seconds(case.train, case.train_tutorial, rounds=2)
    note = f"{LARGEST} at Table 1's size, {precision}"
    return [
        Measurement(
            f"step-vs-tutorial-{precision}",
            case.n_crops / own,
            case.n_crops / tutorial,
            "crops per second",
            f"{note}; reference: tutorial's loop, float32, DataLoader over h5py, .item() each step",
        ),
        Measurement(
            f"loop-overhead-{precision}",
            step / case.steps,
            passes / case.steps,
            "seconds",
            f"step of {note}; reference: its forward and backward passes on prepared tensors",
        ),
        Measurement(
            f"flops-vs-matmul-{precision}",
            case.operations() / passes / 1e9,
            2 * MATRIX_SIZE**3 / matmul / 1e9,
            "GFLOP per second",
            f"passes of {note}; reference: product of two {MATRIX_SIZE} x {MATRIX_SIZE} matrices",
        ),
    ]
