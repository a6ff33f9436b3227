"""Spoiled answers differ, of the same kind where there is one, and go away again."""

import numpy as np
import pytest
import torch

from lib.canary import RESTORE, spoil

VALUES = [
    True,
    np.False_,
    3,
    -0.25,
    np.float32(2),
    np.arange(6.0).reshape(2, 3),
    np.array([True, False]),
    np.zeros(4),
    torch.zeros(2, 2),
    torch.tensor([True]),
    [1, 2],
    (np.ones(2), {"loss": 1.0}),
    {1, 2},
    set(),
]


def ran(functions, kind, **space):
    """A notebook's names after its functions were spoiled."""
    exec(spoil(functions, kind), space)
    return space


def flat(value):
    if isinstance(value, list | tuple):
        return [each for part in value for each in flat(part)]
    return flat([*value.values()]) if isinstance(value, dict) else [value]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_other_answers_are_of_the_same_kind_and_wrong(value):
    space = ran(["f"], "others", f=lambda: value, g=lambda: value)
    wrong = space["f"]()
    for right, spoiled in zip(flat(value), flat(wrong), strict=True):
        assert np.shape(right) == np.shape(spoiled)
        if isinstance(right, set):
            assert spoiled != right
        else:
            assert not np.any(np.asarray(right) == np.asarray(spoiled))
    assert space["g"]() is value, "only the named functions are spoiled"


@pytest.mark.parametrize(
    "value", ["words", object, np.array(["a"])], ids=["str", "type", "letters"]
)
def test_what_has_no_other_value_becomes_nothing(value):
    answer = ran(["f"], "others", f=lambda: value)["f"]()
    assert (answer() if callable(answer) else answer) is None


def test_an_additive_constant_would_be_noticed():
    """Answers that may be off by a constant or a factor must not survive."""
    wrong = ran(["f"], "others", f=lambda: np.zeros(5))["f"]()
    assert len(set(wrong)) == 5


def test_functions_that_are_returned_are_spoiled_too():
    made = ran(["f"], "others", f=lambda: lambda x: x)["f"]()
    assert made(2.0) != 2.0


def test_what_was_trained_is_spoiled():
    net = torch.nn.Linear(2, 1)
    before = net.weight.detach().clone()
    ran(["train"], "others", train=lambda net: None)["train"](net)
    assert not torch.any(net.weight == before)


def test_nothing_is_returned_and_nothing_done():
    did = []
    space = ran(["f", "Model"], "nothing", f=did.append, Model=dict)
    assert space["f"](1) is space["Model"]() is None
    assert did == []


def test_everything_is_restored():
    space = {"f": len, "x": 3}
    exec(spoil(["f", "x", "missing"], "others"), space)
    assert space["f"] is not len
    assert space["x"] == 3
    exec(RESTORE, space)
    assert space["f"] is len
    assert "missing" not in space
