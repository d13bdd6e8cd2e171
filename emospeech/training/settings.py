"""The settings of a training beside the model and the trial, and its random numbers."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TrainingSettings:
    """The schedule and the optimiser; the defaults are the paper's or DCGAN's."""

    patience: int = 5  # epochs without a strictly higher validation UAR before stopping
    max_epochs: int = 200
    beta1: float = 0.5  # of Adam
    beta2: float = 0.999
    unlabelled: tuple[str, ...] = ("ami", "iemocap")  # corpora of the unlabelled pool
    oversample: bool = True  # draw the valence classes evenly, or each recording once an epoch
    edge: str = "floor"  # of crops beyond their recording; or "shift" them inside
    encoding: str = "fuzzy"  # of labels as targets; or "histogram", "hard", "regression"
    class_loss: str = "softmax"  # cross entropy, or "binary", Equation 1 on each output
    update: str = "separate"  # one update a loss; or "joint", one of all but the generator
    precision: str = "float32"  # of the training passes; "bfloat16", "tf32" (GPU) or "auto"
    device: str = "auto"  # the GPU where there is one, or "cpu", "cuda"
    threads: int = 1  # of torch on a CPU; sums depend on it, so it is set here and not by --cores
    seed: int = 1  # of the first weights and of all draws of the training
    evaluation_seed: int = 1  # of the crops that validation and test see


def spawn_rng(seed: int, *key: int) -> np.random.Generator:
    """Return the random numbers of one part of a training, such as (trial, fold, epoch)."""
    # A spawn key, since a plain list of seeds equals one with zeros appended.
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
