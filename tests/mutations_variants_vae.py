"""Mistakes in the checks of chapter 4's private variants: a convention that is not asked for."""

from __future__ import annotations

from collections.abc import Callable

from lib import variants
from lib.variants import Twist
from lib.variants.chapter_04_vae_clinic import BUGS
from lib.variants.chapter_04_vae_codes import REVERSE, WIDTHS
from lib.variants.chapter_04_vae_laws import WIDTH
from lib.variants.chapter_04_vae_linear import PRIOR
from lib.variants.chapter_04_vae_loss import SPINS
from tests.homework.grading import grade, grade_id
from tests.mutation import Edit, Mutation


def graded(twist: Twist, values: dict, test: str, pasted: str = "") -> object:
    """The grade of one test of a variant, for its key or with one public solution pasted in."""
    notebook, public = (variants.source_notebook("04_vae") for _ in range(2))
    variants.apply(notebook, twist, values)
    for cell, old in zip(notebook.cells, public.cells, strict=True):
        if grade_id(cell) == pasted:
            cell.source = old.source
    notebook.cells = [cell for cell in notebook.cells if grade_id(cell) != "clinic-given"]
    return grade(notebook, seed=1, only={test})[test]


def key_earns(twist: Twist, values: dict, test: str) -> Callable[[], None]:
    """A check: the variant's key gets all points of the test."""

    def check() -> None:
        given = graded(twist, values, test)
        assert given.points == given.possible, given.message

    return check


def public_loses(twist: Twist, values: dict, test: str, cell: str) -> Callable[[], None]:
    """A check: the public solution of one cell gets no point of the test."""

    def check() -> None:
        assert graded(twist, values, test, cell).points == 0

    return check


def drawn(twist: Twist, **wanted: object) -> dict:
    """The first draw of a twist that has these values."""
    draws = (twist.draw(variants.generator("", k)) for k in range(500))
    return next(v for v in draws if all(v[name] == value for name, value in wanted.items()))


MUTATIONS = [
    Mutation(
        "asks for KL(q || p) whatever the task says",
        "lib.homework_vae.check_discrete",
        Edit('direction.split(" || "))', '("q", "p"))'),
        public_loses(REVERSE, WIDTHS["log-variance"], "discrete-tables", "discrete"),
    ),
    Mutation(
        "measures noise as if s were the log-variance",
        "lib.homework_vae_codes._check_noise",
        Edit("eps = noise / np.exp(WIDTHS[width] * s)", "eps = noise / np.exp(s / 2)"),
        key_earns(WIDTH, WIDTHS["log-std"], "draw-law"),
    ),
    Mutation(
        "wants a loss where a value is to be maximised",
        "lib.homework_vae_loss.Goal.of",
        Edit('if self.kind == "value":', 'if self.kind == "no such goal":'),
        key_earns(SPINS, drawn(SPINS), "loss-batch"),
    ),
    Mutation(
        "forgets the prior's variances",
        "lib.homework_vae_linear.LinearGaussian.C",
        Edit("(self.W * self.prior)", "self.W"),
        key_earns(PRIOR, drawn(PRIOR), "posterior-joint"),
    ),
    Mutation(
        "reports pictures where pixels are wanted",
        "lib.homework_vae_clinic.Script.factor",
        Edit('"pixel": 1 / d', '"pixel": 1.0'),
        key_earns(BUGS, drawn(BUGS, unit="nats per pixel"), "clinic-report"),
    ),
    Mutation(
        "reads the encoder's output in the public order",
        "lib.homework_vae_clinic.Script.halves",
        Edit("if self.s_first", "if False"),
        key_earns(BUGS, drawn(BUGS, s_first=True), "clinic-report"),
    ),
]
