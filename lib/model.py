"""The family interface: what every generative model of the book can be asked."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer


class Trainable(nn.Module):
    """What `lib.train.fit` asks of anything it trains. A subclass writes `loss`.

    A model of several players, such as a GAN, also writes `optimizers`.
    """

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Every term as a scalar; those named in `optimizers` are minimised."""
        raise NotImplementedError(f"{type(self).__name__} has no loss")

    def loss_for(
        self,
        name: str,
        x: Tensor,
        c: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """What the optimiser `name` steps on: `loss`, unless a model can leave out other terms."""
        return self.loss(x, c, generator=generator)

    def optimizers(self, lr: float) -> dict[str, Optimizer]:
        """For each term of `loss` that is minimised, the optimiser of the parameters it moves."""
        return {"loss": Adam(self.parameters(), lr=lr)}

    def due(self, name: str, step: int) -> bool:
        """Whether the optimiser `name` moves at step 0, 1, ...: all do, unless a model says no."""
        return True


class GenerativeModel(Trainable):
    """Base of all models. A subclass writes `loss` and either `sample` or `sample_steps`.

    A model whose density is exact also writes `log_prob`, one that has a bound writes `elbo`; a
    bound is never called `log_prob`. `x` has shape (n, ...), conditions `c` have shape (n, ...),
    densities are (n,) in nats. All randomness comes from `generator`.
    """

    def sample(
        self, n: int, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw `n` samples: the last of the steps, where sampling is a process."""
        x = None
        for x in self.sample_steps(n, c, generator=generator):  # noqa: B007
            pass
        if x is None:
            raise ValueError(f"{type(self).__name__}.sample_steps gave no step")
        return x

    def sample_steps(
        self, n: int, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Iterator[Tensor]:
        """The states of the sampling process, each of shape (n, ...), the sample last."""
        raise NotImplementedError(f"{type(self).__name__} does not sample in steps")

    def log_prob(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Exact log-density (n,) in nats."""
        raise NotImplementedError(f"{type(self).__name__} has no exact density; see elbo or sample")

    def elbo(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """A lower bound (n,) on the log-density, in nats."""
        raise NotImplementedError(f"{type(self).__name__} has no bound on its density")
