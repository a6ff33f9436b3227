"""What students hand in, whatever it is, as a notebook that can be graded, with remarks.

The cells that students must not change come from the release: a test that was edited, deleted,
doubled or renamed is simply there again. Only answers and additions are the student's.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from lib.course import NOTEBOOK, Course

#: Bytes of a notebook that is still read; outputs are of no use.
LARGEST = 20_000_000
#: Names that honest homework has no use for: they reach what the tests hide.
SUSPECT = {
    *("_getframe", "currentframe", "_current_frames", "get_objects", "get_referrers", "settrace"),
    *("setprofile", "f_back", "f_locals", "__code__", "__globals__", "__subclasses__", "ctypes"),
    *("get_ipython", "displayhook", "ast_transformers", "run_cell", "reload", "setattr"),
    *("gradebook", "sqlite3", "subprocess", "_exit", "kill", "fork", "__import__", "displaypub"),
}


@dataclass
class HandedIn:
    """A student's notebook, ready to be graded, and what the teacher should know about it."""

    student: str
    notebook: NotebookNode
    remarks: list[str] = field(default_factory=list)
    path: Path | None = None


def students(course: Course) -> list[str]:
    """Everybody who has a folder among the submissions, or is known to the gradebook."""
    folder = course.work / "submitted"
    found = {p.name for p in folder.glob("*") if p.is_dir() and not p.name.startswith(".")}
    with course.gradebook() as book:
        found |= {student.id for student in book.students}
    return sorted(found)


def hand_in(course: Course, chapter: str, student: str) -> HandedIn:
    """Read what a student handed in for a chapter; never fails, remarks say what was wrong."""
    release = nbformat.read(course.folder("release", chapter) / NOTEBOOK, as_version=4)
    path, remarks = find(course.folder("submitted", chapter, student))
    try:
        own = read(path) if path else None
    except ValueError as error:
        own, remarks = None, [*remarks, str(error)]
    if own is None:
        release.cells.insert(0, new_markdown_cell(f"**Not graded:** {writable(remarks[-1])}."))
        return HandedIn(student, release, [writable(r) for r in remarks], path)
    notebook, edits = rebuilt(own, release)
    remarks += [*edits, *suspicions(notebook)]
    return HandedIn(student, notebook, [writable(r) for r in remarks], path)


def find(folder: Path) -> tuple[Path | None, list[str]]:
    """The notebook to grade in a student's folder, and what is odd about it."""
    if (folder / NOTEBOOK).is_file():
        return folder / NOTEBOOK, []
    places = [folder.rglob("*.ipynb"), folder.parent.glob("*.ipynb")]
    found = [p for place in places for p in place if ".ipynb_checkpoints" not in p.parts]
    if not found:
        return None, ["nothing was handed in"]
    latest = max(found, key=lambda p: (p.stat().st_mtime if p.is_file() else 0, p.name))
    more = f", the latest of {len(found)}" if len(found) > 1 else ""
    return latest, [f"the notebook is called {latest.relative_to(folder.parent)}{more}"]


def read(path: Path) -> NotebookNode:
    """The notebook in a file.

    Raises
    ------
    ValueError
        It cannot be read; the message says why.
    """
    if path.is_symlink():
        raise ValueError("the notebook is a link to another file; it was not followed")
    size = path.stat().st_size
    if not size:
        raise ValueError("the notebook is an empty file")
    if size > LARGEST:
        raise ValueError(f"the notebook has {size / 1e6:.0f} MB, more than {LARGEST / 1e6:.0f}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cells without an id
            notebook = nbformat.reads(path.read_text("utf-8-sig"), as_version=4)
        for cell in notebook.cells:
            cell.source = writable(str(cell.source))
            cell.metadata = nbformat.from_dict(dict(cell.metadata))
    except Exception as error:  # any text may be in there, and nbformat has many ways to fail
        reason = f"{type(error).__name__}: {error}".split("\n")[0][:120]
        raise ValueError(f"the file is no notebook ({reason})") from None
    return notebook


def writable(text: str) -> str:
    """The text without halves of characters, which JSON may hold and no file takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def rebuilt(own: NotebookNode, release: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """The release with a student's answers and additional cells; and what had been changed."""
    notebook = nbformat.from_dict(release)
    given, extra = sorted_cells(own, release)
    cells = list(extra.get("", []))
    for cell in notebook.cells:
        if is_answer(cell) and name(cell) in given:
            cell.source = given[name(cell)].source
        elif is_answer(cell) and cell.cell_type == "code":
            cell.source = "# This cell was deleted."
        cells.append(cell)
        cells += extra.get(name(cell), []) if name(cell) else []
    notebook.cells = cells
    functions = {f for c in release.cells if is_answer(c) for f in defined(c.source)}
    notebook.metadata["grading"] = {"functions": sorted(functions)}
    return notebook, changes(given, release)


def changes(given: dict[str, NotebookNode], release: NotebookNode) -> list[str]:
    """What is missing, and what should not have been touched."""
    named = {name(cell): cell for cell in release.cells if name(cell)}
    found: dict[str, list[str]] = {}
    for label, cell in named.items():
        kind = "answers" if is_answer(cell) else "tests" if is_test(cell) else "cells"
        if label not in given:
            found.setdefault(f"{kind} deleted", []).append(label)
        elif not is_answer(cell) and given[label].source.strip() != cell.source.strip():
            found.setdefault(f"{kind} changed", []).append(label)
    return [f"{what}: {', '.join(labels)}" for what, labels in found.items()]


def sorted_cells(
    own: NotebookNode, release: NotebookNode
) -> tuple[dict[str, NotebookNode], dict[str, list[NotebookNode]]]:
    """A student's cells: those of the release by name, and additions by the cell they follow."""
    known = Known(release)
    given: dict[str, NotebookNode] = {}
    extra: dict[str, list[NotebookNode]] = {}
    last, text = "", ""
    for cell in own.cells:
        label = known.label(cell, text)
        if label and label not in given:
            given[label], last = cell, label
        elif cell.source.strip() and not known.printed(cell):
            new = new_code_cell if cell.cell_type == "code" else new_markdown_cell
            extra.setdefault(last, []).append(new(cell.source))
        text = cell.source.strip()
    return given, extra


class Known:
    """The cells of a release, found again in a notebook that may have lost their names."""

    def __init__(self, release: NotebookNode):
        named = [cell for cell in release.cells if name(cell)]
        self.names = {name(cell) for cell in named}
        self.texts = {cell.source.strip() for cell in release.cells if not name(cell)}
        self.ids = {c.get("id") for c in release.cells if not name(c)} - {None}
        self.sources = {cell.source.strip(): name(cell) for cell in named}
        self.functions = {f: name(c) for c in named if is_answer(c) for f in defined(c.source)}
        pairs = zip(release.cells, release.cells[1:], strict=False)
        self.answers = {a.source.strip(): name(b) for a, b in pairs if is_words(b)}

    def label(self, cell: NotebookNode, before: str) -> str:
        """The name of a cell: its own, or that of its text, its function or its question."""
        if name(cell) in self.names:
            return name(cell)
        if cell.source.strip() in self.sources:
            return self.sources[cell.source.strip()]
        if cell.cell_type == "code":
            found = [self.functions[f] for f in defined(cell.source) if f in self.functions]
            return found[0] if found else ""
        return "" if self.printed(cell) else self.answers.get(before, "")

    def printed(self, cell: NotebookNode) -> bool:
        """Whether a cell is one of the texts that everybody received."""
        return cell.source.strip() in self.texts or cell.get("id") in self.ids


def suspicions(notebook: NotebookNode) -> list[str]:
    """What an honest homework would not do; for the teacher to look at, it costs no points."""
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    trees = [tree(c.source) for c in cells if is_answer(c) or not name(c)]
    nodes = [node for each in trees for node in ast.walk(each)]
    imported = {"builtins", "__builtins__"}
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported |= {(a.asname or a.name).split(".")[0] for a in node.names}
    given = [
        node for c in cells if not is_answer(c) and name(c) for node in ast.walk(tree(c.source))
    ]
    imported |= {(a.asname or a.name) for n in given if isinstance(n, ast.Import) for a in n.names}
    found = {what for node in nodes for what in suspect(node, imported)}
    return [f"look at this: {what}" for what in sorted(found)]


def tree(source: str) -> ast.AST:
    """The syntax tree of a cell; an empty one if it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the code that is read
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def suspect(node: ast.AST, imported: set[str]) -> Iterator[str]:
    """Suspect names, and assignments into what was imported."""
    used = {getattr(node, key, None) for key in ("id", "attr", "name")} & SUSPECT
    yield from (f"uses {word}" for word in used)
    for target in getattr(node, "targets", [getattr(node, "target", None)]):
        root = target
        while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
            root = root.func if isinstance(root, ast.Call) else root.value
        if root is not target and isinstance(root, ast.Name) and root.id in imported:
            yield f"changes {ast.unparse(target)}"


def defined(source: str) -> list[str]:
    """The functions and classes that a cell defines at its top, also if it is no Python."""
    return re.findall(r"^(?:async +def|def|class) +(\w+)", source, re.MULTILINE)


def name(cell: NotebookNode) -> str:
    """nbgrader's name of a cell, or an empty string."""
    settings = cell.metadata.get("nbgrader", {})
    label = settings.get("grade_id", "") if isinstance(settings, dict) else ""
    return label if isinstance(label, str) else ""


def is_answer(cell: NotebookNode) -> bool:
    """Whether students write in this cell of the release."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def is_test(cell: NotebookNode) -> bool:
    """Whether this cell of the release is graded by running it."""
    return bool(cell.metadata.get("nbgrader", {}).get("grade")) and cell.cell_type == "code"


def is_words(cell: NotebookNode) -> bool:
    """Whether this cell of the release is an answer in words."""
    return is_answer(cell) and cell.cell_type == "markdown"
