"""Mistakes people make with sprites, each caught by a check of the real code."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy import ndimage

from lib.datasets import creature_paint, creature_parts, creatures, sprite_text
from tests.mutation import Edit, Mutation

PARTS, FIGURES = "lib.datasets.creature_parts", "lib.datasets.creature_parts.Figures"
DRAW, TEXT = "lib.datasets.creatures", "lib.datasets"


def ball(radius: float, **options) -> creature_parts.Figures:
    figures = creature_parts.Figures(1)
    everyone = np.ones(1, bool)
    figures.add(1, (0, 10), (radius, radius), np.zeros(1, int), on=everyone, **options)
    return figures


def the_lamp_is_above_on_the_left() -> None:
    light = ball(8).light[0]
    assert light[6, 6] > light[13, 13]
    assert light[6, 6] > light[6, 13] > light[13, 13]


def mirrored_parts_are_lit_from_the_same_side() -> None:
    figures = creature_parts.Figures(1)
    figures.add(1, (5, 10), (3, 3), np.zeros(1, int), on=np.ones(1, bool), axis=0)
    np.testing.assert_allclose(figures.light[0, 7:13, 2:8], figures.light[0, 7:13, 12:18])


def tilted_parts_point_down_on_the_right() -> None:
    figures = creature_parts.Figures(1)
    figures.add(1, (0, 10), (8, 2), np.zeros(1, int), on=np.ones(1, bool), tilt=0.6)
    assert figures.body[0, 13, 15]
    assert not figures.body[0, 6, 15]


def the_nearer_part_is_seen() -> None:
    figures = ball(7)
    figures.add(2, (0, 10), (3, 3), np.zeros(1, int), on=np.ones(1, bool), front=9)
    figures.add(3, (0, 10), (3, 3), np.zeros(1, int), on=np.ones(1, bool), front=-9)
    assert figures.part[0, 9, 9] == 2


def figures_are_whole() -> None:
    x = creatures.load_creatures(400).x
    border = np.ones(x.shape[1:], bool)
    border[1:-1, 1:-1] = False
    lines = (x - creature_paint.FIRST) % creature_paint.SHADES == creature_paint.LINE
    assert np.all((x == 0) | lines | ~border)


def outlines_are_closed() -> None:
    x = creatures.load_creatures(200).x
    lines = (x - creature_paint.FIRST) % creature_paint.SHADES == creature_paint.LINE
    inner = (x != 0) & ~lines
    cross = ndimage.generate_binary_structure(2, 1)[None]
    assert not (ndimage.binary_dilation(inner, cross) & (x == 0)).any()


def pictures_differ() -> None:
    def few(n: int, rng: np.random.Generator) -> dict:
        f = draw(n, rng)
        return {name: values % 2 * 0 for name, values in f.items()}

    draw, creatures.draw_factors = creatures.draw_factors, few
    try:
        x = creatures.load_creatures(600).x
    finally:
        creatures.draw_factors = draw
    assert len({picture.tobytes() for picture in x}) == 600


def birds_have_beaks() -> None:
    data = creatures.load_creatures(300)
    beak = (data.x == creature_paint.BEAK).any((1, 2))
    assert (beak == (data.factors["plan"] == 2)).all()


def faces_are_symmetric() -> None:
    data = creatures.load_creatures(300)
    round_eyed = np.isin(data.factors["plan"], (0, 1, 2, 3, 4)) & (data.factors["eyes"] == 4)
    ink = (data.x == creature_paint.INK)[round_eyed]
    assert ink.any()
    assert np.array_equal(ink, ink[:, :, ::-1])


def belly_is_paler_than_the_skin() -> None:
    factors = creatures.draw_factors(1, np.random.default_rng(0))
    zero = {name: 0 * values for name, values in factors.items()}
    hues = {"hue": np.array([3]), "accent": np.array([3])}
    plain, pale = (
        creatures.draw_creatures({**zero, **hues, "belly": np.array([b])}, rng)[0]
        for b, rng in ((0, np.random.default_rng(1)), (1, np.random.default_rng(1)))
    )
    colours = creature_paint.palette().sum(-1)
    changed = (plain != pale)[0, 12:16]
    assert changed.any()
    assert (colours[pale[0, 12:16]] > colours[plain[0, 12:16]])[changed].all()


def text_is_read(pictures: str, colours: str, x: list, palette: list) -> None:
    with TemporaryDirectory() as folder:
        paths = Path(folder, "p.txt"), Path(folder, "c.txt")
        for path, text in zip(paths, (pictures, colours), strict=True):
            path.write_text(text)
        found, rgb = sprite_text.read_sprites(*paths)
    assert found.tolist() == x
    assert np.allclose(rgb * 255, palette)


def colours_may_come_in_any_order() -> None:
    text_is_read("0 1 1 0\n", "1 9 8 7\n0 1 2 3\n", [[[0, 1], [1, 0]]], [[1, 2, 3], [9, 8, 7]])


def rows_run_from_left_to_right() -> None:
    text_is_read("0 1 0 0", "0 1 2 3\n1 9 8 7", [[[0, 1], [0, 0]]], [[1, 2, 3], [9, 8, 7]])


def unknown_colours_are_refused() -> None:
    message = ""
    try:
        text_is_read("0 5 0 0", "0 1 2 3\n1 9 8 7", [], [])
    except ValueError as error:
        message = str(error)
    assert "index 5" in message


def written_is_read() -> None:
    x, palette = np.array([[[0, 1], [2, 0]]]), np.array([[0.8, 0.2, 0], [0, 0, 0.8], [0.6, 0.4, 0]])
    with TemporaryDirectory() as folder:
        paths = Path(folder, "p.txt"), Path(folder, "c.txt")
        sprite_text.write_sprites(*paths, x, palette)
        again, rgb = sprite_text.read_sprites(*paths)
    assert np.array_equal(again, x)
    assert np.allclose(rgb, palette)


MUTATIONS = [
    Mutation(
        "light from below",
        f"{FIGURES}._merge",
        Edit("+ slope_y * LIGHT[1]", "- slope_y * LIGHT[1]"),
        the_lamp_is_above_on_the_left,
    ),
    Mutation(
        "the mirrored half is lit from the other side",
        f"{FIGURES}._merge",
        Edit("side * slope_x", "slope_x"),
        mirrored_parts_are_lit_from_the_same_side,
    ),
    Mutation(
        "turns the wrong way",
        f"{PARTS}._ellipsoid",
        Edit("cos * y - sin * x", "cos * y + sin * x"),
        tilted_parts_point_down_on_the_right,
    ),
    Mutation(
        "the last part covers all others",
        f"{FIGURES}._merge",
        Edit("(fill > 0) & (height + front > self.depth[who])", "fill > 0"),
        the_nearer_part_is_seen,
    ),
    Mutation(
        "cut-off figures are kept",
        f"{PARTS}._touches_frame",
        Edit("drawn[:, [0, -1]].any((1, 2)) | drawn", "drawn[:, [0, -1]].any((1, 2)) & drawn"),
        figures_are_whole,
    ),
    Mutation(
        "no outline below",
        f"{PARTS}.shifted",
        Edit("(slice(2, None), inside)]", "]"),
        outlines_are_closed,
    ),
    Mutation(
        "the same picture twice",
        f"{DRAW}._creatures",
        Edit("not in seen", "is not None"),
        pictures_differ,
    ),
    Mutation(
        "any creature may have a beak",
        f"{DRAW}.draw_factors",
        Edit('f["mouth"] % BEAK', 'f["mouth"]'),
        birds_have_beaks,
    ),
    Mutation(
        "the right eye is not mirrored",
        f"{DRAW}._draw_faces",
        Edit("[line[::-1] for line in art]", "art"),
        faces_are_symmetric,
    ),
    Mutation(
        "the belly is the darkest part",
        f"{DRAW}.paint",
        Edit("shade == SHADOW, MIDDLE, LIT), shade", "shade == SHADOW, LINE, SHADOW), shade"),
        belly_is_paler_than_the_skin,
    ),
    Mutation(
        "colours by line instead of by index",
        f"{TEXT}.sprite_text.read_colours",
        Edit("numbers[0] if length == 4 else len(palette)", "len(palette)"),
        colours_may_come_in_any_order,
    ),
    Mutation(
        "columns before rows",
        f"{TEXT}.sprite_text.read_sprites",
        Edit("reshape(-1, h, w)", "reshape(-1, w, h).swapaxes(1, 2)"),
        rows_run_from_left_to_right,
    ),
    Mutation(
        "an index without colour becomes the last colour",
        f"{TEXT}.sprite_text.read_sprites",
        Edit("known[index] == rows", "rows >= 0"),
        unknown_colours_are_refused,
    ),
    Mutation(
        "256 levels where the file has 255 steps",
        f"{TEXT}.sprite_text.write_sprites",
        Edit("np.rint(255 * palette)", "np.rint(256 * palette)"),
        written_is_read,
    ),
]
