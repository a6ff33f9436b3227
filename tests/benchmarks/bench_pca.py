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


def pictures(n: int, dim: int) -> np.ndarray:
    """Points with a few strong directions and noise, as pictures have, float64."""
    rng = np.random.default_rng(0)
    strong = rng.normal(size=(n, 60)) * np.geomspace(3, 0.1, 60)
    return strong @ rng.normal(size=(60, dim)) + 0.1 * rng.normal(size=(n, dim))


def peer(x: np.ndarray, k: int | None, solver: str) -> Peer:
    """scikit-learn's analysis by one of its solvers."""
    return Peer(k, svd_solver=solver).fit(x)


def seconds(runs: dict[str, Callable], repeats: int = 3) -> dict[str, list[float]]:
    """Times of each run; the runs take turns, so that all meet the same disturbances."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return times


def against_peer(
    n: int, dim: int, k: int | None, solvers: tuple[str, ...], repeats: int = 1
) -> None:
    """The median over rounds of our time divided by the peer's in the same round.

    The answers of the last round must agree.
    """
    x, found = pictures(n, dim), {}

    def keep(name: str, fit: Callable) -> None:
        found[name] = fit()

    fits = {"ours": partial(fit_pca, x, k)} | {s: partial(peer, x, k, s) for s in solvers}
    times = seconds({name: partial(keep, name, fit) for name, fit in fits.items()}, repeats)
    variances = found["ours"].variances
    print(f"PCA of {n} x {dim}, {len(variances)} components: ours {median(times['ours']):.2f} s")
    for solver in solvers:
        want = found[solver].explained_variance_[: len(variances)] * (n - 1) / n
        np.testing.assert_allclose(variances, want, atol=1e-10 * want[0])
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
            found.append(min(seconds({"": partial(fit_pca, pictures(n, dim))})[""]))
        powers = np.diff(np.log10(found))
        times = ", ".join(f"{s:.4f}" for s in found)
        print(f"growth with {what}: {times} s; powers {', '.join(f'{p:.1f}' for p in powers)}")


def gram_trick() -> None:
    """All components of 400 pictures of 64 x 64 pixels by the three methods."""
    x, slowest = pictures(400, 4096), 0.0
    for method, repeats in (("covariance", 1), ("gram", 3), ("svd", 3)):
        best = min(seconds({method: partial(fit_pca, x, method=method)}, repeats)[method])
        slowest = max(best, slowest)
        print(f"400 x 4096 by {method}: {best:.3f} s, {slowest / best:.0f}x the covariance's speed")


if __name__ == "__main__":
    gram_trick()
    growth()
    against_peer(400, 4096, None, ("full",), repeats=3)
    against_peer(900, 4096, 16, ("full", "arpack"), repeats=3)
    against_peer(4000, 4096, 50, ("covariance_eigh", "arpack"))
    against_peer(4000, 4096, None, ("covariance_eigh",))
