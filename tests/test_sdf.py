"""Signed distances against brute force, and the smooth minimum against its definition."""

import numpy as np
import pytest
import torch

from lib.datasets.sdf import (
    capsule,
    ellipsoid,
    mix,
    smooth_max,
    smooth_min,
    smoothstep,
    sphere,
    turn,
)


def points(rng, n=500, reach=2.0):
    return torch.as_tensor(rng.uniform(-reach, reach, (3, n)))


def test_sphere_is_exact(rng):
    p = points(rng)
    want = np.linalg.norm(p.numpy(), axis=0) - 0.7
    np.testing.assert_allclose(sphere(*p, 0.7).numpy(), want, atol=1e-12)


@pytest.mark.parametrize("end", [(0.3, -0.9, 0.4), (0.0, 1.0, 0.0)])
def test_capsule_is_the_distance_to_the_nearest_point_of_its_stick(rng, end):
    p = points(rng)
    stick = np.linspace(0, 1, 4001)[:, None] * np.array(end)
    nearest = np.min(np.linalg.norm(p.numpy().T[:, None] - stick, axis=-1), axis=1)
    np.testing.assert_allclose(capsule(*p, end, 0.2).numpy(), nearest - 0.2, atol=1e-6)


def test_a_capsule_may_be_thicker_at_its_end():
    far = torch.tensor([0.0]), torch.tensor([2.0]), torch.tensor([0.0])
    assert capsule(*far, (0.0, 1.0, 0.0), 0.2, 0.1).item() == pytest.approx(0.7)


def test_ellipsoid_is_the_distance_to_first_order(rng):
    radii = np.array([0.5, 0.8, 1.1])
    on_sphere = rng.normal(size=(3, 400))
    on_sphere /= np.linalg.norm(on_sphere, axis=0)
    surface = radii[:, None] * on_sphere
    normal = on_sphere / radii[:, None]
    normal /= np.linalg.norm(normal, axis=0)
    for step in (-1e-3, 0.0, 1e-3):
        p = torch.as_tensor(surface + step * normal)
        np.testing.assert_allclose(ellipsoid(*p, tuple(radii)).numpy(), step, atol=2e-5)


def test_ellipsoid_has_the_right_sign_everywhere(rng):
    p = points(rng)
    inside = (p[0] / 0.5) ** 2 + (p[1] / 0.8) ** 2 + (p[2] / 1.1) ** 2 < 1
    assert torch.equal(ellipsoid(*p, (0.5, 0.8, 1.1)) < 0, inside)


def test_ellipsoid_needs_positive_radii():
    with pytest.raises(ValueError, match="positive"):
        ellipsoid(*torch.zeros(3, 1), (0.5, 0.0, 1.0))


def test_smooth_minimum_touches_the_minimum_away_from_the_seam(rng):
    a, b, width = *torch.as_tensor(rng.normal(size=(2, 500))), 0.3
    low, soft = torch.minimum(a, b), smooth_min(a, b, width)
    far = (a - b).abs() >= width
    assert far.any()
    assert (~far).any()
    assert torch.equal(soft[far], low[far])
    assert ((soft <= low) & (soft >= low - width / 4)).all()
    assert smooth_min(a, a, width).numpy() == pytest.approx((a - width / 4).numpy())
    assert smooth_max(a, b, width).numpy() == pytest.approx(-smooth_min(-a, -b, width).numpy())


def test_smoothstep_rises_or_falls_between_its_ends():
    x = torch.tensor([-1.0, 0.0, 1.0, 2.0, 5.0])
    assert smoothstep(0.0, 2.0, x).tolist() == [0, 0, 0.5, 1, 1]
    assert smoothstep(2.0, 0.0, x).tolist() == [1, 1, 0.5, 0, 0]
    assert mix(2.0, 4.0, torch.tensor(0.25)).item() == 2.5


def test_turn_is_a_rotation_from_the_first_axis_to_the_second():
    angle = torch.tensor(np.pi / 6)
    x, y = turn(torch.tensor(1.0), torch.tensor(0.0), torch.cos(angle), torch.sin(angle))
    assert x.item() == pytest.approx(np.sqrt(3) / 2)
    assert y.item() == pytest.approx(0.5)
