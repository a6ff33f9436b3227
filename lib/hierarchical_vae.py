"""A variational autoencoder with two levels of latent variables, inferred from the top down.

The decoder goes z2 -> z1 -> x. The encoder goes through the data once and gives a belief about each
level; the belief about z1 is then corrected by what the z2 just drawn says of it, as in the ladder
of Sonderby, Raiko, Maaloe, Sonderby and Winther (2016).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lib.gaussian import (
    gaussian_kl,
    gaussian_log_prob,
    kl_to_standard_normal,
    reparameterise,
)
from lib.likelihoods import Likelihood
from lib.model import GenerativeModel
from lib.nets import MLPDecoder, MLPEncoder, mlp
from lib.vae import at_least_one

Gaussian = tuple[Tensor, Tensor]  # mean and log-variance, each (n, k)


def multiply_gaussians(a: Gaussian, b: Gaussian) -> Gaussian:
    """The Gaussian proportional to the product of two: precisions add, means are weighted by them.

    Arguments and result are (mean, log-variance). Source: Sonderby et al., 2016, equations 17, 18.
    """
    (mean_a, log_var_a), (mean_b, log_var_b) = a, b
    log_var = -torch.logaddexp(-log_var_a, -log_var_b)
    mean = mean_a * torch.exp(log_var - log_var_a) + mean_b * torch.exp(log_var - log_var_b)
    return mean, log_var


class Inferred(NamedTuple):
    """One draw from q(z2 | x) q(z1 | x, z2), with the Gaussians it was drawn from."""

    z1: Tensor
    z2: Tensor
    q1: Gaussian
    q2: Gaussian
    p1: Gaussian  # p(z1 | z2) at the z2 drawn


class HierarchicalVAE(GenerativeModel):
    """p(z2) = N(0, I), p(z1 | z2) and p(x | z1) by networks; q(z2 | x) q(z1 | x, z2).

    Parameters
    ----------
    encoder : module, (x, c) -> (n, 2 K1)
        What x says of z1: mean and log-variance.
    top_encoder : module, (n, 2 K1) -> (n, 2 K2)
        From the encoder's output to mean and log-variance of q(z2 | x).
    middle : module, (n, K2) -> (n, 2 K1)
        Mean and log-variance of p(z1 | z2).
    decoder : module, (z1, c) -> (n, outputs, *shape)
    likelihood : Likelihood
        Turns the decoder's outputs into p(x | z1).
    k2 : int
        Number of latent variables of the top level.
    beta : float
        Weight of both rates in the loss; 1 is the bound. May be changed between two fits.
    """

    def __init__(
        self,
        encoder: nn.Module,
        top_encoder: nn.Module,
        middle: nn.Module,
        decoder: nn.Module,
        likelihood: Likelihood,
        *,
        k2: int,
        beta: float = 1.0,
    ):
        super().__init__()
        if beta < 0:
            raise ValueError(f"beta weighs a divergence, it must not be negative; got {beta}")
        self.encoder, self.top_encoder = encoder, top_encoder
        self.middle, self.decoder, self.likelihood = middle, decoder, likelihood
        self.k2, self.beta = k2, beta

    def top_learns(self, yes: bool) -> None:
        """Let `fit` train all networks, or leave those of the top level (z2) as they are."""
        for part in (self.top_encoder, self.middle):
            part.requires_grad_(yes)

    def bottom_prior(self, z2: Tensor) -> Gaussian:
        """Mean and log-variance of p(z1 | z2), each (n, K1)."""
        mean, log_var = self.middle(z2).chunk(2, dim=1)
        return mean, log_var

    def encode(self, x: Tensor, c: Tensor | None = None) -> tuple[Gaussian, Gaussian]:
        """What x says of z1, and q(z2 | x): mean and log-variance each."""
        seen = self.encoder(x, c)
        message, top = seen.chunk(2, dim=1), self.top_encoder(seen).chunk(2, dim=1)
        return tuple(message), tuple(top)

    def infer(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Inferred:
        """Draw z2 from q(z2 | x), then z1 from the product of the message of x and p(z1 | z2)."""
        message, q2 = self.encode(x, c)
        z2 = reparameterise(*q2, generator=generator)
        p1 = self.bottom_prior(z2)
        q1 = multiply_gaussians(message, p1)
        return Inferred(reparameterise(*q1, generator=generator), z2, q1, q2, p1)

    def terms(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Distortion, rate of z1 given z2, and rate of z2, at one draw: (n,) nats each."""
        found = self.infer(x, c, generator=generator)
        distortion = -self.likelihood.log_prob(x, self.decoder(found.z1, c))
        return distortion, gaussian_kl(*found.q1, *found.p1), kl_to_standard_normal(*found.q2)

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Distortion plus beta times both rates, in nats per example: the mean over the batch."""
        distortion, rate_1, rate_2 = (t.mean() for t in self.terms(x, c, generator=generator))
        total = distortion + self.beta * (rate_1 + rate_2)
        return {"loss": total, "distortion": distortion, "rate_1": rate_1, "rate_2": rate_2}

    def elbo(
        self,
        x: Tensor,
        c: Tensor | None = None,
        *,
        samples: int = 1,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """The bound on log p(x) in nats, (n,): the mean of `samples` draws; beta plays no role."""
        draws = [sum(self.terms(x, c, generator=generator)) for _ in range(at_least_one(samples))]
        return -torch.stack(draws).mean(0)

    def importance_bound(
        self,
        x: Tensor,
        c: Tensor | None = None,
        *,
        samples: int,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """The bound log 1/S sum_s p(x, z1, z2) / q(z1, z2 | x) with S = `samples`: (n,) nats."""
        weights = []
        for _ in range(at_least_one(samples)):
            z1, z2, q1, q2, p1 = self.infer(x, c, generator=generator)
            log_q = gaussian_log_prob(z1, *q1) + gaussian_log_prob(z2, *q2)
            log_p = gaussian_log_prob(z1, *p1) + gaussian_log_prob(z2, *_standard(z2))
            weights.append(self.likelihood.log_prob(x, self.decoder(z1, c)) + log_p - log_q)
        return torch.logsumexp(torch.stack(weights), 0) - math.log(samples)

    def decode(self, z1: Tensor, c: Tensor | None = None) -> Tensor:
        """The mean picture E[x | z1], (n, *shape)."""
        return self.likelihood.mean(self.decoder(z1, c))

    @torch.no_grad()
    def reconstruct(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Decode the means, from the top down: (n, *shape)."""
        message, (z2, _) = self.encode(x, c)
        return self.decode(multiply_gaussians(message, self.bottom_prior(z2))[0], c)

    @torch.no_grad()
    def sample_bottom(self, z2: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """One z1 from p(z1 | z2) for each z2: (n, K1)."""
        return reparameterise(*self.bottom_prior(z2), generator=generator)

    @torch.no_grad()
    def sample(
        self,
        n: int,
        c: Tensor | None = None,
        *,
        z2: Tensor | None = None,
        mean: bool = False,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Draw z2, z1 and x; a `z2` (n, K2) that is given stays. With `mean` E[x | z1] for x."""
        if z2 is None:
            dtype = next(self.decoder.parameters()).dtype
            z2 = torch.randn(n, self.k2, generator=generator, dtype=dtype)
        if z2.shape != (n, self.k2):
            raise ValueError(f"z2 must have shape ({n}, {self.k2}), got {tuple(z2.shape)}")
        out = self.decoder(self.sample_bottom(z2, generator=generator), c)
        if mean:
            return self.likelihood.mean(out)
        return self.likelihood.sample(out, generator=generator)


def _standard(z: Tensor) -> Gaussian:
    return torch.zeros_like(z), torch.zeros_like(z)


def mlp_hierarchy(
    shape: tuple[int, ...],
    k1: int,
    k2: int,
    likelihood: Likelihood,
    *,
    hidden: tuple[int, ...] = (256,),
    top_hidden: tuple[int, ...] = (64,),
    beta: float = 1.0,
) -> HierarchicalVAE:
    """Two levels of fully connected networks; no hidden layers make the model linear."""
    return HierarchicalVAE(
        MLPEncoder(shape, hidden, 2 * k1),
        mlp(2 * k1, *top_hidden, 2 * k2),
        mlp(k2, *top_hidden[::-1], 2 * k1),
        MLPDecoder(k1, hidden[::-1], shape, likelihood.outputs),
        likelihood,
        k2=k2,
        beta=beta,
    )
