"""Drawings of the lesson on picture to picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import Markdown
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

from lib.face_pairs import new_pairs, tones_of, variations
from lib.few_steps import to_pictures
from lib.plots import COLORS, WIDTH
from lib.tables import table
from lib.translation import Translation, layers_of, receptive_field

FORMS = {"seconds": "{:.0f}", "epochs": "{:.0f}", "parts": "{:.0%}", "pixels": "{:.0%}"}
THREE = {
    "distance": "{:.3f}",
    "shading": "{:.3f}",
    "sharpness": "{:.3f}",
    "tone error": "{:.3f}",
    "to the truth": "{:.3f}",
    "to each other": "{:.3f}",
}
GAP = 8  # pixels between two pictures of a frame


def answer_curves(answers: np.ndarray, shown: Mapping[str, np.ndarray], count: int = 3) -> Figure:
    """`count` of the possible answers (n, pixels) at the left; what is `shown` at the right."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.4), sharey=True)
    for k in range(count):
        left.plot(answers[k * len(answers) // (2 * count)], color=COLORS["data"], alpha=1 - 0.3 * k)
    for (name, x), role in zip(shown.items(), ("error", "good", "latent"), strict=False):
        right.plot(x, color=COLORS[role], label=name, ls="--" if role == "good" else "-")
    left.set(xlabel="pixel", ylabel="grey value", ylim=(0, 1), title="possible answers")
    right.set(xlabel="pixel", title="answers of least cost")
    right.legend()
    return fig


def seen_patch(ways: np.ndarray, face: np.ndarray) -> Figure:
    """In how many ways each pixel (h, w) reaches one verdict, and the patch on a face (h, w)."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH * 0.75, 2.7))
    rows, columns = np.flatnonzero(ways.sum(1)), np.flatnonzero(ways.sum(0))
    corner, side = (columns[0] - 0.5, rows[0] - 0.5), (len(columns), len(rows))
    left.imshow(ways, cmap="Purples")
    right.imshow(face, cmap="gray", vmin=0, vmax=1)
    left.set_title("ways to the verdict")
    right.set_title(f"its patch, {side[0]} x {side[1]}")
    for ax in (left, right):
        ax.add_patch(Rectangle(corner, *side, fill=False, lw=2, ec=COLORS["error"]))
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.grid(visible=False)
    return fig


def field_table(net: nn.Module) -> Markdown:
    """Kernel, stride and receptive field after each convolution of a network."""
    layers = layers_of(net)
    rows = [[k + 1, *layer, receptive_field(layers[: k + 1])] for k, layer in enumerate(layers)]
    return table(["layer", "kernel", "stride", "sees pixels a side"], rows)


def study_table(name: str, facts: Mapping[str, Mapping[str, float]]) -> Markdown:
    """Numbers of several translations, one a row; what a row lacks stays empty."""
    header = list(dict.fromkeys(key for row in facts.values() for key in row))
    rows = []
    for key, row in facts.items():
        forms = {k: (FORMS | THREE).get(k, "{:.2f}") for k in header}
        rows.append([key, *(forms[k].format(row[k]) if k in row else "" for k in header)])
    return table([name, *header], rows)


def face_frames(
    model: Translation, choices: Mapping[str, list[float]], *, seed: int = 0, **fixed: float
) -> Callable[..., np.ndarray]:
    """What an explorable draws: question, answer and the renderer's face, side by side.

    `choices` are factors of a face and their values; the frame takes one value of each. All
    answers are given for the same z. A pixel of the frame is a pixel of a picture.
    """
    factors, settings = variations(choices, **fixed)
    c, x, _ = new_pairs(factors)
    z = model.noise(1, torch.Generator().manual_seed(seed)).expand(len(c), -1)
    with torch.no_grad():
        answers = to_pictures(model.generate(z, c))
    asked, truth = tones_of(c), to_pictures(x)
    place = {tuple(map(float, setting)): k for k, setting in enumerate(settings)}

    def frame(**values: float) -> np.ndarray:
        k = place[tuple(float(values[name]) for name in choices)]
        space = np.ones((x.shape[1], GAP))
        line = np.hstack([asked[k], space, answers[k], space, truth[k]])
        levels = np.rint(np.rint(line * 63) * (255 / 63)).astype(np.uint8)  # 64 greys: light pages
        return np.repeat(levels[..., None], 3, axis=-1)

    return frame
