"""Three-dimensional heads in one topology, with the factors that made them.

Vertex j is the same point of the head in every example: vertex 0 is the crown, and the tip of the
nose, the corners of the mouth and the others of `POINTS` have their numbers for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from lib.datasets.core import Dataset
from lib.datasets.head_fields import SCALES, SHAPE, Place, apply_scales
from lib.datasets.head_paint import ALBEDO, hair, paint
from lib.datasets.head_template import COLUMNS, row_of, template

HAIR = ("hairline", "hair_length", "hair_volume")
FACTORS = (*SCALES, *SHAPE, *HAIR, *ALBEDO)
POINTS = (  # name, line of the grid, degrees from the nose (0: one point in the middle)
    ("inner brow", "brow bottom", 11.5),
    ("outer brow", "brow bottom", 34.0),
    ("inner eye corner", "upper lid", 11.3),
    ("outer eye corner", "upper lid", 31.7),
    ("upper lid", "upper lid", 21.5),
    ("lower lid", "lower lid", 21.5),
    ("nostril wing", "nose base", 9.0),
    ("nose base", "nose base", 0.0),
    ("mouth corner", "mouth", 15.5),
    ("upper lip", "lip top", 0.0),
    ("lower lip", "lip bottom", 0.0),
    ("chin", "chin", 0.0),
    ("cheek", "nose base", 40.0),
    ("jaw", "mouth", 60.0),
)
LIMIT = 2.2  # factors are standard normal numbers, redrawn when they lie beyond


@lru_cache(maxsize=1)
def _fields() -> np.ndarray:
    """Displacements (factors, v, 3) in mm of the local shape factors."""
    place = Place(template())
    return np.stack([field(place) for field in SHAPE.values()])


@lru_cache(maxsize=1)
def _outwards() -> np.ndarray:
    """Unit vectors (v, 3) along which hair grows: away from the middle, level on the neck."""
    away = template().vertices - [0, 15, -10]
    away[:, 1] *= np.where(away[:, 1] > 0, 0.8, 0.15)
    return away / np.linalg.norm(away, axis=1, keepdims=True)


def make_heads(factors: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (n, v, 3) in mm and albedo (n, v), both float32, of heads with given factors.

    Every factor is (n,) in standard deviations; those left out are 0.

    Raises
    ------
    ValueError
        If a name is unknown, lengths differ or a number is not finite.
    """
    full = _complete(factors)
    mesh, local = template(), np.stack([full[name] for name in SHAPE], axis=1)
    x = mesh.vertices + np.tensordot(local, _fields(), axes=1)
    cover, thick = hair(*(full[name] for name in HAIR))
    x += thick[..., None] * _outwards()
    return apply_scales(x, full).astype(np.float32), paint(full, cover).astype(np.float32)


def _complete(factors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    unknown = sorted(set(factors) - set(FACTORS))
    if unknown:
        raise ValueError(f"no factors {unknown}; there are {', '.join(FACTORS)}")
    given = {name: np.atleast_1d(np.asarray(v, dtype=float)) for name, v in factors.items()}
    sizes = {v.shape for v in given.values()} or {(1,)}
    if len(sizes) > 1 or len(next(iter(sizes))) != 1:
        raise ValueError(f"factors must all be (n,) with one n, got shapes {sorted(sizes)}")
    wrong = [name for name, v in given.items() if not np.isfinite(v).all()]
    if wrong:
        raise ValueError(f"factors must be finite numbers; {', '.join(wrong)} are not")
    n = sizes.pop()[0]
    return {name: given.get(name, np.zeros(n)) for name in FACTORS}


def draw_factors(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Independent standard normal factors, none beyond +-2.2."""
    drawn = rng.standard_normal((len(FACTORS), n))
    while (far := np.abs(drawn) > LIMIT).any():
        drawn[far] = rng.standard_normal(far.sum())
    return dict(zip(FACTORS, drawn, strict=True))


def landmarks() -> dict[str, int]:
    """Number of the vertex at each named point of the face; the same in every head."""
    mesh = template()
    found = {"crown": 0, "nose tip": int(np.argmax(mesh.vertices[:, 2]))}
    for name, line, azimuth in POINTS:
        row = np.flatnonzero(mesh.row == row_of(line))
        for side, angle in (("right", azimuth), ("left", -azimuth)) if azimuth else (("", 0.0),):
            nearest = row[np.argmin(np.abs(mesh.azimuth[row] - angle))]
            found[f"{side} {name}".strip()] = int(nearest)
    return found


def renumber(values: np.ndarray, columns: int) -> np.ndarray:
    """The same head with its skin numbered from another column of the grid.

    `values` are vertices (v, 3) or albedo (v,). The triangles fit as before, since the grid closes
    on itself; only the correspondence with other heads is lost.

    Raises
    ------
    ValueError
        If `values` are not those of one head.
    """
    if len(values) != len(template().vertices):
        raise ValueError(f"a head has {len(template().vertices)} vertices, got {len(values)}")
    skin = slice(1, int((template().part == 0).sum()))
    rows = values[skin].reshape(-1, COLUMNS, *values.shape[1:])
    turned = values.copy()
    turned[skin] = np.roll(rows, columns, axis=1).reshape(values[skin].shape)
    return turned


def load_heads(n: int = 300, *, hair: str = "all", seed: int = 0) -> Dataset:
    """Make `n` heads: x (n, v, 3) in mm, extras["albedo"] (n, v), shared["triangles"] (t, 3).

    The last tenth is held out. shared["landmarks"] names vertices. `hair="short"` gives all heads
    the same edge of the hair, above ears and neck; the other factors stay as they are.

    Raises
    ------
    ValueError
        If n < 10, or hair is neither "all" nor "short".
    """
    if hair not in ("all", "short"):
        raise ValueError(f"hair must be 'all' or 'short', got {hair!r}")
    if n < 10:
        raise ValueError(f"heads needs n of at least 10, for a held-out tenth; got {n}")
    factors = draw_factors(n, np.random.default_rng(seed))
    if hair == "short":
        factors |= dict.fromkeys(("hairline", "hair_length"), np.zeros(n))
    x, albedo = make_heads(factors)
    return Dataset(
        "heads",
        x,
        factors={name: v.astype(np.float32) for name, v in factors.items()},
        extras={"albedo": albedo},
        shared={"triangles": template().triangles.copy(), "landmarks": landmarks()},
        held_out=np.arange(n) >= n - n // 10,
    )
