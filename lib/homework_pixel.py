"""The visible tests of chapter 5's homework, tasks 1 and 4: the chain rule, pixels drawn in order.

Right answers come from lists of all pictures and from PyTorch's cross-entropy. Each `check_...`
takes the student's function and raises AssertionError with a message that says which mistake would
give the student's answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import torch
from scipy.special import log_softmax, logsumexp, softmax
from torch.nn import functional as F

from lib.homework import as_numbers, compare
from lib.homework_asking import (
    FLOAT32,
    as_parts,
    ask_without,
    peer,
    peers_switched_off,
    sealed,
)
from lib.homework_vae import each_example

#: Modules whose functions do what the tasks ask for.
ANSWERS = (
    *(
        "pixel",
        "pixel_baselines",
        "fvbn",
        "masked",
        "pixelcnn",
        "causality",
        "wave_model",
        "palette",
    ),
    *("raster_lstm", "row_lstm", "diagonal_lstm", "lstm_stack"),
)
#: The largest number below 1 that float64 knows.
ALMOST_ONE = float(np.nextafter(1.0, 0.0))

LEFT = "; a sum of probabilities rounds to a little less than 1: keep the last level for the rest"


def ask(function: Callable, what: str, **given: Any) -> Any:
    """The student's answer, computed while the solutions of book and tests are switched off."""
    with peers_switched_off():
        return ask_without(ANSWERS, function, what, given)


class Network:
    """A black box for students: the logits of every pixel, from tables of random numbers.

    `table[l, i, j, m]` is what level m of pixel j adds to logit l of pixel i; pixels are numbered
    row by row. Only entries with j < i are there, so the network is causal until somebody plants
    a leak. Maps whole numbers (n, h, w) to logits (n, levels, h, w).
    """

    def __init__(self, rng: np.random.Generator, shape: tuple[int, int], levels: int):
        self.shape, self.levels, d = shape, levels, math.prod(shape)
        self.bias = rng.normal(0, 0.7, size=(levels, d))
        table = rng.normal(0, 0.7, size=(levels, d, d, levels))
        self.table = table * np.tri(d, k=-1)[None, :, :, None]

    def one_hot(self, x: Any) -> np.ndarray:
        """Pictures as (n, d, levels); AssertionError when they are no pictures."""
        x, shape = np.asarray(x), ", ".join(map(str, self.shape))
        what = "what you give to `logits`"
        right = x.ndim == 3 and x.shape[1:] == self.shape
        assert right, f"{what}: pictures of shape (N, {shape}), not {x.shape}"
        assert np.isin(x, np.arange(self.levels)).all(), (
            f"{what}: pictures hold whole numbers from 0 to {self.levels - 1}, and yours go from "
            f"{x.min()} to {x.max()}{LEFT if x.max() == self.levels else ''}"
        )
        return np.eye(self.levels)[x.astype(int).reshape(len(x), -1)]

    def __call__(self, x: Any) -> np.ndarray:
        """Logits (n, levels, h, w) of pictures x (n, h, w)."""
        sums = np.einsum("lijm,njm->nli", self.table, self.one_hot(x), optimize=True)
        return (self.bias + sums).reshape(len(sums), self.levels, *self.shape)

    def joint(self) -> np.ndarray:
        """Probability of every picture, one axis a pixel: all pictures are listed and scored."""
        d = math.prod(self.shape)
        every = np.array(list(product(range(self.levels), repeat=d)))
        logits = log_softmax(self(every.reshape(-1, *self.shape)), axis=1).reshape(
            len(every), -1, d
        )
        picked = np.take_along_axis(logits, every[:, None], axis=1)[:, 0]
        return np.exp(picked.sum(axis=1)).reshape((self.levels,) * d)


def check_chain(
    chain_terms: Callable, rng: np.random.Generator, levels: int = 3, d: int = 4
) -> None:
    """Compare with sums over a list of all pictures; each term is a ratio of two of them."""
    table = rng.dirichlet(np.ones(levels**d)).reshape((levels,) * d)
    x = rng.integers(levels, size=d)
    what = f"the conditionals of a picture of {d} pixels with {levels} levels"
    pictures = list(product(range(levels), repeat=d))

    def mass(keep: set[int]) -> float:
        """Probability that the pixels in `keep` have the levels of x."""
        return sum(table[p] for p in pictures if all(p[k] == x[k] for k in keep))

    before = np.array([mass(set(range(i))) for i in range(d)])
    to = np.append(before[1:], mass(set(range(d))))
    after = np.array([mass(set(range(i + 1, d))) for i in range(d)])
    alone = np.array([mass({i}) for i in range(d)])
    others = np.array([mass(set(range(d)) - {i}) for i in range(d)])
    pairs = [mass({i - 1, i} - {-1}) / mass({i - 1} - {-1}) for i in range(d)]
    right = to / before
    hints = {
        "those are p(x_1 ... x_i), the pixel and all before it; divide by p(x_1 ... x_(i-1))": to,
        "those are p(x_i) alone; the earlier pixels are known": alone,
        "condition on the pixels before, not on all others": to[-1] / others,
        "condition on all pixels before, not on the last of them alone": pairs,
        "condition on the pixels before, not on those after": (
            np.append(to[-1], after[:-1]) / after
        ),
        "those are logarithms; return probabilities": np.log(right),
        "those are p(x_1 ... x_(i-1)), what you divide by": before,
    }
    compare(ask(chain_terms, what, table=table, x=x), right, what, hints=hints, tol=FLOAT32)


def check_bits(
    function: Callable,
    rng: np.random.Generator,
    n: int = 4,
    levels: int = 5,
    shape: tuple[int, int] = (3, 6),
    scale: float = 2.0,
) -> None:
    """Compare log p(x) and bits per dimension with PyTorch; a large `scale`: certain pixels."""
    x, logits = rng.integers(levels, size=(n, *shape)), rng.normal(size=(n, levels, *shape)) * scale
    d = math.prod(shape)
    what = f"{n} pictures of {shape[0]} x {shape[1]} pixels with {levels} levels"
    answer = ask(function, what, x=x, logits=logits)
    found = as_parts(answer, what, "(log_p, bits)")
    nats = F.cross_entropy(torch.tensor(logits), torch.tensor(x), reduction="none")
    right = -nats.flatten(1).sum(1).numpy()
    certain = "exp overflows or log(0) appears; subtract the largest logit first (logsumexp)"
    log_p = each_example(found[0], n, f"log p(x) of {what}", certain)
    assert np.isfinite(log_p).all(), f"log p(x) of {what} is not finite: {certain}"
    compare(log_p, right, f"log p(x) of {what}", hints=_log_mistakes(x, logits, right), tol=FLOAT32)
    bits = -right.mean() / (d * np.log(2))
    hints = {
        "that is in nats; divide by ln 2": bits * np.log(2),
        "divide by ln 2, do not multiply": bits * np.log(2) ** 2,
        "that is bits per picture; divide by the number of pixels, H W": bits * d,
        "that is nats per picture; divide by H W ln 2": -right.mean(),
        "a picture has H W dimensions; the levels do not count": bits / levels,
        "average over the pictures, do not sum": bits * n,
        "the sign is wrong; bits of discrete pictures are never negative": -bits,
        "average the pictures, do not take one of them": -right[0] / (d * np.log(2)),
    }
    compare(found[1], bits, f"bits per dimension of {what}", hints=hints, tol=FLOAT32)


def _log_mistakes(x: np.ndarray, logits: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    """What typical mistakes give for log p(x), (n,) each."""

    def pick(values: np.ndarray) -> np.ndarray:
        return np.take_along_axis(values, x[:, None], axis=1).sum(axis=(1, 2, 3))

    at_best = log_softmax(logits, axis=1).max(axis=1).sum(axis=(1, 2))
    d = x[0].size
    return {
        "log p(x) is a sum over the pixels, not a mean": right / d,
        "that is in bits; use the natural logarithm here": right / np.log(2),
        "that is minus log p(x)": -right,
        "softmax runs over the levels, axis 1; yours runs over the last axis": (
            pick(log_softmax(logits, axis=-1))
        ),
        "softmax runs over the levels, axis 1; yours runs over axis 2": (
            pick(log_softmax(logits, axis=2))
        ),
        "softmax runs over the levels, axis 1; yours runs over the pictures": (
            pick(log_softmax(logits, axis=0))
        ),
        "logits are not normalised; subtract the logsumexp over the levels": pick(logits),
        "that is the most probable level of each pixel; take the level that it has": at_best,
        "add logarithms, not probabilities": pick(softmax(logits, axis=1)),
        "that is the normaliser alone; add the logit of the level that the pixel has": (
            -logsumexp(logits, axis=1).sum(axis=(1, 2))
        ),
    }


def check_draws(
    draw_pixels: Callable,
    rng: np.random.Generator,
    shape: tuple[int, int] = (2, 3),
    levels: int = 3,
    *,
    share: float = 0.4,
    u: float | None = None,
    n: int = 15,
) -> None:
    """Compare drawn pixels with inverse transforms of conditionals summed from all pictures.

    A `share` of the pixels is known. A number for `u` takes the place of half of the random ones;
    for u = 0, level 0 of every pixel is impossible.
    """
    network = Network(rng, shape, levels)
    if u == 0:
        network.bias[0] = -2000.0  # level 0 never happens
    x = rng.integers(1 if u == 0 else 0, levels, size=(n, *shape))
    known = rng.permutation(x[0].size).reshape(shape) < int(share * x[0].size)
    uniform = rng.uniform(size=x.shape)
    if u is not None:
        uniform = np.where(rng.uniform(size=x.shape) < 0.5, u, uniform)
    what = f"pictures of {shape[0]} x {shape[1]} pixels, {known.sum()} known, {levels} levels"
    answer = ask(draw_pixels, what, logits=sealed(network), x=x, known=known, u=uniform)
    answer = as_numbers(answer, x.shape, what)
    assert np.isin(answer, np.arange(levels)).all(), (
        f"{what}: levels are 0 to {levels - 1}, and you return {answer.min():g} to "
        f"{answer.max():g}{LEFT if answer.max() == levels else ''}"
    )
    joint = network.joint()
    right = [draw_one(joint, one, numbers, known) for one, numbers in zip(x, uniform, strict=True)]
    compare(answer, np.array(right), what, hints=_draw_mistakes(network, x, known, uniform))


@peer
def draw_one(joint: np.ndarray, x: np.ndarray, u: np.ndarray, known: np.ndarray) -> np.ndarray:
    """One picture drawn by the numbers u from a table of all pictures; `known` pixels stay."""
    drawn: list[int] = []
    for level, number, stays in zip(x.flat, u.flat, known.flat, strict=True):
        weights = joint[tuple(drawn)].reshape(len(joint), -1).sum(axis=1)
        edges = weights.cumsum() / weights.sum()
        drawn.append(int(level if stays else min((edges <= number).sum(), len(edges) - 1)))
    return np.array(drawn).reshape(x.shape)


def _draw_mistakes(
    network: Network, x: np.ndarray, known: np.ndarray, u: np.ndarray
) -> dict[str, Any]:
    last = network.levels - 1

    def level(p: np.ndarray, u: np.ndarray) -> np.ndarray:
        return np.minimum((p.cumsum(axis=1) <= u[:, None]).sum(axis=1), last)

    def at_once(start: np.ndarray) -> np.ndarray:
        return np.where(known, x, level(softmax(network(start), axis=1), u))

    def walk(pick: Callable = level, fixed: np.ndarray = known, turned: bool = False) -> np.ndarray:
        out, places = np.where(fixed, x, 0), list(np.ndindex(*network.shape))
        for place in sorted(places, key=lambda p: p[::-1]) if turned else places:
            if not fixed[place]:
                here = (slice(None), *place)
                p = softmax(network(out), axis=1)[(slice(None), slice(None), *place)]
                out[here] = pick(p, u[here])
        return out

    return {
        "draw one pixel after the other; each needs the logits that the pixels before it give": (
            at_once(np.where(known, x, 0))
        ),
        "the logits must see what you have drawn, not what stood in the hidden pixels": at_once(x),
        "take the level that u names, not the most probable one": walk(lambda p, u: p.argmax(1)),
        "row by row, please; you go column by column": walk(turned=True),
        "known pixels keep their levels": walk(fixed=np.zeros_like(known)),
        "a level of probability 0 must not be drawn: u = 0 names the first that is possible": walk(
            lambda p, u: np.minimum((p.cumsum(axis=1) < u[:, None]).sum(axis=1), last)
        ),
        "one level too many: count the sums that are not larger than u": walk(
            lambda p, u: np.minimum(level(p, u) + 1, last)
        ),
        "one level too few: count the sums that are not larger than u": walk(
            lambda p, u: np.maximum(level(p, u) - 1, 0)
        ),
        "add up probabilities from level 0, not from the last one": walk(
            lambda p, u: last - level(p[:, ::-1], u)
        ),
        "no sum is larger than u here, and argmax of nothing is 0; take the last level then": walk(
            lambda p, u: (p.cumsum(axis=1) > u[:, None]).argmax(axis=1)
        ),
        "every hidden pixel has its own u, at its own place": walk(
            lambda p, _: level(p, u[:, 0, 0])
        ),
    }
