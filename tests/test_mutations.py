"""Break the code on purpose and see that a check fails."""

import re
import types
from collections.abc import Callable
from functools import cache

import pytest

from tests.mutation import Edit, Mutation, load_all

MUTATIONS = load_all()
#: Their checks grade homework or draw data sets: `make check` leaves them to `make test`.
LONG = re.compile(r"lib\.(homework|datasets|digit_features|make_digit_features)")


def test_mutations_have_different_names():
    names = [(m.target, m.name) for m in MUTATIONS]
    assert len(names) == len(set(names)), "two mutations of one target have the same name"


def case(m: Mutation):
    """A mutation under its name; the long ones marked."""
    marks = [pytest.mark.slow] if LONG.match(m.target) else []
    return pytest.param(m, id=f"{m.target}: {m.name}", marks=marks)


@cache
def passes(check: Callable[[], None]) -> None:
    """A check of several mutations is run once before the first: it runs after each of them."""
    check()


@pytest.mark.parametrize("mutation", [case(m) for m in MUTATIONS])
def test_the_check_notices(mutation):
    passes(mutation.check)
    with mutation.applied(), pytest.raises(AssertionError):
        mutation.check()
    mutation.check()


def test_a_mutation_that_nothing_notices_is_reported():
    blind = Mutation("not noticed", "tests.mutation.Edit", object(), lambda: None)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        test_the_check_notices(blind)


def test_edit_changes_functions_methods_and_properties(tmp_path, monkeypatch):
    source = (
        "def f(x):\n    return x + 1\n\n\n"
        "class A:\n    @property\n    def p(self):\n        return f(1)\n\n\n"
        "class B(A):\n    @property\n    def p(self):\n        return super().p + 1\n"
    )
    (tmp_path / "mutated_example.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    import mutated_example as example

    assert isinstance(example, types.ModuleType)
    with Mutation("f", "mutated_example.f", Edit("+ 1", "- 1"), lambda: None).applied():
        assert example.f(1) == 0
        assert example.A().p == 0
    with Mutation("p", "mutated_example.A.p", Edit("f(1)", "f(5)"), lambda: None).applied():
        assert example.A().p == 6
    with Mutation("q", "mutated_example.B.p", Edit("+ 1", "+ 5"), lambda: None).applied():
        assert example.B().p == 7
    assert example.A().p == example.f(1) == 2


def test_edit_must_match_once():
    stale = Mutation("stale", "tests.mutation.load_all", Edit("no such text", ""), lambda: None)
    with pytest.raises(ValueError, match="0 times"), stale.applied():
        pass
