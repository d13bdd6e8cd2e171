"""The state of a run, read from the files in its results folder only.

The run may be on other machines that share the file system, finished, or broken. Sources are the
plan of the run (runtime.run_plan), the outputs, benchmarks and logs of its jobs, and the files that
a training run publishes (training.live). A process whose files have not been touched for
HEARTBEAT_TIMEOUT seconds counts as ended.
"""

import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from emospeech.models.catalogue import MODELS
from emospeech.runtime.errors import InputError
from emospeech.runtime.heartbeat import HEARTBEAT_TIMEOUT, seconds_since_heartbeat
from emospeech.runtime.run_plan import PLAN, PlannedJob, RunPlan, read_plan
from emospeech.training.live import PROGRESS, RUNNING, STOPPED, LiveProgress, read_live

# The states of jobs and training runs. STOPPED: by request; the next run resumes there.
DONE, FAILED, WAITING = "done", "failed", "waiting"
NOT_RESPONDING = "not_responding"  # started and not finished, without an error or a heartbeat
STATES = (DONE, RUNNING, STOPPED, FAILED, NOT_RESPONDING, WAITING)
UNFINISHED = STATES[1:-1]  # states of jobs that were started but are not done
FINISHED, UNKNOWN = "finished", "unknown"  # other states of a run; unknown: it has no plan
STAGES = ("corpora", "spectrograms", "folds", "training", "search", "evaluation")
STAGES += ("variants", "report")
LOG_END = 2**14  # bytes at the end of a log in which an error is looked for
ERROR, STOP = "error: ", "stopped: "  # starts of the last line of a log, see runtime.jobs
EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit)\b")
LAST_OUTPUT = "hardware.json"  # of a training run


@dataclass(frozen=True)
class JobStatus:
    """The state of a job.

    Attributes:
        job: The name of the job; its first part is the stage.
        state: One of STATES.
        log: The path of its log.
        line: The error of a failed job, or the last line of the log of one that was stopped or
            does not respond.
        seconds_since_heartbeat: That of a job that is running or does not respond.
    """

    job: str
    state: str
    log: str
    line: str = ""
    seconds_since_heartbeat: float | None = None


@dataclass(frozen=True)
class TrainingStatus:
    """The state of a training run.

    Attributes:
        training: Its folder, relative to the results folder.
        state: One of STATES.
        progress: The progress that it published, None if it is done.
        log: The path of the log of its job, if it is known.
        seconds_since_heartbeat: That of a training run that is running or does not respond.
    """

    training: str
    state: str
    progress: LiveProgress | None = None
    log: str = ""
    seconds_since_heartbeat: float | None = None

    @property
    def model(self) -> str:
        """The name of the model, a part of the path of the folder."""
        return next((part for part in Path(self.training).parts if part in MODELS), "")

    def to_dict(self) -> dict:
        """Return the values for JSON, with the bounds of the time left."""
        values = asdict(self)
        if self.progress is not None:
            left = self.progress.seconds_left() or (None, None)
            values |= {"seconds_left_min": left[0], "seconds_left_max": left[1]}
        return values


@dataclass(frozen=True)
class Status:
    """The state of a run.

    Attributes:
        results: The results folder.
        state: RUNNING, FINISHED, FAILED, UNKNOWN, or NOT_RESPONDING if the process that runs the
            workflow was probably killed.
        time: When this was read, as a Unix time.
        seconds_since_heartbeat: That of the workflow, if it has not ended.
        plan: The plan of the run, if there is one.
        jobs: The jobs.
        trainings: The training runs.
    """

    results: str
    state: str
    time: float
    seconds_since_heartbeat: float | None
    plan: RunPlan | None
    jobs: list[JobStatus]
    trainings: list[TrainingStatus]

    @property
    def is_running(self) -> bool:
        """Whether the workflow or one of its jobs is running."""
        return self.state == RUNNING or any(job.state == RUNNING for job in self.jobs)

    def stages(self) -> dict[str, Counter]:
        """Return the number of jobs in each state, {stage: {state: jobs}}."""
        counts = _counts_by_name((Path(job.job).parts[0], job.state) for job in self.jobs)
        order = [*(name for name in STAGES if name in counts), *sorted(counts.keys() - STAGES)]
        return {name: counts[name] for name in order}

    def models(self) -> dict[str, Counter]:
        """Return the number of training runs in each state, {model: {state: training runs}}."""
        counts = _counts_by_name((training.model, training.state) for training in self.trainings)
        return {name: counts[name] for name in ("", *MODELS) if name in counts}

    def to_dict(self) -> dict:
        """Return the values for JSON. Times are in seconds, `started` and `ended` Unix times."""
        plan = self.plan
        described = {"command": None, "host": None, "started": None, "ended": None}
        if plan is not None:
            described = {name: getattr(plan, name) for name in described}
        return {
            "results": self.results,
            "time": self.time,
            "run": {
                "state": self.state,
                "seconds_since_heartbeat": self.seconds_since_heartbeat,
                **described,
            },
            "stages": {name: _all_counts(counts) for name, counts in self.stages().items()},
            "models": {name: _all_counts(counts) for name, counts in self.models().items()},
            "trainings": _all_counts(Counter(training.state for training in self.trainings)),
            "unfinished_trainings": [
                training.to_dict() for training in self.trainings if training.state in UNFINISHED
            ],
            "unfinished_jobs": [asdict(job) for job in self.jobs if job.state in UNFINISHED],
        }


def read_status(results: str | Path, now: float | None = None) -> Status:
    """Read the state of the run in a results folder.

    Args:
        results: The folder.
        now: Unix time, by default the current one.

    Raises:
        InputError: The folder does not exist, or no run has been started in it.
    """
    folder, now = Path(results), time.time() if now is None else now
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise InputError(folder, f"{problem}. Give the results folder of a study.")
    plan = read_plan(folder)
    if plan is None and not (folder / "logs").is_dir():
        problem = "contains no logs, so no run has been started in it"
        raise InputError(folder, f"{problem}. Give the results folder of a study.")
    planned = _jobs_with_logs(folder) if plan is None else plan.jobs
    state, age = _state_of_run(folder, plan, now)
    jobs = {job.name: _state_of_job(folder, job, plan, now) for job in planned}
    if plan is None:
        folders = {file.parent for name in (LAST_OUTPUT, PROGRESS) for file in folder.rglob(name)}
        found = sorted(path.relative_to(folder).as_posix() for path in folders)
        trainings = _states_of_trainings(folder, None, found, now)
    else:
        trainings = [
            training
            for job in planned
            for training in _states_of_trainings(folder, jobs[job.name], job.trainings, now)
        ]
    return Status(str(results), state, now, age, plan, list(jobs.values()), trainings)


def _state_of_run(folder, plan, now):
    if plan is None:
        return UNKNOWN, None
    if plan.ended is not None:
        return (FINISHED if plan.succeeded else FAILED), None
    age = seconds_since_heartbeat(folder / PLAN, now)
    return (RUNNING if age < HEARTBEAT_TIMEOUT else NOT_RESPONDING), age


def _jobs_with_logs(folder: Path) -> list[PlannedJob]:
    """Return the jobs that have a log and a benchmark, or an error in their log.

    This is for runs without a plan. A workflow that uses this one as a module has none, because
    Snakemake runs `onstart` only for the main Snakefile; `--no-hooks` also prevents it. The outputs
    are not known without a plan, so the benchmark is used instead.
    """
    jobs = []
    for log in sorted((folder / "logs").rglob("*.log")):
        name = log.relative_to(folder / "logs").with_suffix("").as_posix()
        benchmark = f"benchmarks/jobs/{name}.tsv"
        if (folder / benchmark).exists() or _error_in(log):
            jobs.append(PlannedJob(name, f"logs/{name}.log", benchmark, benchmark, []))
    return jobs


def _state_of_job(folder: Path, job: PlannedJob, plan: RunPlan | None, now: float) -> JobStatus:
    """Return the state of a job.

    It is done if its last output exists, unless its log is newer than its benchmark, which
    Snakemake writes at the end: then the job has been started again. A log that is older than the
    start of the run is that of an earlier run, and so is the output, if the run needs the job. No
    job is running after the end of the run.
    """
    log, benchmark = folder / job.log, folder / job.benchmark
    age = seconds_since_heartbeat(log, now)
    is_newer = age < seconds_since_heartbeat(benchmark, now)
    is_started = plan is None or now - age >= plan.started
    is_alive = age < HEARTBEAT_TIMEOUT and (plan is None or plan.ended is None)
    status = JobStatus(job.name, WAITING, str(log))
    if (folder / job.output).exists() and (is_started or not job.needed):
        status = replace(status, state=DONE)
        if not is_newer or not is_alive:
            return status
    if is_newer and is_started:
        last = (_end_of(log) or [""])[-1]
        if _error_in(log):
            state = STOPPED if last.startswith(STOP) else FAILED
            return replace(status, state=state, line=last)
        state = RUNNING if is_alive else NOT_RESPONDING
        return replace(status, state=state, line=last, seconds_since_heartbeat=age)
    return status


def _states_of_trainings(
    folder: Path, job: JobStatus | None, trainings: Iterable[str], now: float
) -> list[TrainingStatus]:
    """Return the states of the training runs of a job, which run one after the other.

    Without a plan, the job of a training run is not known.
    """
    published = {training: read_live(folder / training) for training in trainings}
    done = {
        training
        for training, live in published.items()
        if live is None and (folder / training / LAST_OUTPUT).exists()
    }
    current, log = None, ""
    if job is not None:
        done, log = set() if job.state == WAITING else done, job.log
        current = _current_training(job, published, done)
    states = []
    for training, live in published.items():
        age = None if live is None else now - live.updated
        if training in done:
            state = DONE
        elif job is None and age is not None:
            state = RUNNING if age < HEARTBEAT_TIMEOUT else NOT_RESPONDING
        elif job is not None and training == current:
            state = job.state
        else:
            state = WAITING
        states.append(TrainingStatus(training, state, live, log, age))
    return states


def _current_training(
    job: JobStatus, published: dict[str, LiveProgress | None], done: set[str]
) -> str | None:
    """Return the training run that a job has reached, if it is known.

    Progress of others was published by an earlier, interrupted run.
    """
    updated = {training: live.updated for training, live in published.items() if live is not None}
    if updated:
        return max(updated, key=lambda training: updated[training])
    # A job may fail before its next training run publishes any progress.
    waiting = (training for training in published if training not in done)
    return next(waiting, None) if job.state == FAILED else None


def _error_in(log: Path) -> bool:
    """Return whether the log of a job ends with an error."""
    lines = _end_of(log)
    if not lines or lines[-1].startswith((ERROR, STOP)):
        return bool(lines)
    is_traceback = any(line.startswith("Traceback ") for line in lines)
    return is_traceback and bool(EXCEPTION.match(lines[-1]))


def _end_of(log: Path) -> list[str]:
    """Return the last lines of a log that are not empty."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_END))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()]


def _counts_by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, Counter]:
    """Return the number of each state by name, from pairs of a name and a state."""
    counts: dict[str, Counter] = {}
    for name, state in pairs:
        counts.setdefault(name, Counter())[state] += 1
    return counts


def _all_counts(counts: Counter) -> dict[str, int]:
    """Return the counts of all states and their total."""
    return {state: counts[state] for state in STATES} | {"total": counts.total()}
