"""The two faces of an explorable: html that needs no kernel, and ipywidgets that call one."""

from __future__ import annotations

import base64
import hashlib
import json
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from lib import sheets

if TYPE_CHECKING:
    import ipywidgets

    from lib.explore import Explorable

SEGMENTS = 4  # up to this many options are shown side by side, more as a menu
SHARP = 480  # images narrower than this are enlarged with square pixels


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


def figure_html(spec: Spec, sheet: sheets.Sheet, alts: list[str] | None = None) -> str:
    """The static form: a still picture, which the script makes playable if there are frames."""
    picture, still = sheet.webp(), len(sheet.index) == 1
    key = "x" + hashlib.sha1(spec.title.encode() + picture).hexdigest()[:8]
    kind = "explorable photo" if spec.photo else "explorable plot"
    stage = _stage(spec, sheet).replace("SHEET", sheets.data_uri(picture), 1)
    parts = [f'<div class="explorable-title">{escape(spec.title)}</div>', stage]
    if not still:
        parts += [_controls(spec, key), '<p class="explorable-status" aria-live="polite"></p>']
    if spec.caption:
        parts.append(f'<figcaption class="tex2jax_process">{spec.caption}</figcaption>')
    if not still:
        parts.append(f'<script type="application/json">{_data(spec, sheet, alts)}</script>')
    body = "\n".join(parts)
    return f'<figure class="{kind}" id="{key}">\n{body}\n</figure>'


def _stage(spec: Spec, sheet: sheets.Sheet) -> str:
    """The picture (only the still part of the sheet is visible) and the spots on it."""
    height, width = sheet.height, sheet.pixels.shape[1]
    sharp = width < SHARP
    shown = width * enlargement(width) if sharp else width * 96 / sheets.DPI
    spots = "".join(_spot(spec, n) for n, c in spec.controls.items() if c.at is not None)
    return (
        f'<div class="explorable-stage" style="max-width:{shown:.0f}px">'
        f'<div class="explorable-picture{" sharp" if sharp else ""}" '
        f'style="position:relative;overflow:hidden;aspect-ratio:{width}/{height}">'
        f'<img src="SHEET" alt="{escape(spec.alt_text(spec.start))}" draggable="false" '
        f'style="display:block;width:100%;max-width:none;height:auto">'
        f'<canvas width="{width}" height="{height}" aria-hidden="true"></canvas>'
        f"</div>{spots}</div>"
    )


def enlargement(width: int) -> int:
    """Whole number of screen pixels for one pixel of a small image."""
    return max(1, round(SHARP / width))


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
    if control.kind == "slider":
        return (
            f'<div class="explorable-slider"><label for="{key}">{label}</label>'
            f'<input type="range" id="{key}" min="0" max="{len(control.texts) - 1}" step="1" '
            f'value="{control.start}" {about}>'
            f'<output for="{key}">{escape(control.texts[control.start])}</output></div>'
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
    error = w.HTML()

    def update(change=None):
        indices = [control.index for control in controls]
        try:
            _show(picture, explorable.frame(indices) if change else still(), spec.alt_text(indices))
            error.value = ""
        except Exception:  # whatever draw raises belongs on the page, not in the server's log
            error.value = f"<pre>{escape(traceback.format_exc(limit=-4))}</pre>"

    def still():
        return explorable.sheet.pixels[: explorable.sheet.height]

    for control in controls:
        control.observe(update, names="index")
    update()
    title, caption = w.HTML(f"<b>{escape(spec.title)}</b>"), w.HTMLMath(spec.caption)
    return w.VBox([title, w.VBox(controls), picture, error, caption])


def _live_control(w, spec: Spec, name: str):
    """The ipywidgets counterpart of one control."""
    control = spec.controls[name]
    kwargs = {"description": spec.labels[name], "style": {"description_width": "initial"}}
    if control.kind == "slider":
        pairs = list(zip(control.texts, control.values, strict=True))
        return w.SelectionSlider(options=pairs, index=control.start, **kwargs)
    kind = w.ToggleButtons if len(control.texts) <= SEGMENTS else w.Dropdown
    return kind(options=list(control.texts), index=control.start, **kwargs)


def _show(picture, pixels: np.ndarray, alt: str) -> None:
    """Put pixels into an image widget at the size they have on the site."""
    k = enlargement(pixels.shape[1]) if pixels.shape[1] < SHARP else 1
    picture.value = sheets.quick(pixels.repeat(k, axis=0).repeat(k, axis=1))
    picture.width = str(pixels.shape[1] * k if k > 1 else pixels.shape[1] * 96 // sheets.DPI)
    picture.tooltip = alt
