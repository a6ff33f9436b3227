"""Fewer steps, and what happens along them: price, noise as a code, what is decided when."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.datasets.toy_plane import PlaneDensity
from lib.diffusion import Diffusion
from lib.digit_features import SAMPLES, classify_digits
from lib.metrics import nearest, precision_recall, sharpness
from lib.noise_schedule import NoiseSchedule
from lib.pca import PCA, fit_pca
from lib.vae_training import measure

GROUPS = {  # of principal directions of the digits, by falling variance
    "1 to 5": slice(0, 5),
    "6 to 15": slice(5, 15),
    "16 to 30": slice(15, 30),
    "31 to 55": slice(30, 55),
}
ETAS = {"DDIM": 0.0, "DDPM": 1.0}  # the share of DDPM's noise that a step adds


def to_pictures(x: Tensor, mean: float = 0.5, std: float = 0.5) -> np.ndarray:
    """Samples as grey values mean + std x, cut to [0, 1]; as they stand from [-1, 1] to [0, 1]."""
    return (mean + std * x).clamp(0, 1).numpy()


@dataclass(frozen=True, eq=False)
class Draw:
    """Samples (n, *shape) of one sampler, and the seconds that they took."""

    sampler: str
    steps: int
    samples: Tensor
    seconds: float

    @property
    def pictures(self) -> np.ndarray:
        """The samples as grey values in [0, 1]."""
        return to_pictures(self.samples)

    @cached_property
    def facts(self) -> dict[str, float]:
        """What `lib.vae_training.measure` says of digits."""
        return measure(self.pictures)


def quality_by_steps(
    model: Diffusion,
    steps: Sequence[int],
    generator: torch.Generator,
    *,
    samplers: Iterable[str] = tuple(ETAS),
    n: int = SAMPLES,
    chunk: int = 480,
) -> dict[tuple[str, int], Draw]:
    """Draw `n` samples by each of the samplers "DDIM", "DDPM" in each number of steps.

    Samples are drawn `chunk` at a time, which keeps the maps of a network in fast memory. The first
    chunk starts from the same noise x_T everywhere, so that its pictures can be compared one by
    one; DDPM's later chunks start from other noise, for its steps have used up some of it. Seconds
    are those at the pace of the quickest chunk: other work on the machine shows less.
    """
    start, found = generator.get_state(), {}
    sizes = [min(chunk, n - done) for done in range(0, n, chunk)]
    for name, k in product(samplers, steps):
        if name not in ETAS:
            raise ValueError(f"samplers are {tuple(ETAS)}, got {name!r}")
        generator.set_state(start)
        parts, paces = [], []
        for size in sizes:
            begin = time.perf_counter()
            parts.append(model.ddim(size, steps=k, eta=ETAS[name], generator=generator))
            paces.append((time.perf_counter() - begin) / size)
        found[name, k] = Draw(name, k, torch.cat(parts), n * min(paces))
    return found


def ddim_frechet(model: Diffusion, generator: torch.Generator, steps: int = 20) -> float:
    """Fréchet distance of digits drawn by DDIM."""
    draws = quality_by_steps(model, (steps,), generator, samplers=["DDIM"])
    return draws["DDIM", steps].facts["Fréchet"]


def slerp(a: Tensor, b: Tensor, shares: Sequence[float]) -> Tensor:
    """Noises on the arc from a to b (*shape each), (len(shares), *shape); 0 gives a, 1 gives b.

    Lengths of noise hardly vary; a straight line would pass through shorter ones. Source: Song,
    Meng and Ermon, 2021, appendix D.5.
    """
    if a.shape != b.shape:
        raise ValueError(f"two noises of one shape, got {tuple(a.shape)} and {tuple(b.shape)}")
    cosine = F.cosine_similarity(a.flatten(), b.flatten(), dim=0)
    angle = torch.arccos(cosine.clamp(-1, 1))
    if torch.sin(angle) < 1e-3:
        raise ValueError("the noises point the same way or opposite ways: there is no one arc")
    part = torch.as_tensor(shares, dtype=a.dtype).reshape(-1, *[1] * a.ndim)
    return (torch.sin((1 - part) * angle) * a + torch.sin(part * angle) * b) / torch.sin(angle)


class WithoutTime(nn.Module):
    """A network that is not told the step: whatever t is, it hears 0."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, xt: Tensor, t: Tensor, c: Tensor | None = None) -> Tensor:
        """What the network answers at t = 0."""
        still = torch.zeros_like(t)
        return self.network(xt, still) if c is None else self.network(xt, still, c)


def without_average(model: Diffusion) -> Diffusion:
    """A copy that draws with the last weights of the training instead of their running average."""
    bare = deepcopy(model)
    bare.averaged = None
    return bare


@torch.no_grad()
def noise_at_the_end(model: Diffusion, draw: Draw, generator: torch.Generator) -> Draw:
    """The classic slip: z is drawn at the last step too, with the variance that its beta has there.

    The last of k steps goes from some time t to 0; its beta is 1 - bar alpha_t.
    """
    last = model.times(draw.steps)[-2]
    spread = (1 - model.schedule.alpha_bar[last]).sqrt().item()
    z = torch.randn(draw.samples.shape, generator=generator, dtype=draw.samples.dtype)
    return Draw(draw.sampler, draw.steps, draw.samples + spread * z, draw.seconds)


@torch.no_grad()
def guesses_along(model: Diffusion, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Noisy x_t and guesses of x_0 at t = T .. 1, then the sample: two tensors (T + 1, n, ...)."""
    noisy, guesses = [], []
    steps = model.sample_steps(n, generator=generator)
    for t, x in zip(range(model.schedule.steps, -1, -1), steps, strict=True):
        noisy.append(x)
        guesses.append(model.denoise(x, t)[0] if t else x)
    return torch.stack(noisy), torch.stack(guesses)


def decided(
    guesses: Tensor, pca: PCA, groups: Mapping[str, slice] = GROUPS
) -> dict[str, np.ndarray]:
    """How much of the final digits, guesses[-1], each of the guesses (T + 1, n, 8, 8) knows.

    For each group of principal directions: the explained share of its variance over the n digits,
    at most 1. "class": the share of digits that the book's classifier takes for the same class.
    """
    kinds = classify_digits(to_pictures(guesses[-1]))
    scores = [pca.encode(guess.flatten(1).double().numpy()) for guess in guesses]
    found = {}
    for name, group in groups.items():
        end = scores[-1][:, group]
        whole = np.sum((end - end.mean(axis=0)) ** 2)
        found[name] = np.array([1 - np.sum((now[:, group] - end) ** 2) / whole for now in scores])
    same = [np.mean(classify_digits(to_pictures(guess)) == kinds) for guess in guesses]
    return found | {"class": np.array(same)}


def one_of_each(y: np.ndarray, times: int) -> np.ndarray:
    """Rows of a data set with classes y in turn: 0, 1, .., 0, 1, .., `times` of each class."""
    rows = [np.flatnonzero(y == kind)[:times] for kind in np.unique(y)]
    if min(map(len, rows)) < times:
        raise ValueError(f"the smallest class has {min(map(len, rows))} examples, not {times}")
    return np.ravel(np.transpose(rows))


def half_decided(shares: Mapping[str, np.ndarray]) -> dict[str, int]:
    """The step t, of T .. 0, from which on more than half is decided; shares are (T + 1,) each."""
    return {name: len(v) - 1 - int(np.argmax(v > 0.5)) for name, v in shares.items()}


def half_expected(
    schedule: NoiseSchedule, pca: PCA, groups: Mapping[str, slice] = GROUPS
) -> dict[str, int]:
    """The same for Gaussian data, from the mean variance of each group of directions alone."""
    return {name: half_known(schedule, pca.variances[g].mean()) for name, g in groups.items()}


def half_known(schedule: NoiseSchedule, variance: float) -> int:
    """The step at which half of a Gaussian number is known: where variance SNR(t) is 1."""
    return int((schedule.snr[1:] * variance - 1).abs().argmin()) + 1


def sliced_distance(a: np.ndarray, b: np.ndarray, directions: int = 50) -> float:
    """Root mean squared distance of two clouds (n, 2) seen from evenly spread directions.

    From one direction the points are numbers, and sorting pairs them in the cheapest way: this is
    the sliced Wasserstein distance.
    """
    if np.shape(a) != np.shape(b) or np.ndim(a) != 2 or np.shape(a)[1] != 2:
        raise ValueError(f"two clouds of one shape (n, 2), got {np.shape(a)} and {np.shape(b)}")
    angles = np.pi * np.arange(directions) / directions
    axes = np.stack([np.cos(angles), np.sin(angles)])  # (2, directions)
    return float(np.sqrt(np.mean((np.sort(a @ axes, 0) - np.sort(b @ axes, 0)) ** 2)))


def cloud_facts(
    density: PlaneDensity, samples: np.ndarray, fresh: np.ndarray, other: np.ndarray
) -> tuple[float, float]:
    """How samples (n, 2) compare with fresh draws of the true density, given two sets of these.

    Returns the mean log-density of the samples less that of `fresh`, in nats, and the sliced
    distance of the samples to `other`, divided by that of `fresh`.
    """
    gap = density.log_prob(samples).mean() - density.log_prob(fresh).mean()
    ratio = sliced_distance(samples, other) / sliced_distance(fresh, other)
    return float(gap), ratio


class FaceJudge:
    """Measures pictures (n, h, w) in [0, 1] against training pictures, in principal components.

    One Gaussian of the same components, the eigenface generator, is the baseline.
    """

    def __init__(self, x: np.ndarray, components: int = 40):
        self.x = np.asarray(x, dtype=float)
        self.pca: PCA = fit_pca(self.x.reshape(len(x), -1), components)
        self.real = self._scores(self.x)

    def measure(self, pictures: np.ndarray) -> dict[str, float]:
        """Precision, recall, mean sharpness, and median distance to the nearest training picture.

        Compare equal numbers of pictures only.
        """
        precision, recall = precision_recall(self.real, self._scores(pictures))
        return {
            "precision": precision,
            "recall": recall,
            "sharpness": float(sharpness(pictures).mean()),
            "nearest": float(np.median(nearest(pictures, self.x)[1])),
        }

    def eigenfaces(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws of the Gaussian, cut to [0, 1]."""
        return np.clip(self.pca.sample(n, rng), 0, 1).reshape(n, *self.x.shape[1:])

    def _scores(self, pictures: np.ndarray) -> np.ndarray:
        pictures = np.asarray(pictures, dtype=float)
        return self.pca.encode(pictures.reshape(len(pictures), -1))
