"""The two-level VAE against a linear-Gaussian model in which everything is a formula."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from lib.hierarchical_vae import HierarchicalVAE, mlp_hierarchy, multiply_gaussians
from lib.likelihoods import FixedGaussian
from lib.nets import MLPDecoder, MLPEncoder
from lib.train import fit

DRAWS = 4000


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Linear(NamedTuple):
    """z2 ~ N(0, 1), z1 = a z2 + noise of variance t, x = W z1 + noise of variance s."""

    a: np.ndarray
    t: np.ndarray
    w: np.ndarray
    s: float

    def marginal(self) -> stats.rv_continuous:
        inner = np.outer(self.a, self.a) + np.diag(self.t)
        cov = self.w @ inner @ self.w.T + self.s * np.eye(len(self.w))
        return stats.multivariate_normal(np.zeros(len(self.w)), cov)


TRUTH = Linear(
    np.array([1.3, -0.7]),
    np.array([0.5, 0.8]),
    np.array([[1.0, 0.5], [2.0, -0.25], [0.0, 1.5]]),  # orthogonal columns: W^T W is diagonal
    0.6,
)


def set_layer(layer: nn.Linear, weight: np.ndarray, bias: np.ndarray) -> None:
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(bias))


def exact_model(truth: Linear = TRUTH) -> HierarchicalVAE:
    """The model with networks set by hand so that q is the exact posterior."""
    a, t, w, s = truth
    gram = np.diag(w.T @ w)
    encoder, top = MLPEncoder((3,), (), 4), nn.Linear(4, 2)
    middle, decoder = nn.Linear(1, 4), MLPDecoder(2, (), (3,))
    model = HierarchicalVAE(encoder, top, middle, decoder, FixedGaussian(s**0.5), k2=1).double()
    v = s / gram  # variance of what x says of z1
    variance = 1 / (1 + np.sum(a**2 / (t + v)))
    rows = np.zeros((2, 4))
    rows[0, :2] = variance * a / (t + v)
    set_layer(
        encoder.net[0], np.vstack([w.T / gram[:, None], np.zeros((2, 3))]), np.r_[0, 0, np.log(v)]
    )
    set_layer(top, rows, [0, np.log(variance)])
    set_layer(middle, np.r_[a, 0, 0][:, None], np.r_[0, 0, np.log(t)])
    set_layer(decoder.net[0], w, np.zeros(3))
    return model


def data(n: int = 6) -> Tensor:
    return torch.tensor(TRUTH.marginal().rvs(n, random_state=3))


def repeated(model: HierarchicalVAE, x: Tensor) -> np.ndarray:
    """Terms (3, DRAWS, n) of every x at many draws."""
    many = x.repeat(DRAWS, 1)
    with torch.no_grad():
        terms = model.terms(many, generator=seeded(1))
    return torch.stack(terms).numpy().reshape(3, DRAWS, len(x))


def test_every_draw_of_the_exact_posterior_gives_log_p():
    x = data()
    want = TRUTH.marginal().logpdf(x)
    for samples in (1, 7):
        found = exact_model().importance_bound(x, samples=samples, generator=seeded())
        np.testing.assert_allclose(found.detach(), want, atol=1e-6)


def test_bound_is_tight_for_the_exact_posterior_and_below_otherwise():
    x, model = data(), exact_model()
    want = TRUTH.marginal().logpdf(x)
    draws = -repeated(model, x).sum(axis=0)
    error = draws.std(axis=0) / DRAWS**0.5
    assert np.all(np.abs(draws.mean(axis=0) - want) < 5 * error)
    with torch.no_grad():
        model.top_encoder.bias += 0.5
    draws = -repeated(model, x).sum(axis=0)
    assert np.all(draws.mean(axis=0) < want - 0.05)


def test_rates_add_up_to_the_divergence_of_the_joint_gaussians():
    """E[rate_1] + rate_2 = KL(q(z1, z2 | x) || p(z1, z2)) from the joint covariances."""
    x, model = data(3), exact_model()
    a, t = TRUTH.a, TRUTH.t
    with torch.no_grad():
        model.top_encoder.bias += 0.3  # q need not be the posterior
        (m, log_v), (mean_2, log_var_2) = model.encode(x)
    rates = repeated(model, x)[1:].sum(axis=0)
    v, var_2 = log_v[0].exp().numpy(), log_var_2[0].exp().item()
    var_1 = 1 / (1 / v + 1 / t)
    slope = var_1 / t * a  # of the mean of q(z1 | x, z2) in z2
    joint_q = np.block(
        [
            [np.diag(var_1) + var_2 * np.outer(slope, slope), var_2 * slope[:, None]],
            [var_2 * slope[None], np.array([[var_2]])],
        ]
    )
    joint_p = np.block([[np.diag(t) + np.outer(a, a), a[:, None]], [a[None], np.eye(1)]])
    for k in range(3):
        mean_1 = (var_1 / v) * m[k].numpy() + slope * mean_2[k].item()
        mean = torch.tensor(np.r_[mean_1, mean_2[k].item()])
        q = torch.distributions.MultivariateNormal(mean, torch.tensor(joint_q))
        p = torch.distributions.MultivariateNormal(torch.zeros_like(mean), torch.tensor(joint_p))
        want = torch.distributions.kl_divergence(q, p).item()
        error = rates[:, k].std() / DRAWS**0.5
        assert abs(rates[:, k].mean() - want) < 5 * error + 1e-6


def test_loss_is_the_sum_of_its_terms_weighted_by_beta():
    model = mlp_hierarchy((4,), 3, 2, FixedGaussian(0.5), hidden=(8,), top_hidden=(8,), beta=2.5)
    x = torch.randn(20, 4, generator=seeded(2))
    terms = model.loss(x, generator=seeded())
    total = terms["distortion"] + 2.5 * (terms["rate_1"] + terms["rate_2"])
    assert torch.isclose(terms["loss"], total)
    once = model.elbo(x, generator=seeded())
    plain = terms["distortion"] + terms["rate_1"] + terms["rate_2"]
    assert torch.isclose(once.mean(), -plain)


def test_more_samples_raise_the_importance_bound():
    model = mlp_hierarchy((4,), 3, 2, FixedGaussian(0.5), hidden=(8,), top_hidden=(8,))
    x = torch.randn(400, 4, generator=seeded(2))
    with torch.no_grad():
        one, many = (
            model.importance_bound(x, samples=s, generator=seeded()).mean() for s in (1, 50)
        )
        elbo = model.elbo(x, samples=50, generator=seeded(1)).mean()
    assert many > one
    assert many > elbo


def test_product_of_gaussians_is_what_the_grid_says():
    grid = np.linspace(-12, 12, 24_001)
    cases = [((0.0, 0.0), (2.0, 1.0)), ((-1.0, -2.0), (3.0, 0.5)), ((1.0, 2.0), (1.0, -3.0))]
    for a, b in cases:
        density = np.prod([stats.norm.pdf(grid, m, np.exp(s / 2)) for m, s in (a, b)], axis=0)
        density /= density.sum()
        mean = density @ grid
        variance = density @ (grid - mean) ** 2
        pair = [tuple(torch.tensor([[v]], dtype=torch.float64) for v in p) for p in (a, b)]
        found_mean, found_log_var = multiply_gaussians(*pair)
        assert np.isclose(found_mean.item(), mean, atol=1e-4)
        assert np.isclose(np.exp(found_log_var.item()), variance, rtol=1e-4)


def test_product_survives_extreme_precisions():
    mean, log_var = multiply_gaussians(
        (torch.tensor([[1.0]]), torch.tensor([[-200.0]])),
        (torch.tensor([[5.0]]), torch.tensor([[200.0]])),
    )
    assert mean.item() == pytest.approx(1.0)
    assert log_var.item() == pytest.approx(-200.0)


def test_samples_have_the_covariance_of_the_model():
    x = exact_model().sample(60_000, generator=seeded()).numpy()
    np.testing.assert_allclose(np.cov(x.T), TRUTH.marginal().cov, atol=0.15)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=0.05)


def test_samples_under_one_top_code_have_the_conditional_moments():
    a, t, w, s = TRUTH
    model = exact_model()
    z2 = torch.full((60_000, 1), 1.5, dtype=torch.float64)
    x = model.sample(60_000, z2=z2, generator=seeded()).numpy()
    np.testing.assert_allclose(x.mean(axis=0), w @ a * 1.5, atol=0.05)
    np.testing.assert_allclose(np.cov(x.T), w @ np.diag(t) @ w.T + s * np.eye(3), atol=0.12)
    smooth = model.sample(60_000, z2=z2, mean=True, generator=seeded()).numpy()
    np.testing.assert_allclose(np.cov(smooth.T), w @ np.diag(t) @ w.T, atol=0.12)


def test_reconstruction_is_the_posterior_mean_when_q_is_exact():
    a, t, w, _ = TRUTH
    x = data()
    inner = np.outer(a, a) + np.diag(t)
    gain = inner @ w.T @ np.linalg.inv(TRUTH.marginal().cov)
    want = x.numpy() @ gain.T @ w.T
    np.testing.assert_allclose(exact_model().reconstruct(x).numpy(), want, atol=1e-6)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="beta"):
        mlp_hierarchy((4,), 3, 2, FixedGaussian(0.5), beta=-1)
    model = mlp_hierarchy((4,), 3, 2, FixedGaussian(0.5), hidden=(), top_hidden=())
    with pytest.raises(ValueError, match=r"z2 must have shape \(5, 2\)"):
        model.sample(5, z2=torch.zeros(5, 3))
    with pytest.raises(ValueError, match="samples must be at least 1"):
        model.elbo(torch.zeros(3, 4), samples=0)
    with pytest.raises(ValueError, match="samples must be at least 1"):
        model.importance_bound(torch.zeros(3, 4), samples=0)


def test_a_top_that_does_not_learn_stays_as_it_is():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = mlp_hierarchy((3,), 2, 1, FixedGaussian(0.3), hidden=(4,), top_hidden=(4,))
    x = torch.randn(32, 3, generator=seeded())
    for learns in (False, True):
        before = {name: value.clone() for name, value in model.state_dict().items()}
        model.top_learns(learns)
        fit(model, x, epochs=2, batch_size=8, lr=1e-2, generator=seeded(), progress=False)
        for name, value in model.state_dict().items():
            top = name.startswith(("top_encoder", "middle"))
            assert torch.equal(value, before[name]) == (top and not learns), name
