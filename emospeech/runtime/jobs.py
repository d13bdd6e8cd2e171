"""The environment of a workflow script: arguments, log and error handling."""

import fcntl
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from threadpoolctl import threadpool_limits

from emospeech.runtime.errors import InputError, StoppedError, access_error
from emospeech.runtime.heartbeat import send_heartbeat
from emospeech.runtime.processes import end_when_orphaned


def run(main: Callable[[SimpleNamespace, SimpleNamespace], None], job: Any) -> None:
    """Call `main(paths, params)` for `job`, the `snakemake` object of a script.

    `paths` has the named inputs and outputs of the job, `params` its named params and `threads`.
    All output goes to the log of the job. An InputError or a missing permission is reported in one
    line (exit status 1), and so is a StoppedError (status of SIGTERM).

    A job ends when the workflow engine that started it ends. If an earlier process of the same job
    is still running, for example because its engine was killed, the job waits for it. The log is
    touched regularly, which tells a running job from a killed one in `emospeech status`.

    BLAS uses one thread, because sums may depend on the number of threads, and results must not
    depend on the number of cores.
    """
    paths = SimpleNamespace(**dict(job.input.items()), **dict(job.output.items()))
    params = SimpleNamespace(**dict(job.params.items()), threads=job.threads)
    end_when_orphaned()
    with redirected(job.log[0]), threadpool_limits(1):
        send_heartbeat(job.log[0])
        try:
            main(paths, params)
        except (InputError, PermissionError) as error:
            if isinstance(error, PermissionError):
                if error.filename is None:
                    raise
                error = access_error(error.filename, error)
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)
        except StoppedError as stop:
            print(f"stopped: {stop}", file=sys.stderr)
            sys.exit(128 + signal.SIGTERM)


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether SIGTERM was received.

    Inside the block, SIGTERM does not end the process. A cluster sends SIGTERM some seconds before
    it reclaims a node.
    """
    received = []
    previous = signal.signal(signal.SIGTERM, lambda *_: received.append(True))
    try:
        yield lambda: bool(received)
    finally:
        signal.signal(signal.SIGTERM, previous)


@contextmanager
def redirected(log: str | Path) -> Iterator[None]:
    """Redirect stdout and stderr of this process and of its children to the file `log`.

    The file stays locked until all of them have ended.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with open(log, "a", encoding="utf-8") as file:
        with suppress(OSError):  # file systems without locks
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"{log}: waiting for an earlier run of this job to end", file=sys.stderr)
                fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", force=True
    )
    yield
