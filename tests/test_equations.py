"""Every labelled display equation is checked, and every check belongs to an equation in the book."""

import json
import re
from pathlib import Path

import pytest

from tests.equations import load_all

BOOK = Path(__file__).parents[1]
CHECKS = load_all()
DISPLAY = re.compile(r"\$\$(.+?)\$\$[ \t]*(\([\w-]+\))?", re.DOTALL)


def pages() -> list[tuple[str, str]]:
    """Every page of the book as (path, its markdown)."""
    files = [*BOOK.glob("*.md"), *BOOK.glob("chapters/**/*.md"), *BOOK.glob("chapters/**/*.ipynb")]
    out = []
    for path in sorted(files):
        if path.name == "README.md" or ".ipynb_checkpoints" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        out.append((path.relative_to(BOOK).as_posix(), re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)))
    return out


def equations() -> list[tuple[str, str, str]]:
    """Every display equation as (page, label or '', LaTeX)."""
    return [
        (page, (label or "").strip("()"), latex.strip())
        for page, text in pages()
        for latex, label in DISPLAY.findall(text)
    ]


def test_every_display_equation_has_a_label():
    unlabelled = [(page, latex) for page, label, latex in equations() if not label]
    assert not unlabelled, f"give these a label, `$$ ... $$ (eq-name)`: {unlabelled}"


def test_every_label_has_a_check():
    missing = [(page, label) for page, label, _ in equations() if label and label not in CHECKS]
    assert not missing, f"register a check in tests/equations for: {missing}"


def test_every_check_has_an_equation_and_says_what_it_does():
    labels = {label for _, label, _ in equations()}
    assert not set(CHECKS) - labels, "checks of equations that no page shows"
    assert all(check.says and check.by for check in CHECKS.values())


@pytest.mark.parametrize("label", sorted(CHECKS))
def test_equation(label):
    CHECKS[label].run()
