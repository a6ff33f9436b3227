"""`make homework`: what a teacher hands out and keeps, for every chapter, made and checked.

For each chapter: the student release, the key (run, with its outputs), the rubric, and both sides
as zip files. `VARIANT=<secret word> make homework` makes the private variant of that word.
"""

from __future__ import annotations

import os
import re
import sys
import zipfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from lib import guarded, intake, variants
from lib.course import NOTEBOOK, Course, grading_environment, run_quietly

#: What no student may see.
SECRETS = ("BEGIN SOLUTION", "BEGIN HIDDEN TESTS", "BEGIN MARK SCHEME", "**Rubric.**")
MARKS = re.compile(r"^ *(### |<!-- )(BEGIN|END) (SOLUTION|HIDDEN TESTS)( -->)? *\n?", re.MULTILINE)


def executed(notebook: NotebookNode, course: Course) -> NotebookNode:
    """A copy of a notebook with its outputs, run as the grading runs it."""
    copy = nbformat.from_dict(notebook)
    config = course.settings()
    with grading_environment(course.word):
        guarded.GuardedExecute(config=config).preprocess(copy, {})
    return copy


def failures(notebook: NotebookNode) -> dict[str, str]:
    """Name of each test of an executed notebook that failed -> its message."""
    failed = {}
    for cell in notebook.cells:
        wrong = [o for o in cell.get("outputs", []) if o.output_type == "error"]
        if wrong:
            name = intake.name(cell) or "a cell without tests"
            failed[name] = f"{wrong[0].ename}: {wrong[0].evalue}"
    return failed


def key(course: Course, chapter: str) -> NotebookNode:
    """The solutions with all tests, run; marks of nbgrader's source are gone.

    Raises
    ------
    RuntimeError
        A test fails for the reference solution.
    """
    source = nbformat.read(course.source(chapter), as_version=4)
    notebook = executed(source, course)
    failed = failures(notebook)
    if failed:
        lines = [f"{name}: {why}" for name, why in failed.items()]
        raise RuntimeError("the reference solution fails:\n" + "\n".join(lines))
    for cell in notebook.cells:
        cell.source = MARKS.sub("", cell.source)
    return notebook


def release(course: Course, chapter: str) -> Path:
    """Write and check the student release of one chapter; returns the notebook's path.

    The gradebook learns the chapter's points.

    Raises
    ------
    RuntimeError
        nbgrader failed, or the release still shows a solution or a hidden test.
    """
    run_quietly(course.converter("GenerateAssignment", chapter), course.word)
    path = course.folder("release", chapter) / NOTEBOOK
    text = path.read_text("utf-8")
    for marker in SECRETS:
        if marker in text:
            raise RuntimeError(f"{path} still has {marker!r}: give it to nobody")
    return path


def rubric(source: NotebookNode, title: str) -> NotebookNode:
    """What earns which points: a table of all graded cells, and the rubric of each question."""
    graded = [c for c in source.cells if c.metadata.get("nbgrader", {}).get("grade")]
    lines = ["| cell | points | graded by |", "|---|---|---|"]
    for cell in graded:
        by = "the tests" if cell.cell_type == "code" else "you"
        lines.append(f"| `{cell.metadata.nbgrader.grade_id}` | {_points(cell)} | {by} |")
    total = sum(c.metadata.nbgrader.points for c in graded)
    lines.append(f"| all | {total:g} | |")
    made = new_notebook(metadata={"kernelspec": source.metadata.get("kernelspec", {})})
    made.cells = [new_markdown_cell(f"# Rubric: {title}\n\n" + "\n".join(lines))]
    for at, cell in enumerate(source.cells):
        if cell in graded and cell.cell_type == "markdown":
            name = cell.metadata.nbgrader.grade_id
            answer = MARKS.sub("", cell.source).strip()
            made.cells += [
                new_markdown_cell(f"## `{name}`: {_points(cell)} points\n\nThe question was:"),
                new_markdown_cell(_quoted(_question(source.cells[:at]))),
                new_markdown_cell(
                    f"**An answer that earns all points, and the rubric**\n\n{answer}"
                ),
            ]
    return made


def _points(cell: NotebookNode) -> str:
    return f"{cell.metadata.nbgrader.points:g}"


def _question(before: list[NotebookNode]) -> str:
    """The last words before an answer, without the headings' level."""
    text = next(c.source for c in reversed(before) if c.cell_type == "markdown")
    return re.sub(r"^#+ (.*)$", r"**\1**", text, flags=re.MULTILINE)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def public_points(course: Course, chapter: str) -> tuple[float, float]:
    """Points that the public solutions earn in a private variant, and how many tests can give."""
    notebook = nbformat.read(course.source(chapter), as_version=4)
    public = {intake.name(c): c.source for c in variants.source_notebook(chapter).cells}
    tests = [c for c in notebook.cells if intake.is_test(c)]
    for cell in filter(intake.is_answer, notebook.cells):
        cell.source = public[intake.name(cell)]
    failed = failures(executed(notebook, course))
    kept = sum(c.metadata.nbgrader.points for c in tests if intake.name(c) not in failed)
    return kept, sum(c.metadata.nbgrader.points for c in tests)


def zipped(path: Path, files: dict[str, Path]) -> Path:
    """Write files into a zip under the given names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in files.items():
            archive.write(file, name)
    return path


def make(course: Course, chapter: str) -> list[Path]:
    """Write and check everything for one chapter; returns the files for students and teacher.

    Raises
    ------
    RuntimeError
        A check failed: the key loses points, the release shows a secret, or the public solutions
        keep more than a third of a variant's points.
    """
    course.write_source(chapter)
    solution = key(course, chapter)
    if course.word:
        kept, possible = public_points(course, chapter)
        if kept > possible / 3:
            raise RuntimeError(f"the public solutions keep {kept:g} of {possible:g} points")
    given = release(course, chapter)
    source = nbformat.read(course.source(chapter), as_version=4)
    title = re.search(r"^# (.*)$", source.cells[0].source, re.MULTILINE)[1]
    own = course.folder("teacher", chapter)
    own.mkdir(parents=True, exist_ok=True)
    nbformat.write(solution, own / "key.ipynb")
    nbformat.write(rubric(source, title), own / "rubric.ipynb")
    zips = course.work / "zip"
    teacher = {name: own / name for name in ("key.ipynb", "rubric.ipynb")}
    return [
        given,
        *teacher.values(),
        zipped(zips / f"{chapter}-student.zip", {f"{chapter}/{NOTEBOOK}": given}),
        zipped(zips / f"{chapter}-teacher.zip", {f"{chapter}/{n}": p for n, p in teacher.items()}),
    ]


def main(course: Course | None = None) -> int:
    """Make every chapter's homework and say where it is; the exit code is 1 when one fails."""
    course = course or Course()
    names, failed = course.chapters(), False
    for number, name in enumerate(names, 1):
        print(f"[{number}/{len(names)}] {name}: running the key ...", flush=True)
        try:
            files = make(course, name)
        except (RuntimeError, ValueError) as error:
            print(f"      {error}", file=sys.stderr)
            failed = True
            continue
        for file in files:
            print(f"      {os.path.relpath(file, course.root)}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
