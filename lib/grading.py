"""Grade a class: every notebook in a process of its own, several at a time, none lost.

`python -m lib.grading 01_graphical_models` (or `make grade CHAPTER=01_graphical_models`) reads all
submissions of a chapter, runs them under limits, enters the points into nbgrader's gradebook and
writes a report. What was graded and has not changed is not run again, so a run that was stopped
goes on where it was.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import nbformat
import psutil
from tqdm import tqdm

from lib import handout
from lib.course import BOOK, NOTEBOOK, Course, grading_environment, nbgrader
from lib.guarded import end
from lib.intake import HandedIn, hand_in, students


@dataclass(frozen=True)
class Limits:
    """What one notebook may use: seconds a cell, seconds in all, gigabytes of memory."""

    cell_seconds: int = 60
    seconds: int = 600
    gigabytes: float = 4.0


@dataclass
class Result:
    """What became of one student's notebook."""

    student: str
    key: str
    seconds: float = 0.0
    points: float = 0.0
    possible: float = 0.0
    by_hand: float = 0.0
    remarks: list[str] = field(default_factory=list)


class Class:
    """The submissions of one chapter, and where everything about their grading is kept."""

    def __init__(self, course: Course, chapter: str, limits: Limits | None = None):
        self.course, self.chapter, self.limits = course, chapter, limits or Limits()
        self.folder = course.work / "graded" / chapter
        if chapter not in course.chapters():
            raise ValueError(f"no homework of {chapter!r}; there are {course.chapters()}")
        if not (course.folder("release", chapter) / NOTEBOOK).exists() or not self._known():
            raise ValueError(f"{chapter} has not been handed out: run `make homework` first")
        self.state = self._state()

    def _known(self) -> bool:
        """Whether the gradebook knows the points of this chapter."""
        if not self.course.database.exists():
            return False
        with self.course.gradebook() as book:
            return any(assignment.name == self.chapter for assignment in book.assignments)

    def _state(self) -> str:
        """Changes when the homework, the checks, the seed or the limits change."""
        files = [self.course.source(self.chapter), *sorted((BOOK / "lib").rglob("*.py"))]
        parts = [file.read_bytes() for file in files]
        parts.append(repr((self.course.seed, self.limits)).encode())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    def files(self, student: str) -> tuple[Path, Path]:
        """Where a student's graded notebook and its record are."""
        return self.folder / f"{student}.ipynb", self.folder / f"{student}.json"

    def done(self, given: HandedIn) -> Result | None:
        """The result of an earlier run, if nothing has changed since."""
        notebook, record = self.files(given.student)
        try:
            result = Result(**json.loads(record.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return result if notebook.exists() and result.key == self.key(given) else None

    def key(self, given: HandedIn) -> str:
        """What a result depends on."""
        text = json.dumps([[c.cell_type, c.source] for c in given.notebook.cells])
        return hashlib.sha256(f"{self.state}\n{text}\n{given.remarks}".encode()).hexdigest()

    def result(self, given: HandedIn) -> Result:
        """What becomes of a notebook; one that cannot be graded stops nobody else's grading."""
        try:
            return self.grade(given)
        except Exception as error:
            for file in self.files(given.student):
                file.unlink(missing_ok=True)
            why = f"grade this by hand: {type(error).__name__}: {error}"
            return Result(given.student, "", remarks=[*given.remarks, why])

    def grade(self, given: HandedIn) -> Result:
        """Run one notebook in a process of its own."""
        began, remarks = monotonic(), list(given.remarks)
        notebook, record = self.files(given.student)
        self.folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="class-") as folder:
            why = self._work(given, Path(folder), notebook, run=True)
            if why:
                remarks.append(f"not run to its end: {why}")
                why = self._work(given, Path(folder), notebook, run=False)
            if why:
                raise RuntimeError(f"{given.student}: nbgrader cannot read the release: {why}")
        graded = nbformat.read(notebook, as_version=4)
        remarks += graded.metadata.get("grading", {}).get("remarks", [])
        result = Result(given.student, self.key(given), monotonic() - began, remarks=remarks)
        for points, possible in scores(graded):
            result.possible += possible
            result.points += points or 0
            result.by_hand += possible if points is None else 0
        part = record.with_suffix(".part")
        part.write_text(json.dumps(asdict(result), indent=1), "utf-8")
        os.replace(part, record)
        return result

    def _work(self, given: HandedIn, folder: Path, result: Path, run: bool) -> str:
        """Let a worker grade a notebook; returns why it could not, or nothing."""
        result.unlink(missing_ok=True)
        nbformat.write(given.notebook, folder / NOTEBOOK)
        job = asdict(self.limits) | {"chapter": self.chapter, "run": run, "result": str(result)}
        job |= {"notebook": str(folder / NOTEBOOK), "database": str(self.assignment())}
        (folder / "job.json").write_text(json.dumps(job), "utf-8")
        command = [sys.executable, "-m", "lib.grading_worker", str(folder / "job.json")]
        with subprocess.Popen(
            command, cwd=folder, env=os.environ | {"OMP_NUM_THREADS": "1"}, text=True,
            start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            try:
                _, said = process.communicate(timeout=1.5 * self.limits.seconds + 60)
            except subprocess.TimeoutExpired:
                end_session(process)
                return f"no end after {1.5 * self.limits.seconds + 60:.0f} seconds"
        if process.returncode or not result.exists():
            return (said.strip().split("\n") or [""])[-1][:200] or f"exit {process.returncode}"
        return ""

    def assignment(self) -> Path:
        """A gradebook that knows this assignment and nobody, made once."""
        path = self.folder / f"assignment-{self.state[:8]}.db"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix="assignment-") as folder:
                empty = Course(Path(folder), "")
                source = empty.source(self.chapter)
                source.parent.mkdir(parents=True)
                source.write_bytes(self.course.source(self.chapter).read_bytes())
                handout.release(empty, self.chapter)
                part = path.with_suffix(".part")
                part.write_bytes(empty.database.read_bytes())
                os.replace(part, path)
        return path

    def enter(self, result: Result) -> None:
        """Write a result into the class's gradebook and put the notebook where nbgrader has it."""
        place = self.course.folder("autograded", self.chapter, result.student)
        place.mkdir(parents=True, exist_ok=True)
        graded = nbformat.read(self.files(result.student)[0], as_version=4)
        handed = self.course.folder("submitted", self.chapter, result.student)
        when = self._time(handed)
        for name in ("timestamp.txt", "submission_secret.txt"):  # nbgrader's exchange wants them
            if (handed / name).is_file():
                shutil.copy(handed / name, place)
        with self.course.gradebook() as book:
            book.update_or_create_student(result.student)
            more = {"timestamp": when} if when else {}
            book.update_or_create_submission(self.chapter, result.student, **more)
        resources = {"nbgrader": {"student": result.student, "assignment": self.chapter}}
        resources["nbgrader"] |= {
            "notebook": Path(NOTEBOOK).stem,
            "db_url": f"sqlite:///{self.course.database}",
        }
        preprocessors = nbgrader("preprocessors")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for step in (preprocessors.SaveAutoGrades, preprocessors.AssignLatePenalties):
                step(config=self.course.settings()).preprocess(graded, resources)
        nbformat.write(graded, place / NOTEBOOK)

    def _time(self, folder: Path) -> object:
        """When a notebook was handed in, if nbgrader or its exchange has noted it."""
        directory = self.course.converter("Autograde", self.chapter).coursedir
        return directory.get_existing_timestamp(str(folder))


def end_session(process: subprocess.Popen) -> None:
    """Kill a process that was started in a session of its own, with all that is in it."""
    end(psutil.Process(process.pid))  # kernels have sessions of their own
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError):
        process.kill()
    process.wait()


def scores(graded: nbformat.NotebookNode) -> Iterator[tuple[float | None, float]]:
    """Points and possible points of each graded cell; None where a person must read."""
    utils = nbgrader("utils")
    for cell in graded.cells:
        if utils.is_grade(cell):
            yield utils.determine_grade(cell)


def grade_class(
    group: Class, names: list[str], workers: int, progress: bool = True, enter: bool = True
) -> Iterator[Result]:
    """Grade students, `workers` at a time; each result comes when it is in the gradebook.

    With `enter=False` it stays out of the gradebook, for a run on one of several machines.
    """
    group.assignment()
    given = [hand_in(group.course, group.chapter, student) for student in names]
    with (
        grading_environment(group.course.word),
        ThreadPoolExecutor(workers) as pool,
        tqdm(total=len(given), unit="notebook", disable=not progress) as bar,
    ):
        waiting = []
        for each in given:
            earlier = group.done(each)
            if earlier is None:
                waiting.append(pool.submit(group.result, each))
                continue
            if enter:
                group.enter(earlier)
            bar.update()
            yield earlier
        for job in as_completed(waiting):
            result = job.result()
            if enter and group.files(result.student)[1].exists():
                group.enter(result)
            bar.update()
            yield result


def write_report(group: Class, results: list[Result]) -> Path:
    """A table of everybody, with remarks, as CSV; returns the file."""
    path = group.course.work / f"report-{group.chapter}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["student", "points of tests", "to grade by hand", "seconds", "remarks"])
        for r in sorted(results, key=lambda r: r.student):
            row = [r.student, f"{r.points:g}", f"{r.by_hand:g}", f"{r.seconds:.1f}"]
            table.writerow([*row, "; ".join(r.remarks)])
    return path


def share(names: list[str], part: str) -> list[str]:
    """The students of one part: "2/5" is the second fifth of the class.

    Raises
    ------
    ValueError
        `part` is not of this form.
    """
    number, _, of = part.partition("/")
    if not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
        raise ValueError(f"a part is written 2/5, the second of five, not {part!r}")
    return names[int(number) - 1 :: int(of)]


def main(arguments: list[str] | None = None, course: Course | None = None) -> int:
    """The command line; the exit code is 2 for a call that cannot be taken."""
    parser = argparse.ArgumentParser("python -m lib.grading", description=__doc__.split("\n")[0])
    parser.add_argument("chapter", help="folder of the chapter: 01_graphical_models")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--part", default="1/1", help="on several machines: 2/5, ...")
    parser.add_argument("--only-run", action="store_true", help="leave the gradebook alone")
    for name, value in asdict(Limits()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    options = parser.parse_args(arguments)
    limits = Limits(options.cell_seconds, options.seconds, options.gigabytes)
    began = monotonic()
    try:
        group = Class(course or Course(), options.chapter, limits)
        names = share(students(group.course), options.part)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    results = list(grade_class(group, names, options.workers, enter=not options.only_run))
    print(summary(results, monotonic() - began, options.workers))
    if not options.only_run:
        print(f"report: {write_report(group, results)}")
    return 0


def summary(results: list[Result], seconds: float, workers: int) -> str:
    """How many were graded, how fast, and how many have remarks."""
    count, noted = len(results), sum(bool(r.remarks) for r in results)
    pace = 60 * count / seconds
    return (
        f"{count} notebooks in {seconds:.0f} seconds, {workers} at a time: {pace:.0f} a minute; "
        f"{noted} with remarks"
    )


if __name__ == "__main__":
    sys.exit(main())
