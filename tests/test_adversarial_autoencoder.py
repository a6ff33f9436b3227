"""The adversarial autoencoder against torch's cross-entropy, known gradients, and known fits."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.distributions import Normal
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from lib import adversarial_autoencoder as aae
from lib.adversarial_autoencoder import AdversarialAutoencoder, circle, mlp_adversarial
from lib.likelihoods import FixedGaussian, SharedGaussian
from lib.train import fit


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


X = torch.rand(20, 3, 3, generator=seeded(1))


def small(**options) -> AdversarialAutoencoder:
    torch.manual_seed(0)
    options = {"hidden": (8,), "d_hidden": (8,), "weight": 3.0} | options
    return mlp_adversarial((3, 3), 2, options.pop("likelihood", FixedGaussian(0.5)), **options)


def by_hand(model: AdversarialAutoencoder, seed: int) -> dict[str, torch.Tensor]:
    """The terms in the order in which the model draws: noise of the codes, then the prior."""
    generator = seeded(seed)
    z = model.encoder(X)
    if model.noise:
        z = z + model.noise * torch.randn(z.shape, generator=generator)
    prior = torch.randn(len(X), 2, generator=generator)
    fit = Normal(model.decoder(z)[:, 0], 0.5).log_prob(X).sum((1, 2)).mean()
    codes, real = model.d(z), model.d(prior)
    ones, zeros = torch.ones_like(codes), torch.zeros_like(codes)
    return {
        "loss": -fit + model.weight * bce(codes, ones),
        "d_loss": bce(real, ones) + bce(codes, zeros),
        "distortion": -fit,
        "fooling": bce(codes, ones),
    }


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_losses_are_a_likelihood_and_torchs_cross_entropies(noise):
    model = small(noise=noise)
    ours, theirs = model.loss(X, generator=seeded(4)), by_hand(model, 4)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert torch.isclose(value, theirs[name], atol=1e-5), name


def test_the_detective_never_sees_the_decoder_nor_the_decoder_the_detective():
    model = small(noise=0.1)
    terms = model.loss(X, generator=seeded())
    of_d = torch.autograd.grad(terms["d_loss"], model.decoder.parameters(), allow_unused=True)
    assert all(gradient is None for gradient in of_d)
    plain = small(noise=0.1, weight=0.0)
    both = [
        torch.autograd.grad(m.loss(X, generator=seeded())["loss"], m.decoder.parameters())
        for m in (model, plain)
    ]
    assert all(torch.equal(a, b) for a, b in zip(*both, strict=True))


def test_a_step_leaves_out_what_it_does_not_need_and_no_more():
    model = small()
    whole, coder = model.loss(X), model.loss_for("loss", X)
    assert all(torch.equal(coder[name], whole[name]) for name in ("loss", "distortion", "fooling"))
    told = model.loss_for("d_loss", X, generator=seeded(4))["d_loss"]
    assert torch.equal(told, model.loss(X, generator=seeded(4))["d_loss"])


def test_without_the_detective_it_is_a_plain_autoencoder():
    model = small(weight=0.0)
    error = (model.reconstruct(X) - X).square().sum((1, 2)).mean()
    gradient = torch.autograd.grad(error / (2 * 0.5**2), model.encoder.parameters())
    ours = torch.autograd.grad(model.loss(X)["loss"], model.encoder.parameters())
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(ours, gradient, strict=True))


def test_noise_has_its_width_and_leaves_the_mean():
    model = small(noise=0.3)
    x = X[:1].expand(20_000, 3, 3)
    z = model.encode(x, generator=seeded(2)) - model.encoder(x)
    assert torch.allclose(z.mean(0), torch.zeros(2), atol=0.01)
    assert torch.allclose(z.std(0), torch.full((2,), 0.3), atol=0.01)
    assert torch.equal(small().encode(X, generator=seeded()), small().encoder(X))


def test_a_step_moves_each_network_by_its_own_loss():
    model = small(likelihood=SharedGaussian(0.4), d_rate=0.5)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    optimizers = model.optimizers(1e-2)
    assert optimizers["d_loss"].param_groups[0]["lr"] == 5e-3
    own = optimizers["d_loss"].param_groups[0]["params"]
    model.loss(X, generator=seeded())["d_loss"].backward(inputs=own)
    optimizers["d_loss"].step()
    moved = {
        k.split(".")[0] for k, v in model.state_dict().items() if not torch.equal(v, before[k])
    }
    assert moved == {"d"}


def test_prior_by_draws_alone():
    model = small(prior=lambda n, g: 7 + torch.zeros(n, 2))
    assert torch.allclose(model.sample(4, mean=True), model.decode(torch.full((4, 2), 7.0)))
    generator = seeded(3)
    z = small().prior(50_000, generator)
    assert stats.kstest(z[:, 0].numpy(), "norm").pvalue > 1e-3


def test_sample_adds_the_likelihoods_noise_unless_the_mean_is_asked_for():
    model = small()
    means, drawn = (model.sample(4000, mean=m, generator=seeded(2)) for m in (True, False))
    assert (drawn - means).std() == pytest.approx(0.5, abs=0.01)


def test_circle_is_uniform_in_angle_and_normal_in_radius():
    z = circle(2.0, 0.2)(5000, seeded(5)).double().numpy()
    length, angle = np.linalg.norm(z, axis=1), np.arctan2(*z.T)
    assert stats.kstest((length - 2) / 0.2, "norm").pvalue > 1e-3
    assert stats.kstest(angle / (2 * np.pi) + 0.5, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: small(weight=-1.0), "must not be negative"),
        (lambda: small(noise=-0.1), "must not be negative"),
        (lambda: circle(0.0), "above 0"),
        (lambda: circle(1.0, -0.1), "above 0"),
    ],
)
def test_bad_arguments_are_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def affine(weight: float) -> AdversarialAutoencoder:
    """Numbers coded as a x + b; a linear decoder; D may have any quadratic as score."""

    class Square(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.zeros(3))

        def forward(self, z):
            return self.w[0] + self.w[1] * z + self.w[2] * z.square()

    class Decoder(nn.Linear):
        def forward(self, z):
            return super().forward(z)[:, None]

    torch.manual_seed(0)
    encoder = nn.Linear(1, 1)
    nn.init.constant_(encoder.weight, 0.3)
    options = {"k": 1, "weight": weight, "d_rate": 4.0, "betas": (0.5, 0.99)}
    return aae.AdversarialAutoencoder(
        encoder, Decoder(1, 1), FixedGaussian(1.0), Square(), **options
    )


@pytest.mark.slow
def test_codes_of_gaussian_numbers_become_standard_normal():
    """D's best score between two Gaussians is quadratic, so this D is the best one."""
    x = 1 + 2 * torch.randn(1000, 1, generator=seeded(6))
    model = affine(10.0)
    for lr in (1e-2, 2e-3):
        fit(model, x, epochs=60, batch_size=200, lr=lr, generator=seeded(), progress=False)
    with torch.no_grad():
        z = model.encode(x)
        assert z.mean().item() == pytest.approx(0, abs=0.15)
        assert z.std().item() == pytest.approx(1, abs=0.15)
        assert (model.reconstruct(x) - x).square().mean() < 0.05
