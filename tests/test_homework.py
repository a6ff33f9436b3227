"""Every homework: full marks for the reference, none for the blank, lost points for mistakes."""

import ast
import os
from collections import defaultdict
from itertools import groupby
from pathlib import Path

import nbformat
import numpy as np
import pytest

from lib import handout, homework
from lib.course import BOOK, Course, grading_environment, run_quietly, student_version
from tests.homework import answers, cheats
from tests.homework.grading import filled, grade, grade_id, needed, read

CHAPTERS = Course().chapters()
SOURCES = {name: BOOK / "chapters" / name / "homework.ipynb" for name in CHAPTERS}
KEPT = {name: answers(name) for name in CHAPTERS}
WRONG = [(chapter, answer) for chapter in CHAPTERS for answer in KEPT[chapter][0]]
FIRST = {
    c: [next(of_task) for _, of_task in groupby(KEPT[c][0], lambda a: a.task)] for c in CHAPTERS
}
RIGHT = [(chapter, answer) for chapter in CHAPTERS for answer in KEPT[chapter][1]]


def covering(notebook: nbformat.NotebookNode) -> dict[str, set[str]]:
    """Solution cell -> the automatic tests that belong to it: those that call its function."""
    defined, tests = {}, defaultdict(set)
    for cell in notebook.cells:
        name, settings = grade_id(cell), cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or not name:
            continue
        if settings["solution"]:
            defined[cell.source.partition("def ")[2].partition("(")[0]] = name
        if settings["grade"]:
            tests[name] |= {task for function, task in defined.items() if function in cell.source}
    return {task: {t for t in tests if task in tests[t]} for task in defined.values()}


@pytest.fixture(scope="module")
def student() -> dict[str, nbformat.NotebookNode]:
    """Chapter -> what students receive."""
    texts = {name: path.read_text("utf-8") for name, path in SOURCES.items()}
    return {name: nbformat.reads(student_version(texts[name]), 4) for name in CHAPTERS}


def lost(grades: dict) -> dict[str, str]:
    """Test -> message, for every test that did not give full points."""
    return {test: g.message for test, g in grades.items() if g.points != g.possible}


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(k, marks=pytest.mark.slow) for k in (2, 30, 400, 5000))]
)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_reference_earns_every_point(chapter, seed):
    assert lost(grade(read(SOURCES[chapter]), seed)) == {}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_blank_earns_nothing_and_says_why(chapter, student):
    grades = grade(student[chapter], seed=1)
    hidden_only = {test for test, g in grades.items() if not g.error}
    sources = {grade_id(cell): cell.source for cell in student[chapter].cells}
    assert all(sources[test].startswith("#") and "\n" not in sources[test] for test in hidden_only)
    assert {g.error for g in grades.values()} <= {"", "NotImplementedError"}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_blank_with_the_hidden_tests_earns_nothing(chapter, student):
    notebook = read(SOURCES[chapter])
    for cell, blank in zip(notebook.cells, student[chapter].cells, strict=True):
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = blank.source
    grades = grade(notebook, seed=1)
    assert {g.points for g in grades.values()} == {0}
    assert {g.error for g in grades.values()} == {"NotImplementedError"}


@pytest.mark.slow
@pytest.mark.parametrize(("chapter", "answer"), WRONG, ids=lambda a: str(a))
def test_a_wrong_answer_loses_points_and_learns_why(chapter, answer):
    source = read(SOURCES[chapter])
    own = covering(source)[answer.task]
    for seed in (1, 77, 300):
        grades = grade(filled(source, answer), seed, only=own)
        missed = lost(grades)
        assert missed, "the mistake went unnoticed"
        assert {grades[test].error for test in missed} == {"AssertionError"}, missed
        assert answer.says, "write down what the student should be told"
        assert any(answer.says in message for message in missed.values()), missed


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_test_depends_on_the_function_of_another_task(chapter):
    source = read(SOURCES[chapter])
    cells = [cell for cell in source.cells if cell.cell_type == "code"]
    belongs = covering(source)
    for test in set.union(*belongs.values()):
        tasks = {grade_id(cell) for cell in needed(cells, {test})} & belongs.keys()
        assert tasks, test
        assert tasks <= {task for task in belongs if test in belongs[task]}, test


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_wrong_answers_cost_no_points_of_other_tasks(chapter, half):
    """Every second task wrong, all in one notebook: what they leave behind disturbs nothing."""
    source, wrong = read(SOURCES[chapter]), FIRST[chapter][half::2]
    missed = lost(grade(filled(source, *wrong), seed=1))
    belongs = covering(source)
    assert set(missed) <= set.union(*(belongs[answer.task] for answer in wrong))
    assert all(set(missed) & belongs[answer.task] for answer in wrong)


@pytest.mark.slow
@pytest.mark.parametrize(("chapter", "answer"), RIGHT, ids=lambda a: str(a))
def test_another_correct_answer_keeps_every_point(chapter, answer):
    source = read(SOURCES[chapter])
    own = covering(source)[answer.task]
    grades = grade(filled(source, answer), seed=3, only=own)
    assert set(grades) == own
    assert lost(grades) == {}


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_other_correct_answers_together_keep_every_point(chapter):
    """One of each task, in one notebook: none disturbs the tests of the others."""
    first = {answer.task: answer for answer in reversed(KEPT[chapter][1])}
    assert lost(grade(filled(read(SOURCES[chapter]), *first.values()), seed=3)) == {}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_three_wrong_answers_a_task(chapter):
    kept = {task: len(list(group)) for task, group in groupby(KEPT[chapter][0], lambda a: a.task)}
    for task, tests in covering(read(SOURCES[chapter])).items():
        assert kept.get(task, 0) >= 3, f"{task}: keep at least three typical wrong answers"
        assert tests, f"{task}: no automatic test calls this function"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_points_add_up_and_words_have_a_rubric(chapter):
    cells = read(SOURCES[chapter]).cells
    graded = [c for c in cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert sum(c.metadata.nbgrader.points for c in graded) == 40
    words = [c for c in graded if c.cell_type == "markdown"]
    assert words, "ask at least one question to be answered in words"
    for cell in words:
        assert "**Rubric.**" in cell.source, f"{grade_id(cell)}: say what earns which points"
        points = cell.metadata.nbgrader.points
        assert 0 < points <= 4, "no written answer may outweigh a whole programming task"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_students_see_no_solution_rubric_or_hidden_test(chapter, student):
    text = "\n".join(cell.source for cell in student[chapter].cells)
    for secret in ("BEGIN SOLUTION", "HIDDEN TESTS", "Rubric"):
        assert secret not in text
    source = read(SOURCES[chapter])
    for given, full in zip(student[chapter].cells, source.cells, strict=True):
        if full.metadata.get("nbgrader", {}).get("solution"):
            assert "raise NotImplementedError()" in given.source or "YOUR ANSWER" in given.source
        if full.metadata.get("nbgrader", {}).get("locked"):
            assert not given.metadata.editable
    assert student[chapter].metadata.mystnb.execution_mode == "off"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_test_cell_leaves_the_names_of_students_alone(chapter):
    """A helper called `paths` must not lose to a variable of a test; so a test has no globals."""
    for cell in read(SOURCES[chapter]).cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade"):
            name = "test_" + grade_id(cell).replace("-", "_")
            function, call = ast.parse(cell.source).body
            assert isinstance(function, ast.FunctionDef)
            assert function.name == name
            assert ast.unparse(call) == f"{name}()"


@pytest.mark.parametrize("cheat", cheats.CHEATS)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_cheats_earn_nothing(chapter, cheat):
    notebook = read(SOURCES[chapter])
    for name, cell in cheats.functions(notebook).items():
        cell.source = cheats.CHEATS[cheat].replace("{0}", name)
    grades = grade(notebook, seed=1)
    assert {test: g.points for test, g in grades.items() if g.points} == {}


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_answers_copied_from_the_visible_tests_earn_nothing(chapter, student, monkeypatch):
    monkeypatch.setattr(cheats, "SEEN", {})
    source = read(SOURCES[chapter])
    visible = nbformat.from_dict(student[chapter])
    for cell, full in zip(visible.cells, source.cells, strict=True):
        if full.metadata.get("nbgrader", {}).get("solution"):
            cell.source = full.source
    assert lost(grade(cheats.wrapped(visible, "recorded"), seed=1)) == {}
    assert len(cheats.SEEN) > 50
    copied = cheats.wrapped(source, "repeated")
    assert sum(g.points for g in grade(copied, seed=1).values()) < 34, "hidden tests are missing"
    assert {g.points for g in grade(copied, seed=2026).values()} == {0}


def test_the_grading_environment_comes_and_goes(monkeypatch):
    monkeypatch.delenv("HOMEWORK_SEED", raising=False)
    before = dict(os.environ)
    with grading_environment():
        assert os.environ["HOMEWORK_SEED"] != "1", "students see the tests of seed 1"
        assert os.environ["PYTHONWARNINGS"] == "ignore"
        assert (Path(os.environ["PATH"].split(os.pathsep)[0]) / "nbgrader").exists()
    assert dict(os.environ) == before
    monkeypatch.setenv("HOMEWORK_SEED", "7")
    with grading_environment():
        assert os.environ["HOMEWORK_SEED"] == "7"


@pytest.mark.parametrize(
    ("answer", "message"),
    [(None, "returned None"), ({1}, "return True or False, not a set"), (1, "not a int")],
)
def test_only_true_and_false_are_true_and_false(answer, message):
    with pytest.raises(AssertionError, match=message):
        homework.as_bool(answer, "it")
    assert homework.as_bool(np.True_, "it") is True
    assert homework.as_bool(False, "it") is False


@pytest.mark.parametrize(
    ("answer", "right", "message"),
    [
        (None, 1.0, "it: your function returned None; end it with `return`"),
        ("two", 2.0, "it: return numbers, not a str"),
        ([1.0, 2.0], np.ones(3), "it: the shape is (2,), it should be (3,)"),
        ([1.0, np.nan], np.ones(2), "it: there is a nan"),
        (3.0, 2.0, "it: you have 3, it should be 2"),
        ([[1, 2], [3, 5]], np.array([[1, 2], [3, 4]]), "it: entry (1, 1) is 5, it should be 4"),
        ([np.inf, 2.0], np.array([np.inf, 1.0]), "it: entry (1,) is 2, it should be 1"),
        (6.0, 2.0, "it: you squared and doubled"),
        ({1, 2, 3}, {2, 3, 4}, "it: not in the right answer: [1]; missing: [4]"),
        ({1, "a"}, {2}, "it: not in the right answer: [1, 'a']; missing: [2]"),
        (5, {5}, "it: return a set, not a int"),
        ([[5]], {5}, "it: the set holds lists or sets; return it flat"),
    ],
)
def test_comparisons_teach(answer, right, message):
    hints = {"you squared and doubled": 6.0}
    with pytest.raises(AssertionError) as caught:
        homework.compare(answer, right, "it", hints=hints)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("answer", "right"), [(2, 2.0), ([1, 2], np.array([1.0, 2.0 + 1e-12])), ([1, 2, 2], {1, 2})]
)
def test_comparisons_accept_the_same_value_in_another_dress(answer, right):
    assert homework.compare(answer, right, "it") is None


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in CHAPTERS],
)
def course(request, tmp_path_factory, student) -> tuple[str, Course, dict]:
    """A made-up class, graded by the real nbgrader: (chapter, course, what was handed in)."""
    chapter, made = request.param, Course(tmp_path_factory.mktemp("course"), "")
    folder = made.source(chapter).parent
    folder.mkdir(parents=True)
    source = read(SOURCES[chapter])
    nbformat.write(source, folder / "homework.ipynb")
    (folder / "01_lesson.ipynb").write_text("a lesson that must not be released with the homework")
    released = handout.release(made, chapter)
    mistaken = filled(source, *FIRST[chapter][::2])
    class_ = {"reference": source, "blank": read(released), "mistaken": mistaken}
    for name, notebook in class_.items():
        place = made.folder("submitted", chapter, name)
        place.mkdir(parents=True)
        nbformat.write(notebook, place / "homework.ipynb")
    run_quietly(made.converter("Autograde", chapter))
    return chapter, made, class_


@pytest.mark.slow
def test_the_release_is_the_student_version_and_nothing_else(course, student):
    chapter, made, class_ = course
    folder = made.folder("release", chapter)
    assert [path.name for path in folder.iterdir()] == ["homework.ipynb"]
    assert class_["blank"].cells == student[chapter].cells


@pytest.mark.slow
def test_nbgrader_gives_nothing_to_the_blank_and_all_to_the_reference(course):
    chapter, made, _ = course
    with made.gradebook() as book:
        handed_in = {s.student.id: s for s in book.assignment_submissions(chapter)}
        assert handed_in["blank"].score == 0
        assert not handed_in["blank"].needs_manual_grade, "a blank page waits for nobody"
        for grade_ in handed_in["reference"].notebooks[0].grades:
            if grade_.needs_manual_grade:
                grade_.manual_score = grade_.max_score  # what the rubric gives for the model answer
        book.db.commit()
        assert handed_in["reference"].score == handed_in["reference"].max_score == 40


@pytest.mark.slow
def test_nbgrader_gives_the_same_points_as_the_quick_grader(course):
    chapter, made, class_ = course
    with made.gradebook() as book:
        handed_in = {s.student.id: s for s in book.assignment_submissions(chapter)}
        graded = {g.name: g.auto_score for g in handed_in["mistaken"].notebooks[0].grades}
    quick = {test: g.points for test, g in grade(class_["mistaken"], made.seed).items()}
    assert {test: graded[test] for test in quick} == quick
    assert 0 < sum(quick.values()) < 34
