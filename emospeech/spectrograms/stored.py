"""Values as the store holds them; apart from what makes them, which takes long to import."""

import numpy as np


def encode(values, settings):
    """Return values as the store's type; `decode` gives them back to within `rounding` dB."""
    if settings.dtype == "uint8":
        return np.rint((values - settings.bottom) / settings.step).astype(np.uint8)
    return values.astype(np.float16)


def floor_line(settings):
    """Return the last line of a store's frames, (1, rows): what crops show beyond an edge."""
    return encode(np.full((1, settings.rows), settings.bottom, np.float32), settings)


def decode(stored, settings):
    """Return what the store holds as values, float32."""
    if settings.dtype == "uint8":
        return stored * np.float32(settings.step) + np.float32(settings.bottom)
    return stored.astype(np.float32)
