"""Picture to picture: pix2pix, a conditional GAN whose condition is a picture, with an L1 term."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lib.gan import GAN
from lib.gan_losses import GAMES
from lib.gan_penalties import PENALTIES
from lib.nets import _smallest, _with_channel


class UNetGenerator(nn.Module):
    """A U-Net from pictures c (n, *c_shape) to pictures x (n, *shape) in (-1, 1).

    Parameters
    ----------
    c_shape, shape : (h, w) or (channels, h, w)
        Of the condition and of the answer; h and w agree.
    channels : sequence of int
        Of the maps, fine to coarse: the first has full size, each further one half the size.
    k : int
        Numbers in z, which join the coarsest map.
    skips : bool
        Whether maps going up stand beside those of their size going down, and the question itself
        beside the last. Without them, all that is said passes through the coarsest map.
    patch : int
        Squares of so many pixels a side are one place of the finest map: 1 is a place for each
        pixel, 2 takes a third of the time.

    Source: Isola et al., 2017, section 3.2.1, reduced.
    """

    def __init__(
        self,
        c_shape: Sequence[int],
        shape: Sequence[int],
        *,
        channels: Sequence[int] = (16, 32, 64, 64),
        k: int = 8,
        skips: bool = True,
        patch: int = 1,
    ):
        super().__init__()
        c_shape, picture = _with_channel(c_shape), _with_channel(shape)
        _check_sizes(c_shape, picture, patch)
        _check_widths(channels, 2, "one for the finest maps and one for each halving")
        self.c_shape, self.shape, self.skips = c_shape, tuple(shape), skips
        _, h, w = _smallest([side // patch for side in picture[1:]], channels[1:])
        self.enter = nn.Sequential(
            nn.PixelUnshuffle(patch), nn.Conv2d(patch**2 * c_shape[0], channels[0], 3, padding=1)
        )
        self.down = nn.ModuleList(_half(a, b) for a, b in pairwise(channels))
        self.noise = nn.Sequential(
            nn.Linear(k, channels[-1] * h * w), nn.Unflatten(1, (channels[-1], h, w))
        )
        self.up = nn.ModuleList(
            _twice(b * (2 if skips and i else 1), a)
            for i, (b, a) in enumerate(pairwise(channels[::-1]))
        )
        last, out = channels[0] * (2 if skips else 1), patch**2 * picture[0]
        self.leave = nn.Sequential(
            nn.ReLU(), nn.Conv2d(last, out, 3, padding=1), nn.PixelShuffle(patch)
        )
        self.direct = nn.Conv2d(c_shape[0], picture[0], 3, padding=1) if skips else None

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """Pictures (n, *shape) of z (n, k) and pictures c (n, *c_shape)."""
        c = c.reshape(len(c), *self.c_shape)
        maps = [self.enter(c)]
        for layer in self.down:
            maps.append(layer(maps[-1]))
        h = maps.pop() + self.noise(z)
        for layer in self.up:
            h, finer = layer(h), maps.pop()
            h = torch.cat([h, finer], dim=1) if self.skips else h
        x = self.leave(h) + (self.direct(c) if self.skips else 0)
        return torch.tanh(x).reshape(len(c), *self.shape)


def _check_sizes(c_shape: Sequence[int], picture: Sequence[int], patch: int) -> None:
    if c_shape[1:] != picture[1:]:
        raise ValueError(f"question {c_shape} and answer {picture} must have one size")
    if patch < 1 or any(side % patch for side in picture[1:]):
        raise ValueError(f"a patch of {patch} pixels a side does not tile {picture[1:]}")


def _check_widths(channels: Sequence[int], least: int, why: str) -> None:
    if len(channels) < least or min(channels) < 1:
        raise ValueError(f"channels are {least} or more positive numbers, {why}: got {channels}")


def _norm(channels: int) -> nn.GroupNorm:
    """Normalises each answer by itself: no answer depends on its neighbours in the batch."""
    return nn.GroupNorm(math.gcd(8, channels), channels)


def _half(before: int, after: int) -> nn.Sequential:
    conv = nn.Conv2d(before, after, 4, stride=2, padding=1)
    return nn.Sequential(nn.LeakyReLU(0.2), conv, _norm(after))


def _twice(before: int, after: int) -> nn.Sequential:
    conv = nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)
    return nn.Sequential(nn.ReLU(), conv, _norm(after))


class PatchDiscriminator(nn.Module):
    """Convolutions only: each score judges one patch of question and answer, laid on each other.

    `channels` are those of the layers with kernel 4 and stride 2; a last layer with kernel 4 and
    stride 1 gives the scores (n, 1, h', w'). `receptive_field` says how large a patch is. Source:
    Isola et al., 2017, section 3.2.2.
    """

    def __init__(
        self, c_shape: Sequence[int], shape: Sequence[int], *, channels: Sequence[int] = (32, 64)
    ):
        super().__init__()
        _check_widths(channels, 1, "one for each layer of stride 2")
        self.c_shape, self.picture = _with_channel(c_shape), _with_channel(shape)
        layers: list[nn.Module] = []
        for before, after in pairwise((self.c_shape[0] + self.picture[0], *channels)):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        self.net = nn.Sequential(*layers, nn.Conv2d(channels[-1], 1, 4, padding=1))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Scores (n, 1, h', w') of pictures x (n, *shape) as answers to c (n, *c_shape)."""
        both = (c.reshape(len(c), *self.c_shape), x.reshape(len(x), *self.picture))
        return self.net(torch.cat(both, dim=1))


def receptive_field(layers: Sequence[tuple[int, int]]) -> int:
    """Side of the patch of the input that one output sees, for layers (kernel, stride) in order.

    r = 1 + sum over the layers of (kernel - 1) times the product of all strides before it.
    """
    if any(min(layer) < 1 for layer in layers):
        raise ValueError(f"kernels and strides are 1 or more, got {list(layers)}")
    field, step = 1, 1
    for kernel, stride in layers:
        field, step = field + (kernel - 1) * step, step * stride
    return field


def layers_of(net: nn.Module) -> list[tuple[int, int]]:
    """(kernel, stride) of every convolution of a network, in order."""
    convs = (m for m in net.modules() if isinstance(m, nn.Conv2d))
    return [(conv.kernel_size[0], conv.stride[0]) for conv in convs]


class Translation(GAN):
    """G(z, c) answers a picture c; it is paid for misleading D and for being near the true answer.

    Parameters
    ----------
    g, d : module
        `g(z, c)` gives answers x, `d(x, c)` scores, one a picture or one a patch. Where
        d is None, the L1 term is all there is.
    k : int
        Numbers in z.
    l1 : float
        Weight of the summed absolute differences of the pixels; 0 leaves the game alone. Pix2pix's
        100 for a mean over pixels in [-1, 1] is 100 / D for a sum over D of them.

    Further options are those of `GAN`. Source: Isola et al., 2017, equations 1 to 4.
    """

    def __init__(self, g: nn.Module, d: nn.Module | None, k: int, *, l1: float = 0.1, **options):
        super().__init__(g, d, k, **options)
        if l1 < 0 or (d is None and l1 == 0):
            raise ValueError(
                f"without a discriminator l1 must be positive, and never negative: {l1}"
            )
        self.l1 = l1

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Both players' losses; "l1" is the part of "g_loss" that D does not see, unweighted."""
        terms = self.loss_for("g_loss", x, c, generator=generator)
        return terms | ({} if self.d is None else self._judge(x, c, generator))

    def loss_for(
        self,
        name: str,
        x: Tensor,
        c: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """Only the terms of one player: each draws its own z."""
        if name == "d_loss":
            return self._judge(x, c, generator)
        fake = self._forge(x, c, generator)
        far = (x - fake).abs().flatten(1).sum(1).mean()
        game = 0.0 if self.d is None else GAMES[self.game].generator(self.d(fake, c))
        return {"g_loss": game + self.l1 * far, "l1": far.detach()}

    def optimizers(self, lr: float) -> dict[str, Optimizer]:
        """Those of `GAN`; without a D there is one player."""
        if self.d is not None:
            return super().optimizers(lr)
        return {"g_loss": self._g_optimizer(lr)}

    def _judge(self, x: Tensor, c: Tensor, generator: torch.Generator | None) -> dict[str, Tensor]:
        with torch.no_grad():
            fake = self._forge(x, c, generator)
        game = GAMES[self.game]
        terms = {"d_loss": game.discriminator(self.d(x, c), self.d(fake, c), **self.options)}
        if self.penalty is not None:
            rough = PENALTIES[self.penalty](lambda v: self.d(v, c), x, fake, generator)
            terms |= {"d_loss": terms["d_loss"] + self.weight * rough, "penalty": rough.detach()}
        return terms
