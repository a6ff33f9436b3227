"""Checks of the equations of the lesson on recurrent pixel models."""

import math

import numpy as np
import torch

from lib import diagonal_lstm, lstm_stack
from lib.raster_lstm import RasterLSTM
from lib.row_lstm import RowLayer
from lib.tiny_pictures import all_pictures
from tests.equations import checks


def rng() -> np.random.Generator:
    return np.random.default_rng(52)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def stir(module: torch.nn.Module, size: float = 0.5) -> torch.nn.Module:
    """Weights in float64 that are nowhere zero, whatever the global generator says."""
    generator = seeded(3)
    with torch.no_grad():
        for p in module.double().parameters():
            p.copy_(size * torch.randn(p.shape, generator=generator, dtype=p.dtype))
    return module.eval()


@checks("eq-rnn-state", by="ratios of sums over all pictures, and a change of x_i itself")
def the_state_gives_the_conditional():
    """softmax(W h_i + b) is p(x_i | x_<i) of the distribution over all pictures."""
    model = stir(RasterLSTM((2, 2), 3, cells=6))
    x = all_pictures((2, 2), 3)
    with torch.no_grad():
        p = model.log_prob(x).exp().reshape(3, 3, 3, 3)
        h, _ = model.lstm(model.read(model.encode(x)))
        told = torch.softmax(h @ model.last.weight.T + model.last.bias, 2).reshape(3, 3, 3, 3, 4, 3)
    assert math.isclose(p.sum().item(), 1, abs_tol=1e-12)
    for i in range(4):
        later = tuple(range(i + 1, 4))
        joint = p.sum(later) if later else p  # p(x_1 .. x_i)
        conditional = joint / joint.sum(i, keepdim=True)
        for rest in ((0,) * (4 - i), (2,) * (4 - i)):  # whatever pixel i and later ones are
            state = told[(slice(None),) * i + rest][..., i, :]
            torch.testing.assert_close(state, conditional, rtol=0, atol=1e-12)


def one_step(u, v, b, given, h, m):
    """The two equations of an LSTM step with numpy, the four parts in torch's order."""
    a = u @ given + v @ h + b
    write, keep, content, show = np.split(a, 4)

    def sig(t):
        return 1 / (1 + np.exp(-t))

    m = sig(keep) * m + sig(write) * np.tanh(content)
    return sig(show) * np.tanh(m), m


def from_gates(a: np.ndarray, m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    k = len(m)
    return one_step(np.zeros((4 * k, 1)), np.zeros((4 * k, k)), a, np.zeros(1), np.zeros(k), m)


@checks("eq-rnn-gates", "eq-rnn-memory", by="torch's LSTMCell over several steps")
def gates_and_memory():
    """The equations in numpy are torch's cell, step after step; and so is the library's step."""
    random, cell = rng(), stir(torch.nn.LSTMCell(3, 4))
    u, v = cell.weight_ih.detach().numpy(), cell.weight_hh.detach().numpy()
    b = (cell.bias_ih + cell.bias_hh).detach().numpy()
    h, m = np.zeros(4), np.zeros(4)
    state = torch.zeros(1, 4).double(), torch.zeros(1, 4).double()
    for _ in range(6):
        given = random.normal(size=3)
        a = torch.tensor(u @ given + v @ h + b)[None]
        ours, _ = lstm_stack.lstm_step(a, torch.tensor(m)[None])
        h, m = one_step(u, v, b, given, h, m)
        state = cell(torch.tensor(given)[None], state)
        np.testing.assert_allclose(h, state[0].detach().numpy()[0], atol=1e-12)
        np.testing.assert_allclose(m, state[1].detach().numpy()[0], atol=1e-12)
        np.testing.assert_allclose(ours.numpy()[0], h, atol=1e-12)


@checks("eq-rnn-shrink", by="Jacobians by finite differences; equality for a rotation near zero")
def gradients_of_a_plain_network_shrink():
    """The Jacobian over n steps has a norm of at most that of V to the n."""
    random = rng()

    def run(h, v, inputs):
        for given in inputs:
            h = np.tanh(given + v @ h)
        return h

    def slope(v, inputs, start):
        step = 1e-6 * np.eye(4)
        columns = [(run(start + e, v, inputs) - run(start - e, v, inputs)) / 2e-6 for e in step]
        return np.linalg.norm(np.stack(columns, 1), 2)

    for scale in (0.3, 0.9, 1.5):
        for n in (1, 3, 6):
            v = scale * random.normal(size=(4, 4)) / 2
            bound = np.linalg.norm(v, 2) ** n
            assert slope(v, random.normal(size=(n, 4)), random.normal(size=4)) <= bound * (1 + 1e-6)
    rotation = 0.8 * np.linalg.qr(random.normal(size=(4, 4)))[0]
    tight = slope(rotation, np.zeros((5, 4)), np.zeros(4))
    assert math.isclose(tight, 0.8**5, rel_tol=1e-6)  # no smaller power would be a bound


@checks("eq-rnn-path", by="automatic differentiation through a cell whose gates do not read h")
def the_memory_keeps_its_gradient():
    """Without recurrent weights the gradient of the memory is the product of the keep gates."""
    cell = stir(torch.nn.LSTMCell(2, 1))
    with torch.no_grad():
        cell.weight_hh.zero_()
    start = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)
    state, kept = (torch.zeros(1, 1).double(), start), 1.0
    for given in torch.randn(7, 1, 2, dtype=torch.float64, generator=seeded()):
        a = cell.weight_ih @ given[0] + cell.bias_ih + cell.bias_hh
        kept *= 1 / (1 + math.exp(-a[1].item()))
        state = cell(given, state)
    (slope,) = torch.autograd.grad(state[1].sum(), start)
    assert math.isclose(slope.item(), kept, rel_tol=1e-10)


@checks("eq-rnn-row", by="a loop over pixels in numpy")
def a_row_layer_pixel_by_pixel():
    """a_ij = b + U v_(i, j-1) + sum of V_s h_(i-1, j+s) gives the layer's states."""
    layer = stir(RowLayer(2, 3, "A", rows=1, width=3))
    v = torch.randn(1, 2, 4, 5, dtype=torch.float64, generator=seeded())
    u = layer.read.weight.detach().numpy()[:, :, 0, 0]  # the tap to the left
    taps, b = layer.carry.weight.detach().numpy(), layer.read.bias.detach().numpy()
    zero, states, memories = np.zeros(3), {}, {}
    for i in range(4):
        for j in range(5):
            left = v[0, :, i, j - 1].numpy() if j else np.zeros(2)
            near = [states.get((i - 1, j + s), zero) for s in (-1, 0, 1)]
            a = b + u @ left + sum(taps[:, :, s] @ near[s] for s in range(3))
            states[i, j], memories[i, j] = from_gates(a, memories.get((i - 1, j), zero))
    found = layer(v)[0].detach().numpy()
    for (i, j), state in states.items():
        np.testing.assert_allclose(found[:, i, j], state, atol=1e-12)


@checks("eq-rnn-triangle", by="changing one pixel at a time and seeing which states move")
def the_triangle_of_a_row_layer():
    """Pixel (i, j) sees (i - n, j') exactly if j - n - 1 <= j' <= j + n - 1, inside the picture."""
    layer = stir(RowLayer(1, 3, "A", rows=1, width=3), 0.9)
    height, width, (i, j) = 5, 11, (4, 5)
    v = torch.randn(1, 1, height, width, dtype=torch.float64, generator=seeded())
    with torch.no_grad():
        before = layer(v)[..., i, j]
        for n in range(i + 1):
            for column in range(width):
                changed = v.clone()
                changed[0, 0, i - n, column] += 1
                moved = bool((layer(changed)[..., i, j] != before).any())
                assert moved == (j - n - 1 <= column <= j + n - 1), (n, column)


@checks("eq-rnn-skew", by="two loops over the picture")
def skewing():
    """Entry (i, i + j) of the skewed map is entry (i, j); all others are zero; unskew undoes it."""
    for height, width in ((3, 5), (5, 3), (1, 4), (4, 1)):
        v = torch.rand(height, width, generator=seeded()) + 1
        wide = diagonal_lstm.skew(v)
        for i in range(height):
            for k in range(height + width - 1):
                assert wide[i, k] == (v[i, k - i] if 0 <= k - i < width else 0)
        assert torch.equal(diagonal_lstm.unskew(wide), v)


def by_recursion(layer, side: str, v: torch.Tensor) -> dict:
    """States of one stream of a diagonal layer, from above and from the side, in numpy."""
    _, height, width = v.shape
    read = getattr(layer, f"read_{side}")
    v1, v2 = np.moveaxis(getattr(layer, side).carry.weight.detach().numpy(), 2, 0)
    u, b = read.weight.detach().numpy()[:, :, 0, 0], read.bias.detach().numpy()
    back, zero, states, memories = (-1 if side == "left" else 1), np.zeros(3), {}, {}
    for i in range(height):
        for j in range(width)[::-back]:
            seen = j - 1 if side == "left" else j  # mask A on the left, the pixel on the right
            pixel = v[:, i, seen].numpy() if seen >= 0 else np.zeros(len(v))
            a = b + u @ pixel
            a += v1 @ states.get((i - 1, j), zero) + v2 @ states.get((i, j + back), zero)
            states[i, j], memories[i, j] = from_gates(a, memories.get((i, j + back), zero))
    return states


@checks("eq-rnn-diagonal", "eq-rnn-shift", by="a recursion over rows and columns, without skewing")
def a_diagonal_layer_pixel_by_pixel():
    """Both streams from above and the side; the one from the right is taken one row higher."""
    layer = stir(diagonal_lstm.DiagonalLayer(2, 3, "A", rows=1, width=3))
    v = torch.randn(1, 2, 4, 5, dtype=torch.float64, generator=seeded())
    left, right = (by_recursion(layer, side, v[0]) for side in ("left", "right"))
    found = layer(v)[0].detach().numpy()
    alone = layer.left(layer.read_left(v))[0].detach().numpy()
    for (i, j), state in left.items():
        np.testing.assert_allclose(alone[:, i, j], state, atol=1e-12)
        wanted = state + (right[i - 1, j] if i else 0)
        np.testing.assert_allclose(found[:, i, j], wanted, atol=1e-12)
