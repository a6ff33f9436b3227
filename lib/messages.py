"""Messages of belief propagation, in logarithms: one formula, and the bookkeeping of all edges.

An edge e = (i, j) carries two messages: number 2e from i to j and number 2e + 1 from j to i, so
the reverse of message d is d ^ 1. All messages together are one array (2E, K).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from lib.mrf import PairwiseMRF


class Message(NamedTuple):
    """One message m_ji(x_i) on its way from `source` j to `target` i.

    `index` is its number (see the module), `log_table` (K,) its normalised logarithm and
    `log_scale` the log of the sum (or maximum) that was divided out.
    """

    source: int
    target: int
    index: int
    log_table: np.ndarray
    log_scale: float


def pass_message(
    log_pair: np.ndarray, log_cavity: np.ndarray, combine: np.ufunc = np.logaddexp
) -> np.ndarray:
    """log sum_{x_j} psi(x_j, x_i) h(x_j): one message, or a stack of them.

    `log_pair` is (..., K_j, K_i), the sender's axis first; `log_cavity` (..., K_j) is
    log h, the sender's own potential times all messages it got from elsewhere. With
    `combine=np.maximum` the sum is a maximum. Returns (..., K_i), not normalised.
    Source: Pearl (1988); Bishop (2006), section 8.4.
    """
    return combine.reduce(log_pair + log_cavity[..., :, None], axis=-2)


def normalised(
    log_message: np.ndarray, combine: np.ufunc = np.logaddexp
) -> tuple[np.ndarray, np.ndarray]:
    """Divide by the sum (or maximum) over states; returns the message and log of the divisor.

    A message that is zero in every state says that no assignment is possible: ValueError.
    """
    log_scale = combine.reduce(log_message, axis=-1, keepdims=True)
    if np.min(log_scale, initial=0.0) == -np.inf:
        raise ValueError(
            "a message is zero for every state: potentials or evidence contradict each other, so "
            "no assignment has a positive probability (Z = 0)"
        )
    return log_message - log_scale, log_scale[..., 0]


def directed_pair(mrf: PairwiseMRF, index: int) -> np.ndarray:
    """Log potential (K_source, K_target) of message `index`, the sender's axis first."""
    table = mrf.log_pair[index >> 1]
    return table.T if index & 1 else table


def outgoing(mrf: PairwiseMRF, node: int) -> np.ndarray:
    """Numbers of the messages that `node` sends, in the order of `mrf.neighbours(node)`."""
    edge = mrf.incident(node)
    return 2 * edge + (mrf.edges[edge, 0] != node)


class Wiring:
    """Which message ends where: sums over all nodes and all edges of a field at once."""

    def __init__(self, mrf: PairwiseMRF):
        self.mrf = mrf
        self.source = mrf.edges.ravel()  # (2E,) sender of message d
        self.target = mrf.edges[:, ::-1].ravel()
        self.reverse = np.arange(2 * mrf.n_edges) ^ 1
        ones = np.ones(2 * mrf.n_edges)
        entries = (ones, (self.target, np.arange(2 * mrf.n_edges)))
        self.collect = csr_array(entries, shape=(mrf.n_nodes, 2 * mrf.n_edges))

    def _totals(self, messages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Per node and state: the sum of the finite logs, and the number of -inf among them."""
        unary, incoming = _split(self.mrf.log_unary), _split(messages)
        return unary[0] + self.collect @ incoming[0], unary[1] + self.collect @ incoming[1]

    def log_beliefs(self, messages: np.ndarray) -> np.ndarray:
        """log psi_i(x_i) + sum_k log m_ki(x_i), shape (n, K), not normalised."""
        finite, zeros = self._totals(messages)
        return np.where(zeros > 0, -np.inf, finite)

    def log_cavities(self, messages: np.ndarray) -> np.ndarray:
        """The sender's belief without the message it got over the same edge, shape (2E, K).

        Zeros are counted apart from finite terms because -inf - (-inf) has no value.
        """
        finite, zeros = self._totals(messages)
        back, back_zeros = _split(messages[self.reverse])
        without = finite[self.source] - back
        return np.where(zeros[self.source] - back_zeros > 0, -np.inf, without)

    def send(self, cavities: np.ndarray, combine: np.ufunc = np.logaddexp) -> np.ndarray:
        """All 2E new messages from all cavities, shape (2E, K), not normalised."""
        new = np.empty_like(cavities)
        new[0::2] = pass_message(self.mrf.log_pair, cavities[0::2], combine)
        new[1::2] = pass_message(self.mrf.log_pair.swapaxes(-1, -2), cavities[1::2], combine)
        return new


def _split(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The logs with -inf replaced by 0, and ones where that happened."""
    zeros = np.isneginf(logs)
    return np.where(zeros, 0.0, logs), zeros.astype(float)
