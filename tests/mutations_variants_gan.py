"""Mistakes in what the checks of chapter 7's homework do with the conventions of its variants."""

from collections.abc import Callable

import nbformat
import numpy as np

from lib import variants
from tests.homework.grading import grade, grade_id
from tests.mutation import Edit, Mutation


def key_earns(twist_name: str, test: str) -> Callable[[], None]:
    """A check: the key of this twist gets all points of the test, the public solution none."""

    def check() -> None:
        public = variants.source_notebook("07_gan")
        twisted, pasted = nbformat.from_dict(public), nbformat.from_dict(public)
        (twist,) = (t for t in variants.twists("07_gan") if t.name == twist_name)
        variants.apply(twisted, twist, twist.draw(np.random.default_rng(0)))
        for cell, ours in zip(pasted.cells, twisted.cells, strict=True):
            if grade_id(cell) == test:
                cell.source = ours.source
        (given,) = grade(twisted, seed=1, only={test}).values()
        assert given.points == given.possible, given.message
        assert {g.points for g in grade(pasted, seed=1, only={test}).values()} == {0}

    return check


MUTATIONS = [
    Mutation(
        "knows no other slopes",
        "lib.homework_gan.check_slopes",
        Edit("right = slopes_of(game, scores, **rules)", "right = slopes_of(game, scores)"),
        key_earns("D is the probability of a sample", "slopes-near"),
    ),
    Mutation(
        "takes a share for a label",
        "lib.homework_gan_tables.judged",
        Edit('game == "share"', "not game"),
        key_earns("data and samples have unequal shares", "best-table"),
    ),
    Mutation(
        "forgets the prices of a critic",
        "lib.homework_gan_earth._assert_gentle",
        Edit('(up, down) if onto == "data" else (down, up)', "(1.0, 1.0)"),
        key_earns("ways to the right and to the left have prices", "onaline-few"),
    ),
    Mutation(
        "lets D open every clinic",
        "lib.homework_gan_clinic._Script.run",
        Edit('self.rules.g_first != ("turned" in self.slips)', "False"),
        key_earns("a clinic that G opens", "clinic-numbers"),
    ),
]
