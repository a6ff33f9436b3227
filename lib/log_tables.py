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


def _check_logs(values: np.ndarray, name: str) -> None:
    """Refuse NaN and +inf; -inf is the log of a zero potential and welcome."""
    bad = np.isnan(values) | (values == np.inf)
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
    _check_logs(padded, "log_unary")
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
    if isinstance(log_pair, np.ndarray) and log_pair.ndim == 2:
        return _share(log_pair, len(edges), n_states)
    if len(log_pair) != len(edges):
        raise ValueError(f"{len(edges)} edges need as many log_pair tables, got {len(log_pair)}")
    tables = [np.asarray(table, dtype=float) for table in log_pair]
    want = n_states[edges]  # (E, 2)
    for k, shape in enumerate(map(tuple, want.tolist())):
        if tables[k].shape != shape:
            raise ValueError(
                f"log_pair[{k}] of edge {edges[k].tolist()} needs shape {shape}, "
                f"got {tables[k].shape}"
            )
    states = np.arange(n_states.max())
    inside = (states < want[:, :1])[:, :, None] & (states < want[:, 1:])[:, None, :]  # (E, K, K)
    padded = np.full(inside.shape, -np.inf)
    padded[inside] = np.concatenate([t.ravel() for t in tables] or [np.zeros(0)])
    _check_logs(padded, "log_pair")
    return padded


def _share(table: np.ndarray, n_edges: int, n_states: np.ndarray) -> np.ndarray:
    """One table for all edges, as a view (E, K, K) that takes no memory."""
    width = int(n_states.max())
    if table.shape != (width, width) or n_states.min() < width:
        raise ValueError(
            f"one log_pair table for all edges must be ({width}, {width}) with {width} states "
            f"at every node, got shape {table.shape}; else give one table an edge"
        )
    _check_logs(table[None], "log_pair")
    return np.broadcast_to(table.astype(float), (n_edges, width, width))
