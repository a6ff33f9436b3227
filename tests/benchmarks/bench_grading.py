"""How fast a class is graded: a hundred students of chapter 1, one at a time for each core.

Every second student solved everything; the others have one of the kept wrong answers. The second
run finds everything done.
"""

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import nbformat

from lib.grading import Class, grade_class, summary
from lib.intake import students
from tests.homework import answers
from tests.homework.classroom import CHAPTER, new_course, solved, submit
from tests.homework.grading import grade_id


def class_of(count: int, course) -> None:
    """Hand in for everybody."""
    key, wrong = solved(course), answers(CHAPTER)[0]
    for number in range(count):
        notebook = nbformat.from_dict(key)
        if number % 2:
            answer = wrong[number % len(wrong)]
            cell = next(c for c in notebook.cells if grade_id(c) == answer.task)
            head = cell.source.split('"""')
            body = "\n    ".join(answer.lines)
            cell.source = f'{head[0]}"""{head[1]}"""\n    {body}\n'
        notebook.cells[0].source += f"\n\nStudent {number}"
        submit(course, f"student {number:03d}", notebook)


def main() -> None:
    """Print the pace of a first run and of a second one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--students", type=int, default=100)
    count, workers = parser.parse_args().students, os.cpu_count() or 1
    with TemporaryDirectory() as folder:
        course = new_course(Path(folder))
        class_of(count, course)
        for run in ("first run", "again"):
            began = monotonic()
            group = Class(course, CHAPTER)
            results = list(grade_class(group, students(course), workers))
            print(f"{run}: {summary(results, monotonic() - began, workers)}", flush=True)
        points = sorted(result.points for result in results)
        print(f"points of the tests from {points[0]:g} to {points[-1]:g}")


if __name__ == "__main__":
    main()
