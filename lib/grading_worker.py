"""One student's notebook, graded by nbgrader in a process and a folder of its own.

`lib.grading` starts `python -m lib.grading_worker job.json` for each student. Nothing here knows
other students or the class's gradebook: a copy that knows only the assignment takes its place.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat

from lib import guarded
from lib.course import NOTEBOOK, Course, run_quietly

STUDENT = "student"


def limit_memory(gigabytes: float) -> None:
    """Refuse this process and all that it starts more memory, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the guard watches alone
        return
    most = int(gigabytes * 1e9)
    for kind in (resource.RLIMIT_DATA, resource.RLIMIT_AS):
        own = most if kind == resource.RLIMIT_DATA else 8 * most
        try:
            resource.setrlimit(kind, (own, own))
        except (ValueError, OSError):  # macOS refuses
            continue
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def work(job: dict[str, Any], folder: Path) -> Path:
    """Grade the notebook of a job in an empty folder; returns the graded notebook."""
    course, chapter = Course(folder, ""), job["chapter"]
    place = course.folder("submitted", chapter, STUDENT)
    place.mkdir(parents=True)
    shutil.copy(job["notebook"], place / NOTEBOOK)
    shutil.copy(job["database"], course.database)
    autograde = course.converter("Autograde", chapter, student_id=STUDENT)
    settings = autograde.config.GuardedExecute
    settings.timeout, settings.budget = job["cell_seconds"], job["seconds"]
    settings.memory = job["gigabytes"]
    if not job["run"]:
        autograde.autograde_preprocessors = guarded.WITHOUT_RUNNING
    run_quietly(autograde)
    return course.folder("autograded", chapter, STUDENT) / NOTEBOOK


def main(job_file: str) -> None:
    """Do one job; the graded notebook appears under its name when it is whole."""
    job = json.loads(Path(job_file).read_text("utf-8"))
    limit_memory(2 * job["gigabytes"])
    with tempfile.TemporaryDirectory(prefix="homework-") as folder:
        graded = work(job, Path(folder))
        result = Path(job["result"])
        part = result.with_suffix(".part")
        nbformat.write(nbformat.read(graded, as_version=4), part)
        os.replace(part, result)


if __name__ == "__main__":
    main(sys.argv[1])
