"""The two faces of an explorable: html that needs no kernel, and ipywidgets that call one."""

from __future__ import annotations

import base64
import json
import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from lib import sheets

if TYPE_CHECKING:
    import ipywidgets

    from lib.explore import Explorable

SEGMENTS = 4  # up to this many options are shown side by side, more as a menu
WIDE = 480  # images narrower than this are enlarged, each pixel a sharp square


@dataclass(frozen=True)
class Spec:
    """What an explorable says and offers, apart from its pictures."""

    title: str
    alt: str | Callable[..., str]
    caption: str
    photo: bool
    pad: tuple[str, str] | None
    controls: Mapping  # name -> Control
    labels: Mapping[str, str]

    @property
    def start(self) -> tuple[int, ...]:
        """Which value each control starts with."""
        return tuple(c.start for c in self.controls.values())

    def settings(self, indices: Sequence[int]) -> dict:
        """The keyword arguments of `draw` for these positions of the controls."""
        pairs = zip(self.controls.items(), indices, strict=True)
        return {name: control.values[i] for (name, control), i in pairs}

    def alt_text(self, indices: Sequence[int]) -> str:
        """The picture in words for these positions of the controls."""
        return self.alt(**self.settings(indices)) if callable(self.alt) else self.alt


def figure_html(
    spec: Spec, sheet: sheets.Sheet, scale: float, alts: list[str] | None = None
) -> str:
    """The static form: a still picture, which the script makes playable if there are frames.

    `scale` is the side of a pixel on the page; `alts` the picture in words for every frame.
    """
    picture, still = sheet.webp(), len(sheet.index) == 1
    key = "explore-" + re.sub(r"\W+", "-", spec.title.lower()).strip("-")
    kind = "explorable photo" if spec.photo else "explorable plot"
    stage = _stage(spec, sheet, scale).replace("SHEET", sheets.data_uri(picture), 1)
    parts = [f'<div class="explorable-title">{escape(spec.title)}</div>', stage]
    if not still:
        parts += [_controls(spec, key), '<p class="explorable-status" aria-live="polite"></p>']
        parts.append(f'<script type="application/json">{_data(spec, sheet, alts)}</script>')
    if spec.caption:
        parts.append(f'<figcaption class="tex2jax_process">{spec.caption}</figcaption>')
    body = "\n".join(parts)
    return f'<figure class="{kind}" id="{key}">\n{body}\n</figure>'


def _stage(spec: Spec, sheet: sheets.Sheet, scale: float) -> str:
    """The picture (only the still part of the sheet is visible) and the spots on it."""
    height, width = sheet.height, sheet.pixels.shape[1]
    spots = "".join(_spot(spec, n) for n, c in spec.controls.items() if c.at is not None)
    return (
        f'<div class="explorable-stage" style="max-width:{round(width * scale)}px">'
        f'<div class="explorable-picture{" sharp" if scale > 1 else ""}" '
        f'style="position:relative;overflow:hidden;aspect-ratio:{width}/{height}">'
        f'<img src="SHEET" alt="{escape(spec.alt_text(spec.start))}" draggable="false" '
        f'style="display:block;width:100%;max-width:none;height:auto">'
        f'<canvas width="{width}" height="{height}" aria-hidden="true"></canvas>'
        f"</div>{spots}</div>"
    )


def pixel_size(drawing: Figure | np.ndarray) -> float:
    """Side of a frame's pixel on the page: half a CSS pixel in figures, whole ones in images."""
    if isinstance(drawing, Figure):
        return 96 / sheets.DPI
    return max(1, round(WIDE / np.shape(drawing)[1]))


def _spot(spec: Spec, name: str) -> str:
    """A button on the picture that steps through the options of one choice."""
    x, y = spec.controls[name].at
    return (
        f'<button type="button" class="explorable-spot" data-control="{escape(name)}" '
        f'style="left:{100 * x:.2f}%;top:{100 * y:.2f}%"></button>'
    )


def _controls(spec: Spec, key: str) -> str:
    """The form under the picture."""
    fields = [_field(spec, name, f"{key}-{j}") for j, name in enumerate(spec.controls)]
    pad = '<div class="explorable-pad" tabindex="0" role="slider"><i></i></div>' if spec.pad else ""
    return f'<div class="explorable-controls">{pad}<div>{"".join(fields)}</div></div>'


def _field(spec: Spec, name: str, key: str) -> str:
    """One labelled native control."""
    control, label = spec.controls[name], escape(spec.labels[name])
    about = f'data-control="{escape(name)}" autocomplete="off"'
    shown = escape(control.texts[control.start])
    if control.kind == "slider":
        return (
            f'<div class="explorable-slider"><label for="{key}">{label}</label>'
            f'<input type="range" id="{key}" min="0" max="{len(control.texts) - 1}" step="1" '
            f'value="{control.start}" {about}>'
            f'<output for="{key}" aria-live="off">{shown}</output></div>'
        )
    if control.at is None and len(control.texts) <= SEGMENTS:
        return _segments(control, label, about, key)
    return _menu(control, label, about, key)


def _segments(control, label: str, about: str, key: str) -> str:
    options = "".join(
        f'<label><input type="radio" name="{key}" value="{i}" {about}'
        f"{' checked' if i == control.start else ''}><span>{escape(text)}</span></label>"
        for i, text in enumerate(control.texts)
    )
    return f'<fieldset class="explorable-choice"><legend>{label}</legend>{options}</fieldset>'


def _menu(control, label: str, about: str, key: str) -> str:
    options = "".join(
        f'<option value="{i}"{" selected" if i == control.start else ""}>{escape(text)}</option>'
        for i, text in enumerate(control.texts)
    )
    return (
        f'<div class="explorable-menu"><label for="{key}">{label}</label>'
        f'<select id="{key}" {about}>{options}</select></div>'
    )


def _data(spec: Spec, sheet: sheets.Sheet, alts: list[str] | None) -> str:
    """What the script needs, as JSON that cannot end its script element."""
    if sheet.index.size and sheet.index.max() >= 2**16:
        raise ValueError(f"{sheet.index.max()} different tiles; {sheets.REMEDY}")
    controls = [
        {"name": n, "label": spec.labels[n], "texts": c.texts, "start": c.start}
        for n, c in spec.controls.items()
    ]
    data = {
        "controls": controls,
        "pad": spec.pad,
        "alts": alts,
        "height": sheet.height,
        "tile": sheet.tile,
        "positions": sheet.positions.tolist(),
        "index": base64.b64encode(sheet.index.astype("<u2").tobytes()).decode(),
    }
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


def live_widget(explorable: Explorable) -> ipywidgets.VBox:
    """The live form: controls with the same labels, the picture, and any error of `draw`."""
    import ipywidgets as w

    spec = explorable.spec
    controls = [_live_control(w, spec, name) for name in spec.controls]
    picture = w.Image(format="webp", layout=w.Layout(max_width="100%", object_fit="contain"))
    words, error = w.HTML(), w.HTML()

    def show(pixels: np.ndarray, indices: Sequence[int]) -> None:
        times = max(1, int(explorable.scale))  # small images: sharp squares
        picture.value = sheets.quick(pixels.repeat(times, axis=0).repeat(times, axis=1))
        picture.width = f"{round(pixels.shape[1] * explorable.scale)}"
        words.value, error.value = HIDDEN.format(escape(spec.alt_text(indices))), ""

    def update(change: dict) -> None:
        indices = [control.index for control in controls]
        try:
            show(explorable.frame(indices), indices)
        except Exception:  # whatever draw raises belongs on the page, not in the server's log
            error.value = f"<pre>{escape(traceback.format_exc(limit=-4))}</pre>"

    show(explorable.sheet.pixels[: explorable.sheet.height], spec.start)
    for control in controls:
        control.observe(update, names="index")
    title, caption = w.HTML(f"<b>{escape(spec.title)}</b>"), w.HTMLMath(spec.caption)
    return w.VBox([title, w.VBox(controls), picture, words, error, caption])


# The image widget has no alternative text, and its tooltip fails in JupyterLab.
HIDDEN = '<span role="status" style="position:absolute;clip-path:inset(50%)">{}</span>'


def _live_control(w: ModuleType, spec: Spec, name: str) -> ipywidgets.Widget:
    """The ipywidgets counterpart of one control."""
    control = spec.controls[name]
    layout = w.Layout(width="auto", max_width="40em")
    about = {"description": spec.labels[name], "layout": layout}
    about["style"] = {"description_width": "initial"}
    if control.kind == "slider":
        pairs = list(zip(control.texts, control.values, strict=True))
        return w.SelectionSlider(options=pairs, index=control.start, **about)
    kind = w.ToggleButtons if len(control.texts) <= SEGMENTS else w.Dropdown
    return kind(options=list(control.texts), index=control.start, **about)
