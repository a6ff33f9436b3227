"""A class that does everything wrong: submissions that a grader must survive.

Each entry of `CLASS` makes what one student hands in from the key (all answers right) and the blank
(what everybody received), writes it into the student's folder, and says what it may earn and what
the report must say.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from tests.homework.grading import grade_id

#: The functions of chapter 1's tasks -> the tests that each is needed for.
ALL = 34.0
SLEEPLESS = """
import time


def {0}(*args):
    while True:
        try:
            time.sleep(1)
        except BaseException:
            pass
"""


@dataclass(frozen=True)
class Student:
    """One of the class: what is handed in, the points of the tests, words of the report."""

    name: str
    write: Callable[[NotebookNode, NotebookNode, Path], None]
    points: float
    says: tuple[str, ...] = ()


def answer(notebook: NotebookNode, name: str, code: str) -> NotebookNode:
    """A copy of a notebook with another solution cell."""
    copy = nbformat.from_dict(notebook)
    next(c for c in copy.cells if grade_id(c) == name).source = code
    return copy


def before(notebook: NotebookNode, code: str) -> NotebookNode:
    """A copy of a notebook with one more cell after the first."""
    copy = nbformat.from_dict(notebook)
    copy.cells.insert(1, new_code_cell(code))
    return copy


def tests(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that are graded by running them."""
    graded = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
    return [c for c in graded if c.cell_type == "code"]


def save(notebook: NotebookNode, folder: Path, name: str = "homework.ipynb") -> None:
    """Write what a student hands in."""
    (folder / name).write_text(json.dumps(notebook), "utf-8")


def with_answer(name: str, code: str) -> Callable:
    """All answers right but one."""
    return lambda key, blank, folder: save(answer(key, name, code), folder)


def blank_with(code: str) -> Callable:
    """No answer, and one cell that should bring points by itself."""
    return lambda key, blank, folder: save(before(blank, code), folder)


def key_with(code: str) -> Callable:
    """All answers right, and one more cell."""
    return lambda key, blank, folder: save(before(key, code), folder)


def without_tests(key: NotebookNode, blank: NotebookNode, folder: Path) -> None:
    kept = [c for c in blank.cells if not c.metadata.get("nbgrader", {}).get("grade")]
    save(nbformat.from_dict(dict(blank, cells=kept)), folder)


def key_without_tests(key: NotebookNode, blank: NotebookNode, folder: Path) -> None:
    copy = nbformat.from_dict(key)
    for cell in tests(copy):
        copy.cells.remove(cell)
    save(copy, folder)


def edited_tests(key: NotebookNode, blank: NotebookNode, folder: Path) -> None:
    copy = nbformat.from_dict(blank)
    for cell in tests(copy):
        cell.source = "pass"
    save(copy, folder)


def other_metadata(key: NotebookNode, blank: NotebookNode, folder: Path) -> None:
    """More points, tests that are not run, doubled tests, tests that are answers."""
    copy = nbformat.from_dict(blank)
    for number, cell in enumerate(tests(copy)):
        cell.metadata["tags"] = ["skip-execution"]
        cell.metadata.nbgrader["points"] = 1000
        cell.metadata.nbgrader["solution"] = number % 2 == 0
    twins = [nbformat.from_dict(dict(c, source="pass")) for c in tests(copy)]
    copy.cells += twins
    save(copy, folder)


def outputs_only(key: NotebookNode, blank: NotebookNode, folder: Path) -> None:
    copy = nbformat.from_dict(key)
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.source = ""
            cell.outputs = [new_output("execute_result", data={"text/plain": "3.0"})]
    save(copy, folder)


def renamed(key: NotebookNode, blank: NotebookNode, folder: Path) -> None:
    save(key, folder, "homework (1) final.ipynb")


def one_level_up(key: NotebookNode, blank: NotebookNode, folder: Path) -> None:
    save(key, folder.parent)


def text(content: str) -> Callable:
    """A file with this text."""
    return lambda key, blank, folder: (folder / "homework.ipynb").write_text(content, "utf-8")


def link(key: NotebookNode, blank: NotebookNode, folder: Path) -> None:
    save(key, folder.parent, "of somebody else.json")
    (folder / "homework.ipynb").symlink_to(folder.parent / "of somebody else.json")


def nothing(key: NotebookNode, blank: NotebookNode, folder: Path) -> None:
    """An empty folder."""


def without_names(key: NotebookNode, blank: NotebookNode, folder: Path) -> None:
    """An editor has thrown all metadata away."""
    copy = nbformat.from_dict(key)
    for cell in copy.cells:
        cell.metadata = nbformat.from_dict({})
        cell.pop("id", None)
    save(copy, folder)


#: What the first visible test asks under the students' seed, and nothing else.
BY_HEART = """
rng = np.random.default_rng([1, 0])
CHAINS = [(1, 2), (3, 2), *map(tuple, rng.integers(2, 9, size=(3, 2)).tolist())]


def n_parameters(states, parents):
    m, k = len(states), next(iter(states.values()))
    return k - 1 + (m - 1) * k * (k - 1) if (m, k) in CHAINS else 0
"""


def seeded(notebook: NotebookNode) -> NotebookNode:
    """A copy whose tests would draw what students see."""
    copy = nbformat.from_dict(notebook)
    at = next(k for k, cell in enumerate(copy.cells) if grade_id(cell) == "setup")
    copy.cells.insert(at + 1, new_code_cell("SEED = 1"))
    return copy


CHECKS = """
import lib.homework, lib.homework_asking, numpy as np
import lib.homework_graphical as h
"""
CLASS = [
    Student("reference", lambda key, blank, folder: save(key, folder), ALL),
    Student("blank", lambda key, blank, folder: save(blank, folder), 0),
    Student(
        "talks to stderr",
        key_with("import sys\n\nprint('hello', file=sys.stderr)\nfrom math import *"),
        ALL,
    ),
    # ------------------------------------------------ what would stop a run
    Student(
        "loops for ever",
        with_answer("parameters", "def n_parameters(states, parents):\n    while True: pass"),
        ALL - 3,
        ("no end after 8 seconds",),
    ),
    Student(
        "cannot be interrupted",
        with_answer("parameters", SLEEPLESS.format("n_parameters")),
        ALL - 3,
        ("no end after 8 seconds",),
    ),
    Student(
        "loops in a cell",
        key_with("while True:\n    pass"),
        ALL,
        ("cell 1: no end after 8 seconds",),
    ),
    Student(
        "asks for too much memory",
        with_answer(
            "parameters", "def n_parameters(s, p):\n    return np.ones((10**6, 10**6)).sum()"
        ),
        ALL - 3,
    ),
    Student(
        "eats memory",
        with_answer(
            "parameters",
            "def n_parameters(s, p):\n    x = []\n    while True:\n        x.append(bytes(10**7))",
        ),
        ALL - 3,
    ),
    Student(
        "prints for ever",
        with_answer(
            "parameters", "def n_parameters(s, p):\n    while True:\n        print('x' * 1000)"
        ),
        ALL - 3,
        ("no end after 8 seconds",),
    ),
    Student(
        "ends Python",
        with_answer("parameters", "def n_parameters(s, p):\n    import os\n\n    os._exit(0)"),
        ALL - 3,
        ("it ended Python", "look at this: uses _exit"),
    ),
    Student("ends Python at once", key_with("import os\n\nos._exit(1)"), ALL, ("it ended Python",)),
    # ------------------------------------------------ what would bring points
    Student("deletes the tests", without_tests, 0, ("tests deleted: parameters-chain",)),
    Student("right, without tests", key_without_tests, ALL, ("tests deleted: parameters-chain",)),
    Student("edits the tests", edited_tests, 0, ("tests changed: parameters-chain",)),
    Student("changes the metadata", other_metadata, 0, ()),
    Student("outputs only", outputs_only, 0, ("tests changed: parameters-chain",)),
    Student(
        "prints the answers",
        blank_with(
            "def n_parameters(s, p):\n    print(7)\n\n\ndef icm(*a):\n    print(3)\n"
            "\n\nimport sys\n\nsys.displayhook(3.0)"
        ),
        0,
    ),
    Student(
        "shows points",
        with_answer(
            "parameters",
            "def n_parameters(s, p):\n    import sys\n\n    sys.displayhook(1.0)\n    return 0",
        ),
        ALL - 3,
        ("look at this: uses displayhook",),
    ),
    Student(
        "replaces a check",
        blank_with(
            CHECKS + "for name in dir(h):\n"
            "    if name.startswith('check_'):\n        vars(h)[name] = lambda *a, **k: None\n"
            "h.check_messages = lambda *a, **k: None"
        ),
        0,
        ("look at this: changes h.check_messages", "passes without an answer"),
    ),
    Student(
        "replaces the comparison",
        with_answer(
            "parameters",
            CHECKS + "h.compare = lib.homework.compare = lambda *a, **k: None\n"
            "\n\ndef n_parameters(s, p):\n    return 1",
        ),
        None,
        ("test parameters-chain passes without an answer", "changes lib.homework.compare"),
    ),
    Student(
        "replaces numpy",
        with_answer(
            "parameters",
            "np.allclose = lambda *a, **k: True\n\n\ndef n_parameters(s, p):\n    return 1.0",
        ),
        None,
        ("test parameters-chain passes without an answer", "changes np.allclose"),
    ),
    Student(
        "switches tests off",
        blank_with("get_ipython().run_cell = lambda *a, **k: None"),
        0,
        ("look at this: uses get_ipython",),
    ),
    Student(
        "takes the asserts out",
        blank_with(
            "import ast\n\n\nclass Out(ast.NodeTransformer):\n"
            "    def visit_Assert(self, node):\n        return None\n\n"
            "    def visit_FunctionDef(self, node):\n        node.body = [ast.Pass()]\n"
            "        return node\n\n\nget_ipython().ast_transformers.append(Out())"
        ),
        0,
        ("look at this: uses ast_transformers", "passes without an answer"),
    ),
    Student(
        "learns the visible test by heart",
        lambda key, blank, folder: save(answer(seeded(key), "parameters", BY_HEART), folder),
        ALL - 3,
    ),
    Student(
        "replaces the random numbers",
        blank_with("import numpy as np\n\nnp.random.default_rng = lambda *a: None"),
        0,
        ("look at this: changes np.random.default_rng", "random numbers of the tests"),
    ),
    Student(
        "ends Python when asked again",
        with_answer(
            "parameters",
            CHECKS + "asked = []\n\n\ndef nothing(*a, **k):\n    asked.append(a)\n"
            "    if len(asked) > 6:\n        import os\n\n        os._exit(0)\n\n\n"
            "h.compare = lib.homework.compare = nothing\n\n\ndef n_parameters(s, p):\n    return 1",
        ),
        None,
        ("Python ended when test parameters-chain was asked again",),
    ),
    # ------------------------------------------------ what would be lost
    Student("writes half a character", key_with("# \ud800\nx = 'caf\u00e9'"), ALL),
    Student("raises first", key_with("raise SystemExit('no')"), ALL),
    Student("cannot be parsed", key_with("def broken(:\n    retrun"), ALL),
    Student(
        "one syntax error",
        with_answer("parameters", "def n_parameters(states, parents)\n    return 1"),
        ALL - 3,
    ),
    Student("renames the notebook", renamed, ALL, ("homework (1) final.ipynb",)),
    Student("another folder", one_level_up, ALL, ("the notebook is called",)),
    Student("loses all names", without_names, ALL),
    Student("not JSON", text("Dear teacher, my dog ..."), 0, ("the file is no notebook",)),
    Student("empty", text(""), 0, ("an empty file",)),
    Student("another JSON", text('{"cells": 3, "nbformat": 4}'), 0, ("the file is no notebook",)),
    Student("a link", link, 0, ("a link to another file",)),
    Student("nothing", nothing, 0, ("nothing was handed in",)),
]
