"""Small networks that the lessons come back to, with their tables typed in as data."""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx
import numpy as np

from lib.bayes_net import BayesNet

YES_NO = ("yes", "no")


def chest_clinic() -> BayesNet:
    """The 8-node chest clinic network of Lauritzen and Spiegelhalter (1988), Table 1.

    Did a patient visit Asia, does he smoke; tuberculosis, lung cancer, bronchitis; one of the
    first two; a positive X-ray, shortness of breath. State 0 is "yes". The variables carry the
    short names under which the network circulates in BIF files.
    """
    net = BayesNet()
    net.add("asia", YES_NO, [0.01, 0.99])
    net.add("tub", YES_NO, [[0.05, 0.95], [0.01, 0.99]], ["asia"])
    net.add("smoke", YES_NO, [0.5, 0.5])
    net.add("lung", YES_NO, [[0.1, 0.9], [0.01, 0.99]], ["smoke"])
    net.add("bronc", YES_NO, [[0.6, 0.4], [0.3, 0.7]], ["smoke"])
    net.add("either", YES_NO, [[[1, 0], [1, 0]], [[1, 0], [0, 1]]], ["lung", "tub"])
    net.add("xray", YES_NO, [[0.98, 0.02], [0.05, 0.95]], ["either"])
    table = [[[0.9, 0.1], [0.8, 0.2]], [[0.7, 0.3], [0.1, 0.9]]]  # bronc, either, dysp
    return net.add("dysp", YES_NO, table, ["bronc", "either"])


def burglar_alarm() -> BayesNet:
    """Two causes of one alarm, and a report of each: a running example.

    burglary -> alarm <- earthquake -> radio, alarm -> call. State 1 is "yes".
    The story is Pearl's (1988); the numbers are ours, so that effects show.
    """
    no_yes = ("no", "yes")
    net = BayesNet()
    net.add("burglary", no_yes, [0.98, 0.02])
    net.add("earthquake", no_yes, [0.97, 0.03])
    table = [[[0.99, 0.01], [0.6, 0.4]], [[0.05, 0.95], [0.03, 0.97]]]
    net.add("alarm", no_yes, table, ["burglary", "earthquake"])
    net.add("radio", no_yes, [[0.999, 0.001], [0.2, 0.8]], ["earthquake"])
    return net.add("call", no_yes, [[0.95, 0.05], [0.1, 0.9]], ["alarm"])


def markov_chain(m: int) -> nx.DiGraph:
    """The graph x1 -> x2 -> ... -> xm."""
    if m < 1:
        raise ValueError(f"a chain has at least one node, got m={m}")
    graph = nx.DiGraph()
    graph.add_nodes_from(f"x{k}" for k in range(1, m + 1))
    graph.add_edges_from((f"x{k}", f"x{k + 1}") for k in range(1, m))
    return graph


def hidden_markov_model(m: int) -> nx.DiGraph:
    """A Markov chain with one observation hanging from each node: xk -> yk."""
    graph = markov_chain(m)
    graph.add_edges_from([(f"x{k}", f"y{k}") for k in range(1, m + 1)])
    return graph


def diamonds(n: int) -> nx.DiGraph:
    """The graph 0 -> two nodes -> 1 -> two nodes -> 2 ...: 2^n arrow paths from 0 to n."""
    middle = [(k, (k, side)) for k in range(n) for side in "ab"]
    return nx.DiGraph([*middle, *((node, k + 1) for k, node in middle)])


def random_network(
    graph: nx.DiGraph,
    n_states: int | Mapping[str, int],
    rng: np.random.Generator,
    concentration: float = 1.0,
) -> BayesNet:
    """A network on `graph` whose table rows are drawn from a symmetric Dirichlet.

    `n_states` is one number for all nodes or a number for each; a small `concentration` gives
    rows close to certainty. Nodes are named by their string.
    """
    sizes = {
        str(node): n_states[node] if isinstance(n_states, Mapping) else n_states for node in graph
    }
    tables = {}
    for node in graph:
        name, parents = str(node), [str(parent) for parent in graph.predecessors(node)]
        shape = [sizes[parent] for parent in parents]
        rows = rng.dirichlet(np.full(sizes[name], concentration), size=shape)
        tables[name] = (sizes[name], rows, parents)
    return BayesNet.from_tables(tables)
