"""Hidden Markov models: forward-backward and Viterbi, belief propagation on a chain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.messages import normalised, pass_message
from lib.mrf import PairwiseMRF


@dataclass(frozen=True)
class HiddenStates:
    """What the observations y_1..y_T say about the hidden states x_1..x_T.

    Attributes
    ----------
    filtered : array (M, K)
        p(x_t | y_1..y_t): what was known at the time.
    smoothed : array (M, K)
        p(x_t | y_1..y_T): what is known in the end.
    pair : array (M - 1, K, K)
        p(x_t, x_{t+1} | y_1..y_T).
    log_likelihood : float
        log p(y_1..y_T) in nats.
    """

    filtered: np.ndarray
    smoothed: np.ndarray
    pair: np.ndarray
    log_likelihood: float


def forward_backward(
    log_initial: np.ndarray, log_transition: np.ndarray, log_emission: np.ndarray
) -> HiddenStates:
    """Posterior of every hidden state in two passes; cost M K^2. Source: Rabiner (1989).

    Parameters
    ----------
    log_initial : array (K,)
        log p(x_1).
    log_transition : array (K, K)
        log p(x_{t+1} | x_t), the row is the state at t; rows sum to one.
    log_emission : array (M, K)
        log p(y_t | x_t) of the observation actually made at time t.

    Raises
    ------
    ValueError
        For a wrong shape, probabilities that do not sum to one, or impossible observations.
    """
    initial, transition, emission = _checked(log_initial, log_transition, log_emission)
    n_steps = len(emission)
    forward, backward = np.empty_like(emission), np.zeros_like(emission)
    log_likelihood = 0.0
    for t in range(n_steps):
        arriving = pass_message(transition, forward[t - 1]) if t else initial
        forward[t], scale = normalised(arriving + emission[t])  # p(x_t | y_1..y_t)
        log_likelihood += float(scale)
    for t in reversed(range(n_steps - 1)):
        message = pass_message(transition.T, backward[t + 1] + emission[t + 1])
        backward[t], _ = normalised(message)  # proportional to p(y_{t+1}..y_T | x_t)
    smoothed, _ = normalised(forward + backward)
    joint = forward[:-1, :, None] + transition + (backward + emission)[1:, None, :]
    pair, _ = normalised(joint.reshape(n_steps - 1, transition.size))
    pair = np.exp(pair).reshape(-1, *transition.shape)
    return HiddenStates(np.exp(forward), np.exp(smoothed), pair, log_likelihood)


def viterbi(
    log_initial: np.ndarray, log_transition: np.ndarray, log_emission: np.ndarray
) -> tuple[np.ndarray, float]:
    """The most probable path x (M,) and log p(x, y); arguments as for `forward_backward`."""
    initial, transition, emission = _checked(log_initial, log_transition, log_emission)
    pointer = np.zeros(emission.shape, dtype=int)  # best predecessor of each state
    best = initial + emission[0]
    for t in range(1, len(emission)):
        scores = best[:, None] + transition  # (K before, K now)
        pointer[t] = scores.argmax(axis=0)
        best = scores.max(axis=0) + emission[t]
    if best.max() == -np.inf:
        raise ValueError("no path explains the observations: each has probability zero")
    path = [int(best.argmax())]
    for t in reversed(range(1, len(emission))):
        path.append(int(pointer[t, path[-1]]))
    return np.array(path[::-1]), float(best.max())


def hmm_field(
    log_initial: np.ndarray, log_transition: np.ndarray, log_emission: np.ndarray
) -> PairwiseMRF:
    """The same model as a chain-shaped field, whose log Z is log p(y_1..y_T)."""
    initial, transition, emission = _checked(log_initial, log_transition, log_emission)
    unary = emission.copy()
    unary[0] += initial
    steps = np.arange(len(emission))
    return PairwiseMRF(unary, np.stack([steps[:-1], steps[1:]], axis=1), transition)


def _checked(
    log_initial: np.ndarray, log_transition: np.ndarray, log_emission: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three tables as float arrays, after their shapes and sums have been checked."""
    initial, transition, emission = (
        np.asarray(table, dtype=float) for table in (log_initial, log_transition, log_emission)
    )
    k = initial.size
    if initial.shape != (k,) or transition.shape != (k, k):
        raise ValueError(
            f"log_initial must be (K,) and log_transition (K, K), got {initial.shape} and "
            f"{transition.shape}"
        )
    if emission.ndim != 2 or emission.shape[1] != k or len(emission) == 0:
        raise ValueError(f"log_emission must be (M, {k}) with M >= 1, got shape {emission.shape}")
    _check_sums(np.vstack([initial, transition]))
    if np.isnan(emission).any() or np.any(emission == np.inf):
        raise ValueError("log_emission holds NaN or +inf; log probabilities are finite or -inf")
    return initial, transition, emission


def _check_sums(rows: np.ndarray) -> None:
    """Row 0 is p(x_1), row k + 1 is p(x_{t+1} | x_t = k)."""
    sums = np.exp(rows).sum(axis=1)
    wrong = np.flatnonzero(~(np.abs(sums - 1) < 1e-6))
    if wrong.size:
        name = "log_initial" if wrong[0] == 0 else f"log_transition row {wrong[0] - 1}"
        raise ValueError(f"{name} sums to {sums[wrong[0]]:.6g} after exp; it must sum to 1")
