"""Training steps as CUDA graphs: all kernels of a step are launched by one call."""

from collections.abc import Callable

import torch

from emospeech.training.engine import Engine

Step = Callable[..., dict[str, torch.Tensor]]
WARM_UP = 3  # ordinary steps first, so that libraries allocate their memory before the capture


class GraphedStep:
    """Replaces `Engine.step`: the first steps run as usual, all later ones replay one CUDA graph.

    All batches must have the same shapes. The graph contains the addresses of its inputs, so each
    batch is copied to them.
    """

    def __init__(self, step: Step):
        self.step, self.steps = step, 0
        # A capture uses another stream than the default one; so do the steps that prepare it.
        self.stream = torch.cuda.Stream()
        self.graph: torch.cuda.CUDAGraph | None = None
        self.inputs: list[torch.Tensor] = []
        self.losses: dict[str, torch.Tensor] = {}

    def __call__(
        self,
        crops: torch.Tensor,
        targets: list[torch.Tensor],
        unlabelled: torch.Tensor | None = None,
        noise: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Update every part once; see `Engine.step`."""
        self.steps += 1
        if self.steps <= WARM_UP:
            return self._warm_up(crops, targets, unlabelled, noise)
        given = [crops, *targets, *(value for value in (unlabelled, noise) if value is not None)]
        if self.graph is None:
            self._capture(crops, targets, unlabelled, noise)
        for own, value in zip(self.inputs, given, strict=True):
            own.copy_(value)
        self.graph.replay()  # pyright: ignore[reportOptionalMemberAccess]
        return {name: loss.clone() for name, loss in self.losses.items()}

    def _warm_up(self, *batch):
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            losses = self.step(*batch)
        torch.cuda.current_stream().wait_stream(self.stream)
        return losses

    def _capture(self, crops, targets, unlabelled, noise):
        """Record a step on copies of a batch. Recording changes no weights."""
        crops, targets = crops.clone(), [values.clone() for values in targets]
        unlabelled, noise = (None if x is None else x.clone() for x in (unlabelled, noise))
        self.inputs = [crops, *targets, *(x for x in (unlabelled, noise) if x is not None)]
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=self.stream):
            self.losses = self.step(crops, targets, unlabelled, noise)


def use_graphs(engine: Engine) -> None:
    """Let an engine on a GPU replay a CUDA graph for each step."""
    engine.step = GraphedStep(engine.step)  # pyright: ignore[reportAttributeAccessIssue]
