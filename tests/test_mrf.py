"""Markov random fields against plain loops over all assignments and against each other."""

from itertools import product

import networkx as nx
import numpy as np
import pytest

from lib.factors import Factor
from lib.mrf import MAX_TABLE, MRF, PairwiseMRF


def random_pairwise(rng, n=5, n_states=(2, 4), density=0.6, zeros=False):
    """A field on a random graph, every node with its own number of states."""
    k = rng.integers(*n_states, size=n)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n) if rng.random() < density]
    edges = [(i, j) if rng.random() < 0.5 else (j, i) for i, j in pairs]
    unary = [rng.normal(size=s) for s in k]
    pair = [rng.normal(size=(k[i], k[j])) for i, j in edges]
    if zeros:
        for table in pair:
            table[0, 0] = -np.inf
    return unary, edges, pair


def loop_over_everything(unary, edges, pair):
    """Unnormalised probability of every assignment, by the definition and nothing else."""
    weights = {}
    for x in product(*(range(len(u)) for u in unary)):
        log_weight = sum(u[s] for u, s in zip(unary, x, strict=True))
        log_weight += sum(t[x[i], x[j]] for (i, j), t in zip(edges, pair, strict=True))
        weights[x] = np.exp(log_weight)
    return weights


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("zeros", [False, True])
def test_pairwise_equals_the_definition(seed, zeros):
    unary, edges, pair = random_pairwise(np.random.default_rng(seed), zeros=zeros)
    field, weights = PairwiseMRF(unary, edges, pair), loop_over_everything(unary, edges, pair)
    z = sum(weights.values())
    assert field.log_z_by_enumeration() == pytest.approx(np.log(z), abs=1e-12)
    states = np.array(list(weights))
    np.testing.assert_allclose(np.exp(-field.energy(states)), list(weights.values()), rtol=1e-12)
    for i, p in enumerate(field.marginals_by_enumeration()):
        want = [sum(w for x, w in weights.items() if x[i] == s) / z for s in range(len(p))]
        np.testing.assert_allclose(p, want, atol=1e-13)


@pytest.mark.parametrize("seed", range(4))
def test_general_field_equals_pairwise_field(seed):
    field = PairwiseMRF(*random_pairwise(np.random.default_rng(seed), zeros=True))
    general = field.to_mrf()
    assert general.log_z() == pytest.approx(field.log_z_by_enumeration(), abs=1e-12)
    for i, p in enumerate(field.marginals_by_enumeration()):
        np.testing.assert_allclose(general.marginal(f"x{i}").table, p, atol=1e-13)
    x = np.zeros(field.n_nodes, dtype=int) + 1
    names = {f"x{i}": 1 for i in range(field.n_nodes)}
    assert general.energy(names) == pytest.approx(float(field.energy(x)), abs=1e-12)
    assert {(f"x{i}", f"x{j}") for i, j in field.graph.edges} == set(general.graph.edges)


@pytest.mark.parametrize("seed", range(4))
def test_evidence_is_conditioning(seed):
    rng = np.random.default_rng(seed)
    unary, edges, pair = random_pairwise(rng)
    field, weights = PairwiseMRF(unary, edges, pair), loop_over_everything(unary, edges, pair)
    clamped = field.with_evidence({1: 1, 3: 0})
    kept = {x: w for x, w in weights.items() if x[1] == 1 and x[3] == 0}
    assert clamped.log_z_by_enumeration() == pytest.approx(np.log(sum(kept.values())), abs=1e-12)
    for i, p in enumerate(clamped.marginals_by_enumeration()):
        want = [sum(w for x, w in kept.items() if x[i] == s) for s in range(len(p))]
        np.testing.assert_allclose(p, np.array(want) / sum(kept.values()), atol=1e-13)
    assert field.log_z_by_enumeration() == pytest.approx(np.log(sum(weights.values())))


def test_adjacency_lists_every_edge_from_both_ends():
    unary, edges, pair = random_pairwise(np.random.default_rng(3), n=8, n_states=(2, 3))
    field, graph = PairwiseMRF(unary, edges, pair), nx.Graph(edges)
    for i in range(field.n_nodes):
        assert sorted(field.neighbours(i)) == sorted(graph.adj.get(i, []))
        for j, e in zip(field.neighbours(i), field.incident(i), strict=True):
            assert set(field.edges[e]) == {i, j}


@pytest.mark.parametrize("seed", range(10))
def test_trees_and_forests(seed):
    rng = np.random.default_rng(seed)
    _, edges, _ = random_pairwise(rng, n=6, density=0.3, n_states=(2, 3))
    field = PairwiseMRF(np.zeros((6, 2)), edges, np.zeros((2, 2)))
    graph = nx.Graph(edges)
    graph.add_nodes_from(range(6))
    assert field.is_tree() == nx.is_tree(graph)
    assert field.is_forest() == nx.is_forest(graph)
    assert field.n_components() == nx.number_connected_components(graph)


def test_a_shared_table_takes_no_memory_and_means_the_same():
    rng = np.random.default_rng(0)
    unary, table = rng.normal(size=(5, 3)), rng.normal(size=(3, 3))
    edges = [(0, 1), (2, 1), (3, 4), (4, 0)]
    shared, listed = PairwiseMRF(unary, edges, table), PairwiseMRF(unary, edges, [table] * 4)
    assert shared.log_pair.strides[0] == 0
    np.testing.assert_allclose(shared.log_table(), listed.log_table(), atol=1e-14)


def test_potentials_and_their_logarithms_give_the_same_field():
    unary, edges, pair = random_pairwise(np.random.default_rng(5), zeros=True)
    a = PairwiseMRF(unary, edges, pair)
    b = PairwiseMRF.from_potentials([np.exp(u) for u in unary], edges, [np.exp(t) for t in pair])
    np.testing.assert_allclose(a.log_table(), b.log_table(), atol=1e-13)
    one = PairwiseMRF.from_potentials(np.ones((3, 2)), [(0, 1), (1, 2)], np.array([[2, 1], [1, 2]]))
    assert one.log_z_by_enumeration() == pytest.approx(np.log(18), abs=1e-13)  # 2 * 3 * 3


@pytest.mark.parametrize("seed", range(4))
def test_conditional_from_neighbours_equals_conditional_from_the_joint(seed):
    rng = np.random.default_rng(seed)
    factors = [Factor(s, rng.gamma(1.0, size=[2] * len(s))) for s in ("ab", "bcd", "de", "f", "ef")]
    field = MRF(factors)
    joint = field.joint()
    for name in field.variables:
        rest = [v for v in field.variables if v != name]
        for states in product(range(2), repeat=len(rest)):
            given = dict(zip(rest, states, strict=True))
            column = joint.reduce(given).table
            near = {n: given[n] for n in field.graph[name]}
            got = field.conditional(name, near)
            np.testing.assert_allclose(got, column / column.sum(), atol=1e-13)
            np.testing.assert_array_equal(field.conditional(name, given), got)


def test_the_joint_is_a_distribution_and_scale_does_not_matter():
    rng = np.random.default_rng(1)
    factors = [Factor("ab", rng.random((2, 3))), Factor("bc", rng.random((3, 2)))]
    field = MRF(factors)
    scaled = MRF([Factor("ab", 1e200 * factors[0].table), Factor("bc", 1e200 * factors[1].table)])
    assert field.joint().table.sum() == pytest.approx(1, abs=1e-14)
    np.testing.assert_allclose(scaled.joint().table, field.joint().table, rtol=1e-12)
    assert scaled.log_z() == pytest.approx(field.log_z() + 400 * np.log(10), rel=1e-14)


UNARY, EDGES, TABLE = np.zeros((3, 2)), [(0, 1), (1, 2)], np.zeros((2, 2))
NAN = np.array([[0, np.nan], [0, 0]])


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (([], [], []), "vector of K_i"),
        ((np.zeros((3, 0)), [], []), "vector of K_i"),
        (([[0, 0], [[0, 0]]], [], []), "vector of K_i"),
        (([[0, 0], [np.nan, 0], [0, 0]], EDGES, TABLE), r"log_unary\[1\] holds NaN"),
        (([[0, 0], [0, 0], [np.inf, 0]], EDGES, TABLE), r"log_unary\[2\] holds NaN or \+inf"),
        ((UNARY, [(0, 1), (1, 1)], TABLE), "edge 1 joins node 1 to itself"),
        ((UNARY, [(0, 1), (1, 2), (1, 0)], TABLE), r"edge 2, \[1, 0\], is there twice"),
        ((UNARY, [(0, 1), (1, 3)], TABLE), r"edge 1, \[1, 3\], leaves the nodes 0..2"),
        ((UNARY, [(0, 1), (-1, 2)], TABLE), "leaves the nodes"),
        ((UNARY, [(0.0, 1.0)], TABLE), "must be integers"),
        ((UNARY, [0, 1], TABLE), r"shape \(E, 2\)"),
        ((UNARY, EDGES, np.zeros((2, 3))), r"must be \(2, 2\)"),
        ((UNARY, EDGES, NAN), "holds NaN"),
        ((UNARY, EDGES, [TABLE]), "2 edges need as many log_pair tables, got 1"),
        ((UNARY, EDGES, [TABLE, np.zeros((2, 3))]), r"log_pair\[1\] of edge \[1, 2\] needs shape"),
        ((UNARY, EDGES, [TABLE, NAN]), r"log_pair\[1\] holds NaN"),
        (([[0], [0, 0], [0, 0]], EDGES, TABLE), "2 states at every node"),
    ],
)
def test_bad_input_is_named(arguments, culprit):
    with pytest.raises(ValueError, match=culprit):
        PairwiseMRF(*arguments)


def test_negative_potentials_are_refused():
    ones = np.ones((3, 2))
    with pytest.raises(ValueError, match="unary potential 1 has a negative entry -2"):
        PairwiseMRF.from_potentials([[1, 1], [1, -2], [1, 1]], EDGES, [TABLE, TABLE])
    with pytest.raises(ValueError, match="pair potential 0 has a negative entry"):
        PairwiseMRF.from_potentials(ones, EDGES, -np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"factor over \('a',\) has an entry that is negative"):
        MRF([Factor("a", [1, -1])])


def test_requests_that_make_no_sense_are_refused():
    field = PairwiseMRF(UNARY, EDGES, TABLE)
    general = field.to_mrf()
    with pytest.raises(ValueError, match=r"\{5: 0\} names an unknown node"):
        field.with_evidence({5: 0})
    with pytest.raises(ValueError, match=r"\{1: 2\} names an unknown node or state"):
        field.with_evidence({1: 2})
    with pytest.raises(ValueError, match="node 2 has states"):
        field.energy(np.array([[0, 0, 0], [0, 1, 2]]))
    with pytest.raises(ValueError, match="3 nodes in the last axis"):
        field.energy(np.array([0, 1]))
    with pytest.raises(ValueError, match="must be integers"):
        field.energy(np.array([0.0, 1.0, 1.0]))
    with pytest.raises(ValueError, match="at least one factor"):
        MRF([])
    with pytest.raises(ValueError, match="'a' has 3 states"):
        MRF([Factor("a", [1, 1]), Factor("ab", np.ones((3, 2)))])
    with pytest.raises(ValueError, match=r"lacks \['x2'\]"):
        general.energy({"x0": 0, "x1": 0})
    with pytest.raises(ValueError, match=r"needs a state for \['x2'\]"):
        general.conditional("x1", {"x0": 0})
    with pytest.raises(ValueError, match="unknown variable 'q'"):
        general.conditional("q", {})
    with pytest.raises(ValueError, match="unknown variable 'q'"):
        general.marginal("q")


def test_impossible_and_oversized_fields_are_refused():
    forbidden = PairwiseMRF([[0, -np.inf], [-np.inf, 0]], [(0, 1)], np.log([[1, 1e-300], [1, 1]]))
    assert np.isfinite(forbidden.log_z_by_enumeration())
    with np.errstate(divide="ignore"):
        nothing = PairwiseMRF([[0, -np.inf], [-np.inf, 0]], [(0, 1)], np.log([[1, 0], [1, 1]]))
    with pytest.raises(ValueError, match="Z = 0"):
        nothing.marginals_by_enumeration()
    with pytest.raises(ValueError, match="Z = 0"):
        nothing.to_mrf().joint()
    large = PairwiseMRF(np.zeros((25, 2)), [], [])
    assert MAX_TABLE < 2**25
    with pytest.raises(ValueError, match=r"3\.36e\+07 terms for 25 variables"):
        large.log_z_by_enumeration()
