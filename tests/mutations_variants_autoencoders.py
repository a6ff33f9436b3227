"""Mistakes in the forms of chapter 3's homework: a check that overlooks its form is noticed."""

from collections.abc import Callable

import numpy as np

from lib import variants
from lib.course import BOOK
from lib.variants.chapter_03_autoencoders_bugs import CODES, MASKED, MASKS, SHAKEN, broken
from tests.homework.grading import grade, grade_id, read
from tests.mutation import Edit, Mutation

CHAPTER = "03_autoencoders"
CHECKS = "lib.homework_autoencoders"
SOURCE = BOOK / "chapters" / CHAPTER / "homework.ipynb"


def twisted(task: int, name: str, *tests: str, seed: int = 0) -> Callable[[], None]:
    """A check: the key of one twist earns all points of these tests, the public one loses them."""

    def check() -> None:
        notebook, public = read(SOURCE), read(SOURCE)
        fit = [t for t in variants.twists(CHAPTER) if t.task == task and name in t.name]
        variants.apply(notebook, fit[0], fit[0].draw(np.random.default_rng(seed)))
        grades = grade(notebook, 1, set(tests)).values()
        assert all(g.points == g.possible for g in grades), [g.message for g in grades]
        keys = {grade_id(cell): cell.source for cell in public.cells}
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source = keys[grade_id(cell)]
        assert all(g.points < g.possible for g in grade(notebook, 1, set(tests)).values())

    return check


def lost_by(form: str, group: int, number: int, test: str) -> Callable[[], None]:
    """A check: one mistake of the clinic, mended nowhere, loses the points of a test."""

    def check() -> None:
        right, groups = (MASKS, MASKED) if form == "masks" else (CODES, SHAKEN)
        notebook = read(SOURCE)
        fit = [t for t in variants.twists(CHAPTER) if t.task == 7][form == "codes"]
        values = fit.draw(np.random.default_rng(0))
        variants.apply(notebook, fit, values)
        assert [g.points for g in grade(notebook, 1, {test}).values()] == [1]
        study = broken(right, [groups[group][number]]).replace("broken_study", "mended_study")
        for cell in notebook.cells:
            if grade_id(cell) == "clinic":
                cell.source = study.replace("<<width>>", str(values.get("width")))
        assert [g.points for g in grade(notebook, 1, {test}).values()] == [0]

    return check


MUTATIONS = [
    Mutation(
        "forgets the penalty",
        f"{CHECKS}._slopes",
        Edit("    if kind:", "    if False:"),
        twisted(1, "penalty", "gradients-random"),
    ),
    Mutation(
        "takes codes whose mean is zero",
        f"{CHECKS}_axes.check_axes",
        Edit("* z.std(axis=0) if biased else z", "* 0 if biased else z"),
        twisted(2, "codes that have a mean", "axes-known", seed=34),
    ),
    Mutation(
        "looks at the whole picture",
        f"{CHECKS}_steps._told",
        Edit('"": (x * seen, x, 1 - seen)', '"": (x, x, one)'),
        twisted(3, "fills gaps", "step-rows"),
    ),
    Mutation(
        "forgets the factor in front of the clean point",
        f"{CHECKS}_denoisers.uphill",
        Edit("/ gain", "/ 1"),
        twisted(4, "multiplied", "denoiser-mixtures"),
    ),
    Mutation(
        "counts members from the start",
        f"{CHECKS}_labels._check_moved",
        Edit("right = frozen.pop(counts)", 'right = frozen.pop("first frozen")'),
        twisted(5, "share of each class", "reuse-part"),
    ),
    Mutation(
        "measures all distances along straight lines",
        f"{CHECKS}_codes._shares",
        Edit("gap, apart = gaps(norm)", "gap, apart = gaps(2)"),
        twisted(6, "single codes", "holes-count"),
    ),
    Mutation(
        "draws as wide as the codes",
        f"{CHECKS}_codes.check_sample_codes",
        Edit("C, width)", "C, 1.0)"),
        twisted(6, "wider", "codes-law"),
    ),
    Mutation(
        "does not look which pixels are missing",
        f"{CHECKS}_study._check_masks",
        Edit("assert abs(share - p) < limit", "assert abs(share - p) < 1"),
        lost_by("masks", 0, 2, "clinic-loss"),
    ),
    Mutation(
        "does not replay the steps",
        f"{CHECKS}_study.check_study_loss",
        Edit("if rate:", "if False:"),
        lost_by("codes", 1, 2, "clinic-loss"),
    ),
]
