"""The visible tests of chapter 3's homework, tasks 4 and 6: denoisers, holes, random codes.

Right answers come from another route than the students': the slope of an exact log-density, a k-d
tree, an optimal map between two Gaussians.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.spatial import cKDTree
from scipy.special import logsumexp

from lib.homework import as_numbers, compare
from lib.homework_pca import ask, planted, random_basis

CODES = "the draws"


def check_denoiser(
    function: Callable,
    rng: np.random.Generator,
    d: int = 2,
    m: int = 3,
    points: bool = False,
    far: float = 1.0,
) -> None:
    """Compare E[x | noisy x] with a step uphill in the exact log-density of the noisy data.

    With `points` every component is a single point. `far` moves the noisy data out.
    """
    weights, means = rng.dirichlet(np.full(m, 3.0)), rng.normal(0, 2, size=(m, d))
    variances = np.zeros(m) if points else rng.uniform(0.2, 2, size=m)
    sigma = float(rng.choice([rng.uniform(0.4, 0.8), rng.uniform(1.3, 1.8)]))
    noisy = far * rng.normal(0, 2, size=(8, d))
    given = (weights, means, variances, sigma)
    names = ("noisy", "weights", "means", "variances", "sigma")
    what = f"E[x | noisy x], {m} components in {d} dimensions"
    answer = ask(function, what, **dict(zip(names, (noisy, *given), strict=True)))
    advice = "all weights underflow; subtract the largest logarithm before you take exp"
    answer = as_numbers(answer, (8, d), what, nan=advice)
    right = uphill(noisy, *given)
    if far > 1:
        what += f", far from all of them: {advice}, or"
    compare(answer, right, what, hints=_denoiser_mistakes(noisy, right, given), tol=1e-7)


def uphill(
    noisy: np.ndarray, weights: np.ndarray, means: np.ndarray, variances: np.ndarray, sigma: float
) -> np.ndarray:
    """Tweedie: noisy + sigma^2 times the gradient of log p_sigma, by automatic derivatives."""
    at = torch.tensor(noisy, requires_grad=True)
    v = torch.tensor(variances) + sigma**2
    distance = ((at[:, None] - torch.tensor(means)) ** 2).sum(dim=2)
    d = noisy.shape[1]
    logs = torch.tensor(weights).log() - 0.5 * (distance / v + d * torch.log(2 * torch.pi * v))
    slope = torch.autograd.grad(logs.logsumexp(dim=1).sum(), at)[0]
    return noisy + sigma**2 * slope.numpy()


def _denoiser_mistakes(noisy: np.ndarray, right: np.ndarray, given: tuple) -> dict[str, Any]:
    """What typical mistakes give for the posterior mean."""
    weights, means, variances, sigma = given
    same, d = np.full_like(weights, 1 / len(weights)), noisy.shape[1]

    def mixed(v: np.ndarray, share: np.ndarray, pi: np.ndarray = weights, power: int = d) -> Any:
        distance = ((noisy[:, None] - means) ** 2).sum(axis=2)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(pi) - 0.5 * (distance / v + power * np.log(v))
            r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
            return (r[:, :, None] * (means + share[:, None] * (noisy[:, None] - means))).sum(axis=1)

    wide = variances + sigma**2
    keep = variances / wide
    distance = ((noisy[:, None] - means) ** 2).sum(axis=2)
    nearest = means[distance.argmin(axis=1)]
    return {
        "sigma is a standard deviation; square it": mixed(
            variances + sigma, variances / (variances + sigma)
        ),
        "a noisy point of component m scatters with v_m + sigma^2, not with sigma^2": mixed(
            0 * wide + sigma**2, keep
        ),
        "the components have weights": mixed(wide, keep, same),
        "weigh by how well each component explains the noisy point, not by pi_m": np.einsum(
            "m,nmd->nd", weights, means + keep[:, None] * (noisy[:, None] - means)
        ),
        "a Gaussian's height depends on its variance: D / 2 log(v_m + sigma^2)": mixed(
            wide, keep, power=0
        ),
        "that power of the variance belongs to one dimension; there are D": mixed(
            wide, keep, power=1
        ),
        "inside a component the best guess lies between its mean and the noisy point": mixed(
            wide, 0 * keep
        ),
        "the share of x - mu_m that is kept is v_m / (v_m + sigma^2)": mixed(wide, 1 - keep),
        "an average of all components is asked for, not the nearest mean": nearest,
        "that is the step; add the noisy point": right - noisy,
        "that is the score; multiply by sigma^2 and add the noisy point": (right - noisy)
        / sigma**2,
    }


def check_score(function: Callable, rng: np.random.Generator, points: bool = False) -> None:
    """Compare scores with derivatives done by hand: a Gaussian, or with `points` two points."""
    d, sigma = 3, float(rng.choice([rng.uniform(0.4, 0.8), rng.uniform(1.3, 1.8)]))
    mean, v = rng.normal(size=d), rng.uniform(0.3, 2, size=d)
    noisy = rng.normal(size=(6, d))
    if points:
        a = rng.normal(size=d)  # the data are a and -a, half of them each

        def denoise(rows: np.ndarray) -> np.ndarray:
            return np.tanh(rows @ a / sigma**2)[:, None] * a

        to = np.exp(-0.5 * np.stack([((noisy - s * a) ** 2).sum(1) for s in (1, -1)]) / sigma**2)
        right = (to[0, :, None] * (a - noisy) + to[1, :, None] * (-a - noisy)) / sigma**2
        right /= to.sum(axis=0)[:, None]
    else:

        def denoise(rows: np.ndarray) -> np.ndarray:
            return mean + v / (v + sigma**2) * (rows - mean)

        right = -(noisy - mean) / (v + sigma**2)
    answer = ask(function, "the score", denoise=denoise, noisy=noisy, sigma=sigma)
    hints = {
        "sigma is a standard deviation; divide by its square": right * sigma,
        "divide by sigma^2": right * sigma**2,
        "divide by sigma^2, do not multiply": right * sigma**4,
        "it points uphill, from the noisy point to the guess": -right,
        "take the noisy point away": denoise(noisy) / sigma**2,
        "take the noisy point away and divide by sigma^2": denoise(noisy),
    }
    compare(answer, right, "the score", hints=hints)


def check_holes(
    function: Callable, rng: np.random.Generator, n: int = 83, m: int = 307, k: int = 2
) -> None:
    """Compare the share of codes in holes with that of a k-d tree."""
    for _ in range(30):  # until no two mistakes give the same share
        codes, z = _random_codes(rng, n, m, k)
        right, hints = _shares(codes, z)
        if len({round(value * m * n) for value in (right, *hints.values())}) == len(hints) + 1:
            break
    hints = {text: value for text, value in hints.items() if abs(value - right) > 1e-9}
    what = f"the share of {m} random codes in holes"
    compare(ask(function, what, codes=codes, z=z), right, what, hints=hints)


def _random_codes(
    rng: np.random.Generator, n: int, m: int, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Random codes (m, k), a third of them near the data, and codes of the data in clumps."""
    z = rng.normal(0, 3, size=(4, k))[rng.integers(4, size=n)] + rng.normal(0, 0.5, size=(n, k))
    codes = rng.normal(z.mean(axis=0), z.std(axis=0), size=(m, k))
    codes[: m // 3] = z[rng.integers(n, size=m // 3)] + rng.normal(0, 0.1, size=(m // 3, k))
    return codes, z


def _shares(codes: np.ndarray, z: np.ndarray) -> tuple[float, dict[str, float]]:
    """The share of codes in holes, and what typical mistakes give for it."""
    tree, n, m = cKDTree(z), len(z), len(codes)
    gap, apart = tree.query(codes)[0], tree.query(z, k=2)[0][:, 1]
    limit = np.quantile(apart, 0.95)
    right = np.mean(gap > limit)
    far = np.linalg.norm(codes - z.mean(axis=0), axis=1)
    low = np.quantile(apart, 0.05)
    return right, {
        "each code of the data is nearest to itself, at distance 0; leave it out": (
            np.mean(gap > 0)
        ),
        "that is the share outside of the holes": 1 - right,
        "the share is asked for; divide by the number of random codes": right * m,
        "divide by the number of random codes": right * m / n,
        "the limit is a quantile, 95 %, and not the mean": np.mean(gap > apart.mean()),
        "the limit is the 95 % quantile, not the largest distance": np.mean(gap > apart.max()),
        "take the quantile at 0.95, so that 5 % of the data lie beyond": np.mean(gap > low),
        "measure to the nearest code, not to the middle of all": np.mean(far > limit),
        "a distance is a root": np.mean(gap**2 > limit),
    }


def check_sample_codes(function: Callable, rng: np.random.Generator, k: int = 3) -> None:
    """Assert that draws have the mean, the covariance and the tails of the fitted Gaussian."""
    n, data = 8000, planted(rng, 60, k)
    z, C = data.x, data.components * data.variances @ data.components.T
    seeds = rng.choice(2**30, size=2, replace=False)
    drawn = [
        as_numbers(ask(function, CODES, z=z, n=n, rng=np.random.default_rng(s)), (n, k), CODES)
        for s in (seeds[0], *seeds)
    ]
    assert np.array_equal(drawn[0], drawn[1]), (
        f"{CODES}: two generators with the same seed gave different codes; draw with `rng`"
    )
    assert not np.array_equal(drawn[0], drawn[2]), (
        f"{CODES}: generators with different seeds gave the same codes; draw with `rng`"
    )
    check_gaussian_codes(drawn[0], z, data.mean, C)


def check_gaussian_codes(drawn: np.ndarray, z: np.ndarray, mean: np.ndarray, C: np.ndarray) -> None:
    """Assert that `drawn` (n, k) comes from N(mean, C), the Gaussian fitted to codes z (m, k).

    The limits are so wide that draws from it pass with any seed (7 standard deviations).
    """
    copies = np.mean(cKDTree(z).query(drawn)[0] < 1e-6 * np.sqrt(np.trace(C)))
    assert copies < 0.01, f"{CODES}: {copies:.0%} are codes of the data, copied; draw new ones"
    root, n = np.linalg.cholesky(C), len(drawn)
    white = np.linalg.solve(root, (drawn - mean).T).T
    limit, gap = 7 / np.sqrt(n), np.abs(white.mean(axis=0)).max()
    assert gap < limit, f"{CODES}: their mean is not the mean of the codes; add it, once"
    found = np.cov(drawn.T, bias=True).reshape(C.shape)
    if np.abs(np.cov(white.T) - np.eye(len(C))).max() > 1.5 * limit:
        diagonal = np.diag(C.diagonal())
        wrong = {
            "the entries of a code go together; use the covariance, not only the variances": (
                diagonal
            ),
            "the covariance is squared; multiply by its root": C @ C,
            "these have covariance I; multiply by a root of C": np.eye(len(C)),
            "a root L with L L^T = C multiplies from the left, so rows by L^T": root.T @ root,
            "a standard deviation is a root": diagonal**2,
            "every code is the same; draw new numbers for each": 0 * C,
        }
        for advice, other in wrong.items():
            near = np.abs(found - other).max() < 0.1 * np.abs(other).max() + 1e-9
            assert not near, f"{CODES}: {advice}"
        raise AssertionError(f"{CODES}: their covariance is {found.round(2).tolist()}, it should "
                             f"be {C.round(2).tolist()}")  # fmt: skip
    tails = (white**4).mean(axis=0) / white.var(axis=0) ** 2
    assert np.abs(tails - 3).max() < 0.9, (
        f"{CODES}: E[z^4] / E[z^2]^2 is {tails[0]:.2f}, and it is 3 for a Gaussian"
    )


def check_frechet(
    function: Callable, rng: np.random.Generator, d: int = 4, rank: int = 0, turned: bool = True
) -> None:
    """Compare with the cost of an optimal map: x -> T x with a symmetric positive T.

    It carries N(0, S) to N(0, T S T), and no map does so for less (Brenier). With `turned` false
    all matrices are diagonal; with a `rank` S has this rank.
    """
    U, V = (random_basis(rng, d, d) if turned else np.eye(d) for _ in range(2))
    spread, stretch = np.exp(rng.uniform(-1.5, 1.5, size=d)), np.exp(rng.uniform(-1, 1, size=d))
    spread[rank or d :] = 0
    S1, T = U * spread @ U.T, V * stretch @ V.T
    S2, gap = T @ S1 @ T, rng.normal(size=d)
    mean = rng.normal(size=d)
    move = np.trace((np.eye(d) - T) @ S1 @ (np.eye(d) - T))
    right = gap @ gap + move
    roots = [_root(S) for S in (S1, S2)]
    hints = {
        "square the distance of the means": np.linalg.norm(gap) + move,
        "the means differ too": move,
        "that is the part of the means; the covariances differ too": gap @ gap,
        "the cross term counts twice": right + np.trace(_root(roots[0] @ S2 @ roots[0])),
        "the cross term has a minus sign": right + 4 * np.trace(_root(roots[0] @ S2 @ roots[0])),
        "take no root of the whole": np.sqrt(right),
        "the cross term is missing": gap @ gap + np.trace(S1 + S2),
        "S1^(1/2) S2^(1/2) is right only for matrices that share their eigenvectors": gap @ gap
        + ((roots[0] - roots[1]) ** 2).sum(),
        "the root of a matrix is not the matrix of the roots": gap @ gap
        + np.trace(S1 + S2 - 2 * np.sqrt(np.abs(S1 @ S2))),
        "the root of S1 S2 is missing": gap @ gap + np.trace(S1 + S2 - 2 * S1 @ S2),
    }
    hints = {text: value for text, value in hints.items() if abs(value - right) > 1e-6}
    what = f"the Fréchet distance of two Gaussians in {d} dimensions"
    given = {"mean1": mean, "cov1": S1, "mean2": mean + gap, "cov2": S2}
    advice = "a rounded eigenvalue may be -1e-17; set it to 0 before you take its root"
    try:
        answer = ask(function, what, **given)
    except np.linalg.LinAlgError:
        raise AssertionError(f"{what}: there is a nan on the way; {advice}") from None
    compare(as_numbers(answer, (), what, nan=advice), right, what, hints=hints, tol=1e-6)


def _root(S: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(S)
    return vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
