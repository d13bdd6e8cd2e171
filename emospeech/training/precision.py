"""The number format of the training passes: float32, bfloat16 or TF32.

Weights, losses, updates, validation and test are float32 in any case.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

AUTO = "auto"


def resolve_precision(precision: str, device_type: str) -> str:
    """Return the format for a key `training.precision` on "cpu" or "cuda".

    "auto" is bfloat16 where the device multiplies matrices in it (a GPU from Ampere on, a processor
    with AMX), and float32 elsewhere. Processors with AVX-512 BF16 alone measured slower with it.
    """
    if precision != AUTO:
        return precision
    if device_type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = torch.cpu.get_capabilities().get("amx_bf16", False)
    return "bfloat16" if native else "float32"


@contextmanager
def reduced_precision(precision: str, device_type: str) -> Iterator[None]:
    """Run the passes inside the block in `precision`: "float32", "bfloat16" or "tf32".

    TF32 is switched on for the block only, so that evaluation runs in float32.
    """
    # Autocast's cache of converted weights does not see the in-place updates of Adam: a later
    # update of the same step would use the weights from before it.
    bfloat16 = precision == "bfloat16"
    with torch.autocast(device_type, torch.bfloat16, enabled=bfloat16, cache_enabled=False):
        allow_tf32(precision == "tf32")
        try:
            yield
        finally:
            allow_tf32(False)


def allow_tf32(allowed: bool) -> None:
    """Let a GPU round the inputs of convolutions and matrix products to 10 bits, or forbid it."""
    torch.backends.cudnn.allow_tf32 = allowed
    torch.backends.cuda.matmul.allow_tf32 = allowed
