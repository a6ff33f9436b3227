"""Coloured pictures for pixel models: three numbers a pixel, of a few levels each."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lib.datasets import Dataset
from lib.pixelcnn import GatedPixelCNN, PixelCNN

TOP, LEFT, SIDE = 5, 5, 10  # the part of a creature with its face


def creature_faces(creatures: Dataset, levels: int = 4) -> Tensor:
    """The middle of each creature, long (n, 3, 10, 10): its palette colours rounded to levels."""
    palette = torch.tensor(np.rint(creatures.shared["palette"] * (levels - 1))).long()
    middle = creatures.x[:, TOP : TOP + SIDE, LEFT : LEFT + SIDE]
    return palette[torch.tensor(middle).long()].movedim(-1, 1).contiguous()


def to_rgb(x: Tensor, levels: int = 4) -> np.ndarray:
    """Pictures (n, 3, h, w) of levels as colours (n, h, w, 3) in [0, 1], to be drawn."""
    return (x.movedim(1, -1) / (levels - 1)).numpy()


def foreign_share(x: Tensor, data: Tensor) -> float:
    """Share of the pixels of x (n, 3, h, w) whose colour no pixel of `data` has."""
    size = int(max(x.max(), data.max())) + 1
    known = torch.zeros(size**3, dtype=torch.bool)
    known[_names(data, size)] = True
    return 1 - known[_names(x, size)].float().mean().item()


def _names(x: Tensor, size: int) -> Tensor:
    """One whole number for each colour: (n, h, w)."""
    red, green, blue = x.unbind(1)
    return (red * size + green) * size + blue


def forget_own_colours(model: PixelCNN | GatedPixelCNN) -> PixelCNN | GatedPixelCNN:
    """Hide a pixel's own colours from it: given earlier pixels they become independent.

    The mask of the first layer is changed in place; it is not part of the model's state dict.
    """
    first = model.right[0] if isinstance(model, GatedPixelCNN) else model.first
    first.mask[:, :, -1, first.kernel_size[1] // 2] = 0
    return model


def dependence_bits(colours: Tensor) -> float:
    """Bits by which three colours of (n, 3) numbers are dependent: sum of entropies - joint one."""
    alone = sum(_entropy(colours[:, k : k + 1]) for k in range(colours.shape[1]))
    return alone - _entropy(colours)


def _entropy(x: Tensor) -> float:
    share = torch.unique(x, dim=0, return_counts=True)[1].double() / len(x)
    return float(-(share * share.log2()).sum())
