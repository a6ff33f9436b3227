"""The adversarial autoencoder of Makhzani et al. (2016): a GAN that plays with codes."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from lib.gan_losses import cross_entropy, non_saturating
from lib.gan_nets import MLPDiscriminator
from lib.likelihoods import Likelihood
from lib.model import GenerativeModel
from lib.nets import MLPDecoder, MLPEncoder

Prior = Callable[[int, "torch.Generator | None"], Tensor]


class AdversarialAutoencoder(GenerativeModel):
    """A VAE whose rate is replaced by a detective: D compares codes with draws from the prior.

    The encoder is the forger: it wants its codes, all together, to pass for draws from the prior.
    D sees one code at a time and never the picture, so it judges the aggregate of all codes. The
    prior is given by its draws alone; it needs no density. There is no bound on log p(x).

    Parameters
    ----------
    encoder : module, x -> (n, K)
        The codes, or, with noise, the means of the codes.
    decoder : module, z -> (n, outputs, *shape)
    likelihood : Likelihood
        Turns the decoder's outputs into p(x | z).
    d : module, z -> (n, 1)
        Scores of codes, high for draws from the prior.
    k : int
        Numbers in a code.
    weight : float
        How much passing for the prior counts beside the distortion.
    noise : float
        Standard deviation of the noise on a code: q(z | x) = N(f(x), noise^2 I).
    prior : function (n, generator) -> (n, K), optional
        Draws from the prior; N(0, I) if left out.
    d_rate : float
        Learning rate of D, as a multiple of the others'.
    betas : (float, float)
        Adam's decay rates, for both sides.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        likelihood: Likelihood,
        d: nn.Module,
        *,
        k: int,
        weight: float = 1.0,
        noise: float = 0.0,
        prior: Prior | None = None,
        d_rate: float = 1.0,
        betas: tuple[float, float] = (0.5, 0.99),
    ):
        super().__init__()
        if weight < 0 or noise < 0:
            raise ValueError(f"weight and noise must not be negative, got {weight} and {noise}")
        self.encoder, self.decoder, self.likelihood, self.d = encoder, decoder, likelihood, d
        self.k, self.weight, self.noise = k, weight, noise
        self.prior, self.d_rate, self.betas = prior or self._normal, d_rate, betas

    def encode(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Codes z ~ q(z | x), (n, K)."""
        z = self.encoder(x)
        if not self.noise:
            return z
        return z + self.noise * torch.randn(z.shape, generator=generator, dtype=z.dtype)

    def decode(self, z: Tensor) -> Tensor:
        """The mean picture E[x | z], (n, *shape)."""
        return self.likelihood.mean(self.decoder(z))

    def reconstruct(self, x: Tensor) -> Tensor:
        """Decode the mean of q(z | x), (n, *shape)."""
        return self.decode(self.encoder(x))

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Distortion plus weight times what D makes of the codes, in nats; and D's cross-entropy.

        For D the draws from the prior are real and the codes are forged. Makhzani et al. step the
        encoder twice, once for each of its two terms; here it steps once, for their sum.
        """
        z = self.encode(x, generator=generator)
        return self._coder_terms(x, z) | {"d_loss": self._telling(z, generator)}

    def loss_for(
        self,
        name: str,
        x: Tensor,
        c: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """A step of D needs no decoder, a step of the coder no draws from the prior."""
        if name == "d_loss":
            with torch.no_grad():
                z = self.encode(x, generator=generator)
            return {"d_loss": self._telling(z, generator)}
        return self._coder_terms(x, self.encode(x, generator=generator))

    def _coder_terms(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        distortion = -self.likelihood.log_prob(x, self.decoder(z)).mean()
        fooling = non_saturating(self.d(z))
        terms = {"distortion": distortion.detach(), "fooling": fooling.detach()}
        return {"loss": distortion + self.weight * fooling} | terms

    def _telling(self, z: Tensor, generator: torch.Generator | None) -> Tensor:
        """D's cross-entropy on as many draws from the prior as there are codes z."""
        return cross_entropy(self.d(self.prior(len(z), generator)), self.d(z))

    @torch.no_grad()
    def sample(
        self,
        n: int,
        c: Tensor | None = None,
        *,
        mean: bool = False,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Draw z from the prior, then x from p(x | z); with `mean` the mean picture E[x | z]."""
        out = self.decoder(self.prior(n, generator))
        if mean:
            return self.likelihood.mean(out)
        return self.likelihood.sample(out, generator=generator)

    def optimizers(self, lr: float) -> dict[str, Optimizer]:
        """Adam for D, and for encoder, decoder and likelihood together."""
        coder = [*self.encoder.parameters(), *self.decoder.parameters()]
        coder += self.likelihood.parameters()
        return {
            "d_loss": Adam(self.d.parameters(), lr=self.d_rate * lr, betas=self.betas),
            "loss": Adam(coder, lr=lr, betas=self.betas),
        }

    def _normal(self, n: int, generator: torch.Generator | None) -> Tensor:
        kind = next(self.decoder.parameters()).dtype
        return torch.randn(n, self.k, generator=generator, dtype=kind)


def circle(radius: float = 2.0, std: float = 0.25) -> Prior:
    """A prior of the plane that has a hole: points of a circle, moved outwards by N(0, std^2)."""
    if not (radius > 0 and std > 0):
        raise ValueError(f"radius and std must be above 0, got {radius} and {std}")

    def draw(n: int, generator: torch.Generator | None) -> Tensor:
        angle = 2 * math.pi * torch.rand(n, 1, generator=generator)
        length = radius + std * torch.randn(n, 1, generator=generator)
        return length * torch.cat([angle.cos(), angle.sin()], 1)

    return draw


def mlp_adversarial(
    shape: tuple[int, ...],
    k: int,
    likelihood: Likelihood,
    *,
    hidden: tuple[int, ...] = (256, 256),
    d_hidden: tuple[int, ...] = (128, 128),
    **options,
) -> AdversarialAutoencoder:
    """One of fully connected networks, with the decoder of `lib.vae.mlp_vae`."""
    encoder = MLPEncoder(shape, hidden, k)
    decoder = MLPDecoder(k, hidden[::-1], shape, likelihood.outputs)
    d = MLPDiscriminator((k,), d_hidden)
    return AdversarialAutoencoder(encoder, decoder, likelihood, d, k=k, **options)
