"""The visible tests of chapter 5's homework, task 2: masks and fields of view.

Right answers come from reading order as one number, and from gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lib.homework import compare
from lib.homework_asking import peer
from lib.homework_pixel import ask
from lib.homework_pixel_scans import RASTER, WORDS, ranks


@peer
def reading_order(
    outputs: int,
    inputs: int,
    size: int,
    colours: int,
    scan: str = RASTER,
    woven: bool = False,
) -> np.ndarray:
    """How much later a tap is read than what it writes, (outputs, inputs, size, size).

    Places in the scan count most, then colours; 0 is the same place and colour. Channels stand in
    groups, one for each colour; or they are `woven`, and colours take turns.
    """
    later = ranks((size, size), scan) - size**2 // 2
    ends = [
        np.arange(number) % colours if woven else np.repeat(np.arange(colours), number // colours)
        for number in (outputs, inputs)
    ]
    colour = ends[1] - ends[0][:, None]
    return later * 2 * colours + colour[:, :, None, None]


def check_mask(
    kernel_mask: Callable,
    rng: np.random.Generator,
    kind: str,
    colours: int = 1,
    size: int = 0,
    *,
    scan: str = RASTER,
    woven: bool = False,
    axes: str = "oirc",
) -> None:
    """Compare a mask with the order in which taps and outputs are read; random sizes.

    `axes` are those of the mask: outputs, inputs, row and column of the tap.
    """
    outputs, inputs = (colours * int(rng.integers(2, 8)) for _ in range(2))
    size = size or int(rng.choice([3, 5, 7]))
    what = (
        f"the mask {kind} of {outputs} x {inputs} channels, {size} x {size} taps, {colours} colours"
    )
    given = {"outputs": outputs, "inputs": inputs, "size": size, "kind": kind, "colours": colours}
    hints = _mask_mistakes(**given, scan=scan, woven=woven)
    turn = ["oirc".index(axis) for axis in axes]
    answer = ask(kernel_mask, what, **given)
    hints = {advice: mask.transpose(turn) for advice, mask in hints.items()}
    right = hints.pop("right")
    names = {"o": "outputs", "i": "inputs", "r": "size", "c": "size"}
    told = f"the shape should be ({', '.join(names[a] for a in axes)}); you have (outputs, inputs, "
    taken = np.shape(answer) == (outputs, inputs, size, size) != right.shape
    assert not taken, f"{what}: {told}size, size)"
    compare(answer, right, what, hints=hints)


def _mask_mistakes(
    outputs: int, inputs: int, size: int, kind: str, colours: int, scan: str, woven: bool
) -> dict[str, np.ndarray]:
    """The right mask, under "right", and what typical mistakes give."""

    def mask(shows: str = kind, by: str = scan, mixed: bool = woven) -> np.ndarray:
        later = reading_order(outputs, inputs, size, colours, by, mixed)
        return (later < 0 if shows == "A" else later <= 0).astype(float)

    right, row_major = mask(), np.arange(size**2).reshape(size, size)
    centre = row_major == size**2 // 2
    swapped = reading_order(inputs, outputs, size, colours, scan, woven).swapaxes(0, 1)
    exchanged = swapped < 0 if kind == "A" else swapped <= 0
    early = np.broadcast_to(ranks((size, size), scan) < size**2 // 2, right.shape)
    ranked = right[:, :, centre][:, :, 0, None, None]
    orders = [
        "the first channels are those of colour 0, then come those of colour 1",
        "channel c belongs to colour c modulo colours; yours stand in groups",
    ]
    found = {
        "right": right,
        "kind A hides what is to be predicted, kind B shows it; yours is the other one": (
            mask("B" if kind == "A" else "A")
        ),
        **(_raster_mistakes(right, size) if scan == RASTER else {}),
        "the mask is 1 where a tap may be used": 1 - right,
        "outputs are axis 0, inputs axis 1; your groups of colours are exchanged": exchanged,
        orders[woven]: np.where(centre, mask(mixed=not woven), early),
        "colours matter at the centre alone; other pixels are known in all colours": (
            np.where(centre, right, early * ranked)
        ),
        "a colour sees the colours before it at its own pixel": early,
        "a colour does not see all colours of its own pixel": early | centre,
    }
    for other in WORDS.keys() - {scan}:
        told = f"the picture is read {WORDS[scan]}; your mask is for reading {WORDS[other]}"
        found[told] = mask(by=other)
        found[f"{told}, and for channels that are sorted differently"] = mask(
            kind, other, not woven
        )
    return found


def _raster_mistakes(right: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """What typical mistakes give when rows are read from the top, each from left to right."""
    row, column = np.indices((size, size)) - size // 2
    centre = (row == 0) & (column == 0)
    return {
        "the rows below come later": np.where(row > 0, 1, right),
        "in the centre's row, the taps on the right come later": (
            np.where((row == 0) & (column > 0), 1, right)
        ),
        "the rows above are known from left to right": right * (column <= 0),
        "raster order goes row by row; rows are axis 2, columns axis 3": right.swapaxes(2, 3),
        "that hides the pixels left of the centre": right * ((row < 0) | centre),
        "that hides the rows above": right * (row == 0),
    }


@dataclass(frozen=True)
class View:
    """What is asked about a stack of layers.

    The pixels that one output sees or, with `out`, the outputs that see one pixel. The sides named
    in `round` are joined: "columns" (what leaves at the right comes back at the left), "rows
    columns", or none.
    """

    out: bool = False
    round: str = ""

    @peer
    def pad(self, v: Tensor, margin: int) -> Tensor:
        """A picture (1, 1, h, w) with a margin: zeros, or what stands at the other side."""
        for side, sizes in (("columns", (margin, margin, 0, 0)), ("rows", (0, 0, margin, margin))):
            v = F.pad(v, sizes, mode="circular" if side in self.round else "constant")
        return v


def check_field(
    field_of_view: Callable,
    rng: np.random.Generator,
    layers: int = 3,
    kind: str = "causal",
    *,
    out: bool = False,
    round: str = "",
) -> None:
    """Compare a field of view with the gradients of a network of ones.

    Masks are "causal" (A first, then B), or "any": random ones, that look ahead as well and have
    paths that leave the picture and come back. `out` and `round` are those of `View`.
    """
    view, shape = View(out, round), (int(rng.integers(7, 9)), int(rng.integers(7, 11)))
    place, masks = (shape[0] - 1, int(rng.integers(shape[1]))), _random_masks(rng, layers, kind)
    if out:
        place = (0, place[1])
    while kind == "any" and not _tells_apart(shape, place, masks, view):
        place = (int(rng.integers(shape[0])), 0)
        masks = _random_masks(rng, layers, kind)
    asked = "the outputs that see pixel" if out else "the field of view of"
    what = f"{asked} {place} in {shape[0]} x {shape[1]} pixels after {layers} layers"
    answer = ask(field_of_view, what, shape=shape, place=place, masks=masks)
    hints = _field_mistakes(shape, place, masks, view)
    compare(answer, gradient_field(shape, place, masks, view), what, hints=hints)


def _field_mistakes(
    shape: tuple[int, int], place: tuple[int, int], masks: list[np.ndarray], view: View
) -> dict[str, np.ndarray]:
    """What typical mistakes give."""

    def seen(masks: list[np.ndarray], view: View = view) -> np.ndarray:
        return spread(shape, place, masks, view)

    found = {
        "the first layer is missing": seen(masks[1:]),
        "the last layer is missing": seen(masks[:-1]),
        "the layers work one after the other: what the last one reads, the ones before have read": (
            np.any([seen([m]) for m in masks], axis=0)
        ),
        "that is the first layer alone": seen(masks[:1]),
        "that is the last layer alone": seen(masks[-1:]),
        "the first layer comes once": seen([masks[0], *masks]),
        "tap [0, 0] reads the pixel up and left of the centre; yours is turned round": (
            seen([m[::-1, ::-1] for m in masks])
        ),
        "a tap's row is axis 0, its column axis 1": seen([m.T for m in masks]),
    }
    if view.out:
        found = {
            "asked is which outputs see the pixel at `place`; you return which pixels the output "
            "at `place` sees": seen(masks, View()),
            "go from the first layer on to the last": seen(masks[::-1]),
        } | found
    else:
        found["go from the last layer back to the first"] = seen(masks[::-1])
    if view.round:
        joined = {
            "columns": "the right border meets the left one",
            "rows": "the bottom meets the top",
        }
        sides = " and ".join(joined[side] for side in view.round.split())
        found = {f"{sides}: paths do not end there": seen(masks, View(view.out))} | found
        for other in {"rows", "columns", "rows columns"} - {view.round}:
            found[f"{sides}; you join other borders"] = seen(masks, View(view.out, other))
    else:
        found[
            "beside the picture there is nothing that a layer computes: paths end at the border"
        ] = _beyond(shape, place, masks, view)
    return found


def _tells_apart(
    shape: tuple[int, int], place: tuple[int, int], masks: list[np.ndarray], view: View
) -> bool:
    """Whether borders matter here, and the order of the layers and the direction too."""
    right, turned = spread(shape, place, masks, view), spread(shape, place, masks[::-1], view)
    if view.round:
        return bool((spread(shape, place, masks) != right).any())
    wide = _beyond(shape, place, masks, view)
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
    shape: tuple[int, int],
    place: tuple[int, int],
    masks: list[np.ndarray],
    view: View = View(),
) -> np.ndarray:
    """Pixels (h, w) on which the output at `place` depends: its gradient is not zero there.

    With `view.out`, the outputs that depend on the pixel at `place`: they move when it does.
    """
    picture = torch.zeros(1, 1, *shape, dtype=torch.float64, requires_grad=True)
    one = torch.zeros_like(picture)
    one[(0, 0, *place)] = 1

    def network(v: Tensor) -> Tensor:
        for mask in masks:
            v = F.conv2d(view.pad(v, len(mask) // 2), torch.tensor(mask)[None, None])
        return v

    if view.out:
        return network(one)[0, 0].numpy() > 0
    return torch.autograd.grad(network(picture)[(0, 0, *place)], picture)[0][0, 0].numpy() > 0


@peer
def spread(
    shape: tuple[int, int],
    place: tuple[int, int],
    masks: list[np.ndarray],
    view: View = View(),
) -> np.ndarray:
    """The same by sets of places, from the last layer back to the picture, (h, w)."""
    seen, (h, w), sign = {place}, shape, -1 if view.out else 1
    rows, columns = "rows" in view.round, "columns" in view.round
    for mask in masks if view.out else masks[::-1]:
        taps = sign * (np.argwhere(mask) - len(mask) // 2)
        seen = {(i + a, j + b) for i, j in seen for a, b in taps}
        seen = {(i % h if rows else i, j % w if columns else j) for i, j in seen}
        seen = {p for p in seen if 0 <= p[0] < h and 0 <= p[1] < w}
    field = np.zeros(shape, dtype=bool)
    field[tuple(np.array(list(seen), dtype=int).reshape(-1, 2).T)] = True
    return field


def _beyond(
    shape: tuple[int, int], place: tuple[int, int], masks: list[np.ndarray], view: View
) -> np.ndarray:
    """What paths reach that may leave the picture and come back."""
    margin = sum(len(mask) for mask in masks)
    large = (shape[0] + 2 * margin, shape[1] + 2 * margin)
    field = spread(large, (place[0] + margin, place[1] + margin), masks, view)
    return field[margin:-margin, margin:-margin]
