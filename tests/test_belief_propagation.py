"""Belief propagation against enumeration, against itself from every root, and against theory."""

import itertools

import networkx as nx
import numpy as np
import pytest

from lib import belief_propagation as bp
from lib.messages import Wiring
from lib.mrf import PairwiseMRF
from lib.schedules import exclusive_sums, flood_until_settled, flooding, one_by_one, two_pass
from lib.trees import root_forest
from tests.bp_cases import (
    assert_exact,
    clamp_first,
    diameter,
    random_field,
    random_forest,
    random_tree,
)

SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("zeros", [0.0, 0.3])
@pytest.mark.parametrize("schedule", ["two-pass", "flooding"])
def test_trees_of_any_shape_and_arity_are_exact(seed, zeros, schedule):
    rng = np.random.default_rng(seed)
    mrf = random_field(random_tree(7, rng), rng, zeros=zeros)
    assert_exact(mrf, bp.sum_product(mrf, schedule))
    assert_exact(clamped := clamp_first(mrf, rng), bp.sum_product(clamped, schedule))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("schedule", ["two-pass", "flooding"])
def test_forests_and_single_nodes_are_exact(seed, schedule):
    rng = np.random.default_rng(seed)
    forest = random_field(random_forest(8, rng), rng, n=8)
    lonely = random_field([], rng, n=3)
    assert_exact(forest, bp.sum_product(forest, schedule))
    assert_exact(lonely, bp.sum_product(lonely, schedule))


@pytest.mark.parametrize("seed", SEEDS)
def test_log_z_is_the_same_from_every_root(seed):
    rng = np.random.default_rng(seed)
    mrf = random_field(random_tree(8, rng), rng, zeros=0.2)
    every = [bp.log_partition(mrf, root) for root in range(mrf.n_nodes)]
    np.testing.assert_allclose(every, mrf.log_z_by_enumeration(), atol=1e-10)
    np.testing.assert_allclose([bp.sum_product(mrf, root=3).log_z], every[:1], atol=1e-10)


def test_the_root_changes_the_order_but_no_belief():
    rng = np.random.default_rng(0)
    mrf = random_field(random_tree(9, rng), rng)
    for root in range(9):
        assert [m.target for m in two_pass(mrf, root)][7] == root
        assert_exact(mrf, bp.sum_product(mrf, root=root))


def brute_force_map(mrf):
    table = mrf.log_table()
    return np.argwhere(table == table.max()), table.max()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("zeros", [0.0, 0.3])
def test_max_product_is_the_brute_force_maximum(seed, zeros):
    rng = np.random.default_rng(seed)
    mrf = random_field(random_forest(8, rng), rng, n=8, zeros=zeros)
    winners, value = brute_force_map(mrf)
    x, log_value = bp.max_product(mrf)
    assert x.tolist() in winners.tolist()
    assert log_value == pytest.approx(value, abs=1e-10)
    assert -mrf.energy(x) == pytest.approx(log_value, abs=1e-10)
    flooded, _ = bp.max_product(mrf, "flooding")  # no ties here, so it finds the same
    np.testing.assert_array_equal(flooded, x)


def test_ties_are_decoded_into_one_real_maximum():
    """Two equal neighbours are best, in either state: each node alone has a tie."""
    equal = np.log([[1.0, 1e-3], [1e-3, 1.0]])
    unequal = np.log([[1e-3, 1.0], [1.0, 1e-3]])
    for tables in itertools.product([equal, unequal], repeat=4):
        mrf = PairwiseMRF(np.zeros((5, 2)), [(0, 1), (1, 2), (1, 3), (3, 4)], tables)
        winners, value = brute_force_map(mrf)
        x, log_value = bp.max_product(mrf)
        assert len(winners) == 2
        assert x.tolist() in winners.tolist()
        assert log_value == pytest.approx(value)
        assert -mrf.energy(x) == pytest.approx(value)


def test_small_integer_potentials_have_many_ties():
    rng = np.random.default_rng(4)
    for _ in range(30):
        edges = random_tree(7, rng)
        unary, pair = rng.integers(0, 2, (7, 3)), rng.integers(0, 2, (6, 3, 3))
        mrf = PairwiseMRF(unary, edges, list(pair))
        assert bp.max_product(mrf)[0].tolist() in brute_force_map(mrf)[0].tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_flooding_is_exact_after_as_many_rounds_as_the_diameter(seed):
    rng = np.random.default_rng(seed)
    mrf = random_field(random_tree(9, rng), rng, arities=(2, 3))
    rounds, exact = diameter(mrf), bp.sum_product(mrf)
    after = bp.sum_product(mrf, "flooding", max_iter=rounds)
    assert_exact(mrf, after)
    settled = bp.sum_product(mrf, "flooding")
    assert settled.converged
    assert settled.n_messages == 2 * mrf.n_edges * (rounds + 1)  # one more to see no change
    early = bp.sum_product(mrf, "flooding", max_iter=rounds - 1)
    assert not early.converged
    wrong = max(np.abs(a - b).max() for a, b in zip(early.node, exact.node, strict=True))
    assert wrong > 1e-9


def test_two_passes_send_every_message_once():
    rng = np.random.default_rng(1)
    mrf = random_field(random_forest(20, rng), rng, n=20)
    sent = [(m.source, m.target) for m in two_pass(mrf)]
    both = {tuple(e) for e in mrf.edges.tolist()} | {tuple(e[::-1]) for e in mrf.edges.tolist()}
    assert len(sent) == len(set(sent)) == 2 * mrf.n_edges == bp.sum_product(mrf).n_messages
    assert set(sent) == both


def test_no_message_is_sent_before_the_messages_it_needs():
    rng = np.random.default_rng(2)
    mrf = random_field(random_tree(25, rng), rng)
    arrived = set()
    for m in two_pass(mrf, root=7):
        needed = {(int(k), m.source) for k in mrf.neighbours(m.source) if k != m.target}
        assert needed <= arrived
        arrived.add((m.source, m.target))


@pytest.mark.parametrize("zeros", [0.0, 0.3])
def test_messages_one_by_one_are_the_two_pass_messages(zeros):
    rng = np.random.default_rng(3)
    mrf = random_field(random_tree(8, rng), rng, zeros=zeros)
    fast = list(two_pass(mrf))
    order = [(m.source, m.target) for m in fast]
    for m, slow in zip(fast, one_by_one(mrf, order), strict=False):
        assert (m.source, m.target, m.index) == (slow.source, slow.target, slow.index)
        np.testing.assert_allclose(np.exp(m.log_table), np.exp(slow.log_table), atol=1e-14)


def test_one_by_one_settles_on_the_flooded_messages_of_a_loop():
    rng = np.random.default_rng(5)
    mrf = random_field([(0, 1), (1, 2), (2, 3), (3, 0), (1, 4)], rng, arities=(2, 3))
    settled, _, converged = flood_until_settled(mrf, 0.0, 1000, 1e-14)
    assert converged
    for m in itertools.islice(one_by_one(mrf), 10 * 200):
        last = settled[m.index]
        if m.index == 9:
            change = np.abs(np.exp(m.log_table) - np.exp(last)).max()
    assert change < 1e-10


def test_messages_are_normalised_and_mean_the_subtree():
    """A message towards the root is the partial sum over the sender's subtree."""
    mrf = random_field([(0, 1), (1, 2)], np.random.default_rng(6), arities=(3,))
    up = {(m.source, m.target): m for m in two_pass(mrf, root=0)}
    psi = np.exp(mrf.log_pair[1]) @ np.exp(mrf.log_unary[2])
    np.testing.assert_allclose(np.exp(up[2, 1].log_table), psi / psi.sum())
    assert up[2, 1].log_scale == pytest.approx(np.log(psi.sum()))
    for m in up.values():
        assert np.exp(m.log_table).sum() == pytest.approx(1.0)


def test_uniform_potentials_give_uniform_beliefs():
    for edges in ([(0, 1), (1, 2), (1, 3)], [(0, 1), (1, 2), (2, 0), (2, 3)]):
        mrf = PairwiseMRF(np.zeros((4, 3)), edges, np.zeros((3, 3)))
        beliefs = bp.sum_product(mrf, "flooding")
        np.testing.assert_allclose(np.array(beliefs.node), 1 / 3)
        assert beliefs.log_z == pytest.approx(4 * np.log(3))
        assert beliefs.n_messages == 2 * len(edges)  # the first round changes nothing


def test_beliefs_are_locally_consistent_on_loops():
    mrf = random_field([(0, 1), (1, 2), (2, 0), (2, 3)], np.random.default_rng(7))
    beliefs = bp.sum_product(mrf, "flooding", damping=0.3)
    assert beliefs.converged
    for (i, j), pair in zip(mrf.edges, beliefs.pair, strict=True):
        np.testing.assert_allclose(pair.sum(axis=1), beliefs.node[i], atol=1e-10)
        np.testing.assert_allclose(pair.sum(axis=0), beliefs.node[j], atol=1e-10)


def single_cycle(n, coupling, field, rng):
    """A binary ring whose neighbours agree with log odds `coupling`, random preferences."""
    edges = [(k, (k + 1) % n) for k in range(n)]
    unary = field * rng.normal(size=(n, 1)) * [-1, 1]
    return PairwiseMRF(unary, edges, coupling * np.array([[1.0, -1], [-1, 1]]))


def attractive_with_one_preference(n, coupling=0.5, preference=0.3):
    """One node has an opinion, the others only agree: loops hear their own echo."""
    mrf = single_cycle(n, coupling, 0.0, np.random.default_rng(0))
    unary = np.zeros((n, 2))
    unary[0] = [-preference, preference]
    return PairwiseMRF(unary, mrf.edges, coupling * np.array([[1.0, -1], [-1, 1]]))


@pytest.mark.parametrize("n", [3, 4, 6])
def test_a_loop_makes_beliefs_over_confident(n):
    mrf = attractive_with_one_preference(n)
    loopy = np.array(bp.sum_product(mrf, "flooding").node)
    exact = np.array(mrf.marginals_by_enumeration())
    assert np.all(loopy[:, 1] > exact[:, 1] + 1e-4)
    assert np.all(exact[:, 1] > 0.5)


@pytest.mark.parametrize("seed", SEEDS)
def test_on_one_binary_cycle_the_decisions_are_right(seed):
    """Weiss (2000): on a single loop of binary variables the likelier state is identified."""
    rng = np.random.default_rng(seed)
    mrf = single_cycle(5, rng.choice([-1, 1]) * rng.uniform(0.4, 1.0), 0.7, rng)
    loopy = np.array(bp.sum_product(mrf, "flooding").node)
    exact = np.array(mrf.marginals_by_enumeration())
    np.testing.assert_array_equal(loopy.argmax(axis=1), exact.argmax(axis=1))
    assert np.abs(loopy - exact).max() > 1e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_max_product_on_one_cycle_is_right_where_it_settles(seed):
    """Weiss (2000): a max-product fixed point on a single loop is the MAP assignment."""
    rng = np.random.default_rng(seed)
    edges = [(0, 1), (1, 2), (2, 3), (3, 0)]
    mrf = random_field(edges, rng, arities=(2, 3))
    _, _, converged = flood_until_settled(mrf, 0.0, 1000, 1e-12, np.maximum)
    if converged:
        assert bp.max_product(mrf, "flooding")[0].tolist() in brute_force_map(mrf)[0].tolist()


def frustrated():
    """A complete graph whose neighbours would all differ: undamped flooding oscillates."""
    edges = list(itertools.combinations(range(4), 2))
    unary = 0.3 * np.random.default_rng(1).normal(size=(4, 2))
    return PairwiseMRF(unary, edges, np.array([[-1.0, 1], [1, -1]]))


def test_damping_settles_what_oscillates():
    mrf = frustrated()
    assert not bp.sum_product(mrf, "flooding", max_iter=300).converged
    assert bp.sum_product(mrf, "flooding", damping=0.5, max_iter=300).converged


def test_damping_does_not_move_the_fixed_point():
    mrf = random_field([(0, 1), (1, 2), (2, 0)], np.random.default_rng(8), zeros=0.1)
    plain, damped = (bp.sum_product(mrf, "flooding", damping=d) for d in (0.0, 0.6))
    assert plain.converged
    assert damped.converged
    assert damped.n_messages > plain.n_messages
    assert damped.log_z == pytest.approx(plain.log_z, abs=1e-9)
    for a, b in zip(plain.node, damped.node, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-9)


def test_bethe_log_z_of_a_cycle_by_its_transfer_matrix():
    """Without unary terms the ring's largest eigenvalue gives Bethe's value: lambda_1^n."""
    n, coupling = 6, 0.7
    mrf = single_cycle(n, coupling, 0.0, np.random.default_rng(0))
    values = np.linalg.eigvalsh(np.exp(mrf.log_pair[0]))
    assert bp.sum_product(mrf, "flooding").log_z == pytest.approx(n * np.log(values.max()))
    assert mrf.log_z_by_enumeration() == pytest.approx(np.log(np.sum(values**n)))


# ------------------------------------------------------------------ large, extreme, impossible


@pytest.mark.slow
def test_a_chain_of_a_hundred_thousand_nodes():
    """No recursion, no underflow: the uniform Markov chain has a closed form."""
    n, stay = 100_000, 0.9
    step = np.log([[stay, 1 - stay], [1 - stay, stay]])
    unary = np.zeros((n, 2))
    unary[0] = np.log([1.0, 1e-300])  # starts in state 0
    mrf = PairwiseMRF(unary, np.stack([np.arange(n - 1), np.arange(1, n)], axis=1), step)
    beliefs = bp.sum_product(mrf)
    assert beliefs.log_z == pytest.approx(0.0, abs=1e-8)
    want = 0.5 + 0.5 * (2 * stay - 1) ** np.arange(n)
    np.testing.assert_allclose(np.array(beliefs.node)[:, 0], want, atol=1e-9)
    assert bp.max_product(mrf)[1] == pytest.approx((n - 1) * np.log(stay))


@pytest.mark.slow
def test_a_hub_with_many_leaves_is_quick():
    """Quadratic work in the hub's degree would take hours, and gigabytes, here."""
    n = 50_000
    rng = np.random.default_rng(0)
    edges = np.stack([np.zeros(n, dtype=int), np.arange(1, n + 1)], axis=1)
    mrf = PairwiseMRF(rng.normal(size=(n + 1, 2)), edges, rng.normal(size=(2, 2)))
    log_z = bp.sum_product(mrf, root=5).log_z
    hub = mrf.log_unary[0] + np.logaddexp.reduce(
        mrf.log_pair[0][None] + mrf.log_unary[1:, None, :], axis=2
    ).sum(axis=0)
    assert log_z == pytest.approx(np.logaddexp.reduce(hub), rel=1e-10)


@pytest.mark.parametrize("scale", [1e-3, 50.0, 1e4])
def test_extreme_potentials_neither_overflow_nor_underflow(scale):
    rng = np.random.default_rng(9)
    edges = random_tree(7, rng)
    mrf = PairwiseMRF(scale * rng.normal(size=(7, 3)), edges, scale * rng.normal(size=(6, 3, 3)))
    assert_exact(mrf, bp.sum_product(mrf), atol=1e-9)
    assert_exact(mrf, bp.sum_product(mrf, "flooding"), atol=1e-9)


def test_exclusive_sums_leave_one_out_even_with_zeros():
    own = np.array([0.5, -np.inf, 1.0])
    messages = [np.array([1.0, 2, -np.inf]), np.array([3.0, 4, 5]), np.array([6.0, 7, 8])]
    got = exclusive_sums(own, messages)
    for k in range(3):
        np.testing.assert_array_equal(got[k], own + sum(messages[:k] + messages[k + 1 :]))
    assert exclusive_sums(own, []).shape == (0, 3)


def test_cavities_with_zeros_are_direct_sums():
    rng = np.random.default_rng(10)
    mrf = random_field(random_tree(6, rng), rng, arities=(3,), zeros=0.3)
    messages = np.where(rng.random((10, 3)) < 0.4, -np.inf, rng.normal(size=(10, 3)))
    wiring = Wiring(mrf)
    got = wiring.log_cavities(messages)
    for d, (j, i) in enumerate(zip(wiring.source, wiring.target, strict=True)):
        into = [messages[e] for e in np.flatnonzero(wiring.target == j) if wiring.source[e] != i]
        np.testing.assert_allclose(got[d], mrf.log_unary[j] + sum(into), atol=1e-12)


def test_impossible_evidence_is_a_clear_error():
    forbid = np.log(np.eye(2) + 1e-300)
    forbid[forbid < -100] = -np.inf
    mrf = PairwiseMRF(np.zeros((3, 2)), [(0, 1), (1, 2)], forbid).with_evidence({0: 0, 2: 1})
    for run in (bp.sum_product, bp.log_partition, bp.max_product):
        with pytest.raises(ValueError, match="no assignment has a positive probability"):
            run(mrf)
    with pytest.raises(ValueError, match="no assignment"):
        bp.sum_product(mrf, "flooding")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("run", [bp.sum_product, bp.max_product, bp.log_partition])
def test_a_cycle_is_refused_and_named(seed, run):
    rng = np.random.default_rng(seed)
    edges = random_tree(8, rng)
    tree = nx.Graph(edges)
    extra = next(e for e in itertools.combinations(range(8), 2) if not tree.has_edge(*e))
    mrf = random_field([*edges, extra], rng)
    with pytest.raises(ValueError, match="the graph has a cycle") as caught:
        run(mrf)
    named = str(caught.value).split("cycle: ")[1].split(".")[0].split(" - ")
    want = nx.shortest_path(tree, *extra)
    assert named[0] == named[-1]
    assert set(map(int, named)) == set(want)
    assert len(named) == len(want) + 1
    assert all(mrf.graph.has_edge(int(a), int(b)) for a, b in itertools.pairwise(named))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"schedule": "spiral"}, "schedule must be"),
        ({"root": 3}, "root 3 is not a node"),
        ({"schedule": "flooding", "damping": 1.0}, "damping must be"),
    ],
)
def test_bad_arguments_are_named(arguments, match):
    mrf = PairwiseMRF(np.zeros((3, 2)), [(0, 1), (1, 2)], np.zeros((2, 2)))
    with pytest.raises(ValueError, match=match):
        bp.sum_product(mrf, **arguments)


def test_one_by_one_and_max_product_refuse_nonsense():
    mrf = PairwiseMRF(np.zeros((3, 2)), [(0, 1), (1, 2)], np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"no edge for the messages \[\(0, 2\)\]"):
        next(one_by_one(mrf, [(0, 1), (0, 2)]))
    with pytest.raises(ValueError, match="schedule must be"):
        bp.max_product(mrf, "spiral")


def test_forest_order_puts_parents_first():
    mrf = random_field(random_forest(30, np.random.default_rng(3)), np.random.default_rng(0), n=30)
    forest = root_forest(mrf, 11)
    place = {node: k for k, node in enumerate(forest.order)}
    assert sorted(forest.order) == list(range(30))
    assert forest.order[0] == 11
    assert len(forest.roots) == mrf.n_components()
    assert all(place[p] < place[c] for c, p in enumerate(forest.parent) if p >= 0)
    assert all(forest.parent[c] == p for p, cs in enumerate(forest.children) for c in cs)


def test_nothing_is_written_into_the_field():
    rng = np.random.default_rng(0)
    mrf = random_field(random_tree(6, rng), rng)
    unary, pair = mrf.log_unary.copy(), mrf.log_pair.copy()
    bp.sum_product(mrf)
    bp.sum_product(mrf, "flooding", damping=0.2)
    bp.max_product(mrf)
    bp.log_partition(mrf)
    next(flooding(mrf))
    np.testing.assert_array_equal(mrf.log_unary, unary)
    np.testing.assert_array_equal(mrf.log_pair, pair)
