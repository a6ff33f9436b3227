"""The critic of chapter 7's homework whose slopes are known, and what mistakes do to a penalty."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lib.homework_vae import leaf


class Parabola:
    """A critic d(x) = x' A x / 2 + b' x for examples of any shape; gradient (A + A') x / 2 + b."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, ...]):
        self.shape, d = tuple(shape), int(np.prod(shape))
        self.a = leaf(rng.normal(0, 1 / np.sqrt(d), size=(d, d)))
        self.b = leaf(rng.normal(0, 0.7, size=d))

    def __call__(self, x: Tensor) -> Tensor:
        """Scores (n, 1) of x (n, *shape)."""
        what = "what you give to `score`"
        assert isinstance(x, Tensor), f"{what}: a tensor, not a {type(x).__name__}"
        right = x.ndim == len(self.shape) + 1 and x.shape[1:] == self.shape
        shape = ", ".join(["N", *map(str, self.shape)])
        assert right, f"{what}: examples of shape ({shape}), not {tuple(x.shape)}"
        v = x.double().flatten(1)
        return (0.5 * ((v @ self.a) * v).sum(1) + v @ self.b)[:, None]

    def gradient(self, x: Tensor) -> Tensor:
        """The gradient (n, d) by the formula; it can be differentiated by a and b."""
        return x.flatten(1) @ (self.a + self.a.T) / 2 + self.b

    def slope(self, x: Tensor) -> Tensor:
        """Length (n,) of the gradient."""
        return self.gradient(x).norm(dim=1)


def off_one(slopes: Tensor) -> Tensor:
    """Mean squared distance of slopes from 1."""
    return (slopes - 1).square().mean()


def r1_mistakes(critic: Parabola, real: Tensor, fake: Tensor, mix: Tensor) -> dict[str, Tensor]:
    """What typical mistakes give for R1; `mix` are the points between data and samples."""
    n, at_data, at_mix = len(real), critic.slope(real), critic.slope(mix)
    return {
        "the factor 1/2 is missing": at_data.square().mean(),
        "square the slopes": at_data.mean() / 2,
        "average over the examples, do not sum": at_data.square().sum() / 2,
        "sum over the numbers of an example, average over the examples": (
            critic.gradient(real).square().mean() / 2
        ),
        "R1 is taken at the data, yours at the samples": critic.slope(fake).square().mean() / 2,
        "R1 is taken at the data, not between": at_mix.square().mean() / 2,
        "R1 pulls slopes to 0, not to 1": off_one(at_data) / 2,
        "derive the sum of the scores; their mean makes each slope N times too small": (
            (at_data / n).square().mean() / 2
        ),
        "the pair is (r1, gp); yours is turned round": off_one(at_mix),
    }


def mix_mistakes(
    critic: Parabola, real: Tensor, fake: Tensor, share: Tensor, mix: Tensor
) -> dict[str, Tensor]:
    """What typical mistakes give for the gradient penalty at the points `mix`."""
    n, at_data, at_mix = len(real), critic.slope(real), critic.slope(mix)
    other = real + fake - mix
    penalty = {
        "slopes should be 1, not 0": at_mix.square().mean(),
        "slopes are lengths; take the root before you take 1 away": off_one(at_mix.square()),
        "square the distance from 1": (at_mix - 1).mean(),
        "square the distance from 1; its size alone is not enough": (at_mix - 1).abs().mean(),
        "average over the examples, do not sum": (at_mix - 1).square().sum(),
        "each example has its own slope; yours is one length for the batch": (
            (critic.gradient(mix).norm() - 1).square()
        ),
        "no factor 1/2 here": off_one(at_mix) / 2,
        "the points lie at share * real + (1 - share) * fake; yours are exchanged": off_one(
            critic.slope(other)
        ),
        "the points lie between data and samples; yours are the data": off_one(at_data),
        "the points lie between data and samples; yours are the samples": off_one(
            critic.slope(fake)
        ),
        "slopes below 1 count as well": torch.relu(at_mix - 1).square().mean(),
        "derive the sum of the scores; their mean makes each slope N times too small": (
            off_one(at_mix / n)
        ),
        "each example has its own share; yours is the same for all": (
            off_one(critic.slope(share[0] * real + (1 - share[0]) * fake))
        ),
    }
    if real.shape[-1] == n:
        penalty["share has one entry for each example, not for each column: reshape it"] = off_one(
            critic.slope(share * real + (1 - share) * fake)
        )
    return penalty
