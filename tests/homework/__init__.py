"""Typical wrong answers to the homework, one module a chapter, and what is known of each.

A module holds `WRONG`, a list of `Answer`s that must lose points, and `RIGHT`, other correct
solutions that must keep them. The module of chapter `01_graphical_models` is called
`chapter_01_graphical_models`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True)
class Answer:
    """One answer to one task.

    Parameters
    ----------
    task : str
        The `grade_id` of the solution cell.
    name : str
        The idea or the mistake in words.
    code : str
        What takes the place of the solution region, written without indentation.
    says : str
        A part of the message that this mistake must get; empty for a correct answer.
    """

    task: str
    name: str
    code: str
    says: str = ""

    def __str__(self) -> str:
        return f"{self.task}: {self.name}"

    @property
    def lines(self) -> list[str]:
        """The code as lines without common indentation."""
        return dedent(self.code).strip("\n").split("\n")


def answers(chapter: str) -> tuple[list[Answer], list[Answer]]:
    """The wrong and the right answers kept for the chapter in the folder `chapter`."""
    module = importlib.import_module(f"tests.homework.chapter_{chapter}")
    return module.WRONG, module.RIGHT
