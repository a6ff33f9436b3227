"""The conventions of design.md that a program can check, on every lesson, page and Python file."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import median

import pytest
import yaml

from tests import book, code_rules
from tests.lesson_rules import RULES
from tests.prose_rules import PROSE_RULES, notation_commands

LESSONS = book.lessons()
PAGES = book.pages()
LIB, TESTS = book.tracked("lib/*.py"), book.tracked("tests/*.py")
NOTEBOOKS = [page for page in PAGES if page.code]
OTHERS = [page for page in NOTEBOOKS if page.name not in {lesson.name for lesson in LESSONS}]
FOLDERS = {"lib": LIB, "tests": TESTS}
MAX_LINES = {"lib": 260, "tests": 320}
#: Kept answers to the homework are data that happen to be code.
DATA = re.compile(r"tests/homework/chapter_\w+\.py$")
REGISTRY = re.compile(r"(pypi\.org|pythonhosted|anaconda\.org|npmjs|index-url[ =]+http)")
ALLOWED_REGISTRY = (
    "https://download.pytorch.org/whl/cpu"  # the small torch for Linux, in the README
)


def name_of(item: object) -> str:
    """A readable test id."""
    if isinstance(item, Path):
        return item.relative_to(book.BOOK).as_posix()
    return getattr(item, "name", str(item))


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text("utf-8"))


def findings(rule: Callable, paths: list[Path]) -> list[str]:
    """What a rule for Python code finds, each with its place."""
    return [f"{name_of(path)}:{line}: {why}" for path in paths for line, why in rule(parsed(path))]


def report(where: str, messages: list[str]) -> str:
    """A failure message: one line a violation."""
    return f"{where}\n  " + "\n  ".join(messages)


@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
@pytest.mark.parametrize("rule", RULES)
def test_lesson(rule, lesson):
    messages = list(RULES[rule](lesson))
    assert not messages, report(lesson.name, messages)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
@pytest.mark.parametrize("rule", PROSE_RULES)
def test_prose(rule, page):
    messages = list(PROSE_RULES[rule](page))
    assert not messages, report(page.name, messages)


@pytest.mark.parametrize("page", OTHERS, ids=name_of)
@pytest.mark.parametrize("rule", ["clean", "figures"])
def test_other_pages_with_code(rule, page):
    messages = list(RULES[rule](page))
    assert not messages, report(page.name, messages)


def test_the_notation_page_has_symbols():
    assert len(notation_commands()) > 30
    assert "natural" in book.read_page(book.BOOK / "notation.md").text


def test_every_chapter_has_lessons_homework_and_an_explorable():
    for folder in sorted(book.BOOK.glob("chapters/[0-9]*")):
        own = [p for p in LESSONS if p.name.startswith(f"chapters/{folder.name}/")]
        if folder.name.startswith("99_"):
            continue
        assert own, f"{folder.name}: no lesson `NN_name.ipynb`"
        assert (folder / "index.md").exists(), f"{folder.name}: no index.md that opens the chapter"
        if not folder.name.startswith(("00_", "09_")):
            assert (folder / "homework.ipynb").exists(), f"{folder.name}: no homework.ipynb"
        assert any(not list(RULES["explorable"](p)) for p in own), f"{folder.name}: no explorable"


def test_the_table_of_contents_lists_every_page_once():
    toc = (book.BOOK / "_toc.yml").read_text("utf-8")
    root = yaml.safe_load(toc)["root"]
    listed = [root, *re.findall(r"\bfile: *(\S+)", toc)]
    doubled = [name for name, n in Counter(listed).items() if n > 1]
    assert not doubled, f"_toc.yml lists {doubled} more than once"
    pages = {page.name.rsplit(".", 1)[0] for page in PAGES}
    unlisted, missing = sorted(pages - set(listed)), sorted(set(listed) - pages)
    assert not unlisted, f"add these to _toc.yml: {unlisted}"
    assert not missing, f"_toc.yml names pages that do not exist: {missing}"


def test_labels_are_unique():
    defined = Counter(label for page in PAGES for label in book.labels(page))
    doubled = [label for label, n in defined.items() if n > 1]
    assert not doubled, f"labels defined more than once: {doubled}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_cross_references_have_a_target(page):
    defined = {label for other in PAGES for label in book.labels(other)}
    for role in ("ref", "eq", "numref", "prf:ref"):
        missing = book.references(page, role) - defined
        assert not missing, f"{page.name}: {{{role}}} to {sorted(missing)}, which no page defines"


def bibliography() -> list[str]:
    """Keys of references.bib."""
    return re.findall(r"^@\w+\{([^,\s]+)", (book.BOOK / "references.bib").read_text("utf-8"), re.M)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_citations_exist(page):
    missing = book.references(page, "cite:[tp]") - set(bibliography())
    assert not missing, f"{page.name} cites {sorted(missing)}: not in references.bib"


def test_the_bibliography_has_no_doubles():
    keys = Counter(bibliography())
    assert keys, "references.bib has no entries"
    assert max(keys.values()) == 1, [key for key, n in keys.items() if n > 1]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_assert_can_fail(folder):
    found = findings(code_rules.vacuous_asserts, FOLDERS[folder])
    assert not found, report(folder, found)


@pytest.mark.parametrize("page", NOTEBOOKS, ids=name_of)
def test_every_assert_of_a_notebook_can_fail(page):
    for cell in page.code:
        found = list(code_rules.vacuous_asserts(cell.tree))
        assert not found, f"{page.name}, cell {cell.at}: {found}"


def test_every_test_asserts_something():
    found = findings(code_rules.silent_tests, TESTS)
    assert not found, report("tests", found)


def test_public_names_are_documented_and_typed():
    found = findings(code_rules.undocumented, LIB)
    assert not found, report("lib", found)


def test_nothing_changes_global_random_state():
    library = {path.name: parsed(path) for path in LIB}
    cells = {f"{page.name}, cell {c.at}": c.tree for page in NOTEBOOKS for c in page.code}
    found = {name: list(code_rules.global_state(tree)) for name, tree in library.items()}
    found |= {k: list(code_rules.global_state(t, networks=True)) for k, t in cells.items()}
    assert not {name: calls for name, calls in found.items() if calls}


@pytest.mark.parametrize("folder", FOLDERS)
def test_functions_and_files_are_small(folder):
    """Code lines: signatures, docstrings, comments and blank lines do not count."""
    bodies, limit, found = [], MAX_LINES[folder], []
    for path in FOLDERS[folder]:
        name, (lines, sizes) = name_of(path), code_rules.sizes(path.read_text("utf-8"))
        if lines > limit and not DATA.search(name):
            found.append(f"{name}: {lines} lines of code, at most {limit}")
        long = [size for size in sizes if size.body > 40]
        found += [f"{name}:{size.line} {size.name} has {size.body} lines, over 40" for size in long]
        bodies += [size.body for size in sizes]
    assert not found, report(folder, found)
    half, short = median(bodies), sum(body < 20 for body in bodies) / len(bodies)
    assert half <= 6, f"{folder}: the median function has {half} lines, at most 6"
    assert short >= 0.9, f"{folder}: {short:.0%} of the functions have under 20 lines, 90 % must"


def ruff(*arguments: str) -> subprocess.CompletedProcess:
    """Run ruff over the repository, notebooks included."""
    command = [sys.executable, "-m", "ruff", *arguments, "."]
    return subprocess.run(command, cwd=book.BOOK, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [("check",), ("format", "--check")], ids=" ".join)
def test_ruff(arguments):
    done = ruff(*arguments)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_no_file_names_a_package_registry():
    for path in book.tracked():
        if path == Path(__file__) or path.suffix in (".png", ".woff2", ".ico", ".gz", ".npz"):
            continue
        text = path.read_text("utf-8", errors="ignore")
        for number, line in enumerate(text.splitlines(), 1):
            named = REGISTRY.search(line) and ALLOWED_REGISTRY not in line
            assert not named, f"{name_of(path)}:{number} names a registry: {line.strip()[:100]}"
