"""The family tree: links where there are chapters, words where there will be, for every reader."""

import posixpath
import re
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

from lib import family_tree
from lib.family_tree import BOOK, ICONS, LAST, TREE

HERE = "chapters/00_introduction"


def soup(**options):
    return BeautifulSoup(family_tree.family_tree(**options).data, "html.parser")


def book_with(tmp_path, pages):
    """A folder with a table of contents that lists these pages."""
    chapters = "".join(f"      - file: {page}\n" for page in pages)
    toc = f"format: jb-book\nroot: intro\nparts:\n  - caption: All\n    chapters:\n{chapters}"
    (tmp_path / "_toc.yml").write_text(toc)
    return tmp_path


def test_links_of_this_book_lead_to_its_files():
    links = [a["href"] for a in soup().select("a")]
    assert links
    for link in links:
        assert (BOOK / posixpath.normpath(posixpath.join(HERE, link))).is_file(), link


def test_links_on_the_site_lead_to_pages(monkeypatch):
    monkeypatch.setenv("BOOK_STATIC", "1")
    for a in soup().select("a"):
        page = posixpath.normpath(posixpath.join(HERE, a["href"]))
        assert page.endswith(".html")
        sources = [BOOK / page.replace(".html", ending) for ending in (".md", ".ipynb")]
        assert any(source.is_file() for source in sources), page


def test_a_chapter_becomes_a_link_when_the_contents_list_it(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK_STATIC", "1")
    none = soup(book=book_with(tmp_path, ["notation"]))
    assert not none.select("a")
    pages = ["chapters/06_diffusion/index", "chapters/06_diffusion/01_forward"]
    one = soup(book=book_with(tmp_path, pages)).select("a")
    assert [a["href"] for a in one] == ["../06_diffusion/index.html"]
    assert "Diffusion" in one[0].get_text()
    assert "in preparation" not in one[0].get_text()


def test_every_chapter_of_the_course_is_there_once_or_says_so(tmp_path):
    page = soup(book=book_with(tmp_path, ["notation"]))
    waiting = page.select(".leaf.soon")
    families = [family.chapter for branch in TREE for family in branch.families]
    assert sorted({*families, *(chapter for chapter, *_ in LAST)}) == list(range(10))
    assert len(waiting) == len(families) + len(LAST)
    assert all("in preparation" in leaf.get_text() for leaf in waiting)


def test_links_have_words_and_drawings_are_silent():
    page = soup()
    assert page.nav["aria-label"]
    assert all(len(a.select_one(".name").get_text(strip=True)) > 3 for a in page.select("a"))
    assert all(svg["aria-hidden"] == "true" for svg in page.select("svg"))
    assert not page.select("svg a, script, img, [id], [style]")


def test_every_family_has_a_drawing_that_is_well_formed():
    used = {family.icon for branch in TREE for family in branch.families}
    assert used == set(ICONS)
    for name, drawing in ICONS.items():
        assert len(ElementTree.fromstring(f"<svg>{drawing}</svg>")), name


def test_pages_are_listed_in_the_order_of_the_contents():
    toc = {"root": "a", "parts": [{"chapters": [{"file": "b", "sections": [{"file": "c"}]}]}]}
    assert family_tree.pages_of(toc) == ["a", "b", "c"]


def test_colours_follow_the_page():
    """Dark mode: no fixed colour but as a fallback behind a variable of the theme."""
    rules = family_tree.STYLE.replace("\n", " ")
    for piece in rules.split("#")[1:]:
        before = rules[: rules.index("#" + piece)].rstrip()
        assert re.search(r"var\(--pst-color[\w-]*,$", before), piece[:20]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_chapters_that_are_written_are_found(number):
    first = family_tree.first_pages()
    assert first[number].startswith(f"chapters/{number:02d}_")
