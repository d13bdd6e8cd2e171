"""A job whose engine was killed ends, its workers too, and the next run of it waits for that."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

JOB = """
import os, sys, time
from types import SimpleNamespace
from emospeech.runtime import jobs
from emospeech.runtime.processes import ordered_map

def wait(number):
    print(f"worker {os.getpid()}\\n", end="", flush=True)  # in one piece, beside the other's
    time.sleep(60)

def main(paths, settings):
    print("job", os.getpid(), flush=True)
    list(ordered_map(wait, [1, 2], 2)) if sys.argv[1] == "waits" else print("second")

if __name__ == "__main__":
    job = SimpleNamespace(input={}, output={}, params={}, threads=1, log=["job.log"])
    jobs.run(main, job)
"""
# As snakemake does: a shell, which waits for the script.
ENGINE = "import subprocess; subprocess.run('python job.py waits; true', shell=True)"


def numbers(log):
    """Return the processes that said in a log who they are."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [int(line.split()[1]) for line in lines if line.startswith(("job", "worker"))]


def wait_until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def started(tmp_path):
    """Start an engine with a job of two workers; give the folder, the engine and their numbers."""
    (tmp_path / "job.py").write_text(JOB)
    places = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": places}
    engine = subprocess.Popen([sys.executable, "-c", ENGINE], cwd=tmp_path, env=environment)
    wait_until(lambda: len(numbers(tmp_path / "job.log")) == 3)
    yield tmp_path, engine, numbers(tmp_path / "job.log"), environment
    engine.kill()
    engine.wait()


def gone(processes):
    """Return whether none of them runs; the last word of one may still wait to be read."""
    left = [process for process in psutil.process_iter(["status"]) if process.pid in processes]
    return all(process.info["status"] == psutil.STATUS_ZOMBIE for process in left)


def test_a_job_and_its_workers_end_with_the_engine(started):
    _, engine, processes, _ = started
    time.sleep(1.5)
    assert not gone(processes), "they live as long as it does"
    engine.kill()
    engine.wait()
    wait_until(lambda: gone(processes))


def test_workers_end_with_their_job_however_it_ends(started):
    _, _, processes, _ = started
    os.kill(processes[0], signal.SIGKILL)
    wait_until(lambda: gone(processes))


def test_the_next_run_of_a_job_begins_when_the_earlier_one_has_ended(started):
    folder, engine, processes, environment = started
    command = [sys.executable, "job.py", "ends"]
    second = subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert second.stderr.readline().startswith("job.log: waiting for an earlier run of this job")
    assert numbers(folder / "job.log") == processes, "the log is still that of the earlier run"
    engine.kill()
    assert second.wait(timeout=30) == 0
    assert gone(processes)
    assert (folder / "job.log").read_text().splitlines() == [f"job {second.pid}", "second"]
