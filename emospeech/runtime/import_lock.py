"""Imports that compile, one process at a time.

librosa compiles functions when its modules are first imported, and numba keeps them beside them.
Where two processes do so at once, what is kept may lack a part, and all later calls crash. The
modules must be imported in full within `import_lock`, as librosa puts many off to their first use.
"""

import fcntl
import os
import stat
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path


@contextmanager
def import_lock(package):
    """Wait until no other process imports `package` within `import_lock`, and keep others out."""
    ensure_numba_cache(package)
    with ExitStack() as stack:
        with suppress(OSError):  # of file systems without locks: there nothing is kept apart
            lock = os.open(_lock_of(package), os.O_CREAT | os.O_RDWR, 0o666)
            stack.callback(os.close, lock)  # which gives the lock back, as the process's end does
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure_numba_cache(package: str) -> None:
    """Point numba to a temporary folder if no usual place for compiled functions is writable.

    numba keeps them next to their module, else in the user's cache folder. Where it can write to
    neither, as in a container, importing a module that keeps its functions fails.
    """
    places = [
        os.environ.get("NUMBA_CACHE_DIR"),
        _folder_of(package) / "__pycache__",
        Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "numba"),
    ]
    if any(place and _is_writable(place) for place in places):
        return
    os.environ["NUMBA_CACHE_DIR"] = str(_own_temporary_folder("numba"))
    if "numba" in sys.modules:  # which has read its settings already
        sys.modules["numba"].config.reload_config()


def _is_writable(folder):
    try:
        os.makedirs(folder, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _own_temporary_folder(name):
    """Return a temporary folder of this user, the same in each process.

    numba unpickles what it finds in its cache, so a folder that another user can write to is not
    used; a new one takes its place.
    """
    folder = Path(tempfile.gettempdir(), f"{name}-{os.getuid()}")
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        state = folder.lstat()
        private = stat.S_ISDIR(state.st_mode) and not state.st_mode & 0o022
        if private and state.st_uid == os.getuid() and _is_writable(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix=f"{name}-"))


def _folder_of(package):
    return Path(find_spec(package).origin).parent


def _lock_of(package):
    """Return a file beside the package, for all machines that share it, or in a place for all."""
    folder = _folder_of(package)
    if os.access(folder, os.W_OK):
        return folder / ".import_lock.lock"
    return Path(tempfile.gettempdir()) / f"{package}-{os.getuid()}.lock"
