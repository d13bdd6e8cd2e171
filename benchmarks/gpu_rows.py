"""The rows of `benchmarks.gpu`, one group of measurements per method of `Benchmark`."""

import gc
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.profiler import profile

from benchmarks.graphs import use_graphs
from benchmarks.measurement import Measurement, min_seconds
from benchmarks.noise import SETTINGS, NoiseCorpus
from benchmarks.training import LARGEST, Case
from emospeech.corpora.iemocap_release import UTTERANCES, VALENCES
from emospeech.crops.gather import CropGatherer, frames_on_gpu
from emospeech.crops.oversampling import epoch_length
from emospeech.labels import POINTS, LabelSettings, Task, encode
from emospeech.models.catalogue import FAMILIES, MODELS
from emospeech.report.paper import TABLE_1
from emospeech.runtime.errors import StoppedError
from emospeech.search import SearchSpace, draw_trial
from emospeech.spectrograms.store import Store
from emospeech.training.checkpoint import Checkpoint, EpochProgress, Progress
from emospeech.training.device import resolve_precision, torch_device
from emospeech.training.fold import Fold
from emospeech.training.losses import objective_of
from emospeech.training.noise import noise_store
from emospeech.training.predictor import predict
from emospeech.training.settings import Settings, TrainingSettings
from emospeech.training.trainer import Trainer, train_epoch
from emospeech.training.trial import Trial

FOLDS, TRIALS, EPOCHS = 5, 20, 20  # of the full study; the epochs of a training run are assumed
VALIDATION_RECORDINGS = 1000
REFERENCE = 4000  # recordings in the reference's file, as many as an epoch of the benchmark draws
MATRIX_SIZE = 8192  # rows and columns of the multiplied matrices
SMALL_MATRIX_SIZE = 256
# With the largest parameters of the search space.
LARGEST_TRIAL = {"crop_width": 128, "batch_size": 256, "filter_size": 16, "filters": 88}
WORKER_LIMIT = 90  # seconds, several times what a process of `side_by_side` needs


class Benchmark:
    """The rows of the benchmark, on one device."""

    def __init__(self, folder: Path, small: bool, hours: float = 12.44, mps: bool = False):
        self.folder, self.small, self.mps = folder, small, mps
        self.found: list[Measurement] = []
        self.kernels = ""  # the table of `profile`
        self.device = torch_device(TrainingSettings(device="auto"))
        self.fast = resolve_precision("auto", self.device.type)
        self.on_gpu = self.device.type == "cuda"
        self.steps = 3 if small else 30
        self.worker_counts = (1, 2) if small else (1, 2, 4)  # processes side by side
        self.start_seconds = 0.0  # from the start of a process to the end of its first step
        store = noise_store(SETTINGS, 0.1 if small else hours)
        self.labelled = NoiseCorpus(store, folder / "reference.h5", REFERENCE)

    def settings(self, precision: str) -> Settings:
        """Return the study's settings with a precision."""
        return Settings(training=TrainingSettings(device=self.device.type, precision=precision))

    def case(
        self,
        name: str,
        precision: str,
        graphs: bool,
        steps: int | None = None,
        trial: Mapping | None = None,
    ) -> Case:
        """Return a model at Table 1's size, or with the parameters of a trial.

        The batches of the small form have 4 crops.
        """
        gc.collect()  # an engine with a graph, and its memory on the GPU, are part of a cycle
        trial = {**TABLE_1[name], **(trial or {})}
        trial |= {"batch_size": 4, "filters": 4} if self.small else {}
        settings = self.settings(precision)
        case = Case(name, trial, steps or self.steps, self.labelled, settings)
        if graphs and self.on_gpu:
            use_graphs(case.engine)
        return case

    def frames(self) -> list[Measurement]:
        """Move a store as large as AMI to the device; compare its crops with those of the CPU."""
        hours, seconds = (0.1, 60) if self.small else (100, 2100)
        store = noise_store(SETTINGS, hours, seconds)
        rng = np.random.default_rng(1)
        start = time.perf_counter()
        own = CropGatherer(store, 128, self.device)
        self.wait()
        seconds = time.perf_counter() - start
        frames_on_gpu.cache_clear()  # the other groups do not need these frames
        recordings = rng.integers(len(store.recordings), size=256)
        recordings[-8:] = len(store.recordings) - 1  # the end of the store
        centres = (rng.random(256) * np.diff(store.offsets)[recordings]).astype(int)
        same = torch.equal(
            own(recordings, centres).cpu(), CropGatherer(store, 128)(recordings, centres)
        )
        size = store.frames.size
        note = (
            f"256 crops cut on the device and on the CPU, from {size / 2**31:.2f} x 2^31 elements; "
        )
        note += f"{store.frames.nbytes / 1e9:.2f} GB moved to the device in {seconds:.1f} s"
        return [Measurement("same-crops", float(same), 1, "equal", note)]

    def epochs(self) -> list[Measurement]:
        """Time the steps of all models in each precision, with and without CUDA graphs."""
        found = []
        precisions = ["float32", "tf32", "bfloat16"] if self.on_gpu else ["float32", "bfloat16"]
        for name in TABLE_1:
            cases = {
                (precision, graphs): self.case(name, precision, graphs)
                for precision, graphs in product(precisions, (False, True))
            }
            times = min_seconds(*(case.train for case in cases.values()), rounds=3)
            seconds = dict(zip(cases, times, strict=True))
            eager = seconds["float32", False]
            for (precision, graphs), own in seconds.items():
                crops = cases[precision, graphs].n_crops
                row = f"epoch-{name}-{precision}{'-graph' if graphs else ''}"
                note = f"{self.steps} steps at Table 1's size; reference: float32 without graph"
                found.append(Measurement(row, crops / own, crops / eager, "crops/s", note))
        return found

    def largest(self) -> list[Measurement]:
        """Compare the step of MultitaskDCGAN with a tutorial, its passes and prepared data."""
        found = []
        for graphs in (False, True):
            case = self.case(LARGEST, self.fast, graphs)
            mark = "-graph" if graphs else ""
            own, tutorial = min_seconds(case.train, case.train_tutorial, rounds=2)
            note = f"{LARGEST}, {self.fast}; reference: a tutorial's loop in torch's default mode"
            crops = case.n_crops
            row = f"step-vs-tutorial{mark}"
            found.append(Measurement(row, crops / own, crops / tutorial, "crops/s", note))
            own, prepared = min_seconds(case.train, partial(self.prepared, case), rounds=3)
            note = "reference: steps on one prepared batch; the difference is waiting for data"
            row = f"data-wait{mark}"
            found.append(Measurement(row, own / self.steps, prepared / self.steps, "s", note))
            if not graphs:
                own, passes = min_seconds(case.train, case.passes_only, rounds=3)
                note = "step; reference: its passes on a prepared batch, without updates"
                found.append(
                    Measurement("loop-overhead", own / self.steps, passes / self.steps, "s", note)
                )
        return found

    def prepared(self, case: Case) -> None:
        """Take as many steps as an epoch has, on one batch that is cut beforehand."""
        batch, progress = case.prepared_batch(), EpochProgress()
        for _ in range(case.steps):
            progress.add(case.engine.step(*batch))
        self.wait()

    def flops(self) -> list[Measurement]:
        """Compare the rate of BasicDCGAN (passes; graphed steps) with that of a matrix product."""
        case, size = self.case("BasicDCGAN", self.fast, graphs=False), MATRIX_SIZE
        if self.small:
            size = SMALL_MATRIX_SIZE
        matrix = torch.rand(size, size, device=self.device, dtype=torch.bfloat16)

        def multiply():
            _ = matrix @ matrix
            self.wait()

        graphed = self.case("BasicDCGAN", self.fast, graphs=True)
        passes, step, product_time = min_seconds(
            case.passes_only, partial(self.prepared, graphed), multiply, rounds=3
        )
        operations, peak = case.operations(), 2 * size**3 / product_time / 1e12
        note = f"{self.fast}; reference: product of two {size} x {size} matrices in bfloat16"
        return [
            Measurement("flops-vs-matmul", operations / passes / 1e12, peak, "TFLOP/s", note),
            Measurement("flops-vs-matmul-graph", operations / step / 1e12, peak, "TFLOP/s", note),
        ]

    def profile(self) -> list[Measurement]:
        """Profile the steps of BasicDCGAN; compare the time of its operations with the total."""
        case = self.case("BasicDCGAN", self.fast, graphs=False)
        self.prepared(case)
        with profile() as profiler:
            start = time.perf_counter()
            self.prepared(case)
            total = time.perf_counter() - start
        events = profiler.key_averages()
        key = "self_device_time_total" if self.on_gpu else "self_cpu_time_total"
        self.kernels = events.table(sort_by=key, row_limit=30, max_name_column_width=80)
        # The rows of the program also contain the times of the operations that it started.
        kind = self.device.type.upper()
        busy = sum(getattr(event, key) for event in events if event.device_type.name == kind) / 1e6
        note = f"operations of {case.steps} steps of BasicDCGAN, {self.fast}, without graph; "
        note += "reference: the steps, which the profiler slows down"
        return [Measurement("device-busy", busy, total, "s", note)]

    def memory(self) -> list[Measurement]:
        """Measure the memory of a GPU that training runs reserve, with and without graphs."""
        if not self.on_gpu:
            return []
        found = []
        for name, trial in {**TABLE_1, "largest": LARGEST_TRIAL}.items():
            model, peaks = LARGEST if name == "largest" else name, []
            for graphs in (True, False):
                self.release()
                before = torch.cuda.memory_reserved()
                torch.cuda.reset_peak_memory_stats()
                case = self.case(model, self.fast, graphs, steps=8, trial=trial)
                case.train()
                peaks.append((torch.cuda.max_memory_reserved() - before) / 1e6)
                del case
            note = f"{model}, {self.fast}, without the frames and torch's own memory; largest: the "
            note += "largest trial of the search; reference: without graph"
            graphed, plain = peaks
            found.append(Measurement(f"memory-{name}", graphed, plain, "MB", note))
        return found

    def losses(self) -> list[Measurement]:
        """Compare mean losses, in each precision and with graphs, with those of float32 without."""
        steps, means = 5 if self.small else 50, {}
        for precision, graphs in product(("float32", self.fast), (False, True)):
            case, progress = self.case(LARGEST, precision, graphs, steps), EpochProgress()
            rng = np.random.default_rng(0)
            train_epoch(case.engine, case.sampler, case.targets, rng, progress)
            means[precision, graphs] = progress.means()
        exact = means.pop(("float32", False))
        return [
            Measurement(
                f"loss-{name}-{precision}{'-graph' if graphs else ''}",
                value,
                exact[name],
                "mean loss",
                f"{steps} steps of {LARGEST} at Table 1's size; reference: float32 without graph",
            )
            for (precision, graphs), losses in means.items()
            for name, value in losses.items()
        ]

    def determinism(self) -> list[Measurement]:
        """Check that repeated and resumed training runs, and those with graphs, are identical."""
        found = []
        for name in TABLE_1:
            states = [self.trained_state(name, graphs) for graphs in (False, False, True)]
            for row, kind, other in (
                ("repeated", "twice", states[1]),
                ("graph", "without and with a CUDA graph", states[2]),
            ):
                same = all(torch.equal(a, b) for a, b in zip(states[0], other, strict=True))
                note = f"{self.steps} steps at Table 1's size in {self.fast}, {kind}"
                found.append(
                    Measurement(f"same-values-{row}-{name}", float(same), 1, "equal", note)
                )
            whole, resumed = self.train(name, stops=False), self.train(name, stops=True)
            same = all(torch.equal(whole[key], resumed[key]) for key in whole)
            note = "a training run stopped after 3 steps and resumed"
            found.append(Measurement(f"same-values-resumed-{name}", float(same), 1, "equal", note))
        return found

    def trained_state(self, name: str, graphs: bool) -> list[torch.Tensor]:
        """Return all tensors of an engine after an epoch."""
        case = self.case(name, self.fast, graphs)
        case.train()
        return [value.clone() for value in case.engine.state().values()]

    def train(self, name: str, stops: bool) -> dict[str, torch.Tensor]:
        """Return the weights after two epochs of training, interrupted and resumed if `stops`."""
        trial = {"crop_width": 64, "learning_rate": 1e-3, "batch_size": 16}
        trial = Trial(0, trial | {"filter_size": 5, "filters": 8})
        settings = self.settings(self.fast)
        settings = replace(settings, training=replace(settings.training, max_epochs=2))
        fold = fold_of(self.labelled.store)
        pool = [(fold.store, fold.unlabelled_recordings(fold.store))]
        path = self.folder / f"{name}.checkpoint"
        path.unlink(missing_ok=True)
        if stops:
            answers = iter([False, False, True])
            with suppress(StoppedError):
                Trainer(name, fold, pool, trial, settings).train(path, "", partial(next, answers))
        return Trainer(name, fold, pool, trial, settings).train(path, "").weights

    def costs(self) -> list[Measurement]:
        """Time validation and a checkpoint, compared with an epoch of MultitaskDCGAN."""
        case = self.case(LARGEST, self.fast, graphs=True)
        store, state = self.labelled.store, case.engine.network.state_dict()
        best = {name: value.clone() for name, value in state.items()}
        count = min(VALIDATION_RECORDINGS, len(store.recordings))
        recordings = np.arange(count)
        gather = CropGatherer(store, TABLE_1[LARGEST]["crop_width"], self.device)
        locations = gather.locate(recordings, np.zeros(count, int))
        objective = objective_of(self.settings(self.fast))
        checkpoint = Checkpoint(self.folder / "cost.checkpoint", {})

        def validate():
            crops = (gather.values(gather.cut(part)) for part in locations.split(256))
            predict(case.engine.network, crops, (Task("valence"),), objective)

        epoch, validation, saving = min_seconds(
            case.train,
            validate,
            lambda: checkpoint.save(case.engine, Progress(best=best)),
            rounds=3,
        )
        epoch *= self.epoch_steps(TABLE_1[LARGEST]["batch_size"]) / self.steps
        note = "reference: the steps of an epoch of " + LARGEST
        return [
            Measurement("validation", validation, epoch, "s", f"{count} recordings; {note}"),
            Measurement(
                "checkpoint",
                saving,
                epoch,
                "s",
                f"at most 2 % of the time; {note}",
            ),
        ]

    def side_by_side(self) -> list[Measurement]:
        """Train in 1, 2 and 4 processes at once; compare the total rates, and time the starts."""
        self.release()
        found = self.processes({}, "")
        if self.mps:
            with multi_process_service(self.folder) as environment:
                found += self.processes(environment, "-mps")
        return found

    def processes(self, environment: Mapping[str, str], mark: str) -> list[Measurement]:
        """Train in several processes with an environment."""
        found = []
        for name in ("MultitaskCNN", "BasicDCGAN"):
            rates = {}
            for count in self.worker_counts:
                results = self.train_in_processes(name, count, environment)
                rates[count] = sum(result["rate"] for result in results)
                first = min(result["start"] for result in results)
                if count == 1 and not mark:
                    self.start_seconds = first
                row = f"side-by-side-{name}-{count}{mark}"
                note = f"{count} processes, {self.fast}; the first step ended {first:.1f} s after "
                note += "the start of a process; reference: one process"
                found.append(Measurement(row, rates[count], rates[1], "crops/s", note))
        return found

    def train_in_processes(
        self, name: str, count: int, environment: Mapping[str, str]
    ) -> list[dict[str, float]]:
        """Return the results of `benchmarks.gpu.work` in processes that run at the same time."""
        command = [sys.executable, "-m", "benchmarks.gpu", "--worker", name, str(time.time())]
        command += ["--small"] if self.small else []
        workers = [
            subprocess.Popen(
                command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
            )
            for _ in range(count)
        ]
        try:
            lines = [worker.communicate(timeout=WORKER_LIMIT)[0].splitlines() for worker in workers]
        finally:
            for worker in workers:
                worker.kill()
        return [json.loads(line[-1]) for line in lines]

    def epoch_steps(self, batch_size: int) -> int:
        """Return the steps of an epoch of IEMOCAP: four of five sessions, oversampled."""
        valence = np.repeat(list(VALENCES), list(VALENCES.values())).clip(1, 5)
        assert len(valence) == UTTERANCES
        return epoch_length(valence[::5] if self.small else valence, POINTS) * 4 // 5 // batch_size

    def projection(self) -> list[Measurement]:
        """Project the hours of the full study from a step of each of its trials."""
        rows = {row.row: row for row in self.found}
        validation, start = rows["validation"].project, self.start_seconds
        speedup = {
            kind: max(rows[f"side-by-side-{model}-{count}"].ratio for count in self.worker_counts)
            for kind, model in (("CNN", "MultitaskCNN"), ("DCGAN", "BasicDCGAN"))
        }
        plain = graphed = together = 0.0
        for name, trial_id in product(TABLE_1, range(2 if self.small else TRIALS)):
            trial = draw_trial(SearchSpace(), FAMILIES["CNN"].parameters, 1, trial_id)
            case, seconds = self.case(name, self.fast, graphs=False, steps=8, trial=trial), []
            for graphs in (False, True):
                if graphs and self.on_gpu:
                    use_graphs(case.engine)
                (epoch,) = min_seconds(case.train, rounds=1)
                epoch *= self.epoch_steps(case.n_crops // case.steps) / case.steps
                # Two percent more for checkpoints.
                seconds.append(FOLDS * EPOCHS * (epoch + validation) * 1.02)
            plain += seconds[0] + FOLDS * start
            graphed += seconds[1] + FOLDS * start
            together += seconds[1] / speedup[MODELS[name].family_name]
        note = f"4 models x {TRIALS} trials x {FOLDS} folds, {EPOCHS} epochs each (assumed), with "
        note += "validation and checkpoints; reference: the aim of one hour; "
        starts = f"{start:.1f} s to start each training run"
        best = "graphs, best number of processes, which start while others train"
        return [
            Measurement("study", plain / 3600, 1, "hours", f"{note}no graphs, {starts}"),
            Measurement("study-graph", graphed / 3600, 1, "hours", f"{note}graphs, {starts}"),
            Measurement("study-graph-side-by-side", together / 3600, 1, "hours", f"{note}{best}"),
        ]

    def wait(self) -> None:
        """Wait until the device has finished."""
        if self.on_gpu:
            torch.cuda.synchronize()

    def release(self) -> None:
        """Return unused memory of the GPU to the driver."""
        gc.collect()
        if self.on_gpu:
            torch.cuda.empty_cache()


@contextmanager
def multi_process_service(folder: Path) -> Iterator[dict[str, str]]:
    """Run NVIDIA's Multi-Process Service, and yield the environment of processes that use it."""
    control = shutil.which("nvidia-cuda-mps-control")
    if control is None:
        raise FileNotFoundError("nvidia-cuda-mps-control is not on the PATH")
    folders = {f"CUDA_MPS_{name}_DIRECTORY": str(folder / name) for name in ("PIPE", "LOG")}
    environment = os.environ | folders
    for path in folders.values():
        Path(path).mkdir()
    subprocess.run([control, "-d"], env=environment, check=True)
    try:
        yield folders
    finally:
        subprocess.run([control], env=environment, check=True, text=True, input="quit\n")


def fold_of(store: Store) -> Fold:
    """Return a fold of 400 recordings of a store, with random labels; the others are not used."""
    rng, count = np.random.default_rng(2), len(store.recordings)
    parts = np.full(count, "", dtype=object)
    parts[:400] = np.resize(["train"] * 6 + ["validation", "test"], min(400, count))
    labels = rng.integers(2, 11, (count, 3)) / 2
    names = ["valence", "activation", "dominance"]
    table = pd.DataFrame(labels, columns=names)
    table.insert(0, "recording", store.recordings)
    table["part"] = parts
    targets = {name: encode(table[name], "fuzzy") for name in names}
    return Fold(store, 1, table, LabelSettings().tasks(multitask=True), targets)
