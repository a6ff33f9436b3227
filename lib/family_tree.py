"""The family tree of generative models: a figure whose leaves lead to the chapters.

Nested lists with small drawings, laid out by CSS: it reads aloud as lists of links, is reached with
the tab key, follows the colour mode and folds into one column on a phone. A chapter is a link once
the table of contents lists its first page; until then it says that it is in preparation.
"""

from __future__ import annotations

import html
import os
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from IPython.display import HTML

BOOK = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Family:
    """One leaf: its chapter, its name, how it draws in a few words, and a drawing of 48 x 32."""

    chapter: int
    name: str
    how: str
    icon: str


@dataclass(frozen=True)
class Branch:
    """Families that answer the question in the same way."""

    answer: str
    meaning: str
    families: tuple[Family, ...]


_DOT = '<circle cx="{}" cy="{}" r="3.2"/>'
_CELLS = "".join(
    f'<rect x="{11 + 7 * (k % 4)}" y="{2.5 + 7 * (k // 4)}" width="5" height="5"'
    + (' class="full"/>' if k < 9 else "/>")
    for k in range(16)
)
ICONS = {
    "bells": '<path d="M2 27C10 27 10 8 15 8S20 27 27 27M20 27C27 27 28 14 33 14S39 27 46 27"/>',
    "arrows": '<path d="M15 8l6 7M33 8l-6 7M24 20v5M22 22.5l2 3 2-3"/>'
    + "".join(_DOT.format(*at) for at in ((13, 5.5), (35, 5.5), (24, 17), (24, 28.5))),
    "ellipse": '<g transform="rotate(-24 24 16)"><ellipse cx="24" cy="16" rx="20" ry="8"/>'
    '<path d="M24 16h19M24 16V8"/></g>',
    "raster": f'<g stroke-width="1">{_CELLS}</g>',
    "lattice": '<path d="M10 6h28M10 16h28M10 26h28M10 6v20M24 6v20M38 6v20"/>'
    + "".join(_DOT.format(x, y) for y in (6, 16, 26) for x in (10, 24, 38)),
    "cloud": '<circle cx="10" cy="16" r="7" stroke-dasharray="2 2.5"/>'
    '<path d="M19 16h9M25 13l3 3-3 3"/><rect x="32" y="9" width="14" height="14"/>',
    "steps": '<path d="M12 16h4M30 16h4" /><g class="full"><circle cx="3" cy="9" r="1"/>'
    '<circle cx="8" cy="22" r="1"/><circle cx="9" cy="12" r="1"/><circle cx="4" cy="18" r="1"/>'
    '<circle cx="20" cy="12" r="1.5"/><circle cx="26" cy="20" r="1.5"/>'
    '<circle cx="21" cy="20" r="1.5"/><circle cx="26" cy="12" r="1.5"/></g>'
    '<rect x="36" y="11" width="10" height="10"/>',
    "duel": '<path d="M17 11c5-4 9-4 14 0M28 8.5l3 2.5-3.5 1.5M31 21c-5 4-9 4-14 0'
    'M20 23.5l-3-2.5 3.5-1.5"/><rect x="3" y="10" width="12" height="12"/>'
    '<circle cx="39" cy="16" r="6.5"/>',
    "program": '<path d="M15 8l-9 8 9 8M33 8l9 8-9 8M28 5l-8 22"/>',
}
QUESTION = "Does the model tell you how probable a picture x is?"
TREE = (
    Branch(
        "Yes, exactly",
        "explicit and tractable",
        (
            Family(0, "Gaussian mixtures", "choose a class, mix 64 numbers", "bells"),
            Family(1, "Bayesian networks", "causes first, then effects", "arrows"),
            Family(2, "Probabilistic PCA", "a mean and a few directions", "ellipse"),
            Family(5, "PixelRNN, PixelCNN", "one pixel after another", "raster"),
        ),
    ),
    Branch(
        "Yes, approximately",
        "explicit, with a bound or up to a constant",
        (
            Family(1, "Markov random fields", "redraw pixel by pixel, for long", "lattice"),
            Family(4, "Variational autoencoders", "a code, then one decoding", "cloud"),
            Family(6, "Diffusion", "from noise, step by step", "steps"),
        ),
    ),
    Branch(
        "No, it only draws",
        "implicit",
        (
            Family(0, "Drawing programs", "written by hand, fed with numbers", "program"),
            Family(7, "Adversarial networks", "fool a detective in one step", "duel"),
        ),
    ),
)
BESIDE = "Beside the branches"
LAST = (
    (3, "Autoencoders", "codes and a decoder, no p(x) yet"),
    (8, "Conditional generation", "any of them, on request"),
    (9, "Which model, when?", "all of them, on the same data"),
)

STYLE = """<style>
.family-tree { font-family: var(--pst-font-family-heading, system-ui, sans-serif); line-height: 1.3;
  color: var(--pst-color-text-base, inherit); text-align: center; margin: 1rem 0; }
.family-tree ul { list-style: none; margin: 0 !important; padding: 0 !important; }
.family-tree li { margin: 0 !important; }
.family-tree p { margin: 0 !important; }
.family-tree .branches ul, .family-tree .last { display: grid; gap: 0.6rem; }
.family-tree .branches ul { margin-top: 0.6rem !important; }
.family-tree .ask { display: inline-block; border: 1.5px solid currentColor; border-radius: 99px;
  padding: 0.45em 1.2em; font-weight: 650; }
.family-tree .branches { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0 0.8rem;
  position: relative; margin-top: 1.1rem !important; padding-top: 1.1rem !important; }
.family-tree .branches::before { content: ""; position: absolute; top: 0;
  left: calc((100% - 1.6rem) / 6); right: calc((100% - 1.6rem) / 6);
  border-top: 1.5px solid; opacity: 0.45; }
.family-tree .branches > li { position: relative; }
.family-tree .branches::after, .family-tree .branches > li::before { content: "";
  position: absolute; left: 50%; top: -1.1rem; height: 1.1rem;
  border-left: 1.5px solid; opacity: 0.45; }
.family-tree .answer { font-weight: 650; }
.family-tree .meaning { font-size: 0.86em; opacity: 0.8; min-height: 2.6em; }
.family-tree .leaf { display: grid; grid-template-columns: 48px 1fr; gap: 0 0.6rem;
  align-items: center; text-align: left; height: 100%; margin: 0 !important; padding: 0.5rem 0.6rem;
  box-sizing: border-box;
  border: 1.5px solid var(--pst-color-border, #c8ccd4); border-radius: 8px;
  color: inherit; text-decoration: none; }
.family-tree a.leaf { border-color: var(--pst-color-primary, #6b4596); }
.family-tree a.leaf:hover { background: color-mix(in srgb, currentColor 8%, transparent);
  color: inherit; }
.family-tree a.leaf:focus-visible { outline: 3px solid var(--pst-color-secondary, #1f6fb2);
  outline-offset: -3px; }
.family-tree .soon { border-style: dashed; }
.family-tree a .name { color: var(--pst-color-link, #1a62a0); text-decoration: underline; }
.family-tree .name { display: block; font-weight: 650; font-size: 0.98em; }
.family-tree .how { display: block; font-size: 0.86em; }
.family-tree .state { display: block; font-size: 0.82em; opacity: 0.8; }
.family-tree svg { width: 48px; height: 32px; margin: 0 !important; fill: none;
  stroke: currentColor; stroke-width: 1.5; }
.family-tree svg .full { fill: currentColor; }
.family-tree .beside { font-size: 0.86em; opacity: 0.8; margin: 1rem 0 0.4rem !important; }
.family-tree .last { grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); }
.family-tree .last .leaf { grid-template-columns: 1fr; text-align: center; }
html[data-theme="dark"] .bd-content div.cell_output .text_html:has(> .family-tree) {
  background: none !important; color: inherit !important; padding: 0 !important; }
@media (max-width: 720px) {
  .family-tree .branches { grid-template-columns: 1fr; padding-top: 0 !important; }
  .family-tree .branches::before, .family-tree .branches::after,
  .family-tree .branches > li::before { display: none; }
  .family-tree .branches > li { margin-bottom: 1.2rem !important; padding-left: 0.8rem;
    border-left: 1.5px solid var(--pst-color-border, #c8ccd4); text-align: left; }
  .family-tree .meaning { min-height: 0; }
  .family-tree .last { grid-template-columns: 1fr; }
}
</style>"""


def pages_of(toc: object) -> list[str]:
    """Every page of a table of contents, in order, as paths without ending."""
    if isinstance(toc, dict):
        own = [toc[key] for key in ("root", "file") if key in toc]
        return own + [page for value in toc.values() for page in pages_of(value)]
    return [page for part in toc for page in pages_of(part)] if isinstance(toc, list) else []


def first_pages(book: Path = BOOK) -> dict[int, str]:
    """Number of a chapter -> its first page, for the chapters that the table of contents lists."""
    toc = yaml.safe_load((book / "_toc.yml").read_text("utf-8"))
    found: dict[int, str] = {}
    for page in pages_of(toc):
        numbered = re.match(r"chapters/(\d\d)_", page)
        if numbered:
            found.setdefault(int(numbered[1]), page)
    return found


def family_tree(here: str = "chapters/00_introduction", book: Path = BOOK) -> HTML:
    """The tree as a figure for a page in the folder `here`; links are relative to it.

    On the site they lead to pages, in a running notebook to the files those are made of.
    """
    first = first_pages(book)
    link = {n: posixpath.relpath(_file(page, book), here) for n, page in first.items()}
    branches = "".join(_branch(branch, link) for branch in TREE)
    last = "".join(f"<li>{_leaf(Family(*each, ''), link)}</li>" for each in LAST)
    return HTML(
        f'{STYLE}<nav class="family-tree" aria-label="Family tree of generative models">'
        f'<p class="ask">{QUESTION}</p><ul class="branches">{branches}</ul>'
        f'<p class="beside">{BESIDE}</p><ul class="last">{last}</ul></nav>'
    )


def _file(page: str, book: Path) -> str:
    """What a link to a page points at."""
    if os.environ.get("BOOK_STATIC"):
        return f"{page}.html"
    return f"{page}.md" if (book / f"{page}.md").exists() else f"{page}.ipynb"


def _branch(branch: Branch, link: dict[int, str]) -> str:
    leaves = "".join(f"<li>{_leaf(family, link)}</li>" for family in branch.families)
    answer, meaning = html.escape(branch.answer), html.escape(branch.meaning)
    return (
        f'<li><p class="answer">{answer}</p><p class="meaning">{meaning}</p><ul>{leaves}</ul></li>'
    )


def _leaf(family: Family, link: dict[int, str]) -> str:
    """One card: a link if its chapter is there, else a note that it is in preparation."""
    icon = ICONS.get(family.icon, "")
    drawing = f'<svg viewBox="0 0 48 32" aria-hidden="true">{icon}</svg>' if icon else ""
    there = family.chapter in link
    state = f"chapter {family.chapter}" + ("" if there else ", in preparation")
    text = (
        f'<span class="name">{html.escape(family.name)}</span> '
        f'<span class="how">{html.escape(family.how)}</span> <span class="state">{state}</span>'
    )
    if not there:
        return f'<span class="leaf soon">{drawing}<span>{text}</span></span>'
    return f'<a class="leaf" href="{link[family.chapter]}">{drawing}<span>{text}</span></a>'
