"""Edits of test cells for chapter 3's private variants."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from lib.variants import CHAPTERS, Cell

SOURCE = CHAPTERS / "03_autoencoders" / "homework.ipynb"


@cache
def _sources(path: Path) -> dict[str, str]:
    """Name of each graded cell of a notebook -> its text."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    named = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell for cell in cells}
    return {name: "".join(cell["source"]) for name, cell in named.items() if name}


def retold(grade_id: str, *changes: tuple[str, str]) -> Cell:
    """The cell `grade_id` of the source with each (old, new) changed wherever it occurs.

    Raises
    ------
    ValueError
        The source has no such cell, or an `old` does not occur in it.
    """
    source = _sources(SOURCE).get(grade_id, "")
    for old, new in changes:
        if old not in source:
            raise ValueError(f"cell {grade_id!r} of the source does not hold {old!r}")
        source = source.replace(old, new)
    return Cell(grade_id, source)


def keywords(cells: tuple[str, ...], ends: tuple[str, ...], words: str) -> tuple[Cell, ...]:
    """Test cells whose calls get further keywords: those that end in one of `ends`."""
    found = []
    for name in cells:
        source = _sources(SOURCE).get(name, "")
        present = [end for end in ends if end in source]
        found.append(retold(name, *((end, f"{end[:-1]}, {words})") for end in present or ends)))
    return tuple(found)
