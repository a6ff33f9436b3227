"""The visible tests of chapter 5's homework, task 8: a model that you train.

A trained model is judged on new pictures beside the exact probability that made them, and every
pixel is changed to see who notices.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.special import log_softmax

from lib.homework import as_numbers
from lib.homework_asking import book_switched_off, numbers, peer, peers_switched_off
from lib.homework_pixel import ANSWERS, ask
from lib.homework_pixel_scans import RASTER, WORDS, scanned, spoken, unscanned
from lib.homework_vae_training import seeded

#: How many bits per dimension a trained model may stay above the exact distribution.
SLACK = 0.06
#: How many pictures a trained model is given at once, always: none can tell tests apart by that.
BATCH = 20
#: By how much rounding in float32 may move a log-probability.
NOISE = 1e-4


@dataclass(frozen=True)
class Order:
    """Which pixels a pixel follows, how pictures are read, and how logits are returned.

    A pixel follows the one just read, and the one at the `offset` (rows, columns) in pictures that
    are turned so that they are read row by row from the top, each row from left to right. `last`:
    levels are the last axis of the logits.
    """

    scan: str = RASTER
    offset: tuple[int, int] = (-1, 2)
    shape: tuple[int, int] = (5, 7)
    last: bool = False

    def place(self, number: int) -> tuple[int, int]:
        """Where the student's picture has the pixel that is read as this number."""
        when = unscanned(np.arange(math.prod(self.shape)).reshape(self.shape), self.scan)
        return tuple(np.argwhere(when == number)[0].tolist())

    def useful(self) -> str:
        """Where the second pixel stands, in words."""
        return spoken(self.offset, self.scan)


@peer
class Weave:
    """Pictures of three levels whose pixels follow two earlier ones, all of it known.

    A pixel likes the level after that of its left neighbour, and the level of the pixel at the
    offset of the `order`.
    """

    levels = 3

    def __init__(self, rng: np.random.Generator, order: Order = Order()):
        self.left, self.up = rng.uniform(2.0, 2.5), rng.uniform(2.6, 3.1)
        self.step, self.order = int(rng.integers(1, 3)), order

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Logits (n, 3, h, w) of pictures (n, h, w)."""
        seen, (h, w) = np.moveaxis(np.eye(self.levels)[x], -1, 1), x.shape[1:]
        out = np.zeros(seen.shape)
        out[..., 1:] += self.left * np.roll(seen, self.step, axis=1)[..., :-1]
        up, right = -self.order.offset[0], self.order.offset[1]
        first, end = max(0, -right), w - max(0, right)
        out[..., up:, first:end] += self.up * seen[..., : h - up, first + right : end + right]
        return out

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n pictures, (n, h, w): pixel after pixel, by the largest logit plus Gumbel noise."""
        x = np.zeros((n, *self.order.shape), dtype=int)
        for i, j in np.ndindex(*self.order.shape):
            noise = rng.gumbel(size=(n, self.levels))
            x[:, i, j] = (self.logits(x)[:, :, i, j] + noise).argmax(axis=1)
        return x

    def bits(self, x: np.ndarray) -> float:
        """Exact bits per dimension of pictures."""
        return bits(self.logits(x), x)


def bits(logits: np.ndarray, x: np.ndarray) -> float:
    """Bits per dimension of pictures x (n, h, w) under logits (n, levels, h, w)."""
    picked = np.take_along_axis(log_softmax(logits, axis=1), x[:, None], axis=1)
    return float(-picked.mean() / np.log(2))


def check_training(train_pixels: Callable, rng: np.random.Generator, **order: Any) -> None:
    """Train on 600 pictures; assert causality, and few bits on 600 others.

    `order` are keywords of `Order`.
    """
    asked = Order(**order)
    weave, seed = Weave(rng, asked), int(rng.integers(2**30))
    train, test = (weave.sample(600, rng) for _ in range(2))
    with seeded(seed):
        logits = ask(
            train_pixels,
            "the training",
            x=torch.tensor(unscanned(train, asked.scan).copy()),
            levels=weave.levels,
            generator=torch.Generator().manual_seed(seed),
        )
    assert callable(logits), "the training: return a function, logits(x)"
    with torch.no_grad(), book_switched_off(ANSWERS), peers_switched_off():
        seen, out = _logits(logits, train, asked), _logits(logits, test, asked)
        at = BATCH * int(rng.integers(len(test) // BATCH))
        assert_causal(logits, test[at : at + BATCH], out[at : at + BATCH], rng, asked)
    found, exact = bits(out, test), weave.bits(test)
    assert found - exact < SLACK, (
        f"the training: {found:.3f} bits per dimension on new pictures; the exact distribution "
        f"needs {exact:.3f}, and {SLACK:g} more are allowed. "
        f"{_advice(found, bits(seen, train), asked)}"
    )


def _advice(found: float, known: float, asked: Order) -> str:
    """What may mend a model with these bits on new pictures, and those on the ones it knows."""
    if found - known > SLACK:
        return (
            f"On the pictures of the training it needs only {known:.3f}: it has learnt them by "
            "heart. Share the weights between all places, as a convolution does."
        )
    if found > math.log2(Weave.levels) - 0.1:
        return (
            "That is no better than guessing: is the loss made smaller, are the steps large "
            "enough, and are levels on the right axis?"
        )
    return (
        "Train for longer or with larger steps; or does a pixel see too little? A useful one is "
        f"{asked.useful()}."
    )


def _logits(logits: Callable, x: np.ndarray, asked: Order) -> np.ndarray:
    """Logits (n, levels, h, w) of pictures (n, h, w), asked for in batches of one size.

    The student's function gets the pictures turned as `asked`, and its answers are turned back.
    """
    given = unscanned(x, asked.scan)
    shape = (BATCH, Weave.levels, *given.shape[1:])
    shape = (BATCH, *given.shape[1:], Weave.levels) if asked.last else shape
    parts = [logits(torch.tensor(g.copy())) for g in np.split(given, len(given) // BATCH)]
    out = np.concatenate([as_numbers(numbers(part), shape, "logits(x)") for part in parts])
    return scanned(np.moveaxis(out, -1, 1) if asked.last else out, asked.scan)


def assert_causal(
    logits: Callable, x: np.ndarray, out: np.ndarray, rng: np.random.Generator, asked: Order
) -> None:
    """Change one pixel after the other; nothing before it, nor itself, may be predicted anew.

    `out` are the logits of the unchanged pictures x, as they were given when bits were counted.
    """
    (h, w), start = x.shape[1:], log_softmax(out, axis=1)
    assert np.abs(log_softmax(_logits(logits, x, asked), axis=1) - start).max() < NOISE, (
        "the training: the same pictures get other logits in another call: switch off what is "
        "random after training, such as dropout (`eval()`)"
    )
    for i, j in np.ndindex(h, w):
        other = x.copy()
        other[:, i, j] = (x[:, i, j] + rng.integers(1, Weave.levels, size=len(x))) % Weave.levels
        moved = np.abs(log_softmax(_logits(logits, other, asked), axis=1) - start)
        early = np.flatnonzero(moved.max(axis=(0, 1)).ravel()[: i * w + j + 1] > NOISE)
        assert not len(early), (
            f"the training: the logits of pixel {asked.place(early[0])} change with pixel "
            f"{asked.place(i * w + j)}, which is not before it when pictures are read "
            f"{WORDS[asked.scan]}: mask what comes later, and the pixel itself; means over a "
            "picture or a batch see them as well"
        )
