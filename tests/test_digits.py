"""The digits: the pictures of scikit-learn, and one split for everybody."""

import numpy as np
import pytest
from sklearn import datasets
from sklearn.model_selection import train_test_split

from lib.datasets import load

digits = load("digits")


def test_the_pictures_are_those_of_scikit_learn():
    peer = datasets.load_digits()
    assert (digits.x.shape, digits.x.dtype) == ((1797, 8, 8), np.float32)
    np.testing.assert_array_equal(digits.x.reshape(1797, 64) * 16, peer.data)
    np.testing.assert_array_equal(digits.y, peer.target)


def test_a_pixel_is_one_of_seventeen_levels():
    np.testing.assert_array_equal(np.unique(digits.x), np.arange(17) / 16)


def test_a_fifth_is_held_out_and_every_class_keeps_its_share():
    assert (len(digits.train), len(digits.test)) == (1437, 360)
    share = np.bincount(digits.y) * 360 / 1797
    assert np.abs(np.bincount(digits.test.y) - share).max() <= 1
    assert np.bincount(digits.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_splitting_the_pictures_gives_the_same_pictures_as_splitting_the_index():
    x, y = datasets.load_digits(return_X_y=True)
    split = train_test_split(x, y, test_size=360, stratify=y, random_state=0)
    for ours, peer in ((digits.train, split[0]), (digits.test, split[1])):
        rows = ours.x.reshape(-1, 64) * 16
        np.testing.assert_array_equal(np.unique(rows, axis=0), np.unique(peer, axis=0))
        assert len(rows) == len(peer)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_split_is_the_same_on_every_call(seed):
    np.random.seed(seed)  # noqa: NPY002 - the global state must not matter
    np.testing.assert_array_equal(load("digits").held_out, digits.held_out)
