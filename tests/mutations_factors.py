"""Mistakes in the algebra of factors and in reading networks, noticed by einsum and by hand."""

import numpy as np

from lib import bif
from lib.factors import Factor
from tests.mutation import Edit, Mutation


def tables() -> tuple[np.ndarray, np.ndarray]:
    """Two random tables, over (a, b, c) and over (c, a, d); all sizes differ."""
    rng = np.random.default_rng(0)
    return rng.random((2, 3, 4)), rng.random((4, 2, 5))


def product_is_einsum() -> None:
    p, q = tables()
    both = Factor("abc", p) * Factor("cad", q)
    assert both.scope == tuple("abcd")
    assert np.allclose(both.table, np.einsum("abc,cad->abcd", p, q))


def square_product_is_einsum() -> None:
    p, q = np.random.default_rng(1).random((2, 3, 3))
    assert np.allclose((Factor("ab", p) * Factor("ba", q)).table, p * q.T)


def sums_are_einsum() -> None:
    p, _ = tables()
    assert np.allclose(Factor("abc", p).sum_out("a", "c").table, np.einsum("abc->b", p))


def maxima_are_maxima() -> None:
    p, _ = tables()
    assert np.allclose(Factor("abc", p).max_out("b").table, p.max(axis=1))


def evidence_takes_a_slice() -> None:
    p, _ = tables()
    reduced = Factor("abc", p).reduce({"b": 2, "z": 0})
    assert reduced.scope == ("a", "c")
    assert np.allclose(reduced.table, p[:, 2])


def normalised_sums_to_one() -> None:
    p, _ = tables()
    assert np.isclose(Factor("abc", p).normalise().table.sum(), 1)


def reordering_moves_axes() -> None:
    p = np.random.default_rng(2).random((3, 3, 3))
    assert np.allclose(Factor("abc", p).reorder("c", "a", "b").table, p.transpose(2, 0, 1))


HEAD = """network n { }
variable a { type discrete [ 2 ] { no, yes }; }
variable b { type discrete [ 3 ] { low, mid, high }; }
probability ( a ) { table 0.3, 0.7; }
"""
ROWS = HEAD + "probability ( b | a ) { (yes) 0.5, 0.3, 0.2; (no) 0.1, 0.2, 0.7; }"
TABLE = HEAD + "probability ( b | a ) { table 0.1, 0.5, 0.2, 0.3, 0.7, 0.2; }"


def rows_and_table_are_the_same_network() -> None:
    right = [[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]
    assert np.allclose(bif.read_bif(ROWS).cpt("b"), right)
    try:
        found = bif.read_bif(TABLE).cpt("b")
    except ValueError as error:
        raise AssertionError("the table was read in another order") from error
    assert np.allclose(found, right)


def writing_and_reading_is_exact() -> None:
    net = bif.read_bif(ROWS)
    again = bif.read_bif(bif.write_bif(net))
    assert all(np.array_equal(net.cpt(name), again.cpt(name)) for name in net.nodes)


FACTOR = "lib.factors.Factor"
MUTATIONS = [
    Mutation(
        "lines axes up by position, not by name",
        f"{FACTOR}._aligned",
        Edit("self.table.transpose(order).reshape(shape)", "self.table.reshape(shape)"),
        square_product_is_einsum,
    ),
    Mutation(
        "adds instead of multiplying",
        f"{FACTOR}.__mul__",
        Edit("self._aligned(scope) * other", "self._aligned(scope) + other"),
        product_is_einsum,
    ),
    Mutation(
        "takes the mean instead of the sum",
        f"{FACTOR}.sum_out",
        Edit("self.table.sum(", "self.table.mean("),
        sums_are_einsum,
    ),
    Mutation(
        "sums instead of maximising",
        f"{FACTOR}.max_out",
        Edit("self.table.max(", "self.table.sum("),
        maxima_are_maxima,
    ),
    Mutation(
        "looks one state too low in the evidence",
        f"{FACTOR}.reduce",
        Edit("index[self.scope.index(name)] = state", "index[self.scope.index(name)] = state - 1"),
        evidence_takes_a_slice,
    ),
    Mutation(
        "normalises every row",
        f"{FACTOR}.normalise",
        Edit("self.table / total", "self.table / self.table.sum(axis=-1, keepdims=True)"),
        normalised_sums_to_one,
    ),
    Mutation(
        "renames the axes instead of moving them",
        f"{FACTOR}.reorder",
        Edit("self._aligned(scope)", "self.table"),
        reordering_moves_axes,
    ),
    Mutation(
        "reads a full table row by row",
        "lib.bif._Reader.probability",
        Edit(
            "np.moveaxis(np.reshape(flat, [shape[-1], *shape[:-1]]), 0, -1)",
            "np.reshape(flat, shape)",
        ),
        rows_and_table_are_the_same_network,
    ),
    Mutation(
        "writes too few digits",
        "lib.bif._probability_block",
        Edit("repr(float(v))", "f'{v:.0f}' if v == 0 else f'{v + 1e-9:.9f}'"),
        writing_and_reading_is_exact,
    ),
]
