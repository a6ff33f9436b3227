"""Forward-backward and Viterbi against belief propagation and against enumeration of all paths."""

import itertools

import numpy as np
import pytest

from lib import belief_propagation as bp
from lib.hmm import forward_backward, hmm_field, viterbi

SEEDS = range(12)


def random_hmm(rng, n_steps=6, k=3, zeros=0.0):
    """Log tables (initial, transition, emission) with some forbidden steps."""
    rows = rng.dirichlet(np.ones(k), size=k + 1)
    forbidden = (rng.random(rows.shape) < zeros) & ~np.eye(k + 1, k, k=-1, dtype=bool)
    forbidden[0] = False
    rows = np.where(forbidden, 0.0, rows)
    rows /= rows.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        logs = np.log(rows)
    return logs[0], logs[1:], rng.normal(size=(n_steps, k))


def hmm_table(initial, transition, emission):
    """log p(x, y) of every path, by indexing: shape (K,) * T."""
    k, n_steps = len(initial), len(emission)
    table = np.empty((k,) * n_steps)
    for path in itertools.product(range(k), repeat=n_steps):
        steps = sum(transition[a, b] for a, b in itertools.pairwise(path))
        seen = sum(emission[t, x] for t, x in enumerate(path))
        table[path] = initial[path[0]] + steps + seen
    return table


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("zeros", [0.0, 0.3])
def test_forward_backward_is_belief_propagation_is_enumeration(seed, zeros):
    hmm = random_hmm(np.random.default_rng(seed), zeros=zeros)
    joint = np.exp(table := hmm_table(*hmm))
    found, beliefs = forward_backward(*hmm), bp.sum_product(hmm_field(*hmm))
    assert found.log_likelihood == pytest.approx(np.log(joint.sum()), abs=1e-10)
    assert beliefs.log_z == pytest.approx(found.log_likelihood, abs=1e-10)
    joint /= joint.sum()
    for t in range(table.ndim):
        want = joint.sum(axis=tuple(a for a in range(table.ndim) if a != t))
        np.testing.assert_allclose(found.smoothed[t], want, atol=1e-10)
        np.testing.assert_allclose(beliefs.node[t], want, atol=1e-10)
        if t:
            pair = joint.sum(axis=tuple(a for a in range(table.ndim) if a not in (t - 1, t)))
            np.testing.assert_allclose(found.pair[t - 1], pair, atol=1e-10)
            np.testing.assert_allclose(beliefs.pair[t - 1], pair, atol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_filtered_states_know_only_the_past(seed):
    initial, transition, emission = random_hmm(np.random.default_rng(seed))
    whole = forward_backward(initial, transition, emission)
    for t in range(1, len(emission) + 1):
        early = forward_backward(initial, transition, emission[:t])
        np.testing.assert_allclose(whole.filtered[t - 1], early.smoothed[-1], atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("zeros", [0.0, 0.3])
def test_viterbi_is_max_product_is_enumeration(seed, zeros):
    hmm = random_hmm(np.random.default_rng(seed), zeros=zeros)
    table = hmm_table(*hmm)
    path, log_prob = viterbi(*hmm)
    assert tuple(path) == np.unravel_index(table.argmax(), table.shape)
    assert log_prob == pytest.approx(table.max(), abs=1e-10)
    x, log_value = bp.max_product(hmm_field(*hmm))
    np.testing.assert_array_equal(x, path)
    assert log_value == pytest.approx(log_prob, abs=1e-10)


def test_one_time_step_is_bayes_rule():
    initial, transition, emission = random_hmm(np.random.default_rng(0), n_steps=1)
    want = np.exp(initial + emission[0])
    found = forward_backward(initial, transition, emission)
    np.testing.assert_allclose(found.smoothed[0], want / want.sum())
    assert found.pair.shape == (0, 3, 3)
    assert viterbi(initial, transition, emission)[0].tolist() == [int(want.argmax())]
    assert bp.sum_product(hmm_field(initial, transition, emission)).n_messages == 0


def test_bad_hmm_tables_are_named():
    initial, transition, emission = random_hmm(np.random.default_rng(0))
    with pytest.raises(ValueError, match="log_initial sums to"):
        forward_backward(initial + 1, transition, emission)
    broken = transition.copy()
    broken[2] -= 1
    with pytest.raises(ValueError, match="log_transition row 2 sums to"):
        viterbi(initial, broken, emission)
    with pytest.raises(ValueError, match=r"log_emission must be \(M, 3\)"):
        hmm_field(initial, transition, emission[:, :2])
    with pytest.raises(ValueError, match="log_transition \\(K, K\\)"):
        viterbi(initial, transition[:2], emission)
    with pytest.raises(ValueError, match="NaN"):
        viterbi(initial, transition, np.where(emission > 0, np.nan, emission))
    impossible = np.full_like(emission, -np.inf)
    with pytest.raises(ValueError, match="no path explains"):
        viterbi(initial, transition, impossible)
    with pytest.raises(ValueError, match="no assignment has a positive"):
        forward_backward(initial, transition, impossible)
