"""Imports that compile, one process at a time.

librosa compiles functions when its modules are first imported, and numba keeps them beside them.
Where two processes do so at once, what is kept may lack a part, and all later calls crash. The
modules must be imported in full within `alone`, as librosa puts many off to their first use.
"""

import fcntl
import os
import tempfile
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path


@contextmanager
def alone(package):
    """Wait until no other process imports `package` within `alone`, and keep others out."""
    lock = os.open(_lock_of(package), os.O_CREAT | os.O_RDWR, 0o666)
    try:
        with suppress(OSError):  # of file systems without locks: there nothing is kept apart
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)  # which gives the lock back, as does the end of the process


def _lock_of(package):
    """Return a file beside the package, for all machines that share it, or in a place for all."""
    folder = Path(find_spec(package).origin).parent
    if os.access(folder, os.W_OK):
        return folder / ".first_import.lock"
    return Path(tempfile.gettempdir()) / f"{package}-{os.getuid()}.lock"
