"""Trained networks applied to recordings that come by themselves, without words or a study.

        |----===--------======-------====----|     a recording; = is speech, found by its level
              ^          ^  ^         ^            centres of the crops, even in the time of speech

A recording has one spectrogram and several crops. What a network says of it is the mean of the
class probabilities over the crops, and what several networks say, such as those of the folds of a
study, is the mean over the networks.
"""

from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from emospeech.corpora.audio import audio_duration, check_file
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.speech import find_speech
from emospeech.crops.centres import spread_centres
from emospeech.crops.gather import CropGatherer
from emospeech.models.catalogue import MODELS, build
from emospeech.runtime.errors import InputError
from emospeech.spectrograms.extraction import in_memory_store
from emospeech.spectrograms.irregularities import count_irregularities
from emospeech.training.description import Description
from emospeech.training.device import torch_device
from emospeech.training.losses import Objective, objective_of
from emospeech.training.predictor import predict
from emospeech.training.weights import load_weights, read_description
from emospeech.version import VERSION

NO_SPEECH = "no speech found; the crops lie evenly over the whole recording"

# What a description that another version wrote, or a hand, may raise while it is used.
MISUNDERSTOOD = (AttributeError, InputError, KeyError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True)
class Scorer:
    """A trained network and how its outputs are read."""

    network: nn.Module
    description: Description
    objective: Objective

    @property
    def tasks(self):
        return MODELS[self.description.model].tasks

    def score(self, store, crops):
        """Return the mean class probabilities over `crops` crops of the one recording of a store.

        They are {task: float64 array (5,)}.
        """
        told = self.description
        gather = CropGatherer(store, told.trial["crop_width"], edge=told.training.edge)
        batch = gather(np.zeros(crops, np.int64), spread_centres(store, 0, crops))
        probabilities = predict(self.network, [batch], self.tasks, self.objective)
        return {task: values.mean(axis=0) for task, values in probabilities.items()}


def load_scorer(path):
    """Return the Scorer of a file of weights; InputError where it cannot be used."""
    told = read_description(path)
    try:
        description = Description.from_dict(told)
        rows = description.spectrograms.rows
        network, _ = build(description.model, rows, description.trial, description.networks, 0)
        objective = objective_of(description.training)
    except MISUNDERSTOOD as error:
        problem = f"has a description that emospeech {VERSION} cannot use ({error!r})"
        raise InputError(path, f"{problem}; use the version that wrote it") from error
    return Scorer(load_weights(path, network), description, objective)


class Ensemble:
    """Networks of the same tasks, each of which counts alike. They run on the CPU."""

    def __init__(self, paths):
        """`paths` are files of weights; InputError names one that cannot be used."""
        self.scorers = [load_scorer(path) for path in paths]
        self.tasks = self.scorers[0].tasks
        for path, scorer in zip(paths, self.scorers, strict=True):
            if scorer.tasks != self.tasks:
                mine, others = (" and ".join(tasks) for tasks in (scorer.tasks, self.tasks))
                problem = f"predicts {mine}, but {paths[0]} {others}; score with each by itself"
                raise InputError(path, problem)
        # The threads of the training, as sums depend on their number and not on the machine's.
        torch_device(replace(self.scorers[0].description.training, device="cpu"))

    def score(self, path, crops):
        """Return the class probabilities of an audio file, {task: float64 array (5,)}.

        With them comes a list of what is unusual of the file, a text each. Raises InputError for
        what is no audio.
        """
        spans, notes = find_spans(path)
        settings = {scorer.description.spectrograms for scorer in self.scorers}
        stores = {one: in_memory_store(path, spans, one) for one in settings}
        unusual = np.bitwise_or.reduce([store.irregular for store in stores.values()])
        notes += count_irregularities(unusual)
        scores = [
            scorer.score(stores[scorer.description.spectrograms], crops) for scorer in self.scorers
        ]
        return {
            task: np.mean([score[task] for score in scores], axis=0) for task in self.tasks
        }, notes


def find_spans(path):
    """Return the spans of speech in an audio file, (n, 2) in seconds, and what is unusual of it."""
    check_file(path)
    issues = IssueCounts()
    audio_duration(path, issues)
    spans, _ = find_speech(path)
    notes = [name for name, count in issues.irregular.items() if count]
    return spans, notes if len(spans) else [*notes, NO_SPEECH]
