"""Nearest neighbours against scipy, sharpness and edges against pictures whose answer is known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from lib.metrics import CHUNK, edge_share, nearest, sharpness


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
