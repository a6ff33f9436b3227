"""The visible tests of chapter 7's homework, task 7: modes counted by SciPy's search tree."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import entropy

from lib.homework import compare
from lib.homework_asking import FLOAT32, as_parts, peer
from lib.homework_gan import AGAIN, ask


@peer
def counted(
    points: np.ndarray, centres: np.ndarray, reach: float, least: float, **slips: bool
) -> tuple[int, float]:
    """Modes captured and the share of good samples, by a search tree.

    Slips: `any` counts far samples as well, `both` counts a sample for every centre in reach,
    `among` takes shares of the good samples alone, `more` wants more than `least`.
    """
    far, nearest = cKDTree(centres).query(points)
    good = far <= reach
    hits = np.bincount(nearest[good], minlength=len(centres)).astype(float)
    if slips.get("any"):
        hits = np.bincount(nearest, minlength=len(centres)).astype(float)
    if slips.get("both"):
        pairs = cKDTree(points).query_ball_point(centres, reach)
        hits = np.array([len(pair) for pair in pairs], dtype=float)
    share = hits / (max(good.sum(), 1) if slips.get("among") else len(points))
    found = share > least if slips.get("more") else share >= least
    return int(found.sum()), float(good.mean())


@peer
def effective(
    points: np.ndarray, centres: np.ndarray, reach: float, norm: float = 2.0
) -> tuple[float, float]:
    """Number of equal modes with the same entropy, and the share of good samples, by a search tree.

    Distances are those of the p-norm `norm`.
    """
    far, nearest = cKDTree(centres).query(points, p=norm)
    shares = np.bincount(nearest[far <= reach], minlength=len(centres)).astype(float)
    return float(np.exp(entropy(shares))), float((far <= reach).mean())


def crowd(
    rng: np.random.Generator, d: int, reach: float, norm: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """128 samples (128, d) and their centres, on which every mistake counts differently.

    Where eight good samples make a mode: one has eight, two have seven, one has three and nine
    strays, three have four beside a neighbour that shares some of its own, one has only strays.
    Distances are those of the p-norm `norm`; those of the 2-norm allow the crowd to be turned.
    """
    kinds = [(14, 0)] * 2 + [(8, 0)] + [(7, 0)] * 2 + [(3, 9), (0, 7)]  # (good, strays)
    pairs = [(9, 0), (4, 0)] * 3
    hops = np.append(np.full(len(kinds), 12.0), np.tile([12.0, 1.2], 3))
    centres = np.zeros((len(hops), d))
    centres[:, 0] = reach * hops.cumsum()
    parts = []
    for at, (centre, (good, strays)) in enumerate(zip(centres, kinds + pairs, strict=True)):
        widest = 0.95 if at < len(kinds) else 0.55  # neighbours share only what they should
        near = np.concatenate([rng.uniform(0, widest, good), rng.uniform(1.1, 3, strays)])
        directions = rng.normal(size=(good + strays, d))
        directions /= np.linalg.norm(directions, norm, axis=1, keepdims=True)
        parts.append(centre + reach * near[:, None] * directions)
    shared = centres[len(kinds) :: 2].repeat(5, axis=0)  # samples of a neighbour, in reach of two
    shared[:, 0] += 0.5 * reach
    points = np.concatenate([*parts, shared])
    far = np.full((128 - len(points), d), -20.0 * reach)
    far[:, 0] += 3 * reach * rng.uniform(-1, 1, size=len(far))
    points = np.concatenate([points, far])
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0] if norm == 2 else np.eye(d)
    shift = rng.normal(size=d)
    return rng.permutation(points @ turn + shift), rng.permutation(centres @ turn + shift)


def check_modes(
    modes_captured: Callable,
    rng: np.random.Generator,
    d: int = 2,
    reach: float = 1.5,
    least: float = 1 / 16,
    norm: float = 0.0,
    **rules: bool,
) -> None:
    """Compare both numbers with a search tree.

    `rules` may make one of the slips `both` and `among` of `counted` right; with a `norm`, the task
    asks for the effective number of modes.
    """
    points, centres = crowd(rng, d, reach, norm or 2.0)
    what = f"128 samples, {len(centres)} modes, reach {reach:g}"
    given: dict[str, Any] = {"points": points, "centres": centres, "reach": reach}
    if not norm:
        what, given = f"{what}, least {least:g}", given | {"least": least}
    found = as_parts(ask(modes_captured, what, **given), what, "(modes, good)")
    right = effective(**given, norm=norm) if norm else counted(**given, **rules)
    good = _good_mistakes(points, centres, reach, least, right[1])
    if norm:
        good["that is the usual distance; read the task again"] = counted(
            points, centres, reach, least
        )[1]
    good = {h: wrong for h, wrong in good.items() if not np.isclose(wrong, right[1])}
    compare(found[1], right[1], f"good: {what}", hints=good, tol=FLOAT32)
    mistakes = _effective_mistakes(**given, norm=norm) if norm else _mode_mistakes(given, rules)
    hints = {h: wrong for h, wrong in mistakes.items() if not np.isclose(wrong, right[0])}
    compare(found[0], right[0], f"modes: {what}", hints=hints, tol=FLOAT32 if norm else 1e-8)


def _good_mistakes(
    points: np.ndarray, centres: np.ndarray, reach: float, least: float, right: float
) -> dict[str, float]:
    squared = counted(points, centres, math.sqrt(reach), least)
    return {
        "a share of all samples, not a number": right * len(points),
        "those are the samples that are no good": 1 - right,
        "`reach` is a distance; do not compare it with its square": squared[1],
        "a sample is good near its nearest centre, whether or not that mode is captured": (
            _good_of_captured(points, centres, reach, least)
        ),
    }


def _mode_mistakes(given: dict[str, Any], rules: dict[str, bool]) -> dict[str, float]:
    def count(**slips: bool) -> int:
        return counted(**given, **rules | slips)[0]

    points, centres, reach, _ = given.values()
    found: dict[str, float] = {}
    if rules:
        again = f"{AGAIN} samples count for every centre in reach, shares are of the good ones"
        found[again] = counted(**given)[0]
    found["only good samples count for a mode; strays do not"] = count(any=True, both=False)
    if rules.get("both"):
        found["a sample counts for every centre in reach, not only for the nearest"] = count(
            both=False
        )
    else:
        found["a sample belongs to its nearest centre alone"] = count(both=True)
    if rules.get("among"):
        found["`least` is a share of the good samples, not of all"] = count(among=False)
    else:
        found["`least` is a share of all samples, not of the good ones"] = count(among=True)
    return found | {
        "a mode with exactly the share `least` is captured": count(more=True),
        "one good sample does not make a mode; it needs the share `least`": (
            counted(points, centres, reach, 1e-9, **rules)[0]
        ),
        "that is the number of modes there are": len(centres),
    }


def _effective_mistakes(
    points: np.ndarray, centres: np.ndarray, reach: float, norm: float
) -> dict[str, float]:
    far, nearest = cKDTree(centres).query(points, p=norm)
    hits = np.bincount(nearest[far <= reach], minlength=len(centres))
    everyone, share = np.bincount(nearest, minlength=len(centres)), hits / hits.sum()
    of_all = -sum(v * math.log(v) for v in hits / len(points) if v)
    return {
        "that is the entropy; the number of modes is its exponential": entropy(share),
        "natural logarithms go with the exponential": float(np.exp(entropy(share, base=2))),
        "strays do not count: take shares among the good samples": np.exp(entropy(everyone)),
        "shares of the good samples add up to 1; yours are shares of all": math.exp(of_all),
        "that is one over the sum of squared shares, another effective number": (
            1 / (share**2).sum()
        ),
        "that is the number of modes with any good sample": (hits > 0).sum(),
        "that is the number of modes there are": len(centres),
    }


def _good_of_captured(points: np.ndarray, centres: np.ndarray, reach: float, least: float) -> float:
    far, nearest = cKDTree(centres).query(points)
    shares = np.bincount(nearest[far <= reach], minlength=len(centres)) / len(points)
    return float(shares[shares >= least].sum())
