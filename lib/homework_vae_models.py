"""The visible tests of chapter 4's homework, task 4: likelihoods, and the loss of a batch.

Right answers come from SciPy, and from the codes that were really decoded.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import comb
from scipy.stats import norm
from torch import Tensor
from torch.nn import functional as F

from lib.homework import compare
from lib.homework_asking import FLOAT32, numbers, peer
from lib.homework_vae import ask, each_example

PIXELS = (
    "sum over the pixels; a mean over pixels beside a sum over latents weighs the KL D times too "
    "much"
)


#: What the Gaussian's third argument may be -> the standard deviation that it stands for.
SPREADS = {
    "std": lambda v: v,
    "variance": np.sqrt,
    "precision": lambda v: 1 / np.sqrt(v),
    "log_std": np.exp,
    "log_variance": lambda v: np.exp(v / 2),
    "log_precision": lambda v: np.exp(-v / 2),
}


@dataclass(frozen=True)
class Pixels:
    """How a pixel and its logit are to be read.

    Parameters
    ----------
    levels : int
        The pixel counts the successes of so many coin tosses, 0 .. levels.
    signed : bool
        White is 1 and black is -1, not 0.
    factor : float
        The log odds of white are the logit times this.
    """

    levels: int = 1
    signed: bool = False
    factor: float = 1.0

    def random(self, rng: np.random.Generator, shape: tuple[int, int], ink: float) -> np.ndarray:
        """Random pixels of this kind."""
        tosses = rng.uniform(size=(self.levels, *shape)) < ink
        return 2.0 * tosses[0] - 1 if self.signed else tosses.sum(axis=0) * 1.0

    @peer
    def log_prob(self, x: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """log p(x | z) of every pixel."""
        white = (x + 1) / 2 if self.signed else x
        odds, ways = self.factor * logits, np.log(comb(self.levels, white))
        return ways - white * np.logaddexp(0, -odds) - (self.levels - white) * np.logaddexp(0, odds)

    @peer
    def price(self, x: Tensor, logits: Tensor) -> Tensor:
        """-log p(x | z) of every picture, with gradients."""
        white, odds = (x + 1) / 2 if self.signed else x, self.factor * logits
        ways = torch.tensor(np.log(comb(self.levels, numbers(white))))
        each = F.binary_cross_entropy_with_logits(odds, white / self.levels, reduction="none")
        return (self.levels * each - ways).sum(1)


PLAIN = Pixels()


def check_bernoulli(
    log_bernoulli: Callable,
    rng: np.random.Generator,
    n: int = 4,
    d: int = 6,
    scale: float = 2.0,
    pixels: Pixels = PLAIN,
) -> None:
    """Compare with NumPy's logaddexp; a large `scale` makes pixels certain."""
    x, logits = pixels.random(rng, (n, d), 0.5), rng.normal(0, scale, size=(n, d))
    grey = pixels.levels > 1
    what = f"log p(x | z) of {n} pictures with {d} {'grey' if grey else 'black or white'} pixels"
    given = {"x": torch.tensor(x), "logits": torch.tensor(logits)}
    certain = "sigmoid rounds to 0 or 1 and log(0) is -inf; use F.logsigmoid or log(1 + exp(...))"
    answer = each_example(ask(log_bernoulli, what, **given), n, what, certain)
    assert np.isfinite(answer).all(), f"{what} is not finite: {certain}"
    right = pixels.log_prob(x, logits).sum(axis=1)
    hints = _pixel_mistakes(x, logits, pixels, right)
    compare(answer, right, what, hints=hints, tol=FLOAT32)


@peer
def _pixel_mistakes(
    x: np.ndarray, logits: np.ndarray, pixels: Pixels, right: np.ndarray
) -> dict[str, np.ndarray]:
    """What typical mistakes give for the log-probability of black and white or grey pixels."""
    each, p = pixels.log_prob(x, logits), torch.sigmoid(pixels.factor * torch.tensor(logits))
    hints = {PIXELS: right / x.shape[1], "that is minus the log-likelihood": -right}
    public = -(F.softplus(torch.tensor(logits)) - torch.tensor(x * logits)).sum(1).numpy()
    if pixels.signed:
        hints["black is -1 here, not 0: read the task again"] = public
        other = Pixels(signed=True).log_prob(x, logits).sum(axis=1)
        hints["the decoder's number is not the log odds of white: read the task again"] = other
    if pixels.levels > 1:
        ways = np.log(comb(pixels.levels, x)).sum(axis=1)
        hints["a pixel is a number of successes, not one coin: read the task again"] = public
        hints["count the ways to get x successes, log C(n, x)"] = right - ways
    if pixels == PLAIN:
        hints |= {
            "black pixels, x = 0, count too: they add log(1 - p)": (x * each).sum(axis=1),
            "that function stops at -100; give it logits, not probabilities": (
                -F.binary_cross_entropy(p, torch.tensor(x), reduction="none").sum(1).numpy()
            ),
        }
    white = "white and black are exchanged: p is the probability of x = 1"
    return hints | {white: pixels.log_prob(x, -logits).sum(axis=1)}


def check_gaussian(
    log_gaussian: Callable,
    rng: np.random.Generator,
    n: int = 4,
    d: int = 6,
    low: float = 0.2,
    *,
    spread: str = "std",
    of_pixels: bool = False,
) -> None:
    """Compare with SciPy's density; the standard deviation is between `low` and 4 `low`.

    `spread` is what the third argument is; with `of_pixels` it is one for each pixel, (n, d).
    """
    x, mean = rng.normal(size=(2, n, d))
    std = low * rng.uniform(1, 4, size=(n, d) if of_pixels else ())
    value = _inverse(spread, std)
    what = f"log p(x | z) of {n} pictures with {d} grey pixels"
    third = torch.tensor(value) if of_pixels else float(value)
    given = {"x": torch.tensor(x), "mean": torch.tensor(mean), spread: third}
    answer = each_example(ask(log_gaussian, what, **given), n, what)
    right = norm.logpdf(x, mean, std).sum(axis=1)
    hints = _gaussian_mistakes(x - mean, np.broadcast_to(std, x.shape), right)
    for name, read in SPREADS.items():
        if name != spread:
            advice = f"{spread} is the {called(spread)}, not the {called(name)}"
            taken = value if name.startswith("log_") else np.abs(value)
            with np.errstate(all="ignore"):
                hints[advice] = norm.logpdf(x, mean, read(taken)).sum(axis=1)
    compare(answer, right, what, hints=hints, tol=FLOAT32)


def called(spread: str) -> str:
    """The name of a spread in words."""
    return spread.replace("std", "standard deviation").replace("log_", "logarithm of the ")


def _inverse(spread: str, std: np.ndarray) -> np.ndarray:
    """The third argument of this kind that stands for a standard deviation."""
    power = {"std": 1, "variance": 2, "precision": -2}[spread.removeprefix("log_")]
    return power * np.log(std) if spread.startswith("log_") else std**power


@peer
def _gaussian_mistakes(
    gap: np.ndarray, std: np.ndarray, right: np.ndarray
) -> dict[str, np.ndarray]:
    """What typical mistakes give for the log-density of Gaussian pixels, (n,) each."""
    d, one = gap.shape[1], math.log(2 * math.pi)
    exponent, log_std = -0.5 * (gap**2 / std**2).sum(axis=1), np.log(std).sum(axis=1)
    return {
        PIXELS: right / d,
        "that is minus the log-likelihood": -right,
        "the constant D/2 log(2 pi sigma^2) is missing": exponent,
        "every pixel has the constant; multiply it by D": exponent - one / 2 - log_std / d,
        "D/2 log(2 pi) is missing": right + d / 2 * one,
        "log sigma of every pixel is missing": right + log_std,
        "half of each squared distance": right + exponent,
        "the constant has log sigma^2 once, which is 2 log sigma": right - log_std,
    }
