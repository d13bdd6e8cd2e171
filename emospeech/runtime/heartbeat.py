"""Heartbeats of processes on other machines: the modification times of files that they touch."""

import os
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

INTERVAL = 10.0  # seconds between two heartbeats
# Seconds without a heartbeat after which a process counts as ended; NFS shows changes late.
HEARTBEAT_TIMEOUT = 90.0


def send_heartbeat(path: str | os.PathLike) -> None:
    """Touch an existing file every INTERVAL seconds until this process ends."""
    Thread(target=_touch, args=(path,), daemon=True).start()


def seconds_since_heartbeat(path: str | os.PathLike, now: float | None = None) -> float:
    """Return the seconds since a file was touched; infinity if it does not exist.

    `now` is a Unix time, by default the current one.
    """
    try:
        return (time.time() if now is None else now) - Path(path).stat().st_mtime
    except OSError:
        return float("inf")


def _touch(path):
    while True:
        time.sleep(INTERVAL)
        with suppress(OSError):
            os.utime(path)
