"""Factor algebra against numpy.einsum, and its error messages."""

import numpy as np
import pytest

from lib.factors import Factor

SIZES = {"a": 2, "b": 3, "c": 4, "d": 1}


def random_factor(rng, *scope):
    return Factor(scope, rng.random([SIZES[name] for name in scope]))


@pytest.mark.parametrize(
    ("left", "right", "spec"),
    [("ab", "bc", "ab,bc->abc"), ("cab", "ba", "cab,ba->cab"), ("a", "b", "a,b->ab"),
     ("", "ab", ",ab->ab"), ("da", "ad", "da,ad->da")],
)  # fmt: skip
def test_product_is_the_outer_product_over_the_union(rng, left, right, spec):
    f, g = random_factor(rng, *left), random_factor(rng, *right)
    h = f * g
    assert h.scope == tuple(spec.split("->")[1])
    np.testing.assert_allclose(h.table, np.einsum(spec, f.table, g.table), rtol=1e-15)


def test_product_is_commutative_and_associative_up_to_the_order_of_axes(rng):
    f, g, h = random_factor(rng, *"ab"), random_factor(rng, *"bc"), random_factor(rng, *"ca")
    np.testing.assert_allclose((f * g).table, (g * f).reorder(*(f * g).scope).table, rtol=1e-15)
    one, two = (f * g) * h, f * (g * h)
    np.testing.assert_allclose(one.table, two.reorder(*one.scope).table, rtol=1e-14)


def test_sum_and_max_out_in_any_order_of_names(rng):
    f = random_factor(rng, *"abc")
    np.testing.assert_allclose(f.sum_out("c", "a").table, np.einsum("abc->b", f.table))
    np.testing.assert_array_equal(f.max_out("c", "a").table, f.table.max(axis=0).max(axis=-1))
    assert f.sum_out("c", "a").scope == f.max_out("a", "c").scope == ("b",)


def test_sums_can_be_pushed_inside_a_product(rng):
    f, g = random_factor(rng, *"ab"), random_factor(rng, *"bc")
    pushed = f * g.sum_out("c")
    np.testing.assert_allclose((f * g).sum_out("c").table, pushed.table, rtol=1e-14)


def test_reduce_takes_the_slice_and_ignores_names_outside_the_scope(rng):
    f = random_factor(rng, *"abc")
    g = f.reduce({"b": 2, "z": 7})
    assert g.scope == ("a", "c")
    np.testing.assert_array_equal(g.table, f.table[:, 2])


def test_normalise_divides_by_the_total(rng):
    f = random_factor(rng, *"abc")
    np.testing.assert_allclose(f.normalise().table * f.table.sum(), f.table)
    assert f.normalise().table.sum() == pytest.approx(1, abs=1e-12)


def test_a_factor_does_not_change_its_input(rng):
    table = rng.random((2, 3))
    before = table.copy()
    f = Factor(("a", "b"), table)
    f.normalise()
    f.reduce({"a": 1})
    f.reorder("b", "a")
    np.testing.assert_array_equal(table, before)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda: Factor(("a", "a"), np.ones((2, 2))), "repeats"),
        (lambda: Factor(("a",), np.ones((2, 2))), r"1 axes.*\(2, 2\)"),
        (lambda: Factor(("a",), [1.0, -0.1]), "'a'.*negative"),
        (lambda: Factor(("a",), [1.0, np.nan]), "not finite"),
        (lambda: Factor(("a",), np.ones(2)) * Factor(("a",), np.ones(3)), "'a' has 2 .* 3"),
        (lambda: Factor(("a",), np.ones(2)).sum_out("z"), "unknown variable 'z'"),
        (lambda: Factor(("a",), np.ones(2)).max_out("z"), "unknown variable 'z'"),
        (lambda: Factor(("a",), np.ones(2)).reduce({"a": 2}), r"state 2 of 'a'.*0\.\.1"),
        (lambda: Factor(("a",), np.ones(2)).reduce({"a": -1}), "state -1 of 'a'"),
        (lambda: Factor(("a",), np.ones(2)).reorder("b"), "cannot reorder"),
        (lambda: Factor(("a",), np.zeros(2)).normalise(), "sums to zero"),
    ],
)
def test_bad_input_names_the_culprit(action, words):
    with pytest.raises(ValueError, match=words):
        action()
