"""The output of a subcommand: stdout or a file that is written atomically."""

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from emospeech.runtime.errors import InputError
from emospeech.runtime.files import atomic_path


def check_output(output: str | None, inputs: Sequence[str | Path]) -> None:
    """Raise InputError if writing to `output` would destroy an input or a recording.

    If the value of --output is forgotten, argparse takes the first audio file for it.
    """
    if output is None or not (path := Path(output)).exists():
        return
    if path.is_dir():
        raise InputError(path, "is a folder. Give the name of a file to --output.")
    if any(os.path.exists(file) and path.samefile(file) for file in inputs):
        raise InputError(path, "is both an input and the output. Give the output another name.")
    if path.is_file():
        with path.open("rb") as file:
            if b"\0" in file.read(2**16):
                problem = "exists and is not a text file, so --output does not overwrite it"
                raise InputError(path, f"{problem}. Give the output another name.")


@contextmanager
def open_output(path: str | None) -> Iterator[TextIO]:
    """Yield a text stream for the output: a file that is written atomically, or stdout.

    The text is encoded in UTF-8, regardless of the locale. The bytes of a file name that is not
    valid UTF-8 are copied unchanged.
    """
    if path is None or is_stdout(path):
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
        yield sys.stdout
        sys.stdout.flush()
        return
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        yield file


def is_stdout(path: str) -> bool:
    """Return whether a path, such as /dev/stdout, refers to the stdout of this process."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(1))
    except OSError:
        return False
