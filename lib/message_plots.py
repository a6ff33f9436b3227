"""Drawings of messages on their way: the order of a schedule, and a stage to step through it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from lib.messages import Message
from lib.mrf import PairwiseMRF
from lib.plots import COLORS, INK, WIDTH
from lib.schedules import one_by_one, two_pass

FAINT = "#c3c8d0"
GAUGE = (0.62, 0.11)  # length and height of a message's bar in inches
NODE = (0.9, 0.17)  # the same for a node's bar


def message_order(messages: Sequence[Message], pos: Mapping[int, tuple], columns: int) -> Figure:
    """One small picture a message: those already sent in the latent colour, the new one thick."""
    rows, labels = -(-len(messages) // columns), {n: _name(n) for n in pos}
    fig, axes = plt.subplots(rows, columns, figsize=(WIDTH, 1.6 * rows), squeeze=False)
    edges = {frozenset((m.source, m.target)) for m in messages}
    for k, ax in enumerate(axes.flat):
        ax.axis("off")
        if k < len(messages):
            new = messages[k]
            ax.set_title(f"{k + 1}. {labels[new.source]} to {labels[new.target]}", fontsize=11)
            _graph(ax, edges, pos, labels)
            for m in messages[: k + 1]:
                _arrow(ax, pos[m.source], pos[m.target], m is new)
    return fig


def _graph(ax: Axes, edges: set, pos: Mapping, labels: Mapping) -> None:
    for a, b in map(tuple, edges):
        ax.plot(*zip(pos[a], pos[b], strict=True), color=FAINT, lw=1.2, zorder=1)
    x, y = np.array(list(pos.values())).T
    ax.scatter(x, y, s=230, color="white", edgecolor=INK, zorder=2)
    for node, place in pos.items():
        ax.text(*place, labels[node], ha="center", va="center", fontsize=10, zorder=3)
    ax.margins(0.1, 0.2)


def _arrow(ax: Axes, start: tuple, end: tuple, new: bool) -> None:
    """An arrow beside the edge, on the left of its direction."""
    style = {"color": COLORS["model"], "lw": 2.4} if new else {"color": COLORS["latent"], "lw": 1}
    start, end = np.array(start, dtype=float), np.array(end, dtype=float)
    side = 0.09 * np.array([start[1] - end[1], end[0] - start[0]]) / np.hypot(*(end - start))
    patch = FancyArrowPatch(
        start + side,
        end + side,
        arrowstyle="-|>",
        mutation_scale=9,
        shrinkA=8,
        shrinkB=8,
        **style,
    )
    ax.add_patch(patch)


class Stage:
    """A binary field on which messages and beliefs are shown as bars; its parts are made once.

    Parameters
    ----------
    pos : mapping from node to (x, y)
        Places in inches on a sheet of `size`.
    edges : sequence of (i, j)
        Every edge that any of the fields to be drawn may have.
    states : tuple of str
        Names of the states 0 and 1; bars show the probability of state 1.
    """

    def __init__(
        self,
        pos: Mapping[int, tuple],
        edges: Sequence[tuple[int, int]],
        states: tuple[str, str],
        size: tuple[float, float] = (WIDTH, 3.7),
    ):
        self.states, self.pos = states, {n: np.array(p, dtype=float) for n, p in pos.items()}
        self.figure = Figure(figsize=size)
        self.figure.set_layout_engine("none")
        FigureCanvasAgg(self.figure)
        self.ax = self.figure.add_axes((0, 0, 1, 1), xlim=(0, size[0]), ylim=(0, size[1]))
        self.ax.axis("off")
        self.title = self.ax.text(0.15, size[1] - 0.25, "", fontsize=12, va="center")
        self._key(size)
        self.lines = {frozenset(e): self._line(*e) for e in edges}
        both = [*edges, *((j, i) for i, j in edges)]
        self.arrows = {e: self._message_bar(*e) for e in both}
        self.nodes = {n: self._node(n) for n in pos}

    def _key(self, size: tuple[float, float]) -> None:
        y, text = 0.17, {"fontsize": 10, "va": "center"}
        for x, role, what in ((0.2, "latent", "message"), (1.45, "model", "belief"),
                              (2.5, "data", "observed")):  # fmt: skip
            self.ax.add_patch(Rectangle((x, y - 0.06), 0.25, 0.12, color=COLORS[role]))
            self.ax.text(x + 0.32, y, what, **text)
        self.ax.plot([3.8, 3.8], [y - 0.1, y + 0.1], color=COLORS["good"], lw=3)
        self.ax.text(3.9, y, f"exact; full bar: surely {self.states[1]}", **text)

    def _line(self, i: int, j: int):
        return self.ax.plot(*zip(self.pos[i], self.pos[j], strict=True), color=INK, lw=1.2)[0]

    def _message_bar(self, j: int, i: int) -> tuple:
        """Arrow, frame and filling of the message from j to i, beside the edge."""
        start, end = self.pos[j], self.pos[i]
        along = (end - start) / np.hypot(*(end - start))
        left, middle = np.array([-along[1], along[0]]), (start + end) / 2 + 0.06 * along
        reading = along if (along[0], along[1]) > (-1e-9, 0) else -along  # bars read rightwards
        angle = np.degrees(np.arctan2(reading[1], reading[0]))
        up = np.array([-reading[1], reading[0]])
        arrow = FancyArrowPatch(
            middle + 0.09 * left - 0.3 * along, middle + 0.09 * left + 0.3 * along,
            arrowstyle="-|>", mutation_scale=9, shrinkA=0, shrinkB=0, lw=1.2,
        )  # fmt: skip
        corner = middle + 0.22 * left - GAUGE[0] / 2 * reading - GAUGE[1] / 2 * up
        frame, fill = (Rectangle(corner, *GAUGE, angle=angle) for _ in range(2))
        frame.set(facecolor="white", edgecolor=INK, lw=0.8)
        for patch in (arrow, frame, fill):
            self.ax.add_patch(patch)
        return arrow, frame, fill

    def _node(self, n: int) -> tuple:
        """Circle, filling, tick of the exact value, both numbers and name of a node."""
        x, y = self.pos[n]
        circle = Circle((x, y + 0.24), 0.2, facecolor="white", edgecolor=INK, lw=1.2, zorder=3)
        left, low = x - NODE[0] / 2, y - 0.2
        back = Rectangle((left - 0.05, low - 0.27), NODE[0] + 0.1, 0.5, color="white", zorder=2.5)
        frame = Rectangle((left, low), *NODE, facecolor="white", edgecolor=INK, lw=0.8, zorder=3)
        fill = Rectangle((left, low), *NODE, lw=0, zorder=4)
        for patch in (back, circle, frame, fill):
            self.ax.add_patch(patch)
        name = self.ax.text(x, y + 0.24, _name(n), ha="center", va="center", fontsize=12, zorder=5)
        tick = self.ax.plot([0, 0], [low - 0.04, low + NODE[1] + 0.04], color=COLORS["good"], lw=3)
        tick[0].set_zorder(6)
        under = {"y": low - 0.15, "s": "", "va": "center", "fontsize": 10, "zorder": 5}
        mine = self.ax.text(left, ha="left", **under)
        true = self.ax.text(left + NODE[0], ha="right", color=COLORS["good"], **under)
        return circle, fill, tick[0], (mine, true), name

    def draw(
        self, mrf: PairwiseMRF, sent: Mapping[tuple[int, int], Message], last: Message | None
    ) -> Figure:
        """Show the messages `sent` so far, (source, target) -> message, and what they imply."""
        present = {frozenset(e) for e in mrf.edges.tolist()}
        for edge, line in self.lines.items():
            line.set_visible(edge in present)
        for edge, bar in self.arrows.items():
            new = last is not None and edge == (last.source, last.target)
            _set_message(bar, sent.get(edge), frozenset(edge) in present, new)
        exact = mrf.marginals_by_enumeration()
        for n, parts in self.nodes.items():
            into = sum(m.log_table for (_, i), m in sent.items() if i == n)
            log_belief = mrf.log_unary[n] + into
            belief = np.exp(log_belief - np.logaddexp.reduce(log_belief))
            self._set_node(n, parts, belief[1], exact[n][1], np.isneginf(mrf.log_unary[n]).any())
        self.title.set_text(self._sentence(last))
        return self.figure

    def _set_node(self, n: int, parts: tuple, belief: float, exact: float, observed: bool) -> None:
        circle, fill, tick, (mine, true), name = parts
        role = COLORS["data"] if observed else COLORS["model"]
        circle.set_facecolor(COLORS["data"] if observed else "white")
        name.set_color("white" if observed else INK)
        fill.set(width=NODE[0] * belief, facecolor=role)
        place = self.pos[n][0] - NODE[0] / 2 + NODE[0] * exact
        tick.set_xdata([place, place])
        mine.set(text=f"{belief:.2f}", color=role)
        true.set_text(f"{exact:.2f}")

    def _sentence(self, last: Message | None) -> str:
        if last is None:
            return "No message yet: every belief is the node's own opinion."
        share = np.exp(last.log_table[1])
        return (
            f"{_name(last.source)} tells {_name(last.target)}: {self.states[1]} with weight "
            f"{share:.2f}, {self.states[0]} with {1 - share:.2f}"
        )

    def after(self, mrf: PairwiseMRF, order: Sequence[tuple[int, int]], step: int) -> Figure:
        """Show the field after `step` messages of `order`; later steps repeat whole rounds."""
        n_messages = step + max(0, step - len(order)) * (len(order) - 1)
        sent, last = {}, None
        for last in itertools.islice(one_by_one(mrf, order), n_messages):
            sent[last.source, last.target] = last
        return self.draw(mrf, sent, last)


def _name(node: int) -> str:
    """x with the node's number, counted from 1, below: plain text, quicker than mathematics."""
    return "x" + "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for digit in str(node + 1))


def _set_message(bar: tuple, message: Message | None, present: bool, new: bool) -> None:
    """Hide a message, or fill its bar; the newest one is in the model's colour."""
    arrow, frame, fill = bar
    for patch in bar:
        patch.set_visible(present and (message is not None or patch is arrow))
    color = FAINT if message is None else COLORS["model"] if new else COLORS["latent"]
    arrow.set_color(color)
    if message is not None:
        fill.set(width=GAUGE[0] * np.exp(message.log_table[1]), facecolor=COLORS["latent"])
        frame.set_edgecolor(COLORS["model"] if new else INK)


def weather_stations() -> tuple[dict[str, PairwiseMRF], dict[str, list], Stage]:
    """The stepper of the lesson: five stations as a tree and with one edge more.

    Returns both fields and the order of messages in each, by name, and the stage for them.
    Neighbours agree with odds of 17 to 3; station x_3 leans to wet by itself, 6 to 4.
    """
    tree = [(0, 1), (1, 2), (1, 3), (3, 4)]
    edges = {"tree": tree, "one edge more": [*tree, (2, 3)]}
    own = np.log([[1, 1], [1, 1], [0.4, 0.6], [1, 1], [1, 1]])
    agree = np.log([[0.85, 0.15], [0.15, 0.85]])
    fields = {name: PairwiseMRF(own, e, agree) for name, e in edges.items()}
    order = [(m.source, m.target) for m in two_pass(fields["tree"], root=1)]
    orders = {"tree": order, "one edge more": [*order, (2, 3), (3, 2)]}
    places = {0: (0.7, 1.95), 1: (2.5, 1.95), 2: (4.5, 2.85), 3: (4.5, 0.95), 4: (6.35, 0.95)}
    return fields, orders, Stage(places, edges["one edge more"], states=("dry", "wet"))
