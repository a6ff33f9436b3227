"""Tests of chapter 6's homework, task 2, asked in other ways.

Several steps back, between two neighbours, or without shrinking. Right answers come from the joint
covariance of the whole chain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_diffusion import OWN_T, ask, each, random_betas, retained
from lib.homework_vae import each_example


@peer
def conditioned(
    parts: list[tuple[float, float]], target: int, known: tuple[int, int]
) -> tuple[float, float, float]:
    """x_target given two other x: their factors, and the variance.

    `parts` are factor and added variance of each step, from x_0 of variance 1.
    """
    size = len(parts) + 1
    covariance = np.eye(size)
    for k, (a, added) in enumerate(parts, start=1):
        covariance[k, :k] = covariance[:k, k] = a * covariance[k - 1, :k]
        covariance[k, k] = a**2 * covariance[k - 1, k - 1] + added
    seen = list(known)
    factors = np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[seen, target])
    return (*factors, covariance[target, target] - factors @ covariance[seen, target])


#: Kind of task 2 -> arguments of the student's function, what is asked for.
ASKED = {
    "back": (("x0", "xt"), "x_(t-{back}) given x_t and x_0"),
    "between": (("before", "after"), "x_t given x_(t-1) and x_(t+1)"),
    "growing": (("x0", "xt"), "x_(t-1) given x_t and x_0, nothing shrinks"),
}
#: What to say to who solves the lesson's task instead.
REMINDERS = {
    "back": "that is one step back; here it goes {back} steps at once: read the task again",
    "between": "both neighbours are known here, not x_0 and x_t: read the task again",
    "growing": "nothing shrinks here, `noise` holds variances v_t, no bar alpha_t: read it again",
}


def check_posterior(
    posterior: Callable,
    rng: np.random.Generator,
    shape: tuple[int, ...] = (4, 3),
    steps: int = 6,
    first: bool = False,
    *,
    kind: str = "growing",
    back: int = 1,
) -> None:
    """Compare mean and variance with the joint covariance; `first`: t is as early as possible."""
    rates, low = random_betas(rng, steps), back
    high = steps - 1 if kind == "between" else steps
    parts = [(1.0, r) if kind == "growing" else (float(np.sqrt(1 - r)), float(r)) for r in rates]
    table = np.append(0, rates.cumsum()) if kind == "growing" else retained(rates)
    one, other = rng.normal(0, 2, size=(2, *shape))
    t = np.full(shape[0], low)
    if not first:
        t = rng.integers(low, high + 1, size=shape[0])
        t[:2] = rng.permutation(high + 1 - low)[:2] + low  # two different ones
    names, asked = ASKED[kind]
    what = f"{asked.format(back=back)}, {shape[0]} examples, steps t = {', '.join(map(str, t))}"
    given = dict(zip(names, (one, other), strict=True)) | {"t": t}
    given["noise" if kind == "growing" else "alpha_bar"] = table
    found = as_parts(ask(posterior, what, **given), what, "(mean, variance)")
    places = [(k, (k - 1, k + 1)) if kind == "between" else (k - back, (0, k)) for k in map(int, t)]
    right = np.array([conditioned(parts, *place) for place in places]).T
    reminder = REMINDERS[kind].format(back=back)
    with np.errstate(all="ignore"):
        pairs = _bridge_mistakes(kind, table, t, back, right)
        lesson = _lesson_bridge(table[t], table[t - 1])
        pairs |= {reminder: lesson, OWN_T: [row[0] + 0 * row for row in right]}

    def mean_of(factors: Any) -> np.ndarray:
        return each(factors[0], one) * one + each(factors[1], one) * other

    means = {advice: mean_of(row) for advice, row in pairs.items()}
    variances = {advice: row[2] for advice, row in pairs.items()}
    variances |= {"that is the standard deviation": np.sqrt(np.maximum(right[2], 0))}
    mean = as_numbers(numbers(found[0]), shape, f"the mean of {what}", reminder)
    compare(mean, mean_of(right), f"the mean of {what}", hints=means, tol=FLOAT32)
    spread = each_example(found[1], shape[0], f"the variance of {what}", reminder)
    compare(spread, right[2], f"the variance of {what}", hints=variances, tol=FLOAT32)


@peer
def _lesson_bridge(now: np.ndarray, before: np.ndarray) -> list[np.ndarray]:
    """Factors of x_0 and x_t, and variance, of the lesson's step back, from two bar alphas."""
    alpha = now / before
    return [
        np.sqrt(before) * (1 - alpha) / (1 - now),
        np.sqrt(alpha) * (1 - before) / (1 - now),
        (1 - before) / (1 - now) * (1 - alpha),
    ]


def _bridge_mistakes(
    kind: str, table: np.ndarray, t: np.ndarray, back: int, right: np.ndarray
) -> dict[str, list[np.ndarray]]:
    """Factors and variances that typical mistakes give."""
    on_one, on_other, variance = right
    found = {"the two factors are exchanged": [on_other, on_one, variance]}
    if kind == "between":
        return found | _between_mistakes(table[t - 1], table[t], table[t + 1], right)
    if kind == "growing":
        return found | _growing_mistakes(table[t - 1], table[t], variance)
    now, before = table[t], table[t - back]
    beta, forward = 1 - now / table[t - 1], 1 - now / before
    return found | {
        f"the way back has the noise of {back} steps, not of step t alone": [
            np.sqrt(before) * beta / (1 - now), on_other, (1 - before) / (1 - now) * beta
        ],
        "the factors have the roots of what is left": [
            before * forward / (1 - now), now / before * (1 - before) / (1 - now), variance
        ],
        "that is x_s given x_0 alone; x_t tells more": [np.sqrt(before), 0 * before, 1 - before],
        "that is the variance of the way forward; x_0 is known as well": [
            0 * now, np.sqrt(before / now), forward
        ],
    }  # fmt: skip


def _between_mistakes(
    before: np.ndarray, now: np.ndarray, after: np.ndarray, right: np.ndarray
) -> dict[str, list[np.ndarray]]:
    past, future = now / before, after / now
    b, c, whole = 1 - past, 1 - future, 1 - past * future
    return {
        "divide by 1 - alpha_t alpha_(t+1), so that the precisions add up": [
            np.sqrt(past) * c, np.sqrt(future) * b, b * c
        ],
        "x_(t-1) alone gives this; x_(t+1) tells more": [np.sqrt(past), 0 * b, b],
        "x_(t+1) alone gives this; x_(t-1) tells more": [0 * b, 1 / np.sqrt(future), c],
        "the factors have the roots of alpha_t and of alpha_(t+1)": [
            past * c / whole, future * b / whole, right[2]
        ],
        "x_(t+1) is x_t times sqrt(alpha_(t+1)), which counts in the precision": [
            np.sqrt(past) * c / (b + c), b / np.sqrt(future) / (b + c), b * c / (b + c)
        ],
        "use beta_t and beta_(t+1), not the noise since x_0": [right[0], right[1], 1 - now],
    }  # fmt: skip


def _growing_mistakes(
    before: np.ndarray, now: np.ndarray, variance: np.ndarray
) -> dict[str, list[np.ndarray]]:
    share, zero = before / now, 0 * now
    return {
        "v_t holds variances: no square": [1 - share**2, share**2, variance**2],
        "v_t holds variances: no root": [1 - share**0.5, share**0.5, variance**0.5],
        "that is the variance of x_(t-1) given x_0 alone; x_t tells more": [1 + zero, zero, before],
        "that is the variance of the step forward; x_0 is known as well": [
            zero, 1 + zero, now - before
        ],
    }  # fmt: skip
