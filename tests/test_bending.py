"""The bent plane: flat at 0, as long and as wide as stated, its area factor by small steps."""

import numpy as np
import pytest

from lib import bending


def jacobian(z, amount, h=1e-4):
    """Columns of the Jacobian at z (n, 2) by central differences: (n, 2, 2)."""
    sides = [bending.bend(z + e, amount) - bending.bend(z - e, amount) for e in h * np.eye(2)]
    return np.stack(sides, axis=2) / (2 * h)


def test_no_bend_leaves_the_plane(rng):
    z = rng.normal(size=(200, 2))
    np.testing.assert_allclose(bending.bend(z, 0), z, atol=1e-9)


@pytest.mark.parametrize("amount", [0.0, 0.4, 1.0])
def test_the_middle_line_has_its_length(rng, amount):
    z = np.stack([rng.uniform(-2.5, 2.5, 200), np.zeros(200)], axis=1)
    columns = jacobian(z, amount)
    length = 1 + amount * (bending.LENGTH - 1)
    width = 1 + amount * (bending.WIDTH - 1)
    np.testing.assert_allclose(np.linalg.norm(columns[:, :, 0], axis=1), length, rtol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(columns[:, :, 1], axis=1), width, rtol=1e-6)


@pytest.mark.parametrize("amount", [0.0, 0.4, 1.0])
def test_lines_cross_at_right_angles(rng, amount):
    columns = jacobian(rng.uniform(-2.5, 2.5, (200, 2)), amount)
    assert np.abs(np.sum(columns[:, :, 0] * columns[:, :, 1], axis=1)).max() < 0.02


@pytest.mark.parametrize("amount", [0.0, 0.4, 1.0])
def test_area_factor_is_the_determinant(rng, amount):
    z = rng.uniform(-2.5, 2.5, (200, 2))
    want = np.linalg.det(jacobian(z, amount))
    np.testing.assert_allclose(bending.area_factor(z, amount), want, rtol=5e-3)


def test_the_turns_of_the_spiral_do_not_touch():
    """Grid points that are neighbours in no direction stay apart."""
    ticks = np.linspace(-2.5, 2.5, 101)
    z = np.stack(np.meshgrid(ticks, ticks[::20]), axis=-1).reshape(-1, 2)
    x = bending.bend(z)
    apart = np.abs(z[:, None, 0] - z[None, :, 0]) > 0.75
    gaps = np.linalg.norm(x[:, None] - x[None], axis=-1)
    assert gaps[apart].min() > 0.2


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match=r"amount must lie in \[0, 1\]"):
        bending.bend(np.zeros((2, 2)), 2)
    with pytest.raises(ValueError, match="pairs of numbers"):
        bending.bend(np.zeros(3))
