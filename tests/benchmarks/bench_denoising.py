"""ICM against a plain double loop, and the minimum cut against PyMaxflow, as ratios in one run.

Run: python -m tests.benchmarks.bench_denoising
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import maxflow
import numpy as np

from lib.datasets.pictures import flip_pixels, harbour
from lib.denoising import Ising, checkerboard_sweep, raster_sweep
from lib.graph_cut import min_cut, to_units

REPEATS = 9


def double_loop_sweep(model: Ising, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """One raster sweep as one writes it first: two loops over an array."""
    x = x.copy()
    height, width = x.shape
    for i in range(height):
        for j in range(width):
            total = 0
            if i > 0:
                total += x[i - 1, j]
            if i + 1 < height:
                total += x[i + 1, j]
            if j > 0:
                total += x[i, j - 1]
            if j + 1 < width:
                total += x[i, j + 1]
            local = model.beta * total + model.eta * y[i, j] - model.h
            if local != 0:
                x[i, j] = 1 if local > 0 else -1
    return x


def best_seconds(runs: dict[str, Callable], repeats: int = REPEATS) -> dict[str, float]:
    """Shortest time of each run; the runs take turns, so that all meet the same disturbances."""
    best = dict.fromkeys(runs, np.inf)
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def pymaxflow(model: Ising, y: np.ndarray) -> np.ndarray:
    """The same restoration by PyMaxflow, from the picture to the picture."""
    gain = to_units(2 * model.bias(y), 1e-4)
    graph = maxflow.Graph[int]()
    nodes = graph.add_grid_nodes(y.shape)
    graph.add_grid_edges(nodes, int(to_units(2 * model.beta, 1e-4)), symmetric=True)
    graph.add_grid_tedges(nodes, np.maximum(gain, 0), np.maximum(-gain, 0))
    graph.maxflow()
    return np.where(graph.get_grid_segments(nodes), -1, 1)


def icm() -> None:
    """Sweeps over 512 x 512 pixels."""
    y = flip_pixels(harbour(512, 512), 0.1, np.random.default_rng(0))
    model = Ising(0.0, 1.0, 2.1)
    assert np.array_equal(double_loop_sweep(model, y, y), raster_sweep(model, y, y))
    slow = best_seconds({"loop": lambda: double_loop_sweep(model, y, y)}, repeats=2)["loop"]
    names = {"lists": raster_sweep, "checkerboard": checkerboard_sweep}
    fast = best_seconds({name: lambda f=f: f(model, y, y) for name, f in names.items()})
    for name, seconds in fast.items():
        print(f"ICM 512x512, one sweep, {name}: {seconds:.4f} s, {slow / seconds:.0f}x the loop")


def cuts() -> None:
    """Minimum cuts of 256 x 256 pixels at several levels of noise and smoothness."""
    for noise in (0.05, 0.1, 0.2):
        y = flip_pixels(harbour(256, 256), noise, np.random.default_rng(0))
        for eta in (2.1, 1.6, 1.1, 0.5):
            model = Ising(0.0, 1.0, eta)
            cutters = {"ours": min_cut, "peer": pymaxflow}
            runs = {name: partial(cut, model, y) for name, cut in cutters.items()}
            assert np.isclose(model.energy(pymaxflow(model, y), y), min_cut(model, y).bound)
            best = best_seconds(runs)
            print(
                f"cut 256x256, noise {noise:.2f}, beta 1, eta {eta}: {1e3 * best['ours']:.1f} ms, "
                f"PyMaxflow {1e3 * best['peer']:.1f} ms, ratio {best['ours'] / best['peer']:.2f}"
            )


if __name__ == "__main__":
    icm()
    cuts()
