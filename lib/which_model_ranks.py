"""Ranking models that were measured in several ways: places, agreement of measures, marks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Facts = Mapping[str, Mapping[str, float]]  # of each model, what was measured
BETTER = {  # +1 where more is better
    "bits": -1,
    "Fréchet": -1,
    "precision": 1,
    "recall": 1,
    "rarest class": 1,
    "s per 100": -1,
    "numbers": -1,
}


def ranks(found: Facts, fact: str) -> dict[str, float]:
    """Places 1, 2, ... of the models by one fact, equal ones sharing; nan where it is unknown."""
    values = {name: BETTER[fact] * row[fact] for name, row in found.items()}
    known = [v for v in values.values() if not np.isnan(v)]
    return {
        name: float("nan") if np.isnan(v) else 1 + sum(u > v for u in known)
        + (sum(u == v for u in known) - 1) / 2
        for name, v in values.items()
    }  # fmt: skip


def agreement(found: Facts, a: str, b: str) -> float:
    """Kendall's tau of two facts: 1 if they rank alike, -1 if one reverses the other.

    Pairs of models are counted of which both facts are known; a tie counts for neither side.
    """
    both = [(ranks(found, a)[k], ranks(found, b)[k]) for k in found]
    known = [pair for pair in both if not np.isnan(pair).any()]
    signs = [np.sign((u[0] - v[0]) * (u[1] - v[1])) for k, u in enumerate(known) for v in known[:k]]
    if not signs:
        raise ValueError(f"fewer than two models have both {a} and {b}")
    return float(np.mean(signs))


def scores(found: Facts, fact: str) -> dict[str, float]:
    """Each model between 0, the worst, and 1, the best, on a logarithmic scale; 0 where unknown.

    Shares are scored by what is missing, 1 - share.
    """
    values = {k: row[fact] if BETTER[fact] < 0 else 1 - row[fact] for k, row in found.items()}
    logs = {k: np.log(max(v, 1e-6)) for k, v in values.items() if not np.isnan(v)}
    low, high = min(logs.values()), max(logs.values())
    if high == low:
        raise ValueError(f"all models are equal in {fact}: nothing to score")
    return {k: (high - logs[k]) / (high - low) if k in logs else 0.0 for k in values}


def marks(found: Facts, weights: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """What each fact contributes to each model's mark: weight over all weights times its score."""
    total = sum(weights.values())
    if not total > 0 or min(weights.values()) < 0:
        raise ValueError(f"weights are not negative and not all zero, got {dict(weights)}")
    parts = {fact: scores(found, fact) for fact in weights}
    return {k: {f: weights[f] / total * parts[f][k] for f in weights} for k in found}


def order(marked: Facts) -> list[str]:
    """Names from the highest mark to the lowest."""
    return sorted(marked, key=lambda name: -sum(marked[name].values()))
