"""Reads and writes the BIF text format, in which most published Bayesian networks are stored.

Grammar: the Interchange Format for Bayesian Networks. A file holds blocks `network NAME {...}`,
`variable NAME { type discrete [ K ] { states }; }` and `probability ( CHILD | PARENTS ) {...}`
with a full `table`, or one row a parent configuration, and perhaps a `default` row. Commas and
bars only separate; comments and properties are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from lib.bayes_net import BayesNet

ROUNDING = 2e-3  # published tables are printed with few digits: rows are rescaled within this
TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/|[,|]|\bproperty\s(?:"[^"]*"|[^;"])*;)
    |"(?P<quoted>[^"]*)"
    |(?P<mark>[{}()\[\];])
    |(?P<word>(?:(?!//|/\*)[^\s{}()\[\];,|"])+)""",
    re.DOTALL | re.VERBOSE,
)
PLAIN = re.compile(r"(?!property$)(?:(?!//|/\*)[^\s{}()\[\];,|\"])+")


class Token(NamedTuple):
    """One word or mark of the file and the line on which it stands."""

    text: str
    line: int
    is_mark: bool


def read_bif(source: str | Path) -> BayesNet:
    """Read a network from a file, or from BIF text if `source` is a string with a brace.

    Rows that miss one only by the rounding of the printed digits (up to 0.002) are rescaled.
    Raises ValueError with the line and the variable for anything else that is wrong.
    """
    is_text = isinstance(source, str) and "{" in source
    text = source if is_text else Path(source).read_text(encoding="utf-8")
    reader = _Reader(text)
    reader.read_blocks()
    missing = [name for name in reader.states if name not in reader.tables]
    if missing:
        raise ValueError(f"variable {missing[0]!r} has no probability block")
    return BayesNet.from_tables({name: reader.tables[name] for name in reader.states})


def write_bif(net: BayesNet, name: str = "unknown") -> str:
    """The network as BIF text; every probability is written so that it reads back the same."""
    blocks = [f"network {_quote(name)} {{\n}}"]
    blocks += [_variable_block(net, node) for node in net.nodes]
    blocks += [_probability_block(net, node) for node in net.nodes]
    return "\n".join(blocks) + "\n"


def _variable_block(net: BayesNet, node: str) -> str:
    states = ", ".join(map(_quote, net.states(node)))
    return (
        f"variable {_quote(node)} {{\n"
        f"  type discrete [ {len(net.states(node))} ] {{ {states} }};\n}}"
    )


def _probability_block(net: BayesNet, node: str) -> str:
    parents, cpt = net.parents(node), net.cpt(node)
    bar = f" | {', '.join(map(_quote, parents))}" if parents else ""
    lines = [f"probability ( {_quote(node)}{bar} ) {{"]
    for k in np.ndindex(cpt.shape[:-1]):
        states = [_quote(net.states(p)[i]) for p, i in zip(parents, k, strict=True)]
        key = f"({', '.join(states)})" if parents else "table"
        lines.append(f"  {key} {', '.join(repr(float(v)) for v in cpt[k])};")
    return "\n".join([*lines, "}"])


def _quote(name: str) -> str:
    return name if PLAIN.fullmatch(name) else f'"{name}"'


def _tokens(text: str) -> list[Token]:
    found, start, line = [], 0, 1
    while start < len(text):
        match = TOKEN.match(text, start)
        if match is None:
            raise ValueError(f"line {line}: cannot read {text[start : start + 20]!r}")
        if match.lastgroup != "skip":
            found.append(Token(match[match.lastgroup], line, match.lastgroup == "mark"))
        line += match[0].count("\n")
        start = match.end()
    return found


class _Reader:
    """A recursive-descent reader: one method a rule of the grammar."""

    def __init__(self, text: str):
        self.tokens = _tokens(text)
        self.at = 0
        self.states: dict[str, tuple[str, ...]] = {}
        self.tables: dict[str, tuple[tuple[str, ...], np.ndarray, tuple[str, ...]]] = {}

    def read_blocks(self) -> None:
        rules: dict[str, Callable[[], None]] = {
            "network": self.network,
            "variable": self.variable,
            "probability": self.probability,
        }
        while self.at < len(self.tokens):
            keyword = self.word("a block")
            if keyword not in rules:
                self.fail(f"expected network, variable or probability, found {keyword!r}", -1)
            rules[keyword]()

    def network(self) -> None:
        while not self.accept("{"):
            self.word("the network's name")
        self.expect("}", "the network block")

    def variable(self) -> None:
        name = self.word("a variable's name")
        where = f"variable {name!r}"
        if name in self.states:
            self.fail(f"{where} is declared twice", -1)
        self.expect("{", where)
        if (keyword := self.word(where)) != "type" or self.word(where) != "discrete":
            self.fail(f"{where}: expected 'type discrete', found {keyword!r}", -1)
        self.expect("[", where)
        count = int(self.number(where))
        self.expect("]", where)
        self.expect("{", where)
        self.states[name] = tuple(self.words_until("}", where))
        if len(self.states[name]) != count:
            self.fail(f"{where} says {count} states and lists {len(self.states[name])}", -1)
        self.accept(";")
        self.expect("}", where)

    def probability(self) -> None:
        self.expect("(", "a probability block")
        name, *parents = self.words_until(")", "a probability block") or [""]
        where = f"variable {name!r}"
        for other in (name, *parents):
            if other not in self.states:
                self.fail(f"{where}: {other!r} is not a declared variable", -1)
        if name in self.tables:
            self.fail(f"{where} has two probability blocks", -1)
        shape = [len(self.states[other]) for other in (*parents, name)]
        rows = np.full(shape, np.nan)
        self.expect("{", where)
        default = None
        while not self.accept("}"):
            if self.accept("("):
                index = self.configuration(parents, rows, where)
                rows[index] = self.values(shape[-1], where)
            elif (keyword := self.word(where)) == "table":
                # The file's order: the child's states vary slowest, the last parent's fastest.
                flat = self.values(rows.size, where)
                rows = np.moveaxis(np.reshape(flat, [shape[-1], *shape[:-1]]), 0, -1)
            elif keyword == "default":
                default = self.values(shape[-1], where)
            else:
                self.fail(f"{where}: expected a row, table or default, found {keyword!r}", -1)
        self.tables[name] = (
            self.states[name], self.finished(rows, default, parents, where), tuple(parents),
        )  # fmt: skip

    def configuration(self, parents: list[str], rows: np.ndarray, where: str) -> tuple[int, ...]:
        """The index of the row for a list of parent states."""
        names = self.words_until(")", where)
        if len(names) != len(parents):
            self.fail(f"{where}: the row {names} needs one state for each of {parents}", -1)
        for parent, state in zip(parents, names, strict=True):
            if state not in self.states[parent]:
                self.fail(
                    f"{where}: {parent!r} has no state {state!r}, only {self.states[parent]}", -1
                )
        index = tuple(self.states[p].index(s) for p, s in zip(parents, names, strict=True))
        if not np.all(np.isnan(rows[index])):
            self.fail(f"{where}: the row {names} appears twice", -1)
        return index

    def values(self, count: int, where: str) -> list[float]:
        values = []
        while not self.accept(";"):
            values.append(self.number(where))
        if len(values) != count:
            self.fail(f"{where}: expected {count} probabilities, found {len(values)}", -1)
        return values

    def finished(
        self, rows: np.ndarray, default: list[float] | None, parents: list[str], where: str
    ) -> np.ndarray:
        """Fill missing rows from the default and rescale what was rounded in print."""
        for index in np.argwhere(np.isnan(rows).any(axis=-1)):
            if default is None:
                names = [self.states[p][k] for p, k in zip(parents, index, strict=True)]
                self.fail(f"{where}: no row for {names} and no default", -1)
            rows[tuple(index)] = default
        total = rows.sum(axis=-1, keepdims=True)
        import os

        if os.environ.get("DBG") and np.abs(total - 1).max() > 1e-6:
            print(where, np.abs(total - 1).max())
        if np.any(rows < 0) or np.any(np.abs(total - 1) > ROUNDING):
            self.fail(f"{where}: each row must be non-negative and sum to one", -1)
        return np.where(np.abs(total - 1) > 1e-12, rows / total, rows)

    def word(self, where: str) -> str:
        if self.at >= len(self.tokens):
            self.fail(f"the text ends inside {where}", -1)
        token = self.tokens[self.at]
        if token.is_mark:
            self.fail(f"{where}: expected a word, found {token.text!r}")
        self.at += 1
        return token.text

    def words_until(self, mark: str, where: str) -> list[str]:
        words = []
        while not self.accept(mark):
            words.append(self.word(where))
        return words

    def number(self, where: str) -> float:
        text = self.word(where)
        try:
            return float(text)
        except ValueError:
            self.fail(f"{where}: {text!r} is not a number", -1)

    def accept(self, mark: str) -> bool:
        """Step over `mark` if it comes next."""
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        found = token is not None and token.is_mark and token.text == mark
        self.at += found
        return found

    def expect(self, mark: str, where: str) -> None:
        if not self.accept(mark):
            found = self.tokens[self.at].text if self.at < len(self.tokens) else "the end"
            self.fail(f"{where}: expected {mark!r}, found {found!r}")

    def fail(self, message: str, step: int = 0) -> NoReturn:
        at = min(max(self.at + step, 0), len(self.tokens) - 1)
        line = self.tokens[at].line if self.tokens else 1
        raise ValueError(f"line {line}: {message}")
