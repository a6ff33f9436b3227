"""Inverse problems y = A x: what a known linear map keeps of a picture, and what it leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from math import prod

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lib.mixture import GaussianMixture


class LinearMap:
    """A known linear map A of pictures x (n, *shape) to what is left of them, y (n, M).

    Parameters
    ----------
    matrix : Tensor, shape (M, D)
        A; its rows must be linearly independent, so that no question contradicts itself.
    shape : sequence of int
        Shape of a picture, with D numbers in all.
    """

    def __init__(self, matrix: Tensor, shape: Sequence[int]):
        self.matrix = torch.as_tensor(matrix, dtype=torch.float64)
        self.shape = tuple(shape)
        if self.matrix.ndim != 2 or self.matrix.shape[1] != prod(self.shape):
            raise ValueError(
                f"pictures of {prod(self.shape)} numbers need a matrix (M, {prod(self.shape)}), "
                f"got {tuple(self.matrix.shape)}"
            )
        if torch.linalg.matrix_rank(self.matrix) < len(self.matrix):
            raise ValueError("rows of A depend on each other: leave out those that say nothing new")
        self.inverse = torch.linalg.pinv(self.matrix)  # A^+, (D, M)

    @property
    def kept(self) -> int:
        """How many numbers of a picture the question tells."""
        return len(self.matrix)

    def ask(self, x: Tensor) -> Tensor:
        """The question y = A x, (n, M), of pictures x (n, *shape)."""
        self._check(x)
        return x.flatten(1) @ self.matrix.T.to(x.dtype)

    def back(self, y: Tensor) -> Tensor:
        """A^+ y, the shortest picture that answers y (n, M), (n, *shape)."""
        return (y @ self.inverse.T.to(y.dtype)).unflatten(1, self.shape)

    def project(self, x: Tensor, y: Tensor) -> Tensor:
        """The picture nearest to x (n, *shape) that answers y (n, M): x - A^+ (A x - y)."""
        return x - self.back(self.ask(x) - y)

    def free(self, x: Tensor) -> Tensor:
        """The part (I - A^+ A) x that A does not see, (n, *shape)."""
        return x - self.back(self.ask(x))

    def misfit(self, x: Tensor, y: Tensor) -> Tensor:
        """Root mean square of A x - y for each picture, (n,): 0 if x answers y."""
        return (self.ask(x) - y).square().mean(1).sqrt()

    def flattened(self) -> LinearMap:
        """The same map of pictures that are written as vectors (n, D)."""
        flat = copy(self)
        flat.shape = (self.matrix.shape[1],)
        return flat

    def _check(self, x: Tensor) -> None:
        if x.shape[1:] != self.shape:
            raise ValueError(f"A takes pictures (n, {self.shape}), got {tuple(x.shape)}")


def known_pixels(known: Tensor) -> LinearMap:
    """The map that keeps the `known` places (*shape, bool) of a picture: inpainting."""
    if known.dtype != torch.bool or not known.any():
        raise ValueError(f"known is bool and true somewhere, got {known.dtype}")
    return LinearMap(torch.eye(known.numel())[known.flatten()], known.shape)


def all_but_window(shape: Sequence[int], top: int, left: int, side: int) -> Tensor:
    """Which pixels are known when a square window is hidden: bool (h, w)."""
    h, w = shape
    if not (0 <= top <= h - side and 0 <= left <= w - side and side >= 1):
        raise ValueError(
            f"a window of side {side} at ({top}, {left}) leaves the picture {tuple(shape)}"
        )
    known = torch.ones(h, w, dtype=torch.bool)
    known[top : top + side, left : left + side] = False
    return known


def block_means(shape: Sequence[int], side: int = 2) -> LinearMap:
    """The map that averages blocks of side x side pixels (h, w): super-resolution."""
    h, w = shape
    if h % side or w % side:
        raise ValueError(f"blocks of side {side} do not fill pictures {tuple(shape)}")
    units = torch.eye(h * w, dtype=torch.float64).view(-1, 1, h, w)
    return LinearMap(F.avg_pool2d(units, side).flatten(1).T, shape)


# ------------------------------------------------------------------- the exact answer of a mixture


def condition(mixture: GaussianMixture, a: LinearMap, y: Tensor) -> GaussianMixture:
    """p(x | A x = y) where p(x) is a Gaussian mixture of D numbers, for one question y (M,).

    Components that have become impossible (weights below 1e-12) are left out. The covariances are
    singular: nothing is uncertain in the directions that A sees. Source: Gaussian conditioning, as
    in Bishop, 2006, section 2.3.
    """
    matrix, target = a.matrix.numpy(), np.asarray(y, dtype=np.float64).reshape(-1)
    if target.shape != (a.kept,):
        raise ValueError(f"a question has {a.kept} numbers, got shape {tuple(np.shape(y))}")
    logs, means, covariances = [], [], []
    for w, mean, cov in zip(mixture.weights, mixture.means, mixture.covariances, strict=True):
        seen = matrix @ cov @ matrix.T  # covariance of y
        gain = np.linalg.solve(seen, matrix @ cov).T  # Sigma A^T (A Sigma A^T)^-1
        gap = target - matrix @ mean
        log_det = np.linalg.slogdet(2 * np.pi * seen)[1]
        logs.append(np.log(w) - 0.5 * (gap @ np.linalg.solve(seen, gap) + log_det))
        means.append(mean + gain @ gap)
        covariances.append(cov - gain @ matrix @ cov)
    shares = np.exp(np.array(logs) - max(logs))
    alive = shares / shares.sum() > 1e-12
    symmetric = [(c + c.T) / 2 for c in np.array(covariances)[alive]]
    shares = shares[alive] / shares[alive].sum()
    return GaussianMixture(shares, np.array(means)[alive], np.array(symmetric))


def draw(mixture: GaussianMixture, n: int, rng: np.random.Generator) -> np.ndarray:
    """Samples (n, D) of a mixture whose covariances may be singular."""
    which = rng.choice(len(mixture.weights), size=n, p=mixture.weights)
    x = mixture.means[which].copy()
    for m in np.unique(which):
        values, axes = np.linalg.eigh(mixture.covariances[m])
        root = axes * np.sqrt(values.clip(min=0))
        rows = which == m
        x[rows] += rng.standard_normal((rows.sum(), x.shape[1])) @ root.T
    return x


def mean_answer(mixture: GaussianMixture) -> np.ndarray:
    """The mean (D,) of a mixture: of all answers the one with the least squared error."""
    return mixture.weights @ mixture.means


def spread_of(mixture: GaussianMixture) -> float:
    """E |x - E x|^2 of a mixture: the least squared error that any answer has on average."""
    centre = mean_answer(mixture)
    between = mixture.weights @ np.sum((mixture.means - centre) ** 2, axis=1)
    return float(between + mixture.weights @ np.trace(mixture.covariances, axis1=1, axis2=2))
