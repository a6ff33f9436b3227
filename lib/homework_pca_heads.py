"""The visible tests of chapter 2's homework, task 6: a head from a few landmarks.

The right answer is the least-squares solution of one stacked system. Keywords say what a private
variant asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lib.homework import compare
from lib.homework_asking import FLOAT32, peer
from lib.homework_pca import ask

#: How the noise of each landmark is given: name of the argument -> the way there from a variance.
OWN_NOISE = {
    "noise_variances": lambda v: v,
    "noise_deviations": np.sqrt,
    "noise_precisions": lambda v: 1 / v,
}


@dataclass(frozen=True)
class Marked:
    """What the public homework's function receives, and the equations behind it.

    A head has 30 vertices; `A` (3 L, K) and `gap` (3 L,) are the equations A alpha = gap of the
    landmarks, `noise` (3 L,) the variance of each, `absolute` the gap without the mean taken away.
    """

    given: dict[str, Any]
    A: np.ndarray
    gap: np.ndarray
    absolute: np.ndarray
    noise: np.ndarray


def marked(
    rng: np.random.Generator, n_seen: int, noise: float, lost: int | None, own: str
) -> Marked:
    """Random components, a random head, and noisy places of some of its vertices."""
    n_vertices, k = 30, 6
    mean = rng.normal(size=(n_vertices, 3))
    components = rng.normal(size=(k, n_vertices, 3))
    variances = np.sort(rng.uniform(0.05, 2, size=k))[::-1].copy()
    seen = rng.choice(n_vertices, size=n_seen, replace=False)
    truth = rng.normal(size=k) * np.sqrt(variances)
    each = noise * (rng.uniform(0.3, 3, size=n_seen) if own else np.ones(n_seen))
    y = (mean + np.tensordot(truth, components, 1))[seen]
    y = y + np.sqrt(each)[:, None] * rng.normal(size=y.shape)
    kept = [axis for axis in range(3) if axis != lost]
    A = np.column_stack([s[seen][:, kept].ravel() for s in components])
    y = y[:, kept].copy()
    given = {"y": y, "mean": mean, "components": components, "variances": variances, "seen": seen}
    given |= {own: OWN_NOISE[own](each)} if own else {"noise_variance": noise}
    gap = (y - mean[seen][:, kept]).ravel()
    return Marked(given, A, gap, y.ravel(), np.repeat(each, len(kept)))


def check_fit(
    fit_head: Callable,
    rng: np.random.Generator,
    n_seen: int,
    noise: float = 0.04,
    *,
    lost: int | None = None,
    own: str = "",
    standard: bool = False,
    by_vertex: bool = False,
) -> None:
    """Compare coefficients with the least-squares solution of one stacked system.

    `lost` is the coordinate that a photograph does not show, `own` one of OWN_NOISE. `standard`
    coefficients are counted in standard deviations. `by_vertex` turns the components to
    (V, 3, K).
    """
    data = marked(rng, n_seen, noise, lost, own)
    given, variances = dict(data.given), data.given["variances"]
    if by_vertex:
        given["components"] = np.moveaxis(given["components"], 0, 2).copy()
    what = f"the coefficients from {n_seen} landmarks"
    answer = ask(fit_head, what, **given)
    head = np.shape(given["mean"])
    whole = np.shape(answer) in [head, (n_seen, 3), (n_seen, 2)]
    assert not whole, f"{what}: return the K coefficients, not the head"
    hints = _standard_mistakes(data) if standard else _fit_mistakes(data, own)
    unit = np.sqrt(variances) if standard else 1.0
    right = _ridge(data.A, data.gap, variances, data.noise)
    if lost is not None:
        hints |= _other_views(data, lost)
    compare(answer, right / unit, what, hints=hints, tol=FLOAT32)


def _fit_mistakes(data: Marked, own: str) -> dict[str, np.ndarray]:
    """What typical mistakes give for the coefficients."""
    A, gap, v, noise = data.A, data.gap, data.given["variances"], data.noise
    ones = np.ones(len(v))
    hints = {
        "the prior is missing: add the sum of alpha_k^2 / lambda_k": np.linalg.pinv(A) @ gap,
        "the prior divides by lambda_k: large variances are cheap": _ridge(A, gap, 1 / v, noise),
        "give each coefficient its own lambda_k": _ridge(A, gap, ones, noise),
        "sigma^2 is missing": _ridge(A, gap, v, np.ones_like(noise)),
        "sigma^2 divides the part of the landmarks; you have it the other way round": (
            _ridge(A, gap, v, 1 / noise)
        ),
        "a variance is given; do not square it": _ridge(A, gap, v, noise**2),
        "lambda_k is a variance already; do not square it": _ridge(A, gap, v**2, noise),
        "take the mean head away from the landmarks": _ridge(A, data.absolute, v, noise),
        "that is the wrong sign": -_ridge(A, gap, v, noise),
    }
    if own:
        hints["each landmark has a noise of its own; you gave all the mean"] = _ridge(
            A, gap, v, np.full_like(noise, noise.mean())
        )
    if own == "noise_deviations":
        hints["standard deviations are given; square them"] = _ridge(A, gap, v, noise**0.5)
        hints["square the standard deviations once"] = hints.pop(
            "a variance is given; do not square it"
        )
    if own == "noise_precisions":
        reversed_ = hints.pop(
            "sigma^2 divides the part of the landmarks; you have it the other way round"
        )
        hints["the precision multiplies the part of the landmarks: it is 1 / sigma^2"] = reversed_
    return hints


def _other_views(data: Marked, lost: int) -> dict[str, np.ndarray]:
    """What the coefficients are when another coordinate is left out, or the two are exchanged."""
    y, mean, components, variances, seen = (data.given[n] for n in list(data.given)[:5])
    right = [axis for axis in range(3) if axis != lost]
    found = {}
    for kept in ([0, 1], [0, 2], [1, 2], right[::-1]):
        if kept != right:
            A = components[:, seen][:, :, kept].reshape(len(components), -1).T
            gap = (y - mean[seen][:, kept]).ravel()
            advice = f"the photograph shows coordinates {right}, in this order, not {kept}"
            found[advice] = _ridge(A, gap, variances, data.noise)
    return found


def _standard_mistakes(data: Marked) -> dict[str, np.ndarray]:
    """What typical mistakes give for coefficients in standard deviations."""
    variances, ones = data.given["variances"], np.ones(len(data.given["variances"]))
    unit = np.sqrt(variances)
    right = _ridge(data.A, data.gap, variances, data.noise)
    kept = {
        advice: value / unit
        for advice, value in _fit_mistakes(data, "").items()
        if "lambda_k" not in advice
    }
    return kept | {
        "that is alpha; count in standard deviations, so divide it by sqrt(lambda_k)": (right),
        "the prior is missing: add the sum of the squares": np.linalg.pinv(data.A)
        @ data.gap
        / unit,
        "divide by the standard deviation, not by the variance": right / variances,
        "each component has the factor sqrt(lambda_k)": _ridge(data.A, data.gap, ones, data.noise),
        "each component has the factor sqrt(lambda_k), not lambda_k": (
            _ridge(data.A * variances, data.gap, ones, data.noise)
        ),
        "the prior has variance one here; do not divide by lambda_k too": (
            _ridge(data.A * unit, data.gap, variances, data.noise)
        ),
    }


@peer
def _ridge(A: np.ndarray, gap: np.ndarray, variances: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Minimum of sum of (gap - A a)^2 / noise + sum of a^2 / variances, as one stacked system."""
    rows = np.vstack([A / np.sqrt(noise)[:, None], np.diag(1 / np.sqrt(variances))])
    right = np.concatenate([gap / np.sqrt(noise), np.zeros(len(variances))])
    return np.linalg.lstsq(rows, right, rcond=None)[0]
