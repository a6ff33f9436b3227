"""Do drawn creatures pass for originals? Colours, symmetry, small pieces, and a trained judge.

Pictures are palette indices (n, h, w), or colours (n, h, w, 3) where that is said.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.spatial import cKDTree
from sklearn.ensemble import RandomForestClassifier


def chroma(rgb: np.ndarray) -> np.ndarray:
    """How coloured colours (..., 3) are: largest minus smallest channel, 0 for every grey."""
    rgb = np.asarray(rgb, float)
    return rgb.max(-1) - rgb.min(-1)


def off_palette(rgb: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Distance from colours (..., 3) to the nearest colour of the palette (k, 3), shape (...)."""
    return cKDTree(np.asarray(palette, float)).query(np.asarray(rgb, float))[0]


def background_of(x: np.ndarray) -> int:
    """The most frequent index of pictures x (n, h, w)."""
    return int(np.bincount(np.asarray(x).ravel()).argmax())


def coloured_share(rgb: np.ndarray, background: np.ndarray, least: float = 0.05) -> float:
    """Share of pixels (n, h, w, 3) that differ from the background colour (3,) in some channel."""
    apart = np.abs(np.asarray(rgb, float) - background).max(-1)
    return float(np.mean(apart > least))


def known_colours(x: np.ndarray, rows: int) -> float:
    """Share of figure pixels below the first `rows` whose colour also occurs above, of all n.

    The background counts neither above nor below.
    """
    x = _indices(x)
    figure = x[:, rows:] != background_of(x)
    seen = [np.isin(below, above) for above, below in zip(x[:, :rows], x[:, rows:], strict=True)]
    return float(np.mean(np.stack(seen)[figure]))


def mirror_share(x: np.ndarray, rows: int) -> float:
    """Of the figure pixels below the first `rows`: the share whose mirror place is figure too."""
    x = _indices(x)
    figure = x[:, rows:] != background_of(x)
    return float(figure[..., ::-1][figure].mean())


def patches(x: np.ndarray, size: int) -> np.ndarray:
    """All size x size pieces of pictures (n, h, w): (n, h - size + 1, w - size + 1, size^2)."""
    pieces = sliding_window_view(_indices(x), (size, size), axis=(1, 2))
    return pieces.reshape(*pieces.shape[:3], -1)


def familiar_share(x: np.ndarray, data: np.ndarray, rows: int, size: int = 2) -> np.ndarray:
    """Of the pieces that reach below the first `rows`: the share that occur in `data`, (n,).

    A piece is size x size indices; those that are background only are left out. Close to that of
    held-out originals is as good as it gets.
    """
    if not 0 <= rows < np.shape(x)[1]:
        raise ValueError(f"rows are 0..{np.shape(x)[1] - 1}, so that some are below; got {rows}")
    pieces = patches(x, size)[:, max(rows - size + 1, 0) :]
    counts = (pieces != background_of(data)).any(-1)
    known = np.isin(_names(pieces), _names(patches(data, size)))
    return (known & counts).sum((1, 2)) / np.maximum(counts.sum((1, 2)), 1)


def _names(pieces: np.ndarray) -> np.ndarray:
    """One value for each piece (..., m): its bytes."""
    pieces = np.ascontiguousarray(pieces, dtype=np.int32)
    return pieces.view(f"V{4 * pieces.shape[-1]}")[..., 0]


def nearest_difference(x: np.ndarray, data: np.ndarray) -> np.ndarray:
    """Number of pixels in which each picture differs from the most similar one of `data`, (n,)."""
    x, data = (np.asarray(v).reshape(len(v), -1) for v in (_indices(x), _indices(data)))
    return np.array([np.count_nonzero(data != one, axis=1).min() for one in x])


def judge(
    originals: np.ndarray,
    drawn: np.ndarray,
    data: np.ndarray,
    rows: int,
    rng: np.random.Generator,
    *,
    closely: bool = True,
) -> float:
    """Share of pairs in which a trained judge finds the original; 0.5 is guessing.

    Picture k of `originals` and of `drawn` have the same upper `rows`. A random forest learns from
    half of the pairs, is then shown the other pairs, and takes the picture that it trusts more. It
    sees the outline of the lower part, row by row and column by column, its size and symmetry, and
    how many new colours come; `closely` also how many small pieces are known from `data`.
    """
    if np.shape(originals) != np.shape(drawn) or len(originals) < 4:
        raise ValueError(f"four pairs or more, got {np.shape(originals)} and {np.shape(drawn)}")
    if np.array_equal(originals, drawn):
        return 0.5  # nothing tells them apart
    real, fake = (_evidence(x, data, rows, closely) for x in (originals, drawn))
    order = rng.permutation(len(real))
    seen, new = order[: len(order) // 2], order[len(order) // 2 :]
    forest = RandomForestClassifier(
        60, min_samples_leaf=5, random_state=int(rng.integers(2**31))
    ).fit(np.concatenate([real[seen], fake[seen]]), np.repeat([1, 0], len(seen)))
    trust = [forest.predict_proba(side[new])[:, 1] for side in (real, fake)]
    return float(np.mean(trust[0] > trust[1]) + 0.5 * np.mean(trust[0] == trust[1]))


def _evidence(x: np.ndarray, data: np.ndarray, rows: int, closely: bool) -> np.ndarray:
    """What the judge looks at, for every picture (n, features)."""
    below = _indices(x)[:, rows:] != background_of(data)
    size = below.sum((1, 2))
    pair = (below & below[..., ::-1]).sum((1, 2)) / np.maximum(size, 1)
    new = [np.setdiff1d(p[rows:], p[:rows]).size for p in np.asarray(x)]
    familiar = [familiar_share(x, data, rows, k) for k in (2, 3) if closely]
    return np.column_stack([size, pair, new, *familiar, below.sum(2), below.sum(1)])


def _indices(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x)
    if x.ndim != 3 or x.dtype.kind not in "ui":
        raise ValueError(f"pictures are whole numbers (n, h, w), got {x.dtype} {x.shape}")
    return x
