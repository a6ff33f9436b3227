"""Drawings of the PixelRNN lesson: the numbers they show."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from lib import pixelrnn_plots as drawings
from lib.diagonal_lstm import DiagonalBiLSTM
from lib.row_lstm import RowLSTM


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_steps_of_the_four_models():
    last = {name: drawings.when(name, 5, 6).max() for name in drawings.STEPS}
    assert list(last.values()) == [30, 5, 10, 1]
    assert drawings.when("raster LSTM", 2, 3).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert drawings.when("Row LSTM", 2, 3).tolist() == [[1, 1, 1], [2, 2, 2]]
    assert drawings.when("Diagonal BiLSTM", 2, 3).tolist() == [[1, 2, 3], [2, 3, 4]]
    with pytest.raises(ValueError, match="one of raster LSTM"):
        drawings.when("LSTM", 2, 3)


@pytest.mark.parametrize(
    ("model", "name"), [(RowLSTM, "Row LSTM"), (DiagonalBiLSTM, "Diagonal BiLSTM")]
)
def test_steps_are_those_that_the_network_takes(model, name):
    net, calls = model((4, 7), 3, cells=2), []
    carry = net.layers[0].carry if name == "Row LSTM" else net.layers[0].left.carry
    carry.register_forward_hook(lambda *_: calls.append(1))
    net.network(torch.zeros(1, 1, 4, 7))
    assert len(calls) == drawings.when(name, 4, 7).max()


def test_seen_leaves_zeros_white_and_keeps_the_order():
    _, ax = plt.subplots()
    drawings.seen(ax, np.array([[1.0, 0.1], [1e-9, 0.0]]), (1, 1))
    shown = ax.images[-1].get_array().filled(np.nan)
    assert np.isnan(shown[1, 1])
    assert shown[0, 0] > shown[0, 1] > shown[1, 0] > 0


def test_numbers_are_written_where_they_stand():
    _, ax = plt.subplots()
    drawings.numbered(ax, np.array([[0, 3], [2, 0]]), marked=np.array([[False, True], [False] * 2]))
    assert {t.get_position(): t.get_text() for t in ax.texts} == {(1, 0): "3", (0, 1): "2"}
    assert [p.get_xy() for p in ax.patches] == [(0.5, -0.5)]


def test_frame_of_the_explorable_says_what_it_shows():
    strength = np.zeros((8, 8))
    strength[0, :3] = 0.5
    fig = drawings.look_frame("Diagonal BiLSTM", strength, (1, 2))
    left, right = fig.axes
    assert left.get_title() == "Diagonal BiLSTM: sees 3 pixels"
    assert right.get_title() == "left stream: step 4 of 15"
    assert {t.get_text() for t in right.texts} == {"1", "2", "3", "4"}


def test_gate_rows_show_every_number():
    fig = drawings.gate_rows({"write": [0.0, 1.0], "memory": [-0.76, -0.0]})
    assert [t.get_text() for t in fig.axes[0].texts] == ["0.0", "1.0", "-0.8", "0.0"]
    assert [t.get_text() for t in fig.axes[0].get_yticklabels()] == ["write", "memory"]


def test_curves_count_backwards_in_time():
    _, ax = plt.subplots()
    drawings.fading_curves(ax, {"a": np.array([0.01, 0.1, 1.0])})
    x, y = ax.lines[0].get_data()
    assert x.tolist() == [2, 1, 0]
    assert y.tolist() == [0.01, 0.1, 1.0]


def test_bits_curves_name_their_models():
    _, ax = plt.subplots()
    history = {"epoch": [1, 2, 4], "held out": [3.0, 2.5, 2.2]}
    drawings.bits_curves(ax, {"Row LSTM": history, "PixelCNN": history})
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["Row LSTM", "PixelCNN"]
    assert ax.lines[0].get_xydata().tolist() == [[1, 3.0], [2, 2.5], [4, 2.2]]
    assert ax.lines[0].get_color() != ax.lines[1].get_color()


def test_unrolled_chain_has_a_box_a_step():
    _, ax = plt.subplots()
    drawings.unrolled(ax, steps=3)
    assert sum(t.get_text() == "LSTM" for t in ax.texts) == 3
    assert len(ax.patches) == 3
