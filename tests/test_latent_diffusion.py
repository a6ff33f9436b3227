"""Latent diffusion against definitions, the change of units, and linear models solved exactly."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal

from lib.autoencoder import mlp_autoencoder
from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.latent_diffusion import DiffusionPrior, LatentDiffusion, mlp_latent
from lib.likelihoods import FixedGaussian
from lib.mixture import GaussianMixture
from lib.noise_schedule import linear_schedule
from lib.train import fit
from lib.vae import mlp_vae


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int = 60) -> torch.Tensor:
    return torch.rand(n, 4, 4, generator=seeded(3))


def small(**options) -> LatentDiffusion:
    torch.manual_seed(0)
    coder = mlp_autoencoder((4, 4), (8,), 3)
    return mlp_latent(coder, 3, steps=6, width=8, layers=1, **options)


def small_prior() -> DiffusionPrior:
    torch.manual_seed(0)
    vae = mlp_vae((4, 4), 2, FixedGaussian(0.3), hidden=(8,))
    return mlp_latent(vae, 2, steps=6, width=8, layers=1)


class Line(nn.Module):
    """A coder of single numbers: picture (n, 1) = 5 + 3 z."""

    def encode(self, x):
        return (x - 5) / 3

    def decode(self, z):
        return 5 + 3 * z


def test_codes_are_standardised_whatever_their_units():
    x, model = pictures(), small()
    before = model.encode(x)
    model.standardise(x)
    z = model.encode(x)
    torch.testing.assert_close(z.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(z.var(0, correction=0), torch.ones(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(before, model.coder.encode(x))


def test_decode_undoes_encode_up_to_the_coder():
    x, model = pictures(), small()
    model.standardise(x)
    torch.testing.assert_close(model.decode(model.encode(x)), model.coder.reconstruct(x))


def test_samples_are_decoded_codes_and_steps_end_in_them():
    model = small().standardise(pictures())
    z = model.diffusion.sample(5, generator=seeded(1))
    want = model.coder.decode(z * model.scale + model.mean)
    torch.testing.assert_close(model.sample(5, generator=seeded(1)), want)
    steps = list(model.sample_steps(5, generator=seeded(1)))
    assert len(steps) == 7
    assert torch.equal(steps[-1], model.sample(5, generator=seeded(1)))
    code = model.diffusion.ddim(5, steps=3, generator=seeded(2))
    assert torch.equal(model.ddim(5, steps=3, generator=seeded(2)), model.decode(code))


def test_training_moves_the_diffusion_and_never_the_coder():
    x, model = pictures(), small().standardise(pictures())
    before = {k: v.clone() for k, v in model.state_dict().items()}
    fit(model, x, epochs=2, batch_size=20, lr=1e-2, generator=seeded(), progress=False)
    moved = {
        k.split(".")[0] for k, v in model.state_dict().items() if not torch.equal(v, before[k])
    }
    assert moved == {"diffusion"}


def test_loss_is_that_of_the_diffusion_on_codes():
    x, model = pictures(), small().standardise(pictures())
    z = (model.coder.encode(x) - model.mean) / model.scale
    assert model.loss(x, generator=seeded(4)) == model.diffusion.loss(z, generator=seeded(4))


def test_one_gaussian_of_codes_becomes_the_gaussian_of_pictures():
    """Exact denoiser of N(0, 1) codes: samples have the mean and the spread of the data."""
    schedule = linear_schedule(400)
    exact = ExactDenoiser(
        GaussianMixture(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1))), schedule
    )
    model = LatentDiffusion(Line(), Diffusion(exact, (1,), schedule, target="x0"))
    x = 2 + 0.5 * torch.randn(4000, 1, generator=seeded())
    samples = model.standardise(x).sample(4000, generator=seeded(1))
    assert abs(samples.mean().item() - x.mean().item()) < 5 * 0.5 * math.sqrt(2 / 4000)
    assert abs(samples.std().item() / x.std().item() - 1) < 0.05


def test_wrong_shapes_and_dead_codes_are_refused():
    coder = mlp_autoencoder((4, 4), (8,), 3)
    pixels = Diffusion(nn.Identity(), (4, 4), linear_schedule(30))
    with pytest.raises(ValueError, match=r"shape \(k,\)"):
        LatentDiffusion(coder, pixels)
    with pytest.raises(ValueError, match="same for all 7 examples"):
        small().standardise(torch.ones(7, 4, 4))


def test_a_vae_as_coder_gives_a_diffusion_prior():
    model = small_prior()
    assert isinstance(model, DiffusionPrior)
    assert not isinstance(small(), DiffusionPrior)
    first, other = (model.encode(pictures(), generator=seeded(s)) for s in (1, 2))
    assert not torch.equal(first, other)


def test_bound_is_its_definition_with_the_prior_in_code_units():
    model, x = small_prior(), pictures(9)
    model.mean, model.scale = torch.tensor([0.3, -0.2]), torch.tensor([0.5, 2.0])
    mean, log_var = model.coder.encode(x)
    generator = seeded(6)
    z = mean + torch.exp(log_var / 2) * torch.randn(9, 2, generator=generator)
    posterior = torch.distributions.Normal(mean, torch.exp(log_var / 2))
    likelihood = torch.distributions.Normal(model.coder.decode(z), 0.3).log_prob(x).sum((1, 2))
    units = (z - model.mean) / model.scale
    prior = model.diffusion.elbo(units, generator=generator, variance="beta")
    want = likelihood + posterior.entropy().sum(1) + prior - math.log(0.5 * 2.0)
    torch.testing.assert_close(model.elbo(x, generator=seeded(6)), want.detach())


class LinearCoder(nn.Module):
    """A linear VAE in the interface of `VAE`: p(x | z) = N(z, s^2), q(z | x) exact for N(0, v)."""

    def __init__(self, s: float, v: float):
        super().__init__()
        self.s, self.v = s, v
        self.likelihood, self.decoder = self, lambda z, c: z

    def encode(self, x):
        gain = self.v / (self.v + self.s**2)
        return gain * x, torch.full_like(x, math.log(gain * self.s**2))

    def decode(self, z):
        return z

    def log_prob(self, x, out):
        return torch.distributions.Normal(out, self.s).log_prob(x).sum(1)


@pytest.mark.slow
def test_bound_with_a_fine_exact_prior_nearly_reaches_the_exact_likelihood():
    """Codes N(0, v), exact posterior, exact denoiser: what is missing shrinks with more steps."""
    s, v, found = 0.5, 4.0, {}
    x = math.sqrt(v + s**2) * torch.randn(3000, 2, generator=seeded(), dtype=torch.float64)
    law = MultivariateNormal(torch.zeros(2).double(), (v + s**2) * torch.eye(2).double())
    for steps in (50, 400):
        schedule = linear_schedule(steps)
        mixture = GaussianMixture(np.ones(1), np.zeros((1, 2)), np.eye(2)[None])
        prior = Diffusion(ExactDenoiser(mixture, schedule), (2,), schedule, target="x0")
        model = DiffusionPrior(LinearCoder(s, v), prior)
        model.scale = torch.full((2,), math.sqrt(v), dtype=torch.float64)
        found[steps] = (law.log_prob(x) - model.elbo(x, generator=seeded(1))).mean().item()
    assert -0.02 < found[400] < found[50] < 1
    assert found[400] < 0.1
