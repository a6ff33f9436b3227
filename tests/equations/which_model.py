"""Checks of the equations of the lesson that compares all models."""

import math
from itertools import pairwise

import numpy as np
from scipy import stats

from lib.grey_levels import add_noise, density_bits
from lib.metrics import frechet_distance
from lib.which_model_ranks import agreement, marks, scores
from lib.which_model_spread import by_chance
from tests.equations import checks

RNG = 31


def two_bumps():
    """A density of two correlated numbers in [0, 1], and the exact mass of any rectangle."""
    bumps = [
        stats.multivariate_normal([0.3, 0.6], [[0.04, 0.02], [0.02, 0.05]]),
        stats.multivariate_normal([0.8, 0.3], [[0.02, 0.0], [0.0, 0.03]]),
    ]

    def density(points):
        return 0.6 * bumps[0].pdf(points) + 0.4 * bumps[1].pdf(points)

    def mass(low, high):
        corners = [(high[0], high[1]), (low[0], high[1]), (high[0], low[1]), (low[0], low[1])]
        each = [
            sum(s * b.cdf(c) for s, c in zip((1, -1, -1, 1), corners, strict=True)) for b in bumps
        ]
        return 0.6 * each[0] + 0.4 * each[1]

    return density, mass


def gauss_grid(count: int = 24):
    """Nodes and weights of quadrature over the unit square."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    u, v = np.meshgrid((nodes + 1) / 2, (nodes + 1) / 2)
    return np.stack([u.ravel(), v.ravel()], 1), np.outer(weights, weights).ravel() / 4


@checks("eq-which-cell", by="distribution functions of correlated Gaussians in two pixels")
def cell():
    """The mean of the density over a cell, times its volume, is the cell's probability."""
    density, mass = two_bumps()
    u, w = gauss_grid()
    for level in ((0, 0), (1, 2), (4, 1), (2, 3)):
        low = np.array(level) / 5
        by_mean = w @ density((np.array(level) + u) / 5) / 5**2
        assert np.isclose(by_mean, mass(low, low + 1 / 5), atol=1e-5)
    whole = sum(
        w @ density((np.array([i, j]) + u) / 5) / 25 for i in range(-5, 10) for j in range(-5, 10)
    )
    assert np.isclose(whole, 1, atol=1e-6)


@checks("eq-which-gap", by="cells' masses from distribution functions; divergence by quadrature")
def gap():
    """Bits of the noisy density exceed those of the levels by a divergence, on any L."""
    density, mass = two_bumps()
    u, w = gauss_grid()
    for levels, level in ((5, (1, 2)), (3, (2, 0)), (17, (4, 9))):
        low = np.array(level) / levels
        exact = -np.log(mass(low, low + 1 / levels))
        p = density((np.array(level) + u) / levels)
        noisy = -w @ np.log(p) + 2 * np.log(levels)
        within = p / (w @ p)  # the density of the noise in this cell, normalised on its own
        divergence = -w @ np.log(within)
        assert divergence > 0
        assert np.isclose(noisy, exact + divergence, atol=1e-4)
        assert np.isclose(density_bits(w @ np.log(p), 2, levels), noisy / (2 * np.log(2)))
    # what the library adds is the noise of the formula
    x = add_noise(np.full((4000, 1), 3 / 16), np.random.default_rng(RNG))
    assert stats.kstest((17 * x - 3).ravel(), "uniform").pvalue > 1e-4


@checks("eq-which-units", by="scipy's densities of Gaussians, scaled")
def units():
    """In units a times finer every picture loses D log a nats."""
    rng = np.random.default_rng(RNG)
    root = rng.normal(size=(3, 3))
    mean, cov, x = rng.normal(size=3), root @ root.T + np.eye(3), rng.normal(size=(5, 3))
    for a in (0.2, 255.0):
        before = -stats.multivariate_normal(mean, cov).logpdf(x)
        after = -stats.multivariate_normal(a * mean, a**2 * cov).logpdf(a * x)
        assert np.allclose(after, before + 3 * math.log(a))


@checks("eq-which-tau", by="scipy's coefficient, on numbers without ties")
def tau():
    """Concordant less discordant pairs, over all pairs."""
    rng = np.random.default_rng(RNG)
    for _ in range(5):
        values = rng.random((7, 2)) + rng.random((7, 1))
        found = {str(k): {"bits": a, "recall": b} for k, (a, b) in enumerate(values)}
        want = stats.kendalltau(-values[:, 0], values[:, 1]).statistic  # fewer bits are better
        assert np.isclose(agreement(found, "bits", "recall"), want)


@checks("eq-which-sign", by="scipy's binomial test, and all outcomes of coins listed")
def sign():
    """Equal models are as far apart as k of n starts, either way, with this probability."""
    for n in (1, 3, 5, 8):
        outcomes = [bin(k).count("1") for k in range(2**n)]
        for k in range(n // 2 + 1, n + 1):
            listed = np.mean([max(heads, n - heads) >= k for heads in outcomes])
            formula = 2 * sum(math.comb(n, j) for j in range(k, n + 1)) * 2.0**-n
            assert np.isclose(formula, listed)
            assert np.isclose(by_chance(k, n), stats.binomtest(k, n).pvalue)
            assert by_chance(n - k, n) == by_chance(k, n)


@checks("eq-which-mark", by="properties that fix it: ends at 0 and 1, equal factors, equal steps")
def mark():
    """The best has 1, the worst 0; equal factors are equal steps; units do not matter."""
    values = {"a": 8.0, "b": 2.0, "c": 4.0, "d": float("nan"), "e": 1.0}
    found = {k: {"Fréchet": v, "s per 100": 3 * v} for k, v in values.items()}
    got = scores(found, "Fréchet")
    assert got["a"] == 0
    assert got["e"] == 1
    assert got["d"] == 0
    steps = [b - a for a, b in pairwise([got["a"], got["c"], got["b"], got["e"]])]
    assert np.allclose(steps, 1 / 3)
    assert np.allclose(list(scores(found, "s per 100").values()), list(got.values()))
    by_recall = scores({"x": {"recall": 0.9}, "y": {"recall": 0.6}, "z": {"recall": 0.8}}, "recall")
    assert np.isclose(by_recall["z"], np.log(0.4 / 0.2) / np.log(0.4 / 0.1))  # of what is missing
    added = marks(found, {"Fréchet": 3, "s per 100": 1})
    assert np.isclose(sum(added["c"].values()), got["c"])
    assert np.isclose(added["c"]["Fréchet"], 0.75 * got["c"])


@checks("eq-which-few", by="many draws of finite samples of known distributions")
def few():
    """The mean squared distance of two finite means has two terms that shrink as 1 / n."""
    rng = np.random.default_rng(RNG)
    n, many, tries = 20, 50, 4000
    scales, shift = np.array([1.0, 2.0, 0.5]), np.array([0.3, 0.0, -0.2])
    a = rng.exponential(scales, size=(tries, n, 3)).mean(axis=1) + shift  # not Gaussian
    b = rng.normal(scales, 0.7, size=(tries, many, 3)).mean(axis=1)
    squares = np.sum((a - b) ** 2, axis=1)
    want = shift @ shift + np.sum(scales**2) / n + 3 * 0.7**2 / many
    assert abs(squares.mean() - want) < 5 * squares.std() / np.sqrt(tries)
    same = rng.normal(size=(20_000, 3))  # and the whole distance feels it
    assert frechet_distance(same[:100], same[100:]) > frechet_distance(same[:2000], same[2000:])
