"""Restoring a binary picture with the Ising model: energy and ICM.

E(x, y) = h sum_i x_i - beta sum_{ij} x_i x_j - eta sum_i x_i y_i over x, y in {-1, +1}, where ij
runs over pairs of pixels that share a side. The exact minimum is in `graph_cut`, Gibbs
sampling in `gibbs`, belief propagation in `grid_bp`, learning in `ising_learning`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


def check_picture(picture: np.ndarray, name: str = "picture") -> np.ndarray:
    """Return `picture` as int8 after checking that it is (height, width) with entries -1, +1."""
    picture = np.asarray(picture)
    if picture.ndim != 2 or picture.size == 0:
        raise ValueError(f"{name} must be (height, width), got shape {picture.shape}")
    if not np.all(np.abs(picture) == 1):
        wrong = np.unique(picture[np.abs(picture) != 1])[:3]
        raise ValueError(f"{name} must hold only -1 and +1, it also holds {wrong.tolist()}")
    return picture.astype(np.int8)


def check_pair(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Check two binary pictures of one shape."""
    x, y = check_picture(x, "x"), check_picture(y, "y")
    if x.shape != y.shape:
        raise ValueError(f"x has shape {x.shape} but y has {y.shape}; they must be equal")
    return x, y


def neighbour_sum(x: np.ndarray) -> np.ndarray:
    """Sum of the two, three or four pixels that share a side with each pixel."""
    total = np.zeros_like(x)
    total[1:] += x[:-1]
    total[:-1] += x[1:]
    total[:, 1:] += x[:, :-1]
    total[:, :-1] += x[:, 1:]
    return total


def pair_sum(x: np.ndarray) -> int:
    """Sum of x_i x_j over all pairs of neighbours: pairs that agree minus pairs that do not."""
    return int(np.sum(x[1:] * x[:-1], dtype=int) + np.sum(x[:, 1:] * x[:, :-1], dtype=int))


def pixel_error(x: np.ndarray, clean: np.ndarray) -> float:
    """Fraction of pixels of `x` that differ from the clean picture."""
    x, clean = check_pair(x, clean)
    return float(np.mean(x != clean))


@dataclass(frozen=True)
class Ising:
    """The parameters of the energy E(x, y) = h sum x_i - beta sum x_i x_j - eta sum x_i y_i.

    `h` favours dark pixels when positive, `beta` is the price of unlike neighbours (each such pair
    costs 2 beta more than a like pair), `eta` the price of leaving the observed value.
    """

    h: float = 0.0
    beta: float = 1.0
    eta: float = 1.0

    def __post_init__(self):
        for name in ("h", "beta", "eta"):
            if not np.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be a finite number, got {getattr(self, name)}")

    def energy(self, x: np.ndarray, y: np.ndarray) -> float:
        """E(x, y) of a whole picture."""
        x, y = check_pair(x, y)
        agreement = int(np.sum(x * y, dtype=int))
        return float(self.h * x.sum(dtype=int) - self.beta * pair_sum(x) - self.eta * agreement)

    def bias(self, y: np.ndarray) -> np.ndarray:
        """The part of the local field that no neighbour changes, eta y_i - h."""
        return self.eta * y - self.h

    def local_field(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """f_i = beta sum_j x_j + eta y_i - h, of shape (height, width); E holds -x_i f_i."""
        return self.beta * neighbour_sum(x) + self.bias(y)

    def flip_cost(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Change of the energy when pixel i alone is flipped, 2 x_i f_i, for every pixel."""
        return 2 * x * self.local_field(x, y)

    def prob_plus(self, x: np.ndarray, y: np.ndarray, temperature: float = 1.0) -> np.ndarray:
        """p(x_i = +1 | all other pixels, y) = sigmoid(2 f_i / T) for every pixel."""
        return sigmoid(2 * self.local_field(x, y) / temperature)


def sigmoid(a: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-a)), without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * a))


@dataclass
class Restoration:
    """A restored picture and how it was reached.

    `x` is the picture, `energies` the energy at the start and after every sweep, `converged`
    whether the last sweep changed nothing.
    """

    x: np.ndarray
    energies: list[float] = field(default_factory=list)
    converged: bool = True


def _repeat(sweep: Callable, model: Ising, x: np.ndarray, y: np.ndarray, limit: int) -> Restoration:
    """Apply `sweep`, which returns a new picture, until it changes nothing."""
    energies = [model.energy(x, y)]
    for _ in range(limit):
        new = sweep(model, x, y)
        energies.append(model.energy(new, y))
        if np.array_equal(new, x):
            return Restoration(new, energies)
        x = new
    return Restoration(x, energies, converged=False)


def start_from(y: np.ndarray, start: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The first picture of a run, `start` or else y itself, and y; both checked."""
    return check_pair(y if start is None else start, y)


def raster_sweep(model: Ising, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """One ICM sweep in reading order: each pixel takes its best value."""
    height, width = x.shape
    x = np.pad(x, 1).tolist()  # a border of zeros; lists are faster than arrays here
    bias = model.bias(y).tolist()
    for i in range(1, height + 1):
        for j in range(1, width + 1):
            around = x[i - 1][j] + x[i + 1][j] + x[i][j - 1] + x[i][j + 1]
            local = model.beta * around + bias[i - 1][j - 1]
            if local != 0:  # a tie leaves the pixel alone
                x[i][j] = 1 if local > 0 else -1
    return np.array(x, dtype=np.int8)[1:-1, 1:-1]


def checkerboard(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Masks of the two colours: no two pixels of one colour are neighbours."""
    white = np.zeros(shape, dtype=bool)
    white[::2, ::2] = white[1::2, 1::2] = True
    return white, ~white


def checkerboard_sweep(model: Ising, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """One ICM sweep that updates all white pixels at once, then all black ones."""
    x, bias = x.copy(), model.bias(y)
    for colour in checkerboard(x.shape):
        local = model.beta * neighbour_sum(x) + bias
        x[colour & (local > 0)] = 1
        x[colour & (local < 0)] = -1
    return x


def icm_raster(
    model: Ising, y: np.ndarray, *, start: np.ndarray | None = None, max_sweeps: int = 100
) -> Restoration:
    """Iterated conditional modes (Besag, 1986) in reading order, from `start` (default y)."""
    x, y = start_from(y, start)
    return _repeat(raster_sweep, model, x, y, max_sweeps)


def icm_checkerboard(
    model: Ising, y: np.ndarray, *, start: np.ndarray | None = None, max_sweeps: int = 100
) -> Restoration:
    """Iterated conditional modes by checkerboard: the same moves, half a picture at a time."""
    x, y = start_from(y, start)
    return _repeat(checkerboard_sweep, model, x, y, max_sweeps)


def decide(prob_plus: np.ndarray) -> np.ndarray:
    """The decision of the fewest expected wrong pixels: +1 where its probability exceeds 1/2."""
    return np.where(prob_plus > 0.5, 1, -1).astype(np.int8)
