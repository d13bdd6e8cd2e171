"""Worker processes: ordered results, errors, and the end of jobs whose engine is killed."""

import os
import signal
import subprocess
import sys
import time
from itertools import count, islice
from pathlib import Path

import psutil
import pytest

from emospeech.runtime.errors import CorpusError
from emospeech.runtime.processes import ordered_map
from tests.conftest import ROOT


def square(number):
    return number * number


def fail_at_multiples_of_3(number):
    if number % 3 == 0:
        raise CorpusError("some/file.wav", f"number {number}", line=7)
    return number


@pytest.mark.parametrize("workers", [1, 2])
def test_results_of_infinite_input_are_in_order(workers):
    results = ordered_map(square, count(), workers)
    assert list(islice(results, 30)) == [number * number for number in range(30)]
    results.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_error_of_a_worker_is_raised_unchanged(workers):
    for _ in range(10):
        with pytest.raises(CorpusError, match=r"some/file\.wav:7: number 3"):
            list(ordered_map(fail_at_multiples_of_3, range(1, 500), workers))


@pytest.mark.timeout(60)
def test_a_killed_worker_is_an_error():
    with pytest.raises(Exception, match="terminated abruptly"):
        list(ordered_map(os._exit, [9, 9], 2))


JOB = """
import os, sys, time
from types import SimpleNamespace
from emospeech.runtime import jobs
from emospeech.runtime.processes import ordered_map

def wait(_):
    print(f"worker {os.getpid()}\\n", end="", flush=True)  # one write, so that lines do not mix
    time.sleep(60)

def main(paths, params):
    print("job", os.getpid(), flush=True)
    list(ordered_map(wait, [1, 2], 2)) if sys.argv[1] == "waits" else print("second")

if __name__ == "__main__":
    job = SimpleNamespace(input={}, output={}, params={}, threads=1, log=["job.log"])
    jobs.run(main, job)
"""
# Like Snakemake: a shell that waits for the script.
ENGINE = "import subprocess; subprocess.run('python job.py waits; true', shell=True)"
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def process_ids(log):
    """Return the ids that the processes of a job wrote to its log."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [int(line.split()[1]) for line in lines if line.startswith(("job", "worker"))]


def wait_until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def have_ended(ids):
    """Return whether none of the processes is running, except as a zombie."""
    left = [process for process in psutil.process_iter(["status"]) if process.pid in ids]
    return all(process.info["status"] == psutil.STATUS_ZOMBIE for process in left)


@pytest.fixture
def running(tmp_path):
    """A workflow engine that runs a job with two workers.

    Returns the folder, the engine, the process ids of the job and its workers, and the environment.
    """
    (tmp_path / "job.py").write_text(JOB)
    search_path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": search_path}
    engine = subprocess.Popen([sys.executable, "-c", ENGINE], cwd=tmp_path, env=environment)
    wait_until(lambda: len(process_ids(tmp_path / "job.log")) == 3)
    yield tmp_path, engine, process_ids(tmp_path / "job.log"), environment
    engine.kill()
    engine.wait()


@needs_proc
def test_a_job_and_its_workers_end_with_the_engine(running):
    _, engine, ids, _ = running
    time.sleep(1.5)
    assert not have_ended(ids)
    engine.kill()
    engine.wait()
    wait_until(lambda: have_ended(ids))


@needs_proc
def test_workers_end_with_their_job_even_if_it_is_killed(running):
    _, _, ids, _ = running
    os.kill(ids[0], signal.SIGKILL)
    wait_until(lambda: have_ended(ids))


@needs_proc
def test_a_job_waits_for_its_earlier_run(running):
    folder, engine, ids, environment = running
    command = [sys.executable, "job.py", "ends"]
    second = subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert second.stderr.readline().startswith("job.log: ")
    assert process_ids(folder / "job.log") == ids, "the log of the earlier run is unchanged"
    engine.kill()
    assert second.wait(timeout=30) == 0
    assert have_ended(ids)
    assert (folder / "job.log").read_text().splitlines() == [f"job {second.pid}", "second"]
