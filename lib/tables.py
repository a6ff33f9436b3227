"""Tables of computed numbers, shown as text of the page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from IPython.display import Markdown

NUMBER = re.compile(r"[-+−]?\d[\d,.]*%?")


def _cell(entry: object) -> str:
    """The entry as text, a negative number with a true minus sign."""
    text = str(entry)
    return "−" + text[1:] if text.startswith("-") and NUMBER.fullmatch(text) else text


def _rule(column: Sequence[str]) -> str:
    """Columns of numbers (and empty cells) are aligned at the right."""
    filled = [text for text in column if text]
    return "---:" if filled and all(map(NUMBER.fullmatch, filled)) else "---"


def table(header: Sequence[str], rows: Sequence[Sequence]) -> Markdown:
    """Show rows as a Markdown table; a row must have an entry for every column.

    Columns of numbers are aligned at the right.

    Raises
    ------
    ValueError
        If a row is shorter or longer than the header.
    """
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"row {list(row)} needs {len(header)} entries: {list(header)}")
    body = [[_cell(entry) for entry in row] for row in rows]
    rules = [_rule(column) for column in zip(*body, strict=True)] or ["---"] * len(header)
    lines = [header, rules, *body]
    return Markdown("\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines))
