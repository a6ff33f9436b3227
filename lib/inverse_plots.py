"""Drawings of the lesson on inverse problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageDraw
from scipy import stats
from torch import Tensor

from lib.ddpm_plots import GAP, TOP, _font, in_colour, veiled
from lib.eigenface_plots import picture_rows
from lib.inverse_problems import LinearMap, mean_answer
from lib.inverse_study import Window
from lib.mixture import GaussianMixture
from lib.plots import COLORS, INK, WIDTH

ROLES = ("model", "latent", "data", "error")  # of several families' curves
EXTENT = 3.0  # of the toy's plane


def seen(a: LinearMap, x: np.ndarray) -> np.ndarray:
    """What A tells of pictures (n, h, w), in colour: a veil over hidden pixels, or blocks."""
    x = torch.as_tensor(x)
    known = (a.matrix == 1).any(0)
    if known.sum() == a.kept:  # a mask
        return veiled(x.numpy(), known.reshape(a.shape))
    blocks = a.back(a.ask(x)).clamp(0, 1).reshape(x.shape)
    return in_colour(blocks.numpy())


def question_rows(x: np.ndarray, questions: Mapping[str, LinearMap]) -> Figure:
    """Pictures x (n, h, w), and below them what each question tells of them."""
    rows = {"original": in_colour(x)}
    rows |= {name: seen(a, x) for name, a in questions.items()}
    return picture_rows(rows, width=WIDTH)


def line_density(posterior: GaussianMixture, grid: np.ndarray) -> np.ndarray:
    """Density of x_2 in a mixture of the plane whose x_1 is known, on a grid."""
    deviations = np.sqrt(posterior.covariances[:, 1, 1])
    each = stats.norm.pdf(grid[:, None], posterior.means[:, 1], deviations)
    return each @ posterior.weights


def toy_panels(mixture: GaussianMixture, posterior: GaussianMixture, points: np.ndarray) -> Figure:
    """Left: points of the mixture and the line of all that answers; right: how probable each is.

    The mean answer is drawn as a diamond.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9), width_ratios=[1, 1.3])
    centre = mean_answer(posterior)
    left.plot(*points.T, ".", ms=2, alpha=0.5, color=COLORS["data"], rasterized=True)
    left.axvline(centre[0], color=COLORS["good"], lw=1.4)
    left.plot(*centre, "D", color=COLORS["error"], ms=7, mec="white")
    left.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    left.set(xlim=(-EXTENT, EXTENT), ylim=(-EXTENT, EXTENT))
    grid = np.linspace(-EXTENT, EXTENT, 400)
    density = line_density(posterior, grid)
    right.fill_between(grid, density, color=COLORS["good"], alpha=0.25, lw=0)
    right.plot(grid, density, color=COLORS["good"])
    at = np.interp(centre[1], grid, density)
    right.plot(centre[1], at, "D", color=COLORS["error"], ms=7, mec="white")
    line = {"arrowstyle": "-", "color": COLORS["error"]}
    place = {"xytext": (8, 75), "textcoords": "offset points", "ha": "center"}
    right.annotate("mean answer", (centre[1], at), **place, arrowprops=line)
    right.set(xlabel="$x_2$", ylabel="density, given $y$", ylim=(0, None))
    return fig


def toy_frames(
    found: Mapping[float, Mapping[str, np.ndarray]], exact: Mapping[float, GaussianMixture]
) -> Callable[[float, str], Figure]:
    """What an explorable draws: answers x_2 (n,) of a `chain` to a question `y`, and their density.

    `found` maps questions to chains to answers, `exact` questions to the right ones.
    """
    grid = np.linspace(-EXTENT, EXTENT, 300)

    def frame(y: float, chain: str) -> Figure:
        fig, ax = plt.subplots(figsize=(5.2, 2.4))
        ax.hist(found[y][chain], np.linspace(-EXTENT, EXTENT, 49), density=True,
                color=COLORS["model"], alpha=0.55)  # fmt: skip
        ax.plot(grid, line_density(exact[y], grid), color=COLORS["good"], lw=2)
        ax.set(xlim=(-EXTENT, EXTENT), ylim=(0, 2), xlabel="$x_2$", ylabel="density, given $y$")
        return fig

    return frame


def answer_rows(
    a: LinearMap, x: np.ndarray, done: Mapping[str, np.ndarray], shown: int = 4
) -> Figure:
    """One row a digit: what is given, some answers (n, k, h, w) of every family, the original."""
    columns, heads = [seen(a, x)], ["given"]
    for name, some in done.items():
        columns += [in_colour(np.clip(some[:, k], 0, 1)) for k in range(shown)]
        heads += [name, *[""] * (shown - 1)]
    table = np.stack([*columns, in_colour(x)], axis=1)  # (n, columns, h, w, 3)
    rows = {" " * k: row for k, row in enumerate(table)}
    return _ragged(picture_rows(rows, width=WIDTH), [*heads, "original"], shown)


def _ragged(fig: Figure, heads: Sequence[str], shown: int) -> Figure:
    """Write a head over the first of the `shown` pictures of a family, at its left edge."""
    columns = len(heads)
    for ax, head in zip(fig.axes[:columns], heads, strict=True):
        ax.set_title(head, fontsize=9, loc="left", pad=3)
    for row in range(len(fig.axes) // columns):
        for column in (1, *range(1 + shown, columns, shown)):
            ax = fig.axes[row * columns + column]
            ax.axvline(-0.75, color=INK, lw=1, clip_on=False)
    return fig


def tradeoff_panels(
    averages: Mapping[str, Mapping[int, tuple[float, float]]], single: Mapping[str, tuple]
) -> Figure:
    """Error of a mean of k answers against k, on curves that fall as 1/k; and its sharpness.

    `averages` are as `lib.inverse_study.averages` gives them; `single` holds error and sharpness of
    methods with one answer.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0), gridspec_kw={"wspace": 0.08})
    for (name, found), role in zip(averages.items(), ROLES, strict=False):
        counts = np.array(list(found))
        errors, sharp = np.array(list(found.values())).T
        _theory(left, counts, errors)
        left.plot(counts, errors, "o", color=COLORS[role], label=name)
        right.plot(errors, 100 * sharp, "o-", color=COLORS[role], lw=1, label=name)
    for name, (error, sharp) in single.items():
        right.plot(error, 100 * sharp, "D", color=COLORS["prior"])
        right.annotate(name, (error, 100 * sharp), (7, 0), textcoords="offset points",
                       va="center", fontsize=8, color=COLORS["prior"])  # fmt: skip
    left.set(xlabel="answers averaged, k", ylabel="squared error a picture", ylim=(0, None))
    left.set(xscale="log")
    left.set_xticks(counts, [str(k) for k in counts])
    left.minorticks_off()
    right.set(xlabel="squared error a picture", ylabel="sharpness (% of real digits)")
    right.axhline(100, color=COLORS["good"], lw=1, ls="--")
    left.legend()
    return fig


def _theory(ax: Axes, counts: np.ndarray, errors: np.ndarray) -> None:
    """c (1 + s / k) fitted through the first and the last of the errors."""
    slope = (errors[0] - errors[-1]) / (1 / counts[0] - 1 / counts[-1])
    fine = np.geomspace(counts[0], counts[-1], 60)
    ax.plot(fine, errors[-1] + slope * (1 / fine - 1 / counts[-1]), color=COLORS["prior"], lw=1)


# ------------------------------------------------------------------ frames of the explorable

ZOOM = 9  # pixels of the screen for a pixel of a digit


def window_frames(
    found: Mapping[tuple[int, int], Window], names: Sequence[str]
) -> Callable[[str, int, int, str], np.ndarray]:
    """What an explorable draws: a digit with a window, and answers of a family.

    `found` is as `lib.inverse_study.windows` makes it, `names` are those of its digits.
    """

    def frame(digit: str, top: int, left: int, family: str) -> np.ndarray:
        window, n = found[top, left], names.index(digit)
        done = in_colour(np.clip(window.done[family][n], 0, 1))
        given = seen(window.a, window.x[n : n + 1])[0]
        looks = " ".join(map(str, window.looks(family, n)))
        return board([[given, *done, in_colour(window.x[n : n + 1])[0]]], f"taken for: {looks}")

    return frame


def board(rows: Sequence[Sequence[np.ndarray]], text: str) -> np.ndarray:
    """Rows of coloured pictures (h, w, 3) in [0, 1] under a line of text; uint8."""
    h, w = np.array(rows[0][0].shape[:2]) * ZOOM + GAP
    image = Image.new("RGB", (int(len(rows[0]) * w), int(TOP + len(rows) * h)), "white")
    ImageDraw.Draw(image).text((0, TOP - 10), text, INK, _font(24), anchor="lb")
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            levels = np.rint(np.rint(np.clip(picture, 0, 1) * 31) * (255 / 31)).astype(np.uint8)
            big = Image.fromarray(levels.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1))
            image.paste(big, (int(j * w), int(TOP + i * h)))
    return np.asarray(image)


def face_rows(a: LinearMap, x: Tensor, done: Sequence[Tensor], mean: float, std: float) -> Figure:
    """Faces x (n, h, w) in standard units, what is given of them, and several answers to it."""
    grey = [np.clip((mean + std * v).numpy(), 0, 1) for v in (x, *done)]
    rows = {"original": in_colour(grey[0]), "given": seen(a, grey[0])}
    rows |= {f"answer {k}": in_colour(v) for k, v in enumerate(grey[1:], 1)}
    return picture_rows(rows, width=WIDTH)
