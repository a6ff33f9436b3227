"""Mistakes people make with the densities of pixels, each caught by a check of the real code."""

import math

import numpy as np
import torch
from scipy import stats
from torch.distributions import Bernoulli, Categorical, Normal

from lib import likelihoods
from tests.mutation import Edit, Mutation
from tests.mutations_vae import close, seeded, some

DENSITY = "lib.likelihoods"


def gaussians_score_like_torch() -> None:
    out, x = some(6, 2, 4, seed=1), some(6, 4, seed=2)
    for make in (likelihoods.FixedGaussian, likelihoods.SharedGaussian):
        want = Normal(out[:, 0], 0.3).log_prob(x).sum(1)
        close(make(0.3).log_prob(x, out[:, :1]), want)
        assert abs(make(0.3).std - 0.3) < 1e-6
    want = Normal(out[:, 0], torch.exp(out[:, 1] / 2) + 0.01).log_prob(x).sum(1)
    close(likelihoods.PixelGaussian().log_prob(x, out), want)
    soft = Normal(out[:, 0], torch.log(1 + torch.exp(out[:, 1])) + 0.01).log_prob(x).sum(1)
    close(likelihoods.PixelGaussian(positive="softplus").log_prob(x, out), soft)


def gaussian_noise_has_its_width() -> None:
    out = torch.zeros(50_000, 2, 1)
    out[:, 1] = 2 * math.log(0.5)
    for likelihood, want in (
        (likelihoods.FixedGaussian(0.5), 0.5),
        (likelihoods.PixelGaussian(smallest=0.1), 0.6),
    ):
        x = likelihood.sample(out[:, : likelihood.outputs], generator=seeded(1))
        assert abs(x.std().item() - want) < 0.01


def counts_score_like_torch() -> None:
    out = some(6, 5, 4, seed=1)
    index = torch.randint(5, (6, 4), generator=seeded(2))
    want = Categorical(logits=out.movedim(1, -1)).log_prob(index).sum(1)
    close(likelihoods.Categorical(5).log_prob(index / 4, out), want)
    mean = (out.softmax(1) * torch.arange(5)[:, None] / 4).sum(1)
    close(likelihoods.Categorical(5).mean(out), mean)
    coin = (index > 2).float()
    want = Bernoulli(logits=out[:, 0]).log_prob(coin).sum(1)
    close(likelihoods.Bernoulli().log_prob(coin, out[:, :1]), want)
    close(likelihoods.Bernoulli().mean(out[:, :1]), Bernoulli(logits=out[:, 0]).mean)


def categories_are_drawn_as_often_as_they_should() -> None:
    p = torch.tensor([0.1, 0.2, 0.7])
    out = p.log()[None, :, None].expand(30_000, -1, 2)
    x = likelihoods.Categorical(3).sample(out, generator=seeded(1))
    shares = [(x == v).float().mean().item() for v in (0, 0.5, 1)]
    np.testing.assert_allclose(shares, p, atol=0.01)


def beta_binomial_is_that_of_scipy() -> None:
    out = some(6, 2, 4, seed=1)
    index = torch.randint(5, (6, 4), generator=seeded(2))
    m, theta = torch.sigmoid(out[:, 0]), torch.nn.functional.softplus(out[:, 1])
    want = stats.betabinom.logpmf(index, 4, m / theta, (1 - m) / theta).sum(1)
    close(likelihoods.BetaBinomial(4).log_prob(index / 4, out), want, 1e-3)


def beta_binomial_draws_what_it_scores() -> None:
    out = torch.tensor([0.4, 0.3])[None, :, None]
    x = likelihoods.BetaBinomial(3).sample(out.expand(30_000, -1, 2), generator=seeded(1))
    values = torch.arange(4)[:, None] / 3
    p = likelihoods.BetaBinomial(3).log_prob(values, out.expand(4, -1, -1)).exp()
    shares = [np.isclose(x, v).mean() for v in values[:, 0]]
    np.testing.assert_allclose(shares, p, atol=0.01)


MUTATIONS = [
    Mutation(
        "log standard deviation taken as the log-variance",
        f"{DENSITY}.FixedGaussian.log_prob",
        Edit("self.log_var", "self.log_var / 2"),
        gaussians_score_like_torch,
    ),
    Mutation(
        "variance reported as the standard deviation",
        f"{DENSITY}.FixedGaussian.std",
        property(lambda self: math.exp(self.log_var.item())),
        gaussians_score_like_torch,
    ),
    Mutation(
        "exp(s) as the standard deviation of a pixel",
        f"{DENSITY}.PixelGaussian.log_var",
        Edit("torch.exp(raw / 2)", "torch.exp(raw)"),
        gaussians_score_like_torch,
    ),
    Mutation(
        "softplus taken as the variance",
        f"{DENSITY}.PixelGaussian.log_var",
        Edit("2 * torch.log(std", "torch.log(std"),
        gaussians_score_like_torch,
    ),
    Mutation(
        "means in place of Gaussian samples",
        f"{DENSITY}.FixedGaussian.sample",
        Edit("reparameterise(mean, self.log_var.expand_as(mean), generator=generator)", "mean"),
        gaussian_noise_has_its_width,
    ),
    Mutation(
        "twice the log-variance in a pixel's noise",
        f"{DENSITY}.PixelGaussian.sample",
        Edit("self.log_var(out)", "2 * self.log_var(out)"),
        gaussian_noise_has_its_width,
    ),
    Mutation(
        "one grey level too few",
        f"{DENSITY}.Categorical.log_prob",
        Edit("torch.round(x * (self.outputs - 1))", "torch.round(x * (self.outputs - 2))"),
        counts_score_like_torch,
    ),
    Mutation(
        "levels of the mean run past white",
        f"{DENSITY}.Categorical.mean",
        Edit("torch.linspace(0, 1, self", "torch.linspace(0, 1 + 1 / self.outputs, self"),
        counts_score_like_torch,
    ),
    Mutation(
        "divides by the number of levels",
        f"{DENSITY}.Categorical.sample",
        Edit("(self.outputs - 1)", "self.outputs"),
        categories_are_drawn_as_often_as_they_should,
    ),
    Mutation(
        "probabilities taken for logits",
        f"{DENSITY}.Bernoulli.mean",
        Edit("torch.sigmoid(out[:, 0])", "out[:, 0].clamp(0, 1)"),
        counts_score_like_torch,
    ),
    Mutation(
        "number of orders forgotten",
        f"{DENSITY}.BetaBinomial.log_prob",
        Edit("dots + orders[..., 0]", "dots"),
        beta_binomial_is_that_of_scipy,
    ),
    Mutation(
        "ink and paper swapped",
        f"{DENSITY}.BetaBinomial.log_prob",
        Edit("i < n - ink, self._share(-out", "i < n - ink, self._share(out"),
        beta_binomial_is_that_of_scipy,
    ),
    Mutation(
        "dots drawn as if they were independent",
        f"{DENSITY}.BetaBinomial.sample",
        Edit("(share + ink * pull) / (1 + i * pull)", "share"),
        beta_binomial_draws_what_it_scores,
    ),
]
