"""How the homework asks: solutions are off while a student's function runs, and on afterwards."""

import numpy as np
import pytest
import torch

from lib import divergence
from lib.homework_asking import (
    PEERS,
    as_parts,
    ask_without,
    book_switched_off,
    numbers,
    peer,
    peers_switched_off,
    sealed,
)


def test_the_book_is_off_only_while_a_student_is_asked():
    def call(q):
        return divergence.kl(q, q)

    q = np.array([0.5, 0.5])
    assert call(q) == 0
    with pytest.raises(AssertionError, match="the book's own functions are switched off"):
        ask_without(("divergence",), call, "it", {"q": q})
    assert call(q) == 0


def test_an_error_of_a_student_switches_everything_on_again():
    with pytest.raises(ZeroDivisionError), book_switched_off(("divergence",)):
        1 / 0  # noqa: B018
    assert divergence.kl(np.ones(1), np.ones(1)) == 0


def test_peers_are_off_with_their_methods():
    @peer
    def right():
        return 1

    @peer
    class Model:
        def answer(self):
            return 2

    model = Model()
    try:
        with peers_switched_off():
            for solution in (right, model.answer):
                with pytest.raises(AssertionError, match="the tests' own solutions"):
                    solution()
        assert (right(), model.answer()) == (1, 2)
    finally:
        PEERS.difference_update({right, Model.answer})


@pytest.mark.parametrize("array", [np.zeros(2), torch.zeros(2)])
def test_arguments_must_stay_as_they_were(array):
    def careless(x):
        x += 1
        return x

    with pytest.raises(AssertionError, match="it: your function changes x; work on a copy"):
        ask_without((), careless, "it", {"x": array})
    assert np.all(
        numbers(ask_without((), lambda x: x + 1, "it", {"x": array})) == numbers(array) + 1
    )


def test_a_sealed_box_shows_nothing():
    class Box:
        secret = 7

        def __call__(self, x):
            return x + self.secret

    assert sealed(Box())(1) == 8
    assert not hasattr(sealed(Box()), "secret")


@pytest.mark.parametrize(
    ("answer", "message"), [(None, "returned None"), (1.0, "return 2 things, "), ((1,), "2 things")]
)
def test_parts_are_counted(answer, message):
    with pytest.raises(AssertionError, match=message):
        as_parts(answer, "it", "(mean, S)")
    assert as_parts([1, 2], "it", "(mean, S)") == (1, 2)
