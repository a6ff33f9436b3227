"""Mistakes people make when they derive or code a VAE, each caught by a check of the real code."""

import numpy as np
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from lib import gaussian, gradient_estimators, linear_vae
from lib.ppca import PPCA
from tests.mutation import Edit, Mutation

MODEL = "lib.linear_vae.LinearVAE"


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


MEAN, LOG_VAR, X = some(5, 3, seed=1), some(5, 3, seed=2), some(8, 4, seed=3)


def model(k: int = 2) -> linear_vae.LinearVAE:
    torch.manual_seed(0)
    made = linear_vae.LinearVAE(4, k, noise=0.7).double().requires_grad_(False)
    for n, p in enumerate(made.parameters()):
        p.add_(0.6 * some(*p.shape, seed=n + 10))
    return made


def divergence_is_that_of_torch() -> None:
    q = Normal(MEAN, torch.exp(LOG_VAR / 2))
    want = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
    assert torch.allclose(gaussian.kl_to_standard_normal(MEAN, LOG_VAR), want)


def divergence_of_two_is_that_of_torch() -> None:
    other = some(5, 3, seed=4), some(5, 3, seed=5)
    q, p = (Normal(m, torch.exp(s / 2)) for m, s in ((MEAN, LOG_VAR), other))
    got = gaussian.gaussian_kl(MEAN, LOG_VAR, *other)
    assert torch.allclose(got, kl_divergence(q, p).sum(1))


def density_is_that_of_torch() -> None:
    x = some(5, 3, seed=6)
    want = Normal(MEAN, torch.exp(LOG_VAR / 2)).log_prob(x).sum(1)
    assert torch.allclose(gaussian.gaussian_log_prob(x, MEAN, LOG_VAR), want)


def draws_have_their_standard_deviation() -> None:
    log_var = torch.tensor([-2.0, 1.0])
    z = gaussian.reparameterise(torch.zeros(50_000, 2), log_var, generator=seeded())
    assert torch.allclose(z.std(0), torch.exp(log_var / 2), rtol=0.03)


def every_row_has_noise_of_its_own() -> None:
    z = gaussian.reparameterise(torch.zeros(1, 2), torch.zeros(9, 2), generator=seeded())
    assert len(z.unique()) == 18


def averages_are_the_slope(estimator: str) -> None:
    mean, log_var = torch.tensor([0.5, -1.0]), torch.tensor([-0.5, 0.4])
    found = getattr(gradient_estimators, estimator)(
        lambda z: ((z + 1) ** 2).sum(1), mean, log_var, draws=100_000, generator=seeded()
    )
    for got, want in zip(found, (2 * (mean + 1), torch.exp(log_var)), strict=True):
        error = got.std(0) / len(got) ** 0.5
        assert torch.all(error > 0)
        assert torch.all(abs(got.mean(0) - want) < 5 * error)


def score_is_the_slope() -> None:
    averages_are_the_slope("score_function")


def reparameterised_is_the_slope() -> None:
    averages_are_the_slope("reparameterised")


def a_baseline_keeps_the_average_and_helps() -> None:
    mean, log_var = torch.tensor([0.5]), torch.tensor([-0.5])

    def f(z):
        return (z**2).sum(1) + 30

    options = {"draws": 50_000, "generator": seeded()}
    plain, helped = (
        gradient_estimators.score_function(f, mean, log_var, baseline=b, **options)[0]
        for b in (0.0, 31.0)
    )
    assert helped.var() < 0.1 * plain.var()
    assert abs(helped.mean() - 1.0) < 5 * helped.std() / 50_000**0.5


def others_leave_one_out() -> None:
    got = gradient_estimators.leave_one_out(torch.tensor([1.0, 2.0, 6.0]))
    assert torch.allclose(got, torch.tensor([4.0, 3.5, 1.5]))


def likelihood_is_that_of_the_gaussian() -> None:
    made = model()
    covariance = made.weights @ made.weights.T + made.noise_variance * torch.eye(4)
    assert torch.allclose(made.log_prob(X), MultivariateNormal(made.bias, covariance).log_prob(X))


def posterior_conditions_the_joint() -> None:
    made = model()
    w, c = made.weights, made.weights @ made.weights.T + made.noise_variance * torch.eye(4)
    gain = w.T @ torch.linalg.inv(c)
    mean, covariance = made.posterior(X)
    assert torch.allclose(mean, (X - made.bias) @ gain.T)
    assert torch.allclose(covariance, torch.eye(2, dtype=X.dtype) - gain @ w)


def bound_and_gap_add_up() -> None:
    made = model()
    covariance = made.weights @ made.weights.T + made.noise_variance * torch.eye(4)
    log_p = MultivariateNormal(made.bias, covariance).log_prob(X)
    mean, log_var = made.encode(X)
    c = torch.eye(2, dtype=X.dtype) - made.weights.T @ torch.linalg.solve(covariance, made.weights)
    at = (X - made.bias) @ torch.linalg.solve(covariance, made.weights)
    q = MultivariateNormal(mean, torch.diag_embed(torch.exp(log_var)))
    gap = kl_divergence(q, MultivariateNormal(at, c))
    assert torch.allclose(made.gap(X), gap)
    assert torch.allclose(made.exact_elbo(X), log_p - gap)


def best_encoder_is_best() -> None:
    made = model().use_best_encoder()
    best = made.exact_elbo(X).mean()
    for p in made.encoder.parameters():
        for seed in range(6):
            shift = 0.05 * some(*p.shape, seed=seed)
            p.add_(shift)
            assert made.exact_elbo(X).mean() < best
            p.sub_(shift)


def ppca_survives_the_journey() -> None:
    ppca = PPCA(np.arange(4.0), np.eye(4)[:, :2] * [2.0, 0.5], 0.3)
    back = linear_vae.from_ppca(ppca).to_ppca()
    assert np.allclose(back.weights, ppca.weights)
    assert np.allclose(back.mean, ppca.mean)
    assert np.isclose(back.noise_variance, 0.3, rtol=1e-5)


MUTATIONS = [
    Mutation(
        name,
        target,
        Edit(*change),
        check,
    )
    for name, target, change, check in [
        (
            "KL without the half",
            "lib.gaussian.kl_to_standard_normal",
            ("0.5 * _sum", "_sum"),
            divergence_is_that_of_torch,
        ),
        (
            "KL with the wrong sign",
            "lib.gaussian.kl_to_standard_normal",
            ("0.5 * _sum", "-0.5 * _sum"),
            divergence_is_that_of_torch,
        ),
        (
            "sigma where sigma^2 is meant",
            "lib.gaussian.kl_to_standard_normal",
            ("torch.exp(log_var)", "torch.exp(log_var / 2)"),
            divergence_is_that_of_torch,
        ),
        (
            "log-variance added",
            "lib.gaussian.kl_to_standard_normal",
            ("- 1 - log_var", "- 1 + log_var"),
            divergence_is_that_of_torch,
        ),
        (
            "precision of q instead of p",
            "lib.gaussian.gaussian_kl",
            ("torch.exp(-prior_log_var)", "torch.exp(-log_var)"),
            divergence_of_two_is_that_of_torch,
        ),
        (
            "log ratio upside down",
            "lib.gaussian.gaussian_kl",
            ("prior_log_var - log_var)", "log_var - prior_log_var)"),
            divergence_of_two_is_that_of_torch,
        ),
        (
            "density without 2 pi",
            "lib.gaussian.gaussian_log_prob",
            (" + math.log(2 * math.pi)", ""),
            density_is_that_of_torch,
        ),
        (
            "density scaled by sigma",
            "lib.gaussian.gaussian_log_prob",
            ("torch.exp(-log_var)", "torch.exp(-log_var / 2)"),
            density_is_that_of_torch,
        ),
        (
            "mean over dimensions",
            "lib.gaussian._sum",
            (".sum(1)", ".mean(1)"),
            density_is_that_of_torch,
        ),
        (
            "noise scale exp(s) for a log-variance",
            "lib.gaussian.reparameterise",
            ("torch.exp(log_var / 2)", "torch.exp(log_var)"),
            draws_have_their_standard_deviation,
        ),
        (
            "one noise for all rows",
            "lib.gaussian.reparameterise",
            ("torch.broadcast_shapes(mean.shape, log_var.shape)", "mean.shape"),
            every_row_has_noise_of_its_own,
        ),
        (
            "score divided by sigma only once too few",
            "lib.gradient_estimators.score_function",
            ("weight * scaled * torch.exp(-log_var / 2), ", "weight * scaled, "),
            score_is_the_slope,
        ),
        (
            "score of the standard deviation, not of its logarithm",
            "lib.gradient_estimators.score_function",
            ("(scaled**2 - 1) / 2", "(scaled**2 - 1)"),
            score_is_the_slope,
        ),
        (
            "baseline added",
            "lib.gradient_estimators.score_function",
            ("values - (baseline(", "values + (baseline("),
            a_baseline_keeps_the_average_and_helps,
        ),
        (
            "sample cut off from its parameters",
            "lib.gradient_estimators.reparameterised",
            (
                "reparameterise(mean, log_var, generator=generator)",
                "mean + (reparameterise(mean, log_var, generator=generator) - mean).detach()"
                " + 0 * log_var",
            ),
            reparameterised_is_the_slope,
        ),
        (
            "own value in the baseline",
            "lib.gradient_estimators.leave_one_out",
            ("(values.sum() - values) / (len(values) - 1)", "values.mean().expand(len(values))"),
            others_leave_one_out,
        ),
        (
            "sigma for sigma^2 in the linear model",
            f"{MODEL}.log_prob",
            ("self.noise_variance *", "self.noise_variance**0.5 *"),
            likelihood_is_that_of_the_gaussian,
        ),
        (
            "likelihood without its noise",
            f"{MODEL}.log_prob",
            ("self.noise_variance *", "1e-3 *"),
            likelihood_is_that_of_the_gaussian,
        ),
        (
            "posterior without the prior",
            f"{MODEL}.precision",
            ("torch.eye(self.k, dtype=w.dtype) + ", ""),
            posterior_conditions_the_joint,
        ),
        (
            "posterior of data that are not centred",
            f"{MODEL}.posterior",
            ("(x - self.bias)", "x"),
            posterior_conditions_the_joint,
        ),
        (
            "distortion at the mean of q only",
            f"{MODEL}.exact_terms",
            ("(misfit + spread)", "misfit"),
            bound_and_gap_add_up,
        ),
        (
            "mean over pixels",
            f"{MODEL}.exact_terms",
            ("** 2).sum(1)", "** 2).mean(1)"),
            bound_and_gap_add_up,
        ),
        (
            "gap without the log determinant",
            f"{MODEL}.gap",
            (" - torch.logdet(precision)", ""),
            bound_and_gap_add_up,
        ),
        (
            "marginal variances in place of conditional ones",
            f"{MODEL}.use_best_encoder",
            (
                "-torch.log(torch.diagonal(self.precision()))",
                "torch.log(torch.diagonal(torch.linalg.inv(self.precision())))",
            ),
            best_encoder_is_best,
        ),
        (
            "encoder that forgets the mean of x",
            f"{MODEL}.use_best_encoder",
            ("-gain @ self.bias", "0 * (gain @ self.bias)"),
            best_encoder_is_best,
        ),
        (
            "sigma^2 taken for sigma on the way from PCA",
            "lib.linear_vae.from_ppca",
            ("fill_(math.log(ppca.noise_variance))", "fill_(2 * math.log(ppca.noise_variance))"),
            ppca_survives_the_journey,
        ),
    ]
]
