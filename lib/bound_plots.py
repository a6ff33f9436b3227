"""Drawings of the lesson that derives the VAE: bounds, gaps, and what training does to sigma."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.optimize import minimize
from torch import Tensor

from lib.light_toy import LightToy, log_normal
from lib.plots import COLORS

Way = Callable[[Tensor], Tensor]


class BoundExplorer:
    """One figure for every setting: log p(x; theta) of the toy, the bound of one q, and the gap.

    `x` is one picture (8,). Both curves run over the decoder's parameter theta while q stays.
    """

    def __init__(self, x: np.ndarray, thetas: np.ndarray | None = None):
        self.x = np.asarray(x)[None]
        self.thetas = np.linspace(0, 4.5, 91) if thetas is None else thetas
        self.z = LightToy(0.0).z
        self.log_lik = np.concatenate([LightToy(t).log_likelihood(self.x) for t in self.thetas])
        self.log_p = np.array([LightToy(t).log_prob(self.x)[0] for t in self.thetas])
        self.figure = Figure(figsize=(5.2, 2.5), layout="constrained")
        FigureCanvasAgg(self.figure)
        self.left, self.right = self.figure.subplots(1, 2, width_ratios=[1.15, 1])
        self._curves()
        self._densities()
        self.draw(1.0, 0.0, 1.0)
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")  # lay out once, then only change the contents

    def bound(self, mean: float, std: float) -> np.ndarray:
        """The bound of q = N(mean, std^2) at every theta, in nats."""
        toy = LightToy(0.0)
        q = toy.step * np.exp(log_normal(self.z, mean, std))
        return self.log_lik @ q - toy.rate(mean, std)

    def numbers(self, theta: float, mean: float, std: float) -> tuple[float, float, float]:
        """log p(x), the bound, and KL(q || p(z | x)) at one setting, in nats."""
        toy = LightToy(theta)
        terms = toy.log_prob(self.x), toy.elbo(self.x, mean, std), toy.gap(self.x, mean, std)
        return tuple(float(t[0]) for t in terms)

    def smallest_gap(self, theta: float) -> float:
        """KL(q || p(z | x)) of the best Gaussian q, in nats, by a search over its two numbers."""
        toy = LightToy(theta)
        start = toy.posterior(self.x)[0].argmax()
        found = minimize(
            lambda v: toy.gap(self.x, v[0], np.exp(v[1]))[0],
            [toy.z[start], -0.5],
            method="Nelder-Mead",
        )
        return found.fun

    def peak(self, mean: float, std: float) -> float:
        """The theta at which the bound of this q is highest."""
        return self.thetas[self.bound(mean, std).argmax()]

    def draw(self, theta: float, mean: float, std: float) -> Figure:
        """Left the two curves over theta, right q and the posterior over z."""
        log_p, bound, gap = self.numbers(theta, mean, std)
        self.bound_line.set_data(self.thetas, self.bound(mean, std))
        self.gap_line.set_data([theta, theta], [bound, log_p])
        self.title.set_text(f"{bound:.2f} + {gap:.2f} = {log_p:.2f}".replace("-", "−"))
        self.posterior_line.set_data(self.z, LightToy(theta).posterior(self.x)[0])
        self.q_line.set_data(self.z, np.exp(log_normal(self.z, mean, std)))
        return self.figure

    def _curves(self) -> None:
        ax, c = self.left, COLORS
        ax.plot(self.thetas, self.log_p, color=c["good"], label=r"$\log p(x)$")
        (self.bound_line,) = ax.plot([], [], color=c["model"], label="bound")
        (self.gap_line,) = ax.plot([], [], ".-", color=c["error"], lw=3, label="gap")
        ax.set(xlim=(0, 4), ylim=(-9.5, -3.7), xlabel=r"$\theta$", ylabel="nats")
        self.title = ax.set_title("−0.00 + 0.00 = −0.00")
        ax.legend(loc="lower left")

    def _densities(self) -> None:
        ax, c = self.right, COLORS
        prior = np.exp(log_normal(self.z, 0, 1))
        ax.plot(self.z, prior, color=c["prior"], label="$p(z)$")
        (self.posterior_line,) = ax.plot([], [], color=c["good"], label=r"$p(z \mid x)$")
        (self.q_line,) = ax.plot([], [], color=c["latent"], label="$q(z)$")
        ax.set(xlim=(-2.5, 3.5), ylim=(0, 1.7), xlabel="$z$", ylabel="density", yticks=[0, 0.5, 1])
        ax.legend(loc="upper left")


def toy_posteriors(axes: Sequence[Axes], toy: LightToy, x: np.ndarray) -> None:
    """Above each posterior of some pictures (n, 8) the picture; one column of axes (2, n) each."""
    for (top, bottom), picture, density in zip(axes.T, x, toy.posterior(x), strict=True):
        top.imshow(picture.reshape(2, 4), vmin=-0.15, vmax=1, extent=(0, 4, 0, 2))
        top.set(xticks=range(5), yticks=range(3))
        top.tick_params(length=0, labelbottom=False, labelleft=False)
        top.spines[:].set_visible(True)
        top.set_axisbelow(False)
        prior = np.exp(log_normal(toy.z, 0, 1))
        bottom.plot(toy.z, prior, color=COLORS["prior"], label="$p(z)$")
        bottom.plot(toy.z, density, color=COLORS["good"], label=r"$p(z \mid x)$")
        bottom.set(xlim=(-3, 3), ylim=(0, 1.4), xlabel="$z$", xticks=(-2, 0, 2), yticks=(0, 0.5, 1))
    axes[1, 0].set(ylabel="density")
    axes[1, 0].legend(loc="upper left")


def shortfalls(ax: Axes, ks: Sequence[int], lines: Mapping[str, Sequence[float]]) -> None:
    """How far estimates fall short, one line for every name, over the number of latents."""
    for (name, values), shade in zip(lines.items(), np.linspace(0.35, 1, len(lines)), strict=True):
        ax.plot(ks, values, "o-", color=COLORS["error"], alpha=shade, ms=4, label=name)
    ax.set_xscale("log", base=2)
    ax.set_xticks(ks, list(map(str, ks)))
    ax.set(xlabel="number of latents $K$", ylabel="nats too low")
    ax.legend()


def compare_variances(ax: Axes, ks: Sequence[int], lines: Mapping[str, Sequence[float]]) -> None:
    """Variance of estimators over the number of latents; the first is drawn in the good colour."""
    roles = ["good", "model", "error", "prior"]
    for (name, values), role in zip(lines.items(), roles, strict=False):
        ax.loglog(ks, values, "o-", color=COLORS[role], ms=4, label=name)
    ax.set_xscale("log", base=2)
    ax.set_xticks(ks, list(map(str, ks)))
    ax.set(xlabel="number of latents $K$", ylabel="variance of one draw")
    ax.legend()


def codes(ax: Axes, z: np.ndarray, title: str) -> None:
    """Codes (n, 2) over the circles that hold 50 % and 95 % of the prior."""
    angle = np.linspace(0, 2 * np.pi, 200)
    ax.plot(*z.T, ".", color=COLORS["latent"], ms=1.5, alpha=0.5)
    for share in (0.5, 0.95):
        radius = np.sqrt(-2 * np.log(1 - share))
        ax.plot(radius * np.cos(angle), radius * np.sin(angle), color=COLORS["prior"], lw=1.2)
    ax.set(aspect="equal", xlim=(-3.6, 3.6), ylim=(-3.6, 3.6), title=title)
    ax.set(xlabel="$z_1$", ylabel="$z_2$")


def positive_ways(axes: Sequence[Axes], a: Tensor, ways: Mapping[str, Way]) -> dict[str, Tensor]:
    """Left sigma over the output a, right the slope in a of -log p at an error of 1; the slopes."""
    slopes = {}
    for (name, way), style in zip(ways.items(), ("-", "--"), strict=False):
        at = a.detach().clone().requires_grad_()
        sigma = way(at)
        slopes[name] = torch.autograd.grad((0.5 / sigma**2 + torch.log(sigma)).sum(), at)[0]
        axes[0].plot(a, sigma.detach(), style, color=COLORS["model"], label=name)
        axes[1].plot(a, slopes[name], style, color=COLORS["model"])
    axes[0].set(xlabel="output $a$", ylabel=r"$\sigma$", ylim=(0, 8))
    axes[1].set(xlabel="output $a$", ylabel=r"slope of $-\log p$, nats")
    axes[1].set_yscale("symlog")
    axes[0].legend()
    return slopes


def climb(ax: Axes, losses: Sequence[float], ceiling: float) -> None:
    """The bound batch by batch, and the height that it cannot pass."""
    ax.plot(-np.asarray(losses), lw=0.7, color=COLORS["model"], label="bound, one batch")
    ax.axhline(ceiling, color=COLORS["good"], label="probabilistic PCA")
    ax.set(xlabel="optimisation step", ylabel="nats per picture", ylim=(ceiling - 25, ceiling + 10))
    ax.legend(loc="lower right")


def widths(ax: Axes, histories: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """Mean sigma of q over training, one curve for every history with a term `width`."""
    for (name, history), role in zip(histories.items(), ("model", "error", "prior"), strict=False):
        ax.semilogy(history["width"], color=COLORS[role], label=name)
    ax.set(xlabel="optimisation step", ylabel=r"mean $\sigma_\phi(x)$")
    ax.legend()
