"""Loopy belief propagation for the Ising posterior of a picture, all messages at once.

A message between two-state pixels has one free number, its log ratio
m = log m(+1) - log m(-1). Four arrays hold all of them, one a direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.denoising import Ising, check_picture, sigmoid
from lib.mrf import PairwiseMRF

# A message that travels in direction d enters a pixel from its opposite side.
DIRECTIONS = ("down", "up", "right", "left")
OPPOSITE = {"down": "up", "up": "down", "right": "left", "left": "right"}
TO = {"down": np.s_[1:], "up": np.s_[:-1], "right": np.s_[:, 1:], "left": np.s_[:, :-1]}
FROM = {d: TO[OPPOSITE[d]] for d in DIRECTIONS}
Messages = dict[str, np.ndarray]  # one array (height, width) a direction


@dataclass
class GridBeliefs:
    """Beliefs of all pixels: `prob_plus` (height, width), sweeps used, the last change, converged.

    `change` lists, sweep by sweep, the largest change of any message (in nats of log ratio).
    """

    prob_plus: np.ndarray
    n_sweeps: int
    change: list[float]
    converged: bool


def message(cavity: np.ndarray, beta: float) -> np.ndarray:
    """Log ratio sent by a pixel whose log odds, without the receiver's own message, is `cavity`."""
    return np.logaddexp(cavity + beta, -beta) - np.logaddexp(cavity - beta, beta)


def sweep(messages: Messages, prior: np.ndarray, beta: float) -> Messages:
    """All new messages from all old ones; arrays (height, width), zero at the border."""
    belief = prior + sum(messages.values())
    new = {}
    for d in DIRECTIONS:
        back = messages[OPPOSITE[d]]  # what the receiver itself has said
        cavity = belief[FROM[d]] - back[FROM[d]]
        new[d] = np.zeros_like(prior)
        new[d][TO[d]] = message(cavity, beta)
    return new


def loopy_bp(
    model: Ising, y: np.ndarray, *, damping: float = 0.0, max_sweeps: int = 200, tol: float = 1e-6
) -> GridBeliefs:
    """Approximate posterior marginals of every pixel by flooding messages over the grid.

    Parameters
    ----------
    y : ndarray, shape (height, width), entries -1 and +1
    damping : float in [0, 1)
        Share of the old message kept at every sweep; calms oscillation.
    tol : float
        Stop when no message changes by more than this, in nats of log ratio.

    Raises
    ------
    ValueError
        For other pixel values or a damping outside [0, 1).
    """
    y = check_picture(y, "y")
    if not 0 <= damping < 1:
        raise ValueError(f"damping must lie in [0, 1), got {damping}")
    prior = 2 * model.bias(y)  # log odds of +1 before any message
    messages, change = {d: np.zeros(y.shape) for d in DIRECTIONS}, []
    while len(change) < max_sweeps and (not change or change[-1] > tol):
        new = sweep(messages, prior, model.beta)
        mixed = {d: damping * messages[d] + (1 - damping) * new[d] for d in DIRECTIONS}
        change.append(max(float(np.max(np.abs(new[d] - messages[d]))) for d in DIRECTIONS))
        messages = mixed
    belief = sigmoid(prior + sum(messages.values()))
    return GridBeliefs(belief, len(change), change, change[-1] <= tol)


def as_pairwise_mrf(model: Ising, y: np.ndarray) -> PairwiseMRF:
    """The posterior p(x | y) as a general pairwise field, pixels row by row, states (-1, +1)."""
    y = check_picture(y, "y")
    number = np.arange(y.size).reshape(y.shape)
    down = np.stack([number[:-1].ravel(), number[1:].ravel()], axis=1)
    right = np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()], axis=1)
    sign = np.array([-1, 1])
    log_unary = model.bias(y).reshape(-1, 1) * sign  # (pixels, 2)
    return PairwiseMRF(log_unary, np.concatenate([down, right]), model.beta * np.outer(sign, sign))
