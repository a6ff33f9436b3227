"""The judge of digits asked for by class, against cases whose answer is known."""

import numpy as np
import pytest
import torch

from lib import class_judge as judge
from lib.datasets import load
from lib.digit_features import digit_features


def test_one_hot_has_one_at_the_place_of_the_class():
    y = np.array([3, 0, 9, 3])
    found = judge.one_hot(y)
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.numpy(), np.eye(10)[y])
    np.testing.assert_array_equal(judge.one_hot(torch.tensor([1]), classes=3).numpy(), [[0, 1, 0]])
    assert judge.one_hot(np.array([], dtype=int)).shape == (0, 10)


@pytest.mark.parametrize("y", [[10], [-1], [[1, 2]]])
def test_classes_outside_the_list_are_refused(y):
    with pytest.raises(ValueError, match=r"whole numbers 0\.\.9"):
        judge.one_hot(np.array(y))


@pytest.mark.slow
def test_accuracy_counts_what_was_wanted():
    test = load("digits").test
    assert judge.accuracy(test.x, test.y) > 0.99  # the ceiling
    assert judge.accuracy(test.x, (test.y + 1) % 10) < 0.01
    half = np.where(np.arange(len(test.y)) % 2, test.y, (test.y + 1) % 10)
    assert abs(judge.accuracy(test.x, half) - 0.5) < 0.02


@pytest.mark.slow
def test_spread_is_that_of_the_training_digits_within_classes():
    """One for the training digits themselves, near one for new ones, zero for copies of one."""
    digits = load("digits")
    train, test = digits.train, digits.test
    assert judge.spread(train.x, train.y) == pytest.approx(1)
    assert 0.7 < judge.spread(test.x, test.y) < 1.4
    ten = np.array([train.x[train.y == k][0] for k in range(10)])
    assert judge.spread(ten[test.y], test.y) < 1e-6
    everything = digit_features(train.x).var(axis=0).sum()
    shuffled = np.random.default_rng(0).permutation(train.y)
    whole = judge.spread(train.x, shuffled)
    within = everything / whole  # variance of the features within the classes, by a second way
    parts = [digit_features(train.x[train.y == k]) for k in range(10)]
    assert within == pytest.approx(np.mean([p.var(axis=0).sum() for p in parts]), rel=0.02)


def test_every_class_counts_alike_in_the_spread():
    """Nine sharp classes and one real one: a tenth of the sum, however many pictures it has."""
    train = load("digits").train
    sevens = train.x[train.y == 7]
    others = np.array([train.x[train.y == k][0] for k in range(10) if k != 7])
    pictures = np.concatenate([sevens, np.repeat(others, 3, axis=0)])
    y = np.array([7] * len(sevens) + [k for k in range(10) if k != 7 for _ in range(3)])
    real = [digit_features(train.x[train.y == k]).var(axis=0).sum() for k in range(10)]
    assert judge.spread(pictures, y) == pytest.approx(real[7] / sum(real), rel=1e-4)


@pytest.mark.slow
def test_all_facts_of_held_out_digits_and_of_a_mean_for_each_class():
    digits = load("digits")
    facts = judge.judge_classes(digits.test.x * 1.5 - 0.1, digits.test.y)  # cut to [0, 1]
    assert list(facts) == ["accuracy", "spread", "Fréchet", "precision", "recall"]
    train = digits.train
    means = np.array([train.x[train.y == k].mean(axis=0) for k in range(10)])[train.y]
    found = judge.judge_classes(means, train.y)
    assert found["accuracy"] > 0.95
    assert found["spread"] < 1e-4
    assert found["recall"] < 0.1
    assert found["Fréchet"] > 5
    assert judge.judge_classes(train.x, train.y)["Fréchet"] < 1e-3
