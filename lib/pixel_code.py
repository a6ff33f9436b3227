"""Pictures as files: an arithmetic code that takes its table for each pixel from a pixel model.

As in `lib.code_lengths`, a message is one number in an interval, and every symbol shrinks the
interval to its own share. Only the table changes from symbol to symbol. Sender and receiver run
the same model on what both already know, so the receiver can build the same tables.
"""

from __future__ import annotations

from bisect import bisect_right

import torch
from torch import Tensor

from lib.pixel import PixelModel

PRECISION = 16  # a table's counts sum to 2 ** PRECISION


@torch.no_grad()
def encode_pictures(model: PixelModel, x: Tensor) -> str:
    """All pictures x (n, *shape) as one string of bits: about -log2 p(x) of them."""
    low, width, scale = 0, 1, 0  # the interval is [low, low + width) / 2 ** scale
    seen = torch.zeros_like(x)
    for place, logits in zip(model.places, model.walk(seen), strict=True):
        here = (slice(None), *place)
        starts, counts = _tables(logits)
        for k, symbol in enumerate(x[here].tolist()):
            low = (low << PRECISION) + width * starts[k][symbol]
            width *= counts[k][symbol]
        scale += PRECISION * len(x)
        seen[here] = x[here]
    places = scale - width.bit_length() + 1  # the least with 2^places * width >= 2^scale
    number = -(-low >> (scale - places))  # rounded up, into the interval
    return format(number, "b").zfill(places)


@torch.no_grad()
def decode_pictures(model: PixelModel, bits: str, n: int) -> Tensor:
    """The n pictures that `encode_pictures` turned into these bits, with the same model."""
    number, width = int(bits, 2), 1 << len(bits)
    x = torch.zeros(n, *model.shape, dtype=torch.long)
    for place, logits in zip(model.places, model.walk(x), strict=True):
        symbols = []
        for starts, counts in zip(*_tables(logits), strict=True):
            number <<= PRECISION
            symbol = _last_not_above(starts, number // width)
            number -= starts[symbol] * width
            width *= counts[symbol]
            symbols.append(symbol)
        x[(slice(None), *place)] = torch.tensor(symbols)
    return x


def _tables(logits: Tensor) -> tuple[list[list[int]], list[list[int]]]:
    """Whole-number counts of the levels, none zero, with a fixed sum; and where each begins."""
    share = logits.double().softmax(1)
    counts = 1 + (share * (2**PRECISION - share.shape[1])).long()
    most = counts.argmax(1, keepdim=True)
    counts.scatter_add_(1, most, 2**PRECISION - counts.sum(1, keepdim=True))
    return (counts.cumsum(1) - counts).tolist(), counts.tolist()


def _last_not_above(starts: list[int], slot: int) -> int:
    return bisect_right(starts, slot) - 1
