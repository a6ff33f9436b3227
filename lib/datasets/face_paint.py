"""What is painted on the solids: lips, eyes, brows, beard, glasses; tones and parts together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lib.datasets.face_factors import HAIR_STYLES, PART, PARTS
from lib.datasets.face_shape import EYE_X, EYE_Y, Face, hairline, mouth_half, mouth_line, strands
from lib.datasets.sdf import length, mix, smoothstep

BROW_Y = 0.20
SHAVED = HAIR_STYLES.index("shaved")
GLASSES_Z = 0.74  # the lenses lie in this plane of the head
GLASSES_TONE = 0.05
LENS_X, LENS_Y = 0.285, -0.01  # the middle of a lens
LENS_HALF, LENS_RATIO = 0.185, 1.15  # half its height, and its width to its height
ARM_Y = 0.05


class Point(NamedTuple):
    """Surface points in head coordinates, and how much they belong to hair and to clothes."""

    x: Tensor
    y: Tensor
    z: Tensor
    hair: Tensor
    clothes: Tensor


@dataclass
class Paint:
    """Albedo and gloss of surface points, and the layers painted so far."""

    albedo: Tensor
    gloss: Tensor
    layers: list[tuple[int, Tensor]]  # part and mask, from below to above

    def over(self, part: str | None, mask: Tensor, tone: Tensor | float) -> None:
        """Blend `tone` over the albedo where `mask` is 1; the points then belong to `part`."""
        self.albedo = mix(self.albedo, tone, mask)
        if part is not None:
            self.layers.append((PART[part], mask))

    def parts(self) -> Tensor:
        """How much of each part is seen, (points, len(PARTS)); rows sum to 1."""
        seen = self.gloss.new_zeros(len(self.gloss), len(PARTS))
        left = torch.ones_like(self.gloss)
        for part, mask in reversed(self.layers):
            seen[:, part] += left * mask
            left = left * (1 - mask)
        return seen


def _ridge(half_width: float | Tensor, soft: float, distance: Tensor) -> Tensor:
    """1 within `half_width` of a line, 0 beyond another `soft`."""
    return smoothstep(half_width + soft, half_width, distance.abs())


def paint(face: Face, at: Point) -> Paint:
    """Albedo, gloss and parts of surface points."""
    front = smoothstep(0.05, 0.25, at.z)
    canvas = Paint(face.skin, torch.full_like(at.x, 0.16), [])
    canvas.over("skin", torch.ones_like(at.x), face.skin)
    _paint_nose(canvas, face, at, front)
    _paint_beard(canvas, face, at, front)
    _paint_mouth(canvas, face, at, front)
    _paint_eyes(canvas, face, at, front)
    _paint_brows(canvas, face, at, front)
    _paint_hair(canvas, face, at)
    _paint_clothes(canvas, face, at)
    return canvas


def _paint_nose(canvas: Paint, face: Face, at: Point, front: Tensor) -> None:
    """The nose belongs to the label map only; nostrils are dark."""
    tip_y = 0.03 - 0.29 * face.nose_length
    half = (0.05 + 0.22 * (0.1 - at.y)) * face.nose_width
    inside = smoothstep(0.03, -0.03, at.x.abs() - half.clamp(max=0.16)) * front
    inside = inside * smoothstep(tip_y - 0.13, tip_y - 0.07, at.y) * smoothstep(0.12, 0.0, at.y)
    canvas.over("nose", inside, face.skin)
    hole = length((at.x.abs() - 0.06 * face.nose_width) / 1.5, at.y - tip_y + 0.085, 0 * at.x)
    canvas.over(None, _ridge(0.012, 0.025, hole) * front * 0.5, 0.3 * face.skin)


def _paint_beard(canvas: Paint, face: Face, at: Point, front: Tensor) -> None:
    side = at.x.abs()
    jaw = smoothstep(-0.28, -0.46, at.y - 0.5 * (side - 0.3).clamp(min=0))
    jaw = jaw * smoothstep(-0.15, 0.10, at.z)
    moustache = _ridge(0.05, 0.04, at.y + 0.39 + 0.6 * side * side) * smoothstep(0.30, 0.20, side)
    mask = torch.maximum(jaw, moustache * front) * (
        0.35 * (face.beard > 0).float() + 0.5 * face.beard
    )
    canvas.over("beard", mask, torch.minimum(face.hair_tone, 0.5 * face.skin))


def _paint_mouth(canvas: Paint, face: Face, at: Point, front: Tensor) -> None:
    """Lips, the gap between them, teeth in its upper half, and the dark line where lips meet."""
    half = mouth_half(face)
    rise = at.y - mouth_line(face, at.x)
    round_ = torch.sqrt((1 - (at.x / half) ** 2).clamp(min=0))
    gap = (0.15 * face.mouth_open + 0.15 * (face.smile - 0.35).clamp(min=0)) * round_
    middle = rise + 0.5 * gap  # the lower lip gives way
    bow = 1 - 0.25 * _ridge(0.0, 0.06, at.x)
    reach = torch.where(middle > 0, 0.052 * bow, 0.06) * face.lips * round_.sqrt() + 0.5 * gap
    lips = smoothstep(0.02, -0.02, middle.abs() - reach) * (round_ > 0) * front
    canvas.over("mouth", lips, mix(0.74, 0.50, smoothstep(-0.02, 0.02, middle)) * face.skin)
    inside = smoothstep(0.012, -0.012, middle.abs() - 0.5 * gap) * (gap > 0.012) * front
    canvas.over("mouth", inside, 0.06)
    teeth = inside * smoothstep(0.0, 0.02, rise + 0.7 * gap) * smoothstep(0.05, 0.10, gap)
    canvas.over(None, teeth * 0.95, 0.92)
    seam = _ridge(0.010, 0.022, rise) * smoothstep(0.05, 0.02, gap) * front
    canvas.over(
        "mouth", seam * smoothstep(half * 1.08, half * 0.9, at.x.abs()) * 0.8, 0.35 * face.skin
    )


def _paint_eyes(canvas: Paint, face: Face, at: Point, front: Tensor) -> None:
    """White, iris, pupil and glint between the lids, and a dark upper lid line."""
    side, y = at.x.abs() - EYE_X * face.eye_gap, at.y - EYE_Y
    half = 0.15 * face.eye_size
    almond = (1 - (side / half) ** 2).clamp(min=0)
    upper = almond * face.eye_size * (0.02 + 0.075 * face.eye_open)
    lower = almond * face.eye_size * (0.055 - 0.02 * face.smile.clamp(min=0))
    open_ = smoothstep(-0.012, 0.012, torch.minimum(upper - y, lower + y)) * (almond > 0) * front
    canvas.over("eyes", open_, (face.skin + 0.3).clamp(max=0.86))
    gaze_x = at.x - torch.sign(at.x) * EYE_X * face.eye_gap - 0.045 * face.gaze
    to_iris = torch.sqrt(gaze_x**2 + (y - 0.012) ** 2)
    canvas.over(None, open_ * smoothstep(0.088, 0.066, to_iris), 0.16)
    canvas.over(None, open_ * smoothstep(0.045, 0.025, to_iris), 0.02)
    glint = torch.sqrt((gaze_x - 0.05 * face.light_x) ** 2 + (y - 0.05) ** 2)
    canvas.over(None, open_ * smoothstep(0.03, 0.015, glint), 1.2)
    lid = _ridge(0.010, 0.022, y - upper) * smoothstep(1.12, 0.98, side.abs() / half) * front
    canvas.over("eyes", lid * 0.85, 0.05)


def _paint_brows(canvas: Paint, face: Face, at: Point, front: Tensor) -> None:
    side = at.x.abs() - EYE_X * face.eye_gap
    y = BROW_Y + 0.035 * face.brow_raise + 0.13 * face.brow_tilt * side - 1.3 * (side - 0.03) ** 2
    half = 0.023 * face.brow_thickness * (1 - 1.6 * side.clamp(min=0))
    mask = _ridge(half, 0.025, at.y - y) * smoothstep(0.20, 0.15, (side - 0.01).abs()) * front
    canvas.over("brows", mask * 0.85, torch.minimum(face.hair_tone + 0.03, 0.55 * face.skin))


def _paint_hair(canvas: Paint, face: Face, at: Point) -> None:
    """Strands fan out from the parting."""
    shade = 1 + 0.16 * strands(face, at.x, at.y, at.z)
    stubble = (face.hair_style == SHAVED) * smoothstep(
        -0.06, 0.08, at.y - hairline(face, at.x, at.z)
    )
    canvas.over(None, 0.4 * stubble, torch.minimum(face.hair_tone, 0.5 * face.skin))
    canvas.over("hair", at.hair, face.hair_tone * shade)
    canvas.gloss = mix(canvas.gloss, 0.10, at.hair)


def _paint_clothes(canvas: Paint, face: Face, at: Point) -> None:
    canvas.over("clothes", at.clothes, face.clothes)
    canvas.gloss = mix(canvas.gloss, 0.0, at.clothes)


def glasses_mask(face: Face, x: Tensor, y: Tensor, lens: Tensor, at: Point) -> Tensor:
    """Where the frame is seen: rims and bridge in their plane (x, y), arms on the side of the head.

    `lens` is 1 where that plane lies in front of the surface. An arm is painted on the skin from
    where the rim hides it to the ear or the hair, so that the two meet from wherever one looks.
    """
    side = (x.abs() - LENS_X * face.eye_gap) / LENS_RATIO
    rim = _ridge(0.014, 0.02, torch.sqrt(side**2 + (y - LENS_Y) ** 2) - LENS_HALF)
    bridge = _ridge(0.012, 0.02, y - ARM_Y) * smoothstep(0.10, 0.08, x.abs())
    beyond_rim = smoothstep(LENS_HALF - 0.02, LENS_HALF, side) * (x * at.x > 0)
    arm = _ridge(0.014, 0.02, at.y - ARM_Y) * beyond_rim
    arm = arm * smoothstep(0.02, 0.10, at.z) * (1 - at.hair)
    return torch.maximum(torch.maximum(rim, bridge) * lens, arm) * face.glasses
