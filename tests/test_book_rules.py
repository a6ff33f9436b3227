"""Each rule of the book lets a good lesson pass and notices a violation."""

import ast
import json
import re

import pytest

from tests import code_rules
from tests.book import Page, labels, mathematics, read_markdown, read_notebook, words
from tests.lesson_rules import RULES
from tests.prose_rules import PROSE_RULES

FIGURE = {
    "mystnb": {
        "figure": {"name": "fig-good", "caption": "A line that rises."},
        "image": {"alt": "A blue line that rises from the lower left to the upper right."},
    }
}
OPENING = """(lesson-good)=
# A good lesson

:::{admonition} What you will be able to do
:class: objectives
- Do this.
- Do that.
- Do a third thing.
:::

**You need:** nothing.

**Time:** about 20 minutes to read, 5 seconds to run.
"""
KINDS = ("", "Predict", "Code", "Explore")
EXERCISE = """:::{{exercise}} {1}: number {0}
:label: ex-good-{0}
What is {0}?
:::"""
GATE = "```{{solution-start}} ex-good-{0}\n:class: dropdown\n```"
TEXT = "The posterior is proportional to the prior times the likelihood. " * 16


def good_lesson() -> list[tuple]:
    """Cells (source, metadata) of a lesson that follows every rule; code starts with `#py`."""
    cells = [(OPENING,), ("#py\nfrom lib import plots\n\nplots.use_style()",)]
    for part in "ABCDEFG":
        cells += [(f"## Part {part}\n\n{TEXT}",), ("#py\n" + "x = 1 + 1\n" * 7 + "assert x == 2",)]
        cells += [(TEXT,), ("#py\n" + "y = 2 + 2\n" * 8,)]
    cells += [("## Look\n\nDrag it.",)]
    cells += [("#py\nexplore(draw, title='T', alt='a', b=slider(0, 1, 2))",)]
    cells += [
        ("#py\nax.plot(x)\nax.set(xlabel='t in s', ylabel='x in m')\nplt.show()", FIGURE),
        ("{numref}`fig-good` rises.",),
    ]
    cells += [("#py\nshow_source(f)",)]
    cells += [(":::{admonition} Success criteria\n:class: criteria\n- $x = 2$\n:::",)]
    cells += [("#py\n" + "z = 1\n" * 7 + "assert z == 1",)]
    cells += [("## What goes wrong\n\nThis.",), ("#py\n" + "w = 1\n" * 5 + "assert w < 2",)]
    cells += [("## Exercises\n\n" + "\n\n".join(EXERCISE.format(k, KINDS[k]) for k in (1, 2, 3)),)]
    for k in (1, 2, 3):
        cells += [(GATE.format(k),), (f"#py\nassert {k} + 1 == {k + 1}",)]
        cells += [("```{solution-end}\n```",)]
    cells += [("## Summary\n\n- It works.",)]
    return [*cells, ("## References\n\n{cite:t}`a2000` and {cite:p}`b2001`.",)]


def page(cells: list[tuple]) -> Page:
    """The page that a notebook with these cells makes."""
    made = []
    for source, *metadata in cells:
        code = source.startswith("#py\n")
        cell = {
            "cell_type": "code" if code else "markdown",
            "source": source.removeprefix("#py\n").strip(),
            "metadata": metadata[0] if metadata else {},
        }
        made.append(cell | ({"outputs": [], "execution_count": None} if code else {}))
    raw = {"cells": made, "metadata": {"kernelspec": {"name": "python3"}}}
    return read_notebook(json.dumps(raw), "chapters/01_good/01_good.ipynb")


def broken(old: str, new: str) -> Page:
    """The good lesson with a piece of text changed wherever it occurs."""
    cells = [(re.sub(old, new, c[0], flags=re.DOTALL), *c[1:]) for c in good_lesson()]
    assert cells != good_lesson(), f"{old!r} is not in the good lesson"
    return page([cell for cell in cells if cell[0].strip()])


def with_metadata(part: str, **new: str) -> Page:
    """The good lesson with other metadata of its figure."""
    cells = good_lesson()
    at = next(k for k, cell in enumerate(cells) if len(cell) == 2)
    figure = json.loads(json.dumps(FIGURE))
    figure["mystnb"][part] |= new
    cells[at] = (cells[at][0], figure)
    return page(cells)


@pytest.mark.parametrize("rule", RULES)
def test_a_good_lesson_passes(rule):
    assert list(RULES[rule](page(good_lesson()))) == []


@pytest.mark.parametrize("rule", PROSE_RULES)
def test_good_prose_passes(rule):
    assert list(PROSE_RULES[rule](page(good_lesson()))) == []


BREAKS = [
    ("opening", r"^\(lesson-good\)=", "", "start with a line"),
    ("opening", ":class: objectives", ":class: note", "one admonition"),
    ("opening", "- Do that.\n- Do a third thing.\n", "", "three to five objectives"),
    ("opening", r"\*\*You need:\*\*", "You need:", "You need"),
    ("opening", "5 seconds to run", "quickly run", "Time"),
    ("setup", r"plots\.use_style\(\)", "", "use_style"),
    ("setup", "#py\nshow_source", "#py\nimport os\nshow_source", "move the import"),
    ("closing", "## Summary", "## The end", "last headings"),
    ("closing", "## What goes wrong", "## Failures", "What goes wrong"),
    ("closing", "## Part [A-G]", "", "each under a heading"),
    ("criteria_before_result", ":class: criteria", "", "Success criteria"),
    ("criteria_before_result", "assert z == 1", "", "between the success criteria"),
    ("failure_gallery", "assert w < 2", "", "must assert"),
    ("failure_gallery", "#py\nw = 1.*", "Words.", "must run"),
    ("exercises", r":::\{exercise\} Explore.*", "", "2 exercises"),
    ("exercises", "Explore: number 3", "Number 3", "called `Explore: ...`"),
    ("exercises", ":label: ex-good-2\n", "", "has no `:label:"),
    (
        "exercises",
        r"```\{solution-start\} ex-good-1\n:class: dropdown\n```",
        "Text.",
        "no solution",
    ),
    ("exercises", ":class: dropdown", "", "must be folded"),
    ("exercises", "assert [123] .*", "print()", "0 solutions run code"),
    ("exercises", r"```\{solution-end\}\n```", "", "has no `{solution-end}`"),
    ("solutions_in_words", r"#py\nassert 2 \+ 1 == 3", "It is 3.", "'ex-good-2' states 3, and no"),
    ("solutions_in_words", r"#py\nassert 2 .*", "```\nx\n```", "'ex-good-2' shows code"),
    ("summary_and_references", "- It works.", "It works.", "bullets"),
    ("summary_and_references", r" and \{cite:p\}`b2001`", "", "cite two works"),
    ("sizes", "[xy] = . \\+ .\n", "v = 1\n" * 2, "the median code cell"),
    ("sizes", "#py\nshow_source", "#py\n" + "v = 1\n" * 31 + "show_source", "at most 30"),
    ("sizes", TEXT, "Short.", "words of prose"),
    ("sizes", "^#py\ny = 2.*$", "", "cells: a lesson has"),
    ("sizes", "y = 2 \\+ 2\n", "", "lines of code"),
    ("figures_in_the_text", r"\{numref\}`fig-good` rises", "It rises", "no text refers"),
    ("figures_in_the_text", r"\{numref\}`fig-good` rises", "## {numref}`fig-good`", "follow"),
    ("explorable", "explore", "explode", "needs an explorable"),
    ("explorable", "alt='a', ", "", "explore() needs alt"),
    ("explorable", r", b=slider\(0, 1, 2\)", "", "at least one control"),
    ("axis_labels", "xlabel", "title", "horizontal axis"),
    ("axis_labels", "ylabel", "title", "vertical axis"),
    ("source_shown", "show_source", "print", "show_source(obj)"),
    ("tested", r"assert x == 2", "", "six cells or more"),
    ("labelled_directives", ":label: ex-good-2\n", "", "needs a line `:label:"),
    ("labelled_directives", "ex-good-2", "ex-good-1", "labels defined twice"),
    ("raw_text", "Drag it.", "# Again", "second `# ` heading"),
    ("raw_text", "Drag it.", "<img src='a'>", "raw HTML"),
]


@pytest.mark.parametrize(("rule", "old", "new", "message"), BREAKS)
def test_a_broken_lesson_is_noticed(rule, old, new, message):
    assert any(message in said for said in RULES[rule](broken(old, new)))


def test_every_rule_is_broken_once():
    tried = {rule for rule, *_ in BREAKS} | {"figures", "clean"}
    assert tried == set(RULES)


@pytest.mark.parametrize(
    ("part", "new", "message"),
    [
        ("figure", {"name": "good"}, "figure.name"),
        ("figure", {"caption": ""}, "figure.caption"),
        ("figure", {"caption": "no sentence"}, "figure.caption"),
        ("image", {"alt": "a line"}, "image.alt"),
    ],
)
def test_poor_figures_are_noticed(part, new, message):
    assert any(message in said for said in RULES["figures"](with_metadata(part, **new)))


@pytest.mark.parametrize(
    "code", ["plt.show()", "plots.image_grid(x)", "ax = plt.subplots()", "f()"]
)
def test_a_figure_without_metadata_is_noticed(code):
    helper = "#py\ndef f():\n    fig, ax = plt.subplots()\n    return fig"
    lesson = page([*good_lesson(), (helper,), (f"#py\n{code}",)])
    assert any("figure.name" in said for said in RULES["figures"](lesson))


@pytest.mark.parametrize(
    ("words", "stated"),
    [
        ("About 47 % at 2.5, in row 6.", "47, 2.5, 6,"),
        ("The first, by $\\log 10 = 2.3$; see {eq}`eq-a-1` and `x[3]`, as an eight does.", ""),
    ],
)
def test_numbers_of_a_solution_in_words_are_noticed(words, stated):
    """In a directive of its own too, and not those of formulas, roles and inline code."""
    folded = f":::{{solution}} ex-good-4\n:class: dropdown\n{words}\n:::"
    said = list(RULES["solutions_in_words"](page([*good_lesson(), (folded,)])))
    assert [f"states {stated}" in message for message in said] == [True] * bool(stated)


def test_outputs_are_noticed():
    ran = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": [1]}
    empty = {"cell_type": "markdown", "source": " ", "metadata": {"collapsed": True}}
    raw = {"cells": [ran, empty], "metadata": {}}
    said = "\n".join(RULES["clean"](read_notebook(json.dumps(raw), "x.ipynb")))
    for message in ("has outputs", "is empty", "unexpected metadata", "kernel"):
        assert message in said


@pytest.mark.parametrize(
    ("rule", "text", "message"),
    [
        ("symbols", "$\\mathfrak{A}$", "mathfrak"),
        ("symbols", "$\\mathrm{foo}(x)$", "foo"),
        ("one_notation", "$\\ln p$", "written \\log"),
        ("one_notation", "$\\log_{10} p$", "natural"),
        ("one_notation", "$p(x_i \\mid pa_i)$", "mathrm{pa}"),
        ("one_notation", "$\\phi(x)$", "\\psi"),
        ("one_notation", "$\\mathbf{x}$", "bold"),
        ("one_notation", "$D_{KL}(q || p)$", "Vert"),
        ("spelling", "The color of a neighboring pixel.", "colour"),
        ("style", "It is important to note that $x = 1$.", "says nothing"),
        ("style", "This works \u2014 really \u2014 well.", "one dash"),
        ("style", "How nice! It works.", "exclamation"),
    ],
)
def test_slips_of_prose_are_noticed(rule, text, message):
    assert any(message in said for said in PROSE_RULES[rule](page([(text,)])))


def test_prose_rules_leave_code_and_roles_alone():
    text = "Call `normalize(color=1)!` as {cite:t}`neighbor2000`; $\\ln 2$.\n\n```\ncenter! \n```\n"
    for check in PROSE_RULES.values():
        assert list(check(page([(text,)]))) == []


def test_markdown_pages_have_code_cells():
    text = (
        "---\nkernelspec: {name: python3}\n---\n(top)=\n# Title\n\n"
        "```{code-cell} python3\n---\nmystnb: {figure: {name: fig-a}}\n---\nx = 1\n```\n\nAfter.\n"
    )
    found = read_markdown(text, "index.md")
    assert [cell.kind for cell in found.cells] == ["markdown", "code", "markdown"]
    assert found.code[0].source == "x = 1"
    assert labels(found) == ["top", "fig-a"]
    assert found.metadata["kernelspec"]["name"] == "python3"


def test_mathematics_and_words_are_told_apart():
    text = "One $a + b$ two $$c = d$$ (eq-x-y) and `$code$` three."
    assert mathematics(text) == ["a + b", "c = d"]
    assert words("One $a + b$ two $$c = d$$ three.") == 3


VACUOUS = [
    "assert (a, 'message')",
    "assert True",
    "assert 'a message'",
    "assert f'{a}'",
    "assert [a]",
    "assert a == a",
    "assert a.b <= a.b",
    "assert x[0] is x[0]",
    "assert a or True",
    "assert len(a) >= 0",
    "assert (x > 0 for x in a)",
    "assert lambda: a",
    "assert np.allclose(a, a)",
    "np.testing.assert_allclose(a, a)",
    "try:\n    assert a\nexcept AssertionError:\n    pass",
]
HONEST = [
    "assert a, 'message'",
    "assert f(1) == f(1)",
    "assert a <= b <= c",
    "assert []",
    "assert a or b",
    "assert len(a) > 0",
    "assert np.allclose(a, b)",
    "assert all(x > 0 for x in a)",
    "try:\n    f()\nexcept ValueError:\n    pass",
]


@pytest.mark.parametrize("code", VACUOUS)
def test_an_assert_that_cannot_fail_is_noticed(code):
    assert list(code_rules.vacuous_asserts(ast.parse(code)))


@pytest.mark.parametrize("code", HONEST)
def test_an_honest_assert_passes(code):
    assert not list(code_rules.vacuous_asserts(ast.parse(code)))


def test_a_test_without_assertion_is_noticed():
    tree = ast.parse(
        "def test_a():\n    f()\n"
        "def test_b():\n    assert f()\n"
        "def test_c():\n    with pytest.raises(E):\n        f()\n"
    )
    assert [line for line, _ in code_rules.silent_tests(tree)] == [1]


def test_undocumented_names_are_noticed():
    source = (
        '"""Module."""\n'
        "def a(x): return x\n"
        'def b(x: int) -> int:\n    """B."""\n'
        "def _c(x): return x\n"
        'class D:\n    """D."""\n    def e(self, *, y): return y\n    def __len__(self): return 1\n'
    )
    said = [f"{line} {lack}" for line, lack in code_rules.undocumented(ast.parse(source))]
    assert [s.split()[0] for s in said] == ["2", "2", "2", "8", "8", "8"]
    assert "no type for y" in said[-2]


def test_code_lines_leave_out_words():
    source = (
        '"""Module\n\ntext."""\n\n# comment\n'
        'def f(\n    x,\n):\n    """Doc.\n\n    More.\n    """\n'
        "    # why\n    y = (\n        x\n    )\n\n    return y\n"
    )
    assert len(code_rules.code_lines(source)) == 7
    (size,) = code_rules.function_sizes(source)
    assert (size.name, size.body) == ("f", 4)


def test_global_state_is_noticed():
    tree = ast.parse("np.random.seed(0)\ntorch.manual_seed(1)\nrng = np.random.default_rng(0)")
    assert [line for line, _ in code_rules.global_state(tree)] == [1, 2]
    assert [line for line, _ in code_rules.global_state(tree, networks=True)] == [1]
