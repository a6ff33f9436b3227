"""The drawings show what the messages say."""

import numpy as np
import pytest

from lib.belief_propagation import sum_product
from lib.corridor import Corridor
from lib.message_plots import NODE, Stage, message_order, weather_stations
from lib.mrf import PairwiseMRF
from lib.schedules import two_pass
from lib.trees import computation_tree
from tests.bp_cases import random_field

TREE = [(0, 1), (1, 2), (1, 3)]
POS = {0: (1, 1), 1: (2.5, 1), 2: (4, 2), 3: (4, 0.6)}


def field(edges):
    return random_field(edges, np.random.default_rng(0), arities=(2,))


def shown(stage):
    return [parts[1].get_width() / NODE[0] for parts in stage.nodes.values()]


def test_the_stage_starts_with_own_opinions_and_ends_with_the_marginals():
    mrf = field(TREE)
    order = [(m.source, m.target) for m in two_pass(mrf)]
    stage = Stage(POS, [*TREE, (2, 3)], ("no", "yes"))
    stage.after(mrf, order, 0)
    np.testing.assert_allclose(
        shown(stage), 1 / (1 + np.exp(mrf.log_unary[:, 0] - mrf.log_unary[:, 1]))
    )
    for step in (6, 9):  # all six messages, and three more rounds that change nothing
        stage.after(mrf, order, step)
        np.testing.assert_allclose(shown(stage), [p[1] for p in sum_product(mrf).node])


def test_the_stage_hides_what_is_not_there():
    stage = Stage(POS, [*TREE, (2, 3)], ("no", "yes"))
    tree, loop = field(TREE), field([*TREE, (2, 3)])
    order = [(m.source, m.target) for m in two_pass(tree)]
    stage.after(tree, order, 2)
    assert not stage.lines[frozenset((2, 3))].get_visible()
    assert not stage.arrows[2, 3][0].get_visible()
    assert [e for e, bar in stage.arrows.items() if bar[2].get_visible()] == sorted(
        order[:2], key=list(stage.arrows).index
    )
    stage.after(loop, [*order, (2, 3), (3, 2)], 9)
    assert stage.lines[frozenset((2, 3))].get_visible()
    assert all(bar[2].get_visible() for bar in stage.arrows.values())


def test_the_numbers_under_a_bar_are_the_belief_and_the_exact_value():
    stage, mrf = Stage(POS, TREE, ("no", "yes")), field(TREE)
    stage.after(mrf, [(0, 1)], 0)
    exact = [p[1] for p in mrf.marginals_by_enumeration()]
    pairs = [[float(text.get_text()) for text in parts[3]] for parts in stage.nodes.values()]
    np.testing.assert_allclose(pairs, np.transpose([shown(stage), exact]), atol=0.00501)
    for parts in stage.nodes.values():  # and they do not touch each other
        mine, true = (text.get_window_extent() for text in parts[3])
        assert mine.x1 + 5 < true.x0


def test_observed_nodes_are_marked():
    stage, mrf = Stage(POS, TREE, ("no", "yes")), field(TREE).with_evidence({0: 1})
    stage.after(mrf, [(0, 1)], 1)
    faces = [parts[0].get_facecolor() for parts in stage.nodes.values()]
    assert faces[0] != faces[1] == faces[2]


def test_message_order_draws_one_picture_a_message():
    import matplotlib.pyplot as plt

    mrf = field(TREE)
    fig = message_order(list(two_pass(mrf)), POS, columns=4)
    titles = [ax.get_title() for ax in fig.axes]
    assert titles[0] == "1. x₄ to x₂"
    assert [len(ax.patches) for ax in fig.axes] == [1, 2, 3, 4, 5, 6, 0, 0]
    plt.close(fig)


@pytest.mark.parametrize("edges", [[(0, 1), (1, 2), (2, 0)], [(0, 1), (1, 2), (2, 0), (2, 3)]])
@pytest.mark.parametrize("rounds", [1, 2, 3, 5])
def test_flooding_is_exact_on_the_computation_tree(edges, rounds):
    """Weiss (2000): after t rounds, a loopy belief is the exact root belief of this tree."""
    mrf = random_field(edges, np.random.default_rng(rounds), arities=(2, 3))
    loopy = sum_product(mrf, "flooding", max_iter=rounds)
    for node in range(mrf.n_nodes):
        tree = computation_tree(mrf, node, rounds)
        np.testing.assert_allclose(sum_product(tree).node[0], loopy.node[node], atol=1e-12)


def test_the_computation_tree_of_a_ring_is_a_chain():
    ring = field([(0, 1), (1, 2), (2, 3), (3, 0)])
    tree = computation_tree(ring, 0, 6)
    assert tree.n_nodes == 13
    assert tree.is_tree()
    assert np.bincount(tree.edges.ravel()).max() == 2
    assert isinstance(tree, PairwiseMRF)


def test_corridor_tables_and_walks(rng):
    corridor = Corridor(10, [2, 7], {0: 0.25, 1: 0.75}, click=(0.9, 0.2))
    np.testing.assert_allclose(np.exp(corridor.log_transition).sum(axis=1), 1)
    assert np.exp(corridor.log_transition[9, 0]) == pytest.approx(0.75)
    walk = corridor.simulate(5000, rng)
    steps = np.diff(walk.path) % 10
    assert set(steps) == {0, 1}
    assert steps.mean() == pytest.approx(0.75, abs=0.03)
    assert walk.clicked[np.isin(walk.path, [2, 7])].mean() == pytest.approx(0.9, abs=0.04)
    right = np.exp(walk.log_emission[np.arange(5000), walk.path])
    np.testing.assert_allclose(
        right, np.where(walk.clicked, corridor.p_click[walk.path], 1 - corridor.p_click[walk.path])
    )


def test_corridor_refuses_nonsense():
    with pytest.raises(ValueError, match=r"doors \[9\] lie outside"):
        Corridor(5, [1, 9], {1: 1.0})
    with pytest.raises(ValueError, match=r"sum to 0\.9"):
        Corridor(5, [1], {0: 0.5, 1: 0.4})


def test_the_weather_stations_are_right_on_the_tree_and_overshoot_on_the_loop():
    fields, orders, stage = weather_stations()
    for name, mrf in fields.items():
        wet = mrf.with_evidence({0: 1})
        stage.after(wet, orders[name], 40)
        exact = np.array([p[1] for p in wet.marginals_by_enumeration()])
        if name == "tree":
            assert wet.is_tree()
            np.testing.assert_allclose(shown(stage), exact, atol=1e-12)
        else:
            assert wet.n_edges == fields["tree"].n_edges + 1
            assert (np.array(shown(stage))[1:] > exact[1:] + 0.01).all()
