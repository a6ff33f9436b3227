"""A VAE and a GAN on one bench: how their codes fill the prior, and what their losses tell."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from lib.gan import GAN
from lib.gan_nets import MLPDiscriminator
from lib.model import GenerativeModel
from lib.train import fit


def sliced_distance(a: np.ndarray, b: np.ndarray, directions: int = 200) -> float:
    """Mean Wasserstein distance of codes (n, k) and (m, k) seen from random directions.

    Seen from one direction codes are numbers, and the distance is the mean difference of their
    quantiles. The directions are always the same ones. Source: Bonneel et al., 2015.
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(f"codes are (n, k) and (m, k), 2 or more, got {a.shape} and {b.shape}")
    axes = np.random.default_rng(0).normal(size=(a.shape[1], directions))
    axes /= np.linalg.norm(axes, axis=0)
    levels = (np.arange(400) + 0.5) / 400
    quantiles = [np.sort(v @ axes, axis=0)[(levels * len(v)).astype(int)] for v in (a, b)]
    return float(np.mean(np.abs(quantiles[0] - quantiles[1])))


def told_at_most(k: int, variance: float, noise: float) -> float:
    """Nats that k numbers can tell: of this variance each, the noise's own noise^2 included."""
    if not 0 < noise**2 <= variance:
        raise ValueError(f"noise^2 is a part of the variance, got {noise} and {variance}")
    return 0.5 * k * float(np.log(variance / noise**2))


def progress(
    model: GenerativeModel,
    x: Tensor,
    score: Callable[[], float],
    *,
    rounds: int,
    epochs: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
) -> dict[str, np.ndarray]:
    """Train for `rounds` times `epochs`; each loss's mean over a round, and `score()` after it.

    One optimiser serves all rounds. All arrays are (rounds,); the score's name is "score".
    """
    kept, rows = model.optimizers(lr), []
    model.optimizers = lambda _: kept
    try:
        for _ in range(rounds):
            options = {"batch_size": batch_size, "lr": lr, "generator": generator}
            history = fit(model, x, epochs=epochs, progress=False, **options)
            means = {name: float(np.mean(values)) for name, values in history.items()}
            rows.append(means | {"score": score()})
    finally:
        del model.optimizers
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def agreement(loss: np.ndarray, score: np.ndarray) -> float:
    """Rank correlation of a loss and a score over training: 1 if the loss tells the order."""
    return float(spearmanr(loss, score).statistic)


def learn_codes(
    gan: GAN, reader: nn.Module, *, steps: int, generator: torch.Generator, n: int = 128
) -> nn.Module:
    """Train `reader` (n, *shape) -> (n, K) to return z from G(z) by least squares; G stays."""
    adam = torch.optim.Adam(reader.parameters(), lr=2e-3)
    for _ in range(steps):
        z = gan.noise(n, generator)
        with torch.no_grad():
            x = gan.generate(z)
        adam.zero_grad()
        (reader(x) - z).square().sum(1).mean().backward()
        adam.step()
    return reader


class LineGAN(GAN):
    """The smallest GAN of numbers: G(z) = mean + std z, and a small dense discriminator.

    `path` grows by (mean, std) before every step of D: the generator's way, to be drawn.
    """

    def __init__(self, mean: float, std: float, *, hidden: tuple[int, ...] = (32, 32), **options):
        g = nn.Linear(1, 1)
        with torch.no_grad():
            g.weight.fill_(std)
            g.bias.fill_(mean)
        super().__init__(g, MLPDiscriminator((1,), hidden), 1, **options)
        self.path: list[tuple[float, float]] = []

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Both players' losses; the generator's place is noted."""
        self.path.append((self.g.bias.item(), abs(self.g.weight.item())))
        return super().loss(x, c, generator=generator)
