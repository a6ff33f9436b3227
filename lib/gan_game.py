"""The game of a GAN on a line, without a single sample: all averages are sums over an even grid.

Data have a density p(x). A forger makes x = mean + width * z from z ~ N(0, 1), so its samples have
a Gaussian density q(x). A detective has a score d(x); D(x) = sigmoid(d(x)) is its probability that
x is real. Everything in nats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, ndtr, rel_entr

LOSSES = "saturating", "non-saturating"

# --------------------------------------------------------------- two densities on a grid


def softplus(d: ArrayLike) -> np.ndarray:
    """log(1 + exp(d)), exact for any d; -log D is softplus(-d), -log(1 - D) is softplus(d)."""
    return np.logaddexp(0, d)


def value(p: np.ndarray, q: np.ndarray, score: np.ndarray, h: float) -> float:
    """V = E_p[log D] + E_q[log(1 - D)] of densities and scores on a grid of spacing h."""
    return float(-h * (p @ softplus(-score) + q @ softplus(score)))


def jensen_shannon(p: np.ndarray, q: np.ndarray, h: float) -> float:
    """JSD(p, q) of two densities on a grid of spacing h: from 0 to log 2."""
    middle = (p + q) / 2
    return float(h * (rel_entr(p, middle) + rel_entr(q, middle)).sum() / 2)


def pushforward(g: Callable[[np.ndarray], np.ndarray], edges: np.ndarray) -> np.ndarray:
    """Share of x = g(z), z ~ N(0, 1), between neighbouring `edges`: (n,) for n + 1 edges.

    `g` maps numbers (m,) to numbers (m,). The line of z is cut into 40,000 short pieces; each
    carries its exact mass to the place of its middle.
    """
    cuts = np.linspace(-6, 6, 40_001)
    mass, places = np.diff(ndtr(cuts)), np.asarray(g((cuts[1:] + cuts[:-1]) / 2), dtype=float)
    if places.shape != mass.shape:
        raise ValueError(f"g must give one number for each z, got shape {places.shape}")
    return np.histogram(places, edges, weights=mass)[0]


# --------------------------------------------------------------------------- the two players


@dataclass(frozen=True)
class Forger:
    """The generator G(z) = mean + width * z: its samples are N(mean, width^2)."""

    mean: float
    width: float

    def __post_init__(self):
        if not self.width > 0:
            raise ValueError(f"the width of a forger must be positive, got {self.width}")

    @property
    def theta(self) -> np.ndarray:
        """(mean, width)."""
        return np.array([self.mean, self.width])

    def log_density(self, x: ArrayLike) -> np.ndarray:
        """log q(x)."""
        z = (np.asarray(x) - self.mean) / self.width
        return -(z**2) / 2 - np.log(np.sqrt(2 * np.pi) * self.width)

    def density(self, x: ArrayLike) -> np.ndarray:
        """q(x)."""
        return np.exp(self.log_density(x))

    def moved(self, step: ArrayLike) -> Forger:
        """The forger with theta + step; a width is never less than 0.05."""
        mean, width = self.theta + step
        return Forger(float(mean), float(max(width, 0.05)))


def powers(x: np.ndarray, n: int) -> np.ndarray:
    """1, x, x^2, ...: (n, len(x)), what a detective with n weights looks at."""
    return np.vander(x, n, increasing=True).T


@dataclass(frozen=True)
class Game:
    """Data of density `p` (n,) at the points of an even `grid` (n,) against forgers.

    The grid must hold the data, and every forger that plays, nearly entirely.
    """

    grid: np.ndarray
    p: np.ndarray

    def __post_init__(self):
        if self.grid.shape != self.p.shape or abs(self.p.sum() * self.h - 1) > 1e-3:
            raise ValueError("p must be a density at the points of the grid, with integral 1")
        if not np.all(self.p > 0):
            raise ValueError("p must be positive on the grid: make the grid less wide")

    @property
    def h(self) -> float:
        """Spacing of the grid."""
        return float(self.grid[1] - self.grid[0])

    def q(self, forger: Forger) -> np.ndarray:
        """Density of the samples on the grid."""
        q = forger.density(self.grid)
        if abs(q.sum() * self.h - 1) > 1e-2:
            raise ValueError(f"{forger} has left the grid, or is narrower than its spacing")
        return q

    def best(self, forger: Forger) -> np.ndarray:
        """Score of the best detective on the grid, log p(x) - log q(x)."""
        return np.log(self.p) - forger.log_density(self.grid)

    def value(self, forger: Forger, score: np.ndarray) -> float:
        """V(G, D)."""
        return value(self.p, self.q(forger), score, self.h)

    def jsd(self, forger: Forger) -> float:
        """JSD(p_data, p_theta)."""
        return jensen_shannon(self.p, self.q(forger), self.h)

    def arrows(self, score: np.ndarray, loss: str = "saturating") -> np.ndarray:
        """How a sample at each point of the grid is pushed: minus the slope of its own loss.

        The loss of a sample is log(1 - D), saturating, or -log D, non-saturating.
        """
        if loss not in LOSSES:
            raise ValueError(f"loss is one of {LOSSES}, got {loss!r}")
        sure = expit(score) if loss == "saturating" else expit(-score)
        return sure * np.gradient(score, self.h, edge_order=2)

    def forger_gradient(
        self, forger: Forger, score: np.ndarray, loss: str = "saturating"
    ) -> np.ndarray:
        """Gradient (2,) of the forger's loss in mean and width, the detective held fixed.

        A sample x = mean + width * z moves by 1 with the mean and by z with the width.
        """
        z = (self.grid - forger.mean) / forger.width
        pushed = self.h * self.q(forger) * self.arrows(score, loss)
        return -np.array([pushed.sum(), pushed @ z])

    def surprise(self, forger: Forger, score: np.ndarray) -> np.ndarray:
        """dV/dd(x) per unit of length: p (1 - D) - q D, zero where D cannot be improved."""
        return self.p * expit(-score) - self.q(forger) * expit(score)

    def detective_gradient(self, forger: Forger, weights: np.ndarray) -> np.ndarray:
        """Gradient (n,) of V in the weights of the score sum_j weights[j] x^j."""
        seen = powers(self.grid, len(weights))
        return self.h * seen @ self.surprise(forger, weights @ seen)

    def score(self, weights: np.ndarray) -> np.ndarray:
        """The score sum_j weights[j] x^j on the grid."""
        return weights @ powers(self.grid, len(weights))


# ------------------------------------------------------------------------------------ playing


@dataclass(frozen=True)
class Move:
    """The state of a game: the forger, and the detective's score (n,) against it."""

    forger: Forger
    score: np.ndarray


def best_weights(
    game: Game, forger: Forger, weights: ArrayLike, most: int = 100, tolerance: float = 1e-10
) -> np.ndarray:
    """The detective sum_j weights[j] x^j of the largest V, by Newton's method from `weights`."""
    weights = np.asarray(weights, dtype=float)
    seen, both = powers(game.grid, len(weights)), game.p + game.q(forger)
    for _ in range(most):
        gradient = game.detective_gradient(forger, weights)
        if np.abs(gradient).max() < tolerance:
            break
        d = weights @ seen
        curvature = game.h * (seen * (both * expit(d) * expit(-d))) @ seen.T
        step = np.linalg.solve(curvature + 1e-12 * np.eye(len(weights)), gradient)
        weights = _uphill(game, forger, weights, step)
    return weights


def _uphill(game: Game, forger: Forger, weights: np.ndarray, step: np.ndarray) -> np.ndarray:
    """weights + step, the step halved until V has not fallen."""
    before = game.value(forger, game.score(weights))
    for _ in range(40):
        if game.value(forger, game.score(weights + step)) >= before - 1e-12:
            break
        step = step / 2
    return weights + step


def play(
    game: Game,
    forger: Forger,
    steps: int,
    *,
    rate: float,
    d_steps: int | None = None,
    d_rate: float = 0.1,
    loss: str = "saturating",
    sign: float = -1.0,
) -> list[Move]:
    """Alternate: the detective answers, the forger takes one gradient step; `steps` times.

    With `d_steps` None the detective answers perfectly, by the log-ratio of the densities;
    otherwise its score is a parabola, from 0 everywhere, with that many gradient steps at each
    turn. Returns steps + 1 moves, the last without an answer of the forger. `sign` = +1 lets the
    forger maximise (a mistake that the lesson shows).
    """
    weights, moves = np.zeros(3), []
    for _ in range(steps + 1):
        for _ in range(d_steps or 0):
            weights = weights + d_rate * game.detective_gradient(forger, weights)
        score = game.best(forger) if d_steps is None else game.score(weights)
        moves.append(Move(forger, score))
        forger = forger.moved(sign * rate * game.forger_gradient(forger, score, loss))
    return moves


def duel(
    start: Sequence[float],
    steps: int,
    *,
    rate: float,
    push: Callable[[float], float] = expit,
    simultaneous: bool = False,
    gamma: float = 0.0,
) -> np.ndarray:
    """The smallest GAN: data at 0, a forger at theta, a score psi * x; (steps + 1, 2).

    V = -log 2 - softplus(psi theta), minus gamma/2 psi^2 for the detective (R1). It ascends first,
    then the forger descends and sees the new psi, unless both move `simultaneous`ly. `push` is the
    derivative of softplus; the constant 1/2 gives the bilinear game, V = -theta psi / 2.
    """
    path = [np.array(start, dtype=float)]
    for _ in range(steps):
        theta, psi = path[-1]
        new = psi - rate * (push(theta * psi) * theta + gamma * psi)
        seen = psi if simultaneous else new
        path.append(np.array([theta + rate * push(theta * seen) * seen, new]))
    return np.stack(path)
