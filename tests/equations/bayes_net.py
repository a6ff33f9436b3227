"""Checks of the equations of the lesson on Bayesian networks."""

from itertools import permutations, product

import networkx as nx
import numpy as np
from scipy import stats

from lib.bayes_net import BayesNet, markov_blanket
from lib.glyphs import CAUSES, GlyphModel, templates
from lib.networks import burglar_alarm, random_network
from tests.equations import checks

SEVEN = nx.DiGraph(
    [(f"x{i}", f"x{j}") for i, j in ("14", "24", "34", "15", "35", "46", "47", "57")]
)


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def three(arrows: str, k: int = 3) -> np.ndarray:
    """Joint p(a, b, c) of a random three-node network, axes in this order."""
    net = random_network(nx.DiGraph(arrows.split()), k, rng())
    return net.joint().reorder("a", "b", "c").table


@checks("eq-bn-chain-rule", by="sums of a random joint table of four variables, in all 24 orders")
def chain_rule():
    """Conditionals read off a joint multiply to it again, whatever the order."""
    joint = rng().dirichlet(np.ones(2 * 3 * 2 * 2)).reshape(2, 3, 2, 2)
    for order in permutations(range(4)):
        result = np.ones_like(joint)
        for k, i in enumerate(order):
            later = tuple(j for j in range(4) if j not in order[: k + 1])
            upto = joint.sum(axis=later, keepdims=True)
            result = result * upto / upto.sum(axis=i, keepdims=True)
        np.testing.assert_allclose(result, joint, rtol=1e-12)


@checks("eq-bn-independence", by="its equal form p(a | b, c) = p(a | c) on a joint that has it")
def independence():
    """A joint made of p(c) p(a|c) p(b|c) has both forms, a random joint has neither."""
    joint = three("ca cb")
    given_c = joint / joint.sum(axis=(0, 1))
    p_a, p_b = given_c.sum(axis=1), given_c.sum(axis=0)
    np.testing.assert_allclose(given_c, p_a[:, None] * p_b[None], rtol=1e-12)
    a_given_bc = joint / joint.sum(axis=0)
    np.testing.assert_allclose(a_given_bc, np.broadcast_to(p_a[:, None], joint.shape), rtol=1e-12)
    other = rng().dirichlet(np.ones(27)).reshape(3, 3, 3)
    given_c = other / other.sum(axis=(0, 1))
    assert np.abs(given_c - given_c.sum(axis=1)[:, None] * given_c.sum(axis=0)[None]).max() > 1e-3


@checks("eq-bn-factorisation", by="enumeration of random networks with one to three states a node")
def factorisation():
    """The product of tables sums to one, and its conditionals are the tables.

    Both given the parents and given all earlier variables.
    """
    sizes = {f"x{k}": 1 + k % 3 for k in range(1, 8)}
    net = random_network(SEVEN, sizes, rng())
    table = np.ones([sizes[v] for v in net.nodes])
    for x in np.ndindex(table.shape):
        state = dict(zip(net.nodes, x, strict=True))
        for v in net.nodes:
            table[x] *= net.cpt(v)[tuple(state[u] for u in (*net.parents(v), v))]
    np.testing.assert_allclose(table.sum(), 1, atol=1e-12)
    np.testing.assert_allclose(net.joint().table, table, rtol=1e-12)
    for i, v in enumerate(net.nodes):
        upto = net.joint().sum_out(*net.nodes[i + 1 :]).reorder(*net.nodes[: i + 1]).table
        earlier = [net.nodes.index(u) for u in net.parents(v)]
        for x in np.ndindex(upto.shape[:-1]):
            given_all = upto[x] / upto[x].sum()
            row = net.cpt(v)[tuple(x[k] for k in earlier)]
            np.testing.assert_allclose(given_all, row, rtol=1e-10)
        family = net.joint().sum_out(*set(net.nodes) - {*net.parents(v), v})
        conditional = family.reorder(*net.parents(v), v).table
        conditional = conditional / conditional.sum(axis=-1, keepdims=True)
        np.testing.assert_allclose(conditional, net.cpt(v), rtol=1e-10)


@checks("eq-bn-seven", by="numpy.einsum over the seven tables")
def seven():
    """The network's joint is the product of exactly the tables that the formula names."""
    net = random_network(SEVEN, 2, rng())
    t = {k: net.cpt(f"x{k}") for k in range(1, 8)}
    expected = np.einsum("a,b,c,abcd,ace,df,deg->abcdefg", *(t[k] for k in range(1, 8)))
    for k, letters in ((4, "1234"), (5, "135"), (6, "46"), (7, "457")):
        assert "".join(v[1] for v in (*net.parents(f"x{k}"), f"x{k}")) == letters
    ours = net.joint().reorder(*(f"x{k}" for k in range(1, 8))).table
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


@checks("eq-bn-parameters", by="the rank of the map from free numbers to tables")
def parameters():
    """As many as there are directions in which all tables together can move."""
    sizes = {f"x{k}": 1 + k % 4 for k in range(1, 8)}
    net = random_network(SEVEN, sizes, rng())
    stated = sum(
        (sizes[v] - 1) * int(np.prod([sizes[u] for u in net.parents(v)])) for v in net.nodes
    )
    # A row of K probabilities moves in the K - 1 directions that leave its sum alone.
    directions = sum(
        np.linalg.matrix_rank(np.eye(k) - np.full((k, k), 1 / k)) * (net.cpt(v).size // k)
        for v, k in ((v, sizes[v]) for v in net.nodes)
    )
    assert net.n_parameters == stated == directions


@checks("eq-bn-chain-count", by="counting the entries of the tables of chains, minus one a row")
def chain_count():
    """K - 1 + (M - 1) K (K - 1) for several M and K."""
    for m, k in product((1, 2, 5, 9), (2, 3, 4)):
        net = random_network(nx.path_graph(m, create_using=nx.DiGraph), k, rng())
        tables = [net.cpt(v).reshape(-1, k) for v in net.nodes]
        assert sum(len(t) * (k - 1) for t in tables) == k - 1 + (m - 1) * k * (k - 1)


@checks("eq-bn-hmm", by="the forward recursion for p(y) in matrix form")
def hidden_markov_model():
    """Summing the product over all hidden chains gives the forward recursion's p(y)."""
    arrows = [("x1", "x2"), ("x2", "x3"), ("x1", "y1"), ("x2", "y2"), ("x3", "y3")]
    sizes = {f"{v}{m}": 3 if v == "x" else 2 for v in "xy" for m in (1, 2, 3)}
    net = random_network(nx.DiGraph(arrows), sizes, rng())
    p_y = net.joint().sum_out("x1", "x2", "x3").reorder("y1", "y2", "y3").table
    for y in np.ndindex(2, 2, 2):
        alpha = net.cpt("x1") * net.cpt("y1")[:, y[0]]
        for m in (2, 3):
            alpha = (alpha @ net.cpt(f"x{m}")) * net.cpt(f"y{m}")[:, y[m - 1]]
        np.testing.assert_allclose(p_y[y], alpha.sum(), rtol=1e-12)


def given_c(joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """p(a, b | c) and the product p(a | c) p(b | c)."""
    both = joint / joint.sum(axis=(0, 1))
    return both, both.sum(axis=1)[:, None] * both.sum(axis=0)[None]


@checks("eq-bn-tail-to-tail", by="enumeration of random tables")
def tail_to_tail():
    """Independent given the common cause, dependent without it."""
    joint = three("ca cb")
    np.testing.assert_allclose(*given_c(joint), rtol=1e-12)
    p_ab = joint.sum(axis=2)
    assert np.abs(p_ab - np.outer(p_ab.sum(axis=1), p_ab.sum(axis=0))).max() > 1e-4


@checks("eq-bn-head-to-tail", by="enumeration of random tables")
def head_to_tail():
    """Independent given the middle of a chain, dependent without it."""
    joint = three("ac cb")
    np.testing.assert_allclose(*given_c(joint), rtol=1e-12)
    p_ab = joint.sum(axis=2)
    assert np.abs(p_ab - np.outer(p_ab.sum(axis=1), p_ab.sum(axis=0))).max() > 1e-4


@checks("eq-bn-head-to-head", by="enumeration of random tables")
def head_to_head():
    """Independent causes, dependent once their common effect is seen."""
    joint = three("ac bc")
    p_ab = joint.sum(axis=2)
    np.testing.assert_allclose(p_ab, np.outer(p_ab.sum(axis=1), p_ab.sum(axis=0)), rtol=1e-12)
    both, separate = given_c(joint)
    assert np.abs(both - separate).max() > 1e-3


def blanket_conditional(net: BayesNet, node: str, state: dict[str, int]) -> np.ndarray:
    """The right side of the blanket formula for every state of `node`, normalised."""
    scores = []
    for k in range(len(net.states(node))):
        x = state | {node: k}
        terms = [net.cpt(v)[tuple(x[u] for u in (*net.parents(v), v))]
                 for v in (node, *net.children(node))]  # fmt: skip
        scores.append(np.prod(terms))
    return np.array(scores) / np.sum(scores)


@checks("eq-bn-blanket", by="the joint table divided by its sum over one axis, at every state")
def blanket():
    """The full conditional from own and children's tables; it does not move outside the blanket."""
    for net in (burglar_alarm(), random_network(SEVEN, 2, rng())):
        joint = net.joint().table
        for axis, node in enumerate(net.nodes):
            conditional = joint / joint.sum(axis=axis, keepdims=True)
            outside = set(net.nodes) - markov_blanket(net.graph, node) - {node}
            for v in outside:
                k = net.nodes.index(v)
                np.testing.assert_allclose(np.diff(conditional, axis=k), 0, atol=1e-10)
            for x in np.ndindex(joint.shape):
                state = dict(zip(net.nodes, x, strict=True))
                right = blanket_conditional(net, node, state)[x[axis]]
                np.testing.assert_allclose(conditional[x], right, rtol=1e-10)


@checks("eq-bn-glyph", by="scipy's normal density, and the mean and spread of drawn images")
def glyph():
    """The log-likelihood is a sum of normal log-densities around the clean picture."""
    model = GlyphModel(0.6)
    z, images = model.sample(400, rng())
    clean = templates()[tuple(z[name] for name in CAUSES)]
    noise = images - clean
    assert abs(noise.mean()) < 5 * 0.6 / np.sqrt(noise.size)
    assert abs(noise.std() - 0.6) < 5 * 0.6 / np.sqrt(2 * noise.size)
    index = tuple(z[name][0] for name in CAUSES)
    density = stats.norm(clean[0], 0.6).logpdf(images[0]).sum()
    np.testing.assert_allclose(model.log_likelihood(images[0])[index], density, rtol=1e-12)
    prior = np.prod([model.prior.cpt(name)[k] for name, k in zip(CAUSES, index, strict=True)])
    np.testing.assert_allclose(model.prior.joint().table[index], prior, rtol=1e-12)


@checks("eq-bn-bayes", by="a sum in logarithms with scipy's densities over all 1,568 scenes")
def bayes_rule():
    """The posterior is prior times likelihood over the sum of both."""
    model = GlyphModel(0.9)
    _, images = model.sample(1, rng())
    scores = stats.norm(templates(), 0.9).logpdf(images[0]).sum(axis=(-1, -2))
    priors = [np.log(model.prior.cpt(name)) for name in CAUSES]
    scores = scores + priors[0][:, None, None] + priors[1][None, :, None] + priors[2]
    assert scores.size == 1568
    expected = np.exp(scores - np.logaddexp.reduce(scores, axis=None))
    np.testing.assert_allclose(model.posterior(images[0]).table, expected, atol=1e-12)
