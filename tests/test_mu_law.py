"""Mu-law companding: against the differential equation behind it, and as a quantiser."""

import math

import pytest
import torch

from lib.mu_law import edges as edges_of
from lib.mu_law import inverse_mu_law, mu_law, to_levels, to_wave

WAVE = torch.linspace(-1, 1, 2001, dtype=torch.float64)


@pytest.mark.parametrize("mu", [1.0, 15.0, 255.0])
def test_slope_falls_as_one_over_loudness(mu):
    """The curve is the one with slope proportional to 1 / (1 + mu |s|), odd, and 1 at 1."""
    s = WAVE[WAVE != 0].clone().requires_grad_()
    (slope,) = torch.autograd.grad(mu_law(s, mu).sum(), s)
    want = mu / math.log(1 + mu) / (1 + mu * s.abs())
    torch.testing.assert_close(slope, want.detach(), rtol=1e-12, atol=0)
    torch.testing.assert_close(mu_law(-WAVE, mu), -mu_law(WAVE, mu), rtol=0, atol=0)
    assert mu_law(torch.tensor([1.0, 0.0]), mu).tolist() == pytest.approx([1, 0])


@pytest.mark.parametrize("mu", [1.0, 15.0, 255.0])
def test_inverse_undoes_it(mu):
    torch.testing.assert_close(inverse_mu_law(mu_law(WAVE, mu), mu), WAVE, rtol=0, atol=1e-13)
    torch.testing.assert_close(mu_law(inverse_mu_law(WAVE, mu), mu), WAVE, rtol=0, atol=1e-13)


@pytest.mark.parametrize("levels", [2, 16, 64, 256])
def test_levels_come_back_as_themselves(levels):
    x = torch.arange(levels)
    wave = to_wave(x, levels)
    assert torch.equal(to_levels(wave, levels), x)
    assert wave.min() == -1
    assert wave.max() == 1
    assert (wave.diff() > 0).all()


def test_each_sample_gets_the_nearest_level_on_the_squeezed_scale():
    squeezed = mu_law(WAVE, 15)
    grid = mu_law(to_wave(torch.arange(16), 16).double(), 15)
    nearest = (squeezed[:, None] - grid).abs().argmin(1)
    close = (squeezed[:, None] - grid).abs().sort(1).values[:, :2].diff(dim=1)[:, 0] < 1e-6
    assert torch.equal(to_levels(WAVE, 16)[~close], nearest[~close])


def test_edges_separate_the_levels():
    edges = edges_of(16)
    below, above = to_levels(edges - 1e-4, 16), to_levels(edges + 1e-4, 16)
    assert torch.equal(below, torch.arange(15))
    assert torch.equal(above, torch.arange(1, 16))


def test_quiet_waves_keep_more_than_with_even_levels():
    quiet = 0.02 * torch.sin(torch.arange(400) / 7.0)
    error = (to_wave(to_levels(quiet, 64), 64) - quiet).std()
    even = ((quiet * 31.5 + 31.5).round() / 31.5 - 1 - quiet).std()
    assert error < even / 5


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"largest is 1\.5"):
        to_levels(torch.tensor([0.0, 1.5]), 64)
    with pytest.raises(ValueError, match="two levels"):
        to_levels(torch.tensor([0.0]), 1)
    with pytest.raises(ValueError, match="positive"):
        mu_law(WAVE, 0)
    with pytest.raises(ValueError, match="positive"):
        inverse_mu_law(WAVE, -1)
    with pytest.raises(ValueError, match=r"0\.\.63"):
        to_wave(torch.tensor([64]), 64)
    with pytest.raises(ValueError, match="largest is nan"):
        to_levels(torch.tensor([0.0, float("nan")]), 64)
