"""Mistakes people make with latent diffusion, each caught by a check of the real code."""

import math

import torch
from torch.distributions import Normal

from lib import latent_diffusion, relatives
from lib.autoencoder import mlp_autoencoder
from lib.likelihoods import FixedGaussian
from lib.noise_schedule import cosine_schedule
from lib.vae import mlp_vae
from tests.mutation import Edit, Mutation

MODEL, PRIOR = "lib.latent_diffusion.LatentDiffusion", "lib.latent_diffusion.DiffusionPrior"


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


X = torch.rand(40, 3, 3, generator=seeded(5))


def small(*, vae: bool = False) -> latent_diffusion.LatentDiffusion:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        coder = mlp_autoencoder((3, 3), (8,), 2)
        if vae:
            coder = mlp_vae((3, 3), 2, FixedGaussian(0.5), hidden=(8,))
        return latent_diffusion.mlp_latent(coder, 2, steps=4, width=8, layers=1)


def codes_have_unit_scale() -> None:
    model = small().standardise(X)
    z = model.encode(X)
    assert torch.allclose(z.mean(0), torch.zeros(2), atol=1e-4)
    assert torch.allclose(z.std(0, correction=0), torch.ones(2), atol=1e-3)


def decoding_goes_back_to_the_coders_units() -> None:
    model = small().standardise(X)
    assert torch.allclose(model.decode(model.encode(X)), model.coder.reconstruct(X), atol=1e-4)


def loss_sees_standardised_codes() -> None:
    model = small().standardise(X)
    z = (model.coder.encode(X) - model.mean) / model.scale
    want = model.diffusion.loss(z, generator=seeded(1))["loss"]
    assert torch.allclose(model.loss(X, generator=seeded(1))["loss"], want)


def bound_is_its_definition() -> None:
    model = small(vae=True)
    model.mean, model.scale = torch.tensor([0.4, -0.3]), torch.tensor([0.5, 3.0])
    mean, log_var = model.coder.encode(X)
    q, generator = Normal(mean, torch.exp(log_var / 2)), seeded(2)
    z = q.mean + q.stddev * torch.randn(mean.shape, generator=generator)
    fit = Normal(model.coder.decode(z), 0.5).log_prob(X).sum((1, 2))
    units = (z - model.mean) / model.scale
    prior = model.diffusion.elbo(units, generator=generator, variance="beta") - math.log(1.5)
    want = fit + q.entropy().sum(1) + prior
    assert torch.allclose(model.elbo(X, generator=seeded(2)), want, atol=1e-3)


def nothing_is_told_or_missing_at_the_end() -> None:
    split = relatives.split_rates(2 * X - 1, cosine_schedule(20), generator=seeded())
    assert abs(split.told[0] - math.log(40)) < 0.05
    assert abs(split.told[-1]) < 0.05
    assert abs(split.mismatch[-1]) < 0.1


def given_noise_leads_where_ddim_leads() -> None:
    model = small().diffusion
    noise = torch.randn(5, 2, generator=seeded(3))
    want = model.ddim(5, steps=3, generator=seeded(3))
    assert torch.allclose(relatives.ddim_from(model, noise, 3), want, atol=1e-5)


MUTATIONS = [
    Mutation(
        "codes divided by their variance",
        f"{MODEL}.standardise",
        Edit("z.std(0, correction=0)", "z.var(0, correction=0)"),
        codes_have_unit_scale,
    ),
    Mutation(
        "one scale taken over examples and entries",
        f"{MODEL}.standardise",
        Edit("self.mean, self.scale = mean, scale", "self.mean, self.scale = mean, 0 * scale + 1"),
        codes_have_unit_scale,
    ),
    Mutation(
        "samples decoded in the diffusion's units",
        f"{MODEL}.decode",
        Edit("z * self.scale + self.mean", "z"),
        decoding_goes_back_to_the_coders_units,
    ),
    Mutation(
        "mean added before scaling back",
        f"{MODEL}.decode",
        Edit("z * self.scale + self.mean", "(z + self.mean) * self.scale"),
        decoding_goes_back_to_the_coders_units,
    ),
    Mutation(
        "trained on raw codes",
        f"{MODEL}.loss",
        Edit("self.encode(x, generator=generator)", "self.raw_codes(x, generator=generator)"),
        loss_sees_standardised_codes,
    ),
    Mutation(
        "change of units forgotten in the density",
        f"{PRIOR}.elbo",
        Edit("fit + entropy + prior - self.scale.log().sum()", "fit + entropy + prior"),
        bound_is_its_definition,
    ),
    Mutation(
        "entropy of the codes forgotten",
        f"{PRIOR}.elbo",
        Edit("fit + entropy + prior", "fit + prior"),
        bound_is_its_definition,
    ),
    Mutation(
        "mismatch without the noise's own width",
        "lib.relatives.split_rates",
        Edit("math.log(1 - kept)", "math.log(kept)"),
        nothing_is_told_or_missing_at_the_end,
    ),
    Mutation(
        "distances to the data instead of the shrunk data",
        "lib.relatives.split_rates",
        Edit("torch.cdist(noisy, math.sqrt(kept) * points)", "torch.cdist(noisy, points)"),
        nothing_is_told_or_missing_at_the_end,
    ),
    Mutation(
        "DDIM that keeps the old noise level",
        "lib.relatives.ddim_from",
        Edit("diffuse(x0, s, eps)", "diffuse(x0, t, eps)"),
        given_noise_leads_where_ddim_leads,
    ),
]
