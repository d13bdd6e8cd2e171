"""Worker processes, and processes that end when the one that started them is killed."""

import ctypes
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import TypeVar

# Forked workers start in milliseconds, but forking is safe only on Linux.
START_METHOD = "fork" if sys.platform == "linux" else "spawn"
PR_SET_PDEATHSIG = 1  # of prctl(2)
SHELLS = {"sh", "bash", "dash", "zsh"}
POLL_INTERVAL = 1.0  # seconds

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    """Yield `function(item)` for each item, in the order of the items.

    At most four results per worker are queued, so memory is bounded for any length of `items`.
    With one worker, the function is called in this process. The first exception of a worker is
    raised here, after the submitted items have finished.
    """
    if workers == 1:
        yield from map(function, items)
        return
    # Imported here, so that jobs without workers start faster.
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    items = iter(items)
    # Submitted items are not cancelled, because cancelling may hang in Python 3.11.
    context = get_context(START_METHOD)
    with ProcessPoolExecutor(workers, context, initializer=_end_with_parent) as pool:
        queue = deque(pool.submit(function, item) for item in islice(items, 4 * workers))
        while queue:
            yield queue.popleft().result()
            queue.extend(pool.submit(function, item) for item in islice(items, 1))


def end_when_orphaned() -> None:
    """Send this process SIGTERM when the workflow engine that started it ends.

    Otherwise the jobs of a killed engine continue for hours and write the same files as the next
    run. This needs /proc; without it nothing happens.
    """
    engine = _engine()
    if engine is not None:
        Thread(target=_watch, args=(engine,), daemon=True).start()


def _end_with_parent():
    """Let the system kill this worker when its parent ends for any reason.

    Otherwise forked workers would continue, since they keep each other's pipes open. Systems
    without this call use spawned workers, which notice the end of their parent.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch(engine):
    while _engine() == engine:
        time.sleep(POLL_INTERVAL)
    os.kill(os.getpid(), signal.SIGTERM)


def _engine():
    """Return the id of the process that started this one, ignoring a shell in between."""
    try:
        parent = os.getppid()
        if Path(f"/proc/{parent}/comm").read_text().strip() not in SHELLS:
            return parent
        # The fields follow the name of the program, which is in brackets and may contain anything.
        return int(Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None
