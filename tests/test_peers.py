"""The library against published libraries (test-only dependencies, see tests/requirements.txt)."""

import gzip
import logging
import warnings
from itertools import combinations, product
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from lib.bayes_net import BayesNet, d_separated, markov_blanket
from lib.belief_propagation import max_product, sum_product
from lib.bif import read_bif, write_bif
from lib.factors import Factor
from lib.markov_graphs import maximal_cliques, moralise
from lib.mrf import MRF, PairwiseMRF
from lib.networks import burglar_alarm, chest_clinic, random_network
from tests.bp_cases import random_field, random_tree

with warnings.catch_warnings():  # pgmpy warns about its own modules when it is imported
    warnings.simplefilter("ignore")
    import pgmpy
    from pgmpy.factors.discrete import DiscreteFactor, TabularCPD
    from pgmpy.inference import VariableElimination
    from pgmpy.models import DiscreteBayesianNetwork, DiscreteMarkovNetwork
    from pgmpy.readwrite import BIFReader

pytestmark = pytest.mark.slow  # pgmpy takes seconds to be imported and to read
logging.getLogger("pgmpy").setLevel(logging.ERROR)

# ---------------------------------------------------------------- Markov random fields


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


# ---------------------------------------------------------------- Bayesian networks
PUBLISHED = Path(pgmpy.__file__).parent / "utils" / "example_models"


def to_pgmpy(net: BayesNet) -> DiscreteBayesianNetwork:
    """The same network as a pgmpy model, states by number."""
    model = DiscreteBayesianNetwork()
    model.add_nodes_from(net.nodes)
    model.add_edges_from(net.graph.edges)
    for name in net.nodes:
        cpt, parents = net.cpt(name), net.parents(name)
        columns = cpt.reshape(-1, cpt.shape[-1]).T
        model.add_cpds(TabularCPD(name, cpt.shape[-1], columns, parents, cpt.shape[:-1]))
    assert model.check_model()
    return model


def random_dag(n: int, p: float, rng: np.random.Generator) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(order := [f"v{k}" for k in rng.permutation(n)])
    graph.add_edges_from(edge for edge in combinations(order, 2) if rng.random() < p)
    return graph


def random_net(seed: int) -> BayesNet:
    rng = np.random.default_rng(seed)
    graph = random_dag(9, 0.35, rng)
    return random_network(graph, {node: int(rng.integers(2, 5)) for node in graph}, rng)


NETWORKS = {"chest_clinic": chest_clinic(), "burglar_alarm": burglar_alarm()}
NETWORKS |= {f"random_{seed}": random_net(seed) for seed in range(4)}


@pytest.mark.parametrize("name", NETWORKS)
def test_bayes_net_posteriors_equal_pgmpy(name, rng):
    net = NETWORKS[name]
    peer = VariableElimination(to_pgmpy(net))
    for _ in range(12):
        order, cut = rng.permutation(net.nodes).tolist(), int(rng.integers(1, 4))
        query, rest = order[:cut], order[cut:]
        state = {v: int(x[0]) for v, x in net.sample(1, rng).items()}  # a possible one
        evidence = {v: state[v] for v in rest[: rng.integers(0, 4)]}
        theirs = peer.query(query, evidence=evidence, show_progress=False)
        axes = [theirs.variables.index(v) for v in query]
        for method in ("elimination", "enumeration"):
            ours = net.posterior(query, evidence, method).table
            np.testing.assert_allclose(ours, theirs.values.transpose(axes), rtol=0, atol=1e-10)


@pytest.mark.parametrize("seed", range(6))
def test_bayes_net_d_separation_equals_networkx_on_all_disjoint_sets(seed):
    """Every way to put 6 nodes into a, b, given or none: 4^6 queries a graph."""
    rng = np.random.default_rng(seed)
    graph = random_dag(6, rng.uniform(0.2, 0.6), rng)
    for role in product(range(4), repeat=6):
        a, b, given, _ = ({v for v, r in zip(graph, role, strict=True) if r == k} for k in range(4))
        if a and b:
            assert d_separated(graph, a, b, given) == nx.is_d_separator(graph, a, b, given)


@pytest.mark.parametrize("seed", range(3))
def test_bayes_net_d_separation_equals_networkx_on_large_sparse_graphs(seed):
    rng = np.random.default_rng(seed)
    graph = random_dag(60, 0.04, rng)
    answers = []
    for _ in range(200):
        a, b, *given = rng.choice(list(graph), size=int(rng.integers(2, 12)), replace=False)
        answers.append(d_separated(graph, a, b, given))
        assert answers[-1] == nx.is_d_separator(graph, {a}, {b}, set(given))
    assert 10 < sum(answers) < 190


@pytest.mark.parametrize("name", NETWORKS)
def test_bayes_net_markov_blanket_equals_pgmpy(name):
    net = NETWORKS[name]
    model = to_pgmpy(net)
    for node in net.nodes:
        assert markov_blanket(net.graph, node) == set(model.get_markov_blanket(node))


@pytest.mark.parametrize(
    ("name", "nodes", "parameters"),
    [("asia", 8, 18), ("alarm", 37, 509), ("insurance", 27, 1008), ("hailfinder", 56, 2656),
     ("win95pts", 76, 574), ("water", 32, 10083), ("andes", 223, 1157), ("pigs", 441, 5618)],
)  # fmt: skip
def test_bayes_net_published_networks_load_with_their_published_sizes(name, nodes, parameters):
    """Sizes as the public repository of networks lists them; a round trip loses nothing."""
    text = gzip.decompress((PUBLISHED / f"{name}.bif.gz").read_bytes()).decode()
    net = read_bif(text)
    assert (len(net.nodes), net.n_parameters) == (nodes, parameters)
    again = read_bif(write_bif(net))
    assert all(np.array_equal(again.cpt(v), net.cpt(v)) for v in net.nodes)


@pytest.mark.parametrize("name", ["asia", "alarm", "insurance"])
def test_bayes_net_published_networks_read_as_pgmpy_reads_them(name, rng):
    text = gzip.decompress((PUBLISHED / f"{name}.bif.gz").read_bytes()).decode()
    net, model = read_bif(text), BIFReader(string=text).get_model()
    for cpd in model.get_cpds():
        child, *parents = cpd.variables
        assert set(parents) == set(net.parents(child))
        assert tuple(cpd.state_names[child]) == net.states(child)
        axes = [cpd.variables.index(v) for v in (*net.parents(child), child)]
        np.testing.assert_allclose(net.cpt(child), cpd.values.transpose(axes), atol=1e-12)


def test_bayes_net_the_published_chest_clinic_has_our_numbers():
    text = gzip.decompress((PUBLISHED / "asia.bif.gz").read_bytes()).decode()
    published, ours = read_bif(text), chest_clinic()
    assert set(published.nodes) == set(ours.nodes)
    np.testing.assert_allclose(
        published.joint().reorder(*ours.nodes).table, ours.joint().table, rtol=0, atol=1e-12
    )


def test_bayes_net_pgmpy_reads_what_we_write():
    model = BIFReader(string=write_bif(chest_clinic())).get_model()
    peer = VariableElimination(model).query(["lung"], evidence={"dysp": "yes"}, show_progress=False)
    ours = chest_clinic().posterior("lung", {"dysp": "yes"})
    np.testing.assert_allclose(peer.values, ours.table, atol=1e-12)


# ---------------------------------------------------------------- belief propagation
def field_to_pgmpy(mrf: PairwiseMRF):
    """The same field as a pgmpy Markov network over variables named by number."""
    from pgmpy.factors.discrete import DiscreteFactor
    from pgmpy.models import DiscreteMarkovNetwork

    k, net = mrf.n_states, DiscreteMarkovNetwork()
    net.add_nodes_from(range(mrf.n_nodes))
    net.add_edges_from(mrf.edges.tolist())
    for i, logs in enumerate(mrf.log_unary):
        net.add_factors(DiscreteFactor([i], [k[i]], np.exp(logs[: k[i]])))
    for (i, j), logs in zip(mrf.edges.tolist(), mrf.log_pair, strict=True):
        net.add_factors(DiscreteFactor([i, j], [k[i], k[j]], np.exp(logs[: k[i], : k[j]])))
    return net


@pytest.mark.parametrize("seed", range(4))
def test_bp_marginals_equal_pgmpy(seed):
    """Trees too large to enumerate: 30 nodes of 2 to 4 states."""
    rng = np.random.default_rng(seed)
    mrf = random_field(random_tree(30, rng), rng, arities=(2, 3, 4))
    elimination, beliefs = VariableElimination(field_to_pgmpy(mrf)), sum_product(mrf)
    for i, (node, edge) in enumerate(zip(beliefs.node, mrf.edges.tolist(), strict=False)):
        values = elimination.query([i], show_progress=False).values
        np.testing.assert_allclose(node, values / values.sum(), atol=1e-10)
        pair = elimination.query(edge, show_progress=False)
        table = pair.values if pair.variables == edge else pair.values.T
        np.testing.assert_allclose(beliefs.pair[i], table / table.sum(), atol=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_bp_with_evidence_equals_pgmpy(seed):
    rng = np.random.default_rng(seed)
    mrf = random_field(random_tree(20, rng), rng, arities=(2, 3))
    elimination, beliefs = (
        VariableElimination(field_to_pgmpy(mrf)),
        sum_product(mrf.with_evidence({3: 1, 11: 0})),
    )
    for i in set(range(20)) - {3, 11}:
        values = elimination.query([i], evidence={3: 1, 11: 0}, show_progress=False).values
        np.testing.assert_allclose(beliefs.node[i], values / values.sum(), atol=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_bp_log_z_and_map_equal_pgmpy(seed):
    """Small trees: pgmpy's partition function multiplies all tables into one."""
    rng = np.random.default_rng(seed)
    mrf = random_field(random_tree(12, rng), rng, arities=(2, 3))
    partition = field_to_pgmpy(mrf).get_partition_function()
    assert sum_product(mrf).log_z == pytest.approx(np.log(partition), abs=1e-10)
    x, _ = max_product(mrf)
    found = VariableElimination(field_to_pgmpy(mrf)).map_query(range(12), show_progress=False)
    assert x.tolist() == [found[i] for i in range(12)]
