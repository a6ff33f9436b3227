"""Mistakes people make with VAEs, each caught by a check of the real code."""

import math

import numpy as np
import torch
from torch.distributions import Normal, kl_divergence

from lib import likelihoods, vae
from tests.mutation import Edit, Mutation

MODEL = "lib.vae.VAE"


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed))


def small(**options) -> vae.VAE:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return vae.mlp_vae((3, 3), 2, likelihoods.FixedGaussian(0.5), hidden=(8,), **options)


X = some(10, 3, 3, seed=9)


def close(got, want, atol: float = 1e-4) -> None:
    np.testing.assert_allclose(torch.as_tensor(got).detach(), torch.as_tensor(want).detach(),
                               atol=atol, rtol=1e-4)  # fmt: skip


def by_hand(model: vae.VAE, seed: int, c=None) -> tuple[Normal, torch.Tensor, torch.Tensor]:
    """q, one z from it, and the distortion there, in torch's own distributions."""
    out = model.encoder(X, c)
    q = Normal(out[:, :2], torch.sqrt(torch.exp(out[:, 2:])))
    z = q.mean + q.stddev * torch.randn(10, 2, generator=seeded(seed))
    return q, z, -Normal(model.decoder(z, c)[:, 0], 0.5).log_prob(X).sum((1, 2))


def terms_are_their_definitions() -> None:
    model = small()
    q, _, distortion = by_hand(model, 3)
    got = model.terms(X, generator=seeded(3))
    close(got[0], distortion)
    close(got[1], kl_divergence(q, Normal(0.0, 1.0)).sum(1))
    close(model.rates(X), kl_divergence(q, Normal(0.0, 1.0)))


def loss_weighs_the_rate() -> None:
    for beta in (0.5, 3.0):
        model = small(beta=beta)
        q, _, distortion = by_hand(model, 3)
        rate = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
        got = model.loss(X, generator=seeded(3))
        close(got["loss"], (distortion + beta * rate).mean())
        close(got["distortion"], distortion.mean())
        close(got["rate"], rate.mean())


def bound_does_not_know_beta() -> None:
    model = small(beta=5.0)
    q, _, distortion = by_hand(model, 3)
    rate = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
    close(model.elbo(X, generator=seeded(3)), -distortion - rate)
    generator = seeded(4)
    single = [model.elbo(X, generator=generator) for _ in range(3)]
    close(model.elbo(X, samples=3, generator=seeded(4)), sum(single) / 3)


def importance_weights_are_ratios() -> None:
    """log of the mean of p(x, z) / q(z | x), the draws made by hand."""
    model, generator = small(), seeded(5)
    out = model.encoder(X)
    q, weights = Normal(out[:, :2], torch.exp(out[:, 2:] / 2)), []
    for _ in range(4):
        z = q.mean + q.stddev * torch.randn(10, 2, generator=generator)
        joint = Normal(model.decoder(z)[:, 0], 0.5).log_prob(X).sum((1, 2))
        joint = joint + Normal(0.0, 1.0).log_prob(z).sum(1)
        weights.append(torch.exp((joint - q.log_prob(z).sum(1)).double()))
    want = torch.log(sum(weights) / 4)
    close(model.importance_bound(X, samples=4, generator=seeded(5)), want, 1e-3)


def free_nats_are_a_floor_for_each() -> None:
    plain = small(beta=2.0)
    q, _, distortion = by_hand(plain, 3)
    each = kl_divergence(q, Normal(0.0, 1.0)).mean(0)
    floor = each.mean().item()  # one of the two is below, one above
    want = distortion.mean() + 2 * sum(max(floor, r.item()) for r in each)
    free = small(free_nats=floor, beta=2.0)
    close(free.loss(X, generator=seeded(3))["loss"], want)


def samples_decode_the_prior() -> None:
    model = small()
    with torch.no_grad():
        want = model.decode(torch.randn(6, 2, generator=seeded(1)))
    close(model.sample(6, mean=True, generator=seeded(1)), want)
    drawn = model.sample(20_000, generator=seeded(1)) - model.sample(
        20_000, mean=True, generator=seeded(1)
    )
    assert abs(drawn.std().item() - 0.5) < 0.01


def conditions_arrive() -> None:
    model, c = small(c_dim=2), some(10, 2, seed=2)
    q, z, distortion = by_hand(model, 3, c)
    close(model.encode(X, c)[0], q.mean)
    close(model.decode(z, c), model.decoder(z, c)[:, 0])
    close(model.terms(X, c, generator=seeded(3))[0], distortion)
    noisy = model.sample(10, c, mean=True, generator=seeded(1))
    close(noisy, model.decoder(torch.randn(10, 2, generator=seeded(1)), c)[:, 0])


def prior_of_a_subclass_is_used() -> None:
    class Moved(vae.VAE):
        def prior(self, n, c=None):
            return torch.full((n, 2), 3.0), torch.full((n, 2), -1.0)

    base = small()
    model = Moved(base.encoder, base.decoder, base.likelihood, k=2)
    q, z, distortion = by_hand(model, 3)
    prior = Normal(3.0, math.exp(-0.5))
    close(model.terms(X, generator=seeded(3))[1], kl_divergence(q, prior).sum(1))
    close(model.rates(X), kl_divergence(q, prior))
    joint = prior.log_prob(z).sum(1) - distortion
    want = joint - q.log_prob(z).sum(1)
    close(model.importance_bound(X, samples=1, generator=seeded(3)), want, 1e-3)
    z = 3 + math.exp(-0.5) * torch.randn(10, 2, generator=seeded(1))
    with torch.no_grad():
        close(model.sample(10, mean=True, generator=seeded(1)), model.decode(z))


DISTORTION = "-self.likelihood.log_prob(x, self.decoder(z, c))"
DRAW = "z = reparameterise(mean, log_var, generator=generator)"

MUTATIONS = [
    Mutation(
        "posterior mean instead of a sample in training",
        f"{MODEL}.terms",
        Edit(DRAW, "z = mean"),
        terms_are_their_definitions,
    ),
    Mutation(
        "exp(s) instead of exp(s / 2) as the width",
        f"{MODEL}.terms",
        Edit(DRAW, "z = reparameterise(mean, 2 * log_var, generator=generator)"),
        terms_are_their_definitions,
    ),
    Mutation(
        "wrong sign of the KL term",
        f"{MODEL}.terms",
        Edit("gaussian_kl(mean", "-gaussian_kl(mean"),
        terms_are_their_definitions,
    ),
    Mutation(
        "the two arguments of the KL term swapped",
        f"{MODEL}.terms",
        Edit(
            "gaussian_kl(mean, log_var, *self.prior(len(x), c))",
            "gaussian_kl(*self.prior(len(x), c), mean, log_var)",
        ),
        terms_are_their_definitions,
    ),
    Mutation(
        "no half in the KL term",
        "lib.vae.gaussian_kl",
        lambda m, s, pm, ps: (s.exp() + m**2 - 1 - s).flatten(1).sum(1),
        terms_are_their_definitions,
    ),
    Mutation(
        "mean over the pixels, sum over the latent variables",
        f"{MODEL}.terms",
        Edit(DISTORTION, DISTORTION + " / x[0].numel()"),
        terms_are_their_definitions,
    ),
    Mutation(
        "rates averaged over the latent variables",
        f"{MODEL}.rates",
        Edit(".reshape(mean.shape)", ".reshape(mean.shape) / self.k"),
        terms_are_their_definitions,
    ),
    Mutation(
        "rates of the transposed table",
        f"{MODEL}.rates",
        Edit(".reshape(mean.shape)", ".reshape(self.k, -1).T"),
        terms_are_their_definitions,
    ),
    Mutation(
        "beta on the distortion",
        f"{MODEL}.loss",
        Edit("distortion + self.beta * rate", "self.beta * distortion + rate"),
        loss_weighs_the_rate,
    ),
    Mutation(
        "batch summed instead of averaged",
        f"{MODEL}.loss",
        Edit("rate).mean()", "rate).sum()"),
        loss_weighs_the_rate,
    ),
    Mutation(
        "rate reported with beta",
        f"{MODEL}.loss",
        Edit('"rate": rate.mean()', '"rate": self.beta * rate.mean()'),
        loss_weighs_the_rate,
    ),
    Mutation(
        "beta in the bound",
        f"{MODEL}.elbo",
        Edit("distortion + rate for", "distortion + self.beta * rate for"),
        bound_does_not_know_beta,
    ),
    Mutation(
        "the loss, not the bound",
        f"{MODEL}.elbo",
        Edit("return -torch", "return torch"),
        bound_does_not_know_beta,
    ),
    Mutation(
        "one draw whatever is asked",
        f"{MODEL}.elbo",
        Edit("range(at_least_one(samples))", "range(1)"),
        bound_does_not_know_beta,
    ),
    Mutation(
        "sum of the weights instead of their mean",
        f"{MODEL}.importance_bound",
        Edit(" - math.log(samples)", ""),
        importance_weights_are_ratios,
    ),
    Mutation(
        "mean of the logarithms: the ELBO again",
        f"{MODEL}.importance_bound",
        Edit(
            "torch.logsumexp(torch.stack(weights), 0) - math.log(samples)",
            "torch.stack(weights).mean(0)",
        ),
        importance_weights_are_ratios,
    ),
    Mutation(
        "prior forgotten in the weights",
        f"{MODEL}.importance_bound",
        Edit("log_joint = log_joint + gaussian_log_prob(z, *self.prior(len(x), c))", "pass"),
        importance_weights_are_ratios,
    ),
    Mutation(
        "encoder's density forgotten in the weights",
        f"{MODEL}.importance_bound",
        Edit("log_joint - gaussian_log_prob(z, mean, log_var)", "log_joint"),
        importance_weights_are_ratios,
    ),
    Mutation(
        "free nats shared by all latent variables",
        f"{MODEL}.loss",
        Edit("self.rates(x, c).mean(0)", "self.rates(x, c).mean(0).sum()"),
        free_nats_are_a_floor_for_each,
    ),
    Mutation(
        "free nats for every example on its own",
        f"{MODEL}.loss",
        Edit("self.rates(x, c).mean(0)", "self.rates(x, c)"),
        free_nats_are_a_floor_for_each,
    ),
    Mutation(
        "free nats taken off the rate",
        f"{MODEL}.loss",
        Edit("total + self.beta * unused.clamp(min=0).sum()", "total - self.free_nats"),
        free_nats_are_a_floor_for_each,
    ),
    Mutation(
        "samples without the decoder's noise",
        f"{MODEL}.sample",
        Edit("self.likelihood.sample(out, generator=generator)", "self.likelihood.mean(out)"),
        samples_decode_the_prior,
    ),
    Mutation(
        "mean and log-variance swapped",
        f"{MODEL}.encode",
        Edit("mean, log_var = self", "log_var, mean = self"),
        terms_are_their_definitions,
    ),
    Mutation(
        "the encoder does not see the condition",
        f"{MODEL}.encode",
        Edit("self.encoder(x, c)", "self.encoder(x, torch.zeros_like(c))"),
        conditions_arrive,
    ),
    Mutation(
        "the decoder of a sample does not see the condition",
        f"{MODEL}.sample",
        Edit("self.decoder(z, c)", "self.decoder(z, torch.zeros_like(c))"),
        conditions_arrive,
    ),
    Mutation(
        "rates against the standard prior only",
        f"{MODEL}.rates",
        Edit("*self.prior(len(x), c)", "0 * mean, 0 * mean"),
        prior_of_a_subclass_is_used,
    ),
    Mutation(
        "samples of the standard prior only",
        f"{MODEL}.sample",
        Edit("*self.prior(n, c)", "torch.zeros(n, self.k), torch.zeros(n, self.k)"),
        prior_of_a_subclass_is_used,
    ),
]
