"""Generators and discriminators: dense ones, and those of DCGAN.

Generators map z (n, k), and a condition c (n, c_dim) where there is one, to x (n, *shape).
Discriminators map x, and c, to scores (n, 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from lib.nets import _smallest, _with_channel, join


class MLPGenerator(nn.Module):
    """Fully connected: z (n, k) -> x (n, *shape); with `bounded`, a tanh keeps x in (-1, 1)."""

    def __init__(
        self,
        k: int,
        hidden: Sequence[int],
        shape: Sequence[int],
        *,
        c_dim: int = 0,
        bounded: bool = False,
    ):
        super().__init__()
        self.c_dim, self.shape = c_dim, tuple(shape)
        layers = _dense((k + c_dim, *hidden, math.prod(shape)), nn.ReLU)
        self.net = nn.Sequential(*layers, *[nn.Tanh()] * bounded)

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Examples (n, *shape) of z (n, k)."""
        return self.net(join(z, c, self.c_dim)).unflatten(1, self.shape)


class MLPDiscriminator(nn.Module):
    """Fully connected: x (n, *shape) -> scores (n, 1)."""

    def __init__(self, shape: Sequence[int], hidden: Sequence[int], *, c_dim: int = 0):
        super().__init__()
        self.c_dim = c_dim
        layers = _dense((math.prod(shape) + c_dim, *hidden, 1), partial(nn.LeakyReLU, 0.2))
        self.net = nn.Sequential(*layers)

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Scores (n, 1) of x (n, *shape)."""
        return self.net(join(x.flatten(1), c, self.c_dim))


class DCGenerator(nn.Module):
    """DCGAN's generator: z -> a small map -> twice the size for each of `channels` -> tanh.

    Batch normalisation and ReLU follow every layer but the last (Radford et al., 2016). `shape` is
    (h, w) or (c, h, w), as for `lib.nets.ConvDecoder`; `channels` run from small to large maps.
    """

    def __init__(self, k: int, channels: Sequence[int], shape: Sequence[int], *, c_dim: int = 0):
        super().__init__()
        depth, *size = _with_channel(shape)
        self.c_dim, self.shape = c_dim, tuple(shape)
        _check_channels(channels)
        smallest = _smallest(size, channels[::-1])
        layers: list[nn.Module] = [nn.Linear(k + c_dim, math.prod(smallest))]
        layers += [nn.Unflatten(1, smallest)]
        for before, after in pairwise((*channels, depth)):
            layers += [nn.BatchNorm2d(before), nn.ReLU()]
            layers += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)]
        self.net = nn.Sequential(*layers, nn.Tanh())

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Pictures (n, *shape) in (-1, 1) of z (n, k)."""
        return self.net(join(z, c, self.c_dim)).reshape(len(z), *self.shape)


class DCDiscriminator(nn.Module):
    """DCGAN's discriminator: half the size for each of `channels`, then one score.

    Leaky ReLU follows every convolution. There is no batch normalisation, which would make the
    score of one picture depend on the others in the batch: no gradient penalty could be formed.
    """

    def __init__(self, shape: Sequence[int], channels: Sequence[int], *, c_dim: int = 0):
        super().__init__()
        depth, *size = _with_channel(shape)
        _check_channels(channels)
        self.c_dim, self.input_shape = c_dim, (depth, *size)
        layers: list[nn.Module] = []
        for before, after in pairwise((depth, *channels)):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        self.convs = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(math.prod(_smallest(size, channels)) + c_dim, 1)

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Scores (n, 1) of pictures (n, *shape)."""
        h = self.convs(x.reshape(len(x), *self.input_shape))
        return self.head(join(h, c, self.c_dim))


def _dense(widths: Sequence[int], activation: Callable[[], nn.Module]) -> list[nn.Module]:
    """Linear layers, with an activation between two of them; without hidden widths, one layer."""
    if min(widths) < 1:
        raise ValueError(f"widths of layers, examples and z are positive, got {tuple(widths)}")
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), activation()]
    return layers[:-1]


def _check_channels(channels: Sequence[int]) -> None:
    if not channels or min(channels) < 1:
        raise ValueError(f"give one or more positive numbers of channels, got {tuple(channels)}")
