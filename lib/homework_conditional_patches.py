"""Checks of chapter 8's homework, task 5, for patches seen from pixels and for other prices.

Right answers come from sets of pixels and from the prices of every candidate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_conditional import ask

Layer = tuple[int, int, int, int]


@peer
def pixels_of(layers: Sequence[Layer], i: int) -> tuple[int, int]:
    """First and last pixel of output i, layers (kernel, stride, padding, dilation) in order."""
    seen = {i}
    for kernel, stride, padding, dilation in reversed(list(layers)):
        seen = {stride * at - padding + dilation * tap for at in seen for tap in range(kernel)}
    return min(seen), max(seen)


@peer
def outputs_of(layers: Sequence[Layer], pixel: int) -> tuple[int, int]:
    """First and last output that sees a pixel: every output is asked."""
    reach = range(-40, pixel + 60)
    ends = {i: pixels_of(layers, i) for i in reach}
    seen = [i for i in reach if ends[i][0] <= pixel <= ends[i][1]]
    return min(seen), max(seen)


def check_patch(
    patch_seen: Callable,
    rng: np.random.Generator,
    depth: int = 2,
    i: int | None = None,
    *,
    asked: str = "outputs",
    order: str = "kdsp",
) -> None:
    """Compare both ends with sets of pixels.

    `asked`: "outputs", those that see pixel i; "dilated", the pixels that output i sees, layers
    listed from the output back, each with kernel, dilation, stride and padding in this `order`.
    """
    layers = [
        (int(rng.integers(3, 6)), int(rng.integers(1, 4)), int(rng.integers(1, 3)))
        for _ in range(depth)
    ]
    layers[0] = (layers[0][0], 2, layers[0][2])
    i = int(rng.integers(2, 9)) if i is None else i
    if asked == "outputs":
        own = [(*layer, 1) for layer in layers]
        i, given, right = 3 * i + 2, list(layers), outputs_of(own, 3 * i + 2)
        what, mistakes = f"the outputs of the layers {given} that see pixel {i}", _reach_mistakes
        names = {"layers": given, "j": i}
    else:
        own = [(*layer, int(rng.integers(1, 4))) for layer in layers]
        own[0] = (*own[0][:3], 2)
        given = [tuple(layer["kspd".index(name)] for name in order) for layer in reversed(own)]
        right = pixels_of(own, i)
        what, mistakes = f"what output {i} of the layers {given} sees", _dilated_mistakes
        names = {"layers": given, "i": i}
    answer = as_parts(ask(patch_seen, what, **names), what, "(first, last)")
    found = np.array([as_numbers(numbers(v), (), what) for v in answer])
    hints = {a: v for a, v in mistakes(own, i).items() if not np.allclose(v, right)}
    compare(found, np.array(right), what, hints=hints, tol=FLOAT32)


def _reach_mistakes(layers: Sequence[Layer], pixel: int) -> dict[str, np.ndarray]:
    """What typical mistakes give for the first and the last output, (2,) each."""
    right = np.array(outputs_of(layers, pixel))
    plain = [(k, s, p) for k, s, p, _ in layers]

    def forward(round_first: Callable, round_last: Callable, pad: int = 1, less: int = 1) -> Any:
        first = last = pixel
        for kernel, stride, padding in plain:
            first = round_first((first + pad * padding - kernel + less) / stride)
            last = round_last((last + pad * padding) / stride)
        return np.array([first, last])

    return {
        "you were asked which outputs see pixel j; those are the pixels that output j sees": (
            np.array(pixels_of(layers, pixel))
        ),
        "the layers are given from the picture on; yours are turned round": (
            np.array(outputs_of(layers[::-1], pixel))
        ),
        "the first output that sees a pixel: round up, not down": forward(math.floor, math.floor),
        "the last output that sees a pixel: round down, not up": forward(math.ceil, math.ceil),
        "round the first output up and the last one down, not the other way round": (
            forward(math.floor, math.ceil)
        ),
        "padding moves pixels to the right, so pixel j is number j + p of the padded row": (
            forward(math.ceil, math.floor, pad=-1)
        ),
        "padding is missing": forward(math.ceil, math.floor, pad=0),
        "a kernel of k pixels reaches k - 1 further": forward(math.ceil, math.floor, less=0),
        "the last output counts; yours is one further": right + np.array([0, 1]),
        "outputs may lie before the first or behind the last score: do not cut": (
            np.maximum(right, 0)
        ),
        "the pair is (first, last)": right[::-1],
    }


def _dilated_mistakes(layers: Sequence[Layer], i: int) -> dict[str, np.ndarray]:
    right = np.array(pixels_of(layers, i))
    unpadded = np.array(pixels_of([(k, s, 0, d) for k, s, _, d in layers], i))
    return {
        "the layers are listed from the score back to the picture; yours are turned round": (
            np.array(pixels_of(layers[::-1], i))
        ),
        "the taps of a kernel are `dilation` pixels apart": (
            np.array(pixels_of([(k, s, p, 1) for k, s, p, _ in layers], i))
        ),
        "a kernel of k taps reaches (k - 1) dilation further, not k dilation": (
            np.array(pixels_of([(k + 1, s, p, d) for k, s, p, d in layers], i))
        ),
        "padding moves the patch to the left": unpadded,
        "padding moves the patch to the left, not to the right": 2 * unpadded - right,
        "padding is in pixels; the dilation does not stretch it": (
            np.array(pixels_of([(k, s, p * d, d) for k, s, p, d in layers], i))
        ),
        "the dilation spreads the taps; it does not move the output's place as a stride does": (
            np.array(pixels_of([(k, s * d, p, d) for k, s, p, d in layers], i))
        ),
        "that is the patch of output 0; each output moves it by the product of all strides": (
            np.array(pixels_of(layers, 0))
        ),
        "the last pixel is seen; yours is one further": right + np.array([0, 1]),
        "the pair is (first, last)": right[::-1],
        "the patch may begin before the picture: do not cut it": np.maximum(right, 0),
    }


def price(away: np.ndarray, values: np.ndarray, dear: float, relative: bool) -> np.ndarray:
    """What x - a costs: |x - a|, `dear` times as much where x is above; or divided by x."""
    cost = np.where(away > 0, dear, 1.0) * np.abs(away)
    return cost / values if relative else cost


@peer
def costs(
    answers: np.ndarray, values: np.ndarray, p: np.ndarray, dear: float, relative: bool
) -> np.ndarray:
    """Expected price for each question and each of its answers a: (q, m) for answers (q, m)."""
    each = price(values - answers[..., None], values, dear, relative)
    return (p[:, None] * each).sum(axis=2)


def quantile(values: np.ndarray, p: np.ndarray, level: float) -> float:
    """The least of the values with this share of all p at or below it."""
    order = np.argsort(values)
    return float(values[order][np.searchsorted(p[order].cumsum() / p.sum(), level)])


def check_best(
    best_answers: Callable,
    rng: np.random.Generator,
    q: int = 4,
    v: int = 5,
    tie: bool = False,
    *,
    dear: float = 1.0,
    relative: bool = False,
) -> None:
    """Compare one answer with a formula, and the cost of the other with the least one.

    Without `relative`: the likeliest value, and the cost where x > a is `dear` times as dear.
    With it: squares and sizes of (x - a) / x. With `tie`, many answers are best.
    """
    values, p = _questions(rng, q, v, dear, relative, tie)
    what = f"the best answers to {q} questions, {v} values"
    names = (
        "(for relative squares, for relative L1)" if relative else "(for hits, for one-sided L1)"
    )
    found = as_parts(ask(best_answers, what, values=values, p=p), what, names)
    first, second = (as_numbers(numbers(part), (q,), what) for part in found)
    other = np.array([_best_size(values, row, dear, relative) for row in p])
    if relative:
        right = (p / values).sum(axis=1) / (p / values**2).sum(axis=1)
        hints = {
            "an error of 1 weighs less where x is large: the price is ((x - a) / x)^2; the mean "
            "is best for plain squares": p @ values,
            "that is the harmonic mean; minimise E[(x - a)^2 / x^2]": 1 / (p / values).sum(axis=1),
            "divide by x, not by the answer: the best one is no ratio of E[x^2] and E[x]": (
                (p @ values**2) / (p @ values)
            ),
        }
    else:
        right = values[p.argmax(axis=1)]
        hints = {
            "the price is 1 for every miss, however small; the mean is best for squares": p
            @ values,
            "that is the largest probability, not its value": p.max(axis=1),
            "that is an index; return the value": p.argmax(axis=1).astype(float),
        }
    hints["that is the second answer; the pair is " + names] = other
    label = f"{'relative squares' if relative else 'hits'}: {what}"
    compare(first, right, label, hints=hints, tol=FLOAT32)
    label = f"{'relative L1' if relative else 'one-sided L1'}: {what}"
    _check_cost(second, values, p, dear, relative, label)


def _questions(
    rng: np.random.Generator, q: int, v: int, dear: float, relative: bool, tie: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Values (v,) above 0 in any order and p (q, v), on which mistakes give other answers."""
    level = dear / (1 + dear)
    while True:
        values = rng.permutation(np.sort(rng.gamma(2.0, 1.5, size=v)) + 0.3 * np.arange(1, v + 1))
        p = rng.dirichlet(np.full(v, 0.7), size=q)
        if tie:
            order, half, weight = np.argsort(values), v // 2, values if relative else 1 + 0 * values
            p = p / weight
            for side, share in ((order[:half], level), (order[half:], 1 - level)):
                p[:, side] *= share / p[:, side].sum(axis=1, keepdims=True)
            p = p * weight
            return values, p / p.sum(axis=1, keepdims=True)
        found = np.array([_best_size(values, row, dear, relative) for row in p])
        wrong = _size_mistakes(values, p, dear, relative).values()
        if all(np.abs(found - one).max() > 1e-3 for one in wrong):
            return values, p


def _best_size(values: np.ndarray, p: np.ndarray, dear: float, relative: bool) -> float:
    return quantile(values, p / values if relative else p, dear / (1 + dear))


def _check_cost(
    found: np.ndarray, values: np.ndarray, p: np.ndarray, dear: float, relative: bool, what: str
) -> None:
    """Assert that the expected price is as small as for the best of all values."""
    least = costs(np.tile(values, (len(p), 1)), values, p, dear, relative).min(axis=1)
    mine = costs(found[:, None], values, p, dear, relative)[:, 0]
    if np.allclose(mine, least, rtol=FLOAT32, atol=FLOAT32):
        return
    hints = _size_mistakes(values, p, dear, relative) | {"that is the least cost": least}
    for advice, wrong in hints.items():
        assert not np.allclose(found, wrong, rtol=FLOAT32, atol=FLOAT32), f"{what}: {advice}"
    worst = int((mine - least).argmax())
    raise AssertionError(
        f"{what}: for question {worst}, the expected price is {mine[worst]:.4f} with your answer "
        f"and {least[worst]:.4f} with the best one"
    )


def _size_mistakes(
    values: np.ndarray, p: np.ndarray, dear: float, relative: bool
) -> dict[str, np.ndarray]:
    """What typical mistakes give for the second answer, (q,) each."""

    def each(level: float, weights: np.ndarray = p) -> np.ndarray:
        return np.array([quantile(values, row, level) for row in weights])

    if relative:
        return {
            "divided by x, a miss of a dark value costs more: weigh each value by p / x before "
            "you look for the middle; yours is the median of p": each(0.5),
            "weigh by p / x, not by p x": each(0.5, p * values),
        }
    level = dear / (1 + dear)
    return {
        f"x above the answer costs {dear:g} times as much as x below it: the best answer has the "
        f"share {level:.3g} of the probability below it, not one half": each(0.5),
        "too low an answer is the dear one: move it up, not down": each(1 - level),
    }
