"""Orders by hand, and what all of them must satisfy."""

import numpy as np
import pytest

from lib import pixel_orders
from lib.pixel import places

FIXED = ("raster", "columns", "snake", "upwards", "spread")


def test_orders_by_hand():
    assert pixel_orders.raster((2, 2)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert pixel_orders.columns((2, 3)) == [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]
    assert pixel_orders.snake((3, 2)) == [(0, 0), (0, 1), (1, 1), (1, 0), (2, 0), (2, 1)]
    assert pixel_orders.upwards((2, 2)) == [(1, 1), (1, 0), (0, 1), (0, 0)]
    assert pixel_orders.spread((3, 3))[:5] == [(1, 1), (0, 0), (0, 2), (2, 0), (2, 2)]


@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("shape", [(8, 8), (3, 5), (1, 4)])
def test_every_place_comes_once(name, shape):
    order = getattr(pixel_orders, name)(shape)
    assert sorted(order) == places(shape)
    assert pixel_orders.checked(order, shape) == order


def test_a_snake_steps_to_neighbours_only():
    steps = np.abs(np.diff(pixel_orders.snake((5, 4)), axis=0)).sum(1)
    assert set(steps) == {1}


def test_spread_takes_the_farthest_place_that_is_left():
    order = np.array(pixel_orders.spread((4, 5)))
    for k in range(1, len(order)):
        apart = ((order[k:, None] - order[None, :k]) ** 2).sum(2).min(1)
        assert apart[0] == apart.max()


def test_a_random_order_depends_on_its_generator_only():
    one, again, other = (pixel_orders.shuffled((4, 4), np.random.default_rng(s)) for s in (1, 1, 2))
    assert one == again != other
    assert sorted(one) == places((4, 4))


def test_numbers_are_positions_in_the_flattened_picture():
    grid = np.arange(12).reshape(3, 4)
    order = pixel_orders.columns((3, 4))
    assert pixel_orders.numbers(order, (3, 4)) == [grid[place] for place in order]


def test_left_out_means_raster_order_also_for_colours():
    assert pixel_orders.checked(None, (2, 1, 2)) == places((2, 1, 2))
    assert pixel_orders.raster((5,)) == [(k,) for k in range(5)]


def test_bad_orders_are_refused():
    for wrong in ([(0, 0)], [(0, 0), (0, 0)], [(0, 0), (5, 5)]):
        with pytest.raises(ValueError, match="lists each place"):
            pixel_orders.checked(wrong, (1, 2))
    for name in ("columns", "snake", "spread"):
        with pytest.raises(ValueError, match=r"for pictures \(h, w\)"):
            getattr(pixel_orders, name)((3, 2, 2))
