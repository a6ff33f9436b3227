"""The visible tests of chapter 3's homework, task 6: the Fréchet distance of two Gaussians.

Right answers are the cost of an optimal map, which is drawn first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import numbers, peer
from lib.homework_autoencoders import ROUGH, ask, differ
from lib.homework_pca import random_basis


def check_frechet(
    function: Callable,
    rng: np.random.Generator,
    d: int = 4,
    rank: int = 0,
    turned: bool = True,
    *,
    form: str = "moments",
    less: int = 0,
    root: bool = False,
) -> None:
    """Compare with the cost of an optimal map: x -> T x with a symmetric positive T.

    It carries N(0, S) to N(0, T S T), and no map does so for less (Brenier). With `turned` false
    all matrices are diagonal; with a `rank` S has this rank. The `form` of what is given is
    "moments", "factors" (L with S = L L^T) or "features" (rows; covariances divide by their number
    minus `less`). With `root` the distance is asked for, not its square.
    """
    U, V = (random_basis(rng, d, d) if turned else np.eye(d) for _ in range(2))
    spread, stretch = np.exp(rng.uniform(-1.5, 1.5, size=d)), np.exp(rng.uniform(-1, 1, size=d))
    spread[rank or d :] = 0
    T, mean, gap = V * stretch @ V.T, rng.normal(size=d), rng.normal(size=d)
    half = (U * np.sqrt(spread))[:, : rank or d]  # (D, rank)
    S1, S2 = half @ half.T, T @ half @ half.T @ T
    move = np.trace((np.eye(d) - T) @ S1 @ (np.eye(d) - T))
    right, hints = gap @ gap + move, _frechet_mistakes(S1, S2, gap, move)
    if root:
        right = np.sqrt(right)
        hints = {text: np.sqrt(np.maximum(v, 0)) for text, v in hints.items()}
        hints.pop("take no root of the whole")
        hints |= {"that is the square of the distance; take its root": right**2}
    what = f"the Fréchet distance of two Gaussians in {d} dimensions"
    given, fits = _told_gaussians(rng, mean, gap, half, T @ half, form, less)
    hints |= _misread(given, form, less, root)
    advice = "a rounded eigenvalue may be -1e-17; set it to 0 before you take its root"
    try:
        answer = ask(function, what, fits=fits, **given)
    except np.linalg.LinAlgError:
        raise AssertionError(f"{what}: there is a nan on the way; {advice}") from None
    answer = as_numbers(numbers(answer), (), what, nan=advice)
    tol = 2e-3 if rank else ROUGH  # the root of a rounded zero is not small
    compare(answer, right, what, hints=differ(hints, right), tol=tol)


def _told_gaussians(
    rng: np.random.Generator,
    mean: np.ndarray,
    gap: np.ndarray,
    half1: np.ndarray,
    half2: np.ndarray,
    form: str,
    less: int,
) -> tuple[dict[str, np.ndarray], str]:
    """Two Gaussians with factors `half` (D, R) as a task tells them, and that in words."""
    names, found = ("x1", "x2") if form == "features" else ("mean1", "cov1", "mean2", "cov2"), []
    for centre, half in ((mean, half1), (mean + gap, half2)):
        rank = half.shape[1]
        if form == "moments":
            found += [centre, half @ half.T]
        elif form == "factors":
            diagonal = not np.any(half - np.diag(np.diag(half))) if len(half) == rank else False
            wide = random_basis(rng, rank + 2, rank).T  # its rows are orthonormal
            found += [centre, half if diagonal else half @ wide]
        else:
            n = rank + int(rng.integers(2, 30))
            beside = np.column_stack([np.ones(n), rng.normal(size=(n, rank))])
            scores = np.sqrt(n - less) * np.linalg.qr(beside)[0][:, 1:]
            found.append(centre + scores @ half.T)
    if form == "factors":
        names = ("mean1", "L1", "mean2", "L2")
        return dict(zip(names, found, strict=True)), "a covariance is L L^T, and L is (D, R)"
    return dict(zip(names, found, strict=True)), ""


@peer
def _misread(given: dict[str, np.ndarray], form: str, less: int, root: bool) -> dict[str, float]:
    """What one gets with factors taken for covariances, or with the other divisor."""
    if form == "features":
        pairs = [(x.mean(axis=0), np.cov(x.T, ddof=1 - less).reshape(2 * x.shape[1:]))
                 for x in given.values()]  # fmt: skip
        text = f"the covariances divide by N{' - 1' * less}"
    elif form == "factors":
        (m1, L1, m2, L2), text = given.values(), "L is no covariance; the covariance is L L^T"
        if L1.shape[0] != L1.shape[1]:
            return {}
        pairs = [(m1, L1), (m2, L2)]
    else:
        return {}
    (m1, S1), (m2, S2) = pairs
    if not np.isfinite(S1).all() or not np.isfinite(S2).all():
        return {}
    value = ((m1 - m2) ** 2).sum() + np.trace(S1 + S2 - 2 * _root(_root(S1) @ S2 @ _root(S1)))
    return {text: np.sqrt(max(value, 0)) if root else value, f"{text}, and": value}


@peer
def _frechet_mistakes(
    S1: np.ndarray, S2: np.ndarray, gap: np.ndarray, move: float
) -> dict[str, Any]:
    """What typical mistakes give for d^2."""
    roots, right = [_root(S) for S in (S1, S2)], gap @ gap + move
    cross = np.trace(_root(roots[0] @ S2 @ roots[0]))
    return {
        "square the distance of the means": np.linalg.norm(gap) + move,
        "the means differ too": move,
        "that is the part of the means; the covariances differ too": gap @ gap,
        "the cross term counts twice": right + cross,
        "the cross term has a minus sign": right + 4 * cross,
        "take no root of the whole": np.sqrt(right),
        "the cross term is missing": gap @ gap + np.trace(S1 + S2),
        "S1^(1/2) S2^(1/2) is right only for matrices that share their eigenvectors": gap @ gap
        + ((roots[0] - roots[1]) ** 2).sum(),
        "the root of a matrix is not the matrix of the roots": gap @ gap
        + np.trace(S1 + S2 - 2 * np.sqrt(np.abs(S1 @ S2))),
        "the root of S1 S2 is missing": gap @ gap + np.trace(S1 + S2 - 2 * S1 @ S2),
    }


@peer
def _root(S: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(S)
    return vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
