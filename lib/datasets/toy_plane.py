"""Densities on the plane that can be sampled and whose log-density is known.

`Gaussians` and `Checkerboard` are closed formulas. `Pinwheel` is a change of variables whose
Jacobian determinant is 1. `Curves` (moons, spiral) is an integral along a curve by Gauss-Legendre
quadrature, with a relative error under 1e-8 wherever there are points.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from scipy.special import logsumexp

Curve = Callable[[np.ndarray], np.ndarray]
BLOCK = 2**21  # distances held in memory at once
PANEL, PANELS, NODES = 3.0, 40, 12  # a panel spans 3 widths of the noise; 40 panels or more


def check_positive(**values: float) -> None:
    """Raise a ValueError unless every value is a finite number above zero."""
    for name, value in values.items():
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be above zero, got {value}")


def check_count(**values: int) -> None:
    """Raise a ValueError unless every value is a whole number above zero."""
    for name, value in values.items():
        if not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{name} must be a whole number, 1 or more, got {value}")


def check_weights(weights: np.ndarray) -> np.ndarray:
    """The weights as a float array, after checking that they are probabilities summing to 1."""
    weights = np.asarray(weights, dtype=float)
    if weights.ndim != 1 or not np.all(weights >= 0) or not np.isclose(weights.sum(), 1):
        raise ValueError(f"weights must be >= 0 and sum to 1, got {weights.tolist()}")
    return weights / weights.sum()


class PlaneDensity(ABC):
    """A density on the plane; nearly all of it lies in the square [-extent, extent]^2."""

    extent: float

    @abstractmethod
    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, 2) and the number of the component each comes from (n,)."""

    @abstractmethod
    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """Log-density in nats: x (..., 2) -> (...)."""

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Independent points, shape (n, 2)."""
        return self.draw(n, rng)[0]

    def density(self, x: np.ndarray) -> np.ndarray:
        """The density itself: x (..., 2) -> (...)."""
        return np.exp(self.log_prob(x))


def _points(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x, dtype=float)
    if x.ndim == 0 or x.shape[-1] != 2:
        raise ValueError(f"points of the plane have shape (..., 2), got {x.shape}")
    return x


def _log_gaussians(x, centres, log_weights, std):
    """log sum_k w_k N(x; c_k, std^2 I), a block of points at a time."""
    x = _points(x)
    flat = x.reshape(-1, 2)
    found = []
    for rows in np.array_split(flat, max(1, len(flat) * len(centres) // BLOCK)):
        squares = np.subtract.outer(rows[:, 0], centres[:, 0]) ** 2
        squares += np.subtract.outer(rows[:, 1], centres[:, 1]) ** 2
        found.append(logsumexp(log_weights - squares / (2 * std**2), axis=1))
    return np.concatenate(found).reshape(x.shape[:-1]) - np.log(2 * np.pi * std**2)


class Gaussians(PlaneDensity):
    """Round Gaussians of one width: sum_k w_k N(x; c_k, std^2 I). Equal weights unless given."""

    def __init__(self, centres: np.ndarray, std: float, weights: np.ndarray | None = None) -> None:
        check_positive(std=std)
        self.centres, self.std = _points(centres).reshape(-1, 2), float(std)
        k = len(self.centres)
        if k == 0 or not np.all(np.isfinite(self.centres)):
            raise ValueError(f"centres must be one or more finite points, got {centres}")
        self.weights = check_weights(np.full(k, 1 / k) if weights is None else weights)
        if len(self.weights) != k:
            raise ValueError(f"{k} centres need as many weights, got {len(self.weights)}")
        self.extent = float(np.abs(self.centres).max() + 6 * std)

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, 2) and the Gaussian each comes from."""
        component = rng.choice(len(self.centres), size=n, p=self.weights)
        return self.centres[component] + self.std * rng.standard_normal((n, 2)), component

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """Log-density in nats: x (..., 2) -> (...)."""
        used = self.weights > 0
        return _log_gaussians(x, self.centres[used], np.log(self.weights[used]), self.std)


class Curves(PlaneDensity):
    """A point at random on one of several curves, plus round Gaussian noise.

    Every curve maps t in [0, 1], shape (m,), to points (m, 2) and must be smooth. The curve is
    chosen with equal probability, then t uniformly: p(x) = mean_j int_0^1 N(x; c_j(t), std^2 I) dt.
    """

    def __init__(self, curves: Sequence[Curve], std: float) -> None:
        check_positive(std=std)
        self.curves, self.std = list(curves), float(std)
        rules = [_quadrature(curve, PANEL * std) for curve in self.curves]
        self._nodes = np.concatenate([nodes for nodes, _ in rules])
        weights = np.concatenate([weights for _, weights in rules])
        self._log_weights = np.log(weights / len(self.curves))
        self.extent = float(np.abs(self._nodes).max() + 6 * std)

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, 2) and the curve each comes from."""
        component, t = rng.integers(len(self.curves), size=n), rng.random(n)
        x = self.std * rng.standard_normal((n, 2))
        for j, curve in enumerate(self.curves):
            x[component == j] += curve(t[component == j])
        return x, component

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """Log-density in nats: x (..., 2) -> (...)."""
        return _log_gaussians(x, self._nodes, self._log_weights, self.std)


def _quadrature(curve, panel):
    """Gauss-Legendre nodes on the curve (m, 2) and weights (m,), panels up to `panel` long."""
    t = np.linspace(0, 1, 4001)
    steps = np.linalg.norm(np.diff(curve(t), axis=0), axis=1)
    along = np.concatenate([[0], np.cumsum(steps)])
    panels = max(PANELS, int(np.ceil(along[-1] / panel)))
    breaks = np.interp(np.linspace(0, along[-1], panels + 1), along, t)
    z, w = np.polynomial.legendre.leggauss(NODES)
    times = [low + (high - low) * (z + 1) / 2 for low, high in pairwise(breaks)]
    weights = [(high - low) * w / 2 for low, high in pairwise(breaks)]
    return curve(np.concatenate(times)), np.concatenate(weights)


class Checkerboard(PlaneDensity):
    """Uniform on every second unit square of a board of `cells` x `cells` round the origin."""

    def __init__(self, cells: int = 4) -> None:
        if cells not in range(2, 17, 2):
            raise ValueError(f"a checkerboard has an even number of cells, 2 to 16, got {cells}")
        self.cells, self.extent = int(cells), cells / 2
        i, j = np.indices((self.cells, self.cells))
        self.corners = np.argwhere((i + j) % 2 == 0) - self.cells // 2

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, 2), never on an edge even as float32, and the square of each."""
        component = rng.integers(len(self.corners), size=n)
        inside = (rng.integers(2**20, size=(n, 2)) + 0.5) / 2**20
        return self.corners[component] + inside, component

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """Log-density in nats, -inf off the squares: x (..., 2) -> (...)."""
        square = np.floor(_points(x)) + self.cells // 2
        on = np.all((square >= 0) & (square < self.cells), axis=-1)
        on &= square.sum(axis=-1) % 2 == 0
        return np.where(on, -np.log(len(self.corners)), -np.inf)


class Pinwheel(PlaneDensity):
    """Gaussian petals round the origin, twisted: x = R(twist * |f|) f, f from a petal.

    A petal is a Gaussian at `radius` from the origin, `along` wide outwards and `across` wide
    sideways. Turning every circle round the origin by its own angle keeps areas, so that the
    Jacobian determinant is 1 and p(x) is the density of the petals at R(-twist * |x|) x.
    """

    def __init__(
        self,
        petals: int = 5,
        *,
        radius: float = 2.0,
        along: float = 0.5,
        across: float = 0.15,
        twist: float = 0.5,
    ) -> None:
        check_count(petals=petals)
        check_positive(radius=radius, along=along, across=across)
        self.petals, self.radius, self.twist = int(petals), float(radius), float(twist)
        self.widths = np.array([along, across])
        self.angles = 2 * np.pi * np.arange(petals) / petals
        self.extent = float(radius + 6 * max(along, across))

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, 2) and the petal each comes from."""
        component = rng.integers(self.petals, size=n)
        f = self.widths * rng.standard_normal((n, 2)) + [self.radius, 0]
        return _turn(f, self.angles[component] + self._twist(f)), component

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """Log-density in nats: x (..., 2) -> (...)."""
        x = _points(x)
        straight = _turn(x, -self._twist(x))
        petals = _turn(straight[..., None, :], -self.angles) - [self.radius, 0]
        logs = -0.5 * ((petals / self.widths) ** 2).sum(axis=-1)
        area = 2 * np.pi * self.widths.prod() * self.petals
        return logsumexp(logs, axis=-1) - np.log(area)

    def _twist(self, x):
        return self.twist * np.linalg.norm(x, axis=-1)


def _turn(x, angle):
    """Points (..., 2) turned counterclockwise by angles (...) in radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([c * x[..., 0] - s * x[..., 1], s * x[..., 0] + c * x[..., 1]], axis=-1)


def circle_of_gaussians(k: int = 8, *, radius: float = 2.0, std: float = 0.2) -> Gaussians:
    """`k` equal Gaussians evenly on a circle round the origin, the first on the right."""
    check_count(k=k)
    check_positive(radius=radius)
    angles = 2 * np.pi * np.arange(k) / k
    return Gaussians(radius * np.stack([np.cos(angles), np.sin(angles)], axis=1), std)


def grid_of_gaussians(side: int = 5, *, spacing: float = 1.0, std: float = 0.05) -> Gaussians:
    """`side` x `side` equal Gaussians on a square grid round the origin."""
    check_count(side=side)
    check_positive(spacing=spacing)
    line = spacing * (np.arange(side) - (side - 1) / 2)
    return Gaussians(np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2), std)


def two_moons(std: float = 0.1) -> Curves:
    """Two half circles of radius 1 that reach into each other, one open below, one above."""

    def upper(t):
        return np.stack([np.cos(np.pi * t) - 0.5, np.sin(np.pi * t) - 0.25], axis=1)

    def lower(t):
        return -upper(t)

    return Curves([upper, lower], std)


def spiral_arms(
    arms: int = 1, *, turns: float = 2.0, radius: float = 2.0, std: float = 0.06
) -> Curves:
    """Archimedean spirals: the distance to the origin grows with the angle up to `radius`.

    Each arm starts half a radian out and makes `turns` turns; points lie about evenly along it.
    """
    check_count(arms=arms)
    check_positive(turns=turns, radius=radius)
    first, last = 0.5, 0.5 + 2 * np.pi * turns

    def arm(t, start):
        angle = np.sqrt(first**2 + t * (last**2 - first**2))
        return _turn(np.stack([radius * angle / last, 0 * t], axis=1), angle + start)

    starts = 2 * np.pi * np.arange(arms) / arms
    return Curves([lambda t, start=start: arm(t, start) for start in starts], std)
