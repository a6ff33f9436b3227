"""Codes that turn symbols into bits: Huffman's code words, and one number for a whole message.

A code is built from a table of how often each symbol is expected. A wrong table costs extra bits,
and the Kullback-Leibler divergence says how many.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np


def huffman_code(weights: Sequence[float]) -> list[str]:
    """Code words of a shortest prefix code for symbols of these weights (Huffman, 1952).

    The two lightest groups are joined again and again; one gets a 0 in front, the other a 1.
    Symbols of weight zero get words too.

    Raises
    ------
    ValueError
        If there are fewer than two symbols, or a weight is negative or not finite.
    """
    if len(weights) < 2 or not (np.all(np.isfinite(weights)) and np.all(np.asarray(weights) >= 0)):
        raise ValueError(f"need two or more weights, none below zero, got {list(weights)}")
    words = [""] * len(weights)
    heap = [(weight, symbol, [symbol]) for symbol, weight in enumerate(weights)]
    heapq.heapify(heap)
    while len(heap) > 1:
        light, heavy = heapq.heappop(heap), heapq.heappop(heap)
        for bit, group in (("0", light[2]), ("1", heavy[2])):
            for symbol in group:
                words[symbol] = bit + words[symbol]
        heapq.heappush(heap, (light[0] + heavy[0], light[1], light[2] + heavy[2]))
    return words


def arithmetic_encode(message: Sequence[int], counts: Sequence[int]) -> str:
    """A string of bits for a whole message, under a table of whole-number counts.

    Each symbol shrinks an interval, [0, 1) at first, to the part that belongs to it: a share of
    counts[symbol] / sum(counts). Any number in the last interval stands for the message; one with
    ceil(-log2(width)) binary places is sent. Whole numbers of any size keep this exact: the
    interval is [low, low + width) / scale.

    Raises
    ------
    ValueError
        If a symbol of the message has no count: no number of bits could name it.
    """
    starts, total = _starts(counts)
    low, width, scale = 0, 1, 1
    for symbol in map(int, message):
        if counts[symbol] == 0:
            raise ValueError(f"symbol {symbol} has count 0 in the table: no code word names it")
        low = low * total + width * starts[symbol]
        width, scale = width * int(counts[symbol]), scale * total
    places = (-(-scale // width) - 1).bit_length()  # the least with 2^places * width >= scale
    number = -(-(low << places) // scale)  # rounded up, into the interval
    return format(number, "b").zfill(places) if places else ""


def arithmetic_decode(bits: str, counts: Sequence[int], n: int) -> list[int]:
    """The message of `n` symbols that `arithmetic_encode` turned into these bits."""
    starts, total = _starts(counts)
    number, scale, message = int(bits or "0", 2), 1 << len(bits), []
    for _ in range(n):
        number *= total
        symbol = bisect_right(starts, number // scale) - 1
        number, scale = number - starts[symbol] * scale, scale * int(counts[symbol])
        message.append(symbol)
    return message


def _starts(counts: Sequence[int]) -> tuple[list[int], int]:
    """Where each symbol's part begins, and the total, as Python's whole numbers of any size."""
    whole = [int(c) for c in counts]
    if not whole or min(whole) < 0 or sum(whole) == 0 or any(whole != np.asarray(counts)):
        raise ValueError(f"counts must be whole numbers, not all zero, got {list(counts)}")
    return [0, *accumulate(whole)][:-1], sum(whole)
