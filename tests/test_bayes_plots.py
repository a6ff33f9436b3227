"""The lesson's figures show what the library computes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Ellipse, FancyArrowPatch, FancyBboxPatch, Rectangle

from lib import plots
from lib.bayes_plots import (
    ALARM_POS,
    BAR,
    belief_figure,
    belief_words,
    completion_figure,
    hmm_figure,
    node_spots,
    orders_figure,
    scene_figure,
)
from lib.glyphs import CAUSES, GlyphModel, templates
from lib.networks import burglar_alarm


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def lit_arrows(fig) -> int:
    arrows = [p for p in fig.axes[0].get_children() if isinstance(p, FancyArrowPatch)]
    return sum(to_hex(arrow.get_edgecolor()) == plots.COLORS["latent"] for arrow in arrows)


def test_hmm_figure_fills_the_observations():
    ax = hmm_figure(12).axes[0]
    assert len([p for p in ax.get_children() if isinstance(p, FancyArrowPatch)]) == 11 + 12
    filled = [p for p in ax.patches if to_hex(p.get_facecolor()) == plots.COLORS["data"]]
    assert len(filled) == 12
    assert {t.get_text() for t in ax.texts} == {
        f"${v}_{{{k}}}$" for v in "xy" for k in range(1, 13)
    }


def test_orders_figure_joins_every_pair_in_six_ways():
    """All six turn out different, and each has the three arrows of a full graph."""
    drawn = set()
    for ax in orders_figure().axes:
        arrows = [p for p in ax.get_children() if isinstance(p, FancyArrowPatch)]
        ends = frozenset(tuple(map(tuple, arrow._posA_posB)) for arrow in arrows)
        assert len({frozenset(pair) for pair in ends}) == 3
        drawn.add(ends)
    assert len(drawn) == 6


@pytest.mark.parametrize(
    ("evidence", "lit"),
    [({}, 2), ({"alarm": 1}, 3), ({"call": 1}, 3), ({"alarm": 1, "earthquake": 0}, 0)],
)
def test_belief_figure_lights_the_arrows_of_active_paths(evidence, lit):
    assert lit_arrows(belief_figure(burglar_alarm(), ALARM_POS, "burglary", evidence)) == lit


def test_belief_figure_writes_the_posteriors():
    net = burglar_alarm()
    texts = {
        t.get_text() for t in belief_figure(net, ALARM_POS, "burglary", {"call": 1}).axes[0].texts
    }
    for name in net.nodes:
        assert f"{100 * net.marginals({'call': 1})[name][1]:.1f} %" in texts


def test_belief_bars_have_the_length_of_the_belief_and_the_colour_of_its_origin():
    net, evidence = burglar_alarm(), {"alarm": 1, "call": None}
    ax = belief_figure(net, ALARM_POS, "burglary", evidence).axes[0]
    bars = [p for p in ax.patches if isinstance(p, Rectangle)][1::2]  # each after its frame
    for name, bar in zip(ALARM_POS, bars, strict=True):
        p = net.marginals({"alarm": 1})[name][1]
        assert bar.get_width() == pytest.approx(BAR[0] * p)
        role = "data" if name == "alarm" else "model"
        assert to_hex(bar.get_facecolor()) == plots.COLORS[role]


def test_hidden_evidence_is_no_evidence():
    net = burglar_alarm()
    plain = belief_figure(net, ALARM_POS, "burglary", {"call": 1})
    hidden = belief_figure(net, ALARM_POS, "burglary", {"alarm": None, "call": 1})
    assert [t.get_text() for t in plain.axes[0].texts] == [
        t.get_text() for t in hidden.axes[0].texts
    ]


@pytest.mark.parametrize(
    ("evidence", "observed", "cut"),
    [
        ({}, "nothing", "earthquake, radio"),
        ({"alarm": 1, "radio": None}, "alarm is yes", "call"),
        ({"call": 1}, "call is yes", "no node"),
        ({"earthquake": 0, "alarm": 1}, "earthquake is no, alarm is yes", "radio, call"),
    ],
)
def test_belief_words_say_what_is_seen_believed_and_cut_off(evidence, observed, cut):
    net = burglar_alarm()
    seen = {v: k for v, k in evidence.items() if k is not None}
    p = net.posterior("burglary", seen, "enumeration").table[1]
    expected = f"Observed: {observed}. p(burglary = yes) is {100 * p:.1f} %. Cut off: {cut}."
    assert belief_words(net, "burglary", evidence) == expected


def test_completion_figure_puts_pictures_in_rows(rng):
    images = templates()[1, [21, 24], 0].copy()
    images[:, :, 7:] = np.nan
    scenes, averages = rng.random((2, 3, 16, 16)), rng.random((2, 16, 16))
    fig = completion_figure(images, scenes, averages)
    shown = [ax.images[0].get_array() for ax in fig.axes]
    assert len(shown) == 2 * 5
    for row in range(2):
        np.testing.assert_array_equal(np.ma.filled(shown[5 * row], np.nan), images[row])
        np.testing.assert_array_equal(shown[5 * row + 3], scenes[row, 2])
        np.testing.assert_array_equal(shown[5 * row + 4], averages[row])
    assert [ax.get_title() for ax in fig.axes[:5]] == ["seen", "", "drawn", "", "average"]
    with pytest.raises(ValueError, match=r"need scenes \(n, k, h, w\)"):
        completion_figure(images, scenes[:1], averages)


def test_scene_figure_draws_the_marginals(rng):
    model = GlyphModel(0.7)
    z, images = model.sample(2, rng)
    posteriors = [model.posterior(image) for image in images]
    truths = np.transpose([z[name] for name in CAUSES])
    fig = scene_figure(images, posteriors, truths)
    assert len(fig.axes) == 8
    for k, posterior in enumerate(posteriors):
        bars = [bar.get_width() for bar in fig.axes[4 * k + 1].patches]
        np.testing.assert_allclose(bars, posterior.table.sum(axis=(1, 2)))
        heights = [bar.get_height() for bar in fig.axes[4 * k + 3].patches]
        np.testing.assert_allclose(heights, posterior.table.sum(axis=(0, 1)))
        drawn = fig.axes[4 * k + 2].images[0].get_array()
        np.testing.assert_allclose(drawn.ravel(), posterior.table.sum(axis=(0, 2)))


def test_node_spots_lie_on_the_nodes_of_the_drawn_picture():
    """The pixel just above each label has the fill of an unobserved node."""
    net = burglar_alarm()
    fig = belief_figure(net, ALARM_POS, "radio", dict.fromkeys(("burglary", "alarm", "call"), 1))
    fig.canvas.draw()
    pixels = np.asarray(fig.canvas.buffer_rgba())[..., :3] / 255
    for name, (x, y) in node_spots(net, ALARM_POS).items():
        row, column = int(y * pixels.shape[0]) - 14, int(x * pixels.shape[1])
        observed = np.allclose(pixels[row, column], to_rgb(plots.COLORS["data"]), atol=0.02)
        assert observed == (name in ("burglary", "alarm", "call"))


def test_node_spots_lie_exactly_on_the_nodes():
    """Each spot is the middle of a node's outline to a quarter of a pixel, pills included."""
    net = burglar_alarm()
    fig = belief_figure(net, ALARM_POS, "burglary", {"alarm": 1})
    fig.canvas.draw()
    size = np.array([fig.bbox.width, fig.bbox.height])
    nodes = [p for p in fig.axes[0].patches if isinstance(p, FancyBboxPatch | Ellipse)]
    boxes = [node.get_window_extent() for node in nodes]
    middles = {((b.x0 + b.x1) / 2, size[1] - (b.y0 + b.y1) / 2) for b in boxes}
    spots = [np.array(spot) * size for spot in node_spots(net, ALARM_POS).values()]
    assert len(middles) == len(spots) == 5
    for spot in spots:
        assert min(np.abs(spot - middle).max() for middle in middles) < 0.25
