"""The course and its private variants: folders, settings, secrets."""

import os
import subprocess
import sys

import nbformat
import pytest

from lib import course
from lib.course import BOOK, Course, grading_environment, run_quietly, source_folder, work_folder


def test_the_default_course_reads_the_chapters(tmp_path):
    made = Course(tmp_path, "")
    assert made.source("01_a") == tmp_path / "chapters/01_a/homework.ipynb"
    assert made.work == tmp_path / "_build/homework"
    assert made.folder("feedback", "01_a", "ann") == made.work / "feedback/ann/01_a"
    assert made.seed == 2026
    settings = made.settings()
    assert settings.CourseDirectory.root == str(tmp_path)
    assert settings.CourseDirectory.release_directory == "_build/homework/release"
    assert settings.CourseDirectory.db_url == f"sqlite:///{made.database}"


def test_a_variant_has_its_own_folders_which_do_not_tell_the_word(tmp_path):
    made = Course(tmp_path, "oak")
    assert "oak" not in str(made.work.relative_to(tmp_path))
    assert made.work != Course(tmp_path, "elm").work != Course(tmp_path, "").work
    assert made.source("01_a").is_relative_to(made.work)
    folders = made.settings().CourseDirectory
    for name in ("release", "submitted", "autograded", "feedback", "source"):
        assert folders[f"{name}_directory"].startswith(str(work_folder("oak")))
    assert made.seed != 2026
    with grading_environment("oak"):
        assert os.environ["HOMEWORK_SEED"] == str(made.seed)


SHOW = "from lib import course; import os; print(course.WORD, os.environ.get('VARIANT'))"


def test_the_word_is_taken_out_of_the_environment():
    """Students' code must not read it."""
    call = [sys.executable, "-c", SHOW]
    told = subprocess.check_output(call, cwd=BOOK, env=os.environ | {"VARIANT": "oak"}, text=True)
    assert told.split() == ["oak", "None"]
    assert (str(source_folder("")), course.WORD) == ("chapters", "")


def test_a_variant_is_written_the_default_is_left_alone(tmp_path):
    chapter = Course().chapters()[0]
    with pytest.raises(FileNotFoundError):
        nbformat.read(Course(tmp_path, "").write_source(chapter), as_version=4)
    path = Course(tmp_path, "oak").write_source(chapter)
    assert path == Course(tmp_path, "oak").source(chapter)
    assert nbformat.read(path, as_version=4).cells


def test_what_nbgrader_says_is_shown_when_it_fails(tmp_path):
    class Failing:
        def start(self):
            raise ValueError("no such chapter")

    with pytest.raises(RuntimeError, match="nbgrader's Failing failed"):
        run_quietly(Failing())
