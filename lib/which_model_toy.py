"""Five models of one number, judged exactly: each judge crowns another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import integrate, stats

LINE = np.linspace(-15, 15, 30_001)
SHARE = 0.99  # of its mass that a density keeps in its support


@dataclass(frozen=True, eq=False)
class Bumps:
    """A mixture of Gaussians on the line."""

    weights: Sequence[float]
    means: Sequence[float]
    widths: Sequence[float]

    @cached_property
    def density(self) -> np.ndarray:
        """p(x) at the points of `LINE`."""
        parts = zip(self.weights, self.means, self.widths, strict=True)
        return sum(w * stats.norm.pdf(LINE, mean, width) for w, mean, width in parts)

    @property
    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation."""
        w, m, s = (np.asarray(v, dtype=float) for v in (self.weights, self.means, self.widths))
        mean = float(w @ m)
        return mean, float(np.sqrt(w @ (s**2 + m**2) - mean**2))

    @cached_property
    def support(self) -> np.ndarray:
        """The densest points of `LINE` that hold 99 % of the mass: bool."""
        order = np.argsort(-self.density)
        inside = np.zeros(len(LINE), dtype=bool)
        mass = np.cumsum(self.density[order]) / self.density.sum()
        inside[order[: np.searchsorted(mass, SHARE) + 1]] = True
        return inside

    def mass(self, where: np.ndarray) -> float:
        """Probability of the points of `LINE` where the mask is true."""
        return float(self.density[where].sum() / self.density.sum())


def truth() -> Bumps:
    """The data: two equal modes."""
    return Bumps((0.5, 0.5), (-2, 2), (0.5, 0.5))


def models(rng: np.random.Generator, copies: int = 12) -> dict[str, Bumps]:
    """Five models of `truth`, each with a fault that has a name in this book."""
    data = truth()
    mean, width = data.moments
    seen = rng.choice((-2.0, 2.0), copies) + 0.5 * rng.standard_normal(copies)
    return {
        "one Gaussian": Bumps((1,), (mean,), (width,)),
        "one mode": Bumps((1,), (-2,), (0.5,)),
        "dull": Bumps((0.5, 0.5), (-2, 2), (0.2, 0.2)),
        "copies": Bumps(np.full(copies, 1 / copies), seen, np.full(copies, 0.02)),
        "noisy": Bumps((0.35, 0.35, 0.3), (-2, 2, 0), (0.5, 0.5, 3)),
    }


def judge(model: Bumps) -> dict[str, float]:
    """Nats of new data, Fréchet distance, precision, recall: integrals, not samples."""
    data = truth()
    log_q = np.log(np.maximum(model.density, 1e-300))
    nats = integrate.simpson(-data.density * log_q, x=LINE)
    (a, s), (b, t) = data.moments, model.moments
    return {
        "nats": float(nats),
        "Fréchet": (a - b) ** 2 + (s - t) ** 2,
        "precision": model.mass(data.support),
        "recall": data.mass(model.support),
    }
