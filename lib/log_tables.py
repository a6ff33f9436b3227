"""Log-potential tables and edges as padded arrays, checked so that an error names the culprit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def logs(potentials: Sequence, kind: str) -> Sequence:
    """Logarithms of potentials, an array or a list of arrays; negative ones are refused."""
    if isinstance(potentials, np.ndarray) and potentials.dtype != object:
        return logs([potentials], kind)[0]
    for k, table in enumerate(potentials):
        if np.any(np.asarray(table) < 0):
            raise ValueError(f"{kind} potential {k} has a negative entry {np.min(table):g}")
    with np.errstate(divide="ignore"):
        return [np.log(table) for table in potentials]


def _checklogs(logs: np.ndarray, name: str) -> None:
    """Refuse NaN and +inf; -inf is the log of a zero potential and welcome."""
    bad = np.isnan(logs) | (logs == np.inf)
    if bad.any():
        k = int(np.argwhere(bad)[0][0])
        raise ValueError(f"{name}[{k}] holds NaN or +inf; log potentials are finite or -inf")


def pad_unary(log_unary: Sequence) -> tuple[np.ndarray, np.ndarray]:
    """Rows of any length -> one (n, K) array padded with -inf, and the lengths (n,)."""
    rows = [np.atleast_1d(np.asarray(row, dtype=float)) for row in log_unary]
    wrong = [k for k, row in enumerate(rows) if row.ndim != 1 or row.size == 0]
    if wrong or not rows:
        raise ValueError(f"log_unary needs one vector of K_i >= 1 numbers a node; see {wrong[:3]}")
    n_states = np.array([row.size for row in rows])
    padded = np.full((len(rows), n_states.max()), -np.inf)
    padded[np.arange(n_states.max()) < n_states[:, None]] = np.concatenate(rows)
    _checklogs(padded, "log_unary")
    return padded, n_states


def check_edges(edges: Sequence, n_nodes: int) -> np.ndarray:
    """(E, 2) integers: in range, no self loop, no pair twice in either direction."""
    edges = np.asarray(edges)
    edges = edges.astype(int).reshape(0, 2) if edges.size == 0 else edges
    if edges.ndim != 2 or edges.shape[1] != 2 or edges.dtype.kind not in "iu":
        raise ValueError(f"edges must be integers of shape (E, 2), got {edges.dtype} {edges.shape}")
    if (outside := (edges < 0) | (edges >= n_nodes)).any():
        k = int(np.argwhere(outside)[0][0])
        raise ValueError(f"edge {k}, {edges[k].tolist()}, leaves the nodes 0..{n_nodes - 1}")
    if (loops := edges[:, 0] == edges[:, 1]).any():
        raise ValueError(f"edge {int(loops.argmax())} joins node {edges[loops][0, 0]} to itself")
    keys, first = np.unique(edges.min(axis=1) * n_nodes + edges.max(axis=1), return_index=True)
    if len(keys) < len(edges):
        k = int(np.setdiff1d(np.arange(len(edges)), first)[0])
        raise ValueError(f"edge {k}, {edges[k].tolist()}, is there twice; add their log potentials")
    return edges.astype(int)


def pad_pair(log_pair: Sequence, edges: np.ndarray, n_states: np.ndarray) -> np.ndarray:
    """Tables (K_i, K_j) of each edge -> one array (E, K, K) padded with -inf."""
    width = int(n_states.max())
    if isinstance(log_pair, np.ndarray) and log_pair.ndim == 2:
        if log_pair.shape != (width, width) or n_states.min() < width:
            raise ValueError(
                f"one log_pair table for all edges must be ({width}, {width}) with {width} states "
                f"at every node, got shape {log_pair.shape}; else give one table an edge"
            )
        _checklogs(log_pair.ravel(), "log_pair")
        return np.broadcast_to(log_pair.astype(float), (len(edges), width, width))
    if len(log_pair) != len(edges):
        raise ValueError(f"{len(edges)} edges need as many log_pair tables, got {len(log_pair)}")
    tables = [np.asarray(table, dtype=float) for table in log_pair]
    want = n_states[edges]  # (E, 2)
    for k, table in enumerate(tables):
        if table.shape != tuple(want[k]):
            raise ValueError(
                f"log_pair[{k}] of edge {edges[k].tolist()} needs shape {tuple(want[k].tolist())}, "
                f"got {table.shape}"
            )
    rows = np.arange(width)
    inside = (rows < want[:, :1])[:, :, None] & (rows < want[:, 1:])[:, None, :]  # (E, K, K)
    padded = np.full(inside.shape, -np.inf)
    padded[inside] = np.concatenate([t.ravel() for t in tables] or [np.zeros(0)])
    _checklogs(padded, "log_pair")
    return padded
