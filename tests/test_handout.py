"""What `make homework` writes: release, key, rubric and zips, each checked."""

import zipfile

import nbformat
import pytest

from lib import handout
from lib.course import BOOK, Course
from tests.homework import answers
from tests.homework.classroom import CHAPTER
from tests.homework.grading import SOLUTION, filled, read

SOURCE = BOOK / "chapters" / CHAPTER / "homework.ipynb"


def course(root, change=lambda text: text):
    made = Course(root, "")
    made.source(CHAPTER).parent.mkdir(parents=True)
    made.source(CHAPTER).write_text(change(SOURCE.read_text("utf-8")), "utf-8")
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Chapter 1, handed out: (course, files)."""
    whole = course(tmp_path_factory.mktemp("handout"))
    return whole, handout.make(whole, CHAPTER)


@pytest.mark.slow
def test_the_key_shows_solutions_tests_and_outputs(made):
    whole, (_, key, *_) = made
    notebook, source = read(key), read(whole.source(CHAPTER))
    assert handout.failures(notebook) == {}
    for cell, full in zip(notebook.cells, source.cells, strict=True):
        assert "### BEGIN" not in cell.source
        assert "<!-- END" not in cell.source
        solution = SOLUTION.search(full.source)
        if solution:
            inside = solution[0].split("\n")[1:-1]
            assert "\n".join(inside) in cell.source
    assert any(cell.get("execution_count") for cell in notebook.cells)


@pytest.mark.slow
def test_the_rubric_has_all_points_and_every_question(made):
    whole, (_, _, rubric, *_) = made
    notebook, source = read(rubric), read(whole.source(CHAPTER))
    graded = [c for c in source.cells if c.metadata.get("nbgrader", {}).get("grade")]
    table = notebook.cells[0].source
    for cell in graded:
        by = "the tests" if cell.cell_type == "code" else "you"
        points = cell.metadata.nbgrader.points
        assert f"| `{cell.metadata.nbgrader.grade_id}` | {points:g} | {by} |" in table
    assert "| all | 40 | |" in table
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "Two diseases $A$ and $B$ are independent" in text, "the question"
    assert text.count("**Rubric.**") == sum(c.cell_type == "markdown" for c in graded)


@pytest.mark.slow
def test_the_zips_keep_the_two_sides_apart(made):
    _, (given, key, rubric, student, teacher) = made
    with zipfile.ZipFile(student) as archive:
        assert archive.namelist() == [f"{CHAPTER}/homework.ipynb"]
        assert archive.read(archive.namelist()[0]) == given.read_bytes()
    with zipfile.ZipFile(teacher) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert files == {
        f"{CHAPTER}/key.ipynb": key.read_bytes(),
        f"{CHAPTER}/rubric.ipynb": rubric.read_bytes(),
    }


@pytest.mark.slow
def test_a_key_that_fails_is_not_handed_out(tmp_path):
    wrong = next(a for a in answers(CHAPTER)[0] if a.task == "parameters")
    made = course(tmp_path)
    nbformat.write(filled(read(SOURCE), wrong), made.source(CHAPTER))
    with pytest.raises(RuntimeError, match="the reference solution fails:\nparameters-chain: "):
        handout.make(made, CHAPTER)
    assert not made.folder("release", CHAPTER).exists()


def test_a_release_that_shows_a_solution_is_refused(monkeypatch, tmp_path):
    made = course(tmp_path)
    folder = made.folder("release", CHAPTER)
    folder.mkdir(parents=True)
    (folder / "homework.ipynb").write_text(SOURCE.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(handout, "run_quietly", lambda *_: None)
    with pytest.raises(RuntimeError, match="still has 'BEGIN SOLUTION'"):
        handout.release(made, CHAPTER)


@pytest.mark.slow
def test_a_broken_source_is_reported_with_the_reason(tmp_path):
    made = course(tmp_path, lambda text: text.replace("### END SOLUTION", "", 1))
    with pytest.raises(RuntimeError, match=r"(?s)GenerateAssignment failed.*[Nn]o end solution"):
        handout.release(made, CHAPTER)


@pytest.mark.slow
@pytest.mark.parametrize("chapter", [CHAPTER, "05_pixel"])
def test_the_whole_of_a_variant_can_be_handed_out(tmp_path, chapter):
    """Its key keeps all points in a kernel, spoiled answers none, and public solutions few."""
    made = Course(tmp_path, "a secret")
    files = handout.make(made, chapter)
    assert all(file.exists() for file in files)
    assert "a secret" not in "".join(f.read_text("utf-8") for f in files if f.suffix == ".ipynb")
    public = nbformat.read(BOOK / "chapters" / chapter / "homework.ipynb", as_version=4)
    given = read(files[0])
    assert [c.source for c in given.cells] != [c.source for c in public.cells]


@pytest.mark.parametrize(("error", "code"), [(None, 0), (RuntimeError("entry (0,) is 1"), 1)])
def test_the_command_says_where_everything_is(monkeypatch, capsys, tmp_path, error, code):
    made = Course(tmp_path, "")
    for name in ("01_a", "02_b"):
        made.source(name).parent.mkdir(parents=True)
        made.source(name).touch()

    def make(course, chapter):
        if error and chapter == "01_a":
            raise error
        return [course.work / "release" / chapter / "homework.ipynb"]

    monkeypatch.setattr(handout, "make", make)
    assert handout.main(made) == code
    out, complaint = capsys.readouterr()
    assert out.startswith("[1/2] 01_a: running the key ...\n")
    assert "_build/homework/release/02_b/homework.ipynb" in out, "one failure stops nobody else"
    assert ("entry (0,) is 1" in complaint) == bool(error)
