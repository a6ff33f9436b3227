"""Checks of the equations in the homework on denoising diffusion."""

import numpy as np
import torch
from scipy.integrate import quad
from scipy.stats import norm
from torch.distributions import Normal, kl_divergence

from lib.homework_diffusion import bridge, moments, retained
from lib.homework_diffusion_chain import tweedie
from lib.homework_diffusion_goals import turned
from lib.homework_diffusion_weights import weights_of
from tests.equations import checks

BETAS = np.array([0.05, 0.2, 0.1, 0.3])


@checks("eq-hw-diffusion-step", by="densities on a grid, folded with one Gaussian a step")
def step():
    """Four steps, each an integral over x_(t-1), end in the Gaussian of the moments."""
    grid = np.linspace(-7, 7, 561)
    density = norm.pdf(grid, 1.5, 0.2)  # of x_0
    for beta in BETAS:
        kernel = norm.pdf(grid[:, None], np.sqrt(1 - beta) * grid, np.sqrt(beta))
        density = kernel @ density * (grid[1] - grid[0])
    factor, variance = moments(retained(BETAS), 0, 4)
    right = norm.pdf(grid, factor * 1.5, np.sqrt(factor**2 * 0.04 + variance))
    assert np.abs(density - right).max() < 1e-6


@checks("eq-hw-diffusion-tables", by="correlations of drawn chains")
def tables():
    """corr(x_0, x_t)^2 is bar alpha_t where x_0 has unit variance; SNR is r^2 / (1 - r^2)."""
    rng = np.random.default_rng(0)
    x0 = x = rng.choice([-1.0, 1.0], size=400_000)
    for t, beta in enumerate(BETAS, 1):
        x = np.sqrt(1 - beta) * x + np.sqrt(beta) * rng.normal(size=x.shape)
        squared = np.corrcoef(x0, x)[0, 1] ** 2
        kept = np.prod(1 - BETAS[:t])
        assert abs(squared - kept) < 0.01
        assert abs(squared / (1 - squared) / (kept / (1 - kept)) - 1) < 0.05


@checks("eq-hw-diffusion-bayes", by="the product of densities on a grid, without any algebra")
def bayes():
    """Mean and variance of the normalised product are those of Gaussian conditioning."""
    kept, grid = retained(BETAS), np.linspace(-6, 6, 24_001)
    for t in (2, 3, 4):
        for x0, xt in [(1.0, -0.5), (-2.0, 0.3)]:
            factor, variance = moments(kept, 0, t - 1)
            forward = norm.pdf(xt, np.sqrt(1 - BETAS[t - 1]) * grid, np.sqrt(BETAS[t - 1]))
            weight = forward * norm.pdf(grid, factor * x0, np.sqrt(variance))
            whole = norm.pdf(xt, *np.array(moments(kept, 0, t)) ** [1, 0.5] * [x0, 1])
            width = grid[1] - grid[0]
            assert np.isclose(weight.sum() * width, whole)  # the denominator of the equation
            weight /= weight.sum()
            on_x0, on_xt, spread = bridge(kept, t - 1, t)
            assert np.isclose(weight @ grid, on_x0 * x0 + on_xt * xt)
            assert np.isclose(weight @ grid**2 - (weight @ grid) ** 2, spread)


@checks("eq-hw-diffusion-velocity", by="a derivative in the angle, by differences")
def velocity():
    """x_t turns from x_0 to eps as bar alpha = cos^2 falls; v is the speed of this turn."""
    x0, eps, angle, h = 0.7, -1.9, 0.6, 1e-5

    def path(a: float) -> float:
        return np.cos(a) * x0 + np.sin(a) * eps

    speed = (path(angle + h) - path(angle - h)) / (2 * h)
    xt, v = turned(x0, eps, np.cos(angle) ** 2)
    assert np.isclose(xt, path(angle))
    assert np.isclose(v, speed)
    kept = np.cos(angle) ** 2
    assert np.isclose(v, np.sqrt(kept) * eps - np.sqrt(1 - kept) * x0)


@checks("eq-hw-diffusion-weights", by="PyTorch's divergence of two Gaussians")
def weights():
    """What a wrong guess adds to the divergence is the weight times its squared error."""
    kept = retained(BETAS)
    for variance in ("posterior", "beta"):
        every = np.array([weights_of(BETAS, variance, name) for name in ("x0", "eps", "v")])
        for t in (2, 3, 4):
            on_x0, on_xt, exact = bridge(kept, t - 1, t)
            sigma2 = BETAS[t - 1] if variance == "beta" else exact
            a, b = np.sqrt(kept[t]), np.sqrt(1 - kept[t])
            x0, eps, wrong = 0.4, -1.1, 0.8  # the network's eps is 0.8, not -1.1
            xt = a * x0 + b * eps
            guess = (xt - b * wrong) / a

            def nats(x0_hat: float, given=(on_x0, on_xt, exact, sigma2, x0, xt)) -> float:
                on_x0, on_xt, exact, sigma2, x0, xt = given
                means = torch.tensor([on_x0 * x0 + on_xt * xt, on_x0 * x0_hat + on_xt * xt])
                spreads = torch.tensor([exact, sigma2]).sqrt()
                pair = (Normal(m, s) for m, s in zip(means, spreads, strict=True))
                return kl_divergence(*pair).item()

            added = nats(guess) - nats(x0)
            v_gap = (a * eps - b * x0) - (a * wrong - b * guess)
            squares = np.array([(x0 - guess) ** 2, (eps - wrong) ** 2, v_gap**2])
            assert np.allclose(every[:, t - 2] * squares, added, rtol=1e-4)


@checks("eq-hw-diffusion-mixture", by="integrals of Bayes' rule over x_0")
def mixture():
    """E[x_0 | x_t] is the posterior's mean, and the score a difference quotient of log q(x_t)."""
    shares, means, variance, left = np.array([0.3, 0.7]), np.array([-1.0, 1.5]), 0.2, 0.6

    def joint(x0: float, xt: float) -> float:
        prior = shares @ norm.pdf(x0, means, np.sqrt(variance))
        return prior * norm.pdf(xt, np.sqrt(left) * x0, np.sqrt(1 - left))

    def evidence(xt: float) -> float:
        return quad(joint, -6, 6, args=(xt,), points=list(means), epsabs=1e-12)[0]

    for xt in (-0.8, 0.1, 1.3):
        top = quad(lambda x0: x0 * joint(x0, xt), -6, 6, points=list(means), epsabs=1e-12)[0]  # noqa: B023
        slope = (np.log(evidence(xt + 1e-4)) - np.log(evidence(xt - 1e-4))) / 2e-4
        x0, score = tweedie(np.array([[xt]]), left, shares, means[:, None], variance)
        assert np.isclose(x0[0, 0], top / evidence(xt))
        assert np.isclose(score[0, 0], slope, rtol=1e-5, atol=1e-6)


@checks("eq-hw-diffusion-reverse", by="Gaussian conditioning with the guess put in for x_0")
def reverse():
    """The mean written with the noise equals that of x_(t-1) given x_t and the guess of x_0."""
    kept, rng = retained(BETAS), np.random.default_rng(1)
    for t in (1, 2, 3, 4):
        xt, eps = rng.normal(size=2)
        beta, alpha = BETAS[t - 1], 1 - BETAS[t - 1]
        noisy = (xt - beta / np.sqrt(1 - kept[t]) * eps) / np.sqrt(alpha)
        guess = (xt - np.sqrt(1 - kept[t]) * eps) / np.sqrt(kept[t])
        on_x0, on_xt, _ = bridge(kept, t - 1, t)
        assert np.isclose(noisy, on_x0 * guess + on_xt * xt)


@checks("eq-hw-diffusion-ddim", by="Gaussian conditioning at eta = 1, drawn marginals at any eta")
def ddim():
    """With the true noise, x_s has the marginal of level s for every eta."""
    kept, rng, t, s, x0 = retained(BETAS), np.random.default_rng(2), 4, 1, 1.2
    a_t, a_s = kept[t], kept[s]
    eps, z = rng.normal(size=(2, 400_000))
    xt = np.sqrt(a_t) * x0 + np.sqrt(1 - a_t) * eps
    factor, variance = moments(kept, 0, s)
    for eta in (0.0, 0.5, 1.0):
        sigma2 = eta**2 * (1 - a_s) / (1 - a_t) * (1 - a_t / a_s)
        xs = np.sqrt(a_s) * x0 + np.sqrt(1 - a_s - sigma2) * eps + np.sqrt(sigma2) * z
        assert abs(xs.mean() - factor * x0) < 0.005
        assert abs(xs.var() - variance) < 0.005
    on_x0, on_xt, exact = bridge(kept, s, t)  # eta = 1
    assert np.isclose(sigma2, exact)
    assert np.allclose(xs - np.sqrt(sigma2) * z, on_x0 * x0 + on_xt * xt)
