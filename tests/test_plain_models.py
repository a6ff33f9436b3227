"""PCA, mixtures and coded mixtures as members of the family."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from lib import plain_models as plain
from lib.autoencoder import mlp_autoencoder
from lib.datasets import load
from lib.grey_levels import add_noise
from lib.mixture import GaussianMixture
from lib.ppca import PPCA, fit_ppca
from tests.family_models import seeded

X = load("digits").train.x
HALF = torch.arange(4) < 2


def mixture(rng: np.random.Generator, m: int = 3, d: int = 4) -> GaussianMixture:
    roots = rng.normal(size=(m, d, d))
    covariances = roots @ roots.swapaxes(1, 2) / d + 0.3 * np.eye(d)
    return GaussianMixture(rng.dirichlet(np.ones(m)), rng.normal(size=(m, d)), covariances)


def squares(rng: np.random.Generator, n: int = 6) -> np.ndarray:
    """Pictures of 2 by 2 with the digits' levels."""
    return rng.integers(17, size=(n, 2, 2)) / 16


# ------------------------------------------------------------------ densities


def test_the_density_is_that_of_noisy_numbers():
    rng = np.random.default_rng(1)
    model = plain.GaussianPictures(parts := mixture(rng), (2, 2))
    noisy = add_noise(squares(rng), rng)
    each = [
        stats.multivariate_normal(*p).pdf(noisy)
        for p in zip(parts.means, parts.covariances, strict=True)
    ]
    want = np.log(parts.weights @ np.array(each))
    np.testing.assert_allclose(model.log_prob(torch.tensor(noisy)), want, atol=1e-10)


def test_samples_are_grey_values_of_the_middle_of_a_cell():
    """A mixture that sits in the middle of the cell of a level draws the level's grey value."""
    level = np.array([0, 5, 11, 16])
    still = GaussianMixture(np.ones(1), ((level + 0.5) / 17)[None], 1e-12 * np.eye(4)[None])
    drawn = plain.GaussianPictures(still, (2, 2)).sample(3, generator=seeded())
    np.testing.assert_allclose(drawn, np.tile(level / 16, (3, 1)).reshape(3, 2, 2), atol=1e-4)


def test_pca_has_the_density_and_the_codes_of_probabilistic_pca():
    rng = np.random.default_rng(2)
    noisy = add_noise(X[:300], rng)
    ppca = fit_ppca(noisy, 10)
    model = plain.PCAPictures(ppca, (8, 8))
    np.testing.assert_allclose(
        model.log_prob(torch.tensor(noisy[:20])), ppca.log_prob(noisy[:20]), atol=1e-6
    )
    codes = rng.normal(size=(5, 10))
    far = PPCA(ppca.mean, ppca.weights, 1e-9)  # without noise the code of its picture is itself
    there = model.decode(torch.tensor(codes)).double().flatten(1) * 16 / 17 + 0.5 / 17
    np.testing.assert_allclose(plain.PCAPictures(far, (8, 8)).encode(there), codes, atol=1e-3)


def test_a_picture_must_have_the_mixtures_pixels():
    with pytest.raises(ValueError, match="has not 4 pixels"):
        plain.GaussianPictures(mixture(np.random.default_rng(0)), (2, 3))


# ------------------------------------------------------------------ completion


def test_a_part_given_the_rest_is_drawn_from_bayes_rule():
    """Means and covariances of many draws against those from weights on a fine grid."""
    rng = np.random.default_rng(3)
    parts = mixture(rng)
    seen = HALF.numpy()
    known = np.array([0.4, -0.2])
    drawn = plain.conditional_draw(parts, np.tile(known, (40_000, 1)), seen, rng)
    axis = np.linspace(-8, 8, 321)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    p = np.exp(parts.log_prob(np.column_stack([np.tile(known, (len(grid), 1)), grid])))
    p /= p.sum()
    np.testing.assert_allclose(drawn.mean(0), p @ grid, atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(grid.T, aweights=p, bias=True), atol=0.05)


def test_completion_keeps_what_is_known_and_repeats_with_its_generator():
    rng = np.random.default_rng(4)
    model = plain.GaussianPictures(mixture(rng), (2, 2))
    x = torch.tensor(squares(rng), dtype=torch.float32)
    known = HALF.reshape(2, 2)
    done, again = (model.complete(x, known, generator=seeded(5)) for _ in range(2))
    assert torch.equal(done, again)
    assert torch.equal(done[:, known], x[:, known])
    assert not torch.isclose(done[:, ~known], x[:, ~known]).any()


# ------------------------------------------------------------------ fitting


def test_the_size_is_chosen_on_points_kept_aside():
    asked = []

    class Density:
        def __init__(self, size: int):
            self.size = size

        def log_prob(self, x: np.ndarray) -> np.ndarray:
            assert len(x) == 5  # a tenth of 50
            return np.full(len(x), -abs(self.size - 7.0))

    def fit(points: np.ndarray, size: int):
        asked.append((len(points), size))
        return Density(size)

    size, density = plain.choose(np.zeros((50, 2)), (3, 6, 9), fit, np.random.default_rng(0))
    assert size == density.size == 6
    assert asked == [(45, 3), (45, 6), (45, 9), (50, 6)]


def test_points_kept_aside_are_not_fitted():
    rng = np.random.default_rng(6)
    points, fitted, judged = rng.normal(size=(40, 2)), [], []

    class Seen:
        def log_prob(self, x: np.ndarray) -> np.ndarray:
            judged.append(x)
            return np.zeros(len(x))

    def fit(rows: np.ndarray, size: int) -> Seen:
        fitted.append(rows)
        return Seen()

    plain.choose(points, (1,), fit, rng)
    both = np.concatenate([fitted[0], judged[0]])
    np.testing.assert_allclose(np.sort(both, axis=0), np.sort(points, axis=0))
    assert len(fitted[1]) == 40


@pytest.mark.slow
def test_fits_of_digits_need_no_global_chance():
    before = torch.get_rng_state()
    one, two = (plain.fit_mixture_pictures(X[:400], seeded(1), sizes=(1, 3)) for _ in range(2))
    np.testing.assert_array_equal(one.mixture.means, two.mixture.means)
    pca = plain.fit_pca_pictures(X[:400], seeded(1))
    assert 5 <= pca.ppca.weights.shape[1] < 64
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.slow
def test_a_mixture_of_codes_draws_through_the_decoder():
    torch.manual_seed(0)
    coder = mlp_autoencoder((8, 8), (16,), 3)
    x = torch.tensor(X[:200])
    model = plain.fit_code_mixture(coder, x, seeded(), sizes=(2,))
    codes = coder.encode(x).detach().numpy()
    assert model.mixture.means.shape == (2, 3)
    np.testing.assert_allclose(
        model.mixture.weights @ model.mixture.means, codes.mean(0), atol=1e-4
    )
    drawn = model.sample(7, generator=seeded(2))
    z = model.mixture.sample(7, plain.numpy_rng(seeded(2)))[0]
    torch.testing.assert_close(drawn, coder.decode(torch.tensor(z).float()).detach())
    torch.testing.assert_close(model.encode(x), coder.encode(x))


def test_a_generator_of_numpy_follows_that_of_torch():
    a, b, c = (plain.numpy_rng(seeded(k)).random() for k in (1, 1, 2))
    assert a == b != c
    generator = seeded(1)
    assert plain.numpy_rng(generator).random() != plain.numpy_rng(generator).random()
    assert plain.numpy_rng(None).random() != plain.numpy_rng(None).random()
