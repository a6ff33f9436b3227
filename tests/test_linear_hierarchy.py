"""The linear hierarchy against sums over a grid."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from lib.linear_hierarchy import LinearHierarchy

GRID = np.linspace(-7, 7, 1401)
X = np.array([-2.5, 0.3, 1.7])


def on_a_grid(model: LinearHierarchy, x: float) -> tuple[float, float, float]:
    """log p(x) and both rates by brute force over z1 and z2."""
    z1, z2, cell = GRID[:, None], GRID[None], (GRID[1] - GRID[0]) ** 2
    prior_2 = stats.norm.pdf(z2)
    prior_1 = 1e-300 + stats.norm.pdf(z1, model.share**0.5 * z2, (1 - model.share) ** 0.5)
    joint = prior_2 * prior_1 * stats.norm.pdf(x, model.w * z1, model.noise)
    evidence = joint.sum() * cell
    posterior = joint / joint.sum()  # of cells
    top = posterior.sum(axis=0)
    below = posterior / top
    ratio = np.log(np.maximum(below, 1e-300) / (prior_1 * (GRID[1] - GRID[0])))
    rate_1 = np.sum(posterior * ratio)
    rate_2 = np.sum(top * np.log(np.maximum(top, 1e-300) / (prior_2[0] * (GRID[1] - GRID[0]))))
    return np.log(evidence), rate_1, rate_2


@pytest.mark.parametrize("share", [0.0, 0.4, 0.9])
def test_density_and_rates_are_those_of_the_grid(share):
    model = LinearHierarchy(share, w=1.4, noise=0.8)
    found = np.array([model.log_prob(X), *model.rates(X)])
    np.testing.assert_allclose(found.T, [on_a_grid(model, x) for x in X], atol=1e-6)


def test_rates_add_up_to_the_rate_of_one_level_whatever_the_share():
    mean, variance = X / 2 / (1 + 0.0625), 0.0625 / 1.0625  # of p(z1 | x) with w = 2, noise 0.5
    want = 0.5 * (variance + mean**2 - 1 - np.log(variance))
    for share in np.linspace(0, 0.99, 12):
        np.testing.assert_allclose(np.sum(LinearHierarchy(share).rates(X), axis=0), want)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_networks_give_log_p_at_every_draw(share):
    model = LinearHierarchy(share)
    x = torch.tensor(X)[:, None]
    seeded = torch.Generator().manual_seed(0)
    found = model.as_vae().importance_bound(x, samples=1, generator=seeded)
    np.testing.assert_allclose(found.detach(), model.log_prob(X), atol=1e-6)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="share"):
        LinearHierarchy(1.0)
    with pytest.raises(ValueError, match="noise"):
        LinearHierarchy(0.5, noise=0)
