"""Drawings of the lesson on the chain rule show what they are given."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyArrowPatch

from lib import chain_plots
from lib.pixel_orders import columns, upwards
from lib.plots import COLORS
from tests.pixel_cases import make, pictures


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def arrows(ax):
    return [p for p in ax.get_children() if isinstance(p, FancyArrowPatch)]


def test_graphs_have_an_arrow_for_each_parent():
    complete = {i: range(1, i) for i in range(1, 5)}
    fig = chain_plots.graphs({"none": {i: [] for i in complete}, "all": complete})
    assert [len(arrows(ax)) for ax in fig.axes] == [0, 6]
    assert [ax.get_title() for ax in fig.axes] == ["none", "all"]
    texts = {t.get_text() for t in fig.axes[1].texts}
    assert texts == {"x₁", "x₂", "x₃", "x₄"}


def test_orders_are_drawn_as_paths():
    order = columns((3, 4))
    fig = chain_plots.order_panels({"columns": order, "upwards": upwards((3, 4))})
    path, start = fig.axes[0].lines
    assert list(zip(path.get_ydata(), path.get_xdata(), strict=True)) == order
    assert (start.get_ydata()[0], start.get_xdata()[0]) == order[0]
    rank = fig.axes[0].images[0].get_array()
    assert [int(rank[place]) for place in order] == list(range(12))


def test_costs_of_the_pixels_add_up_to_the_bits():
    model = make("fvbn")
    x = pictures(model)[::50]
    bits = chain_plots.level_bits(model, x)
    assert bits.shape == x.shape
    want = -model.log_prob(x).detach() / math.log(2)
    torch.testing.assert_close(bits.sum((1, 2)), want)


def test_training_curves_are_the_history():
    history = {"epoch": [0, 5], "train": [4.0, 2.0], "held out": [4.0, 3.0]}
    fig = chain_plots.training_curves({"a": history, "b": history}, yard=3.5)
    train, held, yard = fig.axes[1].lines
    assert (list(train.get_ydata()), list(held.get_ydata())) == ([4, 2], [4, 3])
    assert set(yard.get_ydata()) == {3.5}


@pytest.mark.parametrize("name", ["fvbn", "fvbn upwards"])
@pytest.mark.parametrize("pixel", [1, 4, 6])
def test_reveal_shows_the_past_and_the_prediction(name, pixel):
    """Pixels before the framed one are shown, those after it are hidden, the bars are p."""
    model = make(name)
    x = pictures(model)[500]
    reveal = chain_plots.Reveal(model, {"first": x, "other": pictures(model)[3]})
    reveal.draw("first", pixel)
    shown = reveal.image.get_array()
    for k, place in enumerate(model.places):
        want = np.full(3, x[place] / 2) if k < pixel - 1 else chain_plots.HIDDEN
        np.testing.assert_allclose(shown[place], want)
    place = model.places[pixel - 1]
    assert reveal.frame.get_xy() == (place[1] - 0.5, place[0] - 0.5)
    p = model.logits(x[None]).softmax(1)[(0, slice(None), *place)].detach()
    np.testing.assert_allclose([bar.get_height() for bar in reveal.bars], p)
    blue = [bar.get_facecolor() == to_rgba(COLORS["data"]) for bar in reveal.bars]
    assert blue == [level == x[place] for level in range(3)]


def test_the_bill_is_the_sum_of_the_prices():
    model = make("fvbn")
    x = pictures(model)[77]
    reveal = chain_plots.Reveal(model, {"a": x})
    total = -model.log_prob(x[None]).item() / math.log(2)
    where, price = reveal.words("a", 6)
    assert where == "pixel 6 of 6"
    assert price.endswith(f"the sum is {total:.1f}")
    assert f"level {x[1, 2]} costs" in price
    text = reveal.alt("a", 6)
    p = model.logits(x[None]).softmax(1)[0, :, 1, 2].detach()
    assert "first 5 pixels of the a digit" in text
    assert f"level {p.argmax()} with {p.max():.0%}" in text
