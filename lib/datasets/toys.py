"""Toy data: a mixture of Gaussians on the line, and points of the plane.

Each data set carries the density it was drawn from as `shared["density"]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import logsumexp, ndtr, ndtri

from lib.datasets import toy_plane
from lib.datasets.core import Dataset
from lib.datasets.toy_plane import PlaneDensity, check_count, check_positive, check_weights

HALVINGS = 100  # more than enough to shrink any bracket to neighbouring floats


class Mixture:
    """A mixture of Gaussians on the line: p(x) = sum_k weights_k N(x; means_k, stds_k^2).

    Raises
    ------
    ValueError
        If the three lists differ in length, the weights are negative or do not sum to 1, or a
        standard deviation is not above zero.
    """

    def __init__(
        self, weights: Sequence[float], means: Sequence[float], stds: Sequence[float]
    ) -> None:
        self.weights = check_weights(weights)
        self.means, self.stds = np.asarray(means, dtype=float), np.asarray(stds, dtype=float)
        shapes = self.weights.shape, self.means.shape, self.stds.shape
        if len(set(shapes)) != 1:
            raise ValueError(f"need one weight, mean and std a component, got shapes {shapes}")
        if not np.all(np.isfinite(self.means)):
            raise ValueError(f"means must be finite, got {self.means.tolist()}")
        for std in self.stds:
            check_positive(std=std)

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """Log-density in nats, of the shape of x."""
        used = self.weights > 0
        scales = self.weights[used] / (self.stds[used] * np.sqrt(2 * np.pi))
        return logsumexp(np.log(scales) - self._z(x)[..., used] ** 2 / 2, axis=-1)

    def density(self, x: np.ndarray) -> np.ndarray:
        """p(x), of the shape of x."""
        return np.exp(self.log_prob(x))

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """P(X <= x), of the shape of x."""
        return np.minimum(ndtr(self._z(x)) @ self.weights, 1.0)

    def inverse_cdf(self, u: np.ndarray) -> np.ndarray:
        """The x with P(X <= x) = u, for u in [0, 1], by bisection.

        The answer lies between the smallest and the largest u-quantile of the components.
        """
        u = np.asarray(u, dtype=float)
        if not np.all((u >= 0) & (u <= 1)):
            raise ValueError("probabilities must lie in [0, 1]")
        used = self.weights > 0
        quantiles = self.means[used] + self.stds[used] * ndtri(u)[..., None]
        low, high = quantiles.min(axis=-1), quantiles.max(axis=-1)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            below = self.cdf(middle) < u
            if np.all((middle == low) | (middle == high)):
                break
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return middle

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Numbers (n,) and the component each comes from (n,)."""
        component = rng.choice(len(self.weights), size=n, p=self.weights)
        noise = rng.standard_normal(n)
        return self.means[component] + self.stds[component] * noise, component

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Independent numbers, shape (n,)."""
        return self.draw(n, rng)[0]

    def _z(self, x):
        """x in standard deviations from every mean: shape (..., K)."""
        return (np.asarray(x, dtype=float)[..., None] - self.means) / self.stds


def from_density(name: str, density: Mixture | PlaneDensity, n: int, seed: int) -> Dataset:
    """`n` points drawn from the density, the last tenth held out; float32, y the component."""
    check_count(n=n)
    x, component = density.draw(n, np.random.default_rng(seed))
    held_out = np.arange(n) >= n - n // 10
    x = x.astype(np.float32)
    return Dataset(name, x, component, shared={"density": density}, held_out=held_out)


def load_mixture(
    n: int = 2000,
    seed: int = 0,
    *,
    weights: Sequence[float] = (0.3, 0.5, 0.2),
    means: Sequence[float] = (-2.0, 0.5, 3.0),
    stds: Sequence[float] = (0.5, 0.8, 0.4),
) -> Dataset:
    """Numbers from a mixture of Gaussians on the line: x (n,), y the component."""
    return from_density("mixture", Mixture(weights, means, stds), n, seed)


def load_gaussians8(n: int = 2000, seed: int = 0, **options: Any) -> Dataset:
    """Eight Gaussians on a circle; options `radius` and `std`. y is the Gaussian, 0 to 7."""
    return from_density("gaussians8", toy_plane.circle_of_gaussians(8, **options), n, seed)


def load_gaussians25(n: int = 2000, seed: int = 0, **options: Any) -> Dataset:
    """Gaussians on a 5 x 5 grid; options `spacing` and `std`. y is the Gaussian, 0 to 24."""
    return from_density("gaussians25", toy_plane.grid_of_gaussians(5, **options), n, seed)


def load_moons(n: int = 2000, seed: int = 0, *, std: float = 0.1) -> Dataset:
    """Two moons: half circles plus Gaussian noise. y is the moon, 0 for the upper, 1."""
    return from_density("moons", toy_plane.two_moons(std), n, seed)


def load_spiral(n: int = 2000, seed: int = 0, *, arms: int = 1, **options: Any) -> Dataset:
    """A spiral plus Gaussian noise; options `arms`, `turns`, `radius`, `std`. y is the arm."""
    return from_density("spiral", toy_plane.spiral_arms(arms, **options), n, seed)


def load_checkerboard(n: int = 2000, seed: int = 0, *, cells: int = 4) -> Dataset:
    """Uniform on every second square of a board of `cells` x `cells`. y is the square."""
    return from_density("checkerboard", toy_plane.Checkerboard(cells), n, seed)


def load_pinwheel(n: int = 2000, seed: int = 0, *, petals: int = 5, **options: Any) -> Dataset:
    """Twisted Gaussian petals; options `petals`, `radius`, `along`, `across`, `twist`."""
    return from_density("pinwheel", toy_plane.Pinwheel(petals, **options), n, seed)
