"""Cuts against PyMaxflow on pictures far too large for enumeration."""

import maxflow
import numpy as np
import pytest

from lib import alpha_expansion, graph_cut
from lib.datasets.pictures import flip_pixels, grey_harbour, harbour
from lib.denoising import Ising
from lib.graph_cut import Arcs, grid_cut, to_units
from tests.denoising_cases import cut_value


def peer_cut(gain: np.ndarray, capacity: int) -> tuple[np.ndarray, int]:
    """Labels and value of the same cut by PyMaxflow."""
    graph = maxflow.Graph[int]()
    nodes = graph.add_grid_nodes(gain.shape)
    graph.add_grid_edges(nodes, capacity, symmetric=True)
    graph.add_grid_tedges(nodes, np.maximum(gain, 0), np.maximum(-gain, 0))
    value = graph.maxflow()
    return ~graph.get_grid_segments(nodes), value


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("noise", [0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("eta", [0.1, 0.3, 0.7, 1.1, 2.1, 4.3])
def test_cut_has_the_energy_of_pymaxflow(seed, noise, eta):
    shape = [(96, 128), (131, 67), (64, 200)][seed]
    y = flip_pixels(harbour(*shape), noise, np.random.default_rng(seed))
    model = Ising(0.03, 1.0, eta)
    gain, capacity = to_units(2 * model.bias(y), 1e-4), 20_000
    x, value = peer_cut(gain, capacity)
    ours = graph_cut.min_cut(model, y)
    peer_energy = model.energy(np.where(x, 1, -1), y)
    assert model.energy(ours.x, y) == pytest.approx(peer_energy, abs=1e-6)
    constant = np.abs(model.bias(y)).sum() + model.beta * (2 * y.size - sum(y.shape))
    assert ours.bound == pytest.approx(value * 1e-4 - constant, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_cut_with_random_capacities_in_each_direction(seed):
    rng = np.random.default_rng(seed)
    gain = rng.integers(-60, 60, (40, 50)).astype(np.int32)
    flat, tall = rng.integers(0, 40, (2, 40, 49)), rng.integers(0, 40, (2, 39, 50))
    graph = maxflow.Graph[int]()
    nodes = graph.add_grid_nodes(gain.shape)
    for tail, head, forth, back in (
        (nodes[:, :-1], nodes[:, 1:], flat[0], flat[1]),
        (nodes[:-1], nodes[1:], tall[0], tall[1]),
    ):
        graph.add_edges(tail.ravel(), head.ravel(), forth.ravel(), back.ravel())
    graph.add_grid_tedges(nodes, np.maximum(gain, 0), np.maximum(-gain, 0))
    value = graph.maxflow()
    arcs = Arcs(*flat.astype(np.int32), *tall.astype(np.int32))
    x, ours = grid_cut(gain, arcs)
    assert ours == value == cut_value(gain, arcs, x)


def test_expansion_is_as_good_as_pymaxflows(rng):
    clean = grey_harbour(48, 64)
    noisy = clean + rng.normal(0, 0.8, clean.shape)
    unary, beta = ((noisy[..., None] - np.arange(5)) ** 2).round(4), 0.9
    ours = alpha_expansion.alpha_expansion(unary, beta)
    peer = maxflow.fastmin.aexpansion_grid(unary.copy(), beta * (1.0 - np.eye(5)))
    theirs = alpha_expansion.potts_energy(peer, unary, beta)
    assert ours.energies[-1] == pytest.approx(theirs, rel=0.005)  # both are local minima
