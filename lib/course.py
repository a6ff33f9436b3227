"""nbgrader's course: its folders, settings and converters, and the environment of the grading.

The default course has the chapters as its source folder. With `VARIANT=<secret word>` in the
environment it is the private variant of that word, in a folder of its own.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from lib import variants

BOOK = Path(__file__).resolve().parents[1]
#: The secret word of the variant, taken out of the environment, which students' code can read.
WORD = os.environ.pop("VARIANT", "")
NOTEBOOK = "homework.ipynb"


def work_folder(word: str = WORD) -> Path:
    """The folder of a course below its root; the name does not tell the secret word."""
    if not word:
        return Path("_build", "homework")
    return Path("_build", f"homework-{hashlib.sha256(word.encode()).hexdigest()[:8]}")


def source_folder(word: str = WORD) -> Path:
    """Where nbgrader finds the source notebooks, below the root of the course."""
    return work_folder(word) / "source" if word else Path("chapters")


@dataclass(frozen=True)
class Course:
    """The homework of the book below the folder `root`: the default, or the variant of `word`."""

    root: Path = BOOK
    word: str = WORD

    @property
    def work(self) -> Path:
        """Everything of the course that is made: releases, submissions, grades."""
        return self.root / work_folder(self.word)

    @property
    def database(self) -> Path:
        """The file of nbgrader's gradebook."""
        return self.work / "gradebook.db"

    @property
    def seed(self) -> int:
        """The tests' seed when notebooks are graded."""
        return variants.homework_seed(self.word)

    def source(self, chapter: str) -> Path:
        """The source notebook of a chapter."""
        return self.root / source_folder(self.word) / chapter / NOTEBOOK

    def folder(self, step: str, chapter: str, student: str = ".") -> Path:
        """Where a step keeps a chapter: "release", "submitted", "autograded", "feedback", ..."""
        return self.work / step / student / chapter

    def chapters(self) -> list[str]:
        """Names of the chapters' folders that have a homework."""
        return sorted(p.parent.name for p in self.root.glob(f"chapters/*/{NOTEBOOK}"))

    def write_source(self, chapter: str) -> Path:
        """Make sure that the source notebook is there: a variant is written; returns its path."""
        import nbformat

        path = self.source(chapter)
        if self.word:
            path.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(variants.source_notebook(chapter, self.word), path)
        return path

    def settings(self) -> Any:
        """nbgrader's settings from nbgrader_config.py, for this course."""
        from traitlets.config.loader import PyFileConfigLoader

        config = PyFileConfigLoader("nbgrader_config.py", path=str(BOOK)).load_config()
        folders, old = config.CourseDirectory, str(work_folder())
        for name, value in list(folders.items()):
            if isinstance(value, str) and value.startswith(old + os.sep):
                folders[name] = str(work_folder(self.word)) + value.removeprefix(old)
        folders.root, folders.source_directory = str(self.root), str(source_folder(self.word))
        folders.db_url = f"sqlite:///{self.database}"
        config.ExportPlugin.to = config.CsvExportPlugin.to = str(self.work / "grades.csv")
        return config

    def converter(self, kind: str, chapter: str, **directory: str) -> Any:
        """One of nbgrader's converters ("GenerateAssignment", "Autograde", ...) for one chapter.

        `directory` overrides attributes of nbgrader's CourseDirectory (`student_id`, ...).
        """
        self.work.mkdir(parents=True, exist_ok=True)
        config = self.settings()
        folders = nbgrader("coursedir").CourseDirectory(
            config=config, assignment_id=chapter, **directory
        )
        made = getattr(nbgrader("converters"), kind)(coursedir=folders, config=config)
        made.force = True
        return made

    @contextmanager
    def gradebook(self) -> Iterator[Any]:
        """nbgrader's record of the course, without its deprecation warnings."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with nbgrader("api").Gradebook(f"sqlite:///{self.database}") as book:
                yield book


def nbgrader(module: str) -> ModuleType:
    """A module of nbgrader, imported when it is needed and without its deprecation warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(f"nbgrader.{module}")


def student_version(text: str) -> str:
    """The notebook that students receive, made in memory from the text of nbgrader's source.

    Solutions, hidden tests, marking schemes and outputs are gone, test cells are locked; the cells
    are those that nbgrader itself releases. MyST-NB is told not to execute it.
    """
    import nbformat

    notebook = nbformat.reads(text, as_version=4)
    config = Course().settings()
    for step in nbgrader("converters").GenerateAssignment(config=config).preprocessors:
        if step.__name__ not in ("IncludeHeaderFooter", "InstantiateTests", "SaveCells"):
            notebook, _ = step(config=config).preprocess(notebook, {})
    notebook.metadata["mystnb"] = {"execution_mode": "off"}
    return nbformat.writes(notebook) + "\n"


def set_grading_environment(word: str = WORD) -> None:
    """Set what nbgrader and the kernels that it starts need.

    PATH holds this Python's folder, because nbgrader calls `alembic` by name. PYTHONPATH holds the
    book, so that the checks are this copy's, whatever else is installed. Warnings are silent,
    because nbgrader gives no points to a test cell with a line on stderr. HOMEWORK_SEED is not the
    students' 1, so that numbers copied from a visible test are of no use; a value that is already
    set stays.
    """
    first = {"PATH": str(Path(sys.executable).parent), "PYTHONPATH": str(BOOK)}
    for name, folder in first.items():
        rest = [old for old in os.environ.get(name, "").split(os.pathsep) if old]
        os.environ[name] = os.pathsep.join([folder, *rest])
    os.environ["PYTHONWARNINGS"] = "ignore"
    os.environ.setdefault("HOMEWORK_SEED", str(variants.homework_seed(word)))


@contextmanager
def grading_environment(word: str = WORD) -> Iterator[None]:
    """The environment of `set_grading_environment`, and afterwards the one before."""
    before = dict(os.environ)
    set_grading_environment(word)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run_quietly(converter: Any, word: str = WORD) -> None:
    """Start a converter of nbgrader; what it logs is shown only when it fails.

    Raises
    ------
    RuntimeError
        The conversion failed; the message ends with nbgrader's log.
    """
    log, lines = logging.getLogger("traitlets"), io.StringIO()
    handler, propagate = logging.StreamHandler(lines), log.propagate
    log.addHandler(handler)
    log.propagate = False
    try:
        with warnings.catch_warnings(), grading_environment(word):
            warnings.simplefilter("ignore")
            converter.start()
    except (Exception, SystemExit) as error:
        name = type(converter).__name__
        raise RuntimeError(f"nbgrader's {name} failed:\n{lines.getvalue()}") from error
    finally:
        log.removeHandler(handler)
        log.propagate = propagate
