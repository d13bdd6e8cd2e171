"""Faults in what the user gave, each told in one line."""

import os


class InputError(Exception):
    """A file, key or folder that cannot be used as it is.

    Its text is one line: the place (with the line number where there is one), what is wrong
    there, and what to do. Raised for what the user can mend; anything else is a bug and keeps
    its traceback.
    """

    def __init__(self, place, problem, line=None):
        # All three stay in `args`, so that the error survives the way back from a worker process.
        super().__init__(str(place), problem, line)
        self.place, self.problem, self.line = str(place), problem, line

    def __str__(self):
        where = self.place if self.line is None else f"{self.place}:{self.line}"
        return " ".join(f"{where}: {self.problem}".split())


class StoppedError(Exception):
    """Work that was asked to stop and did; its text is one line that says how far it is."""


class CorpusError(InputError):
    """A file of a corpus that does not hold what its format promises."""


def access_error(
    path: str | os.PathLike,
    error: OSError,
    kind: type[InputError] = InputError,
    if_missing: str = "Check the path",
) -> InputError:
    """Return the InputError for an OSError that was raised when `path` was read or written.

    Args:
        path: The file or folder that the message names.
        error: Its error number decides on the problem and the remedy.
        kind: InputError or a subclass of it.
        if_missing: The remedy for a file that does not exist.
    """
    if isinstance(error, PermissionError):
        remedy = "Check the permissions of it and of the folders above it"
    elif isinstance(error, (FileNotFoundError, NotADirectoryError)):
        remedy = if_missing
    elif isinstance(error, IsADirectoryError):
        remedy = "Give a file"
    else:
        remedy = "Check the file and the disk"
    return kind(path, f"{os.strerror(error.errno) if error.errno else error}. {remedy}.")
