"""Drawings of the lesson on the way back: steps back, targets, scores, and chains of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from torch import Tensor

from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.loss_weights import noise_weights
from lib.mixture import GaussianMixture
from lib.noise_schedule import NoiseSchedule
from lib.plots import COLORS, INK
from lib.reverse_line import added_variance, nearest_gaussian, normal, posterior_on_grid, step_back

LOOKS = {
    "eps": ("noise ε (simple)", COLORS["model"], "-"),
    "x0": ("data x₀", COLORS["data"], "-"),
    "v": ("velocity v", COLORS["latent"], "-"),
    "previous": ("step before xₜ₋₁", COLORS["error"], "--"),
    "bound": ("bound", COLORS["good"], "--"),
}
LIMIT = 2.6  # of the plane, in data units


def steps_back(
    axes: Sequence[Axes], mixture: GaussianMixture, betas: Sequence[float], xt: float
) -> None:
    """One panel for each size of a step: q(x_{t-1} | x_t) and the Gaussian nearest to it."""
    grid = np.linspace(-3.5, 3.5, 1401)
    for ax, beta in zip(axes, betas, strict=True):
        density = step_back(mixture, beta, xt, grid)
        mean, variance, nats = nearest_gaussian(grid, density)
        ax.fill_between(grid, density, color=COLORS["good"], alpha=0.25, lw=0)
        ax.plot(grid, density, color=COLORS["good"], label="exact")
        ax.plot(grid, normal(grid, mean, variance), "--", color=COLORS["model"], label="Gaussian")
        wide = max(4.5 * variance**0.5, 0.2)
        ax.set(xlim=(mean - wide, mean + wide), ylim=(0, 1.4 * density.max()), yticks=[])
        ax.set(title=f"β = {beta:g}\n{nats:.4f} nats apart", xlabel="$x_{t-1}$, data units")
    axes[0].set_ylabel("density")
    axes[-1].legend(loc="upper center", handlelength=1.2, fontsize=8, ncols=1)


def posterior_curves(
    ax: Axes, schedule: NoiseSchedule, steps: Sequence[int], xt: float, x0: float
) -> None:
    """Bayes' rule on a grid as dots, the formula as lines, at several steps."""
    grid = np.linspace(-2.6, 3.4, 1201)
    colours = (COLORS["data"], COLORS["latent"], COLORS["model"])
    pair = torch.tensor([[x0]], dtype=torch.float64), torch.tensor([[xt]], dtype=torch.float64)
    for t, colour in zip(steps, colours, strict=False):
        mean, variance = (float(v) for v in schedule.posterior(*pair, t))
        ax.plot(grid, normal(grid, mean, variance), color=colour, label=f"t = {t}")
        dots = posterior_on_grid(schedule, t, xt, x0, grid)
        ax.plot(grid[::5], dots[::5], ".", color=INK, ms=3.5)
    ax.axvline(x0, color=COLORS["prior"], lw=1, ls=":")
    ax.axvline(xt, color=COLORS["prior"], lw=1, ls=":")
    top = ax.get_ylim()[1]
    for place, name in ((x0, " $x_0$"), (xt, " $x_t$")):
        ax.text(place, 0.97 * top, name, va="top", color=COLORS["prior"])
    ax.set(xlabel="$x_{t-1}$, data units", ylabel="density", ylim=(0, top), xlim=(-1, 1.8))
    ax.legend(loc="upper left", bbox_to_anchor=(0.75, 0.95))


def cloud(ax: Axes, points: Tensor, title: str, *, color: str = "model", size: float = 4) -> None:
    """Points of the plane, on axes that are the same for all clouds."""
    ax.scatter(*points.T, s=size, color=COLORS[color], alpha=0.35, lw=0)
    ax.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT), aspect="equal", title=title)
    ax.set(xticks=[-2, 0, 2], yticks=[-2, 0, 2], xlabel="first coordinate")


def weights(ax: Axes, schedule: NoiseSchedule, kinds: Sequence[str]) -> None:
    """The weight each kind of loss gives to the squared error of the noise, mean 1, by step."""
    for kind in kinds:
        name, colour, dash = LOOKS[kind]
        w = noise_weights(schedule, kind)[1:].numpy()
        ax.semilogy(np.arange(1, len(w) + 1), w / w.mean(), dash, color=colour, label=name)
    ax.set(xlabel="step t", ylabel="weight of the error in ε, mean 1")
    ax.legend(ncols=2, loc="lower center")


def errors_by_step(ax: Axes, steps: Sequence[int], errors: Mapping[str, Sequence[float]]) -> None:
    """Squared distance to the best guess of the noise against the step, a line a network."""
    colours = (COLORS["error"], COLORS["prior"], *(LOOKS[k][1] for k in ("eps", "x0", "v")))
    for (name, values), colour in zip(errors.items(), colours, strict=False):
        ax.loglog(steps, values, "o-", ms=4, color=colour, label=name)
    ax.set(xlabel="step t", ylabel="squared error of ε, two numbers")
    ax.legend()


def right_variances(ax: Axes, schedule: NoiseSchedule, spreads: Sequence[float]) -> None:
    """Variance of the true step back over beta_t, for Gaussian data of several variances."""
    t = np.arange(2, schedule.steps + 1)
    for spread, shade in zip(spreads, np.linspace(0.35, 1, len(spreads)), strict=True):
        share = (added_variance(schedule, "right", spread) / schedule.beta)[2:]
        ax.semilogx(t, share, color=COLORS["good"], alpha=shade, label=f"variance {spread:g}")
    low = (added_variance(schedule, "posterior") / schedule.beta)[2:]
    ax.semilogx(t, low, "--", color=COLORS["model"], label="posterior")
    ax.axhline(1, ls="--", color=COLORS["latent"], label=r"$\beta_t$")
    ax.set(xlabel="step t", ylabel=r"variance of the step back / $\beta_t$")
    ax.legend(ncols=2)


def score_field(ax: Axes, denoiser: ExactDenoiser, t: int) -> None:
    """The density of x_t in the plane as shades, and arrows along its score."""
    side = torch.linspace(-LIMIT, LIMIT, 81, dtype=torch.float64)
    mesh = torch.cartesian_prod(side, side)
    density = denoiser.log_prob(mesh, t).exp().reshape(81, 81).T
    ax.contourf(side, side, density, levels=8, cmap="Blues", alpha=0.8)
    some = torch.cartesian_prod(side[4::8], side[4::8])
    arrows = denoiser.score(some, t)
    arrows = arrows / (arrows.norm(dim=1, keepdim=True) + 1)  # long ones would cover the picture
    ax.quiver(*some.T, *arrows.T, color=COLORS["model"], width=0.006, scale=16)
    ax.set(aspect="equal", title=f"t = {t}", xticks=[-2, 0, 2], yticks=[-2, 0, 2])
    ax.set_xlabel("first coordinate")
    ax.grid(False)


class StepExplorer:
    """q(x_{t-1} | x_t) on a line for a size of the step and a place x_t, beside the prior curve."""

    def __init__(self, mixture: GaussianMixture):
        self.mixture, self.grid = mixture, np.linspace(-3, 3, 1201)
        self.figure, (self.ax,) = _figure((5.2, 2.4), 1)
        self.ax.set(xlabel="$x_{t-1}$, data units", ylabel="density, tallest = 1")
        before = np.exp(mixture.log_prob(self.grid[:, None]))
        style = {"color": COLORS["prior"], "label": "$q(x_{t-1})$"}
        self.ax.fill_between(self.grid, before / before.max(), alpha=0.25, lw=0, **style)
        self.lines = [
            self.ax.plot(self.grid, self.grid * 0, dash, color=COLORS[c], label=label)[0]
            for dash, c, label in (
                ("-", "good", "$q(x_{t-1} | x_t)$"),
                ("--", "model", "nearest Gaussian"),
            )
        ]
        self.mark = self.ax.axvline(0, color=INK, lw=1, ls=":", label="$x_t$")
        self.ax.set(ylim=(0, 1.2), xlim=(-3, 3), title=" ")
        self.ax.legend(loc="upper left", fontsize=8, handlelength=1.4)
        _freeze(self.figure)

    def apart(self, beta: float, xt: float) -> float:
        """KL in nats of the step back to the nearest Gaussian."""
        return nearest_gaussian(self.grid, step_back(self.mixture, beta, xt, self.grid))[2]

    def draw(self, beta: float, xt: float) -> Figure:
        """The figure at one setting."""
        density = step_back(self.mixture, beta, xt, self.grid)
        mean, variance, nats = nearest_gaussian(self.grid, density)
        near = normal(self.grid, mean, variance)
        for line, values in zip(self.lines, (density, near), strict=True):
            line.set_ydata(values / density.max())
        self.mark.set_xdata([xt, xt])
        middle = f"{round(mean, 2) + 0.0:.2f}".replace("-", "−")
        self.ax.set_title(f"mean {middle}, variance {variance:.3f}, {nats:.4f} nats from Gaussian")
        return self.figure


class ReturnExplorer:
    """Points on their way back through an exact denoiser, and its guess for each of them.

    `model` is a `Diffusion` in the plane whose network is an `ExactDenoiser`; circles two widths
    large mark its mixture. The points start at the same x_T with fresh noise of variance beta_t
    ("beta") and without ("none").
    """

    KINDS = "beta", "none"

    def __init__(self, model: Diffusion, n: int = 300, seed: int = 0):
        self.model, self.paths, network = model, {}, model.network
        for kind in self.KINDS:
            generator = torch.Generator().manual_seed(seed)
            self.paths[kind] = self._path(kind, n, generator)
        self.figure, self.axes = _figure((5.8, 3.1), 2)
        self.dots = []
        for ax, color, title in zip(
            self.axes, ("model", "latent"), ("points $x_t$", "guesses of $x_0$"), strict=True
        ):
            cloud(ax, torch.zeros(0, 2), title, color=color)
            for centre, spread in zip(network.means, network.variances, strict=True):
                radius = 2 * float(spread.mean()) ** 0.5
                ax.add_patch(Circle(centre.tolist(), radius, fill=False, ec=COLORS["data"]))
            (dots,) = ax.plot([], [], ".", ms=3, color=COLORS[color], alpha=0.5, mew=0)
            self.dots.append(dots)
        self.axes[0].set_ylabel("second coordinate")
        _freeze(self.figure)

    def _path(self, kind: str, n: int, generator: torch.Generator) -> list[Tensor]:
        """x_0, x_1, ..., x_T of every point, each (n, 2)."""
        if kind == "beta":
            return [*self.model.sample_steps(n, generator=generator, variance=kind)][::-1]
        path = [torch.randn(n, 2, generator=generator)]
        for t in range(self.model.schedule.steps, 0, -1):
            guess, _ = self.model.denoise(path[-1], t)
            path.append(self.model.schedule.posterior(guess, path[-1], t)[0])
        return path[::-1]

    def guesses(self, kind: str, t: int) -> Tensor:
        """E[x_0 | x_t] for every point (n, 2); at t = 0 the points themselves."""
        x = self.paths[kind][t]
        return self.model.denoise(x, t)[0] if t else x

    def ashore(self, kind: str, centres: Tensor, radius: float) -> float:
        """Share of the points x_0 that end within a radius of a centre."""
        away = torch.cdist(self.paths[kind][0].double(), centres).min(1).values
        return (away < radius).double().mean().item()

    def draw(self, t: int, kind: str) -> Figure:
        """The figure at one step and one kind of fresh noise."""
        for dots, points in zip(
            self.dots, (self.paths[kind][t], self.guesses(kind, t)), strict=True
        ):
            dots.set_data(*points.T.numpy())
        self.axes[0].set_title(f"points, t = {t}")
        return self.figure


def _figure(size: tuple[float, float], panels: int) -> tuple[Figure, np.ndarray]:
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, np.atleast_1d(figure.subplots(1, panels))


def _freeze(figure: Figure) -> None:
    """Lay out once; later only the contents change."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
