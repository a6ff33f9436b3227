"""Looking at single latent variables: walks along one axis, what it tells of each factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from PIL import Image, ImageDraw, ImageFont
from scipy import stats

from lib.metrics import InformationGap
from lib.plots import COLORS, INK, WIDTH


def latent_order(rates: np.ndarray) -> np.ndarray:
    """The latent variables from the one that carries most nats to the one that carries least."""
    return np.argsort(-np.asarray(rates, dtype=float), kind="stable")


def traverse(start: np.ndarray, which: Sequence[int], values: Sequence[float]) -> np.ndarray:
    """Codes (len(which), len(values), k): `start` (k,) with one entry at a time set to a value."""
    start = np.asarray(start, dtype=float)
    if start.ndim != 1 or not all(0 <= k < len(start) for k in which):
        raise ValueError(f"cannot walk along latents {list(which)} of a code of {start.shape}")
    codes = np.tile(start, (len(which), len(values), 1))
    for row, k in enumerate(which):
        codes[row, :, k] = values
    return codes


# ------------------------------------------------------------- a ruler for factors of pictures


@dataclass(frozen=True, eq=False)
class Ruler:
    """Reads factors off features of pictures: quadratic functions fitted by least squares.

    Parameters
    ----------
    mean, scale : ndarray, shape (d,)
        What makes each feature have mean 0 and standard deviation 1.
    weights : ndarray, shape (1 + d + d (d + 1) / 2, f)
    names : names of the f factors
    """

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    names: tuple[str, ...]

    def read(self, features: np.ndarray) -> dict[str, np.ndarray]:
        """Factors of pictures with features (n, d): name -> (n,)."""
        found = _quadratic((np.asarray(features) - self.mean) / self.scale) @ self.weights
        return dict(zip(self.names, found.T, strict=True))


def fit_ruler(features: np.ndarray, factors: Mapping[str, np.ndarray]) -> Ruler:
    """Learn to read `factors` (name -> (n,)) off `features` (n, d), from pictures with both known.

    Raises
    ------
    ValueError
        If a factor is not given for every picture, or there are fewer pictures than weights.
    """
    features = np.asarray(features, dtype=float)
    if not factors or any(np.shape(v) != (len(features),) for v in factors.values()):
        raise ValueError(f"every factor must have one value for each of the {len(features)} rows")
    mean, scale = features.mean(axis=0), features.std(axis=0)
    terms = _quadratic((features - mean) / scale)
    if terms.shape[1] > len(features):
        raise ValueError(f"{terms.shape[1]} weights need as many pictures, got {len(features)}")
    weights = np.linalg.lstsq(terms, np.stack(list(factors.values()), axis=1), rcond=None)[0]
    return Ruler(mean, scale, weights, tuple(factors))


def _quadratic(v: np.ndarray) -> np.ndarray:
    """1, all entries, and all products of two of them: (n, d) -> (n, 1 + d + d (d + 1) / 2)."""
    i, j = np.triu_indices(v.shape[1])
    return np.concatenate([np.ones((len(v), 1)), v, v[:, i] * v[:, j]], axis=1)


def axis_following(
    z: np.ndarray, first: np.ndarray, second: np.ndarray, bins: int = 8
) -> tuple[float, float]:
    """How well each axis of a plane of codes (n, 2) follows its own factor (n,).

    The absolute rank correlation of `first` with the axis that follows it better; and of `second`
    with the other axis, averaged over `bins` of equal counts of the first factor.
    """
    _check_plane(z, first, second)
    found = [_rank_correlation(z[:, k], first) for k in (0, 1)]
    other = z[:, np.argmin(found)]
    parts = np.array_split(np.argsort(first), bins)
    return max(found), float(np.mean([_rank_correlation(other[i], second[i]) for i in parts]))


def reading_axes(z: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Swap and signs (2, 2) of the axes of codes (n, 2): those of `z @ axes` rise with the factors.

    The first axis is the one that follows the factor `first` (n,) better, by rank correlation.
    """
    _check_plane(z, first, second)
    ranks = stats.spearmanr(np.column_stack([z, first, second]))[0][:2, 2:]
    k = int(np.argmax(np.abs(ranks[:, 0])))
    signs = np.where([ranks[k, 0] < 0, ranks[1 - k, 1] < 0], -1.0, 1.0)
    return np.eye(2)[:, [k, 1 - k]] * signs


def _check_plane(z: np.ndarray, first: np.ndarray, second: np.ndarray) -> None:
    if z.ndim != 2 or z.shape[1] != 2 or not z.shape[:1] == first.shape == second.shape:
        raise ValueError(
            f"give codes (n, 2) and factors (n,), got {z.shape}, {first.shape} and {second.shape}"
        )


def _rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    return abs(float(stats.spearmanr(a, b)[0]))


# ------------------------------------------------------------------------------- figures


def turning_costs(degrees: np.ndarray, costs: Mapping[str, np.ndarray]) -> Figure:
    """Loss of the bound against the angle of the axes; one curve for each pair of variances."""
    fig, ax = plt.subplots(figsize=(WIDTH, 2.7))
    for (name, cost), style in zip(costs.items(), ("-", "--", "-.", ":"), strict=False):
        ax.plot(degrees, cost, style, color=COLORS["latent"], label=name)
    ax.set(xlabel="angle (degrees)", ylabel="loss of the bound (nats)")
    ax.legend(title="variances")
    return fig


def code_planes(planes: Mapping[str, np.ndarray], factors: Mapping[str, np.ndarray]) -> Figure:
    """Dots for planes of codes (n, 2), one a column, coloured by one factor (n,) a row."""
    size = (WIDTH, 2.8 * len(factors))
    fig, axes = plt.subplots(len(factors), len(planes), figsize=size, squeeze=False)
    for line, (label, values) in zip(axes, factors.items(), strict=True):
        for ax, (name, z) in zip(line, planes.items(), strict=True):
            dots = ax.scatter(*z.T, c=values, s=4, cmap="viridis")
            ax.set(xlabel="$z_1$", ylabel="$z_2$", title=name)
        fig.colorbar(dots, ax=line[-1], label=label)
    return fig


def traversal_sheet(pictures: np.ndarray, rows: Sequence[str], values: Sequence[float]) -> Figure:
    """Pictures (latents, steps, h, w): a row for a latent variable, named at its left."""
    pictures = np.asarray(pictures)
    if pictures.ndim != 4 or pictures.shape[:2] != (len(rows), len(values)):
        raise ValueError(
            f"{len(rows)} rows of {len(values)} pictures wanted, got shape {pictures.shape}"
        )
    height = 0.75 * len(rows) * pictures.shape[2] / pictures.shape[3] + 0.3
    size = (min(0.75 * len(values) + 1.3, WIDTH), height)
    layout = ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
    grid = {"figsize": size, "squeeze": False, "layout": layout}
    fig, axes = plt.subplots(len(rows), len(values), **grid)
    for line, images, name in zip(axes, pictures, rows, strict=True):
        for ax, image in zip(line, images, strict=True):
            ax.imshow(image, vmin=0, vmax=1, cmap="gray", interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for ax, value in zip(axes[0], values, strict=True):
        ax.set_title(f"{value:g}".replace("-", "−"), fontsize=9, pad=2)
    return fig


def information_tables(
    gaps: Mapping[str, InformationGap], factors: Sequence[str], orders: Sequence[np.ndarray]
) -> Figure:
    """One table a model: what each latent (row, by its `order`) tells of each factor (column).

    Shares of the factor's entropy, in per cent; the model's gap stands above its table.
    """
    fig, axes = plt.subplots(1, len(gaps), figsize=(WIDTH, 3.0), squeeze=False)
    for ax, (name, gap), order in zip(axes[0], gaps.items(), orders, strict=True):
        share = (gap.information / gap.entropy)[order]
        ax.imshow(share, vmin=0, vmax=1, cmap="Purples", aspect="auto")
        for (row, column), value in np.ndenumerate(share):
            ink = "white" if value > 0.55 else INK
            ax.text(column, row, f"{100 * value:.0f}", ha="center", va="center", color=ink)
        ax.set_xticks(range(len(factors)), factors, rotation=30, ha="right")
        ax.set_yticks(range(len(order)), [f"{k + 1}" for k in range(len(order))])
        ax.set(title=f"{name}: MIG {gap.score:.2f}", xlabel="factor")
        ax.grid(False)
    axes[0, 0].set_ylabel("latent, by its rate")
    return fig


def trade_off(
    scores: Mapping[float, Sequence[tuple[float, float]]],
    annealed: Sequence[tuple[float, float]],
) -> Figure:
    """Gap against error: dots for the models of each beta, a line for one annealed model.

    `scores` maps beta to one (error, gap) a seed, large dots are medians; `annealed` are
    (error, gap) along one run.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.3))
    ax.plot(*zip(*annealed, strict=True), "-o", ms=4, color=COLORS["good"], label="annealed")
    for mark, (beta, points) in zip("os^Dv", scores.items(), strict=False):
        errors, gaps = np.array(points, dtype=float).T
        ax.plot(errors, gaps, mark, color=COLORS["model"], ms=5, alpha=0.55)
        ax.plot(
            np.median(errors), np.median(gaps), mark, color=COLORS["model"], ms=9,
            mec=INK, label=f"β = {beta:g} from the start",
        )  # fmt: skip
    ax.set(xlabel="squared error of a picture", ylabel="mutual information gap", xscale="log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_ylim(0, None)
    ax.legend()
    return fig


def waking(betas: Sequence[float], rates: np.ndarray) -> Figure:
    """Rates (stages, latents) of one model while beta falls from left to right."""
    rates = np.asarray(rates, dtype=float)
    if rates.ndim != 2 or len(rates) != len(betas):
        raise ValueError(f"rates must be ({len(betas)}, k), one row a beta, got {rates.shape}")
    fig, ax = plt.subplots(figsize=(WIDTH, 2.9))
    styles = ("-o", "--s", "-.^", ":D", "-v", "--x")
    for k, rate in enumerate(rates.T):
        look = {"color": COLORS["latent"], "alpha": max(0.3, 1 - 0.12 * k)}
        ax.plot(betas, rate, styles[k % 6], label=f"latent {k + 1}", **look)
    ax.set(xlabel="β (falling)", ylabel="rate of a latent (nats)", xscale="log")
    ax.set_xticks(list(betas), [f"{beta:g}" for beta in betas])
    ax.minorticks_off()
    ax.invert_xaxis()
    ax.legend(ncols=2)
    return fig


# ------------------------------------------------------------------ frames of the explorable

SIDE, PANEL, GAP = 256, 300, 20  # of the picture; the panel at its right; between them; pixels
GREYS = 48  # grey levels of the picture: fewer bytes, no difference to the eye


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(findfont("DejaVu Sans"), size)


def traversal_frame(
    picture: np.ndarray,
    now: Mapping[str, float],
    start: Mapping[str, float],
    ranges: Mapping[str, tuple[float, float]],
) -> np.ndarray:
    """A picture (h, w) beside a scale for each factor: where it started (grey), where it is now.

    `ranges` are the ends of the scales; a value beyond them stands at the end. Returns uint8
    (256, 576, 3).
    """
    if not set(now) == set(start) == set(ranges):
        raise ValueError(f"name the same factors, got {set(now)}, {set(start)}, {set(ranges)}")
    zoom = SIDE // len(picture)
    levels = np.rint(np.clip(picture, 0, 1) * (GREYS - 1)) * (255 / (GREYS - 1))
    big = levels.astype(np.uint8).repeat(zoom, axis=0).repeat(zoom, axis=1)
    frame = Image.new("RGB", (SIDE + GAP + PANEL, SIDE), "white")
    frame.paste(Image.fromarray(big), (0, 0))
    draw, step = ImageDraw.Draw(frame), SIDE / len(now)
    for row, name in enumerate(now):
        y = (row + 0.68) * step
        draw.text((SIDE + GAP, y - 14), name.replace("_", " "), INK, _font(19), anchor="ls")
        _scale(draw, y, ranges[name], start[name], now[name])
    return np.asarray(frame)


def _scale(draw: ImageDraw.ImageDraw, y: float, ends: tuple, before: float, now: float) -> None:
    """A line with a grey tick where the walk started and a purple dot where it is."""
    left, right = SIDE + GAP + 8, SIDE + GAP + PANEL - 12
    draw.line((left, y, right, y), "#c9ced6", 4)
    at, was = (float(np.interp(v, ends, (left, right))) for v in (now, before))
    draw.line((was, y, at, y), COLORS["latent"], 4)
    draw.line((was, y - 9, was, y + 9), COLORS["prior"], 4)
    draw.ellipse((at - 8, y - 8, at + 8, y + 8), COLORS["latent"])
