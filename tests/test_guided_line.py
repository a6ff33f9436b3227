"""Guidance on a line, computed without samples, against samples and against integrals."""

import numpy as np
import pytest
import torch
from scipy import stats

from lib import guided_line as line
from lib.mixture import GaussianMixture
from lib.noise_schedule import cosine_schedule
from tests.equations import class_to_picture as equations

KINDS, SCHEDULE = equations.KINDS, cosine_schedule(30)
GRID = np.linspace(-5, 5, 401)
CELL = GRID[1] - GRID[0]


def told(kind: int, n: int = 1) -> torch.Tensor:
    return torch.eye(2, dtype=torch.float64)[[kind] * n]


def test_densities_agree_with_scipy():
    for kind in (0, 1, None):
        np.testing.assert_allclose(np.exp(KINDS.log_prob(GRID, kind)), equations.pdf(kind, GRID))
    np.testing.assert_allclose(
        np.exp(KINDS.together().log_prob(GRID[:, None])), equations.pdf(None, GRID)
    )


def test_samples_have_the_shares_and_moments_of_their_kinds():
    x, y = KINDS.sample(20_000, np.random.default_rng(0))
    assert x.shape == (20_000, 1)
    assert abs(y.mean() - 0.7) < 0.02
    for kind in (0, 1):
        p = equations.pdf(kind, GRID) * CELL
        assert (
            stats.ks_1samp(
                x[y == kind, 0], lambda v, p=p: np.interp(v, GRID + CELL / 2, p.cumsum())
            ).pvalue
            > 1e-3
        )


def test_told_denoiser_knows_whom_it_was_told():
    net, x = line.ToldDenoiser(KINDS, SCHEDULE), torch.tensor([[0.3]], dtype=torch.float64)
    t = torch.tensor([12])
    kept = SCHEDULE.alpha_bar[12].item()
    for kind, c in ((0, told(0)), (1, told(1)), (None, torch.zeros(1, 2, dtype=torch.float64))):
        joint = equations.pdf(kind) * stats.norm.pdf(
            0.3, kept**0.5 * equations.GRID, (1 - kept) ** 0.5
        )
        want = (joint * equations.GRID).sum() / joint.sum()
        assert net(x, t, c).item() == pytest.approx(want, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("w", [0.0, 1.5])
def test_chain_density_is_that_of_the_samples(w):
    model = line.exact_guidance(KINDS, SCHEDULE, w)
    p = line.chain_density(model, GRID, told(1))
    assert p.sum() * CELL == pytest.approx(1, abs=2e-3)
    n, generator = 3000, torch.Generator().manual_seed(0)
    c = torch.eye(2)[[1] * n]
    x = model.sample(n, c, generator=generator)[:, 0].numpy()
    below = np.cumsum(p) * CELL
    assert stats.ks_1samp(x, lambda v: np.interp(v, GRID + CELL / 2, below)).pvalue > 1e-3


def test_chain_of_a_gaussian_is_known():
    """Exact answers for N(m, s^2): each step is linear, so the end is a Gaussian."""
    m, s = 0.4, 0.6
    part = GaussianMixture(np.ones(1), np.array([[m]]), np.array([[[s**2]]]))
    model = line.exact_guidance(line.Kinds(np.ones(1), [part]), SCHEDULE)
    mean, variance = 0.0, 1.0
    for t in range(30, 0, -1):
        kept, before = (SCHEDULE.alpha_bar[k].item() for k in (t, t - 1))
        beta, alpha = SCHEDULE.beta[t].item(), SCHEDULE.alpha[t].item()
        gain = kept**0.5 * s**2 / (kept * s**2 + 1 - kept)  # of E[x_0 | x_t]
        a = before**0.5 * beta / (1 - kept) * gain + alpha**0.5 * (1 - before) / (1 - kept)
        b = before**0.5 * beta / (1 - kept) * (m - gain * kept**0.5 * m)
        mean = a * mean + b
        variance = a**2 * variance + (1 - before) / (1 - kept) * beta
    p = line.chain_density(model, GRID, torch.ones(1, 1, dtype=torch.float64))
    np.testing.assert_allclose(p, stats.norm.pdf(GRID, mean, variance**0.5), atol=2e-3)


@pytest.mark.slow
def test_silence_and_minus_one_are_the_same_chain():
    model = line.exact_guidance(KINDS, SCHEDULE, -1.0)
    np.testing.assert_allclose(
        line.chain_density(model, GRID, told(1)), line.chain_density(model, GRID, None), atol=1e-9
    )


def test_divergence_of_gaussians():
    p, q = stats.norm.pdf(GRID, 0, 0.5), stats.norm.pdf(GRID, 0.4, 0.8)
    want = np.log(0.8 / 0.5) + (0.25 + 0.16) / (2 * 0.64) - 0.5
    assert line.divergence(p, q, GRID) == pytest.approx(want, abs=1e-6)
    assert line.divergence(p, p, GRID) == 0
    half = np.where(GRID > 0, 2 * p, 0)  # zeros add nothing, and are no nan
    assert line.divergence(half, p, GRID) == pytest.approx(np.log(2), rel=0.03)


def test_a_folded_step_is_refused():
    with pytest.raises(ValueError, match="folds"):
        line._carried(GRID, -GRID, np.ones(len(GRID)))


def test_a_grid_that_is_too_coarse_is_refused():
    model = line.exact_guidance(KINDS, cosine_schedule(40))
    with pytest.raises(ValueError, match="finer or longer"):
        line.chain_density(model, np.linspace(-5, 5, 41), told(1))
