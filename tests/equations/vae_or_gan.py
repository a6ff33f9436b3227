"""Checks of the equations of the lesson VAE or GAN."""

import math

import numpy as np
import torch
from scipy import integrate, stats
from torch import nn

from lib.adversarial_autoencoder import mlp_adversarial
from lib.gan import GAN
from lib.gan_divergences import at_one_mode
from lib.gan_nets import MLPDiscriminator, MLPGenerator
from lib.gan_pictures import find_codes
from lib.likelihoods import FixedGaussian
from lib.nets import MLPEncoder
from lib.vae_gan import VAEGAN
from lib.vae_or_gan import told_at_most
from tests.equations import checks

RNG = 23


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@checks("eq-or-bound", by="enumeration of tables with four pictures and three codes")
def bound():
    """The mean of minus the bound is entropy, divergence and the encoder's gap."""
    rng = np.random.default_rng(RNG)
    data, prior = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(3))
    decoder, encoder = (rng.dirichlet(np.ones(k), size=n) for k, n in ((4, 3), (3, 4)))
    joint = prior[:, None] * decoder  # (z, x)
    model, posterior = joint.sum(0), (joint / joint.sum(0)).T
    minus_bound = data @ np.sum(encoder * np.log(encoder / joint.T), axis=1)
    gap = data @ np.sum(encoder * np.log(encoder / posterior), axis=1)
    divergence = stats.entropy(data, model)
    assert min(gap, divergence) > 0.01
    assert np.isclose(minus_bound, stats.entropy(data) + divergence + gap)


@checks("eq-or-soft", by="finite differences of quadratures for a Gaussian model")
def soft():
    """With D held at its best, both gradients with respect to mean and width are the same."""
    x = np.linspace(-12, 12, 6001)
    p = 0.6 * stats.norm.pdf(x, -1.5, 0.7) + 0.4 * stats.norm.pdf(x, 1.5, 0.6)

    def model(theta):
        return stats.norm.pdf(x, theta[0], math.exp(theta[1]))

    def slopes(f, at, h=1e-4):
        steps = h * np.eye(2)
        return np.array([(f(at + e) - f(at - e)) / (2 * h) for e in steps])

    for theta in (np.array([0.3, 0.2]), np.array([-1.0, -0.4])):
        best = p / (p + model(theta))

        def game(t, best=best):
            return integrate.simpson(-model(t) * np.log(best), x=x)

        def divergence(t):
            m = (p + model(t)) / 2
            return 2 * integrate.simpson(m * np.log(m / p), x=x)

        left, right = slopes(game, theta), slopes(divergence, theta)
        assert np.allclose(left, right, atol=1e-5)
        assert np.abs(left).max() > 0.01


@checks("eq-or-mode", by="quadrature for modes that do not overlap")
def mode():
    """Uniform modes: the three divergences of a model that copies one of them."""
    x = np.linspace(0, 2, 40_001)[:-1] + 0.5 * 2 / 40_000
    for share in (0.2, 0.5, 0.8):
        p = np.where(x < 1, share, 1 - share)
        q = np.where(x < 1, 1.0, 0.0)
        m = (p + q) / 2

        def kl(a, b):
            ratio = np.log(np.where(a > 0, a, 1) / b)
            return float(np.mean(a * ratio) * 2)

        want = at_one_mode(share)
        assert np.isclose(want["KL(q ‖ p)"], kl(q, p))
        assert np.isclose(want["JSD"], (kl(p, m) + kl(q, m)) / 2)
        assert np.isclose(want["softened KL"], 2 * kl(m, p))
        assert np.isclose(-math.log(share), kl(q, p))
        more = 1 + share
        jsd = math.log(2) + (share * math.log(share) - more * math.log(more)) / 2
        assert np.isclose(jsd, (kl(p, m) + kl(q, m)) / 2)
        assert np.isclose(
            more * math.log(more / (2 * share)) - (1 - share) * math.log(2), 2 * kl(m, p)
        )


@checks("eq-or-search", by="linear algebra, for a generator that is a matrix")
def search():
    """Gradient descent on the code finds the pseudo-inverse's."""
    torch.manual_seed(0)
    g = nn.Linear(2, 5, bias=False).double()
    gan, x = GAN(g, nn.Linear(5, 1).double(), 2), torch.randn(3, 5, generator=seeded()).double()
    found, _ = find_codes(gan, x, steps=300, lr=0.1, tries=2, generator=seeded(1))
    want = torch.linalg.lstsq(g.weight.detach(), x.T).solution.T
    assert torch.allclose(found, want, atol=1e-3)


@checks("eq-or-aae", by="average over draws with torch.distributions and a sigmoid")
def adversarial():
    """The coder's loss is distortion and the mean of -log D at its codes, weighted."""
    torch.manual_seed(0)
    model = mlp_adversarial((2, 2), 2, FixedGaussian(0.5), hidden=(6,), noise=0.2, weight=3.0)
    x = torch.rand(50, 2, 2, generator=seeded(1))
    with torch.no_grad():
        z = model.encoder(x) + 0.2 * torch.randn(50, 2, generator=seeded(2))
        p = torch.distributions.Normal(model.decoder(z)[:, 0], 0.5)
        want = -p.log_prob(x).sum((1, 2)).mean() - 3.0 * torch.sigmoid(model.d(z)).log().mean()
        ours = model.loss(x, generator=seeded(2))["loss"]
    assert torch.isclose(ours, want, atol=1e-4)


@checks("eq-or-channel", by="quadrature of the entropy of mixtures on the line")
def channel():
    """What codes tell stays below the limit, and reaches it for codes that are Gaussian."""
    x, noise = np.linspace(-7, 7, 1401), 0.3
    rng = np.random.default_rng(RNG)
    signals = {"two": np.array([-1.0, 1.0]), "some": rng.normal(size=7)}
    signals["gaussian"] = stats.norm.ppf((np.arange(500) + 0.5) / 500)
    left = {}
    for name, codes in signals.items():
        density = stats.norm.pdf(x, codes[:, None], noise).mean(0)
        entropy = -integrate.simpson(density * np.log(density + 1e-300), x=x)
        told = entropy - stats.norm(0, noise).entropy()
        left[name] = told_at_most(1, codes.var() + noise**2, noise) - told
        assert np.isclose(told_at_most(1, codes.var() + noise**2, noise),
                          math.log((codes.var() + noise**2) / noise**2) / 2)  # fmt: skip
    assert left["two"] > 0.1
    assert left["some"] > 0.01
    assert abs(left["gaussian"]) < 0.01


@checks("eq-or-three", by="sums written out by hand")
def three():
    """Both losses from codes drawn by hand, with logs of a sigmoid."""
    torch.manual_seed(0)
    g, d = MLPGenerator(2, (6,), (2, 2)), MLPDiscriminator((2, 2), (6,))
    model = VAEGAN(MLPEncoder((2, 2), (6,), 4), g, d, 2, pull=0.7, noise=0.4)
    x, noise = torch.rand(40, 2, 2, generator=seeded(1)), seeded(3)
    with torch.no_grad():
        fakes = g(torch.randn(40, 2, generator=noise))
        mean, log_var = model.encode(x)
        z = mean + (log_var / 2).exp() * torch.randn(40, 2, generator=noise)
        errors = (x - g(z)).pow(2).sum((1, 2))
        rates = 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(1)
        want = {"e_loss": (errors / (2 * 0.4**2) + rates).mean()}
        want["g_loss"] = (-torch.sigmoid(d(fakes)).log()).mean() + 0.7 * errors.mean()
        ours = model.loss(x, generator=seeded(3))
    for name, value in want.items():
        assert torch.isclose(ours[name], value, atol=1e-5), name
