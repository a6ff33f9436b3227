"""What the lesson on creatures does again and again: hide, finish, count, sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from lib import creature_scores
from lib.colour_lstm import NamedColours
from lib.pixel import PixelModel


def upper(shape: Sequence[int], rows: int) -> Tensor:
    """Which pixels of pictures (h, w) lie in the first `rows`: bool (h, w)."""
    known = torch.zeros(tuple(shape), dtype=torch.bool)
    known[:rows] = True
    return known


def finished_by_rows(
    model: PixelModel, x: Tensor, given: Iterable[int], draws: int, *, seed: int = 0
) -> dict[int, np.ndarray]:
    """For each number of given rows: completions of x (n, h, w), as indices (draws, n, h, w)."""
    many = x.repeat(draws, 1, 1)
    found = {}
    for rows in given:
        generator = torch.Generator().manual_seed(seed + rows)
        drawn = model.complete(many, upper(x.shape[1:], rows), generator=generator)
        found[rows] = drawn.reshape(draws, *x.shape).numpy()
    return found


def share_that_differs(model: PixelModel, x: Tensor, rows: int, temperature: float) -> float:
    """Share of the hidden pixels in which two completions of the same pictures differ."""
    known = upper(x.shape[1:], rows)
    one, two = (
        model.complete(
            x, known, generator=torch.Generator().manual_seed(k), temperature=temperature
        )
        for k in (0, 1)
    )
    return (one != two)[:, rows:].double().mean().item()


def half_scores(drawn: Tensor, originals: np.ndarray, data: np.ndarray, rows: int) -> list[float]:
    """What the table shows of lower parts: known colours, mirrored, known pieces, two judges.

    `drawn` has the upper rows of `originals`; pieces are looked up in the training set `data`.
    """
    x = np.asarray(drawn)
    found = [
        creature_scores.known_colours(x, rows),
        creature_scores.mirror_share(x, rows),
        creature_scores.familiar_share(x, data, rows).mean(),
    ]
    for closely in (False, True):
        rng = np.random.default_rng(0)
        found.append(creature_scores.judge(originals, x, data, rows, rng, closely=closely))
    return [float(v) for v in found]


def colour_scores(pictures: np.ndarray, palette: np.ndarray) -> tuple[float, float]:
    """Mean chroma of colours (..., 3), and mean distance to the nearest palette colour."""
    away = creature_scores.off_palette(pictures, palette)
    return float(creature_scores.chroma(pictures).mean()), float(away.mean())


@torch.no_grad()
def chroma_given_the_truth(
    regression: Callable[[Tensor], Tensor], named: NamedColours, x: Tensor, rows: int
) -> tuple[float, float]:
    """Mean chroma of both models' answers where all pixels before are true.

    Over the figure, index > 0, below the first `rows` of pictures x (n, h, w). For the names it is
    the expected chroma; `regression` maps colours (n, h, w, 3) to colours.
    """
    figure = x[:, rows:] > 0
    answer = regression(named.palette[x]).clamp(0, 1)[:, rows:][figure]
    p = named.logits(x).softmax(1).movedim(1, -1)[:, rows:][figure]
    expected = p.numpy() @ creature_scores.chroma(named.palette.numpy())
    return float(creature_scores.chroma(answer.numpy()).mean()), float(expected.mean())


def swept_codes(start: Tensor, which: Sequence[int], values: Sequence[float]) -> Tensor:
    """Codes (m * m, k): `start` (k,) with two entries set to all pairs of m values.

    In reading order of a sheet: the first entry grows to the right, the second upwards.
    """
    across, up = np.meshgrid(values, np.asarray(values)[::-1])
    codes = start.repeat(across.size, 1)
    codes[:, which[0]] = torch.as_tensor(across.ravel(), dtype=start.dtype)
    codes[:, which[1]] = torch.as_tensor(up.ravel(), dtype=start.dtype)
    return codes
