"""Diagonal BiLSTM: a memory that sweeps a picture along its diagonals, from both sides."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.lstm_stack import LSTMStack, lstm_step
from lib.masked import MaskedConv2d, Memory


def skew(v: Tensor) -> Tensor:
    """Shift row i of maps (..., h, w) by i to the right: (..., h, w + h - 1), zeros where empty.

    A column of the result is a diagonal of v: pixels (i, j) with the same i + j.
    """
    height, width = v.shape[-2:]
    wide = F.pad(v, (0, height)).flatten(-2)[..., :-height]  # a row is one too long: it slips by 1
    return wide.unflatten(-1, (height, width + height - 1))


def unskew(v: Tensor) -> Tensor:
    """The inverse of `skew`: maps (..., h, w) of skewed maps (..., h, w + h - 1)."""
    height, long = v.shape[-2:]
    width = long - height + 1
    return F.pad(v.flatten(-2), (0, height)).unflatten(-1, (height, long + 1))[..., :width]


def shift_down(v: Tensor) -> Tensor:
    """Move maps (..., h, w) down by one row; the first row becomes zero."""
    return F.pad(v, (0, 0, 1, 0))[..., :-1, :]


class Diagonals(nn.Module):
    """An LSTM that runs over the diagonals, from the upper left corner.

    State (i, j) comes from the states above (i - 1, j) and to the left (i, j - 1): two taps of a
    convolution along the column of the skewed map that was computed before.
    """

    def __init__(self, cells: int):
        super().__init__()
        self.cells = cells
        self.carry = nn.Conv1d(cells, 4 * cells, 2, bias=False)

    def forward(self, gates: Tensor) -> Tensor:
        """States (n, cells, h, w) of what the input gives to the gates (n, 4 * cells, h, w)."""
        state = memory = gates.new_zeros(len(gates), self.cells, gates.shape[2])
        states = []
        for column in skew(gates).unbind(3):  # (n, 4 * cells, h)
            carried = self.carry(F.pad(state, (1, 0)))  # nothing is above the first row
            state, memory = lstm_step(column + carried, memory)
            states.append(state)
        return unskew(torch.stack(states, 3))

    def along(
        self, gates: Tensor, above: Tensor, state: Tensor, memory: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One pixel after another of a row: gates (n, 4 * cells, w), states `above` (n, cells, w).

        Starts from state and memory (n, cells, 1) left of it; returns (n, cells, w) of both.
        """
        states, memories = [], []
        for j in range(gates.shape[2]):
            near = torch.cat([above[:, :, j : j + 1], state], 2)
            state, memory = lstm_step(gates[:, :, j : j + 1] + self.carry(near), memory)
            states.append(state)
            memories.append(memory)
        return torch.cat(states, 2), torch.cat(memories, 2)


class DiagonalLayer(nn.Module):
    """Both streams. The one from the right is moved down by a row, or it would see the future."""

    def __init__(self, inputs: int, cells: int, kind: str, *, rows: int, width: int):
        super().__init__()
        self.cells = cells
        if kind == "B":
            rows, width = 1, 1  # as in the paper, later layers read their own place only
        self.read_left = MaskedConv2d(inputs, 4 * cells, kind, rows=rows, width=width)
        self.read_right = MaskedConv2d(inputs, 4 * cells, "rows", rows=1, width=1)
        self.left, self.right = Diagonals(cells), Diagonals(cells)
        for read in (self.read_left, self.read_right):
            nn.init.ones_(read.bias.data[cells : 2 * cells])  # to begin with, keep

    def forward(self, v: Tensor, shift: Tensor | float = 0.0) -> Tensor:
        """States (n, cells, h, w) of inputs v (n, inputs, h, w): the sum of both streams."""
        left = self.left(self.read_left(v) + shift)
        right = self.right((self.read_right(v) + shift).flip(3)).flip(3)
        return left + shift_down(right)


class DiagonalMemory:
    """What diagonal layers have read so far: call it instead of a layer, at one pixel."""

    def __init__(self, height: int, width: int):
        self.taps, self.width = Memory(height, width), width
        self.row, self.column = 0, slice(0, 1)
        self.kept: dict[DiagonalLayer, dict[str, Tensor]] = {}

    def at(self, row: int, column: int) -> None:
        """Move to a pixel; before a new row, the stream from the right reads the finished one."""
        self.taps.at(row, column)
        self.column = slice(column, column + 1)
        if column == 0:
            for layer, kept in self.kept.items():
                gates = (layer.read_right(kept["input"]) + kept["shift"])[:, :, 0].flip(2)
                zero = torch.zeros_like(kept["state"])
                kept["right"], _ = layer.right.along(gates, kept["right"], zero, zero)
                kept["above"], kept["now"] = kept["now"], torch.zeros_like(kept["now"])
                kept["state"] = kept["memory"] = zero

    def store(self, layer: DiagonalLayer, v: Tensor) -> None:
        """Remember the layer's input v (n, inputs, 1, 1) at the current pixel."""
        self.taps.store(layer.read_left, v)
        self.kept[layer]["input"][:, :, :, self.column] = v

    def __call__(self, layer: DiagonalLayer, v: Tensor, shift: Tensor | float) -> Tensor:
        """The layer's sum of states (n, cells, 1, 1) at the current pixel."""
        if layer not in self.kept:
            self.kept[layer] = self._start(layer, v, shift)
        kept = self.kept[layer]
        kept["input"][:, :, :, self.column] = v
        gates = (self.taps(layer.read_left, v) + shift)[:, :, 0]
        above = kept["above"][:, :, self.column]
        state, memory = layer.left.along(gates, above, kept["state"], kept["memory"])
        kept["state"], kept["memory"], kept["now"][:, :, self.column] = state, memory, state
        right = kept["right"].flip(2)[:, :, self.column]
        return (state + right)[:, :, None]

    def _start(self, layer: DiagonalLayer, v: Tensor, shift: Tensor | float) -> dict:
        zero = v.new_zeros(len(v), layer.cells, self.width)
        one = zero[:, :, :1]
        kept = {name: zero.clone() for name in ("above", "now", "right")}
        row = v.new_zeros(*v.shape[:3], self.width)
        return kept | {"state": one, "memory": one, "input": row, "shift": shift}


class DiagonalBiLSTM(LSTMStack):
    """Diagonal BiLSTM: h + w - 1 steps, and a pixel sees all pixels before it.

    Source: van den Oord, Kalchbrenner and Kavukcuoglu, Pixel recurrent neural networks, 2016,
    section 3.2. There one mask A comes before both streams. Here the stream from the right reads
    the pixel itself, which the shift makes past; otherwise the last pixel of the row above would
    be seen by nobody.
    """

    layer, memory = DiagonalLayer, DiagonalMemory
