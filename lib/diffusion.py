"""Denoising diffusion: train a network to remove noise, then remove it from pure noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lib.diffusion_bound import bound_terms
from lib.model import GenerativeModel
from lib.noise_schedule import NoiseSchedule

TARGETS = "eps", "x0", "v"
VARIANCES = "beta", "posterior"


class Diffusion(GenerativeModel):
    """p(x_0) as the end of a chain of denoising steps that starts from N(0, I).

    Parameters
    ----------
    network : module
        `network(x_t, t)` or `network(x_t, t, c)` gives numbers shaped as x_t; steps t (n,), dtype
        long. An exact denoiser, which has nothing to learn, is a module without parameters.
    shape : sequence of int
        Shape of one example. Data should have about unit scale, as pictures in [-1, 1] have.
    schedule : NoiseSchedule
    target : {"eps", "x0", "v"}
        What the network's output means: the noise, the clean data, or the velocity.
    average : float, optional
        Decay of a running average of the weights, which is used instead of them outside training.
    clip : float, optional
        Estimates of x_0 are clipped to [-clip, clip] in every sampler.
    """

    def __init__(
        self,
        network: nn.Module,
        shape: Sequence[int],
        schedule: NoiseSchedule,
        *,
        target: str = "eps",
        average: float | None = None,
        clip: float | None = None,
    ):
        super().__init__()
        if target not in TARGETS:
            raise ValueError(f"target is one of {TARGETS}, got {target!r}")
        self.network, self.shape, self.schedule = network, tuple(shape), schedule
        self.target, self.clip = target, clip
        self.averaged = None
        if average is not None:
            rule = get_ema_multi_avg_fn(average)
            self.averaged = AveragedModel(network, multi_avg_fn=rule).requires_grad_(False)

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Squared error of the target at a random step (DDPM, algorithm 1), summed over pixels.

        It is that of the weights in training, never of their average.
        """
        self._check(x)
        t = torch.randint(1, self.schedule.steps + 1, (len(x),), generator=generator)
        eps = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        output = _ask(self.network, self.schedule.diffuse(x, t, eps), t, c)
        return {"loss": (output - self.goal(x, t, eps)).square().flatten(1).sum(1).mean()}

    def goal(self, x0: Tensor, t: int | Tensor, eps: Tensor) -> Tensor:
        """What the network should answer: eps, x_0 or v, shape (n, *shape)."""
        if self.target == "v":
            return self.schedule.velocity(x0, t, eps)
        return eps if self.target == "eps" else x0

    def denoise(
        self, xt: Tensor, t: int | Tensor, c: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Estimates of x_0 and of eps, (n, *shape) each, that agree with x_t and each other."""
        t = torch.as_tensor(t).expand(len(xt))
        if int(t.min()) < 1:
            raise ValueError("at t = 0 there is no noise to estimate: steps t are 1 or more")
        output = self._output(xt, t, c)
        if self.target == "eps":
            x0 = self.schedule.data_from_noise(xt, t, output)
        else:
            x0 = output if self.target == "x0" else self.schedule.data_from_velocity(xt, t, output)
        x0 = x0 if self.clip is None else x0.clamp(-self.clip, self.clip)
        return x0, self.schedule.noise_from_data(xt, t, x0)

    def elbo(
        self,
        x: Tensor,
        c: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        levels: int | None = None,
        variance: str = "posterior",
    ) -> Tensor:
        """A lower bound (n,) on log p(x_0) in nats, estimated with one noisy x_t a step.

        With `levels` it bounds the probability of grey values, else a density; see `bound_terms`.
        """
        self._check(x)
        options = {"levels": levels, "variance": variance, "generator": generator}
        return -bound_terms(self, x, c, **options).sum(0)

    @torch.no_grad()
    def sample_steps(
        self,
        n: int,
        c: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        variance: str = "posterior",
    ) -> Iterator[Tensor]:
        """x_T, x_{T-1}, ..., x_0, each (n, *shape): DDPM, algorithm 2."""
        x = self._noise(n, generator)
        yield x
        for t in range(self.schedule.steps, 0, -1):
            x = self.reverse(x, t, c, generator=generator, variance=variance)
            yield x

    @torch.no_grad()
    def reverse(
        self,
        xt: Tensor,
        t: int,
        c: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        variance: str = "posterior",
    ) -> Tensor:
        """Draw x_{t-1} given x_t: line 4 of DDPM's algorithm 2, no noise at t = 1."""
        alpha, beta, lost = (
            self.schedule.at(table, t, xt)
            for table in (self.schedule.alpha, self.schedule.beta, 1 - self.schedule.alpha_bar)
        )
        _, eps = self.denoise(xt, t, c)
        mean = (xt - beta / lost.sqrt() * eps) / alpha.sqrt()
        if t == 1:
            return mean
        z = torch.randn(xt.shape, generator=generator, dtype=xt.dtype)
        return mean + self.variance(t, xt, variance).sqrt() * z

    def variance(self, t: int | Tensor, x: Tensor, kind: str = "posterior") -> Tensor:
        """sigma_t^2 of a reverse step: beta_t, or that of q(x_{t-1} | x_t, x_0)."""
        if kind not in VARIANCES:
            raise ValueError(f"variance is one of {VARIANCES}, got {kind!r}")
        if kind == "beta":
            return self.schedule.at(self.schedule.beta, t, x)
        return self.schedule.posterior(x, x, t)[1]

    @torch.no_grad()
    def ddim_steps(
        self,
        n: int,
        c: Tensor | None = None,
        *,
        steps: int | None = None,
        eta: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> Iterator[Tensor]:
        """x at `steps` + 1 of the T + 1 times, from noise to data (Song, Meng and Ermon, 2021).

        With eta = 0 all chance lies in x_T. With eta = 1 and all steps this is algorithm 2 with
        the posterior's variance; with eta = 1 and fewer steps, the same for the shorter chain.
        """
        if not 0 <= eta <= 1:
            raise ValueError(f"eta lies in 0..1: from no noise to that of DDPM, got {eta}")
        times = self.times(steps)
        x = self._noise(n, generator)
        yield x
        for t, s in pairwise(times):
            x0, eps = self.denoise(x, t, c)
            x = self._leap(x0, eps, t, s, eta, generator)
            yield x

    def ddim(self, n: int, c: Tensor | None = None, **options) -> Tensor:
        """The last of `ddim_steps`, (n, *shape)."""
        *_, last = self.ddim_steps(n, c, **options)
        return last

    def times(self, steps: int | None = None) -> list[int]:
        """`steps` + 1 times from T down to 0, as evenly as whole numbers allow."""
        steps = self.schedule.steps if steps is None else steps
        if not 1 <= steps <= self.schedule.steps:
            raise ValueError(f"steps lie in 1..{self.schedule.steps}, got {steps}")
        return [round(self.schedule.steps * k / steps) for k in range(steps, -1, -1)]

    def _leap(self, x0, eps, t: int, s: int, eta: float, generator) -> Tensor:
        """x_s from the estimates at time t > s: equation 12 of DDIM, no noise at s = 0."""
        now, then = (self.schedule.alpha_bar[u].item() for u in (t, s))  # in double precision
        spread = eta**2 * (1 - then) / (1 - now) * (1 - now / then)  # sigma^2, equation 16
        x = then**0.5 * x0 + max(1 - then - spread, 0) ** 0.5 * eps
        if s == 0 or eta == 0:
            return x
        return x + spread**0.5 * torch.randn(x0.shape, generator=generator, dtype=x0.dtype)

    @torch.no_grad()
    def complete_steps(
        self,
        x: Tensor,
        known: Tensor,
        c: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        repeats: int = 1,
    ) -> Iterator[Tensor]:
        """Keep the `known` places (*shape, bool) of x (n, *shape), draw the others; yield each x_t.

        Before each reverse step the known places are set to the data with the noise of that step.
        This is not exact conditioning; `repeats` > 1 goes one step back and forth, which lets the
        two parts agree better (Lugmayr et al., 2022).
        """
        self._check(x)
        if known.shape != self.shape or known.dtype != torch.bool:
            raise ValueError(f"known is bool {self.shape}, got {known.dtype} {tuple(known.shape)}")
        if repeats < 1:
            raise ValueError(f"repeats must be 1 or more, got {repeats}")

        def noise() -> Tensor:
            return torch.randn(x.shape, generator=generator, dtype=x.dtype)

        xt = noise()
        for t in range(self.schedule.steps, 0, -1):
            for again in range(repeats):
                xt = torch.where(known, self.schedule.diffuse(x, t, noise()), xt)
                xt = self.reverse(xt, t, c, generator=generator)
                if again < repeats - 1:
                    xt = self.schedule.step(xt, t, noise())
            yield torch.where(known, x, xt) if t == 1 else xt

    def complete(self, x: Tensor, known: Tensor, c: Tensor | None = None, **options) -> Tensor:
        """The last of `complete_steps`: examples (n, *shape) whose known places are those of x."""
        *_, last = self.complete_steps(x, known, c, **options)
        return last

    def optimizers(self, lr: float) -> dict[str, Optimizer]:
        """Adam for the network; after each of its steps the averaged weights follow."""
        optimizer = Adam(self.network.parameters(), lr=lr, fused=True)
        if self.averaged is not None:
            optimizer.register_step_post_hook(
                lambda *_: self.averaged.update_parameters(self.network)
            )
        return {"loss": optimizer}

    def _output(self, xt: Tensor, t: Tensor, c: Tensor | None) -> Tensor:
        averaged = self.averaged is not None and not self.training
        return _ask(self.averaged.module if averaged else self.network, xt, t, c)

    def _noise(self, n: int, generator: torch.Generator | None) -> Tensor:
        kind = next((p.dtype for p in self.network.parameters()), torch.get_default_dtype())
        return torch.randn(n, *self.shape, generator=generator, dtype=kind)

    def _check(self, x: Tensor) -> None:
        if not x.is_floating_point() or x.shape[1:] != self.shape:
            raise ValueError(
                f"examples are real numbers of shape (n, {', '.join(map(str, self.shape))}), got "
                f"{x.dtype} {tuple(x.shape)}"
            )


def _ask(network: nn.Module, xt: Tensor, t: Tensor, c: Tensor | None) -> Tensor:
    return network(xt, t) if c is None else network(xt, t, c)
