"""The linear VAE: exact formulas against integrals, sampling, and probabilistic PCA."""

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal, kl_divergence

from lib.linear_vae import LinearVAE, best_with_noise, from_ppca, settle
from lib.pca import fit_pca
from lib.ppca import PPCA, fit_ppca

DIM, K = 6, 2


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_model(seed: int = 0, k: int = K) -> LinearVAE:
    """Every parameter somewhere; the columns of W are not orthogonal."""
    torch.manual_seed(seed)
    model, generator = LinearVAE(DIM, k, noise=0.7).double(), seeded(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.6 * torch.randn(p.shape, generator=generator, dtype=p.dtype))
    return model.requires_grad_(False)


def data(n: int = 200, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, DIM)) @ rng.normal(size=(DIM, DIM)) + np.arange(DIM)


X = torch.from_numpy(data(20))


def trained(x: torch.Tensor, k: int, seed: int = 0) -> LinearVAE:
    """The exact bound climbed to the top by L-BFGS, from a random start."""
    torch.manual_seed(seed)
    model = LinearVAE(x.shape[1], k).double()
    optimiser = torch.optim.LBFGS(
        model.parameters(),
        max_iter=3000,
        tolerance_grad=1e-9,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimiser.zero_grad()
        loss = -model.exact_elbo(x).mean()
        loss.backward()
        return loss

    optimiser.step(closure)
    return model.requires_grad_(False)


def test_log_prob_is_the_integral_over_z():
    model = some_model(k=1)
    z = torch.linspace(-12, 12, 6001, dtype=torch.float64)[:, None]
    log_prior = -0.5 * (z[:, 0] ** 2 + np.log(2 * np.pi))
    for x in X[:5]:
        log_joint = model.likelihood.log_prob(x.expand(len(z), -1), model.decoder(z)) + log_prior
        want = torch.logsumexp(log_joint, 0) + np.log(24 / 6000)
        torch.testing.assert_close(model.log_prob(x[None])[0], want)


def test_log_prob_and_posterior_are_those_of_the_ppca_with_its_parameters():
    model = some_model()
    ppca = PPCA(model.bias.numpy(), model.weights.numpy(), model.noise_variance.item())
    np.testing.assert_allclose(model.log_prob(X), ppca.log_prob(X.numpy()))
    for got, want in zip(model.posterior(X), ppca.posterior(X.numpy()), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-12)


def test_the_exact_terms_are_the_averages_of_the_sampled_ones():
    model, draws = some_model(), 20_000
    x = X[:2].repeat(draws, 1)
    distortion, rate = (t.reshape(draws, 2) for t in model.terms(x, generator=seeded()))
    exact_distortion, exact_rate = model.exact_terms(X[:2])
    error = 5 * distortion.std(0) / draws**0.5
    assert torch.all(abs(distortion.mean(0) - exact_distortion) < error)
    torch.testing.assert_close(rate[0], exact_rate)


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_is_below_by_exactly_the_divergence_to_the_posterior(seed):
    model = some_model(seed)
    missing = model.log_prob(X) - model.exact_elbo(X)
    assert torch.all(missing > 0)
    torch.testing.assert_close(missing, model.gap(X))
    mean, log_var = model.encode(X)
    centre, covariance = model.posterior(X)
    q = MultivariateNormal(mean, torch.diag_embed(torch.exp(log_var)))
    torch.testing.assert_close(kl_divergence(q, MultivariateNormal(centre, covariance)), missing)


def test_the_best_encoder_beats_every_change_of_it():
    model = some_model().use_best_encoder()
    best = model.exact_elbo(X).mean()
    generator = seeded(9)
    for parameter in model.encoder.parameters():
        for _ in range(10):
            shift = 0.05 * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            parameter.add_(shift)
            assert model.exact_elbo(X).mean() < best
            parameter.sub_(shift)


def test_a_diagonal_encoder_misses_correlated_posteriors_and_only_them():
    model = some_model()
    model.weights[:, 1] += model.weights[:, 0]
    model.use_best_encoder()
    inner = torch.linalg.inv(model.precision())
    correlation = inner[0, 1] / (inner[0, 0] * inner[1, 1]) ** 0.5
    want = -0.5 * torch.log(1 - correlation**2)  # mutual information of the two latents, given x
    assert want > 0.01
    torch.testing.assert_close(model.gap(X), want.expand(len(X)))
    basis = torch.linalg.qr(model.weights)[0]
    model.weights.copy_(basis * torch.tensor([2.0, 0.5]))
    torch.testing.assert_close(
        model.use_best_encoder().exact_elbo(X), model.log_prob(X), atol=1e-10, rtol=0
    )
    assert model.gap(X).abs().max() < 1e-10


def test_from_ppca_and_back_changes_nothing():
    fitted = fit_ppca(data(), K)
    model = from_ppca(fitted)
    back = model.to_ppca()
    np.testing.assert_allclose(back.mean, fitted.mean, atol=1e-12)
    np.testing.assert_allclose(back.weights, fitted.weights, atol=1e-12)
    assert np.isclose(back.noise_variance, fitted.noise_variance, rtol=1e-6)
    np.testing.assert_allclose(model.log_prob(X).detach(), fitted.log_prob(X.numpy()), rtol=1e-6)
    assert model.gap(X).abs().max() < 1e-9  # the columns of the maximum likelihood W are orthogonal


@pytest.mark.parametrize("seed", range(3))
def test_the_highest_bound_is_probabilistic_pca(seed):
    x = torch.from_numpy(data())
    model, ppca = trained(x, K, seed), fit_ppca(data(), K)
    best = ppca.log_prob(data()).mean()
    assert np.isclose(model.log_prob(x).mean().item(), best, atol=1e-7)
    assert np.isclose(model.exact_elbo(x).mean().item(), best, atol=1e-7)
    assert np.isclose(model.noise_variance.item(), ppca.noise_variance, rtol=1e-3)
    found, wanted = (np.linalg.qr(m.weights)[0] for m in (model.to_ppca(), ppca))
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=1e-3)
    inner = (model.weights.T @ model.weights).numpy()
    assert abs(inner[0, 1]) < 1e-3 * inner.diagonal().max()
    np.testing.assert_allclose(
        model.weights @ model.weights.T, ppca.weights @ ppca.weights.T, atol=0.02
    )


@pytest.mark.parametrize("std", [0.5, 1.5, 3.0])
def test_with_fixed_noise_no_rival_has_a_larger_bound(std):
    pca = fit_pca(data(), 3)
    model, x = best_with_noise(pca, std).requires_grad_(False), torch.from_numpy(data())
    assert model.noise_variance.item() == pytest.approx(std**2)
    used = (torch.linalg.norm(model.weights, dim=0) > 1e-6).tolist()
    assert used == (pca.variances > std**2).tolist()
    best, generator = model.log_prob(x).mean(), seeded(5)
    torch.testing.assert_close(model.exact_elbo(x).mean(), best)
    for parameter in (model.weights, model.bias):
        for _ in range(20):  # log p is at least the bound: to lower it lowers every bound
            shift = 0.1 * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            parameter.add_(shift)
            assert model.log_prob(x).mean() < best
            parameter.sub_(shift)


@pytest.mark.slow
def test_random_draws_and_ever_smaller_steps_reach_probabilistic_pca():
    torch.manual_seed(0)
    raw = data(1280)
    x = (raw - raw.mean(0)) / raw.std()
    model, best = LinearVAE(DIM, K), fit_ppca(x, K).log_prob(x).mean()
    losses = settle(model, torch.from_numpy(x).float(), generator=seeded())
    assert len(losses) == 160 * 10  # epochs times batches of 128
    assert np.mean(losses[-50:]) < np.mean(losses[:50]) - 1
    with torch.no_grad():
        bound = model.exact_elbo(torch.from_numpy(x).float()).mean()
    assert best - 0.05 < bound < best + 1e-4


def test_the_bound_has_no_slope_at_probabilistic_pca():
    x = torch.from_numpy(data())
    model = from_ppca(fit_ppca(data(), K))
    model.exact_elbo(x).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().max() < 1e-5, name


def test_more_importance_samples_raise_the_bound():
    model, x = some_model().use_best_encoder(), X.repeat(3000, 1)
    exact = model.log_prob(X).mean()
    bounds, errors = [], []
    for samples in (1, 3, 10, 30):
        got = model.importance_bound(x, samples=samples, generator=seeded(samples))
        per_draw = got.reshape(3000, len(X)).mean(1)
        bounds.append(per_draw.mean())
        errors.append(per_draw.std() / 3000**0.5)
    assert abs(bounds[0] - model.exact_elbo(X).mean()) < 5 * errors[0]
    for low, high, error in zip(bounds, [*bounds[1:], exact], errors, strict=True):
        assert low < high + 3 * error
    assert bounds[0] < bounds[2] < bounds[3] < exact + 5 * errors[3]
    assert exact - bounds[3] < 0.2 * (exact - bounds[0])


@pytest.mark.parametrize("samples", [1, 2, 17])
def test_with_the_true_posterior_every_draw_gives_the_exact_answer(samples):
    model = from_ppca(fit_ppca(data(), K))
    with torch.no_grad():
        got = model.importance_bound(X, samples=samples, generator=seeded(4))
        torch.testing.assert_close(got, model.log_prob(X), atol=1e-7, rtol=0)


def test_loss_and_sample_are_those_of_the_family():
    model = some_model()
    x = model.sample(50_000, generator=seeded())
    want = model.weights @ model.weights.T + model.noise_variance * torch.eye(DIM)
    torch.testing.assert_close(torch.cov(x.T), want, rtol=0.05, atol=0.05)
    torch.testing.assert_close(x.mean(0), model.bias, rtol=0, atol=0.05)
    terms = model.loss(X, generator=seeded())
    torch.testing.assert_close(terms["loss"], terms["distortion"] + terms["rate"])
