"""The static form of an explorable, driven in a browser by mouse, touch and keyboard."""

from __future__ import annotations

import io
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lib.explore import choice, explore
from tests.browser import chromium, chromium_path, serve
from tests.test_explore import STRIPES, stripes

BOOK = Path(__file__).resolve().parents[1]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(chromium_path() is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A page with two explorables, served as the site serves them."""
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOK_STATIC", "1")
        padded = explore(stripes, pad=("x", "y"), **STRIPES).html
        kinds = explore(
            lambda kind: np.full((20, 20), kind / 2), title="Grey", alt="One level of grey",
            kind=choice({"dark": 0, "middle": 1, "light": 2}), photo=True,
        )  # fmt: skip
    for name in ("explore.css", "explore.js"):
        (folder / name).write_text((BOOK / "_static" / name).read_text())
    (folder / "index.html").write_text(
        "<!doctype html><html lang=en data-theme=light><meta charset=utf-8>"
        "<style>body { margin: 1rem }</style>"
        "<meta name=viewport content='width=device-width'><link rel=icon href='data:,'>"
        "<link rel=stylesheet href=explore.css><script src=explore.js></script>"
        f"<h1>Page</h1>{padded}{kinds.html}"
    )
    with serve(folder) as url:
        yield f"{url}/index.html"


@pytest.fixture
def page(browser, address, request):
    """The page in a fresh context; fails on any console message or page error."""
    options = {"viewport": {"width": 800, "height": 1400}} | getattr(request, "param", {})
    context = browser.new_context(**options)
    page, trouble = context.new_page(), []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto(address)
    if options.get("java_script_enabled", True):
        page.wait_for_selector("figure.is-live >> nth=1")
    yield page
    context.close()
    assert not trouble


def canvas(page, figure: int = 0) -> np.ndarray:
    """The pixels on the canvas of an explorable."""
    read = """(figure) => {
        const canvas = document.querySelectorAll("figure canvas")[figure];
        const [w, h] = [canvas.width, canvas.height];
        const copy = Object.assign(document.createElement("canvas"), {width: w, height: h});
        const pen = copy.getContext("2d", {willReadFrequently: true});
        pen.drawImage(canvas, 0, 0);
        return [h, w, ...pen.getImageData(0, 0, w, h).data];
    }"""
    h, w, *values = page.evaluate(read, figure)
    return np.array(values, np.uint8).reshape(h, w, 4)[..., :3]


def test_canvas_shows_every_drawing(page):
    ranges = page.locator("figure >> nth=0 >> input[type=range]")
    for x, y in product(range(5), range(4)):
        ranges.nth(0).fill(str(x))
        ranges.nth(1).fill(str(y))
        assert np.array_equal(canvas(page), stripes(x, y, 0))


def test_keyboard(page):
    figure = page.locator("figure").first
    right = figure.get_by_label("to the right", exact=True)
    right.focus()
    right.press("ArrowRight")
    right.press("ArrowRight")
    assert np.array_equal(canvas(page), stripes(3, 0, 0))
    assert figure.locator("output").first.inner_text() == "3"
    spot = figure.locator(".explorable-spot")
    assert spot.get_attribute("aria-label") == "blue ink: off. Change"
    spot.press("Enter")
    assert np.array_equal(canvas(page), stripes(3, 0, 1))
    assert figure.get_by_label("blue ink", exact=True).input_value() == "1"
    spot.press("Space")
    assert np.array_equal(canvas(page), stripes(3, 0, 0))
    pad = figure.locator(".explorable-pad")
    pad.press("ArrowUp")
    pad.press("ArrowLeft")
    assert np.array_equal(canvas(page), stripes(2, 1, 0))
    assert pad.get_attribute("aria-valuetext") == "to the right: 2, y: 1"


def test_every_control_is_reached_by_tab(page):
    page.locator("h1").click()
    reached = set()
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.type || document.activeElement.className")
        )
    assert reached == {"button", "explorable-pad", "range", "select-one", "radio"}


def test_mouse(page):
    figure = page.locator("figure").first
    figure.locator(".explorable-spot").click()
    assert np.array_equal(canvas(page), stripes(1, 0, 1))
    track = figure.locator("input[type=range]").first.bounding_box()
    page.mouse.move(track["x"] + 5, track["y"] + track["height"] / 2)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] - 3, track["y"] + 5, steps=5)
    page.mouse.up()
    assert np.array_equal(canvas(page), stripes(4, 0, 1))
    square = figure.locator(".explorable-pad").bounding_box()
    page.mouse.move(square["x"] + square["width"] / 2, square["y"] + square["height"] / 2)
    page.mouse.down()
    page.mouse.move(square["x"] + 2, square["y"] - 30, steps=5)  # beyond the edge, still held
    page.mouse.up()
    assert np.array_equal(canvas(page), stripes(0, 3, 1))


@pytest.mark.parametrize(
    "page", [{"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 1400}}],
    indirect=True,
)  # fmt: skip
def test_touch(page):
    figure = page.locator("figure").first
    spot = figure.locator(".explorable-spot")
    assert min(spot.bounding_box()["width"], spot.bounding_box()["height"]) >= 36
    spot.tap()
    assert np.array_equal(canvas(page), stripes(1, 0, 1))
    square = figure.locator(".explorable-pad").bounding_box()
    page.touchscreen.tap(square["x"] + square["width"] - 2, square["y"] + 2)
    assert np.array_equal(canvas(page), stripes(4, 3, 1))
    page.locator("figure").nth(1).get_by_label("light").tap()
    assert canvas(page, 1)[0, 0].tolist() == [255, 255, 255]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_radio_buttons_move_by_arrows_and_leave_the_other_figure_alone(page):
    before = canvas(page)
    page.locator("figure").nth(1).get_by_label("dark").focus()
    page.keyboard.press("ArrowRight")
    assert canvas(page, 1)[0, 0].tolist() == [128, 128, 128]
    assert np.array_equal(canvas(page), before)


def test_changes_are_announced_once_the_hand_rests(page):
    status = page.locator(".explorable-status").first
    assert status.inner_text() == ""
    assert status.get_attribute("aria-live") == "polite"
    page.locator("input[type=range]").first.press("End")
    page.wait_for_function("document.querySelector('.explorable-status').textContent !== ''")
    assert status.inner_text() == "to the right: 4, y: 0, blue ink: off."


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_a_still_picture_stays(page):
    figure = page.locator("figure").first
    assert figure.locator("img").is_visible()
    for hidden in (".explorable-controls", ".explorable-spot", "canvas"):
        assert not figure.locator(hidden).is_visible()
    shot = Image.open(io.BytesIO(figure.locator(".explorable-picture").screenshot()))
    box, still = np.asarray(shot.convert("RGB")), stripes(1, 0, 0)
    scale = box.shape[1] / still.shape[1]
    assert box.shape[0] == pytest.approx(scale * still.shape[0], abs=2)  # the sheet's tiles are cut
    v, u = (np.arange(n) for n in still.shape[:2])
    centres = box[np.ix_(((v + 0.5) * scale).astype(int), ((u + 0.5) * scale).astype(int))]
    assert np.array_equal(centres, still)


def test_print_shows_the_picture_only(page):
    page.locator(".explorable-spot").first.click()
    page.emulate_media(media="print")
    figure = page.locator("figure").first
    assert figure.locator("canvas").is_visible()
    assert not figure.locator(".explorable-controls").is_visible()
    assert not figure.locator(".explorable-spot").is_visible()


def test_dark_mode_inverts_plots_and_leaves_photographs(page):
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    look = "e => getComputedStyle(e).filter"
    plots, photos = page.locator(".plot .explorable-picture"), page.locator(".photo canvas")
    assert plots.evaluate(look) == "invert(1) hue-rotate(180deg)"
    assert photos.evaluate(look) == "none"
    assert page.locator(".photo .explorable-picture").evaluate(look) == "none"
