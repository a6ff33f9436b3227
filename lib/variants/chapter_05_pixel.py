"""Private variants of the homework on pixel models: every way in which a task may differ."""

from __future__ import annotations

from lib.variants import (
    chapter_05_pixel_chain,
    chapter_05_pixel_clinic,
    chapter_05_pixel_colours,
    chapter_05_pixel_draws,
    chapter_05_pixel_leaks,
    chapter_05_pixel_masks,
    chapter_05_pixel_steps,
    chapter_05_pixel_training,
    chapter_05_pixel_words,
)

TWISTS = [
    *chapter_05_pixel_chain.TWISTS,
    *chapter_05_pixel_masks.TWISTS,
    *chapter_05_pixel_leaks.TWISTS,
    *chapter_05_pixel_draws.TWISTS,
    *chapter_05_pixel_steps.TWISTS,
    *chapter_05_pixel_colours.TWISTS,
    *chapter_05_pixel_training.TWISTS,
    *chapter_05_pixel_clinic.TWISTS,
    *chapter_05_pixel_words.TWISTS,
]
