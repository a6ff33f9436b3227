"""The visible tests of chapter 2's homework, task 5: probabilistic PCA and its likelihood.

Right answers come from another route than the students': planted components, coordinates along
them. Keywords say what a private variant asks for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, peer
from lib.homework_pca import ask, planted, random_basis
from lib.homework_pca_samples import SPREADS


def check_ppca(
    fit_ppca: Callable,
    rng: np.random.Generator,
    n: int = 40,
    d: int = 7,
    k: int = 3,
    *,
    noise: str = "variance",
    form: str = "loadings",
) -> None:
    """Compare the noise and W W^T, which a rotation of the scores leaves as they are.

    `noise` is one of SPREADS. With `form="orthonormal"` the answer is (W, v, noise): orthonormal
    columns and the variance of each score.
    """
    _, components, variances = planted(rng, n, d)
    what = f"probabilistic PCA, K = {k} of D = {d}, {len(variances)} eigenvalues given"
    given = {"components": components, "variances": variances, "k": k}
    names = "(W, sigma^2)" if noise == "variance" else "(W, noise)"
    names = "(W, v, sigma^2)" if form == "orthonormal" else names
    *loadings, found = as_parts(ask(fit_ppca, what, **given), what, names)
    dropped = variances[k:].sum()
    r, right = len(variances), dropped / (d - k)
    told, name = SPREADS[noise]
    hints = {
        "the mean of the dropped eigenvalues, not their sum": dropped,
        "D - K eigenvalues are dropped: those that are not in the list are zero, and count": (
            dropped / (r - k) if r > k else np.nan
        ),
        "divide by the number of dropped eigenvalues, D - K": dropped / d,
        "drop the first K eigenvalues, and only these": variances[k - 1 :].sum() / (d - k + 1),
        "that is the mean of all eigenvalues; leave out the first K": variances.mean(),
    }
    with np.errstate(divide="ignore"):
        hints = {advice: told(np.array(value)) for advice, value in hints.items()}
    symbol = "sigma^2" if noise == "variance" else "the noise"
    if noise == "variance":
        hints["sigma^2 is asked for, not its root"] = np.sqrt(right)
    else:
        hints[f"that is sigma^2; asked for is the {name}"] = right
    compare(found, told(right), f"{symbol} of {what}", hints=hints, tol=FLOAT32)
    spread = components[:, :k] * variances[:k] @ components[:, :k].T
    if form == "orthonormal":
        _check_orthonormal(*loadings, components[:, :k], variances[:k], right)
    else:
        _check_loadings(as_numbers(*loadings, (d, k), "W"), components, variances, right, spread)


def _check_loadings(
    W: np.ndarray, components: np.ndarray, variances: np.ndarray, noise: float, spread: np.ndarray
) -> None:
    """Compare W W^T with the kept variances less the noise."""
    k = W.shape[1]
    U = components[:, :k]
    hints = {
        "the noise has a share of the variance; subtract sigma^2 from each eigenvalue": spread,
        "columns of W are scaled by a root: W W^T has variances, W has standard deviations": (
            U * (variances[:k] - noise) ** 2 @ U.T
        ),
        "scale each column by the root of its eigenvalue less sigma^2": U @ U.T,
        "subtract sigma^2 from the eigenvalues, do not add it": spread + noise * U @ U.T,
    }
    what = f"W W^T of probabilistic PCA, K = {k}"
    compare(W @ W.T, spread - noise * U @ U.T, what, hints=hints, tol=FLOAT32)


def _check_orthonormal(
    W: object, v: object, U: np.ndarray, variances: np.ndarray, noise: float
) -> None:
    """Compare the score's variances, and the columns of W up to their signs."""
    W, k = as_numbers(W, U.shape, "W"), len(variances)
    hints = {
        "the noise has a share of the variance; subtract sigma^2 from each eigenvalue": variances,
        "v holds variances, not standard deviations": np.sqrt(variances - noise),
        "subtract sigma^2 from the eigenvalues, do not add it": variances + noise,
        "the variances are in v here, so the scores have not variance one": np.ones(k),
    }
    compare(v, variances - noise, "v, the variances of the scores", hints=hints, tol=FLOAT32)
    scaled = (U**2 * (variances - noise)).sum(axis=0)
    hints = {"the columns have length one here; their lengths went into v": scaled}
    compare((W**2).sum(axis=0), np.ones(k), "squared lengths in W", hints=hints, tol=FLOAT32)
    compare(np.abs((W * U).sum(axis=0)), np.ones(k), "cosines with the components", tol=FLOAT32)


#: The unit of a log-likelihood -> how many nats per picture it is, for D pixels.
UNITS = {
    "nats": lambda d: 1.0,
    "bits": lambda d: np.log(2),
    "nats per pixel": lambda d: d,
    "bits per pixel": lambda d: d * np.log(2),
}
#: How the noise is called among the arguments.
NOISES = {
    "variance": "noise_variance",
    "deviation": "noise_deviation",
    "precision": "noise_precision",
    "log-variance": "log_noise",
}


def check_log_prob(
    ppca_log_prob: Callable,
    rng: np.random.Generator,
    d: int,
    k: int,
    limit: float = np.inf,
    *,
    noise: str = "variance",
    unit: str = "nats",
    form: str = "loadings",
) -> None:
    """Compare log p(x) with the sum over coordinates in which the Gaussian has no correlations."""
    U, turn = random_basis(rng, d, k), random_basis(rng, k, k)
    lengths, sigma2 = rng.uniform(0.5, 3, size=k), float(rng.uniform(0.2, 0.6))
    mean, W = rng.normal(0, 1, size=d), U * lengths @ turn
    spread = rng.normal(size=(5, k)) @ W.T + np.sqrt(sigma2) * rng.normal(size=(5, d))
    given = {"x": mean + spread, "mean": mean, "W": W}
    if form == "orthonormal":
        given |= {"W": U, "v": lengths**2}
    given[NOISES[noise]] = float(SPREADS[noise][0](sigma2))
    what = f"log p(x) of 5 pictures with D = {d}, K = {k}"
    answer = ask(ppca_log_prob, what, limit, **given)
    assert np.shape(answer) != (), f"{what}: one number for each picture, not their sum or mean"
    advice = "a determinant of this size underflows; use np.linalg.slogdet of a small matrix"
    if noise == "log-variance":
        advice = "you are given the logarithm of sigma^2, which may be negative; take exp first"
    answer = as_numbers(answer, (5,), what, nan=advice)
    assert np.isfinite(answer).all(), f"{what} is not finite: {advice}"
    hints = _likelihood_mistakes(spread, mean, U, lengths, sigma2)
    right = rotated_log_prob(spread, U, lengths**2, sigma2)
    taken = rotated_log_prob(spread, U, lengths**2, np.abs(SPREADS[noise][0](sigma2)))
    misread = f"you are given the {SPREADS[noise][1]}, and you used it as a variance"
    if noise != "variance":
        hints = {misread: taken} | hints
    hints = {advice: value / UNITS[unit](d) for advice, value in hints.items()}
    if form == "orthonormal":
        hints.pop("add sigma^2 to the diagonal of M", None)
        ones = np.ones(k)
        hints["v holds the variances of the scores; you left it out"] = rotated_log_prob(
            spread, U, ones, sigma2
        ) / UNITS[unit](d)
    if unit != "nats":
        hints.pop("nats per picture are asked for, not per pixel")
        hints[f"that is in nats per picture; {unit} are asked for"] = right
        if noise != "variance":
            hints[f"{misread}. And {unit} are asked for, not nats per picture"] = taken
        hints[f"{unit} are asked for; mind the logarithm of 2"] = right / d
        hints[f"the base and the pixels: {unit} are asked for"] = right / np.log(2)
    compare(answer, right / UNITS[unit](d), what, hints=hints, tol=FLOAT32)


@peer
def rotated_log_prob(
    spread: np.ndarray, U: np.ndarray, variances: np.ndarray, noise: float
) -> np.ndarray:
    """Log density (n,) of N(0, U diag(variances) U^T + noise I): K coordinates along U, the rest.

    `spread` is (n, d) with the mean taken away, `U` (d, k) orthonormal.
    """
    along, (d, k) = spread @ U, U.shape
    rest = (spread**2).sum(axis=1) - (along**2).sum(axis=1)
    inside = np.log(2 * np.pi * (variances + noise)) + along**2 / (variances + noise)
    return -0.5 * (inside.sum(axis=1) + (d - k) * np.log(2 * np.pi * noise) + rest / noise)


def _likelihood_mistakes(
    spread: np.ndarray, mean: np.ndarray, U: np.ndarray, lengths: np.ndarray, noise: float
) -> dict[str, np.ndarray]:
    """What typical mistakes in the log-likelihood would give."""
    (d, k), v = U.shape, lengths**2
    right = rotated_log_prob(spread, U, v, noise)
    circle, small = d * np.log(2 * np.pi), np.log(v + noise).sum()
    large = small + (d - k) * np.log(noise)
    inside = (spread @ U) ** 2 / (v + noise)
    return {
        "D log(2 pi) is missing": right + circle / 2,
        "D log(2 pi): count the pixels, not the scores": right + (circle - circle * k / d) / 2,
        "the log determinant is missing": right + large / 2,
        "the determinant of C has the factor sigma^2 another D - K times": right
        + (large - small) / 2,
        "that factor is there D - K times, not D times": right - k * np.log(noise) / 2,
        "halve everything": 2 * right,
        "that is minus the log-likelihood": -right,
        "nats per picture are asked for, not per pixel": right / d,
        "take the mean away first": rotated_log_prob(spread + mean, U, v, noise),
        "the noise is given as a variance; do not square it": rotated_log_prob(
            spread, U, v, noise**2
        ),
        "add sigma^2 to the diagonal of M": right
        + (inside.sum(axis=1) - np.log(v / (v + noise)).sum()) / 2,
    }
