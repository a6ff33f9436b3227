"""What the two players of a GAN minimise, as functions of the discriminator's scores.

A score d(x) is a real number, before any sigmoid: D(x) = sigmoid(d(x)) is the probability that x
is real. Scores `real` of data and `fake` of samples may have any shape (a picture, or each of its
patches); every loss is a mean, in nats where it is a cross-entropy. Formulas with softplus are
exact for any score, where a logarithm of a rounded probability is -infinity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus


def cross_entropy(real: Tensor, fake: Tensor, smooth: float = 1.0) -> Tensor:
    """-E log D(x) - E log(1 - D(G(z))): the discriminator as a classifier (Goodfellow, 2014).

    `smooth` below 1 is the label of real data in one-sided smoothing (Salimans et al., 2016):
    real data then cost -smooth log D - (1 - smooth) log(1 - D), samples as before.
    """
    check_smooth(smooth)
    on_real = smooth * softplus(-real) + (1 - smooth) * softplus(real)
    return on_real.mean() + softplus(fake).mean()


def check_smooth(smooth: float) -> None:
    """Refuse a label of real data that would not call them real."""
    if not 0.5 < smooth <= 1:
        raise ValueError(f"the label of real data lies above 0.5 and up to 1, got {smooth}")


def saturating(fake: Tensor) -> Tensor:
    """E log(1 - D(G(z))): the generator's side of the min-max game."""
    return -softplus(fake).mean()


def non_saturating(fake: Tensor) -> Tensor:
    """-E log D(G(z)): same rest point, but a gradient where D is sure (Goodfellow, 2014)."""
    return softplus(-fake).mean()


def critic(real: Tensor, fake: Tensor) -> Tensor:
    """E d(G(z)) - E d(x): minus the Wasserstein distance, for the best 1-Lipschitz d (WGAN)."""
    return fake.mean() - real.mean()


def lift(fake: Tensor) -> Tensor:
    """-E d(G(z)): raise the score of the samples (WGAN, and the hinge loss)."""
    return -fake.mean()


def squares(real: Tensor, fake: Tensor) -> Tensor:
    """Half the squared errors of a score that should be 1 on data and 0 on samples (LSGAN)."""
    return 0.5 * ((real - 1).square().mean() + fake.square().mean())


def squares_lift(fake: Tensor) -> Tensor:
    """Half the squared error of samples whose score should be 1 (LSGAN)."""
    return 0.5 * (fake - 1).square().mean()


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """E max(0, 1 - d(x)) + E max(0, 1 + d(G(z))): only scores within the margin count."""
    return relu(1 - real).mean() + relu(1 + fake).mean()


@dataclass(frozen=True)
class Game:
    """A pair of losses: `discriminator(real, fake)` and `generator(fake)`."""

    discriminator: Callable[..., Tensor]
    generator: Callable[[Tensor], Tensor]


GAMES = {
    "saturating": Game(cross_entropy, saturating),
    "non-saturating": Game(cross_entropy, non_saturating),
    "least squares": Game(squares, squares_lift),
    "wasserstein": Game(critic, lift),
    "hinge": Game(hinge, lift),
}
