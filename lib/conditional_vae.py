"""The conditional VAE: encoder, decoder and, if you like, the prior are told the condition."""

from __future__ import annotations

from torch import Tensor, nn

from lib.likelihoods import Likelihood
from lib.nets import MLPDecoder, MLPEncoder, mlp
from lib.vae import VAE


class ConditionalVAE(VAE):
    """A VAE of x given c whose prior p(z | c) = N(mean(c), diag exp(log_var(c))) is learned.

    `prior_net` maps c (n, c_dim) to (n, 2 K), the mean and then the log-variance; None keeps
    p(z) = N(0, I). Other arguments are those of `VAE`. Source: Sohn, Lee and Yan, 2015.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        likelihood: Likelihood,
        *,
        k: int,
        prior_net: nn.Module | None = None,
        **options: float,
    ):
        super().__init__(encoder, decoder, likelihood, k=k, **options)
        self.prior_net = prior_net

    def prior(self, n: int, c: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of p(z | c), each (n, K)."""
        if self.prior_net is None:
            return super().prior(n, c)
        if c is None or len(c) != n:
            given = "none" if c is None else f"{len(c)}"
            raise ValueError(f"a learned prior needs one condition for each of {n}, got {given}")
        mean, log_var = self.prior_net(c.to(next(self.parameters()).dtype)).chunk(2, dim=1)
        return mean, log_var


class Untold(nn.Module):
    """A decoder that sees z alone: what the condition means must then be said by the prior."""

    def __init__(self, decoder: nn.Module):
        super().__init__()
        self.decoder = decoder

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """What the decoder makes of z."""
        return self.decoder(z)


def mlp_conditional_vae(
    shape: tuple[int, ...],
    k: int,
    likelihood: Likelihood,
    *,
    c_dim: int,
    hidden: tuple[int, ...] = (256, 256),
    prior: str = "fixed",
    **options: float,
) -> ConditionalVAE:
    """A conditional VAE of fully connected networks.

    `prior` is "fixed", N(0, I) with a decoder p(x | z, c); "learned", p(z | c) with the same
    decoder; or "alone", p(z | c) with a decoder p(x | z) that is not told c.
    """
    if prior not in ("fixed", "learned", "alone"):
        raise ValueError(f"prior is 'fixed', 'learned' or 'alone', got {prior!r}")
    encoder = MLPEncoder(shape, hidden, 2 * k, c_dim=c_dim)
    told = 0 if prior == "alone" else c_dim
    decoder = MLPDecoder(k, hidden[::-1], shape, likelihood.outputs, c_dim=told)
    net = None if prior == "fixed" else mlp(c_dim, 64, 2 * k)
    decoder = Untold(decoder) if prior == "alone" else decoder
    return ConditionalVAE(encoder, decoder, likelihood, k=k, prior_net=net, **options)
