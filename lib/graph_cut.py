"""Exact minima by s-t minimum cut: binary pictures on a grid, and several labels by expansion.

A pixel on the source's side of the cut has label 1 (x = +1), on the sink's side label 0 (x = -1).
Capacities are whole multiples of a unit of energy, as the solver demands; what is returned is the
exact minimum of the rounded energy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from lib.certain_pixels import Arcs, Residual
from lib.denoising import Ising, check_picture, checkerboard_sweep

UNIT = 1e-4  # energies in the book have at most four decimals: for them rounding changes nothing
LIMIT = 2**28  # largest capacity: sums of a pixel's capacities then fit the solver's 32 bits


def to_units(energy: np.ndarray, unit: float) -> np.ndarray:
    """Energies as whole numbers of `unit` (int32), rounded to the nearest."""
    if not unit > 0:
        raise ValueError(f"the unit of energy must be positive, got {unit}")
    if np.max(np.abs(energy), initial=0) / unit > LIMIT:
        largest = float(np.max(np.abs(energy)))
        raise ValueError(f"an energy of {largest:g} is over {LIMIT} units; use a coarser unit")
    return np.rint(np.asarray(energy) / unit).astype(np.int32)


def uniform_arcs(shape: tuple[int, int], capacity: int) -> Arcs:
    """The same capacity in both directions between all neighbours."""
    height, width = shape
    flat = np.full((height, width - 1), capacity, dtype=np.int32)
    tall = np.full((height - 1, width), capacity, dtype=np.int32)
    return Arcs(flat, flat, tall, tall)


def cut_graph(gain: np.ndarray, arcs: Arcs) -> csr_array:
    """The capacity matrix: pixels 0..n-1 row by row, the source n, the sink n + 1.

    `gain` (height, width) is the energy saved by label 1 against label 0: if
    positive, it becomes an arc from the source, if negative, one to the sink.
    Rows are sorted and every arc has its reverse (of capacity 0 if need be),
    so that the solver has nothing to add.
    """
    height, width = gain.shape
    n = gain.size
    # six slots a pixel: up, left, right, down, source, sink
    there = np.zeros((height, width, 6), dtype=bool)
    steps = np.array([-width, -1, 1, width, 0, 0])
    column = np.arange(n).reshape(height, width, 1) + steps
    column[..., 4:] = n, n + 1
    capacity = np.zeros((height, width, 6), dtype=np.int32)
    there[1:, :, 0], capacity[1:, :, 0] = True, arcs.up
    there[:, 1:, 1], capacity[:, 1:, 1] = True, arcs.left
    there[:, :-1, 2], capacity[:, :-1, 2] = True, arcs.right
    there[:-1, :, 3], capacity[:-1, :, 3] = True, arcs.down
    there[..., 4], there[..., 5] = gain > 0, gain < 0
    capacity[..., 5] = np.maximum(-gain, 0)
    return _compress(
        there.reshape(n, 6), column.reshape(n, 6), capacity.reshape(n, 6), gain.ravel()
    )


def _compress(there, column, capacity, gain) -> csr_array:
    """Pack the pixels' rows and append the rows of the source and the sink."""
    fed, drained = np.flatnonzero(gain > 0), np.flatnonzero(gain < 0)
    counts = np.concatenate([[0], there.sum(axis=1), [len(fed), len(drained)]])
    data = np.concatenate([capacity[there], gain[fed], np.zeros_like(drained)])
    indices = np.concatenate([column[there], fed, drained])
    parts = data.astype(np.int32), indices.astype(np.int32), np.cumsum(counts, dtype=np.int32)
    return csr_array(parts, shape=(len(gain) + 2, len(gain) + 2))


def solve_cut(graph: csr_array) -> tuple[int, np.ndarray]:
    """Value of the maximum flow, and which nodes the source still reaches."""
    source, sink = graph.shape[0] - 2, graph.shape[0] - 1
    result = maximum_flow(graph, source, sink)
    left = graph.data - result.flow.data  # every arc has its reverse: one layout for both
    parts = left, graph.indices, graph.indptr
    residual = csr_array(parts, shape=graph.shape, copy=True)  # the next line works in place
    residual.eliminate_zeros()
    reached = np.zeros(graph.shape[0], dtype=bool)
    reached[breadth_first_order(residual, source, return_predecessors=False)] = True
    return int(result.flow_value), reached


def open_graph(residual: Residual, pixels: np.ndarray) -> csr_array:
    """The cut's graph of the open pixels alone, numbered in the order given."""
    n, excess = len(pixels), residual.excess[pixels]
    number = np.full(residual.side.size, -1, dtype=np.int32)
    number[pixels] = np.arange(n)
    column, capacity = np.empty((n, 6), dtype=np.int32), np.zeros((n, 6), dtype=np.int32)
    for k, step in enumerate(residual.steps):
        column[:, k], capacity[:, k] = number[pixels + step], residual.capacity[k][pixels]
    column[:, 4:], capacity[:, 5] = (n, n + 1), np.maximum(-excess, 0)
    there = column >= 0
    there[:, 4], there[:, 5] = excess > 0, excess < 0
    return _compress(there, column, capacity, excess)


def grid_cut(
    gain: np.ndarray, arcs: Arcs, guess: np.ndarray | None = None
) -> tuple[np.ndarray, int]:
    """Labels (height, width; bool) of a minimum cut and its value, in units of energy.

    The value is computed from the flow, not from the labels: that the labels' cut has this value
    is a proof that both are optimal. A good `guess` (height, width; bool) saves time and changes
    nothing else: pixels certain to agree with it are fixed first (see `certain_pixels`).
    """
    residual = Residual(gain, arcs, gain > 0 if guess is None else guess)
    residual.fix()
    pixels, labels = np.flatnonzero(residual.side == 0), residual.side == 1
    value = np.maximum(gain, 0).sum() - residual.excess[labels].sum()
    if pixels.size:
        flow, reached = solve_cut(open_graph(residual, pixels))
        value += flow - np.maximum(residual.excess[pixels], 0).sum()
        labels[pixels] = reached[:-2]
    return residual.picture(labels), int(value)


def majority(y: np.ndarray, radius: int = 2) -> np.ndarray:
    """The more frequent value (+1 if both are equally so) in the square around each pixel."""
    size = 2 * radius + 1
    padded = np.pad(y, radius)
    tall = sum(padded[k : k + y.shape[0]] for k in range(size))
    total = sum(tall[:, k : k + y.shape[1]] for k in range(size))
    return np.where(total >= 0, 1, -1).astype(np.int8)


@dataclass
class MinCut:
    """A restored picture `x` and the proof: `bound`, an energy that no picture can go below.

    `bound` is the value of the maximum flow plus the constant of the construction; the energy of
    `x` equals it, up to rounding by at most half a unit a pixel and a pair.
    """

    x: np.ndarray
    bound: float


def min_cut(model: Ising, y: np.ndarray, *, unit: float = UNIT) -> MinCut:
    """The picture of least energy, argmin_x E(x, y), exactly (Greig, Porteous and Seheult, 1989).

    Parameters
    ----------
    y : ndarray, shape (height, width), entries -1 and +1
    unit : float
        Capacities are rounded to multiples of this energy. Exact if 2 beta and 2 (eta y - h) are
        multiples; otherwise the energy of x exceeds the minimum by at most `unit` a pixel and pair.

    Raises
    ------
    ValueError
        For a negative beta (the cut needs neighbours that attract) or other pixel values.
    """
    y = check_picture(y, "y")
    if model.beta < 0:
        raise ValueError(f"a cut needs beta >= 0 (unlike neighbours cost more), got {model.beta}")
    bias = model.bias(y)
    arcs = uniform_arcs(y.shape, int(to_units(2 * model.beta, unit)))
    guess = checkerboard_sweep(model, majority(y), y) > 0
    side, value = grid_cut(to_units(2 * bias, unit), arcs, guess)
    pairs = arcs.right.size + arcs.down.size
    bound = value * unit - np.abs(bias).sum() - model.beta * pairs
    return MinCut(np.where(side, 1, -1).astype(np.int8), float(bound))


def best_picture(model: Ising, y: np.ndarray) -> np.ndarray:
    """The picture of least energy alone, for searches over models."""
    return min_cut(model, y).x
