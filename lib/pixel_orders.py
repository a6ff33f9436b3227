"""Orders in which the pixels of a picture can be drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lib.pixel import places

Order = list[tuple[int, ...]]


def checked(order: Order | None, shape: Sequence[int]) -> Order:
    """The order itself if it lists each place of the shape once; raster order for None."""
    if order is None:
        return places(shape)
    if sorted(order) != sorted(places(shape)):
        raise ValueError(f"an order lists each place of {tuple(shape)} once, got {list(order)}")
    return list(order)


def numbers(order: Order, shape: Sequence[int]) -> list[int]:
    """The order's places as positions in the flattened picture."""
    return [int(np.ravel_multi_index(place, shape)) for place in order]


def raster(shape: Sequence[int]) -> Order:
    """Row by row from the top, each from the left: as a page is read."""
    return places(shape)


def columns(shape: Sequence[int]) -> Order:
    """Column by column from the left, each from the top."""
    return sorted(places(_flat(shape)), key=lambda place: place[::-1])


def snake(shape: Sequence[int]) -> Order:
    """Row by row, but every second one from the right: neighbours in time touch."""
    return sorted(places(_flat(shape)), key=lambda at: (at[0], at[1] * (-1) ** at[0]))


def upwards(shape: Sequence[int]) -> Order:
    """Raster order backwards: from the last pixel to the first."""
    return places(shape)[::-1]


def spread(shape: Sequence[int]) -> Order:
    """Coarse to fine: each pixel as far as it can be from all pixels before it.

    The first is the middle one; ties are broken in raster order.
    """
    rest, order = places(_flat(shape)), []
    next_one = (shape[0] // 2, shape[1] // 2)
    while rest:
        order.append(next_one)
        rest.remove(next_one)
        far = [min(_squared(place, drawn) for drawn in order) for place in rest]
        next_one = rest[far.index(max(far))] if rest else None
    return order


def shuffled(shape: Sequence[int], rng: np.random.Generator) -> Order:
    """A random order."""
    order = places(shape)
    return [order[k] for k in rng.permutation(len(order))]


def _squared(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    return sum((i - j) ** 2 for i, j in zip(a, b, strict=True))


def _flat(shape: Sequence[int]) -> Sequence[int]:
    if len(shape) != 2:
        raise ValueError(f"this order is for pictures (h, w), got shape {tuple(shape)}")
    return shape
