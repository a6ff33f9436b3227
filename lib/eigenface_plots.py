"""Drawings of the eigenface lesson: rows of faces, frames of the mixer, the toy, curves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Ellipse
from PIL import Image, ImageDraw, ImageFont
from scipy import stats

from lib.eigenfaces import Curves
from lib.pca import PCA
from lib.plots import COLORS, INK, WIDTH


def picture_rows(
    rows: Mapping[str, np.ndarray],
    captions: Mapping[str, Sequence[str]] | None = None,
    *,
    heads: Sequence[str] = (),
    width: float | None = None,
) -> Figure:
    """Rows of pictures (n, h, w) or (n, h, w, 3), one length for all; the keys stand at the left.

    `captions` holds, for some of the rows, a text above each picture; `heads` are titles of the
    columns. The figure is `width` inches wide; left out, pictures have one size in all figures.
    """
    captions = dict(captions or {})
    if heads:
        first = next(iter(rows))
        below = captions.get(first, [""] * len(heads))
        captions[first] = [f"{a}\n{b}" for a, b in zip(heads, below, strict=True)]
    counts = {name: len(images) for name, images in rows.items()}
    counts |= {f"captions of {name}": len(texts) for name, texts in captions.items()}
    if len(set(counts.values())) != 1 or not set(captions) <= set(rows):
        raise ValueError(f"rows and captions must match, got {counts}")
    n, h, w = next(iter(rows.values())).shape[:3]
    width = min(0.85 * (n + 0.4), WIDTH) if width is None else width
    side = width / (n + 0.4)
    lines = [max(map(_lines, captions.get(name, [""]))) for name in rows]
    heights = [side * h / w + 0.17 * count for count in lines]
    fig, axes = _tight(heights, n, width)
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        texts = captions.get(name, [""] * n)
        for ax, image, text in zip(line, images, texts, strict=True):
            _face(ax, image, text)
        line[0].set_ylabel(name, fontsize=9)
    return fig


def _tight(heights: Sequence[float], columns: int, width: float) -> tuple[Figure, np.ndarray]:
    """A grid with rows of these heights, in inches, and hardly any space between its cells."""
    layout = ConstrainedLayoutEngine(w_pad=0.015, h_pad=0.015, wspace=0, hspace=0)
    size = width, sum(heights)
    return plt.subplots(len(heights), columns, figsize=size, squeeze=False, layout=layout)


def _lines(text: str) -> int:
    return len(text.splitlines())


def _face(ax, image: np.ndarray, title: str) -> None:
    ax.imshow(image, vmin=0, vmax=1, cmap="gray", interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.grid(False)
    if title:
        ax.set_title(re.sub(r"-(?=\d)", "−", title), fontsize=9, pad=2)


def component_pairs(
    pca: PCA, shape: tuple[int, int], count: int = 12, *, sd: float = 3.0, columns: int = 6
) -> Figure:
    """Mean face minus and plus `sd` standard deviations of each of the first `count` components."""
    steps = sd * np.sqrt(pca.variances[:count]) * pca.components[:, :count]  # (D, count)
    share = pca.variances / pca.total_variance
    lines = -(-count // columns)
    tall = WIDTH / columns * shape[0] / shape[1]
    heights = [tall + 0.17, tall] * lines
    fig, axes = _tight(heights, columns, WIDTH)
    for ax in axes.flat:
        ax.axis("off")
    for k in range(count):
        line, column = divmod(k, columns)
        low, high = ((pca.mean + sign * steps[:, k]).reshape(shape) for sign in (-1, 1))
        _face(axes[2 * line, column], low, f"{k + 1}: {share[k]:.1%}")
        _face(axes[2 * line + 1, column], high, "")
    return fig


# ------------------------------------------------------------------ frames of the explorable

ZOOM, PANEL, GAP = 4, 330, 20  # of a face; pixels of the panel at its right; between them
GREYS = 64  # grey levels of the face: fewer bytes, no difference to the eye


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(findfont("DejaVu Sans"), size)  # the figures' font; it has a minus


def mixer_frame(
    face: np.ndarray, variances: np.ndarray, scores: np.ndarray, k: int, score: float
) -> np.ndarray:
    """A face beside the scree plot with bar `k` marked, and the data's scores of that component.

    `face` is (h, w); `variances` are shares of the total, one a bar; `scores` are the data's, in
    standard deviations, and `score` is where the face stands among them. Returns uint8 (.., .., 3).
    """
    levels = np.rint(np.clip(face, 0, 1) * (GREYS - 1)) * (255 / (GREYS - 1))
    big = levels.astype(np.uint8).repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
    height, width = big.shape
    frame = Image.new("RGB", (width + GAP + PANEL, height), "white")
    frame.paste(Image.fromarray(big), (0, 0))
    draw = ImageDraw.Draw(frame)
    left = width + GAP
    _bars(draw, (left, 30, left + PANEL, height // 2 - 26), variances, k)
    _scores(draw, (left, height // 2 + 34, left + PANEL, height - 22), scores, score)
    draw.text((left, 0), f"component {k + 1}: {variances[k]:.1%} of variance", INK, _font(19))
    draw.text((left, height // 2 + 2), "its scores in the training set", INK, _font(19))
    return np.asarray(frame)


def _bars(draw: ImageDraw.ImageDraw, box: tuple, values: np.ndarray, marked: int) -> None:
    """Bars with their numbers below; the marked one in the colour of latent variables."""
    left, top, right, bottom = box
    step = (right - left) / len(values)
    for j, value in enumerate(values):
        x0, x1 = left + j * step, left + (j + 0.8) * step
        color = COLORS["latent"] if j == marked else "#c9ced6"
        draw.rectangle((x0, bottom - (bottom - top) * value / values.max(), x1, bottom), color)
        draw.text(((x0 + x1) / 2, bottom + 3), str(j + 1), INK, _font(15), anchor="ma")


def _scores(draw: ImageDraw.ImageDraw, box: tuple, scores: np.ndarray, at: float) -> None:
    """A histogram over -3.5..3.5 standard deviations and a line at the score that is shown."""
    left, top, right, bottom = box
    edges = np.linspace(-3.5, 3.5, 29)
    counts = np.histogram(scores, edges)[0]
    place = np.interp(edges, (-3.5, 3.5), (left, right))
    for x0, x1, count in zip(place[:-1], place[1:], counts, strict=True):
        draw.rectangle(
            (x0 + 1, bottom - (bottom - top) * count / counts.max(), x1, bottom), COLORS["data"]
        )
    for tick in range(-3, 4):
        x = np.interp(tick, (-3.5, 3.5), (left, right))
        draw.text((x, bottom + 3), str(tick).replace("-", "−"), INK, _font(15), anchor="ma")
    x = np.interp(at, (-3.5, 3.5), (left, right))
    draw.line((x, top - 4, x, bottom), COLORS["latent"], width=4)


# ------------------------------------------------------------------------------- curves


def toy_panels(
    x: np.ndarray,
    gaussian: tuple[np.ndarray, np.ndarray],
    grid: np.ndarray,
    beliefs: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> Figure:
    """Left: points, the model's ellipses and the points asked about. Right: beliefs about z.

    `gaussian` is mean and covariance in the plane; `beliefs` maps a name to (point, density of z on
    `grid`).
    """
    mean, covariance = gaussian
    fig, (left, right) = plt.subplots(1, 2, width_ratios=[1, 1.15], figsize=(WIDTH, 3.1))
    left.plot(*x.T, ".", ms=4, alpha=0.45, color=COLORS["data"])
    spread, axes = np.linalg.eigh(covariance)
    for sd in (1, 2):
        size = 2 * sd * np.sqrt(spread[::-1])
        angle = np.degrees(np.arctan2(*axes[::-1, 1]))
        left.add_patch(Ellipse(mean, *size, angle=angle, fill=False, lw=1.6, ec=COLORS["model"]))
    right.plot(grid, stats.norm.pdf(grid), ":", color=COLORS["prior"], label="prior")
    for mark, (name, (point, density)) in zip("osD^", beliefs.items(), strict=False):
        left.plot(*point, mark, color=COLORS["latent"], ms=8, mec="white")
        left.annotate(name, point, (0, 7), textcoords="offset points", ha="center")
        (line,) = right.plot(grid, density, color=COLORS["latent"])
        peak = np.argmax(density)
        right.plot(grid[peak], density[peak], mark, color=line.get_color(), ms=8, mec="white")
        right.text(grid[peak], density[peak] * 1.05, name, ha="center", va="bottom")
    left.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    right.set(xlabel="latent variable $z$", ylabel="density of $z$")
    right.margins(y=0.12)
    right.legend(loc="upper left")
    return fig


def choice_of_k(found: Curves) -> Figure:
    """Log-likelihood and reconstruction error against K; the peak for other people is marked.

    Likelihoods far below that of one component are left out of the picture.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0))
    for ax, fitted, other in (
        (left, found.fitted_nats, found.other_nats),
        (right, found.fitted_error, found.other_error),
    ):
        ax.plot(found.ks, fitted, "--", color=COLORS["prior"], label="fitted pictures")
        ax.plot(found.ks, other, color=COLORS["data"], label="other people")
        ax.set(xlabel="components K", xscale="log")
        ax.xaxis.set_major_formatter(plt.FuncFormatter(lambda value, _: f"{value:g}"))
    peak, first = found.other_nats.max(), found.other_nats[0]
    left.plot(found.best, peak, "o", color=COLORS["model"], ms=7)
    left.annotate(f"K = {found.best}", (found.best, peak), (7, 1), textcoords="offset points")
    limits = first - 0.5 * (peak - first), peak + 0.8 * (peak - first)
    left.set(ylabel="log-likelihood (nats per picture)", ylim=limits)
    right.set(ylabel="error (rms grey value)", ylim=(0, None))
    right.legend()
    return fig


def score_panels(z: np.ndarray, which: Sequence[int]) -> Figure:
    """Scores (n, K) in standard deviations: histograms of some, and of the sum of all squares.

    The normal and the chi-squared density, which a Gaussian would have, are drawn over them.
    """
    fig, axes = plt.subplots(1, len(which) + 1, figsize=(WIDTH, 2.5))
    grid = np.linspace(-3.6, 3.6, 200)
    for ax, k in zip(axes, which, strict=False):
        ax.hist(z[:, k], np.linspace(-3.5, 3.5, 29), density=True, color=COLORS["data"], alpha=0.7)
        ax.plot(grid, stats.norm.pdf(grid), color=COLORS["model"])
        ax.set(xlabel=f"score {k + 1} (sd)", yticks=[])
    radius, dim = np.sum(z**2, axis=1), z.shape[1]
    top = max(np.quantile(radius, 0.995), stats.chi2.ppf(0.999, dim))
    axes[-1].hist(radius, np.linspace(0, top, 30), density=True, color=COLORS["data"], alpha=0.7)
    grid = np.linspace(0, top, 200)
    axes[-1].plot(grid, stats.chi2.pdf(grid, dim), color=COLORS["model"])
    axes[-1].set(xlabel=f"sum of {dim} squares", yticks=[])
    axes[0].set_ylabel("density")
    return fig
