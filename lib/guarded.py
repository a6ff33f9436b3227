"""Running a homework that may do anything, so that one bad cell costs one cell.

These preprocessors take the place of nbgrader's `Execute` (`nbgrader_config.py` names them). A
kernel that hangs, dies or eats the memory is replaced, and the harmless cells before run again. A
test that still passes after the student's answers were spoiled has been tampered with. And what a
student gets back shows what the tests said, not what they do.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from threading import Event, Thread
from time import monotonic
from typing import Any

import numpy as np
import psutil
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from traitlets import Float, Integer

from lib.canary import RESTORE, spoil
from lib.course import nbgrader
from lib.intake import defined

steps, utils = nbgrader("preprocessors"), nbgrader("utils")
HIDDEN = re.compile(r"^ *### BEGIN HIDDEN TESTS\n.*?^ *### END HIDDEN TESTS\n?", re.DOTALL | re.M)


class GuardedExecute(steps.Execute):
    """Run a notebook cell by cell under limits of time, memory and output."""

    budget = Integer(600, help="Seconds for the whole notebook.").tag(config=True)
    memory = Float(4.0, help="Gigabytes that a kernel and what it starts may hold.").tag(
        config=True
    )
    most_output = Integer(200_000, help="Characters kept of what one cell prints.").tag(config=True)
    restarts = Integer(3, help="How often a kernel may be replaced.").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: Any = None, km: Any = None
    ) -> tuple[NotebookNode, Any]:
        """Run the notebook; what had to be done is in its metadata under `grading`."""
        self.shutdown_kernel, self.skip_cells_with_tag = "immediate", ""
        self.ends, self.harmless, self.remarks = monotonic() + self.budget, [], []
        for cell in nb.cells:
            cell.metadata.pop("tags", None)  # "skip-execution" would make a test pass
        finished = Event()
        Thread(target=self._watch, args=(finished,), daemon=True).start()
        try:
            nb, resources = super().preprocess(nb, resources, km)
        finally:
            finished.set()
        nb.metadata.setdefault("grading", {})["remarks"] = self.remarks
        return nb, resources

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        """Run one cell; a test that passes is asked again with spoiled answers."""
        self._check_assign_resources(resources)
        if cell.cell_type != "code" or not cell.source.strip():
            return cell, resources
        if utils.is_grade(cell) and not self._seeded(index):
            stop(cell, "TamperedTest", "random numbers do not follow the tests' seed any more")
            self.remark("the random numbers of the tests have been replaced")
            return cell, resources
        ran = self._run(cell, index)
        if utils.is_grade(cell):
            if ran and not errors(cell):
                self._ask_again(cell, index)
            cell.outputs = [plain(o) for o in cell.outputs if o.output_type != "execute_result"]
        elif ran:
            self.harmless.append(cell.source)
        return cell, resources

    def _run(self, cell: NotebookNode, index: int) -> bool:
        """Whether a cell ran and left a kernel that answers."""
        self.printed = 0
        if monotonic() > self.ends:
            stop(cell, "OutOfTime", f"the notebook used up its {self.budget} seconds")
            self.remark(f"out of time: more than {self.budget} seconds")
            return False
        try:
            self.execute_cell(cell, index, store_history=True)
        except DeadKernelError:
            stop(cell, "KernelDied", "this cell ended Python: too much memory, exit, or a crash")
            self.remark(f"cell {index + 1}: it ended Python")
            self._restart()
            return False
        except CellTimeoutError:  # it does not even end when it is interrupted
            hangs = True
        else:
            hangs = "CellTimeoutError" in errors(cell)
        if hangs:
            stop(cell, "CellTimeoutError", f"no end after {self.timeout} seconds")
            self.remark(f"cell {index + 1}: no end after {self.timeout} seconds")
        full = "MemoryError" in errors(cell)  # and the error holds on to what filled the memory
        if full:
            self.remark(f"cell {index + 1}: out of memory")
        if full or (hangs and not run_sync(self._answers)()):
            self._restart()
        return not hangs and not full

    def _seeded(self, index: int) -> bool:
        """Give the tests their seed again; whether random numbers follow it."""
        seed = int(os.environ.get("HOMEWORK_SEED", "1"))
        expected = np.random.default_rng([seed, index]).random()
        code = f"import numpy\n\nSEED = {seed}\n"
        code += f"assert numpy.random.default_rng([SEED, {index}]).random() == {expected!r}"
        try:
            return monotonic() > self.ends or not errors(self._aside(code, index))
        except (DeadKernelError, CellTimeoutError):
            self._restart()
            return False

    async def _answers(self, patience: float = 3.0) -> bool:
        """Whether the kernel answers a question."""
        asked, ends = self.kc.kernel_info(), monotonic() + patience
        while monotonic() < ends:
            try:
                reply = await self.kc.shell_channel.get_msg(timeout=ends - monotonic())
            except Exception:  # `queue.Empty`: no answer in time
                return False
            if reply["parent_header"].get("msg_id") == asked:
                return True
        return False

    def _restart(self) -> None:
        """Start a new kernel and run the cells again that did no harm."""
        self.restarts -= 1
        if self.restarts < 0:
            self.ends = 0.0
        end(self.kernel())
        self._cleanup_kernel()
        self.create_kernel_manager()
        self.start_new_kernel()
        self.start_new_kernel_client()
        try:
            for source in self.harmless:
                if monotonic() < self.ends:
                    self._aside(source, 0)
        except (DeadKernelError, CellTimeoutError):  # harmless once, and not now
            self.remark("a cell that had run ended Python when it ran again")
            self.ends = 0.0

    def _ask_again(self, cell: NotebookNode, index: int) -> None:
        """Take the points of a test that also passes with spoiled answers."""
        test = cell.metadata.nbgrader.grade_id
        for kind in ("nothing", "others"):
            try:
                failed = self._fails(cell.source, kind, index)
            except (DeadKernelError, CellTimeoutError):
                self._restart()
                failed = kind == "others"  # then it was the student's function that ran
                self.remark(f"look at this: Python ended when test {test} was asked again")
            if not failed:
                stop(cell, "TamperedTest", "this test passes whatever your functions return")
                self.remark(f"test {test} passes without an answer")
                return

    def _fails(self, test: str, kind: str, index: int) -> bool:
        """Whether a test fails, as it should, while the student's functions are spoiled."""
        code = spoil(self.functions(), kind)
        if errors(self._aside(code, index)):
            self._restart()  # a kernel that can do nothing; a new one asks once more
            if errors(self._aside(code, index)):
                return False
        failed = errors(self._aside(test, index))
        self._aside(RESTORE, index)
        return bool(failed)

    def _aside(self, code: str, index: int) -> NotebookNode:
        """Run code that is no cell of the notebook."""
        cell, self.printed = self.nb.cells[index], 0
        try:
            return self.execute_cell(new_code_cell(code), index, store_history=False)
        finally:
            self.nb.cells[index] = cell  # the client puts what it runs into the notebook

    def functions(self) -> list[str]:
        """Names of the functions and classes that solution cells should define."""
        if "functions" in self.nb.metadata.get("grading", {}):
            return self.nb.metadata.grading.functions  # those of the release
        cells = [c for c in self.nb.cells if c.cell_type == "code" and utils.is_solution(c)]
        return sorted({name for cell in cells for name in defined(cell.source)})

    def remark(self, text: str) -> None:
        """Keep a remark for the report, once."""
        if text not in self.remarks:
            self.remarks.append(text)

    def output(self, outs: list, msg: dict, display_id: str, cell_index: int) -> Any:
        """Keep an output unless the cell has printed enough."""
        self.printed += len(str(msg["content"]))
        return super().output(outs, msg, display_id, cell_index) if self.roomy() else None

    def roomy(self) -> bool:
        """Whether the cell may print more."""
        return self.printed <= self.most_output

    def kernel(self) -> psutil.Process | None:
        """The kernel's process, if there is one."""
        pid = getattr(getattr(self.km, "provisioner", None), "pid", None)
        return psutil.Process(pid) if pid and psutil.pid_exists(pid) else None

    def _watch(self, finished: Event) -> None:
        """End a kernel that holds too much memory, with all that it started."""
        while not finished.wait(0.2):
            try:
                kernel = self.kernel()
                if kernel and held(kernel) > self.memory * 1e9:
                    self.remark(f"more than {self.memory:g} GB of memory")
                    end(kernel)
            except psutil.Error:  # it ended meanwhile
                continue


class RunNothing(steps.NbGraderPreprocessor):
    """In place of running a notebook: every test fails, words stay for the teacher."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        """Give a test cell an error."""
        if cell.cell_type == "code":
            stop(cell, "NotRun", "the notebook could not be run; see the report")
        return cell, resources


class HideTests(steps.NbGraderPreprocessor):
    """For feedback: no hidden tests, and of an error only what it says."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        """Shorten one cell."""
        cell.source = HIDDEN.sub("", cell.source)
        for output in cell.get("outputs", []):
            if output.output_type == "error" and utils.is_grade(cell):
                output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources


def errors(cell: NotebookNode) -> list[str]:
    """Kinds of errors that a cell ended with."""
    return [o.ename for o in cell.get("outputs", []) if o.output_type == "error"]


def stop(cell: NotebookNode, kind: str, why: str) -> None:
    """Leave an error as the cell's last output."""
    kept = [o for o in cell.get("outputs", []) if o.output_type == "stream"]
    cell.outputs = [
        *kept,
        new_output("error", ename=kind, evalue=why, traceback=[f"{kind}: {why}"]),
    ]


def plain(output: NotebookNode) -> NotebookNode:
    """An output that costs no points: nbgrader takes them for a line on stderr."""
    if output.output_type == "stream":
        output.name = "stdout"
    return output


def held(process: psutil.Process) -> int:
    """Bytes of memory that a process and all that it started hold."""
    family = [process, *process.children(recursive=True)]
    return sum(each.memory_info().rss for each in family)


def end(process: psutil.Process | None) -> None:
    """Kill a process and all that it started."""
    with suppress(psutil.NoSuchProcess):
        for each in [*process.children(recursive=True), process] if process else []:
            with suppress(psutil.NoSuchProcess):
                each.kill()


# What nbgrader does with a submission, in order, once its cells have been made sure of.
STEPS = [
    GuardedExecute,
    steps.IgnorePattern,
    steps.LimitOutput,
    steps.SaveAutoGrades,
    steps.AssignLatePenalties,
    steps.CheckCellMetadata,
]
WITHOUT_RUNNING = [RunNothing, *STEPS[1:]]
FEEDBACK = [
    steps.GetGrades,
    HideTests,
    nbgrader("converters.generate_feedback").CSSHTMLHeaderPreprocessor,
]
