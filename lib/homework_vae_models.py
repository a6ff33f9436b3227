"""The visible tests of chapter 4's homework, tasks 4 and 6: likelihoods, the loss, a better bound.

Right answers come from SciPy, from the codes that were really decoded, and from decimal numbers
that do not underflow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import torch
from scipy.stats import norm
from torch import Tensor
from torch.nn import functional as F

from lib.homework import as_numbers, compare
from lib.homework_asking import as_parts, numbers
from lib.homework_vae import ask, check_noise, each_example, gradients, kl_mistakes, leaf

PIXELS = (
    "sum over the pixels; a mean over pixels beside a sum over latents weighs the KL D times too "
    "much"
)
LATENTS = "sum over the latent variables; only the examples are averaged"
MINUS = "that is the bound; an optimiser minimises, so the loss is minus the bound"


def check_bernoulli(
    log_bernoulli: Callable, rng: np.random.Generator, n: int = 4, d: int = 6, scale: float = 2.0
) -> None:
    """Compare with NumPy's logaddexp; a large `scale` makes pixels certain."""
    x = (rng.uniform(size=(n, d)) < 0.5).astype(float)
    logits = rng.normal(0, scale, size=(n, d))
    what = f"log p(x | z) of {n} pictures with {d} black or white pixels"
    given = {"x": torch.tensor(x), "logits": torch.tensor(logits)}
    certain = "sigmoid rounds to 0 or 1 and log(0) is -inf; use F.logsigmoid or log(1 + exp(...))"
    answer = each_example(ask(log_bernoulli, what, **given), n, what, certain)
    assert np.isfinite(answer).all(), f"{what} is not finite: {certain}"
    pixels, p = -np.logaddexp(0, (1 - 2 * x) * logits), torch.sigmoid(given["logits"])
    right = pixels.sum(axis=1)
    hints = {
        PIXELS: right / d,
        "that is minus the log-likelihood": -right,
        "black pixels, x = 0, count too: they add log(1 - p)": (x * pixels).sum(axis=1),
        "white and black are exchanged: p is the probability of x = 1": (
            -np.logaddexp(0, (2 * x - 1) * logits).sum(axis=1)
        ),
        "that function stops at -100; give it logits, not probabilities": (
            -F.binary_cross_entropy(p, given["x"], reduction="none").sum(1).numpy()
        ),
    }
    compare(answer, right, what, hints=hints)


def check_gaussian(
    log_gaussian: Callable, rng: np.random.Generator, n: int = 4, d: int = 6, low: float = 0.2
) -> None:
    """Compare with SciPy's density; the standard deviation is between `low` and 4 `low`."""
    x, mean = rng.normal(size=(2, n, d))
    std = float(low * rng.uniform(1, 4))
    what = f"log p(x | z) of {n} pictures with {d} grey pixels"
    given = {"x": torch.tensor(x), "mean": torch.tensor(mean), "std": std}
    answer = each_example(ask(log_gaussian, what, **given), n, what)
    right = norm.logpdf(x, mean, std).sum(axis=1)
    squares, one = ((x - mean) ** 2).sum(axis=1), math.log(2 * math.pi * std**2)
    exponent = -squares / (2 * std**2)
    hints = {
        PIXELS: right / d,
        "that is minus the log-likelihood": -right,
        "the constant D/2 log(2 pi sigma^2) is missing": exponent,
        "every pixel has the constant; multiply it by D": exponent - one / 2,
        "D/2 log(2 pi) is missing": right + d / 2 * math.log(2 * math.pi),
        "D log sigma is missing": right + d * math.log(std),
        "half of each squared distance": right + exponent,
        "std is the standard deviation; square it": (
            norm.logpdf(x, mean, math.sqrt(std)).sum(axis=1)
        ),
        "the constant has log sigma^2 once, which is 2 log sigma": right - d * math.log(std),
    }
    compare(answer, right, what, hints=hints)


class SpiedVAE:
    """A linear VAE of black and white pixels that remembers what its two networks were asked.

    `encode` and `decode` are what students receive; `x` (n, d), `mean` and `s` (n, k).
    """

    def __init__(self, rng: np.random.Generator, n: int, d: int, k: int):
        self.x = torch.tensor((rng.uniform(size=(n, d)) < 0.4).astype(float))
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


def check_loss(vae_loss: Callable, rng: np.random.Generator, d: int = 12, k: int = 2) -> None:
    """Compare loss, distortion and rate with those of the codes that were really decoded."""
    model, n = SpiedVAE(rng, 700, d, k), 700
    beta, seed = float(rng.uniform(2, 5)), int(rng.integers(2**30))
    given = {"x": model.x, "encode": model.encode, "decode": model.decode, "beta": beta}
    generator = torch.Generator().manual_seed(seed)
    answer = ask(vae_loss, "the loss", **given, generator=generator)
    parts = as_parts(answer, "the loss", "(loss, distortion, rate)")
    z, (mean, s) = model.code(), model.encode(model.x)
    check_noise(z.numpy(), numbers(mean), numbers(s), "the codes that you decode")
    distortion = F.binary_cross_entropy_with_logits(
        z @ model.parameters["weights"], model.x, reduction="none"
    )
    right = {"distortion": distortion.detach().sum(1).mean().item()}
    hints = {
        PIXELS: right["distortion"] / d,
        "average over the examples, do not sum": right["distortion"] * n,
        "that is the expected log-likelihood; the distortion is minus that": -right["distortion"],
    }
    compare(numbers(parts[1]), right["distortion"], "the distortion", hints=hints)
    each = kl_mistakes(numbers(mean), numbers(s))
    right["rate"] = -each["the sign is wrong; a divergence is never negative"].mean()
    wrong = {advice: value.mean() for advice, value in each.items()}
    wrong |= {LATENTS: right["rate"] / k, "average over the examples": right["rate"] * n}
    compare(numbers(parts[2]), right["rate"], "the rate", hints=wrong)
    _check_total(parts[0], model, z, beta, right)


def _check_total(
    loss: Any, model: SpiedVAE, z: Tensor, beta: float, right: dict[str, float]
) -> None:
    """Compare the loss, and its gradient with that of the same noise."""
    distortion, rate = right.values()
    hints = {
        MINUS: -distortion - beta * rate,
        "the KL has the wrong sign; it is a price, so add it": distortion - beta * rate,
        "beta is missing": distortion + rate,
        "beta weighs the rate, not the distortion": beta * distortion + rate,
        "beta weighs the rate alone": beta * (distortion + rate),
    }
    compare(numbers(loss), distortion + beta * rate, "the loss", hints=hints)
    leaves = list(model.parameters.values())
    found = gradients(loss, leaves, "the loss")
    mean, s = model.encode(model.x)
    eps = ((z - mean) * torch.exp(-s / 2)).detach()
    logits = model.decode(mean + torch.exp(s / 2) * eps)
    ink = F.binary_cross_entropy_with_logits(logits, model.x, reduction="none").sum(1)
    kl = 0.5 * (torch.exp(s) + mean**2 - 1 - s).sum(1)
    peers = torch.autograd.grad((ink + beta * kl).mean(), leaves)
    for name, one, peer in zip(model.parameters, found, peers, strict=True):
        what = f"the gradient of the loss with respect to {name} (does it pass through z?)"
        compare(one, peer.numpy(), what)


def check_importance(
    iw_bound: Callable, rng: np.random.Generator, samples: int, n: int = 4, far: float = 0.0
) -> None:
    """Compare with sums of decimal numbers; `far` moves all logarithms where exp underflows."""
    log_q = rng.normal(-3, 1, size=(samples, n))
    log_joint = rng.normal(-8, 2, size=(samples, n)) - far
    what = f"the bound of {n} examples with S = {samples}"
    answer = ask(iw_bound, what, log_joint=log_joint, log_q=log_q)
    assert n == samples or np.shape(numbers(answer)) != (samples,), (
        f"{what}: the samples are the rows; average over axis 0"
    )
    answer = each_example(answer, n, what)
    under = "exp underflows to 0; subtract the largest logarithm first (logsumexp)"
    assert np.isfinite(answer).all(), f"{what} is not finite: {under}"
    ratio = log_joint - log_q
    right = log_mean(ratio)
    hints = {
        "log S is missing: average the ratios, do not add them": right + math.log(samples),
        "subtract log S, not S": right + math.log(samples) - samples,
        "that is the average of logarithms, the ELBO; take the logarithm of the average": (
            ratio.mean(axis=0)
        ),
        "divide by q: subtract log q": log_mean(log_joint + log_q),
        "the weights p(x, z) / q(z | x) need q": log_mean(log_joint),
        "that is the largest ratio; add all of them": ratio.max(axis=0),
        "divide each p(x, z_j) by its own q(z_j | x) before you average": (
            log_mean(log_joint) - log_mean(log_q)
        ),
        "that is minus the bound": -right,
    }
    compare(answer, right, what, hints=hints)


def log_mean(logarithms: np.ndarray) -> np.ndarray:
    """log of the mean of exp over the rows, (S, n) -> (n,), in decimal numbers: no underflow."""
    columns = [[Decimal(float(v)).exp() for v in column] for column in logarithms.T]
    return np.array([float((sum(column) / len(column)).ln()) for column in columns])
