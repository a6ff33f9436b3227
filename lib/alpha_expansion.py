"""Pictures with several grey levels: Potts energies lowered by alpha-expansion.

E(l) = sum_i unary[i, l_i] + beta * (number of neighbour pairs with different labels).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.certain_pixels import Arcs
from lib.graph_cut import UNIT, grid_cut, to_units


def unlike(a: np.ndarray, b: np.ndarray | int, beta: int) -> np.ndarray:
    """beta where labels differ, else 0."""
    return np.where(a == b, 0, beta).astype(np.int32)


def potts_energy(labels: np.ndarray, unary: np.ndarray, beta: float) -> float:
    """Potts energy of labels (height, width) under costs (height, width, levels)."""
    own = np.take_along_axis(unary, labels[..., None], axis=2).sum()
    pairs = np.sum(labels[1:] != labels[:-1]) + np.sum(labels[:, 1:] != labels[:, :-1])
    return (own + beta * pairs).item()


def expansion_move(labels: np.ndarray, alpha: int, unary: np.ndarray, beta: int) -> np.ndarray:
    """The best labels reachable when every pixel either keeps its label or takes `alpha`.

    One exact cut on whole-number costs. For a pair (p, q) with V = beta [labels differ], the cost
    over (x_p, x_q), 1 meaning alpha, is A = V(l_p, l_q) at 00, B = V(l_p, alpha) at 01 and
    C = V(alpha, l_q) at 10, that is A + (C - A) x_p - C x_q + (B + C - A) (1 - x_p) x_q.
    """
    keep = np.take_along_axis(unary, labels[..., None], axis=2)[..., 0]
    gain = (keep - unary[..., alpha]).astype(np.int32)  # energy saved by taking alpha
    arcs = []
    for p, q in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        same = unlike(labels[p], labels[q], beta)  # A
        left, right = unlike(labels[p], alpha, beta), unlike(labels[q], alpha, beta)  # B, C
        gain[p] -= right - same
        gain[q] += right
        arcs += [np.zeros_like(same), left + right - same]  # p to q; q to p: q has 1 and p has 0
    take, _ = grid_cut(gain, Arcs(*arcs))
    return np.where(take, alpha, labels)


@dataclass
class Segmentation:
    """Labels (height, width) and the energy at the start and after every cycle over all levels."""

    labels: np.ndarray
    energies: list[float]


def alpha_expansion(
    unary: np.ndarray, beta: float, *, max_cycles: int = 10, unit: float = UNIT
) -> Segmentation:
    """Lower a Potts energy by expansion moves until none helps (Boykov, Veksler and Zabih, 2001).

    Every move is a minimum cut and never raises the energy; the result is at most twice the
    minimum when costs are not negative. Start: the cheapest level of each pixel on its own.

    Parameters
    ----------
    unary : ndarray, shape (height, width, levels)
        Cost of each level at each pixel.
    beta : float, >= 0
        Cost of a pair of neighbours with different levels.

    Raises
    ------
    ValueError
        For a negative beta or a `unary` that has not three axes.
    """
    unary = np.asarray(unary, dtype=float)
    if unary.ndim != 3 or unary.size == 0:
        raise ValueError(f"unary must be (height, width, levels), got shape {unary.shape}")
    if not beta >= 0:
        raise ValueError(f"expansion needs beta >= 0, got {beta}")
    costs, price = to_units(unary, unit).astype(np.int64), int(to_units(beta, unit))
    labels = costs.argmin(axis=2)
    energies = [potts_energy(labels, costs, price)]
    for _ in range(max_cycles):
        for alpha in range(costs.shape[2]):
            labels = expansion_move(labels, alpha, costs, price)
        energies.append(potts_energy(labels, costs, price))
        if energies[-1] == energies[-2]:
            break
    return Segmentation(labels, [energy * unit for energy in energies])
