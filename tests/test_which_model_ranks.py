"""Ranking: places with ties and gaps, marks and their order."""

from __future__ import annotations

import math

import pytest

from lib import which_model_ranks as ranking

NAN = float("nan")
FOUND = {
    "a": {"bits": 2.0, "recall": 0.9, "s per 100": 1.0},
    "b": {"bits": NAN, "recall": 0.5, "s per 100": 0.01},
    "c": {"bits": 1.5, "recall": 0.5, "s per 100": 0.1},
}


def test_places_know_which_way_is_better_and_share_ties():
    assert ranking.ranks(FOUND, "recall") == {"a": 1, "b": 2.5, "c": 2.5}
    assert ranking.ranks(FOUND, "s per 100") == {"a": 3, "b": 1, "c": 2}
    bits = ranking.ranks(FOUND, "bits")
    assert (bits["a"], bits["c"]) == (2, 1)
    assert math.isnan(bits["b"])


def test_agreement_is_of_pairs_that_are_known_and_not_tied():
    assert ranking.agreement(FOUND, "bits", "s per 100") == 1  # of a and c alone
    assert ranking.agreement(FOUND, "recall", "s per 100") == pytest.approx(-2 / 3)
    assert ranking.agreement(FOUND, "recall", "s per 100") == ranking.agreement(
        FOUND, "s per 100", "recall"
    )
    alone = {k: FOUND[k] for k in ("a", "b")}
    with pytest.raises(ValueError, match="fewer than two models"):
        ranking.agreement(alone, "bits", "recall")


def test_marks_lie_between_worst_and_best_and_unknown_is_worst():
    marks = ranking.scores(FOUND, "s per 100")
    assert marks == pytest.approx({"a": 0, "b": 1, "c": 0.5})  # equal factors, equal steps
    assert ranking.scores(FOUND, "bits") == {"a": 0, "b": 0, "c": 1}
    equal = {"a": {"bits": 1.0}, "b": {"bits": 1.0}}
    with pytest.raises(ValueError, match="nothing to score"):
        ranking.scores(equal, "bits")


def test_wishes_are_shares_of_the_whole():
    marked = ranking.marks(FOUND, {"recall": 1, "s per 100": 3})
    assert marked["a"] == pytest.approx({"recall": 0.25, "s per 100": 0})
    assert marked["b"] == pytest.approx({"recall": 0, "s per 100": 0.75})
    assert ranking.order(marked) == ["b", "c", "a"]
    twice = ranking.marks(FOUND, {"recall": 2, "s per 100": 6})
    assert {k: pytest.approx(v) for k, v in twice.items()} == marked
    for weights in ({"recall": 0}, {"recall": 2, "bits": -1}):
        with pytest.raises(ValueError, match="weights are not negative"):
            ranking.marks(FOUND, weights)
