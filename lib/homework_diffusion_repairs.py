"""Tests of chapter 6's homework, task 9, for two other samplers with other mistakes.

Each sampler is run with every mix of its mistakes, so that each answer is recognised.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers, peer, sealed
from lib.homework_diffusion import ask, moments, random_betas, retained
from lib.homework_diffusion_chain import guess
from lib.homework_diffusion_clinic import trajectory
from lib.homework_diffusion_goals import Network

#: Mistakes of the samplers -> what to say to who keeps them.
SLIPS = {
    "sign": "the guess of x_0: the part of v is taken away, not added",
    "turned": "the guess of x_0: the factors of x_t and v are exchanged",
    "root": "the guess of x_0: the factor of v has a root",
    "exchanged": "the factors of x_0 and of x_t in the mean are exchanged",
    "kept": "the mean: the factor of x_0 has the root of bar alpha_(t-1)",
    "alpha": "the mean: the factor of x_t has the root of alpha_t",
    "now": "the mean: the factor of x_t has 1 - bar alpha_(t-1), not 1 - bar alpha_t",
    "uphill": "the score points to the data: its part is added, not taken away",
    "noise": "the network answers with the score, not with the noise",
    "step": "the score has the factor beta_t, not its root",
    "times": "divide by the root of alpha_t, do not multiply",
    "whole": "divide by the root of alpha_t, not by alpha_t itself",
    "undivided": "divide by the root of alpha_t: the step back must undo the shrinking",
    "forward": "the variance of the step is that of the posterior, not beta_t",
    "spread": "z has a standard deviation as its factor, not a variance",
    "entry": "`alpha_bar` has no entry for the data; at t = 1 Python takes the last one",
    "late": "`betas[t - 2]` is the beta of the step before, and at t = 1 the last of all",
    "shared": "each example has its own noise; yours share one",
}

#: What the network answers with -> groups of mistakes; a sampler has at most one of each.
GROUPS = {
    "v": (
        ("sign", "turned", "root"),
        ("exchanged", "kept", "alpha", "now"),
        ("forward", "spread"),
        ("entry", "late"),
    ),
    "score": (
        ("uphill", "noise", "step"),
        ("times", "whole", "undivided"),
        ("forward", "spread"),
        ("late", "shared"),
    ),
}


def _tables(betas: np.ndarray, t: int, slips: tuple[str, ...]) -> tuple[float, float, float]:
    """beta_t, bar alpha_t and bar alpha_(t-1), as a sampler with these mistakes takes them."""
    kept = retained(betas)
    beta = betas[t - 2] if "late" in slips else betas[t - 1]
    before = kept[1:][t - 2] if "entry" in slips else kept[t - 1]
    return float(beta), float(kept[t]), float(before)


@peer
def by_velocity(
    network: Callable, xt: np.ndarray, t: int, betas: np.ndarray, slips: tuple[str, ...]
) -> np.ndarray:
    """The mean of x_(t-1) from a network that answers with v, by way of x_0."""
    beta, now, before = _tables(betas, t, slips)
    v, a, b = network(xt, t), np.sqrt(now), np.sqrt(1 - now)
    x0 = a * xt - (b**2 if "root" in slips else b) * v
    x0 = a * xt + b * v if "sign" in slips else b * xt - a * v if "turned" in slips else x0
    on_x0 = (before if "kept" in slips else np.sqrt(before)) * beta
    on_xt = (1 - beta if "alpha" in slips else np.sqrt(1 - beta)) * (1 - before)
    on_xt = np.sqrt(1 - beta) * (1 - now) if "now" in slips else on_xt
    if "exchanged" in slips:
        on_x0, on_xt = on_xt, on_x0
    return (on_x0 * x0 + on_xt * xt) / (1 - now)


@peer
def by_score(
    network: Callable, xt: np.ndarray, t: int, betas: np.ndarray, slips: tuple[str, ...]
) -> np.ndarray:
    """The mean of x_(t-1) from a network that answers with the score."""
    beta, now, _ = _tables(betas, t, slips)
    factor = np.sqrt(beta) if "step" in slips else beta
    factor = -beta / np.sqrt(1 - now) if "noise" in slips else factor
    mean = xt + (-factor if "uphill" in slips else factor) * network(xt, t)
    for slip, by in {"times": 1 / np.sqrt(1 - beta), "whole": 1 - beta, "undivided": 1.0}.items():
        if slip in slips:
            return mean / by
    return mean / np.sqrt(1 - beta)


@peer
def path_of(
    answers: str,
    network: Callable,
    start: np.ndarray,
    z: np.ndarray,
    betas: np.ndarray,
    *slips: str,
) -> np.ndarray:
    """x_0 .. x_T, (T + 1, n, ...), with the posterior's variance and any mix of mistakes."""
    back, path = by_velocity if answers == "v" else by_score, [start]
    for t in range(len(betas), 0, -1):
        beta, now, before = _tables(betas, t, slips)
        sigma2 = beta if "forward" in slips else (1 - before) / (1 - now) * beta
        noise = z[t][:1] if "shared" in slips else z[t]
        noise = (sigma2 if "spread" in slips else np.sqrt(sigma2)) * noise
        path.append(back(network, path[-1], t, betas, slips) + noise)
    return np.array(path[::-1])


@peer
def exact_network(answers: str, mean: float, variance: float, betas: np.ndarray) -> Callable:
    """The best network where the data are N(mean, variance): v or the score of x_t (n,)."""
    kept = retained(betas)

    def network(xt: np.ndarray, t: int) -> np.ndarray:
        factor, noise = moments(kept, 0, t)
        x0 = guess(xt, mean, variance, kept, t)
        eps = (xt - factor * x0) / np.sqrt(noise)
        return factor * eps - np.sqrt(noise) * x0 if answers == "v" else -eps / np.sqrt(noise)

    return network


def check_sampler(
    mended_sampler: Callable,
    rng: np.random.Generator,
    steps: int = 5,
    shape: tuple[int, ...] = (4, 2),
    *,
    answers: str = "v",
) -> None:
    """Compare all x_t, and those of a wrong answer with every mix of mistakes, one of a group."""
    betas, network = random_betas(rng, steps), Network(rng, shape[1:], steps)
    start, z = rng.normal(size=shape), rng.normal(size=(steps + 1, *shape))
    given = {"start": start, "z": z, "betas": betas}
    what = f"x_0 to x_T for {steps} steps"
    answer = ask(mended_sampler, what, network=sealed(network.numpy), **given)
    values = as_numbers(numbers(answer), (steps + 1, *shape), what)
    right = path_of(answers, network.numpy, **given)
    wrong = not np.allclose(values, right, rtol=FLOAT32, atol=FLOAT32)
    hints = _mistakes(answers, network.numpy, start, z, betas) if wrong else {}
    compare(values, right, what, hints=hints, tol=FLOAT32)


def _mistakes(
    answers: str, network: Callable, start: np.ndarray, z: np.ndarray, betas: np.ndarray
) -> dict[str, np.ndarray]:
    """Advice -> all x_t, for the lesson's sampler, every mix of mistakes, and some others."""
    name = {"v": "the velocity", "score": "the score"}[answers]
    reminder = f"the network answers with {name}, the variance is the posterior's: read again"
    with np.errstate(all="ignore"):
        hints = {reminder: trajectory(network, start, z, betas)}
        for mix in product(*(("", *group) for group in GROUPS[answers])):
            slips = [slip for slip in mix if slip]
            if slips:
                advice = "; ".join(SLIPS[slip] for slip in slips)
                hints[advice] = path_of(answers, network, start, z, betas, *slips)
        rolled = path_of(answers, network, start, np.roll(z, 1, axis=0), betas)
    right = path_of(answers, network, start, z, betas)
    return hints | {
        "entry t of the path is x_t; yours begins with x_T": right[::-1],
        "z[t] belongs to the step from x_t; yours is one off": rolled,
        "each step but the last adds noise": path_of(answers, network, start, 0 * z, betas),
    }
