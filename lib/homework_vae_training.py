"""The visible tests of chapter 4's homework, task 7: a VAE that you train.

A training run is judged by its bound on new pictures, computed without sampling, beside the exact
log p(x).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lib.homework import as_numbers
from lib.homework_asking import as_parts, numbers
from lib.homework_vae import MEANING, SIGMA, WIDTHS, ask

#: How many nats the bound may stay below log p(x). Good runs stay 0.1 to 0.5 below, runs with a
#: mistake in the loss more than 2.
SLACK = 1.0
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(32)


@dataclass(frozen=True)
class Plan:
    """What the students' VAE is like.

    Parameters
    ----------
    width : str
        What the encoder's second output is, one of WIDTHS.
    prior_mean, prior_std : float
        The Gaussian prior of the code.
    learned : bool
        The noise is not known: the training returns its standard deviation as a third thing.
    """

    width: str = "log-variance"
    prior_mean: float = 0.0
    prior_std: float = 1.0
    learned: bool = False


PUBLIC = Plan()


class Curve:
    """Pictures of d pixels near a bent line: x = g(z) + noise, z ~ N(0, 1), all of it known."""

    std = 0.3

    def __init__(self, rng: np.random.Generator, d: int = 8):
        self.plane = np.linalg.qr(rng.normal(size=(d, d)))[0][:2]
        self.offset, self.bend = rng.normal(size=d), rng.uniform(1.0, 1.4)

    def mean(self, z: np.ndarray) -> np.ndarray:
        """The points g(z) of the line, (n,) -> (n, d)."""
        return self.offset + np.stack([2 * z, 1.5 * np.sin(self.bend * z)], axis=1) @ self.plane

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n pictures, (n, d)."""
        line = self.mean(rng.normal(size=n))
        return line + self.std * rng.normal(size=line.shape)

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """Exact log p(x) in nats, (n,): the integral over z as a sum on a fine grid."""
        z, step = np.linspace(-6, 6, 1201, retstep=True)
        distance = ((x[:, None] - self.mean(z)) ** 2).sum(axis=2) / self.std**2
        log_joint = -0.5 * (distance + z**2 + math.log(2 * math.pi))
        constant = x.shape[1] * math.log(2 * math.pi * self.std**2) / 2
        return np.logaddexp.reduce(log_joint, axis=1) + math.log(step) - constant


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Start PyTorch's global generator from `seed` for the length of a `with` block."""
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(torch.Generator().manual_seed(seed).get_state())
        yield


def check_training(train_toy: Callable, rng: np.random.Generator, plan: Plan = PUBLIC) -> None:
    """Train on 400 pictures; assert that the bound on 400 others comes close to log p(x)."""
    curve, seed = Curve(rng), int(rng.integers(2**30))
    if plan.learned:
        curve.std = float(rng.uniform(0.2, 0.4))
    train, test = (torch.tensor(curve.sample(400, rng), dtype=torch.float32) for _ in range(2))
    given = {"x": train, "k": 1} | ({} if plan.learned else {"std": curve.std})
    with seeded(seed):
        answer = ask(
            train_toy, "the training", **given, generator=torch.Generator().manual_seed(seed)
        )
    names = "(encode, decode, std)" if plan.learned else "(encode, decode)"
    encode, decode, *rest = as_parts(answer, "the training", names)
    both = callable(encode) and callable(decode)
    assert both, "the training: encode and decode are two functions"
    std, said = curve.std, ""
    if plan.learned:
        std = float(as_numbers(numbers(rest[0]), (), "the training, std"))
        assert std > 0, f"the training: std is {std:g}, and a standard deviation is positive"
        said = f"; std is {std:.3f}, the noise of the pictures has {curve.std:.3f}"
    bound, rate, aggregate = exact_bound(encode, decode, test, std, plan)
    gap = curve.log_prob(test.numpy().astype(float)).mean() - bound
    found = (
        f"the bound on new pictures is {gap:.2f} nats below log p(x), and {SLACK:g} is allowed; "
        f"the rate is {rate:.2f} nats, the codes' mean square around the prior's mean is "
        f"{aggregate:.2f} times the prior's variance{said}"
    )
    assert gap < SLACK, f"{found}. {_advice(rate, aggregate, plan)}"
    assert gap > -SLACK, f"{found}. That is above log p(x): the functions are not those of a VAE"


def _advice(rate: float, aggregate: float, plan: Plan) -> str:
    """What the two numbers say about a bad run; a good one has a rate of about 2.1 and a 1."""
    if plan != PUBLIC and (rate > 2.8 or not 0.5 < aggregate < 2):
        noise = "noise that you learn" if plan.learned else f"sigma = {SIGMA[plan.width]}"
        return (
            f"Read the task again: the prior is N({plan.prior_mean:g}, {plan.prior_std:g}^2), s is "
            f"{MEANING[plan.width]}, {noise}. Are all of them in your loss?"
        )
    if rate > 2.8:
        return "The rate is large: is the KL there, with the right sign and weight?"
    if rate < 1.5:
        return (
            "The rate is small: do you sum over the pixels, divide by 2 sigma^2, and draw noise of "
            f"scale {SIGMA[plan.width]}?"
        )
    if not 0.5 < aggregate < 2:
        return "The codes do not lie where the prior does: look at the KL."
    return "Train for longer, or with a larger network."


@torch.no_grad()
def exact_bound(
    encode: Callable, decode: Callable, x: Tensor, std: float, plan: Plan = PUBLIC
) -> tuple[float, float, float]:
    """Average bound, average rate, and the codes' mean square for one latent variable.

    The mean square is around the prior's mean and in units of its variance. The expectation over q
    is a sum over the nodes of Gauss-Hermite quadrature.
    """
    n, d = x.shape
    mean, s = as_parts(encode(x), "encode(x)", "(mean, s)")
    for value in (mean, s):
        as_numbers(numbers(value), (n, 1), "encode(x), the mean and s")
    sigma = torch.exp(WIDTHS[plan.width] * s)
    distortion = np.full(n, d / 2 * math.log(2 * math.pi * std**2))
    for node, weight in zip(NODES, WEIGHTS / WEIGHTS.sum(), strict=True):
        picture = as_numbers(numbers(decode(mean + sigma * node)), (n, d), "decode(z)")
        distortion += weight * ((numbers(x) - picture) ** 2).sum(axis=1) / (2 * std**2)
    ratio = (((mean - plan.prior_mean) ** 2 + sigma**2) / plan.prior_std**2).sum(1)
    rate = 0.5 * (ratio - 1 - 2 * torch.log(sigma / plan.prior_std).sum(1)).numpy()
    return float(-(distortion + rate).mean()), float(rate.mean()), float(ratio.mean())
