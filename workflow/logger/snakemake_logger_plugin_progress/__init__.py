"""A logger plugin for Snakemake that shows readable progress: `snakemake --logger progress`.

Snakemake finds it if the folder of this package is on PYTHONPATH, as in `make demo`. Each job that
starts gets a line with the time so far, the finished jobs and training runs, the stage and the job.
For a failed job, the errors in its log are shown. Snakemake's own messages are in its log file.
"""

import logging
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

# Constants implement the abstract properties of the base class:
# pyright: reportAssignmentType=false, reportIncompatibleMethodOverride=false
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

COLUMNS = "{:>7}  {:>7}  {:>9}  {:<12}  {}"
LOG_LINES = 15  # number of lines shown of a log that contains no error
LOG_FILE = "Complete log(s): "
INTERRUPTED = "Terminating processes on user request"
# Messages without an event that are shown because they start with one of these texts.
SHOWN = ("Nothing to be done", "Trying to restart", INTERRUPTED)
PREFIX = r"^(\w+(Error|Exception):\n)?(Error: )?"  # of Snakemake's error messages
# Messages about failed jobs, which are shown differently.
FAILED = ("Exiting because a job", "RuleException:", "WorkflowError:\nAt least one job")


def count_trainings(rule: str) -> int:
    """Return the number of training runs in a job: 2 for train_0_to_1, 0 for draw_model.

    Each rung of successive halving counts as a training run of its own.
    """
    trials = re.fullmatch(r"train_(?:rung_\d+_)?(\d+)_to_(\d+)", rule)
    if trials:
        return int(trials[2]) - int(trials[1]) + 1
    return int(rule in ("train", "train_again", "train_variant") or rule.startswith("train_rung_"))


def stage_of(logs: list[str]) -> str:
    """Return the stage of a job, the part of its log file's path that follows `logs`."""
    parts = Path(logs[0]).parts if logs else ()
    return Path(parts[parts.index("logs") + 1]).stem if "logs" in parts[:-1] else ""


def explain_failure(name: str, logs: list[str]) -> list[str]:
    """Return the error lines in the logs of a failed job, or the ends of logs without one."""
    lines = []
    for log in filter(os.path.exists, logs):
        text = Path(log).read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [line for line in text if line.startswith(("error: ", "stopped: "))]
        lines += errors or text[-LOG_LINES:]
    return [*lines, f"error: {name}: failed. See the log: {', '.join(logs) or 'none'}."]


class LogHandler(LogHandlerBase):
    """Prints the events of a run on stderr, or on stdout if Snakemake is set to."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self.start = time.monotonic()
        self.started: dict[int, tuple[str, str]] = {}  # {job id: (rule, description)}
        self.jobs = self.trainings = 0
        self.jobs_done = self.trainings_done = 0
        self.interrupted = False
        self.log_file = None

    def emit(self, record: logging.LogRecord) -> None:
        """Print the lines of a record; errors here must not stop the run."""
        handlers = {
            LogEvent.RUN_INFO: self._on_plan,
            LogEvent.JOB_INFO: self._on_start,
            LogEvent.JOB_FINISHED: self._on_finish,
            LogEvent.JOB_ERROR: self._on_error,
            LogEvent.GROUP_ERROR: self._on_group_error,
            LogEvent.ERROR: self._on_message,
            None: self._on_message,
        }
        try:
            handlers.get(getattr(record, "event", None), lambda record: None)(record)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Print how the run ended."""
        if self.log_file:
            if self.jobs_done < self.jobs:
                kind = "note" if self.interrupted else "error"
                done = f"{self.jobs_done} of {self.jobs} jobs are finished"
                self._print(f"{kind}: {done}. Run the same command to continue.")
            self._print(f"Full log: {os.path.relpath(self.log_file)}")
            self.log_file = None
        super().close()

    def _on_plan(self, record: Any) -> None:
        counts = {rule: count for rule, count in record.stats.items() if rule != "total"}
        self.jobs = sum(counts.values())
        self.trainings = sum(count_trainings(rule) * count for rule, count in counts.items())
        self._print(COLUMNS.format("time", "jobs", "trainings", "stage", "job"))

    def _on_start(self, record: Any) -> None:
        name = record.rule_msg or record.rule_name
        if name.startswith(record.rule_name):  # a rule without a message
            words = record.rule_name.replace("_", " ").capitalize()
            name = " ".join([words, *record.wildcards.values()])
        self.started[record.jobid] = record.rule_name, name
        if record.output:  # not for a rule such as `all`, which only collects files
            self._print_progress(stage_of(record.log), name)

    def _on_finish(self, record: Any) -> None:
        self.jobs_done += 1
        self.trainings_done += count_trainings(self.started[record.job_id][0])
        if self.jobs_done == self.jobs:
            self._print_progress("", "Finished")

    def _on_error(self, record: Any) -> None:
        if not self.interrupted:
            name = self.started.get(record.jobid, (None, record.rule_name))[1]
            self._print(*explain_failure(name, list(record.log)))

    def _on_group_error(self, record: Any) -> None:
        for job in record.job_error_info:
            self._print(*explain_failure(job["rule_name"], job["log"]))

    def _on_message(self, record: Any) -> None:
        text = record.getMessage()
        self.interrupted |= text.startswith(INTERRUPTED)
        if text.startswith(LOG_FILE):
            self.log_file = text.removeprefix(LOG_FILE)
        elif text.startswith(FAILED):
            return
        elif record.levelno >= logging.ERROR:
            self._print(f"error: {re.sub(PREFIX, '', text).strip()}")
        elif record.levelno == logging.WARNING or text.startswith(SHOWN):
            self._print(f"note: {text}")

    def _print_progress(self, stage: str, name: str) -> None:
        minutes, seconds = divmod(round(time.monotonic() - self.start), 60)
        clock = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        jobs = f"{self.jobs_done}/{self.jobs}"
        trainings = f"{self.trainings_done}/{self.trainings}"
        self._print(COLUMNS.format(clock, jobs, trainings, stage, name))

    def _print(self, *lines: str) -> None:
        stream = sys.stdout if self.common_settings.stdout else sys.stderr
        print(*lines, sep="\n", file=stream, flush=True)
