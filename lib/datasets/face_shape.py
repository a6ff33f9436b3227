"""The solids of a face: head, hair, neck and clothes as signed distances.

Units: half a head. x points to the right edge of the picture, y up, z towards the viewer; the chin
is near y = -0.9, the crown near y = 0.95, the eyes at y = 0. "Head coordinates" turn with the head.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from lib.datasets.face_factors import HAIR_STYLES
from lib.datasets.sdf import (
    capsule,
    ellipsoid,
    mix,
    smooth_max,
    smooth_min,
    smoothstep,
    sphere,
    turn,
)

PIVOT_Y = -0.45  # the head turns about the upper end of the neck
EYE_X, EYE_Y = 0.265, 0.0
MOUTH_Y = -0.52
NOSE_ROOT = (0.03, 0.60)  # y and z
NONE = -9.0  # a radius that makes a solid vanish

#: One row a hair style: thickness over the skull, height of the line on the forehead, lower end and
#: radius of the locks beside the face, height of the curls, radius of the bun.
_STYLE_COLUMNS = ("thick", "line", "lock_end", "lock", "curl", "bun")
_STYLES = {
    "shaved": (-0.06, 0.60, 0.0, NONE, 0.0, NONE),
    "short": (0.07, 0.56, 0.0, NONE, 0.0, NONE),
    "parted": (0.09, 0.56, 0.0, NONE, 0.0, NONE),
    "fringe": (0.09, 0.36, -0.45, 0.15, 0.0, NONE),
    "bob": (0.12, 0.56, -0.50, 0.17, 0.0, NONE),
    "long": (0.11, 0.60, -1.20, 0.17, 0.0, NONE),
    "curly": (0.20, 0.54, -0.05, 0.20, 1.0, NONE),
    "bun": (0.05, 0.60, 0.0, NONE, 0.0, 0.20),
}

Face = SimpleNamespace  # factors and what follows from them, float32 tensors of one shape


def prepare(factors: Mapping[str, np.ndarray]) -> Face:
    """Factors of n faces -> tensors of shape (n, 1), with angles, light and hair worked out."""
    values = {name: _column(v) for name, v in factors.items()}
    for name in ("yaw", "pitch", "roll"):
        angle = torch.deg2rad(values[name])
        values[f"cos_{name}"], values[f"sin_{name}"] = torch.cos(angle), torch.sin(angle)
    return Face(**values, **_light(values), **_hair(values))


def _column(values: np.ndarray) -> Tensor:
    return torch.as_tensor(np.asarray(values, np.float32))[:, None]


def _light(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The unit vector towards the light."""
    azimuth, up = torch.deg2rad(values["light_azimuth"]), torch.deg2rad(values["light_elevation"])
    return {
        "light_x": torch.sin(azimuth) * torch.cos(up),
        "light_y": torch.sin(up),
        "light_z": torch.cos(azimuth) * torch.cos(up),
    }


def _hair(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    style = values["hair_style"][:, 0].long().numpy()
    table = np.array([_STYLES[name] for name in HAIR_STYLES])[style]
    return {name: _column(table[:, k]) for k, name in enumerate(_STYLE_COLUMNS)}


def pick(face: Face, rows: Tensor) -> Face:
    """The parameters of face `rows[k]` for every k, as flat tensors."""
    return Face(**{name: values[:, 0][rows] for name, values in vars(face).items()})


def to_head(face: Face, x: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Picture coordinates -> head coordinates."""
    x, y = turn(x, y - PIVOT_Y, face.cos_roll, face.sin_roll)
    y, z = turn(y, z, face.cos_pitch, face.sin_pitch)
    x, z = turn(x, z, face.cos_yaw, face.sin_yaw)
    return x, y + PIVOT_Y, z


def mouth_half(face: Face) -> Tensor:
    """Half the width of the mouth: a smile widens it."""
    return 0.21 + 0.10 * face.smile


def mouth_line(face: Face, x: Tensor) -> Tensor:
    """Height of the line between the lips at x; even a relaxed mouth turns up a little."""
    bend = 0.085 * face.smile + 0.045
    across = x / mouth_half(face)
    return MOUTH_Y + bend * (across * across - 0.4)


def _skull(face: Face, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Cranium, jaw, chin, nose and ears: enough for shadows and for a first search."""
    drop = 0.05 * face.mouth_open + 0.04 * face.chin
    d = ellipsoid(x / face.face_width, y - 0.27, z + 0.10, (0.63, 0.67, 0.77))
    jaw_x = x / (face.face_width * face.jaw_width)
    jaw = ellipsoid(jaw_x, y + 0.27 + 0.6 * drop, z - 0.08, (0.49, 0.58, 0.56))
    d = smooth_min(d, jaw, 0.30)
    d = smooth_min(d, sphere(x, y + 0.73 + drop, z - 0.44, 0.14), 0.24)
    ear = ellipsoid(x.abs() - 0.64 * face.face_width, y + 0.02, z + 0.04, (0.07, 0.19, 0.11))
    return smooth_min(smooth_min(d, ear, 0.06), _nose(face, x, y, z), 0.10)


def _nose(face: Face, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    root_y, root_z = NOSE_ROOT
    tip = (0.0, -0.29 * face.nose_length, 0.15 * face.nose_length)
    return capsule(x, y - root_y, z - root_z, tip, 0.045, 0.038 * face.nose_width)


def _features(face: Face, d: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Cheeks, brow ridge, eye sockets, eyes, nostrils and lips."""
    side = torch.sqrt(x * x + 4e-4)  # |x|, smooth in the middle
    eye_x = side - EYE_X * face.eye_gap
    cheek_y = y + 0.20 - 0.06 * face.smile.clamp(min=0)
    d = smooth_min(d, sphere(side - 0.36 * face.face_width, cheek_y, z - 0.40, 0.17), 0.24)
    d = smooth_min(d, ellipsoid(x, y - 0.20, z - 0.56, (0.38, 0.08, 0.10)), 0.16)
    d = smooth_max(d, -sphere(eye_x, y - EYE_Y - 0.02, z - 0.84, 0.18), 0.16)
    d = smooth_min(d, sphere(eye_x, y - EYE_Y, z - 0.46, 0.15), 0.05)
    wing_y = y - NOSE_ROOT[0] + 0.30 * face.nose_length
    d = smooth_min(d, sphere(side - 0.085 * face.nose_width, wing_y, z - 0.70, 0.045), 0.07)
    return smooth_min(d, ellipsoid(x, y - MOUTH_Y, z - 0.45, (0.26, 0.17, 0.20)), 0.16)


def hairline(face: Face, x: Tensor, z: Tensor) -> Tensor:
    """Height of the lower edge of the hair: forehead, temples before the ears, then the nape."""
    side = x.abs() / face.face_width
    slope = 0.22 * (face.hair_style != HAIR_STYLES.index("fringe")).float()  # a fringe is level
    front = face.line + slope * face.hair_part * x - 0.25 * side * side
    front = mix(front, -0.08, smoothstep(0.58, 0.10, z))
    return mix(front, -0.38, smoothstep(0.10, -0.30, z))


def strands(face: Face, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Waves between -1 and 1 that fan out from the parting."""
    fan = (x - 0.25 * face.hair_part).abs()
    return torch.sin(17 * fan + 5 * z) * torch.sin(6 * y + 9 * z + 4 * fan)


def _curls(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return torch.cos(12 * x) * torch.sin(12 * y + 1) * torch.sin(12 * z)


def hair_distance(face: Face, x: Tensor, y: Tensor, z: Tensor, detail: bool = True) -> Tensor:
    """Distance to the hair, in head coordinates."""
    xs = x / face.face_width
    cover = smoothstep(-0.32, 0.12, y - hairline(face, x, z))
    cap = ellipsoid(xs, y - 0.27, z + 0.11, (0.64, 0.68, 0.77)) - face.thick
    cap = cap + (0.12 + face.thick) * (1 - cover)  # sinks under the skin beyond the hairline
    cap = cap * (0.85 - 1.6 * face.thick)  # a steep sinking promises too much room
    side = xs.abs()
    fall = (0.01, face.lock_end - 0.15, 0.10)
    locks = capsule(side - 0.57, y - 0.15, z + 0.08, fall, face.lock)
    back = capsule(xs / 1.25, y - 0.3, z + 0.36, (0.0, face.lock_end - 0.10, 0.0), face.lock + 0.28)
    d = smooth_min(smooth_min(cap, locks, 0.20), back, 0.25)
    d = smooth_min(d, sphere(x, y - 0.93, z + 0.30, face.bun), 0.05)
    if not detail:
        return d
    return d - mix(0.012 * cover * strands(face, x, y, z), 0.035 * _curls(x, y, z), face.curl)


def _neck(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return capsule(x, y + 0.55, z + 0.12, (0.0, -1.0, -0.12), 0.27, 0.06)


def clothes_distance(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Distance to the shoulders, in picture coordinates."""
    shoulders = ellipsoid(x, y + 1.70, z + 0.28, (1.12, 0.62, 0.46))
    collar = capsule(x, y + 1.22, z + 0.20, (0.0, -0.5, 0.0), 0.36, 0.2)
    return smooth_min(shoulders, collar, 0.15)


def skin_distance(
    face: Face,
    head: tuple[Tensor, Tensor, Tensor],
    body: tuple[Tensor, Tensor, Tensor],
    detail: bool,
) -> Tensor:
    """Distance to head and neck; `detail` adds what is too small to throw a shadow."""
    d = _skull(face, *head)
    if detail:
        d = _features(face, d, *head)
    return smooth_min(d, _neck(*body), 0.12)


def distances(
    face: Face, x: Tensor, y: Tensor, z: Tensor, detail: bool = True
) -> tuple[Tensor, Tensor, Tensor]:
    """Distances to skin, hair and clothes, in picture coordinates."""
    head = to_head(face, x, y, z)
    skin = skin_distance(face, head, (x, y, z), detail)
    return skin, hair_distance(face, *head, detail), clothes_distance(x, y, z)


def scene(face: Face, x: Tensor, y: Tensor, z: Tensor, detail: bool = True) -> Tensor:
    """Distance to the nearest solid."""
    skin, hair, clothes = distances(face, x, y, z, detail)
    return torch.minimum(torch.minimum(skin, hair), clothes)
