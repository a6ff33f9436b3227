"""Mistakes in the forms of chapter 1's homework: a check that overlooks its form is noticed."""

from collections.abc import Callable

import numpy as np

from lib import variants
from lib.course import BOOK
from tests.homework.grading import grade, grade_id, read
from tests.mutation import Edit, Mutation

CHAPTER = "01_graphical_models"
SOURCE = BOOK / "chapters" / CHAPTER / "homework.ipynb"


def twisted(name: str, *tests: str) -> Callable[[], None]:
    """A check: the key of one twist earns all points of these tests, the public one loses some."""

    def check() -> None:
        notebook, public = read(SOURCE), read(SOURCE)
        twist = next(t for t in variants.twists(CHAPTER) if t.name == name)
        variants.apply(notebook, twist, twist.draw(np.random.default_rng(0)))
        grades = grade(notebook, 1, set(tests)).values()
        assert all(g.points == g.possible for g in grades), [g.message for g in grades]
        keys = {grade_id(cell): cell.source for cell in public.cells}
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source = keys[grade_id(cell)]
        assert all(g.points < g.possible for g in grade(notebook, 1, set(tests)).values())

    return check


MUTATIONS = [
    Mutation(
        "leaves the axes as they are",
        "lib.homework_graphical_tables.turned",
        lambda table, axes: table,
        twisted("the tables have other axes", "blur-joint", "camera-explained"),
    ),
    Mutation(
        "takes sums for the largest terms",
        "lib.homework_graphical.Form.total",
        Edit("if self.largest", "if False"),
        twisted("max-product", "message-tree", "message-stable"),
    ),
    Mutation(
        "shows energies as log potentials",
        "lib.homework_graphical.Form.shown",
        Edit("-self.temperature if self.temperature else 1.0", "1.0"),
        twisted("energies at a temperature", "message-tree", "belief-random"),
    ),
    Mutation(
        "shows log probabilities as costs",
        "lib.homework_graphical_paths.Reading.shown",
        Edit("if self.base", "if False"),
        twisted("costs in place of log probabilities, the cheapest path", "viterbi-long"),
    ),
    Mutation(
        "forgets that the picture wraps round",
        "lib.homework_graphical_pictures.Rule.pairs",
        Edit("if self.torus", "if False"),
        twisted("the picture wraps round, other mistakes", "clinic-energy", "clinic-minimum"),
    ),
]
