"""The plane of codes: orientation, frames that show what they say, densities, holes and walks."""

import dataclasses
import io
import math
import time

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from scipy.spatial import cKDTree
from scipy.stats import gaussian_kde

from lib import latent_plane as lp
from lib import sheets


def tell(codes: np.ndarray) -> np.ndarray:
    """A decoder that writes its code into the picture: z1 in the left column, z2 in the right."""
    return np.repeat(codes[:, None, :], 3, axis=1)  # (m, 3, 2)


def test_plane_picture_has_z1_rising_to_the_right_and_z2_upwards():
    picture = lp.plane_picture(tell, (0.1, 0.5), (0.2, 0.8), 5)
    assert picture.shape == (15, 10)
    xs, ys = np.linspace(0.1, 0.5, 5), np.linspace(0.2, 0.8, 5)
    for i in range(5):
        for j in range(5):
            tile = picture[3 * i : 3 * i + 3, 2 * j : 2 * j + 2]
            np.testing.assert_allclose(tile, [[xs[j], ys[4 - i]]] * 3)


def test_values_outside_black_and_white_are_cut():
    picture = lp.plane_picture(tell, (-2, 3), (-2, 3), 4)
    assert picture.min() == 0
    assert picture.max() == 1


def test_show_plane_puts_the_middle_of_a_tile_at_its_code():
    ax = Figure().add_subplot()
    n, x_range, y_range = 5, (-1.0, 3.0), (2.0, 10.0)
    lp.show_plane(np.zeros((15, 10)), x_range, y_range, n, ax)
    left, right, low, high = ax.images[0].get_extent()
    middles = left + (right - left) * (np.arange(n) + 0.5) / n
    np.testing.assert_allclose(middles, np.linspace(*x_range, n))
    middles = low + (high - low) * (np.arange(n) + 0.5) / n
    np.testing.assert_allclose(middles, np.linspace(*y_range, n))
    assert not ax.collections
    lp.show_plane(np.zeros((15, 10)), x_range, y_range, n, ax, lines=True)
    upright = [segment[0][0] for segment in ax.collections[0].get_segments()]
    np.testing.assert_allclose(upright, [-0.5, 0.5, 1.5, 2.5])  # halfway between the codes
    assert ax.get_xlim() == (left, right)


def test_numpy_map_is_the_network(rng):
    torch.manual_seed(0)
    net = torch.nn.Linear(2, 3)
    z = rng.normal(size=(5, 2))
    want = z @ net.weight.detach().numpy().T + net.bias.detach().numpy()
    got = lp.numpy_map(net)(z)
    assert isinstance(got, np.ndarray)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_plane_range_holds_every_code(rng):
    codes = rng.normal(size=(50, 2)) * [1, 7]
    (left, right), (low, high) = lp.plane_range(codes, 0.1)
    span = np.ptp(codes, axis=0)
    np.testing.assert_allclose([right - left, high - low], 1.2 * span)
    np.testing.assert_allclose([left, low], codes.min(axis=0) - 0.1 * span)


def test_classes_have_ten_colours_and_factors_a_scale(rng):
    ten = lp.code_colors(np.arange(10))
    assert len(np.unique(ten, axis=0)) == 10
    assert np.array_equal(lp.code_colors(np.array([3, 3])), ten[[3, 3]])
    factor = np.linspace(-1, 1, 50)
    luminance = lp.code_colors(factor) @ [0.2126, 0.7152, 0.0722]
    assert np.all(np.diff(luminance) > 0)
    assert lp.class_places(rng.normal(size=(50, 2)), factor) == {}


def test_a_constant_factor_has_one_colour():
    colors = lp.code_colors(np.full(20, 0.5))
    assert np.isfinite(colors).all()
    assert len(np.unique(colors, axis=0)) == 1


def test_class_places_are_codes_of_the_class_in_its_middle(rng):
    codes, values = rng.normal(size=(60, 2)), np.repeat([0, 4, 7], 20)
    for v, place in lp.class_places(codes, values).items():
        own = codes[values == v]
        totals = [sum(math.dist(p, q) for q in own) for p in own]
        np.testing.assert_array_equal(place, own[np.argmin(totals)])


def test_scatter_draws_every_code_and_names_every_class(rng):
    ax = Figure().add_subplot()
    codes, values = rng.normal(size=(40, 2)), np.repeat([2, 5], 20)
    lp.scatter_codes(codes, values, ax)
    np.testing.assert_allclose(ax.collections[0].get_offsets(), codes)
    assert [text.get_text() for text in ax.texts] == ["2", "5"]
    assert ax.get_xlabel() == "$z_1$"


@pytest.fixture
def plane(rng) -> lp.CodePlane:
    return lp.CodePlane(rng.normal(size=(200, 2)), np.arange(200) % 10)


def test_frame_shows_the_cross_where_you_are(plane):
    picture = np.zeros((8, 8))
    (left, right), (low, high) = plane.ranges
    at = {
        "middle": ((left + right) / 2, (low + high) / 2),
        "upper left": (left + 0.1 * (right - left), low + 0.9 * (high - low)),
    }
    for name, z in at.items():
        changed = np.argwhere(
            np.any(plane.frame(z, picture)[:, : lp.SIDE] != np.asarray(plane.panel), axis=2)
        )
        y, x = (changed.min(axis=0) + changed.max(axis=0)) / 2 / lp.SIDE
        want = (0.5, 0.5) if name == "middle" else (0.1, 0.1)
        assert math.dist((x, y), want) < 0.04, name


def test_panel_names_its_axes_where_they_end(plane):
    """Other names change pixels in the corners of the two ends only."""
    other = dataclasses.replace(plane, names=("m", "w"))
    y, x = np.argwhere(np.any(np.asarray(other.panel) != np.asarray(plane.panel), axis=2)).T
    right, upper = (
        (x > 0.8 * lp.SIDE) & (y > 0.9 * lp.SIDE),
        (x < 0.2 * lp.SIDE) & (y < 0.1 * lp.SIDE),
    )
    assert right.any()
    assert upper.any()
    assert np.all(right | upper)


def test_frame_shows_the_picture_in_its_greys(plane):
    picture = np.linspace(-0.5, 1.5, 64).reshape(8, 8)
    big = plane.frame((0, 0), picture)[:, lp.SIDE :]
    assert big.shape == (512, 512, 3)
    seen = big[32::64, 32::64, 0] / 255
    np.testing.assert_allclose(seen, np.clip(picture, 0, 1), atol=0.5 / (lp.GREYS - 1) + 2e-3)
    assert len(np.unique(big)) <= lp.GREYS


def test_plane_frame_decodes_where_the_cross_is(plane):
    seen = []

    def decode(codes):
        seen.append(codes)
        return np.full((len(codes), 8, 8), 0.5)

    frame = lp.plane_frame(plane, decode, 0.3, -0.2)
    np.testing.assert_allclose(seen, [[[0.3, -0.2]]])
    np.testing.assert_array_equal(frame, plane.frame((0.3, -0.2), np.full((8, 8), 0.5)))


@pytest.mark.slow
def test_frames_are_quick_and_a_grid_of_them_fits_into_a_sheet(plane, rng):
    """225 settings of 8 x 8 pictures, and 169 of 32 x 32 with zoom 6: under 400 kB a sheet."""
    faces = lp.CodePlane(plane.codes, rng.normal(size=200), zoom=6)
    for some, n, side in ((plane, 15, 8), (faces, 13, 32)):
        y, x = np.mgrid[:side, :side] / side
        seconds, frames = time.process_time(), []
        for z in lp.plane_points(*some.ranges, n):
            frames.append(some.frame(z, 0.5 + 0.5 * np.sin(5 * x + z[0]) * np.cos(6 * y - z[1])))
        assert (time.process_time() - seconds) / len(frames) < 0.04
        sheet = sheets.pack(frames, 0)
        np.testing.assert_array_equal(sheet.frame(40), frames[40])
        packed = sheet.webp()
        assert Image.open(io.BytesIO(packed)).size == sheet.pixels.shape[1::-1]


@pytest.mark.parametrize("k", [1, 2, 5])
def test_density_is_that_of_scipy(rng, k):
    """gaussian_kde takes its widths from the covariance: whiten the codes and they are round."""
    codes = rng.normal(size=(40, k))
    root = np.linalg.cholesky(np.cov(codes.T).reshape(k, k))
    codes = codes @ np.linalg.inv(root).T
    points = rng.normal(size=(7, k))
    want = gaussian_kde(codes.T, bw_method=0.4)(points.T)
    np.testing.assert_allclose(lp.code_density(points, codes, 0.4), want, rtol=1e-6)


def test_emptiness_is_the_distance_to_the_nearest_code(rng):
    codes, points = rng.normal(size=(300, 3)), 2 * rng.normal(size=(50, 3))
    np.testing.assert_allclose(lp.emptiness(points, codes), cKDTree(codes).query(points)[0])


def test_hole_limit_leaves_the_share_of_new_codes_inside(rng):
    codes, new = rng.normal(size=(300, 2)), rng.normal(size=(1000, 2))
    limit = lp.hole_limit(codes, new, 0.9)
    assert np.mean(cKDTree(codes).query(new)[0] > limit) == pytest.approx(0.1, abs=2e-3)


def test_a_walk_is_straight_and_even(rng):
    a, b = rng.normal(size=(2, 4))
    codes = lp.walk(a, b, 5)
    np.testing.assert_allclose(codes[[0, -1]], [a, b])
    np.testing.assert_allclose(np.diff(codes, axis=0), np.tile((b - a) / 4, (4, 1)))


def test_bad_input_is_explained(rng):
    codes = rng.normal(size=(10, 2))
    with pytest.raises(ValueError, match="n >= 2"):
        lp.plane_points((0, 1), (0, 1), 1)
    with pytest.raises(ValueError, match="decode must give"):
        lp.plane_picture(lambda z: np.zeros((3, 8, 8)), (0, 1), (0, 1), 4)
    with pytest.raises(ValueError, match="codes must be"):
        lp.plane_range(rng.normal(size=(10, 3)))
    with pytest.raises(ValueError, match="above 0"):
        lp.code_density(codes, codes, 0)
    with pytest.raises(ValueError, match="level"):
        lp.hole_limit(codes, codes, 1)
    with pytest.raises(ValueError, match="steps"):
        lp.walk(codes[0], codes[1], 1)
    plt.close("all")
