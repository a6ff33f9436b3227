"""Mistakes people make when they measure samples, each caught by a check of the real code."""

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


def frechet_of_diagonal_gaussians() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(60, 4))
    u = np.linalg.qr(noise - noise.mean(axis=0))[0] * np.sqrt(60)  # mean 0, covariance I
    sd = np.array([[1.0, 2.0, 0.5, 3.0], [2.0, 2.0, 0.1, 1.0]])
    mean = np.array([[0.0, 1.0, 2.0, 3.0], [0.5, 0.0, 2.0, 1.0]])
    a, b = mean[0] + u * sd[0], mean[1] + np.flip(u, axis=0) * sd[1]
    want = np.sum((mean[0] - mean[1]) ** 2) + np.sum((sd[0] - sd[1]) ** 2)
    assert np.isclose(metrics.frechet_distance(a, b), want)


def frechet_of_sets_of_other_sizes() -> None:
    x = np.random.default_rng(4).normal(size=(40, 3))
    assert np.isclose(metrics.frechet_distance(x, np.concatenate([x, x])), 0, atol=1e-9)


def precision_of_half_garbage() -> None:
    rng = np.random.default_rng(5)
    real, fake = rng.normal(size=(2, 400, 2))
    fake[:200] += 100
    precision, recall = metrics.precision_recall(real, fake)
    assert 0.45 < precision <= 0.5
    assert recall > 0.85


def neighbours_of_a_line() -> None:
    line, query = (
        np.append(-50.0, np.arange(10))[:, None],
        np.array([[9.5], [10.5], [11.5], [12.5]]),
    )
    assert metrics.precision_recall(line, query, k=2)[0] == 0.5  # the last ball ends at 11


def gap_of_known_causes() -> None:
    rng = np.random.default_rng(6)
    factors = np.column_stack([rng.normal(size=5000), rng.integers(2, size=5000)])
    mixed = factors[:, 0] + rng.normal(size=5000)
    gap = metrics.mutual_information_gap(np.column_stack([factors, mixed]), factors)
    told = 0.5 * np.log(2)  # correlation 1 / sqrt(2)
    assert np.isclose(gap.information[2, 0], told, atol=0.05)
    assert np.allclose(gap.gaps, [1 - told / np.log(20), 1], atol=0.02)
    assert np.allclose(gap.information[:2].diagonal(), gap.entropy)


MUTATIONS = [
    Mutation(
        "forgets the two of the mixed term",
        "lib.metrics.frechet_distance",
        Edit("- 2 * common", "- common"),
        frechet_of_diagonal_gaussians,
    ),
    Mutation(
        "means only",
        "lib.metrics.frechet_distance",
        Edit(" + max(spread, 0.0)", ""),
        frechet_of_diagonal_gaussians,
    ),
    Mutation(
        "spreads only",
        "lib.metrics.frechet_distance",
        Edit("np.sum((mean_a - mean_b) ** 2) + ", ""),
        frechet_of_diagonal_gaussians,
    ),
    Mutation(
        "scatter instead of covariance",
        "lib.metrics._moments",
        Edit(" / np.sqrt(len(features))", ""),
        frechet_of_sets_of_other_sizes,
    ),
    Mutation(
        "moments about the origin",
        "lib.metrics._moments",
        Edit("features - mean", "features"),
        frechet_of_diagonal_gaussians,
    ),
    Mutation(
        "precision and recall exchanged",
        "lib.metrics.precision_recall",
        Edit(
            "_share_inside(fake, real, k), _share_inside(real, fake, k)",
            "_share_inside(real, fake, k), _share_inside(fake, real, k)",
        ),
        precision_of_half_garbage,
    ),
    Mutation(
        "counts the point itself as a neighbour",
        "lib.metrics._share_inside",
        Edit("np.partition(rows, k, axis=1)[:, k]", "np.partition(rows, k, axis=1)[:, k - 1]"),
        neighbours_of_a_line,
    ),
    Mutation(
        "the largest ball for every point",
        "lib.metrics._share_inside",
        Edit("rows <= radius", "rows <= radius.max()"),
        neighbours_of_a_line,
    ),
    Mutation(
        "the best entry without the second",
        "lib.metrics.mutual_information_gap",
        Edit("(best - second)", "best"),
        gap_of_known_causes,
    ),
    Mutation(
        "the two worst entries",
        "lib.metrics.mutual_information_gap",
        Edit("[-2:]", "[:2]"),
        gap_of_known_causes,
    ),
    Mutation(
        "not divided by the entropy",
        "lib.metrics.mutual_information_gap",
        Edit("(best - second) / entropy", "best - second"),
        gap_of_known_causes,
    ),
    Mutation(
        "bins of equal width",
        "lib.metrics._cut",
        Edit(
            "np.quantile(values, np.arange(1, bins) / bins)",
            "np.linspace(values.min(), values.max(), bins + 1)[1:-1]",
        ),
        gap_of_known_causes,
    ),
    Mutation(
        "pairs of bins run into each other",
        "lib.metrics._mutual_information",
        Edit("(b.max() + 1)", "b.max()"),
        gap_of_known_causes,
    ),
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
