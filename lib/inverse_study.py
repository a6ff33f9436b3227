"""What the lesson on inverse problems measures: a toy with exact answers, and judges of answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import torch
from IPython.display import Markdown
from torch import Tensor, nn

from lib.diffusion import Diffusion
from lib.digit_features import classify_digits, digit_precision_recall
from lib.exact_denoiser import ExactDenoiser
from lib.inverse_diffusion import METHODS, answers
from lib.inverse_latent import latent_answers, usual_gap
from lib.inverse_pixels import pixel_answers
from lib.inverse_problems import (
    LinearMap,
    all_but_window,
    block_means,
    condition,
    draw,
    known_pixels,
)
from lib.metrics import sharpness
from lib.mixture import GaussianMixture
from lib.model import Trainable
from lib.noise_schedule import cosine_schedule
from lib.pixel import PixelModel
from lib.tables import table
from lib.vae import VAE

Ask = Callable[..., Tensor]  # a map, questions, a number of answers each, a generator
TOP = 16  # the highest level of a digit's pixel
WINDOW = 4  # side of the hidden window of a digit, in pixels


def plane_toy() -> GaussianMixture:
    """Three tilted Gaussians in the plane; asked for x_1, two or three of them can answer."""
    shapes = ((0.6, 0.15, 30), (0.5, 0.2, -50), (0.5, 0.15, 0))  # two widths, angle in degrees
    means = np.array([[-0.8, 1.1], [0.6, 0.0], [0.0, -1.3]])
    covariances = np.array([_tilted(*shape) for shape in shapes])
    return GaussianMixture(np.array([0.4, 0.35, 0.25]), means, covariances)


def _tilted(long: float, short: float, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, -s], [s, c]])
    return turn @ np.diag([long**2, short**2]) @ turn.T


def line_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Wasserstein distance W_1 of two sets of equally many numbers."""
    if len(a) != len(b):
        raise ValueError(f"sets of one size, got {len(a)} and {len(b)}")
    return float(np.mean(np.abs(np.sort(a) - np.sort(b))))


def line_answers(
    mixture: GaussianMixture,
    a: LinearMap,
    asked: Sequence[float],
    n: int,
    *,
    steps: int = 60,
    seed: int = 0,
) -> tuple[dict[float, GaussianMixture], dict[float, dict[str, np.ndarray]]]:
    """For each question x_1 = y: exact answers of a mixture in the plane, and x_2 (n,) of chains.

    Chains are those of every method, once and with five repeats, with the exact denoiser of the
    mixture; "exact chain" has that of the answers instead.
    """
    schedule = cosine_schedule(steps)

    def chain(of: GaussianMixture) -> Diffusion:
        return Diffusion(ExactDenoiser(of, schedule), (2,), schedule, target="x0")

    exact = {y: condition(mixture, a, torch.tensor([y])) for y in asked}
    found: dict[float, dict[str, np.ndarray]] = {y: {} for y in asked}
    ys = torch.tensor(asked, dtype=torch.float64).repeat_interleave(n)[:, None]
    for method, repeats in product(METHODS, (1, 5)):
        options = {"method": method, "repeats": repeats}
        g = torch.Generator().manual_seed(seed)
        done = answers(chain(mixture), a, ys, generator=g, **options)[:, 1].unflatten(0, (-1, n))
        for y, x in zip(asked, done.numpy(), strict=True):
            found[y][f"{method}, {repeats} x"] = x
    for y in asked:
        g = torch.Generator().manual_seed(seed)
        found[y]["exact chain"] = chain(exact[y]).sample(n, generator=g)[:, 1].double().numpy()
    return exact, found


def chain_distances(
    found: Mapping[float, Mapping[str, np.ndarray]], exact: Mapping[float, GaussianMixture]
) -> dict[str, float]:
    """Mean W_1 of each chain's answers to exact draws, over all questions."""
    gaps: dict[str, list[float]] = {}
    for y, by_chain in found.items():
        for name, x in by_chain.items():
            drawn = draw(exact[y], len(x), np.random.default_rng(0))[:, 1]
            gaps.setdefault(name, []).append(line_distance(x, drawn))
    return {name: float(np.mean(v)) for name, v in gaps.items()}


def digit_questions() -> dict[str, LinearMap]:
    """What is asked about a digit: its lower half, a window in its middle, its fine detail."""
    upper = torch.arange(8)[:, None].expand(8, 8) < 4
    at = (8 - WINDOW) // 2
    return {
        "lower half": known_pixels(upper),
        "window": known_pixels(all_but_window((8, 8), at, at, WINDOW)),
        "detail": block_means((8, 8)),
    }


class Regression(Trainable):
    """A network that answers a question y (n, M) with one picture, trained by squared error."""

    def __init__(self, net: nn.Module, shape: Sequence[int]):
        super().__init__()
        self.net, self.shape = net, tuple(shape)

    def forward(self, y: Tensor) -> Tensor:
        """The answer (n, *shape) to questions y (n, M)."""
        return self.net(y).unflatten(1, self.shape)

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Squared error, summed over pixels, of the answers to questions c for pictures x."""
        return {"loss": (self(c) - x).square().flatten(1).sum(1).mean()}


def judge(a: LinearMap, x: np.ndarray, kinds: np.ndarray, done: np.ndarray) -> dict[str, float]:
    """What several answers `done` (n, k, 8, 8) to questions about digits x (n, 8, 8) are like.

    "misfit": root mean square of A x-hat - y; "error": of x-hat - x, in grey values; "of the mean":
    the same for the mean of the k answers; "spread": deviation of a pixel among the answers;
    "class": share of answers that show the class of x; "precision": share that look like digits.
    """
    flat = np.clip(done.reshape(-1, *x.shape[1:]), 0, 1)
    y = a.ask(torch.as_tensor(x)).repeat_interleave(done.shape[1], 0)
    many = torch.as_tensor(done.reshape(-1, *x.shape[1:]), dtype=y.dtype)
    spread = float(np.sqrt(done.var(axis=1, ddof=1).mean())) if done.shape[1] > 1 else 0.0
    return {
        "misfit": float(a.misfit(many, y).square().mean().sqrt()),
        "error": rms(done - x[:, None]),
        "of the mean": rms(done.mean(axis=1) - x),
        "spread": spread,
        "class": float(np.mean(classify_digits(flat) == np.repeat(kinds, done.shape[1]))),
        "precision": digit_precision_recall(flat)[0],
    }


def rms(v: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(v))))


def averages(
    x: np.ndarray, done: np.ndarray, counts: Sequence[int]
) -> dict[int, tuple[float, float]]:
    """For means of k of the answers (n, K, 8, 8): squared error a picture, and their sharpness.

    The error is a mean over pictures, the sharpness a share of that of the originals x (n, 8, 8).
    """
    found, real = {}, sharpness(x).mean()
    for k in counts:
        groups = done.shape[1] // k
        means = done[:, : groups * k].reshape(len(x), groups, k, *x.shape[1:]).mean(axis=2)
        error = np.square(means - x[:, None]).reshape(len(x), groups, -1).sum(axis=2).mean()
        flat = np.clip(means.reshape(-1, *x.shape[1:]), 0, 1)
        found[k] = float(error), float(sharpness(flat).mean() / real)
    return found


def cross_table(found: Mapping[str, Mapping[str, Mapping[str, float]]], key: str) -> Markdown:
    """One number of what `judge` says: a row for each family, a column for each question.

    `found` maps questions to families to their numbers; shares are written in %.
    """
    form = "{:.0%}" if key in ("class", "precision") else "{:.3f}"
    families = dict.fromkeys(name for by_family in found.values() for name in by_family)
    rows = [[name, *(form.format(by[name][key]) for by in found.values())] for name in families]
    return table([key, *found], rows)


class Asker:
    """All families that answer a question about digits, each trained once.

    Parameters
    ----------
    diffusion, vae, pixels
        Models of digits in [-1, 1], in [0, 1], and of their levels 0 .. 16.
    mixture : GaussianMixture
        Of the 64 grey values in [0, 1].
    train : Tensor, shape (n, 8, 8)
        Digits that tell how far the VAE's pictures usually are from real ones.
    """

    def __init__(
        self,
        diffusion: Diffusion,
        vae: VAE,
        pixels: PixelModel,
        mixture: GaussianMixture,
        train: Tensor,
    ):
        self.diffusion, self.vae, self.pixels = diffusion, vae, pixels
        self.mixture, self.train = mixture, train

    def exact(self, a: LinearMap, y: Tensor, k: int, generator: torch.Generator) -> Tensor:
        """Draws of the mixture given y, exactly."""
        rng = np.random.default_rng(generator.initial_seed())
        drawn = [draw(condition(self.mixture, a, one), k, rng) for one in y.double()]
        return torch.tensor(np.array(drawn).reshape(-1, *a.shape))

    def latent(
        self, a: LinearMap, y: Tensor, k: int, generator: torch.Generator, **options: Any
    ) -> Tensor:
        """Pictures of codes from the VAE's p(z | y)."""
        options = {"width": usual_gap(self.vae, a, self.train)} | options
        return latent_answers(
            self.vae, a, y.repeat_interleave(k, 0), generator=generator, **options
        )

    def particles(
        self, a: LinearMap, y: Tensor, k: int, generator: torch.Generator, count: int = 16
    ) -> Tensor:
        """A particle filter of the pixel model, or plain drawing where the order allows it."""
        many, count = TOP * y.repeat_interleave(k, 0), 1 if _told_first(a) else count
        return pixel_answers(self.pixels, a, many, particles=count, generator=generator) / TOP

    def chains(
        self, a: LinearMap, y: Tensor, k: int, generator: torch.Generator, **options: Any
    ) -> Tensor:
        """Chains of the diffusion, held to y by the slope."""
        options = {"steps": 10, "repeats": 3} | options
        many = 2 * y.repeat_interleave(k, 0) - 1  # rows of A add up to 1: y changes scale as x does
        return (answers(self.diffusion, a, many, generator=generator, **options) + 1) / 2

    @property
    def thorough(self) -> dict[str, Ask]:
        """All families, as well as they can."""
        return {
            "class Gaussians": self.exact,
            "PixelCNN": self.particles,
            "VAE": self.latent,
            "diffusion": self.chains,
        }

    @property
    def hasty(self) -> dict[str, Ask]:
        """The three trained families, with fewer particles and steps."""
        return {
            "PixelCNN": partial(self.particles, count=8),
            "VAE": partial(self.latent, tries=1000, steps=40),
            "diffusion": partial(self.chains, repeats=2),
        }

    def everybody(
        self,
        a: LinearMap,
        x: np.ndarray,
        k: int,
        generator: torch.Generator,
        families: Mapping[str, Ask] | None = None,
    ) -> dict[str, np.ndarray]:
        """k answers of every family to what A tells of digits x (n, 8, 8): (n, k, 8, 8) each."""
        y, families = a.ask(torch.as_tensor(x)), families or self.thorough
        return {
            name: ask(a, y, k, generator).reshape(len(x), k, *a.shape).numpy()
            for name, ask in families.items()
        }


@dataclass(frozen=True, eq=False)
class Window:
    """Answers (n, k, 8, 8) of every family to digits x (n, 8, 8) with a window hidden, and `a`."""

    a: LinearMap
    x: np.ndarray
    done: dict[str, np.ndarray]

    def looks(self, family: str, n: int) -> list[int]:
        """What the book's classifier takes the answers to digit number n for."""
        return classify_digits(np.clip(self.done[family][n], 0, 1)).tolist()


def windows(
    asker: Asker, x: np.ndarray, k: int, generator: torch.Generator
) -> dict[tuple[int, int], Window]:
    """A window at every place (top, left) of digits x, and k hasty answers of three families."""
    found = {}
    for top, left in product(range(8 - WINDOW + 1), repeat=2):
        a = known_pixels(all_but_window((8, 8), top, left, WINDOW))
        found[top, left] = Window(a, x, asker.everybody(a, x, k, generator, asker.hasty))
    return found


def _told_first(a: LinearMap) -> bool:
    """Whether A tells single pixels that come before all others in raster order."""
    known = (a.matrix == 1).any(0)
    return bool(known[: a.kept].all())
