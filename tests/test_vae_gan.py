"""The VAE-GAN against the VAE and the GAN that it is made of."""

import pytest
import torch
from torch import nn
from torch.distributions import Normal

from lib.gan import GAN
from lib.gan_nets import MLPDiscriminator, MLPGenerator
from lib.likelihoods import FixedGaussian
from lib.nets import MLPEncoder
from lib.vae import VAE
from lib.vae_gan import VAEGAN


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


X = torch.rand(30, 3, 3, generator=seeded(1)) * 2 - 1


def small(**options) -> VAEGAN:
    torch.manual_seed(0)
    encoder = MLPEncoder((3, 3), (8,), 4)
    g, d = MLPGenerator(2, (8,), (3, 3), bounded=True), MLPDiscriminator((3, 3), (8,))
    return VAEGAN(encoder, g, d, 2, **{"pull": 0.3, "noise": 0.4} | options)


class AsDecoder(nn.Module):
    """A generator in the shape that a VAE asks of its decoder."""

    def __init__(self, g):
        super().__init__()
        self.g = g

    def forward(self, z, c=None):
        return self.g(z)[:, None]


def test_the_encoders_loss_is_minus_the_bound_of_a_vae():
    model = small()
    encoder = nn.Module()
    encoder.forward = lambda x, c=None: model.encoder(x)
    vae = VAE(encoder, AsDecoder(model.g), FixedGaussian(0.4), k=2)
    bound = vae.elbo(X, generator=seeded(5)).mean()
    constant = Normal(0.0, 0.4).log_prob(torch.zeros(9)).sum()
    ours = model.loss_for("e_loss", X, generator=seeded(5))["e_loss"]
    assert torch.isclose(ours, constant - bound, atol=1e-4)


def test_without_a_pull_the_game_is_the_gans():
    model = small(pull=0.0, penalty="r1")
    gan = GAN(model.g, model.d, 2, penalty="r1")
    for name in ("d_loss", "g_loss"):
        ours = model.loss_for(name, X, generator=seeded(2))[name]
        assert torch.isclose(ours, gan.loss_for(name, X, generator=seeded(2))[name])


def test_the_pull_is_the_squared_error_summed_over_pixels():
    model, free = small(), small(pull=0.0)
    mean, log_var = model.encode(X)
    torch.randn(len(X), 2, generator=(generator := seeded(3)))  # the samples' z come first
    z = mean + torch.exp(log_var / 2) * torch.randn(mean.shape, generator=generator)
    error = ((model.g(z) - X) ** 2).sum((1, 2)).mean()
    with_pull, without = (m.loss_for("g_loss", X, generator=seeded(3)) for m in (model, free))
    assert torch.isclose(with_pull["g_loss"] - without["g_loss"], 0.3 * error, atol=1e-5)


def test_the_whole_loss_has_all_players():
    model = small()
    whole = model.loss(X, generator=seeded(4))
    assert set(model.optimizers(0.1)) <= set(whole)
    assert torch.isclose(whole["e_loss"], whole["error"] / (2 * 0.4**2) + whole["rate"])
    with_pull = whole["g_loss"] - GAN.loss(model, X, generator=seeded(4))["g_loss"]
    assert torch.isclose(with_pull, 0.3 * whole["error"], atol=1e-5)


def test_reconstruct_draws_the_mean_code_with_the_average_outside_training():
    model = small(average=0.5).eval()
    with torch.no_grad():
        model.averaged.module.net[0].weight.add_(1.0)
        want = model.averaged.module(model.encode(X)[0])
        assert torch.equal(model.reconstruct(X), want)
        assert not torch.equal(model.reconstruct(X), model.g(model.encode(X)[0]))


@pytest.mark.parametrize("options", [{"pull": -0.1}, {"noise": 0.0}])
def test_bad_arguments_are_named(options):
    with pytest.raises(ValueError, match="need pull"):
        small(**options)
