"""Emotional speech with deep convolutional GANs: a reproduction of Chang and Scherer (2017)."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emospeech.evaluation.scoring import Ensemble


def load(
    path: str | os.PathLike | Sequence[str | os.PathLike], model: str | None = None
) -> "Ensemble":
    """Return trained networks that score audio with `predict`, see docs/scoring.md.

    Args:
        path: A weights file, several, or the results folder of a study.
        model: The model, such as "BasicDCGAN", whose selected trial is used, all folds; for a
            results folder only.

    Raises:
        emospeech.runtime.errors.InputError: A file cannot be used.
    """
    # Imported here, because torch takes seconds to import.
    from emospeech.evaluation.scoring import Ensemble, chosen_weights

    if isinstance(path, (str, os.PathLike)):
        path = [path] if model is None else chosen_weights(path, model)
    return Ensemble(path)
