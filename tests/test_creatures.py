"""Creatures: whole figures with closed outlines, faces, and factors that cause what is seen."""

import time

import numpy as np
import pytest
from scipy import ndimage

from lib.datasets import creature_paint, creatures, load
from lib.datasets.creature_parts import EMPTY, LIGHT, SIDE, Figures
from lib.datasets.creature_plans import BEAST, EARS, PLANS, WORM
from lib.datasets.sprite_text import read_sprites, write_sprites

ONE = np.ones(1, bool)


@pytest.fixture(scope="module")
def data():
    return load("creatures", n=1500)


def line_pixels(x):
    """Pixels in the darkest shade of a family."""
    return (x >= creature_paint.FIRST) & ((x - creature_paint.FIRST) % 4 == creature_paint.LINE)


def disc(radius, **options):
    figures = Figures(1)
    figures.add(1, (0, 10), (radius, radius), np.zeros(1, int), on=ONE, **options)
    return figures


def test_the_set_is_as_promised(data):
    assert data.x.shape == (1500, SIDE, SIDE)
    assert data.x.dtype == np.uint8
    assert data.shared["palette"].shape == (creature_paint.FIRST + 40, 3)
    assert data.shared["palette"].dtype == np.float32
    assert data.x.max() < len(data.shared["palette"])
    assert np.flatnonzero(data.held_out).tolist() == list(range(1350, 1500))
    for name, words in data.shared["names"].items():
        assert set(np.unique(data.factors[name])) == set(range(len(words)))


def test_all_pictures_differ(data):
    assert len({picture.tobytes() for picture in data.x}) == len(data)


def test_a_picture_that_comes_again_is_left_out(monkeypatch):
    draw = creatures.draw_factors

    def alike(n, rng):
        return {name: 0 * values for name, values in draw(n, rng).items()}

    monkeypatch.setattr(creatures, "draw_factors", alike)
    first, _ = creatures.draw_creatures(
        alike(600, np.random.default_rng(0)), np.random.default_rng(1)
    )
    assert len({picture.tobytes() for picture in first}) < 600
    x = load("creatures", n=600).x
    assert len({picture.tobytes() for picture in x}) == 600


def test_a_seed_always_gives_the_same_and_a_longer_set_begins_with_the_shorter(data):
    again, other = load("creatures", n=700), load("creatures", n=700, seed=1)
    np.testing.assert_array_equal(again.x, data.x[:700])
    np.testing.assert_array_equal(again.factors["mouth"], data.factors["mouth"][:700])
    assert (other.x != again.x).any((1, 2)).mean() > 0.99


def test_a_set_needs_one_creature():
    with pytest.raises(ValueError, match="not 0"):
        load("creatures", n=0)


def test_every_figure_is_in_one_piece(data):
    pieces = [ndimage.label(picture != 0)[1] for picture in data.x]
    assert np.bincount(pieces).tolist() == [0, 1500]


def test_no_figure_is_cut_off_by_the_frame(data):
    border = np.ones((SIDE, SIDE), bool)
    border[1:-1, 1:-1] = False
    there = data.x[:, border]
    assert np.all((there == 0) | line_pixels(there))


def test_outlines_are_closed(data):
    filled = (data.x != 0) & ~line_pixels(data.x)
    beside = ndimage.binary_dilation(filled, ndimage.generate_binary_structure(2, 1)[None])
    assert not (beside & (data.x == 0)).any()


def test_figures_fill_their_frames(data):
    share = (data.x != 0).mean((1, 2))
    assert share.min() > 0.2
    assert share.max() < 0.75
    assert (data.x[:, 18:] != 0).any((1, 2)).all()  # all stand on the same ground


def test_figures_without_a_side_are_mirror_images_of_themselves(data):
    f = data.factors
    plain = (f["tail"] == 0) & ~np.isin(f["plan"], (BEAST, WORM))
    assert plain.sum() > 700
    shape = data.x[plain] != 0
    np.testing.assert_array_equal(shape, shape[:, :, ::-1])


def luminance(colours):
    """Relative luminance of sRGB colours, as in WCAG 2."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_eyes_stand_out_from_the_skin():
    bright = luminance(creature_paint.palette().astype(float))
    skin = bright[creature_paint.FIRST :].reshape(-1, 4)[:, 1:]
    assert ((skin + 0.05) / (bright[creature_paint.INK] + 0.05)).min() > 1.5
    assert np.all(np.diff(skin, axis=1) > 0.03)  # shadow, middle and light can be told apart


def test_every_face_has_eyes_above_its_mouth(data):
    """Eyes lie above the mouth; a beak has no ink but its own colour."""
    dark = np.isin(data.x, (creature_paint.INK, creature_paint.BEAK))
    rows = np.argwhere(dark.any(2))
    first = np.minimum.reduceat(rows[:, 1], np.unique(rows[:, 0], return_index=True)[1])
    last = np.maximum.reduceat(rows[:, 1], np.unique(rows[:, 0], return_index=True)[1])
    assert len(first) == len(data)
    assert (last - first >= 2).all()
    assert (dark.sum((1, 2)) >= 4).all()


@pytest.mark.parametrize("name", creatures.NAMES)
def test_every_value_of_a_factor_shows(name):
    """The same creature, drawn with each value in turn, never looks the same twice."""
    values = len(creatures.NAMES[name])
    start = creatures.draw_factors(1, np.random.default_rng(5))
    start.update(plan=np.array([0]), hue=np.array([3]), accent=np.array([8]), wings=np.array([0]))
    seen = set()
    for value in range(values):
        factors = {**start, name: np.array([value])}
        picture, _ = creatures.draw_creatures(factors, np.random.default_rng(1))
        seen.add(picture.tobytes())
    assert len(seen) == values


def test_unknown_factors_are_refused(rng):
    factors = creatures.draw_factors(3, rng)
    with pytest.raises(ValueError, match=r"eyes must lie in 0\.\.7, got 8"):
        creatures.draw_creatures({**factors, "eyes": np.full(3, 8)}, rng)
    del factors["tail"]
    with pytest.raises(ValueError, match="'tail' is missing; it counts none, puff"):
        creatures.draw_creatures(factors, rng)


@pytest.mark.parametrize("value", [3, [3], [1.0, 2.0, 3.0], [[1, 1, 1]]])
def test_every_creature_needs_an_index_of_its_own(value, rng):
    factors = creatures.draw_factors(3, rng)
    with pytest.raises(ValueError, match=r"eyes must be whole numbers \(3,\), one a creature"):
        creatures.draw_creatures({**factors, "eyes": value}, rng)


def test_factors_may_be_lists_and_none_at_all():
    factors = creatures.draw_factors(3, np.random.default_rng(0))
    lists = {name: values.tolist() for name, values in factors.items()}
    same = [creatures.draw_creatures(f, np.random.default_rng(1))[0] for f in (factors, lists)]
    np.testing.assert_array_equal(*same)
    none = creatures.draw_factors(0, np.random.default_rng(0))
    assert creatures.draw_creatures(none, np.random.default_rng(1))[0].shape == (0, SIDE, SIDE)


def test_factors_that_a_plan_cannot_carry_are_zero(data):
    f = data.factors
    crab, bird = PLANS.index("crab"), PLANS.index("bird")
    assert set(f["ears"][f["plan"] == crab].tolist()) == {0, EARS.index("antennae")}
    assert ((f["mouth"] == creatures.BEAK) == (f["plan"] == bird)).all()
    assert not (f["tail"] * f["wings"]).any()


def test_the_upper_half_tells_the_plan_and_the_colour(data):
    """Nearest neighbour on the upper halves of the training pictures."""
    upper = np.eye(len(data.shared["palette"]))[data.x[:, :10]].reshape(len(data), -1)
    train, test = upper[~data.held_out], upper[data.held_out]
    nearest = np.argmax(test @ train.T, axis=1)
    for name, least in (("plan", 0.8), ("hue", 0.8)):
        known = data.factors[name]
        right = known[~data.held_out][nearest] == known[data.held_out]
        assert right.mean() > least


def test_light_is_that_of_a_ball():
    ball = disc(8.0)
    x = np.arange(SIDE) + 0.5 - 10
    normal = np.stack(np.broadcast_arrays(x[None, :], x[:, None], 0 * x[:, None]), -1) / 8
    normal[..., 2] = np.sqrt(np.maximum(0, 1 - (normal**2).sum(-1)))
    inside = normal[..., 2] > 0.2
    np.testing.assert_allclose(ball.light[0][inside], (normal @ LIGHT)[inside], atol=0.01)
    np.testing.assert_allclose(ball.depth[0][inside], 8 * normal[inside][:, 2], atol=1e-9)
    assert (ball.depth[0][normal[..., 2] == 0] == EMPTY).all()


@pytest.mark.parametrize("tilt", [0.0, 0.4, -1.1])
def test_an_ellipse_covers_pi_a_b_pixels_and_lies_along_its_axis(tilt):
    figures = Figures(1)
    figures.add(1, (0, 10), (8, 4), np.zeros(1, int), on=ONE, tilt=tilt)
    v, u = np.nonzero(figures.body[0])
    assert len(v) == pytest.approx(np.pi * 8 * 4, rel=0.05)
    spread = np.linalg.eigh(np.cov(u, v))[1][:, 1]
    assert abs(spread @ [np.cos(tilt), np.sin(tilt)]) > 0.99


def test_parts_are_mirrored_about_their_axis():
    figures = Figures(1)
    figures.add(1, (3, 10), (2, 3), np.zeros(1, int), on=ONE, axis=-2, tilt=0.5)
    left, right = figures.body[0, :, :8], figures.body[0, :, 8:16]
    assert left.any()
    np.testing.assert_array_equal(left, right[:, ::-1])


def test_the_nearer_part_is_seen_and_draws_a_line():
    for front in (-6, 6):
        figures = disc(6)
        figures.add(2, (0, 10), (3, 3), np.ones(1, int), on=ONE, front=front)
        assert (figures.part[0, 9, 9] == 2) == (front > 0)
        assert figures.inner_lines().any() == (front > 0)


def test_a_part_beyond_the_frame_is_noticed():
    assert disc(8.9).inside.all()
    assert not disc(9.6).inside.any()


def test_colours_of_indices():
    palette = creature_paint.palette()
    rgb = creatures.to_rgb(np.array([[0, 3]]), palette)
    np.testing.assert_array_equal(rgb, palette[[0, 3]][None])
    with pytest.raises(ValueError, match=r"0\.\.47, but the palette has 0\.\.46"):
        creatures.to_rgb(np.array([[0, 47]]), palette)


def test_creatures_survive_the_text_format(tmp_path, data):
    paths = tmp_path / "p.txt", tmp_path / "c.txt"
    write_sprites(*paths, data.x[:50], data.shared["palette"])
    x, palette = read_sprites(*paths)
    np.testing.assert_array_equal(x, data.x[:50])
    np.testing.assert_allclose(palette, data.shared["palette"], atol=0.5 / 255 + 1e-6)


def test_drawing_is_fast():
    rates = []
    for seed in range(3):
        start = time.perf_counter()
        load("creatures", n=1000, seed=seed)
        rates.append(1000 / (time.perf_counter() - start))
    assert max(rates) > 1000  # 5,000 a second on a quiet machine
