"""Figures of heads: rows of pictures, marked vertices, and the ways of a renderer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lib.mesh_render import rasterise, render_mesh, to_pixels
from lib.plots import COLORS


def edge_energy(pictures: np.ndarray) -> float:
    """Mean squared difference of neighbouring pixels of (..., h, w): high for sharp pictures."""
    pictures = np.asarray(pictures)
    return float(sum(np.mean(np.diff(pictures, axis=axis) ** 2) for axis in (-2, -1)))


def rows_of_pictures(
    rows: Mapping[str, Sequence[np.ndarray]],
    *,
    titles: Sequence[str] | None = None,
    size: float = 1.05,
    trim: float = 0.12,
) -> Figure:
    """Rows of square pictures, `size` inches wide, each row's name at its left.

    `trim` is the share of a picture cut off at the left and at the right: heads are slim.
    """
    n, tall = max(len(row) for row in rows.values()), size / (1 - 2 * trim)
    figure, axes = plt.subplots(
        len(rows), n, figsize=(size * n + 0.2, (tall + 0.03) * len(rows) + 0.22), squeeze=False
    )
    for ax in axes.flat:
        ax.axis("off")
    for line, (name, row) in zip(axes, rows.items(), strict=True):
        for ax, picture in zip(line, row, strict=False):
            ax.imshow(picture, vmin=0, vmax=1)
            across = picture.shape[1]
            ax.set_xlim(trim * across - 0.5, (1 - trim) * across - 0.5)
        left = {"transform": line[0].transAxes, "ha": "right", "va": "center", "rotation": 90}
        line[0].text(-0.04, 0.5, name, fontsize=9, **left)
    for ax, title in zip(axes[0], titles or [], strict=False):
        ax.set_title(title, fontsize=9, pad=3)
    return figure


def marked_vertices(
    heads: Sequence[tuple[np.ndarray, np.ndarray]],
    triangles: np.ndarray,
    vertices: Sequence[int],
    *,
    yaw: float = 20.0,
    size: int = 220,
    span: float = 250.0,
) -> Figure:
    """Several heads with the same vertices marked on each."""
    figure, axes = plt.subplots(1, len(heads), figsize=(5.4, 5.4 / len(heads)))
    for ax, (x, albedo) in zip(axes, heads, strict=True):
        ax.imshow(render_mesh(x, triangles, albedo, yaw=yaw, size=size, span=span), vmin=0, vmax=1)
        at = to_pixels(x[list(vertices)], yaw=yaw, pitch=0, size=size, span=span)
        ax.plot(
            at[:, 0] - 0.5, at[:, 1] - 0.5, "o", ms=3.5, mew=0.7, mec="white", color=COLORS["data"]
        )
        ax.axis("off")
    return figure


def close_ups(
    x: np.ndarray, triangles: np.ndarray, places: Sequence[tuple[float, float, float]]
) -> Figure:
    """The triangles that face the viewer around places (x, y, half the width), in mm."""
    a, b, c = (x[triangles[:, k]] for k in range(3))
    front = triangles[np.cross(b - a, c - a)[:, 2] > 0]
    figure, axes = plt.subplots(1, len(places), figsize=(5.4, 5.4 / len(places)), squeeze=False)
    for ax, (right, up, half) in zip(axes[0], places, strict=True):
        ax.triplot(x[:, 0], x[:, 1], front, color=COLORS["prior"], lw=0.5)
        ax.set(xlim=(right - half, right + half), ylim=(up - half, up + half))
        ax.set(aspect="equal", xlabel="x (mm)", ylabel="y (mm)")
        ax.grid(visible=False)
    return figure


def stages(
    x: np.ndarray, triangles: np.ndarray, albedo: np.ndarray, *, yaw: float = 20, size: int = 180
) -> list[np.ndarray]:
    """What a renderer computes on the way: depth, cosine to the light, albedo, picture."""
    view = {"yaw": yaw, "size": size}
    hits = rasterise(to_pixels(x, pitch=0, span=300, **view), triangles, size)
    near, far = hits.depth.max(), hits.depth[hits.triangle >= 0].min()
    depth = np.where(hits.triangle < 0, 0, 0.2 + 0.8 * (hits.depth.clip(far) - far) / (near - far))
    white = render_mesh(x, triangles, np.ones(len(x)), **view)
    corners = triangles[hits.triangle]
    flat = (albedo[corners] * hits.weights).sum(axis=-1)
    tone = np.where(hits.triangle < 0, 0.85, flat)
    return [depth, white, tone, render_mesh(x, triangles, albedo, **view)]


def on_stage(picture: np.ndarray, *, width: int = 384, levels: int = 48) -> np.ndarray:
    """A picture in the middle of a wide frame, in few grey levels: a light explorable frame."""
    side = (width - picture.shape[1]) // 2
    wide = np.pad(picture, ((0, 0), (side, side)), mode="edge")
    return np.rint(wide * levels) / levels


def error_curves(ks: Sequence[int], causes: Sequence[int], **errors: Sequence[float]) -> Figure:
    """Errors against the number of components, one panel for each, on logarithmic axes.

    A dashed line in each panel marks the number of factors behind the data, in `causes`.
    """
    figure, axes = plt.subplots(1, len(errors), figsize=(5.4, 2.5), squeeze=False)
    for ax, count, (name, values) in zip(axes[0], causes, errors.items(), strict=True):
        ax.axvline(count, color=COLORS["good"], ls="--", lw=1.2)
        ax.semilogy(ks, values, "o-", ms=3.5, lw=1.5, color=COLORS["model"])
        unit = {"shape": "mm", "tone": "share of light"}.get(name, "")
        ax.set(xlabel="components K", ylabel=f"{name} error ({unit})")
    return figure
