"""The state of a run as tables for the terminal."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from emospeech.report.formats import duration
from emospeech.report.status import (
    DONE,
    FAILED,
    FINISHED,
    NOT_RESPONDING,
    RUNNING,
    STATES,
    STOPPED,
    WAITING,
    Status,
    TrainingStatus,
    read_status,
)

MISSING = "\N{EM DASH}"
WIDTH = 100  # characters, if the output is not a terminal
PERIOD = 3.0  # seconds between two updates
TIME_LEFT_NOTE = (
    "Time left: at least, if the validation UAR does not improve again; at most, if training runs "
    "for the maximum number of epochs."
)
HEADINGS = {state: state.replace("_", " ").capitalize() for state in STATES}
ALWAYS_SHOWN = (DONE, RUNNING, WAITING)
COLOURS = {DONE: "green", RUNNING: "cyan", FAILED: "red", NOT_RESPONDING: "red", STOPPED: "yellow"}


def show_status(results: str | Path) -> None:
    """Print the state of the run in a results folder once."""
    _console().print(status_tables(read_status(results)))


def status_json(results: str | Path) -> str:
    """Return the state of the run in a results folder as a JSON object."""
    return json.dumps(read_status(results).to_dict(), indent=2, allow_nan=False)


def watch_status(results: str | Path) -> None:
    """Print the state of a run and refresh it until the run has ended or Ctrl-C is pressed."""
    console, status = _console(), read_status(results)
    with suppress(KeyboardInterrupt), _screen(console) as show:
        show(status_tables(status))
        while status.is_running:
            time.sleep(PERIOD)
            status = read_status(results)
            show(status_tables(status))
    if console.is_terminal:  # the screen of the updates has disappeared
        console.print(status_tables(status))


@contextmanager
def _screen(console: Console) -> Iterator[Callable[[RenderableType], None]]:
    """Yield a function that replaces what the terminal shows, or prints below it in a file."""
    if not console.is_terminal:
        yield console.print
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        yield lambda shown: live.update(shown, refresh=True)


def status_tables(status: Status) -> Group:
    """Return the tables of a status."""
    parts: list[RenderableType] = [Text(headline(status), style="bold"), ""]
    parts += [_counts_table("Stage", "jobs", status.stages()), ""]
    if status.trainings:
        parts += [_counts_table("Model", "training runs", status.models()), ""]
    running = [training for training in status.trainings if training.state == RUNNING]
    if running:
        parts += [_running_table(running), Text(TIME_LEFT_NOTE, style="dim"), ""]
    parts += list(_problems(status))
    page = Path(status.results, "report", "index.html")
    if status.state == FINISHED and page.exists():
        parts.append(f"Report: {page.resolve()}")
    return Group(*parts)


def headline(status: Status) -> str:
    """Return the line about the run: its state, its times and the finished jobs."""
    plan, done = status.plan, sum(job.state == DONE for job in status.jobs)
    jobs = f"{done} of {len(status.jobs)} jobs are done"
    if plan is None:
        return f"{status.results}: logs/plan.json is missing, so waiting jobs are unknown; {jobs}"
    if plan.ended is not None:
        ended = duration(status.time - plan.ended)
        took = f"{status.state} {ended} ago after {duration(plan.ended - plan.started)}"
    elif status.state == RUNNING:
        took = f"running on {plan.host} for {duration(status.time - plan.started)}"
    else:
        age = duration(status.seconds_since_heartbeat or 0.0)
        took = f"not responding on {plan.host} for {age}"
    return f"{status.results}: {took}; {jobs}"


def _counts_table(first: str, unit: str, counts: dict[str, Counter]) -> Table:
    """Return a table with the number of jobs or training runs in each state."""
    total = sum(counts.values(), Counter())
    states = [state for state in STATES if total[state] or state in ALWAYS_SHOWN]
    table = _table()
    table.add_column(first)
    for state in states:
        table.add_column(HEADINGS[state], justify="right", style=COLOURS.get(state))
    table.add_column(f"All {unit}", justify="right")
    for name, row in counts.items():
        table.add_row(name, *(str(row[state]) for state in states), str(row.total()))
    return table


def _running_table(trainings: list[TrainingStatus]) -> Table:
    """Return the table of the running training runs."""
    table = _table()
    table.add_column("Training run", overflow="fold")
    headings = ("Epoch", "Step", "UAR", "Best UAR", "Crops/s", "At least", "At most", "Updated")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for training in trainings:
        live = training.progress
        if live is None:
            continue
        left = live.seconds_left()
        best = (
            MISSING if live.best_uar is None else f"{_percent(live.best_uar)} ({live.best_epoch})"
        )
        table.add_row(
            _training_name(training),
            f"{live.epoch}/{live.max_epochs}",
            f"{live.steps}/{live.steps_per_epoch}",
            _percent(live.validation_uar),
            best,
            MISSING if live.crops_per_second is None else f"{live.crops_per_second:,.3g}",
            *([MISSING] * 2 if left is None else map(duration, left)),
            f"{duration(training.seconds_since_heartbeat or 0.0)} ago",
        )
    return table


def _problems(status: Status) -> Iterator[RenderableType]:
    """Yield a paragraph for each job that failed, was stopped, or does not respond."""
    for job in status.jobs:
        if job.state not in (FAILED, STOPPED, NOT_RESPONDING):
            continue
        what = HEADINGS[job.state].lower()
        if job.state == NOT_RESPONDING:
            what += f" for {duration(job.seconds_since_heartbeat or 0.0)}; last line of its log:"
        text = Text(f"{job.job}: {what}\n", style=COLOURS[job.state])
        if job.line:
            text.append(f"  {job.line}\n", style="default")
        for training in status.trainings:
            live = training.progress
            if live is not None and training.log == job.log and training.state == job.state:
                name, end = _training_name(training), f"{live.epoch} epochs finished on {live.host}"
                text.append(f"  {name}: {end}\n", style="default")
        text.append(f"  log: {job.log}", style="default")
        yield text


def _training_name(training: TrainingStatus) -> str:
    """Return the folder of a training run, without the folder of all training runs."""
    return training.training.removeprefix("training/")


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))


def _console() -> Console:
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(width=WIDTH, highlight=False, markup=False)


def _percent(value: float | None) -> str:
    return MISSING if value is None else f"{100 * value:.1f} %"
