"""Measuring the eigenface model: what components do, which K, what a known person is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.pca import PCA, fit_pca
from lib.ppca import fit_ppca


def component_facts(
    pca: PCA, z: np.ndarray, y: np.ndarray, shape: tuple[int, int]
) -> dict[str, np.ndarray]:
    """What each component changes: three shares between 0 and 1, each an array (K,).

    `z` (n, K) are the scores of pictures of the people `y` (n,), equally many pictures of each;
    `shape` is (h, w). "who" is the part of a score's variance that lies between people;
    "brightness" the part of |w|^2 that a constant picture explains; "left and right" the part of
    |w|^2 that changes sign in a mirror.
    """
    people, counts = np.unique(y, return_counts=True)
    if len(set(counts)) != 1:
        raise ValueError(f"each person needs as many pictures as the others, got {sorted(counts)}")
    averages = np.array([z[y == person].mean(axis=0) for person in people])
    w = pca.components.T.reshape(-1, *shape)
    odd = (w - w[:, :, ::-1]) / 2
    return {
        "who": averages.var(axis=0) / z.var(axis=0),
        "brightness": w.sum(axis=(1, 2)) ** 2 / w[0].size,
        "left and right": np.sum(odd**2, axis=(1, 2)),
    }


@dataclass(frozen=True)
class Curves:
    """Likelihood and error against K, of the pictures that were fitted and of others.

    Parameters
    ----------
    ks : ndarray of int, shape (m,)
        Numbers of components, evenly spaced on a logarithmic axis.
    fitted_nats, other_nats : ndarray, shape (m,)
        Mean log-likelihood of probabilistic PCA, in nats per picture.
    fitted_error, other_error : ndarray, shape (m,)
        Root mean square error of a pixel after reconstruction.
    """

    ks: np.ndarray
    fitted_nats: np.ndarray
    other_nats: np.ndarray
    fitted_error: np.ndarray
    other_error: np.ndarray

    @property
    def best(self) -> int:
        """The K that makes the other pictures most probable."""
        return int(self.ks[np.argmax(self.other_nats)])


def curves(fitted: np.ndarray, other: np.ndarray, points: int = 26) -> Curves:
    """Fit once to rows (n, D) and score all K, by the distances within and from the plane."""
    pca = fit_pca(fitted)
    dim, most = pca.components.shape
    ks = np.unique(np.geomspace(1, most - 1, points).astype(int))
    dropped = pca.total_variance - np.cumsum(pca.variances)[ks - 1]
    log_det = np.cumsum(np.log(pca.variances))[ks - 1] + (dim - ks) * np.log(dropped / (dim - ks))
    squares = np.mean(pca.encode(other) ** 2, axis=0)  # (most,)
    within = np.cumsum(squares / pca.variances)[ks - 1]
    lost = np.sum((other - pca.mean) ** 2, axis=1).mean() - np.cumsum(squares)[ks - 1]
    constants = dim * np.log(2 * np.pi) + log_det
    return Curves(
        ks,
        -0.5 * (constants + dim),
        -0.5 * (constants + within + lost * (dim - ks) / dropped),
        np.sqrt(dropped / dim),
        np.sqrt(lost / dim),
    )


def known_people(x: np.ndarray, y: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Nats per picture of two groups of people (columns) under two models (rows); shape (2, 2).

    Model i was fitted to half of the pictures of group i and to all of the people in neither
    group. It is scored on the other halves, so the diagonal holds the people that a model knows,
    and no picture is scored that was fitted. The groups are random, a quarter of the people each.
    """
    people = rng.permutation(np.unique(y))
    quarter = len(people) // 4
    if quarter == 0:
        raise ValueError(f"two groups and a rest need 4 people or more, got {len(people)}")
    groups = [np.isin(y, people[i * quarter : (i + 1) * quarter]) for i in (0, 1)]
    half = np.arange(len(y)) % 2 == 1
    rest = ~groups[0] & ~groups[1]
    models = [fit_ppca(x[rest | (group & half)], k) for group in groups]
    return np.array([[m.log_prob(x[g & ~half]).mean() for g in groups] for m in models])


def most_turned(images: np.ndarray, count: int) -> np.ndarray:
    """Which of the pictures (n, h, w) are least like their mirror image, by their upright edges."""
    edges = np.abs(np.diff(images, axis=2))
    return np.argsort(-np.mean(np.abs(edges - edges[:, :, ::-1]), axis=(1, 2)))[:count]
