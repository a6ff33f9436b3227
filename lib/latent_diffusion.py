"""Diffusion in the space of codes: an autoencoder says how to draw, a diffusion says what.

The autoencoder is trained first and then left alone. Diffusion learns where its codes are, which
an autoencoder cannot say and a VAE only hopes. Source: Rombach et al., 2022.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lib.diffusion import Diffusion
from lib.gaussian import reparameterise
from lib.model import GenerativeModel
from lib.noise_schedule import cosine_schedule
from lib.time_nets import TimeMLP
from lib.vae import VAE

SMALLEST = 1e-6  # a code entry that varies less than this is no code


class LatentDiffusion(GenerativeModel):
    """A diffusion of the codes z of a frozen autoencoder, and its decoder.

    Parameters
    ----------
    coder : module with `encode`, (n, *shape) -> (n, k), and `decode`, back
        A trained `Autoencoder`; it is frozen here.
    diffusion : Diffusion
        Of codes, shape (k,).

    The diffusion sees (z - mean) / scale. Mean and scale are 0 and 1 until `standardise` measures
    them. There is neither a density of pictures nor a bound: decoded codes fill k dimensions only.
    """

    def __init__(self, coder: nn.Module, diffusion: Diffusion):
        super().__init__()
        if len(diffusion.shape) != 1:
            raise ValueError(f"codes have the shape (k,), the diffusion has {diffusion.shape}")
        self.coder, self.diffusion = coder.requires_grad_(False), diffusion
        self.register_buffer("mean", torch.zeros(diffusion.shape))
        self.register_buffer("scale", torch.ones(diffusion.shape))

    @torch.no_grad()
    def standardise(
        self, x: Tensor, *, generator: torch.Generator | None = None
    ) -> LatentDiffusion:
        """Measure mean and standard deviation of the codes of `x`, each (k,); returns itself."""
        z = self.raw_codes(x, generator=generator)
        mean, scale = z.mean(0), z.std(0, correction=0)
        if scale.min() < SMALLEST:
            raise ValueError(
                f"entry {int(scale.argmin())} of the codes is the same for all {len(x)} examples: "
                "give more examples, or a coder that uses all of its code"
            )
        self.mean, self.scale = mean, scale
        return self

    def raw_codes(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Codes z (n, k) as the coder gives them."""
        return self.coder.encode(x)

    @torch.no_grad()
    def encode(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Codes (n, k) as the diffusion sees them, about N(0, 1) in each entry."""
        return (self.raw_codes(x, generator=generator) - self.mean) / self.scale

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """Pictures (n, *shape) of codes (n, k) as the diffusion draws them."""
        return self.coder.decode(z * self.scale + self.mean)

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """The loss of the diffusion on the codes of `x`; the coder is not moved.

        Where codes do not change, `fit(model.diffusion, model.encode(x), ...)` is faster.
        """
        return self.diffusion.loss(self.encode(x, generator=generator), c, generator=generator)

    def sample_steps(
        self, n: int, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Iterator[Tensor]:
        """The pictures (n, *shape) of the codes after every step, noise first."""
        for z in self.diffusion.sample_steps(n, c, generator=generator):
            yield self.decode(z)

    def sample(
        self, n: int, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Pictures (n, *shape): all steps on the code, one pass of the decoder."""
        return self.decode(self.diffusion.sample(n, c, generator=generator))

    def ddim(self, n: int, c: Tensor | None = None, **options) -> Tensor:
        """The same with `Diffusion.ddim`, whose options are passed on."""
        return self.decode(self.diffusion.ddim(n, c, **options))

    def optimizers(self, lr: float) -> dict[str, Optimizer]:
        """Those of the diffusion."""
        return self.diffusion.optimizers(lr)


class DiffusionPrior(LatentDiffusion):
    """A trained VAE whose prior N(0, I) is replaced by a diffusion of its codes.

    Codes are draws from q(z | x), pictures are means of p(x | z). It has a bound on log p(x), that
    of the VAE with the diffusion's bound on log p(z) in place of the prior's density (Vahdat,
    Kreis and Kautz, 2021).
    """

    coder: VAE

    def raw_codes(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """One z ~ q(z | x) for each example, (n, k)."""
        return reparameterise(*self.coder.encode(x), generator=generator)

    @torch.no_grad()
    def elbo(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """E_q[log p(x | z)] + entropy of q(z | x) + a bound on log p(z), at one z each; (n,) nats.

        Standardising divides each z_k by scale_k, and so the density by the product of scales.
        """
        mean, log_var = self.coder.encode(x)
        z = reparameterise(mean, log_var, generator=generator)
        fit = self.coder.likelihood.log_prob(x, self.coder.decoder(z, None))
        entropy = 0.5 * (log_var + math.log(2 * math.pi * math.e)).sum(1)
        options = {"variance": "beta", "generator": generator}  # right for codes about N(0, I)
        prior = self.diffusion.elbo((z - self.mean) / self.scale, c, **options)
        return fit + entropy + prior - self.scale.log().sum()


def mlp_latent(
    coder: nn.Module,
    k: int,
    *,
    steps: int = 50,
    width: int = 128,
    layers: int = 4,
    average: float = 0.99,
    clip: float | None = None,
) -> LatentDiffusion:
    """Codes of `k` numbers diffused in `steps` steps by a `TimeMLP`, target v, cosine schedule.

    A VAE as coder gives a `DiffusionPrior`.
    """
    network = TimeMLP(k, width=width, layers=layers)
    options = {"target": "v", "average": average, "clip": clip}
    kind = DiffusionPrior if isinstance(coder, VAE) else LatentDiffusion
    return kind(coder, Diffusion(network, (k,), cosine_schedule(steps), **options))
