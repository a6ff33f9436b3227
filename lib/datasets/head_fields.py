"""How each known factor moves the vertices of the template: smooth fields, millimetres a unit.

A factor of +1 adds its field once; afterwards the scales of `SCALES` multiply the coordinates.
Fields are symmetric except for those whose names start with "skew".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lib.datasets.head_template import EAR, EYE, Template, rise

Field = Callable[["Place"], np.ndarray]
SCALES = ("face_width", "head_height", "face_length", "head_depth", "size")
SHAPE: dict[str, Field] = {}


class Place:
    """The template's points, with the measures that fields are made of."""

    def __init__(self, template: Template):
        self.mesh, self.p = template, template.vertices
        self.side = np.tanh(self.p[:, 0] / 5)  # -1 and +1, smooth in the middle
        x = np.abs(self.p[:, 0])
        self.half = np.stack([x, self.p[:, 1], self.p[:, 2]], axis=1)
        self.anchor = self.half.copy()  # eyes and ears move as a whole, with their middle
        self.anchor[template.part == 1] = EYE + np.array([0, 0, 12])
        self.anchor[template.part == 2] = EAR

    def near(self, centre: tuple, radii: tuple, power: float = 2.0) -> np.ndarray:
        """Weight (v,): 1 at `centre` and its mirror image, falling off over `radii`."""
        d2 = (((self.anchor - np.array(centre)) / np.array(radii)) ** 2).sum(axis=1)
        return np.exp(-0.5 * d2 ** (power / 2))

    def push(self, weight: np.ndarray, x: float = 0, y: float = 0, z: float = 0) -> np.ndarray:
        """A field (v, 3) along a direction; x counts outwards on both sides."""
        return weight[:, None] * np.stack([x * self.side, y + 0 * weight, z + 0 * weight], axis=1)

    def part(self, number: int) -> np.ndarray:
        """1 on one part of the mesh (0 skin, 1 eyes, 2 ears), 0 elsewhere."""
        return (self.mesh.part == number).astype(float)


def shape_factor(field: Field) -> Field:
    """Register a field under the name of its function."""
    SHAPE[field.__name__] = field
    return field


@shape_factor
def jaw_width(at: Place) -> np.ndarray:
    """Distance between the angles of the jaw."""
    return at.push(at.near((50, -74, 14), (24, 26, 42)), x=4.6)


@shape_factor
def chin_length(at: Place) -> np.ndarray:
    """How far the chin reaches down."""
    return at.push(at.near((0, -108, 66), (34, 20, 42)), y=-5.0)


@shape_factor
def chin_forward(at: Place) -> np.ndarray:
    """How far the chin stands out."""
    return at.push(at.near((0, -100, 76), (26, 17, 28)), z=4.5)


@shape_factor
def chin_width(at: Place) -> np.ndarray:
    """Pointed against square."""
    return at.push(at.near((20, -100, 66), (17, 18, 26)), x=3.6)


@shape_factor
def cheek_bones(at: Place) -> np.ndarray:
    """Width at the cheek bones."""
    return at.push(at.near((54, -20, 46), (20, 15, 26)), x=3.0, z=1.8)


@shape_factor
def fullness(at: Place) -> np.ndarray:
    """Round cheeks, a soft throat and a wide neck, against hollow ones."""
    cheeks = at.push(at.near((44, -56, 52), (20, 24, 30)), x=4.4, z=2.2)
    throat = at.push(at.near((0, -118, 40), (40, 16, 34)), y=-4.0, z=1.5)
    neck = at.part(0) * rise(-85, -125, at.half[:, 1])
    return cheeks + throat + neck[:, None] * at.p * [0.06, 0, 0.05]


@shape_factor
def neck_width(at: Place) -> np.ndarray:
    """Girth of the neck."""
    weight = at.part(0) * rise(-75, -120, at.half[:, 1])
    return weight[:, None] * at.p * [0.08, 0, 0.05]


@shape_factor
def brow_ridge(at: Place) -> np.ndarray:
    """How far the bone above the eyes stands out."""
    return at.push(at.near((22, 19, 84), (22, 9, 20)), y=-0.8, z=2.6)


@shape_factor
def forehead(at: Place) -> np.ndarray:
    """Steep and full against receding."""
    return at.push(at.near((0, 66, 72), (50, 26, 45)), y=1.0, z=5.0)


@shape_factor
def eye_distance(at: Place) -> np.ndarray:
    """Half the distance between the eyes."""
    return at.push(at.near((32, 2, 80), (21, 18, 34), 4), x=1.9)


@shape_factor
def eye_depth(at: Place) -> np.ndarray:
    """Deep-set (negative) against prominent eyes."""
    return at.push(at.near((32, 0, 80), (19, 13, 30), 4), z=2.0)


@shape_factor
def eye_size(at: Place) -> np.ndarray:
    """Size of eyeballs and lids together."""
    weight = at.near((32, 0, 80), (20, 15, 34), 4)
    out = (at.half - EYE) * 0.075 * weight[:, None]
    return out * np.stack([at.side, 0 * weight + 1, 0 * weight + 1], axis=1)


@shape_factor
def eye_open(at: Place) -> np.ndarray:
    """How wide the lids stand open."""
    upper = at.part(0) * at.near((32, 6.5, 82), (10, 3.4, 20))
    lower = at.part(0) * at.near((32, -5.5, 82), (10, 3.0, 20))
    return at.push(upper, y=1.15) + at.push(lower, y=-0.5)


@shape_factor
def eye_tilt(at: Place) -> np.ndarray:
    """Outer corners up."""
    weight = at.part(0) * at.near((32, 0, 80), (20, 13, 34), 4)
    return at.push(weight * (at.half[:, 0] - EYE[0]), y=0.09)


@shape_factor
def brow_height(at: Place) -> np.ndarray:
    """Height of the brows above the eyes."""
    return at.push(at.near((28, 25, 80), (24, 8, 30)), y=2.2)


@shape_factor
def brow_tilt(at: Place) -> np.ndarray:
    """Inner ends of the brows down."""
    weight = at.near((26, 24, 80), (24, 9, 30))
    return at.push(weight * (at.half[:, 0] - 28), y=0.11)


@shape_factor
def nose_length(at: Place) -> np.ndarray:
    """How far the nose reaches down."""
    return at.push(at.near((0, -46, 100), (17, 15, 26)), y=-4.2)


@shape_factor
def nose_forward(at: Place) -> np.ndarray:
    """How far the tip stands out."""
    along = rise(14, -42, at.half[:, 1]) * rise(-62, -46, at.half[:, 1])
    return at.push(along * at.near((0, -40, 112), (13, 40, 22)), z=5.0)


@shape_factor
def nose_width(at: Place) -> np.ndarray:
    """Width between the wings."""
    return at.push(at.near((14, -46, 92), (11, 11, 18)), x=2.8)


@shape_factor
def nose_bridge(at: Place) -> np.ndarray:
    """A high bridge with a bump against a saddle."""
    return at.push(at.near((0, -12, 92), (10, 16, 18)), z=3.2)


@shape_factor
def nose_up(at: Place) -> np.ndarray:
    """A tip that turns up."""
    return at.push(at.near((0, -43, 114), (11, 8, 13)), y=3.4)


@shape_factor
def mouth_width(at: Place) -> np.ndarray:
    """Distance between the corners of the mouth."""
    return at.push(at.near((24, -70, 78), (15, 12, 28)), x=3.4)


@shape_factor
def mouth_height(at: Place) -> np.ndarray:
    """Height of the mouth between nose and chin."""
    return at.push(at.near((0, -70, 84), (32, 13, 30)), y=2.6)


@shape_factor
def lips(at: Place) -> np.ndarray:
    """Full lips against thin ones."""
    upper = at.near((0, -65, 90), (18, 5, 14))
    lower = at.near((0, -76, 88), (16, 6, 14))
    return at.push(upper, y=1.2, z=1.6) + at.push(lower, y=-1.6, z=1.6)


@shape_factor
def smile(at: Place) -> np.ndarray:
    """Corners of the mouth up and out, cheeks up."""
    corners = at.push(at.near((25, -69, 74), (12, 12, 26)), x=1.2, y=3.0, z=-0.6)
    return corners + at.push(at.near((40, -42, 62), (16, 14, 26)), x=0.6, y=1.2, z=1.6)


@shape_factor
def ear_size(at: Place) -> np.ndarray:
    """Size of the ears."""
    out = at.part(2)[:, None] * (at.half - EAR) * 0.1
    return out * np.stack([at.side, 0 * at.side + 1, 0 * at.side + 1], axis=1)


@shape_factor
def ear_flare(at: Place) -> np.ndarray:
    """How far the ears stand out."""
    return at.push(at.part(2) * rise(4, -24, at.half[:, 2]), x=5.0)


@shape_factor
def skew_nose(at: Place) -> np.ndarray:
    """The nose bends to one side."""
    weight = at.near((0, -44, 105), (16, 18, 24))
    return weight[:, None] * np.array([1.6, 0, 0])


@shape_factor
def skew_jaw(at: Place) -> np.ndarray:
    """Mouth and chin sit off the middle."""
    weight = at.near((0, -92, 66), (48, 26, 50))
    return weight[:, None] * np.array([1.8, 0, 0])


def apply_scales(points: np.ndarray, factors: Mapping[str, np.ndarray]) -> np.ndarray:
    """Stretch heads (n, v, 3) about the origin, smoothly different above and below the eyes."""
    up = rise(-10, 50, points[..., 1])
    down = rise(10, -50, points[..., 1])
    f = {name: np.asarray(factors[name])[:, None] for name in SCALES}
    x = 0.032 * f["face_width"] * (0.35 + 0.65 * rise(70, 0, points[..., 1]))
    y = 0.03 * f["head_height"] * up + 0.035 * f["face_length"] * down
    z = 0.03 * f["head_depth"] + 0 * x
    return points * np.exp(np.stack([x, y, z], axis=-1) + 0.025 * f["size"][..., None])
