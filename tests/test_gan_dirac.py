"""The smallest GAN against autograd of its losses and against its own linear step."""

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from lib import gan_dirac
from lib.gan_penalties import r1


@pytest.mark.parametrize(("theta", "psi", "gamma"), [(0.7, -0.4, 0.0), (-1.5, 0.8, 0.3)])
def test_slopes_are_those_of_the_losses(theta, psi, gamma):
    t, p = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (theta, psi))
    zero = torch.zeros(1, 1, dtype=torch.float64)
    rough = r1(lambda x: p * x, zero, zero, None)
    loss_d = softplus(-p * 0) + softplus(p * t) + gamma * rough
    (want_d,) = torch.autograd.grad(loss_d, p)
    (want_g,) = torch.autograd.grad(softplus(-p * t), t)
    found = gan_dirac.slopes(theta, psi, gamma)
    np.testing.assert_allclose(found, (want_d.item(), want_g.item()))


@pytest.mark.parametrize("options", [{}, {"momentum": 0.6}, {"momentum": 0.9, "gamma": 0.4}])
def test_matrix_is_a_small_step(options):
    """Rounds from a millionth away equal powers of the matrix."""
    path = gan_dirac.walk(6, rate=0.2, start=1e-6, **options)
    state = np.array([1e-6, 0, 0, 0])
    for place in path[1:]:
        state = gan_dirac.matrix(rate=0.2, **options) @ state
        np.testing.assert_allclose(place, state[:2], rtol=1e-4, atol=1e-16)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"momentum": 0.5, "gamma": 0.4}])
def test_growth_is_that_of_a_long_small_path(options):
    path = np.linalg.norm(gan_dirac.walk(220, rate=0.1, start=1e-12, **options), axis=1)
    seen = (path[120:].max() / path[:101].max()) ** (1 / 120)
    assert abs(seen - gan_dirac.growth(rate=0.1, **options)) < 0.01


def test_momentum_drives_apart_and_r1_draws_in():
    factor = gan_dirac.growth
    growing = [factor(rate=0.1, momentum=m) for m in (0.0, 0.3, 0.6, 0.9)]
    assert np.all(np.diff(growing) > 0)
    assert np.isclose(growing[0], 1)
    shrinking = [factor(rate=0.1, gamma=g) for g in (0.0, 0.2, 0.5)]
    assert np.all(np.diff(shrinking) < 0)


def test_bad_arguments_are_named():
    for options in ({"rate": 0.0}, {"rate": 0.1, "momentum": 1.0}, {"rate": 0.1, "gamma": -1.0}):
        with pytest.raises(ValueError, match="rate > 0"):
            gan_dirac.walk(3, **options)
