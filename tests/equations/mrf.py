"""Checks of the equations of the lesson on Markov random fields."""

from itertools import combinations, product

import networkx as nx
import numpy as np
from scipy.special import expit, logsumexp

from lib import markov_graphs
from lib.bayes_net import BayesNet
from lib.factors import Factor
from lib.ising import SPIN, ising_grid
from lib.mrf import MRF, PairwiseMRF
from tests.equations import checks


def rng() -> np.random.Generator:
    return np.random.default_rng(17)


def some_field() -> MRF:
    """Overlapping cliques, variables of different arity, one zero."""
    sizes = {"a": 2, "b": 3, "c": 2, "d": 2}
    random = rng()
    tables = [random.gamma(1.0, size=[sizes[v] for v in s]) for s in ("ab", "bcd", "ad", "c")]
    tables[0][1, 2] = 0.0
    return MRF([Factor(s, t) for s, t in zip(("ab", "bcd", "ad", "c"), tables, strict=True)])


def weights(field: MRF) -> dict[tuple, float]:
    """prod_C psi_C(x_C) of every assignment, by loops."""
    out = {}
    for x in product(*(range(k) for k in field.n_states.values())):
        state = dict(zip(field.variables, x, strict=True))
        out[x] = float(np.prod([f.table[tuple(state[v] for v in f.scope)] for f in field.factors]))
    return out


@checks("eq-mrf-gibbs", "eq-mrf-partition", by="loops over all assignments")
def gibbs():
    """The library's joint is the product of potentials over Z, and Z is the sum of the products."""
    field, w = some_field(), weights(some_field())
    z = sum(w.values())
    assert np.isclose(field.log_z(), np.log(z), atol=1e-12)
    joint = field.joint().table
    assert all(np.isclose(joint[x], w[x] / z, atol=1e-14) for x in w)
    assert np.isclose(joint.sum(), 1, atol=1e-12)


@checks("eq-mrf-boltzmann", by="maximum entropy at fixed mean energy, and T = dU / dS")
def boltzmann():
    """exp(-E/T) / Z has the highest entropy among distributions of its mean energy; T is dU/dS."""
    random = rng()
    energy, temperature = random.normal(size=6), 0.7
    p = np.exp(-energy / temperature - logsumexp(-energy / temperature))
    same_mean = np.linalg.svd(np.stack([np.ones(6), energy]))[2][2:]  # directions that keep both
    for _ in range(200):
        q = p + 0.3 * p.min() * (random.normal(size=4) @ same_mean)
        assert np.isclose(q @ energy, p @ energy, atol=1e-12)
        assert q.min() > 0
        assert -np.sum(q * np.log(q)) < -np.sum(p * np.log(p))
    near = [np.exp(-energy / t) / np.exp(-energy / t).sum() for t in (0.7 - 1e-4, 0.7 + 1e-4)]
    heat = np.diff([q @ energy for q in near])[0]
    assert np.isclose(heat / np.diff([-q @ np.log(q) for q in near])[0], temperature, rtol=1e-6)


@checks("eq-mrf-ising", by="a loop over the pixels and edges of every 2 x 3 picture")
def ising():
    """The grid's energy is h times the sum minus beta times the sum over edges."""
    field, graph = ising_grid(2, 3, beta=0.6, h=-0.4), nx.grid_2d_graph(2, 3)
    for states in product((0, 1), repeat=6):
        x = dict(zip(sorted(graph), (2 * s - 1 for s in states), strict=True))
        want = -0.4 * sum(x.values()) - 0.6 * sum(x[i] * x[j] for i, j in graph.edges)
        assert np.isclose(field.energy(np.array(states)), want, atol=1e-12)


@checks("eq-mrf-conditional", by="conditioning the enumerated joint")
def conditional():
    """Potentials of i, normalised, equal p(x_i | all others) and p(x_i | neighbours)."""
    field, w = some_field(), weights(some_field())
    joint = field.joint()
    for i, name in enumerate(field.variables):
        for x in w:
            column = np.array([w[(*x[:i], s, *x[i + 1 :])] for s in range(field.n_states[name])])
            near = {v: x[field.variables.index(v)] for v in field.graph[name]}
            if column.sum() > 0:
                want = column / column.sum()
                assert np.allclose(field.conditional(name, near), want, atol=1e-13)
                far = set(field.variables) - {name} - set(near)
                local = joint.sum_out(*far).reduce(near).normalise()
                assert np.allclose(local.table, want, atol=1e-13)


@checks("eq-mrf-logistic", by="enumeration of a 2 x 3 grid")
def logistic():
    """p(x_i = +1 | neighbours) is a logistic function of their sum."""
    beta, h = 0.6, -0.4
    field, graph = ising_grid(2, 3, beta, h).to_mrf(), nx.grid_2d_graph(2, 3)
    joint, pixels = field.joint(), sorted(graph)
    for states in product((0, 1), repeat=6):
        for i, pixel in enumerate(pixels):
            given = {f"x{k}": s for k, s in enumerate(states) if k != i}
            total = sum(SPIN[states[pixels.index(n)]] for n in graph[pixel])
            p = joint.reduce(given).normalise().table[1]
            assert np.isclose(p, expit(2 * beta * total - 2 * h), atol=1e-13)


@checks("eq-mrf-split", by="rank of the joint as a matrix, for every separating set")
def split():
    """For fixed x_S, p(x_A+, x_S, x_B+) is a product f g: a matrix of rank one."""
    graph = nx.Graph(["ab", "bc", "ac", "bd", "ce", "de", "ef"])
    joint = markov_graphs.random_field(graph, rng()).joint()
    tried = 0
    for k in range(1, 5):
        for s in combinations(sorted(graph), k):
            parts = list(nx.connected_components(graph.subgraph(set(graph) - set(s))))
            if len(parts) < 2:
                continue
            a, b = sorted(parts[0]), sorted(set().union(*parts[1:]))
            table = joint.reorder(*s, *a, *b).table.reshape(2 ** len(s), 2 ** len(a), 2 ** len(b))
            singular = np.linalg.svd(table, compute_uv=False)
            assert markov_graphs.separated(graph, a, b, s)
            assert np.all(singular[:, 1:] < 1e-14 + 1e-12 * singular[:, :1])
            tried += 1
    assert tried > 5


@checks("eq-mrf-information", by="the definition, term by term, and Kullback-Leibler")
def information():
    """I(A; B | S) equals the sum of p log ratio, and the divergence from the independent model."""
    joint = Factor("abs", rng().random((2, 3, 2))).normalise()
    p = joint.table
    p_s, p_as, p_bs = p.sum((0, 1)), p.sum(1), p.sum(0)
    ratio = (p / p_s) / ((p_as / p_s)[:, None, :] * (p_bs / p_s)[None, :, :])
    independent = p_as[:, None, :] * p_bs[None, :, :] / p_s
    got = markov_graphs.conditional_information(joint, "a", "b", "s")
    assert np.isclose(got, np.sum(p * np.log(ratio)), atol=1e-14)
    assert np.isclose(got, np.sum(p * np.log(p / independent)), atol=1e-14)
    assert np.isclose(independent.sum(), 1)
    assert (
        abs(markov_graphs.conditional_information(Factor("abs", independent), "a", "b", "s"))
        < 1e-14
    )


@checks("eq-mrf-moebius", "eq-mrf-moebius-sum", by="the alternating sum, subset by subset")
def moebius():
    """The alternating sums are the library's potentials, are 1 off cliques, and add up to log p."""
    graph = nx.Graph(["ab", "bc", "ac", "cd"])
    joint = markov_graphs.random_field(graph, rng(), n_states=3).joint().reorder(*"abcd")
    log_p, total = np.log(joint.table), np.zeros([3] * 4)
    potentials = markov_graphs.canonical_potentials(joint)
    for k in range(5):
        for subset in combinations(range(4), k):
            log_psi = np.zeros([3] * 4)
            for x in product(range(3), repeat=4):
                for m in range(k + 1):
                    for inner in combinations(subset, m):
                        at = tuple(s if axis in inner else 0 for axis, s in enumerate(x))
                        log_psi[x] += (-1) ** (k - m) * log_p[at]
            names = "".join("abcd"[axis] for axis in subset)
            own = log_psi[tuple(slice(None) if axis in subset else 0 for axis in range(4))]
            assert np.allclose(np.log(potentials[tuple(names)].table), own, atol=1e-11)
            clique = all(graph.has_edge(*pair) for pair in combinations(names, 2))
            assert clique or np.abs(log_psi).max() < 1e-11
            total += log_psi
    assert np.allclose(total, log_p, atol=1e-11)


@checks("eq-mrf-moral", by="the network's own joint, and cliques of its moral graph")
def moral():
    """The conditionals as potentials give Z = 1, the same joint, and families that are cliques."""
    random = rng()
    net = BayesNet()
    for name, parents in (("a", ""), ("b", ""), ("c", "ab"), ("d", "c"), ("e", "bd")):
        table = random.dirichlet(np.ones(2), size=[2] * len(parents))
        net.add(name, 2, table, parents=tuple(parents))
    field, graph = MRF(net.factors()), markov_graphs.moralise(net.graph)
    assert abs(field.log_z()) < 1e-12
    for x in product((0, 1), repeat=5):
        state = dict(zip("abcde", x, strict=True))
        assert np.isclose(-field.energy(state), net.log_prob(state), atol=1e-12)
    for factor in field.factors:
        assert all(graph.has_edge(*pair) for pair in combinations(factor.scope, 2))


@checks("eq-mrf-gradient", by="finite differences of the enumerated log p")
def gradient():
    """d log p / d beta is s(x) minus its expectation."""
    grid, step, beta = ising_grid(3, 3, beta=1.0), 1e-5, 0.37
    s = -grid.energy(np.array(list(product((0, 1), repeat=9))))
    p = np.exp(beta * s - logsumexp(beta * s))
    slope = [b * s - logsumexp(b * s) for b in (beta + step, beta - step)]
    difference = (slope[0] - slope[1]) / (2 * step)
    assert np.allclose(difference, s - p @ s, atol=1e-7)


@checks("eq-mrf-ring", by="enumeration of rings of 3 to 10 pixels")
def ring():
    """(2 cosh beta)^M + (2 sinh beta)^M is the sum over all 2^M states, for either sign of beta."""
    for m, beta in product(range(3, 11), (0.7, -0.4)):
        edges = [(i, (i + 1) % m) for i in range(m)]
        field = PairwiseMRF(np.zeros((m, 2)), edges, beta * np.outer(SPIN, SPIN))
        z = (2 * np.cosh(beta)) ** m + (2 * np.sinh(beta)) ** m
        assert np.isclose(np.exp(field.log_z_by_enumeration()), z, rtol=1e-12)
