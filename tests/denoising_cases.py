"""Small pictures and slow, obvious versions of what lib/denoising.py and its neighbours compute."""

from __future__ import annotations

import itertools

import numpy as np

from lib.denoising import Ising
from lib.graph_cut import Arcs


def random_case(seed: int, shape: tuple[int, int] = (3, 4)) -> tuple[Ising, np.ndarray]:
    """A random model with at most four decimals and a random picture."""
    rng = np.random.default_rng(seed)
    h, beta, eta = rng.uniform([-0.5, 0.1, 0.1], [0.5, 1.2, 1.5]).round(4)
    return Ising(h, beta, eta), random_picture(shape, rng)


def random_picture(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    return rng.choice(np.array([-1, 1], dtype=np.int8), size=shape)


def slow_energy(model: Ising, x: np.ndarray, y: np.ndarray) -> float:
    """E(x, y) term by term."""
    height, width = x.shape
    total = 0.0
    for i, j in np.ndindex(height, width):
        total += model.h * x[i, j] - model.eta * x[i, j] * y[i, j]
        if i + 1 < height:
            total -= model.beta * x[i, j] * x[i + 1, j]
        if j + 1 < width:
            total -= model.beta * x[i, j] * x[i, j + 1]
    return total


def all_pictures(shape: tuple[int, int]) -> np.ndarray:
    """Every picture of a shape, (2^n, height, width)."""
    values = list(itertools.product([-1, 1], repeat=shape[0] * shape[1]))
    return np.array(values, dtype=np.int8).reshape(-1, *shape)


def all_energies(model: Ising, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every picture of y's shape and its energy, by sums over whole batches."""
    x = all_pictures(y.shape).astype(float)
    pairs = np.sum(x[:, 1:] * x[:, :-1], axis=(1, 2)) + np.sum(x[:, :, 1:] * x[:, :, :-1], (1, 2))
    energy = model.h * x.sum(axis=(1, 2)) - model.beta * pairs - model.eta * (x * y).sum((1, 2))
    return x.astype(np.int8), energy


def posterior(model: Ising, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every picture and its probability p(x | y)."""
    x, energy = all_energies(model, y)
    weight = np.exp(energy.min() - energy)
    return x, weight / weight.sum()


def marginals(model: Ising, y: np.ndarray) -> np.ndarray:
    """p(x_i = +1 | y) of every pixel, by enumeration."""
    x, p = posterior(model, y)
    return np.tensordot(p, x == 1, axes=1)


def cut_value(gain: np.ndarray, arcs: Arcs, x: np.ndarray) -> int:
    """Capacity of the cut with source side x: terminals, then arcs from 1 to 0."""
    total = gain[(gain > 0) & ~x].sum() - gain[(gain < 0) & x].sum()
    total += arcs.right[x[:, :-1] & ~x[:, 1:]].sum() + arcs.left[x[:, 1:] & ~x[:, :-1]].sum()
    return total + arcs.down[x[:-1] & ~x[1:]].sum() + arcs.up[x[1:] & ~x[:-1]].sum()
