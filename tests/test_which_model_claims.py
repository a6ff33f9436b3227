"""Sayings: each must be able to hold and to fail."""

from __future__ import annotations

import pytest

from lib import which_model_claims as claims
from lib.which_model import CONTESTANTS
from tests.book import BOOK

REAL = {"precision": 0.8, "sharpness": 0.5, "nearest": 1.07}


def contest(**changes: dict) -> dict[str, dict[str, float]]:
    """A contest of equals, with changes for some of them."""
    same = {
        "bits": 2.0, "Fréchet": 3.0, "precision": 0.6, "recall": 0.7, "rarest class": 0.08,
        "sharpness": 0.5, "nearest": 1.1, "s per 100": 0.01, "numbers": 1e5,
    }  # fmt: skip
    found = {name: dict(same) for name in CONTESTANTS}
    found["GAN"]["bits"] = found["AE + GMM"]["bits"] = float("nan")
    for name, facts in changes.items():
        found[{"AE": "AE + GMM"}.get(name, name)] |= facts
    return found


def line(rises: bool) -> dict[str, dict[str, float]]:
    """Models with ever fewer bits, whose precision rises, or falls."""
    names = [name for name in CONTESTANTS if name not in ("GAN", "AE + GMM")]
    sign = 1 if rises else -1
    return {
        k: {"bits": 3 - 0.1 * i, "precision": 0.5 + sign * 0.05 * i} for i, k in enumerate(names)
    }


# for each saying: a contest in which it holds, and one in which it does not
CASES = {
    "PCA draws ghosts": ({"PCA": {"precision": 0.2}}, {}),
    "An autoencoder cannot generate": ({"AE": {"Fréchet": 9.0}}, {"AE": {"Fréchet": 1.0}}),
    "A VAE's pictures are soft": ({"VAE": {"sharpness": 0.4}}, {}),
    "A GAN's pictures are sharp": ({}, {"GAN": {"sharpness": 0.4}}),
    "A GAN forgets classes": ({"GAN": {"rarest class": 0.001}}, {}),
    "One pixel after another gives the best likelihood": (
        {"PixelRNN": {"bits": 1.8}},
        {"VAE": {"bits": 1.7}, "PixelCNN": {"bits": 1.8}},
    ),
    "… and draws slowly": ({"PixelCNN": {"s per 100": 0.5}}, {}),
    "A PixelRNN trains more slowly than a PixelCNN": (
        {"PixelRNN": {"bits": 2.1}},
        {"PixelRNN": {"bits": 1.9}},
    ),
    "Diffusion draws best": ({"DDPM": {"Fréchet": 1.0}}, {"VAE": {"Fréchet": 1.0}}),
    "… and slowly": ({"DDPM": {"s per 100": 1.0}}, {}),
    "A better likelihood means better pictures": (line(True), line(False)),
    "The nearest to the data copies nothing": ({}, {"GAN": {"Fréchet": 0.5, "nearest": 0.1}}),
}  # fmt: skip


@pytest.mark.parametrize("says", CASES)
def test_a_saying_can_hold_and_can_fail(says):
    holds, fails = (claims.verdicts(contest(**case), REAL)[says] for case in CASES[says])
    assert holds[0] is True
    assert fails[0] is False


def test_every_saying_has_both_cases_numbers_and_a_lesson_of_the_book():
    assert set(CASES) == {claim.says for claim in claims.CLAIMS}
    pages = "".join(p.read_text(encoding="utf-8") for p in BOOK.glob("chapters/*/*.ipynb"))
    for claim in claims.CLAIMS:
        assert f"({claim.lesson})=" in pages
        assert any(letter.isdigit() for letter in claim.test(contest(), REAL)[1])


def test_the_table_says_what_the_verdicts_say():
    found = contest(PCA={"precision": 0.2})
    lines = claims.claims_table(found, REAL).data.splitlines()[2:]
    for line, (says, (holds, numbers)) in zip(
        lines, claims.verdicts(found, REAL).items(), strict=True
    ):
        assert says in line
        assert ("| holds |" in line) == holds
        assert numbers in line


def test_unknown_values_are_never_the_lowest():
    assert claims.lowest(contest(VAE={"bits": 1.5}), "bits") == "VAE"
