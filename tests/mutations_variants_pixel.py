"""Mistakes in the checks of chapter 5's private variants: public solutions would earn points."""

from collections.abc import Callable, Mapping

import nbformat
import numpy as np

from lib import variants
from lib.course import BOOK
from lib.variants import Twist
from lib.variants import chapter_05_pixel_draws as draws
from lib.variants import chapter_05_pixel_leaks as leaks
from lib.variants import chapter_05_pixel_masks as masks
from lib.variants import chapter_05_pixel_steps as steps
from tests.homework.grading import grade, grade_id, read
from tests.mutation import Edit, Mutation

PUBLIC = BOOK / "chapters" / "05_pixel" / "homework.ipynb"


def public_loses(twist: Twist, task: str, test: str, **fixed: object) -> Callable[[], None]:
    """A check: the public solution of `task` loses the points of the test under a twist."""

    def check() -> None:
        values: Mapping = dict(twist.draw(np.random.default_rng(0))) | fixed
        variant, public = read(PUBLIC), read(PUBLIC)
        variants.apply(variant, twist, values)
        cell = next(c for c in variant.cells if grade_id(c) == task)
        cell.source = next(c.source for c in public.cells if grade_id(c) == task)
        (given,) = grade(nbformat.from_dict(variant), seed=1, only={test}).values()
        assert given.points == 0

    return check


MUTATIONS = [
    Mutation(
        "wants masks for raster order whatever the task says",
        "lib.homework_pixel_masks.reading_order",
        Edit("ranks((size, size), scan)", "ranks((size, size))"),
        public_loses(masks.SEEN_BY, "mask", "mask-kinds"),
    ),
    Mutation(
        "plants leaks in raster order whatever the task says",
        "lib.homework_pixel_leaks.Asked.when",
        Edit("self.scan", "RASTER"),
        public_loses(leaks.OTHER_ORDER, "leaks", "leaks-kinds", **leaks.PAIRS[0], **leaks.ROWS),
    ),
    Mutation(
        "draws without temperature from all levels",
        "lib.homework_pixel_draws.Rule.edges",
        lambda self, p: p.cumsum(),
        public_loses(draws.SHARPENED, "draws", "draws-known"),
    ),
    Mutation(
        "does not open the gate that keeps",
        "lib.homework_pixel_steps._torch_step",
        Edit("[0, layout.open, 0, 0]", "[0, 0 * layout.open, 0, 0]"),
        public_loses(
            steps.OPENED,
            "lstm",
            "lstm-cell",
            order="ukrg",
            sums="a^u, a^k, a^r, a^g",
            code="write, keep, show, new",
        ),
    ),
]
