"""A toy that needs a memory: the last of some coins equals the first. Solved by hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lib.raster_lstm import RasterLSTM


def first_is_last(n: int, steps: int, generator: torch.Generator) -> Tensor:
    """Sequences (n, steps) of fair coins, 0 or 1, of which the last repeats the first."""
    if steps < 2:
        raise ValueError(f"a first and a last coin are two steps or more, got {steps}")
    x = torch.randint(2, (n, steps), generator=generator)
    x[:, -1] = x[:, 0]
    return x


def hand_set(steps: int, strength: float = 12.0) -> RasterLSTM:
    """A raster LSTM of one cell for `first_is_last`, its weights set by hand, not trained.

    It writes at the second step, when it reads the first coin, keeps, and shows at the last step.
    """
    model = RasterLSTM((steps,), 2, cells=1, reach=0)
    coin, column = 0, 2  # what the input holds: previous pixel, row, then the columns
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
        write, keep, content, show = model.lstm.weight_ih_l0  # each (1 + 1 + steps,)
        for gate, moment in ((write, 1), (show, steps - 1)):
            gate[column:] = -strength
            gate[column + moment] = strength
        keep[column:] = strength
        content[coin] = strength
        model.last.weight[:, 0] = torch.tensor([-strength, strength])
    return model


def gates(model: RasterLSTM, x: Tensor) -> dict[str, Tensor]:
    """Gates, memory and state of the first cell at each step for one sequence x (1, steps)."""
    lstm, rows = model.lstm, {}
    h = m = torch.zeros(1, lstm.hidden_size)
    with torch.no_grad():
        v = model.encode(x)
        given = model.read(v)
        for d in range(given.shape[1]):
            a = given[:, d] @ lstm.weight_ih_l0.T + h @ lstm.weight_hh_l0.T
            u, k, g, r = (a + lstm.bias_ih_l0 + lstm.bias_hh_l0).chunk(4, 1)
            m = k.sigmoid() * m + u.sigmoid() * g.tanh()
            h = r.sigmoid() * m.tanh()
            now = {"write": u.sigmoid(), "keep": k.sigmoid(), "content": g.tanh()}
            now |= {"show": r.sigmoid(), "memory": m, "state": h}
            for name, value in now.items():
                rows.setdefault(name, []).append(value[0, 0])
    return {name: torch.stack(values) for name, values in rows.items()}


def fading(net: nn.RNNBase, steps: int, generator: torch.Generator, *, n: int = 32) -> Tensor:
    """How strongly the last state reacts to the input `steps - 1`, ..., 1, 0 steps before.

    Root mean square, over n random sequences, of the gradient of a random projection of the state.
    """
    v = torch.randn(n, steps, net.input_size, generator=generator, requires_grad=True)
    direction = torch.randn(net.hidden_size, generator=generator)
    (slope,) = torch.autograd.grad((net(v)[0][:, -1] @ direction).sum(), v)
    return slope.square().sum(2).mean(0).sqrt()
