"""PCA against scikit-learn's exact solvers, its growth with n and D, and the Gram trick's gain.

Run: python -m tests.benchmarks.bench_pca
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
from sklearn.decomposition import PCA as Peer

from lib.pca import fit_pca

REPEATS = 3


def pictures(n: int, dim: int) -> np.ndarray:
    """Points with a few strong directions and noise, as pictures have, float64."""
    rng = np.random.default_rng(0)
    strong = rng.normal(size=(n, 60)) * np.geomspace(3, 0.1, 60)
    return strong @ rng.normal(size=(60, dim)) + 0.1 * rng.normal(size=(n, dim))


def peer(x: np.ndarray, k: int | None, solver: str) -> Peer:
    """scikit-learn's analysis by one of its solvers."""
    return Peer(k, svd_solver=solver).fit(x)


def seconds(runs: dict[str, Callable], repeats: int = REPEATS) -> dict[str, list[float]]:
    """Times of each run; the runs take turns, so that all meet the same disturbances."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return times


def against_peer(n: int, dim: int, k: int | None, solvers: tuple[str, ...]) -> None:
    """The median over rounds of our time divided by the peer's in the same round."""
    x = pictures(n, dim)
    ours, theirs = fit_pca(x, k), peer(x, k, "covariance_eigh")
    size = len(ours.variances)
    want = theirs.explained_variance_[:size] * (n - 1) / n
    np.testing.assert_allclose(ours.variances, want, atol=1e-10 * want[0])
    runs = {solver: partial(peer, x, k, solver) for solver in solvers}
    times = seconds({"ours": partial(fit_pca, x, k), **runs})
    print(f"PCA of {n} x {dim}, {size} components: ours {median(times['ours']):.2f} s")
    for solver in solvers:
        ratio = median(a / b for a, b in zip(times["ours"], times[solver], strict=True))
        print(f"  scikit-learn {solver}: {median(times[solver]):.2f} s, ratio {ratio:.2f}")


def growth() -> None:
    """Seconds over decades of n at D = 256, and over D at n = 500, with the exponent between."""
    for what, shapes in {
        "n, D = 256": [(n, 256) for n in (100, 1000, 10_000, 100_000)],
        "D, n = 500": [(500, dim) for dim in (50, 500, 5000, 50_000)],
    }.items():
        found = []
        for n, dim in shapes:
            times = seconds({"": partial(fit_pca, pictures(n, dim))})[""]
            found.append(min(times))
        powers = np.diff(np.log10(found))
        times = ", ".join(f"{s:.4f}" for s in found)
        print(f"growth with {what}: {times} s; powers {', '.join(f'{p:.1f}' for p in powers)}")


def gram_trick() -> None:
    """400 pictures of 64 x 64 pixels by the three methods."""
    x = pictures(400, 4096)
    methods = ("gram", "svd", "covariance")
    times = seconds({method: partial(fit_pca, x, method=method) for method in methods})
    best = {method: min(t) for method, t in times.items()}
    for method in methods:
        gain = best["covariance"] / best[method]
        print(f"400 x 4096 by {method}: {best[method]:.3f} s, {gain:.0f}x the covariance's speed")


if __name__ == "__main__":
    gram_trick()
    growth()
    against_peer(4000, 4096, None, ("covariance_eigh",))
    against_peer(4000, 4096, 50, ("covariance_eigh", "arpack"))
    against_peer(400, 4096, None, ("full", "covariance_eigh"))
