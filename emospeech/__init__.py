"""Emotional speech with deep convolutional GANs: a reproduction of Chang and Scherer (2017)."""

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any


def load(path: str | os.PathLike | Sequence[str | os.PathLike], model: str | None = None) -> Any:
    """Return trained networks that score audio with `predict`, see docs/scoring.md.

    They are an `emospeech.evaluation.scoring.Ensemble`.

    Args:
        path: A weights file, several, or the results folder of a study.
        model: The model, such as "BasicDCGAN", whose selected trial is used, all folds; for a
            results folder only.

    Raises:
        emospeech.runtime.errors.InputError: A file cannot be used.
    """
    # Imported here, because torch takes seconds to import; and by name, because an import statement
    # would make this module part of the code of every job (see runtime.fingerprint).
    scoring = import_module("emospeech.evaluation.scoring")
    if isinstance(path, (str, os.PathLike)):
        path = [path] if model is None else scoring.chosen_weights(path, model)
    return scoring.Ensemble(path)
