"""Exact likelihood one pixel at a time: what all autoregressive models of pictures share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional as F

from lib.model import GenerativeModel


def places(shape: Sequence[int]) -> list[tuple[int, ...]]:
    """All places of a picture in the order in which they are drawn.

    (t,) is a sequence from left to right, (h, w) is read row by row as a page, and in (colours, h,
    w) the colours of a pixel follow one another before the next pixel begins.
    """
    if not 1 <= len(shape) <= 3 or min(shape) < 1:
        raise ValueError(f"a picture's shape is (t,), (h, w) or (colours, h, w), got {shape}")
    *colours, height, width = (1, *shape) if len(shape) == 1 else shape
    order = product(range(height), range(width), *map(range, colours))
    return [(*place[2:], *place[:2])[-len(shape) :] for place in order]


def dropout(x: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    """Set a random `share` of the numbers to zero and enlarge the rest, so that the mean stays."""
    keep = torch.rand(x.shape, generator=generator, dtype=x.dtype) >= share
    return x * keep / (1 - share)


class PixelModel(GenerativeModel):
    """p(x) = product over d of p(x_d | x_1 ... x_(d-1)); each pixel is one of `levels` numbers.

    Pictures x hold whole numbers 0 .. levels - 1, dtype long, shape (n, *shape); see `places` for
    their order. A subclass writes `network`, and may write a faster `walk`.
    """

    def __init__(self, shape: Sequence[int], levels: int, *, one_hot: bool = False, c_dim: int = 0):
        super().__init__()
        if levels < 2:
            raise ValueError(f"a pixel needs two levels or more, got {levels}")
        if one_hot and len(shape) == 3:
            raise ValueError(f"one-hot input is for shapes (t,) and (h, w), got {tuple(shape)}")
        self.shape, self.levels, self.c_dim = tuple(shape), levels, c_dim
        self.one_hot, self.share = one_hot, 0.0
        self.places = places(shape)

    @property
    def inputs(self) -> int:
        """Channels of an encoded picture."""
        return self.levels if self.one_hot else (self.shape[0] if len(self.shape) == 3 else 1)

    def network(
        self, v: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits (n, levels, *shape) of encoded pictures v; those of a pixel see earlier ones."""
        raise NotImplementedError(f"{type(self).__name__} has no network")

    def encode(self, x: Tensor) -> Tensor:
        """What the network reads of x (n, *shape): levels as numbers in [-1, 1], or one-hot.

        One-hot is right where numbers are names, as in a palette. Shape (n, inputs, h, w).
        """
        kind = next(self.parameters()).dtype
        if self.one_hot:
            return F.one_hot(x, self.levels).to(kind).movedim(-1, 1)
        v = x.to(kind) * (2 / (self.levels - 1)) - 1
        return v if len(self.shape) == 3 else v.unsqueeze(1)

    def drop(self, h: Tensor, generator: torch.Generator | None) -> Tensor:
        """Dropout of the model's `share` while it is trained; otherwise h itself."""
        if not (self.training and self.share and generator is not None):
            return h
        return dropout(h, self.share, generator)

    def logits(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits (n, levels, *shape): column d is log p(x_d | earlier pixels) + a constant."""
        self._check(x, c)
        return self.network(self.encode(x), c, generator=generator)

    def log_prob(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Exact log-probability (n,) in nats: the chain rule, one pass of the network."""
        return self._nats(x, self.logits(x, c))

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Cross-entropy in nats per picture, and the same in bits per dimension."""
        nats = -self._nats(x, self.logits(x, c, generator=generator)).mean()
        return {"loss": nats, "bits": nats / (math.prod(self.shape) * math.log(2))}

    def bits(self, x: Tensor, c: Tensor | None = None) -> float:
        """Bits per dimension of pictures x: -log2 p(x) / D, averaged."""
        with torch.no_grad():
            nats = -self.log_prob(x, c).mean().item()
        return nats / (math.prod(self.shape) * math.log(2))

    def walk(self, x: Tensor, c: Tensor | None = None) -> Iterator[Tensor]:
        """Logits (n, levels) of one place after the other, while `x` is being filled.

        Those of place d are computed when they are asked for, from what x then holds before d.
        This is the plain way, a whole pass of the network a place.
        """
        for place in self.places:
            yield self.logits(x, c)[(slice(None), slice(None), *place)]

    @torch.no_grad()
    def complete_steps(
        self,
        x: Tensor,
        known: Tensor,
        c: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
    ) -> Iterator[Tensor]:
        """Keep the `known` pixels (*shape, bool) of x, draw the others in order; yield x each time.

        If all known pixels come before all others, this draws from p(hidden | known) exactly. A
        `temperature` below 1 sharpens every conditional.
        """
        self._check(x, c)
        if known.shape != self.shape or known.dtype != torch.bool:
            raise ValueError(f"known is bool {self.shape}, got {known.dtype} {tuple(known.shape)}")
        if temperature <= 0:
            raise ValueError(f"the temperature must be positive, got {temperature}")
        x = torch.where(known, x, 0)
        for place, logits in zip(self.places, self.walk(x, c)):  # noqa: B905
            if not known[place]:
                p = (logits / temperature).softmax(1)
                x[(slice(None), *place)] = torch.multinomial(p, 1, generator=generator)[:, 0]
            yield x.clone()

    def complete(self, x: Tensor, known: Tensor, c: Tensor | None = None, **options) -> Tensor:
        """The last of `complete_steps`: pictures (n, *shape) without hidden pixels."""
        *_, last = self.complete_steps(x, known, c, **options)
        return last

    def sample_steps(
        self,
        n: int,
        c: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
    ) -> Iterator[Tensor]:
        """The pictures (n, *shape) after each pixel: completion of n empty ones."""
        empty = torch.zeros(n, *self.shape, dtype=torch.long)
        nothing = torch.zeros(self.shape, dtype=torch.bool)
        yield from self.complete_steps(
            empty, nothing, c, generator=generator, temperature=temperature
        )

    def _nats(self, x: Tensor, logits: Tensor) -> Tensor:
        return -F.cross_entropy(logits, x, reduction="none").flatten(1).sum(1)  # (n,)

    def _check(self, x: Tensor, c: Tensor | None) -> None:
        if x.dtype != torch.long or x.shape[1:] != self.shape:
            raise ValueError(
                f"pictures are whole numbers (n, {', '.join(map(str, self.shape))}) of dtype long, "
                f"got {x.dtype} {tuple(x.shape)}"
            )
        if x.numel() and (x.min() < 0 or x.max() >= self.levels):
            raise ValueError(f"levels are 0..{self.levels - 1}, got {x.min()}..{x.max()}")
        given = None if c is None else tuple(c.shape)
        if given != ((len(x), self.c_dim) if self.c_dim else None):
            wanted = f"conditions ({len(x)}, {self.c_dim})" if self.c_dim else "no conditions"
            raise ValueError(f"this model takes {wanted}, got {given}")
