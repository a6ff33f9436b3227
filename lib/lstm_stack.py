"""What Row LSTM and Diagonal BiLSTM share: one LSTM step, and a stack of layers with shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.pixel import PixelModel

Run = Callable[[nn.Module, Tensor, Tensor | float], Tensor]


def lstm_step(gates: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """New state and new memory (n, cells, ...) from gates (n, 4 * cells, ...) and old memory.

    The gates are given before their nonlinearity, in torch's order: write, keep, content, show.
    Source: Hochreiter and Schmidhuber, 1997; the gate that keeps is by Gers et al., 2000.
    """
    write, keep, content, show = gates.chunk(4, 1)
    memory = torch.sigmoid(keep) * memory + torch.sigmoid(write) * torch.tanh(content)
    return torch.sigmoid(show) * torch.tanh(memory), memory


def whole(layer: nn.Module, v: Tensor, shift: Tensor | float) -> Tensor:
    """Run a layer over whole maps, as in training."""
    return layer(v, shift)


class LSTMStack(PixelModel):
    """LSTM layers over pictures (h, w): the first has mask A, the others B and a shortcut.

    A subclass names its `layer`, made by layer(inputs, cells, kind, rows=, width=), and its
    `memory`, which runs the layers pixel by pixel. `rows` x `width` are the taps of the first
    layer. A learned map of positions is added after it.
    """

    layer: type[nn.Module]
    memory: type

    def __init__(
        self,
        shape: Sequence[int],
        levels: int,
        *,
        cells: int = 64,
        layers: int = 1,
        rows: int = 1,
        width: int = 3,
        share: float = 0.0,
        one_hot: bool = False,
        c_dim: int = 0,
    ):
        super().__init__(shape, levels, one_hot=one_hot, c_dim=c_dim)
        if len(self.shape) != 2 or layers < 1:
            raise ValueError(f"wants a shape (h, w) and 1 layer or more, got {shape}, {layers}")
        self.share, wide = share, 2 * cells
        first = self.layer(self.inputs, cells, "A", rows=rows, width=width)
        later = [self.layer(wide, cells, "B", rows=1, width=3) for _ in range(layers - 1)]
        self.layers = nn.ModuleList([first, *later])
        self.widen = nn.ModuleList(nn.Conv2d(cells, wide, 1) for _ in range(layers))
        self.condition = nn.ModuleList(
            nn.Linear(c_dim, 4 * cells, bias=False) for _ in range(layers) if c_dim
        )
        self.position = nn.Parameter(torch.zeros(wide, *self.shape))
        self.mix, self.last = nn.Conv2d(wide, wide, 1), nn.Conv2d(wide, levels, 1)

    def network(
        self, v: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits (n, levels, h, w) of encoded pictures v (n, inputs, h, w)."""
        return self._stack(v, c, whole, self.position, generator)

    def _stack(self, v, c, run: Run, position: Tensor, generator=None) -> Tensor:
        """The network; `run` runs a layer over whole maps, or at one pixel of them."""
        shifts = [s(c.to(v.dtype))[:, :, None, None] for s in self.condition] or [0.0] * len(
            self.layers
        )
        h = position
        for k, (layer, widen) in enumerate(zip(self.layers, self.widen, strict=True)):
            state = run(layer, h if k else v, shifts[k])
            h = h + self.drop(widen(state), generator)
        return self.last(F.relu(self.mix(F.relu(h))))

    def walk(self, x: Tensor, c: Tensor | None = None) -> Iterator[Tensor]:
        """As `PixelModel.walk`, but every layer computes a pixel once and remembers it."""
        self._check(x, c)
        memory = self.memory(*self.shape)
        for i, j in self.places:
            here = (..., slice(i, i + 1), slice(j, j + 1))
            memory.at(i, j)
            yield self._stack(self.encode(x[here]), c, memory, self.position[here])[..., 0, 0]
            memory.store(self.layers[0], self.encode(x[here]))  # now x holds this pixel
