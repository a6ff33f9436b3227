"""The file of several starts: written, read, averaged, and what chance would do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lib import which_model as contest
from lib import which_model_spread as spread


def rows() -> list[dict]:
    return [
        {"budget": b, "seed": s, "model": m, "Fréchet": 10 * b + s + bonus, "bits": math.nan}
        for b in (4.0, 2.0)
        for s in (1, 0)
        for m, bonus in (("GAN", 0.0), ("VAE", 0.5 if s else -0.5))
    ]


def test_what_is_written_is_read(tmp_path):
    spread.write(rows(), path := tmp_path / "some.csv")
    back = spread.read(path)
    assert [r["model"] for r in back] == [r["model"] for r in rows()]
    for key in ("budget", "seed", "Fréchet", "bits"):
        np.testing.assert_array_equal([r[key] for r in back], [r[key] for r in rows()])


def test_columns_are_in_the_order_of_the_starts():
    assert spread.budgets(rows()) == [2, 4]
    np.testing.assert_array_equal(spread.column(rows(), 2, "GAN", "Fréchet"), [20, 21])
    assert spread.average(rows(), 4)["VAE"]["Fréchet"] == pytest.approx(40.5)
    with pytest.raises(ValueError, match="no row"):
        spread.column(rows(), 3, "GAN", "Fréchet")


def test_wins_compare_the_same_start():
    assert spread.wins(rows(), 2, "GAN", "VAE", "Fréchet") == (1, 2)
    shifted = [r | {"Fréchet": r["Fréchet"] + 5 * (r["model"] == "VAE")} for r in rows()]
    assert spread.wins(shifted, 2, "GAN", "VAE", "Fréchet") == (2, 2)


def test_chance_of_a_clear_result_among_equals():
    assert spread.by_chance(5, 5) == pytest.approx(2 / 32)
    assert spread.by_chance(2, 4) == 1
    assert spread.by_chance(0, 3) == spread.by_chance(3, 3) == pytest.approx(0.25)
    for won, starts in ((4, 3), (-1, 3), (0, 0)):
        with pytest.raises(ValueError, match="wins lie in"):
            spread.by_chance(won, starts)


def test_the_shipped_file_is_a_whole_contest():
    """Every budget has every contestant at every start, and no number that cannot be."""
    log = spread.read()
    assert contest.SECONDS in spread.budgets(log)
    assert len(spread.budgets(log)) >= 3
    for budget in spread.budgets(log):
        names = list(spread.average(log, budget))
        assert names == list(contest.CONTESTANTS)
        starts = {len(spread.column(log, budget, n, "seed")) for n in names}
        assert len(starts) == 1
    for row in log:
        assert 0 <= row["precision"] <= 1
        assert 0 <= row["recall"] <= 1
        assert 0 < row["Fréchet"] < 150
        assert math.isnan(row["bits"]) == (row["model"] in ("GAN", "AE + GMM"))
        assert not row["bits"] < 1  # digits have about 1.8 bits per dimension
    assert len(spread.column(log, contest.SECONDS, "GAN", "seed")) >= 3
