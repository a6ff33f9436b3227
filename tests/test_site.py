"""The built site, page by page, in a browser: quiet, complete, at home on phones and in the dark.

Looks at _build/html, which `make test` builds first; BOOK_SITE names another folder.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import nbformat
import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Page

from tests.browser import chromium, chromium_path, serve

BOOK = Path(__file__).resolve().parents[1]
SITE = Path(os.environ.get("BOOK_SITE", BOOK / "_build/html"))


def built_pages() -> list[str]:
    """The pages of the last build: what the search knows, without leftovers of older builds."""
    index = SITE / "searchindex.js"
    if not index.exists():
        return []
    text = index.read_text("utf-8")
    known = json.loads(text[text.index("{") : text.rindex("}") + 1])
    return sorted(f"{name}.html" for name in known["docnames"])


OURS = built_pages()
PAGES = [*OURS, "search.html"] if OURS else []
LESSONS = [name for name in OURS if Path(name).name[:2].isdigit()]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(not PAGES, reason=f"no site in {SITE}; `make book` builds it"),
    pytest.mark.skipif(chromium_path() is None, reason="no Chromium on this machine"),
]
WIDTHS, SCHEMES = (1280, 390), ("light", "dark")


@dataclass
class Visit:
    """What the browser noticed while one page was open in every width and colour scheme."""

    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    widths: dict[tuple[int, str], int] = field(default_factory=dict)
    backgrounds: dict[str, str] = field(default_factory=dict)
    mathematics: dict[str, int] = field(default_factory=dict)
    explorables: list[str] = field(default_factory=list)


# ---------------------------------------------------------------------------- opening pages


@pytest.fixture(scope="module")
def address():
    with serve(SITE) as url:
        yield url


@pytest.fixture(scope="module")
def tab(address):
    """One browser, one tab: pages are opened in it one after the other."""
    with chromium() as browser:
        yield browser.new_page()


@pytest.fixture(scope="module")
def visit(tab, address):
    """A function that opens a page of the site once and remembers what happened."""
    return cache(lambda name: _look(tab, f"{address}/{name}", Visit()))


def _look(tab: Page, url: str, seen: Visit) -> Visit:
    """Open a page wide and narrow, each in both schemes, and write down what happens."""
    listeners = _listen(tab, url, seen)
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 900})
        tab.emulate_media(color_scheme=SCHEMES[0])
        tab.goto(url, wait_until="load")
        tab.evaluate("window.MathJax ? MathJax.startup.promise.then(() => 1) : 1")
        for scheme in SCHEMES:
            tab.emulate_media(color_scheme=scheme)
            tab.wait_for_function("s => document.documentElement.dataset.theme === s", arg=scheme)
            width_now = tab.evaluate("document.documentElement.scrollWidth")
            seen.widths[width, scheme] = width_now
            seen.backgrounds[scheme] = tab.evaluate(
                "getComputedStyle(document.body).backgroundColor"
            )
    seen.mathematics = tab.evaluate(COUNT_MATHEMATICS)
    seen.explorables = _press_keys(tab)
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    return seen


BACKGROUND = "getComputedStyle(document.body).backgroundColor"
COUNT_MATHEMATICS = """() => ({
    errors: document.querySelectorAll("mjx-merror").length,
    typeset: document.querySelectorAll(".math mjx-container").length,
    formulas: document.querySelectorAll(".math").length,
})"""


def _listen(tab: Page, url: str, seen: Visit) -> dict:
    """Listeners that fill a visit; a request belongs here when it stays on this server."""
    home = urlparse(url).netloc

    def request(sent) -> None:
        if sent.url.startswith(("http", "ws")) and urlparse(sent.url).netloc != home:
            seen.foreign.append(sent.url)

    listeners = {
        "console": lambda m: m.type in ("error", "warning") and seen.console.append(m.text),
        "pageerror": lambda error: seen.errors.append(str(error)),
        "requestfailed": lambda r: seen.failed.append(f"{r.url}: {r.failure}"),
        "response": lambda r: r.status >= 400 and seen.failed.append(f"{r.url}: {r.status}"),
        "request": request,
    }
    for event, listener in listeners.items():
        tab.on(event, listener)
    return listeners


def _press_keys(tab: Page) -> list[str]:
    """Move every explorable by the keyboard; titles of those whose picture stays the same."""
    still = []
    for figure in tab.locator("figure.explorable").all():
        tab.wait_for_function("e => e.classList.contains('is-live')", arg=figure.element_handle())
        control = figure.locator("input, select").first
        before = _picture(figure)
        for key in ("End", "ArrowUp", "Home", "ArrowDown", "ArrowDown"):
            control.press(key)
            if _picture(figure) != before:
                break
        else:
            still.append(figure.locator(".explorable-title").inner_text())
    return still


def _picture(figure) -> str:
    """What an explorable shows now, as an address."""
    return figure.locator("canvas").evaluate("canvas => canvas.toDataURL()")


@cache
def soup(name: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / name).read_text("utf-8"), "html.parser")


# -------------------------------------------------------------------------------- every page


@pytest.mark.parametrize("name", PAGES)
def test_page_opens_without_a_complaint(visit, name):
    seen = visit(name)
    assert not seen.console, "messages on the console"
    assert not seen.errors, "errors of scripts"
    assert not seen.failed, "requests that failed"
    assert not seen.foreign, "requests to another host"


@pytest.mark.parametrize("name", PAGES)
def test_page_never_scrolls_sideways(visit, name):
    wide = {case: found for case, found in visit(name).widths.items() if found > case[0]}
    assert not wide, "the page is wider than the window"


@pytest.mark.parametrize("name", PAGES)
def test_page_follows_the_colour_scheme(visit, name):
    light, dark = (sum(_rgb(visit(name).backgrounds[scheme])) for scheme in SCHEMES)
    assert dark < 200 < 600 < light


def _rgb(color: str) -> list[int]:
    return [int(part) for part in color.split("(")[1].rstrip(")").split(",")[:3]]


@pytest.mark.parametrize("name", PAGES)
def test_mathematics_is_typeset(visit, name):
    found = visit(name).mathematics
    assert found["errors"] == 0
    assert found["typeset"] == found["formulas"]


@pytest.mark.parametrize("name", PAGES)
def test_explorables_answer_to_the_keyboard(visit, name):
    assert not visit(name).explorables, "these do not move"


@pytest.mark.parametrize("name", OURS)
def test_page_has_one_title_and_a_language(name):
    page = soup(name)
    titles = [h1.get_text() for h1 in page.select("h1:not(.onlyprint h1)")]
    assert len(titles) == 1, titles
    assert page.html.get("lang") == "en"
    assert page.title.get_text(strip=True)


@pytest.mark.parametrize("name", PAGES)
def test_images_say_what_they_show(name):
    silent = [img.get("src", "")[:80] for img in soup(name).select("img") if not img.get("alt")]
    assert not silent, "images without alt text"


@pytest.mark.parametrize("name", OURS)
def test_no_cell_of_the_page_failed(name):
    """Sphinx does not read an unchanged page again: the next build hides a failed cell."""
    assert not [e.get_text()[-300:] for e in soup(name).select("div.output.traceback")]


@pytest.mark.parametrize("name", PAGES)
def test_links_and_anchors_lead_somewhere(name):
    broken = [link for link in _links(name) if not _leads(name, link)]
    assert not broken


def _links(name: str) -> set[str]:
    """Addresses on a page that stay on the site."""
    found = {a["href"] for a in soup(name).select("a[href]")}
    return {link for link in found if not urlparse(link).scheme and link != "#"}


def _leads(name: str, link: str) -> bool:
    """Whether a link from a page reaches a file, and in it an element of that name."""
    path, anchor = urldefrag(urljoin(name, unquote(link)))
    path = path.split("?")[0]
    path = f"{path}index.html" if path == "" or path.endswith("/") else path
    if not (SITE / path).is_file():
        return False
    return not anchor or not path.endswith(".html") or anchor in _anchors(path)


@cache
def _anchors(name: str) -> set[str]:
    named = soup(name).select("[id], a[name]")
    return {value for e in named for value in (e.get("id"), e.get("name")) if value}


BAD_PAGE = """<!doctype html><html lang=en><meta charset=utf-8><title>Bad</title>
<script>
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const follow = () => { root.dataset.theme = dark.matches ? "dark" : "light"; };
  dark.onchange = follow; follow();
  console.warn("a warning"); setTimeout(() => { throw new Error("an error"); });
</script>
<h1>Bad</h1><p style="width: 700px">Wide</p><img src="gone.png"><img src="http://other.invalid/x.png">
<span class=math><mjx-merror>x</mjx-merror></span>"""


def test_the_look_at_a_page_notices_what_is_wrong(tab, tmp_path):
    """The tests above prove nothing unless the same look finds the faults of a bad page."""
    (tmp_path / "bad.html").write_text(BAD_PAGE)
    with serve(tmp_path) as url:
        seen = _look(tab, f"{url}/bad.html", Visit())
    assert "a warning" in seen.console
    assert "an error" in seen.errors
    assert any("gone.png: 404" in each for each in seen.failed)
    assert set(seen.foreign) == {"http://other.invalid/x.png"}
    assert {case for case, width in seen.widths.items() if width > case[0]} == {
        (390, "light"),
        (390, "dark"),
    }
    assert seen.mathematics == {"errors": 1, "typeset": 0, "formulas": 1}


# ----------------------------------------------------------------------------- the whole site


def test_the_address_of_the_site_leads_to_its_first_page(tab, address):
    tab.goto(f"{address}/")
    tab.wait_for_url("**/intro.html")
    assert tab.locator("h1:visible").count() == 1


def test_search_finds_a_word_of_the_book(tab, address):
    tab.set_viewport_size({"width": 1280, "height": 900})
    tab.goto(f"{address}/search.html?q=explaining")
    tab.wait_for_selector("#search-results li a")
    found = tab.locator("#search-results li a").evaluate_all("all => all.map((a) => a.href)")
    assert any("chapters/" in link for link in found)
    tab.goto(f"{address}/search.html?q=zzyzxqq")
    tab.wait_for_function("document.querySelector('#search-results p')?.innerText.length > 20")
    assert tab.locator("#search-results li").count() == 0


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_offers_its_notebook(name, tab, address):
    links = [a["href"] for a in soup(name).select("a[href$='.ipynb']")]
    assert links, "no link to download the notebook"
    answer = tab.request.get(f"{address}/{urljoin(name, links[0])}")
    assert answer.status == 200
    notebook = nbformat.reads(answer.text(), as_version=4)
    nbformat.validate(notebook)
    assert {cell.cell_type for cell in notebook.cells} >= {"markdown", "code"}


def test_homework_shows_and_offers_no_solution():
    pages = [name for name in OURS if name.endswith("homework.html")]
    assert pages
    for name in pages:
        offered = SITE / "_sources" / name.replace(".html", ".ipynb")
        for text in (soup(name).get_text(), offered.read_text("utf-8")):
            for word in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS"):
                assert word not in text, f"{name} shows a part between {word} marks"


def test_every_chapter_has_an_explorable():
    chapters = {Path(name).parent for name in LESSONS}
    moving = {
        Path(name).parent for name in LESSONS if soup(name).select("figure.explorable script")
    }
    assert moving == chapters


def test_explorables_stay_light():
    for name in LESSONS:
        for image in soup(name).select("figure.explorable img"):
            assert len(image["src"]) * 3 / 4 <= 400_000, image["alt"]


@pytest.mark.parametrize("name", LESSONS)
def test_pages_carry_no_state_of_widgets(name):
    """It is large, different in every build, and nothing on the site reads it."""
    assert not soup(name).select("script[type='application/vnd.jupyter.widget-state+json']")
