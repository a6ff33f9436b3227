"""The one training loop of the book."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from itertools import count

import torch
from torch import Tensor
from torch.optim import Optimizer
from tqdm.auto import tqdm

from lib.model import Trainable


def fit(
    model: Trainable,
    data: Tensor,
    *,
    c: Tensor | None = None,
    seconds: float | None = None,
    epochs: int | None = None,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
    progress: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Train `model` on `data` (n, ...) and conditions `c` (n, ...); return every loss term.

    The budget is `epochs`, or `seconds` by `clock`, exactly one of them. At a step, each optimiser
    that is `model.due` steps on the term of its name in a fresh loss; all terms are kept. A smaller
    last batch is used too. Raises ValueError for bad input, FloatingPointError for nan or infinity.
    """
    _check(data, c, seconds, epochs, batch_size)
    optimizers = model.optimizers(lr)
    n_batches = -(-len(data) // batch_size)
    end = math.inf if seconds is None else clock() + seconds
    hidden = not progress or bool(os.environ.get("BOOK_STATIC"))
    bar = tqdm(total=epochs and epochs * n_batches, disable=hidden, leave=False, unit="step")
    history: dict[str, list[float]] = {}
    model.train()
    try:
        for step, rows in enumerate(_batches(len(data), batch_size, epochs, generator)):
            batch = data[rows], None if c is None else c[rows]
            for name, value in _step(model, optimizers, *batch, step, generator).items():
                history.setdefault(name, []).append(value)
            bar.set_postfix({name: f"{v[-1]:.3g}" for name, v in history.items()}, refresh=False)
            bar.update()
            if clock() >= end:
                break
    finally:
        bar.close()
        model.eval()
    return history


def _batches(n: int, size: int, epochs: int | None, generator) -> Iterator[Tensor]:
    """Row numbers of one batch after the other; without end when `epochs` is None."""
    for _ in count() if epochs is None else range(epochs):
        yield from torch.randperm(n, generator=generator).split(size)


def _step(
    model: Trainable,
    optimizers: dict[str, Optimizer],
    x: Tensor,
    c: Tensor | None,
    step: int,
    generator: torch.Generator,
) -> dict[str, float]:
    """Step every optimiser that is due, each on a fresh loss and on its own parameters only."""
    seen: dict[str, float] = {}
    due = {name: o for name, o in optimizers.items() if model.due(name, step)}
    for name, optimizer in due.items():
        terms = model.loss_for(name, x, c, generator=generator)
        if name not in terms:
            raise ValueError(f"loss returns {list(terms)}, but an optimizer is named {name!r}")
        seen |= {k: _finite(v.item(), k, step) for k, v in terms.items() if k not in due}
        seen[name] = _finite(terms[name].item(), name, step)
        own = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        optimizer.zero_grad()
        terms[name].backward(inputs=own)  # the other networks are passed through, not pushed
        optimizer.step()
    return seen


def _finite(value: float, name: str, step: int) -> float:
    if not math.isfinite(value):
        raise FloatingPointError(
            f"loss term {name!r} is {value} at step {step}; try a smaller lr, check the data for "
            "values that are not finite, and look for a log or a division of zero in the loss"
        )
    return value


def _check(data: Tensor, c: Tensor | None, seconds, epochs, batch_size: int) -> None:
    if (seconds is None) == (epochs is None):
        raise ValueError(f"give either seconds or epochs, got seconds={seconds}, epochs={epochs}")
    if (seconds if epochs is None else epochs) <= 0:
        raise ValueError(f"the budget must be positive, got seconds={seconds}, epochs={epochs}")
    if not isinstance(data, Tensor) or len(data) == 0:
        raise ValueError(f"data must be a tensor with at least one row, got {type(data).__name__}")
    if c is not None and len(c) != len(data):
        raise ValueError(f"{len(data)} rows of data need as many conditions, got {len(c)}")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
