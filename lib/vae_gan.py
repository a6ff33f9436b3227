"""A GAN with an encoder: the VAE-GAN of Larsen et al. (2016), with errors measured in pixels."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from lib.gan import GAN
from lib.gaussian import kl_to_standard_normal, reparameterise


class VAEGAN(GAN):
    """Encoder, generator and discriminator, each with a loss of its own.

    The discriminator plays the game of `GAN`. The encoder is a VAE's: it minimises minus the bound
    for p(x | z) = N(G(z), noise^2 I), but for a constant. The generator misleads the discriminator
    by samples, and a little of the error of what it rebuilds is added to its loss.

    Parameters
    ----------
    encoder : module, x -> (n, 2 K)
        Mean and log-variance of q(z | x).
    g, d : module
    k : int
        Numbers K in z.
    pull : float
        Weight of the squared error, summed over pixels, in the generator's loss.
    noise : float
        Standard deviation of a pixel about G(z), as the encoder sees it.
    options
        As `GAN` takes them.
    """

    def __init__(
        self,
        encoder: nn.Module,
        g: nn.Module,
        d: nn.Module,
        k: int,
        *,
        pull: float = 0.02,
        noise: float = 0.5,
        **options,
    ):
        super().__init__(g, d, k, **options)
        if pull < 0 or not noise > 0:
            raise ValueError(f"need pull >= 0 and noise > 0, got {pull} and {noise}")
        self.encoder, self.pull, self.noise_std = encoder, pull, noise

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x), each (n, K)."""
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        return mean, log_var

    def reconstruct(self, x: Tensor) -> Tensor:
        """G of the mean of q(z | x), (n, *shape)."""
        return self.generate(self.encode(x)[0])

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """The three players' losses; squared error, and rate in nats, for the record."""
        game = super().loss(x, c, generator=generator)
        coding = self._coding(x, generator)
        return game | coding | {"g_loss": game["g_loss"] + self.pull * coding["error"]}

    def loss_for(
        self,
        name: str,
        x: Tensor,
        c: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """A step of D needs no encoder, a step of the encoder no D."""
        if name == "d_loss":
            return super().loss(x, c, generator=generator)
        if name == "e_loss":
            return self._coding(x, generator)
        fool = super().loss_for(name, x, c, generator=generator)["g_loss"]
        return {"g_loss": fool + self.pull * self._coding(x, generator)["error"]}

    def optimizers(self, lr: float) -> dict[str, Optimizer]:
        """Those of the game, and Adam with its usual momentum for the encoder."""
        return super().optimizers(lr) | {"e_loss": Adam(self.encoder.parameters(), lr=lr)}

    def _coding(self, x: Tensor, generator: torch.Generator | None) -> dict[str, Tensor]:
        mean, log_var = self.encode(x)
        z = reparameterise(mean, log_var, generator=generator)
        error = (self.g(z) - x).square().flatten(1).sum(1).mean()
        rate = kl_to_standard_normal(mean, log_var).mean()
        return {"e_loss": error / (2 * self.noise_std**2) + rate, "error": error, "rate": rate}
