"""VAEs that are wrong on purpose, to see which number shows it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor

from lib.gaussian import kl_to_standard_normal, reparameterise
from lib.likelihoods import FixedGaussian
from lib.linear_vae import LinearVAE
from lib.nets import MLPDecoder, MLPEncoder
from lib.vae import VAE

Penalty = Callable[[Tensor, Tensor], Tensor]


def without_half(mean: Tensor, log_var: Tensor) -> Tensor:
    """The rate without its factor 1/2, (n, K) -> (n,): a slip."""
    return (torch.exp(log_var) + mean**2 - 1 - log_var).sum(1)


def sigma_for_variance(mean: Tensor, log_var: Tensor) -> Tensor:
    """The rate with sigma where sigma^2 is meant, (n, K) -> (n,): a slip."""
    return 0.5 * (torch.exp(log_var / 2) + mean**2 - 1 - log_var).sum(1)


PENALTIES: dict[str, Penalty] = {
    "right": kl_to_standard_normal,
    "without the ½": without_half,
    "σ for σ²": sigma_for_variance,
}


class WeightedVAE(VAE):
    """A VAE with free `weights`, of either sign, on distortion and rate, and any `penalty` as rate.

    (1, 1) and `kl_to_standard_normal` are right. Its loss reports the true rate, the penalty that
    stands for it, and the mean `width` sigma of q.
    """

    weights: tuple[float, float] = (1.0, 1.0)
    penalty: Penalty = staticmethod(kl_to_standard_normal)

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """The weighted sum, distortion, rate, penalty, and the mean width of q."""
        distortion, rate = self.terms(x, c, generator=generator)
        mean, s = self.encode(x, c)
        penalty, width = self.penalty(mean, s), torch.exp(s / 2)
        loss = self.weights[0] * distortion + self.weights[1] * penalty
        parts = {"distortion": distortion, "rate": rate, "penalty": penalty, "width": width}
        return {"loss": loss.mean(), **{name: part.mean() for name, part in parts.items()}}


class MismatchedVAE(LinearVAE):
    """Noise of scale exp(s) beside a penalty that takes s for the log-variance."""

    def terms(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Distortion with one scale of noise, rate for another: the slip."""
        mean, s = self.encode(x, c)
        z = reparameterise(mean, 2 * s, generator=generator)  # mean + exp(s) eps
        return -self.likelihood.log_prob(x, self.decoder(z, c)), kl_to_standard_normal(mean, s)


@torch.no_grad()
def codes(model: VAE, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """The z that `terms` draws for every x and decodes, (n, K)."""
    seen: list[Tensor] = []
    handle = model.decoder.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    try:
        model.terms(x, generator=generator)
    finally:
        handle.remove()
    return seen[0]


def weighted_vae(
    distortion: float,
    rate: float,
    *,
    penalty: Penalty = kl_to_standard_normal,
    k: int = 2,
    std: float = 0.25,
) -> WeightedVAE:
    """A small one for 8 x 8 pictures: one hidden layer of 64 on either side, fixed noise."""
    nets = MLPEncoder((8, 8), (64,), 2 * k), MLPDecoder(k, (64,), (8, 8))
    model = WeightedVAE(*nets, FixedGaussian(std), k=k)
    model.weights, model.penalty = (distortion, rate), penalty
    return model


def one_step(model: LinearVAE, x: Tensor, *, maximise: bool, lr: float = 1e-5) -> float:
    """What one gradient step on the loss changes in the exact bound, in nats; `model` stays."""
    moved = copy.deepcopy(model)
    loss = -moved.exact_elbo(x).mean()
    loss.backward()
    torch.optim.SGD(moved.parameters(), lr=lr, maximize=maximise).step()
    return (moved.exact_elbo(x).mean() + loss).item()
