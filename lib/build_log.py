"""Keeps the warnings of a build in one file, so that `make book` can repeat them at the end.

A warning makes the build fail, and may have been printed thousands of lines before the end.
"""

from __future__ import annotations

import logging
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.logging import NAMESPACE

BOOK = Path(__file__).resolve().parents[1]


class KeepWarnings(logging.Handler):
    """Writes each warning, with the page that it is about, into a file that it empties first."""

    def __init__(self, path: Path):
        super().__init__(logging.WARNING)
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", "utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        """Append one warning."""
        place = getattr(record, "location", None)
        where = f"{place}: " if isinstance(place, str) and place else ""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{where}{record.getMessage()}\n")


def setup(app: Sphinx, path: Path = BOOK / "_build" / "warnings.log") -> dict:
    """Register the extension with Sphinx."""
    logging.getLogger(NAMESPACE).addHandler(KeepWarnings(path))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
