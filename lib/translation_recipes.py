"""How the translations of faces are built and trained: one place for lesson and benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from lib.stages import Stages, shortened, train_in_stages
from lib.translation import PatchDiscriminator, Translation, UNetGenerator


@dataclass(frozen=True)
class TranslationRecipe:
    """A translation, and the stages of its training.

    Parameters
    ----------
    stages : tuple of (int, float)
        Epochs and learning rate of each stage.
    l1 : float
        Weight of the summed absolute differences.
    judge : {"told", "untold", None}
        Whether there is a discriminator, and whether it sees the question.
    skips : bool
        As `UNetGenerator` takes it.
    channels, judge_channels : tuple of int
        Of the two networks; the generator works on squares of 2 x 2 pixels.
    k, batch_size : int
    options : mapping
        Further choices, as `GAN` takes them.
    """

    stages: Stages = ((3, 2e-3), (1, 5e-4))
    l1: float = 0.02
    judge: str | None = "told"
    skips: bool = True
    channels: tuple[int, ...] = (32, 48, 64)
    judge_channels: tuple[int, ...] = (24, 48)
    k: int = 8
    batch_size: int = 16
    options: Mapping[str, Any] = field(
        default_factory=lambda: {"betas": (0.5, 0.999), "average": 0.99}
    )

    def build(self, x: Tensor, c: Tensor) -> Translation:
        """The model of answers x (n, *shape) to questions c, before training."""
        shapes = tuple(c.shape[1:]), tuple(x.shape[1:])
        g = UNetGenerator(*shapes, channels=self.channels, k=self.k, skips=self.skips, patch=2)
        d = (
            None
            if self.judge is None
            else PatchDiscriminator(*shapes, channels=self.judge_channels)
        )
        d = Untold(d) if self.judge == "untold" else d
        return Translation(g, d, self.k, l1=self.l1, **self.options)

    def train(
        self, x: Tensor, c: Tensor, *, generator: torch.Generator, progress: bool = False
    ) -> tuple[Translation, dict[str, list[float]]]:
        """Build a model and train it on pairs; the history has a row after each stage."""
        model = self.build(x, c)
        options = {"batch_size": self.batch_size, "generator": generator, "progress": progress}
        return model, train_in_stages(model, x, self.stages, c=c, **options)

    def shortened(self, share: float) -> TranslationRecipe:
        """The same with a share of the epochs, one at least in each stage."""
        return replace(self, stages=shortened(self.stages, share))


class Untold(nn.Module):
    """A discriminator that is not told the question: whatever c is, it sees zeros."""

    def __init__(self, d: nn.Module):
        super().__init__()
        self.d = d

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Scores of x alone."""
        return self.d(x, torch.zeros_like(c))


HALF: Stages = ((1, 2e-3), (1, 5e-4))
#: What the lesson trains. Without a judge, l1 sets nothing but the scale, which Adam ignores.
RECIPES = {
    "both": TranslationRecipe(),
    "L1 alone": TranslationRecipe(judge=None, l1=0.1),
    "L1, no skips": TranslationRecipe(judge=None, l1=0.1, skips=False),
    "game alone": TranslationRecipe(stages=HALF, l1=0.0),
    "game, D untold": TranslationRecipe(stages=HALF, l1=0.0, judge="untold"),
}
