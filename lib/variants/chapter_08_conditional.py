"""Twists of chapter 8's homework, conditional generation; the parts hold the texts."""

from __future__ import annotations

from lib.variants.chapter_08_conditional_classes import ALBUMS, LENGTHS
from lib.variants.chapter_08_conditional_clinic import OTHER_STEPS, POSTERIOR
from lib.variants.chapter_08_conditional_games import SQUARES, STRANGERS, UNEQUAL
from lib.variants.chapter_08_conditional_guidance import DIAL
from lib.variants.chapter_08_conditional_inverse import NOISY, PRICES
from lib.variants.chapter_08_conditional_pictures import DILATED, REACH
from lib.variants.chapter_08_conditional_tables import JOINED, RANGE
from lib.variants.chapter_08_conditional_translation import HINGE
from lib.variants.chapter_08_conditional_translation import SQUARES as SOFT_SQUARES
from lib.variants.chapter_08_conditional_vae import MOVED, OTHER_WIDTHS
from lib.variants.chapter_08_conditional_weights import WEIGHTS
from lib.variants.chapter_08_conditional_words import CHECKS, DULL

TWISTS = [
    *(LENGTHS, ALBUMS),
    *(OTHER_WIDTHS, MOVED),
    *(DIAL, WEIGHTS),
    *(SQUARES, UNEQUAL, STRANGERS),
    *(REACH, DILATED),
    *(SOFT_SQUARES, HINGE),
    *(NOISY, PRICES),
    *(RANGE, JOINED),
    *(POSTERIOR, OTHER_STEPS),
    *(DULL, CHECKS),
]
