"""Pictures of triangle meshes: a z-buffer and smooth shading in plain numpy.

A mesh stands in right-handed coordinates: x to the right of the picture, y up, z towards the
viewer. The camera is far away (orthographic), and only triangles whose corners run anticlockwise
as seen from the camera are drawn: a mesh shows its outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

EDGE = 1e-9  # weights and boxes may miss a pixel by this much, so that neighbours leave no gap
TINY = 1e-300  # keeps a vector of length 0 as it is when vectors are made unit
LIGHT = (-0.4, 0.45, 0.9)  # from the upper left, in front
AMBIENT, GLOSS, SHININESS = 0.34, 0.08, 18.0


class Hits(NamedTuple):
    """What a z-buffer holds: the front triangle of a pixel and where in it the pixel lies."""

    triangle: np.ndarray  # (size, size), -1 where nothing is
    weights: np.ndarray  # (size, size, 3) barycentric coordinates
    depth: np.ndarray  # (size, size) z towards the viewer, -inf where nothing is


def rotation(yaw: float, pitch: float) -> np.ndarray:
    """Matrix (3, 3) that turns by `yaw` about y (to the viewer's right), then `pitch` about x.

    In degrees; a positive pitch tips the top towards the viewer.
    """
    a, b = np.radians([yaw, pitch])
    turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    tip = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    return tip @ turn


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals (v, 3): the mean of the neighbouring triangles' normals, weighted by area."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    faces = np.cross(b - a, c - a)  # length: twice the area
    at, n = triangles.T.ravel(), len(vertices)
    sums = [np.bincount(at, np.tile(faces[:, k], 3), n) for k in range(3)]
    return _unit(np.stack(sums, axis=1))


def to_pixels(
    vertices: np.ndarray, *, yaw: float, pitch: float, size: int, span: float
) -> np.ndarray:
    """Where points land in a picture: (v, 3) of column, row (pixels from the top left) and depth.

    The origin is the middle of the picture; `span` units fill its `size` pixels.
    """
    seen = vertices @ rotation(yaw, pitch).T
    scale, middle = size / span, size / 2
    return np.stack([middle + scale * seen[:, 0], middle - scale * seen[:, 1], seen[:, 2]], axis=1)


def rasterise(points: np.ndarray, triangles: np.ndarray, size: int) -> Hits:
    """The front triangle of every pixel; `points` are (v, 3) as from `to_pixels`.

    All pairs of a triangle and a pixel of its bounding box are tested at once.
    """
    corners = points[triangles]  # (t, 3, 3)
    ab, ac = (corners[:, k, :2] - corners[:, 0, :2] for k in (1, 2))
    twice_area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    shown = np.flatnonzero(twice_area < 0)  # rows count downwards: the outside is negative
    flat = corners[shown, :, :2]
    one, two, three = flat.swapaxes(0, 1)  # reducing over an axis of length 3 would be slow
    least, most = np.minimum(one, np.minimum(two, three)), np.maximum(one, np.maximum(two, three))
    low = np.ceil(least - 0.5 - EDGE).clip(0, size).astype(int)
    high = np.floor(most - 0.5 + EDGE).clip(-1, size - 1).astype(int)
    owner, column, row = _pairs(low, high)
    to_b = np.stack([ac[shown, 1], -ac[shown, 0]]) / twice_area[shown]  # slopes of the weights
    to_c = np.stack([-ab[shown, 1], ab[shown, 0]]) / twice_area[shown]
    x, y = column + 0.5 - flat[owner, 0, 0], row + 0.5 - flat[owner, 0, 1]
    b = to_b[0, owner] * x + to_b[1, owner] * y
    c = to_c[0, owner] * x + to_c[1, owner] * y
    inside = np.flatnonzero((b >= -EDGE) & (c >= -EDGE) & (b + c <= 1 + EDGE))
    t, b, c = shown[owner[inside]], b[inside], c[inside]
    weights = np.stack([1 - b - c, b, c], axis=1)
    depth = np.einsum("pk,pk->p", weights, corners[t, :, 2])
    return _nearest(row[inside] * size + column[inside], t, weights, depth, size)


def _pairs(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every pixel of every box: number of the box, column and row of the pixel, each (p,)."""
    wide, tall = (high - low + 1).clip(0).T
    count = wide * tall
    owner = np.repeat(np.arange(len(low)), count)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    row = within // wide[owner]
    column = within - row * wide[owner]
    return owner, column + low[owner, 0], row + low[owner, 1]


def _nearest(
    cell: np.ndarray, t: np.ndarray, weights: np.ndarray, depth: np.ndarray, size: int
) -> Hits:
    """Keep the largest depth of every cell: written in order of depth, the last one stays."""
    last = np.full(size * size, -1)
    order = np.argsort(depth)
    last[cell[order]] = order
    hit = last >= 0
    front = Hits(
        np.full(size * size, -1), np.zeros((size * size, 3)), np.full(size * size, -np.inf)
    )
    for buffer, values in zip(front, (t, weights, depth), strict=True):
        buffer[hit] = values[last[hit]]
    return Hits(*(buffer.reshape(size, size, *buffer.shape[1:]) for buffer in front))


def shade(normals: np.ndarray, albedo: np.ndarray, light: Sequence[float]) -> np.ndarray:
    """Brightness of surface points (p,): ambient and Lambert's cosine law, and a soft highlight.

    `normals` (p, 3) are of unit length; the viewer is at z = infinity.
    """
    light = np.asarray(light, dtype=float) / np.linalg.norm(light)
    halfway = light + np.array([0, 0, 1])
    cosine = np.maximum(normals @ light, 0)
    halfway = halfway / max(np.linalg.norm(halfway), TINY)  # none if the lamp is right behind
    shine = np.maximum(normals @ halfway, 0) ** SHININESS
    return albedo * (AMBIENT + (1 - AMBIENT) * cosine) + GLOSS * shine * (cosine > 0)


def render_mesh(
    vertices: np.ndarray,
    triangles: np.ndarray,
    albedo: np.ndarray,
    *,
    yaw: float = 0.0,
    pitch: float = 0.0,
    light: Sequence[float] = LIGHT,
    size: int = 200,
    background: float = 0.85,
    span: float = 300.0,
    samples: int = 2,
) -> np.ndarray:
    """A shaded picture, float32 (size, size) in [0, 1].

    Parameters
    ----------
    vertices, triangles, albedo : (v, 3), (t, 3), (v,)
        The mesh, and how much light each vertex reflects, in [0, 1].
    yaw, pitch : degrees
        How the mesh is turned; see `rotation`.
    light : three numbers
        Direction to the lamp in the viewer's frame; it does not turn with the mesh.
    span : float
        Units of the mesh that fill the picture; its middle is the origin.
    samples : int
        Every pixel is the mean of samples x samples points.

    Raises
    ------
    ValueError
        If shapes do not fit, an index is out of range, or a number makes no sense.
    """
    vertices, triangles = np.asarray(vertices, dtype=float), np.asarray(triangles)
    albedo = np.asarray(albedo, dtype=float)
    _check_mesh(vertices, triangles, albedo)
    _check_view(light, (yaw, pitch, background), span, (size, samples))
    fine = size * samples
    points = to_pixels(vertices, yaw=yaw, pitch=pitch, size=fine, span=span)
    hits = rasterise(points, triangles, fine)
    hit = hits.triangle >= 0
    corners, weights = triangles[hits.triangle[hit]], hits.weights[hit]
    normals = vertex_normals(vertices, triangles) @ rotation(yaw, pitch).T
    picture = np.full((fine, fine), float(background))
    picture[hit] = shade(
        _unit(_blend(normals, corners, weights)), _blend(albedo, corners, weights), light
    )
    means = picture.reshape(size, samples, size, samples).mean(axis=(1, 3))
    return means.clip(0, 1).astype(np.float32)


def _blend(values: np.ndarray, corners: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Vertex values at points inside triangles: sum_k w_k values[corner k]."""
    shape = (-1, *[1] * (values.ndim - 1))
    return sum(values[corners[:, k]] * weights[:, k].reshape(shape) for k in range(3))


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.einsum("pk,pk->p", vectors, vectors))
    return vectors / np.maximum(length, TINY)[:, None]


def _check_mesh(vertices: np.ndarray, triangles: np.ndarray, albedo: np.ndarray) -> None:
    if vertices.ndim != 2 or vertices.shape[1] != 3 or not np.isfinite(vertices).all():
        raise ValueError(f"vertices must be finite (v, 3), got shape {vertices.shape}")
    if triangles.ndim != 2 or triangles.shape[1] != 3 or triangles.dtype.kind not in "iu":
        raise ValueError(f"triangles must be whole numbers (t, 3), got shape {triangles.shape}")
    if len(triangles) and not 0 <= triangles.min() <= triangles.max() < len(vertices):
        raise ValueError(f"triangles name vertices outside 0..{len(vertices) - 1}")
    if albedo.shape != (len(vertices),) or not np.isfinite(albedo).all():
        raise ValueError(f"albedo must be finite ({len(vertices)},), got shape {albedo.shape}")


def _check_view(
    light: Sequence[float], numbers: Sequence[float], span: float, counts: Sequence[int]
) -> None:
    if np.shape(light) != (3,) or not 0 < np.linalg.norm(light) < np.inf:
        raise ValueError(f"light must be three finite numbers, not all zero, got {light}")
    if not np.isfinite(numbers).all():
        raise ValueError(f"yaw, pitch and background must be finite, got {numbers}")
    if not 0 < span < np.inf:
        raise ValueError(f"span must be positive and finite, got {span}")
    if not all(isinstance(n, int | np.integer) and n >= 1 for n in counts):
        raise ValueError(f"size and samples must be positive whole numbers, got {counts}")
