"""What the design asks of Python code: asserts that can fail, small functions, documented names."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

Function = ast.FunctionDef | ast.AsyncFunctionDef
EQUALITIES = ("allclose", "array_equal", "isclose", "array_equiv", "equal")
PROVING = ("assert", "check", "raises", "warns", "fail")


def vacuous_asserts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and reason of every assert that cannot fail, and of every one that is caught."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            reason = why_true(node.test)
            if reason:
                yield node.lineno, f"`assert {ast.unparse(node.test)}` cannot fail: {reason}"
        elif isinstance(node, ast.Try):
            yield from _caught(node)
        elif isinstance(node, ast.Call) and _compares_with_itself(node):
            yield node.lineno, f"`{ast.unparse(node)}` compares a value with itself"


def why_true(test: ast.expr) -> str:
    """Why an expression is always true, or an empty string."""
    if isinstance(test, ast.Tuple | ast.List | ast.Set | ast.Dict):
        full = test.keys if isinstance(test, ast.Dict) else test.elts
        return "a container with members is always true; a message needs no brackets" * bool(full)
    if isinstance(test, ast.Constant):
        return "a constant is always true" if test.value else ""
    if isinstance(test, ast.JoinedStr | ast.Lambda | ast.GeneratorExp):
        return "the object itself is always true"
    if isinstance(test, ast.BoolOp):
        found = [why_true(value) for value in test.values]
        true = any(found) if isinstance(test.op, ast.Or) else all(found)
        return next(filter(None, found), "") if true else ""
    if isinstance(test, ast.Compare):
        return _always(test)
    return ""


def _always(test: ast.Compare) -> str:
    sides = [test.left, *test.comparators]
    for operator, (left, right) in zip(test.ops, pairwise(sides), strict=True):
        same = ast.dump(left) == ast.dump(right) and not _calls(left)
        if same and isinstance(operator, ast.Eq | ast.Is | ast.LtE | ast.GtE):
            return "both sides are the same"
        length = isinstance(left, ast.Call) and getattr(left.func, "id", "") in ("len", "abs")
        zero = isinstance(right, ast.Constant) and right.value == 0
        if length and zero and isinstance(operator, ast.GtE):
            return "a length or an absolute value is never negative"
    return ""


def _calls(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Call) for part in ast.walk(node))


def _compares_with_itself(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if not (name in EQUALITIES or name.startswith("assert_")) or len(call.args) < 2:
        return False
    first, second = call.args[:2]
    return ast.dump(first) == ast.dump(second) and not _calls(first)


def _caught(node: ast.Try) -> Iterator[tuple[int, str]]:
    asserted = any(isinstance(part, ast.Assert) for body in node.body for part in ast.walk(body))
    for handler in node.handlers:
        names = ast.unparse(handler.type) if handler.type else "Exception"
        silent = all(isinstance(part, ast.Pass | ast.Continue) for part in handler.body)
        if asserted and silent and ("AssertionError" in names or "Exception" in names):
            yield handler.lineno, f"`except {names}` swallows the assert above it"


def proves(test: Function) -> bool:
    """Whether a test function can fail by more than an accident: it asserts or checks something."""
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name.lstrip("_").startswith(PROVING):
                return True
    return False


def silent_tests(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of every test without an assertion."""
    for node in functions(tree):
        if node.name.startswith("test_") and not proves(node):
            yield node.lineno, f"{node.name} asserts nothing: a run without an error proves little"


def functions(tree: ast.AST) -> list[Function]:
    """All functions and methods, nested ones included."""
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def code_lines(source: str, tree: ast.Module | None = None) -> set[int]:
    """Numbers of the lines that hold code: no blank line, no comment, no docstring."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in (
            tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
            tokenize.ENDMARKER,
        ):  # fmt: skip
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree or ast.parse(source)):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            lines -= set(range(body[0].lineno, body[0].end_lineno + 1))
    return lines


def _is_text(node: ast.stmt) -> bool:
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant and isinstance(node.value.value, str)


@dataclass(frozen=True)
class Size:
    """A function and the number of code lines of its body."""

    name: str
    line: int
    body: int


def function_sizes(source: str) -> list[Size]:
    """Code lines of every function's body, without signature, docstring, comment and blank."""
    return sizes(source)[1]


def sizes(source: str) -> tuple[int, list[Size]]:
    """Code lines of a file, and the sizes of its functions."""
    tree = ast.parse(source)
    lines, found = code_lines(source, tree), []
    for node in functions(tree):
        body = range(node.body[0].lineno, node.end_lineno + 1)
        found.append(Size(node.name, node.lineno, len(lines.intersection(body))))
    return len(lines), found


def undocumented(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and lack of every public name without docstring, and signature without types."""
    if not ast.get_docstring(tree):
        yield 1, "the module has no docstring"
    for owner in [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef))]:
        if isinstance(owner, ast.ClassDef) and owner.name.startswith("_"):
            continue
        for node in owner.body:
            if isinstance(node, Function | ast.ClassDef):
                yield from _lacks(node, method=isinstance(owner, ast.ClassDef))


def _lacks(node: Function | ast.ClassDef, method: bool) -> Iterator[tuple[int, str]]:
    if node.name.startswith("_") and not node.name.startswith("__"):
        return
    if not ast.get_docstring(node) and not node.name.startswith("__"):
        yield node.lineno, f"{node.name} has no docstring: one line of what it does or returns"
    if isinstance(node, ast.ClassDef):
        return
    static = any(getattr(d, "id", "") == "staticmethod" for d in node.decorator_list)
    given = [*node.args.posonlyargs, *node.args.args][int(method and not static) :]
    bare = [a.arg for a in (*given, *node.args.kwonlyargs) if a.annotation is None]
    if bare:
        yield node.lineno, f"{node.name}: no type for {', '.join(bare)}"
    if node.returns is None and not node.name.startswith("__"):
        yield node.lineno, f"{node.name}: no return type; write `-> None` if it returns nothing"


def global_state(tree: ast.AST, *, networks: bool = False) -> Iterator[tuple[int, str]]:
    """Line and call of everything that seeds a generator shared by the whole process.

    `networks` allows `torch.manual_seed`: torch's layers draw their first weights from the global
    generator and take no other, so a notebook, which is the program, has to seed it.
    """
    forbidden = {"np.random.seed", "random.seed", "torch.seed"}
    if not networks:
        forbidden.add("torch.manual_seed")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "").endswith("seed"):
            name = ast.unparse(node.func)
            if name in forbidden:
                yield node.lineno, f"`{name}` changes global state; take a generator instead"
