"""Generative adversarial networks: a generator, and the discriminator that is its loss."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lib.gan_losses import GAMES, check_smooth
from lib.gan_penalties import PENALTIES
from lib.model import GenerativeModel


class GAN(GenerativeModel):
    """x = G(z) with z from N(0, I); D learns to tell x from data, G learns to mislead D.

    Parameters
    ----------
    g, d : module
        `g(z)` gives examples x, `d(x)` scores before the sigmoid; with conditions, `g(z, c)` and
        `d(x, c)`.
    k : int
        Numbers in z.
    game : {"non-saturating", "saturating", "least squares", "wasserstein", "hinge"}
        The two losses, see `lib.gan_losses`.
    smooth : float, optional
        Label of real data, one-sided smoothing; only where D is trained by cross-entropy.
    penalty, weight : {"r1", "gradient"}, float
        What is added to the discriminator's loss, and how much of it; see `lib.gan_penalties`.
    clip : float, optional
        After each of D's steps its weights are clipped to [-clip, clip] (WGAN's first remedy).
    d_steps : int
        Steps of D for each step of G.
    d_rate : float
        Learning rate of D, as a multiple of that of G.
    betas : (float, float)
        Adam's decay rates: little or no momentum, since the other player keeps moving the target.
    average : float, optional
        Decay of a running average of G's weights, used instead of them outside training.
    """

    def __init__(
        self,
        g: nn.Module,
        d: nn.Module,
        k: int,
        *,
        game: str = "non-saturating",
        smooth: float | None = None,
        penalty: str | None = None,
        weight: float = 1.0,
        clip: float | None = None,
        d_steps: int = 1,
        d_rate: float = 1.0,
        betas: tuple[float, float] = (0.0, 0.99),
        average: float | None = None,
    ):
        super().__init__()
        _check_game(game, smooth, penalty, weight)
        _check_training(k, clip, d_steps, d_rate, betas, average)
        self.g, self.d, self.k = g, d, k
        self.game, self.options = game, {} if smooth is None else {"smooth": smooth}
        self.penalty, self.weight, self.clip = penalty, weight, clip
        self.d_steps, self.d_rate, self.betas = d_steps, d_rate, betas
        self.averaged = None
        if average is not None:
            rule = get_ema_multi_avg_fn(average)
            self.averaged = AveragedModel(g, multi_avg_fn=rule).requires_grad_(False)

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Both players' losses on data x (n, *shape) and as many fresh samples; the penalty."""
        fake = self._forge(x, c, generator)
        game, scores = GAMES[self.game], _ask(self.d, fake, c)
        terms = {"g_loss": game.generator(scores)}
        terms["d_loss"] = game.discriminator(_ask(self.d, x, c), scores, **self.options)
        if self.penalty is not None:
            rough = PENALTIES[self.penalty](lambda v: _ask(self.d, v, c), x, fake, generator)
            terms["d_loss"] = terms["d_loss"] + self.weight * rough
            terms["penalty"] = rough.detach()
        return terms

    def loss_for(
        self,
        name: str,
        x: Tensor,
        c: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """A step of G asks D about samples only: no score of data, no penalty."""
        if name != "g_loss":
            return self.loss(x, c, generator=generator)
        scores = _ask(self.d, self._forge(x, c, generator), c)
        return {"g_loss": GAMES[self.game].generator(scores)}

    @torch.no_grad()
    def sample(
        self, n: int, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """G(z) for n fresh z."""
        return self.generate(self.noise(n, generator), c)

    def generate(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """G(z), (n, *shape); of the averaged weights outside training, where there are some."""
        averaged = self.averaged is not None and not self.training
        return _ask(self.averaged.module if averaged else self.g, z, c)

    def noise(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Latents z (n, k) from N(0, I)."""
        kind = next(self.g.parameters()).dtype
        return torch.randn(n, self.k, generator=generator, dtype=kind)

    def due(self, name: str, step: int) -> bool:
        """D moves at every step, G at every `d_steps`-th."""
        return name == "d_loss" or (step + 1) % self.d_steps == 0

    def optimizers(self, lr: float) -> dict[str, Optimizer]:
        """Adam for D, then for G; clipping and averaging follow their steps."""
        d = Adam(self.d.parameters(), lr=self.d_rate * lr, betas=self.betas)
        if self.clip is not None:
            d.register_step_post_hook(lambda *_: self._clip_weights())
        return {"d_loss": d, "g_loss": self._g_optimizer(lr)}

    def _g_optimizer(self, lr: float) -> Optimizer:
        g = Adam(self.g.parameters(), lr=lr, betas=self.betas)
        if self.averaged is not None:
            g.register_step_post_hook(lambda *_: self.averaged.update_parameters(self.g))
        return g

    def _forge(self, x: Tensor, c: Tensor | None, generator: torch.Generator | None) -> Tensor:
        """As many samples as there are examples x, which must look alike."""
        fake = _ask(self.g, self.noise(len(x), generator), c)
        if (x.shape, x.dtype) != (fake.shape, fake.dtype):
            raise ValueError(
                f"data are {x.dtype} {tuple(x.shape)}, but G makes {fake.dtype} "
                f"{tuple(fake.shape)}: D could tell them apart by that alone"
            )
        return fake

    @torch.no_grad()
    def _clip_weights(self) -> None:
        for p in self.d.parameters():
            p.clamp_(-self.clip, self.clip)


def _ask(network: nn.Module, x: Tensor, c: Tensor | None) -> Tensor:
    return network(x) if c is None else network(x, c)


def _check_game(game: str, smooth: float | None, penalty: str | None, weight: float) -> None:
    if game not in GAMES:
        raise ValueError(f"game is one of {list(GAMES)}, got {game!r}")
    if smooth is not None:
        if "saturating" not in game:
            raise ValueError(f"labels are smoothed for cross-entropy only, not for {game!r}")
        check_smooth(smooth)
    if penalty not in (None, *PENALTIES):
        raise ValueError(f"penalty is None or one of {list(PENALTIES)}, got {penalty!r}")
    if not 0 <= weight < math.inf:
        raise ValueError(f"a negative weight would reward a steep D: give 0 or more, got {weight}")


def _check_training(
    k: int,
    clip: float | None,
    d_steps: int,
    d_rate: float,
    betas: tuple[float, float],
    average: float | None,
) -> None:
    for name, value in (("k", k), ("d_steps", d_steps)):
        if value < 1 or value != int(value):
            raise ValueError(f"{name} is a whole number, 1 or more, got {value}")
    for name, value in (("clip", clip), ("d_rate", d_rate)):
        if value is not None and not value > 0:
            raise ValueError(f"{name} must be positive, got {value}")
    if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
        raise ValueError(f"betas are two decay rates in 0..1, 1 left out, got {betas}")
    if average is not None and not 0 <= average < 1:
        raise ValueError(f"average is a decay rate in 0..1, 1 left out, got {average}")
