"""Mistakes people make when they measure pictures, each caught by a check of the real code."""

import numpy as np

from lib import metrics
from tests.mutation import Edit, Mutation


def nearest_by_loops() -> None:
    rng = np.random.default_rng(0)
    q, d = rng.normal(size=(30, 6)), rng.normal(size=(40, 6)) * rng.gamma(1.0, size=(40, 1))
    index, distance = metrics.nearest(q, d)
    for k, query in enumerate(q):
        each = [np.sqrt(sum((a - b) ** 2 for a, b in zip(query, row, strict=True))) for row in d]
        assert index[k] == int(np.argmin(each))
        assert np.isclose(distance[k], min(each))


def a_copy_has_distance_zero() -> None:
    data = 1e8 + np.random.default_rng(1).normal(size=(20, 5))
    index, distance = metrics.nearest(data, data)
    assert np.array_equal(index, np.arange(20))
    assert np.all(distance == 0)


def a_ramp_has_its_slope() -> None:
    v, u = np.mgrid[:6, :5]
    assert np.allclose(metrics.sharpness(np.array([0.6 * v + 0.8 * u])), 1.0)


def a_step_is_all_edge() -> None:
    step = np.zeros((1, 21, 21))
    step[:, :, 10:] = 1
    assert np.allclose(metrics.edge_share(step), 1.0)


def contrast_does_not_matter() -> None:
    x = np.random.default_rng(2).random((3, 9, 9))
    assert np.allclose(metrics.edge_share(x), metrics.edge_share(3 * x - 1))


MUTATIONS = [
    Mutation(
        "forgets the length of the examples",
        "lib.metrics._closest",
        Edit('np.einsum("ij,ij->i", d, d) - 2 * q @ d.T', "-2 * q @ d.T"),
        nearest_by_loops,
    ),
    Mutation(
        "squared distance",
        "lib.metrics.nearest",
        Edit("np.linalg.norm(q - d[index], axis=1)", "np.sum((q - d[index]) ** 2, axis=1)"),
        nearest_by_loops,
    ),
    Mutation(
        "subtracts large squares",
        "lib.metrics.nearest",
        Edit("q, d = q - middle, d - middle", "q, d = q + 0 * middle, d"),
        a_copy_has_distance_zero,
    ),
    Mutation(
        "steps in one direction only",
        "lib.metrics.sharpness",
        Edit("down**2 + right**2", "down**2 + down**2"),
        a_ramp_has_its_slope,
    ),
    Mutation(
        "flattest pixels instead of the steepest",
        "lib.metrics.edge_share",
        Edit("power[:, -count:]", "power[:, :count]"),
        a_step_is_all_edge,
    ),
    Mutation(
        "not divided by the total",
        "lib.metrics.edge_share",
        Edit(".sum(axis=1) / total", ".sum(axis=1)"),
        contrast_does_not_matter,
    ),
]
