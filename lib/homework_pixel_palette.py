"""The visible tests of chapter 5's homework, task 6: the best colour for a pixel.

Right answers come from draws of every colour.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist

from lib.homework import compare
from lib.homework_asking import FLOAT32, as_parts
from lib.homework_pixel import ask


def _pixels(
    rng: np.random.Generator, n: int, k: int, sure: bool, draws: int
) -> tuple[np.ndarray, np.ndarray]:
    """A palette (k, 3) and how many of `draws` draws give each colour, (n, k)."""
    palette = rng.uniform(size=(k, 3))
    counts = rng.multinomial(draws, rng.dirichlet(np.ones(k), size=n))
    if sure:
        counts = draws * np.eye(k, dtype=int)[rng.integers(k, size=n)]
    return palette, counts


def palette_error_hints(
    p: np.ndarray, palette: np.ndarray, colour: np.ndarray, top: np.ndarray, error: np.ndarray
) -> dict[str, np.ndarray]:
    """Wrong values of the expected squared error, each under the message it deserves."""
    squares = cdist(colour, palette, "sqeuclidean")
    return {
        "add the three channels, do not average them": error / 3,
        "take no root": np.sqrt(error),
        "take no half": error / 2,
        "weigh each squared distance by its probability": squares.mean(axis=1),
        "that is the error of the most probable colour": (
            p * cdist(top, palette, "sqeuclidean")
        ).sum(axis=1),
        "square each distance before you average": (p * np.sqrt(squares)).sum(axis=1) ** 2,
        "expected squares, not distances": (p * np.sqrt(squares)).sum(axis=1),
        "divide by the number of draws, with no -1": error * 100 / 99,
    }


def check_palette(
    function: Callable, rng: np.random.Generator, n: int = 5, k: int = 4, sure: bool = False
) -> None:
    """Compare the best single colours with averages over 100 draws, counted out exactly.

    `sure`: each pixel has one certain colour.
    """
    palette, counts = _pixels(rng, n, k, sure, 100)
    p = counts / 100
    what = f"{n} pixels and a palette of {k} colours"
    found = as_parts(ask(function, what, palette=palette, p=p), what, "(colour, error, gap)")
    draws = [np.repeat(palette, row, axis=0) for row in counts]
    colour = np.array([d.mean(axis=0) for d in draws])
    error = np.array([d.var(axis=0).sum() for d in draws])
    top, middle = palette[p.argmax(axis=1)], np.array([np.median(d, axis=0) for d in draws])
    hints = {
        "squared error wants the mean, not the most probable colour": top,
        "weigh each colour by its probability": np.tile(palette.mean(axis=0), (n, 1)),
        "squared error wants the mean; the median is for the absolute error": middle,
        "the best colour need not be in the palette": palette[cdist(colour, palette).argmin(1)],
    }
    compare(found[0], colour, f"the best colours, {what}", hints=hints, tol=FLOAT32)
    hints = palette_error_hints(p, palette, colour, top, error)
    compare(found[1], error, f"the expected squared errors, {what}", hints=hints, tol=FLOAT32)
    distance = cdist(colour, palette)
    hints = {
        "take the root: a distance, not its square": distance.min(axis=1) ** 2,
        "the nearest colour of the palette, not the farthest": distance.max(axis=1),
        "the nearest colour, not the average distance": distance.mean(axis=1),
        "the nearest colour of the palette, not the most probable one": (
            np.linalg.norm(colour - top, axis=1)
        ),
        "all three channels count": np.abs(colour[:, None] - palette).max(axis=2).min(axis=1),
    }
    label = f"the distances to the palette, {what}"
    compare(found[2], distance.min(axis=1), label, hints=hints, tol=FLOAT32)


def check_absolute(
    function: Callable, rng: np.random.Generator, n: int = 5, k: int = 4, sure: bool = False
) -> None:
    """The same for absolute errors, added over the channels: medians of 101 draws.

    An odd number of draws has one median, so there is one best colour.
    """
    palette, counts = _pixels(rng, n, k, sure, 101)
    p, what = counts / 101, f"{n} pixels and a palette of {k} colours"
    found = as_parts(ask(function, what, palette=palette, p=p), what, "(colour, error, gap)")
    draws = [np.repeat(palette, row, axis=0) for row in counts]
    colour, mean = (np.array([middle(d, axis=0) for d in draws]) for middle in (np.median, np.mean))
    error = np.array([np.abs(d - c).mean(axis=0).sum() for d, c in zip(draws, colour, strict=True)])
    distance, top = cdist(colour, palette, "cityblock"), palette[p.argmax(axis=1)]
    hints = {
        "the mean is best for the squared error; here the error is the absolute one": mean,
        "absolute error wants the median, not the most probable colour": top,
        "weigh each colour by its probability": np.tile(np.median(palette, axis=0), (n, 1)),
        "each channel has its own median; the best colour need not be in the palette": (
            palette[(p @ cdist(palette, palette, "cityblock")).argmin(axis=1)]
        ),
    }
    compare(found[0], colour, f"the best colours, {what}", hints=hints, tol=FLOAT32)
    hints = {
        "add the three channels, do not average them": error / 3,
        "absolute values, not squares": (p * cdist(colour, palette, "sqeuclidean")).sum(axis=1),
        "absolute values channel by channel, not the length of the difference": (
            (p * cdist(colour, palette)).sum(axis=1)
        ),
        "weigh each distance by its probability": distance.mean(axis=1),
        "weigh each distance by its probability, do not only add them": distance.sum(axis=1),
        "that is the error of the mean; yours is the median": (
            (p * cdist(mean, palette, "cityblock")).sum(axis=1)
        ),
    }
    compare(found[1], error, f"the expected absolute errors, {what}", hints=hints, tol=FLOAT32)
    near, label = distance.min(axis=1), f"the distances to the palette, {what}"
    compare(found[2], near, label, hints=_gap_mistakes(colour, palette, top), tol=FLOAT32)


def _gap_mistakes(colour: np.ndarray, palette: np.ndarray, top: np.ndarray) -> dict:
    """Wrong distances to the palette, when they should be sums of absolute differences."""
    distance = cdist(colour, palette, "cityblock")
    return {
        "distances are sums of absolute differences here, not lengths": (
            cdist(colour, palette).min(axis=1)
        ),
        "all three channels count": cdist(colour, palette, "chebyshev").min(axis=1),
        "the nearest colour of the palette, not the farthest": distance.max(axis=1),
        "the nearest colour, not the average distance": distance.mean(axis=1),
        "the nearest colour of the palette, not the most probable one": (
            np.abs(colour - top).sum(axis=1)
        ),
    }


def check_inside(
    function: Callable,
    rng: np.random.Generator,
    n: int = 5,
    k: int = 4,
    sure: bool = False,
    *,
    weights: tuple[float, float, float] = (1, 1, 1),
) -> None:
    """The best colours of the palette; a channel's squared error counts `weights` times."""
    palette, counts = _pixels(rng, n, k, sure, 101)  # an odd number: no ties
    p, what, scale = counts / 101, f"{n} pixels and a palette of {k} colours", np.sqrt(weights)
    found = as_parts(ask(function, what, palette=palette, p=p), what, "(colour, error, price)")
    costs = p @ cdist(palette * scale, palette * scale, "sqeuclidean")  # [pixel, answer]
    best, mean, plain = palette[costs.argmin(axis=1)], p @ palette, cdist(palette, palette) ** 2
    hints = {
        "that is the mean, the best of all colours; the answer must be in the palette": mean,
        "the most probable colour need not be the best one": palette[p.argmax(axis=1)],
        "a channel's squared error counts as often as the task says": (
            palette[(p @ plain).argmin(axis=1)]
        ),
        "expected squares decide, not distances": palette[(p @ np.sqrt(plain)).argmin(axis=1)],
        "weigh each colour by its probability": np.tile(
            palette[plain.sum(axis=0).argmin()], (n, 1)
        ),
    }
    compare(found[0], best, f"the best colours of the palette, {what}", hints=hints, tol=FLOAT32)
    error = costs.min(axis=1)
    free = np.array(
        [(p[i] * (((palette - mean[i]) * scale) ** 2).sum(axis=1)).sum() for i in range(n)]
    )
    near = ((p @ plain).min(axis=1), np.sqrt(error))
    hints = {
        "a channel's squared error counts as often as the task says": near[0],
        "take no root": near[1],
        "that is the error of the mean, which is not in the palette": free,
        "add the channels with their weights, do not average": error / sum(weights),
    }
    compare(found[1], error, f"the expected squared errors, {what}", hints=hints, tol=FLOAT32)
    hints = {
        "that is the error of the best colour of all; take the difference": free,
        "that is the whole error; take away that of the best colour of all": error,
        "a difference of errors, not a distance": np.linalg.norm((best - mean) * scale, axis=1),
        "a channel's squared error counts as often as the task says": (
            ((best - mean) ** 2).sum(axis=1)
        ),
        "the error in the palette minus the error of the best colour of all": free - error,
    }
    compare(found[2], error - free, f"the prices, {what}", hints=hints, tol=FLOAT32)
