"""Work spread over processes, with results in order and bounded memory."""

import ctypes
import signal
import sys
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context

# A forked worker starts in milliseconds; elsewhere than on Linux forking is not safe.
START_METHOD = "fork" if sys.platform == "linux" else "spawn"

PR_SET_PDEATHSIG = 1  # of prctl(2)


def end_with_parent():
    """Let this process be killed when the one that started it ends, however that comes about.

    Forked workers hold the ends of each other's pipes, so none would notice by itself. Nothing
    happens where the system has no such call: spawned workers see their pipe close.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def ordered_map(function, items, workers, ahead=4):
    """Yield `function(item)` for each item, in the order of the items.

    At most `ahead` results a worker wait to be taken, so memory stays bounded however long
    `items` is. With one worker everything happens in this process. The first exception of a
    worker is raised here, after the items already begun or waiting have ended.
    """
    if workers == 1:
        yield from map(function, items)
        return
    items = iter(items)
    # The executor is left to end what was submitted: asked to cancel it, Python 3.11 may hang.
    context = get_context(START_METHOD)
    with ProcessPoolExecutor(workers, context, initializer=end_with_parent) as pool:
        waiting = deque(pool.submit(function, item) for item in islice(items, workers * ahead))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in islice(items, 1))
