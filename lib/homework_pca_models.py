"""The visible tests of chapter 2's homework, tasks 4 to 7: samples, likelihoods, heads, a clinic.

Right answers come from another route than the students': planted components, coordinates along
them, a stacked least-squares problem.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_pca import Planted, as_pair, ask, planted, random_basis

SPLIT = "pictures of the test people are still among those you learn from"
MEAN = "the mean must come from the training pictures alone"
ROWS = "eigenvectors are columns of the matrix that eigh returns"


def check_samples(sample: Callable, rng: np.random.Generator, d: int = 8, k: int = 3) -> None:
    """Assert that random pictures have the right mean, plane, variances, independence and law."""
    n, data = 8000, planted(rng, n=40, d=d).keep(k)
    mean, W, variances = data
    seeds = rng.choice(2**30, size=2, replace=False)
    one, again, other = (
        as_numbers(
            ask(sample, "samples", n=n, mean=mean, W=W, variances=variances, rng=generator),
            (n, len(mean)),
            "the random pictures",
        )
        for generator in map(np.random.default_rng, [seeds[0], *seeds])
    )
    assert np.array_equal(one, again), (
        "two generators with the same seed gave different pictures: draw everything with `rng`"
    )
    check_draws(one, data)
    assert not np.array_equal(one, other), (
        "generators with different seeds gave the same pictures: draw with the `rng` you are given"
    )


def check_draws(faces: np.ndarray, data: Planted) -> None:
    """Assert that pictures (n, d) are draws from mean + W z; limits hold for any seed (7 sigma)."""
    mean, W, variances = data
    scores = (faces - mean) @ W
    found = scores.var(axis=0)
    _check_spread(found, variances)
    limit = 7 * np.sqrt(variances.max() / len(faces))
    gap = np.abs(faces.mean(axis=0) - mean).max()
    assert gap < limit, (
        f"the average of {len(faces)} random pictures is up to {gap:.2f} away from the mean: add "
        "the mean, once"
    )
    rest = np.abs(faces - mean - scores @ W.T).max()
    assert rest < 1e-6, f"a picture is {rest:.2g} away from all mean + W z: move along W only"
    if W.shape[1] > 1:
        most = np.abs(np.corrcoef(scores.T) - np.eye(W.shape[1])).max()
        assert most < 0.1, (
            f"two scores have correlation {most:.2f}: draw each of the K numbers of a picture anew"
        )
    tails = (scores**4).mean(axis=0) / found**2
    assert np.abs(tails - 3).max() < 0.7, (
        f"E[z^4] / E[z^2]^2 is {tails[0]:.2f}, and it is 3 for a Gaussian: use rng.normal"
    )


def _check_spread(found: np.ndarray, variances: np.ndarray) -> None:
    """Assert that the variances of scores are right to 20 %, or name the mistake."""
    cases = {
        "a variance is the square of a standard deviation; take the root before you multiply": (
            variances**2
        ),
        "give each score its own variance": np.ones_like(variances),
        "every picture is the same; draw new scores for each": np.zeros_like(variances),
    }
    if _near(found, variances):
        return
    for advice, wrong in cases.items():
        assert not _near(found, wrong), f"the variances of the scores: {advice}"
    raise AssertionError(
        f"the variances of the scores are {found.round(2)}, they should be {variances.round(2)}"
    )


def _near(found: np.ndarray, right: np.ndarray) -> bool:
    return bool((np.abs(found - right) <= 0.2 * right + 1e-9).all())


def check_ppca(
    fit_ppca: Callable, rng: np.random.Generator, n: int = 40, d: int = 7, k: int = 3
) -> None:
    """Compare the noise variance and W W^T, which a rotation of the scores leaves as they are."""
    _, components, variances = planted(rng, n, d)
    what = f"probabilistic PCA, K = {k} of D = {d}, {len(variances)} eigenvalues given"
    given = {"components": components, "variances": variances, "k": k}
    weights, noise = as_pair(ask(fit_ppca, what, **given), what, "(W, sigma^2)")
    dropped = variances[k:].sum()
    r, right = len(variances), dropped / (d - k)
    hints = {
        "the mean of the dropped eigenvalues, not their sum": dropped,
        "D - K eigenvalues are dropped: those that are not in the list are zero, and count": (
            dropped / (r - k) if r > k else np.nan
        ),
        "divide by the number of dropped eigenvalues, D - K": dropped / d,
        "drop the first K eigenvalues, and only these": variances[k - 1 :].sum() / (d - k + 1),
        "that is the mean of all eigenvalues; leave out the first K": variances.mean(),
        "sigma^2 is asked for, not its root": np.sqrt(right),
    }
    compare(noise, right, f"sigma^2 of {what}", hints=hints)
    W, U = as_numbers(weights, (d, k), "W"), components[:, :k]
    spread = U * variances[:k] @ U.T
    hints = {
        "the noise has a share of the variance; subtract sigma^2 from each eigenvalue": spread,
        "columns of W are scaled by a root: W W^T has variances, W has standard deviations": (
            U * (variances[:k] - right) ** 2 @ U.T
        ),
        "scale each column by the root of its eigenvalue less sigma^2": U @ U.T,
        "subtract sigma^2 from the eigenvalues, do not add it": spread + right * U @ U.T,
    }
    compare(W @ W.T, spread - right * U @ U.T, f"W W^T of {what}", hints=hints)


def check_log_prob(
    ppca_log_prob: Callable, rng: np.random.Generator, d: int, k: int, limit: float = np.inf
) -> None:
    """Compare log p(x) with the sum over coordinates in which the Gaussian has no correlations."""
    U, turn = random_basis(rng, d, k), random_basis(rng, k, k)
    lengths, noise = rng.uniform(0.5, 3, size=k), float(rng.uniform(0.2, 0.6))
    mean, W = rng.normal(0, 1, size=d), U * lengths @ turn
    spread = rng.normal(size=(5, k)) @ W.T + np.sqrt(noise) * rng.normal(size=(5, d))
    given = {"x": mean + spread, "mean": mean, "W": W, "noise_variance": noise}
    what = f"log p(x) of 5 pictures with D = {d}, K = {k}"
    answer = ask(ppca_log_prob, what, limit, **given)
    assert np.shape(answer) != (), f"{what}: one number for each picture, not their sum or mean"
    advice = "a determinant of this size underflows; use np.linalg.slogdet of a small matrix"
    answer = as_numbers(answer, (5,), what, nan=advice)
    assert np.isfinite(answer).all(), f"{what} is not finite: {advice}"
    hints = _likelihood_mistakes(spread, mean, U, lengths, noise)
    compare(answer, rotated_log_prob(spread, U, lengths**2, noise), what, hints=hints)


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


def check_fit(
    fit_head: Callable, rng: np.random.Generator, n_seen: int, noise: float = 0.04
) -> None:
    """Compare coefficients with the least-squares solution of one stacked system."""
    n_vertices, k = 30, 6
    mean = rng.normal(size=(n_vertices, 3))
    components = rng.normal(size=(k, n_vertices, 3))
    variances = np.sort(rng.uniform(0.05, 2, size=k))[::-1].copy()
    seen = rng.choice(n_vertices, size=n_seen, replace=False)
    truth = rng.normal(size=k) * np.sqrt(variances)
    y = (mean + np.tensordot(truth, components, 1))[seen]
    y = y + np.sqrt(noise) * rng.normal(size=y.shape)
    given = {"y": y, "mean": mean, "components": components, "variances": variances, "seen": seen}
    what = f"the coefficients from {n_seen} landmarks"
    answer = ask(fit_head, what, **given, noise_variance=noise)
    whole = np.shape(answer) in [(n_vertices, 3), (n_seen, 3)]
    assert not whole, f"{what}: return the K coefficients, not the head"
    A = np.column_stack([s[seen].ravel() for s in components])  # (3L, K)
    gap, absolute = (y - mean[seen]).ravel(), y.ravel()
    hints = {
        "the prior is missing: add the sum of alpha_k^2 / lambda_k": np.linalg.pinv(A) @ gap,
        "the prior divides by lambda_k: large variances are cheap": _ridge(
            A, gap, 1 / variances, noise
        ),
        "give each coefficient its own lambda_k": _ridge(A, gap, np.ones(k), noise),
        "sigma^2 is missing": _ridge(A, gap, variances, 1.0),
        "sigma^2 divides the part of the landmarks; you have it the other way round": _ridge(
            A, gap, variances, 1 / noise
        ),
        "a variance is given; do not square it": _ridge(A, gap, variances, noise**2),
        "lambda_k is a variance already; do not square it": _ridge(A, gap, variances**2, noise),
        "take the mean head away from the landmarks": _ridge(A, absolute, variances, noise),
        "that is the wrong sign": -_ridge(A, gap, variances, noise),
    }
    compare(answer, _ridge(A, gap, variances, noise), what, hints=hints, tol=1e-7)


def _ridge(A: np.ndarray, gap: np.ndarray, variances: np.ndarray, noise: float) -> np.ndarray:
    """Minimum of |gap - A a|^2 / noise + sum of a^2 / variances, as one stacked system."""
    rows = np.vstack([A / np.sqrt(noise), np.diag(1 / np.sqrt(variances))])
    right = np.concatenate([gap / np.sqrt(noise), np.zeros(len(variances))])
    return np.linalg.lstsq(rows, right, rcond=None)[0]


def portraits(
    rng: np.random.Generator, n_people: int = 20, n_each: int = 8, d: int = 16
) -> tuple[np.ndarray, np.ndarray]:
    """Made-up pictures x (n, d) and who is on each (n,), in the order in which they were taken.

    A person has a look of his or her own, and each picture of the person differs a little from it.
    """
    looks = rng.normal(size=(n_people, d)) * 2 * 0.85 ** np.arange(d)
    person = rng.permutation(np.repeat(np.arange(n_people), n_each))
    x = looks[person] + rng.normal(size=(len(person), d)) * 0.6 * 0.9 ** np.arange(d)
    return 5 + x @ random_basis(rng, d, d).T, person


def check_study_error(face_study: Callable, rng: np.random.Generator) -> None:
    """Compare the error on the test people with every mix of the three mistakes that change it."""
    x, person = portraits(rng)
    test_people, k = rng.choice(20, size=4, replace=False), int(rng.integers(3, 9))
    error, _ = _study(face_study, rng, x, person, test_people, k, n=2)
    hints: dict[str, Any] = {}
    for split, mean, rows in product([True, False], repeat=3):
        wrong = [MEAN] * mean + [ROWS] * rows + [SPLIT] * split
        hints["; ".join(wrong)] = _study_error(x, person, test_people, k, split, mean, rows)
    right = hints.pop("")
    hints["sum over the pixels, mean over the pictures"] = right / x.shape[1]
    compare(error, right, f"the error on people number {test_people}", hints=hints)


def _study_error(
    x: np.ndarray, person: np.ndarray, test_people: np.ndarray, k: int, *wrong: bool
) -> float:
    """Mean squared distance of the test pictures from the plane, with or without mistakes."""
    split, mean, rows = wrong
    test = np.isin(person, test_people)
    if split:
        test = np.arange(len(x)) >= len(x) - test.sum()
    centre = x.mean(axis=0) if mean else x[~test].mean(axis=0)
    seen, unseen = x[~test] - centre, x[test] - centre
    vectors = np.linalg.eigh(seen.T @ seen / len(seen))[1]
    W = vectors[-k:].T if rows else vectors[:, -k:]
    return ((unseen - unseen @ W @ W.T) ** 2).sum(axis=1).mean()


def check_study_samples(face_study: Callable, rng: np.random.Generator) -> None:
    """Assert that the new pictures are draws from the components of the training people."""
    x, person = portraits(rng)
    test_people, k, n = rng.choice(20, size=4, replace=False), int(rng.integers(2, 5)), 8000
    _, new = _study(face_study, rng, x, person, test_people, k, n=n)
    train = x[~np.isin(person, test_people)]
    _, lengths, rows = np.linalg.svd(train - train.mean(axis=0), full_matrices=False)
    model = Planted(train, train.mean(axis=0), rows[:k].T, lengths[:k] ** 2 / len(train))
    check_draws(as_numbers(new, (n, x.shape[1]), "the new pictures"), model)


def _study(face_study: Callable, rng: np.random.Generator, *given: Any, n: int) -> tuple:
    names = ("x", "person", "test_people", "k", "n", "rng")
    generator = np.random.default_rng(rng.integers(2**30))
    named = dict(zip(names, (*given, n, generator), strict=True))
    return as_pair(ask(face_study, "the study", **named), "the study", "(error, new)")
