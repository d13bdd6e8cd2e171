"""The plan of a run: the jobs of the workflow, written when it starts, for `emospeech status`.

The process that runs the workflow touches the file regularly and records how the run ended.
"""

import os
import socket
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from emospeech.runtime.errors import InputError, access_error
from emospeech.runtime.files import read_json, write_json
from emospeech.runtime.heartbeat import send_heartbeat

PLAN = Path("logs", "plan.json")  # in the results folder


@dataclass(frozen=True)
class PlannedJob:
    """A job of a run. All paths are relative to the results folder.

    Attributes:
        name: The path of its log without `logs/` and suffix. The first part is the stage.
        log: The log.
        benchmark: The file that Snakemake writes after the job has succeeded.
        output: The output that the job writes last.
        trainings: The folders of its training runs.
        needed: Whether the run starts the job, because outputs are missing or outdated.
    """

    name: str
    log: str
    benchmark: str
    output: str
    trainings: list[str]
    needed: bool = True


@dataclass(frozen=True)
class RunPlan:
    """The jobs of a run, including those that were finished before, and how the run ended.

    Attributes:
        command: The command that runs the study.
        host: The machine that runs the workflow.
        started: Unix time.
        jobs: The jobs.
        ended: Unix time, None while the workflow is running or if it was killed.
        succeeded: Whether all jobs were successful, None as long as `ended` is.
    """

    command: str
    host: str
    started: float
    jobs: list[PlannedJob]
    ended: float | None = None
    succeeded: bool | None = None


def planned_job(
    results: Path,
    log: str | Path,
    benchmark: str | Path,
    outputs: Iterable[str | Path],
    needed: bool = True,
) -> PlannedJob:
    """Return a job of a plan, given its paths relative to the working directory.

    Args:
        results: The results folder.
        log: The log.
        benchmark: The benchmark file.
        outputs: The outputs, in the order in which the job writes them.
        needed: Whether the run starts the job.
    """
    log, benchmark, *files = (os.path.relpath(path, results) for path in (log, benchmark, *outputs))
    name = Path(log).relative_to("logs").with_suffix("")
    # Jobs of other stages copy weights. Those that train variants are variants/.../training/...
    is_training = "training" in name.parts
    folders = [Path(file).parent for file in files if Path(file).name == "weights.safetensors"]
    return PlannedJob(
        name=name.as_posix(),
        log=log,
        benchmark=benchmark,
        output=files[-1],
        trainings=[folder.as_posix() for folder in folders] if is_training else [],
        needed=needed,
    )


def start_run(results: Path, command: str, jobs: list[PlannedJob]) -> None:
    """Write the plan of a run that starts now, and send its heartbeat."""
    path, plan = results / PLAN, RunPlan(command, socket.gethostname(), time.time(), jobs)
    write_json(path, asdict(plan))
    # By the clock of the file system, whose times of logs it is compared with.
    write_json(path, asdict(replace(plan, started=path.stat().st_mtime)))
    send_heartbeat(path)


def end_run(results: Path, succeeded: bool) -> None:
    """Record in the plan that the run ends now."""
    plan = read_plan(results)
    if plan is not None:
        ended = replace(plan, ended=time.time(), succeeded=succeeded)
        write_json(results / PLAN, asdict(ended))


def read_plan(results: Path) -> RunPlan | None:
    """Return the plan of the last run, None if there is no plan.

    Raises:
        InputError: The file is not a plan or cannot be read.
    """
    path = results / PLAN
    try:
        content = read_json(path)
        jobs = [PlannedJob(**job) for job in content.pop("jobs")]
        return RunPlan(jobs=jobs, **content)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise access_error(path, error) from error
    except (TypeError, KeyError, AttributeError) as error:
        problem = "is not the plan of a run"
        raise InputError(path, f"{problem}. Delete it; the next run writes a new one.") from error
