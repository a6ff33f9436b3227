"""Mistakes people make with random fields, each caught by a check of the real code."""

from itertools import combinations

import networkx as nx
import numpy as np

from lib import ising, markov_graphs, mrf
from lib.factors import Factor
from tests.equations import mrf as equations
from tests.mutation import Edit, Mutation

PAIRWISE, GRAPHS = "lib.mrf.PairwiseMRF", "lib.markov_graphs"


def small_field() -> mrf.PairwiseMRF:
    rng = np.random.default_rng(0)
    unary = [rng.normal(size=k) for k in (2, 3, 2)]
    return mrf.PairwiseMRF(unary, [(1, 0), (1, 2)], [rng.normal(size=(3, 2))] * 2)


def energy_is_minus_the_log_table() -> None:
    field = small_field()
    for x in np.ndindex(*field.n_states):
        assert np.isclose(field.energy(np.array(x)), -field.log_table()[x])


def pairwise_and_general_agree() -> None:
    field = small_field()
    assert np.isclose(field.log_z_by_enumeration(), field.to_mrf().log_z())


def evidence_conditions() -> None:
    field = small_field()
    joint = np.exp(field.log_table())
    clamped = field.with_evidence({0: 1})
    assert np.isclose(clamped.log_z_by_enumeration(), np.log(joint[1].sum()))


def parents_are_married() -> None:
    dag = nx.DiGraph(["ac", "bc", "cd"])
    moral = markov_graphs.moralise(dag)
    assert {frozenset(e) for e in moral.edges} == set(map(frozenset, ("ac", "bc", "cd", "ab")))


def cliques_are_maximal_and_all_there() -> None:
    for seed in range(10):
        graph = nx.gnp_random_graph(10, 0.6, seed=seed)
        want = sorted(tuple(sorted(c)) for c in nx.find_cliques(graph))
        assert markov_graphs.maximal_cliques(graph) == want


def separation_cuts() -> None:
    graph = nx.path_graph(4)
    assert markov_graphs.separated(graph, {0}, {3}, {1})
    assert not markov_graphs.separated(graph, {0}, {3}, ())


def information_needs_the_condition() -> None:
    rng = np.random.default_rng(1)
    joint = mrf.MRF([Factor("as", rng.random((2, 2))), Factor("sb", rng.random((2, 2)))]).joint()
    assert abs(markov_graphs.conditional_information(joint, "a", "b", "s")) < 1e-12
    for pair in combinations("abs", 2):
        assert markov_graphs.conditional_information(joint, *pair) > 1e-6


def gibbs_keeps_the_distribution() -> None:
    rng = np.random.default_rng(2)
    x = ising.sample_grid(np.ones((20_000, 2, 2), dtype=int), 0.5, 0.3, 20, rng)
    exact = ising.ising_grid(2, 2, 0.5, 0.3).log_table()
    p = np.exp(exact - np.log(np.exp(exact).sum()))
    alike = (x[:, 0, 0] == x[:, 0, 1]).mean()
    assert abs((x[:, 0, 0] == 1).mean() - p[1].sum()) < 0.02
    assert abs(alike - (p[0, 0].sum() + p[1, 1].sum())) < 0.02


MUTATIONS = [
    Mutation(
        "sign of the energy",
        f"{PAIRWISE}.energy",
        Edit("return -(unary + pair)", "return unary + pair"),
        energy_is_minus_the_log_table,
    ),
    Mutation(
        "forgets the pair potentials",
        f"{PAIRWISE}.energy",
        Edit("-(unary + pair)", "-unary"),
        energy_is_minus_the_log_table,
    ),
    Mutation(
        "table of a reversed edge not transposed",
        f"{PAIRWISE}.log_table",
        Edit("table if i < j else table.T", "table.reshape(table.T.shape) if i > j else table"),
        pairwise_and_general_agree,
    ),
    Mutation(
        "evidence also wipes the potential of the observed state",
        f"{PAIRWISE}.with_evidence",
        Edit("self.log_unary[node, state]", "0.0"),
        evidence_conditions,
    ),
    Mutation(
        "a potential counted twice",
        "lib.mrf.MRF.log_table",
        Edit("total += np.log", "total += 2 * np.log"),
        equations.gibbs,
    ),
    Mutation(
        "conditional from the last factor only",
        "lib.mrf.MRF.conditional",
        Edit("product *= ", "product = "),
        equations.conditional,
    ),
    Mutation(
        "parents not married",
        f"{GRAPHS}.moralise",
        Edit("combinations(family, 2)", "((p, node) for p in family[:-1])"),
        parents_are_married,
    ),
    Mutation(
        "cliques that are not maximal",
        f"{GRAPHS}.maximal_cliques",
        Edit("if not candidates and not done:", "if not candidates:"),
        cliques_are_maximal_and_all_there,
    ),
    Mutation(
        "walks through the separating nodes",
        f"{GRAPHS}.separated",
        Edit("- reached - given", "- reached"),
        separation_cuts,
    ),
    Mutation(
        "mutual information without the condition",
        f"{GRAPHS}.conditional_information",
        Edit("set(a), set(b), set(given)", "set(a), set(b), set()"),
        information_needs_the_condition,
    ),
    Mutation(
        "no alternating sum",
        f"{GRAPHS}.canonical_potentials",
        Edit("t - zero[s]", "t"),
        equations.moebius,
    ),
    Mutation(
        "half of the coupling in the sampler",
        "lib.ising.sample_grid",
        Edit("2 * beta * neighbour_sum(x)", "beta * neighbour_sum(x)"),
        gibbs_keeps_the_distribution,
    ),
    Mutation(
        "sign of the field in the sampler",
        "lib.ising.sample_grid",
        Edit("2 * h -", "-2 * h -"),
        gibbs_keeps_the_distribution,
    ),
    Mutation(
        "all pixels redrawn at once",
        "lib.ising.sample_grid",
        Edit("np.where(half, drawn, x)", "drawn"),
        gibbs_keeps_the_distribution,
    ),
]
