"""The networks that chapters share: from pictures to vectors, and from vectors to pictures.

Encoders map x (n, *shape), and a condition c (n, c_dim) where there is one, to (n, outputs).
Decoders map z (n, k), and c, to (n, outputs, *shape): `outputs` numbers for every pixel.
Networks that know a time step are in `lib.time_nets`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers from `widths[0]` numbers to `widths[-1]`, with a SiLU between two of them."""
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"give two or more positive widths, got {widths}")
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.SiLU()]
    return nn.Sequential(*layers[:-1])


def join(v: Tensor, c: Tensor | None, c_dim: int) -> Tensor:
    """Vectors (n, k) with their conditions (n, c_dim) beside them."""
    given = None if c is None else tuple(c.shape)
    if given != ((len(v), c_dim) if c_dim else None):
        wanted = f"conditions of shape ({len(v)}, {c_dim})" if c_dim else "no conditions"
        raise ValueError(f"this network takes {wanted}, got {given}")
    return v if c is None else torch.cat([v, c.to(v.dtype)], dim=1)


class MLPEncoder(nn.Module):
    """Fully connected: x (n, *shape) -> (n, outputs)."""

    def __init__(
        self, shape: Sequence[int], hidden: Sequence[int], outputs: int, *, c_dim: int = 0
    ):
        super().__init__()
        self.c_dim = c_dim
        self.net = mlp(math.prod(shape) + c_dim, *hidden, outputs)

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Numbers (n, outputs) of x (n, *shape)."""
        return self.net(join(x.flatten(1), c, self.c_dim))


class MLPDecoder(nn.Module):
    """Fully connected: z (n, k) -> (n, outputs, *shape)."""

    def __init__(
        self,
        k: int,
        hidden: Sequence[int],
        shape: Sequence[int],
        outputs: int = 1,
        *,
        c_dim: int = 0,
    ):
        super().__init__()
        self.c_dim, self.shape = c_dim, (outputs, *shape)
        self.net = mlp(k + c_dim, *hidden, math.prod(self.shape))

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Numbers (n, outputs, *shape) of z (n, k)."""
        return self.net(join(z, c, self.c_dim)).unflatten(1, self.shape)


class ConvEncoder(nn.Module):
    """Convolutions that halve height and width once for every entry of `channels`.

    `shape` is (h, w) for grey pictures or (c, h, w) for several channels (colours, frames);
    h and w must be divisible by 2 to the power of the number of layers. The condition joins
    before the last layer.
    """

    def __init__(
        self, shape: Sequence[int], channels: Sequence[int], outputs: int, *, c_dim: int = 0
    ):
        super().__init__()
        depth, *size = _with_channel(shape)
        self.c_dim, self.input_shape = c_dim, (depth, *size)
        layers: list[nn.Module] = []
        for before, after in pairwise((depth, *channels)):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.SiLU()]
        self.convs = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(math.prod(_smallest(size, channels)) + c_dim, outputs)

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Numbers (n, outputs) of x (n, *shape)."""
        h = self.convs(x.reshape(len(x), *self.input_shape))  # (n, channels * h * w / 4^layers)
        return self.head(join(h, c, self.c_dim))


class ConvDecoder(nn.Module):
    """The mirror of `ConvEncoder`: z (n, k) -> (n, outputs, *shape).

    `channels` run from the small picture to the large one: (32, 16) doubles the size twice.
    """

    def __init__(
        self,
        k: int,
        channels: Sequence[int],
        shape: Sequence[int],
        outputs: int = 1,
        *,
        c_dim: int = 0,
    ):
        super().__init__()
        depth, *size = _with_channel(shape)
        self.c_dim, self.shape = c_dim, (outputs, *shape)
        smallest = _smallest(size, channels[::-1])
        layers: list[nn.Module] = [nn.Linear(k + c_dim, math.prod(smallest))]
        layers += [nn.Unflatten(1, smallest)]
        for before, after in pairwise((*channels, outputs * depth)):
            layers += [nn.SiLU(), nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)]
        self.net = nn.Sequential(*layers)

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Numbers (n, outputs, *shape) of z (n, k)."""
        return self.net(join(z, c, self.c_dim)).reshape(len(z), *self.shape)


def _with_channel(shape: Sequence[int]) -> tuple[int, ...]:
    """(h, w) -> (1, h, w); (c, h, w) stays."""
    if len(shape) not in (2, 3):
        raise ValueError(f"a picture's shape is (h, w) or (c, h, w), got {tuple(shape)}")
    return (1, *shape) if len(shape) == 2 else tuple(shape)


def _smallest(size: Sequence[int], channels: Sequence[int]) -> tuple[int, ...]:
    """Channels, height and width after one halving for each entry of `channels`."""
    factor = 2 ** len(channels)
    if any(side % factor for side in size):
        raise ValueError(
            f"{len(channels)} layers halve a picture {len(channels)} times: height and width must "
            f"be divisible by {factor}, got {tuple(size)}"
        )
    return (channels[-1], *(side // factor for side in size))
