"""From factors to pictures: rays, light, and the label map seen by the same rays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, max_pool2d

from lib.datasets.face_paint import (
    GLASSES_TONE,
    GLASSES_Z,
    PART,
    PARTS,
    SMALL,
    Point,
    glasses_mask,
    paint,
)
from lib.datasets.face_shape import Face, distances, pick, prepare, scene, to_head
from lib.datasets.sdf import mix, smoothstep

HALF_VIEW, VIEW_Y = 1.14, -0.07  # half the width seen, and the height of the picture's centre
NEAR, FAR = 1.05, -1.2  # depths between which rays are followed
RAYS_A_CHUNK = 32_000  # keeps the work of one step in the processor's cache
COARSE_STEPS, FINE_STEPS, LATE_STEPS = 9, 4, 7
RELIEF = 0.07  # how far small features stand out of the solids searched first
CLOSE = 0.02  # a ray nearer than this to the surface has arrived
NORMAL_STEP = 0.012
OCCLUSION_REACH = 0.16


def render_chunk(face: Face, size: int, samples: int, labels) -> tuple[Tensor, Tensor]:
    """Pictures (n, size, size) and soft part maps (n, size, size, len(PARTS)) of a few faces."""
    n = len(face.yaw)
    x, y = _rays(face, size, samples)
    start = _coarse_depth(face, size // 2)
    start = interpolate(start[:, None], size=(size, size), mode="nearest")
    start = start.reshape(n, 1, -1).expand(-1, samples, -1).reshape(n, -1)
    shade = _wall(face, x, y)
    hit = torch.nonzero(start > FAR, as_tuple=True)
    near = pick(face, hit[0])
    wall = shade[hit]
    z = _trace(near, x[hit], y[hit], start[hit])
    shade[hit], seen = _shade(near, x[hit], y[hit], z, wall, labels)
    picture = _tone(shade).reshape(n, samples, size, size).mean(1)
    if not labels:
        return picture, None
    parts = torch.zeros(*shade.shape, len(PARTS))
    parts[..., PART["background"]] = 1
    parts[hit] = seen
    return picture, parts.reshape(n, samples, size, size, -1).mean(1)


def _grid(size: int) -> tuple[Tensor, Tensor]:
    """Pixel centres (x, y) of a picture, each (size, size)."""
    steps = ((torch.arange(size) + 0.5) / size * 2 - 1) * HALF_VIEW
    y, x = torch.meshgrid(VIEW_Y - steps, steps, indexing="ij")
    return x, y


#: In a mixed pixel small parts win, or lines thinner than a pixel would vanish from label maps.
WEIGHT = torch.tensor([1.5 if name in SMALL else 1.0 for name in PARTS])
_OFFSETS = {  # rays through a pixel, no two in one row or column
    1: [(0.0, 0.0)],
    2: [(-0.25, -0.25), (0.25, 0.25)],
    4: [(-0.125, -0.375), (0.375, -0.125), (0.125, 0.375), (-0.375, 0.125)],
}


def _rays(face: Face, size: int, samples: int) -> tuple[Tensor, Tensor]:
    """Where rays pass, (n, samples size^2)."""
    pixel = 2 * HALF_VIEW / size
    dx, dy = torch.tensor(_OFFSETS[samples]).T[..., None] * pixel
    x, y = _grid(size)
    x, y = x.reshape(1, -1), y.reshape(1, -1)
    x = (x + dx * torch.sign(x)).reshape(1, -1)  # mirrored halves: a mirrored face is its mirror
    y = (y + dy).reshape(1, -1)
    return x - face.shift_x, y - face.shift_y


def _coarse_depth(face: Face, size: int) -> Tensor:
    """A depth in front of the surface for every ray of a cell; FAR where nothing is hit near it."""
    x, y = _grid(size)
    x, y = x.reshape(1, -1) - face.shift_x, y.reshape(1, -1) - face.shift_y
    z, closest = torch.full_like(x, NEAR), torch.full_like(x, 9.0)
    for _ in range(COARSE_STEPS):
        d = scene(face, x, y, z, detail=False)
        closest = torch.minimum(closest, d)
        z = (z - 0.95 * d).clamp(min=FAR)
    touched = closest < 1.3 * HALF_VIEW / size + RELIEF  # the surface may lie in this cell
    z = torch.where(touched, z.clamp(min=FAR + 0.01), FAR)
    return max_pool2d(z.reshape(-1, 1, size, size), 3, 1, 1)[:, 0] + RELIEF


def _trace(face: Face, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Follow rays to the surface: most are there after a few steps, the grazing ones go on."""
    for step in range(FINE_STEPS):
        d = scene(face, x, y, z, detail=step >= FINE_STEPS // 2)
        z = z - 0.95 * d
    late = torch.nonzero((d > CLOSE) & (z > FAR))[:, 0]
    slow = Face(**{name: values[late] for name, values in vars(face).items()})
    x, y, deep = x[late], y[late], z[late]
    for _ in range(LATE_STEPS):
        deep = deep - 0.95 * scene(slow, x, y, deep)
    z[late] = deep
    return z


def _normal(
    face: Face, x: Tensor, y: Tensor, z: Tensor, d: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The direction in which the distance grows."""
    e = NORMAL_STEP
    nx = scene(face, x + e, y, z) - d
    ny = scene(face, x, y + e, z) - d
    nz = scene(face, x, y, z + e) - d
    scale = torch.rsqrt(nx * nx + ny * ny + nz * nz + 1e-12)
    return nx * scale, ny * scale, nz * scale


def _occlusion(face: Face, point: tuple[Tensor, ...], normal: tuple[Tensor, ...]) -> Tensor:
    """How open the surroundings are, 0.4 to 1: free space a little above the surface."""
    x, y, z = (p + OCCLUSION_REACH * n for p, n in zip(point, normal, strict=True))
    return (scene(face, x, y, z, detail=False) / OCCLUSION_REACH).clamp(0.4, 1)


def _shadow(face: Face, point: tuple[Tensor, ...], normal: tuple[Tensor, ...]) -> Tensor:
    """0 where something lies between the point and the light, 1 in full light, soft between."""
    light = (face.light_x, face.light_y, face.light_z)
    clear = torch.ones_like(point[0])
    for reach, sharpness, offset in ((0.12, 16.0, 0.5), (0.30, 8.0, 0.5)):
        x, y, z = (p + 0.03 * n + reach * l for p, n, l in zip(point, normal, light, strict=True))
        free = scene(face, x, y, z, detail=False)
        clear = torch.minimum(clear, (free * sharpness + offset).clamp(0, 1))
    return clear


def _shade(
    face: Face, x: Tensor, y: Tensor, z: Tensor, wall: Tensor, labels
) -> tuple[Tensor, Tensor]:
    """Light and parts at the points where rays end."""
    skin, hair, clothes = distances(face, x, y, z)
    d = torch.minimum(torch.minimum(skin, hair), clothes)
    hit = smoothstep(0.09, 0.04, d) * (z > FAR)
    hx, hy, hz = to_head(face, x, y, z)
    at = Point(
        hx, hy, hz,
        hair=smoothstep(0.03, -0.03, hair - skin),
        clothes=smoothstep(0.015, -0.015, clothes - torch.minimum(skin, hair)),
    )  # fmt: skip
    canvas = paint(face, at)
    normal = _normal(face, x, y, z, d)
    shade = _lit(face, (x, y, z), normal, canvas.albedo, canvas.gloss)
    shade = mix(wall, shade, hit)
    canvas.over("background", 1 - hit, canvas.albedo)
    frame = _frame(face, at)
    shade = mix(shade, GLASSES_TONE, frame)
    canvas.over("glasses", frame, canvas.albedo)
    return shade, canvas.parts() if labels else None


def _frame(face: Face, at: Point) -> Tensor:
    """Glasses along the ray: where it crosses the plane of the lenses, in head coordinates."""
    ray = to_head_direction(face)
    back = (GLASSES_Z - at.z) / ray[2]
    x, y = at.x + back * ray[0], at.y + back * ray[1]
    return glasses_mask(face, x, y, (back > 0).float(), at)


def to_head_direction(face: Face) -> tuple[Tensor, Tensor, Tensor]:
    """The viewing direction in head coordinates."""
    zero, one = torch.zeros_like(face.yaw), torch.ones_like(face.yaw)
    base = to_head(face, zero, zero, zero)
    return tuple(a - b for a, b in zip(to_head(face, zero, zero, one), base, strict=True))


def _lit(face: Face, point: tuple, normal: tuple, albedo: Tensor, gloss: Tensor) -> Tensor:
    nx, ny, nz = normal
    lx, ly, lz = face.light_x, face.light_y, face.light_z
    open_ = _occlusion(face, point, normal)
    key = ((nx * lx + ny * ly + nz * lz) * 0.85 + 0.15).clamp(min=0)
    key = key * (0.45 + 0.55 * _shadow(face, point, normal))
    half = torch.rsqrt(lx * lx + ly * ly + (lz + 1) ** 2)
    shine = ((nx * lx + ny * ly + nz * (lz + 1)) * half).clamp(min=0) ** 16
    return albedo * ((0.34 + 0.12 * ny) * open_ + 0.74 * key) + gloss * shine * key


def _wall(face: Face, x: Tensor, y: Tensor) -> Tensor:
    """The wall behind: a little brighter at the top and towards the light."""
    return face.background * (1 + 0.10 * x * face.light_x + 0.06 * y)


def _tone(light: Tensor) -> Tensor:
    """From light to grey: brightens the shadows and holds the highlights, as a camera does."""
    return (light / (1 + 0.16 * light)).clamp(1e-4, 1) ** 0.75


def _chunks(factors: Mapping[str, np.ndarray], size: int) -> Iterator[tuple[Face, int]]:
    """A few faces at a time, and the number of rays a pixel."""
    samples = 2 if size <= 32 else 4
    step = max(1, RAYS_A_CHUNK // (samples * size * size))
    face = prepare(factors)
    for start in range(0, len(face.yaw), step):
        yield Face(**{name: v[start : start + step] for name, v in vars(face).items()}), samples


@torch.no_grad()
def render(factors: Mapping[str, np.ndarray], size: int) -> np.ndarray:
    """Pictures (n, size, size), float32 in [0, 1]."""
    chunks = _chunks(factors, size)
    return torch.cat([render_chunk(face, size, k, False)[0] for face, k in chunks]).numpy()


@torch.no_grad()
def label_maps(factors: Mapping[str, np.ndarray], size: int) -> np.ndarray:
    """The part seen in most of every pixel, uint8 (n, size, size)."""
    chunks = _chunks(factors, size)
    maps = [(render_chunk(face, size, k, True)[1] * WEIGHT).argmax(-1) for face, k in chunks]
    return torch.cat(maps).to(torch.uint8).numpy()
