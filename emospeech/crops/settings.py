"""Settings of crops: the config section `crops`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CropSettings:
    """How crops are cut from a spectrogram."""

    edge: str = "floor"  # shown beyond the ends of a recording; "shift" moves the crop inside
