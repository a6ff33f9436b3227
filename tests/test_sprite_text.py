"""The text format of sprites: what is written is read back, and bad files are named."""

import time

import numpy as np
import pytest

from lib.datasets.sprite_text import read_colours, read_sprites, write_sprites

TWO_COLOURS = "0 255 255 255\n1 0 0 51\n"


@pytest.fixture
def read(tmp_path):
    """Reads pictures and colours given as text."""

    def read(pictures, colours=TWO_COLOURS, **options):
        (tmp_path / "pictures.txt").write_bytes(pictures.encode())
        (tmp_path / "colours.txt").write_bytes(colours.encode())
        return read_sprites(tmp_path / "pictures.txt", tmp_path / "colours.txt", **options)

    return read


def test_by_hand(read):
    x, palette = read("0 1 1 0\n1 1 0 0\n")
    np.testing.assert_array_equal(x, [[[0, 1], [1, 0]], [[1, 1], [0, 0]]])
    np.testing.assert_allclose(palette, [[1, 1, 1], [0, 0, 0.2]], atol=1e-7)
    assert x.dtype == np.uint8
    assert palette.dtype == np.float32


@pytest.mark.parametrize(("k", "shape"), [(1, (1, 1)), (7, (3, 5)), (256, (4, 4)), (300, (20, 20))])
def test_what_is_written_is_read_back(tmp_path, rng, k, shape):
    x, levels = rng.integers(k, size=(6, *shape)), rng.integers(256, size=(k, 3))
    paths = tmp_path / "p.txt", tmp_path / "c.txt"
    write_sprites(*paths, x, levels / 255)
    again, palette = read_sprites(*paths, shape=shape)
    np.testing.assert_array_equal(again, x)
    np.testing.assert_array_equal(np.rint(255 * palette), levels)


def test_the_order_of_the_colours_does_not_matter(read):
    plain = read("0 2 1 1", "0 9 9 9\n1 5 6 7\n2 1 2 3\n")
    mixed = read("0 2 1 1", "2 1 2 3\n0 9 9 9\n1 5 6 7\n")
    for a, b in zip(plain, mixed, strict=True):
        np.testing.assert_array_equal(a, b)


def test_colours_without_an_index_are_numbered_by_line(read):
    plain = read("0 2 1 1", "0 9 9 9\n1 5 6 7\n2 1 2 3\n")
    bare = read("0 2 1 1", "9 9 9\n5 6 7\n\n1 2 3\n")
    for a, b in zip(plain, bare, strict=True):
        np.testing.assert_array_equal(a, b)


def test_gaps_in_the_numbering_close(read):
    x, palette = read("10 40 1 10", "40 0 0 255\n1 255 0 0\n10 0 255 0\n")
    np.testing.assert_array_equal(x, [[[1, 2], [0, 1]]])
    np.testing.assert_array_equal(palette, np.eye(3))


@pytest.mark.parametrize(
    "pictures",
    [
        "0 1 1 0\r\n1 1 0 0\r\n",
        "\ufeff0 1 1 0\n1 1 0 0",
        "\n\n0\t1  1 0 \n \n  1 1 0 0\t\n\n",
    ],
)
def test_blanks_and_line_ends_do_not_matter(read, pictures):
    x, _ = read(pictures, TWO_COLOURS.replace("\n", " \t\r\n\r\n"))
    np.testing.assert_array_equal(x, [[[0, 1], [1, 0]], [[1, 1], [0, 0]]])


def test_pictures_need_not_be_square_when_the_shape_is_given(read):
    x, _ = read("0 1 0 1 1 1", shape=(2, 3))
    np.testing.assert_array_equal(x, [[[0, 1, 0], [1, 1, 1]]])


@pytest.mark.parametrize(
    ("pictures", "colours", "message"),
    [
        ("0 1 1 0\n\n0 1 1\n", TWO_COLOURS, r"pictures.txt, line 3: 3 numbers; .* have 4"),
        ("0 1 1 0\n0 1 1 2", TWO_COLOURS, r"pictures.txt, line 2: index 2 has no colour in .*col"),
        ("0 1 -1 0", TWO_COLOURS, r"pictures.txt, line 1: '-1' is not a whole number"),
        ("0 1 0.5 0", TWO_COLOURS, r"pictures.txt, line 1: '0.5' is not a whole number"),
        ("", TWO_COLOURS, r"pictures.txt: the file is empty"),
        ("0 1 1 0", " \n\n", r"colours.txt: the file is empty"),
        ("0 1 1", TWO_COLOURS, r"pictures.txt: .* 3 numbers, not a square; say shape="),
        ("0 0 0 0", "0 1 2 3\n\n1 0 256 0", r"colours.txt, line 3: 256 is out of range, .* 255"),
        ("0 0 0 0", "0 1 2 3\n0 4 5 6", r"colours.txt, line 2: colour 0 was given before"),
        ("0 0 0 0", "0 1 2 3\n4 5 6", r"colours.txt, line 2: 3 numbers, .* `index R G B`"),
        ("0 0 0 0", "1 2 3\n0 4 5 6", r"colours.txt, line 2: 4 numbers, .* `R G B`"),
        ("0 0 0 0", "0 1", r"colours.txt, line 1: 2 numbers, .* `index R G B`"),
    ],
)
def test_bad_files_are_refused_with_file_line_and_remedy(read, pictures, colours, message):
    with pytest.raises(ValueError, match=message):
        read(pictures, colours)


def test_a_shape_that_does_not_fit_is_refused(read):
    with pytest.raises(ValueError, match="4 numbers, not 2 x 3"):
        read("0 1 1 0", shape=(2, 3))


@pytest.mark.parametrize(
    ("x", "palette", "message"),
    [
        (np.zeros((2, 3, 3)), np.zeros((1, 3)), "whole numbers"),
        (np.zeros((2, 9), int), np.zeros((1, 3)), r"\(n, h, w\)"),
        (np.zeros((1, 3, 3), int), np.full((1, 3), 255), r"in \[0, 1\]"),
        (np.zeros((1, 3, 3), int), np.full((1, 3), np.nan), r"in \[0, 1\]"),
        (np.zeros((1, 3, 3), int), np.zeros(3), r"\(k, 3\)"),
        (np.full((1, 3, 3), 4), np.zeros((4, 3)), r"4..4; the palette has 0..3"),
        (np.zeros((1, 3, 3), int), np.zeros((0, 3)), r"0..0; the palette has 0..-1"),
    ],
)
def test_bad_arrays_are_not_written(tmp_path, x, palette, message):
    with pytest.raises(ValueError, match=message):
        write_sprites(tmp_path / "p.txt", tmp_path / "c.txt", x, palette)
    assert not list(tmp_path.iterdir())


def test_a_set_as_large_as_the_original_is_read_in_a_second(tmp_path, rng):
    x, palette = rng.integers(167, size=(792, 20, 20)), rng.random((167, 3))
    paths = tmp_path / "pixel_color.txt", tmp_path / "colormap.txt"
    write_sprites(*paths, x, palette)
    start = time.perf_counter()
    again, colours = read_sprites(*paths)
    assert time.perf_counter() - start < 1
    assert again.shape == (792, 20, 20)
    assert colours.shape == (167, 3)
    assert read_colours(paths[1])[166] == np.rint(255 * palette[166]).tolist()
