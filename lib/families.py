"""The families of the book, each with its way of writing digits down and its recipe.

One place for the lessons that compare them: chapters 8 and 9 and their benchmarks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lib.conditional_vae import mlp_conditional_vae
from lib.diffusion import Diffusion
from lib.gan import GAN
from lib.gan_nets import MLPDiscriminator, MLPGenerator
from lib.guidance import GuidedDiffusion
from lib.likelihoods import BetaBinomial
from lib.model import GenerativeModel
from lib.noise_schedule import cosine_schedule
from lib.pixelcnn import GatedPixelCNN
from lib.raster_lstm import RasterLSTM
from lib.stages import Stages, shortened, train_in_stages
from lib.time_nets import UNet
from lib.train import fit
from lib.vae import mlp_vae

SHAPE, TOP = (8, 8), 16  # a pixel of a digit is one of the levels 0 .. 16


@dataclass(frozen=True)
class Family:
    """One way of generating digits.

    Parameters
    ----------
    build : function
        `build(c_dim)` gives the model; with c_dim 0, one without conditions. Its weights come from
        torch's global generator.
    written : {"levels", "unit", "signed"}
        How the model reads digits: whole numbers 0 .. 16, or grey values in [0, 1] or [-1, 1].
    stages : tuple of (int, float)
        Epochs and learning rate of each stage.
    batch_size : int
    draws : dict
        Options of `sample`.
    """

    build: Callable[[int], GenerativeModel]
    written: str
    stages: Stages
    batch_size: int = 64
    draws: tuple[tuple[str, Any], ...] = ()

    def write(self, pictures: np.ndarray | Tensor) -> Tensor:
        """Grey values (n, 8, 8) in [0, 1] as the model reads them."""
        x = torch.as_tensor(pictures, dtype=torch.float32)
        if self.written == "levels":
            return (x * TOP).round().long()
        return x if self.written == "unit" else 2 * x - 1

    def read(self, samples: Tensor) -> np.ndarray:
        """Samples as grey values in [0, 1], cut where they leave it, (n, 8, 8)."""
        if self.written == "levels":
            return (samples / TOP).numpy()
        return (samples if self.written == "unit" else (samples + 1) / 2).clamp(0, 1).numpy()

    def train(
        self,
        pictures: np.ndarray | Tensor,
        c: Tensor | None = None,
        *,
        generator: torch.Generator,
        seconds: float | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> tuple[GenerativeModel, dict[str, list[float]]]:
        """Build a model and train it on digits (n, 8, 8) and, where given, conditions (n, c_dim).

        The budget is the epochs of the recipe, or `seconds` by `clock`: each stage then gets the
        share of them that it has of the epochs.
        """
        model, x = self.build(0 if c is None else c.shape[1]), self.write(pictures)
        options = {"batch_size": self.batch_size, "generator": generator}
        if seconds is None:
            return model, train_in_stages(model, x, self.stages, c=c, **options)
        history: dict[str, list[float]] = {}
        whole = sum(epochs for epochs, _ in self.stages)
        for epochs, lr in self.stages:
            budget = {"seconds": seconds * epochs / whole, "clock": clock}
            part = fit(model, x, c=c, lr=lr, progress=False, **budget, **options)
            history = {k: history.get(k, []) + v for k, v in part.items()}
        return model, history

    def draw(
        self, model: GenerativeModel, n: int, c: Tensor | None = None, *, generator: torch.Generator
    ) -> np.ndarray:
        """`n` pictures (n, 8, 8) in [0, 1]."""
        return self.read(model.sample(n, c, generator=generator, **dict(self.draws)))

    def shortened(self, share: float) -> Family:
        """The same with a share of the epochs, one at least in each stage."""
        return replace(self, stages=shortened(self.stages, share))


def digit_vae(c_dim: int, prior: str = "fixed") -> GenerativeModel:
    """Ten latents, a beta-binomial for each pixel; with a condition, a fixed or learned prior."""
    if c_dim == 0:
        return mlp_vae(SHAPE, 10, BetaBinomial(TOP), hidden=(256, 256))
    return mlp_conditional_vae(SHAPE, 10, BetaBinomial(TOP), c_dim=c_dim, prior=prior)


def digit_pixelcnn(c_dim: int) -> GatedPixelCNN:
    """A gated PixelCNN with learned places."""
    options = {"channels": 32, "layers": 4, "share": 0.3, "positions": True}
    return GatedPixelCNN(SHAPE, TOP + 1, c_dim=c_dim, **options)


def digit_pixelrnn(c_dim: int) -> RasterLSTM:
    """A raster-scan LSTM."""
    return RasterLSTM(SHAPE, TOP + 1, cells=192, reach=2, share=0.6, c_dim=c_dim)


def digit_diffusion(c_dim: int) -> GenerativeModel:
    """A U-Net that predicts the velocity, fifty steps; c_dim 0 gives the one of chapter 6."""
    net = UNet(SHAPE, positions=True, c_dim=c_dim)
    options = {"target": "v", "average": 0.995}
    if c_dim == 0:
        return Diffusion(net, SHAPE, cosine_schedule(50), **options)
    return GuidedDiffusion(net, SHAPE, cosine_schedule(50), c_dim=c_dim, **options)


def digit_gan(c_dim: int) -> GAN:
    """Dense networks of chapter 7."""
    g = MLPGenerator(32, (256, 256), SHAPE, c_dim=c_dim, bounded=True)
    d = MLPDiscriminator(SHAPE, (256, 256), c_dim=c_dim)
    return GAN(g, d, 32, penalty="r1", weight=0.3, average=0.99)


FAMILIES = {
    "PixelCNN": Family(digit_pixelcnn, "levels", ((8, 5e-3), (4, 1e-3), (2, 3e-4)), 32),
    "PixelRNN": Family(digit_pixelrnn, "levels", ((10, 5e-3), (10, 2e-3), (6, 5e-4)), 32),
    "VAE": Family(digit_vae, "unit", ((120, 1e-3),), draws=(("mean", True),)),
    "VAE, learned prior": Family(
        partial(digit_vae, prior="learned"), "unit", ((120, 1e-3),), draws=(("mean", True),)
    ),
    "diffusion": Family(digit_diffusion, "signed", ((50, 3e-3), (30, 1e-3), (20, 3e-4))),
    "GAN": Family(digit_gan, "signed", ((160, 2e-3),)),
}
