"""Mistakes in the forms of chapter 6's homework: a check that overlooks its form is noticed."""

from collections.abc import Callable

import numpy as np

from lib import variants
from lib.course import BOOK
from tests.homework.grading import grade, read
from tests.mutation import Edit, Mutation

CHAPTER = "06_diffusion"
LIB = "lib.homework_diffusion"


def key_earns(name: str, *tests: str) -> Callable[[], None]:
    """A check: the key of the twist with this name earns all points of these tests."""

    def check() -> None:
        notebook = read(BOOK / "chapters" / CHAPTER / "homework.ipynb")
        (twist,) = (t for t in variants.twists(CHAPTER) if name in t.name)
        variants.apply(notebook, twist, twist.draw(np.random.default_rng(0)))
        grades = grade(notebook, 1, set(tests)).values()
        assert all(g.points == g.possible for g in grades), [g.message for g in grades]

    return check


MUTATIONS = [
    Mutation(
        "forgets the spread of the end",
        f"{LIB}_process.Process.parts",
        Edit("self.end[1] ** 2 * float(rate)", "float(rate)"),
        key_earns("another mean and spread", "tables-near", "jump-middle"),
    ),
    Mutation(
        "shrinks where nothing shrinks",
        f"{LIB}_process.Process.parts",
        Edit("(1.0, float(rate))", "(0.9, float(rate))"),
        key_earns("nothing shrinks, the noise grows", "jump-middle"),
    ),
    Mutation(
        "conditions without the covariance of the two known",
        f"{LIB}_bridges.conditioned",
        Edit("covariance[np.ix_(seen, seen)]", "np.diag(np.diag(covariance)[seen])"),
        key_earns("between its two neighbours", "posterior-middle"),
    ),
    Mutation(
        "has no largest weight",
        f"{LIB}_losses.Form.weight",
        Edit("min(snr, self.clip)", "snr"),
        key_earns("min-SNR", "loss-eps"),
    ),
    Mutation(
        "believes the network",
        f"{LIB}_runs._back",
        Edit("eps = factor * ", "eps = "),
        key_earns("a temperature", "chain-short"),
    ),
    Mutation(
        "sets known places before the step in each form",
        f"{LIB}_fewer.completed",
        Edit('mixed(reverse(xt, t), t - 1) if form == "after" else', ""),
        key_earns("guessed data; completion with known places set after", "completion-half"),
    ),
    Mutation(
        "multiplies where the step back divides",
        f"{LIB}_repairs.by_score",
        Edit("return mean / np.sqrt(1 - beta)", "return mean * np.sqrt(1 - beta)"),
        key_earns("answers with the score", "clinic-path"),
    ),
]
