"""Private variants of chapter 7's homework: other labels, other games, other orders of moves."""

from __future__ import annotations

from lib.variants import chapter_07_gan_clinic as clinic
from lib.variants import chapter_07_gan_critics as critics
from lib.variants import chapter_07_gan_earth as earth
from lib.variants import chapter_07_gan_limits as limits
from lib.variants import chapter_07_gan_scores as scores
from lib.variants import chapter_07_gan_steps as steps
from lib.variants import chapter_07_gan_tables as tables
from lib.variants import chapter_07_gan_training as training
from lib.variants import chapter_07_gan_words as words

PARTS = scores, tables, steps, critics, limits, earth, training, clinic, words
TWISTS = [twist for part in PARTS for twist in part.TWISTS]
