"""A judge of translated faces: a small network that reads the map of parts off a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.datasets import load
from lib.datasets.face_factors import PARTS
from lib.diffusion_recipes import to_data
from lib.model import Trainable
from lib.train import fit


class FaceParser(Trainable):
    """Probabilities of the parts at each pixel of a face, from its surroundings and its place.

    It works on squares of 2 x 2 pixels. `loss(x, c)` takes faces x (n, h, w) in [-1, 1] and label
    maps c (n, h, w). The idea, to judge a translation by an off-the-shelf reader of maps, is the
    "FCN score" of Isola et al., 2017, section 4.1.
    """

    def __init__(self, shape: Sequence[int] = (32, 32), *, channels: int = 32):
        super().__init__()
        h, w = (side // 2 for side in shape)
        self.place = nn.Parameter(torch.zeros(channels, h, w))
        self.enter = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4, channels, 3, padding=1))
        self.blocks = nn.ModuleList(_block(channels, gap) for gap in (1, 2, 4))
        self.leave = nn.Sequential(
            nn.SiLU(), nn.Conv2d(channels, 4 * len(PARTS), 3, padding=1), nn.PixelShuffle(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 10, h, w) of faces x (n, h, w)."""
        h = self.enter(x[:, None]) + self.place
        for block in self.blocks:
            h = h + block(h)
        return self.leave(h)

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Cross-entropy in nats per picture."""
        return {"loss": F.cross_entropy(self(x), c.long(), reduction="sum") / len(x)}

    @torch.no_grad()
    def read(self, pictures: np.ndarray) -> np.ndarray:
        """The likeliest part at each pixel of pictures (n, h, w) in [0, 1]: uint8."""
        return self(to_data(torch.as_tensor(pictures))).argmax(1).numpy().astype(np.uint8)

    def agreement(self, pictures: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """Pixels read as the part asked for: their share of all, and the mean share of a part.

        In the second each part that was asked for counts alike, so that eyes weigh as much as hair.
        """
        if np.shape(pictures) != np.shape(labels):
            raise ValueError(
                f"pictures {np.shape(pictures)} and labels {np.shape(labels)} must agree"
            )
        right, labels = self.read(pictures) == labels, np.asarray(labels)
        each = [right[labels == part].mean() for part in np.unique(labels)]
        return {"pixels": float(right.mean()), "parts": float(np.mean(each))}


def _block(channels: int, gap: int) -> nn.Sequential:
    """Normalise, bend, look `gap` places around."""
    conv = nn.Conv2d(channels, channels, 3, padding=gap, dilation=gap)
    return nn.Sequential(nn.GroupNorm(1, channels), nn.SiLU(), conv)


@lru_cache(maxsize=1)
def trained_parser(epochs: int = 4) -> FaceParser:
    """A parser trained on the training faces; always the same one."""
    faces = load("faces").train
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        parser = FaceParser()
    _start_from(generator, parser)
    maps = torch.as_tensor(faces.extras["labels"])
    options = {"batch_size": 64, "lr": 3e-3, "generator": generator, "progress": False}
    fit(parser, to_data(torch.as_tensor(faces.x)), c=maps, epochs=epochs, **options)
    return parser


def _start_from(generator: torch.Generator, net: nn.Module) -> None:
    """Weights of all convolutions as torch draws them, but from this generator; offsets zero."""
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
            nn.init.zeros_(layer.bias)
