"""Grading a class that does everything wrong: nothing stops, nobody wins, nobody loses."""

import csv
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from time import monotonic, sleep

import nbformat
import pytest

from lib import grading
from lib.grading import Class, Limits, Result, grade_class, share, students, summary
from tests.homework.classroom import BOOK, CHAPTER, blank, new_course, solved, submit
from tests.homework.hostile import ALL, CLASS

LIMITS = Limits(cell_seconds=8, seconds=150, gigabytes=2.0)


def points(submission):
    """Points of the tests, as the gradebook has them."""
    return sum(grade.auto_score or 0 for grade in submission.notebooks[0].grades)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The hostile class has handed in."""
    made = new_course(tmp_path_factory.mktemp("hostile"))
    key, empty = solved(made), blank(made)
    for student in CLASS:
        folder = made.folder("submitted", CHAPTER, student.name)
        folder.mkdir(parents=True)
        student.write(key, empty, folder)
    return made


@pytest.fixture(scope="module")
def results(course):
    """Everybody's result, graded two at a time."""
    group = Class(course, CHAPTER, LIMITS)
    return {r.student: r for r in grade_class(group, students(course), 2, progress=False)}


@pytest.mark.slow
@pytest.mark.xdist_group("hostile")
@pytest.mark.parametrize("student", CLASS, ids=lambda s: s.name)
def test_each_gets_what_is_due_and_is_named(student, results):
    result = results[student.name]
    if student.points is not None:
        assert result.points == student.points, result.remarks
    for words in student.says:
        assert any(words in remark for remark in result.remarks), result.remarks


@pytest.mark.slow
@pytest.mark.xdist_group("hostile")
def test_everybody_is_in_the_gradebook_and_in_the_report(course, results):
    with course.gradebook() as book:
        kept = {s.student.id: s for s in book.assignment_submissions(CHAPTER)}
        assert {name: points(s) for name, s in kept.items()} == {
            name: result.points for name, result in results.items()
        }
        assert kept["reference"].needs_manual_grade, "words are for the teacher"
        assert not kept["not JSON"].needs_manual_grade
    path = grading.write_report(Class(course, CHAPTER, LIMITS), list(results.values()))
    with path.open(encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert rows.keys() == results.keys() == {student.name for student in CLASS}
    assert rows["ends Python"]["remarks"].startswith("look at this: uses _exit; cell ")
    assert rows["reference"] | {"seconds": ""} == {
        "student": "reference",
        "points of tests": f"{ALL:g}",
        "to grade by hand": "6",
        "seconds": "",
        "remarks": "",
    }


@pytest.mark.slow
@pytest.mark.xdist_group("hostile")
def test_what_is_graded_is_not_run_again(course, results, monkeypatch):
    monkeypatch.setattr(Class, "_work", lambda *_, **__: pytest.fail("it ran again"))
    group = Class(course, CHAPTER, LIMITS)
    again = {r.student: r for r in grade_class(group, students(course), 2, progress=False)}
    assert again == results


@pytest.mark.slow
@pytest.mark.xdist_group("hostile")
def test_another_answer_other_limits_or_another_seed_run_again(course, results):
    group = Class(course, CHAPTER, LIMITS)
    given = grading.hand_in(course, CHAPTER, "reference")
    assert group.done(given) == results["reference"]
    assert Class(course, CHAPTER, replace(LIMITS, seconds=151)).done(given) is None
    given.notebook.cells[3].source += "\n# more"
    assert group.done(given) is None


KILLED = """
import sys
from pathlib import Path
from lib.course import Course
from lib.grading import main

if __name__ == "__main__":
    sys.exit(main(["01_graphical_models", "--workers", "2"], Course(Path(sys.argv[1]), "")))
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(tmp_path):
    course = new_course(tmp_path)
    names = [f"student {k}" for k in range(5)]
    for number, name in enumerate(names):
        notebook = solved(course)
        notebook.cells[3].source += f"\n# number {number}"
        submit(course, name, notebook)
    script = tmp_path / "run.py"
    script.write_text(KILLED, "utf-8")
    call = [sys.executable, "-W", "ignore", str(script), str(tmp_path)]
    folder = course.work / "graded" / CHAPTER
    with subprocess.Popen(call, cwd=BOOK, start_new_session=True) as first:
        ends = monotonic() + 120
        while len(list(folder.glob("*.json"))) < 2 and monotonic() < ends:
            sleep(0.05)
        os.kill(first.pid, signal.SIGKILL)
    before = {p.name: json.loads(p.read_text("utf-8")) for p in folder.glob("*.json")}
    assert 2 <= len(before) < len(names)
    done = subprocess.run(call, cwd=BOOK, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("5 notebooks in ")
    after = {p.name: json.loads(p.read_text("utf-8")) for p in folder.glob("*.json")}
    assert {name: after[name] for name in before} == before, "what was done ran again"
    assert {record["points"] for record in after.values()} == {ALL}
    with course.gradebook() as book:
        kept = {s.student.id: points(s) for s in book.assignment_submissions(CHAPTER)}
    assert kept == dict.fromkeys(names, ALL)


@pytest.mark.slow
def test_a_notebook_that_kills_its_worker_keeps_the_words(tmp_path, monkeypatch):
    course = new_course(tmp_path)
    submit(course, "unlucky", solved(course))
    group = Class(course, CHAPTER)
    work = Class._work

    def dies(self, given, folder, result, run):
        return "killed" if run else work(self, given, folder, result, run)

    monkeypatch.setattr(Class, "_work", dies)
    (result,) = grade_class(group, ["unlucky"], 1, progress=False)
    assert (result.points, result.by_hand) == (0, 6)
    assert result.remarks == ["not run to its end: killed"]


@pytest.mark.slow
def test_a_run_on_one_of_several_machines_leaves_the_gradebook(tmp_path, capsys):
    course = new_course(tmp_path)
    for name in "abc":
        submit(course, name, blank(course))
    for part in ("1/2", "2/2"):
        assert grading.main([CHAPTER, "--workers", "1", "--part", part, "--only-run"], course) == 0
    with course.gradebook() as book:
        assert book.assignment_submissions(CHAPTER) == []
    capsys.readouterr()
    assert grading.main([CHAPTER, "--workers", "1"], course) == 0
    assert capsys.readouterr().out.startswith("3 notebooks in ")
    with course.gradebook() as book:
        assert {s.student.id for s in book.assignment_submissions(CHAPTER)} == set("abc")


def test_a_chapter_that_was_not_handed_out_is_refused(tmp_path, capsys):
    course = new_course(tmp_path)
    assert grading.main(["07_gan"], course) == 2
    assert "no homework of '07_gan'" in capsys.readouterr().err
    course.database.unlink()
    assert grading.main([CHAPTER], course) == 2
    assert "run `make homework` first" in capsys.readouterr().err


def test_parts_share_a_class():
    names = list("abcdefg")
    parts = [share(names, f"{k}/3") for k in (1, 2, 3)]
    assert sorted(name for part in parts for name in part) == names
    assert share(names, "1/1") == names
    for wrong in ("0/3", "4/3", "3", "a/b"):
        with pytest.raises(ValueError, match="a part is written 2/5"):
            share(names, wrong)


def test_the_summary_tells_the_pace():
    results = [Result("a", "", remarks=["odd"]), Result("b", "")]
    assert summary(results, 30.0, 2) == (
        "2 notebooks in 30 seconds, 2 at a time: 4 a minute; 1 with remarks"
    )


def test_scores_wait_for_people():
    notebook = nbformat.v4.new_notebook()
    for kind, source in (("code", "f()"), ("markdown", "because")):
        cell = getattr(nbformat.v4, f"new_{kind}_cell")(source)
        settings = {"grade": True, "solution": kind == "markdown", "points": 2, "grade_id": kind}
        cell.metadata["nbgrader"] = settings
        notebook.cells.append(cell)
    assert list(grading.scores(notebook)) == [(2, 2), (None, 2)]
