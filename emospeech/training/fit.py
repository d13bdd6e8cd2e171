"""Training to the paper's stopping rule, and predicting with the weights that it keeps."""

import logging
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from emospeech.faults import StoppedError
from emospeech.metrics import (
    confusion,
    count_table,
    expected_value,
    pearson,
    predicted_class,
    unweighted_recall,
)
from emospeech.training.album import draw_latents
from emospeech.training.draws import DrawCounts
from emospeech.training.engine import Engine
from emospeech.training.losses import objective_of
from emospeech.training.progress import Begun

log = logging.getLogger(__name__)

LOSSES = ("generator", "discriminator", "valence", "activation")  # in the order of a step
NO_SCORES = (np.nan, np.nan)  # UAR and rho of a training that has diverged
ALBUM = (0, 0)  # behind trial and fold, the place of an album's random numbers; epochs have one


def stream(settings, *place):
    """Return the random numbers of one place of a training, such as (trial, fold, epoch)."""
    # A spawn key, since a plain list of seeds is the same as one with zeros behind it.
    return np.random.default_rng(np.random.SeedSequence(settings.seed, spawn_key=place))


@dataclass(frozen=True)
class Fitted:
    """The outcome of `fit`."""

    history: pd.DataFrame  # a row per epoch
    weights: dict[str, torch.Tensor] | None  # of the best epoch; None if the first one diverged
    draws: pd.DataFrame  # how often each recording was drawn, see DrawCounts.table
    diverged: bool


class StoppingRule:
    """Remembers the best validation UAR, and says when it was not beaten for long enough."""

    def __init__(self, patience):
        self.patience, self.best, self.best_epoch, self.epoch = patience, -1.0, 0, 0

    def better(self, uar):
        """Count an epoch and return whether its UAR is strictly the highest so far."""
        self.epoch += 1
        if uar > self.best:
            self.best, self.best_epoch = uar, self.epoch
        return self.best_epoch == self.epoch

    @property
    def stop(self):
        return self.epoch - self.best_epoch >= self.patience


def never():
    """Say that nobody asks a training to stop."""
    return False


def fit(networks, model, trial, parts, sampler, settings, place, checkpoint, album, halted=never):
    """Train until the validation UAR no longer increases; return a Fitted.

    `parts` holds LabelledPart objects by the name of the part, `sampler` draws the batches of the
    training part, and `place` is the (trial, fold) that the random numbers depend on. The network
    is left with the best weights. The history has a row an epoch. The Album `album` takes what the
    generator draws. After each epoch the state goes to `checkpoint`, and where it holds one the
    training goes on from there. When `halted()` turns true, it goes there after the step in hand,
    and StoppedError is raised. A training whose losses or weights are no longer finite has diverged
    and ends with that epoch.
    """
    network, generator = networks
    engine = Engine(network, generator, model.tasks, trial["learning_rate"], settings)
    done = checkpoint.resume(engine)
    album.open(generator, stream(settings, *place, *ALBUM), done.pages)
    done.pages = album.pages
    draws = DrawCounts(sampler, done.draws)
    done.draws = draws.counts
    rule, diverged = StoppingRule(settings.patience), False
    for row in done.history:
        rule.better(row["validation_uar"])
    while not (rule.stop or diverged) and rule.epoch < settings.max_epochs:
        began = time.perf_counter() - done.begun.seconds
        rng = stream(settings, *place, rule.epoch)
        epoch = train_epoch(engine, sampler, parts["train"].targets, rng, done.begun, halted)
        if epoch is None:
            done.begun.seconds = time.perf_counter() - began
            checkpoint.save(engine, done)
            raise StoppedError(f"asked to stop, after {done}; the next run goes on from there")
        draws.add(epoch)
        losses = done.begun.means()
        diverged = not (np.isfinite(list(losses.values())).all() and engine.is_finite())
        scores = NO_SCORES if diverged else validate(network, parts["validation"], settings)
        diverged = bool(np.isnan(scores[0]))
        if rule.better(scores[0]):
            done.best = {n: value.detach().clone() for n, value in network.state_dict().items()}
        seconds, crops = time.perf_counter() - began, epoch.positions.numel()
        done.history.append(_row(rule.epoch, losses, scores, seconds, crops))
        done.begun = Begun()
        log.info(_line(done.history[-1], rule))
        if not diverged:
            album.take(rule.epoch)
            checkpoint.save(engine, done)
    if diverged:
        log.info("diverged in epoch %d: losses or weights are not finite", rule.epoch)
    else:
        album.take(rule.epoch, last=True)
    if done.best is not None:
        network.load_state_dict(done.best)
    drawn = draws.table(parts, model.tasks, epochs=len(done.history))
    return Fitted(pd.DataFrame(done.history), done.best, drawn, diverged)


def validate(network, part, settings):
    """Return UAR and rho of valence on a labelled part, NO_SCORES where outputs are not finite."""
    crops = part.fixed_crops(settings.evaluation_seed)
    probabilities = predict(network, crops, ("valence",), objective_of(settings))["valence"]
    if not np.isfinite(probabilities).all():
        return NO_SCORES
    labels = part.part.labels[:, 0]
    counts = confusion(count_table(labels, predicted_class(probabilities)))
    rho = pearson(labels, expected_value(probabilities))
    return float(unweighted_recall(counts)), rho


@torch.no_grad()
def predict(network, crops, tasks, objective):
    """Return the class probabilities of each task, {task: float64 array (n, 5)}.

    `crops` yields batches of shape (batch, 1, width, rows), `objective` is what the heads were
    trained to. The network is left in training mode as it was.
    """
    network.eval()
    logits = [network.classify(batch, tasks) for batch in crops]
    network.train()
    return {
        task: objective.probabilities(torch.cat([b[task] for b in logits]).double().cpu().numpy())
        for task in tasks
    }


def train_epoch(engine, sampler, labels, rng, begun, halted=never):
    """Train one epoch; return the Epoch that was drawn, or None when it was broken off.

    `labels` holds a tensor (n, 5) for each task. The epoch goes on after the steps that `begun`
    counts, with the same draws of `rng`, counts its own there, and is broken off after a step
    with which `halted()` turns true.
    """
    epoch, latents = sampler.epoch(rng), None
    if engine.generator is not None:
        shape = (*epoch.positions.shape, engine.generator.linear.in_features)
        latents = draw_latents(shape, rng).to(labels[0].device)
    for step in range(begun.steps, len(epoch)):
        crops, positions, unlabelled = epoch[step]
        truth = [values[positions] for values in labels]
        latent = None if latents is None else latents[step]
        begun.add(engine.step(crops, truth, unlabelled, latent))
        if halted():
            return None
    return epoch


def _row(epoch, losses, scores, seconds, crops):
    return {
        "epoch": epoch,
        **{name: losses.get(name, np.nan) for name in LOSSES},
        "validation_uar": scores[0],
        "validation_rho": scores[1],
        "seconds": seconds,
        "crops_per_second": crops / seconds,
    }


def _line(row, rule):
    losses = "  ".join(f"{name} {row[name]:.3f}" for name in LOSSES if not np.isnan(row[name]))
    mark = "  best" if rule.best_epoch == rule.epoch else ""
    score = f"validation UAR {row['validation_uar']:.4f}  {row['seconds']:.1f} s"
    return f"epoch {row['epoch']:3d}  {losses}  {score}{mark}"
