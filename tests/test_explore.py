"""Explorables: the display carries both forms and the sheet rebuilds every drawing."""

from __future__ import annotations

import base64
import io
import json
import re
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from lib import sheets
from lib.explore import MAX_FRAMES, choice, explore, show_source, slider


def plot(level, kind):
    """A figure in which only a line and its colour change."""
    fig, ax = plt.subplots(figsize=(4, 2.5))
    ax.plot([0, 1], [level, 1 - level], color={"red": "#c8443c", "blue": "#1f6fb2"}[kind])
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="x", ylabel="y")
    return fig


def stripes(x, y, ink):
    """A picture of 24 x 32 pixels in which every setting is different everywhere."""
    v, u = np.mgrid[:24, :32]
    image = np.stack([(v + 3 * x) % 8 * 30, (u + 3 * y) % 8 * 30, 0 * u + ink * 200], axis=2)
    return image.astype(np.uint8)


STRIPES = {
    "title": "Stripes",
    "alt": "Red and green stripes",
    "x": slider(0, 4, 5, value=1, label="to the right"),
    "y": slider(0, 3, 4),
    "ink": choice({"off": 0, "on": 1}, at=(0.25, 0.75), label="blue ink"),
}


@pytest.fixture
def static(monkeypatch):
    monkeypatch.setenv("BOOK_STATIC", "1")


@pytest.fixture
def live(monkeypatch):
    monkeypatch.delenv("BOOK_STATIC", raising=False)


def decoded(html: str) -> np.ndarray:
    """The pixels of the picture that the html carries."""
    picture = re.search(r'src="data:image/webp;base64,([^"]+)"', html)[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB"))


def settings_of(explorable) -> list[tuple[int, ...]]:
    return list(product(*(range(len(c.values)) for c in explorable.spec.controls.values())))


# ------------------------------------------------------------------------------ the display


@pytest.mark.parametrize("mode", ["static", "live"])
def test_display_carries_both_forms(mode, request):
    request.getfixturevalue(mode)
    shown = explore(stripes, **STRIPES)
    bundle = shown._repr_mimebundle_()
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == shown.widget.model_id
    assert bundle["text/html"].startswith('<figure class="explorable plot"')
    assert bundle["text/plain"] == "<Explorable: Stripes>"
    assert ("<input" in bundle["text/html"]) == (mode == "static")


def test_live_html_is_one_still_frame(live):
    drawn = []
    shown = explore(lambda **s: drawn.append(s) or stripes(**s), **STRIPES)
    assert drawn == [{"x": 1, "y": 0, "ink": 0}]
    assert np.array_equal(decoded(shown.html), stripes(1, 0, 0))


def test_html_needs_nothing_from_outside(static):
    html = explore(stripes, caption="See <i>there</i>.", **STRIPES).html
    assert not re.findall(r'(?:src|href)="(?!data:)', html)
    assert "<figcaption" in html
    assert "See <i>there</i>." in html


def test_text_is_escaped(static):
    hostile = STRIPES | {"title": "a < b", "alt": 'say "less" & </script> more'}
    hostile["y"] = slider(0, 3, 4, label="</script><b>")
    html = explore(stripes, **hostile).html
    assert html.count("</script>") == 1
    assert "a &lt; b" in html
    data = json.loads(re.search(r"json\">(.*?)</script>", html, re.S)[1])
    assert data["controls"][1]["label"] == "</script><b>"


# -------------------------------------------------------------------------------- the sheet


def test_sheet_rebuilds_every_drawing(static):
    shown = explore(stripes, **STRIPES)
    assert len(shown.sheet.index) == 5 * 4 * 2
    for k, indices in enumerate(settings_of(shown)):
        assert np.array_equal(shown.sheet.frame(k), shown.frame(indices))


@pytest.mark.slow
def test_sheet_rebuilds_every_figure_after_quantisation(static):
    shown = explore(
        plot, title="Line", alt="A line in a square", level=slider(0, 1, 6),
        kind=choice(["red", "blue"]),
    )  # fmt: skip
    packed = decoded(shown.html)
    sheet = sheets.Sheet(
        packed, shown.sheet.height, shown.sheet.tile, shown.sheet.positions, shown.sheet.index
    )
    for k, indices in enumerate(settings_of(shown)):
        error = np.abs(sheet.frame(k).astype(int) - shown.frame(indices))
        assert error.max() <= 40  # an antialiased edge between two of 256 colours
        assert error.mean() < 0.2
        assert error[shown.frame(indices) == 255].max() == 0  # white stays white
    assert not plt.get_fignums()


def test_sheet_keeps_each_tile_once():
    """Frames that differ in one corner cost one tile each, not one frame each."""
    frames = [np.full((256, 512, 3), 255, np.uint8) for _ in range(9)]
    for k, frame in enumerate(frames):
        frame[:30, :30] = 10 * k
    sheet = sheets.pack(frames + frames, 0)
    assert list(sheet.positions) == [0]
    assert sheet.index.T.tolist() == [[*range(9), *range(9)]]
    assert sheet.pixels.shape == (256 + 2 * sheet.tile, 512, 3)


@pytest.mark.parametrize("shape", [(3, 5), (28, 28), (65, 130), (90, 481), (64, 64)])
def test_sheet_fits_any_size(shape):
    rng = np.random.default_rng(0)
    frames = list(rng.integers(0, 4, (6, *shape, 3)).astype(np.uint8) * 60)
    sheet = sheets.pack(frames, 2)
    assert np.array_equal(sheet.pixels[: sheet.height], frames[2])
    assert all(np.array_equal(sheet.frame(k), frame) for k, frame in enumerate(frames))
    again = np.asarray(Image.open(io.BytesIO(sheet.webp())).convert("RGB"))
    assert np.array_equal(again, sheet.pixels)  # few colours: no loss at all


@pytest.mark.slow
def test_sheet_too_large_says_what_to_do(static):
    rng = np.random.default_rng(0)
    noise = lambda seed: rng.integers(0, 255, (300, 300), dtype=np.uint8)  # noqa: E731
    with pytest.raises(ValueError, match=r"takes \d+ kB, at most 400 kB .* fewer slider steps"):
        explore(noise, title="Noise", alt="Grey noise", seed=slider(0, 20, 21))


def test_sheet_too_high_says_what_to_do():
    with pytest.raises(ValueError, match="20000 pixels high; use fewer"):
        sheets.encode(np.zeros((20_000, 4, 3), np.uint8))


# ------------------------------------------------------------------------- what draw returns


@pytest.mark.parametrize("kind", [np.uint8, np.float32, float, bool])
def test_images_of_every_kind_look_the_same(kind):
    image = np.eye(6)
    scaled = (255 * image).astype(kind) if kind is np.uint8 else image.astype(kind)
    expected = np.repeat((255 * image).astype(np.uint8)[..., None], 3, axis=2)
    assert np.array_equal(sheets.to_pixels(scaled), expected)


@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        (None, "must return a matplotlib Figure or an image"),
        (np.zeros((4, 4, 2)), r"got ndarray of shape \(4, 4, 2\)"),
        (np.full((4, 4), 7.0), "values from 7 to 7; use uint8"),
        (np.full((4, 4), np.nan), "values from nan to nan"),
    ],
)
def test_drawings_that_are_no_picture(live, drawing, message):
    with pytest.raises(ValueError, match=message):
        explore(lambda p: drawing, title="T", alt="Nothing to see", p=slider(0, 1, 3))


def test_frames_of_different_sizes(static):
    with pytest.raises(ValueError, match=r"frame 1 has shape .* the same size"):
        explore(lambda p: np.zeros((10 + p, 10)), title="T", alt="Black pixels", p=slider(0, 2, 3))


def test_figures_keep_their_size_and_images_get_sharp_squares(static):
    """A figure has two pixels for one of the page; a small image is enlarged a whole number."""
    for width in (2, 5):
        shown = explore(
            lambda p, width=width: plt.figure(figsize=(width, 2)),
            title="T", alt="Nothing to see", p=slider(0, 1, 2),
        )  # fmt: skip
        assert f"max-width:{96 * width}px" in shown.html
        assert shown.sheet.pixels.shape[1] == 192 * width
        assert "sharp" not in shown.html
    html = explore(stripes, **STRIPES).html
    assert "max-width:480px" in html
    assert "explorable-picture sharp" in html


# -------------------------------------------------------------------------------- controls


def test_slider_values_and_texts():
    assert slider(0, 10, 6).values == (0, 2, 4, 6, 8, 10)
    assert all(type(v) is int for v in slider(0, 10, 6).values)
    assert slider(0, 1, 11).values[3] == 0.3
    assert slider(0, 1, 11, value=0.32).start == 3
    assert slider(1, -1, 5).values == (1, 0.5, 0, -0.5, -1)
    assert slider(0, 1, 3, format="{:.1f} nats").texts == ("0.0 nats", "0.5 nats", "1.0 nats")
    assert slider(0, 400, 3).texts == ("0", "200", "400")


def test_choice_starts_with_a_label_or_a_value():
    assert choice({"no": 0, "yes": 1}, value="yes").start == 1
    assert choice({"no": 0, "yes": 1}, value=1).start == 1
    assert choice(["a", "b"]).start == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: slider(0, 1, 1), "at least 2 steps, got steps=1"),
        (lambda: slider(0, 1, 2.5), r"steps=2\.5"),
        (lambda: slider(1, 1, 3), "two different finite ends"),
        (lambda: slider(0, float("inf"), 3), "two different finite ends"),
        (lambda: slider(0, 1, 3, value=2), r"value 2 lies outside \[0, 1\]"),
        (lambda: choice(["a"]), "at least 2 different options"),
        (lambda: choice(["a", "a"]), "at least 2 different options"),
        (lambda: choice(["a", "b"], value="c"), r"'c' is not one of \['a', 'b'\]"),
        (lambda: choice(["a", "b"], at=(0.5, 50)), "fractions of the picture"),
    ],
)
def test_bad_controls(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": " "}, "needs a title"),
        ({"alt": "plot"}, "alt must say in words"),
        ({"y": 3}, "y must be a slider"),
        ({"z": slider(0, 1, 2)}, "draw does not fit the controls"),
        ({"x": slider(0, 99, 100)}, rf"100 \(x\) x 4 \(y\) .* = 800 frames, at most {MAX_FRAMES}"),
        ({"pad": ("x", "ink")}, "two different sliders"),
        ({"pad": ("x", "x")}, "two different sliders"),
    ],
)
def test_bad_explorables(live, change, message):
    with pytest.raises(ValueError, match=message):
        explore(stripes, **(STRIPES | change))


def test_explorable_without_draw_or_controls(live):
    with pytest.raises(ValueError, match="draw must be a function"):
        explore(None, **STRIPES)
    with pytest.raises(ValueError, match="needs a control"):
        explore(lambda: np.zeros((4, 4)), title="T", alt="Black pixels")


def test_alt_may_depend_on_the_setting(static):
    shown = explore(
        lambda p: np.zeros((8, 8)), title="T", alt=lambda p: f"The level is {p}", p=slider(0, 2, 3)
    )
    assert 'alt="The level is 0"' in shown.html
    assert '"alts":["The level is 0","The level is 1","The level is 2"]' in shown.html


# ------------------------------------------------------------------------------ show_source


def test_show_source_is_the_source_and_nothing_else():
    bundle = show_source(sheets.Sheet.webp)._repr_mimebundle_()
    assert bundle["text/markdown"].startswith('```python\ndef webp(self) -> bytes:\n    """The')
    assert bundle["text/markdown"].endswith("\n```")
    scope: dict = {"encode": lambda pixels: pixels[::-1]}
    exec(bundle["text/plain"], scope)
    assert scope["webp"](sheets.Sheet("abc", 0, 0, None, None)) == "cba"


def test_show_source_refuses_long_code():
    with pytest.raises(ValueError, match=r"has \d+ lines, a page shows at most 40"):
        show_source(sheets)
