"""Settings of crops: the config section `crops`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CropSettings:
    """How crops are cut from a spectrogram."""

    edge: str = "floor"  # pad beyond the ends of a recording; "shift": move the crop inside
