"""Checks of the equations in the homework on pixel models."""

from fractions import Fraction

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import softmax
from scipy.stats import chisquare

from lib.homework_pixel import Network
from lib.homework_pixel_draws import draw_one
from lib.homework_pixel_steps import Layer
from lib.homework_vae_training import seeded
from tests.equations import checks


@checks("eq-hw-pixel-chain", by="counting in a list of a million drawn pictures")
def chain():
    """The share of pictures that agree with x so far is the product of the shares of its terms."""
    rng = np.random.default_rng(0)
    table = rng.dirichlet(np.full(27, 3.0))
    drawn = rng.choice(27, size=1_000_000, p=table)
    digits = np.stack(np.unravel_index(drawn, (3, 3, 3)), axis=1)
    for x in np.ndindex(3, 3, 3):
        left, product = np.ones(len(digits), dtype=bool), 1.0
        for i, level in enumerate(x):
            now = left & (digits[:, i] == level)
            product *= now.sum() / left.sum()
            left = now
        assert abs(product - table.reshape(3, 3, 3)[x]) < 5 * np.sqrt(table.max() / 1e6)


def written(conditionals: list[list[Fraction]], x: tuple[int, ...]) -> str:
    """Shortest bits that name a dyadic interval inside that of x: arithmetic coding, exactly."""
    low, width = Fraction(0), Fraction(1)
    for p, level in zip(conditionals, x, strict=True):
        low, width = low + width * sum(p[:level]), width * p[level]
    bits = 0
    while True:
        number = -((-low * 2**bits) // 1)  # the first multiple of 2^-bits that is not below low
        if (number + 1) / Fraction(2**bits) <= low + width:
            return format(int(number), f"0{bits}b") if bits else ""
        bits += 1


@checks("eq-hw-pixel-bits", by="an arithmetic coder that really writes the bits")
def bits():
    """The coder needs at least -log2 p(x) bits and never 2 more; D ln 2 turns nats into that."""
    rng, d, texts = np.random.default_rng(1), 12, {}
    weights = rng.integers(1, 9, size=(d, 4))
    conditionals = [[Fraction(int(w), int(row.sum())) for w in row] for row in weights]
    for _ in range(200):
        x = tuple(int(v) for v in rng.integers(4, size=d))
        nats = -sum(np.log(float(p[v])) for p, v in zip(conditionals, x, strict=True))
        texts[x] = written(conditionals, x)
        assert nats / np.log(2) - 1e-9 <= len(texts[x]) < nats / np.log(2) + 2
        assert abs(len(texts[x]) / d - nats / (d * np.log(2))) < 2 / d
    assert len(set(texts.values())) == len(texts)  # two pictures never share a code


@checks("eq-hw-pixel-inverse", by="uniform numbers and a chi-squared test")
def inverse():
    """Levels that u names have the model's probabilities."""
    network = Network(np.random.default_rng(3), (1, 2), 3)
    joint, rng = network.joint(), np.random.default_rng(4)
    nothing, count = np.zeros((1, 2), dtype=bool), np.zeros((3, 3))
    for _ in range(20_000):
        x = draw_one(joint, np.zeros((1, 2), dtype=int), rng.uniform(size=(1, 2)), nothing)
        count[tuple(x[0])] += 1
    first = softmax(network(np.zeros((1, 1, 2), dtype=int))[0, :, 0, 0])
    assert np.abs(count.sum(axis=1) / count.sum() - first).max() < 0.02
    assert chisquare(count.ravel(), joint.ravel() * count.sum()).pvalue > 1e-4


@checks("eq-hw-pixel-lstm", by="PyTorch's LSTM run over a sequence")
def lstm():
    """Ten steps written out give the states of torch.nn.LSTM with its gates in another order."""
    cells = 3
    with seeded(0):
        torch_lstm = torch.nn.LSTM(2, cells, dtype=torch.float64)
    rng = np.random.default_rng(5)
    values = {name: rng.normal(size=tuple(p.shape)) for name, p in torch_lstm.named_parameters()}
    torch_lstm.load_state_dict({name: torch.tensor(v) for name, v in values.items()})
    v = rng.normal(size=(10, 2))
    blocks = np.split(np.arange(4 * cells), 4)
    order = np.concatenate([blocks[k] for k in (0, 1, 3, 2)])  # write, keep, show, new content
    U, V = values["weight_ih_l0"][order].T, values["weight_hh_l0"][order].T
    b = (values["bias_ih_l0"] + values["bias_hh_l0"])[order]
    h, m, states = np.zeros(cells), np.zeros(cells), []
    for one in v:
        write, keep, show, new = np.split(one @ U + h @ V + b, 4)
        m = m / (1 + np.exp(-keep)) + np.tanh(new) / (1 + np.exp(-write))
        h = np.tanh(m) / (1 + np.exp(-show))
        states.append(h)
    with torch.no_grad():
        right = torch_lstm(torch.tensor(v))[0].numpy()
    assert np.allclose(states, right)


@checks("eq-hw-pixel-mush", by="many drawn colours, and a numerical search for the best answer")
def mush():
    """The expected squared distance splits as stated, and no answer is better than the mean."""
    rng = np.random.default_rng(6)
    palette, p, y = rng.uniform(size=(4, 3)), rng.dirichlet(np.ones(4)), rng.uniform(size=3)
    mean = p @ palette
    rest = (p * ((palette - mean) ** 2).sum(axis=1)).sum()
    drawn = palette[rng.choice(4, size=400_000, p=p)]
    assert abs(((drawn - y) ** 2).sum(axis=1).mean() - ((y - mean) ** 2).sum() - rest) < 0.01

    def loss(v: np.ndarray) -> float:
        return (p * ((palette - v) ** 2).sum(axis=1)).sum()

    found = minimize(loss, y, tol=1e-12)
    assert np.allclose(found.x, mean, atol=1e-5)
    assert np.isclose(found.fun, rest)


@checks("eq-hw-pixel-layer", by="whole convolutions, which see all times at once")
def layer():
    """Going from time to time with zeros before the start gives the convolutions' outputs."""
    rng = np.random.default_rng(7)
    layers = [(2, Layer(rng, 2, 3)), (3, Layer(rng, 3, 1))]
    v = rng.normal(size=(11, 2))

    def at(k: int, time: int) -> np.ndarray:
        if time < 0:
            return np.zeros(v.shape[1] if k == 0 else len(layers[k - 1][1].b))
        if k == 0:
            return v[time]
        dilation, function = layers[k - 1]
        return function(at(k - 1, time - dilation), at(k - 1, time))

    whole = v
    for dilation, function in layers:
        whole = function.whole(whole, dilation)
    assert np.allclose(whole, [at(2, time) for time in range(len(v))])
