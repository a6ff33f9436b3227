"""Drawings of the lesson on the game: densities, detectives, arrows on samples, and paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.special import expit, ndtri

from lib.gan_game import Forger, Game, Move, play
from lib.plots import COLORS, INK

HALF = {"color": COLORS["prior"], "lw": 1, "ls": ":"}


def densities(ax: Axes, x: np.ndarray, p: np.ndarray, q: np.ndarray) -> None:
    """Data as a blue area, samples as a red line."""
    ax.fill_between(x, p, color=COLORS["data"], alpha=0.3, lw=0, label="data")
    ax.plot(x, q, color=COLORS["model"], label="forger")


def detective(ax: Axes, x: np.ndarray, d: np.ndarray, name: str = "", dash: str = "-") -> None:
    """D(x) of scores d between 0 and 1, with a line at one half."""
    ax.plot(x, expit(d), dash, color=COLORS["good"], label=name)
    ax.axhline(0.5, **HALF)
    ax.set(ylim=(-0.03, 1.03), yticks=[0, 0.5, 1])


def one_guess(axes: Sequence[Axes], x: np.ndarray, p: np.ndarray, forger: Forger) -> None:
    """Mean squared error of a single guess for all data, and how a detective sees that guess."""
    mean, square = p @ x / p.sum(), p @ x**2 / p.sum()
    error = square - 2 * mean * x + x**2
    left, right = axes
    left.fill_between(x, p / p.max(), color=COLORS["data"], alpha=0.3, lw=0, label="data")
    left.plot(x, error / error.max(), color=COLORS["error"], label="squared error")
    q = forger.density(x)
    densities(right, x, p / p.max(), q / q.max())
    detective(right, x, np.log(p) - forger.log_density(x), "D")
    for ax, title in ((left, "the error of a guess"), (right, "what a detective says of it")):
        ax.axvline(mean, color=INK, lw=1, ls="--")
        ax.set(title=title, xlabel="x, data units", ylim=(-0.03, 1.3), xlim=(x[0], x[-1]))
        ax.legend(loc="upper center", fontsize=8, handlelength=1.2, ncols=3)
    left.set_ylabel("largest = 1")


def pointwise(ax: Axes, pairs: Sequence[tuple[float, float]]) -> None:
    """What one place x with densities p and q adds to V, for every answer D, and its maximum."""
    at = np.linspace(0.003, 0.997, 400)
    shades = COLORS["data"], COLORS["latent"], COLORS["model"]
    for (p, q), colour in zip(pairs, shades, strict=False):
        label = f"p = {p:g}, q = {q:g}"
        ax.plot(at, p * np.log(at) + q * np.log(1 - at), color=colour, label=label)
        best = p / (p + q)
        ax.plot(best, p * np.log(best) + q * np.log(1 - best), "o", color=colour)
    ax.set(xlabel="answer D at this place", ylabel="part of V, nats per unit of x", ylim=(-1.5, 0))
    ax.legend(loc="lower center")


def generations(axes: np.ndarray, game: Game, moves: Sequence[Move]) -> None:
    """One column a generation: the forger above, the detective that has seen it below."""
    for k, (move, (above, below)) in enumerate(zip(moves, axes.T, strict=True)):
        densities(above, game.grid, game.p, game.q(move.forger))
        detective(below, game.grid, move.score)
        above.set(title=f"generation {k}\nJSD {game.jsd(move.forger):.3f}", ylim=(0, 0.55))
        below.set(xlabel="x, data units", xlim=(-4.5, 4.5), xticks=[-4, 0, 4])
    axes[0, 0].set_ylabel("density")
    axes[1, 0].set_ylabel("D(x)")
    axes[0, 0].legend(loc="upper left", fontsize=8, handlelength=1, borderpad=0)


def trained(
    axes: Sequence[Axes], x: np.ndarray, p: np.ndarray, q: np.ndarray, scores: Mapping
) -> None:
    """Densities of data and of a trained generator; the discriminators, name -> scores at x."""
    densities(axes[0], x, p, q)
    for (name, d), dash in zip(scores.items(), ("-", "--"), strict=False):
        detective(axes[1], x, d, name, dash)
    for ax, label, place in zip(axes, ("density", "D(x)"), ("upper", "lower"), strict=True):
        ax.set(xlabel="x, data units", ylabel=label, xlim=(x[0], x[-1]))
        ax.legend(loc=f"{place} left", fontsize=8)


def duels(axes: Sequence[Axes], paths: Mapping[str, np.ndarray], limit: float = 2.4) -> None:
    """Paths (steps + 1, 2) of the two numbers theta and psi, one panel each."""
    for ax, (name, path) in zip(axes, paths.items(), strict=True):
        ax.plot(*path.T, "-", color=COLORS["latent"], lw=1)
        ax.plot(*path.T, ".", color=COLORS["latent"], ms=3)
        ax.plot(*path[0], "o", color=COLORS["model"], label="start")
        ax.plot(0, 0, "P", color=COLORS["good"], ms=8, label="rest point")
        ax.set(title=name, xlabel="forger θ", xlim=(-limit, limit), ylim=(-limit, limit))
        ax.set_aspect("equal")
    axes[0].set_ylabel("detective ψ")
    axes[0].legend(loc="lower left", fontsize=8, handlelength=0.8)


class GameExplorer:
    """A forger of any mean and width, the best detective against it, the push on its samples."""

    def __init__(self, game: Game):
        self.game = game
        self.at = ndtri((np.arange(9) + 0.5) / 9)  # nine samples that share the mass evenly
        names = [["q"], ["D"], ["d"]]
        self.figure, axes = _figure((5.8, 4.8), names, height_ratios=[1.7, 1, 1], sharex=True)
        self.axes = top, middle, below = [axes[name] for (name,) in names]
        densities(top, game.grid, game.p, game.p)
        self.q = top.lines[0]
        self.dots = top.plot([], [], "o", ms=4, color=COLORS["model"], clip_on=False)[0]
        none = np.zeros(9)
        self.pushed = top.quiver(
            none, none, none, none, angles="xy", scale_units="xy", scale=1, width=0.006,
            color=INK, clip_on=False, zorder=4,
        )  # fmt: skip
        self.dots.set_in_layout(False)
        self.pushed.set_in_layout(False)
        detective(middle, game.grid, 0 * game.grid)
        self.d = below.plot(game.grid, 0 * game.grid, color=COLORS["latent"])[0]
        below.axhline(0, **HALF)
        top.set(ylabel="density", ylim=(-0.32, 0.85), yticks=[0, 0.4, 0.8])
        top.set(title=" ", xlim=(-4.5, 4.5))
        top.legend(loc="upper left", fontsize=8, ncols=2)
        middle.set(ylabel="D*(x)")
        below.set(ylabel="score d*(x)", xlabel="x, data units", ylim=(-12, 12))
        _freeze(self.figure)

    def push(self, forger: Forger, loss: str) -> tuple[np.ndarray, np.ndarray]:
        """Places of nine samples, and the arrow on each."""
        places = forger.mean + forger.width * self.at
        arrows = self.game.arrows(self.game.best(forger), loss)
        return places, np.interp(places, self.game.grid, arrows)

    def draw(self, mean: float, width: float, loss: str) -> Figure:
        """The figure at one setting; an arrow is half as long as the push, at most 2 units."""
        forger = Forger(mean, width)
        score, (places, arrows) = self.game.best(forger), self.push(forger, loss)
        self.q.set_ydata(self.game.q(forger))
        rows = -0.04 - 0.03 * np.arange(9)  # one below the other, so that no arrow hides another
        self.dots.set_data(places, rows)
        self.pushed.set_offsets(np.stack([places, rows], 1))
        self.pushed.set_UVC(np.clip(arrows / 2, -2, 2), 0 * arrows)
        self.axes[1].lines[0].set_ydata(expit(score))
        self.d.set_ydata(score)
        jsd = self.game.jsd(forger)
        text = f"JSD {jsd:.3f}, V = {2 * jsd - np.log(4):.3f} nats, mean push {arrows.mean():.2f}"
        self.axes[0].set_title(text.replace("-", "−"))
        return self.figure


class ReplayExplorer:
    """A game replayed move by move, for detectives that answer more or less well.

    `answers` maps a name to the options of `lib.gan_game.play`. On the left the players at one
    move, on the right the forger's path over a map of the divergence.
    """

    def __init__(self, game: Game, start: Forger, steps: int, answers: Mapping[str, dict]):
        self.game = game
        self.moves = {name: play(game, start, steps, **how) for name, how in answers.items()}
        self.figure, axes = _figure((6.2, 3.4), [["q", "path"], ["d", "path"]])
        above, below, right = axes["q"], axes["d"], axes["path"]
        densities(above, game.grid, game.p, game.p)
        detective(below, game.grid, 0 * game.grid)
        self.q, self.d = above.lines[0], below.lines[0]
        above.set(ylabel="density", ylim=(0, 0.9), xlim=(-4.5, 4.5), title=" ")
        below.set(ylabel="D(x)", xlabel="x, data units", xlim=(-4.5, 4.5))
        _divergence_map(right, game)
        self.path = right.plot([], [], "-", color=COLORS["model"], lw=1.2)[0]
        self.dot = right.plot([], [], "o", color=COLORS["model"])[0]
        right.plot(1, 1, "P", color=COLORS["good"], ms=8)
        right.set(xlabel="mean of the forger", ylabel="width of the forger", title=" ")
        self.axes = above, below, right
        _freeze(self.figure)

    def draw(self, step: int, answer: str) -> Figure:
        """The figure after a number of moves."""
        moves = self.moves[answer]
        path = np.stack([move.forger.theta for move in moves[: step + 1]])
        self.q.set_ydata(self.game.q(moves[step].forger))
        self.d.set_ydata(expit(moves[step].score))
        self.path.set_data(*path.T)
        self.dot.set_data(*path[-1:].T)
        self.axes[0].set_title(f"move {step}")
        self.axes[2].set_title(f"JSD {self.game.jsd(moves[step].forger):.4f} nats")
        return self.figure


def _divergence_map(ax: Axes, game: Game) -> None:
    means, widths = np.linspace(-2.4, 2.4, 41), np.linspace(0.1, 2.3, 36)
    apart = [[game.jsd(Forger(m, w)) for m in means] for w in widths]
    levels = [0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7]
    ax.contourf(means, widths, apart, levels=levels, cmap="Greys", alpha=0.6)


def _figure(size: tuple[float, float], mosaic: list, **options) -> tuple[Figure, dict]:
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplot_mosaic(mosaic, **options)


def _freeze(figure: Figure) -> None:
    """Lay out once; later only the contents change."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
