"""The twists of chapter 4's homework: conventions, other distributions, other bugs, other words."""

from __future__ import annotations

from lib.variants import (
    chapter_04_vae_bounds,
    chapter_04_vae_clinic,
    chapter_04_vae_codes,
    chapter_04_vae_laws,
    chapter_04_vae_linear,
    chapter_04_vae_loss,
    chapter_04_vae_mixture,
    chapter_04_vae_words,
)

TWISTS = [
    *chapter_04_vae_mixture.TWISTS,
    *chapter_04_vae_codes.TWISTS,
    chapter_04_vae_laws.LAW,
    *chapter_04_vae_loss.TWISTS,
    *chapter_04_vae_linear.TWISTS,
    *chapter_04_vae_bounds.TWISTS,
    *chapter_04_vae_clinic.TWISTS,
    *chapter_04_vae_words.TWISTS,
]
