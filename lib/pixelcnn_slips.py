"""A bare stack of masked convolutions, right or wrong on purpose, to see which check notices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.masked import MaskedConv2d
from lib.pixel import PixelModel
from lib.pixelcnn import Apply, PixelCNN
from lib.train import fit


class MaskedStack(PixelModel):
    """3 x 3 convolutions one after the other, ReLUs between them; `plan` has a letter a layer.

    "A" and "B" are masks, "X" has none and sees the future. "N" normalises every picture by mean
    and variance over channels *and places*, another way to see the future. A right plan is one A,
    then B's. Pictures are (h, w).
    """

    def __init__(self, shape: Sequence[int], levels: int, plan: str = "ABB", channels: int = 16):
        if not plan or set(plan) - set("ABXN") or "N" in (plan[:1], plan[-1:]) or len(shape) != 2:
            raise ValueError(
                "a stack is for shapes (h, w) and has layers of 'A', 'B', 'X', with 'N' between "
                f"them, got {tuple(shape)}, {plan!r}"
            )
        super().__init__(shape, levels)
        ends, into = len(plan) - 1, self.inputs
        self.layers = nn.ModuleList()
        for k, kind in enumerate(plan):
            out = levels if k == ends else channels
            self.layers.append(_layer(kind, into, out))
            into = out

    def network(
        self, v: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits (n, levels, h, w) of encoded pictures v (n, 1, h, w)."""
        for k, layer in enumerate(self.layers):
            v = layer(F.relu(v) if k else v)
        return v


def _layer(kind: str, inputs: int, outputs: int) -> nn.Module:
    if kind == "N":
        return nn.GroupNorm(1, inputs)
    if kind == "X":
        return nn.Conv2d(inputs, outputs, 3, padding=1)
    return MaskedConv2d(inputs, outputs, kind)


def tiny_pictures() -> Tensor:
    """All 64 pictures of 2 x 3 black or white pixels, (64, 2, 3)."""
    return torch.tensor(list(product((0, 1), repeat=6))).reshape(-1, 2, 3)


def train_tiny(plan: str, *, epochs: int = 150) -> MaskedStack:
    """A stack trained on the 64 tiny pictures, where an honest model needs 1 bit a pixel."""
    model, generator = MaskedStack((2, 3), 2, plan, channels=24), torch.Generator().manual_seed(0)
    fit(
        model,
        tiny_pictures(),
        epochs=epochs,
        batch_size=64,
        lr=1e-2,
        generator=generator,
        progress=False,
    )
    return model.double()


def total(model: PixelModel) -> float:
    """The probabilities of all tiny pictures added up: 1, if they are probabilities."""
    with torch.no_grad():
        return model.log_prob(tiny_pictures()).exp().sum().item()


class DoubledPixelCNN(PixelCNN):
    """A PixelCNN whose blocks add their input twice: causal, normalised, and not what is meant."""

    def _layers(self, v, c, apply: Apply, here=..., generator=None) -> Tensor:
        h = apply(self.first, v) + self.shift(self.condition, c) + self.offset(here)
        for squeeze, look, widen in zip(self.squeeze, self.look, self.widen, strict=True):
            h = h + h + widen(F.relu(apply(look, F.relu(squeeze(F.relu(h))))))
        return self.unfold(self.last(F.relu(self.mix(F.relu(h)))))
