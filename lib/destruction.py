"""What a diffusion's noise leaves of the data: exact densities, information, chains that slip.

`kept` is bar alpha_t throughout: the share of the variance of x_t that still comes from the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.fft import dctn
from torch import Tensor

from lib.datasets.toys import Mixture
from lib.divergence import kl_integral
from lib.gaussian import kl_to_standard_normal
from lib.noise_schedule import NoiseSchedule
from lib.pca import PCA

TAIL = 12.0  # a Gaussian holds nothing that counts farther out than so many deviations

Factor = Callable[[float], float]
#: How a step may treat x and the noise, as factors that depend on beta; only the first is right.
RULES: dict[str, tuple[Factor, Factor]] = {
    "√(1−β) x + √β ε": (lambda b: (1 - b) ** 0.5, lambda b: b**0.5),
    "x + √β ε": (lambda b: 1.0, lambda b: b**0.5),
    "(1−β) x + √β ε": (lambda b: 1 - b, lambda b: b**0.5),
    "(1−β) x + β ε": (lambda b: 1 - b, lambda b: b),
}


def run_chain(
    schedule: NoiseSchedule,
    x0: Tensor,
    generator: torch.Generator,
    rule: tuple[Factor, Factor] | None = None,
) -> Iterator[Tensor]:
    """x_0, x_1, ..., x_T, each step with fresh noise; by another of `RULES` if one is given."""
    x = x0
    yield x
    for t in range(1, schedule.steps + 1):
        eps = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        if rule is None:
            x = schedule.step(x, t, eps)
        else:
            beta = schedule.beta[t].item()
            x = rule[0](beta) * x + rule[1](beta) * eps
        yield x


def in_standard_errors(a: Tensor, b: Tensor) -> Tensor:
    """Differences of two sets (n, ...) of Gaussian draws: means and log variances, (2, ...).

    Each is divided by its standard error, so that numbers beyond 5 are no accident.
    """
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(f"need two sets of one size, 2 or more, got {len(a)} and {len(b)}")
    means = (a.mean(0) - b.mean(0)) / ((a.var(0) + b.var(0)) / len(a)).sqrt()
    return torch.stack([means, (a.var(0) / b.var(0)).log() / (4 / (len(a) - 1)) ** 0.5])


# ------------------------------------------------------------------------- densities on the line


def standardised(mixture: Mixture) -> Mixture:
    """The mixture of the numbers (x - mean) / deviation: mean 0 and variance 1."""
    mean = mixture.weights @ mixture.means
    variance = mixture.weights @ (mixture.stds**2 + (mixture.means - mean) ** 2)
    scale = variance**-0.5
    return Mixture(mixture.weights, scale * (mixture.means - mean), scale * mixture.stds)


def melted(mixture: Mixture, kept: float) -> Mixture:
    """The exact density of x_t if x_0 comes from `mixture`: every component stays Gaussian."""
    _check_share(kept)
    stds = np.sqrt(kept * mixture.stds**2 + 1 - kept)
    return Mixture(mixture.weights, np.sqrt(kept) * mixture.means, stds)


def nats_from_normal(mixture: Mixture) -> float:
    """KL(mixture || N(0, 1)) in nats, by adaptive quadrature."""
    normal = Mixture([1.0], [0.0], [1.0])
    low = np.min(mixture.means - TAIL * mixture.stds)
    high = np.max(mixture.means + TAIL * mixture.stds)
    return kl_integral(mixture.log_prob, normal.log_prob, float(low), float(high))


# ----------------------------------------------------------------------- information in pictures


def nats_left(x0: Tensor, kept: float) -> float:
    """Mean of KL(q(x_t | x_0) || N(0, I)) over examples (n, ...), in nats per example.

    Because KL is convex, that is at least KL(q(x_t) || N(0, I)), whatever the data.
    """
    _check_share(kept)
    mean = (kept**0.5 * x0.double()).flatten(1)
    log_var = torch.tensor(np.log1p(-kept)).expand(mean.shape)
    return kl_to_standard_normal(mean, log_var).mean().item()


def which_example(xt: Tensor, examples: Tensor, kept: float) -> Tensor:
    """P(x_0 is example j | x_t) for points (n, ...) and equally likely examples (N, ...): (n, N).

    Bayes' rule with the leap's Gaussian N(x_t; sqrt(kept) x_0, (1 - kept) I).
    """
    _check_share(kept)
    apart = torch.cdist(xt.flatten(1), kept**0.5 * examples.flatten(1))
    return torch.softmax(-(apart**2) / (2 * (1 - kept)), dim=1)


def group_of(shares: Tensor, groups: Tensor) -> Tensor:
    """The group (n,) that holds most of the probability `shares` (n, N) of its members (N,)."""
    sums = shares.new_zeros(len(shares), int(groups.max()) + 1)
    return sums.index_add_(1, groups, shares).argmax(1)


def which_level(xt: Tensor, levels: Tensor, frequency: Tensor, kept: float) -> Tensor:
    """The most probable level number of each entry of x_t on its own, given how frequent each is.

    `levels` and `frequency` are (L,); the answer has the shape of x_t. Source: Bayes' rule.
    """
    _check_share(kept)
    apart = xt[..., None] - kept**0.5 * levels
    return (-(apart**2) / (2 * (1 - kept)) + torch.log(frequency)).argmax(-1)


@dataclass(frozen=True)
class Survival:
    """How much of each kind of knowledge x_t still allows: shares of right answers, by bar alpha.

    `levels`: the grey level of a single pixel. `example`: which of the training pictures it was.
    `group`: the class of a held-out picture, judged by the training pictures.
    """

    kept: list[float]
    levels: list[float]
    example: list[float]
    group: list[float]


def survival(
    x: Tensor, y: Tensor, new: Tensor, new_y: Tensor, kept: list[float], generator: torch.Generator
) -> Survival:
    """Measure `Survival` for pictures x (n, h, w) of 17 levels in [-1, 1] with classes y (n,)."""
    values, counts = x.unique(return_counts=True)
    rows = []
    for share in kept:
        new_t, group = read(x, y, new, new_y, share, generator)
        level = values[which_level(new_t, values, counts / counts.sum(), share)]
        example = which_example(noisy(x, share, generator), x, share).argmax(1)
        right = level == new, example == torch.arange(len(x))
        rows.append([*(r.float().mean().item() for r in right), group])
    return Survival(kept, *map(list, zip(*rows, strict=True)))


def read(
    x: Tensor, y: Tensor, new: Tensor, new_y: Tensor, kept: float, generator: torch.Generator
) -> tuple[Tensor, float]:
    """Noisy versions of `new` (n, ...), and the share of them whose class is still read off.

    The judge knows examples x (N, ...) with classes y (N,) and uses Bayes' rule.
    """
    new_t = noisy(new, kept, generator)
    right = group_of(which_example(new_t, x, kept), y) == new_y
    return new_t, right.float().mean().item()


def scales_lost(
    x: Tensor,
    groupings: Mapping[str, np.ndarray],
    kept: list[float],
    generator: torch.Generator,
    judged: int = 1000,
) -> dict[str, float]:
    """log SNR, in nats, at which half of the knowledge about each grouping (n,) of x is lost.

    The first `judged` points are judged by the others. Groups are equally frequent.
    """
    new, old = x[:judged], x[judged:]
    groups = {name: torch.as_tensor(g).long() for name, g in groupings.items()}
    right = {name: [] for name in groups}
    for share in kept:
        shares = which_example(noisy(new, share, generator), old, share)
        for name, g in groups.items():
            right[name].append((group_of(shares, g[judged:]) == g[:judged]).float().mean().item())
    return {n: half_lost(kept, v, 1 / len(groups[n].unique())) for n, v in right.items()}


def half_lost(kept: list[float], right: list[float], chance: float) -> float:
    """log SNR, in nats, at which the share of right answers is half-way down to chance."""
    middle = (1 + chance) / 2
    below = next((k for k, share in enumerate(right) if share < middle), 0)
    if below == 0:
        raise ValueError("the answers must start above half-way to chance and end below it")
    at = np.log(kept) - np.log1p(-np.array(kept))
    step = (right[below - 1] - middle) / (right[below - 1] - right[below])
    return float(at[below - 1] + step * (at[below] - at[below - 1]))


def noisy(x: Tensor, kept: float, generator: torch.Generator) -> Tensor:
    """The leap: sqrt(kept) x + sqrt(1 - kept) eps, with fresh noise."""
    eps = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    return kept**0.5 * x + (1 - kept) ** 0.5 * eps


# ------------------------------------------------------------------------------------ directions


def linear_guess(pca: PCA, xt: np.ndarray, kept: float) -> np.ndarray:
    """The best guess of x_0 that is linear in x_t (n, D): each direction shrunk by its own SNR.

    `pca` holds all directions of the data. Source: Wiener, 1949.
    """
    _check_share(kept)
    signal = kept * pca.variances
    scores = (xt - kept**0.5 * pca.mean) @ pca.components
    return pca.mean + (scores * signal / (signal + 1 - kept)) @ pca.components.T / kept**0.5


def frequency_variances(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Waves across the picture, 0.5, 1.5, ..., and the mean variance of a coefficient so fast.

    `pictures` (n, h, h) are expanded in cosines (orthonormal DCT-II); coefficient (i, j) makes
    sqrt(i^2 + j^2) / 2 waves, and each band is half a wave wide.
    """
    side = pictures.shape[-1]
    if pictures.ndim != 3 or pictures.shape[1] != side:
        raise ValueError(f"need square pictures (n, h, h), got shape {pictures.shape}")
    variance = dctn(pictures - pictures.mean(0), axes=(1, 2), norm="ortho").var(axis=0)
    band = np.round(np.hypot(*np.indices((side, side)))).astype(int).ravel()
    sums, counts = np.bincount(band, variance.ravel()), np.bincount(band)
    return np.arange(len(counts))[:side] / 2, (sums / counts)[:side]


def _check_share(kept: float) -> None:
    if not 0 < kept < 1:
        raise ValueError(f"bar alpha is a share of variance, above 0 and below 1, got {kept}")
