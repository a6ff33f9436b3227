"""Drawings of waves: what one output reads, and the numbers on the curves."""

from itertools import pairwise

import numpy as np
import pytest

from lib.plots import COLORS
from lib.wave_model import receptive_field
from lib.wave_plots import reading_trees, readings, wave_rows


@pytest.mark.parametrize(
    ("dilations", "taps"), [((1, 2, 4, 8), 2), ((1, 1, 1), 2), ((1, 3, 9), 3), ((4, 1), 2)]
)
def test_readings_follow_the_layers(dilations, taps):
    layers = readings(dilations, taps)
    assert {out for _, out in layers[-1]} == {0}
    for dilation, pairs in zip(dilations, layers, strict=True):
        assert {(a - b) % dilation for a, b in pairs} == {0}
        assert max(a - b for a, b in pairs) == (taps - 1) * dilation
    for below, above in pairwise(layers):
        assert {b for _, b in below} == {a for a, _ in above}
    assert max(a for a, _ in layers[0]) + 1 == receptive_field(dilations, taps)


def test_trees_reach_as_far_as_the_field():
    fig = reading_trees({"wide": (1, 2, 4), "narrow": (1, 1, 1)})
    for ax, want in zip(fig.axes, (8, 4), strict=True):
        (inputs,) = (line for line in ax.lines if line.get_color() == COLORS["data"])
        assert set(inputs.get_xdata()) == {-k for k in range(1, want + 1)}
        assert len(ax.collections) == 3
    assert fig.axes[1].get_xlabel() == "samples before the predicted one"


def test_waves_are_drawn_in_milliseconds():
    wave = np.sin(np.arange(50))
    fig = wave_rows({"true": (wave, "data"), "other": (-wave, "model")}, 1000, start=10, samples=20)
    line = fig.axes[1].lines[0]
    np.testing.assert_array_equal(line.get_ydata(), -wave[10:30])
    np.testing.assert_allclose(line.get_xdata(), np.arange(10, 30))
    assert line.get_color() == COLORS["model"]
    assert fig.axes[1].get_xlabel() == "time in milliseconds"
