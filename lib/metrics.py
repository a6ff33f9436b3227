"""Measuring generated pictures and codes, by functions that know nothing of the model.

One picture: is it a copy (`nearest`), is it sharp (`sharpness`), has it edges (`edge_share`). A set
of samples: how far is it from the data (`frechet_distance`), is it good and is it complete
(`precision_recall`). A code: is each cause in one entry of it (`mutual_information_gap`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

CHUNK = 256  # queries compared at a time: the table of distances stays small


def nearest(queries: np.ndarray, data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest example of `data` for each query.

    Parameters
    ----------
    queries, data : ndarray, shapes (m, ...) and (n, ...)
        Examples of one shape; pictures need not be flattened.

    Returns
    -------
    index : ndarray of int, shape (m,)
        Which example is nearest; the first one where several are.
    distance : ndarray, shape (m,)
        Euclidean distance to it: the root of the **summed** squares. Divided by the root of the
        number of pixels it is the root mean square difference of a pixel.
    """
    q, d = _rows(queries, "queries"), _rows(data, "data")
    if q.shape[1:] != d.shape[1:] or np.shape(queries)[1:] != np.shape(data)[1:]:
        raise ValueError(
            f"queries {np.shape(queries)} and data {np.shape(data)} must agree after the first axis"
        )
    middle = d.mean(axis=0)  # small numbers: less is lost when squares are subtracted
    q, d = q - middle, d - middle
    index = np.concatenate([_closest(q[k : k + CHUNK], d) for k in range(0, len(q), CHUNK)])
    return index, np.linalg.norm(q - d[index], axis=1)


def _rows(examples: np.ndarray, name: str) -> np.ndarray:
    examples = np.asarray(examples, dtype=float)
    if examples.ndim < 2 or len(examples) == 0:
        raise ValueError(f"{name} must be (n, ...) with n > 0, got shape {examples.shape}")
    return examples.reshape(len(examples), -1)


def _closest(q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Position of the smallest |q - d|^2; |q|^2 is the same for all and left out."""
    return np.argmin(np.einsum("ij,ij->i", d, d) - 2 * q @ d.T, axis=1)


def _steps(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Differences to the pixel below and to the pixel at the right, each (n, h - 1, w - 1)."""
    x = np.asarray(images, dtype=float)
    if x.ndim != 3 or min(x.shape[1:]) < 2:
        raise ValueError(f"images must be grey, (n, h, w) with h, w >= 2, got shape {x.shape}")
    corner = x[:, :-1, :-1]
    return x[:, 1:, :-1] - corner, x[:, :-1, 1:] - corner


def sharpness(images: np.ndarray) -> np.ndarray:
    """How steep each picture is: the root mean square of its gradient, in grey values a pixel.

    `images` is (n, h, w); returns (n,). Blurring lowers it, pixel noise raises it. The mean of its
    square over a distribution depends on mean and covariance only: two distributions that share
    these cannot be told apart by it.
    """
    down, right = _steps(images)
    return np.sqrt(np.mean(down**2 + right**2, axis=(1, 2)))


def edge_share(images: np.ndarray, top: float = 0.05) -> np.ndarray:
    """Share of the squared gradient that the steepest pixels of each picture hold.

    `images` is (n, h, w); `top` is the fraction of pixels counted as steepest; returns (n,), from
    `top` (equally steep everywhere) to 1 (flat areas between a few edges). Contrast and brightness
    do not change it.
    """
    if not 0 < top <= 1:
        raise ValueError(f"top is a fraction of the pixels, in (0, 1], got {top}")
    down, right = _steps(images)
    power = np.sort((down**2 + right**2).reshape(len(down), -1), axis=1)
    count = max(round(top * power.shape[1]), 1)
    total = power.sum(axis=1)
    if np.any(total == 0):
        raise ValueError("a picture of one grey value has no edges to share")
    return power[:, -count:].sum(axis=1) / total


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Squared Fréchet distance of two sets of features, each seen as a Gaussian.

    It is the squared Wasserstein distance of two Gaussians with the means and covariances of the
    sets: the squared distance of the means, plus tr(A + B - 2 (A B)^(1/2)) of the covariances A and
    B. `a` is (n, d), `b` is (m, d); the covariances are divided by n and m and may be singular.
    Small sets look farther from everything: compare distances of equal n only. Source: Dowson and
    Landau, 1982; Heusel et al., 2017.
    """
    a, b = _features(a, b, at_least=2)
    (mean_a, root_a), (mean_b, root_b) = _moments(a), _moments(b)
    # singular values of root_a root_b^T: the square roots of the eigenvalues of A B
    common = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    spread = np.sum(root_a**2) + np.sum(root_b**2) - 2 * common
    return float(np.sum((mean_a - mean_b) ** 2) + max(spread, 0.0))


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (d,) and a triangle R with R^T R = covariance, which, less exact, is never formed."""
    mean = features.mean(axis=0)
    return mean, np.linalg.qr(features - mean, mode="r") / np.sqrt(len(features))


def _features(a: np.ndarray, b: np.ndarray, at_least: int) -> tuple[np.ndarray, np.ndarray]:
    """Both sets as float (n, d) and (m, d), checked."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or a.shape[1] == 0:
        raise ValueError(f"features must be (n, d) and (m, d), got shapes {a.shape} and {b.shape}")
    if min(len(a), len(b)) < at_least:
        raise ValueError(f"each set needs {at_least} rows or more, got {len(a)} and {len(b)}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("features must be finite; look for nan or inf in the samples")
    return a, b


def precision_recall(real: np.ndarray, fake: np.ndarray, k: int = 3) -> tuple[float, float]:
    """How many samples look like data, and how much of the data the samples reach.

    The support of a set is the union of balls round its points, each as large as the distance to
    the k-th nearest other point. Precision is the share of `fake` (m, d) in the support of `real`
    (n, d), recall the share of `real` in the support of `fake`. More samples mean smaller balls:
    compare equal n only. Source: Kynkäänniemi et al., 2019.
    """
    if k < 1:
        raise ValueError(f"k counts neighbours, it must be at least 1, got {k}")
    real, fake = _features(real, fake, at_least=k + 1)
    return _share_inside(fake, real, k), _share_inside(real, fake, k)


def _share_inside(points: np.ndarray, centres: np.ndarray, k: int) -> float:
    """Share of `points` that lie in a ball of one of `centres`, the edge of the ball included."""
    radii = [np.partition(rows, k, axis=1)[:, k] for rows in _distances(centres, centres)]
    radius = np.concatenate(radii)  # the 0th nearest is the centre itself
    inside = [(rows <= radius).any(axis=1) for rows in _distances(points, centres)]
    return float(np.concatenate(inside).mean())


def _distances(a: np.ndarray, b: np.ndarray) -> Iterator[np.ndarray]:
    """Distances of all pairs, a few rows at a time; that of a point to itself is exactly zero."""
    return (cdist(a[i : i + CHUNK], b) for i in range(0, len(a), CHUNK))


@dataclass(frozen=True, eq=False)
class InformationGap:
    """What each entry of a code tells about each factor.

    Parameters
    ----------
    score : float
        Mean of `gaps`: the mutual information gap, from 0 to 1.
    gaps : ndarray, shape (f,)
        For each factor, how much more the best entry tells than the second, as a share of what
        there is to tell.
    information : ndarray, shape (k, f)
        Mutual information of entry and factor, in nats.
    entropy : ndarray, shape (f,)
        Entropy of each factor, in nats: the most an entry can tell.
    """

    score: float
    gaps: np.ndarray
    information: np.ndarray
    entropy: np.ndarray


def mutual_information_gap(
    codes: np.ndarray, factors: np.ndarray | Mapping[str, np.ndarray], bins: int = 20
) -> InformationGap:
    """Whether each factor sits in one entry of the code: 1 if so, 0 if two entries share it.

    Codes and continuous factors are cut into `bins` of equal counts, so stretching an axis changes
    nothing; a factor of at most `bins` different values (classes) is taken as it is. Counting n
    examples makes each mutual information too large by about (rows - 1) (columns - 1) / (2 n)
    nats, as for entries that tell nothing; in the gap most of this cancels. Source: Chen et al.,
    2018, who cut into equal widths.

    Parameters
    ----------
    codes : ndarray, shape (n, k)
        One code a row, k >= 2; of a VAE usually the means of the encoder.
    factors : ndarray, shape (n, f), or mapping from names to arrays (n,)
        The true causes of each example, such as `Dataset.factors`; none may be constant.
    """
    columns = list(factors.values() if isinstance(factors, Mapping) else np.asarray(factors).T)
    codes = np.asarray(codes, dtype=float)
    if bins < 2:
        raise ValueError(f"bins must be at least 2, got {bins}")
    if codes.ndim != 2 or codes.shape[1] < 2 or not np.isfinite(codes).all():
        raise ValueError(f"codes must be finite, (n, k) with k >= 2, got shape {codes.shape}")
    shapes = {np.shape(v) for v in columns}
    if shapes != {codes.shape[:1]}:
        raise ValueError(f"{len(codes)} codes need factors of that length, got shapes {shapes}")
    cells, causes = [_cut(v, bins) for v in codes.T], [_cut(v, bins) for v in columns]
    entropy = np.array([_entropy(cause) for cause in causes])
    if np.any(entropy == 0):
        raise ValueError(f"factor {int(entropy.argmin())} is constant: there is nothing to tell")
    information = np.array([[_mutual_information(c, v) for v in causes] for c in cells])
    second, best = np.sort(information, axis=0)[-2:]
    gaps = (best - second) / entropy
    return InformationGap(float(gaps.mean()), gaps, information, entropy)


def _cut(values: np.ndarray, bins: int) -> np.ndarray:
    """The bin of each value, 0, 1, ...; equal values share a bin, words stay as they are."""
    different, label = np.unique(values, return_inverse=True)
    if len(different) <= bins or different.dtype.kind not in "iuf":
        return label
    return np.searchsorted(np.quantile(values, np.arange(1, bins) / bins), values, side="right")


def _entropy(labels: np.ndarray) -> float:
    """Entropy in nats of the empirical distribution of labels 0, 1, ..."""
    counts = np.bincount(labels)
    p = counts[counts > 0] / len(labels)
    return -float(p @ np.log(p))


def _mutual_information(a: np.ndarray, b: np.ndarray) -> float:
    """I(a; b) = H(a) + H(b) - H(a, b), in nats."""
    both = a * (b.max() + 1) + b
    return max(_entropy(a) + _entropy(b) - _entropy(both), 0.0)
