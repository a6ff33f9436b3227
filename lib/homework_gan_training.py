"""The visible tests of chapter 7's homework, tasks 7 and 8: modes counted, a GAN that you train.

Modes are counted by SciPy's search tree. The trained generator is judged by its weights alone: its
samples are held against the centres of the data, which only the test knows.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor, nn

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_gan import ask
from lib.homework_vae_training import seeded

#: Least share of the samples that a mode needs, and of good ones, after training.
LEAST, GOOD = 0.1, 0.7
#: How far from its centre a good sample may lie, in standard deviations.
REACH = 3.0
MOMENTUM = "Adam's usual betas, (0.9, 0.999), are a common reason here: try (0.0, 0.99)"


@peer
def counted(
    points: np.ndarray, centres: np.ndarray, reach: float, least: float, **slips: bool
) -> tuple[int, float]:
    """Modes captured and the share of good samples, by a search tree.

    Slips: `any` counts far samples as well, `both` counts a sample for every centre in reach,
    `among` takes shares of the good samples alone, `more` wants more than `least`.
    """
    far, nearest = cKDTree(centres).query(points)
    good = far <= reach
    hits = np.bincount(nearest[good], minlength=len(centres)).astype(float)
    if slips.get("any"):
        hits = np.bincount(nearest, minlength=len(centres)).astype(float)
    if slips.get("both"):
        pairs = cKDTree(points).query_ball_point(centres, reach)
        hits = np.array([len(pair) for pair in pairs], dtype=float)
    share = hits / (max(good.sum(), 1) if slips.get("among") else len(points))
    found = share > least if slips.get("more") else share >= least
    return int(found.sum()), float(good.mean())


def crowd(rng: np.random.Generator, d: int, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """128 samples (128, d) and their centres, on which every mistake counts differently.

    Where eight good samples make a mode: one has eight, two have seven, one has three and nine
    strays, three have four beside a neighbour that shares some of its own, one has only strays.
    """
    kinds = [(14, 0)] * 2 + [(8, 0)] + [(7, 0)] * 2 + [(3, 9), (0, 7)]  # (good, strays)
    pairs = [(9, 0), (4, 0)] * 3
    hops = np.append(np.full(len(kinds), 12.0), np.tile([12.0, 1.2], 3))
    centres = np.zeros((len(hops), d))
    centres[:, 0] = reach * hops.cumsum()
    parts = []
    for at, (centre, (good, strays)) in enumerate(zip(centres, kinds + pairs, strict=True)):
        widest = 0.95 if at < len(kinds) else 0.55  # neighbours share only what they should
        near = np.concatenate([rng.uniform(0, widest, good), rng.uniform(1.1, 3, strays)])
        directions = rng.normal(size=(good + strays, d))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        parts.append(centre + reach * near[:, None] * directions)
    shared = centres[len(kinds) :: 2].repeat(5, axis=0)  # samples of a neighbour, in reach of two
    shared[:, 0] += 0.5 * reach
    points = np.concatenate([*parts, shared])
    far = np.full((128 - len(points), d), -20.0 * reach)
    far[:, 0] += 3 * reach * rng.uniform(-1, 1, size=len(far))
    points = np.concatenate([points, far])
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    shift = rng.normal(size=d)
    return rng.permutation(points @ turn + shift), rng.permutation(centres @ turn + shift)


def check_modes(
    modes_captured: Callable,
    rng: np.random.Generator,
    d: int = 2,
    reach: float = 1.5,
    least: float = 1 / 16,
) -> None:
    """Compare both numbers with a search tree."""
    points, centres = crowd(rng, d, reach)
    what = f"128 samples, {len(centres)} modes, reach {reach:g}, least {least:g}"
    given = {"points": points, "centres": centres, "reach": reach, "least": least}
    found = as_parts(ask(modes_captured, what, **given), what, "(modes, good)")
    right, squared = counted(**given), counted(points, centres, math.sqrt(reach), least)
    good = {
        "a share of all samples, not a number": right[1] * len(points),
        "those are the samples that are no good": 1 - right[1],
        "`reach` is a distance; do not compare it with its square": squared[1],
        "a sample is good near its nearest centre, whether or not that mode is captured": (
            _good_of_captured(**given)
        ),
    }
    compare(found[1], right[1], f"good: {what}", hints=good, tol=FLOAT32)
    mistakes = {
        "only good samples count for a mode; strays do not": counted(**given, any=True),
        "a sample belongs to its nearest centre alone": counted(**given, both=True),
        "`least` is a share of all samples, not of the good ones": counted(**given, among=True),
        "a mode with exactly the share `least` is captured": counted(**given, more=True),
        "one good sample does not make a mode; it needs the share `least`": (
            counted(points, centres, reach, 1e-9)
        ),
        "that is the number of modes there are": (len(centres),),
    }
    hints = {advice: pair[0] for advice, pair in mistakes.items() if pair[0] != right[0]}
    compare(found[0], right[0], f"modes: {what}", hints=hints)


def _good_of_captured(points: np.ndarray, centres: np.ndarray, reach: float, least: float) -> float:
    far, nearest = cKDTree(centres).query(points)
    shares = np.bincount(nearest[far <= reach], minlength=len(centres)) / len(points)
    return float(shares[shares >= least].sum())


class Clouds:
    """Points of the plane in three round clouds, the corners of a triangle turned at random."""

    std = 0.3

    def __init__(self, rng: np.random.Generator):
        angles = rng.uniform(0, 2 * np.pi) + 2 * np.pi / 3 * np.arange(3)
        corners = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        self.centres = corners + rng.uniform(-0.5, 0.5, size=2)

    def sample(self, n: int, rng: np.random.Generator) -> Tensor:
        """n points, (n, 2)."""
        x = self.centres[rng.integers(3, size=n)] + rng.normal(0, self.std, size=(n, 2))
        return torch.tensor(x, dtype=torch.float32)


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


def check_gan(train_gan: Callable, rng: np.random.Generator) -> None:
    """Train two networks on 1,000 points; assert that the samples cover the clouds."""
    clouds, seed = Clouds(rng), int(rng.integers(2**30))
    g, d = player(rng, (2, 32, 32, 2), 0.0), player(rng, (2, 32, 32, 1), 0.2)
    before = copy.deepcopy(g), copy.deepcopy(d)
    with seeded(seed):
        ask(
            train_gan,
            "the training",
            g=g,
            d=d,
            x=clouds.sample(1000, rng),
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
    assert hits.min() >= LEAST, f"{found} A cloud is missing: mode collapse. {MOMENTUM}."
    assert hits.sum() >= GOOD, f"{found} Train for longer, with fresh z in every step. {MOMENTUM}."
