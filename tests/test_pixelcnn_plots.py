"""Drawings of the PixelCNN lesson show what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from lib import pixelcnn_plots as drawn
from lib.masked import causal_mask
from lib.plots import COLORS


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def colours_of(ax) -> np.ndarray:
    """The picture in a panel as colours (h, w, 3)."""
    image = ax.images[0]
    return image.cmap(image.norm(image.get_array()))[..., :3]


def test_masks_are_those_of_the_library():
    fig = drawn.mask_panels(3, 5)
    for ax, kind in zip(fig.axes, ("A", "B", "above", "rows"), strict=True):
        blue = np.isclose(colours_of(ax), to_rgb(COLORS["data"])).all(-1)
        assert np.array_equal(blue, causal_mask(3, 5, kind).numpy() > 0)
        (frame,) = ax.patches
        assert frame.get_xy() == (1.5, 1.5)  # round column 2 of the last row


def test_dependence_is_blue_below_the_diagonal_and_orange_elsewhere():
    found = np.array([[0.0, 2.0, 0.0], [1.0, 0.5, 0.0], [0.0, 4.0, 0.0]])
    ax = drawn.dependence_panels({"some": found, "none": np.zeros((3, 3))}).axes[0]
    shown = np.asarray(ax.images[0].get_array())
    white = np.isclose(shown, 1).all(-1)
    assert np.array_equal(white, found == 0)
    for i, j in np.argwhere(found > 0):
        role = "data" if j < i else "error"
        tint = np.array(to_rgb(COLORS[role]))
        share = (1 - shown[i, j]) / (1 - tint)
        np.testing.assert_allclose(share, share[0])
    np.testing.assert_allclose(shown[2, 1], to_rgb(COLORS["data"]))


def test_codes_say_what_a_pixel_is_to_another():
    field, blind = torch.zeros(3, 4, dtype=torch.bool), torch.zeros(3, 4, dtype=torch.bool)
    field[1, 0:2] = field[2, 0] = True
    field[1, 2] = True
    blind[0, :] = blind[1, 3] = True
    codes = drawn.field_codes(field, blind, (2, 1))
    want = [[1, 1, 1, 1], [2, 2, 2, 1], [2, 4, 0, 0]]
    assert codes.tolist() == want
    field[0, 3] = True  # now the box spans everything
    blind[0, 3] = False
    assert drawn.field_codes(field, blind, (2, 1))[0].tolist() == [3, 3, 3, 2]
    nothing = torch.zeros_like(field)
    assert drawn.field_codes(nothing, nothing, (0, 0))[0, 0] == drawn.PIXEL


def test_fields_have_a_key_for_the_colours_that_occur():
    fig = drawn.field_panels({"a": np.array([[0, 4], [2, 2]]), "b": np.array([[1, 4], [0, 0]])})
    (key,) = fig.legends
    assert [t.get_text() for t in key.get_texts()] == [drawn.FIELD_NAMES[k] for k in (0, 1, 2, 4)]
    assert np.allclose(colours_of(fig.axes[0])[0, 1], to_rgb(COLORS["model"]))
    assert [ax.get_title() for ax in fig.axes] == ["a", "b"]


def test_bars_are_as_long_as_the_bits():
    _, ax = plt.subplots()
    drawn.bits_bars({"uniform": 4.0, "mine": 1.5}, {"mine"}, ax)
    widths = {t.get_text(): bar.get_width() for t, bar in zip(
        ax.get_yticklabels(), ax.patches, strict=True)}  # fmt: skip
    assert widths == {"uniform": 4.0, "mine": 1.5}
    assert np.allclose(ax.patches[0].get_facecolor()[:3], to_rgb(COLORS["model"]))
    assert np.allclose(ax.patches[1].get_facecolor()[:3], to_rgb(COLORS["prior"]))
