"""Networks that are told the time step t: a small MLP for points and a small U-Net for pictures.

Both map noisy examples x_t (n, *shape), steps t (n,) and, where there is one, a condition
c (n, c_dim) to one number for every number of x_t. Diffusion models are built from them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.nets import join, mlp


def time_embedding(t: Tensor, width: int, longest: float = 10_000.0) -> Tensor:
    """Sines and cosines of t (n,) at `width` / 2 speeds, (n, width), as in a Transformer.

    The angles grow by 1 a step for the fastest pair and by 1 / `longest` for the slowest, so that
    neighbouring steps differ and distant ones do not repeat. Source: Vaswani et al., 2017.
    """
    if width < 4 or width % 2:
        raise ValueError(f"width is even, 4 or more, got {width}")
    speeds = longest ** -torch.linspace(0, 1, width // 2, dtype=torch.float64)
    angles = t[:, None] * speeds  # (n, width / 2)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class TimeCode(nn.Module):
    """What the blocks of a network are told: steps t and condition c as one vector (n, width)."""

    def __init__(self, width: int, c_dim: int = 0):
        super().__init__()
        self.width, self.c_dim = width, c_dim
        self.net = mlp(width + c_dim, width, width)

    def forward(self, t: Tensor, c: Tensor | None = None) -> Tensor:
        """The code (n, width) of steps t (n,) and conditions c (n, c_dim)."""
        kind = self.net[0].weight.dtype
        return F.silu(self.net(join(time_embedding(t, self.width).to(kind), c, self.c_dim)))


def add_waves(x: Tensor, waves: int) -> Tensor:
    """Points x (n, k) with sin and cos of x, 2x, ... 2^(waves-1) x: (n, k (1 + 2 waves))."""
    angles = (x[:, :, None] * 2.0 ** torch.arange(waves, dtype=x.dtype)).flatten(1)
    return torch.cat([x, angles.sin(), angles.cos()], dim=1)


class TimeMLP(nn.Module):
    """Fully connected layers with shortcuts for points (n, k); the time is added in each layer.

    With `waves`, the network also reads sines and cosines of every coordinate, of `waves` speeds
    1, 2, 4, ...: fine structure in x is then easy to learn (Tancik et al., 2020).
    """

    def __init__(
        self, k: int, *, width: int = 128, layers: int = 3, waves: int = 0, c_dim: int = 0
    ):
        super().__init__()
        if waves < 0:
            raise ValueError(f"waves is a number of speeds, 0 or more, got {waves}")
        if layers < 1:
            raise ValueError(f"the time enters with the layers: give one or more, got {layers}")
        self.code = TimeCode(width, c_dim)
        self.waves = waves
        self.enter, self.leave = nn.Linear(k * (1 + 2 * waves), width), nn.Linear(width, k)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.shifts = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))

    def forward(self, x: Tensor, t: Tensor, c: Tensor | None = None) -> Tensor:
        """Numbers (n, k) for points x (n, k) at steps t (n,)."""
        code, h = self.code(t, c), self.enter(add_waves(x, self.waves))
        for layer, shift in zip(self.layers, self.shifts, strict=True):
            h = h + layer(F.silu(h + shift(code)))
        return self.leave(F.silu(h))


def _norm(channels: int) -> nn.GroupNorm:
    """In 8 groups, or in pairs: the norm of a single channel would take out the time's shift."""
    return nn.GroupNorm(min(8, channels // 2), channels)


class ResBlock(nn.Module):
    """Two convolutions beside a shortcut; the time code shifts the channels between them."""

    def __init__(self, before: int, after: int, code: int):
        super().__init__()
        self.norm1, self.norm2 = _norm(before), _norm(after)
        self.conv1 = nn.Conv2d(before, after, 3, padding=1)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.shift = nn.Linear(code, after)
        self.shortcut = nn.Identity() if before == after else nn.Conv2d(before, after, 1)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """Maps (n, after, h, w) of maps x (n, before, h, w) and time codes (n, code)."""
        h = self.conv1(F.silu(self.norm1(x))) + self.shift(code)[:, :, None, None]
        return self.shortcut(x) + self.conv2(F.silu(self.norm2(h)))


class UNet(nn.Module):
    """A U-Net: down to small maps that see the whole picture, up again beside the finer maps.

    Parameters
    ----------
    shape : (h, w) or (c, h, w)
    channels : int
        Channels of the finest maps, a multiple of 8.
    factors : sequence of int
        One level of the U each, fine to coarse: its channels are `channels` times the factor, and
        each level after the first halves height and width.
    patch : int
        The network works on patches of patch x patch pixels as one place with more channels, which
        makes it patch^2 times cheaper.
    positions : bool
        Add a learned map to the finest maps: where pictures are aligned, the place itself tells.
    c_dim : int
        Length of a condition vector; 0 for none.

    Source: Ronneberger et al. (2015); with time steps, Ho et al. (2020), appendix B, reduced.
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        channels: int = 32,
        factors: Sequence[int] = (1, 2),
        patch: int = 1,
        positions: bool = False,
        c_dim: int = 0,
    ):
        super().__init__()
        self.picture = (1, *shape) if len(shape) == 2 else tuple(shape)
        _check_sizes(self.picture, channels, factors, patch)
        depth, code = self.picture[0] * patch**2, 4 * channels
        widths = [channels * f for f in factors]
        self.patch = patch
        self.code = TimeCode(code, c_dim)
        self.enter = nn.Conv2d(depth, channels, 3, padding=1)
        sides = [side // patch for side in self.picture[1:]]
        self.place = nn.Parameter(torch.zeros(1, channels, *sides)) if positions else None
        before = [channels, *widths[:-1]]
        self.down = nn.ModuleList(ResBlock(b, w, code) for b, w in zip(before, widths, strict=True))
        self.middle = ResBlock(widths[-1], widths[-1], code)
        after = [widths[0], *widths[:-1]]
        self.up = nn.ModuleList(
            ResBlock(2 * w, a, code) for a, w in zip(after, widths, strict=True)
        )
        self.norm, self.leave = (
            _norm(widths[0]),
            nn.Conv2d(widths[0], depth, 3, padding=1),
        )
        self.to(memory_format=torch.channels_last)  # on a processor a third faster

    def forward(self, x: Tensor, t: Tensor, c: Tensor | None = None) -> Tensor:
        """Numbers (n, *shape) for noisy pictures x (n, *shape) at steps t (n,)."""
        code = self.code(t, c)
        h = F.pixel_unshuffle(x.reshape(len(x), *self.picture), self.patch)
        h = self.enter(h.contiguous(memory_format=torch.channels_last))
        h = h if self.place is None else h + self.place
        finer: list[Tensor] = []
        for level, block in enumerate(self.down):
            h = block(F.avg_pool2d(h, 2) if level else h, code)
            finer.append(h)
        h = self.middle(h, code)
        for level in reversed(range(len(self.up))):
            h = self.up[level](torch.cat([h, finer[level]], dim=1), code)
            h = F.interpolate(h, scale_factor=2.0) if level else h
        h = F.pixel_shuffle(self.leave(F.silu(self.norm(h))), self.patch)
        return h.reshape(x.shape)


def _check_sizes(picture: Sequence[int], channels: int, factors: Sequence[int], patch: int) -> None:
    if len(picture) != 3:
        raise ValueError(f"a picture's shape is (h, w) or (c, h, w), got {tuple(picture)}")
    if channels % 8 or channels < 8:
        raise ValueError(
            f"channels are normalised in 8 groups: give a multiple of 8, got {channels}"
        )
    if not factors or min(factors) < 1:
        raise ValueError(f"factors are positive, one a level, got {tuple(factors)}")
    smallest = patch * 2 ** (len(factors) - 1)
    if patch < 1 or any(side % smallest for side in picture[1:]):
        raise ValueError(
            f"patches of {patch} and {len(factors)} levels need height and width divisible by "
            f"{smallest}, got {tuple(picture[1:])}"
        )
