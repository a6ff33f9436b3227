"""A course in a folder of its own, with a class that hands in, for tests of the teacher's kit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat

from lib import handout
from lib.course import BOOK, NOTEBOOK, Course
from tests.homework.grading import read

#: The chapter whose homework is graded fastest: it needs no torch.
CHAPTER = "01_graphical_models"


def new_course(root: Path, chapter: str = CHAPTER) -> Course:
    """A course of one chapter, its homework handed out."""
    course = Course(root, "")
    course.source(chapter).parent.mkdir(parents=True)
    course.source(chapter).write_bytes((BOOK / "chapters" / chapter / NOTEBOOK).read_bytes())
    handout.release(course, chapter)
    return course


def blank(course: Course, chapter: str = CHAPTER) -> nbformat.NotebookNode:
    """What everybody received."""
    return read(course.folder("release", chapter) / NOTEBOOK)


def solved(course: Course, chapter: str = CHAPTER) -> nbformat.NotebookNode:
    """What a student who can do everything hands in."""
    notebook, source = blank(course, chapter), read(course.source(chapter))
    for cell, full in zip(notebook.cells, source.cells, strict=True):
        if full.metadata.get("nbgrader", {}).get("solution"):
            cell.source = handout.MARKS.sub("", full.source)
    return notebook


def submit(course: Course, student: str, notebook: nbformat.NotebookNode) -> Path:
    """Put a notebook where a student's is expected; returns the file."""
    path = course.folder("submitted", CHAPTER, student) / NOTEBOOK
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def command(course: Course, *words: str, cwd: Path | None = None, **variables: str) -> str:
    """Run a command of this Python's folder in the course; returns what it said.

    Raises
    ------
    AssertionError
        The command failed.
    """
    config = course.root / "nbgrader_config.py"
    if not config.exists():
        config.write_text((BOOK / "nbgrader_config.py").read_text("utf-8"), "utf-8")
    call = [str(Path(sys.executable).parent / words[0]), *words[1:]]
    done = subprocess.run(
        call, cwd=cwd or course.root, env=os.environ | variables, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"{' '.join(words)}:\n{done.stdout}"
    return done.stdout
