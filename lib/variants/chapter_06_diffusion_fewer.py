"""Other tasks 8 for chapter 6: other leaps and other completions, in all pairs."""

from __future__ import annotations

from lib.variants import Twist
from lib.variants.chapter_06_diffusion_completion import COMPLETIONS
from lib.variants.chapter_06_diffusion_leaps import LEAPS

TWISTS = [
    Twist(8, f"leaps with {leap}; completion with {completion}", first + second)
    for leap, first in LEAPS.items()
    for completion, second in COMPLETIONS.items()
]
