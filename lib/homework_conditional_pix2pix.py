"""The visible tests of chapter 8's homework, task 6: the two losses of pix2pix.

Right answers come from PyTorch's cross-entropy of labelled scores and from its gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer, sealed
from lib.homework_conditional import ask
from lib.homework_vae import gradients, leaf

#: What goes wrong in the losses of pix2pix -> what to say.
SLIPS = {
    "exchanged": "the labels are exchanged: data are 1, samples are 0",
    "half": "the loss of D is the sum of two means; do not halve it",
    "added": "every patch is judged: average over the patches as well, do not sum them",
    "small": "L1 is a sum over the pixels and a mean over the pictures; yours is a mean over both",
    "sum": "L1 is a mean over the pictures, not a sum",
    "squares": "L1 takes absolute differences, not squares",
    "question": "L1 compares the answer with x, not with the question c",
    "other": "both terms of G's loss judge the same answer, made with z_g",
    "same": "G's step has its own noise, z_g; yours is made with z_d",
    "alone": "that is the game alone; lam times L1 is missing",
    "copy": "that is L1 alone; the game is missing",
    "weighed": "lam multiplies L1, not the game",
    "found out": "in G's loss the answers need the label 1: G wants D to take them for real",
    "saturating": "that is the saturating loss, log(1 - D); this G minimises -log D",
    "scores": "the score goes through the sigmoid once; yours goes twice",
}


@peer
def losses_of(
    g: Callable, d: Callable, given: dict[str, Any], *slips: str
) -> tuple[Tensor, Tensor]:
    """Losses of D and of G with any of SLIPS, by PyTorch's cross-entropy of labelled scores."""
    x, c, lam = given["x"], given["c"], given["lam"]
    on_first, on_second = g(given["z_d"], c), g(given["z_d" if "same" in slips else "z_g"], c)
    how = "sum" if "added" in slips else "mean"

    def judged(x: Tensor, label: float) -> Tensor:
        score = torch.sigmoid(d(x, c)) if "scores" in slips else d(x, c)
        wanted = torch.full_like(score, label)
        entropy = F.binary_cross_entropy_with_logits(score, wanted, reduction=how)
        return entropy / (len(x) if how == "sum" else 1)

    turn = "exchanged" in slips
    of_d = judged(x, float(not turn)) + judged(on_first.detach(), float(turn))
    of_d = of_d / 2 if "half" in slips else of_d
    game = judged(on_second, float("found out" not in slips))
    game = -judged(on_second, 0.0) if "saturating" in slips else game
    near = on_first if "other" in slips else on_second
    away = c[:, :1] - near if "question" in slips else x - near
    away = (away.square() if "squares" in slips else away.abs()).flatten(1)
    l1 = away.mean() if "small" in slips else away.sum() if "sum" in slips else away.sum(1).mean()
    weights = ("copy" not in slips), ("alone" not in slips)
    if "weighed" in slips:
        return of_d, lam * game + l1
    return of_d, weights[0] * game + weights[1] * lam * l1


class Painter:
    """A black box G(z, c) for students: every pixel from the question's pixel and the noise."""

    def __init__(self, rng: np.random.Generator, channels: int, k: int):
        self.channels, self.k = channels, k
        self.weight = leaf(rng.normal(0, 0.7, size=channels + k))

    def __call__(self, z: Tensor, c: Tensor) -> Tensor:
        """Answers (n, 1, h, w) of z (n, k) to questions c (n, channels, h, w)."""
        what = "what you give to `g`: g(z, c) with"
        assert isinstance(z, Tensor), f"{what} tensors"
        assert z.ndim == 2, f"{what} noise z of shape (N, {self.k}) first, not {tuple(z.shape)}"
        a, b = self.weight[: self.channels], self.weight[self.channels :]
        drawn = (c.double() * a[:, None, None]).sum(1) + (z.double() @ b)[:, None, None]
        return torch.tanh(drawn)[:, None]


class Judge:
    """A black box d(x, c) for students: one score for each patch of 2 x 2 pixels."""

    def __init__(self, rng: np.random.Generator, channels: int):
        self.weight = leaf(rng.normal(0, 0.7, size=(1, channels + 1, 2, 2)))

    def __call__(self, x: Tensor, c: Tensor) -> Tensor:
        """Scores (n, 1, h / 2, w / 2) of answers x (n, 1, h, w) to questions c."""
        what = "what you give to `d`: d(x, c) with"
        assert isinstance(x, Tensor), f"{what} tensors"
        assert x.ndim == 4, f"{what} pictures, not shape {tuple(x.shape)}"
        assert x.shape[1] == 1, f"{what} the answer x, of one channel, first"
        return F.conv2d(torch.cat([x.double(), c.double()], dim=1), self.weight, stride=2)


def check_pix2pix(
    translation_losses: Callable,
    rng: np.random.Generator,
    n: int = 3,
    size: int = 4,
    channels: int = 2,
    k: int = 2,
) -> None:
    """Compare both losses, and their gradients by both players' weights, with PyTorch's."""
    g, d = Painter(rng, channels, k), Judge(rng, channels)
    given: dict[str, Any] = {
        "x": torch.tensor(rng.normal(size=(n, 1, size, size))),
        "c": torch.tensor(rng.normal(size=(n, channels, size, size))),
        "z_d": torch.tensor(rng.normal(size=(n, k))),
        "z_g": torch.tensor(rng.normal(size=(n, k))),
        "lam": float(rng.uniform(0.2, 0.6)),
    }
    what = f"{n} pictures of {size} x {size} pixels, {channels} channels in the question"
    answer = ask(translation_losses, what, g=sealed(g), d=sealed(d), **given)
    found, right = as_parts(answer, what, "(d_loss, g_loss)"), losses_of(g, d, given)
    leaves = [g.weight, d.weight]
    for at, name in enumerate(("d_loss", "g_loss")):
        label = f"{name}: {what}"
        wrong = {a: losses_of(g, d, given, s)[at].detach() for s, a in SLIPS.items()}
        wrong = {a: v.item() for a, v in wrong.items() if not np.isclose(v, right[at].item())}
        wrong[f"that is {('g_loss', 'd_loss')[at]}; the pair is (d_loss, g_loss)"] = right[
            1 - at
        ].item()
        value = as_numbers(numbers(found[at]), (), label)
        compare(value, right[at].item(), label, hints=wrong, tol=FLOAT32)
        mine = gradients(found[at], leaves, label)
        theirs = gradients(right[at], leaves, label)
        assert at == 1 or not np.any(mine[0]), (
            f"{label}: a gradient reaches `g`: detach its answers, D's loss is not G's"
        )
        for whose, one, other in zip(("g", "d"), mine, theirs, strict=True):
            compare(one, other, f"the gradient of {name} by the weights of {whose}", tol=FLOAT32)
