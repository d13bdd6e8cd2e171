"""The estimate of what a study needs, as text tables for the terminal."""

from collections.abc import Mapping
from dataclasses import dataclass

from tabulate import tabulate

from emospeech.report.formats import duration
from emospeech.training.estimate import BEST_EPOCH, CorpusSize, TrainingEstimate

LONG = 24 * 3600  # seconds of training on a CPU after which a GPU is suggested


@dataclass(frozen=True)
class Machine:
    """The machine on which steps were timed.

    Attributes:
        device: "cpu" or "cuda".
        name: The name of the processor or GPU.
        precision: The number format of the training passes.
        threads: CPU threads of a training run.
        parallel: Training runs at the same time.
        gpu_bytes: Peak memory of the GPU in the timed steps, 0 on a CPU.
    """

    device: str
    name: str
    precision: str
    threads: int
    parallel: int
    gpu_bytes: int = 0


@dataclass(frozen=True)
class StudyEstimate:
    """The estimate of one study.

    Attributes:
        name: The kind of study, shown in the first column.
        training: The estimate of its training runs.
        stages: Seconds of the other stages.
        store_bytes: Size of the spectrograms.
    """

    name: str
    training: TrainingEstimate
    stages: Mapping[str, float]
    store_bytes: float

    def training_seconds(self, parallel: int) -> float:
        """Return the time of training with several training runs at the same time."""
        return max(self.training.seconds / parallel, self.training.longest)

    def seconds(self, parallel: int) -> float:
        """Return the time of all stages."""
        return self.training_seconds(parallel) + sum(self.stages.values())


def estimate_text(
    studies: list[StudyEstimate],
    machine: Machine,
    corpus: CorpusSize,
    epochs: Mapping[str, float],
    patience: int,
) -> str:
    """Return the tables and the assumptions.

    Args:
        studies: The study of the config first, then others to compare with.
        machine: The machine.
        corpus: The labelled corpus.
        epochs: Mean epochs of the finished training runs of each model, if there are any.
        patience: `training.patience`.
    """
    parallel, study = machine.parallel, studies[0]
    headings = ["Study", "Training\nruns", "Epochs\neach", "Training", "All\nstages"]
    headings += ["Longest\nrun", "Memory\nGB", "Disk\nGB"]
    rows = [
        [
            other.name,
            f"{other.training.runs:,}",
            f"{other.training.epochs:.0f}",
            duration(other.training_seconds(parallel)),
            duration(other.seconds(parallel)),
            duration(other.training.longest),
            f"{parallel * other.training.memory_mb / 1e3:.1f}",
            f"{(other.training.disk_bytes + other.store_bytes) / 1e9:.1f}",
        ]
        for other in studies
    ]
    by_stage = [[stage, duration(seconds)] for stage, seconds in study.stages.items()]
    by_stage += [
        [f"training, {model}", duration(seconds / parallel)]
        for model, seconds in study.training.by_model.items()
    ]
    return "\n".join(
        [
            _table(rows, headings),
            "",
            _table(by_stage, [f"Stage of {study.name}", "Time"]),
            "",
            *_basis(machine, corpus, epochs, patience),
            "",
            _advice(study, machine),
        ]
    )


def _basis(machine, corpus, epochs, patience):
    """Return the lines about what was measured and what is assumed."""
    threads, runs = _number(machine.threads, "thread"), _number(machine.parallel, "training run")
    yield (
        f"Measured: training steps in {machine.precision} on {machine.name}, with {threads} and "
        f"{runs} at a time."
    )
    if machine.gpu_bytes:
        yield f"GPU memory: {machine.gpu_bytes / 1e9:.1f} GB plus the size of the spectrograms."
    if epochs:
        means = ", ".join(f"{model} {mean:.1f}" for model, mean in epochs.items())
        yield f"Epochs: means of the finished training runs in the results folder ({means})."
    else:
        yield (
            f"Assumed: the best epoch is epoch {BEST_EPOCH}, and {patience} more follow "
            "(training.patience), up to training.max_epochs. Times are proportional to the epochs."
        )
    size = (
        f"{corpus.recordings:,} labelled recordings, {corpus.fold.draws:,.0f} crops in an epoch, "
        f"{corpus.fold.validation:,.0f} validation recordings"
    )
    if corpus.is_known:
        yield f"Corpus: {size}."
    else:
        yield f"Assumed: {size}, because the corpus has not been read yet."
    yield "The speed of spectrograms and predictions was measured; other stage times are assumed."


def _advice(study, machine):
    """Return the sentence about whether a GPU is needed."""
    seconds = study.training_seconds(machine.parallel)
    if machine.device == "cuda":
        return "Training uses the GPU."
    if seconds < LONG:
        return "A CPU is sufficient."
    return (
        f"A GPU is needed in practice: training takes {duration(seconds)} here. Use a machine with "
        "a GPU or a cluster (docs/cluster.md)."
    )


def _number(count, noun):
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _table(rows, headings):
    right = ("right",) * (len(headings) - 1)
    return tabulate(rows, headings, disable_numparse=True, colalign=("left", *right))
