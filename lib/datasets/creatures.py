"""Little monsters of 20x20 pixels, drawn by a program that knows what it drew."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from lib.datasets import creature_plans as plans
from lib.datasets.core import Dataset
from lib.datasets.creature_paint import CHEEK, HUES, paint, palette, stamp, to_rgb
from lib.datasets.creature_parts import SIDE

__all__ = ["NAMES", "draw_creatures", "draw_factors", "load_creatures", "to_rgb"]

BATCH = 512  # creatures drawn at once; few enough to stay in the processor's cache

EYES = {  # of the left eye; the right one is mirrored
    "dots": ["#", "#"],
    "shiny": ["o#", "##", "##"],
    "wide": ["ooo", "o##", "o##"],
    "tall": ["oo", "o#", "o#"],
    "angry": ["#..", "o#.", "o##"],
    "asleep": ["...", "...", "###"],
    "happy": ["...", ".#.", "#.#"],
    "one": ["oooo", "oo#o", "o##o", "oooo"],
}
MOUTHS = {
    "smile": ["#..#", ".##."],
    "open": ["####", ".rr."],
    "fangs": ["####", "o..o"],
    "small": ["##"],
    "cat": ["#.##.#", ".#..#."],
    "teeth": ["####", ".oo."],
    "beak": ["YYYY", ".yy."],
}
PATTERNS = ("none", "stripes", "spots", "muzzle", "cap")
MUZZLE, BEAK = PATTERNS.index("muzzle"), tuple(MOUTHS).index("beak")
HORNS, FEELERS = plans.EARS.index("horns"), plans.EARS.index("antennae")
NAMES = {
    "plan": plans.PLANS,
    "hue": tuple(HUES),
    "accent": tuple(HUES),
    "ears": plans.EARS,
    "eyes": tuple(EYES),
    "mouth": tuple(MOUTHS),
    "tail": plans.TAILS,
    "wings": ("no", "yes"),
    "belly": ("no", "yes"),
    "pattern": PATTERNS,
    "cheeks": ("no", "yes"),
}


def draw_factors(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random causes of `n` creatures: name of the factor -> index into NAMES, int64 (n,).

    Factors are independent except for what a body plan cannot carry.
    """
    f = {name: rng.integers(len(values), size=n) for name, values in NAMES.items()}
    f["accent"] = (f["hue"] + rng.integers(2, len(HUES) - 1, size=n)) % len(HUES)
    plan, chance = f["plan"], rng.random(n)
    cub_or_blob = np.isin(plan, (plans.CUB, plans.BLOB))
    f["wings"] = (cub_or_blob & (chance < 0.3)).astype(int)
    f["tail"] *= cub_or_blob & (f["wings"] == 0)
    f["tail"] = np.where(plan == plans.BEAST, 1 + rng.integers(3, size=n), f["tail"])
    f["belly"] *= cub_or_blob | (plan == plans.BIRD)
    f["mouth"] = np.where(plan == plans.BIRD, BEAK, f["mouth"] % BEAK)
    bare = np.isin(plan, (plans.OCTOPUS, plans.GHOST)) & (f["ears"] < HORNS)
    f["ears"] = np.where(bare, 0, f["ears"])
    f["ears"] = np.where((plan == plans.CRAB) & (f["ears"] != FEELERS), 0, f["ears"])
    return f


def draw_creatures(
    factors: dict[str, np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the creatures that the factors describe; `rng` only varies their proportions.

    Returns
    -------
    ndarray of uint8, shape (n, 20, 20): the pictures as palette indices.
    ndarray of bool, shape (n,): whether the whole figure lies within its frame.

    Raises
    ------
    ValueError
        If a factor is missing, has not one index for each creature, or an index has no name.
    """
    factors = _checked(factors)
    anatomy = plans.Anatomy(factors, rng)
    figures = anatomy.build()
    pictures = paint(figures, _marks(anatomy), _pale(anatomy), factors["accent"])
    _draw_faces(pictures, anatomy)
    return pictures, figures.inside


def _checked(factors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The factors as arrays of indices, all (n,), after checking that they are."""
    found = {}
    for name, words in NAMES.items():
        if name not in factors:
            raise ValueError(f"the factor {name!r} is missing; it counts {', '.join(words)} from 0")
        values, n = np.asarray(factors[name]), np.size(factors["plan"])
        if values.shape != (n,) or values.dtype.kind not in "biu":
            got = f"{values.dtype} {values.shape}"
            raise ValueError(f"{name} must be whole numbers ({n},), one a creature, got {got}")
        nameless = values[(values < 0) | (values >= len(words))]
        if nameless.size:
            raise ValueError(f"{name} must lie in 0..{len(words) - 1}, got {nameless[0]}")
        found[name] = values
    return found


def _plane(a: plans.Anatomy) -> tuple[np.ndarray, np.ndarray]:
    """Pixel centres seen from the head's centre, in its radii: (u, v), u >= 0 on both sides."""
    x = np.arange(SIDE)[None, None, :] + 0.5 - SIDE / 2 - a.axis[:, None, None]
    y = np.arange(SIDE)[None, :, None] + 0.5 - a.y[:, None, None]
    return np.abs(x) / a.rx[:, None, None], y / a.ry[:, None, None]


def _pale(a: plans.Anatomy) -> np.ndarray:
    """The belly on the lower front, and the muzzle around the mouth."""
    u, v = _plane(a)
    cub, f = a.plan(plans.CUB)[:, None, None], a.factors
    oval = (u / np.where(cub, 0.42, 0.55)) ** 2 + ((v - np.where(cub, 1.45, 0.75)) / 0.5) ** 2 < 1
    front = np.where(cub, a.figures.part == plans.TORSO, a.figures.part == plans.HEAD)
    belly = oval & front & (f["belly"] == 1)[:, None, None]
    muzzle = ((u / 0.6) ** 2 + ((v - 0.5) / 0.42) ** 2 < 1) & (a.figures.part == plans.HEAD)
    return belly | muzzle & (f["pattern"] == MUZZLE)[:, None, None]


def _marks(a: plans.Anatomy) -> np.ndarray:
    """Stripes, spots or a cap in the accent colour."""
    u, v = _plane(a)
    skin = np.isin(a.figures.part, (plans.HEAD, plans.TORSO))
    head = a.figures.part == plans.HEAD
    spot = (u - 0.55) ** 2 + (v + 0.62) ** 2 < 0.045
    spot |= (u**2 + (v + 0.75) ** 2 < 0.03) | ((u - 0.75) ** 2 + (v - 0.55) ** 2 < 0.04)
    forehead, flanks = (np.abs(v + 0.8) < 0.14) & (u < 0.5), np.floor(2.2 * v + 9) % 2 == 0
    shapes = {
        "stripes": skin & (forehead | (u > 0.62) & flanks),
        "spots": skin & spot,
        "cap": head & (v < -0.42 - 0.25 * u**2),
    }
    marks = np.zeros_like(skin)
    for name, shape in shapes.items():
        marks |= shape & (a.factors["pattern"] == PATTERNS.index(name))[:, None, None]
    return marks


def _draw_faces(pictures: np.ndarray, a: plans.Anatomy) -> None:
    """Eyes, mouth and cheeks on the pixel grid of the head."""
    f, middle = a.factors, SIDE // 2 + a.axis
    row = np.floor(a.y).astype(int) - 2
    for k, (name, art) in enumerate(EYES.items()):
        who, width = np.flatnonzero(f["eyes"] == k), len(art[0])
        if name == "one":
            stamp(pictures, who, art, row - 1, middle - width // 2)
            continue
        gap = np.where(a.rx > (5.4 if width > 2 else 4.8), 2, 1)
        right = art if name == "shiny" else [line[::-1] for line in art]
        stamp(pictures, who, art, row, middle - gap - width)
        stamp(pictures, who, right, row, middle + gap)
    for k, art in enumerate(MOUTHS.values()):
        stamp(pictures, np.flatnonzero(f["mouth"] == k), art, row + 4, middle - len(art[0]) // 2)
    who = np.flatnonzero((f["cheeks"] == 1) & (a.rx > 4.3))
    for column in (middle - 4, middle + 3):
        pictures[who, row[who] + 3, column[who]] = CHEEK


def _creatures(seed: int) -> Iterator[tuple[np.ndarray, dict[str, int]]]:
    """Endless different creatures (picture, factors) that fit their frames, in a fixed order."""
    rng, seen = np.random.default_rng(seed), set()
    while True:
        factors = draw_factors(BATCH, rng)
        pictures, whole = draw_creatures(factors, rng)
        for k in np.flatnonzero(whole):
            if (key := pictures[k].tobytes()) not in seen:
                seen.add(key)
                yield pictures[k], {name: values[k] for name, values in factors.items()}


def load_creatures(n: int = 4000, *, seed: int = 0) -> Dataset:
    """`n` different creatures with their factors; the last tenth is held out.

    A longer set of the same seed begins with the shorter one.

    Returns
    -------
    Dataset
        x, palette indices, uint8 (n, 20, 20); factors, an index for each cause; shared["palette"],
        float32 (47, 3) in [0, 1]; shared["names"], the words for the indices of each factor.
    """
    if n < 1:
        raise ValueError(f"ask for one creature or more, not {n}")
    pictures, causes = zip(*islice(_creatures(seed), n), strict=True)
    return Dataset(
        "creatures",
        np.stack(pictures),
        factors={name: np.array([cause[name] for cause in causes]) for name in NAMES},
        shared={"palette": palette(), "names": dict(NAMES)},
        held_out=np.arange(n) >= n - n // 10,
    )
