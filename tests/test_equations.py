"""Every display equation is labelled and checked; every check belongs to an equation."""

import ast
import inspect
import re
import textwrap

import pytest

from lib.equations_page import DISPLAY, display_equations
from tests import code_rules
from tests.book import Cell, Page, pages, without_code
from tests.equations import CHECKS, Check, checks, load_all

load_all()
# Ways to display a formula that would escape the check: LaTeX's own, and the math directive.
OTHER = re.compile(r"\\begin\{(?:align|equation|gather|multline|eqnarray)\*?\}|\\\[|\{math\}")
LABEL = re.compile(r"eq-[a-z0-9]+(?:-[a-z0-9]+)+")


def equations(page: Page) -> list[tuple[str, str]]:
    """Every display equation of a page as (label or '', LaTeX)."""
    return display_equations(without_code(page.text))


def slips(page: Page) -> list[str]:
    """What is wrong with the display equations of a page, checks aside."""
    text, said = without_code(page.text), []
    for label, latex in equations(page):
        if not label:
            said.append(f"give it a label, `$$ ... $$ (eq-topic-name)`: {latex}")
        elif not LABEL.fullmatch(label):
            said.append(f"write `eq-topic-name`, not {label!r}")
    outside = DISPLAY.sub(" ", text)
    said += [
        f"display equations are written `$$ ... $$ (label)`: {x}" for x in OTHER.findall(outside)
    ]
    if "$$" in outside:
        said.append("a `$$` without a partner")
    return said


PAGES = pages()
LABELS = {label: page.name for page in PAGES for label, _ in equations(page) if label}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_display_equation_has_a_label(page):
    assert not slips(page), f"{page.name}: {slips(page)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_label_has_a_check(page):
    missing = [label for label, _ in equations(page) if label and label not in CHECKS]
    assert not missing, f"{page.name}: register a check in tests/equations for {missing}"


def test_no_label_is_given_twice():
    given = [label for page in PAGES for label, _ in equations(page) if label]
    doubled = {label for label in given if given.count(label) > 1}
    assert not doubled, f"two equations are called {doubled}"


def test_every_check_has_an_equation():
    assert not sorted(set(CHECKS) - set(LABELS)), "checks of equations that no page shows"


def emptiness(check: Check) -> str:
    """Why a check proves nothing or says too little, or an empty string."""
    if len(check.says) < 20 or len(check.by) < 8:
        return "say in the docstring and in `by=` what is compared with what"
    tree = ast.parse(textwrap.dedent(inspect.getsource(check.run)))
    if not code_rules.proves(tree.body[0]):
        return "has no assert: it cannot fail"
    caught = [reason for _, reason in code_rules.vacuous_asserts(tree)]
    return "; ".join(caught)


@pytest.mark.parametrize("label", sorted(CHECKS))
def test_equation(label):
    reason = emptiness(CHECKS[label])
    assert not reason, f"{label}: {reason}"
    CHECKS[label].run()


def page_of(text: str) -> Page:
    """A page with one cell."""
    return Page("page.md", (Cell(0, "markdown", text),))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$$x = 1$$", "give it a label"),
        ("$$x = 1$$ (energy)", "write `eq-topic-name`"),
        ("\\begin{align}x &= 1\\end{align}", "display equations are written"),
        ("\\[x = 1\\]", "display equations are written"),
        ("```{math}\nx = 1\n```", "display equations are written"),
        ("$$x = 1$$ (eq-a-b) and $$", "without a partner"),
    ],
)
def test_slips_are_noticed(text, message):
    assert any(message in said for said in slips(page_of(text)))


def test_a_good_equation_has_no_slips():
    text = (
        "As $x$ says\n\n$$\\begin{aligned}x &= 1\\end{aligned}$$ (eq-bn-one)\n\nand `$$` is code."
    )
    assert slips(page_of(text)) == []
    assert equations(page_of(text))[0][0] == "eq-bn-one"


def test_empty_checks_are_noticed():
    def silent():
        """The left side is compared with the right side."""
        print("fine")

    def terse():
        assert 1 + 1 == 2

    for run, message in [(silent, "no assert"), (terse, "say in")]:
        assert message in emptiness(Check("eq-x-y", "enumeration", run))


def test_an_equation_has_one_check():
    def check():
        """Not registered for long."""

    checks("eq-test-once", by="nothing")(check)
    try:
        with pytest.raises(ValueError, match="already has a check"):
            checks("eq-test-once", by="nothing")(lambda: None)
    finally:
        del CHECKS["eq-test-once"]
