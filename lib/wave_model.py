"""WaveNet: dilated causal convolutions for sounds, and the queues that sample them fast."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.pixel import PixelModel, places

Apply = Callable[["CausalConv1d", Tensor], Tensor]


class CausalConv1d(nn.Conv1d):
    """A convolution over time whose last tap is the present; earlier ones are `dilation` apart.

    Maps (n, inputs, t) to (n, outputs, t); before the beginning there are zeros.
    """

    def __init__(self, inputs: int, outputs: int, *, taps: int = 2, dilation: int = 1):
        super().__init__(inputs, outputs, taps, dilation=dilation)

    @property
    def reach(self) -> int:
        """How many samples back the first tap looks."""
        return (self.kernel_size[0] - 1) * self.dilation[0]

    def forward(self, v: Tensor) -> Tensor:
        """Sequences (n, outputs, t) of sequences v (n, inputs, t)."""
        return super().forward(F.pad(v, (self.reach, 0)))


class Queues:
    """Runs causal convolutions one sample at a time; each keeps only what it will read again.

    Call it instead of the layer, with the layer's newest input (n, inputs, 1). Source: Le Paine et
    al., Fast Wavenet generation algorithm, 2016.
    """

    def __init__(self):
        self.waiting: dict[nn.Module, deque[Tensor]] = {}

    def __call__(self, layer: CausalConv1d, v: Tensor) -> Tensor:
        """The layer's newest output (n, outputs, 1)."""
        queue = self.waiting.setdefault(layer, deque([torch.zeros_like(v)] * layer.reach))
        queue.append(v)
        read = [queue[k * layer.dilation[0]] for k in range(layer.kernel_size[0])]
        queue.popleft()
        return F.conv1d(torch.cat(read, 2), layer.weight, layer.bias)


def receptive_field(dilations: Sequence[int], taps: int = 2) -> int:
    """Earlier samples that reach an output: 1 + (taps - 1) * sum of the dilations."""
    return 1 + (taps - 1) * sum(dilations)


class WaveModel(PixelModel):
    """p(x) of a sound x (n, t), one sample after the other, through gated dilated convolutions.

    The input is delayed by one sample, so that output i sees x_(i - r) ... x_(i - 1), with r the
    receptive field. Every layer adds to the stream and, by a shorter way, to the output; a
    condition c (n, c_dim) moves every gate. Source: van den Oord et al., WaveNet, 2016, figure 4.
    """

    def __init__(
        self,
        shape: Sequence[int],
        levels: int,
        *,
        channels: int = 32,
        dilations: Sequence[int] = (1, 2, 4, 8, 16, 32, 64),
        taps: int = 2,
        one_hot: bool = False,
        c_dim: int = 0,
    ):
        super().__init__(shape, levels, one_hot=one_hot, c_dim=c_dim)
        if len(self.shape) != 1 or not dilations or min(dilations) < 1 or taps < 2:
            raise ValueError(
                "a wave model has shape (t,), dilations >= 1 and taps >= 2, got "
                f"{self.shape}, {tuple(dilations)} and {taps}"
            )
        self.dilations, self.taps = tuple(dilations), taps
        self.first = nn.Conv1d(self.inputs, channels, 1)
        self.look = nn.ModuleList(
            CausalConv1d(channels, 2 * channels, taps=taps, dilation=d) for d in dilations
        )
        self.condition = nn.ModuleList(
            nn.Linear(c_dim, 2 * channels, bias=False) for _ in dilations if c_dim
        )
        self.out = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in dilations[1:])
        self.skip = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in dilations)
        self.mix = nn.Conv1d(channels, channels, 1)
        self.last = nn.Conv1d(channels, levels, 1)

    @property
    def field(self) -> int:
        """Earlier samples that a sample is predicted from."""
        return receptive_field(self.dilations, self.taps)

    def network(
        self, v: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits (n, levels, t) of encoded sounds v (n, inputs, t)."""
        late = F.pad(v, (1, 0))[..., :-1]
        return self._layers(late, self._shifts(c), lambda layer, h: layer(h))

    def _shifts(self, c: Tensor | None) -> list[Tensor | float]:
        """What the condition adds to each layer's gates, (n, 2 channels, 1)."""
        if c is None:
            return [0.0] * len(self.look)
        return [layer(c.to(layer.weight.dtype))[..., None] for layer in self.condition]

    def _layers(self, v: Tensor, shifts: list[Tensor | float], apply: Apply) -> Tensor:
        """The network behind the delay; `apply` runs a layer on all samples or on the newest."""
        h, total = self.first(v), 0.0
        for k, (look, shift) in enumerate(zip(self.look, shifts, strict=True)):
            a, b = (apply(look, h) + shift).chunk(2, 1)
            seen = torch.tanh(a) * torch.sigmoid(b)
            total = total + self.skip[k](seen)
            if k < len(self.out):
                h = h + self.out[k](seen)
        return self.last(F.relu(self.mix(F.relu(total))))

    def walk(self, x: Tensor, c: Tensor | None = None) -> Iterator[Tensor]:
        """As `PixelModel.walk`, but a layer computes each sample once and keeps a queue."""
        self._check(x, c)
        queues, shifts = Queues(), self._shifts(c)
        v = torch.zeros_like(self.encode(x[:, :1]))
        for k in range(*self.shape):
            yield self._layers(v, shifts, queues)[..., 0]
            v = self.encode(x[:, k : k + 1])  # now x holds this sample

    def lengthened(self, t: int) -> WaveModel:
        """A copy for sounds of `t` samples: convolutions do not know how long a sound is."""
        model = deepcopy(self)
        model.shape, model.places = (t,), places((t,))
        return model
