"""Homework: comparing answers with messages that teach, and what students receive from nbgrader.

`python -m lib.homework` writes the student release of every chapter into _build/homework/release.
"""

from __future__ import annotations

import importlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

BOOK = Path(__file__).resolve().parents[1]
NAN = "look for log(0), 0/0 or inf - inf"


def compare(
    answer: Any,
    right: Any,
    what: str,
    *,
    hints: Mapping[str, Any] | None = None,
    tol: float = 1e-8,
) -> None:
    """Assert that `answer` equals `right`; a known mistake is called by its name.

    Parameters
    ----------
    answer, right : number, array, or set
        Arrays and numbers are compared to the tolerance `tol`, absolute and relative; anything
        else must be equal.
    what : str
        What was asked for, as the message calls it: "the message from node 2 to node 0".
    hints : mapping of str to value, optional
        The values that typical mistakes produce, each under the advice that mends the mistake.

    Raises
    ------
    AssertionError
        Says what is wrong: nothing returned, wrong kind, wrong shape, a known mistake, or a
        different value.
    """
    if isinstance(right, set | frozenset):
        answer = _as_set(answer, what)
    else:
        answer = as_numbers(answer, np.shape(right), what)
    if _same(answer, right, tol):
        return
    for advice, wrong in (hints or {}).items():
        assert not _same(answer, wrong, tol), f"{what}: {advice}"
    raise AssertionError(f"{what}: {_difference(answer, right)}")


def _as_set(answer: Any, what: str) -> set:
    kinds = set | frozenset | list | tuple
    assert answer is not None, f"{what}: your function returned None; end it with `return`"
    assert isinstance(answer, kinds), f"{what}: return a set, not a {type(answer).__name__}"
    try:
        return set(answer)
    except TypeError:
        raise AssertionError(f"{what}: the set holds lists or sets; return it flat") from None


def as_bool(answer: Any, what: str) -> bool:
    """The answer as True or False; AssertionError when it is something else."""
    assert answer is not None, f"{what}: your function returned None; end it with `return`"
    kind = type(answer).__name__
    assert kind in ("bool", "bool_"), f"{what}: return True or False, not a {kind}"
    return bool(answer)


def as_numbers(answer: Any, shape: tuple[int, ...], what: str, nan: str = NAN) -> np.ndarray:
    """The answer as an array of floats; AssertionError when it is none of this shape.

    `nan` is the advice for an answer that holds a nan.
    """
    assert answer is not None, f"{what}: your function returned None; end it with `return`"
    try:
        numbers = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        kind = type(answer).__name__
        raise AssertionError(f"{what}: return numbers, not a {kind}") from None
    assert numbers.shape == shape, f"{what}: the shape is {numbers.shape}, it should be {shape}"
    assert not np.isnan(numbers).any(), f"{what}: there is a nan; {nan}"
    return numbers


def _same(answer: Any, right: Any, tol: float) -> bool:
    if isinstance(answer, set):
        return isinstance(right, set | frozenset) and answer == right
    return answer.shape == np.shape(right) and np.allclose(answer, right, rtol=tol, atol=tol)


def _difference(answer: Any, right: Any) -> str:
    if isinstance(answer, set):
        extra, missing = sorted(answer - right, key=str), sorted(right - answer, key=str)
        return f"not in the right answer: {extra}; missing: {missing}"
    if answer.ndim == 0:
        return f"you have {answer:.6g}, it should be {float(right):.6g}"
    gap = np.abs(answer - np.asarray(right, dtype=float))
    at = tuple(int(k) for k in np.unravel_index(np.argmax(gap), gap.shape))
    return f"entry {at} is {answer[at]:.6g}, it should be {np.asarray(right)[at]:.6g}"


def student_version(text: str) -> str:
    """The notebook that students receive, made in memory from the text of nbgrader's source.

    Solutions, hidden tests, marking schemes and outputs are gone, test cells are locked; the cells
    are those that nbgrader itself releases. MyST-NB is told not to execute it.
    """
    import nbformat

    notebook = nbformat.reads(text, as_version=4)
    config = settings()
    for step in nbgrader("converters").GenerateAssignment(config=config).preprocessors:
        if step.__name__ not in ("IncludeHeaderFooter", "InstantiateTests", "SaveCells"):
            notebook, _ = step(config=config).preprocess(notebook, {})
    notebook.metadata["mystnb"] = {"execution_mode": "off"}
    return nbformat.writes(notebook) + "\n"


def nbgrader(module: str) -> ModuleType:
    """A module of nbgrader, imported when it is needed and without its deprecation warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(f"nbgrader.{module}")


def settings(root: Path = BOOK) -> Any:
    """nbgrader's settings from nbgrader_config.py, for the course in the folder `root`."""
    from traitlets.config.loader import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(BOOK)).load_config()
    config.CourseDirectory.root = str(root)
    work = Path(root, config.CourseDirectory.release_directory).parent
    config.CourseDirectory.db_url = f"sqlite:///{work / 'gradebook.db'}"
    return config


def converter(kind: str, chapter: str, root: Path = BOOK, **course: str) -> Any:
    """One of nbgrader's converters ("GenerateAssignment", "Autograde", ...) for one chapter.

    `course` overrides attributes of nbgrader's CourseDirectory (`student_id`, ...).
    """
    config = settings(root)
    Path(config.CourseDirectory.db_url.removeprefix("sqlite:///")).parent.mkdir(
        parents=True, exist_ok=True
    )
    directory = nbgrader("coursedir").CourseDirectory(
        config=config, assignment_id=chapter, **course
    )
    made = getattr(nbgrader("converters"), kind)(coursedir=directory, config=config)
    made.force = True
    return made


def set_grading_environment() -> None:
    """Set what nbgrader and the kernels that it starts need.

    PATH holds this Python's folder, because nbgrader calls `alembic` by name. PYTHONPATH holds the
    book, so that the checks are this copy's, whatever else is installed. Warnings are silent,
    because nbgrader gives no points to a test cell with a line on stderr. HOMEWORK_SEED is not the
    students' 1, so that numbers copied from a visible test are of no use; a value that is already
    set stays.
    """
    first = {"PATH": str(Path(sys.executable).parent), "PYTHONPATH": str(BOOK)}
    for name, folder in first.items():
        rest = [old for old in os.environ.get(name, "").split(os.pathsep) if old]
        os.environ[name] = os.pathsep.join([folder, *rest])
    os.environ["PYTHONWARNINGS"] = "ignore"
    os.environ.setdefault("HOMEWORK_SEED", "2026")


@contextmanager
def grading_environment() -> Iterator[None]:
    """The environment of `set_grading_environment`, and afterwards the one before."""
    before = dict(os.environ)
    set_grading_environment()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run_quietly(converter: Any) -> None:
    """Start a converter of nbgrader; what it logs is shown only when it fails.

    Raises
    ------
    RuntimeError
        The conversion failed; the message ends with nbgrader's log.
    """
    log, lines = logging.getLogger("traitlets"), io.StringIO()
    handler, propagate = logging.StreamHandler(lines), log.propagate
    log.addHandler(handler)
    log.propagate = False
    try:
        with warnings.catch_warnings(), grading_environment():
            warnings.simplefilter("ignore")
            converter.start()
    except Exception as error:
        name = type(converter).__name__
        raise RuntimeError(f"nbgrader's {name} failed:\n{lines.getvalue()}") from error
    finally:
        log.removeHandler(handler)
        log.propagate = propagate


def chapters(root: Path = BOOK) -> list[str]:
    """Names of the chapters' folders that have a homework."""
    return sorted(path.parent.name for path in Path(root, "chapters").glob("*/homework.ipynb"))


def failing_tests(notebook: Path) -> list[str]:
    """What the failing tests of a notebook say, when nbgrader's validator runs it."""
    validator = nbgrader("validator").Validator(config=settings())
    with warnings.catch_warnings(), grading_environment():
        warnings.simplefilter("ignore")
        found = validator.validate(str(notebook))
    return [failure["raw_error"] for failure in found.get("failed", [])]


def release(chapter: str, root: Path = BOOK) -> Path:
    """Write and check the student release of one chapter; returns the notebook's path.

    Raises
    ------
    RuntimeError
        nbgrader failed, or the release still shows a solution or a hidden test.
    """
    made = converter("GenerateAssignment", chapter, root)
    run_quietly(made)
    path = Path(made.coursedir.format_path(made.coursedir.release_directory, ".", chapter))
    path = (path / "homework.ipynb").resolve()
    for marker in ("BEGIN SOLUTION", "BEGIN HIDDEN TESTS", "BEGIN MARK SCHEME"):
        if marker in path.read_text("utf-8"):
            raise RuntimeError(f"{path} still has {marker!r}: give it to nobody")
    return path


def main() -> int:
    """Write and check every release and say where it is; the exit code is 1 when one fails."""
    names, failed = chapters(), False
    for number, name in enumerate(names, 1):
        print(f"[{number}/{len(names)}] {name}: running the reference ...", flush=True)
        try:
            errors = failing_tests(BOOK / "chapters" / name / "homework.ipynb")
            if errors:
                raise RuntimeError("the reference solution fails:\n" + "\n".join(errors))
            print(f"      for students: {release(name).relative_to(BOOK)}")
        except RuntimeError as error:
            print(f"      {error}", file=sys.stderr)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
