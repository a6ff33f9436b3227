"""Signed distances: how far a point is from a solid, negative inside.

Every function takes coordinates as tensors of one shape and returns that shape. Spheres and
capsules are exact. Ellipsoids and smooth unions are approximate: close to the surface they are the
distance to first order, and sphere tracing needs no more (J. C. Hart, 1996, "Sphere tracing").
`addcmul` and changes in place spare temporary arrays: memory takes most of the time.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

TINY = 1e-6


def length(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Euclidean length of the vectors (x, y, z)."""
    return torch.addcmul(torch.addcmul(x * x, y, y), z, z).sqrt_()


def sphere(x: Tensor, y: Tensor, z: Tensor, radius: float | Tensor) -> Tensor:
    """Distance to a sphere about the origin; exact."""
    return length(x, y, z) - radius


def ellipsoid(x: Tensor, y: Tensor, z: Tensor, radii: Sequence[float]) -> Tensor:
    """Distance to an ellipsoid about the origin, to first order near its surface."""
    if min(radii) <= 0:
        raise ValueError(f"the three radii of an ellipsoid must be positive, got {radii}")
    a, b, c = x / radii[0], y / radii[1], z / radii[2]
    scaled = length(a, b, c)
    slope = length(a / radii[0], b / radii[1], c / radii[2])
    return scaled * (scaled - 1) / (slope + TINY)


def along(x: Tensor, y: Tensor, z: Tensor, end: Sequence[float | Tensor]) -> Tensor:
    """Where the foot of the perpendicular on the stick from the origin to `end` lies, 0 to 1."""
    ex, ey, ez = end
    return ((x * ex + y * ey + z * ez) / (ex * ex + ey * ey + ez * ez)).clamp(0, 1)


def capsule(
    x: Tensor,
    y: Tensor,
    z: Tensor,
    end: Sequence[float | Tensor],
    radius: float | Tensor,
    growth: float | Tensor = 0.0,
) -> Tensor:
    """Distance to a stick from the origin to `end`, `radius` thick, round at both ends.

    Exact for `growth` = 0; else the far end is thicker by `growth`, and this is a bound.
    """
    t = along(x, y, z, end)
    return length(x - t * end[0], y - t * end[1], z - t * end[2]) - (radius + growth * t)


def smooth_min(a: Tensor, b: Tensor, width: float) -> Tensor:
    """The smaller of two distances: the union of two solids, its seam filled.

    Where they differ by `width` or more it is the plain minimum; at equality it is width/4 lower.
    """
    overlap = (width - (a - b).abs_()).clamp_(min=0)
    return torch.addcmul(torch.minimum(a, b), overlap, overlap, value=-1 / (4 * width))


def smooth_max(a: Tensor, b: Tensor, width: float) -> Tensor:
    """The larger of two distances: the intersection of two solids, its edge rounded."""
    return -smooth_min(-a, -b, width)


def smoothstep(start: float | Tensor, stop: float | Tensor, x: Tensor) -> Tensor:
    """0 before `start`, 1 after `stop`, a cubic ramp between; falls where stop < start."""
    t = ((x - start) / (stop - start)).clamp_(0, 1)
    return t * t * (3 - 2 * t)


def mix(a: Tensor | float, b: Tensor | float, share: Tensor) -> Tensor:
    """Blend from `a` (share 0) to `b` (share 1)."""
    return a + (b - a) * share


def turn(a: Tensor, b: Tensor, cosine: Tensor, sine: Tensor) -> tuple[Tensor, Tensor]:
    """Rotate the pairs (a, b) by an angle, from the first axis towards the second."""
    return cosine * a - sine * b, sine * a + cosine * b
