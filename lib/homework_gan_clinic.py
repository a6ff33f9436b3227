"""The visible tests of chapter 7's homework, task 9: a bug clinic for the steps of a GAN.

The steps are repeated with every mix of their mistakes, so that each answer is recognised.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import softplus

from lib.homework_asking import numbers, peer
from lib.homework_gan import AGAIN, ask
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
    "frozen": "G's loss does not reach G: in G's step the samples must not be detached",
    "exchanged": "D's labels are exchanged: data are 1, samples are 0",
    "decay": "G's optimiser pulls its weights to 0: no weight_decay in plain gradient steps",
    "leftover": "the gradient of G's loss stays in D for D's step: empty it before",
}
#: The weight decay of the mistake of this name.
DECAY = 0.2
#: Mistakes of the script, five of these if the rounds have rules of their own.
FIVE = "standard", "twice", "labels", "attached", "both"
MORE = "decay", "frozen", "exchanged"
#: Mistakes that a mended script may have besides -> what to say.
OTHERS = {
    "cleared": "",
    "saturating": "G minimises -log D; yours minimises log(1 - D)",
    "turned": "D moves first in each round, G answers",
    "old": "G answers the new D; yours looks at the one before its step",
    "same": "G's step has its own noise, z[t, 1]; yours is made with z[t, 0]",
    "weak": "D's loss is the sum of two means; do not halve it",
}
#: What sounds otherwise when G moves first, and in a game of squares.
G_FIRST = {
    "turned": "G moves first in each round, D answers",
    "old": "D is shown samples of the new G; yours are still those of the old one",
    "same": "D's step has its own noise, z[t, 1]; yours is made with z[t, 0]",
    "crossed": "z[t, 0] is the noise of the step that comes first, that of G",
}
SQUARES = {
    "twice": "these losses want scores as they are, any real number: take no sigmoid",
    "exchanged": "D's goals are exchanged: data want the score 1, samples 0",
    "labels": "in G's step the samples want the score 1: G wants D to take them for data",
    "weak": "D's loss is the sum of two means of half a square; do not halve it again",
    "double": "half a square: the 2 of its slope is gone; your steps are twice too long",
    "once": "D makes two steps in each round, on the same batch; yours makes one",
}


@dataclass(frozen=True)
class Rounds:
    """How a round goes: does G move first, D's number of steps, squares or cross-entropy."""

    g_first: bool = False
    d_steps: int = 1
    squares: bool = False

    def says(self, slips: Iterable[str]) -> str:
        """The advice for some slips."""
        text = SLIPS | OTHERS | (G_FIRST if self.g_first else {})
        text |= SQUARES if self.squares else {}
        return "; ".join(text[slip] for slip in slips if slip != "cleared")

    @property
    def others(self) -> list[str]:
        """The slips besides the clinic's own that these rounds allow."""
        found = [slip for slip in OTHERS if slip not in ("cleared", "saturating")]
        found += ["double"] if self.squares else ["saturating"]
        return found + ["once"] * (self.d_steps > 1) + ["crossed"] * self.g_first


class Patient:
    """The clinic's networks, in float64, and its data: numbers from N(2, 1).

    With `scores`, `look` gives scores, and no probabilities.
    """

    mean, spread = 2.0, 1.0

    def __init__(
        self,
        rng: np.random.Generator,
        d: int = 1,
        k: int = 1,
        hidden: tuple = (),
        scores: bool = False,
    ):
        self.rng, self.d, self.k = rng, d, k
        self.judgement = (lambda score: score) if scores else torch.sigmoid
        g, critic = player(rng, (k, *hidden, d), 0.2), player(rng, (d, 16, 1), 0.2)
        self.players = g.double(), critic.double()

    def batches(self, rounds: int, n: int) -> tuple[Tensor, Tensor]:
        """Data (rounds, n, d) and noise (rounds, 2, n, k), for D's steps and for G's."""
        x = self.rng.normal(self.mean, self.spread, size=(rounds, n, self.d))
        return torch.tensor(x), torch.tensor(self.rng.normal(size=(rounds, 2, n, self.k)))

    @torch.no_grad()
    def look(self, n: int = 2000) -> tuple[float, float, float, float]:
        """Mean and spread of the samples; D's mean, or the score's, on data and on samples."""
        (x,), ((z, _),) = self.batches(1, n)
        g, d = self.players
        fake = g(z)
        judged = (self.judgement(d(v)).mean() for v in (x, fake))
        found = fake.mean(), fake.std(), *judged
        return tuple(value.item() for value in found)


@peer
def rounds_of(
    g: nn.Module,
    d: nn.Module,
    x: Tensor,
    z: Tensor,
    lr: float,
    *slips: str,
    rules: Rounds = Rounds(),
) -> tuple[list[Tensor], list[Tensor]]:
    """Weights of G and of D after len(x) rounds of plain gradient steps, with any mix of slips.

    "cleared" empties all gradients before G's step as well.
    """
    return _Script(g, d, lr, slips, rules).run(x, z)


@peer
class _Script:
    """Two players as dictionaries of weights, and the gradients that lie in them."""

    def __init__(
        self, g: nn.Module, d: nn.Module, lr: float, slips: tuple[str, ...], rules: Rounds
    ):
        self.modules, self.lr, self.slips, self.rules = (g, d), lr, slips, rules
        self.weights = [{k: v.detach().clone() for k, v in m.named_parameters()} for m in (g, d)]
        self.lying: list[dict[str, Tensor]] = [{}, {}]

    def run(self, x: Tensor, z: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """All rounds; returns the weights of both."""
        for real, noise in zip(x, z, strict=True):
            first, second = noise.flip(0) if "crossed" in self.slips else noise
            second = first if "same" in self.slips else second
            self.old = [dict(part) for part in self.weights]
            self.lying = [{}, {}]
            if self.rules.g_first != ("turned" in self.slips):
                noise_g, noise_d = (first, second) if self.rules.g_first else (second, first)
                self.step_of_g(noise_g)
                if "leftover" not in self.slips:
                    self.lying[1] = {}
                self.steps_of_d(real, noise_d)
            else:
                noise_d, noise_g = (second, first) if self.rules.g_first else (first, second)
                self.steps_of_d(real, noise_d)
                if "cleared" in self.slips:
                    self.lying = [{}, {}]
                self.step_of_g(noise_g)
        return tuple([v.detach() for v in part.values()] for part in self.weights)

    def step_of_g(self, z: Tensor) -> None:
        """One step of G, and of what else its optimiser holds."""
        old = "old" in self.slips and not self.rules.g_first
        score = self.score((self.old if old else self.weights)[1])
        fake = self.sample(self.weights[0], z)
        self.backward(self.loss_of_g(score(fake.detach() if "frozen" in self.slips else fake)))
        pull = DECAY if "decay" in self.slips else 0.0
        self.down(0, pull)
        if "both" in self.slips:
            self.down(1, pull)

    def steps_of_d(self, real: Tensor, z: Tensor) -> None:
        """The steps of D, on one batch."""
        for step in range(1 if "once" in self.slips else self.rules.d_steps):
            if step:
                self.lying[1] = {}
            old = "old" in self.slips and self.rules.g_first
            fake = self.sample((self.old if old else self.weights)[0], z)
            score = self.score(self.weights[1])
            fake = fake if "attached" in self.slips else fake.detach()
            self.backward(self.loss_of_d(score(real), score(fake)))
            self.down(1)

    def sample(self, weights: dict[str, Tensor], z: Tensor) -> Tensor:
        """G(z) for these weights."""
        return functional_call(self.modules[0], self.ready(weights), (z,))

    def score(self, weights: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
        """D's score, as the script forms it, for these weights."""
        ready = self.ready(weights)

        def judged(v: Tensor) -> Tensor:
            v = (v - v.mean(dim=0)) / v.std(dim=0) if "standard" in self.slips else v
            score = functional_call(self.modules[1], ready, (v,))
            return torch.sigmoid(score) if "twice" in self.slips else score

        return judged

    @staticmethod
    def ready(weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """The same weights, ready for gradients."""
        for v in weights.values():
            v.requires_grad_(True)
        return weights

    def loss_of_d(self, on_real: Tensor, on_fake: Tensor) -> Tensor:
        """D's loss for its scores."""
        if "exchanged" in self.slips:
            on_real, on_fake = on_fake, on_real
        if self.rules.squares:
            loss = ((on_real - 1) ** 2).mean() / 2 + (on_fake**2).mean() / 2
        else:
            loss = softplus(-on_real).mean() + softplus(on_fake).mean()
        return loss * (0.5 if "weak" in self.slips else 2 if "double" in self.slips else 1)

    def loss_of_g(self, on_fake: Tensor) -> Tensor:
        """G's loss for the scores of its samples."""
        if self.rules.squares:
            half = 1 if "double" in self.slips else 2
            goal = 0.0 if "labels" in self.slips else 1.0
            return ((on_fake - goal) ** 2).mean() / half
        if "saturating" in self.slips:
            return -softplus(on_fake).mean()
        return softplus(on_fake * (1 if "labels" in self.slips else -1)).mean()

    def backward(self, loss: Tensor) -> None:
        """Add the loss's gradients to those that lie in the players."""
        for part, lying in zip(self.weights, self.lying, strict=True):
            weights = [*self.ready(part).values()]
            found = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
            for name, gradient in zip(part, found, strict=True):
                if gradient is not None:
                    lying[name] = lying.get(name, 0) + gradient

    def down(self, which: int, pull: float = 0.0) -> None:
        """A step against what lies in one player, and against `pull` times its weights."""
        lying = self.lying[which]
        with torch.no_grad():
            for k, v in self.weights[which].items():
                if k in lying:
                    self.weights[which][k] = v - self.lr * (lying[k] + pull * v)


def check_rounds(
    mended_rounds: Callable,
    rng: np.random.Generator,
    rounds: int = 3,
    n: int = 6,
    d: int = 1,
    k: int = 1,
    **rules: Any,
) -> None:
    """Compare all weights with those of every mix of mistakes; `rules` are fields of `Rounds`."""
    patient, ours = Patient(rng, d, k, (5,)), Rounds(**rules)
    lr = float(rng.uniform(0.02, 0.06) if ours.squares else rng.uniform(0.1, 0.3))
    x, z = patient.batches(rounds, n)
    after = copy.deepcopy(patient.players)
    what = f"{rounds} rounds with batches of {n}"
    ask(mended_rounds, what, g=after[0], d=after[1], x=x, z=z, lr=lr)
    given = (*patient.players, x, z, lr)
    moved, right = [flat(m.parameters()) for m in after], rounds_of(*given, rules=ours)
    if _alike(moved, right):
        return
    again = f"{what}: {AGAIN} who moves first, how often, and which losses are played"
    assert ours == Rounds() or not _alike(moved, rounds_of(*given)), again
    for mix in mixes(ours):
        advice = ours.says(mix)
        assert not _alike(moved, rounds_of(*given, *mix, rules=ours)), f"{what}: {advice}"
    for name, old, new in zip(("g", "d"), patient.players, moved, strict=True):
        still = np.array_equal(flat(old.parameters()), new)
        assert not still, f"{what}: `{name}` has not moved; train it in place"
    gaps = [np.abs(a - flat(b)).max() for a, b in zip(moved, right, strict=True)]
    turn = "G's" if ours.g_first else "D's"
    raise AssertionError(
        f"{what}: the weights are not those of plain gradient steps of size lr, {turn} first; off "
        f"by {gaps[0]:.3g} in g and by {gaps[1]:.3g} in d"
    )


def mixes(rules: Rounds = Rounds()) -> list[tuple[str, ...]]:
    """Every mix of up to five of the clinic's mistakes, and each other one alone."""
    pool = FIVE if rules == Rounds() else FIVE + MORE
    if rules.g_first:
        pool = tuple("leftover" if slip == "attached" else slip for slip in pool)
    found = [mix for count in range(1, 6) for mix in combinations(pool, count)]
    if not rules.g_first:
        found += [(*mix, "cleared") for mix in found if "both" in mix]
    return found + [(slip,) for slip in rules.others]


def flat(weights: Iterable[Tensor]) -> np.ndarray:
    """All numbers of some tensors in one row."""
    return np.concatenate([numbers(v).ravel() for v in weights])


def _alike(moved: list[np.ndarray], right: tuple[list[Tensor], list[Tensor]]) -> bool:
    pairs = zip(moved, right, strict=True)
    return all(np.allclose(a, flat(b), rtol=1e-7, atol=1e-9) for a, b in pairs)
