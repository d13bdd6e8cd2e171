"""Training on a GPU, checked without one.

The tensors are on torch's device `meta`, where they have shapes but no values. Reading a value is
an error there; a program that does so would have to wait for a GPU.
"""

from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import torch._meta_registrations  # adds the operation of Adam
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks import gpu, gpu_rows, graphs
from benchmarks.measurement import Measurement
from emospeech.crops import gather
from emospeech.models.catalogue import MODELS, build
from emospeech.runtime.errors import InputError
from emospeech.training.checkpoint import EpochProgress
from emospeech.training.device import torch_device
from emospeech.training.engine import Engine
from emospeech.training.noise import NoiseRun
from emospeech.training.trainer import train_epoch
from tests.settings import PARAMETERS, batch_of, settings_of, tasks_of_model

DEVICE = torch.device("meta")
SMALL = {"shared_units": 16, "latent_size": 8}


class Transfers(TorchDispatchMode):
    """Counts the operations whose tensors are on more than one device."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        tensors = [x for x in tree_leaves((args, kwargs, result)) if isinstance(x, torch.Tensor)]
        self.count += len({tensor.device for tensor in tensors}) > 1
        return result


@pytest.fixture
def device_memory(monkeypatch):
    """Return a function that sets the free bytes of the device."""
    gather.frames_on_gpu.cache_clear()
    autocast = torch.autocast  # does not know the device
    monkeypatch.setattr(
        torch, "autocast", lambda _, *given, **keys: autocast("cpu", *given, **keys)
    )
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor)
    yield lambda free: monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, free))
    gather.frames_on_gpu.cache_clear()


def transfers(name, store, steps, **keys):
    """Train an epoch on the device; return the number of transfers between devices."""
    settings = settings_of(device="meta", **SMALL, **keys)
    run = NoiseRun(name, PARAMETERS, steps, store, settings)
    progress = EpochProgress()
    with Transfers() as counted:
        train_epoch(run.engine, run.sampler, run.targets, np.random.default_rng(0), progress)
    values = [*run.engine.state().values(), *progress.sums.values()]
    assert progress.steps == steps
    assert all(value.device == DEVICE for value in values)
    return counted.count


def test_a_missing_gpu_is_an_error_of_the_config(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"^training\.device: "):
        torch_device(settings_of(device="cuda").training)
    assert torch_device(settings_of(device="auto").training).type == "cpu"


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        *((name, {}) for name in MODELS),
        ("MultitaskDCGAN", {"update": "joint", "spectral_norm": True}),
    ],
)
def test_no_step_waits_for_a_device_that_holds_the_frames(name, keys, store, device_memory):
    device_memory(10 * store.frames.nbytes)
    draws = transfers(name, store, 1, **keys)
    assert draws > 0
    assert transfers(name, store, 3, **keys) == draws, "an epoch is drawn at once"


@pytest.mark.parametrize("name", ["BasicCNN", "MultitaskDCGAN", "BasicAPC"])
def test_frames_stay_on_the_host_if_they_do_not_fit(name, store, device_memory, caplog):
    device_memory(store.frames.nbytes)
    draws = transfers(name, store, 1)
    assert "stay in host memory" in caplog.text
    assert transfers(name, store, 3) > draws, "each step copies its crops"


class RepeatedStep:
    """Replaces a CUDA graph: a replay repeats the recorded step with the same tensors."""

    def __init__(self):
        self.recorded: tuple = ()

    def replay(self):
        step, arguments, losses = self.recorded
        for name, value in step(*arguments).items():
            losses[name].copy_(value)


@pytest.fixture
def graphs_on_cpu(monkeypatch):
    """Replace the parts of torch.cuda that a graphed step uses; return the engine's `step`."""

    def record(engine):
        step, recording = engine.step, []

        @contextmanager
        def capture(graph, stream):
            # A capture runs nothing: the weights are those from before.
            before = [value.clone() for value in engine.state().values()]
            recording.append(graph)
            yield
            recording.clear()
            for value, old in zip(engine.state().values(), before, strict=True):
                value.copy_(old)

        def recorded(*arguments):
            losses = step(*arguments)
            for graph in recording:
                graph.recorded = step, arguments, losses
            return losses

        monkeypatch.setattr(torch.cuda, "graph", capture)
        engine.step = recorded

    stream = SimpleNamespace(wait_stream=lambda other: None)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", RepeatedStep)
    monkeypatch.setattr(torch.cuda, "Stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda _: nullcontext())
    return record


@pytest.mark.parametrize("name", ["BasicCNN", "MultitaskDCGAN"])
def test_graphed_steps_equal_ordinary_ones(name, graphs_on_cpu):
    settings, results = settings_of(**SMALL), []
    for graphed in (False, True):
        learner = build(name, 32, PARAMETERS, settings.models, 0)
        engine = Engine(learner, tasks_of_model(name), 1e-3, settings)
        if graphed:
            graphs_on_cpu(engine)
            graphs.use_graphs(engine)
        batches = [batch_of(name, seed=seed) for seed in range(graphs.WARM_UP + 3)]
        losses = [engine.step(**vars(batch)) for batch in batches]
        results.append([*(x for step in losses for x in step.values()), *engine.state().values()])
    assert all(torch.equal(one, other) for one, other in zip(*results, strict=True))


def test_a_failed_group_does_not_end_the_benchmark(tmp_path, capsys):
    def fails():
        raise RuntimeError("CUDA error")

    row = Measurement("same-crops", 1, 1, "equal", "a note")
    groups = {"frames": fails, "losses": lambda: [row]}
    benchmark: Any = SimpleNamespace(found=[], kernels="", **groups)
    assert gpu.measure(benchmark, groups, tmp_path) == ["frames"]
    assert pd.read_csv(tmp_path / "gpu.csv")["row"].tolist() == ["same-crops"]
    assert "CUDA error" in capsys.readouterr().err


def test_mps_ends_after_its_processes(tmp_path, monkeypatch):
    control = tmp_path / "nvidia-cuda-mps-control"
    control.write_text('#!/bin/sh\necho "$CUDA_MPS_PIPE_DIRECTORY $*" >> "$0.log"\n')
    control.chmod(0o755)
    log = tmp_path / "nvidia-cuda-mps-control.log"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with gpu_rows.multi_process_service(tmp_path) as environment:
        pipe = environment["CUDA_MPS_PIPE_DIRECTORY"]
        assert log.read_text() == f"{pipe} -d\n"
    assert log.read_text() == f"{pipe} -d\n{pipe} \n"
