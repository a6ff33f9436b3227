"""The quick grader of homework: a cell runs as in a kernel, a test with the cells it needs."""

import nbformat

from tests.homework.grading import Grade, grade, run_cell


def test_a_cell_runs_as_in_a_kernel():
    outputs = run_cell("import sys\nprint('out')\nprint('bad', file=sys.stderr)\n1 + 1", {})
    kinds = {getattr(o, "name", o.output_type) for o in outputs}
    assert kinds == {"stdout", "stderr", "execute_result"}
    (error,) = run_cell("assert 1 == 2, 'no'", {})
    assert (error.ename, error.evalue) == ("AssertionError", "no")


def test_a_single_test_runs_with_the_cells_that_it_depends_on():
    """Not with demonstrations, which may train for seconds, nor with what other tests need."""
    sources = {
        "": "import math\nTWO = 2",
        "helper": "def double(x):\n    return TWO * x",
        "demo": "x = double(3)\nraise RuntimeError('a demonstration ran')",
        "other": "raise RuntimeError('another task ran')\ndef unused(): pass",
        "task": "def answer(x):\n    return math.floor(double(x))",
        "task-test": "def test_task():\n    x = 1.6\n    assert answer(x) == 3\n\ntest_task()",
        "other-test": "def test_other():\n    assert unused() == 4\n\ntest_other()",
    }
    notebook = nbformat.v4.new_notebook()
    for name, source in sources.items():
        known = {"grade": "test" in name, "solution": False, "points": 3, "grade_id": name}
        given = {"nbgrader": {"schema_version": 3, "locked": True, "task": False} | known}
        notebook.cells.append(nbformat.v4.new_code_cell(source, metadata=given))
    assert grade(notebook, 1, only={"task-test"}) == {"task-test": Grade(3, 3)}
    broken = grade(notebook, 1, only={"other-test"})
    assert (broken["other-test"].error, broken["other-test"].points) == ("NameError", 0)
