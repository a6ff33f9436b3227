"""Explorables: a figure with controls, alive in a notebook and on the static site.

`explore(draw, p=slider(0, 1, 11))` shows `draw(p=...)`. In a running kernel the controls call
`draw`. When the site is built (environment variable BOOK_STATIC=1) every setting is drawn once
and packed into one picture sheet, which the script `_static/explore.js` plays back.
"""

from __future__ import annotations

import inspect
import math
import os
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from lib import explore_views as views
from lib import sheets

if TYPE_CHECKING:
    import ipywidgets

MAX_FRAMES = 256
MAX_SOURCE_LINES = 40


@dataclass(frozen=True)
class Control:
    """One control: the values it can take, how they are written, and where it starts."""

    kind: str  # "slider" or "choice"
    values: tuple
    texts: tuple[str, ...]
    start: int  # index of the first value shown
    label: str | None = None
    at: tuple[float, float] | None = None


def slider(
    start: float,
    stop: float,
    steps: int,
    value: float | None = None,
    label: str | None = None,
    format: str | None = None,
) -> Control:
    """A slider over `steps` evenly spaced values from `start` to `stop`, both included.

    Values are integers when both ends and the step are; `value` is where it starts (the nearest
    step is taken, `start` when left out); `format` writes a value, such as "{:.2f} nats".
    """
    if not isinstance(steps, int) or steps < 2:
        raise ValueError(f"a slider needs at least 2 steps, got steps={steps!r}")
    if not (math.isfinite(start) and math.isfinite(stop) and start != stop):
        raise ValueError(f"a slider needs two different finite ends, got {start} and {stop}")
    value = start if value is None else value
    if not min(start, stop) <= value <= max(start, stop):
        raise ValueError(f"slider value {value} lies outside [{start}, {stop}]")
    values = _spaced(start, stop, steps)
    form = format or ("{}" if isinstance(values[0], int) else "{:.2g}")
    nearest = int(np.argmin([abs(v - value) for v in values]))
    return Control("slider", values, tuple(form.format(v) for v in values), nearest, label)


def _spaced(start: float, stop: float, steps: int) -> tuple:
    """Evenly spaced numbers, as Python integers where all of them are whole."""
    values = [start + (stop - start) * k / (steps - 1) for k in range(steps)]
    whole = isinstance(start, int) and isinstance(stop, int)
    if whole and (stop - start) % (steps - 1) == 0:
        return tuple(round(v) for v in values)
    return tuple(round(float(v), 12) for v in values)  # 0.3, not 0.30000000000000004


def choice(
    options: Sequence[str] | Mapping[str, Any],
    value: Any = None,
    label: str | None = None,
    at: tuple[float, float] | None = None,
) -> Control:
    """A choice among `options`: a list of strings, or a dict from label to value.

    `value` is the option to start with (its label or its value; the first when left out).
    `at=(x, y)`, in fractions of the picture from its top left corner, adds a spot on the picture
    that steps through the options when it is clicked, touched or pressed.
    """
    pairs = dict(options) if isinstance(options, Mapping) else {str(o): o for o in options}
    if len(pairs) < 2 or len(pairs) != len(options):
        raise ValueError(f"a choice needs at least 2 different options, got {list(options)}")
    if at is not None and not (len(at) == 2 and all(0 <= c <= 1 for c in at)):
        raise ValueError(f"at must be two fractions of the picture in [0, 1], got {at}")
    texts = tuple(map(str, pairs))
    start = 0 if value is None else _find(value, texts, tuple(pairs.values()))
    return Control("choice", tuple(pairs.values()), texts, start, label, at)


def _find(value: Any, texts: tuple, values: tuple) -> int:
    """Position of an option given by its label or, failing that, by its value."""
    for candidates in (texts, values):
        if value in candidates:
            return candidates.index(value)
    raise ValueError(f"choice value {value!r} is not one of {list(texts)}")


class Explorable:
    """A figure with controls; made by `explore`, shown by being the last line of a cell."""

    def __init__(self, draw: Callable, spec: views.Spec):
        self.draw, self.spec = draw, spec
        self.static = bool(os.environ.get("BOOK_STATIC"))
        self.html = self._sheet_html() if self.static else self._still_html()

    def frame(self, indices: Sequence[int]) -> np.ndarray:
        """Pixels (h, w, 3) of the setting in which control j takes its value number indices[j]."""
        drawing = self.draw(**self.spec.settings(indices))
        pixels = sheets.to_pixels(drawing)
        self.scale = views.pixel_size(drawing)
        return pixels

    def _sheet_html(self) -> str:
        everything = list(product(*(range(len(c.values)) for c in self.spec.controls.values())))
        start = everything.index(self.spec.start)
        self.sheet = sheets.pack((self.frame(i) for i in everything), start)
        alts = [self.spec.alt_text(i) for i in everything] if callable(self.spec.alt) else None
        return views.figure_html(self.spec, self.sheet, self.scale, alts)

    def _still_html(self) -> str:
        self.sheet = sheets.pack([self.frame(self.spec.start)], 0)
        return views.figure_html(self.spec, self.sheet, self.scale)

    @cached_property
    def widget(self) -> ipywidgets.VBox:
        """The live form: an ipywidgets box whose controls call `draw`."""
        return views.live_widget(self)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        live = {k: v for k, v in self.widget._repr_mimebundle_().items() if "widget-view" in k}
        return {"text/plain": f"<Explorable: {self.spec.title}>", "text/html": self.html} | live


def explore(
    draw: Callable,
    *,
    title: str,
    alt: str | Callable[..., str],
    caption: str = "",
    photo: bool = False,
    pad: tuple[str, str] | None = None,
    **controls: Control,
) -> Explorable:
    """Show `draw(**settings)` under the given controls.

    `draw` returns a matplotlib figure (closed afterwards) or an image (h, w) or (h, w, 3), of one
    size for all settings. `alt` says in words what the picture shows, or is a function of the
    settings that says it for each of them. `photo` leaves the colours alone in dark mode.
    `pad=("x", "y")` adds a square in which two sliders are dragged together. Only `caption` may
    hold HTML and formulas, in round brackets with backslashes.

    Phones show a figure at half its size: keep it under 6.5 inches wide, with text of 9 points or
    more. Fixed axis limits keep the picture from jumping and the sheet small.
    """
    _check_texts(title, alt)
    _check_controls(controls)
    _check_draw(draw, controls)
    _check_pad(pad, controls)
    named = {n: c.label or n.replace("_", " ") for n, c in controls.items()}
    return Explorable(draw, views.Spec(title, alt, caption, photo, pad, controls, named))


def _check_texts(title: str, alt: str | Callable) -> None:
    if not title.strip():
        raise ValueError("an explorable needs a title")
    if not callable(alt) and len(alt.strip()) < 10:
        raise ValueError(f"alt must say in words what there is to see, got {alt!r}")


def _check_draw(draw: Callable, controls: Mapping[str, Control]) -> None:
    if not callable(draw):
        raise ValueError(f"draw must be a function that returns a figure, got {draw!r}")
    try:
        inspect.signature(draw).bind(**controls)
    except TypeError as error:
        raise ValueError(f"draw does not fit the controls {list(controls)}: {error}") from None


def _check_controls(controls: Mapping[str, Control]) -> None:
    if not controls:
        raise ValueError("an explorable needs a control, such as p=slider(0, 1, 11)")
    for name, control in controls.items():
        if not isinstance(control, Control):
            raise ValueError(f"{name} must be a slider(...) or a choice(...), got {control!r}")
    frames = math.prod(len(c.values) for c in controls.values())
    if frames > MAX_FRAMES:
        sizes = " x ".join(f"{len(c.values)} ({n})" for n, c in controls.items())
        raise ValueError(
            f"{sizes} = {frames} frames, at most {MAX_FRAMES} are allowed; "
            "use fewer steps, options or controls"
        )


def _check_pad(pad: tuple[str, str] | None, controls: Mapping[str, Control]) -> None:
    if pad is None:
        return
    wrong = [n for n in pad if n not in controls or controls[n].kind != "slider"]
    if wrong or len(pad) != 2 or pad[0] == pad[1]:
        raise ValueError(f"pad needs the names of two different sliders, got {pad}")


class Source:
    """The source of a function or class, shown as highlighted code."""

    def __init__(self, code: str):
        self.code = code

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        fenced = f"```python\n{self.code}\n```"
        return {"text/plain": self.code, "text/markdown": fenced}


def show_source(obj: Any) -> Source:
    """Show the source of a function, method or class of the library in the page."""
    code = textwrap.dedent(inspect.getsource(obj)).strip("\n")
    lines = len(code.splitlines())
    if lines > MAX_SOURCE_LINES:
        raise ValueError(
            f"{getattr(obj, '__qualname__', obj)} has {lines} lines, a page shows at most "
            f"{MAX_SOURCE_LINES}; show one of its parts"
        )
    return Source(code)
