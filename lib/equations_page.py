"""The page of all equations: each one shown again with the check that stands behind it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.equations import Check

DISPLAY = re.compile(r"\$\$(.+?)\$\$[ \t]*(?:\(([\w-]+)\))?", re.DOTALL)
FENCED = re.compile(r"^(`{3,}).*?^\1", re.DOTALL | re.MULTILINE)
PLACE = "<!-- all equations -->"


def markdown_of(path: Path) -> str:
    """The Markdown of a page or notebook, code blocks left out."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [c for c in json.loads(text)["cells"] if c["cell_type"] == "markdown"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells)
    return FENCED.sub("", text)


def pages_in_order(book: Path) -> list[str]:
    """Paths of the pages of the table of contents, as written there."""
    toc = (book / "_toc.yml").read_text(encoding="utf-8")
    return re.findall(r"(?:file|root): *(\S+)", toc)


def page_file(book: Path, page: str) -> Path:
    """The file behind an entry of the table of contents."""
    return next(p for p in (book / f"{page}.ipynb", book / f"{page}.md") if p.exists())


def display_equations(markdown: str) -> list[tuple[str, str]]:
    """Every display equation as (label or "", LaTeX), in the order of the page."""
    return [(label, latex.strip()) for latex, label in DISPLAY.findall(markdown)]


def title_of(markdown: str) -> str:
    """The first heading."""
    return re.search(r"^# (.+)$", markdown, re.MULTILINE).group(1)


def entry(label: str, latex: str, check: Check) -> str:
    """One equation with its check, as MyST."""
    return f"""
**Equation** {{eq}}`{label}` (`{label}`)

```{{math}}
:nowrap:
\\[ {latex} \\]
```

Checked by {check.by}: {check.says}
"""


def equations_page(text: str, book: Path) -> str:
    """Fill the placeholder of the page with all labelled equations and their checks.

    Raises ValueError for a label without a check.
    """
    sys.path.insert(0, str(book))
    from tests.equations import load_all

    registry, parts = load_all(), []
    for page in pages_in_order(book):
        markdown = markdown_of(page_file(book, page))
        found = [(label, latex) for label, latex in display_equations(markdown) if label]
        if not found:
            continue
        parts.append(f"\n## {title_of(markdown)}\n\nIn {{doc}}`/{page}`.\n")
        for label, latex in found:
            if label not in registry:
                raise ValueError(f"{page}: equation {label!r} has no check in tests/equations")
            parts.append(entry(label, latex, registry[label]))
    return text.replace(PLACE, "".join(parts))
