"""Grey levels: noise stays within a level, bits are what counting and integration say."""

import numpy as np
import pytest
import torch
from scipy import stats

from lib.datasets import load
from lib.grey_levels import add_noise, density_bits, histogram_bits, to_grey, to_levels


def test_noise_fills_a_level_evenly(rng):
    x = np.repeat([[0.0], [0.5], [1.0]], 4000, axis=0)
    noisy = add_noise(x, rng, levels=3).reshape(3, 4000)
    for k, row in enumerate(noisy):
        assert stats.kstest(row, stats.uniform(k / 3, 1 / 3).cdf).pvalue > 1e-3


def test_pictures_are_flattened_and_keep_their_levels(rng):
    x = load("digits").x[:20]
    noisy = add_noise(x, rng)
    assert noisy.shape == (20, 64)
    np.testing.assert_array_equal(np.floor(17 * noisy), 16 * x.reshape(20, 64))


def test_flat_density_gives_the_bits_of_equal_levels():
    assert density_bits(0.0, 64) == pytest.approx(np.log2(17))


def test_density_that_knows_every_level_needs_no_bits():
    """Density 17 on the cell of the right level of each of 64 pixels."""
    assert density_bits(64 * np.log(17), 64) == pytest.approx(0)


def test_steps_of_a_density_give_the_bits_of_their_levels(rng):
    """A density that is flat within levels attains the bound: the entropy of the levels."""
    p = np.array([0.5, 0.3, 0.2])
    level = rng.choice(3, size=(20_000, 1), p=p)
    noisy = add_noise(level / 2, rng, levels=3)
    nats = np.log(3 * p[np.floor(3 * noisy).astype(int)]).mean()
    assert density_bits(nats, 1, levels=3) == pytest.approx(stats.entropy(p, base=2), abs=0.02)


def test_histograms_by_hand():
    fitted = np.array([[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]])
    first = -np.log2(2.1 / 3.2)
    second = -np.log2(1.1 / 3.2)
    assert histogram_bits(fitted, np.array([[0.0, 1.0]]), levels=2) == pytest.approx(
        (first + second) / 2
    )


def test_histograms_come_close_to_the_entropy(rng):
    p = rng.dirichlet(np.ones(17), size=5)
    draw = [np.stack([rng.choice(17, size=5000, p=q) for q in p], axis=1) / 16 for _ in range(2)]
    want = np.mean([stats.entropy(q, base=2) for q in p])
    assert histogram_bits(*draw) == pytest.approx(want, abs=0.03)


def test_levels_and_grey_values_are_inverse():
    x = load("digits").test.x
    level = to_levels(x)
    assert level.dtype == torch.long
    assert level.shape == x.shape
    assert set(level.unique().tolist()) == set(range(17))
    assert torch.equal(to_grey(level), torch.tensor(x))
    assert torch.equal(to_levels(torch.tensor(x)), level)
    assert to_levels(np.array([[0.0, 0.5, 1.0]]), levels=3).tolist() == [[0, 1, 2]]
    assert to_grey(torch.tensor([0, 1, 2]), levels=3).tolist() == [0, 0.5, 1]


def test_levels_of_other_grey_values_are_refused():
    """Whole numbers 0..16 are levels already; taken for grey values they are out of range."""
    for wrong in (np.array([[0.03]]), torch.tensor([[16.0]]), np.array([[-1.0]])):
        with pytest.raises(ValueError, match=r"multiples of 1/16 in \[0, 1\]"):
            to_levels(wrong)


def test_other_grey_values_are_refused(rng):
    for wrong in ([[0.03]], [[1.5]], [[-0.0625]]):
        with pytest.raises(ValueError, match=r"multiples of 1/16 in \[0, 1\]"):
            add_noise(np.array(wrong), rng)
