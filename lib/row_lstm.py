"""Row LSTM: a memory that reads a picture row by row, all pixels of a row at once."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lib.lstm_stack import LSTMStack, lstm_step
from lib.masked import MaskedConv2d, Memory


class RowLayer(nn.Module):
    """An LSTM that runs down the rows; its state of a row is a map (n, cells, w).

    Gates = masked convolution of the input + convolution of the state of the row above (three
    taps, none of them masked: that row is past).
    """

    def __init__(self, inputs: int, cells: int, kind: str, *, rows: int, width: int):
        super().__init__()
        self.cells = cells
        self.read = MaskedConv2d(inputs, 4 * cells, kind, rows=rows, width=width)
        self.carry = nn.Conv1d(cells, 4 * cells, 3, padding=1, bias=False)
        nn.init.ones_(self.read.bias.data[cells : 2 * cells])  # to begin with, keep

    def forward(self, v: Tensor, shift: Tensor | float = 0.0) -> Tensor:
        """States (n, cells, h, w) of inputs v (n, inputs, h, w), one row after the other."""
        state = memory = v.new_zeros(len(v), self.cells, v.shape[3])
        states = []
        for gates in (self.read(v) + shift).unbind(2):  # (n, 4 * cells, w)
            state, memory = lstm_step(gates + self.carry(state), memory)
            states.append(state)
        return torch.stack(states, 2)


class RowMemory:
    """What Row LSTM layers have read so far: call it instead of a layer, at one pixel."""

    def __init__(self, height: int, width: int):
        self.taps, self.width = Memory(height, width), width
        self.rows: dict[RowLayer, list[Tensor]] = {}  # carried and memory above; state and memory

    def at(self, row: int, column: int) -> None:
        """Move to a pixel; a new row begins by looking at the finished one, once."""
        self.taps.at(row, column)
        self.column = slice(column, column + 1)
        if column == 0:
            for layer, (*_, state, memory) in self.rows.items():
                new = torch.zeros_like(state), torch.zeros_like(memory)
                self.rows[layer] = [layer.carry(state), memory, *new]

    def store(self, layer: RowLayer, v: Tensor) -> None:
        """Remember the layer's input v (n, inputs, 1, 1) at the current pixel."""
        self.taps.store(layer.read, v)

    def __call__(self, layer: RowLayer, v: Tensor, shift: Tensor | float) -> Tensor:
        """The layer's state (n, cells, 1, 1) at the current pixel."""
        if layer not in self.rows:
            zero = v.new_zeros(len(v), layer.cells, self.width)
            self.rows[layer] = [layer.carry(zero), zero, zero.clone(), zero.clone()]
        carried, above, state, memory = (row[:, :, self.column] for row in self.rows[layer])
        gates = (self.taps(layer.read, v) + shift)[:, :, 0] + carried
        state[:], memory[:] = lstm_step(gates, above)
        return state[:, :, None].clone()


class RowLSTM(LSTMStack):
    """Row LSTM: h steps for a picture of h rows.

    A pixel sees its own row to the left, and above it a triangle that widens by a pixel a row on
    the right. Source: van den Oord, Kalchbrenner and Kavukcuoglu, Pixel recurrent neural networks,
    2016, section 3.1.
    """

    layer, memory = RowLayer, RowMemory
