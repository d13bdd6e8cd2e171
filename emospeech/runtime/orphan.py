"""A job whose workflow engine is gone: it ends too, so that it is not in the way of the next run.

Where only the engine was killed, its jobs would go on for hours and write what the next run writes.
"""

import os
import signal
import time
from pathlib import Path
from threading import Thread

SHELLS = {"sh", "bash", "dash", "zsh"}
SECONDS = 1.0  # between two looks


def end_when_orphaned():
    """Send this process SIGTERM when the one that runs the workflow ends.

    Nothing is done where the system does not tell of processes in /proc.
    """
    engine = engine_above()
    if engine is not None:
        Thread(target=_watch, args=(engine,), daemon=True).start()


def engine_above():
    """Return the number of the process that started this one, not counting a shell in between."""
    try:
        parent = os.getppid()
        name = Path(f"/proc/{parent}/comm").read_text().strip()
        return _parent(parent) if name in SHELLS else parent
    except OSError:
        return None


def _watch(engine):
    while engine_above() == engine:
        time.sleep(SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _parent(number):
    # The fields behind the name of the program, which stands in brackets and may hold anything.
    return int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
