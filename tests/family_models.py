"""Every model of the family, small and untrained, with data of its shape.

A later chapter adds one line to MODELS; `test_family.py` then proves what every model must do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from lib import likelihoods
from lib.adversarial_autoencoder import mlp_adversarial
from lib.autoencoder import mlp_autoencoder
from lib.colour_lstm import MeanColours, NamedColours
from lib.creature_lstm import CreatureLSTM
from lib.diagonal_lstm import DiagonalBiLSTM
from lib.diffusion import Diffusion
from lib.fvbn import LinearFVBN
from lib.gan import GAN
from lib.gan_nets import DCDiscriminator, DCGenerator, MLPDiscriminator, MLPGenerator
from lib.gan_penalties import spectral_norm
from lib.hierarchical_vae import mlp_hierarchy
from lib.latent_diffusion import mlp_latent
from lib.linear_vae import LinearVAE
from lib.loss_weights import WeightedDiffusion, noise_weights
from lib.model import GenerativeModel
from lib.naive_diffusion import NaiveDiffusion
from lib.nets import MLPEncoder
from lib.noise_schedule import cosine_schedule, linear_schedule
from lib.palette_vae import palette_vae
from lib.pixel_baselines import Histogram, MarkovChain, PixelHistograms
from lib.pixel_orders import upwards
from lib.pixelcnn import GatedPixelCNN, PixelCNN
from lib.raster_lstm import RasterLSTM
from lib.row_lstm import RowLSTM
from lib.time_nets import TimeMLP, UNet
from lib.tiny_pictures import TinyTable
from lib.vae import conv_vae, mlp_vae
from lib.vae_gan import VAEGAN
from lib.wave_model import WaveModel
from tests import conditional_cases as told


class DiagonalGaussian(GenerativeModel):
    """The smallest exact model: independent Gaussians, fitted by maximum likelihood."""

    def __init__(self, dim: int):
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(dim))
        self.log_std = nn.Parameter(torch.zeros(dim))

    def log_prob(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        z = (x - self.mean) * torch.exp(-self.log_std)
        return (-0.5 * z**2 - self.log_std - 0.5 * math.log(2 * math.pi)).sum(1)  # (n,)

    def loss(self, x, c=None, *, generator=None):
        return {"loss": -self.log_prob(x).mean()}

    def sample(self, n, c=None, *, generator=None):
        noise = torch.randn(n, len(self.mean), generator=generator)
        return (self.mean + torch.exp(self.log_std) * noise).detach()


class Chase(GenerativeModel):
    """Two optimisers with opposed losses, as in a GAN, small enough to follow by hand.

    The critic is a direction w, the generator a shift g of unit noise; the critic gains
    w . (mean of x - g) - |w|^2 / 2, the generator loses it.
    """

    def __init__(self, dim: int):
        super().__init__()
        self.w, self.g = nn.Parameter(torch.zeros(dim)), nn.Parameter(torch.zeros(dim))

    def loss(self, x, c=None, *, generator=None):
        noise = torch.randn(x.shape, generator=generator)
        gap = (self.w * (x - noise - self.g).mean(0)).sum()
        return {"d_loss": 0.5 * (self.w**2).sum() - gap, "g_loss": gap, "gap": gap.detach()}

    def sample_steps(self, n, c=None, *, generator=None):
        x = torch.randn(n, len(self.g), generator=generator)
        for k in (1, 2, 3):
            yield (x + self.g * k / 3).detach()

    def optimizers(self, lr: float) -> dict[str, Optimizer]:
        return {"d_loss": SGD([self.w], lr=lr), "g_loss": SGD([self.g], lr=lr)}


class Given(GenerativeModel):
    """A conditional model that is handed its conditions: every test below applies to it too."""

    def __init__(self, model: GenerativeModel, conditions: Callable[[int], Tensor]):
        super().__init__()
        self.model, self.conditions = model, conditions

    def loss(self, x, c=None, *, generator=None):
        return self.model.loss(x, self.conditions(len(x)), generator=generator)

    def loss_for(self, name, x, c=None, *, generator=None):
        return self.model.loss_for(name, x, self.conditions(len(x)), generator=generator)

    def due(self, name: str, step: int) -> bool:
        return self.model.due(name, step)

    def sample(self, n, c=None, *, generator=None):
        return self.model.sample(n, self.conditions(n), generator=generator)

    def elbo(self, x, c=None, *, generator=None):
        return self.model.elbo(x, self.conditions(len(x)), generator=generator)

    def optimizers(self, lr: float) -> dict[str, Optimizer]:
        return self.model.optimizers(lr)


class GivenStepwise(Given):
    """The same for a model whose sampling is a process."""

    def sample_steps(self, n, c=None, *, generator=None):
        yield from self.model.sample_steps(n, self.conditions(n), generator=generator)


class GivenBoundless(Given):
    """The same for a model that has no bound on its density."""

    elbo = GenerativeModel.elbo


class GivenExact(GivenBoundless):
    """The same for a model that has an exact density, and so no bound."""

    def log_prob(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        return self.model.log_prob(x, self.conditions(len(x)))


def small_vae(likelihood: likelihoods.Likelihood, **options) -> GenerativeModel:
    return mlp_vae((4, 4), 2, likelihood, hidden=(8,), **options)


def classes(n: int) -> Tensor:
    """One-hot conditions (n, 3)."""
    return torch.eye(3)[torch.arange(n) % 3]


# name -> (function that makes the model, function n -> data of its shape)
MODELS: dict[str, tuple[Callable[[], GenerativeModel], Callable[[int], Tensor]]] = {
    "gaussian": (lambda: DiagonalGaussian(3), lambda n: seeded_normal(n, 3) * 2 + 1),
    "chase": (lambda: Chase(2), lambda n: seeded_normal(n, 2) + 3),
    "linear vae": (lambda: LinearVAE(3, 2), lambda n: seeded_normal(n, 3) * 2 + 1),
    "vae bernoulli": (lambda: small_vae(likelihoods.Bernoulli()), lambda n: levels(n, 2)),
    "vae fixed": (lambda: small_vae(likelihoods.FixedGaussian(0.3)), lambda n: levels(n, 9)),
    "vae shared": (lambda: small_vae(likelihoods.SharedGaussian()), lambda n: levels(n, 9)),
    "vae pixel": (lambda: small_vae(likelihoods.PixelGaussian()), lambda n: levels(n, 9)),
    "vae categorical": (lambda: small_vae(likelihoods.Categorical(5)), lambda n: levels(n, 5)),
    "vae beta-binomial": (lambda: small_vae(likelihoods.BetaBinomial(4)), lambda n: levels(n, 5)),
    "vae free nats": (
        lambda: small_vae(likelihoods.Bernoulli(), free_nats=0.01, beta=2.0),
        lambda n: levels(n, 2),
    ),
    "vae conv": (
        lambda: conv_vae((4, 4), 2, likelihoods.SharedGaussian(), channels=(4,)),
        lambda n: levels(n, 9),
    ),
    "vae conditional": (
        lambda: Given(small_vae(likelihoods.Bernoulli(), c_dim=3), classes),
        lambda n: levels(n, 2),
    ),
    "two levels": (
        lambda: mlp_hierarchy(
            (3, 3), 4, 2, likelihoods.SharedGaussian(), hidden=(8,), top_hidden=(8,)
        ),
        lambda n: seeded_normal(n, 3, 3),
    ),
    "latent diffusion": (
        lambda: mlp_latent(mlp_autoencoder((4, 4), (8,), 3), 3, steps=5, width=8, layers=1),
        lambda n: levels(n, 9),
    ),
    "diffusion prior": (
        lambda: mlp_latent(small_vae(likelihoods.SharedGaussian()), 2, steps=5, width=8, layers=1),
        lambda n: levels(n, 9),
    ),
    "histogram": (lambda: Histogram((4, 4), 5), lambda n: whole(n, 5, 4, 4)),
    "pixel histograms": (lambda: PixelHistograms((4, 4), 5), lambda n: whole(n, 5, 4, 4)),
    "markov chain": (lambda: MarkovChain((4, 4), 5, own=True), lambda n: whole(n, 5, 4, 4)),
    "linear fvbn": (
        lambda: LinearFVBN((4, 4), 5, order=upwards((4, 4)), penalty=0.01),
        lambda n: whole(n, 5, 4, 4),
    ),
    "linear fvbn one-hot": (
        lambda: LinearFVBN((4, 4), 5, one_hot=True),
        lambda n: whole(n, 5, 4, 4),
    ),
    "tiny table": (lambda: TinyTable((2, 2), 3), lambda n: whole(n, 3, 2, 2)),
    "raster lstm": (
        lambda: RasterLSTM((4, 4), 5, cells=6, position="learned", share=0.3),
        lambda n: whole_numbers(n, 5),
    ),
    "creature lstm": (
        lambda: CreatureLSTM((4, 4), 5, cells=6, reach=2, code=3),
        lambda n: whole_numbers(n, 5),
    ),
    "named colours": (
        lambda: NamedColours((4, 4), torch.eye(3), cells=6),
        lambda n: whole_numbers(n, 3),
    ),
    "mean colours": (
        lambda: MeanColours((4, 4), cells=6),
        lambda n: levels(3 * n, 5).unflatten(0, (n, 3)).movedim(1, -1),
    ),
    "palette vae": (
        lambda: palette_vae((4, 4), 2, torch.eye(3), channels=(4,)),
        lambda n: whole_numbers(n, 3),
    ),
    "row lstm": (
        lambda: GivenExact(RowLSTM((4, 4), 5, cells=6, layers=2, share=0.3, c_dim=3), classes),
        lambda n: whole_numbers(n, 5),
    ),
    "diagonal bilstm": (
        lambda: DiagonalBiLSTM((4, 4), 5, cells=6, layers=2, share=0.3),
        lambda n: whole_numbers(n, 5),
    ),
    "pixelcnn": (
        lambda: PixelCNN((4, 4), 3, channels=8, blocks=2, share=0.2, positions=True),
        lambda n: whole(n, 3, 4, 4),
    ),
    "gated pixelcnn": (
        lambda: GatedPixelCNN((4, 4), 3, channels=6, layers=2, one_hot=True, share=0.2),
        lambda n: whole(n, 3, 4, 4),
    ),
    "gated pixelcnn conditional": (
        lambda: GivenExact(GatedPixelCNN((4, 4), 3, channels=6, layers=2, c_dim=3), classes),
        lambda n: whole(n, 3, 4, 4),
    ),
    "wave": (
        lambda: WaveModel((8,), 4, channels=6, dilations=(1, 2)),
        lambda n: whole(n, 4, 8),
    ),
    "wave conditional": (
        lambda: GivenExact(
            WaveModel((8,), 4, channels=6, dilations=(1, 2), one_hot=True, c_dim=3), classes
        ),
        lambda n: whole(n, 4, 8),
    ),
    "gated pixelcnn colours": (
        lambda: GatedPixelCNN((3, 3, 3), 4, channels=6, layers=2),
        lambda n: whole(n, 4, 3, 3, 3),
    ),
    "diffusion of points": (
        lambda: Diffusion(TimeMLP(2, width=8, layers=2), (2,), linear_schedule(21)),
        lambda n: seeded_normal(n, 2),
    ),
    "naive diffusion": (
        lambda: NaiveDiffusion(TimeMLP(2, width=8, layers=2), (2,), linear_schedule(21)),
        lambda n: seeded_normal(n, 2),
    ),
    "weighted diffusion": (
        lambda: WeightedDiffusion(
            TimeMLP(2, width=8, layers=2),
            (2,),
            linear_schedule(21),
            weights=noise_weights(linear_schedule(21), "previous"),
        ),
        lambda n: seeded_normal(n, 2),
    ),
    "diffusion": (
        lambda: Diffusion(
            UNet((4, 4), channels=8), (4, 4), cosine_schedule(4), target="v", average=0.9, clip=1.0
        ),
        lambda n: levels(n, 5) * 2 - 1,
    ),
    "diffusion conditional": (
        lambda: GivenStepwise(
            Diffusion(
                UNet((4, 4), channels=8, factors=(1,), patch=2, c_dim=3),
                (4, 4),
                cosine_schedule(4),
                target="x0",
            ),
            classes,
        ),
        lambda n: levels(n, 5) * 2 - 1,
    ),
    "guided diffusion": (
        lambda: GivenStepwise(told.small_guided(weight=1.5, target="v", average=0.9), classes),
        lambda n: seeded_normal(n, 2),
    ),
    "guided diffusion told nothing": (told.small_guided, lambda n: seeded_normal(n, 2)),
    "vae learned prior": (
        lambda: Given(told.small_conditional("learned"), classes),
        lambda n: levels(n, 5),
    ),
    "vae learned prior alone": (
        lambda: Given(told.small_conditional("alone"), classes),
        lambda n: levels(n, 5),
    ),
    "translation": (
        lambda: GivenBoundless(
            told.small_translation(True, penalty="r1", average=0.9), told.drawings
        ),
        lambda n: levels(n, 5) * 2 - 1,
    ),
    "translation by l1 alone": (
        lambda: GivenBoundless(told.small_translation(False), told.drawings),
        lambda n: levels(n, 5) * 2 - 1,
    ),
    "gan of points": (
        lambda: GAN(
            MLPGenerator(3, (8,), (2,)), MLPDiscriminator((2,), (8,)), 3, penalty="r1", smooth=0.9
        ),
        lambda n: seeded_normal(n, 2),
    ),
    "wasserstein gan": (
        lambda: GAN(
            MLPGenerator(3, (8,), (2,)),
            MLPDiscriminator((2,), (8,)),
            3,
            game="wasserstein",
            penalty="gradient",
        ),
        lambda n: seeded_normal(n, 2),
    ),
    "dcgan": (
        lambda: GAN(
            DCGenerator(3, (8, 4), (4, 4)),
            spectral_norm(DCDiscriminator((4, 4), (4, 8))),
            3,
            game="hinge",
            average=0.9,
        ),
        lambda n: levels(n, 5) * 2 - 1,
    ),
    "gan conditional": (
        lambda: GivenBoundless(
            GAN(
                MLPGenerator(3, (8,), (4, 4), c_dim=3, bounded=True),
                MLPDiscriminator((4, 4), (8,), c_dim=3),
                3,
                game="least squares",
            ),
            classes,
        ),
        lambda n: levels(n, 5) * 2 - 1,
    ),
    "adversarial autoencoder": (
        lambda: mlp_adversarial(
            (4, 4), 2, likelihoods.SharedGaussian(), hidden=(8,), d_hidden=(8,), noise=0.1
        ),
        lambda n: levels(n, 5),
    ),
    "vae-gan": (
        lambda: VAEGAN(
            MLPEncoder((4, 4), (8,), 6),
            MLPGenerator(3, (8,), (4, 4), bounded=True),
            MLPDiscriminator((4, 4), (8,)),
            3,
            penalty="r1",
            average=0.9,
        ),
        lambda n: levels(n, 5) * 2 - 1,
    ),
}


def seeded_normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def levels(n: int, count: int) -> Tensor:
    """Pictures (n, 4, 4) of `count` grey values in [0, 1]."""
    return torch.randint(count, (n, 4, 4), generator=torch.Generator().manual_seed(0)) / (count - 1)


def whole(n: int, count: int, *shape: int) -> Tensor:
    """Pictures (n, *shape) of whole numbers below `count`."""
    return torch.randint(count, (n, *shape), generator=torch.Generator().manual_seed(0))


def whole_numbers(n: int, count: int) -> Tensor:
    """Pictures (n, 4, 4) for pixel models: levels 0 .. count - 1."""
    return (levels(n, count) * (count - 1)).round().long()


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
