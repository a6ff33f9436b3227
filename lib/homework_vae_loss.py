"""The visible tests of chapter 4's homework, task 4: the loss of a batch.

Right answers come from the codes that were really decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_vae import WIDTHS, ask, gradients, kl_mistakes, leaf
from lib.homework_vae_codes import check_noise
from lib.homework_vae_models import PIXELS, PLAIN, Pixels

LATENTS = "sum over the latent variables; only the examples are averaged"
MINUS = "that is the bound; an optimiser minimises, so the loss is minus the bound"


@dataclass(frozen=True)
class Goal:
    """What a batch is worth.

    Parameters
    ----------
    kind : str
        "loss": distortion + beta rate. "value": -(beta distortion + rate), to be maximised.
        "capacity": distortion + beta abs(rate - level). "free": distortion + beta times the sum
        over the latents of max(level, their rates).
    level : float
        The capacity, or the free nats of each latent.
    """

    kind: str = "loss"
    level: float = 0.0

    @peer
    def of(self, distortion: Any, rates: Any, beta: float) -> Any:
        """The goal for a distortion and the average rate of each latent, (k,)."""
        if self.kind == "capacity":
            return distortion + beta * abs(rates.sum() - self.level)
        if self.kind == "free":
            return distortion + beta * rates.clip(self.level).sum()
        if self.kind == "value":
            return -(beta * distortion + rates.sum())
        return distortion + beta * rates.sum()

    @peer
    def mistakes(self, distortion: float, rates: np.ndarray, beta: float) -> dict[str, float]:
        """What typical mistakes give for the goal."""
        right, rate = self.of(distortion, rates, beta), rates.sum()
        found = {
            "this goal is to be maximised: read the task again": -right,
            "that is distortion + beta * rate: read the task again": distortion + beta * rate,
            "that is distortion + beta * rate to be minimised: read the task again": -right,
        }
        if self.kind == "loss":
            found = {MINUS: -right, "beta weighs the rate alone": beta * (distortion + rate)}
        if self.kind == "value":
            found["here beta weighs the distortion, not the rate"] = -distortion - beta * rate
        else:
            found["beta weighs the rate, not the distortion"] = beta * distortion + rate
        if self.kind == "capacity":
            found["the price is |rate - C|; C is missing or has no bars around it"] = (
                distortion + beta * (rate - self.level)
            )
        if self.kind == "free":
            floor = max(self.level, rate)
            found["every latent has its own free nats; take the maximum before the sum"] = (
                distortion + beta * floor
            )
        return found | {
            "the KL has the wrong sign; it is a price, so add it": distortion - beta * rate,
            "beta is missing": self.of(distortion, rates, 1.0),
        }


PUBLIC = Goal()


class SpiedVAE:
    """A linear VAE of pixels that remembers what its two networks were asked.

    `encode` and `decode` are what students receive; `x` (n, d), `mean` and `s` (n, k). The encoder
    leads away from s = 0, where all widths agree.
    """

    def __init__(self, rng: np.random.Generator, n: int, d: int, k: int, pixels: Pixels = PLAIN):
        self.x = torch.tensor(pixels.random(rng, (n, d), 0.4))
        shapes = {"to_mean": (d, k), "to_s": (d, k), "weights": (k, d)}
        self.parameters = {name: leaf(rng.normal(0, 0.5, size=v)) for name, v in shapes.items()}
        self.seen: list[Tensor] = []

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x)."""
        return x @ self.parameters["to_mean"], x @ self.parameters["to_s"] - 1

    def decode(self, z: Tensor) -> Tensor:
        """Logits of the pixels."""
        self.seen.append(z)
        return z @ self.parameters["weights"]

    def code(self) -> Tensor:
        """The one code for each picture that was decoded."""
        assert self.seen, "the loss: nothing was decoded"
        assert len(self.seen) == 1, "the loss: decode once, one code for each picture"
        shape = (len(self.x), self.parameters["to_s"].shape[1])
        as_numbers(numbers(self.seen[0]), shape, "the codes that you decode")
        return self.seen[0].detach()


def check_loss(
    vae_loss: Callable,
    rng: np.random.Generator,
    d: int = 12,
    k: int = 2,
    *,
    pixels: Pixels = PLAIN,
    width: str = "log-variance",
    goal: Goal = PUBLIC,
) -> None:
    """Compare loss, distortion and rate with those of the codes that were really decoded."""
    model, n = SpiedVAE(rng, 700, d, k, pixels), 700
    beta, seed = float(rng.uniform(2, 5)), int(rng.integers(2**30))
    given = {"x": model.x, "encode": model.encode, "decode": model.decode, "beta": beta}
    generator = torch.Generator().manual_seed(seed)
    answer = ask(vae_loss, "the loss", **given, generator=generator)
    first = "value" if goal.kind == "value" else "loss"
    parts = as_parts(answer, "the loss", f"({first}, distortion, rate)")
    z, (mean, s) = model.code(), model.encode(model.x)
    check_noise(z.numpy(), numbers(mean), numbers(s), "the codes that you decode", width=width)
    logits = (z @ model.parameters["weights"]).detach()
    distortion = pixels.price(model.x, logits).mean().item()
    hints = {
        PIXELS: distortion / d,
        "average over the examples, do not sum": distortion * n,
        "that is the expected log-likelihood; the distortion is minus that": -distortion,
    }
    if pixels != PLAIN:
        price = F.binary_cross_entropy_with_logits(logits, model.x, reduction="none")
        advice = "that is the price of pixels that are 0 or 1: read the task again"
        hints[advice] = price.sum(1).mean().item()
    compare(numbers(parts[1]), distortion, "the distortion", hints=hints, tol=FLOAT32)
    rates = _rates(mean, s, width).detach().numpy()
    rate, wrong = rates.sum(), kl_mistakes(numbers(mean), numbers(s), width)
    hints = {advice: value.mean() for advice, value in wrong.items()}
    hints |= {LATENTS: rate / k, "average over the examples": rate * n}
    compare(numbers(parts[2]), rate, "the rate", hints=hints, tol=FLOAT32)
    right, hints = goal.of(distortion, rates, beta), goal.mistakes(distortion, rates, beta)
    compare(numbers(parts[0]), right, f"the {first}", hints=hints, tol=FLOAT32)
    _check_gradient(parts[0], model, z, width, lambda *terms: goal.of(*terms, beta), pixels)


@peer
def _rates(mean: Tensor, s: Tensor, width: str) -> Tensor:
    """The rate of each latent variable, averaged over the examples, (k,)."""
    return kl_divergence(Normal(mean, torch.exp(WIDTHS[width] * s)), Normal(0.0, 1.0)).mean(0)


def _check_gradient(
    loss: Any, model: SpiedVAE, z: Tensor, width: str, goal: Callable, pixels: Pixels
) -> None:
    """Compare the gradient of the loss with that of the same noise."""
    leaves = list(model.parameters.values())
    found = gradients(loss, leaves, "the loss")
    mean, s = model.encode(model.x)
    sigma = torch.exp(WIDTHS[width] * s)
    logits = model.decode(mean + sigma * ((z - mean) / sigma).detach())
    right = goal(pixels.price(model.x, logits).mean(), _rates(mean, s, width))
    peers = torch.autograd.grad(right, leaves)
    for name, one, peer_ in zip(model.parameters, found, peers, strict=True):
        what = f"the gradient of the loss with respect to {name} (does it pass through z?)"
        compare(one, peer_.numpy(), what, tol=FLOAT32)
