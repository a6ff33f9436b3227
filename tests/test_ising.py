"""The Ising grid: energy by a plain loop, sampler against enumeration."""

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib.ising import SPIN, ising_grid, neighbour_sum, sample_grid
from lib.ising_plots import IsingPanels, cost_line, state_bars


def loop_energy(x, beta, h):
    rows, cols = x.shape
    energy = h * x.sum()
    for r, c in product(range(rows), range(cols)):
        energy -= beta * x[r, c] * x[r + 1, c] if r + 1 < rows else 0
        energy -= beta * x[r, c] * x[r, c + 1] if c + 1 < cols else 0
    return energy


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (3, 1), (3, 4)])
def test_energy_equals_the_definition(rng, shape):
    field = ising_grid(*shape, beta=0.7, h=-0.3)
    for _ in range(5):
        states = rng.integers(2, size=shape)
        want = loop_energy(SPIN[states], 0.7, -0.3)
        assert field.energy(states.ravel()) == pytest.approx(want, abs=1e-12)


def test_neighbour_sum_follows_the_edges_of_the_grid(rng):
    field, x = ising_grid(3, 4, beta=1.0), rng.choice(SPIN, (2, 3, 4))
    sums = neighbour_sum(x).reshape(2, 12)
    for i in range(12):
        np.testing.assert_array_equal(sums[:, i], x.reshape(2, 12)[:, field.neighbours(i)].sum(-1))


@pytest.mark.parametrize(("beta", "h"), [(0.4, 0.3), (-0.5, -0.1), (0.0, 0.5)])
def test_one_sweep_leaves_the_distribution_as_it_is(rng, beta, h):
    """Start 200,000 chains in exact samples: after a sweep every state is as frequent as before."""
    field = ising_grid(2, 3, beta, h)
    p = np.exp(field.log_table() - field.log_z_by_enumeration()).ravel()
    n, powers = 200_000, 2 ** np.arange(6)[::-1]
    start = rng.choice(64, size=n, p=p)
    x = SPIN[(start[:, None] // powers) % 2].reshape(n, 2, 3)
    after = ((sample_grid(x, beta, h, 1, rng).reshape(n, 6) + 1) // 2) @ powers
    z = (np.bincount(after, minlength=64) - n * p) / np.sqrt(n * p * (1 - p))
    assert np.abs(z).max() < 5  # standard errors; 64 states


def test_the_sampler_leaves_its_start_behind(rng):
    x = sample_grid(np.full((20_000, 2, 3), -1), 0.3, -0.2, 40, rng)
    exact = [p[1] for p in ising_grid(2, 3, 0.3, -0.2).marginals_by_enumeration()]
    np.testing.assert_allclose((x == 1).mean(axis=0).ravel(), exact, atol=0.02)


def test_every_bar_stands_above_its_own_picture():
    pictures = np.array([[[0, 1], [1, 0]], [[1, 1], [0, 1]], [[0, 0], [0, 1]]])
    fig, axes = plt.subplots(2, 1)
    bars = state_bars(*axes, np.array([0.5, 0.2, 0.3]), pictures)
    (image,) = axes[1].get_images()
    strip, (left, right, *_) = np.array(image.get_array()), image.get_extent()
    for bar, height, picture in zip(bars, [0.5, 0.2, 0.3], pictures, strict=True):
        middle = bar.get_x() + bar.get_width() / 2
        column = (middle - left) / (right - left) * strip.shape[1]
        tile = strip[2:-2, int(column) - 8 : int(column) + 8]
        np.testing.assert_array_equal(tile[4::8, 4::8], picture)
        assert bar.get_height() == height
    plt.close(fig)


def test_the_cost_doubles_with_every_pixel_beyond_the_measured_ones():
    fig, ax = plt.subplots()
    cost_line(ax, np.array([4, 6, 8]), [1e-3, 2e-3, 5e-3], until=12)
    measured, ahead = ax.get_lines()[:2]
    np.testing.assert_array_equal(measured.get_ydata(), [1e-3, 2e-3, 5e-3])
    np.testing.assert_array_equal(ahead.get_xdata(), [8, 9, 10, 11, 12])
    np.testing.assert_allclose(ahead.get_ydata(), 5e-3 * np.array([1, 2, 4, 8, 16]))
    assert ax.get_yscale() == "log"
    plt.close(fig)


@pytest.mark.parametrize(("T", "h", "beta"), [(1.0, 0.4, 1.0), (2.0, 0.0, -1.0), (1e6, 0.4, 1.0)])
def test_panels_show_boltzmanns_distribution(T, h, beta):
    pictures = np.array(list(product((0, 1), repeat=4))).reshape(16, 2, 2)
    panels = IsingPanels(pictures, shape=(6, 8), sweeps=2)
    panels.draw(T=T, h=h, beta=beta)
    weights = np.array([np.exp(-loop_energy(SPIN[p], beta, h) / T) for p in pictures])
    heights = [bar.get_height() for bar in panels.bars]
    np.testing.assert_allclose(heights, weights / weights.sum(), atol=1e-12)
    assert panels.title.get_text() == f"2 × 2 pixels, exact: log Z = {np.log(weights.sum()):.2f}"
