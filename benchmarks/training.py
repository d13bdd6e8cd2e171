"""A step and an epoch of each model: against a tutorial's loop, bare passes, a matrix product."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import torch
from torch.utils.data import Dataset
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.rows import Row, seconds_in_turn
from benchmarks.tutorial import Tutorial
from emospeech.crops.gather import CropGatherer
from emospeech.crops.pool import UnlabelledPool
from emospeech.crops.sampler import Sampler
from emospeech.labels import fuzzy
from emospeech.models.catalogue import MODELS, build
from emospeech.report.paper import TABLE_1
from emospeech.training.checkpoint import EpochProgress
from emospeech.training.device import keep_freed_memory, resolve_precision
from emospeech.training.engine import Engine
from emospeech.training.settings import Settings, TrainingSettings
from emospeech.training.trainer import train_epoch

DEMO = {
    "crop_width": 64,
    "learning_rate": 1e-3,
    "batch_size": 32,
    "filter_size": 5,
    "filters": 8,
}
ROWS = 128
DEMO_STEPS, LARGE_STEPS = 10, 2
CPU_PART = 16  # of Table 1's batch is trained on a CPU
LARGEST = "MultitaskDCGAN"  # with all four updates
PRODUCT = 2048  # rows and columns of the matrices


class Labelled(Dataset):
    """The usual crops, with a label for each task."""

    def __init__(self, crops, labels):
        self.crops, self.labels = crops, labels

    def __len__(self):
        return len(self.crops)

    def __getitem__(self, number):
        return self.crops[number], self.labels[number]


class Case:
    """A model at the size of a trial, in epochs of `steps` steps, ours and the tutorial's."""

    def __init__(self, name, trial, steps, made_up, settings):
        model, self.steps, device = MODELS[name], steps, settings.training.device
        self.device = device
        self.n_crops = steps * trial["batch_size"]
        labels = np.random.default_rng(0).integers(2, 10, (self.n_crops, len(model.tasks))) / 2
        targets = np.stack([fuzzy(column) for column in labels.T])  # (tasks, crops, 5)
        self.targets = list(torch.from_numpy(targets).to(device))
        ours, usual = (
            [part and part.to(device) for part in build(name, ROWS, trial, settings.models, 0)]
            for _ in range(2)
        )
        self.engine = Engine(*ours, model.tasks, trial["learning_rate"], settings)
        self.tutorial = Tutorial(*usual, model.tasks, trial, device)
        numbers = np.arange(self.n_crops)
        gather = CropGatherer(made_up.store(), trial["crop_width"], device)
        pool = UnlabelledPool([gather], [numbers]) if model.adversarial else None
        self.sampler = Sampler(
            gather, numbers, labels[:, 0], pool, trial["batch_size"], oversample=False
        )
        crops = made_up.usual_crops(trial["crop_width"], self.n_crops)
        self.datasets = Labelled(crops, torch.from_numpy(targets.swapaxes(0, 1))), crops

    def ours(self):
        """Train an epoch as the workflow does."""
        keep_freed_memory()
        train_epoch(
            self.engine, self.sampler, self.targets, np.random.default_rng(0), EpochProgress()
        )

    def usual(self):
        """Train an epoch as tutorials do."""
        self.tutorial.epoch(*self.datasets)

    def bare(self):
        """Do the passes of an epoch on tensors that lie ready, and update nothing."""
        keep_freed_memory()
        optimisers = self.engine.optimisers
        self.engine.optimisers = {
            name: SimpleNamespace(parameters=optimiser.parameters, step=lambda gradients: None)
            for name, optimiser in optimisers.items()
        }
        crops, positions, unlabelled = self.sampler.epoch(np.random.default_rng(0))[0]
        truth = [values[positions] for values in self.targets]
        latent = None
        if self.engine.generator is not None:
            size = self.engine.generator.linear.in_features
            latent = torch.zeros(len(crops), size, device=self.device)
        for _ in range(self.steps):
            losses = self.engine.step(crops, truth, unlabelled, latent)
        float(losses["valence"])  # waits for a GPU, as an epoch does at its end
        self.engine.optimisers = optimisers

    def operations(self):
        """Return the floating-point operations of the passes of an epoch."""
        with FlopCounterMode(display=False) as counter:
            self.bare()
        return counter.get_total_flops()


def rows(made_up, device):
    """Return the rows on training with `MadeUp` utterances on "cpu" or "cuda"."""
    found = []
    for name in MODELS:
        case = Case(
            name, DEMO, DEMO_STEPS, made_up, Settings(training=TrainingSettings(device=device))
        )
        note = f"{DEMO_STEPS} steps at the demo's size, on {device}"
        found.append(_against_tutorial(f"epoch-{name}", case, note))
    for name, precision in product(MODELS, precisions(device)):
        # The time on a CPU is proportional to the batch, so a part of it is enough.
        size = TABLE_1[name]["batch_size"] // (CPU_PART if device == "cpu" else 1)
        trial = TABLE_1[name] | {"batch_size": size}
        settings = Settings(training=TrainingSettings(device=device, precision=precision))
        case = Case(name, trial, LARGE_STEPS, made_up, settings)
        note = f"{LARGE_STEPS} steps at Table 1's size, batches of {size}, {precision} on {device}"
        found.append(_against_tutorial(f"epoch-{name}-table-1-{precision}", case, note))
    for precision in precisions(device):
        found += _largest(made_up, device, precision)
    return found


def precisions(device):
    """Return the number formats to measure: float32, and the one that `auto` chooses."""
    return sorted({"float32", resolve_precision("auto", device)}, reverse=True)


def _against_tutorial(row, case, note):
    ours, usual = seconds_in_turn(case.ours, case.usual, rounds=2)
    note = f"{note}, torch on {torch.get_num_threads()} thread; other: a tutorial's loop"
    return Row(row, case.n_crops / ours, case.n_crops / usual, "crops a second", note)


def _largest(made_up, device, precision):
    """Return the rows on Table 1's MultitaskDCGAN at its full batch."""
    steps = 1 if device == "cpu" else 20
    settings = Settings(training=TrainingSettings(device=device, precision=precision))
    case = Case(LARGEST, TABLE_1[LARGEST], steps, made_up, settings)
    matrix = torch.rand(PRODUCT, PRODUCT, device=device)

    def multiply():
        float((matrix @ matrix)[0, 0])

    # The tutorial returns memory to the system, so the bare passes are timed apart from it.
    step, bare, one = seconds_in_turn(case.ours, case.bare, multiply, rounds=3)
    ours, usual = seconds_in_turn(case.ours, case.usual, rounds=2)
    note = f"{LARGEST} at Table 1's size, {precision} on {device}"
    rate = case.operations() / bare / 1e9
    return [
        Row(
            f"step-vs-tutorial-{precision}",
            case.n_crops / ours,
            case.n_crops / usual,
            "crops a second",
            f"{note}; other: a tutorial's loop, float32, DataLoader over h5py, .item() each step",
        ),
        Row(
            f"loop-overhead-{precision}",
            step / case.steps,
            bare / case.steps,
            "seconds",
            f"a step of {note}; other: its forward and backward passes on tensors that lie ready",
        ),
        Row(
            f"flops-vs-matmul-{precision}",
            rate,
            2 * PRODUCT**3 / one / 1e9,
            "GFLOP a second",
            f"passes of {note}; other: a product of two matrices of {PRODUCT} x {PRODUCT}",
        ),
    ]
