"""The visible tests of chapter 2's homework, task 4: random faces.

Limits hold for a right answer with any seed. Keywords say what a private variant asks for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lib.homework import as_numbers
from lib.homework_pca import Planted, ask, planted

#: How a variance is given: name of the argument, the way there, what it is called.
SPREADS = {
    "variance": (lambda v: v, "variance"),
    "deviation": (np.sqrt, "standard deviation"),
    "precision": (lambda v: 1 / v, "precision, one over the variance"),
    "log-variance": (np.log, "natural logarithm of the variance"),
    "log-deviation": (lambda v: np.log(v) / 2, "natural logarithm of the standard deviation"),
}


def check_samples(
    sample: Callable,
    rng: np.random.Generator,
    d: int = 8,
    k: int = 3,
    *,
    n: int = 8000,
    spread: str = "variance",
    likeness: str = "",
) -> None:
    """Assert that random pictures have the right mean, plane, variances, independence and law.

    The student is given a `spread` of each score, one of SPREADS; or, with a `likeness`, a picture
    whose relatives are asked for.
    """
    if likeness:
        check_relatives(sample, rng, d, k, n, likeness)
        return
    mean, W, variances = planted(rng, n=40, d=d).keep(k)
    shown = SPREADS[spread][0](variances)
    names = {
        "variance": "variances",
        "deviation": "deviations",
        "precision": "precisions",
        "log-variance": "log_variances",
        "log-deviation": "log_deviations",
    }
    given = {"n": n, "mean": mean, "W": W, names[spread]: shown}
    _check_seeded(sample, rng, given, Planted(mean[None], mean, W, variances), spread)


def _check_seeded(
    sample: Callable, rng: np.random.Generator, given: dict, law: Planted, spread: str = "variance"
) -> None:
    """Assert that pictures follow the law and that the generator alone decides about them."""
    seeds, n = rng.choice(2**30, size=2, replace=False), given["n"]
    nan = "look for the root of a negative number"
    if spread.startswith("log"):
        nan += f"; you are given the {SPREADS[spread][1]}, so take the exponential first"
    what = "the random pictures"
    one, again, other = (
        as_numbers(ask(sample, what, **given, rng=generator), (n, len(law.mean)), what, nan)
        for generator in map(np.random.default_rng, [seeds[0], *seeds])
    )
    assert np.array_equal(one, again), (
        "two generators with the same seed gave different pictures: draw everything with `rng`"
    )
    if n > 1000:
        check_draws(one, law, spread)
    rest = _beside(one - law.mean, law.components).max()
    assert rest < 1e-4, f"a picture is {rest:.2g} away from all mean + W z: move along W only"
    assert not np.array_equal(one, other), (
        "generators with different seeds gave the same pictures: draw with the `rng` you are given"
    )


def _beside(away: np.ndarray, W: np.ndarray) -> np.ndarray:
    """The part of each row that is not along the orthonormal columns of W."""
    return np.abs(away - away @ W @ W.T)


def check_draws(faces: np.ndarray, data: Planted, spread: str = "variance") -> None:
    """Assert that pictures (n, d) are draws from mean + W z; limits hold for any seed (7 sigma)."""
    mean, W, variances = data
    scores = (faces - mean) @ W
    found = scores.var(axis=0)
    _check_spread(found, variances, spread)
    limit = 7 * np.sqrt(variances.max() / len(faces))
    gap = np.abs(faces.mean(axis=0) - mean).max()
    assert gap < limit, (
        f"the average of {len(faces)} random pictures is up to {gap:.2f} away from the mean: add "
        "the mean, once"
    )
    rest = _beside(faces - mean, W).max()
    assert rest < 1e-4, f"a picture is {rest:.2g} away from all mean + W z: move along W only"
    if W.shape[1] > 1:
        most = np.abs(np.corrcoef(scores.T) - np.eye(W.shape[1])).max()
        assert most < 0.1, (
            f"two scores have correlation {most:.2f}: draw each of the K numbers of a picture anew"
        )
    tails = (scores**4).mean(axis=0) / found**2
    assert np.abs(tails - 3).max() < 0.7, (
        f"E[z^4] / E[z^2]^2 is {tails[0]:.2f}, and it is 3 for a Gaussian: use rng.normal"
    )


def _check_spread(found: np.ndarray, variances: np.ndarray, spread: str = "variance") -> None:
    """Assert that the variances of scores are right to 20 %, or name the mistake."""
    shown, cases = SPREADS[spread][0](variances), {}
    if spread != "variance":
        name = SPREADS[spread][1]
        cases = {
            f"you are given the {name}, and you took its root": np.abs(shown),
            f"you are given the {name}, and you multiplied by it": shown**2,
            "multiply by the standard deviation, do not divide by it": 1 / variances,
        }
    cases |= {
        "a variance is the square of a standard deviation; take the root before you multiply": (
            variances**2
        ),
        "give each score its own variance": np.ones_like(variances),
        "every picture is the same; draw new scores for each": np.zeros_like(variances),
        "numbers from uniform(-1, 1) have variance 1/3; use rng.normal": variances / 3,
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


def check_relatives(
    sample: Callable,
    rng: np.random.Generator,
    d: int = 8,
    k: int = 3,
    n: int = 8000,
    likeness: str = "rho",
) -> None:
    """Assert that pictures are relatives of one that is given, with the right mean and variances.

    The likeness is the correlation "rho" of a relative's scores with those of the given picture, or
    the "share" rho^2 of their variance that relatives have in common.
    """
    mean, W, variances = planted(rng, n=40, d=d).keep(k)
    z = np.sqrt(variances) * rng.choice([-1, 1], size=k) * rng.uniform(1, 2, size=k)
    x = mean + W @ z + _outside(rng, W)
    rho = rng.uniform(0.5, 0.85)
    law = Planted(x[None], mean + rho * W @ z, W, (1 - rho**2) * variances)
    given = {"n": n, "x": x, "mean": mean, "W": W, "variances": variances}
    given[likeness] = float(rho if likeness == "rho" else rho**2)
    _name_relatives(ask(sample, "the relatives", **given, rng=_fresh(rng)), given, law, rho)
    _check_seeded(sample, rng, given, law)


def _fresh(rng: np.random.Generator) -> np.random.Generator:
    return np.random.default_rng(rng.integers(2**30))


def _outside(rng: np.random.Generator, W: np.ndarray) -> np.ndarray:
    """A part of a picture that its scores do not see."""
    away = rng.normal(size=len(W))
    return away - W @ (W.T @ away)


def _name_relatives(answer: object, given: dict, law: Planted, rho: float) -> None:
    """Assert that the average and the variances of relatives are none that a mistake would give."""
    n, mean, W, variances = (given[name] for name in ("n", "mean", "W", "variances"))
    faces = as_numbers(answer, (n, len(mean)), "the relatives")
    if n < 1000:
        return
    part, square = ("rho", "rho^2") if "rho" in given else ("the root of share", "share")
    spreads = {
        "strangers have the variances lambda_k; relatives vary less": variances,
        f"what is new has the variance (1 - {square}) lambda_k; look at your factors": (
            (1 - rho) ** 2 * variances
        ),
        f"what is new has the variance (1 - {square}) lambda_k; take one root more": (
            (1 - rho**2) ** 2 * variances
        ),
        f"what is new has the variance (1 - {square}) lambda_k; you took {square} twice": (
            (1 - rho**4) * variances
        ),
        f"what is new has the variance (1 - {square}) lambda_k; {part} is not squared": (
            (1 - rho) * variances
        ),
    }
    found = ((faces - law.mean) @ W).var(axis=0)
    for advice, wrong in spreads.items():
        bad = _close(found, wrong) and not _close(found, law.variances)
        assert not bad, f"the variances of the relatives: {advice}"
    _name_centre(faces.mean(axis=0), given, law, rho, part)


def _name_centre(centre: np.ndarray, given: dict, law: Planted, rho: float, part: str) -> None:
    """Assert that the average of relatives is none that a mistake would give."""
    n, mean, W, variances = (given[name] for name in ("n", "mean", "W", "variances"))
    gap = law.mean - mean
    centres = {
        "they do not take after the given picture": mean,
        f"they inherit {part} times its scores, not all of them": mean + gap / rho,
        f"they inherit {part} times its scores, and you took {part} twice": mean + rho * gap,
        f"they inherit {part} times its scores; take no root of {part}": mean + gap / np.sqrt(rho),
        "take the mean away from the given picture before you take its scores": (
            law.mean + rho * W @ (W.T @ mean)
        ),
        "its scores are inherited, not what lies beside the plane": (
            mean + rho * (given["x"] - mean)
        ),
    }
    limit = 7 * np.sqrt(variances.max() / n)
    for advice, wrong in centres.items():
        near = np.abs(centre - wrong).max() < limit < np.abs(centre - law.mean).max()
        assert not near, f"the average of the relatives: {advice}"


def _close(found: np.ndarray, wrong: np.ndarray) -> bool:
    return bool((np.abs(found - wrong) < 0.1 * wrong).all())
