"""Files of a pixel model: they come back, and are as long as the likelihood says."""

import math

import pytest
import torch

from lib.code_lengths import arithmetic_encode
from lib.pixel_baselines import Histogram
from lib.pixel_code import PRECISION, _tables, decode_pictures, encode_pictures
from lib.tiny_pictures import TinyTable, all_pictures, smooth_table
from tests.pixel_cases import MODELS, make, seeded


@pytest.mark.parametrize("name", MODELS)
def test_every_model_writes_and_reads_its_pictures(name):
    model = make(name)
    x = model.sample(40, generator=seeded(1))
    bits = encode_pictures(model, x)
    assert set(bits) <= {"0", "1"}
    assert torch.equal(decode_pictures(model, bits, len(x)), x)


@pytest.mark.parametrize("name", ["fvbn", "fvbn upwards", "pixelcnn", "gated colours"])
def test_the_length_is_minus_log2_of_the_probability(name):
    model = make(name)
    x = model.sample(300, generator=seeded(2))
    promised = -model.log_prob(x).sum().item() / math.log(2)
    assert len(encode_pictures(model, x)) == pytest.approx(promised, rel=2e-3)


def test_one_picture_costs_at_most_a_bit_more_than_it_must():
    p = smooth_table((2, 2), 3, 1.0)
    model, slack = TinyTable((2, 2), 3, p), 0.02  # tables are rounded
    for x, share in zip(all_pictures((2, 2), 3), p, strict=True):
        bits = encode_pictures(model, x[None])
        assert torch.equal(decode_pictures(model, bits, 1)[0], x)
        assert -slack <= len(bits) + math.log2(share) < 1 + slack


def test_with_one_table_it_is_the_code_of_the_kl_lesson():
    """A histogram has the same counts at every place: then both codes agree in length."""
    model = Histogram((2, 2), 3).count(torch.tensor([[[0, 0], [1, 2]]]), 0.1)
    x = model.sample(50, generator=seeded(3))
    _, counts = _tables(model.table[:1].detach())
    plain = arithmetic_encode(x.flatten(1).T.flatten().tolist(), counts[0])
    assert encode_pictures(model, x) == plain


def test_tables_are_whole_positive_and_sum_to_a_power_of_two():
    logits = 30 * torch.randn(200, 17, generator=seeded(4))
    starts, counts = _tables(logits)
    for begin, row in zip(starts, counts, strict=True):
        assert sum(row) == 2**PRECISION
        assert min(row) >= 1
        assert begin == [sum(row[:k]) for k in range(17)]
    mild = torch.randn(5, 17, generator=seeded(5))
    shares = torch.tensor(_tables(mild)[1]) / 2**PRECISION
    torch.testing.assert_close(shares, mild.softmax(1), atol=4e-4, rtol=0)


def test_a_wrong_model_pays_or_garbles():
    right, wrong = make("fvbn"), make("fvbn upwards")
    x = right.sample(200, generator=seeded(6))
    bits = encode_pictures(right, x)
    assert len(encode_pictures(wrong, x)) > len(bits)
    assert not torch.equal(decode_pictures(wrong, bits, len(x)), x)
