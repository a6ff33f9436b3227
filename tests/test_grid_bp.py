"""Belief propagation on pictures and learning of (h, beta, eta), against exact answers."""

import numpy as np
import pytest
from scipy.optimize import minimize

from lib import grid_bp, ising_learning
from lib.belief_propagation import sum_product
from lib.datasets.pictures import flip_pixels, harbour
from lib.denoising import Ising
from lib.gibbs import gibbs_sweeps
from lib.graph_cut import min_cut
from tests.denoising_cases import all_energies, marginals, random_case


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(1, 8), (8, 1), (1, 1)])
def test_beliefs_of_a_chain_are_exact(seed, shape):
    model, y = random_case(seed, shape)
    got = grid_bp.loopy_bp(model, y, tol=1e-13)
    assert got.converged
    assert got.n_sweeps <= y.size + 1
    np.testing.assert_allclose(got.prob_plus, marginals(model, y), atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("damping", [0.0, 0.4])
def test_beliefs_are_those_of_the_general_routine(seed, damping):
    model, y = random_case(seed, (4, 5))
    model = Ising(model.h, 0.4 * model.beta, model.eta)
    got = grid_bp.loopy_bp(model, y, damping=damping, tol=1e-12, max_sweeps=2000)
    general = sum_product(grid_bp.as_pairwise_mrf(model, y), "flooding", max_iter=2000)
    assert got.converged
    assert general.converged
    expected = np.reshape([p[1] for p in general.node], y.shape)
    np.testing.assert_allclose(got.prob_plus, expected, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_general_field_has_the_same_energies(seed):
    model, y = random_case(seed)
    pictures, energy = all_energies(model, y)
    states = (pictures.reshape(len(pictures), -1) + 1) // 2
    np.testing.assert_allclose(grid_bp.as_pairwise_mrf(model, y).energy(states), energy)


def test_weak_coupling_makes_loopy_beliefs_nearly_exact():
    model, y = random_case(1)
    errors = []
    for beta in (0.4, 0.1):
        weak = Ising(model.h, beta, model.eta)
        beliefs = grid_bp.loopy_bp(weak, y, tol=1e-10, max_sweeps=1000).prob_plus
        errors.append(np.max(np.abs(beliefs - marginals(weak, y))))
    assert 0 < errors[1] < errors[0] / 4
    assert errors[1] < 1e-3


def test_message_is_the_log_ratio_of_a_sum_and_survives_large_numbers(rng):
    cavity, beta = rng.normal(size=20), 0.7
    plus = np.exp(cavity + beta) + np.exp(-beta)
    minus = np.exp(cavity - beta) + np.exp(beta)
    np.testing.assert_allclose(grid_bp.message(cavity, beta), np.log(plus / minus))
    hyperbolic = 2 * np.arctanh(np.tanh(beta) * np.tanh(cavity / 2))
    np.testing.assert_allclose(grid_bp.message(cavity, beta), hyperbolic)
    np.testing.assert_allclose(grid_bp.message(np.array([2000.0, -2000.0]), 5.0), [10.0, -10.0])


def test_damping_needs_more_sweeps_for_the_same_answer():
    model, y = random_case(2, (6, 6))
    model = Ising(model.h, 0.3, model.eta)
    runs = [grid_bp.loopy_bp(model, y, damping=d, tol=1e-10) for d in (0.0, 0.7)]
    np.testing.assert_allclose(runs[0].prob_plus, runs[1].prob_plus, atol=1e-8)
    assert runs[0].n_sweeps < runs[1].n_sweeps
    assert not grid_bp.loopy_bp(model, y, max_sweeps=2, tol=1e-10).converged


@pytest.mark.parametrize("seed", range(4))
def test_pseudo_likelihood_is_its_definition_with_right_derivatives(seed, rng):
    model, y = random_case(seed, (5, 6))
    x = flip_pixels(y, 0.3, rng)
    params = np.array([model.h, model.beta, model.eta])
    value, gradient, hessian = ising_learning.pseudo_log_likelihood(params, x, y)
    p = model.prob_plus(x, y)
    assert value == pytest.approx(np.log(np.where(x == 1, p, 1 - p)).sum())
    for k, step in enumerate(1e-5 * np.eye(3)):
        up = ising_learning.pseudo_log_likelihood(params + step, x, y)
        down = ising_learning.pseudo_log_likelihood(params - step, x, y)
        assert gradient[k] == pytest.approx((up[0] - down[0]) / 2e-5, abs=1e-5)
        np.testing.assert_allclose(hessian[k], (up[1] - down[1]) / 2e-5, atol=1e-4)
    assert np.all(np.linalg.eigvalsh(hessian) <= 1e-9)


def test_newton_finds_the_maximum_that_a_general_optimiser_finds(rng):
    x = harbour(48, 64)
    y = flip_pixels(x, 0.1, rng)
    model = ising_learning.fit_pseudo_likelihood(x, y)
    found = np.array([model.h, model.beta, model.eta])

    def loss(params):
        value, gradient, _ = ising_learning.pseudo_log_likelihood(params, x, y)
        return -value, -gradient

    other = minimize(loss, np.zeros(3), jac=True, method="BFGS", options={"gtol": 1e-4})
    np.testing.assert_allclose(found, other.x, atol=1e-4)


def test_learning_recovers_the_parameters_that_made_the_pictures(rng):
    true, p = Ising(0.1, 0.3, np.arctanh(0.6)), 0.2  # eta = half the log odds of no flip
    prior = Ising(true.h, true.beta, 0.0)
    chain = gibbs_sweeps(prior, np.ones((150, 150)), rng)
    x = [sample for _, (sample, _) in zip(range(60), chain, strict=False)][-1]
    model = ising_learning.fit_pseudo_likelihood(x, flip_pixels(x, p, rng))
    assert np.log((1 - p) / p) / 2 == pytest.approx(true.eta)
    np.testing.assert_allclose([model.h, model.beta, model.eta], [0.1, 0.3, true.eta], atol=0.06)


def test_grid_search_returns_the_best_of_its_table(rng):
    x = harbour(40, 50)
    y = flip_pixels(x, 0.1, rng)
    best, errors = ising_learning.grid_search(
        lambda model, noisy: min_cut(model, noisy).x, x, y, beta=(0.2, 0.5), eta=(0.5, 1.0, 9.0)
    )
    assert errors.shape == (1, 2, 3)
    assert np.mean(min_cut(best, y).x != x) == errors.min()
    np.testing.assert_allclose(errors[..., 2], np.mean(x != y))  # eta = 9 keeps every noisy pixel


Y = np.ones((3, 3), dtype=np.int8)
BAD = [
    (lambda: grid_bp.loopy_bp(Ising(), Y, damping=1.0), r"damping must lie in \[0, 1\)"),
    (lambda: grid_bp.loopy_bp(Ising(), 0 * Y), "only -1 and"),
    (lambda: grid_bp.as_pairwise_mrf(Ising(), 3 * Y), "only -1 and"),
    (lambda: ising_learning.fit_pseudo_likelihood(harbour(), harbour()), "no maximum"),
    (lambda: ising_learning.fit_pseudo_likelihood(Y, Y[:2]), "must be equal"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
