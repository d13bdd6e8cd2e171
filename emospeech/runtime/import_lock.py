"""Imports that compile functions, in one process at a time.

When librosa is first imported, numba compiles some of its functions and caches them next to their
modules. If two processes do that at once, the cache may be incomplete, and all later calls crash.
librosa imports many of its modules on first use, so these must be imported within `import_lock`.
"""

import fcntl
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path


@contextmanager
def import_lock(package: str) -> Iterator[None]:
    """Acquire the import lock of `package`, so that one process at a time imports it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    folder = Path(spec.origin).parent
    _ensure_numba_cache(folder)
    if os.access(folder, os.W_OK):  # shared by all machines that use this environment
        lock_file = folder / ".import_lock.lock"
    else:
        lock_file = Path(tempfile.gettempdir()) / f"{package}-{os.getuid()}.lock"
    with ExitStack() as stack:
        with suppress(OSError):  # file systems without locks
            lock = os.open(lock_file, os.O_CREAT | os.O_RDWR, 0o666)
            stack.callback(os.close, lock)  # releases the lock
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ensure_numba_cache(folder):
    """Set the cache folder of numba to a temporary one if it cannot write to any other.

    numba uses the folder of the module or the user's cache folder. If it can write to neither, as
    in a container, importing a module with cached functions fails.
    """
    user_cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folders = [folder / "__pycache__", Path(user_cache, "numba")]
    if "NUMBA_CACHE_DIR" in os.environ:
        folders.insert(0, Path(os.environ["NUMBA_CACHE_DIR"]))
    if not any(map(_is_writable, folders)):
        os.environ["NUMBA_CACHE_DIR"] = str(_private_temporary_folder("numba"))
        if "numba" in sys.modules:  # it has already read its settings
            sys.modules["numba"].config.reload_config()


def _is_writable(folder):
    try:
        os.makedirs(folder, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _private_temporary_folder(name):
    """Return a temporary folder of this user, the same in each process.

    numba unpickles the files in its cache, so a folder that other users can write to is replaced by
    a new one.
    """
    folder = Path(tempfile.gettempdir(), f"{name}-{os.getuid()}")
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        state = folder.lstat()
        private = stat.S_ISDIR(state.st_mode) and not state.st_mode & 0o022
        if private and state.st_uid == os.getuid() and _is_writable(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix=f"{name}-"))
