"""The device of a training run, its memory, and the number format of the training passes.

Weights, losses, updates, validation and test are always float32.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from emospeech.runtime.errors import InputError
from emospeech.runtime.hardware import processor_name
from emospeech.training.settings import TrainingSettings

AUTO = "auto"
# Options of mallopt(3), from malloc.h.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -2, -3, -4


def torch_device(settings: TrainingSettings) -> torch.device:
    """Return the device of the settings; make torch deterministic and keep freed memory.

    Raises:
        InputError: It is a GPU, and torch finds none.
    """
    keep_freed_memory()
    torch.set_num_threads(settings.threads)
    # Deterministic matrix products of a GPU need it, and it is read when CUDA starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    name = settings.device
    if name == AUTO:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    elif name == "cuda" and not torch.cuda.is_available():
        problem = f"is cuda, but torch {torch.__version__} finds no GPU. Use auto or cpu, or"
        raise InputError("training.device", f"{problem} install a build of torch with CUDA.")
    if name == "cuda":  # on a CPU the algorithms are deterministic, and the call takes a second
        torch.use_deterministic_algorithms(True, warn_only=True)
        # All memory is written before it is read. The type hints of torch lack this option.
        torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore
        allow_tf32(False)  # torch's default allows it in convolutions
    return torch.device(name)


def describe_device(device: torch.device) -> dict[str, str | int | None]:
    """Return the hardware of a training run: `device`, `gpu`, `processor` and `threads`."""
    is_gpu = device.type == "cuda"
    return {
        "device": device.type,
        "gpu": torch.cuda.get_device_name(device) if is_gpu else None,
        "processor": processor_name(),
        "threads": torch.get_num_threads(),
    }


def keep_freed_memory() -> None:
    """Let a C library with mallopt keep freed memory instead of returning it to the system.

    A training step on a CPU frees and allocates the same tensors again and again. By default glibc
    maps each of them again, which costs page faults.
    """
    set_memory({M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 2**26})


def set_memory(options: dict[int, int]) -> ctypes.CDLL:
    """Set options of mallopt, {option: value}, if the C library has it; return that library."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        for option, value in options.items():
            libc.mallopt(option, value)
    return libc


def resolve_precision(precision: str, device_type: str) -> str:
    """Return the number format that `training.precision` selects on "cpu" or "cuda".

    "auto" is bfloat16 if the device multiplies matrices in it natively (a GPU from Ampere on, a
    processor with AMX), and float32 otherwise. With AVX-512 BF16 alone, bfloat16 was slower.
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
    """Allow or forbid a GPU to round inputs of convolutions and matrix products to TF32."""
    torch.backends.cudnn.allow_tf32 = allowed
    torch.backends.cuda.matmul.allow_tf32 = allowed
