"""Checks of the equations in the homework."""

from itertools import product

import numpy as np

from lib import homework_graphical as graphical
from lib.bayes_net import BayesNet
from lib.homework_graphical_paths import path_score
from lib.mrf import PairwiseMRF
from tests.equations import checks


def whole_tree(tree: graphical.Tree) -> np.ndarray:
    """Log of the product of all potentials, one axis a node."""
    n = len(tree.log_unary)
    total = np.zeros([len(own) for own in tree.log_unary])
    for i, own in enumerate(tree.log_unary):
        total = total + own.reshape([-1 if k == i else 1 for k in range(n)])
    for (u, v), pair in tree.log_pair.items():
        if u < v:
            total = total + pair.reshape(
                [pair.shape[(u, v).index(k)] if k in (u, v) else 1 for k in range(n)]
            )
    return total


@checks("eq-hw-message", by="the sum over every configuration behind the sender")
def message():
    """The recursion from the messages of the other neighbours gives the enumerated message."""
    tree = graphical.random_tree(np.random.default_rng(0), n_nodes=6)
    for j, i in tree.log_pair:
        others = [np.exp(tree.inbox[k, j]) for k in tree.neighbours[j] if k != i]
        incoming = np.prod([np.exp(tree.log_unary[j]), *others], axis=0)
        sent = np.exp(tree.log_pair[j, i]).T @ incoming
        assert np.allclose(np.log(sent), tree.inbox[j, i], atol=1e-10)


@checks("eq-hw-belief", by="the marginals of the whole joint table of a random tree")
def belief():
    """Own potential times arriving messages, normalised, is the marginal of the joint."""
    tree = graphical.random_tree(np.random.default_rng(1), n_nodes=5)
    joint = np.exp(whole_tree(tree))
    for i, own in enumerate(tree.log_unary):
        found = np.exp(own + sum(tree.inbox[j, i] for j in tree.neighbours[i]))
        right = joint.sum(axis=tuple(k for k in range(5) if k != i))
        assert np.allclose(found / found.sum(), right / right.sum(), atol=1e-12)


@checks("eq-hw-path", by="the joint probability of the same chain built as a Bayesian network")
def path():
    """The three sums are the log probability of states and observations together."""
    rng = np.random.default_rng(2)
    start, step, see = (rng.dirichlet(np.ones(3), size=n) for n in (1, 3, 3))
    net, seen = BayesNet(), [2, 0, 1, 1]
    for t in range(4):
        net.add(f"x{t}", 3, step if t else start[0], parents=[f"x{t - 1}"] if t else [])
        net.add(f"y{t}", 3, see, parents=[f"x{t}"])
    model = np.log(start[0]), np.log(step), np.log(see[:, seen].T)
    observed = {f"y{t}": y for t, y in enumerate(seen)}
    for states in product(range(3), repeat=4):
        both = {f"x{t}": x for t, x in enumerate(states)} | observed
        assert np.isclose(path_score(np.array(states), model), net.log_prob(both))


@checks("eq-hw-energy", by="minus the log potentials of a pairwise field on the same grid")
def energy():
    """The three sums over pixels and pairs are the energy of a pairwise Markov random field."""
    rng, (h, beta, eta) = np.random.default_rng(3), (0.3, 0.8, 1.1)
    y, number = rng.choice([-1, 1], size=(3, 4)), np.arange(12).reshape(3, 4)
    pairs = np.concatenate(
        [
            np.stack([number[1:].ravel(), number[:-1].ravel()], axis=1),
            np.stack([number[:, 1:].ravel(), number[:, :-1].ravel()], axis=1),
        ]
    )
    spin = np.array([-1, 1])
    unary = [(eta * pixel - h) * spin for pixel in y.ravel()]
    field = PairwiseMRF(unary, pairs, beta * np.outer(spin, spin))
    for _ in range(5):
        x = rng.choice([-1, 1], size=(3, 4))
        touching = sum(x.ravel()[i] * x.ravel()[j] for i, j in pairs)
        by_hand = h * x.sum() - beta * touching - eta * (x * y).sum()
        assert np.isclose(by_hand, field.energy((x.ravel() + 1) // 2))
