"""Mistakes in the grader: each would give points away, take them, or show a solution."""

import os
from unittest import mock

import numpy as np

from lib import course, homework
from tests.homework import answers
from tests.homework.grading import filled, grade, grade_id, read
from tests.mutation import Edit, Mutation

CHAPTER = "01_graphical_models"
SOURCE = course.BOOK / "chapters" / CHAPTER / "homework.ipynb"


def wrong_answers_lose(task: str, *tests: str) -> None:
    """Every kept wrong answer to `task` loses points in one of `tests`."""
    for answer in answers(CHAPTER)[0]:
        if answer.task == task:
            grades = grade(filled(read(SOURCE), answer), seed=1, only=set(tests))
            assert any(g.points < g.possible for g in grades.values()), answer.name


def wrong_messages_lose() -> None:
    wrong_answers_lose("message", "message-tree", "message-stable")


def wrong_blankets_lose() -> None:
    wrong_answers_lose("blanket", "blanket-random")


def comparisons_notice() -> None:
    for answer, right in [(1.0, 1.1), ([1, 2], [1, 3]), (None, 1), ({1}, {2}), ([1], 1.0)]:
        assert complaint(answer, right), f"{answer} passed for {right}"
    assert complaint([1.0, 2.0], np.array([1, 2])) == ""


def complaint(answer: object, right: object, **hints: object) -> str:
    """What `compare` says; nothing when it finds no fault."""
    try:
        homework.compare(answer, right, "it", hints=hints)
    except AssertionError as error:
        return str(error)
    return ""


def hints_are_given() -> None:
    said = complaint(2, 1, halve=2, double=0.5)
    assert "halve" in said
    assert "double" not in said


def students_see_nothing() -> None:
    text = course.student_version(SOURCE.read_text("utf-8"))
    for secret in ("BEGIN SOLUTION", "HIDDEN TESTS", "Rubric"):
        assert secret not in text


def tests_are_locked() -> None:
    import nbformat

    notebook = nbformat.reads(course.student_version(SOURCE.read_text("utf-8")), 4)
    locked = [c for c in notebook.cells if grade_id(c) and c.metadata.nbgrader.locked]
    assert locked
    assert all(
        "checksum" in c.metadata.nbgrader and not c.metadata.get("editable", True) for c in locked
    )


def constants_cancel() -> None:
    notebook = read(SOURCE)
    normalised = next(a for a in answers(CHAPTER)[1] if a.name == "normalised messages")
    grades = grade(filled(notebook, normalised), 1, {"message-tree", "message-stable"})
    assert all(g.points == g.possible for g in grades.values())


def sets_are_not_bools() -> None:
    said = ""
    try:
        homework.as_bool({1}, "it")
    except AssertionError as error:
        said = str(error)
    assert "True or False" in said, "a set passed for True"


def inputs_stay() -> None:
    notebook = read(SOURCE)
    for answer in answers(CHAPTER)[0]:
        if answer.name == "adds to the potential in place":
            said = [g.message for g in grade(filled(notebook, answer), seed=1).values()]
            assert any("your function changes" in message for message in said)


def idle_sweeps_lose() -> None:
    wrong_answers_lose("clinic", "clinic-energy", "clinic-minimum")
    idle = next(a for a in answers(CHAPTER)[0] if a.name == "returns the noisy picture")
    (energy,) = grade(filled(read(SOURCE), idle), 1, {"clinic-energy"}).values()
    assert energy.points == 0


def copied_answers_lose() -> None:
    without = {name: value for name, value in os.environ.items() if name != "HOMEWORK_SEED"}
    with mock.patch.dict(os.environ, without, clear=True), course.grading_environment():
        assert os.environ["HOMEWORK_SEED"] != "1"


STEP = 'if step.__name__ not in ("IncludeHeaderFooter",'
MUTATIONS = [
    Mutation(
        "calls every value right",
        "lib.homework_graphical.compare",
        lambda *_, **__: None,
        wrong_messages_lose,
    ),
    Mutation(
        "calls every set right",
        "lib.homework._same",
        Edit("return isinstance(right, set | frozenset) and answer == right", "return True"),
        wrong_blankets_lose,
    ),
    Mutation(
        "compares too loosely",
        "lib.homework._same",
        Edit("rtol=tol", "rtol=0.2"),
        comparisons_notice,
    ),
    Mutation(
        "gives the first hint, right or not",
        "lib.homework.compare",
        Edit("in (hints or {}).items()", "in [('double', answer)]"),
        hints_are_given,
    ),
    Mutation(
        "leaves the solutions in",
        "lib.course.student_version",
        Edit(STEP, STEP + ' "ClearSolutions",'),
        students_see_nothing,
    ),
    Mutation(
        "leaves the hidden tests in",
        "lib.course.student_version",
        Edit(STEP, STEP + ' "ClearHiddenTests",'),
        students_see_nothing,
    ),
    Mutation(
        "leaves the test cells open",
        "lib.course.student_version",
        Edit(STEP, STEP + ' "LockCells",'),
        tests_are_locked,
    ),
    Mutation(
        "forgets the checksums",
        "lib.course.student_version",
        Edit(STEP, STEP + ' "ComputeChecksums",'),
        tests_are_locked,
    ),
    Mutation(
        "does not let a constant cancel",
        "lib.homework_graphical._centred",
        Edit("- np.max(log_message)", ""),
        constants_cancel,
    ),
    Mutation(
        "includes the receiver in the exact message",
        "lib.homework_graphical._enumerated_message",
        Edit("behind, stack = {j}, [j]", "behind, stack = {j, i}, [j]"),
        constants_cancel,
    ),
    Mutation(
        "takes anything for True",
        "lib.homework.as_bool",
        Edit('kind in ("bool", "bool_")', "True"),
        sets_are_not_bools,
    ),
    Mutation(
        "does not notice that inputs change",
        "lib.homework_graphical._assert_unchanged",
        lambda *_: None,
        inputs_stay,
    ),
    Mutation(
        "gives points for doing nothing",
        "lib.homework_graphical_pictures.check_descent",
        Edit("now < start - FLOAT32 or", "True or"),
        idle_sweeps_lose,
    ),
    Mutation(
        "grades with the students' seed",
        "lib.course.set_grading_environment",
        Edit("str(variants.homework_seed(word))", '"1"'),
        copied_answers_lose,
    ),
]
