"""Checks of the equations of the lesson on belief propagation."""

from itertools import pairwise, product

import networkx as nx
import numpy as np
from scipy.special import logsumexp

from lib import belief_propagation as bp
from lib.hmm import forward_backward, hmm_field
from lib.messages import pass_message
from lib.mrf import PairwiseMRF
from lib.schedules import flooding, two_pass
from lib.trees import root_forest
from tests.bp_cases import pairs_by_enumeration, random_field, random_tree
from tests.equations import checks

SEEDS = range(3)


def tree(seed: int) -> PairwiseMRF:
    """A random tree of 6 nodes with 1 to 4 states each and some forbidden entries."""
    rng = np.random.default_rng(seed)
    return random_field(random_tree(6, rng), rng, zeros=0.15)


def raw_messages(mrf: PairwiseMRF) -> dict[tuple[int, int], np.ndarray]:
    """Unnormalised m_ji of a tree: the table that was sent times all divisors behind it."""
    scale, out = {}, {}
    for m in two_pass(mrf):
        behind = [scale[k, m.source] for k in mrf.neighbours(m.source).tolist() if k != m.target]
        scale[m.source, m.target] = m.log_scale + sum(behind)
        table = np.exp(m.log_table + scale[m.source, m.target])
        out[m.source, m.target] = table[: mrf.n_states[m.target]]
    return out


def psi_pair(mrf: PairwiseMRF, j: int, i: int) -> np.ndarray:
    """psi_ij(x_i, x_j) with the axes (K_j, K_i)."""
    for (a, b), logs in zip(mrf.edges.tolist(), mrf.log_pair, strict=True):
        if {a, b} == {i, j}:
            table = np.exp(logs[: mrf.n_states[a], : mrf.n_states[b]])
            return table if (a, b) == (j, i) else table.T
    raise ValueError(f"no edge between {i} and {j}")


def psi(mrf: PairwiseMRF, i: int) -> np.ndarray:
    return np.exp(mrf.log_unary[i, : mrf.n_states[i]])


@checks("eq-bp-chain", by="Bayes' rule in the enumerated joint of weather and umbrellas")
def chain_with_observations():
    """p(x | y) of a three-day hidden Markov model is the product of its potentials over Z."""
    rng = np.random.default_rng(0)
    start, step, see = rng.dirichlet([1, 1]), rng.dirichlet([1, 1], 2), rng.dirichlet([1, 1, 1], 2)
    joint = np.einsum("a,ab,bc,ax,by,cz->abcxyz", start, step, step, see, see, see)
    assert np.isclose(joint.sum(), 1)
    for y in product(range(3), repeat=3):
        unary = [see[:, state] for state in y]
        unary[0] = unary[0] * start
        field = PairwiseMRF.from_potentials(unary, [(0, 1), (1, 2)], step)
        seen = joint[(..., *y)]
        posterior = seen / seen.sum()
        table = np.exp(field.log_table() - field.log_z_by_enumeration())
        assert np.allclose(table, posterior, atol=1e-14)
        assert np.isclose(field.log_z_by_enumeration(), np.log(seen.sum()))


@checks("eq-bp-push", by="nested loops for every line of the derivation, and enumeration")
def pushing_sums_inward():
    """All four lines give the same function of x_1, and it is the enumerated marginal."""
    rng = np.random.default_rng(1)
    k = (2, 3, 4)
    p1, p2, p3 = (rng.random(n) for n in k)
    p12, p23 = rng.random(k[:2]), rng.random(k[1:])
    first = [
        sum(p1[a] * p2[b] * p3[c] * p12[a, b] * p23[b, c] for b in range(3) for c in range(4))
        for a in range(2)
    ]
    inner = [sum(p23[b, c] * p3[c] for c in range(4)) for b in range(3)]
    second = [p1[a] * sum(p12[a, b] * p2[b] * inner[b] for b in range(3)) for a in range(2)]
    m32 = p23 @ p3
    m21 = p12 @ (p2 * m32)
    assert np.allclose(first, second)
    assert np.allclose(first, p1 * m21)
    field = PairwiseMRF.from_potentials([p1, p2, p3], [(0, 1), (1, 2)], [p12, p23])
    sent = raw_messages(field)
    assert np.allclose(sent[2, 1], m32)
    assert np.allclose(sent[1, 0], m21)
    assert np.allclose(first / np.sum(first), field.marginals_by_enumeration()[0])


@checks("eq-bp-message", by="loops over the sender's states")
def message_formula():
    """Each message sent is the sum over x_j of psi_ij, psi_j and all other incoming messages."""
    for seed in SEEDS:
        mrf = tree(seed)
        sent = raw_messages(mrf)
        for j, i in sent:
            pair, own = psi_pair(mrf, j, i), psi(mrf, j)
            others = [sent[k, j] for k in mrf.neighbours(j).tolist() if k != i]
            want = [
                sum(
                    pair[a, b] * own[a] * np.prod([m[a] for m in others])
                    for a in range(mrf.n_states[j])
                )
                for b in range(mrf.n_states[i])
            ]
            assert np.allclose(sent[j, i], want, rtol=1e-12)
        assert len(sent) == 2 * mrf.n_edges


@checks("eq-bp-subtree", by="enumeration of the part of the tree behind the edge")
def subtree_sums():
    """A message equals the sum of all potentials behind its edge over all their states."""
    for seed in SEEDS:
        mrf = tree(seed)
        for (j, i), message in raw_messages(mrf).items():
            cut = mrf.graph
            cut.remove_edge(i, j)
            behind = sorted(nx.node_connected_component(cut, j))
            want = np.zeros(mrf.n_states[i])
            for x in product(*(range(mrf.n_states[s]) for s in behind)):
                state = dict(zip(behind, x, strict=True))
                weight = np.prod([psi(mrf, s)[state[s]] for s in behind])
                for s, t in cut.subgraph(behind).edges:
                    weight *= psi_pair(mrf, s, t)[state[s], state[t]]
                want += weight * psi_pair(mrf, j, i)[state[j]]
            assert np.allclose(message, want, rtol=1e-10)


@checks("eq-bp-marginal", "eq-bp-pair", by="enumeration of random trees")
def marginals():
    """Products of incoming messages, normalised, are the marginals of nodes and of edges."""
    for seed in SEEDS:
        mrf = tree(seed)
        sent, exact = raw_messages(mrf), mrf.marginals_by_enumeration()
        for i in range(mrf.n_nodes):
            belief = psi(mrf, i) * product_into(mrf, sent, i)
            assert np.allclose(belief / belief.sum(), exact[i], atol=1e-12)
        for (i, j), want in zip(mrf.edges.tolist(), pairs_by_enumeration(mrf), strict=True):
            left = psi(mrf, i) * product_into(mrf, sent, i, without=j)
            right = psi(mrf, j) * product_into(mrf, sent, j, without=i)
            belief = psi_pair(mrf, i, j) * left[:, None] * right[None, :]
            assert np.allclose(belief / belief.sum(), want, atol=1e-12)


def product_into(mrf: PairwiseMRF, sent: dict, i: int, without: int = -1) -> np.ndarray:
    """Product of the messages into node i, but for the one from `without`."""
    into = [sent[k, i] for k in mrf.neighbours(i).tolist() if k != without]
    return np.prod([np.ones(mrf.n_states[i]), *into], axis=0)


@checks("eq-bp-z", by="enumeration, at every node")
def partition_function_at_every_node():
    """Own potential times all raw incoming messages adds up to Z, whichever node adds."""
    for seed in SEEDS:
        mrf = tree(seed)
        sent = raw_messages(mrf)
        every = [psi(mrf, i) @ product_into(mrf, sent, i) for i in range(mrf.n_nodes)]
        assert np.allclose(np.log(every), mrf.log_z_by_enumeration(), atol=1e-10)


@checks("eq-bp-logz", by="enumeration, from every root")
def log_z_from_divisors():
    """The divisors of the normalised messages toward a root restore log Z."""
    for seed in SEEDS:
        mrf = tree(seed)
        for root in range(mrf.n_nodes):
            forest = root_forest(mrf, root)
            up = [m for m in two_pass(mrf, root) if forest.parent[m.source] == m.target]
            last = sum([m.log_table for m in up if m.target == root], mrf.log_unary[root])
            total = sum(m.log_scale for m in up) + logsumexp(last)
            assert len(up) == mrf.n_nodes - 1
            assert np.isclose(total, mrf.log_z_by_enumeration(), atol=1e-10)
            assert np.isclose(bp.log_partition(mrf, root), total, atol=1e-10)


@checks("eq-bp-logsum", by="plain products where they do not underflow, exact shifts where they do")
def log_domain():
    """The log-domain message is the log of the plain one; a shift by 10^5 nats changes nothing."""
    rng = np.random.default_rng(2)
    pair, h = rng.normal(size=(4, 3)), rng.normal(size=4)
    plain = np.log(np.exp(pair).T @ np.exp(h))
    a = pair + h[:, None]
    shifted = a.max(axis=0) + np.log(np.exp(a - a.max(axis=0)).sum(axis=0))
    assert np.allclose(shifted, plain, atol=1e-12)
    assert np.allclose(pass_message(pair, h), plain, atol=1e-12)
    assert np.allclose(pass_message(pair, h - 1e5) + 1e5, plain, atol=1e-9)
    h[1:] = -np.inf  # only one state of the sender is possible
    assert np.allclose(pass_message(pair, h), pair[0] + h[0])


@checks("eq-bp-bethe", by="enumeration, with normalisers of raw and of rescaled messages")
def bethe():
    """Normalisers of pairs and nodes give log Z on a tree, whatever the scale of the messages."""
    rng = np.random.default_rng(3)
    for seed in SEEDS:
        mrf = tree(seed)
        sent = {edge: rng.gamma(1.0) * m for edge, m in raw_messages(mrf).items()}
        total = 0.0
        for i in range(mrf.n_nodes):
            z = psi(mrf, i) @ product_into(mrf, sent, i)
            total += (1 - len(mrf.neighbours(i))) * np.log(z)
        for i, j in mrf.edges.tolist():
            left = psi(mrf, i) * product_into(mrf, sent, i, without=j)
            right = psi(mrf, j) * product_into(mrf, sent, j, without=i)
            total += np.log(left @ psi_pair(mrf, i, j) @ right)
        assert np.isclose(total, mrf.log_z_by_enumeration(), atol=1e-10)
        assert np.isclose(bp.sum_product(mrf).log_z, total, atol=1e-10)


@checks("eq-bp-forward", "eq-bp-backward", by="enumeration of all hidden and observed sequences")
def forward_and_backward():
    """The recursions are p(x_t, y_1..y_t) and p(y_{t+1}..y_M | x_t); their product smooths."""
    rng = np.random.default_rng(4)
    start, step, see = rng.dirichlet(np.ones(3)), *(rng.dirichlet(np.ones(3), 3) for _ in range(2))
    y, steps = (0, 2, 1, 1), range(4)
    alpha, beta = [start * see[:, y[0]]], [np.ones(3)]
    for t in range(3):
        alpha.append(see[:, y[t + 1]] * (step.T @ alpha[-1]))
        beta.insert(0, step @ (see[:, y[3 - t]] * beta[0]))
    joint = np.einsum("a,ab,bc,cd,a,b,c,d->abcd", start, step, step, step, *(see[:, s] for s in y))
    for t in steps:
        past, future = np.zeros(3), np.zeros(3)
        for x in product(range(3), repeat=t + 1):
            moves = np.prod([step[a, b] for a, b in pairwise(x)])
            past[x[-1]] += start[x[0]] * moves * np.prod([see[s, y[k]] for k, s in enumerate(x)])
        for first, *rest in product(range(3), repeat=4 - t):
            path = [first, *rest]
            moves = np.prod([step[a, b] for a, b in pairwise(path)])
            future[first] += moves * np.prod([see[s, y[t + 1 + k]] for k, s in enumerate(rest)])
        assert np.allclose(alpha[t], past)
        assert np.allclose(beta[t], future)
        assert np.allclose(alpha[t] * beta[t], joint.sum(axis=tuple(set(steps) - {t})))
    found = forward_backward(np.log(start), np.log(step), np.log(see[:, y]).T)
    assert np.isclose(found.log_likelihood, np.log(joint.sum()))
    assert np.allclose(found.filtered, [a / a.sum() for a in alpha])
    field = hmm_field(np.log(start), np.log(step), np.log(see[:, y]).T)
    assert np.allclose(np.exp(field.log_table()), joint)


@checks("eq-bp-max", by="the largest entry of the enumerated table, at every node")
def maximum_distributes():
    """With maxima for sums, own potential times messages has the maximum over all assignments."""
    for seed in SEEDS:
        mrf = tree(seed)

        def message(j: int, i: int, mrf: PairwiseMRF = mrf) -> np.ndarray:
            others = [message(k, j, mrf) for k in mrf.neighbours(j).tolist() if k != i]
            own = np.prod([psi(mrf, j), *others], axis=0)
            return (own[:, None] * psi_pair(mrf, j, i)).max(axis=0)

        largest = mrf.log_table().max()
        for i in range(mrf.n_nodes):
            into = [message(k, i) for k in mrf.neighbours(i).tolist()]
            value = np.prod([psi(mrf, i), *into], axis=0).max()
            assert np.isclose(np.log(value), largest, atol=1e-10)
        assert np.isclose(bp.max_product(mrf)[1], largest, atol=1e-10)


@checks("eq-bp-damping", by="one damped round in nested loops over states, and its fixed points")
def damping():
    """A damped round is the stated mixture, and a fixed point of F is one of the damped rule."""
    mrf = random_field([(0, 1), (1, 2), (2, 0)], np.random.default_rng(5), arities=(3,))
    rounds, weight = flooding(mrf, 0.3), 0.3
    old, new = np.exp(next(rounds)), np.exp(next(rounds))
    both = [(j, i) for edge in mrf.edges.tolist() for j, i in (edge, edge[::-1])]
    number = {edge: d for d, edge in enumerate(both)}
    for (j, i), d in number.items():
        computed = np.zeros(3)
        for a, b in product(range(3), repeat=2):
            others = [old[number[k, j]][a] for k in range(3) if k not in (i, j)]
            computed[b] += psi_pair(mrf, j, i)[a, b] * psi(mrf, j)[a] * np.prod(others)
        mixture = (1 - weight) * computed / computed.sum() + weight * old[d]
        assert np.allclose(new[d], mixture, atol=1e-14)
    assert np.allclose(new.sum(axis=1), 1)
    plain, damped = (bp.sum_product(mrf, "flooding", damping=w) for w in (0.0, weight))
    assert plain.converged
    assert damped.converged
    assert np.allclose(np.array(plain.node), np.array(damped.node), atol=1e-9)
