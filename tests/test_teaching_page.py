"""The tables of the page for teachers agree with the lessons and homeworks of the book."""

import json

import pytest

from lib import teaching_page
from lib.course import BOOK
from lib.teaching_page import homework, lesson, lessons_table, minutes, notebooks, weeks_table

TEXT = (BOOK / "chapters/99_appendix/teach.md").read_text("utf-8")
LESSONS = [lesson(BOOK, page) for page in notebooks(BOOK, r"[0-9]\w+")]
WORKS = {w.chapter: w for w in (homework(BOOK, p) for p in notebooks(BOOK, "homework"))}


def test_every_lesson_and_homework_of_the_book_is_there():
    filled = teaching_page.teaching_page(TEXT, BOOK)
    assert "<!--" not in filled
    assert len(LESSONS) == len(list(BOOK.glob("chapters/*/[0-9]*.ipynb")))
    for each in [*LESSONS, *WORKS.values()]:
        assert each.label in filled
    for each in LESSONS:
        assert 3 <= len(each.goals) <= 5, each.page
        assert each.exercises >= 3, each.page
        assert each.goals[0] in filled


def test_reading_times_fit_the_words():
    """Slow reading of mathematics, at a pace that is alike in all lessons."""
    for each in LESSONS:
        cells = teaching_page.cells(BOOK, each.page)
        words = sum(len(c["source"].split()) for c in cells if c["cell_type"] == "markdown")
        assert 40 <= words / each.minutes <= 90, (each.page, words / each.minutes)


def test_no_week_has_too_much():
    weeks = weeks_table(LESSONS, WORKS).split("\n")[2:]
    assert len(weeks) == 14
    given = [name for name in WORKS if WORKS[name].label in "\n".join(weeks)]
    assert given == list(WORKS), "each homework is handed out"
    by = {e.page.split("/", 1)[1][: len(e.chapter) + 3]: e for e in LESSONS}
    assert max(sum(by[place].minutes for place in week) for week in teaching_page.PLAN) <= 180


def test_a_homework_comes_after_the_lessons_of_its_chapter():
    rows = lessons_table(LESSONS, WORKS).split("\n")
    place = {e.label: k for k, row in enumerate(rows) for e in LESSONS if f"<{e.label}>" in row}
    for work in WORKS.values():
        (at,) = (k for k, row in enumerate(rows) if f"`{work.label}`" in row)
        assert at == 1 + max(place[e.label] for e in LESSONS if e.chapter == work.chapter)
        assert sum(work.points) == 40


def test_a_plan_that_forgets_a_lesson_is_refused(monkeypatch):
    monkeypatch.setattr(teaching_page, "PLAN", teaching_page.PLAN[1:])
    with pytest.raises(ValueError, match="00_introduction_01"):
        weeks_table(LESSONS, WORKS)


@pytest.mark.parametrize(("kind", "why"), [(lesson, "two times"), (homework, "about N hours")])
def test_a_first_cell_that_says_nothing_is_refused(tmp_path, kind, why):
    page = tmp_path / "chapters/01_a/01_b.ipynb"
    page.parent.mkdir(parents=True)
    cell = {"cell_type": "markdown", "source": ["(a)=\n", "# A\n"], "metadata": {}}
    page.write_text(json.dumps({"cells": [cell]}), "utf-8")
    with pytest.raises(ValueError, match=why):
        kind(tmp_path, "chapters/01_a/01_b")


def test_minutes_are_written_as_people_say_them():
    said = [minutes(n).replace("\u00a0", " ") for n in (45, 60, 95)]
    assert said == ["45 min", "1 h 00 min", "1 h 35 min"]


def test_the_page_says_what_the_code_does():
    """Numbers and names on the page that live in the code."""
    from lib.grading import Limits

    limits = Limits()
    assert f"a cell may take {limits.cell_seconds} s, a notebook {limits.seconds} s" in TEXT
    assert f"({limits.gigabytes:g} GB are allowed)" in TEXT
    assert {sum(w.points[1:]) for w in WORKS.values()} == {6}, "six of the 40 points by hand"
    for option in ("--part", "--only-run", "--cell-seconds", "--gigabytes", "--workers"):
        assert option in TEXT
