"""Drawings of the lesson that compares all models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lib import which_model_ranks as ranking
from lib import which_model_spread as spread
from lib.plots import COLORS, INK, WIDTH
from lib.tables import table
from lib.which_model import Entry, abilities
from lib.which_model_ranks import Facts
from lib.which_model_toy import LINE, Bumps, truth

KINDS = {"exact": COLORS["good"], "bound": COLORS["latent"], "none": COLORS["prior"]}
SHADES = {  # a colour for each contestant; the dashed ones are the three without a long training
    "PCA": ("#7d8590", "--"),
    "GMM": ("#2b9a66", "--"),
    "AE + GMM": ("#7a4fa3", "--"),
    "VAE": ("#7a4fa3", "-"),
    "PixelCNN": ("#2b9a66", "-"),
    "PixelRNN": ("#1f6fb2", "-"),
    "DDPM": ("#c8443c", "-"),
    "GAN": ("#d08300", "-"),
}
PARTS = {  # the colour of each wish in the bars of the explorable
    "Fréchet": "#c8443c",
    "recall": "#1f6fb2",
    "bits": "#2b9a66",
    "s per 100": "#d08300",
    "numbers": "#7d8590",
}
PM = "\u202f±\u202f"  # with spaces at which no line breaks
FORMS = {
    "bits": "{:.2f}",
    "Fréchet": "{:.1f}",
    "rarest class": "{:.0%}",
    "seconds": "{:.1f}",
    "s per 100": "{:.4f}",
    "numbers": "{:,.0f}",
}


def toy_panels(models: Mapping[str, Bumps]) -> Figure:
    """Each model's density over that of the data."""
    fig, axes = plt.subplots(1, len(models), figsize=(WIDTH, 1.7), sharey=True)
    for ax, (name, model) in zip(axes, models.items(), strict=True):
        ax.fill_between(LINE, truth().density, color=COLORS["data"], alpha=0.3, lw=0)
        ax.plot(LINE, model.density, color=COLORS["model"], lw=1.3)
        ax.set(title=name, xlim=(-5, 5), ylim=(0, 1.05), xlabel="x", xticks=(-2, 2))
    axes[0].set_ylabel("density")
    return fig


def cell_panel(density: Callable[[np.ndarray], np.ndarray], levels: int) -> Figure:
    """A density on [0, 1], and the mass that it gives to each of the cells of the levels."""
    fig, ax = plt.subplots(figsize=(WIDTH, 2.3))
    x = np.linspace(0, 1, 400)
    edges = np.arange(levels + 1) / levels
    mass = [
        np.trapezoid(density(t), t)
        for t in (np.linspace(a, a + 1 / levels, 50) for a in edges[:-1])
    ]
    ax.bar(edges[:-1], np.array(mass) * levels, 1 / levels, align="edge", color=COLORS["data"],
           alpha=0.35, ec="white", label="mean over a cell")  # fmt: skip
    ax.plot(x, density(x), color=COLORS["model"], label="density")
    ax.set(
        xlabel="(level + noise) / number of levels", ylabel="density", xlim=(0, 1), ylim=(0, None)
    )
    ax.legend()
    return fig


def facts_table(
    found: Facts, columns: Sequence[str], kinds: Mapping[str, str] | None = None
) -> Markdown:
    """Columns of facts, a model a row; `kinds` adds what is known of the likelihood."""
    rows = [
        [name, *([kinds.get(name, "")] if kinds else []), *(cell(row, c) for c in columns)]
        for name, row in found.items()
    ]
    return table(["model", *(["likelihood"] if kinds else []), *columns], rows)


def cell(row: Mapping[str, float], fact: str) -> str:
    """One fact as text; empty where it is unknown."""
    value = row.get(fact, float("nan"))
    return "" if np.isnan(value) else FORMS.get(fact, "{:.2f}").format(value)


def ability_table(entries: Mapping[str, Entry]) -> Markdown:
    """What each model can be asked."""
    asked = {name: abilities(entry) for name, entry in entries.items()}
    columns = list(next(iter(asked.values())))
    rows = [[name, *("yes" if can[c] else "–" for c in columns)] for name, can in asked.items()]
    return table(["model", *columns], rows)


def spread_table(rows: list, budget: float, facts: Sequence[str]) -> Markdown:
    """Mean and standard deviation over the starts, a model a row."""

    def text(name: str, fact: str) -> str:
        values = spread.column(rows, budget, name, fact)
        form = FORMS.get(fact, "{:.2f}").format
        return "" if np.isnan(values).any() else f"{form(values.mean())}{PM}{form(values.std())}"

    names = spread.average(rows, budget)
    return table(["model", *facts], [[n, *(text(n, f) for f in facts)] for n in names])


def rank_lines(found: Facts, facts: Sequence[str]) -> Figure:
    """The place of each model by one fact after the other: lines that cross."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.3))
    places = {name: [ranking.ranks(found, fact)[name] for fact in facts] for name in found}
    for name, line in places.items():
        color, dash = SHADES[name]
        ax.plot(range(len(facts)), line, color=color, ls=dash, marker="o", ms=5)
        ax.annotate(name, (len(facts) - 1, line[-1]), (8, -3), textcoords="offset points", size=9)
    ax.set_xticks(range(len(facts)), facts)
    ax.set(ylabel="place", ylim=(len(found) + 0.4, 0.6), xlim=(-0.2, len(facts) - 0.35))
    ax.set_yticks(range(1, len(found) + 1))
    ax.grid(axis="x", visible=False)
    return fig


def price_map(found: Facts, kinds: Mapping[str, str], floor: float) -> Figure:
    """Fréchet distance against seconds per 100 pictures; areas are memory, colours likelihood."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.7))
    middle = np.median([1e3 * row["s per 100"] for row in found.values()])
    for name, row in found.items():
        at, color = (1e3 * row["s per 100"], row["Fréchet"]), KINDS[kinds[name]]
        area = row["numbers"] / 150
        ax.scatter(*at, s=area, color=color, alpha=0.45, lw=0)
        ax.plot(*at, ".", color=color, ms=4)
        off = 5 + np.sqrt(
            area / np.pi
        )  # beside the quick ones, which stand close; above the others
        how = {"ha": "center"} if at[0] > 5 * middle else {"va": "center"}
        ax.annotate(name, at, (0, off) if "ha" in how else (off, 0), textcoords="offset points",
                    size=9, **how)  # fmt: skip
    ax.axhline(floor, color=INK, ls="--", lw=1)
    ax.annotate("held-out digits", (1, floor), (-4, 3), xycoords=("axes fraction", "data"),
                textcoords="offset points", size=8, ha="right")  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="milliseconds for 100 pictures")
    ax.set(ylabel="Fréchet distance")
    ax.margins(x=0.12, y=0.2)
    marks = [Line2D([], [], marker="o", ls="", color=c, alpha=0.6) for c in KINDS.values()]
    names = [f"likelihood: {kind}" for kind in KINDS]
    fig.legend(marks, names, loc="outside upper center", ncols=len(names))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:g}")
    return fig


def budget_panels(rows: list, facts: Sequence[str]) -> Figure:
    """Facts against the seconds of training: mean over the starts, and the range of all of them."""
    fig, axes = plt.subplots(1, len(facts), figsize=(WIDTH, 3.3), squeeze=False)
    seconds = spread.budgets(rows)
    names = spread.average(rows, seconds[0])
    for ax, fact in zip(axes[0], facts, strict=True):
        for name in names:
            values = [spread.column(rows, budget, name, fact) for budget in seconds]
            _band(ax, seconds, values, *SHADES[name])
        ax.set(xscale="log", xlabel="seconds of training", ylabel=LABELS.get(fact, fact))
        ax.set_xticks(seconds, [f"{s:g}" for s in seconds])
        ax.minorticks_off()
        if fact == "bits":
            ax.set_ylim(1.7, 3.4)  # a diffusion's first bounds lie far above
        else:
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter("{x:g}")
    handles = [Line2D([], [], color=c, ls=d) for c, d in (SHADES[n] for n in names)]
    fig.legend(handles, names, loc="outside lower center", ncols=4)
    return fig


LABELS = {"Fréchet": "Fréchet distance", "bits": "bits per dimension, at most"}


def _band(
    ax: Axes, x: Sequence[float], values: Iterable[np.ndarray], color: str, dash: str
) -> None:
    ends = np.array([(v.min(), v.mean(), v.max()) for v in values]).T
    ax.fill_between(x, ends[0], ends[2], color=color, alpha=0.15, lw=0)
    ax.plot(x, ends[1], color=color, ls=dash, marker=".")


class Wishes:
    """The drawing of an explorable: marks of all models for wishes of different weight."""

    def __init__(self, found: Facts, names: Mapping[str, str]):
        """`names` maps a control's name to the fact that it weighs."""
        self.found, self.names = found, dict(names)

    def marks(self, **weights: float) -> dict[str, dict[str, float]]:
        """What each fact contributes to each mark; all weights 0 count as equal ones."""
        if not any(weights.values()):
            weights = dict.fromkeys(weights, 1)
        return ranking.marks(self.found, {self.names[k]: w for k, w in weights.items()})

    def draw(self, **weights: float) -> Figure:
        """Bars of the marks, the best at the top, each in its parts."""
        marked = self.marks(**weights)
        fig = plt.figure(figsize=(6.2, 2.9), layout="none")  # a fixed frame: quicker to draw
        ax = fig.add_axes((0.13, 0.16, 0.84, 0.73))
        order = ranking.order(marked)
        left = np.zeros(len(order))
        for control, fact in self.names.items():
            part = np.array([marked[name][fact] for name in order])
            ax.barh(range(len(order)), part, left=left, color=PARTS[fact], label=control)
            left += part
        ax.set_yticks(range(len(order)), order)
        ax.set(xlim=(0, 1), ylim=(len(order) - 0.5, -0.5), xlabel="mark, from 0 to 1")
        ax.grid(axis="y", visible=False)
        ax.legend(ncols=len(self.names), loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=8.5)
        return fig
