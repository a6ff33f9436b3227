"""Minimum cuts and expansion moves against brute force over every labelling."""

import itertools

import numpy as np
import pytest

from lib import alpha_expansion, denoising, graph_cut
from lib.alpha_expansion import potts_energy
from lib.certain_pixels import Arcs, Residual
from lib.datasets.pictures import flip_pixels, harbour
from lib.denoising import Ising
from tests.denoising_cases import all_energies, all_pictures, cut_value, random_case


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("shape", [(3, 4), (1, 9), (9, 1), (1, 1), (2, 2)])
def test_cut_is_the_brute_force_minimum(seed, shape):
    model, y = random_case(seed, shape)
    cut = graph_cut.min_cut(model, y)
    least = all_energies(model, y)[1].min()
    assert model.energy(cut.x, y) == pytest.approx(least, abs=1e-9)
    assert cut.bound == pytest.approx(least, abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_general_grid_cut_is_the_brute_force_minimum(seed):
    rng = np.random.default_rng(seed)
    gain = rng.integers(-9, 10, size=(3, 3)).astype(np.int32)
    flat, tall = rng.integers(0, 9, (2, 3, 2)), rng.integers(0, 9, (2, 2, 3))
    arcs = Arcs(*flat.astype(np.int32), *tall.astype(np.int32))
    x, value = graph_cut.grid_cut(gain, arcs)
    costs = [cut_value(gain, arcs, candidate == 1) for candidate in all_pictures((3, 3))]
    assert value == cut_value(gain, arcs, x) == min(costs)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("probability", "eta"), [(0.05, 2.1), (0.1, 1.0), (0.2, 0.5), (0.3, 0.2)])
def test_flow_proves_the_cut_on_real_pictures(seed, probability, eta):
    y = flip_pixels(harbour(60, 70), probability, np.random.default_rng(seed))
    model = Ising(0.05, 1.0, eta)
    cut = graph_cut.min_cut(model, y)
    energy = model.energy(cut.x, y)
    assert energy == pytest.approx(cut.bound, abs=1e-6)
    assert np.all(model.flip_cost(cut.x, y) >= -1e-9)
    assert energy <= denoising.icm_raster(model, y).energies[-1] + 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_a_guess_never_changes_the_value(seed):
    rng = np.random.default_rng(seed)
    gain = rng.integers(-30, 31, size=(12, 15)).astype(np.int32)
    flat, tall = rng.integers(0, 20, (2, 12, 14)), rng.integers(0, 20, (2, 11, 15))
    arcs = Arcs(*flat.astype(np.int32), *tall.astype(np.int32))
    plain, reached = graph_cut.solve_cut(graph_cut.cut_graph(gain, arcs))
    best = reached[:-2].reshape(gain.shape)
    guesses = [
        None,
        best,
        ~best,
        np.zeros_like(best),
        np.ones_like(best),
        rng.random(best.shape) < 0.5,
    ]
    for guess in guesses:
        x, value = graph_cut.grid_cut(gain, arcs, guess)
        assert value == plain == cut_value(gain, arcs, x)


def test_certain_pixels_agree_with_a_minimum_and_most_are_certain():
    y = flip_pixels(harbour(96, 128), 0.1, np.random.default_rng(0))
    model = Ising(0.0, 1.0, 2.1)
    gain, arcs = (
        graph_cut.to_units(2 * model.bias(y), 1e-4),
        graph_cut.uniform_arcs(y.shape, 20_000),
    )
    guess = denoising.checkerboard_sweep(model, graph_cut.majority(y), y) > 0
    residual = Residual(gain, arcs, guess)
    residual.fix()
    side = residual.picture(residual.side)
    assert np.mean(side == 0) < 0.15
    pinned = np.where(side == 0, gain, 10_000_000 * side).astype(np.int32)
    x = graph_cut.solve_cut(graph_cut.cut_graph(pinned, arcs))[1][:-2].reshape(y.shape)
    assert np.all(x[side == 1])
    assert not np.any(x[side == -1])
    assert cut_value(gain, arcs, x) == graph_cut.solve_cut(graph_cut.cut_graph(gain, arcs))[0]


def test_solving_leaves_the_graph_as_it_was(rng):
    gain = rng.integers(-9, 10, (6, 7)).astype(np.int32)
    graph = graph_cut.cut_graph(gain, graph_cut.uniform_arcs(gain.shape, 5))
    before = graph.copy()
    first, second = graph_cut.solve_cut(graph), graph_cut.solve_cut(graph)
    assert np.array_equal(graph.indices, before.indices)
    assert np.array_equal(graph.data, before.data)
    assert first[0] == second[0]


def test_majority_counts_the_square_around_each_pixel(rng):
    y = rng.choice([-1, 1], size=(6, 7))
    for i, j in np.ndindex(6, 7):
        total = y[max(i - 2, 0) : i + 3, max(j - 2, 0) : j + 3].sum()
        assert graph_cut.majority(y)[i, j] == (1 if total >= 0 else -1)


def test_rounding_costs_no_more_than_stated(rng):
    y = denoising.check_picture(rng.choice([-1, 1], size=(3, 4)))
    model = Ising(0.0173, 0.3141592, 0.5772157)
    least = all_energies(model, y)[1].min()
    pairs = 3 * 3 + 2 * 4
    for unit in (1e-4, 0.05, 0.3):
        excess = model.energy(graph_cut.min_cut(model, y, unit=unit).x, y) - least
        assert -1e-9 <= excess <= unit * (y.size + pairs)


def test_every_arc_of_the_graph_has_its_reverse():
    model, y = random_case(0, (4, 5))
    gain = graph_cut.to_units(2 * model.bias(y), 1e-4)
    graph = graph_cut.cut_graph(gain, graph_cut.uniform_arcs(y.shape, 7))
    there = graph.copy()
    there.data[:] = 1
    assert (there != there.T).nnz == 0
    assert graph.has_sorted_indices
    dense = graph.toarray()
    n = y.size
    np.testing.assert_array_equal(dense[n, :n] - dense[:n, n + 1], gain.ravel())
    assert dense[:n, :n].sum() == 7 * 2 * (4 * 4 + 3 * 5)


@pytest.mark.parametrize("seed", range(12))
def test_expansion_move_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    unary = rng.integers(0, 12, size=(3, 3, 3))
    labels, beta, alpha = rng.integers(0, 3, size=(3, 3)), 4, seed % 3
    moved = alpha_expansion.expansion_move(labels, alpha, unary, beta)
    assert np.all((moved == labels) | (moved == alpha))
    moves = [np.where(x == 1, alpha, labels) for x in all_pictures((3, 3))]
    assert potts_energy(moved, unary, beta) == min(potts_energy(m, unary, beta) for m in moves)


@pytest.mark.parametrize("seed", range(8))
def test_expansion_lowers_the_energy_to_within_twice_the_minimum(seed):
    rng = np.random.default_rng(seed)
    unary, beta = rng.integers(0, 40, size=(2, 4, 3)) / 10, 0.8
    run = alpha_expansion.alpha_expansion(unary, beta)
    every = itertools.product(range(3), repeat=8)
    least = min(potts_energy(np.reshape(labels, (2, 4)), unary, beta) for labels in every)
    assert np.all(np.diff(run.energies) <= 0)
    assert run.energies[-1] == pytest.approx(potts_energy(run.labels, unary, beta))
    assert least - 1e-9 <= run.energies[-1] <= 2 * least


def test_expansion_with_two_levels_is_the_binary_cut():
    y = flip_pixels(harbour(32, 40), 0.1, np.random.default_rng(0))
    model = Ising(0.0, 0.7, 1.1)
    unary = np.stack([model.bias(y), -model.bias(y)], axis=2)  # E of x = -1 and of x = +1
    labels = alpha_expansion.alpha_expansion(unary, 2 * model.beta).labels
    x = graph_cut.min_cut(model, y).x
    assert model.energy(2 * labels - 1, y) == pytest.approx(model.energy(x, y))


def test_potts_energy_counts_unlike_pairs():
    labels = np.array([[0, 1], [2, 1]])
    unary = np.arange(12.0).reshape(2, 2, 3)
    assert potts_energy(labels, unary, 0.5) == 0 + 4 + 8 + 10 + 0.5 * 3


Y = np.ones((3, 3), dtype=np.int8)
BAD = [
    (lambda: graph_cut.min_cut(Ising(beta=-0.1), Y), "beta >= 0"),
    (lambda: graph_cut.min_cut(Ising(), 0 * Y), "only -1 and"),
    (lambda: graph_cut.min_cut(Ising(), Y, unit=0.0), "unit of energy must be positive"),
    (lambda: graph_cut.min_cut(Ising(eta=1e6), Y), "coarser unit"),
    (lambda: alpha_expansion.alpha_expansion(np.ones((3, 3)), 1.0), "height, width, levels"),
    (lambda: alpha_expansion.alpha_expansion(np.ones((3, 3, 2)), -1.0), "beta >= 0"),
    (lambda: alpha_expansion.alpha_expansion(np.ones((3, 3, 2)), np.nan), "beta >= 0"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
