"""Mistakes people make where a detective meets an autoencoder, each caught by a check."""

import numpy as np
import torch
from scipy.stats import norm
from torch.distributions import Normal

from lib import adversarial_autoencoder as aae
from lib import gan_divergences, vae_gan, vae_or_gan
from lib.gan_nets import MLPDiscriminator, MLPGenerator
from lib.likelihoods import FixedGaussian
from lib.nets import MLPEncoder
from tests.mutation import Edit, Mutation

AAE, VG = "lib.adversarial_autoencoder.AdversarialAutoencoder", "lib.vae_gan.VAEGAN"


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


X = torch.rand(40, 2, 2, generator=seeded(5))


def coder(**options) -> aae.AdversarialAutoencoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        options = {"hidden": (6,), "d_hidden": (6,), "noise": 0.3, "weight": 2.0} | options
        return aae.mlp_adversarial((2, 2), 2, FixedGaussian(0.5), **options)


def by_hand(model: aae.AdversarialAutoencoder) -> dict[str, torch.Tensor]:
    generator = seeded(1)
    z = model.encoder(X) + 0.3 * torch.randn(40, 2, generator=generator)
    real = torch.sigmoid(model.d(torch.randn(40, 2, generator=generator)))
    forged = torch.sigmoid(model.d(z))
    fit = Normal(model.decoder(z)[:, 0], 0.5).log_prob(X).sum((1, 2)).mean()
    telling = -real.log().mean() - (1 - forged).log().mean()
    return {"loss": -fit - 2 * forged.log().mean(), "d_loss": telling}


def losses_are_the_formulas() -> None:
    model = coder()
    ours, want = model.loss(X, generator=seeded(1)), by_hand(model)
    assert all(torch.isclose(ours[k], v, atol=1e-4) for k, v in want.items())


def d_steps_on_the_same_loss() -> None:
    model = coder()
    ours = model.loss_for("d_loss", X, generator=seeded(1))["d_loss"]
    assert torch.isclose(ours, by_hand(model)["d_loss"], atol=1e-4)


def noise_has_its_width() -> None:
    model, x = coder(), X[:1].expand(20_000, 2, 2)
    assert abs((model.encode(x, generator=seeded()) - model.encoder(x)).std() - 0.3) < 0.01


def samples_use_the_given_prior() -> None:
    model = coder(prior=lambda n, _: torch.full((n, 2), 4.0))
    want = model.decode(torch.full((3, 2), 4.0))
    assert torch.allclose(model.sample(3, mean=True), want)


def optimizers_share_no_parameter() -> None:
    model = coder()
    groups = [g["params"] for o in model.optimizers(0.1).values() for g in o.param_groups]
    owned = [id(p) for group in groups for p in group]
    assert sorted(owned) == sorted(id(p) for p in model.parameters())


def circle_is_even() -> None:
    z = aae.circle(2.0, 0.1)(20_000, seeded())
    assert torch.all(z.mean(0).abs() < 0.06)
    assert abs(z.norm(dim=1).mean() - 2) < 0.01
    assert abs(z.norm(dim=1).std() - 0.1) < 0.005


def bridge() -> vae_gan.VAEGAN:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        g, d = MLPGenerator(2, (6,), (2, 2)), MLPDiscriminator((2, 2), (6,))
        return vae_gan.VAEGAN(MLPEncoder((2, 2), (6,), 4), g, d, 2, pull=0.7, noise=0.4)


def three_losses_are_the_formulas() -> None:
    model, generator = bridge(), seeded(3)
    fakes = model.g(torch.randn(40, 2, generator=generator))
    mean, log_var = model.encode(X)
    z = mean + (log_var / 2).exp() * torch.randn(40, 2, generator=generator)
    error = (X - model.g(z)).square().sum((1, 2)).mean()
    rate = 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(1).mean()
    fool = -torch.sigmoid(model.d(fakes)).log().mean()
    for ours in (
        model.loss(X, generator=seeded(3)),
        model.loss_for("g_loss", X, generator=seeded(3)),
    ):
        assert torch.isclose(ours["g_loss"], fool + 0.7 * error, atol=1e-4)
    whole = model.loss(X, generator=seeded(3))
    assert torch.isclose(whole["e_loss"], error / (2 * 0.4**2) + rate, atol=1e-4)


def divergences_are_right() -> None:
    x, cell = gan_divergences.usual_line().x, gan_divergences.usual_line().cell
    p, q = norm.pdf(x, 0, 1), norm.pdf(x, 1, 1)
    m = (p + q) / 2
    half = cell * np.sum(m * np.log(m / p))
    assert np.isclose(gan_divergences.softened_kl(p, q, cell), 2 * half)
    jsd = cell * (np.sum(p * np.log(p / m)) + np.sum(q * np.log(q / m))) / 2
    assert np.isclose(gan_divergences.jensen_shannon(p, q, cell), jsd)
    one = gan_divergences.at_one_mode(0.5)
    assert np.isclose(one["KL(q ‖ p)"] - 2 * one["JSD"], one["softened KL"])


def shift_is_measured() -> None:
    a = np.random.default_rng(0).normal(size=(300, 1))
    assert np.isclose(vae_or_gan.sliced_distance(a, a + 0.5), 0.5)
    wide = np.random.default_rng(1).normal(size=(900, 8))
    shift = np.zeros(8)
    shift[0] = 1.0
    found = vae_or_gan.sliced_distance(wide, wide + shift)
    assert abs(found - 0.27) < 0.05  # mean of |one entry| of a unit vector of eight


MUTATIONS = [
    Mutation(
        "codes taken for genuine, the prior for forged",
        f"{AAE}._telling",
        Edit(
            "self.d(self.prior(len(z), generator)), self.d(z)",
            "self.d(z), self.d(self.prior(len(z), generator))",
        ),
        losses_are_the_formulas,
    ),
    Mutation(
        "encoder helps the detective",
        f"{AAE}._coder_terms",
        Edit("distortion + self.weight * fooling", "distortion - self.weight * fooling"),
        losses_are_the_formulas,
    ),
    Mutation(
        "weight on the wrong term",
        f"{AAE}._coder_terms",
        Edit("distortion + self.weight * fooling", "self.weight * distortion + fooling"),
        losses_are_the_formulas,
    ),
    Mutation(
        "sign of the likelihood",
        f"{AAE}._coder_terms",
        Edit("-self.likelihood", "self.likelihood"),
        losses_are_the_formulas,
    ),
    Mutation(
        "saturating loss for the encoder",
        f"{AAE}._coder_terms",
        Edit("non_saturating(self.d(z))", "-non_saturating(-self.d(z))"),
        losses_are_the_formulas,
    ),
    Mutation(
        "a detective's step on codes without noise",
        f"{AAE}.loss_for",
        Edit("z = self.encode(x, generator=generator)", "z = self.encoder(x)"),
        d_steps_on_the_same_loss,
    ),
    Mutation(
        "variance used as the noise's width",
        f"{AAE}.encode",
        Edit("self.noise * torch", "self.noise**2 * torch"),
        noise_has_its_width,
    ),
    Mutation(
        "samples from N(0, I) whatever the prior",
        f"{AAE}.sample",
        Edit("self.prior(n, generator)", "self._normal(n, generator)"),
        samples_use_the_given_prior,
    ),
    Mutation(
        "decoder left out of its optimiser",
        f"{AAE}.optimizers",
        Edit(
            "[*self.encoder.parameters(), *self.decoder.parameters()]",
            "[*self.encoder.parameters()]",
        ),
        optimizers_share_no_parameter,
    ),
    Mutation(
        "half a circle",
        "lib.adversarial_autoencoder.circle",
        Edit("2 * math.pi * torch.rand", "math.pi * torch.rand"),
        circle_is_even,
    ),
    Mutation(
        "VAE-GAN's rate forgotten",
        f"{VG}._coding",
        Edit("/ (2 * self.noise_std**2) + rate", "/ (2 * self.noise_std**2)"),
        three_losses_are_the_formulas,
    ),
    Mutation(
        "mean over pixels beside a sum over latents",
        f"{VG}._coding",
        Edit(".flatten(1).sum(1).mean()", ".flatten(1).mean(1).mean()"),
        three_losses_are_the_formulas,
    ),
    Mutation(
        "no pull in the generator's own step",
        f"{VG}.loss_for",
        vae_gan.GAN.loss_for,
        three_losses_are_the_formulas,
    ),
    Mutation(
        "softened KL the wrong way round",
        "lib.gan_divergences.softened_kl",
        Edit("reverse_kl(p, (p + q) / 2, cell)", "forward_kl(p, (p + q) / 2, cell)"),
        divergences_are_right,
    ),
    Mutation(
        "Jensen-Shannon without the half",
        "lib.gan_divergences.jensen_shannon",
        Edit("forward_kl(q, m, cell)) / 2", "forward_kl(q, m, cell))"),
        divergences_are_right,
    ),
    Mutation(
        "directions that are not unit vectors",
        "lib.vae_or_gan.sliced_distance",
        Edit("axes /= np.linalg.norm(axes, axis=0)", "axes /= 1"),
        shift_is_measured,
    ),
]
