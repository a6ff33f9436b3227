"""Private variants of the homework on autoencoders, task after task."""

from lib.variants import (
    chapter_03_autoencoders_axes,
    chapter_03_autoencoders_clinic,
    chapter_03_autoencoders_codes,
    chapter_03_autoencoders_labels,
    chapter_03_autoencoders_linear,
    chapter_03_autoencoders_noise,
    chapter_03_autoencoders_steps,
    chapter_03_autoencoders_words,
)

TWISTS = [
    *chapter_03_autoencoders_linear.TWISTS,
    *chapter_03_autoencoders_axes.TWISTS,
    *chapter_03_autoencoders_steps.TWISTS,
    *chapter_03_autoencoders_noise.TWISTS,
    *chapter_03_autoencoders_labels.TWISTS,
    *chapter_03_autoencoders_codes.TWISTS,
    *chapter_03_autoencoders_clinic.TWISTS,
    *chapter_03_autoencoders_words.TWISTS,
]
