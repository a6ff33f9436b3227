"""Tests of chapter 6's homework, task 1, for leaps where noise comes in otherwise.

Right answers come from one step after the other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers
from lib.homework_diffusion import COLUMNS, OWN_T, ask, each, random_betas
from lib.homework_diffusion_process import Process, read_as


def check_diffuse(
    diffuse: Callable,
    rng: np.random.Generator,
    shape: tuple[int, ...] = (4, 3),
    steps: int = 6,
    **form: object,
) -> None:
    """Compare x_t with a factor and a variance carried through the steps; each row has its t."""
    process, rates = Process(**form), random_betas(rng, steps)
    x0, eps = rng.normal(0, 2, size=shape), rng.normal(size=shape)
    t = rng.integers(1, steps + 1, size=shape[0])
    t[:2] = rng.permutation(steps)[:2] + 1  # two different ones
    what = f"x_t for {shape[0]} examples of shape {shape[1:]}, {steps} steps"
    table = process.table(rates)
    answer = ask(diffuse, what, x0=x0, t=t, eps=eps, **{process.named: table})
    all_t = process.course(rates)

    def at(t: np.ndarray) -> np.ndarray:
        return process.mix(x0, eps, *all_t[t].T)

    single = np.array([process.parts(rates)[k - 1] for k in t])
    hints = _leap_mistakes(process, x0, eps, *all_t[t].T, table[t]) | {
        f"entry t of `{process.named}` belongs to step t, entry 0 to the data; one step behind": (
            at(t - 1)
        ),
        f"entry t of `{process.named}` belongs to step t, entry 0 to the data; one step ahead": (
            at(np.minimum(t + 1, steps))
        ),
        "that is a single step; from x_0 all steps up to t count": process.mix(x0, eps, *single.T),
        OWN_T: at(t[[0]]),
    }
    right = at(t)
    if x0.ndim == 2 and shape[0] == shape[1]:
        factor, variance = all_t[t].T
        hints[COLUMNS] = process.end[0] + factor * (x0 - process.end[0]) + np.sqrt(variance) * eps
    values = as_numbers(numbers(answer), shape, what, process.reminder)
    compare(values, right, what, hints=hints, tol=FLOAT32)


def _leap_mistakes(
    process: Process,
    x: np.ndarray,
    eps: np.ndarray,
    factor: np.ndarray,
    variance: np.ndarray,
    entry: np.ndarray,
) -> dict[str, np.ndarray]:
    """What typical mistakes give; `entry` is what the table says, read as bar alpha."""
    mix = process.mix
    right = mix(x, eps, factor, variance)
    with np.errstate(invalid="ignore"):
        lesson = each(np.sqrt(entry), x) * x + each(np.sqrt(1 - entry), x) * eps
        found = {
            process.reminder: lesson,
            "the noise is multiplied by the root of its variance": mix(x, eps, factor, variance**2),
            "add the noise": 2 * mix(x, eps, factor, 0 * variance) - right,
            "that is the mean; add the noise": mix(x, eps, factor, 0 * variance),
        }
        found |= (_growing if process.power else _shrinking)(process, x, eps, factor, variance)
        if process.unit:
            wrong = read_as(process, entry, "nats")
            found[f"the levels are in {process.unit}; turn them into ratios first"] = mix(
                x, eps, np.sqrt(wrong), 1 - wrong
            )
    return found


def _growing(
    process: Process, x: np.ndarray, eps: np.ndarray, factor: np.ndarray, variance: np.ndarray
) -> dict[str, np.ndarray]:
    """What mistakes give where nothing shrinks."""
    shrunk = 1 / np.sqrt(1 + variance)
    return {
        "the variance of the noise is v_t; mind the data's variance in the ratio": process.mix(
            x, eps, factor, variance / process.power
        ),
        "yours is the ratio; the variance of the noise is one over it": process.mix(
            x, eps, factor, process.power**2 / variance
        ),
        "nothing shrinks here": process.mix(x, eps, shrunk, variance * shrunk**2),
    }


def _shrinking(
    process: Process, x: np.ndarray, eps: np.ndarray, factor: np.ndarray, variance: np.ndarray
) -> dict[str, np.ndarray]:
    """What mistakes give where x shrinks towards the mean of the end."""
    mix, (centre, spread) = process.mix, process.end
    return {
        "x is multiplied by the root of what is left": mix(x, eps, factor**2, variance),
        "the two factors are exchanged": mix(
            x, eps, np.sqrt(variance) / spread, factor**2 * spread**2
        ),
        "the noise has the spread of the end": mix(x, eps, factor, variance / spread**2),
        "the spread of the end is squared in the variance": mix(x, eps, factor, variance / spread),
        "what shrinks is the distance to the mean of the end": (
            mix(x, eps, factor, variance) - (1 - each(factor, x)) * centre
        ),
    }


def check_jump(
    jump: Callable,
    rng: np.random.Generator,
    steps: int = 7,
    pair: tuple[int, int] | None = None,
    shape: tuple[int, ...] = (3, 2),
    **form: object,
) -> None:
    """Compare x_t from x_s with a factor and a variance carried from s to t."""
    process, rates = Process(**form), random_betas(rng, steps)
    s, t = pair or (int(rng.integers(2, steps - 2)), steps - 1)
    xs, eps = rng.normal(0, 2, size=shape), rng.normal(size=shape)
    what, table = f"x_{t} from x_{s}", process.table(rates)
    answer = ask(jump, what, xs=xs, s=s, t=t, eps=eps, **{process.named: table})
    values = as_numbers(numbers(answer), shape, what, process.reminder)

    def leap(s: int, t: int) -> np.ndarray:
        return process.mix(xs, eps, *process.moments(rates, s, t))

    factor, variance = process.moments(rates, s, t)
    so_far = process.moments(rates, 0, t)
    hints = {
        "x_s is not x_0: what was lost up to s is lost already": leap(0, t),
        "all noise up to t is too much: x_s holds a part of it": process.mix(
            xs, eps, factor, so_far[1]
        ),
        "that is the last step alone": leap(t - 1, t),
        "the step to s has been made already; begin with s + 1": leap(max(s - 1, 0), t),
        "step t is a part of the way": leap(s, t - 1),
    }
    with np.errstate(all="ignore"):
        before = process.moments(rates, 0, s)[1]
        spreads = (np.sqrt(so_far[1]) - np.sqrt(before)) ** 2
        hints["variances differ, not standard deviations"] = process.mix(xs, eps, factor, spreads)
        entry = np.divide(table[t], table[s])
    found = _leap_mistakes(process, xs, eps, factor, variance, entry)
    compare(values, leap(s, t), what, hints=found | hints, tol=FLOAT32)
