"""How the picture GANs are built and trained: one place for lessons and benchmark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from lib.gan import GAN
from lib.gan_nets import DCDiscriminator, DCGenerator, MLPDiscriminator, MLPGenerator
from lib.stages import Stages, shortened, train_in_stages


@dataclass(frozen=True)
class GanRecipe:
    """A GAN of pictures in [-1, 1], and the stages of its training.

    Parameters
    ----------
    generator, discriminator : function
        `generator(k, shape)` and `discriminator(shape)` give the networks; their weights come from
        torch's global generator.
    stages : tuple of (int, float)
        Epochs and learning rate of each stage.
    k : int
        Numbers in z.
    batch_size : int
    options : dict
        Further choices, as `GAN` takes them.
    """

    generator: Callable[[int, Sequence[int]], nn.Module]
    discriminator: Callable[[Sequence[int]], nn.Module]
    stages: Stages
    k: int = 32
    batch_size: int = 64
    options: dict[str, Any] = field(default_factory=dict)

    def build(self, shape: Sequence[int]) -> GAN:
        """The GAN of pictures of a shape, before training."""
        networks = self.generator(self.k, shape), self.discriminator(shape)
        return GAN(*networks, self.k, **self.options)

    def train(
        self, x: Tensor, *, generator: torch.Generator, progress: bool = False
    ) -> tuple[GAN, dict[str, list[float]]]:
        """Build a GAN and train it on pictures x (n, *shape); the history is by stages."""
        model = self.build(x.shape[1:])
        options = {"batch_size": self.batch_size, "generator": generator, "progress": progress}
        return model, train_in_stages(model, x, self.stages, **options)

    def shortened(self, share: float) -> GanRecipe:
        """The same with a share of the epochs, one at least in each stage."""
        return replace(self, stages=shortened(self.stages, share))


def dense_generator(k: int, shape: Sequence[int], width: int = 256) -> MLPGenerator:
    """Two hidden layers and a tanh."""
    return MLPGenerator(k, (width, width), shape, bounded=True)


def dense_discriminator(shape: Sequence[int], width: int = 256) -> MLPDiscriminator:
    """Two hidden layers."""
    return MLPDiscriminator(shape, (width, width))


def conv_generator(k: int, shape: Sequence[int], channels: Sequence[int]) -> DCGenerator:
    """DCGAN's generator with these channels, from the smallest map to the largest."""
    return DCGenerator(k, channels, shape)


# The best within a minute on two cores: what the lessons and the benchmark train.
DIGITS = {"penalty": "r1", "weight": 0.3, "average": 0.99}
FULL = {
    "digits dense": GanRecipe(dense_generator, dense_discriminator, ((160, 2e-3),), options=DIGITS),
    "digits dcgan": GanRecipe(
        partial(conv_generator, channels=(64, 32)),
        partial(DCDiscriminator, channels=(32, 64)),
        ((160, 2e-3),),
        options=DIGITS,
    ),
    "faces": GanRecipe(
        partial(conv_generator, channels=(64, 32, 16)),
        partial(DCDiscriminator, channels=(16, 32, 64)),
        ((12, 2e-3), (8, 5e-4)),
        k=64,
        batch_size=32,
        options={"penalty": "r1", "weight": 0.1, "average": 0.995},
    ),
}
