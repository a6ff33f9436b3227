"""The twists of chapter 4's homework: conventions, other distributions, other bugs, other words."""

from __future__ import annotations

from lib.variants.chapter_04_vae_annealed import ANNEALED
from lib.variants.chapter_04_vae_bounds import EXPERTS, ORDER, TERMS
from lib.variants.chapter_04_vae_clinic import BUGS, LEARNED
from lib.variants.chapter_04_vae_clinic import PRIOR as TRAINED_PRIOR
from lib.variants.chapter_04_vae_codes import REVERSE, SKEW, UNIT
from lib.variants.chapter_04_vae_families import FAMILY
from lib.variants.chapter_04_vae_full import FULL
from lib.variants.chapter_04_vae_laws import LAW, SAMPLES, WIDTH
from lib.variants.chapter_04_vae_linear import PIXELS, PRIOR
from lib.variants.chapter_04_vae_loss import COUNTS, SPINS
from lib.variants.chapter_04_vae_mixture import SPREAD
from lib.variants.chapter_04_vae_words import GAP, RUNS, UNITS

TWISTS = [
    *(SPREAD, ANNEALED, FAMILY),
    *(UNIT, SKEW, REVERSE),
    *(WIDTH, SAMPLES, LAW),
    *(SPINS, COUNTS),
    *(PRIOR, PIXELS, FULL),
    *(TERMS, ORDER, EXPERTS),
    *(TRAINED_PRIOR, LEARNED),
    BUGS,
    *(GAP, RUNS, UNITS),
]
