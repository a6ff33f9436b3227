"""Tables of computed numbers, shown as text of the page."""

from __future__ import annotations

from collections.abc import Sequence

from IPython.display import Markdown


def table(header: Sequence[str], rows: Sequence[Sequence]) -> Markdown:
    """Show rows as a Markdown table; a row must have an entry for every column.

    Raises
    ------
    ValueError
        If a row is shorter or longer than the header.
    """
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"row {list(row)} needs {len(header)} entries: {list(header)}")
    lines = [header, ["---"] * len(header), *rows]
    return Markdown("\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines))
