"""The page of all equations shows each labelled equation with its check, or refuses."""

import pytest

from lib import equations_page as ep
from tests.equations import Check


@pytest.fixture
def small_book(tmp_path):
    (tmp_path / "_toc.yml").write_text("root: intro\nchapters:\n  - file: one\n")
    (tmp_path / "intro.md").write_text("# Intro\n")
    (tmp_path / "one.md").write_text(
        "# First\n\n$$ a = b $$ (eq-a)\n\n```\n$$ not = this $$ (eq-no)\n```\n"
    )
    return tmp_path


def test_equations_are_found_outside_code_blocks_only(small_book):
    assert ep.display_equations(ep.markdown_of(small_book / "one.md")) == [("eq-a", "a = b")]


def test_page_shows_equation_with_its_check(small_book, monkeypatch):
    def run():
        """Both sides by enumeration."""

    registry = {"eq-a": Check("eq-a", "counting", run)}
    monkeypatch.setattr("tests.equations.load_all", lambda: registry)
    page = ep.equations_page(f"# All\n{ep.PLACE}\n", small_book)
    assert "a = b" in page
    assert "Checked by counting: Both sides by enumeration." in page
    assert ep.PLACE not in page


def test_equation_without_check_is_refused(small_book, monkeypatch):
    monkeypatch.setattr("tests.equations.load_all", dict)
    with pytest.raises(ValueError, match="eq-a"):
        ep.equations_page(ep.PLACE, small_book)
