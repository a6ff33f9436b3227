"""The same small game from several starts at once, plain and with one remedy at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from lib.datasets.toy_plane import Gaussians
from lib.gan import GAN
from lib.gan_crowd import Crowd, crowd, crowd_spectral_norm, hands
from lib.gan_losses import GAMES
from lib.gan_modes import Captured, captured
from lib.gan_nets import MLPDiscriminator, MLPGenerator
from lib.train import fit

#: What each remedy changes in the plain game; `spectral` goes to the network, the rest to `GAN`.
REMEDIES: dict[str, dict[str, Any]] = {
    "plain": {},
    "saturating loss": {"game": "saturating"},
    "least squares": {"game": "least squares"},
    "hinge": {"game": "hinge"},
    "WGAN, clipped": {"game": "wasserstein", "clip": 0.1},
    "WGAN, gradient penalty": {"game": "wasserstein", "penalty": "gradient", "weight": 0.1},
    "R1": {"penalty": "r1", "weight": 0.1},
    "spectral norm": {"spectral": True},
    "smoothed labels": {"smooth": 0.9},
    "D learns 4 times faster": {"d_rate": 4.0},
    "running average": {"average": 0.99},
}
#: Adam's decay rates; only the first, its momentum, differs.
MOMENTUM = {"momentum 0.9": (0.9, 0.99), "no momentum": (0.0, 0.99)}


@dataclass(frozen=True)
class Film:
    """What was seen of a crowd of m at some steps: lists with one entry a frame.

    `samples` (m, n, 2) of the same latents; `scores` (m, g, g) on an even grid of the square
    [-limit, limit]^2, second coordinate down the rows; `losses` (m, 2) of D and of G.
    """

    limit: float
    steps: list[int] = field(default_factory=list)
    samples: list[np.ndarray] = field(default_factory=list)
    scores: list[np.ndarray] = field(default_factory=list)
    losses: list[np.ndarray] = field(default_factory=list)


class FilmedGAN(GAN):
    """A GAN of two crowds that is watched every `every` steps of G, and otherwise the same."""

    def __init__(self, g: Crowd, d: Crowd, k: int, *, every: int, watch: Tensor, **options):
        super().__init__(g, d, k, **options)
        self.every, self.watch, self.step = every, watch, 0
        self.film = Film(1.45 * float(watch.abs().max()))
        self.z = torch.randn(500, k, generator=torch.Generator().manual_seed(0))

    def optimizers(self, lr: float) -> dict[str, Optimizer]:
        """Those of `GAN`; a look follows every `every`-th step of G."""
        found = super().optimizers(lr)
        found["g_loss"].register_step_post_hook(lambda *_: self._look())
        return found

    @torch.no_grad()
    def _look(self) -> None:
        self.step += 1
        if self.step != 1 and self.step % self.every:
            return
        fake = self.g.each(self.z)  # (m, n, 2)
        side = torch.linspace(-self.film.limit, self.film.limit, 48)
        rows, columns = torch.meshgrid(side, side, indexing="ij")
        board = self.d.each(torch.stack([columns, rows], 2).flatten(0, 1))
        scores = [self.d.each(self.watch), self.d.net(fake)]  # (m, n, 1) each
        game = GAMES[self.game]
        losses = [
            [game.discriminator(real, drawn).item(), game.generator(drawn).item()]
            for real, drawn in zip(*scores, strict=True)
        ]
        self.film.steps.append(self.step)
        self.film.samples.append(fake.numpy())
        self.film.scores.append(board.unflatten(1, (48, 48)).squeeze(-1).numpy())
        self.film.losses.append(np.array(losses))


@dataclass(frozen=True)
class Outcome:
    """A trained crowd, and what each of its members captured."""

    model: GAN
    found: Sequence[Captured]

    @property
    def modes(self) -> list[int]:
        """Modes captured, one number a start."""
        return [each.modes for each in self.found]

    @property
    def good(self) -> np.ndarray:
        """Share of good samples, one number a start."""
        return np.array([each.good for each in self.found])

    def row(self) -> list[str]:
        """For a table: modes from each start, then the share of good samples with its spread."""
        return [" ".join(map(str, self.modes)), f"{self.good.mean():.0%} ± {self.good.std():.0%}"]


def play(
    density: Gaussians,
    options: Mapping[str, Any],
    *,
    generator: torch.Generator,
    members: int = 5,
    steps: int = 700,
    batch_size: int = 64,
    hidden: int = 64,
    d_hidden: int | None = None,
    lr: float = 2e-3,
    film: int | None = None,
) -> Outcome:
    """Train `members` small GANs on the density at once, each from its own start.

    `options` are those of `GAN`, and `spectral`; each step shows every member `batch_size` points
    of its own; with `film` the crowd is watched every so many steps. The networks' first weights
    come from torch's global generator, as everywhere: seed it before.
    """
    k, options = 2, dict(options)
    g = crowd(lambda: MLPGenerator(k, (hidden, hidden), (2,)), members)
    d = crowd(lambda: MLPDiscriminator((2,), (d_hidden or hidden,) * 2), members)
    if options.pop("spectral", False):
        crowd_spectral_norm(d)
    rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    lots = min(steps, 50)  # steps an epoch
    points = density.sample(lots * batch_size * members, rng)
    x = torch.tensor(points, dtype=torch.float32)
    filming = {} if film is None else {"every": film, "watch": x[:1000]}
    model = (GAN if film is None else FilmedGAN)(g, d, k, **filming, **options)
    budget = {"epochs": max(1, steps // lots), "batch_size": batch_size * members}
    fit(model, x, **budget, lr=lr, generator=generator, progress=False)
    drawn = hands(model.sample(2000 * members, generator=generator), members).numpy()
    return Outcome(model, [captured(points, density) for points in drawn])


def heard(model: GAN, loss: str, z: Tensor) -> float:
    """Length of the gradient that reaches G's weights from latents z (n, k), by the game `loss`."""
    score = model.d(model.generate(z))
    parts = torch.autograd.grad(GAMES[loss].generator(score), list(model.g.parameters()))
    return torch.cat([part.flatten() for part in parts]).norm().item()
