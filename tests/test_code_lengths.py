"""Codes: decoding returns the message, lengths are what theory says, and nothing beats them."""

from itertools import product

import numpy as np
import pytest

from lib.code_lengths import arithmetic_decode, arithmetic_encode, huffman_code
from lib.divergence import entropy


def kraft(lengths):
    return sum(2.0**-n for n in lengths)


@pytest.mark.parametrize("size", [2, 3, 7, 17])
def test_huffman_is_a_full_prefix_code_within_one_bit_of_the_entropy(rng, size):
    weights = rng.dirichlet(np.ones(size))
    words = huffman_code(weights)
    for a, b in product(range(size), repeat=2):
        assert a == b or not words[b].startswith(words[a])
    assert kraft(map(len, words)) == 1
    bits = entropy(weights) / np.log(2)
    assert bits <= weights @ [len(w) for w in words] < bits + 1


def test_no_prefix_code_is_shorter_than_huffmans(rng):
    """By enumeration: lengths of a prefix code are those that satisfy Kraft's inequality."""
    for _ in range(20):
        weights = rng.dirichlet(np.ones(4))
        ours = weights @ [len(w) for w in huffman_code(weights)]
        every = [n for n in product(range(1, 5), repeat=4) if kraft(n) <= 1]
        assert ours == pytest.approx(min(weights @ np.array(n) for n in every))


def test_powers_of_a_half_are_met_exactly():
    words = huffman_code([4, 1, 2, 1])
    assert [len(w) for w in words] == [1, 3, 2, 3]


@pytest.mark.parametrize("n", [0, 1, 2, 50, 1000])
def test_arithmetic_code_is_read_back_and_as_long_as_the_message_is_improbable(rng, n):
    for _ in range(5):
        counts = rng.integers(1, 40, size=6)
        message = rng.integers(6, size=n)
        bits = arithmetic_encode(message, counts)
        assert arithmetic_decode(bits, counts, n) == message.tolist()
        ideal = -np.log2(counts / counts.sum())[message].sum()
        assert ideal - 1e-9 <= len(bits) < ideal + 1


def test_all_short_messages_have_different_codes_that_are_read_back():
    counts = [5, 0, 2, 1]
    for message in product([0, 2, 3], repeat=4):
        bits = arithmetic_encode(message, counts)
        assert set(bits) <= {"0", "1"}
        assert arithmetic_decode(bits, counts, 4) == list(message)


def test_a_sure_message_needs_no_bits():
    assert arithmetic_encode([1, 1, 1], [0, 9]) == ""
    assert arithmetic_decode("", [0, 9], 3) == [1, 1, 1]


def test_what_the_table_excludes_has_no_code():
    with pytest.raises(ValueError, match="symbol 1 has count 0"):
        arithmetic_encode([0, 1], [3, 0])


@pytest.mark.parametrize("counts", [[], [0, 0], [1, -1], [0.5, 0.5]])
def test_counts_must_be_whole_numbers(counts):
    with pytest.raises(ValueError, match="whole numbers"):
        arithmetic_encode([0], counts)


@pytest.mark.parametrize("weights", [[1.0], [1, -1], [1, np.nan]])
def test_weights_must_be_two_or_more_and_not_negative(weights):
    with pytest.raises(ValueError, match="two or more weights"):
        huffman_code(weights)
