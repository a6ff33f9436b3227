"""The BIF reader: the shipped network, a round trip, the whole grammar, and readable errors."""

import hashlib
import re
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from lib.bayes_net import BayesNet
from lib.bif import read_bif, write_bif
from lib.networks import burglar_alarm, chest_clinic, random_network

DATA = Path(__file__).parents[1] / "data"
HEADER = """network "dog problem" { property author = "nobody; really"; }
variable rain { type discrete [2] { "no" "yes, a lot" }; property position = (1, 2); }
variable "the grass" { type discrete[ 3 ] { <5, 5-10, >=10 }; }  // three states
"""


def assert_same(one: BayesNet, other: BayesNet):
    assert one.nodes == other.nodes
    for name in one.nodes:
        assert one.states(name) == other.states(name)
        assert one.parents(name) == other.parents(name)
        np.testing.assert_array_equal(one.cpt(name), other.cpt(name))


def test_the_shipped_chest_clinic_is_the_one_typed_in():
    assert_same(read_bif(DATA / "chest_clinic.bif"), chest_clinic())


def test_the_data_card_has_the_checksum_of_the_shipped_file():
    card = (DATA / "README.md").read_text(encoding="utf-8")
    digest = hashlib.sha256((DATA / "chest_clinic.bif").read_bytes()).hexdigest()
    assert f"`chest_clinic.bif` sha256 `{digest}`" in card


@pytest.mark.parametrize("net", [chest_clinic(), burglar_alarm()])
def test_round_trip_of_known_networks(net):
    assert_same(read_bif(write_bif(net)), net)


def test_round_trip_is_exact_for_random_tables(rng):
    graph = nx.gn_graph(12, seed=3).reverse()
    sizes = {node: int(rng.integers(1, 5)) for node in graph}
    net = random_network(graph, sizes, rng)
    assert_same(read_bif(write_bif(net)), net)


def test_round_trip_quotes_awkward_names():
    net = BayesNet().add("two words", ["a, b", "property", "{", "//", "ü"], np.full(5, 0.2))
    net.add("x", 2, np.full((5, 2), 0.5), ["two words"])
    assert_same(read_bif(write_bif(net, name="a name")), net)


def test_rows_comments_properties_quotes_and_scientific_numbers():
    net = read_bif(
        HEADER
        + """
        probability ( rain ) { table 5e-1 0.5; /* a comment
            over lines */ }
        probability ( "the grass" | rain ) {
            ("yes, a lot") 0.1, 0.2, 0.7;  property note = "(no) 9 9 9";
            (no) .5 .25 .25;
        }"""
    )
    assert net.states("the grass") == ("<5", "5-10", ">=10")
    np.testing.assert_array_equal(net.cpt("the grass"), [[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]])


def test_default_fills_the_rows_that_are_not_given():
    net = read_bif(
        HEADER
        + """probability ( rain ) { table 0.5 0.5; }
        probability ( "the grass", rain ) { default 0.2 0.3 0.5; (no) 1 0 0; }"""
    )
    np.testing.assert_array_equal(net.cpt("the grass"), [[1, 0, 0], [0.2, 0.3, 0.5]])


def test_a_full_table_lists_the_childs_states_slowest():
    """The format's own example: table p(light|out), p(light|in), p(dark|out), p(dark|in)."""
    net = read_bif("""network n { } variable f { type discrete [ 2 ] { out in }; }
        variable l { type discrete [ 2 ] { light dark }; }
        probability ( f ) { table 0.15 0.85; }
        probability ( l | f ) { table 0.6 0.05 0.4 0.95; }""")
    np.testing.assert_array_equal(net.cpt("l"), [[0.6, 0.4], [0.05, 0.95]])


def test_blocks_in_any_order_and_children_before_parents():
    forward = write_bif(burglar_alarm())
    blocks = re.split(r"(?m)^(?=network|variable|probability)", forward)[1:]
    backward = read_bif(blocks[0] + "".join(reversed(blocks[1:6])) + "".join(blocks[6:]))
    for name in burglar_alarm().nodes:
        np.testing.assert_array_equal(backward.cpt(name), burglar_alarm().cpt(name))


def test_printed_rounding_is_rescaled_but_not_more():
    text = "variable a {{ type discrete [3] {{ x y z }}; }} probability ( a ) {{ table {}; }}"
    np.testing.assert_allclose(read_bif(text.format("0.333 0.333 0.333")).cpt("a"), 1 / 3)
    with pytest.raises(ValueError, match=r"'a'.*sum to one"):
        read_bif(text.format("0.33 0.33 0.33"))


GRASS = 'probability ( rain ) { table 0.5 0.5; }\nprobability ( "the grass" | rain ) {\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADER + GRASS + "(no) 1 0 0;\n}", r"line 7.*'the grass'.*no row for \['yes, a lot'\]"),
        (HEADER + GRASS + "(no) 1 0;\n}", "line 6: variable 'the grass': expected 3 .* found 2"),
        (HEADER + GRASS + "(maybe) 1 0 0;\n}", "line 6.*'rain' has no state 'maybe'"),
        (HEADER + GRASS + "(no, no) 1 0 0;\n}", "line 6.*one state for each"),
        (HEADER + GRASS + "(no) 1 0 0;\n(no) 1 0 0;\n}", "line 7.*appears twice"),
        (HEADER + GRASS + "default 0.5 0.6 0;\n}", "line 7: variable 'the grass'.*sum to one"),
        (HEADER + GRASS + "default 1.5 -0.5 0;\n}", "variable 'the grass'.*non-negative"),
        (HEADER + GRASS + "default 1 zero 0;\n}", "line 6.*'zero' is not a number"),
        (HEADER + GRASS + "row 1 0 0;\n}", "line 6.*found 'row'"),
        (HEADER + GRASS + "default 1 0 0;\n", "ends inside variable 'the grass'"),
        (HEADER + GRASS.replace("rain ) {\n", "snow ) {"), "line 5.*'snow' is not a declared"),
        (HEADER + "probability ( rain ) { table 0.5 0.5; }" * 2, "'rain' has two probability"),
        (HEADER + "probability ( rain ) { table 0.5 0.5; }", "'the grass' has no probability"),
        (HEADER + "\nvariable rain { type discrete [1] { x }; }", "line 5.*declared twice"),
        ("variable a { type discrete [3] { x y }; }", "line 1.*says 3 states and lists 2"),
        ("variable a { type continuous; }", "'a': expected 'type discrete'"),
        ("variable a [ type discrete [2] { x y }; }", r"'a': expected '\{', found '\['"),
        ("nonsense { }", "line 1: expected network, variable or probability"),
        ('network n {\n}\nvariable "a', "line 3: cannot read"),
        ("network n {", "expected '}', found 'the end'"),
    ],
)
def test_errors_name_the_line_and_the_variable(text, words):
    with pytest.raises(ValueError, match=words):
        read_bif(text)


def test_a_cycle_is_spelled_out():
    text = "".join(f"variable {v} {{ type discrete [ 2 ] {{ 0 1 }}; }}\n" for v in "abc")
    for child, parent in ("ab", "bc", "ca"):
        text += f"probability ( {child} | {parent} ) {{ default 0.5 0.5; }}\n"
    with pytest.raises(
        ValueError, match=r"cycle (a -> c -> b -> a|b -> a -> c -> b|c -> b -> a -> c)"
    ):
        read_bif(text)
