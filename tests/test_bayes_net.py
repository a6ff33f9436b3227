"""Bayesian networks: exact inference, sampling and d-separation against enumeration."""

from itertools import chain, combinations, product

import networkx as nx
import numpy as np
import pytest
from scipy import stats

from lib.bayes_net import BayesNet, active_edges, active_paths, d_separated, markov_blanket
from lib.d_separation import reachable
from lib.elimination import elimination_order
from lib.factors import Factor
from lib.networks import burglar_alarm, chest_clinic, random_network

SEEDS = range(6)


def random_dag(n: int, p: float, rng: np.random.Generator) -> nx.DiGraph:
    """Arrows of a random order of n nodes, each with probability p."""
    order = [f"v{k}" for k in rng.permutation(n)]
    graph = nx.DiGraph()
    graph.add_nodes_from(sorted(order))
    graph.add_edges_from(edge for edge in combinations(order, 2) if rng.random() < p)
    return graph


def random_net(seed: int, n: int = 6, p: float = 0.5) -> BayesNet:
    """Random arrows, one to three states a variable."""
    rng = np.random.default_rng(seed)
    graph = random_dag(n, p, rng)
    return random_network(graph, {node: int(rng.integers(1, 4)) for node in graph}, rng)


def joint_by_hand(net: BayesNet) -> np.ndarray:
    """p(x) for every x, by looking up each table entry in a plain loop."""
    sizes = [len(net.states(name)) for name in net.nodes]
    table = np.ones(sizes)
    for x in product(*map(range, sizes)):
        state = dict(zip(net.nodes, x, strict=True))
        for name in net.nodes:
            table[x] *= net.cpt(name)[tuple(state[v] for v in (*net.parents(name), name))]
    return table


@pytest.mark.parametrize("seed", SEEDS)
def test_the_joint_is_the_product_of_looked_up_entries_and_sums_to_one(seed):
    net = random_net(seed)
    np.testing.assert_allclose(net.joint().table, joint_by_hand(net), rtol=1e-13)
    assert net.joint().table.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_log_prob_is_the_log_of_the_joint_and_vectorises(seed):
    net = random_net(seed)
    joint = net.joint().table
    x = {v: axis.ravel() for v, axis in zip(net.nodes, np.indices(joint.shape), strict=True)}
    np.testing.assert_allclose(np.exp(net.log_prob(x)), joint.ravel(), rtol=1e-12)
    one = {name: int(states[-1]) for name, states in x.items()}
    assert net.log_prob(one) == pytest.approx(np.log(joint.ravel()[-1]))


def test_log_prob_of_the_impossible_is_minus_infinity():
    state = dict.fromkeys(chest_clinic().nodes, "yes")
    assert np.isneginf(chest_clinic().log_prob(state | {"either": "no"}))
    assert np.isfinite(chest_clinic().log_prob(state))


@pytest.mark.parametrize("seed", SEEDS)
def test_elimination_equals_enumeration_for_every_query(seed):
    net, rng = random_net(seed), np.random.default_rng(seed)
    for size in (1, 2, 3):
        for query in combinations(net.nodes, size):
            rest = [name for name in net.nodes if name not in query]
            seen = rng.permutation(rest)[: rng.integers(0, 4)].tolist()
            evidence = {v: int(rng.integers(len(net.states(v)))) for v in seen}
            fast, slow = (
                net.posterior(query[::-1], evidence, m) for m in ("elimination", "enumeration")
            )
            assert fast.scope == slow.scope == query[::-1]
            np.testing.assert_allclose(fast.table, slow.table, rtol=0, atol=1e-13)
            assert net.probability(evidence) == pytest.approx(
                net.probability(evidence, "enumeration"), abs=1e-13
            )


def test_posterior_is_bayes_rule_on_two_nodes(rng):
    prior, likelihood = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(4), 3)
    net = BayesNet().add("z", 3, prior).add("x", 4, likelihood, ["z"])
    for x in range(4):
        expected = prior * likelihood[:, x] / (prior @ likelihood[:, x])
        np.testing.assert_allclose(net.posterior("z", {"x": x}).table, expected, rtol=1e-13)


def test_marginals_are_the_single_posteriors_and_pin_what_is_observed():
    net = chest_clinic()
    marginals = net.marginals({"dysp": "yes", "asia": 1})
    np.testing.assert_array_equal(marginals["dysp"], [1, 0])
    np.testing.assert_array_equal(marginals["asia"], [0, 1])
    for name in set(net.nodes) - {"dysp", "asia"}:
        expected = net.posterior(name, {"dysp": 0, "asia": "no"}, "enumeration").table
        np.testing.assert_allclose(marginals[name], expected, atol=1e-14)


@pytest.mark.parametrize("net", [chest_clinic(), burglar_alarm(), random_net(3, n=5)])
def test_sampled_frequencies_fit_the_joint_by_chi_square(net, rng):
    n, joint = 40_000, net.joint().table
    x = net.sample(n, rng)
    counts = np.zeros(joint.shape)
    np.add.at(counts, tuple(x[name] for name in net.nodes), 1)
    assert not counts[joint == 0].any()
    expected, seen = n * joint.ravel(), counts.ravel()
    rare = expected < 5  # pooled, as the chi-square approximation asks
    seen = np.append(seen[~rare], seen[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    keep = expected > 0
    assert stats.chisquare(seen[keep], expected[keep]).pvalue > 1e-3


def test_sampling_repeats_with_the_generator_and_leaves_the_global_state_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, two = (chest_clinic().sample(50, np.random.default_rng(5)) for _ in range(2))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_n_parameters_of_known_cases():
    assert chest_clinic().n_parameters == 18
    rng = np.random.default_rng(0)
    full = nx.DiGraph(list(combinations("abcde", 2)))
    assert random_network(full, 2, rng).n_parameters == 2**5 - 1
    for m, k in product((1, 2, 7), (2, 3, 5)):
        path = nx.path_graph(m, create_using=nx.DiGraph)
        assert random_network(path, k, rng).n_parameters == k - 1 + (m - 1) * k * (k - 1)


def test_parents_children_states_and_order():
    net = burglar_alarm()
    assert net.parents("alarm") == ("burglary", "earthquake")
    assert net.children("earthquake") == ("alarm", "radio")
    assert net.states("call") == ("no", "yes")
    assert [f.scope[-1] for f in net.factors()] == list(net.nodes)
    assert nx.is_isomorphic(net.graph, nx.DiGraph(["ae", "fe", "fb", "ec"]))


def test_tables_cannot_be_changed_from_outside():
    table = np.array([0.5, 0.5])
    net = BayesNet().add("a", 2, table)
    table[0] = 9
    net.cpt("a")[1] = 9
    np.testing.assert_array_equal(net.cpt("a"), [0.5, 0.5])


def test_from_tables_accepts_children_before_parents():
    net = BayesNet.from_tables(
        {"b": (2, [[0.1, 0.9], [0.3, 0.7]], ["a"]), "a": (2, [0.5, 0.5], [])}
    )
    assert net.nodes == ("a", "b")


def test_a_chain_of_600_nodes_needs_no_exponential_table(rng):
    """Enumeration would need 3^600 entries; the answer is a product of matrices."""
    net = random_network(nx.path_graph(600, create_using=nx.DiGraph), 3, rng)
    expected = net.cpt("0")
    for m in range(1, 600):
        expected = expected @ net.cpt(str(m))
    np.testing.assert_allclose(net.posterior("599").table, expected, atol=1e-12)
    with pytest.raises(ValueError, match="joint table would have"):
        net.joint()


def test_min_fill_finds_the_perfect_order_of_a_tree(rng):
    tree = nx.random_labeled_tree(60, seed=4)
    factors = [Factor((str(u), str(v)), np.ones((2, 2))) for u, v in tree.edges]
    graph = nx.relabel_nodes(tree, str)
    for name in elimination_order(factors, keep=[]):
        assert graph.degree(name) <= 1  # only leaves are removed, so no table grows
        graph.remove_node(name)
    assert not graph


def all_queries(nodes):
    """Every pair of nodes with every conditioning set that leaves them out."""
    for a, b in combinations(nodes, 2):
        rest = [node for node in nodes if node not in (a, b)]
        for given in chain.from_iterable(combinations(rest, r) for r in range(len(rest) + 1)):
            yield a, b, set(given)


def dependence(joint: np.ndarray, a: int, b: int, given: list[int]) -> float:
    """Largest |p(a, b, c) p(c) - p(a, c) p(b, c)| over all states: zero if independent."""
    axes = set(range(joint.ndim))

    def marginal(*keep):
        return joint.sum(axis=tuple(axes - set(keep)), keepdims=True)

    abc, c = marginal(a, b, *given), marginal(*given)
    return float(np.abs(abc * c - marginal(a, *given) * marginal(b, *given)).max())


@pytest.mark.parametrize("seed", range(4))
def test_d_separation_is_conditional_independence_in_the_joint(seed):
    """For random tables no independence holds by accident, so the two agree on every query."""
    rng = np.random.default_rng(seed)
    net = random_network(random_dag(6, 0.4, rng), 2, rng)
    joint, axis = net.joint().table, {name: k for k, name in enumerate(net.nodes)}
    separated = connected = 0
    for a, b, given in all_queries(net.nodes):
        value = dependence(joint, axis[a], axis[b], [axis[c] for c in given])
        if d_separated(net.graph, a, b, given):
            assert value < 1e-15
            separated += 1
        else:
            assert value > 1e-10
            connected += 1
    assert separated > 20
    assert connected > 20


@pytest.mark.parametrize("seed", range(4))
def test_active_paths_exist_exactly_when_not_separated(seed):
    """Two algorithms, one by reachability and one path by path, agree on every query."""
    graph = random_dag(6, 0.45, np.random.default_rng(seed))
    for a, b, given in all_queries(graph):
        paths = list(active_paths(graph, a, b, given))
        assert bool(paths) == (not d_separated(graph, a, b, given))
        assert all(path[0] == a and path[-1] == b for path in paths)
        edges = active_edges(graph, a, b, given)
        assert edges <= set(graph.edges)
        used = {frozenset(step) for path in paths for step in nx.utils.pairwise(path)}
        assert used == {frozenset(edge) for edge in edges}


def test_d_separation_of_the_two_graph_example():
    graph = nx.DiGraph(["ae", "fe", "fb", "ec"])
    assert not d_separated(graph, "a", "b", "c")
    assert d_separated(graph, "a", "b", "f")
    assert d_separated(graph, "a", "b")
    assert not d_separated(graph, {"a"}, ["b", "c"], ())
    assert list(active_paths(graph, "a", "b", "c")) == [["a", "e", "f", "b"]]


def test_d_separation_of_sets_is_that_of_all_pairs():
    graph = random_dag(7, 0.3, np.random.default_rng(1))
    for a, b in combinations([("v0", "v1"), ("v2", "v3"), ("v4",), ("v5", "v6")], 2):
        given = ("v4",) if "v4" not in (*a, *b) else ()
        pairs = all(d_separated(graph, u, v, given) for u, v in product(a, b))
        assert d_separated(graph, a, b, given) == pairs


def test_d_separation_accepts_any_hashable_nodes():
    graph = nx.DiGraph([((0, 0), (0, 1)), ((0, 1), (1, 1))])
    assert not d_separated(graph, (0, 0), (1, 1))
    assert d_separated(graph, (0, 0), (1, 1), (0, 1))
    assert d_separated(nx.DiGraph([(1, 2), (3, 2)]), 1, 3)


def test_reachability_visits_each_node_at_most_twice():
    """Cost is linear: count the look-ups of a complete graph's successor lists."""

    class Counting(nx.DiGraph):
        asked = 0

        def successors(self, n):
            self.asked += 1
            return super().successors(n)

    graph = Counting(list(combinations(range(60), 2)))
    reachable(graph, {0}, {59})
    assert graph.asked <= 2 * 60


@pytest.mark.parametrize("seed", range(4))
def test_markov_blanket_is_the_smallest_set_that_separates_from_the_rest(seed):
    graph = random_dag(7, 0.35, np.random.default_rng(seed))
    for node in graph:
        blanket = markov_blanket(graph, node)
        rest = set(graph) - blanket - {node}
        assert d_separated(graph, node, rest, blanket)
        for member in blanket:
            assert not d_separated(graph, node, {member}, blanket - {member})


COIN = BayesNet().add("a", ["h", "t"], [0.5, 0.5])
CYCLE = {"a": (1, [[1.0]], ["b"]), "b": (1, [[1.0]], ["a"])}
GRAPH = nx.DiGraph(["ab", "bc"])


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda: BayesNet.from_tables(CYCLE), "cycle (a -> b -> a|b -> a -> b)"),
        (lambda: BayesNet.from_tables({"b": (2, [0.5, 0.5], ["z"])}), "'b'.*'z' is not declared"),
        (lambda: BayesNet().add("b", 2, [0.5, 0.5], ["z"]), "'b': parent 'z' is missing"),
        (lambda: BayesNet().add("b", 2, [0.5, 0.6]), r"'b': row \(\).*sums to 1.1"),
        (lambda: BayesNet().add("b", 2, [1.5, -0.5]), "'b'.*negative"),
        (lambda: BayesNet().add("b", 2, [0.5, np.nan]), "'b'.*not finite"),
        (lambda: BayesNet().add("b", 2, [[0.5, 0.5]]), r"'b'.*shape \(1, 2\) and needs \(2,\)"),
        (lambda: BayesNet().add("b", 0, []), "'b' has no states"),
        (lambda: BayesNet().add("b", ["x", "x"], [0.5, 0.5]), "'b' repeats a state"),
        (lambda: COIN.add("a", 2, [0.5, 0.5]), "'a' is already"),
        (lambda: COIN.posterior("b"), "no variable 'b'; it has a"),
        (lambda: COIN.posterior("a", {"b": 0}), "no variable 'b'"),
        (lambda: COIN.posterior("a", {"a": 0}), "'a' is in the query and in the evidence"),
        (lambda: COIN.posterior(["a", "a"]), "repeats a variable"),
        (lambda: COIN.posterior("a", method="magic"), "not 'magic'"),
        (lambda: COIN.marginals({"a": "edge"}), "'a' has no state 'edge'; it has"),
        (lambda: COIN.marginals({"a": 2}), r"state 2 of 'a' is out of range 0\.\.1"),
        (lambda: COIN.log_prob({}), r"\['a'\] is missing"),
        (lambda: chest_clinic().posterior("asia", {"either": 1, "tub": 0}), "probability zero"),
        (lambda: d_separated(GRAPH, "a", "z"), "no node 'z'; it has a, b, c"),
        (lambda: d_separated(GRAPH, "a", "b", "b"), r"\['b'\] appears twice"),
        (lambda: d_separated(nx.DiGraph(["ab", "ba"]), "a", "b"), "cycle"),
        (lambda: markov_blanket(GRAPH, "z"), "no node 'z'"),
    ],
)
def test_bad_input_names_the_culprit(action, words):
    with pytest.raises(ValueError, match=words):
        action()
