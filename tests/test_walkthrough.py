"""The way of a homework as the page for teachers tells it, with nbgrader's own commands.

Once with files that a learning platform collects, once through nbgrader's exchange on a server.
"""

import csv
import re
import zipfile
from types import SimpleNamespace

import nbformat
import pytest

from lib import grading, handout
from lib.course import BOOK, NOTEBOOK, Course
from tests.homework import answers
from tests.homework.classroom import CHAPTER, blank, command, new_course, solved
from tests.homework.grading import grade_id
from tests.homework.hostile import ALL, answer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("walkthrough")]
COURSE_ID = "deep-generative-models"
WRONG = next(a for a in answers(CHAPTER)[0] if a.task == "parameters")


def mistaken(key):
    """All right but the first task."""
    code = "def n_parameters(states, parents):\n    " + "\n    ".join(WRONG.lines)
    return answer(key, "parameters", code)


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    """`make homework` in a book of one chapter."""
    course = Course(tmp_path_factory.mktemp("walk"), "")
    course.source(CHAPTER).parent.mkdir(parents=True)
    course.source(CHAPTER).write_bytes((BOOK / "chapters" / CHAPTER / NOTEBOOK).read_bytes())
    assert handout.main(course) == 0
    return course


@pytest.fixture(scope="module")
def graded(handed_out):
    """A platform's zip collected, graded, read by the teacher, feedback and grades exported."""
    course, key = handed_out, solved(handed_out)
    class_ = {"ann": key, "bob": mistaken(key), "cy": blank(course)}
    archive = course.work / "downloaded" / CHAPTER / "archive" / "export.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as file:
        for name, notebook in class_.items():
            file.writestr(f"{name}_homework.ipynb", nbformat.writes(notebook))
        file.writestr("dan_homework.ipynb", "my dog ate it")
    said = {"collect": command(course, "nbgrader", "zip_collect", CHAPTER, "--force")}
    assert grading.main([CHAPTER, "--workers", "2"], course) == 0
    with course.gradebook() as book:
        for submission in book.assignment_submissions(CHAPTER):
            for grade in submission.notebooks[0].grades:
                if grade.needs_manual_grade:
                    grade.manual_score, grade.needs_manual_grade = grade.max_score / 2, False
            for comment in submission.notebooks[0].comments:
                if comment.name == "hospital-words" and submission.student.id == "bob":
                    comment.manual_comment = "Which arrow makes it a collider?"
        book.db.commit()
    said["feedback"] = command(course, "nbgrader", "generate_feedback", CHAPTER)
    said["export"] = command(course, "nbgrader", "export")
    with (course.work / "grades.csv").open(encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    pages = {name: course.folder("feedback", CHAPTER, name) / "homework.html" for name in rows}
    return SimpleNamespace(course=course, said=said, rows=rows, pages=pages)


def test_everybody_has_a_grade(graded):
    scores = {name: float(row["score"]) for name, row in graded.rows.items()}
    assert scores == {"ann": ALL + 3, "bob": ALL - 3 + 3, "cy": 0, "dan": 0}
    assert {float(row["max_score"]) for row in graded.rows.values()} == {40}


def test_feedback_tells_points_messages_and_comments(graded):
    assert all(page.exists() for page in graded.pages.values())
    page = graded.pages["bob"].read_text("utf-8")
    assert WRONG.says in page, "what the failing test said"
    assert "Which arrow makes it a collider?" in page
    assert re.search(r"Score:\s*34(\.0)?\s*/\s*40", page)
    assert "the file is no notebook" in graded.pages["dan"].read_text("utf-8")


def test_feedback_hides_what_the_release_hides(graded):
    page = graded.pages["bob"].read_text("utf-8")
    hidden = next(
        c.source
        for c in nbformat.read(graded.course.source(CHAPTER), as_version=4).cells
        if grade_id(c) == "parameters-random"
    )
    assert "that is the full joint table" in hidden
    assert "that is the full joint table" not in page
    assert "HIDDEN TESTS" not in page


def test_the_gradebook_moves_to_a_platform(graded):
    assert "Exporting grades" in graded.said["export"]
    assert {"student_id", "assignment", "score", "max_score", "late_submission_penalty"} <= set(
        next(iter(graded.rows.values()))
    )


def test_the_way_through_a_server(tmp_path):
    """nbgrader's exchange: release, fetch, submit, collect, grade, return feedback, fetch it."""
    course, exchange = new_course(tmp_path / "teacher"), tmp_path / "exchange"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    desk = tmp_path / "desk"
    desk.mkdir()
    settings = "c = get_config()\n"
    settings += (
        f"c.Exchange.root = {str(exchange)!r}\nc.CourseDirectory.course_id = {COURSE_ID!r}\n"
    )
    settings += f"c.Exchange.cache = {str(tmp_path / 'cache')!r}\n"
    (desk / "nbgrader_config.py").write_text(settings, "utf-8")
    shared = f"--Exchange.root={exchange}"

    command(course, "nbgrader", "release_assignment", CHAPTER, shared)
    command(course, "nbgrader", "fetch_assignment", CHAPTER, cwd=desk)
    mine = desk / CHAPTER / NOTEBOOK
    nbformat.write(mistaken(solved(course)), mine)
    command(course, "nbgrader", "submit", CHAPTER, cwd=desk)
    command(course, "nbgrader", "collect", CHAPTER, shared)
    assert grading.main([CHAPTER, "--workers", "1"], course) == 0
    command(course, "nbgrader", "generate_feedback", CHAPTER, "--force")
    command(course, "nbgrader", "release_feedback", CHAPTER, shared)
    command(course, "nbgrader", "fetch_feedback", CHAPTER, cwd=desk)
    (page,) = (desk / CHAPTER / "feedback").rglob("homework.html")
    assert WRONG.says in page.read_text("utf-8")


def test_a_variant_has_its_own_gradebook(handed_out):
    """VARIANT works with every command of nbgrader."""
    course = handed_out
    said = command(course, "nbgrader", "export", VARIANT="oak")
    other = Course(course.root, "oak").work
    assert str(other.relative_to(course.root)) in said
    assert (other / "gradebook.db").exists()
