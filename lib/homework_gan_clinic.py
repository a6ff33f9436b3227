"""The visible tests of chapter 7's homework, task 9: a bug clinic for the steps of a GAN.

The steps are repeated with every mix of their mistakes, so that each answer is recognised.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from itertools import combinations

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import softplus

from lib.homework_asking import numbers, peer
from lib.homework_gan import ask
from lib.homework_gan_training import player

#: The mistakes of the clinic's script -> what to say to who keeps them.
SLIPS = {
    "standard": (
        "D is shown batches with their own mean and spread taken away: it cannot see where the "
        "samples lie, so G never learns it"
    ),
    "twice": "the sigmoid is taken twice: the loss `with_logits` wants scores",
    "labels": "in G's step the samples need the label 1: G wants D to take them for data",
    "attached": "D's loss reaches G, and its gradient stays there for G's step: detach the samples",
    "both": "G's optimiser holds D's weights as well: D is moved by G's loss",
}
#: Mistakes that a mended script may have besides -> what to say.
OTHERS = {
    "cleared": "",
    "saturating": "G minimises -log D; yours minimises log(1 - D)",
    "first": "D moves first in each round, G answers",
    "old": "G answers the new D; yours looks at the one before its step",
    "same": "G's step has its own noise, z[t, 1]; yours is made with z[t, 0]",
    "weak": "D's loss is the sum of two means; do not halve it",
}


class Patient:
    """The clinic's networks, in float64, and its data: numbers from N(2, 1)."""

    mean, spread = 2.0, 1.0

    def __init__(self, rng: np.random.Generator, d: int = 1, k: int = 1, hidden: tuple = ()):
        self.rng, self.d, self.k = rng, d, k
        g, critic = player(rng, (k, *hidden, d), 0.2), player(rng, (d, 16, 1), 0.2)
        self.players = g.double(), critic.double()

    def batches(self, rounds: int, n: int) -> tuple[Tensor, Tensor]:
        """Data (rounds, n, d) and noise (rounds, 2, n, k), for D's steps and for G's."""
        x = self.rng.normal(self.mean, self.spread, size=(rounds, n, self.d))
        return torch.tensor(x), torch.tensor(self.rng.normal(size=(rounds, 2, n, self.k)))

    @torch.no_grad()
    def look(self, n: int = 2000) -> tuple[float, float, float, float]:
        """Mean and spread of the samples; D's mean on data and on samples."""
        (x,), ((z, _),) = self.batches(1, n)
        g, d = self.players
        fake = g(z)
        found = fake.mean(), fake.std(), torch.sigmoid(d(x)).mean(), torch.sigmoid(d(fake)).mean()
        return tuple(value.item() for value in found)


@peer
def rounds_of(
    g: nn.Module, d: nn.Module, x: Tensor, z: Tensor, lr: float, *slips: str
) -> tuple[list[Tensor], list[Tensor]]:
    """Weights of G and of D after len(x) rounds of plain gradient steps, with any mix of slips.

    "cleared" empties all gradients before G's step as well.
    """
    weights = [{k: v.detach().clone() for k, v in m.named_parameters()} for m in (g, d)]

    def gradients(which: str, noise: Tensor, real: Tensor, old: dict) -> list[dict]:
        for part in weights:
            for v in part.values():
                v.requires_grad_(True)
        judge = old if "old" in slips and which == "g" else weights[1]
        fake = functional_call(g, weights[0], (noise,))
        if which == "d" and "attached" not in slips:
            fake = fake.detach()
        loss = _loss(which, lambda v: functional_call(d, judge, (v,)), real, fake, slips)
        flat = [*weights[0].values(), *weights[1].values()]
        found = iter(torch.autograd.grad(loss, flat, allow_unused=True))
        return [{k: next(found) for k in part} for part in weights]

    for real, (z_d, z_g) in zip(x, z, strict=True):
        z_g = z_d if "same" in slips else z_g
        old = {k: v.detach().clone() for k, v in weights[1].items()}
        if "first" in slips:
            weights[0] = _down(weights[0], [gradients("g", z_g, real, old)[0]], lr)
        of_d = gradients("d", z_d, real, old)
        weights[1] = _down(weights[1], [of_d[1]], lr)
        if "first" in slips:
            continue
        of_g = gradients("g", z_g, real, old)
        kept = [] if "cleared" in slips else [of_d]
        weights[0] = _down(weights[0], [part[0] for part in (of_g, *kept)], lr)
        if "both" in slips:
            weights[1] = _down(weights[1], [part[1] for part in (of_g, *kept)], lr)
    return tuple([v.detach() for v in part.values()] for part in weights)


def _loss(which: str, score: Callable, real: Tensor, fake: Tensor, slips: tuple) -> Tensor:
    def judged(v: Tensor) -> Tensor:
        v = (v - v.mean(dim=0)) / v.std(dim=0) if "standard" in slips else v
        return torch.sigmoid(score(v)) if "twice" in slips else score(v)

    if which == "d":
        loss = softplus(-judged(real)).mean() + softplus(judged(fake)).mean()
        return loss / 2 if "weak" in slips else loss
    if "saturating" in slips:
        return -softplus(judged(fake)).mean()
    return softplus(judged(fake) * (1 if "labels" in slips else -1)).mean()


def _down(weights: dict, gradients: list[dict], lr: float) -> dict:
    with torch.no_grad():
        return {
            k: v - lr * sum(g[k] for g in gradients if g[k] is not None) for k, v in weights.items()
        }


def check_rounds(
    mended_rounds: Callable,
    rng: np.random.Generator,
    rounds: int = 3,
    n: int = 6,
    d: int = 1,
    k: int = 1,
) -> None:
    """Compare all weights with those of every mix of the mistakes."""
    patient, lr = Patient(rng, d, k, (5,)), float(rng.uniform(0.1, 0.3))
    x, z = patient.batches(rounds, n)
    after = copy.deepcopy(patient.players)
    what = f"{rounds} rounds with batches of {n}"
    ask(mended_rounds, what, g=after[0], d=after[1], x=x, z=z, lr=lr)
    given = (*patient.players, x, z, lr)
    moved = [flat(m.parameters()) for m in after]
    if _alike(moved, rounds_of(*given)):
        return
    for slips in mixes():
        advice = "; ".join({**SLIPS, **OTHERS}[slip] for slip in slips if slip != "cleared")
        assert not _alike(moved, rounds_of(*given, *slips)), f"{what}: {advice}"
    for name, old, new in zip(("g", "d"), patient.players, moved, strict=True):
        still = np.array_equal(flat(old.parameters()), new)
        assert not still, f"{what}: `{name}` has not moved; train it in place"
    right = rounds_of(*given)
    gaps = [np.abs(a - flat(b)).max() for a, b in zip(moved, right, strict=True)]
    raise AssertionError(
        f"{what}: the weights are not those of plain gradient steps of size lr, D's first; off by "
        f"{gaps[0]:.3g} in g and by {gaps[1]:.3g} in d"
    )


def mixes() -> list[tuple[str, ...]]:
    """Every mix of the clinic's mistakes, and each other one alone."""
    found = [mix for count in range(1, len(SLIPS) + 1) for mix in combinations(SLIPS, count)]
    found += [(*mix, "cleared") for mix in found if "both" in mix]
    return found + [(slip,) for slip in OTHERS if slip != "cleared"]


def flat(weights: Iterable[Tensor]) -> np.ndarray:
    """All numbers of some tensors in one row."""
    return np.concatenate([numbers(v).ravel() for v in weights])


def _alike(moved: list[np.ndarray], right: tuple[list[Tensor], list[Tensor]]) -> bool:
    pairs = zip(moved, right, strict=True)
    return all(np.allclose(a, flat(b), rtol=1e-7, atol=1e-9) for a, b in pairs)
