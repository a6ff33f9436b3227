"""The library against published libraries (test-only dependencies, see tests/requirements.txt)."""

import logging
import warnings

import networkx as nx
import numpy as np
import pytest

from lib.factors import Factor
from lib.markov_graphs import maximal_cliques, moralise
from lib.mrf import MRF

with warnings.catch_warnings():  # pgmpy warns about its own modules when it is imported
    warnings.simplefilter("ignore")
    from pgmpy.factors.discrete import DiscreteFactor
    from pgmpy.inference import VariableElimination
    from pgmpy.models import DiscreteMarkovNetwork
logging.getLogger("pgmpy").setLevel(logging.ERROR)


def mrf_and_pgmpy(seed: int) -> tuple[MRF, DiscreteMarkovNetwork]:
    """One random field, positive except for a few zeros, in both libraries."""
    rng = np.random.default_rng(seed)
    scopes = ("ab", "bc", "cd", "ad", "bce", "f", "ef")
    states = {"a": 3, "b": 2, "c": 2, "d": 4, "e": 2, "f": 3}
    tables = [rng.gamma(1.0, size=[states[v] for v in scope]) for scope in scopes]
    tables[2][0, 1] = 0.0
    ours = MRF([Factor(s, t) for s, t in zip(scopes, tables, strict=True)])
    theirs = DiscreteMarkovNetwork()
    theirs.add_nodes_from(ours.variables)
    theirs.add_edges_from(ours.graph.edges)
    theirs.add_factors(
        *[DiscreteFactor(list(s), t.shape, t) for s, t in zip(scopes, tables, strict=True)]
    )
    return ours, theirs


@pytest.mark.parametrize("seed", range(3))
def test_mrf_partition_function_and_marginals_equal_pgmpy(seed):
    ours, theirs = mrf_and_pgmpy(seed)
    assert np.exp(ours.log_z()) == pytest.approx(theirs.get_partition_function(), rel=1e-12)
    for names in (["a"], ["f"], ["a", "d"], ["b", "e", "f"]):
        query = VariableElimination(theirs).query(names, show_progress=False)
        query.normalize()
        np.testing.assert_allclose(ours.marginal(*query.variables).table, query.values, atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_mrf_graphs_equal_networkx(seed):
    dag = nx.gn_graph(30, seed=seed)
    dag.add_edges_from((i, j) for i, j in nx.gnp_random_graph(30, 0.1, seed=seed).edges if i > j)
    moral = nx.moral_graph(dag)
    assert nx.utils.graphs_equal(nx.Graph(moral.edges), nx.Graph(moralise(dag).edges))
    assert maximal_cliques(moral) == sorted(tuple(sorted(c)) for c in nx.find_cliques(moral))
