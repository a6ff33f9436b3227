"""Checks of chapter 2's homework that ignore what a private variant asks for."""

from collections.abc import Callable

import numpy as np

from lib import variants
from tests.homework import Answer
from tests.homework.grading import filled, grade, read
from tests.mutation import Edit, Mutation


def graded(task: int, name: str, draw: int, test: str, answer: Answer | None = None) -> object:
    """The grade of one test of the twist whose name starts so, for the key or for an answer."""
    notebook = read(variants.CHAPTERS / "02_pca" / "homework.ipynb")
    (twist,) = [t for t in variants.twists("02_pca") if t.task == task and t.name.startswith(name)]
    variants.apply(notebook, twist, twist.draw(np.random.default_rng(draw)))
    notebook = filled(notebook, answer) if answer else notebook
    (given,) = grade(notebook, seed=1, only={test}).values()
    return given


def earns(task: int, name: str, draw: int, test: str) -> Callable[[], None]:
    """A check: the key of the twist gets all points of the test."""

    def check() -> None:
        given = graded(task, name, draw, test)
        assert given.points == given.possible, given.message

    return check


def loses(task: int, name: str, draw: int, test: str, answer: Answer) -> Callable[[], None]:
    """A check: this answer loses the points of the test and is told what it should be."""

    def check() -> None:
        given = graded(task, name, draw, test, answer)
        assert given.points == 0
        assert answer.says in given.message, given.message

    return check


PLAIN = Answer(
    "covariance",
    "forgets the weights",
    "return x.mean(axis=0), np.cov(x.T, bias=True)",
    "each picture counts with its weight",
)
ALIKE = Answer(
    "heads",
    "gives all landmarks the mean noise",
    """
    A = components[:, seen].reshape(len(components), -1).T
    gap, noise = (y - mean[seen]).ravel(), (1 / noise_precisions).mean()
    return np.linalg.solve(A.T @ A / noise + np.diag(1 / variances), A.T @ gap / noise)
    """,
    "you gave all the mean",
)

MUTATIONS = [
    Mutation(
        "gives all pictures the same weight",
        "lib.homework_pca.check_covariance",
        Edit("rng.uniform(0.2, 3, size=n) if weighted", "np.ones(n) if weighted"),
        loses(1, "each picture has a weight", 3, "covariance-random", PLAIN),
    ),
    Mutation(
        "takes components in any order",
        "lib.homework_pca_components.Form.canonical",
        Edit('self.order == "falling"', "self.components"),
        earns(1, "the pictures are the columns", 1, "components-random"),
    ),
    Mutation(
        "gives all landmarks the same noise",
        "lib.homework_pca_heads.marked",
        Edit("rng.uniform(0.3, 3, size=n_seen) if own", "np.ones(n_seen) if own"),
        loses(6, "each landmark has a noise", 3, "heads-landmarks", ALIKE),
    ),
    Mutation(
        "studies pictures instead of people",
        "lib.homework_pca_study.Study.pictures",
        Edit("if not self.looks", "if self.looks"),
        earns(7, "each person counts as one", 3, "clinic-error"),
    ),
]
