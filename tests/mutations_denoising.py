"""Mistakes people make in picture models, each caught by a check of the real tests."""

import numpy as np

from lib import alpha_expansion, denoising, gibbs, graph_cut, grid_bp
from lib.certain_pixels import Arcs
from lib.datasets import pictures
from lib.denoising import Ising
from tests.denoising_cases import (
    all_energies,
    cut_value,
    marginals,
    posterior,
    random_case,
    random_picture,
    slow_energy,
)
from tests.equations import denoising as equations
from tests.mutation import Edit, Mutation


def energy_is_its_definition() -> None:
    model, y = random_case(0, (4, 5))
    x = random_picture(y.shape, np.random.default_rng(1))
    assert np.isclose(model.energy(x, y), slow_energy(model, x, y))


def large_pictures_do_not_overflow() -> None:
    y = np.ones((200, 200), dtype=np.int8)
    assert Ising(0, 1, 0).energy(y, y) == -2 * 200 * 199


def icm_ends_where_no_flip_helps() -> None:
    y = pictures.flip_pixels(pictures.harbour(32, 40), 0.2, np.random.default_rng(2))
    model = Ising(0.1, 0.8, 1.1)
    for icm in (denoising.icm_raster, denoising.icm_checkerboard):
        run = icm(model, y)
        assert run.converged
        assert np.all(np.diff(run.energies) <= 1e-9)
        assert np.all(2 * run.x * model.local_field(run.x, y) >= -1e-9)


def ties_stay() -> None:
    y = random_picture((6, 6), np.random.default_rng(3))
    for icm in (denoising.icm_raster, denoising.icm_checkerboard):
        assert np.array_equal(icm(Ising(0, 0, 0), y).x, y)


def gibbs_visits_pictures_by_probability() -> None:
    model, y = Ising(0.0, 0.8, 0.2), np.array([[1, -1], [1, 1]])
    pictures, p = posterior(model, y)
    chain = gibbs.gibbs_sweeps(model, y, np.random.default_rng(0))
    visited = [x for _, (x, _) in zip(range(3000), chain, strict=False)]
    share = [np.mean(np.all(np.array(visited) == x, axis=(1, 2))) for x in pictures]
    assert np.abs(share - p).sum() < 0.2  # twice the total variation distance


def annealing_reaches_the_minimum() -> None:
    model, y = random_case(4)
    cooling = np.geomspace(3, 0.02, 300)
    run = gibbs.anneal(model, y, rng=np.random.default_rng(0), temperatures=cooling)
    assert np.isclose(run.energies[-1], all_energies(model, y)[1].min())


def cut_is_the_minimum() -> None:
    for seed in range(6):
        model, y = random_case(seed)
        cut = graph_cut.min_cut(model, y)
        least = all_energies(model, y)[1].min()
        assert np.isclose(model.energy(cut.x, y), least)
        assert np.isclose(cut.bound, least)


def directed_case(seed: int) -> tuple[np.ndarray, Arcs]:
    rng = np.random.default_rng(seed)
    gain = rng.integers(-60, 60, size=(8, 9)).astype(np.int32)
    flat, tall = rng.integers(0, 20, (2, 8, 8)), rng.integers(0, 20, (2, 7, 9))
    return gain, Arcs(*flat.astype(np.int32), *tall.astype(np.int32))


def directed_cut_is_the_cut_it_claims() -> None:
    for seed in range(5):
        gain, arcs = directed_case(seed)
        x, value = graph_cut.grid_cut(gain, arcs)
        assert value == cut_value(gain, arcs, x)
        assert value == graph_cut.solve_cut(graph_cut.cut_graph(gain, arcs))[0]


def fixing_pixels_changes_no_picture() -> None:
    for seed in range(3):
        y = pictures.flip_pixels(pictures.harbour(48, 64), 0.1, np.random.default_rng(seed))
        gain = graph_cut.to_units(2 * Ising(0.03, 1, 1.6).bias(y), 1e-4)
        arcs = graph_cut.uniform_arcs(y.shape, 20_000)
        x, value = graph_cut.grid_cut(gain, arcs, graph_cut.majority(y) > 0)
        assert value == cut_value(gain, arcs, x)
        assert value == graph_cut.solve_cut(graph_cut.cut_graph(gain, arcs))[0]


def plain_graph_is_the_cut() -> None:
    gain, arcs = directed_case(0)
    value, reached = graph_cut.solve_cut(graph_cut.cut_graph(gain, arcs))
    assert value == cut_value(gain, arcs, reached[:-2].reshape(gain.shape))


def chain_beliefs_are_exact() -> None:
    model, y = random_case(5, (1, 8))
    got = grid_bp.loopy_bp(model, y, tol=1e-13, damping=0.3).prob_plus
    assert np.allclose(got, marginals(model, y), atol=1e-9)


def expansion_is_the_best_move() -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        unary, labels = rng.integers(0, 9, (2, 3, 3)), rng.integers(0, 3, (2, 3))
        moved = alpha_expansion.expansion_move(labels, 1, unary, 3)
        moves = np.array(np.unravel_index(range(64), (2,) * 6)).T.reshape(-1, 2, 3)
        energies = [alpha_expansion.potts_energy(np.where(m, 1, labels), unary, 3) for m in moves]
        assert alpha_expansion.potts_energy(moved, unary, 3) == min(energies)


def noise_flips_the_stated_share() -> None:
    x = pictures.harbour(100, 100)
    flipped = np.mean(pictures.flip_pixels(x, 0.2, np.random.default_rng(0)) != x)
    assert abs(flipped - 0.2) < 0.02


def all_at_once(model: Ising, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.where(model.local_field(x, y) > 0, 1, -1).astype(np.int8)


def wrapped(x: np.ndarray) -> np.ndarray:
    return sum(np.roll(x, step, axis) for axis in (0, 1) for step in (1, -1))


ISING, RESIDUAL = "lib.denoising.Ising", "lib.certain_pixels.Residual"
LEARN = "lib.ising_learning.pseudo_log_likelihood"
MUTATIONS = [
    Mutation(
        "wrong sign of the smoothness term",
        f"{ISING}.energy",
        Edit("- self.beta * pair_sum(x)", "+ self.beta * pair_sum(x)"),
        energy_is_its_definition,
    ),
    Mutation(
        "wrong sign of h",
        f"{ISING}.bias",
        Edit("- self.h", "+ self.h"),
        equations.flip,
    ),
    Mutation(
        "pairs summed in eight bits",
        "lib.denoising.pair_sum",
        lambda x: int(np.sum(x[1:] * x[:-1], dtype=np.int8)),
        large_pictures_do_not_overflow,
    ),
    Mutation(
        "the picture wraps around its border",
        "lib.denoising.neighbour_sum",
        wrapped,
        equations.flip,
    ),
    Mutation(
        "a factor of two missing in the flip cost",
        f"{ISING}.flip_cost",
        Edit("2 * x", "x"),
        equations.flip,
    ),
    Mutation(
        "sigma(f) for sigma(2f)",
        f"{ISING}.prob_plus",
        Edit("2 * self.local_field", "self.local_field"),
        equations.conditional,
    ),
    Mutation(
        "all pixels updated at once",
        "lib.denoising.checkerboard_sweep",
        all_at_once,
        icm_ends_where_no_flip_helps,
    ),
    Mutation(
        "raster reads the left neighbour twice",
        "lib.denoising.raster_sweep",
        Edit("x[i][j + 1]", "x[i][j - 1]"),
        icm_ends_where_no_flip_helps,
    ),
    Mutation(
        "raster breaks ties towards dark",
        "lib.denoising.raster_sweep",
        Edit("if local != 0:", "if True:"),
        ties_stay,
    ),
    Mutation(
        "Gibbs draws both colours from the same old picture",
        "lib.gibbs.gibbs_sweeps",
        Edit("checkerboard(x.shape)", "[np.ones(x.shape, dtype=bool)]"),
        gibbs_visits_pictures_by_probability,
    ),
    Mutation(
        "multiplies by the temperature",
        f"{ISING}.prob_plus",
        Edit("/ temperature", "* temperature"),
        annealing_reaches_the_minimum,
    ),
    Mutation(
        "source and sink exchanged",
        "lib.graph_cut.min_cut",
        Edit("np.where(side, 1, -1)", "np.where(side, -1, 1)"),
        cut_is_the_minimum,
    ),
    Mutation(
        "capacity beta instead of 2 beta",
        "lib.graph_cut.min_cut",
        Edit("2 * model.beta", "model.beta"),
        cut_is_the_minimum,
    ),
    Mutation(
        "capacity of the bias without its factor of two",
        "lib.graph_cut.min_cut",
        Edit("to_units(2 * bias, unit)", "to_units(bias, unit)"),
        cut_is_the_minimum,
    ),
    Mutation(
        "energies truncated to coarse units",
        "lib.graph_cut.to_units",
        lambda energy, unit: np.asarray(energy).astype(np.int32),
        cut_is_the_minimum,
    ),
    Mutation(
        "arcs left and right exchanged in the plain graph",
        "lib.graph_cut.cut_graph",
        Edit("= True, arcs.left", "= True, arcs.right"),
        plain_graph_is_the_cut,
    ),
    Mutation(
        "arcs up and down exchanged",
        f"{RESIDUAL}.__init__",
        Edit("= arcs.up, arcs.down", "= arcs.down, arcs.up"),
        directed_cut_is_the_cut_it_claims,
    ),
    Mutation(
        "opened pixels forget their arcs to certain ones",
        f"{RESIDUAL}.open_up",
        Edit("np.where(abs(side) == 1, -side * full, 0)", "0 * full"),
        fixing_pixels_changes_no_picture,
    ),
    Mutation(
        "a neighbour gives more than the pipe holds",
        f"{RESIDUAL}.relieve",
        Edit("np.minimum(np.minimum(-side * self.excess[needy], spare), room)", "spare"),
        fixing_pixels_changes_no_picture,
    ),
    Mutation(
        "the guess is believed",
        f"{RESIDUAL}.fix",
        lambda self: None,
        fixing_pixels_changes_no_picture,
    ),
    Mutation(
        "the receiver's own message is sent back",
        "lib.grid_bp.sweep",
        Edit("belief[FROM[d]] - back[FROM[d]]", "belief[FROM[d]]"),
        chain_beliefs_are_exact,
    ),
    Mutation(
        "log odds without the factor of two",
        "lib.grid_bp.loopy_bp",
        Edit("2 * model.bias(y)", "model.bias(y)"),
        chain_beliefs_are_exact,
    ),
    Mutation(
        "message with the sign of beta turned",
        "lib.grid_bp.message",
        Edit(
            "np.logaddexp(cavity + beta, -beta) - np.logaddexp(cavity - beta, beta)",
            "np.logaddexp(cavity - beta, beta) - np.logaddexp(cavity + beta, -beta)",
        ),
        equations.message,
    ),
    Mutation(
        "gradient weighted by the right instead of the wrong probability",
        LEARN,
        Edit("wrong = sigmoid(-margin)", "wrong = sigmoid(margin)"),
        equations.pseudo_gradient,
    ),
    Mutation(
        "pseudo-likelihood without its factor of two",
        LEARN,
        Edit("signed = 2 * ", "signed = "),
        equations.pseudo,
    ),
    Mutation(
        "expansion forgets that keeping may already cost",
        "lib.alpha_expansion.expansion_move",
        Edit("left + right - same", "left + right"),
        expansion_is_the_best_move,
    ),
    Mutation(
        "expansion's pipe points the other way",
        "lib.alpha_expansion.expansion_move",
        Edit(
            "[np.zeros_like(same), left + right - same]",
            "[left + right - same, np.zeros_like(same)]",
        ),
        expansion_is_the_best_move,
    ),
    Mutation(
        "keeps pixels with the flip probability",
        "lib.datasets.pictures.flip_pixels",
        Edit("rng.random(x.shape) < probability", "rng.random(x.shape) > probability"),
        noise_flips_the_stated_share,
    ),
]
