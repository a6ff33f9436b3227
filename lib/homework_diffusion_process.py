"""Tests of chapter 6's homework, task 1, where noise comes in otherwise than in the lesson.

Nothing shrinks (`power`), noise ends elsewhere (`end`), or the schedule is a list of levels
(`unit`). Right answers come from one step after the other and from PyTorch's distributions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.distributions import Normal, kl_divergence

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_diffusion import MANY, NO_ENTRY_0, ask, each, random_betas
from lib.homework_vae import each_example

#: Unit of a level -> from a ratio to the level, and back.
UNITS: dict[str, tuple[Callable, Callable]] = {
    "nats": (np.log, np.exp),
    "octaves": (np.log2, np.exp2),
    "decibels": (lambda ratio: 10 * np.log10(ratio), lambda level: 10 ** (level / 10)),
}


@dataclass(frozen=True)
class Process:
    """How data turn into noise.

    Parameters
    ----------
    end : (float, float)
        Mean and standard deviation of what is left in the end.
    power : float, optional
        Nothing shrinks, noise is added alone; the table is the signal-to-noise ratio of data of
        this variance.
    unit : str, optional
        The table is the level of the signal-to-noise ratio in this unit, one of UNITS.
    """

    end: tuple[float, float] = (0.0, 1.0)
    power: float = 0.0
    unit: str = ""

    @property
    def reminder(self) -> str:
        """What to say to who solves the lesson's task instead."""
        if self.power:
            return (
                "nothing shrinks here, and `snr` holds ratios "
                f"{self.power:g} / v_t, no bar alpha_t: read the task again"
            )
        if self.unit:
            return f"`level` holds {self.unit}, no bar alpha_t: read the task again"
        mean, std = self.end
        return f"the noise ends at N({mean:g}, {std:g}^2) here, not at N(0, 1): read the task again"

    @peer
    def parts(self, rates: np.ndarray) -> list[tuple[float, float]]:
        """Factor and added variance of each step."""
        if self.power:
            return [(1.0, float(rate)) for rate in rates]
        return [(float(np.sqrt(1 - rate)), self.end[1] ** 2 * float(rate)) for rate in rates]

    @peer
    def moments(self, rates: np.ndarray, s: int, t: int) -> tuple[float, float]:
        """Factor of x_s - the end's mean, and variance, of x_t given x_s."""
        factor, variance = 1.0, 0.0
        for a, added in self.parts(rates)[s:t]:
            factor, variance = a * factor, a**2 * variance + added
        return factor, variance

    @peer
    def course(self, rates: np.ndarray) -> np.ndarray:
        """Factor and variance of x_0, .., x_T given x_0, (T + 1, 2)."""
        pairs = [(1.0, 0.0)]
        for a, added in self.parts(rates):
            pairs.append((a * pairs[-1][0], a**2 * pairs[-1][1] + added))
        return np.array(pairs)

    @peer
    def table(self, rates: np.ndarray) -> np.ndarray:
        """What students receive about steps 0 .. T, (T + 1,)."""
        pairs = self.course(rates)
        with np.errstate(divide="ignore"):
            if self.power:
                return self.power / pairs[:, 1]
            return (
                UNITS[self.unit][0](pairs[:, 0] ** 2 / pairs[:, 1])
                if self.unit
                else (pairs[:, 0] ** 2)
            )

    @property
    def named(self) -> str:
        """The name of the table."""
        return "snr" if self.power else "level" if self.unit else "alpha_bar"

    @peer
    def mix(self, x: np.ndarray, eps: np.ndarray, factor: object, variance: object) -> np.ndarray:
        """The end's mean plus a factor of the distance to it, plus noise of some variance."""
        with np.errstate(invalid="ignore"):
            kept, added = each(factor, x), each(np.sqrt(variance), x)
        return self.end[0] + kept * (x - self.end[0]) + added * eps


def check_tables(
    schedule_tables: Callable,
    rng: np.random.Generator,
    steps: int = 6,
    largest: float = 0.4,
    **form: object,
) -> None:
    """Compare three tables with those of one step after the other."""
    process, rates = Process(**form), random_betas(rng, steps, largest)
    what = f"a schedule of {steps} steps"
    names, right = _tables(process, rates)
    first = {"gammas": rates} if process.power else {"betas": rates}
    given = {"levels": process.table(rates)[1:]} if process.unit else first
    found = as_parts(ask(schedule_tables, what, **given), what, f"({', '.join(names)})")
    tol = FLOAT32 if steps < 100 else MANY
    for k, name in enumerate(names):
        label = f"{name} of {what}"
        assert found[k] is None or np.shape(found[k]) != (steps,), f"{label}: {NO_ENTRY_0}"
        values = as_numbers(numbers(found[k]), (steps + 1,), label, process.reminder)
        hints = _table_mistakes(process, rates, name, right)
        if name == "snr":
            assert values[0] == np.inf, (
                f"{label}: at t = 0, without noise, the ratio is infinite, not {values[0]:g}"
            )
            values, right[k] = values[1:], right[k][1:]
            hints = {advice: wrong[-steps:] for advice, wrong in hints.items()}
        compare(values, right[k], label, hints=hints, tol=tol)


def _tables(process: Process, rates: np.ndarray) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """Names and values of the three tables that are asked for."""
    pairs = process.course(rates)
    kept, noise = pairs[:, 0] ** 2, pairs[:, 1]
    beta = np.append(0.0, rates)
    with np.errstate(divide="ignore"):
        if process.power:
            return ("gamma", "noise", "snr"), [beta, noise, process.power / noise]
        if process.unit:
            return ("alpha", "alpha_bar", "beta"), [1 - beta, kept, beta]
        return ("alpha", "alpha_bar", "snr"), [1 - beta, kept, kept / noise]


def _table_mistakes(
    process: Process, rates: np.ndarray, name: str, right: list[np.ndarray]
) -> dict[str, np.ndarray]:
    first, second, third = right
    with np.errstate(all="ignore"):
        found = {
            "take no root; it is about variances": np.sqrt(right[0]),
            "that belongs to one step; all steps up to t count": first,
            "that belongs to all steps up to t; take one step": second,
            "that is 1 minus the right one": 1 - second,
        }
        if name == "alpha":
            found["that is beta; alpha is what is left, 1 - beta"] = 1 - first
        if name == "gamma":
            found[process.reminder] = 1 - first
        if name == "snr":
            found |= {
                "signal over noise; yours is noise over signal": 1 / third,
                "a ratio of variances; take no root": np.sqrt(third),
                process.reminder: _lesson_snr(rates),
                "the spread of the noise enters by its square": third * process.end[1],
            }
        if process.unit:
            wrong = read_as(process, process.table(rates), "nats")
            found |= {
                f"the levels are in {process.unit}; turn them into ratios first": (
                    {"alpha_bar": wrong, "alpha": np.append(1, wrong[1:] / wrong[:-1])}.get(
                        name, 1 - np.append(1, wrong[1:] / wrong[:-1])
                    )
                ),
                process.reminder: _lesson_tables(process.table(rates)[1:])[name],
                "bar alpha is snr / (1 + snr), not the ratio itself": second / (1 - second),
                "alpha_t is bar alpha_t / bar alpha_(t-1); yours is turned round": (
                    np.append(1, second[:-1] / second[1:])
                ),
            }
    return found


def _lesson_snr(rates: np.ndarray) -> np.ndarray:
    kept = np.append(1, np.cumprod(1 - rates))
    return kept / (1 - kept)


def _lesson_tables(betas: np.ndarray) -> dict[str, np.ndarray]:
    """What the lesson makes of a list, by the names of the three tables of levels."""
    alpha = np.append(1, 1 - betas)
    kept = np.cumprod(alpha)
    return {"alpha": alpha, "alpha_bar": kept, "beta": np.append(0, betas)}


@peer
def read_as(process: Process, table: np.ndarray, unit: str) -> np.ndarray:
    """bar alpha of a table of levels, if these were in another unit."""
    return 1 / (1 + 1 / UNITS[unit][1](table))


def check_terminal(
    terminal_nats: Callable,
    rng: np.random.Generator,
    n: int = 4,
    d: int = 3,
    steps: int = 5,
    largest: float = 0.4,
    **form: object,
) -> None:
    """Compare the divergence of x_T from what a sampler starts with with PyTorch's."""
    process, rates = Process(**form), random_betas(rng, steps, largest)
    x0, table = rng.normal(0, 1.5, size=(n, d)), process.table(rates)
    what = f"the nats of {n} examples of {d} numbers after {steps} steps"
    answer = ask(terminal_nats, what, x0=x0, **{process.named: table})
    (factor, variance), (centre, spread) = process.moments(rates, 0, steps), process.end
    start = np.sqrt(variance + process.power) if process.power else spread

    def nats(mean: np.ndarray, std: float, turned: bool = False) -> np.ndarray:
        end = Normal(torch.tensor(mean), torch.full(mean.shape, float(std), dtype=torch.float64))
        prior = Normal(torch.tensor(centre).double(), torch.tensor(start).double())
        return kl_divergence(*(end, prior)[:: -1 if turned else 1]).sum(1).numpy()

    mean, std = centre + factor * (x0 - centre), np.sqrt(variance)
    right = nats(mean, std)
    earlier = process.moments(rates, 0, steps - 1)
    with np.errstate(all="ignore"):
        left = table[-1]
        lesson = 0.5 * (left * x0**2 - left - np.log1p(-left)).sum(axis=1)
        start_0 = 0.5 * (mean**2 + variance - 1 - np.log(variance)).sum(axis=1)
    hints = {
        process.reminder: lesson,
        "that is the divergence from N(0, I); read again what a sampler starts from": start_0,
        "a divergence is never negative; the sign is wrong": -right,
        "KL(q, p): the first is x_T given x_0; yours is turned round": nats(mean, std, True),
        "sum over the dimensions, do not average": right / d,
        "the factor 1/2 is missing": 2 * right,
        "x_T has a variance; its root is the standard deviation": nats(mean, variance),
        "x_T still holds a part of x_0, and its mean counts": nats(0 * mean + centre, std),
        "the mean of x_T is not x_0 itself": nats(x0, std),
        "that is the divergence at step T - 1": nats(
            centre + earlier[0] * (x0 - centre), np.sqrt(earlier[1]) or 1
        ),
        "that is in bits; use the natural logarithm": right / np.log(2),
        "what shrinks is the distance to the mean of the end": nats(factor * x0, std),
    }
    found = each_example(answer, n, what, process.reminder)
    compare(found, right, what, hints=hints, tol=FLOAT32 if steps < 100 else MANY)
