"""From factors to pictures: rays, light, and the label map seen by the same rays.

Rays run straight into the picture (an orthographic camera). A coarse grid finds where to start;
each ray then steps by the distance to the nearest solid until it arrives. There the gradient of the
distance is the normal, free space above the surface is the ambient light, and free space towards
the light decides the shadow. Pixels average the rays through them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, max_pool2d
from tqdm.auto import tqdm

from lib.datasets.face_factors import PART, PARTS
from lib.datasets.face_paint import GLASSES_TONE, GLASSES_Z, Paint, Point, glasses_mask, paint
from lib.datasets.face_shape import Face, distances, pick, prepare, scene, to_head
from lib.datasets.sdf import mix, smoothstep

HALF_VIEW, VIEW_Y = 1.14, -0.07  # half the width seen, and the height of the picture's centre
NEAR, FAR = 1.05, -1.2  # depths between which rays are followed
RAYS_WITHOUT_BAR = 4_000_000  # about five seconds of work
RAYS_A_CHUNK = 128_000  # so many that calls cost little, so few that memory does not matter
COARSE_STEPS, FINE_STEPS, LATE_ROUNDS, LATE_STEPS = 9, 4, 4, 4
STRIDE = 0.95  # of the distance: the smooth unions promise a little too much room
RELIEF = 0.07  # how far small features stand out of the solids searched first
CLOSE = 0.02  # a ray nearer than this to the surface has arrived
LENSES_X, LENSES_Y = 0.56, 0.24  # half width and half height of a pair of glasses, with room
NORMAL_STEP = 0.012
OCCLUSION_REACH = 0.16
SMALL = ("eyes", "brows", "mouth", "glasses")
#: In a mixed pixel small parts win, or lines thinner than a pixel would vanish from label maps.
WEIGHT = torch.tensor([1.5 if name in SMALL else 1.0 for name in PARTS])
_OFFSETS = {  # rays through a pixel, no two in one row or column
    1: [(0.0, 0.0)],
    2: [(-0.25, -0.25), (0.25, 0.25)],
    4: [(-0.125, -0.375), (0.375, -0.125), (0.125, 0.375), (-0.375, 0.125)],
}


def _draw(face: Face, size: int, rays: int, labels: bool) -> tuple[Tensor, Tensor | None]:
    """Pictures (n, size, size) of a few faces, and with `labels` their label maps, uint8."""
    n = len(face.yaw)
    x, y = _ray_grid(face, size, rays)
    start = _first_depth(face, size, rays)
    hit = torch.nonzero((start > FAR) | _past_lenses(face, x, y), as_tuple=True)
    near, x_hit, y_hit = pick(face, hit[0]), x[hit], y[hit]
    shade = _wall(face, x, y)
    z = _trace(near, x_hit, y_hit, start[hit])
    shade[hit], canvas = _shade(near, x_hit, y_hit, z, shade[hit])
    picture = _tone(shade).reshape(n, rays, size, size).mean(1)
    if not labels:
        return picture, None
    parts = shade.new_zeros(*shade.shape, len(PARTS))
    parts[..., PART["background"]] = 1
    parts[hit] = canvas.parts()
    seen = parts.reshape(n, rays, size, size, -1).mean(1)
    return picture, (seen * WEIGHT).argmax(-1).to(torch.uint8)


def _grid(size: int) -> tuple[Tensor, Tensor]:
    """Pixel centres (x, y) of a picture, each (size, size)."""
    steps = ((torch.arange(size, dtype=torch.float32) + 0.5) / size * 2 - 1) * HALF_VIEW
    y, x = torch.meshgrid(VIEW_Y - steps, steps, indexing="ij")
    return x, y


def _ray_grid(face: Face, size: int, rays: int) -> tuple[Tensor, Tensor]:
    """Where rays pass, (n, rays size^2)."""
    pixel = 2 * HALF_VIEW / size
    dx, dy = torch.tensor(_OFFSETS[rays], dtype=torch.float32).T[..., None] * pixel
    x, y = _grid(size)
    x, y = x.reshape(1, -1), y.reshape(1, -1)
    x = (x + dx * torch.sign(x)).reshape(1, -1)  # the two halves mirror each other
    y = (y + dy).reshape(1, -1)
    return x - face.shift_x, y - face.shift_y


def _first_depth(face: Face, size: int, rays: int) -> Tensor:
    """A depth in front of the surface for every ray, from half the resolution; FAR for misses."""
    z = _coarse_depth(face, size // 2)
    z = interpolate(z, size=(size, size), mode="nearest").reshape(len(z), 1, -1)
    return z.expand(-1, rays, -1).reshape(len(z), -1)


def _coarse_depth(face: Face, size: int) -> Tensor:
    """A depth in front of the surface within and beside every cell, (n, 1, size, size)."""
    x, y = _grid(size)
    x, y = x.reshape(1, -1) - face.shift_x, y.reshape(1, -1) - face.shift_y
    z, closest = torch.full_like(x, NEAR), torch.full_like(x, 9.0)
    for _ in range(COARSE_STEPS):
        d = scene(face, x, y, z, detail=False)
        closest = torch.minimum(closest, d)
        z = (z - STRIDE * d).clamp(min=FAR)
    touched = closest < 1.3 * HALF_VIEW / size + RELIEF  # the surface may lie in this cell
    z = max_pool2d(z.reshape(-1, 1, size, size), 3, 1, 1) + RELIEF
    return torch.where(touched.reshape(z.shape), z, FAR)


def _trace(face: Face, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Follow rays to the surface: most are there after a few steps, the grazing ones go on."""
    for step in range(FINE_STEPS):
        d = scene(face, x, y, z, detail=step == FINE_STEPS - 1)
        z = z - STRIDE * d
    for _ in range(LATE_ROUNDS):
        late = torch.nonzero((d > CLOSE) & (z > FAR))[:, 0]
        z[late], d[late] = _go_on(face, x, y, z, late)
    return z


def _go_on(face: Face, x: Tensor, y: Tensor, z: Tensor, late: Tensor) -> tuple[Tensor, Tensor]:
    """Some more steps for the rays `late`: depths and last distances."""
    slow = Face(**{name: values[late] for name, values in vars(face).items()})
    x, y, z, d = x[late], y[late], z[late], z[late]
    for step in range(LATE_STEPS):
        d = scene(slow, x, y, z, detail=step == LATE_STEPS - 1)
        z = z - STRIDE * d
    return z, d


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
    for reach, sharpness in ((0.12, 16.0), (0.30, 8.0)):
        x, y, z = (p + 0.03 * n + reach * l for p, n, l in zip(point, normal, light, strict=True))
        free = scene(face, x, y, z, detail=False)
        clear = torch.minimum(clear, (free * sharpness + 0.5).clamp(0, 1))
    return clear


def _shade(face: Face, x: Tensor, y: Tensor, z: Tensor, wall: Tensor) -> tuple[Tensor, Paint]:
    """Light and parts at the points where rays end."""
    skin, hair, clothes = distances(face, x, y, z)
    d = torch.minimum(torch.minimum(skin, hair), clothes)
    hit = smoothstep(0.06, 0.03, d) * (z > FAR)
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
    return shade, canvas


def _frame(face: Face, at: Point) -> Tensor:
    """Glasses along the ray."""
    x, y, back = _on_lens_plane(face, at.x, at.y, at.z)
    return glasses_mask(face, x, y, (back > 0).float(), at)


def _past_lenses(face: Face, x: Tensor, y: Tensor) -> Tensor:
    """Rays that may meet glasses, even beside the head: the far rim of a turned face."""
    x, y, _ = _on_lens_plane(face, *to_head(face, x, y, torch.zeros_like(x)))
    return (face.glasses > 0) & (x.abs() < LENSES_X) & (y.abs() < LENSES_Y)


def _on_lens_plane(face: Face, x: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Where the ray through a point crosses the plane of the lenses, and how far before it."""
    ray = _view_direction(face)
    back = (GLASSES_Z - z) / ray[2]
    return x + back * ray[0], y + back * ray[1], back


def _view_direction(face: Face) -> tuple[Tensor, Tensor, Tensor]:
    """The viewing direction in head coordinates."""
    zero, one = torch.zeros_like(face.yaw), torch.ones_like(face.yaw)
    base = to_head(face, zero, zero, zero)
    return tuple(a - b for a, b in zip(to_head(face, zero, zero, one), base, strict=True))


def _lit(face: Face, point: tuple, normal: tuple, albedo: Tensor, gloss: Tensor) -> Tensor:
    """Light from everywhere, light from the lamp (wrapped a little round the edge), and shine."""
    nx, ny, nz = normal
    lx, ly, lz = face.light_x, face.light_y, face.light_z
    open_ = _occlusion(face, point, normal)
    key = ((nx * lx + ny * ly + nz * lz) * 0.85 + 0.15).clamp(min=0)
    key = key * (0.45 + 0.55 * _shadow(face, point, normal))
    half = torch.rsqrt(lx * lx + ly * ly + (lz + 1) ** 2)
    shine = ((nx * lx + ny * ly + nz * (lz + 1)) * half).clamp(min=0) ** 16
    return albedo * ((0.39 + 0.09 * ny) * open_ + 0.80 * key) + gloss * shine * key


def _wall(face: Face, x: Tensor, y: Tensor) -> Tensor:
    """The wall behind: a little brighter at the top and towards the light."""
    return face.background * (1 + 0.10 * x * face.light_x + 0.06 * y)


def _tone(light: Tensor) -> Tensor:
    """From light to grey: brightens the shadows and holds the highlights, as a camera does."""
    return (light / (1 + 0.14 * light)).clamp(1e-4, 1) ** 0.75


def _chunks(face: Face, size: int, rays: int) -> Iterator[Face]:
    """The faces, a few at a time; a long list shows its progress."""
    step = max(1, RAYS_A_CHUNK // (rays * size * size))
    n = len(face.yaw)
    hidden = n * rays * size * size < RAYS_WITHOUT_BAR or bool(os.environ.get("BOOK_STATIC"))
    for start in tqdm(range(0, n, step), desc="faces", disable=hidden, leave=False):
        yield Face(**{name: values[start : start + step] for name, values in vars(face).items()})


@contextmanager
def _one_thread() -> Iterator[None]:
    """Thousands of short steps: threads gain a tenth, and on a busy machine they wait for ages."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@torch.no_grad()
@_one_thread()
def render(factors: Mapping[str, np.ndarray], size: int, rays: int) -> np.ndarray:
    """Pictures (n, size, size), float32 in [0, 1]."""
    chunks = _chunks(prepare(factors), size, rays)
    return torch.cat([_draw(face, size, rays, labels=False)[0] for face in chunks]).numpy()


@torch.no_grad()
@_one_thread()
def render_labelled(
    factors: Mapping[str, np.ndarray], size: int, rays: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pictures as by `render`, and the part that fills most of every pixel, uint8."""
    drawn = [_draw(face, size, rays, labels=True) for face in _chunks(prepare(factors), size, rays)]
    pictures, maps = zip(*drawn, strict=True)
    return torch.cat(pictures).numpy(), torch.cat(maps).numpy()
