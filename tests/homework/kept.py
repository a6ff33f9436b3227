"""Checks for the mutations of a homework: what one test gives to one kept answer."""

from __future__ import annotations

from collections.abc import Callable

from lib.course import BOOK
from tests.homework import answers
from tests.homework.grading import filled, grade, grade_id, read


class Kept:
    """The answers kept for one chapter, each asked of one test.

    Parameters
    ----------
    chapter : str
        The folder of the chapter, such as `02_pca`.
    without : str
        The `grade_id` of a cell that is left out: the slow demonstration of a bug clinic.
    """

    def __init__(self, chapter: str, *, without: str = ""):
        self.chapter, self.without = chapter, without

    def graded(self, test: str, task: str = "", name: str = "") -> object:
        """The grade of one test, for the reference or for the kept answer of this name."""
        notebook = read(BOOK / "chapters" / self.chapter / "homework.ipynb")
        if self.without:
            notebook.cells = [c for c in notebook.cells if grade_id(c) != self.without]
        if task:
            kept = [a for group in answers(self.chapter) for a in group]
            notebook = filled(notebook, next(a for a in kept if (a.task, a.name) == (task, name)))
        (given,) = grade(notebook, seed=1, only={test}).values()
        return given

    def earns(self, test: str, task: str = "", name: str = "") -> Callable[[], None]:
        """A check: this answer, or else the reference, gets all points of the test."""

        def check() -> None:
            given = self.graded(test, task, name)
            assert given.points == given.possible, given.message

        return check

    def loses(self, test: str, task: str, name: str, says: str = "") -> Callable[[], None]:
        """A check: this answer loses the points of the test and is told `says`."""

        def check() -> None:
            given = self.graded(test, task, name)
            assert given.points == 0
            assert says in given.message

        return check
