"""EM with a single parameter: the likelihood is a curve, and the bound can be drawn under it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lib.mixture import GaussianMixture, e_step, lower_bound, m_step, round_mixture


class HalfStep(NamedTuple):
    """Where EM stands: the mean of B, and the shares q (n, 2) of A and B in every point."""

    name: str
    mean: float
    q: np.ndarray


@dataclass(frozen=True)
class MeanAscent:
    """Two Gaussians of weight 1/2 and width 1 for numbers x (n, 1): A stays at 0, B moves."""

    x: np.ndarray

    def at(self, mean: float) -> GaussianMixture:
        """The mixture with B at this mean."""
        return round_mixture(np.array([[0.0], [mean]]), 1.0)

    def log_likelihood(self, mean: float) -> float:
        """Mean log p(x) in nats."""
        return float(self.at(mean).log_prob(self.x).mean())

    def bound(self, mean: float, q: np.ndarray) -> float:
        """Mean lower bound in nats, for shares q (n, 2)."""
        return float(lower_bound(self.at(mean), self.x, q).mean())

    def half_steps(self, mean: float, count: int = 10) -> list[HalfStep]:
        """E-step and M-step in turn, from a q that is one half everywhere."""
        states = [HalfStep("start", mean, np.full((len(self.x), 2), 0.5))]
        for k in range(count):
            _, mean, q = states[-1]
            if k % 2 == 0:
                states.append(HalfStep("E-step", mean, e_step(self.at(mean), self.x)))
            else:
                states.append(HalfStep("M-step", m_step(self.x, q).means[1, 0], q))
        return states
