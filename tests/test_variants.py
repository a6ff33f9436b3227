"""Private variants: the key earns everything, and nothing of the public homework helps."""

import re
from unittest import mock

import nbformat
import numpy as np
import pytest

from lib import variants
from lib.course import BOOK, Course, student_version
from lib.variants import Cell, Edit, Solution, Twist
from tests.homework import cheats
from tests.homework.grading import SOLUTION, grade, grade_id, read
from tests.test_homework import covering, lost

CHAPTERS = [name for name in Course().chapters() if variants.twists(name)]
WORDS = ["oak", "elm", "fir"]


def source(chapter: str) -> nbformat.NotebookNode:
    return read(BOOK / "chapters" / chapter / "homework.ipynb")


def solved_by(notebook: nbformat.NotebookNode, key: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The first notebook with the solution cells of the second."""
    keys = {grade_id(cell): cell.source for cell in key.cells if is_solution(cell)}
    pasted = nbformat.from_dict(notebook)
    for cell in filter(is_solution, pasted.cells):
        cell.source = keys[grade_id(cell)]
    return pasted


def is_solution(cell: nbformat.NotebookNode) -> bool:
    return cell.metadata.get("nbgrader", {}).get("solution", False)


def automatic_points(notebook: nbformat.NotebookNode) -> float:
    return sum(
        c.metadata.nbgrader.points
        for c in notebook.cells
        if c.metadata.get("nbgrader", {}).get("grade") and c.cell_type == "code"
    )


def tasks_of(notebook: nbformat.NotebookNode) -> dict[str, int]:
    """Name of each graded cell -> the number of its task."""
    number, found = 0, {}
    for cell in notebook.cells:
        for heading in variants.TASK.findall(cell.source):
            number = int(heading)
        if cell.metadata.get("nbgrader", {}).get("grade"):
            found[grade_id(cell)] = number
    return found


@pytest.mark.slow
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_key_of_a_variant_earns_every_point(chapter, word):
    notebook = variants.source_notebook(chapter, word)
    assert lost(grade(notebook, seed=1)) == {}
    assert lost(grade(notebook, variants.homework_seed(word))) == {}


@pytest.mark.slow
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_public_solution_earns_little_of_a_variant(chapter, word):
    """In every task at least half of the automatic points; altogether two thirds."""
    notebook = variants.source_notebook(chapter, word)
    grades = grade(solved_by(notebook, source(chapter)), variants.homework_seed(word))
    tasks = tasks_of(notebook)
    for task in {tasks[test] for test in grades}:
        own = [g for test, g in grades.items() if tasks[test] == task]
        kept = sum(g.points for g in own) / sum(g.possible for g in own)
        assert kept <= 0.5, f"task {task}: the public solution keeps {kept:.0%}"
        assert "AssertionError" in {g.error for g in own}, f"task {task}: say what is wrong"
    kept = sum(g.points for g in grades.values()) / automatic_points(notebook)
    assert kept <= 1 / 3, f"the public solutions keep {kept:.0%} of the automatic points"


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_function_of_a_variant_is_tested(chapter):
    """No function of the public key keeps all the points of its tests."""
    notebook, public = variants.source_notebook(chapter, "oak"), source(chapter)
    belongs = covering(notebook)
    for name, own in belongs.items():
        pasted = nbformat.from_dict(notebook)
        cell = next(c for c in pasted.cells if grade_id(c) == name)
        cell.source = next(c.source for c in public.cells if grade_id(c) == name)
        if cell.source != next(c.source for c in notebook.cells if grade_id(c) == name):
            assert lost(grade(pasted, seed=3, only=own)), f"{name}: nobody notices the public key"


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_answers_recorded_from_the_public_homework_earn_nothing(chapter, monkeypatch):
    """Hard-coded: what the public key answered is repeated, under the seed that it was asked."""
    word = "oak"
    seed = variants.homework_seed(word)
    monkeypatch.setattr(cheats, "SEEN", {})
    for each in (1, 2026):
        grade(cheats.wrapped(source(chapter), "recorded"), each)
    assert len(cheats.SEEN) > 50
    copied = cheats.wrapped(variants.source_notebook(chapter, word), "repeated")
    assert {g.points for g in grade(copied, seed).values()} == {0}


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_blank_variant_earns_nothing(chapter):
    notebook = variants.source_notebook(chapter, "oak")
    blank = nbformat.reads(student_version(nbformat.writes(notebook)), 4)
    grades = grade(solved_by(notebook, blank), seed=1)
    assert {g.points for g in grades.values()} == {0}
    text = "\n".join(cell.source for cell in blank.cells)
    for secret in ("BEGIN SOLUTION", "HIDDEN TESTS", "Rubric", "<<"):
        assert secret not in text


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_variant_changes_every_task_and_keeps_the_frame(chapter):
    """Other tasks and other questions, the same cells and points."""
    assert "Download this page" not in variants.source_notebook(chapter, "oak").cells[0].source
    public, variant = source(chapter), variants.source_notebook(chapter, "oak")
    assert [c.metadata for c in variant.cells] == [c.metadata for c in public.cells]
    assert [c.cell_type for c in variant.cells] == [c.cell_type for c in public.cells]
    for old, new in zip(public.cells, variant.cells, strict=True):
        if old.source.startswith("## Task"):
            assert new.source != old.source, old.source.split("\n")[0]
        if new.cell_type == "markdown" and is_solution(new):
            assert new.source != old.source, f"{grade_id(old)}: the public answer is still right"
            assert "**Rubric.**" in new.source
        assert "variant" not in new.source.lower() or "variant" in old.source.lower()
        if new.cell_type == "code":
            compile(new.source, grade_id(new), "exec")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_words_give_different_homeworks(chapter):
    """Of twenty variants no two are alike, and every twist can be drawn."""
    made = [variants.source_notebook(chapter, f"word {k}") for k in range(20)]
    assert len({nbformat.writes(notebook) for notebook in made}) == 20
    again = variants.source_notebook(chapter, "word 3")
    assert again == made[3]
    drawn = {t.name for k in range(60) for t, _ in variants.chosen(chapter, f"word {k}")}
    assert drawn == {twist.name for twist in variants.twists(chapter)}


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_twist_has_a_right_key(chapter):
    """Each twist alone, under several draws, on top of the public homework."""
    for number, twist in enumerate(variants.twists(chapter)):
        for draw in range(3):
            notebook = source(chapter)
            values = twist.draw(np.random.default_rng([number, draw]))
            variants.apply(notebook, twist, values)
            tasks = tasks_of(notebook)
            own = {name for name, task in tasks.items() if task == twist.task}
            automatic = own & {grade_id(c) for c in notebook.cells if c.cell_type == "code"}
            if automatic:
                missed = lost(grade(notebook, seed=5 + draw, only=automatic))
                assert missed == {}, (twist.name, values, missed)


def notebook(*cells: tuple[str, str]) -> nbformat.NotebookNode:
    made = nbformat.v4.new_notebook()
    for name, text in cells:
        made.cells.append(nbformat.v4.new_code_cell(text))
        if name:
            made.cells[-1].metadata["nbgrader"] = {"grade_id": name}
    return made


CODE = "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n"


def test_edits_find_their_place():
    made = notebook(("", "## Task 1\nadd one"), ("f", CODE), ("t", "assert f(1) == 2"))
    edits = (
        Edit("add one", "add <<n>>"),
        Solution("f", "y = x + <<n>>\n\nreturn y"),
        Cell("t", "assert f(1) == <<n>> + 1"),
    )
    variants.apply(made, Twist(1, "another number", edits), {"n": 5})
    assert [cell.source for cell in made.cells] == [
        "## Task 1\nadd 5",
        CODE.replace("    return x\n", "    y = x + 5\n\n    return y\n"),
        "assert f(1) == 5 + 1",
    ]
    assert SOLUTION.search(made.cells[1].source)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (Edit("minus", ""), "no cell of the source with 'minus'"),
        (Edit("x", ""), "'x' occurs more than once in its cell"),
        (Edit("f", ""), "2 cells of the source"),
        (Solution("g", ""), "no cell of the source with 'g'"),
        (Solution("t", ""), "needs one pair of solution marks, it has 0"),
        (Cell("t", "<<m>>"), "no value for <<m>>, only for ['n']"),
    ],
)
def test_an_edit_without_a_place_is_refused(edit, message):
    made = notebook(("f", CODE), ("t", "assert f(1) == 2"))
    with pytest.raises(ValueError, match=f"task 1, 'it'.*{re.escape(message)}"):
        variants.apply(made, Twist(1, "it", (edit,)), {"n": 5})


def test_a_task_without_a_twist_is_named():
    chapter = Course().chapters()[0]
    one = mock.patch.object(variants, "twists", return_value=[Twist(1, "it", ())])
    with one, pytest.raises(ValueError, match=r"no twist for task \[2, 3,"):
        variants.source_notebook(chapter, "oak")


def test_only_the_word_decides():
    assert variants.homework_seed("") == 2026
    assert variants.homework_seed("oak") == variants.homework_seed("oak") != 2026
    assert variants.homework_seed("oak") != variants.homework_seed("elm")
    first, again = (variants.generator("oak", 1).random() for _ in range(2))
    assert first == again != variants.generator("oak", 2).random()
