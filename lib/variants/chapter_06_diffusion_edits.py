"""Small tools for the twists of chapter 6."""

from __future__ import annotations

from lib.variants import Edit


def asking(also: str, *calls: str) -> tuple[Edit, ...]:
    """Each call of a check gets one more argument, `also`, such as `unit="nats"`."""
    return tuple(Edit(call, f"{call[:-1]}, {also})") for call in calls)


def moved(check: str, seed: int, to: str, old: str = "homework_diffusion") -> Edit:
    """The test cell of this seed takes the check from another module of lib."""
    rest = f"import {check}\n\n    rng = np.random.default_rng([SEED, {seed}])"
    return Edit(f"from lib.{old} {rest}", f"from lib.{to} {rest}")


def row(number: int, old: str, new: str) -> Edit:
    """Another line in the table of tasks on top."""
    return Edit(f"| {number} | {old} |", f"| {number} | {new} |")
