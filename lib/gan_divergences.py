"""What a family of models minimises, exactly: four divergences of densities on an even grid.

With the best discriminator the min-max game is the Jensen-Shannon divergence (Goodfellow et al.,
2014), and the generator that maximises log D follows the gradient of 2 KL((p + q) / 2 || p), a
softened KL(q || p) (Arjovsky and Bottou, 2017; Shannon et al., 2020). Here p is the data's density
and q the model's. All values are in nats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import optimize
from scipy.special import rel_entr
from scipy.stats import norm

Divergence = Callable[[np.ndarray, np.ndarray, float], np.ndarray]


def forward_kl(p: np.ndarray, q: np.ndarray, cell: float) -> np.ndarray:
    """KL(p || q): maximum likelihood, and what a VAE bounds. Densities (..., n), in nats (...)."""
    return cell * rel_entr(p, q).sum(-1)


def reverse_kl(p: np.ndarray, q: np.ndarray, cell: float) -> np.ndarray:
    """KL(q || p): averages over the model's own samples."""
    return cell * rel_entr(q, p).sum(-1)


def jensen_shannon(p: np.ndarray, q: np.ndarray, cell: float) -> np.ndarray:
    """(KL(p || m) + KL(q || m)) / 2, m = (p + q) / 2: the min-max game with the best D."""
    m = (p + q) / 2
    return (forward_kl(p, m, cell) + forward_kl(q, m, cell)) / 2


def softened_kl(p: np.ndarray, q: np.ndarray, cell: float) -> np.ndarray:
    """2 KL(m || p), m = (p + q) / 2: where the non-saturating loss leads with the best D."""
    return 2 * reverse_kl(p, (p + q) / 2, cell)


DIVERGENCES: dict[str, Divergence] = {
    "KL(p ‖ q)": forward_kl,
    "JSD": jensen_shannon,
    "softened KL": softened_kl,
    "KL(q ‖ p)": reverse_kl,
}


def at_one_mode(weight: float) -> dict[str, float]:
    """The four for a q that copies one mode of p, of this weight, far from all others; in nats."""
    if not 0 < weight <= 1:
        raise ValueError(f"weight is the mode's share of the data, in (0, 1], got {weight}")
    more, rest = 1 + weight, 1 - weight
    balance = weight * np.log(weight) - more * np.log(more)
    return {
        "KL(p ‖ q)": np.inf if rest else 0.0,
        "JSD": np.log(2) + balance / 2,
        "softened KL": more * np.log(more / (2 * weight)) - rest * np.log(2),
        "KL(q ‖ p)": -np.log(weight),
    }


@dataclass(frozen=True)
class Line:
    """An even grid, and the Gaussians among which fits are searched.

    Parameters
    ----------
    reach : float
        The grid runs from -reach to reach in steps of `cell`.
    centres, widths : ndarray
        Means and standard deviations of the first, exhaustive search.
    """

    reach: float
    centres: np.ndarray
    widths: np.ndarray
    cell: float = 0.1

    @property
    def x(self) -> np.ndarray:
        """Points (n,)."""
        half = round(self.reach / self.cell)
        return self.cell * np.arange(-half, half + 1)

    def gaussians(self) -> np.ndarray:
        """Densities (centres, widths, n) of the first search."""
        return norm.pdf(self.x, self.centres[:, None, None], self.widths[:, None])


@cache
def usual_line() -> Line:
    """For modes between -3 and 3 of width about 0.6."""
    return Line(14.0, np.linspace(-3.6, 3.6, 37), np.geomspace(0.4, 4.0, 19))


@cache
def _usual_gaussians() -> np.ndarray:
    return usual_line().gaussians()


@dataclass(frozen=True)
class Fit:
    """The Gaussian N(mean, std^2) of the least divergence, and that divergence in nats."""

    mean: float
    std: float
    value: float

    def density(self, x: np.ndarray) -> np.ndarray:
        """q(x), of the shape of x."""
        return norm.pdf(x, self.mean, self.std)


def best_gaussian(p: np.ndarray, divergence: Divergence) -> Fit:
    """The Gaussian nearest to the density p on the grid `usual_line()`: a global minimum.

    All Gaussians of a coarse table are tried, and the best one is improved. Of two equally good
    ones the left one is returned. Raises ValueError if p is no density on the grid.
    """
    line = usual_line()
    if p.shape != line.x.shape or abs(p.sum() * line.cell - 1) > 1e-3:
        raise ValueError(f"p must be a density at the {len(line.x)} points of usual_line().x")
    values = landscape(p, divergence)
    i, j = np.unravel_index(np.argmin(np.round(values, 9)), values.shape)

    def cost(theta: np.ndarray) -> float:
        q = norm.pdf(line.x, theta[0], np.exp(theta[1]))
        return float(divergence(p, q, line.cell))

    start = np.array([line.centres[i], np.log(line.widths[j])])
    found = optimize.minimize(cost, start, method="Nelder-Mead", options={"xatol": 1e-5})
    return Fit(float(found.x[0]), float(np.exp(found.x[1])), float(found.fun))


def landscape(p: np.ndarray, divergence: Divergence) -> np.ndarray:
    """The divergence of p from every Gaussian of the table, (centres, widths), in nats."""
    return divergence(p, _usual_gaussians(), usual_line().cell)
