"""Notebooks run several at a time, each once, into MyST-NB's cache."""

import json
import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyter_cache import get_cache
from myst_nb.core.config import NbParserConfig
from myst_parser.config.main import MdParserConfig

from lib import execution

BOOK = Path(__file__).resolve().parents[1]
PAGE = """---
file_format: mystnb
kernelspec: {{name: python3}}
---
# A page of {seconds} seconds to run

```{{code-cell}}
{code}
```
"""


class Book:
    """A folder of small pages, as Sphinx's environment describes it."""

    def __init__(self, folder):
        self.folder = folder
        self.myst_config = MdParserConfig()
        self.mystnb_config = NbParserConfig(
            execution_mode="cache",
            execution_cache_path=str(folder / "cache"),
            execution_excludepatterns=["*/left_out.md"],
        )

    def doc2path(self, name):
        return str(self.folder / f"{name}.md")

    def write(self, name, code, seconds=0):
        page = PAGE.format(code=code, seconds=seconds)
        (self.folder / f"{name}.md").write_text(page)

    def outputs(self, name):
        """What the first code cell printed, by the name of its page."""
        cache = get_cache(self.mystnb_config.execution_cache_path)
        records = {os.path.basename(r.uri): r.pk for r in cache.list_cache_records()}
        cells = cache.get_cache_bundle(records[f"{name}.md"]).nb.cells
        return next(c.outputs[0].text for c in cells if c.cell_type == "code")


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path)


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


def names_of_changed(book, names):
    return list(execution.changed_notebooks(book, names))


def test_long_ones_come_first_and_plain_or_excluded_pages_not_at_all(book):
    for name, seconds in (("short", 5), ("long", 40), ("unstated", 0), ("left_out", 99)):
        book.write(name, "1", seconds)
    (book.folder / "prose.md").write_text("# No code")
    names = ["short", "prose", "long", "left_out", "unstated"]
    # The cache knows notebooks by their code: each needs its own.
    assert names_of_changed(book, names) == ["long", "short", "unstated"]


def test_the_notebooks_of_the_book_are_all_told_the_longest_first(capsys, monkeypatch):
    monkeypatch.chdir(BOOK)
    execution.main()
    told = [Path(name) for name in capsys.readouterr().out.split()]
    seconds = [execution.stated_seconds(path.read_text("utf-8")) for path in told]
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[0] > seconds[-1]
    assert set(told) == {path.relative_to(BOOK) for path in BOOK.glob("chapters/*/*.ipynb")}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("**Time:** about 60 minutes to read, about 125 seconds to run.", 125),
        ("**Time:** 45 minutes to read, 8 seconds to run. Then 9 seconds to run", 8),
        ("no time", 0),
    ],
)
def test_stated_seconds(text, seconds):
    assert execution.stated_seconds(text) == seconds


@pytest.mark.parametrize("given", [None, "7"])
def test_threads_are_divided_unless_set(monkeypatch, given):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if given:
        monkeypatch.setenv("OMP_NUM_THREADS", given)
    with execution.threads_per_kernel(3):
        assert os.environ["OMP_NUM_THREADS"] == (given or "3")
    assert os.environ.get("OMP_NUM_THREADS") == given


@pytest.mark.slow
def test_two_run_at_a_time_with_one_thread_each_and_a_second_time_none(book, two_cores, caplog):
    clock = "import json, os, time\nstart = time.time()\ntime.sleep(2)\n"
    told = "print(json.dumps([start, time.time(), os.environ['OMP_NUM_THREADS']]))"
    book.write("a", f"{clock}{told}")
    book.write("b", f"{clock}{told}  # b")
    caplog.set_level("INFO")
    execution.run_ahead(None, book, ["a", "b"])
    (start_a, end_a, threads_a), (start_b, end_b, threads_b) = (
        json.loads(book.outputs(name)) for name in "ab"
    )
    assert max(start_a, start_b) < min(end_a, end_b)
    assert threads_a == threads_b == "1"
    assert {"[1/2]", "[2/2]"} == {line.split()[0] for line in caplog.messages if "ran in" in line}
    assert names_of_changed(book, ["a", "b"]) == []
    book.write("b", f"{told}  # changed")
    assert names_of_changed(book, ["a", "b"]) == ["b"]


@pytest.mark.slow
def test_a_failure_is_told_with_its_cell_and_not_cached(book, two_cores, caplog):
    book.write("good", "print('fine')")
    book.write("bad", "print('before')\n1 / 0")
    execution.run_ahead(None, book, ["good", "bad"])
    told = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1
    assert "bad failed" in told[0].getMessage()
    assert "ZeroDivisionError" in told[0].getMessage()
    assert "1 / 0" in told[0].getMessage()
    assert "site-packages" not in told[0].getMessage()
    assert book.outputs("good") == "fine\n"
    assert names_of_changed(book, ["good", "bad"]) == ["bad"]


def test_a_kernel_that_cannot_start_is_told(book, two_cores, caplog):
    for name in "ab":
        book.write(name, f"'{name}'")
        path = book.folder / f"{name}.md"
        path.write_text(path.read_text().replace("python3", "no-such-kernel"))
    execution.run_ahead(None, book, ["a", "b"])
    told = [message for message in caplog.messages if "failed when run ahead" in message]
    assert len(told) == 2
    assert all("no-such-kernel" in message for message in told)


def test_one_notebook_or_one_core_is_left_to_mystnb(book, two_cores, monkeypatch):
    book.write("a", "'a'")
    book.write("b", "'b'")
    monkeypatch.setattr(execution, "run_all", lambda *_: pytest.fail("it ran"))
    execution.run_ahead(None, book, ["a"])
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    execution.run_ahead(None, book, ["a", "b"])
    assert names_of_changed(book, ["a", "b"]) == ["a", "b"]


def test_workers_share_the_work(monkeypatch):
    """With two workers, three short jobs are done while a long one is still running."""
    order = []
    jobs = {
        name: SimpleNamespace(
            start_client=lambda s=seconds, n=name: (time.sleep(s), order.append(n))
        )
        for name, seconds in (("long", 0.6), ("x", 0.1), ("y", 0.1), ("z", 0.1))
    }
    assert sorted(execution.run_all(jobs, 2)) == ["long", "x", "y", "z"]
    assert order[-1] == "long"
