"""Checks of the equations of the lesson on PixelCNNs."""

from itertools import product

import numpy as np
import torch
from scipy import special

from lib.pixelcnn import gate
from tests.equations import checks


def rng() -> np.random.Generator:
    return np.random.default_rng(53)


def taps(kind: str) -> set[tuple[int, int]]:
    """Offsets (rows up, columns right) a 3 x 3 kernel may use, from raster order alone."""
    offsets = product((-1, 0, 1), repeat=2)  # (down, right)
    return {(-d, r) for d, r in offsets if (d, r) < (0, 0) or (kind == "B" and (d, r) == (0, 0))}


def reached(layers: int) -> set[tuple[int, int]]:
    """Where paths of one tap a layer lead, A first, all of them followed."""
    found = taps("A")
    for _ in range(layers - 1):
        found = {(u + a, r + b) for u, r in found for a, b in taps("B")}
    return found


def matrix(kind: str, h: int, w: int, random: np.random.Generator) -> np.ndarray:
    """A masked convolution of h x w pixels, one weight a tap, as the matrix of a linear map."""
    weights = {tap: random.normal() for tap in taps(kind)}
    places = list(product(range(h), range(w)))
    return np.array([[weights.get((y - v, u - x), 0.0) for v, u in places] for y, x in places])


@checks("eq-pixelcnn-compose", by="matrix products of convolutions written as matrices")
def b_after_a_is_strictly_triangular():
    """The product is the sum over places between, empty on the diagonal and above it."""
    random = rng()
    for h, w in ((3, 4), (1, 6), (5, 2)):
        a, b = matrix("A", h, w, random), matrix("B", h, w, random)
        full, d = b @ a, h * w
        for i, j in product(range(d), repeat=2):
            between = sum(b[i, k] * a[k, j] for k in range(j + 1, i + 1))
            np.testing.assert_allclose(full[i, j], between, atol=1e-12)
            assert j < i or full[i, j] == 0
        assert not np.triu(b @ b @ b @ a).any()
        assert np.diag(b @ b).all()  # B first does not hide the pixel
        assert not np.diag(a @ a, -1).any()  # A twice hides the left neighbour


@checks("eq-pixelcnn-reach", by="all paths of one tap a layer, enumerated")
def field_is_a_block_with_a_staircase():
    """Followed tap by tap, paths end exactly where the inequalities say."""
    for n in range(1, 7):
        box = product(range(-1, n + 2), range(-n - 1, n + 2))
        inside = {(d, s) for d, s in box if (1 <= d <= n and -n <= s <= d) or
                  (d == 0 and -n <= s <= -1)}  # fmt: skip
        assert reached(n) == inside


@checks("eq-pixelcnn-blind", by="counting the cells that enumerated paths miss")
def blind_cells_are_a_triangle():
    """What paths miss of the earlier cells of the box is n (n - 1) / 2, at most a quarter."""
    shares = []
    for n in range(1, 8):
        box = set(product(range(1, n + 1), range(-n, n + 1))) | {(0, -s) for s in range(1, n + 1)}
        missed = box - reached(n)
        assert len(missed) == sum(n - d for d in range(1, n + 1)) == n * (n - 1) // 2
        assert len(box) == 2 * n * (n + 1)
        shares.append(len(missed) / len(box))
    assert np.all(np.diff(shares) > 0)
    assert 0.18 < shares[-1] < 0.25
    assert abs(999 * 1000 / 2 / (2 * 1000 * 1001) - 0.25) < 1e-3


@checks("eq-pixelcnn-gate", by="scipy's expit and numpy's tanh on the library's gate")
def gate_is_tanh_times_sigmoid():
    """Library and formula agree; a shut gate passes nothing, an open one the tanh."""
    random = rng()
    a, b = random.normal(size=(2, 5, 3)), random.normal(size=(2, 5, 3)) * 3
    both = torch.tensor(np.concatenate([a, b], axis=1))[..., None]
    got = gate(both)[..., 0].numpy()
    np.testing.assert_allclose(got, np.tanh(a) / (1 + np.exp(-b)), atol=1e-12)
    np.testing.assert_allclose(got, np.tanh(a) * special.expit(b), atol=1e-12)
    for b_k, open_ in ((-50.0, 0.0), (50.0, 1.0)):
        one = gate(torch.tensor([[0.7, b_k]], dtype=torch.float64)[..., None, None]).item()
        assert abs(one - open_ * np.tanh(0.7)) < 1e-12
