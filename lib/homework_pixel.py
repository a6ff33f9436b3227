"""The visible tests of chapter 5's homework, task 1: the chain rule and bits; and a black box.

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

from lib.homework import compare
from lib.homework_asking import (
    FLOAT32,
    as_parts,
    ask_without,
    peer,
    peers_switched_off,
)
from lib.homework_pixel_scans import earlier, ranks
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

LEFT = "; a sum of probabilities rounds to a little less than 1: keep the last level for the rest"


def ask(function: Callable, what: str, **given: Any) -> Any:
    """The student's answer, computed while the solutions of book and tests are switched off."""
    with peers_switched_off():
        return ask_without(ANSWERS, function, what, given)


class Network:
    """A black box for students: the logits of every pixel, from tables of random numbers.

    `table[l, i, j, m]` is what level m of pixel j adds to logit l of pixel i; pixels are numbered
    row by row. Only entries with j before i are there, so the network is causal until somebody
    plants a leak. `when` has the time of each pixel, (h, w); usually that is raster order. Maps
    whole numbers (n, h, w) to logits (n, levels, h, w).
    """

    def __init__(
        self,
        rng: np.random.Generator,
        shape: tuple[int, int],
        levels: int,
        when: np.ndarray | None = None,
    ):
        self.shape, self.levels, d = shape, levels, math.prod(shape)
        self.bias = rng.normal(0, 0.7, size=(levels, d))
        table = rng.normal(0, 0.7, size=(levels, d, d, levels))
        self.before = earlier(ranks(shape) if when is None else when)
        self.table = table * self.before[None, :, :, None]

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


#: In which order a chain takes the pixels 0, ..., d - 1, and how the task says it.
CHAINS: dict[str, tuple[Callable[[int], list[int]], str]] = {
    "forward": (lambda d: [*range(d)], "from the first pixel to the last"),
    "backward": (lambda d: [*range(d)][::-1], "from the last pixel to the first"),
    "odd first": (
        lambda d: [*range(0, d, 2), *range(1, d, 2)],
        "first x_1, x_3, x_5, ..., then x_2, x_4, ...",
    ),
    "even first": (
        lambda d: [*range(1, d, 2), *range(0, d, 2)],
        "first x_2, x_4, ..., then x_1, x_3, x_5, ...",
    ),
}
#: What a term of the chain is, from a probability, and its name.
TERMS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "p": (lambda p: p, "probabilities"),
    "nats": (lambda p: -np.log(p), "minus natural logarithms"),
    "bits": (lambda p: -np.log2(p), "minus logarithms to base 2"),
}


def check_chain(
    chain_terms: Callable,
    rng: np.random.Generator,
    levels: int = 3,
    d: int = 4,
    *,
    order: str = "forward",
    unit: str = "p",
) -> None:
    """Compare with sums over a list of all pictures; each term is a ratio of two of them.

    `order` is one of CHAINS, `unit` one of TERMS. Entry i of the answer belongs to pixel i.
    """
    table = rng.dirichlet(np.ones(levels**d)).reshape((levels,) * d)
    x = rng.integers(levels, size=d)
    what = f"the terms of a picture of {d} pixels with {levels} levels"
    parts, term = _chain_parts(table, x, order), TERMS[unit][0]
    right = term(parts["right"])
    hints = {advice: term(p) for advice, p in _chain_mistakes(table, x, order, parts).items()}
    for other in CHAINS.keys() - {order}:
        turned = f"the chain goes {CHAINS[order][1]}; yours {CHAINS[other][1]}"
        terms = _chain_parts(table, x, other)["right"]
        hints[turned] = term(terms)
        if other == "forward" and unit != "p":
            hints[f"{turned}; return {TERMS[unit][1]}, not probabilities"] = terms
    for change, name in TERMS.values():
        hints[f"those are {name}; return {TERMS[unit][1]}"] = change(parts["right"])
    hints["those are logarithms without the minus"] = -right
    hints["those are logarithms; return probabilities"] = np.log(parts["right"])
    compare(ask(chain_terms, what, table=table, x=x), right, what, hints=hints, tol=FLOAT32)


@peer
def _chain_parts(table: np.ndarray, x: np.ndarray, order: str) -> dict[str, np.ndarray]:
    """For each pixel, (d,): p of all before it, p of it and those, and their ratio, "right"."""
    d, walk = len(x), CHAINS[order][0](len(x))
    before = np.array([_mass(table, x, set(walk[: walk.index(i)])) for i in range(d)])
    to = np.array([_mass(table, x, set(walk[: walk.index(i) + 1])) for i in range(d)])
    return {"before": before, "to": to, "right": to / before}


@peer
def _mass(table: np.ndarray, x: np.ndarray, keep: set[int]) -> float:
    """Probability that the pixels in `keep` have the levels of x."""
    pictures = product(range(len(table)), repeat=len(x))
    return sum(table[p] for p in pictures if all(p[k] == x[k] for k in keep))


def _chain_mistakes(
    table: np.ndarray, x: np.ndarray, order: str, parts: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """What typical mistakes give for the terms, as probabilities."""
    d, walk = len(x), CHAINS[order][0](len(x))
    last = {i: {walk[k - 1]} if k else set() for k, i in enumerate(walk)}
    alone = np.array([_mass(table, x, {i}) for i in range(d)])
    others = np.array([_mass(table, x, set(range(d)) - {i}) for i in range(d)])
    pairs = [_mass(table, x, {i} | last[i]) / _mass(table, x, last[i]) for i in range(d)]
    after = np.array([_mass(table, x, set(walk[walk.index(i) + 1 :])) for i in range(d)])
    from_here = np.array([_mass(table, x, set(walk[walk.index(i) :])) for i in range(d)])
    return {
        "that is p of the pixel and all before it; divide by p of those before it, as in "
        "p(x_1 ... x_i) / p(x_1 ... x_(i-1))": parts["to"],
        "those are p(x_i) alone; the earlier pixels are known": alone,
        "condition on the pixels before, not on all others": table[tuple(x)] / others,
        "condition on all pixels before, not on the last of them alone": np.array(pairs),
        "condition on the pixels before, not on those after": from_here / after,
        "that is p of the pixels before, what you divide by": parts["before"],
        "entry i belongs to pixel i; yours stand in the order of the chain": parts["right"][walk],
    }


def check_bits(
    function: Callable,
    rng: np.random.Generator,
    n: int = 4,
    levels: int = 5,
    shape: tuple[int, int] = (3, 6),
    scale: float = 2.0,
    *,
    axes: str = "nlij",
    log: str = "nats",
    rate: str = "bits",
    given: bool = False,
    sure: float = 0.0,
) -> None:
    """Compare log p(x) and bits per dimension with PyTorch; a large `scale`: certain pixels.

    By `sure` the logit of a wrong level is raised at one pixel.

    `axes` are those of the logits: n pictures, l levels, i rows, j columns. `log` and `rate` are
    the units of the two answers; a `rate` may be "perplexity". With `given`, the first pixels of
    each picture are -1 and do not count.
    """
    x, logits = rng.integers(levels, size=(n, *shape)), rng.normal(size=(n, levels, *shape)) * scale
    d = math.prod(shape)
    if given:
        x[np.arange(d).reshape(shape) < rng.integers(1, d, size=n)[:, None, None]] = -1
    logits[0, (x[0, -1, -1] + 1) % levels, -1, -1] += sure
    what = f"{n} pictures of {shape[0]} x {shape[1]} pixels with {levels} levels"
    turned = np.ascontiguousarray(logits.transpose(["nlij".index(axis) for axis in axes]))
    found = as_parts(ask(function, what, x=x, logits=turned), what, f"(log_p, {rate})")
    right = _log_p(x, logits)
    certain = "exp overflows or log(0) appears; subtract the largest logit first (logsumexp)"
    log_p = each_example(found[0], n, f"log p(x) of {what}", certain)
    assert np.isfinite(log_p).all(), f"log p(x) of {what} is not finite: {certain}"
    unit = {"nats": 1.0, "bits": math.log(2)}[log]
    hints = _log_mistakes(x, logits, right, axes, log) | _misread(x, turned, axes, unit)
    compare(log_p, right / unit, f"log p(x) of {what}", hints=hints, tol=FLOAT32)
    _check_rate(found[1], rate, right, x, levels, what)


@peer
def _log_p(x: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """log p(x) in nats, (n,), from PyTorch; pixels of -1 do not count."""
    target, values = torch.tensor(x), torch.tensor(logits)
    nats = F.cross_entropy(values, target, reduction="none", ignore_index=-1)
    return -nats.flatten(1).sum(1).numpy()


def _misread(x: np.ndarray, turned: np.ndarray, axes: str, unit: float) -> dict[str, np.ndarray]:
    """log p(x) when the axes of the logits are taken for (picture, level, row, column)."""
    n, (h, w) = len(x), x.shape[1:]
    names = {"n": "picture", "l": "level", "i": "row", "j": "column"}
    if axes == "nlij" or turned.shape[:1] + turned.shape[2:] != (n, h, w) or x.min() < 0:
        return {}
    order = ", ".join(names[axis] for axis in axes)
    advice = f"the axes of the logits are ({order}); you read (picture, level, row, column)"
    wrong = _log_p(x, turned)
    return {advice: wrong, f"{advice}, and the unit is another": wrong / (1 if unit > 1 else unit)}


@np.errstate(over="ignore")  # what a wrong answer would be may be huge
def _check_rate(
    answer: Any, rate: str, log_p: np.ndarray, x: np.ndarray, levels: int, what: str
) -> None:
    """Compare bits, nats or perplexity per dimension; pixels of -1 do not count."""
    names = {"bits": "bits per dimension", "nats": "nats per dimension", "perplexity": "perplexity"}
    counts, n = (x >= 0).sum(axis=(1, 2)), len(x)
    nats, d = -log_p.sum() / counts.sum(), counts.mean()
    bits = nats / np.log(2)
    values = {"bits": bits, "nats": nats, "perplexity": np.exp(nats)}
    right = values[rate]
    hints = {
        "that is in nats; divide by ln 2": nats,
        "divide by ln 2, do not multiply": nats * np.log(2),
        "that is bits per picture; divide by the number of pixels, H W": bits * d,
        "that is nats per picture; divide by H W ln 2": nats * d,
    }
    if rate != "bits":
        hints = {f"that is {names[k]}; return {names[rate]}": v for k, v in values.items()}
        hints["that is for a whole picture; divide by its number of pixels"] = nats * d
    if rate == "perplexity":
        hints |= _perplexity_mistakes(nats, -log_p / counts, counts.sum() / x.size)
    hints |= {
        "a picture has H W dimensions; the levels do not count": right / levels,
        "average over the pictures, do not sum": right * n,
        "the sign is wrong; bits of discrete pictures are never negative": -right,
        "average the pictures, do not take one of them": right * log_p[0] / log_p.mean(),
    }
    compare(answer, right, f"{names[rate]} of {what}", hints=hints, tol=FLOAT32)


def _perplexity_mistakes(nats: float, each: np.ndarray, share: float) -> dict[str, float]:
    """What typical mistakes give; `each` are the nats of the pictures, `share` what counts."""
    pooled = "sum all terms first, then divide by the number of all of them"
    return {
        "exp goes with nats; yours is exp of bits": np.exp(nats / np.log(2)),
        "2 to a power goes with bits; yours is 2 to the power of nats": 2**nats,
        "the minus is missing in the exponent": np.exp(-nats),
        "divide by the number of pixels that count, not by that of all": np.exp(nats * share),
        f"{pooled}; yours is a mean of perplexities": np.exp(each).mean(),
        f"{pooled}; yours is a mean of means": np.exp(each.mean()),
    }


def _log_mistakes(
    x: np.ndarray, logits: np.ndarray, right: np.ndarray, axes: str, log: str
) -> dict[str, Any]:
    """What typical mistakes give for log p(x), (n,) each."""
    counted, unit = x >= 0, {"nats": 1.0, "bits": math.log(2)}[log]

    def pick(values: np.ndarray, counted: np.ndarray = counted) -> np.ndarray:
        chosen = np.take_along_axis(values, x[:, None], axis=1)[:, 0]
        return (chosen * counted).sum(axis=(1, 2))

    at_best = (log_softmax(logits, axis=1).max(axis=1) * counted).sum(axis=(1, 2))
    level = axes.index("l")
    softmaxes = {
        f"softmax runs over the levels, axis {level}; yours runs over "
        + {"n": "the pictures", axes[-1]: "the last axis"}.get(axis, f"axis {axes.index(axis)}"): (
            pick(log_softmax(logits, axis="nlij".index(axis)))
        )
        for axis in "nij"
    }
    found = softmaxes | {
        "log p(x) is a sum over the pixels, not a mean": right / counted.sum(axis=(1, 2)),
        "that is minus log p(x)": -right,
        "logits are not normalised; subtract the logsumexp over the levels": pick(logits),
        "that is the most probable level of each pixel; take the level that it has": at_best,
        "add logarithms, not probabilities": pick(softmax(logits, axis=1)) * unit,
        "that is the normaliser alone; add the logit of the level that the pixel has": (
            -(logsumexp(logits, axis=1) * counted).sum(axis=(1, 2))
        ),
        "a pixel of -1 is given and does not count; you score its last level": (
            pick(log_softmax(logits, axis=1), np.ones_like(counted))
        ),
    }
    found = {advice: value / unit for advice, value in found.items()}
    if log == "nats":
        return found | {"that is in bits; use the natural logarithm here": right / np.log(2)}
    return found | {"that is in nats; use the logarithm to base 2 here": right}
