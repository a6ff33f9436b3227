"""What the drawings of the lesson on pictures from a GAN show."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from lib import gan_pictures_plots as drawn
from lib.ddpm_plots import GAP, TOP, ZOOM
from lib.gan_pictures import Snapshot
from lib.plots import COLORS


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def shot(epoch: int, frechet: float, level: float = 1.0) -> Snapshot:
    found = Snapshot(epoch, level * torch.ones(40, 8, 8), 1.4, 0.7 + epoch)
    found.__dict__["facts"] = {"Fréchet": frechet, "rarest class": 0.05}
    return found


def test_maps_have_their_numbers_in_their_cells():
    counts = np.array([[1, 2], [3, 4]])
    (ax,) = drawn.visit_maps({"kernel": counts}).axes
    written = {tuple(text.get_position()): text.get_text() for text in ax.texts}
    assert written == {(0, 0): "1", (1, 0): "2", (0, 1): "3", (1, 1): "4"}
    assert ax.get_title() == "kernel"


def test_progress_shows_losses_and_distances_by_epoch():
    left, right = drawn.progress_panels([shot(1, 20.0), shot(3, 2.0)], {"limit": 3.0}).axes
    data, model, *draws = left.lines
    np.testing.assert_allclose([d.get_ydata()[0] for d in draws], np.log([2, 4]))
    assert data.get_color() == COLORS["data"]
    np.testing.assert_allclose(data.get_ydata(), [1.4, 1.4])
    np.testing.assert_allclose(model.get_xydata(), [[1, 1.7], [3, 3.7]])
    np.testing.assert_allclose(right.lines[0].get_xydata(), [[1, 20], [3, 2]])
    np.testing.assert_allclose(right.lines[1].get_ydata(), [3, 3])


def test_bars_are_per_cent_and_do_not_overlap():
    shares = {"a": np.full(10, 0.1), "b": np.arange(10) / 45}
    (ax,) = drawn.share_bars(shares, 0.05).axes
    assert len(ax.patches) == 20
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches[:10]], 10)
    np.testing.assert_allclose(ax.patches[19].get_height(), 20)
    edges = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches)
    assert all(right <= left + 1e-9 for (_, right), (left, _) in pairwise(edges))
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [5, 5])


def test_two_losses_start_at_step_one():
    (ax,) = drawn.two_losses({"bad": [3.0, 2.0], "good": [1.0, 0.5]}, 1.4).axes
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[1, 3], [2, 2]])
    assert [line.get_color() for line in ax.lines[:2]] == [COLORS["error"], COLORS["model"]]
    np.testing.assert_allclose(ax.lines[2].get_ydata(), [1.4, 1.4])


def test_table_writes_the_share_in_per_cent():
    facts = {"ours": {"Fréchet": 1.234, "rarest class": 0.061, "seconds": 31.7}}
    facts["data"] = {"Fréchet": 0.5, "rarest class": 0.1}
    text = drawn.judge_table("pictures", facts).data
    assert "| ours | 1.23 | 6% | 32 |" in text
    assert "| data | 0.50 | 10% |  |" in text


def test_frames_of_epochs_show_their_snapshot():
    frame = drawn.epoch_frames([shot(1, 9.0, -1.0), shot(2, 8.0, 1.0)])
    dark, light = frame(0), frame(1)
    assert (light[TOP : TOP + 8 * ZOOM, : 8 * ZOOM] == 255).all()
    assert (dark[TOP : TOP + 8 * ZOOM, : 8 * ZOOM] == 0).all()
    assert not np.array_equal(light[:TOP], dark[:TOP])


def test_frames_of_walks_follow_stop_and_path():
    line = torch.linspace(-1, 1, 3)[None, :, None, None].expand(16, 3, 8, 8)
    frame = drawn.walk_frames({"line": line, "arc": -line}, {"line": [1, 2, 3], "arc": [4, 5, 6]})
    corner = slice(TOP, TOP + 8 * ZOOM), slice(0, 8 * ZOOM)
    assert (frame(0, "line")[corner] == 0).all()
    assert (frame(2, "line")[corner] == 255).all()
    assert (frame(0, "arc")[corner] == 255).all()
    assert frame(1, "arc").shape[0] == TOP + 2 * (8 * ZOOM + GAP)
