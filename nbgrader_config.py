"""nbgrader's settings: the chapters are the sources, everything nbgrader writes is in _build."""

import os
import sys
import warnings

from lib.homework import set_grading_environment

BOOK = os.path.dirname(os.path.abspath(__file__))
WORK = os.path.join("_build", "homework")

c = get_config()  # noqa: F821  nbgrader defines it
os.makedirs(os.path.join(BOOK, WORK), exist_ok=True)  # sqlite makes the file, not its folder

c.CourseDirectory.course_id = "deep-generative-models"
c.CourseDirectory.root = BOOK
c.CourseDirectory.source_directory = "chapters"
c.CourseDirectory.release_directory = os.path.join(WORK, "release")
c.CourseDirectory.submitted_directory = os.path.join(WORK, "submitted")
c.CourseDirectory.autograded_directory = os.path.join(WORK, "autograded")
c.CourseDirectory.feedback_directory = os.path.join(WORK, "feedback")
c.CourseDirectory.solution_directory = os.path.join(WORK, "solution")
c.CourseDirectory.source_with_tests_directory = os.path.join(WORK, "source_with_tests")
c.CourseDirectory.db_url = "sqlite:///" + os.path.join(BOOK, WORK, "gradebook.db")

c.ExportPlugin.to = c.CsvExportPlugin.to = os.path.join(BOOK, WORK, "grades.csv")

# A chapter's folder also holds the lessons and its index page: a release has only the homework.
c.CourseDirectory.notebook_id = "homework"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "__pycache__", "*.pyc", "*.md", "[0-9]*.ipynb"]

# A test cell that a student deleted comes back before the grading; a cell may run for a minute.
c.OverwriteCells.add_missing_cells = True
c.Execute.timeout = 60
# A folder `lib` that was handed in with the notebook must not take the place of the book's.
c.Execute.extra_arguments = ["--InteractiveShellApp.ignore_cwd=True"]

if os.path.basename(sys.argv[0]).startswith("nbgrader"):  # the command, typed by a teacher
    set_grading_environment()
    warnings.filterwarnings("ignore", message="Object of type <Submitted")  # nbgrader's own
    warnings.filterwarnings("ignore", message="Cell is missing an id")  # those that it puts back
