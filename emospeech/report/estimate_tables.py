"""The estimate of what a study needs, as text tables for the terminal."""

from collections.abc import Mapping
from dataclasses import dataclass

from tabulate import tabulate

from emospeech.estimate import BEST_EPOCH, VARIANTS, StudyEstimate, TrainingEstimate
from emospeech.report.formats import duration
from emospeech.report.templates import count

LONG = 24 * 3600  # seconds of training on a CPU after which a GPU is needed in practice
HEADINGS = ["Study", "Training\nruns", "Epochs\neach", "Training", "All\nstages", "Longest\nrun"]
HEADINGS += ["Memory\nGB", "Disk\nGB"]


@dataclass(frozen=True)
class Machine:
    """The machine on which steps were timed.

    Attributes:
        hardware: The result of `device.describe_device`.
        precision: The number format of the training passes.
        cores: CPU cores of a run.
        gpu_bytes: Peak memory of the GPU in the timed steps, 0 on a CPU.
    """

    hardware: Mapping[str, str | int | None]
    precision: str
    cores: int
    gpu_bytes: int = 0

    @property
    def has_gpu(self) -> bool:
        """Whether training uses a GPU."""
        return self.hardware["device"] == "cuda"

    @property
    def threads(self) -> int:
        """CPU threads of a training run."""
        return int(self.hardware["threads"] or 1)

    @property
    def parallel(self) -> int:
        """Training runs at the same time; the GPU is used by one job at a time."""
        return 1 if self.has_gpu else max(1, self.cores // self.threads)

    def training_seconds(self, training: TrainingEstimate) -> float:
        """Return the time of training runs of which some run at the same time."""
        return max(sum(training.seconds.values()) / self.parallel, training.longest)


def estimate_text(estimate: StudyEstimate, machine: Machine, patience: int) -> str:
    """Return the tables and the assumptions; `patience` is `training.patience`."""
    (name, study), *_ = estimate.trainings.items()
    shared = sum(estimate.stages.values()), estimate.store_bytes
    rows = []
    for row, training in estimate.trainings.items():
        # Variants use the other stages and the spectrograms of the study.
        stages, store_bytes = (0, 0) if row == VARIANTS else shared
        seconds = machine.training_seconds(training)
        cells = [f"{training.runs:,}", f"{training.epochs:.0f}"]
        cells += map(duration, [seconds, seconds + stages, training.longest])
        cells += [
            f"{machine.parallel * training.memory_mb / 1e3:.1f}",
            f"{(training.disk_bytes + store_bytes) / 1e9:.1f}",
        ]
        rows.append([row, *cells])
    by_stage = estimate.stages | {
        f"training, {model}": seconds / machine.parallel for model, seconds in study.seconds.items()
    }
    stage_rows = [[stage, duration(seconds)] for stage, seconds in by_stage.items()]
    parts = [
        _table(rows, HEADINGS),
        _table(stage_rows, [f"Stage of {name}", "Time"]),
        "\n".join(_basis(estimate, machine, patience)),
        _advice(machine, machine.training_seconds(study)),
    ]
    return "\n\n".join(parts)


def _basis(estimate, machine, patience):
    """Return the lines about what was measured and what is assumed."""
    corpus, hardware = estimate.corpus, machine.hardware
    yield (
        f"Measured: training steps in {machine.precision} on "
        f"{hardware['gpu'] or hardware['processor']}, with {count(machine.threads, 'thread')} and "
        f"{count(machine.parallel, 'training run')} at a time."
    )
    if machine.gpu_bytes:
        yield f"GPU memory: {machine.gpu_bytes / 1e9:.1f} GB plus the size of the spectrograms."
    if estimate.measured:
        means = ", ".join(f"{model} {mean:.1f}" for model, mean in estimate.measured.items())
        yield f"Epochs: means of the finished training runs in the results folder ({means})."
    else:
        yield (
            f"Assumed: the best epoch is epoch {BEST_EPOCH}, and {patience} more follow "
            "(training.patience), up to training.max_epochs. Times are proportional to the epochs."
        )
    size = (
        f"{corpus.recordings:,} labelled recordings, {corpus.draws:,.0f} crops in an epoch, "
        f"{corpus.validation:,.0f} validation recordings"
    )
    reason = "." if corpus.is_known else ", because the corpus has not been read yet."
    yield f"{'Corpus' if corpus.is_known else 'Assumed'}: {size}{reason}"
    if VARIANTS in estimate.trainings:
        yield "Variants: the same seconds for each step as in the study are assumed."
    yield "Predictions were timed; the times of the other stages are assumed."


def _advice(machine, seconds):
    """Return the sentence about whether a GPU is needed for `seconds` of training."""
    if machine.has_gpu:
        return "Training uses the GPU."
    if seconds < LONG:
        return "A CPU is sufficient."
    return (
        f"A GPU is needed in practice: training takes {duration(seconds)} here. Use a machine with "
        "a GPU or a cluster (docs/cluster.md)."
    )


def _table(rows, headings):
    right = ("right",) * (len(headings) - 1)
    return tabulate(rows, headings, disable_numparse=True, colalign=("left", *right))
