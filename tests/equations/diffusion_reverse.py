"""Checks of the equations of the lesson on the way back."""

from functools import cache
from itertools import product

import numpy as np
import sympy
import torch
from scipy import integrate, stats
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.mixture import round_mixture
from lib.noise_schedule import NoiseSchedule, linear_schedule
from lib.reverse_line import step_back
from lib.reverse_slips import MissingRoot
from tests.equations import checks

BETAS = np.array([0.0, 0.1, 0.25, 0.4])  # a chain of three steps, entry 0 unused
ALPHAS = 1 - BETAS
KEPT = np.cumprod(ALPHAS)
WEIGHTS, CENTRES, WIDTH = np.array([0.3, 0.7]), np.array([-1.0, 1.2]), 0.35
X0 = np.linspace(-4, 5, 4001)  # grids for integrals


def normal(x, mean, variance):
    return stats.norm.pdf(x, mean, np.sqrt(variance))


def data_density(x):
    return sum(w * normal(x, m, WIDTH**2) for w, m in zip(WEIGHTS, CENTRES, strict=True))


def noisy_density(x, t: int):
    """q(x_t), the integral of the leap over the data."""
    joint = normal(np.asarray(x)[..., None], np.sqrt(KEPT[t]) * X0, 1 - KEPT[t])
    return integrate.simpson(joint * data_density(X0), x=X0)


def back_density(x, t: int, xt: float):
    """q(x_{t-1} | x_t) on a grid x, by Bayes' rule."""
    joint = normal(xt, np.sqrt(ALPHAS[t]) * x, BETAS[t]) * noisy_density(x, t - 1)
    return joint / integrate.simpson(joint, x=x)


def conditioned(covariance, mean, rows, given, values):
    """Mean and covariance of some entries of a Gaussian vector, the others given."""
    a, b = covariance[np.ix_(rows, rows)], covariance[np.ix_(rows, given)]
    gain = b @ np.linalg.inv(covariance[np.ix_(given, given)])
    return mean[rows] + gain @ (values - mean[given]), a - gain @ b.T


def chain_moments(mean0: float, var0: float):
    """Mean and covariance of (x_0, ..., x_3), from x_t = sqrt(alpha) x_{t-1} + noise."""
    maps = np.zeros((4, 4))  # x_t as a sum of x_0 and the noises
    maps[0, 0] = 1
    for t in (1, 2, 3):
        maps[t] = np.sqrt(ALPHAS[t]) * maps[t - 1]
        maps[t, t] += np.sqrt(BETAS[t])
    return mean0 * maps[:, 0], (maps * [var0, 1, 1, 1]) @ maps.T


def posterior(t: int, xt: float, x0: float):
    """Mean and variance of q(x_{t-1} | x_t, x_0), by conditioning the joint of the chain."""
    mean, covariance = chain_moments(x0, 0.0)
    found = conditioned(covariance, mean, [t - 1], [t], np.array([xt]))
    return found[0][0], found[1][0, 0]


@cache
def symbols():
    """Positive alpha_t and bar alpha_{t-1}, and what follows from them."""
    alpha, before = sympy.symbols("alpha before", positive=True)
    return alpha, before, 1 - alpha, alpha * before  # beta_t, bar alpha_t


@checks("eq-reverse-optimum", by="quadrature over x_{t-1} and x_t: no change of the answer helps")
def optimum():
    """Any change g(x_t) of the conditional mean costs exactly E[g^2]."""
    before, after = np.linspace(-4, 4.5, 501), np.linspace(-5, 5, 401)
    joint = normal(after[:, None], np.sqrt(ALPHAS[3]) * before, BETAS[3])
    joint *= noisy_density(before, 2)
    marginal = integrate.simpson(joint, x=before)
    best = integrate.simpson(joint * before, x=before) / marginal

    def loss(answer):
        inner = integrate.simpson(joint * (before - answer[:, None]) ** 2, x=before)
        return integrate.simpson(inner, x=after)

    for g in (0.1 + 0 * after, 0.2 * after, np.sin(3 * after)):
        extra = integrate.simpson(marginal * g**2, x=after)
        assert np.isclose(loss(best + g) - loss(best), extra, rtol=1e-6)


@checks("eq-reverse-bayes", by="pairs among many draws that ended near x_t: Kolmogorov and Smirnov")
def bayes():
    """The x_{t-1} of draws with this x_t have the density of the formula."""
    rng, n = np.random.default_rng(0), 600_000
    x = rng.choice(CENTRES, p=WEIGHTS, size=n) + WIDTH * rng.normal(size=n)
    for t in (1, 2, 3):
        x_before = x
        x = np.sqrt(ALPHAS[t]) * x + np.sqrt(BETAS[t]) * rng.normal(size=n)
    near = x_before[abs(x - 0.3) < 0.01]
    grid = np.linspace(-4, 4, 801)
    law = integrate.cumulative_simpson(back_density(grid, 3, 0.3), x=grid, initial=0)
    assert len(near) > 1000
    assert stats.kstest(near, lambda v: np.interp(v, grid, law)).pvalue > 1e-3
    mixture = round_mixture(CENTRES[:, None], WIDTH, WEIGHTS)
    fine = np.linspace(-4, 4, 8001)
    want = normal(0.3, np.sqrt(ALPHAS[1]) * fine, BETAS[1]) * data_density(fine)
    want /= integrate.simpson(want, x=fine)
    np.testing.assert_allclose(step_back(mixture, 0.1, 0.3, fine), want, atol=1e-6)


@checks("eq-reverse-conditioned", by="conditioning of the joint Gaussian of the chain")
def with_data():
    """The ratio of three forward densities is the conditional density."""
    for t, x0, xt, x in product((2, 3), (-0.7, 1.1), (-0.2, 0.9), (-1.0, 0.0, 0.6)):
        mean, variance = posterior(t, xt, x0)
        ratio = normal(xt, np.sqrt(ALPHAS[t]) * x, BETAS[t])
        ratio *= normal(x, np.sqrt(KEPT[t - 1]) * x0, 1 - KEPT[t - 1])
        ratio /= normal(xt, np.sqrt(KEPT[t]) * x0, 1 - KEPT[t])
        assert np.isclose(ratio, normal(x, mean, variance))


@checks("eq-reverse-exponent", by="logarithms of scipy's densities")
def exponent():
    """Minus twice the log of the product differs from the formula by a constant only."""
    t, x0, xt = 3, np.array([0.4, -1.0]), np.array([0.9, 0.1])
    off = []
    for x in np.random.default_rng(0).normal(size=(5, 2)):
        log = stats.norm.logpdf(xt, np.sqrt(ALPHAS[t]) * x, BETAS[t] ** 0.5).sum()
        log += stats.norm.logpdf(x, np.sqrt(KEPT[t - 1]) * x0, (1 - KEPT[t - 1]) ** 0.5).sum()
        formula = np.sum((xt - np.sqrt(ALPHAS[t]) * x) ** 2) / BETAS[t]
        formula += np.sum((x - np.sqrt(KEPT[t - 1]) * x0) ** 2) / (1 - KEPT[t - 1])
        off.append(-2 * log - formula)
    assert np.ptp(off) < 1e-10


@checks("eq-reverse-variance", "eq-reverse-mean", by="sympy: derivatives of the exponent")
def completed_square():
    """Curvature and zero of the derivative of the exponent are the stated ones."""
    alpha, before, beta, kept = symbols()
    x, xt, x0 = sympy.symbols("x xt x0", real=True)
    q = (xt - sympy.sqrt(alpha) * x) ** 2 / beta + (x - sympy.sqrt(before) * x0) ** 2 / (1 - before)
    variance = (1 - before) / (1 - kept) * beta
    assert sympy.simplify(sympy.diff(q, x, 2) / 2 - 1 / variance) == 0
    assert sympy.simplify(alpha / beta + 1 / (1 - before) - 1 / variance) == 0
    pulled = sympy.sqrt(alpha) / beta * xt + sympy.sqrt(before) / (1 - before) * x0
    averaged = sympy.sqrt(before) * beta * x0 + sympy.sqrt(alpha) * (1 - before) * xt
    for mean in (variance * pulled, averaged / (1 - kept)):
        assert sympy.simplify(sympy.diff(q, x).subs(x, mean)) == 0


@checks("eq-reverse-average", by="quadrature over x_0, against Bayes' rule on noisy data")
def average():
    """Known steps back, averaged over x_0 given x_t, are the unknown one."""
    t, xt = 3, 0.2
    after = data_density(X0) * normal(xt, np.sqrt(KEPT[t]) * X0, 1 - KEPT[t])
    after /= integrate.simpson(after, x=X0)
    means, variance = np.array([posterior(t, xt, v)[0] for v in X0]), posterior(t, xt, 0.0)[1]
    grid = np.linspace(-3.5, 3.5, 401)
    mixed = integrate.simpson(normal(grid[:, None], means, variance) * after, x=X0)
    np.testing.assert_allclose(mixed, back_density(grid, t, xt), atol=1e-5)


class Chain:
    """A model of three affine steps back, and all its expectations under q, exactly.

    Nodes and weights of Gauss and Hermite integrate quadratic functions of (x_1, x_2, x_3) exactly.
    """

    slopes, offsets = np.array([0, 0.9, 0.8, 0.7]), np.array([0, 0.1, -0.2, 0.05])
    variances = np.array([0, 0.2, 0.3, 0.5])
    x0 = 0.6

    def nodes(self):
        mean, covariance = chain_moments(self.x0, 0.0)
        z, w = np.polynomial.hermite_e.hermegauss(3)
        at = np.array(list(product(z, repeat=3)))
        x = mean[1:] + at @ np.linalg.cholesky(covariance[1:, 1:]).T
        weights = np.prod(list(product(w / w.sum(), repeat=3)), axis=1)
        return np.column_stack([np.full(len(x), self.x0), x]), weights

    def log_back(self, x, t):
        mean = self.slopes[t] * x[:, t] + self.offsets[t]
        return stats.norm.logpdf(x[:, t - 1], mean, self.variances[t] ** 0.5)

    def log_forward(self, x, t):
        return stats.norm.logpdf(x[:, t], np.sqrt(ALPHAS[t]) * x[:, t - 1], BETAS[t] ** 0.5)

    def joint(self):
        """Mean and covariance of (x_0, ..., x_3) under the model."""
        maps, mean = np.zeros((4, 4)), np.zeros(4)
        maps[3, 3] = 1
        for t in (3, 2, 1):
            maps[t - 1] = self.slopes[t] * maps[t]
            maps[t - 1, t - 1] += self.variances[t] ** 0.5
            mean[t - 1] = self.slopes[t] * mean[t] + self.offsets[t]
        return mean, maps @ maps.T

    def negative_bound(self):
        """-L, from the two joint densities as whole Gaussians."""
        x, w = self.nodes()
        mean, covariance = chain_moments(self.x0, 0.0)
        log_q = stats.multivariate_normal(mean[1:], covariance[1:, 1:]).logpdf(x[:, 1:])
        log_p = stats.multivariate_normal(*self.joint()).logpdf(x)
        return w @ (log_q - log_p)


@checks("eq-reverse-elbo", by="an affine chain: exact likelihood, and the gap as a divergence")
def elbo():
    """-L exceeds -log p(x_0) by the divergence of q from the model's posterior."""
    chain = Chain()
    mean, covariance = chain.joint()
    log_p = stats.norm.logpdf(chain.x0, mean[0], covariance[0, 0] ** 0.5)
    q_mean, q_cov = chain_moments(chain.x0, 0.0)
    p_mean, p_cov = conditioned(covariance, mean, [1, 2, 3], [0], np.array([chain.x0]))
    pairs = (q_mean[1:], q_cov[1:, 1:]), (p_mean, p_cov)
    laws = [MultivariateNormal(torch.tensor(m), torch.tensor(c)) for m, c in pairs]
    gap = kl_divergence(*laws).item()
    assert gap > 0.01
    assert np.isclose(chain.negative_bound(), -log_p + gap)


@checks("eq-reverse-product", by="exact integrals of the two joint densities as whole Gaussians")
def split_into_steps():
    """The sum over steps has the same expectation as the ratio of the joint densities."""
    chain = Chain()
    x, w = chain.nodes()
    steps = sum(chain.log_back(x, t) - chain.log_forward(x, t) for t in (1, 2, 3))
    value = w @ (-stats.norm.logpdf(x[:, 3]) - steps)
    assert np.isclose(value, chain.negative_bound())


@checks("eq-reverse-telescope", by="27 paths: forward densities against conditioned Gaussians")
def telescope():
    """Forward steps from t = 2 on, and turned steps with the two leaps, have one density."""
    chain = Chain()
    x, _ = chain.nodes()
    forward = chain.log_forward(x, 2) + chain.log_forward(x, 3)
    turned = np.zeros(len(x))
    for n, row in enumerate(x):
        for t in (2, 3):
            mean, variance = posterior(t, row[t], row[0])
            turned[n] += stats.norm.logpdf(row[t - 1], mean, variance**0.5)
    for t, sign in ((3, 1), (1, -1)):
        mean, std = np.sqrt(KEPT[t]) * chain.x0, (1 - KEPT[t]) ** 0.5
        turned += sign * stats.norm.logpdf(x[:, t], mean, std)
    np.testing.assert_allclose(forward, turned)


@checks("eq-reverse-terms", by="torch's kl_divergence at the nodes of an exact quadrature")
def terms():
    """The divergences and the data term add up to the bound of the joint densities."""
    chain = Chain()
    x, w = chain.nodes()
    end = Normal(KEPT[3] ** 0.5 * chain.x0, (1 - KEPT[3]) ** 0.5)
    total = kl_divergence(end, Normal(0.0, 1.0)).item() - w @ chain.log_back(x, 1)
    for t in (2, 3):
        known = np.array([posterior(t, row[t], row[0]) for row in x])
        guess = torch.tensor(chain.slopes[t] * x[:, t] + chain.offsets[t])
        model = Normal(guess, chain.variances[t] ** 0.5)
        true = Normal(torch.tensor(known[:, 0]), torch.tensor(known[:, 1] ** 0.5))
        total += w @ kl_divergence(true, model).numpy()
    assert np.isclose(total, chain.negative_bound())


@checks("eq-reverse-prior", by="torch's kl_divergence, coordinate by coordinate")
def prior():
    """What the last noise still knows of the data, for three dimensions."""
    x0, kept = torch.tensor([0.4, -1.3, 0.8]).double(), 0.3
    nats = kl_divergence(Normal(kept**0.5 * x0, (1 - kept) ** 0.5), Normal(0.0, 1.0)).sum()
    formula = 0.5 * (kept * (x0**2).sum() - 3 * kept - 3 * np.log(1 - kept))
    assert torch.isclose(nats, formula)


def some(seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, generator=generator, dtype=torch.float64)


@checks("eq-reverse-kl", by="torch's kl_divergence of the two Gaussians")
def equal_shapes():
    """Differences of divergences are those of the squared distance; c_t = 0 at equal variances."""
    t, truth, variance = 3, some(0), posterior(3, 0.0, 0.0)[1]
    for sigma2 in (variance, BETAS[t], 0.9):
        rest = [
            kl_divergence(Normal(truth, variance**0.5), Normal(guess, sigma2**0.5)).sum().item()
            - ((truth - guess) ** 2).sum().item() / (2 * sigma2)
            for guess in (some(1), some(2), some(3))
        ]
        assert np.ptp(rest) < 1e-12
        assert (abs(rest[0]) < 1e-12) == (sigma2 == variance)


@checks("eq-reverse-noise", "eq-reverse-weight", by="sympy: x_0 put into the mean, and subtracted")
def in_terms_of_noise():
    """The mean with x_0 written by x_t and eps is the stated one; so is the squared difference."""
    alpha, before, beta, kept = symbols()
    xt, eps, guess = sympy.symbols("xt eps guess", real=True)

    def mean(noise):
        x0 = (xt - sympy.sqrt(1 - kept) * noise) / sympy.sqrt(kept)
        known = sympy.sqrt(before) * beta * x0 + sympy.sqrt(alpha) * (1 - before) * xt
        return known / (1 - kept)

    stated = (xt - beta / sympy.sqrt(1 - kept) * eps) / sympy.sqrt(alpha)
    assert sympy.simplify(mean(eps) - stated) == 0
    weight = beta**2 / (alpha * (1 - kept))
    apart = (mean(eps) - mean(guess)) ** 2
    assert sympy.simplify(apart - weight * (eps - guess) ** 2) == 0


class Scaled(torch.nn.Module):
    """A network that calls a share of x_t noise."""

    def forward(self, xt, t):
        return 0.6 * xt


@checks("eq-reverse-simple", by="the library's loss, against an expectation in closed form")
def simple():
    """Algorithm 1 averages the squared error of the noise evenly over steps, data and noise."""
    schedule, n = linear_schedule(30), 200_000
    x = torch.full((n, 2), 1.5, dtype=torch.float64)
    model, generator = Diffusion(Scaled(), (2,), schedule), torch.Generator().manual_seed(0)
    kept = schedule.alpha_bar[1:].numpy()
    each = (1 - 0.6 * np.sqrt(1 - kept)) ** 2 + 0.36 * kept * 1.5**2
    found = model.loss(x, generator=generator)["loss"].item()
    assert np.isclose(found, 2 * each.mean(), rtol=0.02)


@checks("eq-reverse-naive", by="Gauss and Hermite over x_{t-1} given x_t and x_0")
def naive():
    """The error of predicting x_{t-1} is that of the noise, weighted, plus D beta-tilde."""
    t, x0, eps, guess = 3, some(4).numpy(), some(5).numpy(), some(6).numpy()
    xt = np.sqrt(KEPT[t]) * x0 + np.sqrt(1 - KEPT[t]) * eps
    z, w = np.polynomial.hermite_e.hermegauss(5)
    answer = (xt - BETAS[t] / np.sqrt(1 - KEPT[t]) * guess) / np.sqrt(ALPHAS[t])
    total, variance = 0.0, posterior(t, 0.0, 0.0)[1]
    for i in range(2):
        mean, _ = posterior(t, xt[i], x0[i])
        total += w / w.sum() @ (mean + variance**0.5 * z - answer[i]) ** 2
    weight = BETAS[t] ** 2 / (ALPHAS[t] * (1 - KEPT[t]))
    assert np.isclose(total, 2 * variance + weight * np.sum((eps - guess) ** 2))


@checks("eq-reverse-targets", by="sympy: guesses that belong to one guess of the noise")
def targets():
    """Errors of x_0 and of v are multiples of that of the noise."""
    kept = sympy.symbols("kept", positive=True)
    xt, eps, guess = sympy.symbols("xt eps guess", real=True)
    snr, root, noise = kept / (1 - kept), sympy.sqrt(kept), sympy.sqrt(1 - kept)

    def data(e):
        return (xt - noise * e) / root

    def velocity(e):
        return root * e - noise * data(e)

    error = (eps - guess) ** 2
    assert sympy.simplify((data(eps) - data(guess)) ** 2 - error / snr) == 0
    assert sympy.simplify((velocity(eps) - velocity(guess)) ** 2 - (1 + 1 / snr) * error) == 0


@checks("eq-reverse-snr", by="torch's kl_divergence of conditioned Gaussians")
def signal():
    """The divergence of a step is half the gained signal-to-noise times the error of x_0."""
    snr = KEPT[1:] / (1 - KEPT[1:])
    for t, x0, guess in product((2, 3), (-0.4, 1.0), (0.3, 2.0)):
        means, variance = [posterior(t, 0.7, v)[0] for v in (x0, guess)], posterior(t, 0.7, 0.0)[1]
        pair = [Normal(torch.tensor(m).double(), variance**0.5) for m in means]
        want = 0.5 * (snr[t - 2] - snr[t - 1]) * (x0 - guess) ** 2
        assert np.isclose(kl_divergence(*pair).item(), want)


@checks("eq-reverse-score", by="differences of the noisy density; guesses by quadrature")
def score():
    """The slope of log q(x_t) is given by the mean of x_0, and by that of the noise."""
    for t, xt in product((1, 3), (-1.0, 0.2, 1.4)):
        h = 1e-4
        up, down = np.log(noisy_density([xt + h, xt - h], t))
        after = data_density(X0) * normal(xt, np.sqrt(KEPT[t]) * X0, 1 - KEPT[t])
        after /= integrate.simpson(after, x=X0)
        noise = (xt - np.sqrt(KEPT[t]) * X0) / np.sqrt(1 - KEPT[t])
        mean, eps = (integrate.simpson(after * v, x=X0) for v in (X0, noise))
        slope = (up - down) / (2 * h)
        assert np.isclose(slope, (np.sqrt(KEPT[t]) * mean - xt) / (1 - KEPT[t]), atol=1e-5)
        assert np.isclose(slope, -eps / np.sqrt(1 - KEPT[t]), atol=1e-5)


@checks("eq-reverse-right", by="conditioning of the joint Gaussian of the chain")
def right():
    """Variances of x_{t-1} and of x_0, given x_t, for Gaussian data; beta_t if s = 1."""
    for t, s2 in product((1, 2, 3), (0.0, 0.3, 1.0)):
        mean, covariance = chain_moments(0.0, s2)
        u = s2 * (1 - KEPT[t]) / (KEPT[t] * s2 + 1 - KEPT[t])
        assert np.isclose(conditioned(covariance, mean, [0], [t], np.zeros(1))[1][0, 0], u)
        tilde = (1 - KEPT[t - 1]) / (1 - KEPT[t]) * BETAS[t]
        formula = tilde + KEPT[t - 1] * BETAS[t] ** 2 / (1 - KEPT[t]) ** 2 * u
        found = conditioned(covariance, mean, [t - 1], [t], np.zeros(1))[1][0, 0]
        assert np.isclose(found, formula)
        if s2 == 1:
            assert np.isclose(formula, BETAS[t])


@checks("eq-reverse-root", by="40,000 samples of the wrong chain")
def missing_root():
    """Without the root the variances of all steps but the last add up."""
    schedule, n = linear_schedule(25), 40_000
    denoiser = ExactDenoiser(round_mixture(np.zeros((1, 1)), 1.0), schedule)
    model = MissingRoot(denoiser, (1,), schedule, target="x0")
    generator = torch.Generator().manual_seed(1)
    *_, x = model.sample_steps(n, generator=generator, variance="beta")
    want = 1 + schedule.beta[2:].sum().item()
    assert want > 5
    assert abs(x.var().item() / want - 1) < 5 * (2 / n) ** 0.5


@checks("eq-reverse-terminal", by="steps of conditioned Gaussians; 40,000 samples of the library")
def terminal():
    """The mean of the exact chain that starts from N(0, 1) though x_T still knows the data."""
    mu, s2, n = 1.3, 0.4, 40_000
    mean, covariance = chain_moments(mu, s2)
    x = 0.0
    for t in (3, 2, 1):
        x = conditioned(covariance, mean, [t - 1], [t], np.array([x]))[0][0]
    lost = KEPT[3] * s2 / (KEPT[3] * s2 + 1 - KEPT[3])
    assert np.isclose(x, mu * (1 - lost))
    schedule = NoiseSchedule(BETAS[1:])
    denoiser = ExactDenoiser(round_mixture(np.array([[mu]]), s2**0.5), schedule)
    model = Diffusion(denoiser, (1,), schedule, target="x0")
    drawn = model.sample(n, generator=torch.Generator().manual_seed(0))
    assert abs(drawn.mean().item() - mu * (1 - lost)) < 5 * drawn.std().item() / n**0.5
