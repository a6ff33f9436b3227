"""The visible tests of chapter 5's homework, tasks 2 and 3: masks, fields of view, leaks.

Right answers come from reading order as one number, from gradients, and from leaks planted before.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.special import softmax
from torch.nn import functional as F

from lib.homework import compare
from lib.homework_asking import peer, sealed
from lib.homework_pixel import Network, ask


@peer
def reading_order(outputs: int, inputs: int, size: int, colours: int) -> np.ndarray:
    """How much later a tap is read than what it writes, (outputs, inputs, size, size).

    Rows count most, then columns, then colours; 0 is the same place and colour.
    """
    row, column = np.indices((size, size)) - size // 2
    ends = [np.repeat(np.arange(colours), number // colours) for number in (outputs, inputs)]
    later = ends[1] - ends[0][:, None]
    return (row * 2 * size + column) * 2 * colours + later[:, :, None, None]


def check_mask(
    kernel_mask: Callable, rng: np.random.Generator, kind: str, colours: int = 1, size: int = 0
) -> None:
    """Compare a mask with the order in which taps and outputs are read; random sizes."""
    outputs, inputs = (colours * int(rng.integers(2, 8)) for _ in range(2))
    size = size or int(rng.choice([3, 5, 7]))
    what = (
        f"the mask {kind} of {outputs} x {inputs} channels, {size} x {size} taps, {colours} colours"
    )
    given = {"outputs": outputs, "inputs": inputs, "size": size, "kind": kind, "colours": colours}
    hints = _mask_mistakes(**given)
    right = hints.pop("right")
    compare(ask(kernel_mask, what, **given), right, what, hints=hints)


def _mask_mistakes(
    outputs: int, inputs: int, size: int, kind: str, colours: int
) -> dict[str, np.ndarray]:
    """The right mask, under "right", and what typical mistakes give."""
    later = reading_order(outputs, inputs, size, colours)
    right, other = (later < 0, later <= 0) if kind == "A" else (later <= 0, later < 0)
    row, column = np.indices((size, size)) - size // 2
    centre = (row == 0) & (column == 0)
    swapped = reading_order(inputs, outputs, size, colours).swapaxes(0, 1)
    exchanged = swapped < 0 if kind == "A" else swapped <= 0
    writes, reads = np.arange(outputs)[:, None] % colours, np.arange(inputs) % colours
    woven = (reads < writes if kind == "A" else reads <= writes)[:, :, None, None]
    ranks = right[:, :, centre][:, :, 0, None, None]
    early = np.broadcast_to((row < 0) | ((row == 0) & (column < 0)), right.shape)
    return {
        "right": right.astype(float),
        "kind A hides what is to be predicted, kind B shows it; yours is the other one": other,
        "the rows below come later": right | (row > 0),
        "in the centre's row, the taps on the right come later": right
        | ((row == 0) & (column > 0)),
        "the rows above are known from left to right": right & (column <= 0),
        "raster order goes row by row; rows are axis 2, columns axis 3": right.swapaxes(2, 3),
        "the mask is 1 where a tap may be used": ~right,
        "outputs are axis 0, inputs axis 1; your groups of colours are exchanged": exchanged,
        "the first channels are those of colour 0, then come those of colour 1": (
            np.where(centre, woven, early)
        ),
        "colours matter at the centre alone; other pixels are known in all colours": early & ranks
        | right & centre,
        "a colour sees the colours before it at its own pixel": early,
        "a colour does not see all colours of its own pixel": early | centre,
        "that hides the pixels left of the centre": right & ((row < 0) | centre),
        "that hides the rows above": right & (row == 0),
    }


def check_field(
    field_of_view: Callable, rng: np.random.Generator, layers: int = 3, kind: str = "causal"
) -> None:
    """Compare a field of view with the gradient of one output of a network of ones.

    Masks are "causal" (A first, then B), or "any": random ones, that look ahead as well and have
    paths that leave the picture and come back.
    """
    shape = (int(rng.integers(7, 9)), int(rng.integers(7, 11)))
    place, masks = (shape[0] - 1, int(rng.integers(shape[1]))), _random_masks(rng, layers, kind)
    while kind == "any" and not _tells_apart(shape, place, masks):
        place = (int(rng.integers(shape[0])), 0)
        masks = _random_masks(rng, layers, kind)
    what = f"the field of view of {place} in {shape[0]} x {shape[1]} pixels after {layers} layers"
    answer = ask(field_of_view, what, shape=shape, place=place, masks=masks)
    hints = {
        "the first layer is missing": spread(shape, place, masks[1:]),
        "the last layer is missing": spread(shape, place, masks[:-1]),
        "the layers work one after the other: what the last one reads, the ones before have read": (
            np.any([spread(shape, place, [m]) for m in masks], axis=0)
        ),
        "that is the first layer alone": spread(shape, place, masks[:1]),
        "that is the last layer alone": spread(shape, place, masks[-1:]),
        "the first layer comes once": spread(shape, place, [masks[0], *masks]),
        "tap [0, 0] reads the pixel up and left of the centre; yours is turned round": (
            spread(shape, place, [m[::-1, ::-1] for m in masks])
        ),
        "a tap's row is axis 0, its column axis 1": spread(shape, place, [m.T for m in masks]),
        "go from the last layer back to the first": spread(shape, place, masks[::-1]),
        "beside the picture there is nothing that a layer computes: paths end at the border": (
            _beyond(shape, place, masks)
        ),
    }
    compare(answer, gradient_field(shape, place, masks), what, hints=hints)


def _tells_apart(shape: tuple[int, int], place: tuple[int, int], masks: list[np.ndarray]) -> bool:
    """Whether borders matter here, and the order of the layers too."""
    right, turned = spread(shape, place, masks), spread(shape, place, masks[::-1])
    wide = _beyond(shape, place, masks)
    return bool((wide != right).any() and (turned != right).any() and (turned != wide).any())


def _random_masks(rng: np.random.Generator, layers: int, kind: str) -> list[np.ndarray]:
    if kind == "any":
        return [(rng.permutation(9).reshape(3, 3) < 3).astype(float) for _ in range(layers)]
    sizes = rng.choice([3, 5], size=layers)
    if layers > 1:  # a large layer before a small one: each mistake gives another field
        sizes[rng.integers(layers - 1)], sizes[-1] = 5, 3
    orders = [reading_order(1, 1, int(size), 1)[0, 0] for size in sizes]
    return [(order <= 0 if k else order < 0).astype(float) for k, order in enumerate(orders)]


@peer
def gradient_field(
    shape: tuple[int, int], place: tuple[int, int], masks: list[np.ndarray]
) -> np.ndarray:
    """Pixels (h, w) on which the output at `place` depends: its gradient is not zero there."""
    picture = torch.zeros(1, 1, *shape, dtype=torch.float64, requires_grad=True)
    v = picture
    for mask in masks:
        v = F.conv2d(v, torch.tensor(mask)[None, None], padding=len(mask) // 2)
    return torch.autograd.grad(v[(0, 0, *place)], picture)[0][0, 0].numpy() > 0


@peer
def spread(shape: tuple[int, int], place: tuple[int, int], masks: list[np.ndarray]) -> np.ndarray:
    """The same by sets of places, from the last layer back to the picture, (h, w)."""
    seen = {place}
    for mask in masks[::-1]:
        taps = np.argwhere(mask) - len(mask) // 2
        seen = {(i + a, j + b) for i, j in seen for a, b in taps}
        seen = {p for p in seen if 0 <= p[0] < shape[0] and 0 <= p[1] < shape[1]}
    field = np.zeros(shape, dtype=bool)
    field[tuple(np.array(list(seen), dtype=int).reshape(-1, 2).T)] = True
    return field


def _beyond(shape: tuple[int, int], place: tuple[int, int], masks: list[np.ndarray]) -> np.ndarray:
    """What paths reach that may leave the picture and come back."""
    margin = sum(len(mask) for mask in masks)
    large = (shape[0] + 2 * margin, shape[1] + 2 * margin)
    field = spread(large, (place[0] + margin, place[1] + margin), masks)
    return field[margin:-margin, margin:-margin]


class Leaky(Network):
    """A network with leaks planted: pairs (i, j), j >= i, where pixel i depends on pixel j.

    `plant` adds one; `drift` lets all logits of a pixel move together with the whole picture,
    which moves no probability.
    """

    def __init__(self, rng: np.random.Generator, shape: tuple[int, int], levels: int):
        super().__init__(rng, shape, levels)
        self.table *= 0.4
        self.leaks: set[tuple[int, int]] = set()
        self.drift = np.zeros((math.prod(shape), levels))

    def plant(
        self, rng: np.random.Generator, i: int, j: int, level: int | None = None, size: float = 0.5
    ) -> None:
        """Let pixel j move the logits of pixel i; with `level`, that level of pixel j alone."""
        change = np.zeros((self.levels, self.levels))
        signs = rng.permuted(np.resize([-1.0, 1.0], self.levels))
        for m in range(self.levels) if level is None else [level]:
            change[:, m] = signs * size * (m + 1) * rng.uniform(1, 1.1)
        self.table[:, i, j] = change
        self.leaks.add((i, j))

    def __call__(self, x: Any) -> np.ndarray:
        """Logits (n, levels, h, w)."""
        together = (self.one_hot(x) * self.drift).sum(axis=(1, 2))
        return super().__call__(x) + together[:, None, None, None]


def check_leaks(
    find_leaks: Callable,
    rng: np.random.Generator,
    kind: str,
    shape: tuple[int, int] = (2, 3),
    levels: int = 4,
) -> None:
    """Compare with the leaks that were planted.

    Kinds: "none", "some", "mask B" (every pixel sees itself), "whole" (every pixel sees the whole
    picture), "one level" (only one level of a pixel gives itself away), "small", "drift" (none,
    but all logits of a pixel move together).
    """
    network, d = Leaky(rng, shape, levels), math.prod(shape)
    x = rng.integers(levels, size=shape)
    later = [(i, j) for i in range(d) for j in range(i, d)]
    apart = [pair for pair in later if pair[0] < pair[1]]
    if kind == "mask B":
        chosen = [(i, i) for i in range(d)]
    elif kind == "whole":
        chosen = later
    else:
        count = {"none": 0, "drift": 0}.get(kind, 2)
        chosen = [tuple(pair) for pair in rng.permutation(apart)[:count]]
        chosen += [(i, i) for i in rng.permutation(d - 1)[: count // 2]]
    for i, j in chosen:
        step = int(rng.integers(2, levels))  # not the next level: it must be found by trying all
        level = (int(x.flat[j]) + step) % levels if kind == "one level" else None
        network.plant(rng, int(i), int(j), level, 0.003 if kind == "small" else 0.5)
    if kind == "drift":
        network.drift = rng.normal(0, 3, size=network.drift.shape)
    what = f"the leaks of a network for {shape[0]} x {shape[1]} pixels"
    answer = ask(find_leaks, what, logits=sealed(network), x=x, levels=levels)
    if isinstance(answer, set | list | tuple):
        answer = _as_pairs(answer, what)
    compare(answer, network.leaks, what, hints=_leak_mistakes(network, x))


def _as_pairs(answer: set | list | tuple, what: str) -> set[tuple[int, int]]:
    right = all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in answer)
    assert right, f"{what}: return a set of pairs (i, j)"
    return {(int(i), int(j)) for i, j in answer}


@peer
def effects(network: Leaky, x: np.ndarray, *, raw: bool = False) -> np.ndarray:
    """How much the probabilities of pixel i move when pixel j goes up by s levels, [i, j, s].

    Going up goes round: above the last level comes level 0. `raw` measures logits instead.
    """
    d, levels = x.size, network.levels
    pictures = np.tile(x.reshape(1, 1, d), (d, levels, 1))
    for j in range(d):
        pictures[j, :, j] = (x.flat[j] + np.arange(levels)) % levels
    out = network(pictures.reshape(-1, *x.shape))
    values = (out if raw else softmax(out, axis=1)).reshape(d, levels, levels, d)
    return np.abs(values - values[0, 0]).max(axis=2).transpose(2, 0, 1)


def _leak_mistakes(network: Leaky, x: np.ndarray) -> dict[str, set]:
    """What typical mistakes find."""
    (h, w), d = network.shape, x.size
    right, later = network.leaks, np.triu(np.ones((d, d), dtype=bool))
    effect = effects(network, x)
    loud, every = effects(network, x, raw=True).max(axis=2), effect.max(axis=2)
    zero = np.take_along_axis(effect, -x.reshape(1, d, 1) % network.levels, axis=2)[:, :, 0]

    def pairs(found: np.ndarray, above: float = 1e-9) -> set[tuple[int, int]]:
        return {(int(i), int(j)) for i, j in np.argwhere(found > above)}

    turned = [(k % w) * h + k // w for k in range(d)]
    return {
        "a constant added to all logits of a pixel moves no probability; compare after softmax": (
            pairs(loud * later)
        ),
        "a pixel that sees itself is a leak too": {(i, j) for i, j in right if j > i},
        "earlier pixels may be seen; only pairs with j >= i are leaks": pairs(every),
        "a pair is (i, j): first the pixel that sees, then the one that it should not see": (
            {(j, i) for i, j in right}
        ),
        "number the pixels row by row: i = row * W + column": (
            {(turned[i], turned[j]) for i, j in right}
        ),
        "try every other level, not the next one alone": pairs(effect[:, :, 1] * later),
        "try every other level, not level 0 alone": pairs(zero * later),
        "a small change is a change; anything above rounding is a leak": (
            pairs(every * later, 0.02)
        ),
        "change every pixel, not the last one alone": {(i, j) for i, j in right if j == d - 1},
        "look at every pixel, not at the first one alone": {(i, j) for i, j in right if i == 0},
    }
