"""The variational autoencoder of Kingma and Welling (2014) and Rezende et al. (2014)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from lib.gaussian import gaussian_kl, gaussian_log_prob, reparameterise
from lib.likelihoods import Likelihood
from lib.model import GenerativeModel
from lib.nets import ConvDecoder, ConvEncoder, MLPDecoder, MLPEncoder


class VAE(GenerativeModel):
    """p(z) = N(0, I), decoder p(x | z), encoder q(z | x) = N(mean(x), diag exp(log_var(x))).

    Parameters
    ----------
    encoder : module, (x, c) -> (n, 2 K)
        The first K outputs are the mean, the others the log-variance.
    decoder : module, (z, c) -> (n, outputs, *shape)
    likelihood : Likelihood
        Turns the decoder's outputs into p(x | z).
    k : int
        Number K of latent variables.
    beta : float
        Weight of the KL term. 1 is the bound on the likelihood, another value is the beta-VAE of
        Higgins et al. (2017), whose loss is no longer a bound. May be changed between two fits.
    free_nats : float
        Rate that each latent variable has for nothing: the loss counts max(free_nats, rate) of
        each, averaged over the batch ("free bits": Kingma et al., 2016, equation 15).
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        likelihood: Likelihood,
        *,
        k: int,
        beta: float = 1.0,
        free_nats: float = 0.0,
    ):
        super().__init__()
        if beta < 0:
            raise ValueError(f"beta weighs a divergence, it must not be negative; got {beta}")
        if free_nats < 0:
            raise ValueError(f"free_nats is a rate, it must not be negative; got {free_nats}")
        self.encoder, self.decoder, self.likelihood = encoder, decoder, likelihood
        self.k, self.beta, self.free_nats = k, beta, free_nats

    def prior(self, n: int, c: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of p(z) for n examples, each (n, K). A subclass may use c."""
        zeros = next(self.decoder.parameters()).new_zeros(n, self.k)
        return zeros, zeros

    def encode(self, x: Tensor, c: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x), each (n, K)."""
        mean, log_var = self.encoder(x, c).chunk(2, dim=1)
        return mean, log_var

    def decode(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """The mean picture E[x | z], (n, *shape)."""
        return self.likelihood.mean(self.decoder(z, c))

    def reconstruct(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Decode the mean of q(z | x), (n, *shape)."""
        return self.decode(self.encode(x, c)[0], c)

    def rates(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """KL(q(z_k | x) || p(z_k)) of each latent variable, (n, K) nats; 0 where z_k is unused."""
        mean, log_var = self.encode(x, c)
        each = (v.reshape(-1, 1) for v in (mean, log_var, *self.prior(len(x), c)))
        return gaussian_kl(*each).reshape(mean.shape)

    def terms(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Distortion -log p(x | z) at one z ~ q(z | x), and rate KL(q || p(z)): (n,) each."""
        mean, log_var = self.encode(x, c)
        z = reparameterise(mean, log_var, generator=generator)
        distortion = -self.likelihood.log_prob(x, self.decoder(z, c))
        return distortion, gaussian_kl(mean, log_var, *self.prior(len(x), c))

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Distortion plus beta times rate, in nats per example: the mean over the batch."""
        distortion, rate = self.terms(x, c, generator=generator)
        total = (distortion + self.beta * rate).mean()
        if self.free_nats:  # max(free, rate) = rate + max(free - rate, 0), for each variable
            unused = self.free_nats - self.rates(x, c).mean(0)
            total = total + self.beta * unused.clamp(min=0).sum()
        return {"loss": total, "distortion": distortion.mean(), "rate": rate.mean()}

    def elbo(
        self,
        x: Tensor,
        c: Tensor | None = None,
        *,
        samples: int = 1,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """The bound E_q[log p(x | z)] - KL(q || p), in nats, (n,): beta plays no role.

        The expectation is an average over `samples` draws of z.
        """
        draws = [self.terms(x, c, generator=generator) for _ in range(at_least_one(samples))]
        return -torch.stack([distortion + rate for distortion, rate in draws]).mean(0)

    def importance_bound(
        self,
        x: Tensor,
        c: Tensor | None = None,
        *,
        samples: int,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """The bound log 1/S sum_s p(x, z_s) / q(z_s | x) with S = `samples`, in nats, (n,).

        One sample gives the ELBO in expectation, more raise it towards log p(x).
        Source: Burda, Grosse and Salakhutdinov, 2016, equation 8.
        """
        mean, log_var = self.encode(x, c)
        weights = []
        for _ in range(at_least_one(samples)):
            z = reparameterise(mean, log_var, generator=generator)
            log_joint = self.likelihood.log_prob(x, self.decoder(z, c))
            log_joint = log_joint + gaussian_log_prob(z, *self.prior(len(x), c))
            weights.append(log_joint - gaussian_log_prob(z, mean, log_var))  # (n,)
        return torch.logsumexp(torch.stack(weights), 0) - math.log(samples)

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
        z = reparameterise(*self.prior(n, c), generator=generator)
        out = self.decoder(z, c)
        return (
            self.likelihood.mean(out) if mean else self.likelihood.sample(out, generator=generator)
        )


def at_least_one(samples: int) -> int:
    """`samples`, or a ValueError if it is no number of draws."""
    if samples < 1:
        raise ValueError(f"samples must be at least 1, got {samples}")
    return samples


def mlp_vae(
    shape: tuple[int, ...],
    k: int,
    likelihood: Likelihood,
    *,
    hidden: tuple[int, ...] = (256, 256),
    beta: float = 1.0,
    free_nats: float = 0.0,
    c_dim: int = 0,
) -> VAE:
    """A VAE of fully connected networks; the decoder's hidden layers mirror the encoder's."""
    encoder = MLPEncoder(shape, hidden, 2 * k, c_dim=c_dim)
    decoder = MLPDecoder(k, hidden[::-1], shape, likelihood.outputs, c_dim=c_dim)
    return VAE(encoder, decoder, likelihood, k=k, beta=beta, free_nats=free_nats)


def conv_vae(
    shape: tuple[int, ...],
    k: int,
    likelihood: Likelihood,
    *,
    channels: tuple[int, ...] = (16, 32, 32),
    beta: float = 1.0,
    free_nats: float = 0.0,
    c_dim: int = 0,
) -> VAE:
    """A VAE of convolutions; the decoder's channels mirror the encoder's."""
    encoder = ConvEncoder(shape, channels, 2 * k, c_dim=c_dim)
    decoder = ConvDecoder(k, channels[::-1], shape, likelihood.outputs, c_dim=c_dim)
    return VAE(encoder, decoder, likelihood, k=k, beta=beta, free_nats=free_nats)
