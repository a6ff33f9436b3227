"""nbgrader's settings: the chapters are the sources, everything nbgrader writes is in _build.

With VARIANT=<secret word> in the environment, the sources are those that `make homework` wrote for
that word, and everything is in a folder of its own.
"""

import os
import sys
import warnings

from lib import guarded
from lib.course import set_grading_environment, source_folder, work_folder

BOOK = os.path.dirname(os.path.abspath(__file__))
WORK = str(work_folder())

c = get_config()  # noqa: F821  nbgrader defines it
os.makedirs(os.path.join(BOOK, WORK), exist_ok=True)  # sqlite makes the file, not its folder

c.CourseDirectory.course_id = "deep-generative-models"
c.CourseDirectory.root = BOOK
c.CourseDirectory.source_directory = str(source_folder())
c.CourseDirectory.release_directory = os.path.join(WORK, "release")
c.CourseDirectory.submitted_directory = os.path.join(WORK, "submitted")
c.CourseDirectory.autograded_directory = os.path.join(WORK, "autograded")
c.CourseDirectory.feedback_directory = os.path.join(WORK, "feedback")
c.CourseDirectory.solution_directory = os.path.join(WORK, "solution")
c.CourseDirectory.source_with_tests_directory = os.path.join(WORK, "source_with_tests")
c.CourseDirectory.db_url = "sqlite:///" + os.path.join(BOOK, WORK, "gradebook.db")

# `nbgrader zip_collect` reads what a learning platform offers as one zip: ann_homework.ipynb, ...
c.ZipCollectApp.downloaded_directory = os.path.join(WORK, "downloaded")
c.FileNameCollectorPlugin.named_regexp = r".*?(?P<student_id>[^/\\_]+)_(?P<file_id>[^/\\]*)$"

c.ExportPlugin.to = c.CsvExportPlugin.to = os.path.join(BOOK, WORK, "grades.csv")

# A chapter's folder also holds the lessons and its index page: a release has only the homework.
c.CourseDirectory.notebook_id = "homework"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "__pycache__", "*.pyc", "*.md", "[0-9]*.ipynb"]

# A test cell that a student deleted comes back before the grading; a cell may run for a minute.
c.OverwriteCells.add_missing_cells = True
c.Autograde.autograde_preprocessors = guarded.STEPS
c.GuardedExecute.timeout = 60
# A folder `lib` that was handed in with the notebook must not take the place of the book's.
c.Execute.extra_arguments = ["--InteractiveShellApp.ignore_cwd=True"]
# What students get back shows messages, not hidden tests.
c.GenerateFeedback.preprocessors = guarded.FEEDBACK

if os.path.basename(sys.argv[0]).startswith("nbgrader"):  # the command, typed by a teacher
    set_grading_environment()
    warnings.filterwarnings("ignore", message="Object of type <Submitted")  # nbgrader's own
    warnings.filterwarnings("ignore", message="Cell is missing an id")  # those that it puts back
