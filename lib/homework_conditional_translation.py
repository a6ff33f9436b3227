"""Checks of chapter 8's homework, task 6, for other games and other ways to compare pictures.

Right answers come from PyTorch's own losses and from its gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer, sealed
from lib.homework_conditional import ask
from lib.homework_conditional_pix2pix import Judge, Painter
from lib.homework_vae import gradients

#: What goes wrong in the two losses, whatever the game -> what to say.
SLIPS = {
    "exchanged": "data and samples are exchanged in D's loss",
    "half": "the loss of D is the sum of two means; do not halve it",
    "added": "every patch is judged: average over the patches as well, do not sum them",
    "small": "the second term is a sum over the pixels and a mean over the pictures; yours is a "
    "mean over both",
    "sum": "the second term is a mean over the pictures, not a sum",
    "question": "the second term compares the answer with x, not with the question c",
    "other": "both terms of G's loss judge the same answer, made with z_g",
    "same": "G's step has its own noise, z_g; yours is made with z_d",
    "alone": "that is the game alone; lam times the second term is missing",
    "copy": "that is the second term alone; the game is missing",
    "weighed": "lam multiplies the second term, not the game",
    "entropy": "this game has no logarithms: read the formulas again",
    "plain": "the second term is not the plain L1: read its formula again",
    "public": "the game and the second term are others here: read both formulas again",
    "squares": "the second term has no plain squares",
}
#: The same for one game alone.
GAMES = {
    "squares": {
        "found out": "in G's loss the answers need the label of data: G wants D to take them "
        "for real",
        "ones": "data and samples have other labels than 1 and 0",
    },
    "hinge": {
        "linear": "no score is pushed further than its margin: max(0, ...) in D's loss",
        "hinged": "G's loss has no margin: minus the mean score",
        "climbs": "G wants high scores, so its loss is minus their mean",
    },
}


@dataclass(frozen=True)
class Game:
    """The game and the second term of G's loss.

    `labels`: of data and samples in the game of least squares; without, the game has hinges.
    `soft`: the width of sqrt(d^2 + soft^2), which takes the place of |d|; without, the
    differences of neighbours are compared, `along` axis 2 (rows) or 3 (columns).
    """

    labels: tuple[float, float] = ()
    soft: float = 0.0
    along: int = 3

    @property
    def slips(self) -> dict[str, str]:
        """What goes wrong -> what to say."""
        return SLIPS | GAMES["squares" if self.labels else "hinge"]

    @peer
    def judged(self, score: Tensor, real: bool, of_g: bool, slips: tuple[str, ...]) -> Tensor:
        """The price of scores, (n, 1, h, w) or a scalar, in the loss of D or of G."""
        if {"entropy", "public"} & set(slips):
            wanted = torch.full_like(score, float(real))
            return F.binary_cross_entropy_with_logits(score, wanted, reduction="none")
        if self.labels:
            labels = (1.0, 0.0) if "ones" in slips else self.labels
            wanted = torch.full_like(score, labels[0 if real else 1])
            return F.mse_loss(score, wanted, reduction="none")
        sign = 1.0 if real else -1.0
        if of_g and "hinged" not in slips:
            return sign * score if "climbs" in slips else -sign * score
        margin = 1 - sign * score
        return margin if "linear" in slips else margin.clamp(min=0)

    @peer
    def apart(self, x: Tensor, answer: Tensor, slips: tuple[str, ...]) -> Tensor:
        """The prices of the differences of answers and pictures, (n, pixels)."""
        if {"plain", "public"} & set(slips):
            return (x - answer).abs().flatten(1)
        if "squares" in slips:
            return (x - answer).square().flatten(1)
        if self.soft:
            width = torch.full_like(x, self.soft)
            return torch.hypot(x - answer, width).flatten(1)
        return torch.diff(x - answer, dim=self.along).abs().flatten(1)


@peer
def losses_of(
    g: Callable, d: Callable, given: dict[str, Any], game: Game, *slips: str
) -> tuple[Tensor, Tensor]:
    """Losses of D and of G with any of the slips."""
    x, c, lam = given["x"], given["c"], given["lam"]
    on_first, on_second = g(given["z_d"], c), g(given["z_d" if "same" in slips else "z_g"], c)

    def total(price: Tensor) -> Tensor:
        return price.sum() / len(x) if "added" in slips else price.mean()

    turn = "exchanged" in slips
    of_d = total(game.judged(d(x, c), not turn, False, slips))
    of_d = of_d + total(game.judged(d(on_first.detach(), c), turn, False, slips))
    of_d = of_d / 2 if "half" in slips else of_d
    won = total(game.judged(d(on_second, c), "found out" not in slips, True, slips))
    near = on_first if "other" in slips else on_second
    away = game.apart(c[:, :1] if "question" in slips else x, near, slips)
    away = away.mean() if "small" in slips else away.sum() if "sum" in slips else away.sum(1).mean()
    if "weighed" in slips:
        return of_d, lam * won + away
    return of_d, ("copy" not in slips) * won + ("alone" not in slips) * lam * away


def check_pix2pix(
    translation_losses: Callable,
    rng: np.random.Generator,
    n: int = 3,
    size: int = 4,
    channels: int = 2,
    k: int = 2,
    **rules: Any,
) -> None:
    """Compare both losses, and their gradients by both players' weights, with PyTorch's.

    `rules` are those of a `Game`.
    """
    g, d, game = Painter(rng, channels, k), Judge(rng, channels), Game(**rules)
    given: dict[str, Any] = {
        "x": torch.tensor(rng.normal(size=(n, 1, size, size))),
        "c": torch.tensor(rng.normal(size=(n, channels, size, size))),
        "z_d": torch.tensor(rng.normal(size=(n, k))),
        "z_g": torch.tensor(rng.normal(size=(n, k))),
        "lam": float(rng.uniform(0.2, 0.6)),
    }
    what = f"{n} pictures of {size} x {size} pixels, {channels} channels in the question"
    answer = ask(translation_losses, what, g=sealed(g), d=sealed(d), **given)
    found, right = as_parts(answer, what, "(d_loss, g_loss)"), losses_of(g, d, given, game)
    wrong = {said: losses_of(g, d, given, game, slip) for slip, said in game.slips.items()}
    leaves = [g.weight, d.weight]
    for at, name in enumerate(("d_loss", "g_loss")):
        label, wanted = f"{name}: {what}", right[at].item()
        hints = {said: v[at].item() for said, v in wrong.items()}
        hints[f"that is {('g_loss', 'd_loss')[at]}; the pair is (d_loss, g_loss)"] = right[
            1 - at
        ].item()
        hints = {said: v for said, v in hints.items() if not np.isclose(v, wanted)}
        value = as_numbers(numbers(found[at]), (), label)
        compare(value, wanted, label, hints=hints, tol=FLOAT32)
        mine, theirs = (gradients(pair[at], leaves, label) for pair in (found, right))
        assert at == 1 or not np.any(mine[0]), (
            f"{label}: a gradient reaches `g`: detach its answers, D's loss is not G's"
        )
        for whose, one, other in zip(("g", "d"), mine, theirs, strict=True):
            compare(one, other, f"the gradient of {name} by the weights of {whose}", tol=FLOAT32)
