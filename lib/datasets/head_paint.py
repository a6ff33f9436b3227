"""How light each vertex of a head is: skin, hair, brows, eyes, lips, beard, by known factors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from lib.datasets.head_fields import Place
from lib.datasets.head_template import (
    EYE_AT,
    EYE_HALF,
    LINES,
    MOUTH_HALF,
    Template,
    rise,
    row_of,
    template,
)

ALBEDO = (
    "skin", "hair_tone", "brow_weight", "lip_tone", "iris", "beard", "blush", "freckles",
)  # fmt: skip
HAIRLINE = (  # degrees from the nose, height of the hair's edge in mm
    (0, 70), (12, 73), (24, 71), (36, 60), (48, 55), (58, 42), (66, 22), (72, 0), (78, -22),
    (90, -26), (96, 8), (102, 8), (112, -34), (125, -54), (150, -64), (180, -66),
)  # fmt: skip


@lru_cache(maxsize=1)
def masks() -> dict[str, np.ndarray]:
    """Where each kind of paint goes on the template: weights (v,) in [0, 1]."""
    mesh = template()
    at, a, row = Place(mesh), np.abs(mesh.azimuth), mesh.row
    skin, eyes, ears = (mesh.part == k for k in range(3))
    lids = skin & (np.abs(a - EYE_AT) < EYE_HALF)
    mouth = skin & (a < MOUTH_HALF)
    r = {name: row_of(name) for name, _ in LINES}
    return {
        "hair edge": _above_hairline(mesh),
        "brow": skin * _brow(row - r["brow top"], a),
        "lash": lids & (row == r["upper lid"]),
        "inside eye": lids & (row > r["upper lid"]) & (row < r["lower lid"]),
        "lips": mouth & (row > r["lip top"]) & (row < r["lip bottom"]),
        "mouth": mouth & (row == r["mouth"]),
        "nostril": skin * at.near((6.8, -54.5, 96), (3.6, 3.2, 9)),
        "beard": skin * _beard(at, a),
        "blush": skin * at.near((42, -34, 66), (16, 12, 30)),
        "freckles": skin * at.near((26, -22, 84), (26, 14, 30)) * _speckle(len(row)),
        "pupil": eyes * rise(13.5, 11, mesh.ring),
        "iris": eyes * rise(30.5, 27, mesh.ring),
        "limbus": eyes * (np.abs(mesh.ring - 27) < 1),
        "eyes": eyes.astype(float),
        "hollow": ears * rise(0.6, 0.2, mesh.ring),
    }


def _above_hairline(mesh: Template) -> np.ndarray:
    """Millimetres above the edge of the hair, far below 0 on eyes and ears."""
    angle = np.degrees(np.arctan2(np.abs(mesh.vertices[:, 0]), mesh.vertices[:, 2]))
    edge = np.interp(angle, *np.array(HAIRLINE).T)
    return np.where(mesh.part == 0, mesh.vertices[:, 1] - edge, -99.0)


def _brow(row: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Thick near the nose, thin and fading at the outer end; rows are counted from its top."""
    height = np.clip(np.minimum(row + 0.6, 3.6 - row), 0, 1)
    return height * rise(8, 10.5, a) * rise(41, 34, a)


def _beard(at: Place, a: np.ndarray) -> np.ndarray:
    x, y = at.half[:, 0], at.half[:, 1]
    cheek = rise(-40, -62, y - 0.35 * np.maximum(x - 30, 0)) * rise(24, 36, x + 0.6 * (-58 - y))
    lip = rise(-53, -58, y) * rise(38, 28, x) * (at.half[:, 2] > 40)
    return np.maximum(cheek, lip) * rise(-128, -104, y) * rise(100, 84, a)


def _speckle(n: int) -> np.ndarray:
    """A fixed pattern of spots."""
    return (np.random.default_rng(5).random(n) < 0.22).astype(float)


def hair(
    hairline: np.ndarray, length: np.ndarray, volume: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How much of each vertex is hair, (n, v) in [0, 1], and how thick, (n, v) mm.

    `hairline` (n,) raises the edge over the forehead; `length` above 0 lets the hair fall over
    ears and neck; `volume` makes it thick.
    """
    mesh = template()
    a, y = np.abs(mesh.azimuth), mesh.vertices[:, 1]
    fall = rise(0, 1.1, np.asarray(length))[:, None]
    front = rise(75, 45, a) * rise(-10, 40, y)
    edge = 9 * np.asarray(hairline)[:, None] * front - 105 * fall * rise(62, 92, a)
    above = masks()["hair edge"] - edge
    soft = 1.4 + 1.2 * rise(40, 60, a) + 5 * fall * rise(50, 70, a)  # columns are wide at the sides
    cover = _logistic(above / soft)
    sides = fall * rise(64, 98, a) * rise(45, 0, y)
    thick = (8 + 3.5 * np.asarray(volume)).clip(2)[:, None] * (1 + 1.8 * sides)
    thick = thick * rise(0, 14 + 30 * fall, above + 2) * (mesh.part == 0)
    hidden = 26 * rise(0, 0.5, fall) * (mesh.part == 2)  # hair that falls over them hides the ears
    return cover, thick - hidden


def paint(factors: Mapping[str, np.ndarray], cover: np.ndarray) -> np.ndarray:
    """Albedo (n, v) in [0, 1] from albedo factors (n,) and the hair's cover (n, v)."""
    m = masks()
    f = {name: np.asarray(factors[name], dtype=float)[:, None] for name in ALBEDO}
    skin = np.clip(0.66 + 0.13 * f["skin"], 0.3, 0.93)
    hair = 0.07 + 0.5 * _logistic(1.7 * (f["hair_tone"] - 0.8))
    dark = np.minimum(hair + 0.05, 0.7 * skin)
    tone = skin * (1 - 0.07 * f["blush"].clip(-1) * m["blush"])
    tone = tone * (1 - 0.16 * f["freckles"].clip(0) * m["freckles"])
    tone = _mix(tone, skin * (0.62 - 0.09 * f["lip_tone"]), m["lips"] * 0.9)
    tone = _mix(tone, dark, (0.34 * f["beard"].clip(0)).clip(0, 0.8) * m["beard"] * (1 - m["lips"]))
    tone = _mix(tone, dark, m["brow"] * (0.72 + 0.16 * f["brow_weight"]).clip(0.3, 1))
    for name, depth in (("lash", 0.8), ("inside eye", 0.75), ("mouth", 0.72), ("nostril", 0.75)):
        tone = _mix(tone, 0.12 * skin, depth * m[name])
    tone = tone * (1 - 0.3 * m["hollow"])
    tone = _mix(tone, hair * _strands(), cover)
    return _eyes(tone, f["iris"], m).clip(0, 1)


def _logistic(t: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-t)), without overflow."""
    return 0.5 + 0.5 * np.tanh(t / 2)


def _mix(below: np.ndarray, above: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return below + (above - below) * weight


def _strands() -> np.ndarray:
    """Hair is not of one tone: stripes that run from the crown down."""
    a = np.radians(template().azimuth)
    return 1 + 0.13 * np.sin(9 * a) * np.sin(17 * a + 1) + 0.1 * np.sin(31 * a)


def _eyes(tone: np.ndarray, iris: np.ndarray, m: Mapping[str, np.ndarray]) -> np.ndarray:
    tone = _mix(tone, 0.86, m["eyes"])
    tone = _mix(tone, (0.3 + 0.12 * iris).clip(0.1, 0.6), m["iris"])
    return _mix(_mix(tone, 0.12, 0.6 * m["limbus"]), 0.03, m["pupil"])
