"""Linear maps and the exact answers of a mixture, against algebra and random draws."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch.nn import functional as F

from lib import inverse_problems as inverse
from lib.inverse_problems import LinearMap
from lib.mixture import GaussianMixture


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(n=7, side=6):
    return torch.rand(n, side, side, generator=seeded(), dtype=torch.float64)


def maps():
    known = torch.rand(6, 6, generator=seeded(1)) < 0.4
    matrix = torch.randn(5, 36, generator=seeded(2), dtype=torch.float64)
    return inverse.known_pixels(known), inverse.block_means((6, 6), 3), LinearMap(matrix, (6, 6))


def test_maps_ask_what_they_say():
    x, known = pictures(), torch.rand(6, 6, generator=seeded(1)) < 0.4
    mask, means, _ = maps()
    torch.testing.assert_close(mask.ask(x), x[:, known])
    assert mask.kept == known.sum()
    torch.testing.assert_close(means.ask(x), F.avg_pool2d(x[:, None], 3).flatten(1))
    for a in maps():
        torch.testing.assert_close(a.ask(x), (a.matrix @ x.flatten(1).T).T)


def test_projection_is_the_nearest_answer():
    """It fits, is reached at once, and every other answer that we try is farther away."""
    x = pictures()
    for a in maps():
        y = a.ask(pictures(7).flip(0))
        near = a.project(x, y)
        assert a.misfit(near, y).max() < 1e-10
        torch.testing.assert_close(a.project(near, y), near)
        other = a.project(near + torch.randn(near.shape, generator=seeded(3)).double(), y)
        closer = (near - x).flatten(1).norm(dim=1) < (other - x).flatten(1).norm(dim=1)
        assert closer.all()


def test_parts_are_told_and_open():
    x = pictures()
    for a in maps():
        torch.testing.assert_close(a.back(a.ask(x)) + a.free(x), x)
        assert a.ask(a.free(x)).abs().max() < 1e-12
        np.testing.assert_allclose(a.inverse, np.linalg.pinv(a.matrix.numpy()), atol=1e-10)


def test_misfit_is_a_root_mean_square_for_each_picture():
    a, x = maps()[1], pictures()
    gap = a.ask(x) - 0.5
    want = np.sqrt(np.mean(gap.numpy() ** 2, axis=1))
    np.testing.assert_allclose(a.misfit(x, torch.full_like(gap, 0.5)), want)


def test_flattened_map_asks_the_same():
    a, x = maps()[1], pictures()
    torch.testing.assert_close(a.flattened().ask(x.flatten(1)), a.ask(x))
    assert a.flattened().back(a.ask(x)).shape == (7, 36)
    assert a.shape == (6, 6)


def test_window_hides_its_square():
    known = inverse.all_but_window((5, 6), 1, 2, 3)
    hidden = {(i, j) for i in range(5) for j in range(6) if not known[i, j]}
    assert hidden == {(i, j) for i in (1, 2, 3) for j in (2, 3, 4)}


def test_bad_maps_are_refused():
    with pytest.raises(ValueError, match="need a matrix"):
        LinearMap(torch.eye(3), (2, 2))
    with pytest.raises(ValueError, match="depend on each other"):
        LinearMap(torch.ones(2, 4), (2, 2))
    with pytest.raises(ValueError, match="takes pictures"):
        maps()[0].ask(torch.zeros(2, 5, 5))
    with pytest.raises(ValueError, match="known is bool"):
        inverse.known_pixels(torch.ones(2, 2))
    with pytest.raises(ValueError, match="known is bool and true somewhere"):
        inverse.known_pixels(torch.zeros(2, 2, dtype=torch.bool))
    with pytest.raises(ValueError, match="leaves the picture"):
        inverse.all_but_window((4, 4), 2, 0, 3)
    with pytest.raises(ValueError, match="do not fill"):
        inverse.block_means((5, 4))


# ------------------------------------------------------------------- the exact answer of a mixture


def some_mixture():
    rng = np.random.default_rng(0)
    roots = rng.normal(size=(3, 4, 4))
    means = rng.normal(size=(3, 4))
    return GaussianMixture(np.array([0.5, 0.3, 0.2]), means, roots @ roots.swapaxes(1, 2) / 4)


def some_question():
    a = LinearMap(torch.tensor(np.random.default_rng(1).normal(size=(2, 4))), (4,))
    return a, torch.tensor([0.3, -0.5], dtype=torch.float64)


def test_answers_fit_and_weights_are_bayes():
    mixture, (a, y) = some_mixture(), some_question()
    found, matrix = inverse.condition(mixture, a, y), a.matrix.numpy()
    drawn = inverse.draw(found, 500, np.random.default_rng(2))
    np.testing.assert_allclose(drawn @ matrix.T, np.tile(y, (500, 1)), atol=1e-6)
    told = [
        w * stats.multivariate_normal(matrix @ mean, matrix @ cov @ matrix.T).pdf(y)
        for w, mean, cov in zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    ]
    np.testing.assert_allclose(found.weights, np.array(told) / sum(told), rtol=1e-10)


@pytest.mark.slow
def test_answers_are_draws_that_happen_to_fit():
    """Rejection: of many draws of the mixture, those with nearly the right y."""
    mixture, (a, y) = some_mixture(), some_question()
    x = mixture.sample(400_000, np.random.default_rng(3))[0]
    near = x[np.abs(x @ a.matrix.numpy().T - y.numpy()).max(axis=1) < 0.08]
    found = inverse.condition(mixture, a, y)
    mean, n = inverse.mean_answer(found), len(near)
    np.testing.assert_allclose(near.mean(axis=0), mean, atol=4 * near.std() / np.sqrt(n) + 0.02)
    spread = np.sum((near - mean) ** 2, axis=1)
    gap = abs(spread.mean() - inverse.spread_of(found))
    assert gap < 4 * spread.std() / np.sqrt(n) + 0.02


def test_drawn_points_have_the_moments_of_a_singular_mixture():
    means = np.array([[0.0, 1.0], [2.0, 1.0]])
    covariances = np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.25, 0.0], [0.0, 0.0]]])
    mixture = GaussianMixture(np.array([0.25, 0.75]), means, covariances)
    x = inverse.draw(mixture, 100_000, np.random.default_rng(4))
    assert np.ptp(x[:, 1]) < 1e-12
    want = 0.25 * 1 + 0.75 * 0.25 + 0.25 * 0.75 * 4
    assert abs(x[:, 0].mean() - 1.5) < 0.02
    assert abs(x[:, 0].var() - want) < 0.03
    assert abs(inverse.spread_of(mixture) - want) < 1e-12


def test_impossible_components_are_left_out():
    means = np.array([[0.0, 0.0], [50.0, 0.0]])
    mixture = GaussianMixture(np.array([0.5, 0.5]), means, np.array([np.eye(2)] * 2))
    a = LinearMap(torch.tensor([[1.0, 0.0]]), (2,))
    found = inverse.condition(mixture, a, torch.tensor([0.0]))
    assert len(found.weights) == 1
    with pytest.raises(ValueError, match="a question has 1 numbers"):
        inverse.condition(mixture, a, torch.zeros(2))
