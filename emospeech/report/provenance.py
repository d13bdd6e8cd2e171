"""What a reader needs to run the study again: versions and the commit of the code."""

import platform
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "snakemake",
    "torch",
    "librosa",
    "numpy",
    "scipy",
    "pandas",
    "h5py",
    "soundfile",
    "soxr",
    "matplotlib",
)


def versions():
    """Return the versions of Python and of the packages that decide the results."""
    found = {name: metadata.version(name) for name in PACKAGES}
    return {"python": platform.python_version(), **found}


def git_commit():
    """Return the commit of the code, marked where files differ from it; empty outside of git."""
    here = Path(__file__).parent
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        answer = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()
