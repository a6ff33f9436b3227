"""The visible tests of chapter 3's homework, task 6: holes and random codes.

Right answers come from another route than the students': a k-d tree, the moments of many draws.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from lib.homework import as_numbers, compare
from lib.homework_asking import numbers, peer
from lib.homework_autoencoders import ask
from lib.homework_pca import planted

CODES = "the draws"


def check_holes(
    function: Callable,
    rng: np.random.Generator,
    n: int = 83,
    m: int = 307,
    k: int = 2,
    *,
    q: float = 0.95,
    norm: float = 2,
    covered: bool = False,
) -> None:
    """Compare the share of codes in holes with that of a k-d tree.

    The limit is the quantile `q`, distances are those of the `norm` (1: sum of the differences, 2:
    straight line, inf: the largest difference); with `covered` the other share is asked for.
    """
    for _ in range(30):  # until no two mistakes give the same share
        codes, z = _random_codes(rng, n, m, k)
        right, hints = _shares(codes, z, q, norm, covered)
        same = {"a distance is a root"} | ({text for text in hints if k == 1 and "along" in text})
        told = [value for text, value in hints.items() if text not in same]
        if len({round(value * m * n) for value in (right, *told)}) == len(told) + 1:
            break
    hints = {text: value for text, value in hints.items() if abs(value - right) > 1e-9}
    what = f"the share of {m} random codes {'outside of holes' if covered else 'in holes'}"
    answer = numbers(ask(function, what, codes=codes, z=z))
    compare(answer, right, what, hints=hints, tol=0.1 / m)


def _random_codes(
    rng: np.random.Generator, n: int, m: int, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Random codes (m, k), a third of them near the data, and codes of the data in clumps."""
    z = rng.normal(0, 3, size=(4, k))[rng.integers(4, size=n)] + rng.normal(0, 0.5, size=(n, k))
    codes = rng.normal(z.mean(axis=0), z.std(axis=0), size=(m, k))
    codes[: m // 3] = z[rng.integers(n, size=m // 3)] + rng.normal(0, 0.1, size=(m // 3, k))
    return codes, z


@peer
def _shares(
    codes: np.ndarray, z: np.ndarray, q: float = 0.95, norm: float = 2, covered: bool = False
) -> tuple[float, dict[str, float]]:
    """The share of codes in holes, and what typical mistakes give for it."""
    tree, n, m = cKDTree(z), len(z), len(codes)

    def gaps(p: float) -> tuple[np.ndarray, np.ndarray]:
        return tree.query(codes, p=p)[0], tree.query(z, k=2, p=p)[0][:, 1]

    def share(holes: np.ndarray) -> float:
        return float(np.mean(~holes if covered else holes))

    gap, apart = gaps(norm)
    right, limit = share(gap > np.quantile(apart, q)), np.quantile(apart, q)
    far = np.linalg.norm(codes - z.mean(axis=0), norm, axis=1)
    low, usual = np.quantile(apart, 1 - q), f"the {q:.0%} quantile".replace("%", " %")
    hints = {
        "each code of the data is nearest to itself, at distance 0; leave it out": share(gap > 0),
        "that is the share outside of the holes": 1 - right,
        "the share is asked for; divide by the number of random codes": right * m,
        "divide by the number of random codes": right * m / n,
        f"the limit is a quantile, {q:.0%}, and not the mean".replace("%", " %"): share(
            gap > apart.mean()
        ),
        f"the limit is {usual}, not the largest distance": share(gap > apart.max()),
        f"take the quantile at {q}, so that {1 - q:.0%} of the data lie beyond".replace(
            "%", " %"
        ): share(gap > low),
        "measure to the nearest code, not to the middle of all": share(far > limit),
        "a distance is a root": share(gap**2 > limit),
    } | _other_shares(gaps, right, q, norm, covered)
    if covered:
        hints["that is the share in the holes"] = hints.pop("that is the share outside of the "
                                                            "holes")  # fmt: skip
    return right, hints


@peer
def _other_shares(
    gaps: Callable, right: float, q: float, norm: float, covered: bool
) -> dict[str, float]:
    """What one gets from the usual distance, quantile and share, where others are asked for."""
    if (q, norm, covered) == (0.95, 2, False):
        return {}
    (gap, apart), (straight, lines) = gaps(norm), gaps(2)
    other = "the sum of the differences" if norm == 1 else "the largest difference of two entries"
    read = {
        f"the limit is the {round(100 * q)} % quantile here": (gap, apart, 0.95, covered),
        f"the distance of two codes is {other} along their entries": (straight, lines, q, covered),
        "another distance, quantile or share is asked for; read the task again": (
            *(straight, lines, 0.95, False),
        ),
    }
    return {
        text: float(np.mean((a > np.quantile(b, at)) != flip))
        for text, (a, b, at, flip) in read.items()
    }


def check_sample_codes(
    function: Callable, rng: np.random.Generator, k: int = 3, *, width: float = 1.0
) -> None:
    """Assert that draws have the mean, the covariance and the tails of the fitted Gaussian.

    All standard deviations of the draws are `width` times those of the codes.
    """
    data = planted(rng, 60, k)
    drawn = _drawn(function, rng, data.x, 8000)
    C = data.components * data.variances @ data.components.T
    check_gaussian_codes(drawn, data.x, data.mean, C, width)


def _drawn(function: Callable, rng: np.random.Generator, z: np.ndarray, n: int) -> np.ndarray:
    """Draws (n, k) by the student's function, which draws with the generator that it is given."""
    seeds = rng.choice(2**30, size=2, replace=False)
    drawn = []
    for seed in (seeds[0], *seeds):
        answer = ask(function, CODES, z=z, n=n, rng=np.random.default_rng(seed))
        drawn.append(as_numbers(numbers(answer), (n, z.shape[1]), CODES))
    assert np.array_equal(drawn[0], drawn[1]), (
        f"{CODES}: two generators with the same seed gave different codes; draw with `rng`"
    )
    assert not np.array_equal(drawn[0], drawn[2]), (
        f"{CODES}: generators with different seeds gave the same codes; draw with `rng`"
    )
    return drawn[0]


def check_kernel_codes(
    function: Callable, rng: np.random.Generator, k: int = 3, *, h: float = 0.5
) -> None:
    """Assert that each draw is a code of the data, any with the same chance, plus N(0, h^2 I)."""
    n, places = 8000, 20 * h * np.arange(12.0)  # so far apart that one sees which code it was
    z = np.stack([rng.permutation(places) for _ in range(k)], axis=1) + rng.normal(size=k)
    drawn = _drawn(function, rng, z, n)
    far, nearest = cKDTree(z).query(drawn)
    copies, lost = np.mean(far < 1e-6 * h), np.mean(far > 8 * h)
    assert copies < 0.01, f"{CODES}: {copies:.0%} are codes of the data, copied; add noise"
    assert lost < 0.01, (
        f"{CODES}: {lost:.0%} are farther than 8 h from every code; each draw starts at a code of "
        "the data, and no Gaussian is fitted to all of them"
    )
    rest = (drawn - z[nearest]) / h
    limit, counts = 7 / np.sqrt(n), np.bincount(nearest, minlength=12)
    assert np.abs(counts / n - 1 / 12).max() < limit * np.sqrt(11) / 12, (
        f"{CODES}: some codes are used more often than others: {counts.tolist()}"
    )
    found = np.cov(rest.T, bias=True).reshape(k, k)
    wrong = {
        "h is a standard deviation, not a variance": np.eye(k) / h,
        "multiply the noise by h": np.eye(k) / h**2,
        "multiply the noise by h, not by its square": np.eye(k) * h**2,
        "every entry of a code has noise of its own": np.ones((k, k)),
    }
    right = np.abs(found - np.eye(k)).max() < 1.5 * limit
    for advice, other in wrong.items():
        near = np.abs(found - other).max() < 0.1 * np.abs(other).max()
        assert right or not near, f"{CODES}: {advice}"
    assert right, f"{CODES}: the noise has covariance {(found * h**2).round(3).tolist()}"
    tails = (rest**4).mean(axis=0) / rest.var(axis=0) ** 2
    assert np.abs(tails - 3).max() < 0.9, f"{CODES}: the noise is not Gaussian"
    assert np.abs(rest.mean(axis=0)).max() < limit, f"{CODES}: the noise has mean zero"


def check_gaussian_codes(
    drawn: np.ndarray, z: np.ndarray, mean: np.ndarray, C: np.ndarray, width: float = 1.0
) -> None:
    """Assert that `drawn` (n, k) comes from the Gaussian fitted to codes z (m, k).

    It is N(mean, width^2 C). The limits are so wide that draws from it pass with any seed (7
    standard deviations).
    """
    copies = np.mean(cKDTree(z).query(drawn)[0] < 1e-6 * np.sqrt(np.trace(C)))
    assert copies < 0.01, f"{CODES}: {copies:.0%} are codes of the data, copied; draw new ones"
    data, C = C, width**2 * C
    root, n = np.linalg.cholesky(C), len(drawn)
    white = np.linalg.solve(root, (drawn - mean).T).T
    limit, gap = 7 / np.sqrt(n), np.abs(white.mean(axis=0)).max()
    found = np.cov(drawn.T, bias=True).reshape(C.shape)
    own = max(1.0, white.std(axis=0).max())  # draws that spread too far have a rough mean
    assert gap < limit * own, f"{CODES}: their mean is not the mean of the codes; add it, once"
    if np.abs(np.cov(white.T) - np.eye(len(C))).max() > 1.5 * limit:
        for advice, other in _covariance_mistakes(data, C, width).items():
            near = np.abs(found - other).max() < 0.1 * np.abs(other).max() + 1e-9
            assert not near, f"{CODES}: {advice}"
        raise AssertionError(f"{CODES}: their covariance is {found.round(2).tolist()}, it should "
                             f"be {C.round(2).tolist()}")  # fmt: skip
    tails = (white**4).mean(axis=0) / white.var(axis=0) ** 2
    assert np.abs(tails - 3).max() < 0.9, (
        f"{CODES}: E[z^4] / E[z^2]^2 is {tails[0]:.2f}, and it is 3 for a Gaussian"
    )


def _covariance_mistakes(data: np.ndarray, C: np.ndarray, width: float) -> dict[str, np.ndarray]:
    """What typical mistakes give for the covariance C = width^2 data of the draws."""
    diagonal, root = np.diag(C.diagonal()), np.linalg.cholesky(C)
    scaled = {
        f"this is the covariance of the codes; draw {width:g} times as wide": data,
        f"standard deviations are multiplied by {width:g}, not variances": width * data,
        f"variances are multiplied by the square of {width:g}": data / width,
        f"multiply by {width:g}, do not divide": data / width**2,
    }
    return (scaled if width != 1 else {}) | {
        "the entries of a code go together; use the covariance, not only the variances": diagonal,
        "the covariance is squared; multiply by its root": data @ C,
        "these have covariance I; multiply by a root of C": np.eye(len(C)),
        "a root L with L L^T = C multiplies from the left, so rows by L^T": root.T @ root,
        "a standard deviation is a root": diagonal**2,
        "every code is the same; draw new numbers for each": 0 * C,
    }
