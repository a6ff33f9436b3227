"""What is handed in becomes the release with a student's answers, whatever was done to it."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lib.intake import find, read, rebuilt, suspicions


def cell(name, source, kind="code", **settings):
    made = (new_code_cell if kind == "code" else new_markdown_cell)(source)
    made.metadata["nbgrader"] = {"grade_id": name, "grade": False, "solution": False} | settings
    return made


@pytest.fixture
def release():
    made = new_notebook()
    made.cells = [
        cell("setup", "import numpy as np"),
        new_markdown_cell("Write f."),
        cell("f", "def f(x):\n    raise NotImplementedError()", solution=True),
        cell("f-test", "assert f(1) == 2", grade=True, points=3),
        new_markdown_cell("Say why."),
        cell("why", "YOUR ANSWER HERE", "markdown", grade=True, solution=True, points=2),
    ]
    return made


def handed(release, **sources):
    own = nbformat.from_dict(json.loads(json.dumps(release)))
    for made in own.cells:
        name = made.metadata.get("nbgrader", {}).get("grade_id")
        made.source = sources.get(name, made.source)
    return own


def sources(notebook):
    return [made.source for made in notebook.cells]


ANSWER = "def f(x):\n    return x + 1"


def test_answers_are_taken_and_tests_restored(release):
    own = handed(release, f=ANSWER, why="because", **{"f-test": "pass"})
    own.cells[3].metadata.nbgrader["points"] = 300
    notebook, remarks = rebuilt(own, release)
    assert sources(notebook) == [*sources(release)[:2], ANSWER, *sources(release)[3:5], "because"]
    assert notebook.cells[3].metadata.nbgrader["points"] == 3
    assert remarks == ["tests changed: f-test"]
    assert notebook.metadata.grading.functions == ["f"]


def test_additional_cells_stay_where_they_were(release):
    own = handed(release, f=ANSWER)
    own.cells.insert(1, new_code_cell("one = 1"))
    own.cells.insert(0, new_code_cell("zero = 0"))
    own.cells.append(new_markdown_cell("P.S."))
    notebook, remarks = rebuilt(own, release)
    text = sources(notebook)
    assert text.index("zero = 0") < text.index("import numpy as np") < text.index("one = 1")
    assert text.index("one = 1") < text.index(ANSWER)
    assert text[-1] == "P.S."
    assert remarks == []


def test_deleted_cells_come_back_and_are_told(release):
    own = handed(release)
    own.cells = own.cells[:2]
    notebook, remarks = rebuilt(own, release)
    assert sources(notebook)[2:] == ["# This cell was deleted.", *sources(release)[3:]]
    assert remarks == ["answers deleted: f, why", "tests deleted: f-test"]


def test_cells_that_lost_their_names_are_recognised(release):
    own = handed(release, f="# mine\n" + ANSWER, why="because")
    for made in own.cells:
        made.metadata = nbformat.from_dict({})
        made.id = "other" + made.id[:4]
    notebook, remarks = rebuilt(own, release)
    assert sources(notebook)[2] == "# mine\n" + ANSWER
    assert sources(notebook)[-1] == "because"
    assert len(notebook.cells) == len(release.cells)
    assert remarks == []


def test_a_doubled_test_or_answer_counts_once(release):
    own = handed(release, f=ANSWER)
    own.cells += [nbformat.from_dict(dict(own.cells[3], source="pass"))]
    notebook, _ = rebuilt(own, release)
    graded = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert [c.metadata.nbgrader.grade_id for c in graded] == ["f-test", "why"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "an empty file"),
        ("hello", "the file is no notebook"),
        ("[1, 2]", "the file is no notebook"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "the file is no notebook"),
        ("[" * 100_000, "the file is no notebook"),
        ('{"cells": [{"cell_type": "code"}], "nbformat": 4}', "the file is no notebook"),
    ],
)
def test_what_is_no_notebook_is_said(tmp_path, content, why):
    path = tmp_path / "homework.ipynb"
    path.write_text(content, "utf-8")
    with pytest.raises(ValueError, match=why):
        read(path)


def test_a_huge_file_or_a_link_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "homework.ipynb"
    nbformat.write(new_notebook(), path)
    assert read(path).cells == []
    (tmp_path / "link.ipynb").symlink_to(path)
    with pytest.raises(ValueError, match="a link to another file"):
        read(tmp_path / "link.ipynb")
    monkeypatch.setattr("lib.intake.LARGEST", 10)
    with pytest.raises(ValueError, match="more than 0"):
        read(path)


def test_the_notebook_is_found_under_other_names(tmp_path):
    folder = tmp_path / "ann" / "01_a"
    folder.mkdir(parents=True)
    assert find(folder) == (None, ["nothing was handed in"])
    up = tmp_path / "ann" / "homework.ipynb"
    up.touch()
    assert find(folder) == (up, ["the notebook is called homework.ipynb"])
    other = folder / "sub" / "mine.ipynb"
    other.parent.mkdir()
    other.touch()
    found, remarks = find(folder)
    assert found in (up, other)
    assert remarks[0].endswith("the latest of 2")
    right = folder / "homework.ipynb"
    right.touch()
    assert find(folder) == (right, [])


@pytest.mark.parametrize(
    ("code", "remarks"),
    [
        ("x = np.zeros(3)\nx[0] = 1\nself.a = 2", []),
        ("np.allclose = print", ["look at this: changes np.allclose"]),
        ("from lib import homework as h\nh.compare = print", ["look at this: changes h.compare"]),
        ("import sys\nsys.modules['a'] = 1", ["look at this: changes sys.modules['a']"]),
        ("import inspect\ninspect.currentframe()", ["look at this: uses currentframe"]),
        ("def f(:", []),
    ],
)
def test_dishonest_code_is_pointed_out(release, code, remarks):
    own = handed(release, f=code)
    assert suspicions(rebuilt(own, release)[0]) == remarks
