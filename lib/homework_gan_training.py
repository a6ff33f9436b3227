"""The visible tests of chapter 7's homework, task 8: a GAN that you train.

The trained generator is judged by its weights alone: its samples are held against the centres of
the data, which only the test knows.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor, nn

from lib.homework import as_numbers
from lib.homework_asking import numbers
from lib.homework_gan import AGAIN, ask
from lib.homework_vae_training import seeded

#: Least share of the samples that a mode needs, and of good ones, after training.
LEAST, GOOD = 0.1, 0.7
#: How far from its centre a good sample may lie, in standard deviations.
REACH = 3.0
MOMENTUM = "Adam's usual betas, (0.9, 0.999), are a common reason here: try (0.0, 0.99)"


class Clouds:
    """Points of the plane in three round clouds, the corners of a triangle turned at random.

    Parameters
    ----------
    rng : numpy.random.Generator
    shares : sequence of 3 floats, optional
        The share of each cloud, in any order; equal by default.
    noise : float
        Standard deviation of noise on every point drawn.
    """

    std = 0.3

    def __init__(self, rng: np.random.Generator, shares: Sequence[float] = (), noise: float = 0.0):
        angles = rng.uniform(0, 2 * np.pi) + 2 * np.pi / 3 * np.arange(3)
        corners = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        self.centres = corners + rng.uniform(-0.5, 0.5, size=2)
        self.shares = rng.permutation(shares) if len(shares) else None
        self.noise = noise

    def sample(self, n: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Points `x` (n, 2), and a `weight` (n,) for each if the clouds have unequal shares.

        Weights add up to 1; each cloud expects a third of them.
        """
        if self.shares is None:
            kind = rng.integers(3, size=n)
        else:
            kind = rng.choice(3, size=n, p=self.shares)
        x = self.centres[kind] + rng.normal(0, self.std, size=(n, 2))
        if self.noise:
            x = x + rng.normal(0, self.noise, size=(n, 2))
        found = {"x": torch.tensor(x, dtype=torch.float32)}
        if self.shares is not None:
            weight = 1 / self.shares[kind]
            found["weight"] = torch.tensor(weight / weight.sum(), dtype=torch.float32)
        return found


def player(rng: np.random.Generator, sizes: tuple[int, ...], slope: float) -> nn.Sequential:
    """A network with these widths and leaky ReLUs; its weights come from `rng`."""
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes):
        linear = nn.utils.skip_init(nn.Linear, a, b)
        with torch.no_grad():
            for weight in linear.parameters():
                bound = 1 / math.sqrt(a)
                weight.copy_(torch.tensor(rng.uniform(-bound, bound, size=tuple(weight.shape))))
        layers += [linear, nn.LeakyReLU(slope)]
    return nn.Sequential(*layers[:-1])


def check_gan(
    train_gan: Callable,
    rng: np.random.Generator,
    shares: Sequence[float] = (),
    noise: float = 0.0,
) -> None:
    """Train two networks on 1,000 points; assert that the samples cover the clouds.

    `shares` and `noise` are those of `Clouds`; noise is told to the function.
    """
    clouds, seed = Clouds(rng, shares, noise), int(rng.integers(2**30))
    g, d = player(rng, (2, 32, 32, 2), 0.0), player(rng, (2, 32, 32, 1), 0.2)
    before = copy.deepcopy(g), copy.deepcopy(d)
    with seeded(seed):
        ask(
            train_gan,
            "the training",
            g=g,
            d=d,
            **clouds.sample(1000, rng),
            **({"noise": noise} if noise else {}),
            generator=torch.Generator().manual_seed(seed),
        )
    for name, old, new in (("d", before[1], d), ("g", before[0], g)):
        pairs = zip(old.parameters(), new.parameters(), strict=True)
        assert not all(torch.equal(a, b) for a, b in pairs), (
            f"the training: `{name}` has not changed; train the network that you were given"
        )
    before[0].load_state_dict(g.state_dict())  # weights count, not what else was done to `g`
    with torch.no_grad():
        z = torch.tensor(rng.normal(size=(2000, 2)), dtype=torch.float32)
        points = as_numbers(numbers(before[0](z)), (2000, 2), "G(z) after the training")
    judge(points, clouds)


def judge(points: np.ndarray, clouds: Clouds) -> None:
    """Assert enough good samples in all, and in every cloud."""
    assert np.isfinite(points).all(), "the training: G(z) is not finite; try a smaller rate"
    far, nearest = cKDTree(clouds.centres).query(points)
    hits = np.bincount(nearest[far <= REACH * clouds.std], minlength=3) / len(points)
    list_ = ", ".join(f"{100 * share:.0f} %" for share in hits)
    found = (
        f"the training: the three clouds have {list_} of the samples as good ones; each needs "
        f"{100 * LEAST:.0f} %, all together {100 * GOOD:.0f} %."
    )
    assert hits.sum() > 0.02, (
        f"{found} G has not found the data: does its step lower -log D, through D, without "
        "detach, and does D call data real?"
    )
    _assert_rules(hits, clouds, found)
    assert hits.min() >= LEAST, f"{found} A cloud is missing: mode collapse. {MOMENTUM}."
    assert hits.sum() >= GOOD, f"{found} Train for longer, with fresh z in every step. {MOMENTUM}."


def _assert_rules(hits: np.ndarray, clouds: Clouds, found: str) -> None:
    """Notice who overlooks the weights or the noise of the data."""
    if clouds.shares is not None:
        order = np.argsort(clouds.shares)
        ignored = hits[order[-1]] > 2 / 3 * hits.sum() and hits.min() < LEAST
        assert not ignored, (
            f"{found} The largest cloud of the data has {100 * clouds.shares.max():.0f} % of the "
            f"points, and too many of your samples: {AGAIN} draw each example with its weight."
        )
    if clouds.noise:
        assert hits.sum() >= GOOD or hits.min() < LEAST, (
            f"{found} Clouds that are too wide have learnt the noise as well: {AGAIN} D sees "
            "measured samples, G makes clean ones."
        )
