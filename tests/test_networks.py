"""The graphs of networks.py are the ones their docstrings draw."""

import networkx as nx
import pytest

from lib.networks import diamonds, hidden_markov_model, markov_chain


@pytest.mark.parametrize("m", [1, 2, 6])
def test_a_markov_chain_is_a_path(m):
    path = nx.relabel_nodes(nx.path_graph(m, nx.DiGraph), {k: f"x{k + 1}" for k in range(m)})
    assert nx.utils.graphs_equal(markov_chain(m), path)


@pytest.mark.parametrize("m", [1, 2, 6])
def test_a_hidden_markov_model_is_a_chain_with_a_leaf_at_each_node(m):
    graph = hidden_markov_model(m)
    assert len(graph) == 2 * m
    assert nx.utils.graphs_equal(graph.subgraph(list(markov_chain(m))), markov_chain(m))
    for k in range(1, m + 1):
        assert list(graph.predecessors(f"y{k}")) == [f"x{k}"]
        assert not list(graph.successors(f"y{k}"))


def test_a_chain_needs_a_node():
    with pytest.raises(ValueError, match="at least one node"):
        markov_chain(0)


@pytest.mark.parametrize("n", [1, 3, 6])
def test_each_diamond_doubles_the_number_of_paths(n):
    graph = diamonds(n)
    assert len(graph) == 3 * n + 1
    assert len(list(nx.all_simple_paths(graph, 0, n))) == 2**n
    assert not nx.has_path(graph, n, 0)
