"""Pieces that the twists of chapter 8 share: test cells that ask in another way."""

from __future__ import annotations

import re
from functools import cache

import nbformat

from lib.variants import CHAPTERS, Cell

CALL = re.compile(r"^( *)(check_\w+\()(\w+, rng[^()]*)\)", re.MULTILINE)


@cache
def source(grade_id: str) -> str:
    """The text of a cell of the public homework."""
    notebook = nbformat.read(CHAPTERS / "08_conditional" / "homework.ipynb", as_version=4)
    cells = [c.source for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id")]
    names = [c.metadata.nbgrader.grade_id for c in notebook.cells if "nbgrader" in c.metadata]
    return dict(zip(names, cells, strict=True))[grade_id]


def asks(
    grade_id: str, keywords: str = "", module: str = "", swap: tuple[str, str] = ("", "")
) -> Cell:
    """The test cell of this name, each of its calls with more keywords, or from another module.

    Parameters
    ----------
    keywords : str
        Arguments as in a call, `unit="bits"`; they may hold fields such as `<<unit>>`.
    module : str
        The end of the name of the module that has the checks: `albums` for
        `lib.homework_conditional_albums`.
    swap : tuple of str
        Words of the cell's comment, and those that take their place.

    Raises
    ------
    ValueError
        The cell has no such call or import.
    """
    text, calls = source(grade_id), 1
    if keywords:
        text, calls = CALL.subn(lambda m: _call(m, keywords), text)
    if module:
        name = f"from lib.homework_conditional_{module} import"
        text, found = re.subn(r"from lib\.homework_conditional\w* import", name, text)
        calls = min(calls, found)
    if not calls:
        raise ValueError(f"cell {grade_id!r} has no check to ask in another way")
    return Cell(grade_id, text.replace(*swap) if swap[0] else text)


def _call(found: re.Match, keywords: str) -> str:
    """A call with more keywords, on three lines if one is too short for the filled fields."""
    space, name, given = found.groups()
    if len(re.sub(r"<<|>>", "", keywords)) < 45:
        return f"{space}{name}{given}, {keywords})"
    return f"{space}{name}\n{space}    {given}, {keywords}\n{space})"
