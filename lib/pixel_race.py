"""The plain sampler of a pixel model against its cached one: the same pictures, how much faster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

import torch
from torch import Tensor

from lib.pixel import PixelModel

Walk = Callable[[Tensor], Iterator[Tensor]]


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for both: the steps of the cached sampler are too small to be shared."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@torch.no_grad()
def draw(model: PixelModel, walk: Walk, n: int, generator: torch.Generator) -> Tensor:
    """Pictures (n, *shape), each pixel from the logits that `walk` gives before it is filled in."""
    x = torch.zeros(n, *model.shape, dtype=torch.long)
    for place, logits in zip(model.places, walk(x), strict=True):
        p = logits.softmax(1)
        x[(slice(None), *place)] = torch.multinomial(p, 1, generator=generator)[:, 0]
    return x


@torch.no_grad()
def largest_gap(model: PixelModel, x: Tensor) -> float:
    """Largest difference of any logit between the plain and the cached walk over pictures x."""
    pairs = zip(PixelModel.walk(model, x), model.walk(x), strict=True)
    return max((plain - cached).abs().max().item() for plain, cached in pairs)


@one_thread()
def race(model: PixelModel, n: int, *, seed: int = 0) -> tuple[float, float]:
    """Seconds of the plain and of the cached sampler for the same n pictures, on one thread.

    Raises RuntimeError if the pictures are not the same. Give a model in float64: rounding may
    otherwise tip a draw.
    """
    took, drawn = [], []
    for walk in (lambda x: PixelModel.walk(model, x), model.walk):
        start = time.perf_counter()
        drawn.append(draw(model, walk, n, torch.Generator().manual_seed(seed)))
        took.append(time.perf_counter() - start)
    if not torch.equal(*drawn):
        raise RuntimeError(f"{type(model).__name__}: plain and cached sampler drew other pictures")
    return took[0], took[1]


@one_thread()
@torch.no_grad()
def forecast(model: PixelModel, n: int, steps: int) -> tuple[float, float]:
    """Seconds of a plain walk, from its first `steps` places, and of a whole cached walk.

    On one thread.
    """
    x, places = torch.zeros(n, *model.shape, dtype=torch.long), len(model.places)
    start = time.perf_counter()
    done = sum(1 for _ in islice(PixelModel.walk(model, x), steps))
    plain = (time.perf_counter() - start) * places / done
    start = time.perf_counter()
    for _ in model.walk(x):
        pass
    return plain, time.perf_counter() - start
