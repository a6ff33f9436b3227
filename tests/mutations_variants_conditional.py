"""Checks of chapter 8's homework that ignore what a private variant asks for."""

from collections.abc import Callable

import nbformat
import numpy as np

from lib import variants
from tests.homework.grading import Grade, grade, grade_id, read
from tests.mutation import Edit, Mutation

CHAPTER = "08_conditional"


def graded(task: int, name: str, draw: int, test: str, public: bool) -> Grade:
    """The grade of one test of the twist whose name starts so, for its key or for the public one.

    Of the public homework, the solutions of this task are pasted.
    """
    source = read(variants.CHAPTERS / CHAPTER / "homework.ipynb")
    notebook = nbformat.from_dict(source)
    (twist,) = [t for t in variants.twists(CHAPTER) if t.task == task and t.name.startswith(name)]
    variants.apply(notebook, twist, twist.draw(np.random.default_rng(draw)))
    for old, new in zip(source.cells, notebook.cells, strict=True):
        if public and old.metadata.get("nbgrader", {}).get("solution"):
            new.source = old.source
    notebook.cells = [c for c in notebook.cells if grade_id(c) != "clinic-given"]
    (given,) = grade(notebook, seed=1, only={test}).values()
    return given


def earns(task: int, name: str, draw: int, test: str) -> Callable[[], None]:
    """A check: the key of the twist gets all points of the test."""

    def check() -> None:
        given = graded(task, name, draw, test, public=False)
        assert given.points == given.possible, given.message

    return check


def loses(task: int, name: str, draw: int, test: str, says: str) -> Callable[[], None]:
    """A check: the public solution loses the points of the test and is told why."""

    def check() -> None:
        given = graded(task, name, draw, test, public=True)
        assert given.points == 0
        assert says in given.message, given.message

    return check


MUTATIONS = [
    Mutation(
        "takes code lengths for log-densities",
        "lib.homework_conditional.as_lengths",
        Edit("-log_p / UNITS[unit]", "log_p / UNITS[unit]"),
        earns(1, "code lengths", 0, "bayes-near"),
    ),
    Mutation(
        "counts an album's prior for every picture",
        "lib.homework_conditional_albums.believed",
        Edit(
            "belief = shares(row[None], belief)[0]", "belief = shares(row[None], belief * prior)[0]"
        ),
        earns(1, "albums", 0, "bayes-near"),
    ),
    Mutation(
        "takes everything for a log-variance",
        "lib.homework_conditional_vae.in_variances",
        Edit(
            "mean, WIDTHS[width] * s, mean_p, WIDTHS[width] * s_p",
            "mean, WIDTHS['log-variance'] * s, mean_p, s_p",
        ),
        loses(2, "the networks say", 0, "kl-sizes", "yours takes it for a log-variance"),
    ),
    Mutation(
        "asks for the score whatever the task asks for",
        "lib.homework_conditional_dials.Scale.answer",
        Edit("found[asked or self.asked]", 'found["score"]'),
        earns(3, "w = 1 is the told", 1, "guided-near"),
    ),
    Mutation(
        "shows D no strangers",
        "lib.homework_conditional_games.mixed_with_strangers",
        Edit("(1 - share) * q + share * np.outer(of_y, of_x)", "q + 0 * np.outer(of_y, of_x)"),
        loses(4, "D must also refuse", 0, "values-tables", "yours knows samples only"),
    ),
    Mutation(
        "finds both misses equally dear",
        "lib.homework_conditional_patches.price",
        Edit("np.where(away > 0, dear, 1.0)", "np.where(away > 0, 1.0, 1.0)"),
        earns(5, "which scores", 0, "best-answers"),
    ),
    Mutation(
        "compares pixels, not their differences",
        "lib.homework_conditional_translation.Game.apart",
        Edit("torch.diff(x - answer, dim=self.along)", "(x - answer)"),
        earns(6, "the game with hinges", 0, "pix2pix-near"),
    ),
    Mutation(
        "moves all numbers at one price",
        "lib.homework_conditional_questions.weighed",
        Edit("root = np.sqrt(weights)", "root = np.ones_like(weights)"),
        earns(7, "numbers that are dear", 0, "nearest-rows"),
    ),
    Mutation(
        "forgets the noise of a question",
        "lib.homework_conditional_questions.told_by",
        Edit("extra[size:] = variance", "extra[size:] = 1e-9"),
        earns(7, "questions with noise", 0, "answers-few"),
    ),
    Mutation(
        "takes every gain for one",
        "lib.homework_conditional_ranges.beaten_by",
        Edit("gain > share * mine", "gain > 0 * mine"),
        loses(8, "the tighter bound", 0, "frontier-rows", "is noise and beats nobody"),
    ),
    Mutation(
        "takes the looser bound",
        "lib.homework_conditional_ranges._over_draws",
        Edit("if joined else nats.mean(axis=0)", "if joined is None else nats.mean(axis=0)"),
        earns(8, "the tighter bound", 0, "bits-bins"),
    ),
    Mutation(
        "has one dial for all plans",
        "lib.homework_conditional_plans.chain",
        Edit("dial = w - plan.told_at if", "dial = w + 0.5 - plan.told_at if"),
        earns(9, "another A", 0, "clinic-numbers"),
    ),
    Mutation(
        "draws every step from the posterior",
        "lib.homework_conditional_plans._step",
        Edit('if plan.step == "afresh":', 'if plan.step == "afresh" and t < 0:'),
        earns(9, "another kind of step", 1, "clinic-numbers"),
    ),
]
