"""A robot in a ring-shaped corridor: a hidden Markov model whose answers can be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Walk:
    """One run: the true cells, whether the sensor clicked, and log p(y_t | x_t) of that.

    Shapes (M,), (M,) and (M, cells).
    """

    path: np.ndarray
    clicked: np.ndarray
    log_emission: np.ndarray


class Corridor:
    """Cells in a ring, some of them with a door, and a sensor that is often right about doors.

    Parameters
    ----------
    cells : int
        Number of cells.
    doors : sequence of int
        Cells with a door.
    move : mapping from int to float
        Probability of each number of cells forward in one time step; sums to one.
    click : pair of float
        Probability of a click at a door and elsewhere.

    Attributes
    ----------
    log_initial : array (cells,)
        Log of the uniform start.
    log_transition : array (cells, cells)
        log p(x_{t+1} | x_t), row x_t.

    Raises
    ------
    ValueError
        For a door outside the ring or moves that do not sum to one.
    """

    def __init__(
        self,
        cells: int,
        doors: Sequence[int],
        move: Mapping[int, float],
        click: tuple[float, float] = (0.9, 0.1),
    ):
        outside = [door for door in doors if not 0 <= door < cells]
        if outside:
            raise ValueError(f"doors {outside} lie outside the cells 0..{cells - 1}")
        if abs(sum(move.values()) - 1) > 1e-9:
            raise ValueError(f"the moves {dict(move)} sum to {sum(move.values()):g}, not to 1")
        self.cells, self.doors, self.move = cells, np.array(doors), dict(move)
        self.p_click = np.where(np.isin(np.arange(cells), doors), *click)
        steps = [p * np.roll(np.eye(cells), d, axis=1) for d, p in move.items()]
        with np.errstate(divide="ignore"):
            self.log_transition = np.log(np.sum(steps, axis=0))
        self.log_initial = np.full(cells, -np.log(cells))

    def simulate(self, n_steps: int, rng: np.random.Generator) -> Walk:
        """A random walk of `n_steps` time steps and the clicks heard on it."""
        steps = rng.choice(list(self.move), p=list(self.move.values()), size=n_steps - 1)
        path = np.cumsum([rng.integers(self.cells), *steps]) % self.cells
        clicked = rng.random(n_steps) < self.p_click[path]
        seen = np.where(clicked[:, None], self.p_click, 1 - self.p_click)
        return Walk(path, clicked, np.log(seen))
