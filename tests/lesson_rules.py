"""What the design asks of a lesson, as far as a program can check it.

A rule takes a page and yields one message for each violation: where it is, and what would be right.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from statistics import median

from tests.book import (
    MATHS,
    Cell,
    Page,
    calls,
    directives,
    labels,
    option,
    references,
    without_code,
    words,
)

Rule = Callable[[Page], Iterator[str]]
RULES: dict[str, Rule] = {}
SIZES = {"cells": (40, 65), "words of prose": (2000, 3500), "lines of code": (120, 250)}
DRAWING = re.compile(
    r"plots\.(?!use_style)\w+|plt\.(show|subplots|figure|plot|imshow|bar|scatter|hist|contourf?)$"
)
CURVES = re.compile(r"\.(plot|bar|scatter|semilog[xy]|loglog|hist|errorbar|step|fill_between)\(")


def rule(check: Rule) -> Rule:
    """Register a rule under the name of its function."""
    RULES[check.__name__] = check
    return check


@rule
def opening(page: Page) -> Iterator[str]:
    """Label, title, three to five objectives, what is needed, how long it takes."""
    first = page.cells[0]
    if not re.match(r"\([\w-]+\)=\n+# .+", first.source):
        yield "cell 0: start with a line `(label)=` and the title `# ...`"
    goals = [
        b for b in directives(first.source, "admonition") if "objectives" in option(b, "class")
    ]
    if len(goals) != 1:
        yield "cell 0: needs one admonition `What you will be able to do` with `:class: objectives`"
    elif not 3 <= len(re.findall(r"^- ", goals[0], re.MULTILINE)) <= 5:
        yield "cell 0: give three to five objectives, each a line that starts with `- `"
    if "**You need:**" not in first.source:
        yield "cell 0: say `**You need:** ...`"
    time = r"\*\*Time:\*\* about \d+ minutes? to read, (?:about |under )?\d+ seconds? to run"
    if not re.search(time, first.source):
        yield "cell 0: say `**Time:** about N minutes to read, S seconds to run.`, measured"


@rule
def setup(page: Page) -> Iterator[str]:
    """The second cell imports everything and switches the style on."""
    if len(page.cells) < 2 or page.cells[1].kind != "code":
        yield "cell 1: must be the setup, a code cell with the imports"
        return
    if "plots.use_style()" not in page.cells[1].source:
        yield "cell 1: call `plots.use_style()` after the imports"
    for cell in page.code[1:]:
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in cell.tree.body):
            yield f"cell {cell.at}: move the import to the setup cell"


@rule
def closing(page: Page) -> Iterator[str]:
    """Failures are shown; `Exercises`, `Summary` and `References` come last, in this order."""
    wanted = ["Exercises", "Summary", "References"]
    found = [heading for _, heading in page.headings()]
    if found[-3:] != wanted:
        yield f"the last headings must be {wanted}, they are {found[-3:]}"
    if "What goes wrong" not in found[:-3]:
        yield "needs a section `## What goes wrong` before the exercises"
    if len(found) < 7:
        yield f"{len(found)} sections: tell the story in steps, each under a heading of its own"


@rule
def criteria_before_result(page: Page) -> Iterator[str]:
    """Success criteria come first, and cells after them assert."""
    stated = [
        cell.at
        for cell in page.prose
        for body in directives(cell.source, "admonition")
        if "criteria" in option(body, "class")
    ]
    if not stated:
        yield "needs an admonition `Success criteria` with `:class: criteria`"
        return
    end = next((at for at, h in page.headings() if h == "What goes wrong"), len(page.cells))
    if stated[0] > end:
        yield f"cell {stated[0]}: state the success criteria before `What goes wrong`"
    after = [c for c in page.code if stated[0] < c.at < end and asserts(c)]
    if not after:
        yield f"cell {stated[0]}: no cell between the success criteria and the gallery asserts them"


@rule
def failure_gallery(page: Page) -> Iterator[str]:
    """The gallery shows a failure by running it and names the number that shows it."""
    body = section(page, "What goes wrong")
    if not any(cell.kind == "code" for cell in body):
        yield "`What goes wrong` must run what breaks, in a code cell"
    elif not any(asserts(cell) for cell in body):
        yield "`What goes wrong` must assert the number that shows each failure"


@rule
def exercises(page: Page) -> Iterator[str]:
    """At least three exercises in their section, each with a folded solution, two with code."""
    text = "\n\n".join(
        cell.source for cell in section(page, "Exercises") if cell.kind == "markdown"
    )
    asked = [option(body, "label") for body in directives(text, "exercise")]
    if len(asked) < 3:
        yield f"{len(asked)} exercises in the section `Exercises`: give at least three"
    titles = [body.split("\n")[0].strip() for body in directives(text, "exercise")]
    for kind in ("Predict", "Code", "Explore"):
        if not any(title.startswith(f"{kind}: ") for title in titles):
            yield f"no exercise is called `{kind}: ...`; the titles are {titles}"
    if "" in asked:
        yield "an exercise has no `:label: ex-...`"
    bodies = directives(text, "solution") + directives(text, "solution-start")
    solved = {body.split("\n")[0].strip(): body for body in bodies}
    for label in asked:
        if label not in solved:
            yield f"exercise {label!r} has no solution"
        elif "dropdown" not in option(solved[label], "class"):
            yield f"the solution of {label!r} must be folded: `:class: dropdown`"
    for label in set(solved) - set(asked):
        yield f"the solution {label!r} belongs to no exercise of the section"
    yield from _executed_solutions(page)


def _executed_solutions(page: Page) -> Iterator[str]:
    inside, asserted, started = False, [], 0
    for cell in page.cells:
        if "{solution-start}" in cell.source:
            inside, started = True, started + 1
            asserted.append(False)
        elif "{solution-end}" in cell.source:
            inside = False
        elif inside and cell.kind == "code":
            asserted[-1] |= asserts(cell)
    if inside:
        yield "a `{solution-start}` has no `{solution-end}`"
    if sum(asserted) < 2:
        yield f"{sum(asserted)} solutions run code with an assert: at least two must"


@rule
def solutions_in_words(page: Page) -> Iterator[str]:
    """A folded solution that runs no code states no number and shows no code.

    Numbers may stand in formulas, roles and inline code; what is told in words needs no digit.
    """
    for label, body in _worded_solutions(page):
        if re.search(r"^ *(?:```|~~~)", body, re.MULTILINE):
            yield f"the solution {label!r} shows code that nothing runs: make it a code cell"
        text = MATHS.sub(" ", without_code(re.sub(r"```.*?```", " ", body, flags=re.DOTALL)))
        if stated := re.findall(r"\d[\d.,]*(?<![.,])", text):
            yield (
                f"the solution {label!r} states {', '.join(stated)}, and no cell computes it: "
                "write `{solution-start}`, a cell that asserts it, `{solution-end}`; or use words"
            )


def _worded_solutions(page: Page) -> list[tuple[str, str]]:
    """Label and text of each solution with no code cell in it."""
    cell_of_code = "\0"
    whole = "\n\n".join(c.source if c.kind == "markdown" else cell_of_code for c in page.cells)
    gate = re.compile(r"^`+\{solution-start\}(.*?)^`+\{solution-end\}", re.DOTALL | re.MULTILINE)
    bodies = [*directives(whole, "solution"), *gate.findall(whole)]
    head = re.compile(r" *(\S+)\n(?::[\w-]+:[^\n]*\n)*(?:`+\n)?(.*)", re.DOTALL)
    return [head.fullmatch(body).groups() for body in bodies if cell_of_code not in body]


@rule
def summary_and_references(page: Page) -> Iterator[str]:
    """The summary has bullets; the references cite."""
    text = "\n".join(cell.source for cell in section(page, "Summary"))
    if not re.search(r"^- ", text, re.MULTILINE):
        yield "`Summary` needs a few bullets"
    after = text.partition("## References")[2] or "".join(
        cell.source for cell in section(page, "References")
    )
    if len(set(re.findall(r"\{cite:[tp]\}`([^`]+)`", after))) < 2:
        yield "`References` must cite two works or more, {cite:t}`key`, each with its use"


@rule
def sizes(page: Page) -> Iterator[str]:
    """Cells, words and lines of code within the limits of the design.

    The gates of a solution, `{solution-start}` and `{solution-end}`, are markup and no cells.
    """
    lines = [len(cell.lines) for cell in page.code]
    cells = sum(not re.match(r"`+\{solution-(start|end)\}", cell.source) for cell in page.cells)
    counts = dict(zip(SIZES, (cells, words(page.text), sum(lines)), strict=True))
    for what, (low, high) in SIZES.items():
        if not low <= counts[what] <= high:
            yield f"{counts[what]} {what}: a lesson has {low} to {high}"
    if lines and median(lines) > 8:
        yield f"the median code cell has {median(lines)} lines: at most 8; move code to lib"
    for cell in page.code:
        if len(cell.lines) > 30:
            yield f"cell {cell.at}: {len(cell.lines)} lines of code, at most 30; move code to lib"


def draws(cell: Cell, drawing_functions: set[str]) -> bool:
    """Whether a cell draws a figure itself, not only inside a function that it defines."""
    names = [name for name, _ in calls(cell.tree)]
    if "explore" in names:
        return False
    return any(DRAWING.fullmatch(name) or name in drawing_functions for name in names)


def drawing_functions(page: Page) -> set[str]:
    """Functions that the page defines and that make a figure of their own."""
    found = set()
    for cell in page.code:
        for node in cell.tree.body:
            if isinstance(node, ast.FunctionDef):
                made = {name for part in node.body for name, _ in calls(ast.Module([part], []))}
                if made & {"plt.show", "plt.subplots", "plt.figure", "plots.image_grid"}:
                    found.add(node.name)
    return found


@rule
def figures(page: Page) -> Iterator[str]:
    """Each figure has a name, a caption and a text for those who cannot see it."""
    functions = drawing_functions(page)
    for cell in page.code:
        shown = cell.metadata.get("mystnb", {})
        figure, alt = shown.get("figure", {}), shown.get("image", {}).get("alt", "")
        if not figure and not draws(cell, functions):
            continue
        where = f"cell {cell.at}: the figure"
        if not figure.get("name", "").startswith("fig-"):
            yield f"{where} needs metadata mystnb.figure.name, `fig-...`"
        if not re.search(r"[.!?)]$", figure.get("caption", "").strip()):
            yield f"{where} needs mystnb.figure.caption, one or two full sentences"
        if len(alt) < 40:
            yield f"{where} needs mystnb.image.alt: what there is to see, in 40 letters or more"
        elif alt == figure.get("caption"):
            yield f"{where}: the alt text must say what there is to see, not repeat the caption"


@rule
def axis_labels(page: Page) -> Iterator[str]:
    """Curves, bars and points have named axes; bars may name their categories instead."""
    for cell in page.code:
        if not CURVES.search(cell.source):
            continue
        bars = re.search(r"\.bar\(", cell.source)
        if not bars and "xlabel" not in cell.source:
            yield f"cell {cell.at}: name the horizontal axis, with its unit: `xlabel=...`"
        if "ylabel" not in cell.source and "yticklabels" not in cell.source:
            yield f"cell {cell.at}: name the vertical axis, with its unit: `ylabel=...`"


@rule
def figures_in_the_text(page: Page) -> Iterator[str]:
    """Each figure is referred to by its number and followed by a sentence."""
    cited = references(page, "numref")
    for cell in page.code:
        name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name", "")
        if not name:
            continue
        if name not in cited:
            yield f"cell {cell.at}: no text refers to {{numref}}`{name}`"
        after = next((c.source for c in page.cells[cell.at + 1 :][:2] if c.kind == "markdown"), "#")
        if after.lstrip().startswith("#"):
            yield f"cell {cell.at}: follow the figure {name} by a sentence that interprets it"


@rule
def explorable(page: Page) -> Iterator[str]:
    """At least one explorable, each with a title and an alt text, introduced by what to try."""
    found = [
        (cell, call) for cell in page.code for name, call in calls(cell.tree) if name == "explore"
    ]
    if not found:
        yield "needs an explorable: `explore(draw, title=..., alt=..., a=slider(...))`"
    for cell, call in found:
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        for name in ("title", "alt"):
            if not (isinstance(given.get(name), ast.Constant | ast.JoinedStr | ast.Name)):
                yield f"cell {cell.at}: explore() needs {name}=..."
        controls = set(given) - {"title", "alt", "caption", "photo", None}
        if not controls and None not in given:
            yield f"cell {cell.at}: explore() needs at least one control"
        if all(c.kind == "code" for c in page.cells[max(0, cell.at - 3) : cell.at]):
            yield f"cell {cell.at}: say before the explorable what to try and what to see"


@rule
def source_shown(page: Page) -> Iterator[str]:
    """The library's own source is shown in the page."""
    if not any(name == "show_source" for cell in page.code for name, _ in calls(cell.tree)):
        yield "show the library's own code with `show_source(obj)`"


@rule
def clean(page: Page) -> Iterator[str]:
    """Committed without outputs, for the plain Python kernel."""
    for cell in page.code:
        if cell.outputs or cell.execution_count is not None:
            yield f"cell {cell.at}: has outputs; commit the notebook without them"
    if page.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernel must be `python3`"
    for cell in page.cells:
        if not cell.source.strip():
            yield f"cell {cell.at}: is empty; remove it"
        if set(cell.metadata) - {"mystnb", "nbgrader", "tags"}:
            yield f"cell {cell.at}: unexpected metadata {sorted(cell.metadata)}"


@rule
def tested(page: Page) -> Iterator[str]:
    """The notebook proves what it says: asserts in many places, none behind a try."""
    holding = sum(asserts(cell) for cell in page.code)
    if holding < 6:
        yield f"{holding} cells assert something: a lesson checks its numbers, in six cells or more"


@rule
def labelled_directives(page: Page) -> Iterator[str]:
    """Definitions, theorems, algorithms and exercises have labels."""
    for kind in ("prf:definition", "prf:theorem", "prf:lemma", "prf:algorithm", "exercise"):
        for body in directives(page.text, kind):
            if not option(body, "label"):
                yield f"{{{kind}}} {body.splitlines()[0].strip()!r} needs a line `:label: ...`"
    doubled = {label for label in labels(page) if labels(page).count(label) > 1}
    if doubled:
        yield f"labels defined twice: {sorted(doubled)}"


@rule
def raw_text(page: Page) -> Iterator[str]:
    """No raw HTML headings, no level-one heading after the title, no bare addresses of pages."""
    for cell in page.prose:
        text = without_code(cell.source)
        if cell.at and re.search(r"^# ", text, re.MULTILINE):
            yield f"cell {cell.at}: a second `# ` heading; sections start with `## `"
        if re.search(r"<(?:h\d|img|script|iframe)\b", text):
            yield f"cell {cell.at}: raw HTML; use Markdown or a directive"


def asserts(cell: Cell) -> bool:
    """Whether a code cell asserts something."""
    if cell.kind != "code":
        return False
    testing = any("testing.assert" in name for name, _ in calls(cell.tree))
    return testing or any(isinstance(node, ast.Assert) for node in ast.walk(cell.tree))


def section(page: Page, heading: str) -> list[Cell]:
    """The cells from the one with `## heading` up to the next heading, both text parts cut."""
    start = next((at for at, h in page.headings() if h == heading), None)
    if start is None:
        return []
    own = page.cells[start].source.partition(f"## {heading}")[2]
    found = [Cell(start, "markdown", re.split(r"^## ", own, flags=re.MULTILINE)[0])]
    if re.search(r"^## ", own, re.MULTILINE):
        return found
    for cell in page.cells[start + 1 :]:
        parts = re.split(r"^## ", cell.source, maxsplit=1, flags=re.MULTILINE)
        if cell.kind == "markdown" and len(parts) == 2:
            return [*found, Cell(cell.at, "markdown", parts[0])]
        found.append(cell)
    return found
