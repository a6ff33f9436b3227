"""What a decoder's numbers mean: the density p(x | z) of a picture, given the network's output.

Every likelihood says how many `outputs` it needs for a pixel. Its methods take the decoder's
output (n, outputs, *shape): `log_prob` scores x (n, *shape) in nats per example, `mean` is
E[x | z], `sample` draws x.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.gaussian import gaussian_log_prob, reparameterise


class Likelihood(nn.Module):
    """Base: a family of densities of pixels that are independent once z is given."""

    outputs: int = 1

    def log_prob(self, x: Tensor, out: Tensor) -> Tensor:
        """log p(x | z), summed over the pixels: (n,) nats."""
        raise NotImplementedError

    def mean(self, out: Tensor) -> Tensor:
        """E[x | z], (n, *shape)."""
        raise NotImplementedError

    def sample(self, out: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """One x for each z, (n, *shape)."""
        raise NotImplementedError


class Bernoulli(Likelihood):
    """Every pixel is 1 with probability sigmoid(output), else 0.

    `log_prob` also takes grey values in [0, 1]. It is then the cross-entropy, which is no longer
    the logarithm of a normalised density: do not call it a likelihood of grey pictures.
    """

    def log_prob(self, x: Tensor, out: Tensor) -> Tensor:
        """Minus the cross-entropy, summed over the pixels: (n,) nats."""
        loss = F.binary_cross_entropy_with_logits(out[:, 0], x, reduction="none")
        return -loss.flatten(1).sum(1)

    def mean(self, out: Tensor) -> Tensor:
        """The probability of a 1, (n, *shape)."""
        return torch.sigmoid(out[:, 0])

    def sample(self, out: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Zeros and ones, (n, *shape)."""
        return torch.bernoulli(self.mean(out), generator=generator)


class FixedGaussian(Likelihood):
    """x = output + noise of one standard deviation `std` that you choose, the same everywhere.

    Minus `log_prob` is the squared error / (2 std^2) plus a constant.
    """

    def __init__(self, std: float):
        super().__init__()
        if not 0 < std < math.inf:
            raise ValueError(f"std must be positive, got {std}")
        self.register_buffer("log_var", torch.tensor(2 * math.log(std)), persistent=False)

    @property
    def std(self) -> float:
        """Standard deviation of the noise, in the units of x."""
        return math.exp(self.log_var.item() / 2)

    def log_prob(self, x: Tensor, out: Tensor) -> Tensor:
        """log N(x; output, std^2), summed over the pixels: (n,) nats."""
        return gaussian_log_prob(x, out[:, 0], self.log_var)

    def mean(self, out: Tensor) -> Tensor:
        """The output itself, (n, *shape)."""
        return out[:, 0]

    def sample(self, out: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """The output plus noise, (n, *shape)."""
        mean = self.mean(out)
        return reparameterise(mean, self.log_var.expand_as(mean), generator=generator)


class SharedGaussian(FixedGaussian):
    """The same with one standard deviation for all pixels that is learned with the network.

    The best one is the root mean square error of the reconstructions.
    Source: Rybkin, Daniilidis and Levine, 2021.
    """

    def __init__(self, start: float = 0.3):
        super().__init__(start)
        del self.log_var
        self.log_var = nn.Parameter(torch.tensor(2 * math.log(start)))


class PixelGaussian(Likelihood):
    """Every pixel has its own mean and its own standard deviation: two outputs.

    `positive` turns the second output into a standard deviation: "exp" takes it as a log-variance,
    "softplus" as log(1 + exp(output)). `smallest` is added so that no pixel becomes certain.
    """

    outputs = 2

    def __init__(self, *, positive: str = "exp", smallest: float = 1e-2):
        super().__init__()
        if positive not in ("exp", "softplus"):
            raise ValueError(f"positive must be 'exp' or 'softplus', got {positive!r}")
        if smallest < 0:
            raise ValueError(f"smallest must not be negative, got {smallest}")
        self.positive, self.smallest = positive, smallest

    def log_var(self, out: Tensor) -> Tensor:
        """Log-variance of every pixel, (n, *shape)."""
        raw = out[:, 1]
        std = torch.exp(raw / 2) if self.positive == "exp" else F.softplus(raw)
        return 2 * torch.log(std + self.smallest)

    def log_prob(self, x: Tensor, out: Tensor) -> Tensor:
        """log N(x; mean, exp(log_var)), summed over the pixels: (n,) nats."""
        return gaussian_log_prob(x, out[:, 0], self.log_var(out))

    def mean(self, out: Tensor) -> Tensor:
        """The first output, (n, *shape)."""
        return out[:, 0]

    def sample(self, out: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """The mean plus each pixel's own noise, (n, *shape)."""
        return reparameterise(self.mean(out), self.log_var(out), generator=generator)


class Categorical(Likelihood):
    """Every pixel is one of `levels` grey values in [0, 1], each with a probability of its own.

    The values are 0, 1 / (levels - 1), ..., 1. This is a probability of discrete pictures: nats
    divided by D log 2 are bits per dimension.
    """

    def __init__(self, levels: int):
        super().__init__()
        if levels < 2:
            raise ValueError(f"a pixel needs two levels or more, got {levels}")
        self.outputs = levels

    def log_prob(self, x: Tensor, out: Tensor) -> Tensor:
        """log of the probabilities of the levels of x, summed: (n,) nats."""
        index = torch.round(x * (self.outputs - 1)).long()
        return -F.cross_entropy(out, index, reduction="none").flatten(1).sum(1)

    def mean(self, out: Tensor) -> Tensor:
        """Average of the values, weighted by their probabilities, (n, *shape)."""
        values = torch.linspace(0, 1, self.outputs, dtype=out.dtype)
        return torch.einsum("nl...,l->n...", out.softmax(1), values)

    def sample(self, out: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """One of the values for each pixel, (n, *shape)."""
        p = out.movedim(1, -1).softmax(-1)  # (n, *shape, levels)
        index = torch.multinomial(p.reshape(-1, self.outputs), 1, generator=generator)
        return (index / (self.outputs - 1)).reshape(p.shape[:-1])


class BetaBinomial(Likelihood):
    """Every pixel counts how many of `trials` dots are ink; x holds count / trials.

    Dot by dot: after i dots of which j are ink, the next is ink with probability
    (share + j pull) / (1 + i pull). The first output is the logit of the expected share of ink,
    the second gives pull = softplus(output), how strongly dots agree. With pull = 0 they are
    independent (the binomial distribution), a large pull makes a pixel all ink or all paper. A
    probability of discrete pictures, as `Categorical`, with 2 numbers a pixel for any `trials`.
    Source: Eggenberger and Polya, 1923; Skellam, 1948.
    """

    outputs = 2

    def __init__(self, trials: int):
        super().__init__()
        if trials < 1:
            raise ValueError(f"a pixel needs one trial or more, got {trials}")
        self.trials = trials

    def log_prob(self, x: Tensor, out: Tensor) -> Tensor:
        """log of the probabilities of the counts, summed over the pixels: (n,) nats."""
        n, i = self.trials, torch.arange(self.trials, dtype=out.dtype)
        ink = torch.round(x * n)[..., None]  # (n, *shape, 1)
        pull = F.softplus(out[:, 1])[..., None]
        factors = torch.where(i < ink, self._share(out[:, 0])[..., None] + i * pull, 1.0)
        blank = torch.where(i < n - ink, self._share(-out[:, 0])[..., None] + i * pull, 1.0)
        orders = math.lgamma(n + 1) - torch.lgamma(ink + 1) - torch.lgamma(n - ink + 1)
        dots = torch.log(factors * blank / (1 + i * pull)).sum(-1)
        return (dots + orders[..., 0]).flatten(1).sum(1)

    def mean(self, out: Tensor) -> Tensor:
        """The expected share of ink, (n, *shape)."""
        return self._share(out[:, 0])

    def sample(self, out: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw dot after dot; counts over `trials`, (n, *shape)."""
        share, pull = self._share(out[:, 0]), F.softplus(out[:, 1])
        ink = torch.zeros_like(share)
        for i in range(self.trials):
            chance = (share + ink * pull) / (1 + i * pull)
            ink = ink + torch.bernoulli(chance.clamp(0, 1), generator=generator)
        return ink / self.trials

    @staticmethod
    def _share(logit: Tensor) -> Tensor:
        """sigmoid, kept 1e-6 away from 0 and 1: a count that occurs is never impossible."""
        return 1e-6 + (1 - 2e-6) * torch.sigmoid(logit)
