"""The frame around a workflow script: its log, its arguments and its errors."""

import fcntl
import logging
import os
import signal
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

from threadpoolctl import threadpool_limits

from emospeech.runtime.errors import InputError, StoppedError, access_error
from emospeech.runtime.processes import end_when_orphaned


def run(main, job):
    """Call `main(paths, settings)` with what the workflow engine gave to a script.

    `paths` holds the named inputs and outputs of `job`, `settings` its named params and its
    number of threads. All that the script and its workers print goes to the log of the job. An
    `InputError` or a missing permission ends the process with status 1 and one line, a
    `StoppedError` with that of its signal; other errors keep their traceback.

    A job ends when the engine that runs the workflow does, and begins when an earlier run of the
    same job, which may have lost its engine, has ended.

    BLAS runs on one thread, since the sums of a product may depend on the number of threads and
    results must not depend on the number of cores.
    """
    paths = SimpleNamespace(**dict(job.input.items()), **dict(job.output.items()))
    settings = SimpleNamespace(**dict(job.params.items()), threads=job.threads)
    end_when_orphaned()
    with redirected(job.log[0]), threadpool_limits(1):
        try:
            main(paths, settings)
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)
        except PermissionError as error:
            if error.filename is None:
                raise
            print(f"error: {access_error(error.filename, error)}", file=sys.stderr)
            sys.exit(1)
        except StoppedError as stop:
            print(f"stopped: {stop}", file=sys.stderr)
            sys.exit(128 + signal.SIGTERM)


@contextmanager
def asked_to_stop():
    """Give a function that says whether SIGTERM has come, which ends nothing by itself meanwhile.

    A cluster sends it some seconds before it takes a machine back.
    """
    came = []
    before = signal.signal(signal.SIGTERM, lambda *_: came.append(True))
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGTERM, before)


def _wait_for_earlier_run(log):
    """Wait for the lock on an open log, which a job holds as long as it or a worker of it lives."""
    with suppress(OSError):  # the file system has no locks
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{log.name}: waiting for an earlier run of this job to end", file=sys.stderr)
            fcntl.flock(log, fcntl.LOCK_EX)


@contextmanager
def redirected(log):
    """Send stdout and stderr, of this process and of those it starts, to the file `log`."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with open(log, "a", encoding="utf-8") as file:
        _wait_for_earlier_run(file)
        file.truncate(0)
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", force=True
    )
    yield
