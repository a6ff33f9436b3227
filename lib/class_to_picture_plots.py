"""Drawings of the lesson on pictures of a class that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown
from matplotlib.figure import Figure

from lib.eigenface_plots import picture_rows
from lib.plots import COLORS, WIDTH
from lib.tables import table

SHARES = ("accuracy", "precision", "recall", "codes tell the class", "beyond")
FORMS = dict.fromkeys(SHARES, "{:.1%}") | {"cpu s": "{:.0f}", "bound (nats)": "{:.1f}"}


def facts_table(name: str, facts: Mapping[str, Mapping[str, float]]) -> Markdown:
    """Facts of several models, one a row, in the columns of the first; a missing fact is empty."""
    columns = list(next(iter(facts.values())))
    rows = []
    for key, row in facts.items():
        cells = [FORMS.get(k, "{:.2f}").format(row[k]) if k in row else "" for k in columns]
        rows.append([key, *cells])
    return table([name, *columns], rows)


def doubtful_rows(pictures: np.ndarray, y: np.ndarray, p: np.ndarray, n: int = 10) -> Figure:
    """The n pictures whose true class y has the least probability p (m, 10), two guesses above."""
    order = np.argsort(p[np.arange(len(y)), y])[:n]
    best = np.argsort(-p[order], axis=1)[:, :2]
    texts = [
        "\n".join(f"{k}: {row[k]:.0%}" for k in pair)
        for row, pair in zip(p[order], best, strict=True)
    ]
    return picture_rows({"digit": pictures[order]}, {"digit": texts}, width=WIDTH)


def carried_rows(given: np.ndarray, drawn: np.ndarray) -> Figure:
    """Given pictures (n, 8, 8), and beside each ten classes in its handwriting (n, 10, 8, 8)."""
    rows = {}
    for k, (first, others) in enumerate(zip(given, drawn, strict=True)):
        rows[f"hand {k + 1}"] = np.concatenate([first[None], others])
    return picture_rows(rows, heads=["given", *map(str, range(10))], width=WIDTH)


def chance_rows(families: Mapping[str, np.ndarray]) -> Figure:
    """Pictures (10, n, 8, 8) of each family: a row for each draw of chance, a column a class."""
    rows = {}
    for name, pictures in families.items():
        for k in range(pictures.shape[1]):
            rows[name + " " * k] = pictures[:, k]  # a key for every row, the same words
    return picture_rows(rows, heads=[str(k) for k in range(10)], width=WIDTH)


def line_panels(
    grid: np.ndarray,
    told: np.ndarray,
    chains: Mapping[float, np.ndarray],
    tilted: Mapping[float, np.ndarray],
    other: np.ndarray,
) -> Figure:
    """Densities on a line, a panel for each weight: the class, the chain's end, the tilted one."""
    fig, axes = plt.subplots(1, len(chains), figsize=(WIDTH, 2.7), sharey=True)
    for ax, (w, chain) in zip(axes, chains.items(), strict=True):
        ax.fill_between(grid, told, color=COLORS["data"], alpha=0.25, lw=0, label="$p(x|y)$")
        ax.plot(grid, other, color=COLORS["prior"], lw=1.2, ls=":", label="other class")
        ax.plot(grid, tilted[w], color=COLORS["good"], ls="--", label="$p(x|y)\\,p(y|x)^w$")
        ax.plot(grid, chain, color=COLORS["model"], label="guided chain")
        ax.set(title=f"w = {w:g}", xlabel="x", xlim=(-2.8, 2.8))
    axes[0].set_ylabel("density")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=4)
    return fig


def silence_panels(
    grid: np.ndarray, exact: np.ndarray, nets: Mapping[str, np.ndarray], title: str
) -> Figure:
    """What networks draw on a line, (m,) each, a panel for each; the exact answer behind it."""
    fig, axes = plt.subplots(1, len(nets), figsize=(WIDTH, 2.5), sharey=True)
    for ax, (name, density) in zip(axes, nets.items(), strict=True):
        ax.fill_between(grid, exact, color=COLORS["good"], alpha=0.3, lw=0, label="exact answers")
        ax.plot(grid, density, color=COLORS["model"], label="network")
        ax.set(title=f"{name}, {title}", xlabel="x")
    axes[0].set_ylabel("density")
    axes[0].legend(loc="upper left")
    return fig


def dial_panels(found: Mapping[float, Mapping[str, float]]) -> Figure:
    """What a weight of the guidance buys and costs: shares at the left, distance at the right."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.8))
    places, marks = range(len(found)), {"marker": "o", "ms": 4}
    roles = {"accuracy": "good", "recall": "model", "spread": "latent"}
    for name, role in roles.items():
        values = [row[name] for row in found.values()]
        left.plot(places, values, color=COLORS[role], label=name, **marks)
    right.plot(places, [row["Fréchet"] for row in found.values()], color=COLORS["model"], **marks)
    for ax in (left, right):
        ax.set_xticks(places, [f"{w:g}" for w in found])
        ax.set_xlabel("guidance weight w")
    left.set(ylabel="share (spread: ratio to real)", ylim=(0, 1.5))
    left.legend(ncols=3, loc="upper center", columnspacing=1, handlelength=1.2)
    right.set(ylabel="Fréchet distance", ylim=(0, None))
    return fig


def setting_frames(
    drawn: Mapping[tuple[float, int], np.ndarray], columns: int = 8
) -> Callable[[int, float, int], np.ndarray]:
    """What an explorable draws: the digits (10, n, 8, 8) of one setting, of one class.

    n is a multiple of `columns`. A pixel of a digit is a pixel of the frame, which the page
    enlarges: so 256 frames stay light. Grey values are rounded to 64 levels.
    """

    def frame(kind: int, weight: float, steps: int) -> np.ndarray:
        pictures = np.rint(drawn[weight, steps][kind] * 63) / 63
        framed = np.pad(pictures, ((0, 0), (0, 1), (0, 1)), constant_values=1.0)  # (n, 9, 9)
        rows = framed.reshape(-1, columns, 9, 9).swapaxes(1, 2).reshape(-1, 9 * columns)
        return rows[:-1, :-1]

    return frame
