"""The lesson's figures show what the library computes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import FancyArrowPatch

from lib import plots
from lib.bayes_plots import ALARM_POS, belief_figure, node_spots, scene_figure
from lib.glyphs import CAUSES, GlyphModel
from lib.networks import burglar_alarm


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def lit_arrows(fig) -> int:
    arrows = [p for p in fig.axes[0].get_children() if isinstance(p, FancyArrowPatch)]
    return sum(to_hex(arrow.get_edgecolor()) == plots.COLORS["latent"] for arrow in arrows)


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
