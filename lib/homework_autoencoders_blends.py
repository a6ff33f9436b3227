"""A part of the visible tests of chapter 3's homework, task 7: codes between two codes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.spatial import cKDTree

from lib.homework_asking import FLOAT32


def check_middles(
    z: np.ndarray, codes: np.ndarray, training: np.ndarray, tested: np.ndarray
) -> None:
    """Assert that `z` (n, k) are middles of random pairs of `codes` (m, k).

    `training` are the codes in training mode, `tested` those of the test pictures.
    """
    what, size = "the codes of the new pictures", np.abs(codes).max()
    copied = _share(z, codes, size)
    assert copied == 0, f"{what}: {copied:.1%} are codes of the data; take two different pictures"
    pairs = np.array(list(combinations(range(len(codes)), 2)))

    def middles(of: np.ndarray) -> np.ndarray:
        return (of[pairs[:, 0]] + of[pairs[:, 1]]) / 2

    other = np.array(list(combinations(range(len(tested)), 2)))
    wrong = {
        "they are middles of codes of training mode; call model.eval() before you encode": (
            middles(training)
        ),
        "that is the sum of two codes; the middle is half of it": 2 * middles(codes),
        "that is half the difference of two codes": (codes[pairs[:, 0]] - codes[pairs[:, 1]]) / 2,
        "they are middles of codes of the test pictures": (
            (tested[other[:, 0]] + tested[other[:, 1]]) / 2
        ),
    }
    for advice, points in wrong.items():
        assert _share(z, points, size) < 0.9, f"{what}: {advice}"
    far, nearest = cKDTree(middles(codes)).query(z)
    share = np.mean(far > FLOAT32 * size)
    assert share == 0, (
        f"{what}: {share:.0%} are no middles of two codes of training pictures; new pictures are "
        "made by another rule here, so read the task again"
    )
    assert len(np.unique(nearest)) > 1, f"{what}: all are the same; draw a pair for each picture"
    counts = np.bincount(pairs[nearest].ravel(), minlength=len(codes)) / len(z)
    limit = 7 * np.sqrt(2 / len(codes) / len(z))
    assert np.abs(counts - 2 / len(codes)).max() < limit, (
        f"{what}: some training pictures are used more often than others"
    )
    found = len(np.unique(nearest)) / len(pairs)
    usual = 1 - np.exp(-len(z) / len(pairs))
    assert found > 0.8 * usual, f"{what}: only {found:.0%} of all pairs come; draw both at random"


def _share(z: np.ndarray, points: np.ndarray, size: float) -> float:
    """The share of the codes that are one of these points."""
    return float(np.mean(cKDTree(points).query(z)[0] < FLOAT32 * size))
