"""The tables of the page for teachers, made from the lessons and homeworks themselves."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from lib.equations_page import markdown_of, page_file, pages_in_order, title_of

LESSONS, WEEKS, GOALS = "<!-- lessons -->", "<!-- weeks -->", "<!-- objectives -->"
#: Lessons of each week of a term of fourteen weeks; a chapter's homework follows its last lesson.
PLAN = (
    ("00_introduction/01", "01_graphical_models/01"),
    ("01_graphical_models/02", "01_graphical_models/03"),
    ("01_graphical_models/04", "02_pca/01"),
    ("02_pca/02", "02_pca/03"),
    ("03_autoencoders/01", "03_autoencoders/02"),
    ("04_vae/01", "04_vae/02", "04_vae/03"),
    ("04_vae/04", "04_vae/05", "04_vae/06"),
    ("05_pixel/01", "05_pixel/02"),
    ("05_pixel/03", "05_pixel/04"),
    ("06_diffusion/01", "06_diffusion/02"),
    ("06_diffusion/03", "06_diffusion/04"),
    ("07_gan/01", "07_gan/02", "07_gan/03"),
    ("07_gan/04", "08_conditional/01", "08_conditional/02"),
    ("08_conditional/03", "09_comparison/01"),
)


@dataclass(frozen=True)
class Lesson:
    """What the first cell of a lesson promises, and what can be counted."""

    chapter: str
    page: str
    label: str
    title: str
    minutes: int
    seconds: int
    exercises: int
    goals: tuple[str, ...]


@dataclass(frozen=True)
class Homework:
    """What the first cell of a homework says, and its points by tests and by hand."""

    chapter: str
    label: str
    tasks: int
    hours: str
    points: tuple[int, int]


def cells(book: Path, page: str) -> list[dict]:
    """The cells of a notebook, their sources as text."""
    found = json.loads((book / f"{page}.ipynb").read_text("utf-8"))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in found]


def notebooks(book: Path, name: str) -> list[str]:
    """Pages of the table of contents in a chapter's folder whose file name matches."""
    pages = [page for page in pages_in_order(book) if (book / f"{page}.ipynb").exists()]
    return [page for page in pages if re.fullmatch(rf"chapters/\w+/{name}", page)]


def lesson(book: Path, page: str) -> Lesson:
    """Read one lesson.

    Raises
    ------
    ValueError
        Its first cell does not say what a lesson must say.
    """
    first, *others = cells(book, page)
    text = first["source"]
    head = re.match(r"\(([\w-]+)\)=\n+# (.+)", text)
    time = re.search(r"about (\d+) minutes? to read, (?:about )?(\d+) seconds? to run", text)
    if not (head and time):
        raise ValueError(f"{page}: the first cell needs a label, a title and the two times")
    goals = re.findall(r"^- ((?:.+\n?)(?:  .+\n?)*)", text.partition("objectives")[2], re.MULTILINE)
    exercises = sum(cell["source"].count("{exercise}") for cell in others)
    kept = tuple(" ".join(goal.split()).rstrip(",;.") for goal in goals)
    chapter = page.split("/")[1]
    return Lesson(chapter, page, head[1], head[2], int(time[1]), int(time[2]), exercises, kept)


def homework(book: Path, page: str) -> Homework:
    """Read one homework.

    Raises
    ------
    ValueError
        Its first cell does not say how many hours it takes.
    """
    all_cells = cells(book, page)
    text = all_cells[0]["source"]
    head, hours = re.match(r"\(([\w-]+)\)=", text), re.search(r"about\s+(\w+)\s+hours", text)
    if not (head and hours):
        raise ValueError(f"{page}: the first cell needs a label and `about N hours`")
    tasks = sum(len(re.findall(r"^## Task \d+", c["source"], re.MULTILINE)) for c in all_cells)
    points = {"code": 0, "markdown": 0}
    for cell in all_cells:
        settings = cell["metadata"].get("nbgrader", {})
        points[cell["cell_type"]] += settings["points"] if settings.get("grade") else 0
    by = points["code"], points["markdown"]
    return Homework(page.split("/")[1], head[1], tasks, hours[1], by)


def minutes(total: int) -> str:
    """Minutes as hours and minutes."""
    text = f"{total // 60} h {total % 60:02d} min" if total >= 60 else f"{total} min"
    return text.replace(" ", "\u00a0")  # on one line


def lessons_table(lessons: list[Lesson], works: dict[str, Homework]) -> str:
    """One row a lesson, and one a homework after the lessons of its chapter."""
    rows = ["| lesson or homework | read | run | exercises |", "|---|---|---|---|"]
    for number, each in enumerate(lessons):
        run = f"{each.seconds} s"
        title = f"{{ref}}`{each.title} <{each.label}>`"
        rows.append(f"| {title} | {each.minutes} min | {run} | {each.exercises} |")
        last = number + 1 == len(lessons) or lessons[number + 1].chapter != each.chapter
        if last and each.chapter in works:
            work = works[each.chapter]
            tests, words = work.points
            what = f"{work.tasks} tasks, {tests} points by tests, {words} by you"
            rows.append(f"| **{{ref}}`{work.label}`** | {work.hours} hours | {what} | |")
    return "\n".join(rows)


def weeks_table(lessons: list[Lesson], works: dict[str, Homework]) -> str:
    """One row a week: lessons, minutes to read, homework handed out.

    Raises
    ------
    ValueError
        The plan leaves a lesson out or has one twice.
    """
    by_place = {
        "_".join(each.page.split("/")[1:])[: len(each.chapter) + 3]: each for each in lessons
    }
    planned = [place.replace("/", "_") for week in PLAN for place in week]
    if sorted(planned) != sorted(by_place):
        raise ValueError(
            f"the plan of weeks and the lessons differ: {set(planned) ^ set(by_place)}"
        )
    rows = ["| week | lessons | read | homework to hand out |", "|---|---|---|---|"]
    for number, week in enumerate(PLAN, 1):
        here = [by_place[place.replace("/", "_")] for place in week]
        titles = "; ".join(f"{{ref}}`{each.title} <{each.label}>`" for each in here)
        ends = [e.chapter for e in here if e is [x for x in lessons if x.chapter == e.chapter][-1]]
        given = ", ".join(f"{{ref}}`{works[c].label}`" for c in ends if c in works)
        rows.append(f"| {number} | {titles} | {minutes(sum(e.minutes for e in here))} | {given} |")
    return "\n".join(rows)


def goals_list(lessons: list[Lesson], titles: dict[str, str]) -> str:
    """The objectives of every lesson, folded by chapter."""
    parts, chapters = [], dict.fromkeys(each.chapter for each in lessons)
    for chapter in chapters:
        here = [each for each in lessons if each.chapter == chapter]
        lines = [f":::{{dropdown}} Chapter {int(chapter[:2])}: {titles[chapter]}"]
        for each in here:
            lines += ["", f"**{{ref}}`{each.title} <{each.label}>`**", ""]
            lines += [f"- {goal}" for goal in each.goals]
        parts.append("\n".join([*lines, ":::"]))
    return "\n\n".join(parts)


def teaching_page(text: str, book: Path) -> str:
    """Fill the placeholders of the page for teachers.

    Raises
    ------
    ValueError
        A lesson or homework does not say what it takes, or the plan of weeks does not fit.
    """
    lessons = [lesson(book, page) for page in notebooks(book, r"[0-9]\w+")]
    works = {w.chapter: w for w in (homework(book, p) for p in notebooks(book, "homework"))}
    total = sum(each.minutes for each in lessons)
    filled = text.replace(LESSONS, lessons_table(lessons, works))
    filled = filled.replace(WEEKS, weeks_table(lessons, works))
    opening = {e.chapter: page_file(book, f"chapters/{e.chapter}/index") for e in lessons}
    titles = {chapter: title_of(markdown_of(path)) for chapter, path in opening.items()}
    filled = filled.replace(GOALS, goals_list(lessons, titles))
    return filled.replace("<!-- total -->", minutes(total))
