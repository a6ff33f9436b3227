"""Pictures of which only the first rows are given, finished in several ways by a pixel model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from matplotlib.colors import to_rgb
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from lib.digit_features import classify_digits
from lib.grey_levels import to_grey
from lib.pixel import PixelModel
from lib.plots import COLORS, INK

HIDDEN = 0.65 + 0.35 * np.array(to_rgb(COLORS["data"]))  # no grey: it cannot be taken for ink


def first_rows(shape: tuple[int, ...], rows: int) -> Tensor:
    """Which pixels are given when the first `rows` rows are: bool, (h, w) or (colours, h, w)."""
    if not 0 <= rows <= shape[-2]:
        raise ValueError(f"a picture of {shape[-2]} rows has 0 to {shape[-2]} given, got {rows}")
    known = torch.zeros(shape, dtype=torch.bool)
    known[..., :rows, :] = True
    return known


def finish(
    model: PixelModel, x: Tensor, rows: int, draws: int, *, generator: torch.Generator
) -> Tensor:
    """Each of the pictures x (n, ...) completed `draws` times below its `rows`, (n, draws, ...)."""
    known = first_rows(model.shape, rows)
    many = x.repeat_interleave(draws, dim=0)
    return model.complete(many, known, generator=generator).unflatten(0, (len(x), draws))


def veiled(x: Tensor, rows: int) -> np.ndarray:
    """Digits (n, 8, 8) as colours (n, 8, 8, 3), all below the first `rows` rows under a veil."""
    known = first_rows(tuple(x.shape[1:]), rows).numpy()
    grey = np.asarray(to_grey(x), dtype=float)[..., None].repeat(3, axis=-1)
    return np.where(known[..., None], grey, HIDDEN)


def class_shares(finished: Tensor) -> np.ndarray:
    """Which digits (n, draws, 8, 8) show, by the book's classifier: shares (n, 10)."""
    n, draws = finished.shape[:2]
    found = classify_digits(to_grey(finished).flatten(0, 1)).reshape(n, draws)
    return np.stack([np.bincount(row, minlength=10) / draws for row in found])


@dataclass(frozen=True)
class CompletionBoard:
    """What an explorable shows of halves completed: given, some completions, the original, classes.

    Parameters
    ----------
    x : Tensor, shape (n, 8, 8)
        The original digits, as levels.
    y : ndarray, shape (n,)
        Their classes.
    finished : mapping from the number of given rows to Tensor (n, draws, 8, 8)
        Completions, as `finish` makes them; the first `shown` are drawn, all are counted.
    """

    x: Tensor
    y: np.ndarray
    finished: Mapping[int, Tensor]
    shown: int = 5

    SIDE, GAP, TOP, BARS = 144, 16, 48, 150  # pixels; frames have two for each point of the page

    @cached_property
    def shares(self) -> dict[int, np.ndarray]:
        """Shares of the ten classes among the completions, for every number of rows."""
        return {rows: class_shares(done) for rows, done in self.finished.items()}

    def frame(self, which: int, rows: int) -> np.ndarray:
        """Digit number `which` with its first `rows` given: pixels (h, w, 3), uint8."""
        wide = (self.shown + 2) * (self.SIDE + self.GAP) + self.GAP
        tall = self.TOP + self.SIDE + 56 + self.BARS + 44
        image = Image.new("RGB", (wide, tall), "white")
        draw = ImageDraw.Draw(image)
        original = to_grey(self.x[which]).numpy()
        done = to_grey(self.finished[rows][which, : self.shown]).numpy()
        for k, picture in enumerate([veiled(self.x[which][None], rows)[0], *done, original]):
            image.paste(_enlarged(picture, self.SIDE), (self._left(k), self.TOP))
        for k, text in ((0, "given"), (1, "finished by the model"), (self.shown + 1, "original")):
            draw.text((self._left(k), self.TOP - 8), text, INK, _font(32), anchor="lb")
        self._bars(draw, self.shares[rows][which], int(self.y[which]), wide, tall - 44)
        return np.asarray(image)

    def _left(self, k: int) -> int:
        return self.GAP + k * (self.SIDE + self.GAP)

    def _bars(self, draw: ImageDraw.ImageDraw, shares: np.ndarray, y: int, wide: int, foot: int):
        """Ten bars on the line `foot`; the digit that the original shows is written in blue."""
        draws, step = next(iter(self.finished.values())).shape[1], (wide - 340) / 10
        text = f"what {draws}\ncompletions\nlook like"
        draw.multiline_text((self.GAP, foot - 60), text, INK, _font(28), anchor="lm", spacing=8)
        draw.line((200, foot, wide - 110, foot), "#9aa1ab", 2)
        for digit, share in enumerate(shares):
            x, top = 205 + digit * step, foot - self.BARS * float(share)
            if share:
                draw.rectangle((x, top, x + 0.75 * step, foot), COLORS["model"])
            name = COLORS["data"] if digit == y else INK
            draw.text((x + 0.375 * step, foot + 6), str(digit), name, _font(34), anchor="mt")
        for share, name in ((1.0, "100 %"), (0.5, "50 %")):
            high = foot - self.BARS * share
            draw.line((200, high, wide - 110, high), "#d9dce1", 1)
            draw.text((wide - 16, high), name, INK, _font(27), anchor="rm")


def _enlarged(picture: np.ndarray, side: int) -> Image.Image:
    """A picture (h, w) or (h, w, 3) in [0, 1], each pixel a square, `side` pixels wide."""
    bytes_ = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    zoom = side // picture.shape[1]
    return Image.fromarray(bytes_.repeat(zoom, axis=0).repeat(zoom, axis=1)).convert("RGB")


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(findfont("DejaVu Sans"), size)
