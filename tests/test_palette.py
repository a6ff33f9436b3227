"""k-means against scikit-learn from the same start, against enumeration, and as a palette."""

from itertools import product

import numpy as np
import pytest
from sklearn.cluster import KMeans

from lib import palette
from lib.datasets import load


def peer(points, centres, weights=None, steps=200):
    """scikit-learn's Lloyd from given centres; it moves its data, so compare to 1e-9."""
    model = KMeans(len(centres), init=centres, n_init=1, max_iter=steps, tol=0, algorithm="lloyd")
    return model.fit(points, sample_weight=weights)


@pytest.mark.parametrize("k", [1, 2, 5, 12])
@pytest.mark.parametrize("weighted", [False, True])
def test_reaches_the_same_fixed_point_as_scikit_learn(rng, k, weighted):
    points = rng.normal(size=(300, 3))
    weights = rng.uniform(0.2, 4, size=300) if weighted else None
    centres = palette.spread(points, k, rng, weights)
    other = peer(points, centres, weights)
    for _ in range(300):
        centres, _ = palette.lloyd_step(points, centres, weights)
    np.testing.assert_allclose(centres, other.cluster_centers_, atol=1e-9)
    assert palette.inertia(points, centres, weights) == pytest.approx(other.inertia_, rel=1e-9)
    np.testing.assert_array_equal(palette.assign(points, centres)[0], other.labels_)


def test_labels_are_the_nearest_centres_in_pieces_too(rng, monkeypatch):
    points, centres = rng.normal(size=(101, 4)), rng.normal(size=(7, 4))
    brute = [[np.linalg.norm(p - c) ** 2 for c in centres] for p in points]
    monkeypatch.setattr(palette, "CHUNK", 7 * 4 * 10)
    labels, squares = palette.assign(points, centres)
    np.testing.assert_array_equal(labels, np.argmin(brute, 1))
    np.testing.assert_allclose(squares, np.min(brute, 1))


def test_no_step_raises_the_cost_and_the_end_is_a_fixed_point(rng):
    points = rng.uniform(size=(400, 3))
    found = palette.k_means(points, 9, rng)
    assert np.all(np.diff(found.costs) <= 1e-9)
    assert found.costs[-1] == pytest.approx(palette.inertia(points, found.centres))
    means = [points[found.labels == j].mean(0) for j in range(9)]
    np.testing.assert_allclose(found.centres, means, atol=1e-12)


def test_best_of_many_starts_is_the_best_of_all_partitions(rng):
    points = rng.normal(size=(7, 2))
    costs = []
    for labels in product(range(3), repeat=7):
        labels = np.array(labels)
        groups = [points[labels == j] for j in range(3) if np.any(labels == j)]
        costs.append(sum(((g - g.mean(0)) ** 2).sum() for g in groups))
    best = min(palette.k_means(points, 3, rng).costs[-1] for _ in range(60))
    assert best == pytest.approx(min(costs))


def test_weights_count_like_repeated_points(rng):
    points, counts = rng.normal(size=(30, 2)), rng.integers(1, 5, size=30)
    centres = points[:4]
    for _ in range(5):
        weighted, cost = palette.lloyd_step(points, centres, counts.astype(float))
        repeated, cost_too = palette.lloyd_step(np.repeat(points, counts, axis=0), centres)
        np.testing.assert_allclose(weighted, repeated, atol=1e-12)
        assert cost == pytest.approx(cost_too)
        centres = weighted


def test_a_centre_without_points_goes_to_the_farthest_point():
    points = np.array([[0.0], [1.0], [10.0], [12.0]])
    moved, _ = palette.lloyd_step(points, np.array([[0.5], [8.0], [500.0]]))
    np.testing.assert_allclose(moved, [[0.5], [11.0], [12.0]])
    found = palette.k_means(np.repeat(points, 3, axis=0), 4, np.random.default_rng(0))
    assert found.costs[-1] == 0  # as many centres as different points: nothing is lost


def test_the_start_prefers_far_points(rng):
    """Second centre: chance in proportion to weight times squared distance, by chi-square."""
    points, weights = np.array([[0.0], [1.0], [3.0]]), np.array([1.0, 4.0, 1.0])
    pairs = np.zeros((3, 3))
    for _ in range(4000):
        first, second = palette.spread(points, 2, rng, weights)[:, 0]
        pairs[[0, 1, 3].index(first), [0, 1, 3].index(second)] += 1
    expected = (points - points.T) ** 2 * weights
    expected = 4000 * (weights / 6)[:, None] * expected / expected.sum(1, keepdims=True)
    off = ~np.eye(3, dtype=bool)
    assert ((pairs - expected)[off] ** 2 / expected[off]).sum() < 25  # 5 degrees of freedom
    assert pairs.trace() == 0


def test_quantise_finds_a_palette_again_and_gives_the_pictures_back(rng):
    data = load("creatures", n=40)
    rgb = palette.to_rgb(data.x, data.shared["palette"])
    used = len(np.unique(data.x))
    indices, colours = palette.quantise(rgb, used, rng)
    assert indices.shape == data.x.shape
    assert np.all(np.diff(colours.sum(1)) >= 0)
    np.testing.assert_allclose(palette.to_rgb(indices, colours), rgb, atol=1e-6)


def test_quantise_assigns_every_pixel_to_its_nearest_colour(rng):
    rgb = rng.uniform(size=(5, 6, 6, 3))
    indices, colours = palette.quantise(rgb, 7, rng)
    apart = ((rgb[..., None, :] - colours) ** 2).sum(-1)
    np.testing.assert_array_equal(indices, apart.argmin(-1))
    costs = [palette.quantise(rgb, k, rng) for k in (1, 4, 20, 180)]
    errors = [np.mean((palette.to_rgb(*found) - rgb) ** 2) for found in costs]
    assert np.all(np.diff(errors) < 0)
    assert errors[0] == pytest.approx(rgb.reshape(-1, 3).var(0).mean())
    assert errors[-1] == pytest.approx(0, abs=1e-20)


def test_same_rng_gives_the_same_clusters():
    points = np.random.default_rng(1).normal(size=(80, 3))
    one, two = (palette.k_means(points, 6, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.centres, two.centres)


def test_bad_input_is_refused(rng):
    with pytest.raises(ValueError, match="2 clusters need as many different points, got 1"):
        palette.k_means(np.ones((5, 3)), 2, rng)
    with pytest.raises(ValueError, match="finite numbers"):
        palette.k_means(np.array([[np.nan, 1]]), 1, rng)
    with pytest.raises(ValueError, match="positive weight"):
        palette.k_means(np.eye(3), 2, rng, weights=np.array([1.0, 0, 1]))
    with pytest.raises(ValueError, match=r"values in \[0, 1\]"):
        palette.quantise(np.full((2, 2, 3), 1.5), 1, rng)
    with pytest.raises(ValueError, match=r"pictures are \(..., 3\)"):
        palette.quantise(np.zeros((2, 2)), 1, rng)
