"""The visible tests of chapter 8's homework, task 5: patches, and the best dull answer.

Right answers come from sets of pixels and from the costs of every candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_conditional import ask

Layers = Sequence[tuple[int, int, int]]


@peer
def pixels_of(layers: Layers, i: int) -> tuple[int, int]:
    """First and last pixel that output i sees: sets of pixels, from the last layer back."""
    seen = {i}
    for kernel, stride, padding in reversed(list(layers)):
        seen = {stride * at - padding + tap for at in seen for tap in range(kernel)}
    return min(seen), max(seen)


def check_patch(
    patch_seen: Callable, rng: np.random.Generator, depth: int = 2, i: int | None = None
) -> None:
    """Compare both ends of a patch with sets of pixels."""
    layers = [
        (int(rng.integers(3, 6)), int(rng.integers(1, 4)), int(rng.integers(1, 3)))
        for _ in range(depth)
    ]
    layers[0] = (layers[0][0], 2, layers[0][2])
    i = int(rng.integers(2, 9)) if i is None else i
    what = f"what output {i} of the layers {layers} sees"
    answer = as_parts(ask(patch_seen, what, layers=layers, i=i), what, "(first, last)")
    found = np.array([as_numbers(numbers(v), (), what) for v in answer])
    right = pixels_of(layers, i)
    mistakes = _patch_mistakes(layers, i).items()
    hints = {advice: wrong for advice, wrong in mistakes if not np.allclose(wrong, right)}
    compare(found, np.array(right), what, hints=hints, tol=FLOAT32)


def _patch_mistakes(layers: Layers, i: int) -> dict[str, np.ndarray]:
    """What typical mistakes give for the two ends, (2,) each."""
    right = np.array(pixels_of(layers, i))
    kernels, strides, paddings = np.array(layers).T
    steps = np.cumprod([1, *strides])  # how far one pixel of each layer's input moves the patch
    first, until = right[0], np.array([0, 1])
    unpadded = pixels_of([(k, s, 0) for k, s, _ in layers], i)
    return {
        "the last pixel is seen; yours is one further": right + until,
        "the layers are given from the picture on; yours are turned round": (
            np.array(pixels_of(layers[::-1], i))
        ),
        "padding moves the patch to the left": np.array(unpadded),
        "padding moves the patch to the left, not to the right": 2 * np.array(unpadded) - right,
        "a layer's padding counts in pixels of its own input: multiply it by the strides before": (
            unpadded - paddings.sum()
        ),
        "a layer's kernel is widened by the strides before it, not by its own": (
            first + until * ((kernels - 1) @ steps[1:])
        ),
        "the strides before a layer widen its kernel": first + until * (kernels - 1).sum(),
        "a kernel of k pixels reaches k - 1 further": first + until * (kernels @ steps[:-1]),
        "that is the patch of output 0; each output moves it by the product of all strides": (
            np.array(pixels_of(layers, 0))
        ),
        "the strides multiply: each output moves the patch by their product": (
            right - i * (steps[-1] - 1)
        ),
        "each output moves the patch by the product of the strides, not by their sum": (
            right - i * (steps[-1] - strides.sum())
        ),
        "that is where the patch begins and how wide it is": (np.array([first, np.ptp(right) + 1])),
        "the pair is (first, last)": right[::-1],
        "the patch may begin before the picture: do not cut it": np.maximum(right, 0),
    }


def random_questions(
    rng: np.random.Generator, q: int, v: int, tie: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Values (v,) in any order and p (q, v), drawn until all mistakes give different answers.

    With `tie`, half of the probability lies on each side of a gap, so that many answers are best.
    """
    while True:
        values = rng.permutation(np.sort(rng.normal(0, 3, size=v)) + 0.3 * np.arange(v))
        p = rng.dirichlet(np.full(v, 0.7), size=q)
        if tie:
            order, half = np.argsort(values), v // 2
            for side in (order[:half], order[half:]):
                p[:, side] /= 2 * p[:, side].sum(axis=1, keepdims=True)
            return values, p
        medians = [_weighted_median(values, row) for row in p]
        found = np.array([medians, *_median_mistakes(values, p).values()])
        apart = np.abs(found[:, None] - found).max(axis=2)[np.triu_indices(len(found), 1)]
        if apart.min() > 1e-3:
            return values, p


def check_best(
    best_answers: Callable, rng: np.random.Generator, q: int = 4, v: int = 5, tie: bool = False
) -> None:
    """Compare the mean with sums, and the cost of the other answer with the least one."""
    values, p = random_questions(rng, q, v, tie)
    what = f"the best answers to {q} questions, {v} values"
    found = as_parts(ask(best_answers, what, values=values, p=p), what, "(for squares, for L1)")
    squares, sizes = (as_numbers(numbers(part), (q,), what) for part in found)
    right = p @ values
    hints = {
        "that is the answer for L1; the pair is (for squares, for L1)": (
            np.array([_weighted_median(values, row) for row in p])
        ),
        "that is the likeliest value": values[p.argmax(axis=1)],
        "weigh the values by p": np.full(q, values.mean()),
        "each question has an answer of its own": np.full(q, right.mean()),
        "that is the least cost, not the answer": p @ values**2 - right**2,
    }
    compare(squares, right, f"squares: {what}", hints=hints, tol=FLOAT32)
    _check_cost(sizes, values, p, f"L1: {what}")


def _weighted_median(values: np.ndarray, p: np.ndarray) -> float:
    order = np.argsort(values)
    return float(values[order][np.searchsorted(p[order].cumsum(), 0.5)])


@peer
def costs(answers: np.ndarray, values: np.ndarray, p: np.ndarray) -> np.ndarray:
    """E |x - a| for each question and each of its answers a: (q, m) for answers (q, m)."""
    return (p[:, None] * np.abs(values - answers[..., None])).sum(axis=2)


def _check_cost(found: np.ndarray, values: np.ndarray, p: np.ndarray, what: str) -> None:
    """Assert that E |x - a| is as small as for the best of all values."""
    least = costs(np.tile(values, (len(p), 1)), values, p).min(axis=1)
    mine = costs(found[:, None], values, p)[:, 0]
    if np.allclose(mine, least, rtol=FLOAT32, atol=FLOAT32):
        return
    hints = _median_mistakes(values, p) | {"that is the least cost, not the answer": least}
    for advice, wrong in hints.items():
        assert not np.allclose(found, wrong, rtol=FLOAT32, atol=FLOAT32), f"{what}: {advice}"
    worst = int((mine - least).argmax())
    raise AssertionError(
        f"{what}: for question {worst}, E|x - a| is {mine[worst]:.4f} with your answer and "
        f"{least[worst]:.4f} with the best one"
    )


def _median_mistakes(values: np.ndarray, p: np.ndarray) -> dict[str, np.ndarray]:
    """What typical mistakes give for the answers to absolute differences, (q,) each."""
    q, order = len(p), np.argsort(values)
    index = np.array([np.searchsorted(row.cumsum(), 0.5) for row in p]).clip(max=len(values) - 1)
    found = {
        "that is the mean; it is best for squares": p @ values,
        "that is the likeliest value": values[p.argmax(axis=1)],
        "weigh the values by p: half of the probability on each side, not half of the values": (
            np.full(q, np.median(values))
        ),
        "sort the values before you add up their probabilities": values[index],
        "add up the probabilities in the order of the values, each with its own": (
            values[order][index]
        ),
    }
    shared = {"each question has an answer of its own": p.mean(axis=0)}
    return found | {a: np.full(q, _weighted_median(values, m)) for a, m in shared.items() if q > 1}
