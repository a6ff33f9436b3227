"""One head: a mesh whose every vertex has a meaning, and the smooth surface it lies on.

Millimetres; x to the viewer's right, y up, z forward; the origin lies between the ears at the
height of the eyes. The skin is a grid of rays from one inner point. Its rows follow the brows,
the lids and the lips, so that what is painted on the vertices has sharp edges. Eyes and ears are
meshes of their own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lib.datasets.sdf import capsule, ellipsoid, smooth_max, smooth_min

Point = tuple[Tensor, Tensor, Tensor]  # x, y and z, each of one shape
COLUMNS = 76
ORIGIN = np.array([0.0, -30.0, 0.0])  # where the rays start
NECK_END = -158.0
EYE = np.array([31.5, 0.0, 68.0])  # centre of the right-hand eyeball
EYE_RADIUS = 13.2
EYE_OPENING, LIP_LINE = 9.0, 2.5  # how far the skin lies back between lids and between lips
EAR = np.array([75.0, -8.0, -14.0])  # middle of the right-hand ear
EYE_AT, EYE_HALF = 21.5, 10.2  # azimuth of the eye's middle and half its width, degrees
MOUTH_HALF = 15.5
EYE_COLUMNS, EAR_COLUMNS = 16, 20  # vertices of a ring
EYE_RINGS = (4, 11, 13.5, 20, 27, 30.5, 38, 50, 63, 78)  # degrees from the pupil's middle
EAR_RINGS = (0.16, 0.32, 0.46, 0.58, 0.7, 0.8, 0.9, 0.97, 1.0, 0.95, 0.8, 0.5)  # of the outline
EAR_RELIEF = (-5.5, -5, -2, 2, 1.2, 0.4, 2.6, 3.2, 1.5, -1.5, -3, -4)  # mm
LINES = (  # rows of the grid, from the line before to this one
    ("crown", 0),
    ("hairline", 13),
    ("brow top", 6),
    ("brow bottom", 3),
    ("crease", 3),
    ("upper lid", 2),
    ("lower lid", 5),
    ("nose base", 14),
    ("lip top", 3),
    ("mouth", 3),
    ("lip bottom", 3),
    ("chin", 6),
    ("throat", 5),
    ("neck", 5),
)


class Template(NamedTuple):
    """The mean head before any factor moves it."""

    vertices: np.ndarray  # (v, 3) mm
    triangles: np.ndarray  # (t, 3) anticlockwise from outside
    azimuth: np.ndarray  # (v,) degrees from the nose, positive to the viewer's right
    row: np.ndarray  # (v,) row of the grid, -1 for eyes and ears
    part: np.ndarray  # (v,) 0 skin, 1 eyes, 2 ears
    ring: np.ndarray  # (v,) degrees from the pupil, part of the way to the ear's rim, 0 on skin


def surface(p: np.ndarray) -> np.ndarray:
    """Signed distance to the skin in mm, negative inside; p is (..., 3), left and right alike."""
    x, y, z = torch.tensor(np.moveaxis(p, -1, 0), dtype=torch.float64)
    at = torch.sqrt(x**2 + 1), y, z  # both sides, joined by a rounded seam
    d = _ball(at, (0, 28, -8), (75, 85, 96))  # cranium
    d = smooth_min(d, _ball(at, (0, -34, 24), (64, 78, 64)), 30)  # face
    d = smooth_min(d, _ball(at, (0, -70, 28), (51, 36, 52)), 22)  # jaw
    d = smooth_min(d, _ball(at, (0, -98, 68), (18, 15, 18)), 22)  # chin
    d = smooth_min(d, _ball(at, (46, -24, 48), (18, 12, 20)), 28)  # cheek bones
    d = smooth_min(d, _ball(at, (38, -54, 44), (20, 24, 26)), 26)  # cheeks
    d = smooth_min(d, _neck(at), 20)
    d = smooth_max(d, -_ball(at, (31, 0, 101), (20, 13, 17)), 14)  # eye sockets
    d = smooth_min(d, _ball(at, (25, 17, 72), (24, 7, 14)), 12)  # brow ridge
    d = smooth_min(d, _ball(at, tuple(EYE), (17, 15.2, 15.4)), 4)  # lids
    return _lips(at, _nose(at, d)).numpy()


def _ball(at: Point, centre: tuple, radii: tuple) -> Tensor:
    return ellipsoid(*(a - c for a, c in zip(at, centre, strict=True)), radii)


def _neck(at: Point) -> Tensor:
    """A tube that leans forward towards the top, cut off inside the head."""
    x, y, z = at
    tube = torch.hypot(x, z + 26 - 0.12 * (y + 110)) - 48
    return smooth_max(tube, y + 40, 20)


def _nose(at: Point, d: Tensor) -> Tensor:
    x, y, z = at
    bridge = capsule(x, y - 12, z - 79, (0, -47, 19), 7.5, growth=3)
    d = smooth_min(d, bridge, 12)
    d = smooth_min(d, _ball(at, (0, -40, 102), (11.5, 9.5, 11.5)), 9)  # tip
    d = smooth_min(d, _ball(at, (12.5, -44.5, 90), (7.5, 7.5, 11)), 5)  # wings
    return smooth_max(d, -_ball(at, (6.5, -53.5, 97), (3.6, 4, 6)), 3)  # nostrils


def _lips(at: Point, d: Tensor) -> Tensor:
    d = smooth_min(d, _ball(at, (0, -68, 70), (31, 23, 21)), 16)  # muzzle
    d = smooth_max(d, -_ball(at, (0, -56, 97), (3, 7, 4)), 7)  # groove under the nose
    x, y, z = at
    bent = x, y + 0.004 * x**2, z + 0.012 * x**2  # the lips bend back around the teeth
    d = smooth_min(d, _ball(bent, (5.5, -65.2, 88.5), (17, 4.8, 6)), 4)
    return smooth_min(d, _ball(bent, (0, -75, 87), (17, 5.6, 7)), 3)


def rise(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """Smooth step from 0 at `low` to 1 at `high`, which may be in falling order."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def azimuths() -> np.ndarray:
    """Angles of the columns in degrees, dense over the face, 0 first, mirrored."""
    u = np.linspace(0, 1, COLUMNS // 2 + 1)
    half = 73 * u + 107 * u**4.2
    return np.concatenate([half, -half[-2:0:-1]])


def _arch(a: np.ndarray, centre: float, half: float, power: float = 1.0) -> np.ndarray:
    """1 at `centre`, 0 at `centre` +- `half` and beyond."""
    return np.maximum(1 - ((a - centre) / half) ** 2, 0) ** power


def lines(azimuth: np.ndarray) -> np.ndarray:
    """Elevation in degrees of the named lines (14, columns), from the crown to the neck."""
    a = np.abs(azimuth)
    lid, mouth = _arch(a, EYE_AT, EYE_HALF, 0.8), _arch(a, 0, MOUTH_HALF, 0.7)
    bow = mouth * (1 - 0.35 * np.exp(-((a / 3.0) ** 2)))
    brow = 29.5 + 3.0 * np.exp(-(((a - 27) / 12) ** 2)) - 0.004 * np.maximum(a - 27, 0) ** 2
    corner = 19.0 + 0.07 * np.clip(a - EYE_AT, -EYE_HALF, EYE_HALF)
    end = -np.degrees(np.arctan2(ORIGIN[1] - NECK_END, 55 - 29 * np.cos(np.radians(azimuth))))
    face = [
        np.full_like(a, 90.0),
        54 - 0.002 * a**2,
        brow + 2.3,
        brow - 0.9 + 0.05 * np.maximum(a - 27, 0),
        corner + 1.2 + 4.6 * lid,
        corner + 0.25 + 3.0 * lid,
        corner - 0.25 - 2.9 * lid,
        np.full_like(a, -13.5),
        -22.0 + 3.2 * bow,
        -23.2 - 0.6 * mouth,
        -24.4 - 4.6 * mouth,
        np.full_like(a, -44.0),
        np.full_like(a, -63.0),
        end,
    ]
    count = np.cumsum([rows for _, rows in LINES]) / sum(rows for _, rows in LINES)
    even = 90 + (end - 90) * count[:, None] ** 0.9
    return np.stack(face) + rise(38, 95, a) * (even - np.stack(face))


def _rays() -> tuple[np.ndarray, np.ndarray]:
    """Azimuth and elevation of the grid in radians, both (rows, columns), crown excluded."""
    azimuth = azimuths()
    at, levels = [], lines(azimuth)
    for k, (_, rows) in enumerate(LINES[1:]):
        for part in np.arange(1, rows + 1) / rows:
            at.append((1 - part) * levels[k] + part * levels[k + 1])
    elevation = np.array(at)
    return np.radians(np.broadcast_to(azimuth, elevation.shape)), np.radians(elevation)


def _trace(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Where rays meet the skin, from outside inwards; (..., 3).

    Sphere tracing with shortened steps, since `surface` is not everywhere a distance.
    """
    flat = np.cos(elevation)
    ray = np.stack([flat * np.sin(azimuth), np.sin(elevation), flat * np.cos(azimuth)], axis=-1)
    far = np.full(azimuth.shape, 260.0)
    for _ in range(70):
        far = far - 0.8 * surface(ORIGIN + far[..., None] * ray)
    return ORIGIN + far[..., None] * ray


def row_of(line: str) -> int:
    """Number of the grid's row that follows a named line; rows are counted from the crown."""
    names = [name for name, _ in LINES]
    if line not in names:
        raise ValueError(f"no line {line!r}; there are {', '.join(names)}")
    return sum(rows for _, rows in LINES[: names.index(line) + 1])


def _skin() -> tuple[np.ndarray, np.ndarray]:
    """Vertices of the crown and of the grid, row by row, (1 + rows * columns, 3)."""
    azimuth, elevation = _rays()
    points = _trace(azimuth, elevation)
    a, row = np.abs(np.degrees(azimuth)), np.arange(1, len(points) + 1)[:, None]
    within = (row > row_of("upper lid")) & (row < row_of("lower lid"))
    depth = EYE_OPENING * within * rise(EYE_HALF, EYE_HALF - 2, np.abs(a - EYE_AT))
    _even_neck(points)
    parted = (row == row_of("mouth")) * LIP_LINE * rise(MOUTH_HALF, MOUTH_HALF - 3, a)
    points[..., 2] -= depth + parted  # the eyes' openings, and the line between the lips
    crown = _trace(np.zeros(1), np.full(1, np.pi / 2))
    return np.concatenate([crown, points.reshape(-1, 3)])


def _even_neck(points: np.ndarray) -> None:
    """Space the rows of the neck evenly and end them at one height."""
    throat = row_of("throat")
    part = np.linspace(0, 1, len(points) - throat + 1)[:, None]
    points[throat - 1 :, :, 1] = (1 - part) * points[throat - 1, :, 1] + part * NECK_END
    points[throat - 1 :, :, 0] *= 1 + 0.35 * part**2  # towards the shoulders


def fan_and_strips(rows: int, columns: int, *, shut: bool = False) -> np.ndarray:
    """Triangles of a middle vertex 0 and `rows` rings of `columns` vertices around it.

    Rings run anticlockwise as seen from outside. `shut` adds a last vertex that closes the far end.
    """
    here = np.arange(columns)
    after = (here + 1) % columns
    found = [np.stack([np.zeros_like(here), 1 + here, 1 + after], axis=1)]
    for start in 1 + columns * np.arange(rows - 1):
        a, b, c, d = start + here, start + after, start + columns + here, start + columns + after
        found += [np.stack([a, c, b], axis=1), np.stack([b, c, d], axis=1)]
    if shut:
        start, end = 1 + columns * (rows - 1), np.full(columns, 1 + columns * rows)
        found.append(np.stack([start + here, end, start + after], axis=1))
    return np.concatenate(found)


def _around(columns: int) -> np.ndarray:
    """Angles of the vertices of a ring, in radians."""
    return 2 * np.pi * np.arange(columns) / columns


def _eyeball() -> np.ndarray:
    """The front of an eyeball: rings around the pupil, dense at the edge of the iris."""
    rings, turn = np.radians(EYE_RINGS), _around(EYE_COLUMNS)
    side = np.sin(rings)[:, None]
    x, y = side * np.cos(turn), side * np.sin(turn)
    z = np.broadcast_to(np.cos(rings)[:, None], x.shape)
    middle = np.array([[0.0, 0.0, 1.0]])
    return EYE + EYE_RADIUS * np.concatenate([middle, np.stack([x, y, z], -1).reshape(-1, 3)])


def _ear() -> np.ndarray:
    """A right-hand ear: rings from the middle of its hollow to its rim, and behind it."""
    rings, relief = np.array(EAR_RINGS), np.array(EAR_RELIEF)[:, None]
    turn = _around(EAR_COLUMNS)
    lobe = 1 - 0.27 * np.exp(-(((turn - 1.5 * np.pi) / 0.9) ** 2))
    across = 18.5 * lobe * np.cos(turn) * rings[:, None]
    up = 31 * np.sin(turn) * rings[:, None] * (1 + 0.04 * np.sin(turn))
    front = rise(-2, -16, across)  # the edge towards the face lies flat on the head
    out = relief * (1 - front) - 2 * front
    middle = np.array([[0.0, 0.0, -6.0]])
    back = np.array([[0.0, 0.0, -5.0]])
    grid = np.stack([across, up, out], axis=-1).reshape(-1, 3)
    local = np.concatenate([middle, grid, back])
    return EAR + local @ _ear_axes()


def _ear_axes() -> np.ndarray:
    """Rows: backwards along the ear, up along it, and out of it."""
    flare, lean = np.radians(28), np.radians(12)
    back = np.array([np.sin(flare), 0, -np.cos(flare)])
    up = np.array([0, np.cos(lean), -np.sin(lean)])
    up = up - back * (back @ up)
    up = up / np.linalg.norm(up)
    return np.stack([back, up, np.cross(back, up)])


def _mirrored(part: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A part on the viewer's right and its mirror image, as one mesh."""
    both = np.concatenate([part, part * [-1, 1, 1]])
    return both, np.concatenate([triangles, triangles[:, ::-1] + len(part)])


@lru_cache(maxsize=1)
def template() -> Template:
    """The mean head; built once."""
    skin, eye, ear = _skin(), _eyeball(), _ear()
    rows = (len(skin) - 1) // COLUMNS
    parts = [
        (skin, fan_and_strips(rows, COLUMNS)),
        _mirrored(eye, fan_and_strips(len(EYE_RINGS), EYE_COLUMNS)),
        _mirrored(ear, fan_and_strips(len(EAR_RINGS), EAR_COLUMNS, shut=True)),
    ]
    start = np.cumsum([0, *(len(v) for v, _ in parts)])
    vertices = np.concatenate([v for v, _ in parts])
    triangles = np.concatenate([t + s for (_, t), s in zip(parts, start, strict=False)])
    part = np.repeat([0, 1, 2], np.diff(start))
    row = np.where(part == 0, 1 + (np.arange(len(vertices)) - 1) // COLUMNS, -1)
    angle = np.concatenate([[0.0], np.tile(azimuths(), rows)])
    azimuth = np.degrees(np.arctan2(vertices[:, 0], vertices[:, 2]))
    azimuth[: len(angle)] = angle
    eye_ring = np.concatenate([[0], np.repeat(EYE_RINGS, EYE_COLUMNS)])
    ear_ring = np.concatenate([[0], np.repeat(EAR_RINGS, EAR_COLUMNS), [0]])
    ring = np.concatenate([np.zeros(len(skin)), *[eye_ring] * 2, *[ear_ring] * 2])
    found = Template(vertices, triangles, azimuth, row, part, ring)
    for array in found:
        array.setflags(write=False)  # the one template serves all callers
    return found
