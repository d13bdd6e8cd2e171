"""The hardware that a job runs on."""

import platform
from pathlib import Path


def processor_name() -> str:
    """Return the name of the processor on Linux, its architecture on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
