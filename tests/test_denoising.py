"""The Ising picture model, ICM and Gibbs sampling, against enumeration and theory."""

from itertools import pairwise, product

import numpy as np
import pytest

from lib import denoising, gibbs
from lib.datasets.pictures import flip_pixels, grey_harbour, harbour
from lib.denoising import Ising
from tests.denoising_cases import (
    all_energies,
    all_pictures,
    marginals,
    posterior,
    random_case,
    random_picture,
    slow_energy,
)

SEEDS = range(6)
ICM = [denoising.icm_raster, denoising.icm_checkerboard]


def noisy_harbour(seed: int, probability: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    clean = harbour(48, 64)
    return clean, flip_pixels(clean, probability, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_energy_is_its_definition(seed, rng):
    model, y = random_case(seed, (4, 5))
    x = random_picture(y.shape, rng)
    assert model.energy(x, y) == pytest.approx(slow_energy(model, x, y))


def test_energy_of_large_pictures_does_not_overflow():
    y = np.ones((300, 300), dtype=np.int8)
    assert Ising(1, 1, 1).energy(y, y) == -2 * 300 * 299


@pytest.mark.parametrize("seed", SEEDS)
def test_flip_cost_is_the_difference_of_two_energies(seed, rng):
    model, y = random_case(seed)
    x = random_picture(y.shape, rng)
    cost = model.flip_cost(x, y)
    for pixel in np.ndindex(y.shape):
        flipped = x.copy()
        flipped[pixel] *= -1
        assert cost[pixel] == pytest.approx(
            slow_energy(model, flipped, y) - slow_energy(model, x, y)
        )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_gibbs_conditional_is_the_enumerated_one(seed, temperature, rng):
    model, y = random_case(seed, (2, 3))
    x = random_picture(y.shape, rng)
    pictures, energy = all_energies(model, y)
    weight = np.exp(-energy / temperature)
    got = model.prob_plus(x, y, temperature)
    for pixel in np.ndindex(y.shape):
        elsewhere = np.ones(y.shape, dtype=bool)
        elsewhere[pixel] = False
        agrees = np.all(pictures[:, elsewhere] == x[elsewhere], axis=1)
        plus = agrees & (pictures[:, pixel[0], pixel[1]] == 1)
        assert got[pixel] == pytest.approx(weight[plus].sum() / weight[agrees].sum())


@pytest.mark.parametrize("icm", ICM)
@pytest.mark.parametrize("seed", SEEDS)
def test_icm_descends_to_where_no_single_flip_helps(icm, seed):
    _, y = noisy_harbour(seed)
    model = Ising(0.1, 0.8, 1.3)
    run = icm(model, y)
    assert run.converged
    assert np.all(np.diff(run.energies) <= 1e-9)
    assert run.energies[0] > run.energies[-1]
    assert run.energies[-1] == pytest.approx(model.energy(run.x, y))
    assert np.all(model.flip_cost(run.x, y) >= 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_raster_sweep_is_one_pixel_after_another(seed):
    model, y = random_case(seed, (5, 4))
    x = y.copy()
    for pixel in np.ndindex(y.shape):
        flipped = x.copy()
        flipped[pixel] *= -1
        if slow_energy(model, flipped, y) < slow_energy(model, x, y) - 1e-12:
            x = flipped
    np.testing.assert_array_equal(denoising.raster_sweep(model, y, y), x)


@pytest.mark.parametrize("seed", SEEDS)
def test_checkerboard_sweep_is_white_pixels_then_black_ones(seed):
    model, y = random_case(seed, (5, 4))
    x = y.copy()
    for parity in (0, 1):
        for i, j in product(range(5), range(4)):
            if (i + j) % 2 == parity:
                flipped = x.copy()
                flipped[i, j] *= -1
                if slow_energy(model, flipped, y) < slow_energy(model, x, y) - 1e-12:
                    x = flipped
    np.testing.assert_array_equal(denoising.checkerboard_sweep(model, y, y), x)


def test_icm_leaves_ties_alone_and_says_when_it_was_stopped():
    y = random_picture((6, 6), np.random.default_rng(1))
    for icm in ICM:
        still = icm(Ising(0, 0, 0), y)
        np.testing.assert_array_equal(still.x, y)
        assert still.converged
    checker = np.where(denoising.checkerboard((6, 6))[0], 1, -1)
    assert not denoising.icm_checkerboard(Ising(0, 1, 0.1), checker, max_sweeps=1).converged


def test_checkerboard_never_puts_one_colour_side_by_side():
    white, black = denoising.checkerboard((5, 6))
    assert np.all(white ^ black)
    for colour in (white, black):
        assert not np.any(colour[1:] & colour[:-1])
        assert not np.any(colour[:, 1:] & colour[:, :-1])


def test_gibbs_marginals_agree_with_enumeration(rng):
    model, y = random_case(3)
    model = Ising(model.h, 0.4, 0.5)  # weak coupling: the chain mixes within a few sweeps
    exact, n = marginals(model, y), 4000
    run = gibbs.gibbs(model, y, rng=rng, n_sweeps=n, burn_in=100)
    error = 5 * np.sqrt(0.25 * 10 / n)  # five standard errors at an autocorrelation time of ten
    np.testing.assert_allclose(run.prob_plus, exact, atol=error)
    assert len(run.energies) == n + 100


def test_gibbs_visits_pictures_as_often_as_their_probability(rng):
    model, y = Ising(0.1, 0.3, 0.4), np.array([[1, -1], [1, 1]])
    pictures, p = posterior(model, y)
    codes = 2 ** np.arange(4)
    chain = gibbs.gibbs_sweeps(model, y, rng)
    visits = np.zeros(16)
    n = 6000
    for _, (x, _) in zip(range(n), chain, strict=False):
        visits[(x.ravel() == 1) @ codes] += 1
    order = (pictures.reshape(16, 4) == 1) @ codes
    error = 5 * np.sqrt(p * (1 - p) * 4 / n)  # five standard errors at an autocorrelation time of 4
    assert np.all(np.abs(visits[order] / n - p) < error)


def test_annealing_ends_at_the_global_minimum_of_a_small_picture(rng):
    model, y = random_case(4)
    run = gibbs.anneal(model, y, rng=rng, temperatures=np.geomspace(3, 0.02, 300))
    assert run.energies[-1] == pytest.approx(all_energies(model, y)[1].min())
    assert run.converged


def test_random_functions_repeat_with_their_generator():
    _, y = noisy_harbour(0)
    runs = [gibbs.gibbs(Ising(), y, rng=np.random.default_rng(5), n_sweeps=3) for _ in "ab"]
    np.testing.assert_array_equal(runs[0].x, runs[1].x)
    other = gibbs.gibbs(Ising(), y, rng=np.random.default_rng(6), n_sweeps=3)
    assert np.any(other.x != runs[0].x)


def test_deciding_by_marginals_has_the_fewest_expected_errors():
    model, y = random_case(2, (2, 3))
    pictures, p = posterior(model, y)
    expected = [p @ (pictures != x).mean(axis=(1, 2)) for x in all_pictures(y.shape)]
    best = denoising.decide(marginals(model, y))
    assert p @ (pictures != best).mean(axis=(1, 2)) == pytest.approx(min(expected))


def test_pictures_have_the_stated_values_at_every_size():
    for shape in ((16, 16), (96, 128), (256, 256)):
        x, grey = harbour(*shape), grey_harbour(*shape)
        assert x.shape == grey.shape == shape
        assert set(np.unique(x)) == {-1, 1}
        assert grey.min() == 0
        assert grey.max() == 4
    x = harbour()
    assert 0.1 < np.mean(x == 1) < 0.5
    lonely = (x == 1) & (denoising.neighbour_sum(x) <= 0)
    assert lonely.sum() > 20  # it has strokes of one or two pixels
    shares = np.bincount(grey_harbour().ravel(), minlength=5) / grey_harbour().size
    assert shares.min() > 0.01


def test_a_larger_picture_is_the_same_scene():
    small, large = harbour(96, 128), harbour(192, 256)
    assert np.mean(small != large[::2, ::2]) < 0.06


def test_noise_flips_the_stated_share(rng):
    x = harbour(200, 200)
    flipped = np.mean(flip_pixels(x, 0.2, rng) != x)
    assert abs(flipped - 0.2) < 5 * np.sqrt(0.2 * 0.8 / x.size)
    np.testing.assert_array_equal(flip_pixels(x, 0.0, rng), x)
    np.testing.assert_array_equal(flip_pixels(x, 1.0, rng), -x)


Y = np.ones((3, 3), dtype=np.int8)
BAD = [
    (lambda: Ising().energy(np.zeros((3, 3)), Y), "only -1 and"),
    (lambda: Ising().energy(np.full((3, 3), np.nan), Y), "only -1 and"),
    (lambda: Ising().energy(Y[:2], Y), "must be equal"),
    (lambda: Ising().energy(Y[0], Y), "height, width"),
    (lambda: Ising(beta=np.inf), "beta must be a finite"),
    (lambda: denoising.icm_raster(Ising(), 2 * Y), "only -1 and"),
    (lambda: denoising.icm_checkerboard(Ising(), Y, start=Y[:1]), "must be equal"),
    (lambda: gibbs.gibbs(Ising(), Y, rng=None, n_sweeps=0), "n_sweeps >= 1"),
    (lambda: gibbs.anneal(Ising(), Y, rng=None, temperatures=[1, 0]), "must be positive"),
    (lambda: denoising.pixel_error(Y, Y[:2]), "must be equal"),
    (lambda: flip_pixels(Y, 1.5, None), r"lie in \[0, 1\]"),
    (lambda: harbour(4, 100), "too small"),
    (lambda: grey_harbour(levels=2), "at least 3 levels"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_energies_of_a_run_never_rise_under_either_order():
    _, y = noisy_harbour(9, 0.2)
    for icm, beta in product(ICM, (0.3, 1.0, 3.0)):
        energies = icm(Ising(-0.2, beta, 1.0), y).energies
        assert all(after <= before + 1e-9 for before, after in pairwise(energies))
