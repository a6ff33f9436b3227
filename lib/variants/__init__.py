"""Private variants of the homework: other conventions, graphs, tables, data and questions.

A chapter has `Twist`s, kept in `lib/variants/chapter_<folder>.py`, at least one for each task. A
variant is named by a secret word. The word decides which twist each task gets and draws the values
that the twist leaves open, so two words give two different homeworks, each with its own key. The
default homework is left as it is.

A twist is written as edits of the source notebook. Each edit must find its place exactly once, so
a change of the source that a twist does not follow is an error and no wrong homework.
"""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

CHAPTERS = Path(__file__).resolve().parents[2] / "chapters"
SOLUTION = re.compile(
    r"^(?P<start> *(### |<!-- )BEGIN SOLUTION( -->)?\n).*?(?P<end>^ *(### |<!-- )END SOLUTION)",
    re.DOTALL | re.MULTILINE,
)
TASK = re.compile(r"## Task (\d+)")
#: A variant is on no page.
ON_THE_PAGE = "Download this page as a notebook and open it in"

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Edit:
    """Put `new` in the place of the text `old`, which must occur exactly once in the notebook."""

    old: str
    new: str


@dataclass(frozen=True)
class Solution:
    """Put `new` between the solution marks of the cell `grade_id`; code gets its indentation."""

    grade_id: str
    new: str


@dataclass(frozen=True)
class Cell:
    """Put `new` in the place of a whole cell, named by its `grade_id` or by its first line."""

    name: str
    new: str


@dataclass(frozen=True)
class Twist:
    """One way to ask a task differently.

    Parameters
    ----------
    task : int
        The number in the heading of the task.
    name : str
        What is different, for the teacher: "the table has other axes".
    edits : tuple of Edit, Solution or Cell
        Their `new` texts may hold fields such as `<<axes>>`, filled with the drawn values.
    draw : callable, optional
        `draw(rng)` returns the values of the fields, name to value.
    """

    task: int
    name: str
    edits: tuple[Edit | Solution | Cell, ...]
    draw: Callable[[np.random.Generator], Values] = lambda rng: {}


def twists(chapter: str) -> list[Twist]:
    """The twists of the chapter in the folder `chapter`; none if it has no such module."""
    name = f"lib.variants.chapter_{chapter}"
    return list(importlib.import_module(name).TWISTS) if find_spec(name) else []


def generator(word: str, *purpose: object) -> np.random.Generator:
    """Random numbers that only the secret word and the purpose decide."""
    text = "\n".join(map(str, (word, *purpose)))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest(), "big"))


def homework_seed(word: str) -> int:
    """The seed under which a variant's notebooks are graded; the default's is 2026."""
    return int(generator(word, "HOMEWORK_SEED").integers(1000, 2**31)) if word else 2026


def chosen(chapter: str, word: str) -> list[tuple[Twist, Values]]:
    """The twist that each task of a chapter gets, with the values drawn for it."""
    offered: dict[int, list[Twist]] = {}
    for twist in twists(chapter):
        offered.setdefault(twist.task, []).append(twist)
    picked = []
    for task in sorted(offered):
        rng = generator(word, chapter, task)
        twist = offered[task][rng.integers(len(offered[task]))]
        picked.append((twist, twist.draw(rng)))
    return picked


def source_notebook(chapter: str, word: str = "") -> nbformat.NotebookNode:
    """The source notebook of a chapter's homework: the default, or the variant of a secret word.

    Raises
    ------
    ValueError
        The chapter has no twists, or a twist does not fit the source any more.
    """
    path = CHAPTERS / chapter / "homework.ipynb"
    notebook = nbformat.read(path, as_version=4)
    if not word:
        return notebook
    tasks = {int(n) for cell in notebook.cells for n in TASK.findall(cell.source)}
    missing = tasks - {twist.task for twist in twists(chapter)}
    if missing:
        raise ValueError(f"{chapter}: no twist for task {sorted(missing)} in lib/variants")
    first = notebook.cells[0]
    first.source = first.source.replace(ON_THE_PAGE, "Open this notebook in")
    for twist, values in chosen(chapter, word):
        apply(notebook, twist, values)
    return notebook


def apply(notebook: nbformat.NotebookNode, twist: Twist, values: Values) -> None:
    """Change the notebook as a twist says.

    Raises
    ------
    ValueError
        The place of an edit is missing or not unique, or a field has no value.
    """
    where = f"task {twist.task}, {twist.name!r}"
    for edit in twist.edits:
        new = filled(edit.new, values, where)
        if isinstance(edit, Edit):
            cell = _only([c for c in notebook.cells if edit.old in c.source], edit.old, where)
            if cell.source.count(edit.old) > 1:
                raise ValueError(f"{where}: {edit.old!r} occurs more than once in its cell")
            cell.source = cell.source.replace(edit.old, new)
        elif isinstance(edit, Solution):
            cell = _only(_named(notebook, edit.grade_id), edit.grade_id, where)
            cell.source = with_solution(cell.source, new, where)
        else:
            cell = _only(_named(notebook, edit.name), edit.name, where)
            cell.source = new.strip("\n")


def filled(text: str, values: Values, where: str = "the text") -> str:
    """A text with each field `<<name>>` replaced by its value.

    Raises
    ------
    ValueError
        A field has no value.
    """

    def value(match: re.Match) -> str:
        if match[1] not in values:
            raise ValueError(f"{where}: no value for <<{match[1]}>>, only for {sorted(values)}")
        return str(values[match[1]])

    return re.sub(r"<<(\w+)>>", value, text)


def with_solution(source: str, new: str, where: str = "the cell") -> str:
    """The text of a cell with `new` between its solution marks.

    Raises
    ------
    ValueError
        The cell does not have exactly one pair of marks.
    """
    found = list(SOLUTION.finditer(source))
    if len(found) != 1:
        raise ValueError(f"{where}: needs one pair of solution marks, it has {len(found)}")
    start, end = found[0]["start"], found[0]["end"]
    indent = start[: len(start) - len(start.lstrip())]
    lines = [indent + line if line else line for line in new.strip("\n").split("\n")]
    body = "".join(f"{line}\n" for line in lines)
    return source[: found[0].start()] + start + body + end + source[found[0].end() :]


def _named(notebook: nbformat.NotebookNode, name: str) -> list[nbformat.NotebookNode]:
    """Cells of this `grade_id` or, failing that, with this first line."""
    graded = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name]
    return graded or [c for c in notebook.cells if c.source.split("\n")[0] == name]


def _only(cells: list, what: str, where: str) -> nbformat.NotebookNode:
    if len(cells) != 1:
        found = "no cell" if not cells else f"{len(cells)} cells"
        raise ValueError(f"{where}: {found} of the source with {what!r}; follow its change")
    return cells[0]
