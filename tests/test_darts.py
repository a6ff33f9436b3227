"""The dart board scores as the rules say, and expectations agree with simulation."""

import numpy as np
import pytest

from lib import darts


def at(radius, number):
    """A spot in the middle of a number's wedge."""
    angle = 2 * np.pi * list(darts.NUMBERS).index(number) / 20
    return radius * np.array([np.sin(angle), np.cos(angle)])


@pytest.mark.parametrize("number", range(1, 21))
def test_every_number_has_its_rings(number):
    for radius, times in ((50, 1), (103, 3), (130, 1), (166, 2), (171, 0)):
        assert darts.score(at(radius, number)) == times * number


def test_the_middle_and_its_surroundings():
    assert darts.score([0, 0]) == 50
    assert darts.score([0, 10]) == 25
    assert darts.score([0, 16]) == 20


def test_where_the_numbers_are():
    """20 at the top, 6 at the right, 3 at the bottom, 11 at the left; their sum is 210."""
    spots = 50 * np.array([[0, 1], [1, 0], [0, -1], [-1, 0]])
    np.testing.assert_array_equal(darts.score(spots), [20, 6, 3, 11])
    assert sorted(darts.NUMBERS) == list(range(1, 21))


def test_a_wedge_ends_nine_degrees_from_its_middle():
    for degrees, number in ((8.9, 20), (9.1, 1), (-8.9, 20), (-9.1, 5)):
        angle = np.radians(degrees)
        assert darts.score(50 * np.array([np.sin(angle), np.cos(angle)])) == number


@pytest.mark.parametrize("sigma", [10, 35])
def test_map_agrees_with_simulated_throws(rng, sigma):
    axis, points = darts.score_map(sigma)
    errors = rng.normal(0, sigma, (100_000, 2))
    for row, column in ((120, 120), (171, 120), (70, 100), (30, 200)):
        aim = np.array([axis[column], axis[row]])
        assert abs(points[row, column] - darts.expected_score(aim, errors)) < 0.2


def test_best_aims_are_those_of_the_published_analysis():
    """Tibshirani, Price and Taylor (2011): treble 20, then near treble 19 from about 16.4 mm on."""
    axis, good = darts.score_map(12)
    row, column = np.unravel_index(good.argmax(), good.shape)
    assert np.hypot(axis[column], axis[row] - 103) < 10
    for sigma, number in ((18, 19), (24, 19)):
        _, points = darts.score_map(sigma)
        row, column = np.unravel_index(points.argmax(), points.shape)
        assert np.linalg.norm([axis[column], axis[row]] - at(103, number)) < 15


def test_lengths_must_be_positive():
    with pytest.raises(ValueError, match="positive lengths"):
        darts.score_map(0)
