"""How the diffusion models are built and trained: one place for lessons and benchmark."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lib.diffusion import Diffusion
from lib.noise_schedule import NoiseSchedule, cosine_schedule
from lib.time_nets import UNet
from lib.train import fit


@dataclass(frozen=True)
class Recipe:
    """A diffusion model, and the stages of its training: each so many epochs at a learning rate.

    Parameters
    ----------
    network : function
        `network(shape)` gives the module; its weights come from torch's global generator.
    schedule : function
        `schedule(steps)` gives the noise.
    steps : int
        T.
    target, average, clip
        As `Diffusion` takes them.
    stages : tuple of (int, float)
        Epochs and learning rate of each stage.
    batch_size : int
    """

    network: Callable[[Sequence[int]], nn.Module]
    stages: tuple[tuple[int, float], ...]
    schedule: Callable[[int], NoiseSchedule] = cosine_schedule
    steps: int = 50
    target: str = "v"
    average: float | None = 0.995
    clip: float | None = None
    batch_size: int = 64

    def build(self, shape: Sequence[int]) -> Diffusion:
        """The model of examples of a shape, before training."""
        options = {"target": self.target, "average": self.average, "clip": self.clip}
        return Diffusion(self.network(shape), shape, self.schedule(self.steps), **options)

    def train(
        self,
        x: Tensor,
        *,
        c: Tensor | None = None,
        generator: torch.Generator,
        progress: bool = False,
    ) -> tuple[Diffusion, dict[str, list[float]]]:
        """Build a model and train it on examples x (n, *shape) in [-1, 1].

        The history has a row after each stage: epochs and seconds of training so far, and the mean
        loss of the stage's last epoch.
        """
        model = self.build(x.shape[1:])
        history: dict[str, list[float]] = {"epoch": [], "seconds": [], "loss": []}
        epochs, seconds = 0, 0.0
        for more, lr in self.stages:
            start = time.perf_counter()
            options = {"batch_size": self.batch_size, "lr": lr, "generator": generator}
            losses = fit(model, x, c=c, epochs=more, progress=progress, **options)["loss"]
            epochs, seconds = epochs + more, seconds + time.perf_counter() - start
            row = epochs, seconds, torch.tensor(losses[-len(losses) // more :]).mean().item()
            for values, value in zip(history.values(), row, strict=True):
                values.append(value)
        return model, history

    def shortened(self, share: float) -> Recipe:
        """The same with a share of the epochs, one at least in each stage."""
        if not 0 < share <= 1:
            raise ValueError(f"a share of the epochs lies above 0 and up to 1, got {share}")
        stages = tuple((max(1, round(share * epochs)), lr) for epochs, lr in self.stages)
        return Recipe(**{**vars(self), "stages": stages})


def to_data(pictures: Tensor) -> Tensor:
    """Pictures with grey values in [0, 1] as diffusion models take them: in [-1, 1]."""
    pictures = torch.as_tensor(pictures)
    if pictures.min() < 0 or pictures.max() > 1:
        raise ValueError(f"grey values lie in [0, 1], got up to {pictures.max().item():.3g}")
    return 2 * pictures - 1


# The best within a minute on two cores: what the benchmark trains.
FULL = {"digits": Recipe(UNet, ((50, 3e-3), (30, 1e-3), (20, 3e-4)))}
