"""Measures against scipy, scikit-learn, loops, closed forms, and cases whose answer is known."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.ndimage import gaussian_filter
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from scipy.stats import norm, ortho_group
from sklearn.metrics import mutual_info_score

from lib.metrics import (
    CHUNK,
    edge_share,
    frechet_distance,
    mutual_information_gap,
    nearest,
    precision_recall,
    sharpness,
)


def test_nearest_equals_a_search_tree(rng):
    data, queries = rng.normal(size=(70, 3, 4)), rng.normal(size=(2 * CHUNK + 3, 3, 4))
    index, distance = nearest(queries, data)
    want, at = cKDTree(data.reshape(70, -1)).query(queries.reshape(len(queries), -1))
    np.testing.assert_array_equal(index, at)
    np.testing.assert_allclose(distance, want, rtol=1e-12)


def test_a_copy_is_found_at_distance_zero_even_far_from_the_origin(rng):
    data = (1e6 + rng.normal(size=(50, 20))).astype(np.float32)
    index, distance = nearest(data[[4, 31]], data)
    np.testing.assert_array_equal(index, [4, 31])
    np.testing.assert_array_equal(distance, 0)


def test_pictures_and_flat_rows_give_the_same(rng):
    data, queries = rng.random((9, 4, 5)), rng.random((3, 4, 5))
    flat = nearest(queries.reshape(3, 20), data.reshape(9, 20))
    for got, want in zip(nearest(queries, data), flat, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((3, 4), (5, 6)), "agree"),
        (((3, 2, 6), (5, 4, 3)), "agree"),  # twelve numbers each
        (((3, 4), (0, 4)), "n > 0"),
        (((4,), (3, 4)), r"\(n, \.\.\.\)"),
    ],
)
def test_nearest_wants_examples_of_one_shape(shapes, message):
    with pytest.raises(ValueError, match=message):
        nearest(np.zeros(shapes[0]), np.zeros(shapes[1]))


def test_a_ramp_is_as_steep_as_its_slope():
    v, u = np.mgrid[:7, :9]
    np.testing.assert_allclose(sharpness(np.array([0.3 * v - 0.4 * u, 0.5 * u])), 0.5)


def test_blur_lowers_sharpness_and_noise_raises_it(rng):
    picture = (np.hypot(*np.mgrid[-16:16, -16:16]) < 9).astype(float)
    blurred = [gaussian_filter(picture, s) for s in (0.5, 1.0, 2.0, 4.0)]
    noisy = picture + rng.normal(scale=0.1, size=picture.shape)
    values = sharpness(np.array([noisy, picture, *blurred]))
    assert np.all(np.diff(values) < 0)


def test_mean_squared_sharpness_needs_only_the_covariance(rng):
    """Exact expectation tr(G C) for the gradient's quadratic form G, against samples."""
    c = (root := rng.normal(size=(12, 12))) @ root.T
    samples = rng.multivariate_normal(np.zeros(12), c, size=40_000)
    basis = np.eye(12).reshape(12, 3, 4)
    steps = np.stack(
        [basis[:, 1:, :-1] - basis[:, :-1, :-1], basis[:, :-1, 1:] - basis[:, :-1, :-1]]
    )
    g = np.einsum("sihw,sjhw->ij", steps, steps) / 6
    got = np.mean(sharpness(samples.reshape(-1, 3, 4)) ** 2)
    assert got == pytest.approx(np.trace(g @ c), rel=0.03)


def test_edges_hold_everything_in_a_drawing_and_their_fair_share_in_a_ramp():
    step, ramp = np.zeros((1, 21, 21)), np.tile(np.arange(21.0), (1, 21, 1))
    step[:, :, 10:] = 1  # one column of 20 differs: five per cent
    assert edge_share(step, top=0.05) == pytest.approx(1.0)
    assert edge_share(ramp, top=0.05) == pytest.approx(0.05)


def test_edge_share_of_white_noise_is_that_of_an_exponential(rng):
    """Vertical and horizontal steps are correlated, so compare with simulated pairs of them."""
    noise = rng.normal(size=(20, 65, 65))
    a, b, c = rng.normal(size=(3, 400_000))
    power = np.sort((b - a) ** 2 + (c - a) ** 2)
    want = power[-len(power) // 20 :].sum() / power.sum()
    assert edge_share(noise).mean() == pytest.approx(want, rel=0.02)


def test_edge_share_ignores_brightness_and_contrast(rng):
    x = rng.random((4, 16, 16))
    np.testing.assert_allclose(edge_share(0.2 + 0.3 * x), edge_share(x), rtol=1e-9)
    np.testing.assert_allclose(edge_share(x, top=1), 1)


@pytest.mark.parametrize("measure", [sharpness, edge_share])
@pytest.mark.parametrize("shape", [(8, 8), (2, 1, 8), (2, 8, 8, 3)])
def test_grey_pictures_are_asked_for(measure, shape):
    with pytest.raises(ValueError, match="grey"):
        measure(np.zeros(shape))


def test_edges_need_a_fraction_and_a_picture(rng):
    for top in (0, 1.5):
        with pytest.raises(ValueError, match="fraction"):
            edge_share(rng.random((1, 4, 4)), top=top)
    with pytest.raises(ValueError, match="one grey value"):
        edge_share(np.ones((1, 4, 4)))


def with_moments(mean, covariance, n, rng):
    """Rows (n, d) whose mean and covariance are exactly these; n > d."""
    x = rng.normal(size=(n, len(mean)))
    u = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[0]
    return mean + np.sqrt(n) * u @ np.linalg.cholesky(covariance).T


def test_frechet_distance_is_the_closed_form_where_covariances_commute(rng):
    """With the same eigenvectors it is |mean_a - mean_b|^2 + sum (sd_a - sd_b)^2."""
    q = ortho_group.rvs(5, random_state=1)
    (mean_a, mean_b), (sd_a, sd_b) = rng.normal(size=(2, 5)), rng.uniform(0.5, 3, size=(2, 5))
    a = with_moments(mean_a, q * sd_a**2 @ q.T, 40, rng)
    b = with_moments(mean_b, q * sd_b**2 @ q.T, 90, rng)
    want = np.sum((mean_a - mean_b) ** 2) + np.sum((sd_a - sd_b) ** 2)
    assert frechet_distance(a, b) == pytest.approx(want, rel=1e-12)


def test_frechet_distance_equals_the_formula_with_scipys_matrix_root(rng):
    for d in (1, 2, 7, 32):
        a = rng.normal(size=(3 * d + 2, d)) @ rng.normal(size=(d, d))
        b = rng.normal(size=(2 * d + 5, d)) @ rng.normal(size=(d, d)) + 1
        s, t = np.cov(a.T, bias=True).reshape(d, d), np.cov(b.T, bias=True).reshape(d, d)
        gap = a.mean(axis=0) - b.mean(axis=0)
        want = gap @ gap + np.trace(s + t - 2 * sqrtm(s @ t).real)
        assert frechet_distance(a, b) == pytest.approx(want, rel=1e-9)


def test_frechet_distance_in_one_dimension_is_that_of_the_quantiles(rng):
    """Mean squared difference of the Gaussians' quantile functions, integrated by quadrature."""
    a, b = rng.normal(2.0, 0.7, size=(50, 1)), rng.normal(-1.0, 2.5, size=(80, 1))
    u = (np.arange(200_000) + 0.5) / 200_000
    q_a, q_b = (norm.ppf(u, x.mean(), x.std()) for x in (a, b))
    assert frechet_distance(a, b) == pytest.approx(np.mean((q_a - q_b) ** 2), rel=1e-4)


def test_frechet_distance_never_exceeds_the_transport_between_the_points(rng):
    """Gelbrich, 1990: no pair of sets with these moments is nearer than the Gaussians."""
    a, b = rng.gamma(1.0, size=(60, 3)), rng.normal(size=(60, 3)) * [2, 1, 0.2]
    cost = cdist(a, b, "sqeuclidean")
    transport = cost[linear_sum_assignment(cost)].mean()
    assert 0 < frechet_distance(a, b) < transport
    moved = a @ np.diag([0.5, 2.0, 1.0]) + 3  # an optimal map that is affine: the bound is attained
    cost = cdist(a, moved, "sqeuclidean")
    assert frechet_distance(a, moved) == pytest.approx(cost[linear_sum_assignment(cost)].mean())


def test_frechet_distance_to_itself_is_zero_also_of_a_singular_covariance(rng):
    flat = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 10)) + 100
    few = rng.normal(size=(4, 10))  # fewer rows than columns
    for x in (flat, few):
        assert 0 <= frechet_distance(x, x) < 1e-10
        assert 0 <= frechet_distance(x, rng.permutation(x)) < 1e-10


def test_frechet_distance_of_singular_sets_is_the_limit_of_regular_ones(rng):
    a, b = (rng.normal(size=(30, 2)) @ rng.normal(size=(2, 6)) for _ in range(2))
    noise = 1e-6 * rng.normal(size=(2, 30, 6))
    assert frechet_distance(a, b) == pytest.approx(
        frechet_distance(a + noise[0], b + noise[1]), rel=1e-3
    )


def test_frechet_distance_does_not_see_rotation_and_adds_a_shift(rng):
    a, b = rng.normal(size=(40, 6)), rng.gamma(2.0, size=(50, 6))
    q, shift = ortho_group.rvs(6, random_state=2), rng.normal(size=6)
    want = frechet_distance(a, b)
    assert frechet_distance(a @ q + 5, b @ q + 5) == pytest.approx(want)
    assert frechet_distance(b, a) == pytest.approx(want)
    assert frechet_distance(2 * a, 2 * b) == pytest.approx(4 * want)
    assert frechet_distance(a, a + shift) == pytest.approx(shift @ shift)


def test_frechet_distance_of_small_sets_is_too_large(rng):
    """Samples of one distribution: the mean distance falls about as 1 / n."""
    far = rng.normal(size=(20_000, 8))
    few, many = (
        np.mean([frechet_distance(rng.normal(size=(n, 8)), far) for _ in range(40)])
        for n in (50, 200)
    )
    assert 3 < few / many < 5.5


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.zeros((3, 2)), np.zeros((3, 4)), r"\(n, d\)"),
        (np.zeros(3), np.zeros(3), r"\(n, d\)"),
        (np.zeros((5, 2, 2)), np.zeros((5, 2, 2)), r"\(n, d\)"),
        (np.zeros((5, 0)), np.zeros((5, 0)), r"\(n, d\)"),
        (np.zeros((1, 2)), np.zeros((5, 2)), "2 rows"),
        (np.zeros((5, 2)), np.full((5, 2), np.nan), "finite"),
    ],
)
def test_frechet_distance_wants_two_sets_of_features(a, b, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(a, b)


@pytest.mark.parametrize("k", [1, 3])
def test_precision_and_recall_are_those_of_loops(k, rng):
    real, fake = rng.normal(size=(CHUNK + 20, 2)), rng.normal(size=(150, 2)) * [1.5, 0.3]

    def share(points, centres):
        radius = [sorted(np.linalg.norm(c - o) for o in centres)[k] for c in centres]
        near = [
            any(np.linalg.norm(p - c) <= r for c, r in zip(centres, radius, strict=True))
            for p in points
        ]
        return np.mean(near)

    precision, recall = precision_recall(real, fake, k)
    assert 0.1 < recall < precision < 1
    assert (precision, recall) == (share(fake, real), share(real, fake))


def test_identical_sets_have_both_disjoint_sets_have_neither(rng):
    x = 1e4 + rng.normal(size=(300, 5))
    assert precision_recall(x, x) == (1, 1)
    assert precision_recall(x, x + 100) == (0, 0)


def test_samples_of_the_same_distribution_lie_inside_mostly_and_alike(rng):
    precision, recall = precision_recall(*rng.normal(size=(2, 1000, 2)))
    assert precision > 0.9
    assert recall == pytest.approx(precision, abs=0.05)


def two_heaps(n, rng, share=0.5):
    return rng.normal(size=(n, 2)) + 20 * (np.arange(n) < share * n)[:, None]


def test_a_lost_heap_lowers_recall_and_not_precision(rng):
    precision, recall = precision_recall(two_heaps(600, rng), two_heaps(600, rng, share=0))
    assert precision > 0.9
    assert recall == pytest.approx(0.5, abs=0.05)


def test_garbage_lowers_precision_and_not_recall(rng):
    fake = two_heaps(1200, rng)
    fake[::2] += np.array([0, 300])  # far: the balls of scattered samples must not reach the data
    precision, recall = precision_recall(two_heaps(600, rng), fake)
    assert precision == pytest.approx(0.5, abs=0.05)
    assert recall > 0.9


def test_a_larger_k_makes_larger_balls(rng):
    sets = rng.normal(size=(2, 200, 6))
    values = np.array([precision_recall(*sets, k=k) for k in (1, 2, 4, 8, 16)])
    assert np.all(np.diff(values, axis=0) > 0)


def test_precision_and_recall_want_more_points_than_neighbours():
    with pytest.raises(ValueError, match="4 rows"):
        precision_recall(np.zeros((3, 2)), np.zeros((9, 2)))
    with pytest.raises(ValueError, match="at least 1"):
        precision_recall(np.zeros((9, 2)), np.zeros((9, 2)), k=0)


@pytest.fixture
def causes(rng):
    """Two continuous factors, one of classes, one of words."""
    n = 4000
    words = np.array(["cat", "dog", "owl"])[rng.integers(3, size=n)]
    return {
        "turn": rng.normal(size=n),
        "light": rng.uniform(size=n),
        "style": rng.integers(5, size=n),
        "kind": words,
    }


def as_code(causes):
    return np.column_stack([np.unique(v, return_inverse=True)[1] for v in causes.values()])


def test_a_code_that_is_the_causes_has_gap_one(causes, rng):
    order = rng.permutation(4)
    found = mutual_information_gap(as_code(causes)[:, order], causes)
    assert found.score > 0.97
    np.testing.assert_allclose(found.entropy[:2], np.log(20), atol=1e-3)
    np.testing.assert_allclose(found.entropy[2:], np.log([5, 3]), rtol=0.01)
    told = found.information[np.argsort(order), np.arange(4)]
    np.testing.assert_allclose(told, found.entropy, rtol=1e-9)


def test_a_repeated_entry_closes_the_gap(causes):
    code = as_code(causes)
    found = mutual_information_gap(np.column_stack([code, -code[:, 0]]), causes)
    np.testing.assert_allclose(
        found.gaps[0], 0, atol=2e-3
    )  # ties fall on the other side of an edge
    assert found.gaps[1:].min() > 0.95
    assert found.score == pytest.approx(found.gaps.mean())


def test_random_codes_tell_nothing_but_the_bias(causes, rng):
    found = mutual_information_gap(rng.normal(size=(4000, 6)), causes)
    assert found.score < 0.02
    cells = 20 - 1
    bias = cells * np.array([cells, cells, 4, 2]) / (2 * 4000)
    np.testing.assert_allclose(found.information.mean(axis=0), bias, rtol=0.25)


def test_codes_turned_by_45_degrees_share_each_factor(rng):
    factors = rng.normal(size=(20_000, 2))
    turned = factors @ np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    found = mutual_information_gap(turned, factors)
    assert found.score < 0.02
    told = 0.5 * np.log(2)  # of two Gaussians with correlation 1 / sqrt(2); binning loses a little
    np.testing.assert_allclose(found.information, told, atol=0.02)
    assert mutual_information_gap(factors, factors).score > 0.97


def test_mutual_information_is_that_of_scikit_learn(causes, rng):
    codes = np.column_stack([causes["turn"] + rng.normal(size=4000), rng.normal(size=4000)])
    codes[:, 1] = np.maximum(codes[:, 1] + causes["style"], 1)  # many equal values
    found = mutual_information_gap(codes, causes, bins=10)

    def ranks(v):  # equal counts, another way: position among the sorted values
        if v.dtype.kind == "U" or len(set(v)) <= 10:
            return v
        return (np.searchsorted(np.sort(v), v, side="right") - 1) * 10 // len(v)

    for i, code in enumerate(codes.T):
        for j, cause in enumerate(causes.values()):
            want = mutual_info_score(ranks(cause), ranks(code))
            assert found.information[i, j] == pytest.approx(want, abs=2e-3)


def test_stretching_an_entry_changes_nothing(causes, rng):
    codes = as_code(causes) / 1000 + 0.2 * rng.normal(size=(4000, 4))
    once = mutual_information_gap(codes, causes)
    again = mutual_information_gap(np.exp(3 * codes), causes)
    np.testing.assert_allclose(again.information, once.information, atol=1e-12)


def test_factors_may_be_an_array(causes, rng):
    codes = rng.normal(size=(4000, 3))
    names = [causes["turn"], causes["style"]]
    one = mutual_information_gap(codes, np.column_stack(names))
    two = mutual_information_gap(codes, {"a": names[0], "b": names[1]})
    np.testing.assert_allclose(one.information, two.information, atol=1e-12)


@pytest.mark.parametrize(
    ("codes", "factors", "bins", "message"),
    [
        (np.zeros((9, 1)), np.zeros((9, 2)), 20, "k >= 2"),
        (np.zeros(9), np.zeros((9, 2)), 20, "k >= 2"),
        (np.full((9, 2), np.inf), np.zeros((9, 2)), 20, "finite"),
        (np.zeros((9, 2)), np.zeros((8, 2)), 20, "of that length"),
        (np.zeros((9, 2)), np.zeros(9), 20, "of that length"),
        (np.zeros((9, 2)), {}, 20, "of that length"),
        (np.zeros((9, 2)), np.eye(9)[:, :2] * [1, 0], 20, "factor 1 is constant"),
        (np.zeros((9, 2)), np.eye(9), 1, "bins"),
    ],
)
def test_gap_errors_say_what_is_wrong(codes, factors, bins, message):
    with pytest.raises(ValueError, match=message):
        mutual_information_gap(codes, factors, bins)
