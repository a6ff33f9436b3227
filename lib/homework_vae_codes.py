"""The visible tests of chapter 4's homework, task 3: random codes that let gradients through.

The noise is measured, at limits so wide that a right answer passes with any seed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy import stats

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers
from lib.homework_vae import MEANING, SIGMA, WIDTHS, ask, gradients, leaf

#: Limit for averages of random numbers, in standard deviations of the average: holds for any seed.
SIGMAS = 7.0
# Noise of scale 1 that is no Gaussian.
LAWS = {"Laplace": stats.laplace, "logistic": stats.logistic, "Gumbel": stats.gumbel_r}
#: How small the probability of a right answer's noise may be.
UNLIKELY = 1e-10


def check_draw(
    draw_code: Callable,
    rng: np.random.Generator,
    n: int = 3000,
    k: int = 3,
    *,
    width: str = "log-variance",
    samples: int = 0,
) -> None:
    """Assert reproducible draws of N(mean, diag sigma^2) that let gradients through.

    `width` is what s means. With `samples`, so many codes for each example, (samples, n, k).
    """
    mean, s = leaf(rng.normal(0, 2, size=(n, k))), leaf(rng.uniform(-3, 2, size=(n, k)))
    what, each = f"{n} random codes with K = {k}", max(samples, 1)
    given = {"mean": mean, "s": s} | ({"samples": samples} if samples else {})
    shape = (samples, n, k) if samples else (n, k)
    answer, one = reproducible(draw_code, rng, given, shape, what)
    z = one.reshape(each, n, k).transpose(1, 0, 2).reshape(n, each * k)
    tiled = np.tile(numbers(mean), (1, each)), np.tile(numbers(s), (1, each))
    check_noise(z, *tiled, what, width=width)
    to_mean, to_s = gradients(answer, [mean, s], what)
    advice = "z = mean + sigma * eps, computed step by step, lets gradients through"
    compare(to_mean, np.full((n, k), each), f"dz / dmean ({advice})", tol=FLOAT32)
    slope = WIDTHS[width] * (one - numbers(mean)).reshape(each, n, k).sum(axis=0)
    compare(to_s, slope, f"dz / ds = {WIDTHS[width]:g} (z - mean) ({advice})", tol=FLOAT32)


def reproducible(
    draw_code: Callable,
    rng: np.random.Generator,
    given: dict[str, Any],
    shape: tuple[int, ...],
    what: str,
) -> tuple[Any, np.ndarray]:
    """Codes drawn from one seed, as they are and as numbers; other seeds must give others."""
    seeds = [int(seed) for seed in rng.choice(2**30, size=2, replace=False)]
    answers = [
        ask(draw_code, what, **given, generator=torch.Generator().manual_seed(seed))
        for seed in [seeds[0], *seeds]
    ]
    one, again, other = (as_numbers(numbers(answer), shape, what) for answer in answers)
    assert np.array_equal(one, again), (
        f"{what}: two generators with the same seed gave different codes; draw with `generator`"
    )
    moved = np.abs(one - numbers(given["mean"])).max() > 1e-9
    assert moved, f"{what}: that is the mean itself; add noise"
    assert not np.array_equal(one, other), (
        f"{what}: generators with different seeds gave the same codes; draw with `generator`"
    )
    return answers[0], one


def check_noise(
    z: np.ndarray, mean: np.ndarray, s: np.ndarray, what: str, *, width: str = "log-variance"
) -> None:
    """Assert that z (n, k) are independent draws of N(mean, diag sigma^2), at SIGMAS."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        _check_noise(z - mean, s, what, width)


def _check_noise(noise: np.ndarray, s: np.ndarray, what: str, width: str) -> None:
    n = len(noise)
    assert np.abs(noise).max() > 1e-9, f"{what}: that is the mean itself; add noise"
    means = f"s is {MEANING[width]}"
    cases = {
        f"{means}, so sigma is {SIGMA[width]}, not {SIGMA[other]}": np.exp(c * s)
        for other, c in WIDTHS.items()
        if other != width
    } | {
        f"{means}; take {SIGMA[width]}, not s itself": s,
        f"{means}; take {SIGMA[width]}, not its root": np.sqrt(np.abs(s)),
        "sigma is missing": np.ones_like(s),
        f"sigma is {SIGMA[width]}, not softplus(s)": np.logaddexp(0, s),
        f"sigma is {SIGMA[width]}; that has the opposite sign": np.exp(-WIDTHS[width] * s),
    }
    limit = SIGMAS * np.sqrt(2 / n)
    eps = noise / np.exp(WIDTHS[width] * s)
    if np.abs(eps.var(axis=0) - 1).max() > limit:
        for advice, scale in cases.items():
            fits = np.abs((noise / scale).var(axis=0) - 1).max() < limit
            assert not fits, f"{what}: the noise has the wrong scale; {advice}"
        assert eps.std(axis=0).max() > 1e-6, (
            f"{what}: all examples share their noise; every number needs noise of its own"
        )
        found = eps.std(axis=0).round(2)
        raise AssertionError(f"{what}: (z - mean) / sigma has standard deviation {found}, not 1")
    off = np.abs(eps.mean(axis=0)).max()
    assert off < SIGMAS / np.sqrt(n), f"{what}: the noise has mean {off:.2f}, not 0"
    if noise.shape[1] > 1:
        alike = np.abs(np.corrcoef(eps.T) - np.eye(noise.shape[1])).max()
        assert alike < SIGMAS / np.sqrt(n), (
            f"{what}: noise of two dimensions has correlation {alike:.2f}; draw each number anew"
        )
    tails = (eps**4).mean() / (eps**2).mean() ** 2
    assert abs(tails - 3) < 3 * SIGMAS * np.sqrt(24 / eps.size), (
        f"{what}: E[eps^4] / E[eps^2]^2 is {tails:.2f}, and it is 3 for a Gaussian; use torch.randn"
    )


def check_draw_law(
    draw_code: Callable,
    rng: np.random.Generator,
    n: int = 3000,
    k: int = 3,
    *,
    law: str,
    width: str = "log-std",
) -> None:
    """Assert reproducible draws z = mean + scale * eps with eps from one of LAWS.

    The scale is what sigma is for Gaussians; `width` is what s says about it.
    """
    mean, s = leaf(rng.normal(0, 2, size=(n, k))), leaf(rng.uniform(-3, 2, size=(n, k)))
    what = f"{n} random codes with K = {k}"
    answer, z = reproducible(draw_code, rng, {"mean": mean, "s": s}, (n, k), what)
    noise = z - numbers(mean)
    eps = noise / np.exp(WIDTHS[width] * numbers(s))
    if not _follows(eps, LAWS[law]):
        scale = SIGMA[width].replace("exp", "b = exp")
        for name, c in WIDTHS.items():
            taken = noise / np.exp(c * numbers(s))
            gauss = f"{what}: the noise is Gaussian; here it follows the {law} distribution"
            assert not _follows(taken, stats.norm), gauss
            wrong = f"{what}: the scale is {scale}, not {SIGMA[name]}"
            assert not _follows(taken, LAWS[law]), wrong
        for name, other in LAWS.items():
            assert not _follows(eps, other), f"{what}: that is {name} noise, not {law} noise"
        assert not _follows(-eps, LAWS[law]), f"{what}: the noise has the wrong sign"
        raise AssertionError(
            f"{what}: (z - mean) / b does not follow the {law} distribution of scale 1: its mean "
            f"is {eps.mean():.2f}, its standard deviation {eps.std():.2f}"
        )
    if k > 1:
        alike = np.abs(stats.spearmanr(eps)[0] - np.eye(k)).max() if k > 2 else 0
        assert alike < SIGMAS / np.sqrt(n), f"{what}: draw the noise of each number anew"
    to_mean, to_s = gradients(answer, [mean, s], what)
    advice = "z = mean + b * eps, computed step by step, lets gradients through"
    compare(to_mean, np.ones((n, k)), f"dz / dmean ({advice})", tol=FLOAT32)
    compare(to_s, WIDTHS[width] * noise, f"dz / ds ({advice})", tol=FLOAT32)


def _follows(eps: np.ndarray, law: Any) -> bool:
    """Whether every column, and all together, are draws from a distribution of scale 1."""
    columns = [*eps.T, eps.ravel()]
    return all(stats.kstest(column, law.cdf).pvalue > UNLIKELY for column in columns)
