"""What the design asks of the text of every page: symbols, logarithms, spelling, plain style."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.book import BOOK, Page, mathematics, read_page, without_code

# LaTeX that is layout or an operator and needs no line on the notation page.
LAYOUT = """
    frac dfrac tfrac sqrt left right big Big bigl bigr Bigl Bigr bigg quad qquad text mathrm mathbf
    mathcal mathbb operatorname begin end sum prod int max min exp log arg argmax argmin cdot times
    dots ldots cdots vdots le leq ge geq ne neq approx equiv to mapsto rightarrow leftarrow
    leftrightarrow longrightarrow Rightarrow Leftrightarrow in notin subset subseteq setminus cup
    cap bigcup emptyset mid vert Vert lvert rvert lVert rVert langle rangle underbrace overbrace
    substack stackrel phantom hspace partial nabla infty pm neg land lor wedge forall exists sim
    not hat bar tilde star prime top circ lfloor rfloor lceil rceil limits displaystyle boxed color
    pmod bmod binom det tanh sinh cosh sin cos lim sup inf ll gg implies iff colon square ell
    middle underset overset lbrace rbrace label tag ni
"""
OPERATORS = set(re.findall(r"\w+", LAYOUT))
AMERICAN = {
    r"normaliz": "normalis...",
    r"neighbor": "neighbour",
    r"\bcolor(?!s?=)": "colour",
    r"behavior": "behaviour",
    r"\bcenter": "centre",
    r"factoriz": "factoris...",
    r"marginaliz": "marginalis...",
    r"minimiz|maximiz|optimiz(?!er_)": "...mise",
    r"initializ": "initialis...",
    r"\bfavor": "favour",
    r"gray\b": "grey",
    r"analyz": "analys...",
    r"\bmodel(?:ing|ed)\b": "modelling, modelled",
    r"recogniz|summariz|generaliz|visualiz|moraliz|penaliz|regulariz": "...ise",
    r"\blabel(?:ed|ing)\b": "labelled, labelling",
}
FILLER = (
    "in this section we will",
    "it is important to note",
    "it should be noted",
    "needless to say",
    "as we all know",
    "delve",
    "let's dive",
    "leverage",
    "game-changer",
    "seamless",
    "trivially",
    "obviously",
)


def notation_commands() -> set[str]:
    """Names of all LaTeX commands on the notation page."""
    return set(re.findall(r"\\([A-Za-z]+)", read_page(BOOK / "notation.md").text))


def notation_names() -> set[str]:
    """Upright names, \\mathrm{...} and \\operatorname{...}, on the notation page."""
    return upright(read_page(BOOK / "notation.md").text)


def upright(text: str) -> set[str]:
    """Words set upright in formulas."""
    found = re.findall(r"\\(?:mathrm|operatorname\*?)(?:\{(\w+)\}| (\w))", text)
    return {long or short for long, short in found}


def symbols(page: Page) -> Iterator[str]:
    """Every LaTeX command and every upright name is on the notation page or a common operator."""
    known = notation_commands() | OPERATORS
    names = notation_names() | {"const", "d", "Var", "Cov", "tr"}
    for cell in page.prose:
        formulas = " ".join(mathematics(cell.source))
        new = set(re.findall(r"\\([A-Za-z]+)", formulas)) - known
        if new:
            yield f"cell {cell.at}: {sorted(new)} are not on the notation page; add or replace them"
        if upright(formulas) - names:
            unknown = sorted(upright(formulas) - names)
            yield f"cell {cell.at}: the names {unknown} are not on the notation page"


def one_notation(page: Page) -> Iterator[str]:
    """Letters that other texts use otherwise: potentials are psi, parents are pa, logs natural."""
    for cell in page.prose:
        for formula in mathematics(cell.source):
            for message in _formula_slips(formula, page.name):
                yield f"cell {cell.at}: {message}: {formula.strip()!r}"


def _formula_slips(formula: str, name: str) -> Iterator[str]:
    if re.search(r"\\ln\b(?!\s*2)", formula):
        yield "the natural logarithm is written \\log"
    if re.search(r"\\log_(?:\{?10|\{?e)|\\lg\b", formula):
        yield "logarithms are natural; only bits divide by \\ln 2"
    if re.search(
        r"(?<![A-Za-z\\])pa_|\\(?:mathrm|text)\{Pa\}|\\(?:text|operatorname)\{pa\}", formula
    ):
        yield "parents are written \\mathrm{pa}_i"
    if name.startswith("chapters/01_") and re.search(r"\\(?:phi|Phi|varphi)\b", formula):
        yield "potentials are \\psi; \\phi belongs to the encoder"
    if re.search(r"\\(?:bold|boldsymbol|vec)\b|\\mathbf\{[a-z]\}", formula):
        yield "vectors are not bold in this book"
    if re.search(r"D_\{?(?:\\mathrm\{)?KL|\|\|", formula):
        yield "write \\mathrm{KL}(q \\,\\Vert\\, p)"


def spelling(page: Page) -> Iterator[str]:
    """British spelling in the prose."""
    for cell in page.prose:
        text = prose(cell.source)
        for american, british in AMERICAN.items():
            match = re.search(american, text, re.IGNORECASE)
            if match:
                yield f"cell {cell.at}: {match[0]!r} should be {british!r}"


def style(page: Page) -> Iterator[str]:
    """No filler, no row of dashes, no exclamation."""
    for cell in page.prose:
        text = prose(cell.source).lower()
        for phrase in FILLER:
            if re.search(rf"\b{re.escape(phrase)}\b", text):
                yield f"cell {cell.at}: {phrase!r} says nothing; leave it out"
        if text.count("\u2014") > 1:
            yield f"cell {cell.at}: more than one dash; write two sentences"
        if re.search(r"[a-z]!(?:\s|$)", text):
            yield f"cell {cell.at}: an exclamation mark; say it calmly"


def prose(text: str) -> str:
    """The text without code, formulas, options of directives, labels and addresses."""
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " ", without_code(text), flags=re.DOTALL)
    text = re.sub(r"^[:`]{3,}.*$|^:\w+:.*$|^\([\w-]+\)=$", " ", text, flags=re.MULTILINE)
    return re.sub(r"\]\([^)]*\)|<[^>]+>|https?://\S+", " ", text)


PROSE_RULES = {check.__name__: check for check in (symbols, one_notation, spelling, style)}
