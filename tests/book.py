"""Reading the book: pages, cells, labels, directives, formulas, for the tests of conventions."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import yaml

BOOK = Path(__file__).resolve().parents[1]
CODE_CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OPTIONS = re.compile(r"---\n(?:.*\n)*?---\n|(?::[\w-]+:.*\n)+")
CODE = re.compile(r"^```(?:\{solution-|(?!\{)).*?^```$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
ROLE = re.compile(r"\{[\w:-]+\}`[^`]+`")
MATHS = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$]+?)\$", re.DOTALL)


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook; `at` is its position, counted from 0 as in `nb.cells`."""

    at: int
    kind: str
    source: str
    metadata: dict = field(default_factory=dict)
    outputs: tuple = ()
    execution_count: int | None = None

    @property
    def lines(self) -> list[str]:
        """Lines that are not empty."""
        return [line for line in self.source.splitlines() if line.strip()]

    @cached_property
    def tree(self) -> ast.Module:
        """Syntax tree of a code cell; magics and shell lines are left out."""
        lines = self.source.splitlines()
        return ast.parse("\n".join("pass" if re.match(r"\s*[%!]", s) else s for s in lines))


@dataclass(frozen=True)
class Page:
    """One page of the book: a notebook, or a Markdown file with a single cell."""

    name: str
    cells: tuple[Cell, ...]
    metadata: dict = field(default_factory=dict)

    @property
    def code(self) -> list[Cell]:
        """The code cells."""
        return [cell for cell in self.cells if cell.kind == "code"]

    @property
    def prose(self) -> list[Cell]:
        """The Markdown cells."""
        return [cell for cell in self.cells if cell.kind == "markdown"]

    @property
    def text(self) -> str:
        """All Markdown, cells separated by a blank line."""
        return "\n\n".join(cell.source for cell in self.prose)

    def headings(self) -> list[tuple[int, str]]:
        """Every `## ` heading as (position of its cell, text)."""
        found = []
        for cell in self.prose:
            found += [(cell.at, h) for h in re.findall(r"^## +(.+?) *$", cell.source, re.MULTILINE)]
        return found


def read_notebook(text: str, name: str) -> Page:
    """The page held by a notebook's JSON."""
    raw = json.loads(text)
    cells = [
        Cell(
            at,
            cell["cell_type"],
            "".join(cell["source"]),
            cell["metadata"],
            tuple(cell.get("outputs", ())),
            cell.get("execution_count"),
        )
        for at, cell in enumerate(raw["cells"])
    ]
    return Page(name, tuple(cells), raw["metadata"])


def read_page(path: Path) -> Page:
    """The page in a notebook or Markdown file."""
    text, name = path.read_text("utf-8"), path.relative_to(BOOK).as_posix()
    if path.suffix == ".ipynb":
        return read_notebook(text, name)
    return read_markdown(text, name)


def read_markdown(text: str, name: str) -> Page:
    """The page in a Markdown file; each `{code-cell}` of it is a code cell."""
    head = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    metadata = yaml.safe_load(head[1]) if head else {}
    cells: list[Cell] = []
    for k, part in enumerate(CODE_CELL.split(text[head.end() if head else 0 :])):
        kind, settings = ("code", OPTIONS.match(part)) if k % 2 else ("markdown", None)
        source = part[settings.end() if settings else 0 :]
        written = re.sub(r"^---$|^:", "", settings[0], flags=re.MULTILINE) if settings else ""
        if source.strip():
            cells.append(Cell(len(cells), kind, source.strip(), yaml.safe_load(written) or {}))
    return Page(name, tuple(cells), metadata)


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository that match: tracked, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, cwd=BOOK, capture_output=True, text=True, check=True).stdout
    return sorted({BOOK / name for name in names.splitlines() if (BOOK / name).exists()})


def lessons() -> list[Page]:
    """Every lesson: `chapters/NN_topic/NN_name.ipynb`."""
    return [read_page(path) for path in sorted(BOOK.glob("chapters/[0-9]*/[0-9]*.ipynb"))]


def pages() -> list[Page]:
    """Every page of the book."""
    files = [*BOOK.glob("*.md"), *BOOK.glob("chapters/**/*.md"), *BOOK.glob("chapters/**/*.ipynb")]
    keep = [
        p for p in sorted(files) if p.name != "README.md" and ".ipynb_checkpoints" not in p.parts
    ]
    return [read_page(path) for path in keep]


def without_code(text: str) -> str:
    """Markdown without code blocks, inline code and roles."""
    return CODE.sub(" ", ROLE.sub(" ", text))


def words(text: str) -> int:
    """Number of words of prose: mathematics and fenced blocks do not count."""
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|```.*?```", " ", text, flags=re.DOTALL)
    return len(re.findall(r"\w+", text))


def mathematics(text: str) -> list[str]:
    """Every formula of a Markdown text, displayed or inline."""
    return [display or inline for display, inline in MATHS.findall(without_code(text))]


def directives(text: str, name: str) -> list[str]:
    """Bodies of the directives `name`, written with colons or with backticks."""
    opened = re.compile(
        r"^([:`]{3,})\{" + re.escape(name) + r"\}(.*?)^\1$", re.DOTALL | re.MULTILINE
    )
    return [match[2] for match in opened.finditer(text)]


def option(body: str, name: str) -> str:
    """Value of the option `:name:` in the body of a directive, or an empty string."""
    match = re.search(rf"^:{name}: *(.+?) *$", body, re.MULTILINE)
    return match[1] if match else ""


def labels(page: Page) -> list[str]:
    """Every label that a page defines: targets, directives, equations, figures."""
    found = re.findall(r"^\(([\w-]+)\)=$", page.text, re.MULTILINE)
    found += re.findall(r"^:(?:label|name): *([\w-]+)", page.text, re.MULTILINE)
    found += re.findall(r"\$\$ *\(([\w-]+)\)", page.text)
    figures = [cell.metadata.get("mystnb", {}).get("figure", {}) for cell in page.code]
    return found + [figure["name"] for figure in figures if "name" in figure]


def references(page: Page, role: str) -> set[str]:
    """Labels that a page refers to by `{role}`."""
    text = page.text + " ".join(
        str(cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", ""))
        for cell in page.code
    )
    found = re.findall(r"\{" + role + r"\}`(?:[^`<]*<)?([^`>]+)>?`", text)
    return {key.strip() for keys in found for key in keys.split(",")}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call outside function definitions, as (dotted name, node)."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.Call):
            yield dotted(node.func), node
        yield from calls(node)


def dotted(node: ast.AST) -> str:
    """`a.b.c` for the expression that is called, or an empty string."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""
