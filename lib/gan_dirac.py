"""The smallest GAN: one point against one line (Mescheder, Geiger and Nowozin, 2018).

The data are always 0, the generator always draws theta, and the discriminator's score is psi x.
Both play the non-saturating game and rest at psi = theta = 0. Nothing is random.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit


def slopes(theta: float, psi: float, gamma: float) -> tuple[float, float]:
    """Slopes of the two losses: of the discriminator's in psi, of the generator's in theta.

    L_D = log(1 + exp(psi theta)) + log 2 + gamma psi^2 / 2, where the last term is R1; and
    L_G = log(1 + exp(-psi theta)).
    """
    return theta * expit(psi * theta) + gamma * psi, -psi * expit(-psi * theta)


def walk(
    steps: int, *, rate: float, momentum: float = 0.0, gamma: float = 0.0, start: float = 1.0
) -> np.ndarray:
    """(steps + 1, 2) pairs (theta, psi) of alternating steps, psi first, from (start, 0).

    Each player moves by the last move times `momentum` minus `rate` times its slope.
    """
    if not (rate > 0 and 0 <= momentum < 1 and gamma >= 0):
        raise ValueError(
            f"rate > 0, momentum in [0, 1), gamma >= 0; got {rate}, {momentum}, {gamma}"
        )
    theta, psi, moves = start, 0.0, [0.0, 0.0]
    path = [(theta, psi)]
    for _ in range(steps):
        moves[1] = momentum * moves[1] - rate * slopes(theta, psi, gamma)[0]
        psi += moves[1]
        moves[0] = momentum * moves[0] - rate * slopes(theta, psi, gamma)[1]
        theta += moves[0]
        path.append((theta, psi))
    return np.array(path)


def matrix(*, rate: float, momentum: float = 0.0, gamma: float = 0.0) -> np.ndarray:
    """One step near the rest point as a 4 x 4 matrix on (theta, psi, last move of each)."""
    push, pull = rate / 2, rate * gamma  # sig(0) = 1/2
    psi_move = np.array([-push, -pull, 0, momentum])
    psi = np.array([0, 1, 0, 0]) + psi_move
    theta_move = momentum * np.array([0, 0, 1, 0]) + push * psi
    return np.array([np.array([1, 0, 0, 0]) + theta_move, psi, theta_move, psi_move])


def growth(*, rate: float, momentum: float = 0.0, gamma: float = 0.0) -> float:
    """Factor by which small distances from the rest point grow in a step, in the long run."""
    steps = matrix(rate=rate, momentum=momentum, gamma=gamma)
    return float(np.abs(np.linalg.eigvals(steps)).max())
