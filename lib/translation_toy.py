"""Small worlds in which the best answers are known: stripes of unknown phase, tables of p(x, y)."""

from __future__ import annotations

import numpy as np

PHASES, PIXELS = 16, 32


def stripes(phases: int = PHASES, pixels: int = PIXELS, period: float = 8.0) -> np.ndarray:
    """Equally likely answers to one question: waves (phases, pixels) that differ in phase only."""
    place = np.arange(pixels) / period
    shift = np.arange(phases)[:, None] / phases
    return 0.5 + 0.4 * np.sin(2 * np.pi * (place + shift))


def l1_cost(answers: np.ndarray, x: np.ndarray) -> float:
    """E ||x' - x||_1 over equally likely answers x' (n, pixels), for one fixed answer x."""
    return float(np.abs(np.asarray(answers) - x).sum(axis=1).mean())


def l1_slope(answers: np.ndarray, x: float) -> float:
    """P(x' < x) - P(x' > x) for equally likely numbers x'."""
    answers = np.asarray(answers, dtype=float)
    return float(np.mean(answers < x) - np.mean(answers > x))


def twin_distances(answers: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """Mean squared distance of the truth from an answer, and of two answers from each other.

    The truth is one of `answers` (n, pixels), all equally likely. Answers are independent draws
    with probabilities `weights` (n,): uniform for an honest sampler.
    """
    answers, weights = np.asarray(answers, dtype=float), np.asarray(weights, dtype=float)
    if not np.isclose(weights.sum(), 1) or np.any(weights < 0):
        raise ValueError(f"probabilities are not negative and sum to 1, got {weights}")
    apart = ((answers[:, None] - answers[None]) ** 2).sum(axis=-1)  # (n, n)
    return {
        "to the truth": float(apart.mean(axis=0) @ weights),
        "to each other": float(weights @ apart @ weights),
    }


def best_judge(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """D(x, y) = p(x | y) / (p(x | y) + q(x | y)) for joint tables p, q (x, y) with one p(y)."""
    _check_tables(p, q)
    return np.divide(p, p + q, out=np.full(np.shape(p), 0.5), where=(p + q) > 0)


def game_value(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> float:
    """E_p[log D] + E_q[log(1 - D)] over tables of pairs (x, y)."""
    _check_tables(p, q)
    right = np.where(p > 0, p * np.log(np.where(p > 0, d, 1)), 0).sum()
    return float(right + np.where(q > 0, q * np.log(np.where(q > 0, 1 - d, 1)), 0).sum())


def _check_tables(p: np.ndarray, q: np.ndarray) -> None:
    if np.shape(p) != np.shape(q) or not np.allclose(np.sum(p, axis=0), np.sum(q, axis=0)):
        raise ValueError("p and q are tables (x, y) of one shape, with the same questions p(y)")
