"""Every pixel model of the library, made small and with random weights, in float64.

A new model adds one line to MODELS; `test_pixel.py` then proves it on pictures that can be listed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from lib import (
    colour_lstm,
    creature_lstm,
    diagonal_lstm,
    fvbn,
    pixel,
    pixel_baselines,
    pixel_orders,
    pixelcnn,
    raster_lstm,
    row_lstm,
    tiny_pictures,
    wave_model,
)

COLUMNS = pixel_orders.columns((2, 3))
PALETTE = torch.tensor([[0.9, 0.1, 0.2], [0.1, 0.8, 0.3], [0.0, 0.2, 0.7]])
UPWARDS = pixel_orders.upwards((2, 3))


class SumOfEarlier(pixel.PixelModel):
    """A network without a mask: logits are multiples of the sum of all earlier pixels."""

    def __init__(self, shape, levels, **options):
        super().__init__(shape, levels, **options)
        self.weight = torch.nn.Parameter(torch.zeros(levels))
        self.by_class = torch.nn.Parameter(torch.zeros(self.c_dim, levels))

    def network(self, v, c=None, *, generator=None):
        """Logits (n, levels, h, w) of v (n, 1, h, w); a condition shifts all of them."""
        before = torch.zeros_like(v[:, 0])
        earlier = F.pad(v[:, 0].flatten(1).cumsum(1), (1, 0))[:, :-1].reshape(before.shape)
        out = self.weight[:, None, None] * self.drop(earlier, generator)[:, None]
        return out if c is None else out + (c.to(v.dtype) @ self.by_class)[:, :, None, None]


# name -> (function that makes the model for (shape, levels), the shape, the levels)
Case = tuple[Callable[..., pixel.PixelModel], tuple[int, ...], int]
MODELS: dict[str, Case] = {
    "sum": (SumOfEarlier, (2, 3), 3),
    "histogram": (pixel_baselines.Histogram, (2, 3), 3),
    "pixel histograms": (pixel_baselines.PixelHistograms, (2, 3), 3),
    "histograms of colours": (pixel_baselines.PixelHistograms, (3, 1, 2), 3),
    "markov": (pixel_baselines.MarkovChain, (2, 3), 3),
    "markov own": (lambda *a: pixel_baselines.MarkovChain(*a, own=True), (2, 3), 3),
    "markov of colours": (lambda *a: pixel_baselines.MarkovChain(*a, own=True), (3, 1, 2), 3),
    "markov columns": (
        lambda *a: pixel_baselines.MarkovChain(*a, own=True, order=COLUMNS),
        (2, 3),
        3,
    ),
    "fvbn": (fvbn.LinearFVBN, (2, 3), 3),
    "fvbn one-hot": (lambda *a: fvbn.LinearFVBN(*a, one_hot=True), (2, 3), 3),
    "fvbn upwards": (lambda *a: fvbn.LinearFVBN(*a, order=UPWARDS), (2, 3), 3),
    "fvbn of colours": (fvbn.LinearFVBN, (3, 1, 2), 3),
    "fvbn sequence": (fvbn.LinearFVBN, (6,), 3),
    "table": (tiny_pictures.TinyTable, (2, 3), 3),
    "table columns": (lambda *a: tiny_pictures.TinyTable(*a, order=COLUMNS), (2, 3), 3),
    "pixelcnn": (lambda *a: pixelcnn.PixelCNN(*a, channels=6, blocks=1), (2, 3), 3),
    "pixelcnn one-hot": (
        lambda *a: pixelcnn.PixelCNN(*a, channels=6, blocks=2, one_hot=True, positions=True),
        (3, 3),
        2,
    ),
    "pixelcnn colours": (lambda *a: pixelcnn.PixelCNN(*a, channels=6, blocks=1), (3, 1, 2), 3),
    "gated": (lambda *a: pixelcnn.GatedPixelCNN(*a, channels=4, layers=2), (2, 3), 3),
    "gated one-hot": (
        lambda *a: pixelcnn.GatedPixelCNN(*a, channels=4, layers=3, one_hot=True, positions=True),
        (3, 3),
        2,
    ),
    "gated colours": (
        lambda *a: pixelcnn.GatedPixelCNN(*a, channels=6, layers=2),
        (3, 1, 2),
        3,
    ),
    "raster lstm": (lambda *a: raster_lstm.RasterLSTM(*a, cells=5), (2, 3), 3),
    "raster lstm one-hot": (
        lambda *a: raster_lstm.RasterLSTM(*a, cells=5, one_hot=True),
        (3, 3),
        2,
    ),
    "row lstm": (lambda *a: row_lstm.RowLSTM(*a, cells=4, layers=2), (2, 3), 3),
    "diagonal bilstm": (lambda *a: diagonal_lstm.DiagonalBiLSTM(*a, cells=4, layers=2), (2, 3), 3),
    "diagonal bilstm one-hot": (
        lambda *a: diagonal_lstm.DiagonalBiLSTM(*a, cells=4, one_hot=True),
        (3, 3),
        2,
    ),
    "creature lstm": (lambda *a: creature_lstm.CreatureLSTM(*a, cells=4, code=3), (2, 3), 3),
    "creature lstm plain": (
        lambda *a: creature_lstm.CreatureLSTM(*a, cells=4, code=3, mirror=False, copy=False),
        (3, 3),
        2,
    ),
    "named colours": (
        lambda shape, levels: colour_lstm.NamedColours(shape, PALETTE[:levels], cells=4),
        (2, 3),
        3,
    ),
    "wave": (lambda *a: wave_model.WaveModel(*a, channels=4, dilations=(1, 2)), (5,), 3),
    "wave one-hot": (
        lambda *a: wave_model.WaveModel(*a, channels=4, dilations=(2, 1), one_hot=True),
        (6,),
        2,
    ),
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


#: Weights of other sizes: with small ones this model's last ReLUs are all shut at its first pixel.
SIZES = {"gated colours": 1.5}


def shaken(model: pixel.PixelModel, size: float = 0.5, seed: int = 0) -> pixel.PixelModel:
    """The model in float64, with normal numbers of this size in place of all its weights."""
    model, generator = model.double().eval(), seeded(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(size * torch.randn(p.shape, generator=generator, dtype=p.dtype))
    return model


def make(name: str) -> pixel.PixelModel:
    """A model of MODELS with random weights."""
    build, shape, levels = MODELS[name]
    return shaken(build(shape, levels), SIZES.get(name, 0.5))


def pictures(model: pixel.PixelModel) -> Tensor:
    """Every picture of the model's shape."""
    return tiny_pictures.all_pictures(model.shape, model.levels)


def joint(model: pixel.PixelModel) -> Tensor:
    """exp(log_prob) of every picture, one axis a pixel in the order of the flattened picture."""
    with torch.no_grad():
        p = model.log_prob(pictures(model)).exp()
    return p.reshape((model.levels,) * math.prod(model.shape))


def numbers(model: pixel.PixelModel) -> list[int]:
    """Positions of the model's places, in order, in the flattened picture."""
    grid = torch.arange(math.prod(model.shape)).reshape(model.shape)
    return [int(grid[place]) for place in model.places]


def conditionals(p: Tensor, model: pixel.PixelModel) -> Tensor:
    """log p(x_d | earlier pixels) of every picture by sums over a joint table p: (n, levels, D).

    Positions d are those of the flattened picture; what is earlier says `model.places`.
    """
    x, order = pictures(model).flatten(1), numbers(model)
    out = torch.empty(len(x), model.levels, len(order), dtype=p.dtype)
    for k, d in enumerate(order):
        sums = p.sum(order[k + 1 :], keepdim=True) if k + 1 < len(order) else p
        total = sums.sum(d, keepdim=True)
        every = (sums / total).expand(p.shape).movedim(d, -1).unsqueeze(d)
        rows = every.expand(*p.shape, model.levels).reshape(len(x), model.levels)
        out[:, :, d] = rows.log()
    return out


def index_of(x: Tensor, levels: int) -> Tensor:
    """The number of each picture in the list of all pictures."""
    value = torch.zeros(len(x), dtype=torch.long)
    for column in x.flatten(1).T:
        value = value * levels + column
    return value


def chi_square_p(samples: Tensor, p: Tensor, levels: int) -> float:
    """P-value of samples against probabilities p of all pictures; rare pictures are pooled."""
    from scipy import stats

    p = p.flatten().double()
    counts = torch.bincount(index_of(samples, levels), minlength=len(p)).double()
    expected = p * len(samples)
    rare = expected < 5
    seen = [*counts[~rare].tolist(), counts[rare].sum().item()]
    wanted = [*expected[~rare].tolist(), expected[rare].sum().item()]
    if wanted[-1] < 5:  # too little for a cell of its own: join the largest
        big = wanted.index(max(wanted))
        seen[big], wanted[big] = seen[big] + seen[-1], wanted[big] + wanted[-1]
        seen, wanted = seen[:-1], wanted[:-1]
    return float(stats.chisquare(seen, wanted).pvalue)
