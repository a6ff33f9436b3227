"""Asking a test again with spoiled answers: it must fail, or somebody changed the checks.

A student's code runs in the same Python as the tests, so it can replace what they call. Whatever
was replaced, a test that passes while the student's functions return nothing, or return something
else, proves nothing. The test runs as a cell, the way it ran before, so that whatever was done to
the way cells run is done to it again.
"""

from __future__ import annotations

# Runs in the student's kernel, in a namespace of its own; `space` is the notebook's.
PROGRAM = '''
import sys
import types


def spoiled(value):
    """Another value of the same kind, or None."""
    import numpy as np

    torch = sys.modules.get("torch")
    if isinstance(value, (bool, np.bool_)):
        return not value
    if isinstance(value, (int, float, complex, np.number)):
        return 0.7 - 1.5 * value
    if isinstance(value, np.ndarray):
        if value.dtype == bool:
            return ~value
        if value.dtype.kind not in "iufc":
            return None
        return 0.7 - 1.5 * value + 0.1 * np.arange(value.size).reshape(value.shape)
    if torch and isinstance(value, torch.Tensor):
        if value.dtype == torch.bool:
            return ~value
        return 0.7 - 1.5 * value + 0.1 * torch.arange(value.numel()).reshape(value.shape)
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


    def call(*args, **kwargs):
        answer = function(*args, **kwargs)
        for given in [*args, *kwargs.values()]:  # a function may train a network and return nothing
            for weights in getattr(given, "parameters", list)():
                weights.data = 0.3 - 1.5 * weights.data
        return spoiled(answer)

    return call


sys.modules["spoiled_functions"] = kept = types.ModuleType("spoiled_functions")
vars(kept).clear()
vars(kept).update({name: space[name] for name in names if callable(space.get(name))})
space.update({name: wrapped(function) for name, function in vars(kept).items()})
'''
RESTORE = "globals().update(vars(__import__('sys').modules.pop('spoiled_functions')))"


def spoil(functions: list[str], kind: str) -> str:
    """Code that spoils the answers of the named functions until `RESTORE` is run.

    `kind` is "nothing" (they return None) or "others" (they return other values of the same kind).
    """
    inputs = {"names": functions, "spoil": kind}
    return f"exec({PROGRAM!r}, {inputs!r} | {{'space': globals()}})"
