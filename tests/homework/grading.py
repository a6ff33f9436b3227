"""Fill in a homework and grade it in this process, with the points that nbgrader would give.

Starting a kernel for each of a hundred wrong answers takes minutes; running the cells here takes
seconds. What decides about points is nbgrader's own `determine_grade`.
A slow test compares both ways.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import symtable
import traceback
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType
from unittest import mock

import nbformat
from nbformat.v4 import new_output

from lib.course import nbgrader
from tests.homework import Answer

nbgrader_utils = nbgrader("utils")

SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Grade:
    """What one test cell gave: points, possible points, kind of error, its message."""

    points: float
    possible: float
    error: str = ""
    message: str = ""


def read(path: Path) -> nbformat.NotebookNode:
    """The notebook in a file."""
    return nbformat.read(path, as_version=4)


def grade_id(cell: nbformat.NotebookNode) -> str:
    """nbgrader's name of a cell, or an empty string."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def filled(source: nbformat.NotebookNode, *given: Answer) -> nbformat.NotebookNode:
    """A copy of a source notebook in which `given` takes the place of reference solutions."""
    notebook = nbformat.from_dict(source)
    for answer in given:
        cell = next(c for c in notebook.cells if grade_id(c) == answer.task)
        if len(SOLUTION.findall(cell.source)) != 1:
            raise ValueError(f"cell {answer.task!r} needs exactly one solution region")
        cell.source = SOLUTION.sub(lambda m, a=answer: _indented(a.lines, m[1]), cell.source)
    return notebook


def _indented(lines: list[str], indent: str) -> str:
    return "\n".join(indent + line if line else line for line in lines)


def grade(
    notebook: nbformat.NotebookNode, seed: int, only: set[str] | None = None
) -> dict[str, Grade]:
    """Run every code cell, errors included, and return the grade of every automatic test.

    With `only`, the tests of these names and the cells that they depend on.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    with mock.patch.dict(os.environ, HOMEWORK_SEED=str(seed)):
        namespace: dict = {"__name__": "__main__"}
        grades = {}
        for cell in cells if only is None else needed(cells, only):
            outputs = run_cell(cell.source, namespace)
            if nbgrader_utils.is_grade(cell):
                grades[grade_id(cell)] = _grade(cell, outputs)
    return grades


def needed(cells: list, tests: set[str]) -> list:
    """The tests of these names, and in front of them the cells that bind what they use."""
    kept, wanted = [], set()
    for cell in reversed(cells):
        is_test = nbgrader_utils.is_grade(cell)
        bound, used = names(cell.source)
        if grade_id(cell) in tests if is_test else bound & wanted:
            kept.insert(0, cell)
            wanted |= used
    return kept


@cache
def names(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names that a cell binds, and all that it or its functions look up among globals."""
    bound, used = set(), set()
    tables = [symtable.symtable(source, "<cell>", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        top = table.get_type() == "module"
        for symbol in table.get_symbols():
            here = top or symbol.is_global()
            if here and (symbol.is_assigned() or symbol.is_imported()):
                bound.add(symbol.get_name())
            if here and symbol.is_referenced():
                used.add(symbol.get_name())
    return frozenset(bound), frozenset(used)


def _grade(cell: nbformat.NotebookNode, outputs: list[nbformat.NotebookNode]) -> Grade:
    done = nbformat.from_dict(dict(cell, outputs=outputs))
    points, possible = nbgrader_utils.determine_grade(done)
    error = next((o for o in outputs if o.output_type == "error"), {})
    return Grade(points, possible, error.get("ename", ""), error.get("evalue", ""))


def run_cell(source: str, namespace: dict) -> list[nbformat.NotebookNode]:
    """Execute one cell as a kernel does; returns its outputs."""
    printed, complaints, outputs = io.StringIO(), io.StringIO(), []
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complaints):
        try:
            value = _execute(source, namespace)
        except Exception as error:
            trace = traceback.format_exc().splitlines()
            name = type(error).__name__
            outputs.append(new_output("error", ename=name, evalue=str(error), traceback=trace))
        else:
            if value is not None:
                data = {"text/plain": repr(value)}
                outputs.append(new_output("execute_result", data=data))
    for name, stream in (("stdout", printed), ("stderr", complaints)):
        if stream.getvalue():
            outputs.insert(0, new_output("stream", name=name, text=stream.getvalue()))
    return outputs


def _execute(source: str, namespace: dict) -> object:
    """Run the statements of a cell; the value of its last expression, if it ends in one."""
    statements, last = _compiled(source)
    exec(statements, namespace)
    return None if last is None else eval(last, namespace)


@cache
def _compiled(source: str) -> tuple[CodeType, CodeType | None]:
    """A cell, graded for several seeds, is compiled once: its statements, its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    statements = compile(tree, "<cell>", "exec")
    return statements, last and compile(ast.Expression(last.value), "<cell>", "eval")
