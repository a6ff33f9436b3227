"""Drawings of the last comparison show the numbers that they are given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

from lib import which_model_plots as drawings
from lib import which_model_ranks as ranking
from lib import which_model_toy as toy
from lib.which_model import CONTESTANTS

FACTS = ("bits", "Fréchet", "recall", "s per 100", "numbers")


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def contest() -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(0)
    found = {name: dict(zip(FACTS, rng.random(5) + 0.1, strict=True)) for name in CONTESTANTS}
    for row in found.values():
        row |= {"recall": 0.9 * row["recall"] / 1.1, "numbers": 1e5 * row["numbers"]}
    found["GAN"]["bits"] = found["AE + GMM"]["bits"] = float("nan")
    return found


def log(budgets=(2.0, 8.0), starts=3) -> list[dict]:
    rng = np.random.default_rng(1)
    return [
        {"budget": b, "seed": s, "model": m, "Fréchet": 1 + rng.random() * 40 / b}
        for b in budgets
        for s in range(starts)
        for m in CONTESTANTS
    ]


def test_every_contestant_and_every_wish_has_its_colour():
    assert set(drawings.SHADES) == set(CONTESTANTS)
    assert len(set(drawings.SHADES.values())) == len(CONTESTANTS)
    assert len(set(drawings.PARTS.values())) == len(drawings.PARTS)


def test_toy_panels_draw_the_densities():
    models = toy.models(np.random.default_rng(0))
    fig = drawings.toy_panels(models)
    assert [ax.get_title() for ax in fig.axes] == list(models)
    for ax, model in zip(fig.axes, models.values(), strict=True):
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), model.density)


def test_cells_have_the_mass_of_the_density():
    bell = stats.norm(0.4, 0.3)
    ax = drawings.cell_panel(bell.pdf, 5).axes[0]
    areas = [bar.get_height() * bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(areas, np.diff(bell.cdf(np.arange(6) / 5)), atol=1e-4)


def test_rank_lines_stand_at_the_places():
    found = contest()
    ax = drawings.rank_lines(found, FACTS).axes[0]
    for line, name in zip(ax.lines, found, strict=True):
        np.testing.assert_array_equal(
            line.get_ydata(), [ranking.ranks(found, f)[name] for f in FACTS]
        )
    assert {text.get_text() for text in ax.texts} == set(CONTESTANTS)


def test_discs_stand_at_price_and_distance_with_the_memory_as_area():
    found = contest()
    kinds = dict.fromkeys(found, "bound") | {"GAN": "none"}
    ax = drawings.price_map(found, kinds, 0.5).axes[0]
    for disc, name in zip(ax.collections, found, strict=True):
        row = found[name]
        np.testing.assert_allclose(disc.get_offsets()[0], [1e3 * row["s per 100"], row["Fréchet"]])
        assert disc.get_sizes()[0] == pytest.approx(row["numbers"] / 150)
    assert {text.get_text() for text in ax.texts} == {*CONTESTANTS, "held-out digits"}


def test_budget_panels_draw_means_and_ranges():
    rows = log()
    ax = drawings.budget_panels(rows, ("Fréchet",)).axes[0]
    for line, band, name in zip(ax.lines, ax.collections, CONTESTANTS, strict=True):
        values = [
            [r["Fréchet"] for r in rows if (r["budget"], r["model"]) == (b, name)] for b in (2, 8)
        ]
        np.testing.assert_allclose(line.get_ydata(), np.mean(values, axis=1))
        y = band.get_paths()[0].vertices[:, 1]
        assert (y.min(), y.max()) == pytest.approx((np.min(values), np.max(values)))


def test_tables_leave_out_what_is_unknown():
    found = contest()
    text = drawings.facts_table(found, ("bits", "recall"), dict.fromkeys(found, "exact")).data
    row = next(line for line in text.splitlines() if line.startswith("| GAN"))
    assert [part.strip() for part in row.split("|")[1:4]] == ["GAN", "exact", ""]
    text = drawings.spread_table(log(), 8.0, ("Fréchet",)).data
    values = [r["Fréchet"] for r in log() if (r["budget"], r["model"]) == (8, "VAE")]
    assert f"| VAE | {np.mean(values):.1f}{drawings.PM}{np.std(values):.1f} |" in text


def test_bars_are_as_long_as_the_marks_and_the_best_is_at_the_top():
    found = contest()
    wishes = drawings.Wishes(found, {"likeness": "Fréchet", "speed": "s per 100"})
    marked = wishes.marks(likeness=2, speed=1)
    ax = wishes.draw(likeness=2, speed=1).axes[0]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ranking.order(marked)
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches[len(names) :]]
    np.testing.assert_allclose(ends, [sum(marked[name].values()) for name in names])
    assert ends == sorted(ends, reverse=True)
    nothing, equal = (wishes.marks(likeness=w, speed=w) for w in (0, 1))
    assert nothing == equal
