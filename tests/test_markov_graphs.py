"""Graph algorithms against networkx, and the theorems that tie graphs to distributions."""

from itertools import combinations, product
from math import comb

import networkx as nx
import numpy as np
import pytest

from lib.factors import Factor
from lib.markov_graphs import (
    all_dags,
    canonical_potentials,
    conditional_information,
    factor_graph,
    markov_statements,
    maximal_cliques,
    moralise,
    random_field,
    separated,
    statements,
)
from lib.mrf import MRF

TINY = 1e-12  # nats: independent up to rounding


def random_graph(rng, n, density):
    graph = nx.empty_graph(n)
    graph.add_edges_from(e for e in combinations(range(n), 2) if rng.random() < density)
    return nx.relabel_nodes(graph, dict(enumerate("abcdefghijkl")))


@pytest.mark.parametrize("seed", range(12))
def test_maximal_cliques_equal_networkx(seed):
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, int(rng.integers(1, 11)), rng.random())
    assert maximal_cliques(graph) == sorted(tuple(sorted(c)) for c in nx.find_cliques(graph))
    assert maximal_cliques(nx.Graph()) == []


@pytest.mark.parametrize("seed", range(12))
def test_moral_graph_equals_networkx(seed):
    rng = np.random.default_rng(seed)
    dag = nx.DiGraph([e for e in combinations(range(8), 2) if rng.random() < 0.4])
    ours, theirs = moralise(dag), nx.moral_graph(dag)
    assert set(ours) == set(theirs)
    assert {frozenset(e) for e in ours.edges} == {frozenset(e) for e in theirs.edges}


def test_moralising_a_cycle_is_refused():
    with pytest.raises(ValueError, match="directed acyclic"):
        moralise(nx.DiGraph([("a", "b"), ("b", "a")]))


@pytest.mark.parametrize("seed", range(6))
def test_separation_equals_cutting_the_nodes_out(seed):
    graph = random_graph(np.random.default_rng(seed), 6, 0.4)
    for a, b in combinations(graph, 2):
        rest = [v for v in graph if v not in (a, b)]
        for k in range(len(rest) + 1):
            for given in combinations(rest, k):
                cut = graph.subgraph(set(graph) - set(given))
                assert separated(graph, {a}, {b}, given) != nx.has_path(cut, a, b)


def test_separation_refuses_overlap_and_strangers():
    graph = nx.path_graph(3)
    with pytest.raises(ValueError, match="must not overlap"):
        separated(graph, {0}, {2}, {0})
    with pytest.raises(ValueError, match=r"unknown nodes \[7\]"):
        separated(graph, {0}, {7})


def test_statements_lists_each_question_once():
    asked = [frozenset([frozenset([a, b]), s]) for a, b, s in statements("abcd")]
    assert len(asked) == len(set(asked)) == (4**4 - 2 * 3**4 + 2**4) // 2  # inclusion-exclusion
    assert all(
        not set(a) & set(b) | set(a) & set(s) | set(b) & set(s) for a, b, s in statements("abc")
    )


@pytest.mark.parametrize("seed", range(5))
def test_separation_in_the_graph_is_independence_in_the_joint(seed):
    """Pairwise, local and global Markov properties are all among these statements."""
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, 5, 0.5)
    joint = random_field(graph, rng).joint()
    for a, b, given in statements(graph):
        independent = abs(conditional_information(joint, a, b, given)) < TINY
        assert independent == separated(graph, a, b, given), (a, b, given)


def as_sets(statement):
    a, b, given = map(frozenset, statement)
    return frozenset([a, b]), given


def test_the_weaker_markov_properties_are_among_the_global_statements():
    graph = random_graph(np.random.default_rng(1), 5, 0.5)
    said = {name: {as_sets(q) for q in qs} for name, qs in markov_statements(graph).items()}
    assert len(said["pairwise"]) == nx.number_of_edges(nx.complement(graph))
    assert said["pairwise"] | said["local"] < said["global"]
    for ends, given in said["pairwise"]:
        (i,), (j,) = ends
        assert not graph.has_edge(i, j)
        assert given == set(graph) - {i, j}
    for ends, given in said["local"]:
        assert any(given == set(graph[i]) for end in ends if len(end) == 1 for i in end)
        assert frozenset().union(*ends) | given == set(graph)


@pytest.mark.parametrize(("n", "how_many"), [(1, 1), (2, 3), (3, 25), (4, 543)])
def test_all_dags_are_acyclic_different_and_as_many_as_robinson_says(n, how_many):
    """Robinson's recursion a(n) = sum_k (-1)^(k+1) C(n, k) 2^(k (n-k)) a(n-k)."""
    robinson = [1]
    for m in range(1, n + 1):
        robinson.append(
            sum((-1) ** (k + 1) * comb(m, k) * 2 ** (k * (m - k)) * robinson[m - k]
                for k in range(1, m + 1))
        )  # fmt: skip
    dags = list(all_dags("abcd"[:n]))
    assert all(nx.is_directed_acyclic_graph(dag) for dag in dags)
    assert len({frozenset(dag.edges) for dag in dags}) == len(dags) == robinson[n] == how_many


def test_three_copies_of_a_coin_are_pairwise_but_not_globally_markov():
    table = np.zeros((2, 2, 2))
    table[0, 0, 0] = table[1, 1, 1] = 0.5
    joint, empty = Factor("abc", table), nx.empty_graph(3)
    nx.relabel_nodes(empty, dict(enumerate("abc")), copy=False)
    for a, b in combinations("abc", 2):
        (rest,) = set("abc") - {a, b}
        assert conditional_information(joint, a, b, rest) == pytest.approx(0, abs=TINY)
        assert conditional_information(joint, a, b) == pytest.approx(np.log(2))
    with pytest.raises(ValueError, match="zeros"):
        canonical_potentials(joint)


def test_conditional_information_equals_the_definition():
    joint = Factor("abc", np.random.default_rng(2).random((2, 3, 2))).normalise()
    want = 0.0
    for (i, j, k), p in np.ndenumerate(joint.table):
        p_c = joint.table[:, :, k].sum()
        p_ac, p_bc = joint.table[i, :, k].sum(), joint.table[:, j, k].sum()
        want += p * np.log(p * p_c / (p_ac * p_bc))
    assert conditional_information(joint, "a", "b", "c") == pytest.approx(want, abs=1e-13)


def moebius(log_p, subset, assignment):
    """The alternating sum of the definition, term by term."""
    total = 0.0
    for k in range(len(subset) + 1):
        for inner in combinations(subset, k):
            x = tuple(s if axis in inner else 0 for axis, s in enumerate(assignment))
            total += (-1) ** (len(subset) - k) * log_p[x]
    return total


def test_canonical_potentials_equal_the_alternating_sum():
    joint = Factor("abcd", np.random.default_rng(4).random((2, 3, 2, 2)) + 0.1).normalise()
    potentials = canonical_potentials(joint)
    assert len(potentials) == 2**4
    for subset, factor in potentials.items():
        axes = [joint.scope.index(v) for v in subset]
        for x in product(*(range(k) for k in joint.table.shape)):
            want = moebius(np.log(joint.table), axes, x)
            assert np.log(factor.table[tuple(x[a] for a in axes)]) == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_hammersley_clifford_both_ways(seed):
    """Potentials off the cliques are one, and the product of the others is the joint."""
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, 5, 0.5)
    joint = random_field(graph, rng, n_states=3).joint()
    potentials = canonical_potentials(joint)
    cliques = [set(c) for c in maximal_cliques(graph)]
    kept = [f for s, f in potentials.items() if any(set(s) <= c for c in cliques)]
    for subset, factor in potentials.items():
        if not any(set(subset) <= c for c in cliques):
            np.testing.assert_allclose(factor.table, 1, atol=1e-10)
    rebuilt = MRF(kept).joint().reorder(*joint.scope)
    np.testing.assert_allclose(rebuilt.table, joint.table, atol=1e-13)


def test_factor_graph_joins_each_factor_to_its_scope():
    field = MRF(
        [Factor("ab", np.ones((2, 2))), Factor("bcd", np.ones((2, 2, 2))), Factor("a", [1, 2])]
    )
    graph = factor_graph(field)
    assert nx.is_bipartite(graph)
    assert {n: set(graph[n]) for n in ("f1", "f2", "f3")} == {
        "f1": {"a", "b"}, "f2": {"b", "c", "d"}, "f3": {"a"},
    }  # fmt: skip
    assert graph.nodes["f2"]["factor"] is field.factors[1]
    assert graph.nodes["a"]["factor"] is None
    with pytest.raises(ValueError, match="'f1'"):
        factor_graph(MRF([Factor(("f1",), [1, 1])]))
