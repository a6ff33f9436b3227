"""A morphable model: one linear model of shape, one of albedo, for meshes in correspondence.

Blanz and Vetter, "A morphable model for the synthesis of 3D faces" (1999), with a PCA of the
vertices and a PCA of what is painted on them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lib.mesh_render import LIGHT, render_mesh, rotation
from lib.pca import PCA, fit_pca


@dataclass(frozen=True)
class MorphableModel:
    """Heads mean + sum_k alpha_k s_k with albedo mean + sum_k beta_k t_k.

    Parameters
    ----------
    shape : PCA
        Of vertices flattened to (3 v,); its components are the s_k, its scores the alpha_k.
    albedo : PCA
        Of albedo (v,); its components are the t_k, its scores the beta_k.
    triangles : ndarray of int, shape (t, 3)
        The same for all heads.
    """

    shape: PCA
    albedo: PCA
    triangles: np.ndarray

    def head(self, alpha: Sequence[float], beta: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
        """Vertices (v, 3) and albedo (v,) of one head; missing last coefficients are 0."""
        vertices = self.shape.decode(_padded(alpha, self.shape, "alpha"))
        tone = self.albedo.decode(_padded(beta, self.albedo, "beta"))
        return vertices.reshape(-1, 3), tone[0]

    def encode(self, vertices: np.ndarray, albedo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients (n, K) of shape and of albedo of heads (n, v, 3) and (n, v)."""
        return self.shape.encode(vertices.reshape(len(vertices), -1)), self.albedo.encode(albedo)

    def reconstruct(self, vertices: np.ndarray, albedo: np.ndarray) -> tuple[np.ndarray, ...]:
        """The nearest heads that the model can make, (n, v, 3) and (n, v)."""
        shape = self.shape.reconstruct(vertices.reshape(len(vertices), -1))
        return shape.reshape(vertices.shape), self.albedo.reconstruct(albedo)

    def keep(self, k_shape: int, k_albedo: int) -> MorphableModel:
        """The same model with fewer components."""
        kept = self.shape.keep(k_shape), self.albedo.keep(k_albedo)
        return MorphableModel(*kept, self.triangles)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """New heads (n, v, 3) and (n, v): all coefficients independent, N(0, lambda_k)."""
        return self.shape.sample(n, rng).reshape(n, -1, 3), self.albedo.sample(n, rng)

    def render(self, alpha: Sequence[float], beta: Sequence[float], **view) -> np.ndarray:
        """Picture of one head; `view` as for `render_mesh`."""
        vertices, albedo = self.head(alpha, beta)
        return render_mesh(vertices, self.triangles, albedo, **view)


def fit_morphable(
    x: np.ndarray, albedo: np.ndarray, triangles: np.ndarray, *, k_shape: int, k_albedo: int
) -> MorphableModel:
    """Learn the model from heads in correspondence: x (n, v, 3), albedo (n, v).

    Raises
    ------
    ValueError
        If the numbers of heads or of vertices do not agree.
    """
    if x.ndim != 3 or x.shape[2] != 3 or albedo.shape != x.shape[:2]:
        raise ValueError(
            f"x must be (n, v, 3) with albedo (n, v), got shapes {x.shape} and {albedo.shape}"
        )
    shape = fit_pca(x.reshape(len(x), -1), k_shape)
    return MorphableModel(shape, fit_pca(albedo, k_albedo), np.asarray(triangles))


def _padded(values: Sequence[float], pca: PCA, name: str) -> np.ndarray:
    """Coefficients as one row (1, K), zeros where they end."""
    values, most = np.asarray(values, dtype=float), len(pca.variances)
    if values.ndim != 1 or len(values) > most:
        raise ValueError(f"{name} must hold up to {most} numbers, got shape {values.shape}")
    return np.pad(values, (0, most - len(values)))[None]


def vertex_error(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Mean distance of corresponding vertices, in their unit; a and b are (..., v, 3)."""
    d = np.asarray(a, dtype=float) - b
    return np.sqrt(np.einsum("...k,...k->...", d, d)).mean(axis=-1)


def nearest_heads(x: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each head of x (n, v, 3) the number of the nearest of `others`, and its distance (n,)."""
    errors = np.array([vertex_error(others, head) for head in x])
    return errors.argmin(axis=1), errors.min(axis=1)


def map_linear(
    a: np.ndarray, b: np.ndarray, variances: np.ndarray, noise_variance: float
) -> np.ndarray:
    """Most probable z where b = a z + noise, z_k ~ N(0, variances[k]): ridge regression.

    Minimises ``|b - a z|^2 / noise_variance + sum_k z_k^2 / variances[k]``.
    """
    if noise_variance <= 0 or np.min(variances) <= 0:
        raise ValueError("variances must be positive")
    scale = np.sqrt(variances)  # solve for z / scale: better conditioned
    scaled = a * scale
    normal = scaled.T @ scaled + noise_variance * np.eye(len(scale))
    return scale * np.linalg.solve(normal, scaled.T @ b)


def fit_landmarks(
    model: MorphableModel,
    points: np.ndarray,
    vertices: Sequence[int],
    *,
    noise: float,
    yaw: float = 0.0,
    pitch: float = 0.0,
) -> np.ndarray:
    """Shape coefficients (K,) from where marked vertices are seen, in a known pose.

    Parameters
    ----------
    points : ndarray, shape (m, 2)
        To the right and up from the middle of the picture, in the unit of the vertices.
    vertices : m numbers
        Which vertex each point shows.
    noise : float
        Standard deviation of the points, in the same unit.
    """
    points, vertices = np.asarray(points, dtype=float), np.asarray(vertices)
    if points.shape != (len(vertices), 2):
        raise ValueError(f"{len(vertices)} vertices need points ({len(vertices)}, 2)")
    camera = rotation(yaw, pitch)[:2]  # drops the depth
    rows = model.shape.components.reshape(-1, 3, len(model.shape.variances))[vertices]
    mean = model.shape.mean.reshape(-1, 3)[vertices]
    a = np.einsum("cd,mdk->mck", camera, rows).reshape(2 * len(vertices), -1)
    b = (points - mean @ camera.T).ravel()
    return map_linear(a, b, model.shape.variances, noise**2)


@dataclass(frozen=True)
class PictureFit:
    """What `fit_picture` returns: coefficients, and what it minimised after each step."""

    alpha: np.ndarray  # (K,)
    beta: np.ndarray  # (K,)
    losses: list[float]


def fit_picture(
    model: MorphableModel,
    picture: np.ndarray,
    *,
    noise: float,
    alpha: np.ndarray | None = None,
    beta: np.ndarray | None = None,
    steps: int = 4,
    **view,
) -> PictureFit:
    """Coefficients that explain every pixel of a picture (size, size) in a known view.

    Gauss-Newton on ``|picture - rendering|^2 / noise^2 + sum_k alpha_k^2 / lambda_k`` + the same
    for beta, started from `alpha` and `beta` (the mean head when left out). `view` goes to
    `render_mesh`; `noise` is the standard deviation of a pixel, what the model cannot explain
    included. Slopes are taken over +-1 standard deviation of a coefficient: wide enough to
    average over pixels that change sides at an outline, and twice as fast to the minimum as 0.5.
    """
    picture = np.asarray(picture, dtype=float)
    if picture.ndim != 2 or picture.shape[0] != picture.shape[1] or noise <= 0:
        raise ValueError(f"needs a square picture and positive noise, got {picture.shape}, {noise}")
    scale = np.sqrt(np.concatenate([model.shape.variances, model.albedo.variances]))
    k, view = len(model.shape.variances), {"light": LIGHT, **view, "size": len(picture)}
    start = [_padded([] if c is None else c, p, "start")[0]
             for c, p in ((alpha, model.shape), (beta, model.albedo))]  # fmt: skip

    def residual(z: np.ndarray) -> np.ndarray:
        seen = model.render(z[:k] * scale[:k], z[k:] * scale[k:], **view)
        return ((seen - picture) / noise).ravel()

    z, losses = gauss_newton(residual, np.concatenate(start) / scale, steps, delta=1.0)
    return PictureFit(z[:k] * scale[:k], z[k:] * scale[k:], losses)


def gauss_newton(
    residual: Callable[[np.ndarray], np.ndarray], z: np.ndarray, steps: int, *, delta: float = 0.5
) -> tuple[np.ndarray, list[float]]:
    """Minimise ``|residual(z)|^2 + |z|^2``; slopes are differences over +-`delta` along z_k.

    Each step solves the linearised problem, and is halved while it does not lower the loss.
    Returns z and the loss before and after every step.
    """
    losses = [float(np.sum((r := residual(z)) ** 2) + z @ z)]
    for _ in range(steps):
        moves = delta * np.eye(len(z))
        jacobian = np.stack([residual(z + m) - residual(z - m) for m in moves], 1) / (2 * delta)
        normal = jacobian.T @ jacobian + np.eye(len(z))
        step = -np.linalg.solve(normal, jacobian.T @ r + z)
        for _ in range(6):
            trial = residual(z + step)
            loss = float(np.sum(trial**2) + (z + step) @ (z + step))
            if loss < losses[-1]:
                z, r = z + step, trial
                losses.append(loss)
                break
            step = step / 2
        else:
            break
    return z, losses
