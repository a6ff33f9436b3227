"""The critic of chapter 7's homework whose slopes are known, and what mistakes do to a penalty."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lib.homework_asking import peer
from lib.homework_gan import AGAIN
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


@peer
def asked(
    kind: str, critic: Parabola, real: Tensor, fake: Tensor, share: Tensor, limit: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Both penalties, and the points between, by formulas of the parabola.

    `kind` "r1": R1, and the distance of slopes from 1. "r2": R2 at the samples, and what slopes are
    above `limit`; the share is that of the samples. "judged": slopes weighed by D's doubt, and the
    squares of slopes between.
    """
    parts = share.reshape(-1, *[1] * (real.ndim - 1))
    mix = real + parts * (fake - real) if kind == "r2" else fake + parts * (real - fake)
    slopes = critic.gradient(mix).norm(dim=1)
    if kind == "r1":
        return critic.slope(real).square().mean() / 2, off_one(slopes), mix
    if kind == "r2":
        return critic.slope(fake).square().mean() / 2, over(slopes, limit), mix
    doubt = torch.sigmoid(-critic(real)[:, 0]) * critic.slope(real)
    trust = torch.sigmoid(critic(fake)[:, 0]) * critic.slope(fake)
    return doubt.square().mean() + trust.square().mean(), slopes.square().mean(), mix


def over(slopes: Tensor, limit: float) -> Tensor:
    """Mean square of what slopes are above the limit."""
    return torch.relu(slopes - limit).square().mean()


def mistakes(
    kind: str,
    critic: Parabola,
    real: Tensor,
    fake: Tensor,
    share: Tensor,
    mix: Tensor,
    limit: float,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Advice -> what that mistake gives, for each of the two penalties."""
    if kind == "r1":
        return r1_mistakes(critic, real, fake, mix), mix_mistakes(critic, real, fake, share, mix)
    public = asked("r1", critic, real, fake, share, limit)
    if kind == "r2":
        first, second = r2_mistakes(critic, real, fake, share, mix, limit)
    else:
        first, second = judged_mistakes(critic, real, fake, mix)
    both = [f"{AGAIN} {text}" for text in ANOTHER[kind]]
    return {both[0]: public[0]} | first, {both[1]: public[1]} | second


#: What to say to who returns R1 and the penalty with the goal 1.
ANOTHER = {
    "r2": (
        "the first penalty is taken at the samples",
        "the share is that of the samples, and slopes below the limit are free",
    ),
    "judged": (
        "each slope is weighed by D, at data and at samples",
        "slopes between should be 0, not 1",
    ),
}


def r2_mistakes(
    critic: Parabola, real: Tensor, fake: Tensor, share: Tensor, mix: Tensor, limit: float
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What typical mistakes give for R2, and for slopes above a limit."""
    at_fake, at_mix, other = critic.slope(fake), critic.slope(mix), real + fake - mix
    return {
        "the factor 1/2 is missing": at_fake.square().mean(),
        "square the slopes": at_fake.mean() / 2,
        "average over the examples, do not sum": at_fake.square().sum() / 2,
        "sum over the numbers of an example, average over the examples": (
            critic.gradient(fake).square().mean() / 2
        ),
        "it is taken at the samples, not between": at_mix.square().mean() / 2,
        "the pair is (r2, lp); yours is turned round": over(at_mix, limit),
    }, {
        "slopes below the limit are free": (at_mix - limit).square().mean(),
        f"the limit is {limit:g}, not 1": over(at_mix, 1),
        "share is that of the samples: (1 - share) * real + share * fake": (
            over(critic.slope(other), limit)
        ),
        "square what is above the limit": torch.relu(at_mix - limit).mean(),
        "average over the examples, do not sum": torch.relu(at_mix - limit).square().sum(),
        "slopes are lengths; take the root before you compare": over(at_mix.square(), limit),
        "no factor 1/2 here": over(at_mix, limit) / 2,
        "each example has its own share; yours is the same for all": over(
            critic.slope(real + share[0] * (fake - real)), limit
        ),
    }


def judged_mistakes(
    critic: Parabola, real: Tensor, fake: Tensor, mix: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What typical mistakes give for slopes weighed by D, and for the squares of slopes between."""
    at_data, at_fake, at_mix = (critic.slope(v) for v in (real, fake, mix))
    p, q = (torch.sigmoid(critic(v)[:, 0]) for v in (real, fake))
    other = critic.slope(real + fake - mix)

    def both(on_data: Tensor, on_fake: Tensor) -> Tensor:
        return (on_data * at_data.square()).mean() + (on_fake * at_fake.square()).mean()

    return {
        "data weigh (1 - D)^2, samples D^2; yours are exchanged": both(p**2, (1 - q) ** 2),
        "square the weights as well": both(1 - p, q),
        "the weights are missing": both(torch.ones_like(p), torch.ones_like(q)),
        "the samples are missing": ((1 - p) * at_data).square().mean(),
        "the data are missing": (q * at_fake).square().mean(),
        "no factor 1/2 here": both((1 - p) ** 2, q**2) / 2,
        "average over the examples, do not sum": both((1 - p) ** 2, q**2) * len(real),
        "square the slopes": ((1 - p) ** 2 * at_data).mean() + (q**2 * at_fake).mean(),
    }, {
        "square the slopes": at_mix.mean(),
        "no factor 1/2 here": at_mix.square().mean() / 2,
        "the points lie at share * real + (1 - share) * fake; yours are exchanged": (
            other.square().mean()
        ),
        "the points lie between data and samples; yours are the data": at_data.square().mean(),
        "the points lie between data and samples; yours are the samples": at_fake.square().mean(),
        "average over the examples, do not sum": at_mix.square().sum(),
    }


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
