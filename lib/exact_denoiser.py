"""The best possible denoiser where the data are a Gaussian mixture: formulas, nothing learned."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from lib.mixture import GaussianMixture
from lib.noise_schedule import NoiseSchedule


class ExactDenoiser(nn.Module):
    """E[x_0 | x_t] for data x_0 from a Gaussian mixture; `Diffusion(..., target="x0")` runs it.

    Parameters
    ----------
    mixture : GaussianMixture
        Density of the data, of any dimension D. A covariance may be 0: then the component is a
        point, and a list of points with equal weights is a finite data set.
    schedule : NoiseSchedule

    Notes
    -----
    A noisy mixture is a mixture: component m of x_t has mean sqrt(bar alpha_t) mu_m and covariance
    bar alpha_t Sigma_m + (1 - bar alpha_t) I. Its eigenvectors are those of Sigma_m at every t, so
    they are computed once. All arithmetic is float64; answers have the dtype of x_t.
    """

    def __init__(self, mixture: GaussianMixture, schedule: NoiseSchedule):
        super().__init__()
        self.schedule = schedule
        covariances = torch.as_tensor(mixture.covariances, dtype=torch.float64)
        values, axes = torch.linalg.eigh(covariances)
        if float(values.min()) < -1e-10 * max(1.0, float(values.max())):
            raise ValueError(f"a covariance has the negative eigenvalue {float(values.min()):.3g}")
        tables = {
            "log_weights": torch.as_tensor(mixture.weights, dtype=torch.float64).log(),  # (M,)
            "means": torch.as_tensor(mixture.means, dtype=torch.float64),  # (M, D)
            "variances": values.clamp(min=0),  # (M, D), along `axes`
            "axes": axes,  # (M, D, D), columns
        }
        for name, table in tables.items():
            self.register_buffer(name, table, persistent=False)

    def forward(self, xt: Tensor, t: int | Tensor) -> Tensor:
        """The mean of x_0 given points x_t (n, ...) with D numbers each, at steps t >= 1."""
        kept, along, spread = self._noisy(xt, t)
        gain = kept.sqrt() * self.variances / spread  # (n, M, D)
        parts = self.means + torch.einsum("mij,nmj->nmi", self.axes, gain * along)
        shares = self._log_joint(along, spread).softmax(1)  # p(m | x_t), (n, M)
        return torch.einsum("nm,nmd->nd", shares, parts).to(xt.dtype).reshape(xt.shape)

    def log_prob(self, xt: Tensor, t: int | Tensor) -> Tensor:
        """log q(x_t), the density of noisy data at steps t >= 1, in nats; (n,), differentiable."""
        _, along, spread = self._noisy(xt, t)
        return self._log_joint(along, spread).logsumexp(1).to(xt.dtype)

    def score(self, xt: Tensor, t: int | Tensor) -> Tensor:
        """The gradient of log q(x_t) with respect to x_t, shape of x_t (Tweedie's formula)."""
        kept = self.schedule.alpha_bar
        root, lost = self.schedule.at(kept.sqrt(), t, xt), self.schedule.at(1 - kept, t, xt)
        return (root * self(xt, t) - xt) / lost

    def _noisy(self, xt: Tensor, t: int | Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """bar alpha_t; x_t from each noisy mean along its axes; variances there: (n, M, D)."""
        x = xt.flatten(1).to(torch.float64)
        if x.shape[1] != self.means.shape[1]:
            raise ValueError(
                f"points have {self.means.shape[1]} numbers each, got x_t of shape "
                f"{tuple(xt.shape)}"
            )
        if int(torch.as_tensor(t).min()) < 1:
            raise ValueError("at t = 0 there is no noise to remove: steps t are 1 or more")
        kept = self.schedule.at(self.schedule.alpha_bar, t, x[:, None])  # (n or 1, 1, 1)
        away = x[:, None] - kept.sqrt() * self.means  # (n, M, D)
        along = torch.einsum("mij,nmi->nmj", self.axes, away)
        return kept, along, kept * self.variances + 1 - kept

    def _log_joint(self, along: Tensor, spread: Tensor) -> Tensor:
        """log q(x_t, m) in nats, (n, M)."""
        squares = along**2 / spread + spread.log() + math.log(2 * math.pi)
        return self.log_weights - 0.5 * squares.sum(2)
