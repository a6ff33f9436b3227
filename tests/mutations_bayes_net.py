"""Mistakes people make with Bayesian networks, each noticed by a comparison with theory."""

from collections.abc import Iterator
from itertools import combinations, product

import networkx as nx
import numpy as np

from lib import bayes_net, d_separation, elimination
from lib.bayes_net import BayesNet
from tests.mutation import Edit, Mutation

NAMES = "abcde"


def random_net(seed: int, n: int = 5) -> BayesNet:
    """Random network over the first n letters, two or three states each."""
    rng = np.random.default_rng(seed)
    net, states = BayesNet(), {}
    for k, name in enumerate(NAMES[:n]):
        parents = [p for p in NAMES[:k] if rng.random() < 0.5]
        states[name] = int(rng.integers(2, 4))
        shape = [states[p] for p in parents]
        net.add(name, states[name], rng.dirichlet(np.ones(states[name]), size=shape), parents)
    return net


def table(net: BayesNet) -> np.ndarray:
    """The joint by the chain rule, entry by entry, from the tables alone."""
    sizes = [len(net.states(name)) for name in net.nodes]
    joint = np.empty(sizes)
    for x in product(*map(range, sizes)):
        at = dict(zip(net.nodes, x, strict=True))
        rows = [net.cpt(v)[(*(at[p] for p in net.parents(v)), at[v])] for v in net.nodes]
        joint[x] = np.prod(rows)
    return joint


def queries(graph: nx.DiGraph) -> Iterator[tuple[str, str, set[str]]]:
    """Every pair of nodes with every set of the others."""
    for a, b in combinations(graph, 2):
        rest = [v for v in graph if v not in (a, b)]
        for size in range(len(rest) + 1):
            for given in combinations(rest, size):
                yield a, b, set(given)


def separation_is_networkx() -> None:
    for seed in range(8):
        graph = random_net(seed).graph
        for a, b, given in queries(graph):
            theirs = nx.is_d_separator(graph, a, b, given)
            assert d_separation.d_separated(graph, a, b, given) == theirs


def paths_agree_with_separation() -> None:
    for seed in range(4):
        graph = random_net(seed).graph
        for a, b, given in queries(graph):
            path = next(d_separation.active_paths(graph, a, b, given), None)
            assert (path is None) == nx.is_d_separator(graph, a, b, given)


def blanket_shields() -> None:
    for seed in range(8):
        graph = random_net(seed).graph
        for node in graph:
            blanket = d_separation.markov_blanket(graph, node)
            rest = set(graph) - blanket - {node}
            assert node not in blanket
            assert not rest or nx.is_d_separator(graph, {node}, rest, blanket)
            for member in blanket:
                rest = set(graph) - blanket - {node} | {member}
                assert not nx.is_d_separator(graph, {node}, rest, blanket - {member})


def samples_follow_the_joint() -> None:
    net, n = random_net(3, n=4), 40_000
    x = net.sample(n, np.random.default_rng(0))
    cells = np.ravel_multi_index([x[v] for v in net.nodes], table(net).shape)
    counts, expected = np.bincount(cells, minlength=table(net).size), n * table(net).ravel()
    chi2 = ((counts - expected) ** 2 / expected).sum()
    assert abs(chi2 - (counts.size - 1)) < 6 * np.sqrt(2 * counts.size)


def posterior_is_bayes_rule(method: str) -> None:
    for seed in range(4):
        net = random_net(seed)
        joint = table(net)[:, :, 1]  # c = 1 observed
        right = joint.sum(axis=(1, 2, 3)) / joint.sum()
        assert np.allclose(net.posterior("a", {"c": 1}, method).table, right, atol=1e-12)
        pair = np.moveaxis(joint.sum(axis=(1, 2)), -1, 0) / joint.sum()  # (e, a)
        assert np.allclose(net.posterior(["e", "a"], {"c": 1}, method).table, pair, atol=1e-12)


def elimination_is_bayes_rule() -> None:
    posterior_is_bayes_rule("elimination")


def enumeration_is_bayes_rule() -> None:
    posterior_is_bayes_rule("enumeration")


def evidence_has_its_probability() -> None:
    net = random_net(1)
    assert np.isclose(net.probability({"c": 1, "e": 0}), table(net)[:, :, 1, :, 0].sum())


def marginals_are_sums() -> None:
    net = random_net(2)
    given = table(net)[:, :, 1] / table(net)[:, :, 1].sum()
    found = net.marginals({"c": 1})
    assert np.allclose(found["b"], given.sum(axis=(0, 2, 3)))
    assert np.allclose(found["c"], np.eye(len(net.states("c")))[1])


def log_prob_is_the_log_of_the_joint() -> None:
    net = random_net(5)
    for x in ([0] * 5, [1] * 5, [1, 0, 1, 0, 1]):
        assert np.isclose(net.log_prob(dict(zip(NAMES, x, strict=True))), np.log(table(net)[(*x,)]))


def parameters_are_the_freedom() -> None:
    for m, k in ((1, 2), (4, 3), (6, 2)):
        net = BayesNet().add("x0", k, np.full(k, 1 / k))
        for i in range(1, m):
            net.add(f"x{i}", k, np.full((k, k), 1 / k), parents=[f"x{i - 1}"])
        assert net.n_parameters == k - 1 + (m - 1) * k * (k - 1)


def refuses(*arguments: object) -> bool:
    """Whether adding this child of the root `a` raises ValueError."""
    try:
        BayesNet().add("a", 2, [0.5, 0.5]).add("b", 2, *arguments)
    except ValueError:
        return True
    return False


def bad_tables_are_refused() -> None:
    assert not refuses([[0.5, 0.5], [0.2, 0.8]], ["a"])
    assert refuses([[0.5, 0.5], [0.2, 0.7]], ["a"])
    assert refuses([[0.5, 0.2], [0.5, 0.8]], ["a"])
    assert refuses([[1.5, -0.5], [0.2, 0.8]], ["a"])
    assert refuses([[0.5, 0.5], [0.2, 0.8]], ["z"])


def order_sums_everything_out() -> None:
    net = random_net(6)
    kept = elimination.eliminate(net.factors(), ["d", "b"])
    assert kept.scope == ("d", "b")
    assert np.allclose(kept.table, table(net).sum(axis=(0, 2, 4)).T)


NET, SEP = "lib.bayes_net.BayesNet", "lib.d_separation"
MUTATIONS = [
    Mutation(
        "treats a collider like a chain",
        f"{SEP}.reachable",
        Edit("else node in opened", "else node not in given"),
        separation_is_networkx,
    ),
    Mutation(
        "opens a collider only when it is observed itself",
        f"{SEP}.active_paths",
        Edit("opened = ancestors(graph, given)", "opened = given"),
        paths_agree_with_separation,
    ),
    Mutation(
        "opens a collider by observed ancestors instead of descendants",
        f"{SEP}.ancestors",
        Edit("graph.predecessors(node)", "graph.successors(node)"),
        separation_is_networkx,
    ),
    Mutation(
        "lets an observed node pass information to its children",
        f"{SEP}.reachable",
        Edit("if node not in given:  #", "if True:  #"),
        separation_is_networkx,
    ),
    Mutation(
        "lets an observed node pass information to its parents",
        f"{SEP}.reachable",
        Edit('node not in given if direction == "up"', 'True if direction == "up"'),
        separation_is_networkx,
    ),
    Mutation(
        "draws paths through unobserved colliders",
        f"{SEP}._blocked",
        Edit("return y not in opened", "return False"),
        paths_agree_with_separation,
    ),
    Mutation(
        "forgets the co-parents in the blanket",
        f"{SEP}.markov_blanket",
        Edit("children | co_parents", "children"),
        blanket_shields,
    ),
    Mutation(
        "keeps the node in its own blanket",
        f"{SEP}.markov_blanket",
        Edit(" - {node}", ""),
        blanket_shields,
    ),
    Mutation(
        "samples every variable as if it had no parents",
        f"{NET}.sample",
        Edit("tuple(x[parent] for parent", "tuple(0 * x[parent] for parent"),
        samples_follow_the_joint,
    ),
    Mutation(
        "shares one random number between all variables",
        f"{NET}.sample",
        Edit("rng.random((n, 1))", "np.random.default_rng(0).random((n, 1))"),
        samples_follow_the_joint,
    ),
    Mutation(
        "does not normalise the posterior",
        f"{NET}.posterior",
        Edit("return unnormalised.normalise()", "return unnormalised"),
        elimination_is_bayes_rule,
    ),
    Mutation(
        "reads the wrong state of the evidence in enumeration",
        f"{NET}._sum_to",
        Edit("self.joint().reduce(evidence)", "self.joint().reduce(dict.fromkeys(evidence, 0))"),
        enumeration_is_bayes_rule,
    ),
    Mutation(
        "ignores the evidence in elimination",
        f"{NET}._sum_to",
        Edit("[f.reduce(evidence) for", "[f.reduce({}) for"),
        evidence_has_its_probability,
    ),
    Mutation(
        "leaves out the ancestors instead of the others",
        f"{NET}._sum_to",
        Edit("{*query, *evidence})", "{*query})"),
        elimination_is_bayes_rule,
    ),
    Mutation(
        "takes the largest term instead of the sum",
        "lib.elimination.eliminate",
        Edit(".sum_out(name)", ".max_out(name)"),
        order_sums_everything_out,
    ),
    Mutation(
        "returns the axes in its own order",
        "lib.elimination.eliminate",
        Edit(".reorder(*keep)", ""),
        order_sums_everything_out,
    ),
    Mutation(
        "puts an observed variable on the wrong state",
        f"{NET}.marginals",
        Edit("[observed[name]]", "[0]"),
        marginals_are_sums,
    ),
    Mutation(
        "forgets the logarithm",
        f"{NET}.log_prob",
        Edit("np.log(cpt[", "(cpt["),
        log_prob_is_the_log_of_the_joint,
    ),
    Mutation(
        "counts every entry as a parameter",
        f"{NET}.n_parameters",
        Edit("cpt.size - cpt.size // cpt.shape[-1]", "cpt.size"),
        parameters_are_the_freedom,
    ),
    Mutation(
        "accepts rows that do not sum to one",
        "lib.bayes_net._checked_cpt",
        Edit("if np.any(off):", "if False:"),
        bad_tables_are_refused,
    ),
    Mutation(
        "checks columns instead of rows",
        "lib.bayes_net._checked_cpt",
        Edit("np.abs(cpt.sum(axis=-1) - 1)", "np.abs(cpt.sum(axis=0) - 1)"),
        bad_tables_are_refused,
    ),
]
assert bayes_net.d_separated is d_separation.d_separated  # one implementation to break
