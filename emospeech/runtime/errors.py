"""Errors in the user's input that are reported in one line."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


class InputError(Exception):
    """A file or config key that cannot be used.

    The message is one line: the file or key (with a line number if there is one), the problem, and
    what to do. Other exceptions are bugs and keep their traceback.
    """

    def __init__(self, location: str | os.PathLike, problem: str, line: int | None = None):
        # All three stay in `args`, so that workers can pickle the error.
        super().__init__(str(location), problem, line)
        self.location, self.problem, self.line = str(location), problem, line

    def __str__(self):
        location = self.location if self.line is None else f"{self.location}:{self.line}"
        return " ".join(f"{location}: {self.problem}".split())


class StoppedError(Exception):
    """A training run that was stopped on request; the message is one line with its progress."""


class CorpusError(InputError):
    """A file of a corpus that does not follow its format."""


def access_error(
    path: str | os.PathLike,
    error: OSError,
    kind: type[InputError] = InputError,
    if_missing: str = "Check the path",
) -> InputError:
    """Return the InputError for an OSError that was raised when `path` was read or written.

    Args:
        path: The file or folder that the message names.
        error: Determines the problem and what to do.
        kind: InputError or a subclass of it.
        if_missing: What to do if the file does not exist.
    """
    if isinstance(error, PermissionError):
        remedy = "Check its permissions and those of its parent folders"
    elif isinstance(error, (FileNotFoundError, NotADirectoryError)):
        remedy = if_missing
    elif isinstance(error, IsADirectoryError):
        remedy = "Give a file"
    else:
        remedy = "Check the file and the disk"
    return kind(path, f"{os.strerror(error.errno) if error.errno else error}. {remedy}.")


@contextmanager
def optional_packages(location: str | os.PathLike, extra: str) -> Iterator[None]:
    """Raise InputError if a package that is imported in the `with` block is not installed.

    Args:
        location: The file, config key or option that needs the package.
        extra: The extra whose packages are imported, as in envs/requirements-{extra}.txt.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        command, file = f"make .venv/{extra}", f"envs/requirements-{extra}.txt"
        problem = f"needs the package {error.name}, which is not installed"
        remedy = f"Install it with `{command}`, or with pip from {file}"
        raise InputError(location, f"{problem}. {remedy}.") from error
