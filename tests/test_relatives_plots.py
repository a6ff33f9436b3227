"""Drawings of the lesson on diffusion's relatives: what the data say is what is drawn."""

import matplotlib.pyplot as plt
import numpy as np

from lib import relatives_plots as drawings
from lib.relatives import Split

SPLIT = Split(np.array([3.0, 2.0, 0.1]), np.array([50.0, 1.0, 0.01]))


def test_split_panels_draw_both_parts_and_the_vae():
    fig = drawings.split_panels(SPLIT, {"told": 2.5, "mismatch": 4.0}, 3.1)
    left, right = fig.axes
    assert np.array_equal(left.lines[0].get_ydata(), SPLIT.told)
    assert np.array_equal(right.lines[0].get_ydata(), SPLIT.mismatch)
    assert left.lines[1].get_ydata()[0] == 2.5
    plt.close(fig)


def test_bound_bars_leave_out_the_prior_term():
    fig, ax = plt.subplots()
    drawings.bound_bars(np.array([5.0, 3.0, 1.0]), ax)
    assert [bar.get_height() for bar in ax.patches] == [5.0, 3.0]
    plt.close(fig)


def test_known_curves_average_over_their_directions():
    shares, theory = np.linspace(1, 0, 8).reshape(4, 2), np.linspace(1, 0.2, 8).reshape(4, 2)
    fig = drawings.known_curves(shares, theory, {"both": slice(0, 2)})
    solid, dashed = fig.axes[0].lines
    assert np.allclose(solid.get_ydata(), shares.mean(1))
    assert np.allclose(dashed.get_ydata(), theory.mean(1))
    plt.close(fig)


def test_order_panels_name_directions_from_one():
    fig = drawings.order_panels(np.ones((6, 8, 8)), np.arange(6.0), [0, 2, 3, 5])
    titles = [ax.get_title() for ax in fig.get_axes()]
    assert "1: t = 0" in titles
    assert "6: t = 5" in titles
    plt.close(fig)


def test_latent_frame_stacks_codes_and_rows_with_white_between():
    pictures = [np.zeros((3, 8, 8)), np.full((3, 8, 8), -2.0)]
    frame = drawings.latent_frame(np.zeros((3, 4)), pictures, 2)
    assert frame.shape == (2 * (4 + 1 + 8 + 1 + 8), 2 * (3 * 8 + 2), 3)
    assert np.all(frame[2 * 4 : 2 * 5] == 1)
    assert np.all(frame[:, 2 * 8 : 2 * 9] == 1)
    assert np.all(frame[2 * 5 : 2 * 13, : 2 * 8] == 0)
    assert np.all((frame >= 0) & (frame <= 1))


def test_trade_off_and_quality_map_show_their_numbers():
    fig = drawings.trade_off({2: 4.0, 8: 1.0}, {8: 3.0}, 2.9)
    reached, ceiling = fig.axes[0].lines[:2]
    assert reached.get_ydata()[0] == 3.0
    assert list(ceiling.get_xdata()) == [2, 8]
    plt.close(fig)
    fig = drawings.quality_map({"a": (0.1, 3.0), "b": (1.0, 2.0)}, 0.5)
    assert {t.get_text() for t in fig.axes[0].texts} == {"a", "b"}
    plt.close(fig)
