"""Convolutions that cannot see the future, and the memory that runs them one pixel at a time."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def causal_mask(rows: int, width: int, kind: str) -> Tensor:
    """Which taps (rows, width) of a kernel may be used; its last row is the pixel's own row.

    "A": rows above, and the own row left of the pixel. "B": the pixel too. "above": rows above
    only. "rows": rows above and the whole own row.
    """
    if kind not in ("A", "B", "above", "rows") or rows < 1 or width < 1 or width % 2 == 0:
        raise ValueError(
            "a mask has rows >= 1, an odd width and kind 'A', 'B', 'above' or 'rows', "
            f"got {rows} x {width}, {kind!r}"
        )
    mask = torch.ones(rows, width)
    first_hidden = {"A": width // 2, "B": width // 2 + 1, "above": 0, "rows": width}[kind]
    mask[-1, first_hidden:] = 0
    return mask


class MaskedConv2d(nn.Conv2d):
    """A convolution of `rows` x `width` taps whose last row is the pixel's own row.

    Rows below the pixel are never allowed, so they are not stored. With `colours` > 1 the channels
    of input and output are split into as many groups, and at the pixel itself colour k sees the
    colours before it (kind "A") or also itself (kind "B"). Maps (n, inputs, h, w) to (n, outputs,
    h, w). Source: van den Oord, Kalchbrenner and Kavukcuoglu, 2016.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kind: str,
        *,
        rows: int = 2,
        width: int = 3,
        colours: int = 1,
    ):
        super().__init__(inputs, outputs, (rows, width))
        if inputs % colours or outputs % colours:
            raise ValueError(f"{inputs} and {outputs} channels do not split into {colours} colours")
        mask = causal_mask(rows, width, kind).repeat(outputs, inputs, 1, 1)
        if colours > 1 and kind in ("A", "B"):
            reads = torch.arange(inputs) * colours // inputs
            writes = torch.arange(outputs)[:, None] * colours // outputs
            mask[:, :, -1, width // 2] = (
                reads < writes if kind == "A" else reads <= writes
            ).float()
        self.register_buffer("mask", mask, persistent=False)

    @property
    def margins(self) -> tuple[int, int, int, int]:
        """Zeros to add left, right, above and below, so that the size stays."""
        rows, width = self.kernel_size
        return width // 2, width // 2, rows - 1, 0

    def forward(self, v: Tensor) -> Tensor:
        """Maps (n, outputs, h, w) of maps v (n, inputs, h, w)."""
        return self.inside(F.pad(v, self.margins))

    def inside(self, v: Tensor) -> Tensor:
        """The same without adding margins: only where the whole kernel fits into v."""
        return F.conv2d(v, self.weight * self.mask, self.bias)


class Memory:
    """What masked convolutions have read so far: runs a network one pixel, or row, at a time.

    Call it instead of the layer, with the layer's input at the current `place` only. It stores
    this input and computes the output there from what is stored around. Shapes are (n, channels,
    1, 1) for a pixel and (n, channels, 1, w) for a row.
    """

    def __init__(self, height: int, width: int):
        self.height, self.width = height, width
        self.seen: dict[nn.Module, Tensor] = {}
        self.row, self.columns = 0, slice(0, width)

    def at(self, row: int, column: int | None = None) -> Memory:
        """Move to a pixel, or to a whole row."""
        self.row = row
        self.columns = slice(0, self.width) if column is None else slice(column, column + 1)
        return self

    def store(self, layer: MaskedConv2d, v: Tensor) -> Tensor:
        """Remember the layer's input v at the current place; return all that it has read."""
        left, right, above, _ = layer.margins
        if layer not in self.seen:
            size = self.height + above, self.width + left + right
            self.seen[layer] = v.new_zeros(*v.shape[:2], *size)
        columns = slice(self.columns.start + left, self.columns.stop + left)
        self.seen[layer][:, :, self.row + above, columns] = v[:, :, 0]
        return self.seen[layer]

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows (n,) of all that was stored, in their order; a row may repeat."""
        moved = (rows != torch.arange(len(rows))).nonzero()[:, 0]
        for seen in self.seen.values():
            seen[moved] = seen[rows[moved]]

    def __call__(self, layer: MaskedConv2d, v: Tensor) -> Tensor:
        """The layer's output (n, outputs, 1, ...) at the current place."""
        seen, (left, right, above, _) = self.store(layer, v), layer.margins
        columns = slice(self.columns.start, self.columns.stop + left + right)
        return layer.inside(seen[:, :, self.row : self.row + above + 1, columns])
