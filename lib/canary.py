"""Asking a test again with spoiled answers: it must fail, or somebody changed the checks.

A student's code runs in the same Python as the tests, so it can replace what they call. Whatever
was replaced, a test that passes while the student's functions return nothing, or return something
else, proves nothing.
"""

from __future__ import annotations

#: Runs in the student's kernel, in a namespace of its own; `space` is the notebook's.
PROGRAM = '''
def spoiled(value):
    """Another value of the same kind, or None."""
    import sys

    import numpy as np

    torch = sys.modules.get("torch")
    if isinstance(value, (bool, np.bool_)):
        return not value
    if isinstance(value, (int, float, complex, np.number)):
        return 1.5 * value + 0.7
    if isinstance(value, np.ndarray):
        if value.dtype == bool:
            return ~value
        if value.dtype.kind not in "iufc":
            return None
        return 1.5 * value + 0.7 + 0.1 * np.arange(value.size).reshape(value.shape)
    if torch and isinstance(value, torch.Tensor):
        if value.dtype == torch.bool:
            return ~value
        return 1.5 * value + 0.7 + 0.1 * torch.arange(value.numel()).reshape(value.shape)
    if isinstance(value, dict):
        return {key: spoiled(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(spoiled, value)) if type(value) in (list, tuple) else None
    if isinstance(value, (set, frozenset)):
        return {"something else"} if not value else set()
    if callable(value) and not hasattr(value, "parameters"):
        return wrapped(value)
    return None


def wrapped(function):
    """The function with other answers."""
    if spoil == "nothing" or isinstance(function, type):
        return lambda *args, **kwargs: None
    return lambda *args, **kwargs: spoiled(function(*args, **kwargs))


kept = {name: space[name] for name in names if callable(space.get(name))}
try:
    space.update({name: wrapped(function) for name, function in kept.items()})
    exec(compile(test, "<test>", "exec"), space)
finally:
    space.update(kept)
'''


def canary(test: str, functions: list[str], spoil: str) -> str:
    """Code that runs a test while the named functions are spoiled.

    `spoil` is "nothing" (they return None) or "others" (they return other values of the same kind).
    """
    inputs = {"test": test, "names": functions, "spoil": spoil}
    return f"exec({PROGRAM!r}, {inputs!r} | {{'space': globals()}})"
