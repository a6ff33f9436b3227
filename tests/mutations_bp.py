"""Mistakes people make in belief propagation, each caught by a check of the real tests."""

import numpy as np

from lib import belief_propagation as bp
from lib import hmm, messages, schedules
from lib.mrf import PairwiseMRF
from tests.bp_cases import assert_exact, diameter, random_field, random_tree
from tests.mutation import Edit, Mutation


def field(seed: int = 0) -> PairwiseMRF:
    rng = np.random.default_rng(seed)
    return random_field(random_tree(7, rng), rng, arities=(3,))


def two_pass_is_exact() -> None:
    assert_exact(mrf := field(), bp.sum_product(mrf))


def flooding_is_exact() -> None:
    mrf = field()
    assert_exact(mrf, bp.sum_product(mrf, "flooding", max_iter=diameter(mrf)))


def evidence_counts() -> None:
    mrf = field(1)
    joint = np.exp(mrf.log_table() - mrf.log_z_by_enumeration())
    conditional = joint[:, :, :, 1].sum(axis=(1, 2, 3, 4, 5)) / joint[:, :, :, 1].sum()
    assert np.allclose(bp.sum_product(mrf.with_evidence({3: 1})).node[0], conditional)


def every_root_agrees() -> None:
    mrf = field(2)
    every = [bp.log_partition(mrf, root) for root in range(mrf.n_nodes)]
    assert np.ptp(every) < 1e-10
    assert abs(every[0] - mrf.log_z_by_enumeration()) < 1e-10


def maximum_is_brute_force() -> None:
    for seed in range(5):
        mrf = field(seed)
        x, value = bp.max_product(mrf)
        assert abs(value - mrf.log_table().max()) < 1e-10
        assert abs(-mrf.energy(x) - value) < 1e-10


def one_at_a_time_is_two_pass() -> None:
    mrf = field(3)
    sent = list(schedules.two_pass(mrf))
    order = [(m.source, m.target) for m in sent]
    for m, slow in zip(sent, schedules.one_by_one(mrf, order), strict=False):
        assert np.allclose(m.log_table, slow.log_table, atol=1e-10)


def damping_keeps_the_fixed_point() -> None:
    mrf = field(4)
    assert_exact(mrf, bp.sum_product(mrf, "flooding", damping=0.4))


def small_hmm() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    rows = np.log(rng.dirichlet(np.ones(3), size=4))
    return rows[0], rows[1:], rng.normal(size=(6, 3))


def forward_backward_is_enumeration() -> None:
    tables = small_hmm()
    chain, found = hmm.hmm_field(*tables), hmm.forward_backward(*tables)
    assert np.allclose(found.smoothed, chain.marginals_by_enumeration(), atol=1e-10)
    assert abs(found.log_likelihood - chain.log_z_by_enumeration()) < 1e-10


def viterbi_is_brute_force() -> None:
    tables = small_hmm()
    table = hmm.hmm_field(*tables).log_table()
    path, value = hmm.viterbi(*tables)
    assert tuple(path) == np.unravel_index(table.argmax(), table.shape)
    assert abs(value - table.max()) < 1e-10


def include_reverse(self: messages.Wiring, sent: np.ndarray) -> np.ndarray:
    return self.log_beliefs(sent)[self.source]


def all_children(own: np.ndarray, sent: list) -> np.ndarray:
    return np.tile(own + np.sum(sent, axis=0), (len(sent), 1))


BP, SCHEDULES, HMM = "lib.belief_propagation", "lib.schedules", "lib.hmm"
MUTATIONS = [
    Mutation(
        "flooding sends the reverse message back",
        "lib.messages.Wiring.log_cavities",
        include_reverse,
        flooding_is_exact,
    ),
    Mutation(
        "second pass sends the reverse message back",
        f"{SCHEDULES}.exclusive_sums",
        all_children,
        two_pass_is_exact,
    ),
    Mutation(
        "one by one includes the reverse message",
        f"{SCHEDULES}.one_by_one",
        Edit("if k != i:", "if True:"),
        one_at_a_time_is_two_pass,
    ),
    Mutation(
        "forgets the sender's own potential on the way up",
        f"{SCHEDULES}.collect",
        Edit("inbox = list(mrf.log_unary)", "inbox = list(0 * mrf.log_unary)"),
        two_pass_is_exact,
    ),
    Mutation(
        "forgets the sender's own potential on the way down",
        f"{BP}.two_pass",
        Edit("inbox = list(mrf.log_unary)", "inbox = list(0 * mrf.log_unary)"),
        two_pass_is_exact,
    ),
    Mutation(
        "evidence does not reach the exact routine",
        "lib.mrf.PairwiseMRF.with_evidence",
        Edit("clamped.log_unary = log_unary", "clamped.log_unary = self.log_unary * 1"),
        evidence_counts,
    ),
    Mutation(
        "psi transposed in two passes",
        f"{SCHEDULES}.directed_pair",
        lambda mrf, index: mrf.log_pair[index >> 1],
        two_pass_is_exact,
    ),
    Mutation(
        "psi transposed in flooding",
        "lib.messages.Wiring.send",
        Edit("mrf.log_pair.swapaxes(-1, -2)", "mrf.log_pair"),
        flooding_is_exact,
    ),
    Mutation(
        "psi transposed in max-product",
        f"{BP}.directed_pair",
        lambda mrf, index: mrf.log_pair[index >> 1],
        maximum_is_brute_force,
    ),
    Mutation(
        "sums over the receiver",
        f"{SCHEDULES}.pass_message",
        lambda pair, cavity: np.logaddexp.reduce(pair + cavity[..., :, None], axis=-1),
        two_pass_is_exact,
    ),
    Mutation(
        "the second pass forgets what it collected",
        f"{BP}.two_pass",
        Edit(
            "_message(mrf, forest.down[child], cavity)",
            "_message(mrf, forest.down[child], 0 * cavity)",
        ),
        two_pass_is_exact,
    ),
    Mutation(
        "log Z counts nodes by d instead of d - 1",
        f"{BP}._beliefs",
        Edit("(1 - degree)", "-degree"),
        two_pass_is_exact,
    ),
    Mutation(
        "log Z forgets the divisors",
        f"{BP}.log_partition",
        Edit("log_z += message.log_scale", "pass"),
        every_root_agrees,
    ),
    Mutation(
        "beliefs ignore the node's own potential",
        "lib.messages.Wiring._totals",
        Edit("unary[0] + self.collect", "0 * unary[0] + self.collect"),
        two_pass_is_exact,
    ),
    Mutation(
        "decoding takes every node's best state on the way up",
        f"{BP}._decode",
        Edit("x[node] = pointer[node, x[forest.parent[node]]]", "pass"),
        maximum_is_brute_force,
    ),
    Mutation(
        "damping mixes with a uniform message, not with the old one",
        f"{SCHEDULES}.flooding",
        Edit("np.log(damping) + messages", "np.log(damping) + 0 * messages"),
        damping_keeps_the_fixed_point,
    ),
    Mutation(
        "transition transposed in the forward pass",
        f"{HMM}.forward_backward",
        Edit("pass_message(transition, forward", "pass_message(transition.T, forward"),
        forward_backward_is_enumeration,
    ),
    Mutation(
        "transition not transposed in the backward pass",
        f"{HMM}.forward_backward",
        Edit("pass_message(transition.T, ", "pass_message(transition, "),
        forward_backward_is_enumeration,
    ),
    Mutation(
        "backward pass counts its own observation",
        f"{HMM}.forward_backward",
        Edit("backward[t + 1] + emission[t + 1]", "backward[t + 1] + emission[t]"),
        forward_backward_is_enumeration,
    ),
    Mutation(
        "Viterbi's pointers along the wrong axis",
        f"{HMM}.viterbi",
        Edit("scores.argmax(axis=0)", "scores.argmax(axis=1)"),
        viterbi_is_brute_force,
    ),
]
