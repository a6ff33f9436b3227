"""Small noisy pictures of one object: the model "object, position, orientation -> image".

Three discrete causes with a prior, one picture of 16 x 16 pixels as their common effect. There
are few enough causes (4 x 49 x 8) to compare a picture with all of them, so that Bayes' rule
inverts the drawing exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from lib.bayes_net import BayesNet
from lib.factors import Factor

SIDE = 16  # pixels of a picture
RADIUS = 4.6  # pixels from the centre of an object to its tip
SHIFTS = range(-3, 4)  # positions of the centre, in pixels from the middle of the picture
N_ANGLES = 8  # orientations, in steps of 45 degrees anticlockwise
CAUSES = ("object", "position", "orientation")

#: Inside tests in the object's own coordinates: u to the right, v up, tips at distance one.
SHAPES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "arrow": lambda u, v: (
        ((np.abs(u) < 0.2) & (v > -1) & (v < 0.3)) | ((v > 0.05) & (np.abs(u) < 0.8 * (1 - v)))
    ),
    "heart": lambda u, v: (
        ((1.25 * u) ** 2 + (1.2 * v + 0.1) ** 2 - 1) ** 3 < (1.25 * u) ** 2 * (1.2 * v + 0.1) ** 3
    ),
    "moon": lambda u, v: (u**2 + v**2 < 1) & ((u - 0.5) ** 2 + v**2 > 0.75**2),
    "square": lambda u, v: np.maximum(np.abs(u), np.abs(v)) < 0.68,
}
OBJECTS = tuple(SHAPES)


@cache
def templates() -> np.ndarray:
    """Every noise-free picture, shape (object, position, orientation, SIDE, SIDE), in [0, 1].

    Position k stands for row k // 7 and column k % 7 of the centre, counted from the top left.
    """
    border = max(SHIFTS)
    large = np.array(
        [[_centred(shape, 2 * np.pi * k / N_ANGLES, SIDE + 2 * border) for k in range(N_ANGLES)]
         for shape in SHAPES.values()]
    )  # fmt: skip
    crops = [
        large[..., border - i : border - i + SIDE, border - j : border - j + SIDE]
        for i in SHIFTS
        for j in SHIFTS
    ]
    out = np.stack(crops, axis=1)  # (object, position, orientation, SIDE, SIDE)
    out.flags.writeable = False  # shared by all callers
    return out


@cache
def _flat() -> tuple[np.ndarray, np.ndarray]:
    """The templates with flat pictures, (object, position, orientation, pixels), and squared."""
    t = templates().reshape(*templates().shape[:3], -1)
    return t, t**2


def _centred(shape: Callable, angle: float, side: int, fine: int = 6) -> np.ndarray:
    """Coverage of each pixel by a shape turned by `angle` about the middle of the picture."""
    ticks = ((np.arange(side * fine) + 0.5) / fine - side / 2) / RADIUS
    x, y = np.meshgrid(ticks, -ticks)  # rows run down, y runs up
    u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    return shape(u, v).reshape(side, fine, side, fine).mean(axis=(1, 3))


def scene_prior() -> BayesNet:
    """What we expect before we look: three independent causes, near the middle, mostly upright."""
    near = np.exp(-0.5 * (np.array(SHIFTS) / 2.0) ** 2)
    position = np.outer(near, near).ravel()
    net = BayesNet().add("object", OBJECTS, [0.3, 0.3, 0.2, 0.2])
    net.add("position", position.size, position / position.sum())
    angles = [f"{360 * k // N_ANGLES}°" for k in range(N_ANGLES)]
    return net.add("orientation", angles, [0.3, 0.15, 0.1, 0.05, 0.1, 0.05, 0.1, 0.15])


@dataclass(frozen=True)
class GlyphModel:
    """p(object) p(position) p(orientation) p(image | object, position, orientation).

    Each pixel is the template's value plus independent Gaussian noise of standard deviation
    `sigma` (in units of the contrast between paper and object).
    """

    sigma: float = 0.5
    prior: BayesNet = field(default_factory=scene_prior)

    def __post_init__(self):
        if not self.sigma > 0:
            raise ValueError(f"sigma must be positive, got {self.sigma}")

    def sample(self, n: int, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Ancestral sampling: n causes, then a picture for each; returns (causes, images)."""
        z = self.prior.sample(n, rng)
        clean = templates()[tuple(z[name] for name in CAUSES)]  # (n, SIDE, SIDE)
        return z, clean + self.sigma * rng.standard_normal(clean.shape)

    def log_likelihood(self, image: np.ndarray, visible: np.ndarray | None = None) -> np.ndarray:
        """log p(visible pixels | causes) of one picture for all causes, shape (4, 49, 8)."""
        image = np.asarray(image, dtype=float)
        if image.shape != (SIDE, SIDE):
            raise ValueError(f"an image has shape {(SIDE, SIDE)}, got {image.shape}")
        seen = np.ones_like(image, dtype=bool) if visible is None else np.asarray(visible, bool)
        if seen.shape != image.shape:
            raise ValueError(f"visible must have the image's shape, got {seen.shape}")
        weight, y = seen.ravel().astype(float), np.where(seen, image, 0.0).ravel()
        t, t_squared = _flat()  # (4, 49, 8, pixels)
        # sum of (t - y)^2, multiplied out: matrix products in place of a large difference
        errors = t_squared @ weight - 2 * (t @ y) + y @ y
        return -0.5 * errors / self.sigma**2 - seen.sum() * np.log(self.sigma * np.sqrt(2 * np.pi))

    def posterior(self, image: np.ndarray, visible: np.ndarray | None = None) -> Factor:
        """Bayes' rule: p(object, position, orientation | visible pixels)."""
        scores = self.log_likelihood(image, visible)
        likelihood = Factor(CAUSES, np.exp(scores - scores.max()))  # the scale cancels
        return (self.prior.joint() * likelihood).normalise()


def sample_causes(
    posterior: Factor, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw n triples of state numbers from a table over (object, position, orientation)."""
    flat = rng.choice(posterior.table.size, size=n, p=posterior.table.ravel())
    return np.unravel_index(flat, posterior.table.shape)
