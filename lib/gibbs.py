"""Gibbs sampling and simulated annealing of the Ising posterior of a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from lib.denoising import Ising, Restoration, checkerboard, start_from


def check_positive(temperatures: Sequence[float]) -> Sequence[float]:
    """Return the temperatures after checking that all are above zero."""
    if min(temperatures) <= 0:
        raise ValueError(f"temperatures must be positive, the lowest is {min(temperatures)}")
    return temperatures


def gibbs_sweeps(
    model: Ising,
    y: np.ndarray,
    rng: np.random.Generator,
    *,
    start: np.ndarray | None = None,
    temperatures: Sequence[float] | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Gibbs sampling by checkerboard (Geman and Geman, 1984), one sweep an item.

    Without end, or one sweep for each of `temperatures` (simulated annealing).
    Yields (x, p): the picture after the sweep and, for every pixel, the
    conditional probability of +1 that it was drawn from.
    """
    x, y = start_from(y, start)
    schedule = repeat(1.0) if temperatures is None else check_positive(temperatures)
    for temperature in schedule:
        used = np.empty(x.shape)
        for colour in checkerboard(x.shape):
            p = model.prob_plus(x, y, temperature)
            draw = np.where(rng.random(x.shape) < p, 1, -1).astype(np.int8)
            x, used = np.where(colour, draw, x), np.where(colour, p, used)
        yield x, used


@dataclass
class GibbsRun:
    """What a Gibbs run estimates: `prob_plus` (height, width), the last sample `x`, the energies.

    `prob_plus` averages the conditionals the samples were drawn from, which has a smaller variance
    than averaging the samples (the Rao-Blackwell theorem).
    """

    x: np.ndarray
    prob_plus: np.ndarray
    energies: list[float]


def gibbs(
    model: Ising,
    y: np.ndarray,
    *,
    rng: np.random.Generator,
    n_sweeps: int = 100,
    burn_in: int = 20,
    start: np.ndarray | None = None,
) -> GibbsRun:
    """Estimate the posterior marginals from `n_sweeps` sweeps after `burn_in` unused ones."""
    if n_sweeps < 1 or burn_in < 0:
        raise ValueError(f"need n_sweeps >= 1 and burn_in >= 0, got {n_sweeps} and {burn_in}")
    total, energies = np.zeros(np.shape(y)), []
    chain = gibbs_sweeps(model, y, rng, start=start)
    for step, (x, p) in zip(range(burn_in + n_sweeps), chain, strict=False):
        energies.append(model.energy(x, y))
        total += p if step >= burn_in else 0
    return GibbsRun(x, total / n_sweeps, energies)


def anneal(
    model: Ising,
    y: np.ndarray,
    *,
    rng: np.random.Generator,
    temperatures: Sequence[float],
    start: np.ndarray | None = None,
) -> Restoration:
    """Simulated annealing: Gibbs sweeps at falling temperatures; returns the last picture."""
    x, y = start_from(y, start)
    energies = [model.energy(x, y)]
    chain = gibbs_sweeps(model, y, rng, start=x, temperatures=temperatures)
    for x, _ in chain:
        energies.append(model.energy(x, y))
    return Restoration(x, energies, converged=bool(np.all(model.flip_cost(x, y) >= 0)))
