"""How the diffusion models are built and trained: one place for lessons and benchmark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from lib.diffusion import Diffusion
from lib.noise_schedule import NoiseSchedule, cosine_schedule
from lib.stages import shortened, train_in_stages
from lib.time_nets import TimeMLP, UNet


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
        options = {"batch_size": self.batch_size, "generator": generator, "progress": progress}
        return model, train_in_stages(model, x, self.stages, c=c, **options)

    def shortened(self, share: float) -> Recipe:
        """The same with a share of the epochs, one at least in each stage."""
        return replace(self, stages=shortened(self.stages, share))


def to_data(pictures: Tensor) -> Tensor:
    """Pictures with grey values in [0, 1] as diffusion models take them: in [-1, 1]."""
    pictures = torch.as_tensor(pictures)
    if pictures.min() < 0 or pictures.max() > 1:
        raise ValueError(f"grey values lie in [0, 1], got up to {pictures.max().item():.3g}")
    return 2 * pictures - 1


def standardised(pictures: Tensor) -> tuple[Tensor, float, float]:
    """Pictures less the mean of all their pixels, over the deviation; mean and deviation too.

    Where grey values fill only a part of [0, 1], as in faces, this gives the data unit variance.
    """
    mean, std = pictures.mean().item(), pictures.std().item()
    if not std > 0:
        raise ValueError("all pixels are equal: there is no deviation to divide by")
    return (pictures - mean) / std, mean, std


def face_unet(shape: Sequence[int]) -> UNet:
    """The U-Net of the faces (32, 32): patches of four pixels, three levels, learned places."""
    return UNet(shape, channels=24, factors=(1, 2, 3), patch=2, positions=True)


def face_mlp(shape: Sequence[int]) -> TimeMLP:
    """The dense network of faces as vectors (1024,): a weight for every pair of places."""
    return TimeMLP(*shape, width=512, layers=4)


# The best within a minute on two cores: what the benchmarks train. Faces are standardised.
FACES = {"target": "x0", "average": 0.99, "clip": 3.0}
FULL = {
    "digits": Recipe(partial(UNet, positions=True), ((50, 3e-3), (30, 1e-3), (20, 3e-4))),
    "faces unet": Recipe(face_unet, ((12, 2e-3), (4, 4e-4)), batch_size=32, **FACES),
    "faces mlp": Recipe(face_mlp, ((20, 1e-3), (10, 2e-4)), **FACES),
}
