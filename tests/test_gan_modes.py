"""Modes and good samples are counted against draws whose answer is known."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from lib.datasets.toy_plane import Gaussians, circle_of_gaussians, grid_of_gaussians
from lib.gan_modes import LEAST, RADIUS, assign, captured


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    "density", [circle_of_gaussians(8, std=0.1), grid_of_gaussians(5, std=0.05)]
)
def test_data_capture_every_mode_and_are_good_as_often_as_theory_says(density):
    n = 20_000
    found = captured(density.sample(n, rng()), density)
    theory = 1 - np.exp(-(RADIUS**2) / 2)
    assert found.modes == len(density.centres)
    assert abs(found.good - theory) < 5 * np.sqrt(theory * (1 - theory) / n)
    assert np.isclose(found.shares.sum(), found.good)
    np.testing.assert_allclose(found.shares, theory / found.modes, rtol=0.2)


def test_only_the_modes_that_were_drawn_count():
    density = circle_of_gaussians(8, std=0.1)
    points, component = density.draw(8000, rng())
    for kept in ([3], [0, 4], [1, 2, 5, 7]):
        found = captured(points[np.isin(component, kept)], density)
        assert found.modes == len(kept)
        assert set(np.flatnonzero(found.shares)) == set(kept)


def test_thresholds_are_those_of_the_docstring():
    density = Gaussians(np.array([[0.0, 0.0], [10.0, 0.0]]), 1.0)
    inside, outside = [RADIUS - 1e-9, 0.0], [RADIUS + 1e-9, 0.0]
    assert captured(np.array([inside]), density).good == 1
    assert captured(np.array([outside]), density).good == 0
    for few, modes in ((LEAST * 500, 2), (LEAST * 500 - 1, 1)):
        points = np.zeros((1000, 2))
        points[: int(few), 0] = 10
        assert captured(points, density).modes == modes


def test_strays_make_no_mode_and_lower_the_share_of_good_samples():
    density = circle_of_gaussians(8, std=0.05)
    found = captured(rng().uniform(-2.5, 2.5, (20_000, 2)), density)
    area = 8 * np.pi * (RADIUS * 0.05) ** 2 / 25
    assert found.modes == 0
    assert abs(found.good - area) < 5 * np.sqrt(area / 20_000)


def test_a_mode_without_weight_is_never_captured():
    density = Gaussians(np.array([[0.0, 0.0], [10.0, 0.0]]), 1.0, np.array([1.0, 0.0]))
    assert captured(np.array([[0.0, 0.0], [10.0, 0.0]]), density).modes == 1


def test_nearest_centre_is_that_of_a_tree():
    density, points = grid_of_gaussians(5), rng().normal(size=(200, 2)) * 3
    distance, nearest = cKDTree(density.centres).query(points)
    found = assign(points, density)
    np.testing.assert_array_equal(found[0], nearest)
    np.testing.assert_allclose(found[1], distance)


def test_bad_arguments_are_named():
    density = circle_of_gaussians(8)
    for points, says in (
        (np.zeros(3), "shape"),
        (np.zeros((0, 2)), "shape"),
        (np.zeros((2, 3)), "shape"),
        (np.array([[np.nan, 0.0]]), "diverged"),
    ):
        with pytest.raises(ValueError, match=says):
            captured(points, density)
    for options in ({"radius": 0.0}, {"least": -1.0}):
        with pytest.raises(ValueError, match="above zero"):
            captured(np.zeros((2, 2)), density, **options)
