"""Fixing pixels whose label is certain, so that the exact cut has only the rest to settle.

A flow between neighbours moves energy from terminals to pairs without changing the energy of any
labelling: with excess e_i and capacities c_ij after the flow, the energy of a set S of pixels with
label 1 is a constant - sum_{i in S} e_i + sum_{i in S, j not in S} c_ij. Take a guess, saturate
the arcs from its 1s to its 0s, and let pixels with excess to spare help neighbours in need. A set A
of 1s in which every e_i covers the arcs out of A has label 1 in some minimum: adding A to any S
never raises the energy. The same holds for 0s with signs exchanged. Pixels in need are opened, the
arcs between them and certain pixels saturated, until no certain pixel is in need.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

OUTSIDE = 2  # the side of the border that surrounds the picture: no capacity leads there
PULLS = 2  # rounds of help before a pixel is given up
MAX_OPEN = 0.15  # share of opened pixels beyond which fixing no longer pays


@dataclass(frozen=True)
class Arcs:
    """Capacities (int32) between neighbours: paid when the tail has label 1 and the head 0.

    `right[i, j]` is the arc from (i, j) to (i, j + 1), `left[i, j]` its reverse, both
    (height, width - 1); `down` and `up` likewise, (height - 1, width).
    """

    right: np.ndarray
    left: np.ndarray
    down: np.ndarray
    up: np.ndarray


class Residual:
    """Excess, capacities and sides of a picture framed by one pixel, flat.

    `excess` (n,), `capacity` (4, n) of the arcs up, left, right and down, `side` (n,): +1 for a
    certain label 1, -1 for a certain 0, 0 for an open pixel. `steps` lead to the four neighbours;
    the reverse of direction k is direction 3 - k.
    """

    def __init__(self, gain: np.ndarray, arcs: Arcs, guess: np.ndarray):
        self.shape = (gain.shape[0] + 2, gain.shape[1] + 2)
        self.steps = (-self.shape[1], -1, 1, self.shape[1])
        self.excess = np.pad(gain, 1).ravel()
        side = np.where(guess, 1, -1).astype(np.int32)
        self.side = np.pad(side, 1, constant_values=OUTSIDE).ravel()
        capacity = np.zeros((4, *self.shape), dtype=np.int32)
        capacity[0, 2:-1, 1:-1], capacity[3, 1:-2, 1:-1] = arcs.up, arcs.down
        capacity[1, 1:-1, 2:-1], capacity[2, 1:-1, 1:-2] = arcs.left, arcs.right
        self.capacity = capacity.reshape(4, -1)
        self._separate()

    def _separate(self) -> None:
        """Saturate every arc from a 1 to a 0 of the guess."""
        ones = np.flatnonzero(self.side == 1)
        for k, step in enumerate(self.steps):
            tails = ones[self.side[ones + step] == -1]
            self._send(k, tails, tails + step, self.capacity[k][tails])

    def _send(self, k: int, tails: np.ndarray, heads: np.ndarray, amount: np.ndarray) -> None:
        """Send flow (negative: backwards) along arcs of direction k; no tail occurs twice."""
        self.excess[tails] -= amount
        self.excess[heads] += amount
        self.capacity[k][tails] -= amount
        self.capacity[3 - k][heads] += amount

    def in_need(self, pixels: np.ndarray) -> np.ndarray:
        """Those certain pixels whose excess speaks against their side."""
        return pixels[self.side[pixels] * self.excess[pixels] < 0]

    def relieve(self, needy: np.ndarray) -> np.ndarray:
        """Let neighbours of the same side give what they can spare; returns who needs more."""
        side = self.side[needy]
        for k, step in enumerate(self.steps):
            near = needy + step
            room = np.where(side > 0, self.capacity[3 - k][near], self.capacity[k][needy])
            spare = np.where(self.side[near] == side, side * self.excess[near], 0)
            given = np.minimum(np.minimum(-side * self.excess[needy], spare), room)
            self._send(k, needy, near, -side * np.maximum(given, 0))
        return self.in_need(needy)

    def open_up(self, pixels: np.ndarray) -> np.ndarray:
        """Make pixels undecided; returns the certain neighbours that this leaves in need."""
        self.side[pixels] = 0
        touched = []
        for k, step in enumerate(self.steps):
            near = pixels + step
            side = self.side[near]
            full = np.where(side > 0, self.capacity[3 - k][near], self.capacity[k][pixels])
            self._send(k, pixels, near, np.where(abs(side) == 1, -side * full, 0))
            touched.append(self.in_need(near[abs(side) == 1]))
        return np.unique(self.in_need(np.concatenate(touched)))

    def picture(self, labels: np.ndarray) -> np.ndarray:
        """Flat labels without the frame, (height, width)."""
        return labels.reshape(self.shape)[1:-1, 1:-1]

    def fix(self) -> None:
        """Open pixels until every certain pixel can cover its arcs; give up if most are open."""
        inside = np.flatnonzero(self.side != OUTSIDE)
        needy, n_open = self.in_need(inside), 0
        while needy.size and n_open < MAX_OPEN * inside.size:
            for _ in range(PULLS):
                needy = self.relieve(needy)
            n_open += needy.size
            needy = self.open_up(needy)
        if needy.size:
            self.side[inside] = 0
