"""Checks of the equations of the lesson that derives the VAE."""

import numpy as np
import torch
from scipy import integrate, optimize, stats
from scipy.special import expit

from lib import light_toy
from lib.gradient_estimators import reparameterised, score_function
from lib.light_toy import SIDES, LightToy
from lib.likelihoods import Bernoulli, Categorical, FixedGaussian, PixelGaussian, SharedGaussian
from lib.linear_vae import LinearVAE, from_ppca
from lib.ppca import PPCA
from lib.vae_slips import MismatchedVAE
from tests.equations import checks

THETA, X = 1.7, np.array([1, 1, 0, 0, 1, 0, 0, 1])
Q = stats.norm(0.4, 0.6)  # any q that is positive everywhere


def likelihood(z: float, x: np.ndarray = X) -> float:
    """p(x | z) of the toy, pixel by pixel."""
    white = expit(THETA * SIDES * z)
    return np.where(x == 1, white, 1 - white).prod()


def integral(f) -> float:
    return integrate.quad(f, -9, 9, epsabs=1e-12, limit=300)[0]


def evidence(x: np.ndarray = X) -> float:
    return integral(lambda z: stats.norm.pdf(z) * likelihood(z, x))


def posterior(z: float) -> float:
    return stats.norm.pdf(z) * likelihood(z) / evidence_of_x


def mean_of_q(f) -> float:
    return integral(lambda z: Q.pdf(z) * f(z))


evidence_of_x = evidence()


def terms() -> tuple[float, float, float]:
    """E_q[log p(x | z)], KL(q || prior), KL(q || posterior), each an integral."""
    fit = mean_of_q(lambda z: np.log(likelihood(z)))
    rate = mean_of_q(lambda z: Q.logpdf(z) - stats.norm.logpdf(z))
    gap = mean_of_q(lambda z: Q.logpdf(z) - np.log(posterior(z)))
    return fit, rate, gap


def rng() -> np.random.Generator:
    return np.random.default_rng(41)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@checks("eq-vae-marginal", by="the frequency of a picture among 400,000 samples of the toy")
def marginal():
    """The integral is how often z, then x, gives this picture."""
    n = 400_000
    p = np.mean(np.all(LightToy(THETA).sample(n, rng()) == X, axis=1))
    assert abs(p - evidence_of_x) < 5 * np.sqrt(p / n)


@checks("eq-vae-posterior", by="z of those samples that gave the picture: Kolmogorov and Smirnov")
def bayes():
    """Among draws (z, x), the z that go with this x have the density of the formula."""
    z = rng().normal(size=400_000)
    x = rng().uniform(size=(len(z), 8)) < expit(THETA * SIDES * z[:, None])
    kept = z[np.all(x == X, axis=1)]
    grid = np.linspace(-6, 6, 1201)
    density = np.array([posterior(v) for v in grid])
    assert np.isclose(integrate.simpson(density, x=grid), 1)
    below = integrate.cumulative_simpson(density, x=grid, initial=0)
    assert len(kept) > 500
    assert stats.kstest(kept, lambda v: np.interp(v, grid, below)).pvalue > 1e-3
    assert stats.kstest(kept, stats.norm.cdf).pvalue < 1e-6


@checks("eq-vae-naive", by="numerical integration")
def naive():
    """The average of p(x | z) over draws from the prior is the integral, within five errors."""
    values = np.array([likelihood(z) for z in rng().normal(size=20_000)])
    assert abs(values.mean() - evidence_of_x) < 5 * values.std() / len(values) ** 0.5


@checks("eq-vae-insert", "eq-vae-route-bayes", by="three separate integrals and a fourth for log p")
def route_bayes():
    """The product under the logarithm is p(x) at every z; the three terms add up to log p(x)."""
    for z in (-2.0, 0.3, 1.9):
        ratios = stats.norm.pdf(z) / Q.pdf(z), Q.pdf(z) / posterior(z)
        assert np.isclose(likelihood(z) * ratios[0] * ratios[1], evidence_of_x)
    fit, rate, gap = terms()
    assert np.isclose(fit - rate + gap, np.log(evidence_of_x))
    assert min(rate, gap) > 0.01


@checks("eq-vae-elbo", by="integrals for 25 densities q")
def bound():
    """No q passes log p(x), and the posterior reaches it."""
    for mean in np.linspace(-1, 1.5, 5):
        for std in np.linspace(0.2, 1.2, 5):
            q = stats.norm(mean, std)

            def inside(z, q=q):
                return q.pdf(z) * (np.log(likelihood(z)) - q.logpdf(z) + stats.norm.logpdf(z))

            assert integral(inside) < np.log(evidence_of_x)
    exact = integral(
        lambda z: (
            posterior(z) * (np.log(likelihood(z)) - np.log(posterior(z)) + stats.norm.logpdf(z))
        )
    )
    assert np.isclose(exact, np.log(evidence_of_x))


@checks("eq-vae-route-free", by="integrals; gradient steps on q that never see the posterior")
def route_free():
    """Bound + gap = log p(x) for every q; the q of the largest bound is that of the least gap."""
    free = mean_of_q(lambda z: np.log(stats.norm.pdf(z) * likelihood(z)) - Q.logpdf(z))
    assert np.isclose(free + terms()[2], np.log(evidence_of_x))
    assert np.isclose(free, terms()[0] - terms()[1])
    toy = LightToy(THETA)
    found = [
        optimize.minimize(lambda v, f=f: f(v[0], np.exp(v[1])), [0.0, 0.0]).x
        for f in (lambda m, s: -toy.elbo(X[None], m, s)[0], lambda m, s: toy.gap(X[None], m, s)[0])
    ]
    np.testing.assert_allclose(found[0], found[1], atol=1e-3)


@checks("eq-vae-jensen", by="integrals of the ratio and of its logarithm")
def jensen():
    """The mean ratio is p(x), its mean logarithm lies below; for the posterior both agree."""

    def ratio(z):
        return stats.norm.pdf(z) * likelihood(z) / Q.pdf(z)

    assert np.isclose(mean_of_q(ratio), evidence_of_x)
    below = mean_of_q(lambda z: np.log(ratio(z)))
    assert below < np.log(evidence_of_x) - 0.01
    assert np.isclose(below, terms()[0] - terms()[1])
    constant = [stats.norm.pdf(z) * likelihood(z) / posterior(z) for z in (-1.0, 0.0, 2.0)]
    np.testing.assert_allclose(constant, evidence_of_x)


@checks(
    "eq-vae-route-joint", "eq-vae-chain", by="a sum over all 256 pictures and 2,001 values of z"
)
def route_joint():
    """The joint divergence as one double sum equals both ways to take it apart."""
    x, p_data = light_toy.all_pictures(), light_toy.data_distribution(0.2)
    z = np.linspace(-8, 8, 2001)
    step = z[1] - z[0]
    white = expit(THETA * SIDES[:, None] * z)  # (8, G)
    p_x_given_z = np.exp(x @ np.log(white) + (1 - x) @ np.log(1 - white))  # (256, G)
    q = stats.norm.pdf(z, 0.2 * light_toy.balance(x)[:, None], 0.5)
    left, right = p_data[:, None] * q, stats.norm.pdf(z) * p_x_given_z
    divergence = step * np.sum(left * np.log(left / right))
    p = step * right.sum(axis=1)
    fit = step * np.sum(q * np.log(p_x_given_z), axis=1)
    rate = step * np.sum(q * np.log(q / stats.norm.pdf(z)), axis=1)
    gap = step * np.sum(q * np.log(q / (right / p[:, None])), axis=1)
    entropy = stats.entropy(p_data)
    assert np.isclose(divergence, -p_data @ (fit - rate) - entropy)
    assert np.isclose(divergence, stats.entropy(p_data, p) + p_data @ gap)


@checks("eq-vae-encoder", "eq-vae-draw", by="moments of 200,000 draws of a real encoder")
def encoder():
    """z that the model draws for one x has the encoder's mean, and sigma^2 on a diagonal."""
    torch.manual_seed(0)
    model = LinearVAE(3, 2).double().requires_grad_(False)
    model.encoder.log_var.copy_(torch.tensor([-1.0, 0.7]))
    x = torch.tensor([[0.3, -1.0, 2.0]], dtype=torch.float64)
    mean, log_var = model.encode(x)
    seen = []
    model.decoder.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    model.terms(x.expand(200_000, -1), generator=seeded())
    np.testing.assert_allclose(seen[0].mean(0), mean[0], atol=0.02)
    sigma = torch.exp(log_var[0] / 2).numpy()
    np.testing.assert_allclose(np.cov(seen[0].T), np.diag(sigma**2), atol=0.03)
    eps = torch.randn(1, 2, generator=seeded(3), dtype=torch.float64)
    model.terms(x, generator=seeded(3))
    np.testing.assert_allclose(seen[1], mean + torch.tensor(sigma) * eps)


@checks("eq-vae-rate", by="numerical integration of q log(q / p), dimension by dimension")
def rate():
    """The closed form equals the integrals, which add up because both densities are products."""
    mean, s = np.array([0.3, -1.2, 0.0]), np.array([-1.0, 0.6, -2.5])
    total = 0.0
    for m, log_var in zip(mean, s, strict=True):
        q = stats.norm(m, np.exp(log_var / 2))
        total += integral(lambda z, q=q: q.pdf(z) * (q.logpdf(z) - stats.norm.logpdf(z)))
    assert np.isclose(0.5 * np.sum(np.exp(s) + mean**2 - 1 - s), total)


@checks("eq-vae-score", "eq-vae-reparam", by="finite differences of a numerical integral")
def estimators():
    """Averages of both estimators are the slope of E_q[f], for an f without a closed form."""

    def expected(mean, s):
        q = stats.norm(mean, np.exp(s / 2))
        return integral(lambda z: q.pdf(z) * np.sin(2 * z + 0.5) * z)

    at, h = (0.4, -0.6), 1e-4
    slopes = [
        (expected(at[0] + h, at[1]) - expected(at[0] - h, at[1])) / (2 * h),
        (expected(at[0], at[1] + h) - expected(at[0], at[1] - h)) / (2 * h),
    ]
    tensors = [torch.tensor([v], dtype=torch.float64) for v in at]
    for estimator in (score_function, reparameterised):
        found = estimator(
            lambda z: (torch.sin(2 * z + 0.5) * z).sum(1),
            *tensors,
            draws=200_000,
            generator=seeded(),
        )
        for estimates, slope in zip(found, slopes, strict=True):
            error = estimates.std().item() / 200_000**0.5
            assert abs(estimates.mean().item() - slope) < 5 * error


@checks("eq-vae-bernoulli", by="scipy's probabilities, pixel by pixel; all pictures of 6 pixels")
def bernoulli():
    """The cross-entropy is minus the log-probability, and the probabilities sum to one."""
    o = rng().normal(size=6)
    x = np.array(list(np.ndindex(*[2] * 6)))
    formula = np.sum(np.log(1 + np.exp(o)) - x * o, axis=1)
    np.testing.assert_allclose(formula, -stats.bernoulli.logpmf(x, expit(o)).sum(axis=1))
    assert np.isclose(np.exp(-formula).sum(), 1)
    out = torch.tensor(o).expand(len(x), 1, 6)
    ours = -Bernoulli().log_prob(torch.tensor(x).double(), out)
    np.testing.assert_allclose(ours, formula)


@checks("eq-vae-categorical", by="a product of normalised probabilities; all pictures of 3 pixels")
def categorical():
    """Levels have probabilities in the ratio of exp(o); over all pictures they sum to one."""
    o = rng().normal(size=(4, 3))  # four levels, three pixels
    levels = np.array(list(np.ndindex(4, 4, 4)))
    weights = np.exp(o) / np.exp(o).sum(axis=0)
    product = np.prod([weights[levels[:, i], i] for i in range(3)], axis=0)
    formula = [sum(np.log(np.exp(o).sum(axis=0))) - sum(o[at, range(3)]) for at in levels]
    np.testing.assert_allclose(formula, -np.log(product))
    assert np.isclose(np.exp(-np.array(formula)).sum(), 1)
    out = torch.tensor(o).expand(len(levels), 4, 3)
    ours = -Categorical(4).log_prob(torch.tensor(levels / 3), out)
    np.testing.assert_allclose(ours, formula)


@checks("eq-vae-pixel", by="scipy's density of one Gaussian with a diagonal covariance")
def pixel_noise():
    """The sum over pixels is minus the log of the joint density, for both positive outputs."""
    x, mean, a = rng().normal(size=(3, 5))
    for way, sigma in (("exp", np.exp(a / 2)), ("softplus", np.log(1 + np.exp(a)))):
        formula = np.sum((x - mean) ** 2 / (2 * sigma**2) + 0.5 * np.log(2 * np.pi * sigma**2))
        assert np.isclose(formula, -stats.multivariate_normal(mean, np.diag(sigma**2)).logpdf(x))
        out = torch.tensor(np.stack([mean, a]))[None]
        ours = PixelGaussian(positive=way, smallest=0.0).log_prob(torch.tensor(x)[None], out)
        assert np.isclose(-ours.item(), formula)


@checks("eq-vae-mse", by="scipy's density, pixel by pixel")
def squared_error():
    """Squared error over 2 sigma^2 and the constant add up to minus the log density."""
    random = rng()
    x, x_hat, std = random.normal(size=12), random.normal(size=12), 0.3
    formula = np.sum((x - x_hat) ** 2) / (2 * std**2) + 12 / 2 * np.log(2 * np.pi * std**2)
    pixels = [-stats.norm.logpdf(a, b, std) for a, b in zip(x, x_hat, strict=True)]
    assert np.isclose(formula, sum(pixels))
    ours = FixedGaussian(std).double()
    got = ours.log_prob(torch.tensor(x)[None], torch.tensor(x_hat)[None, None])
    assert np.isclose(-got.item(), formula, rtol=1e-6)


@checks("eq-vae-noise", by="a search over sigma")
def best_noise():
    """No noise level gives a smaller loss than the root mean squared error of a pixel."""
    random = rng()
    x, x_hat = random.normal(size=(2, 50, 12))
    given = torch.tensor(x), torch.tensor(x_hat)[:, None]

    def loss(log_std):
        return -SharedGaussian(np.exp(log_std)).log_prob(*given).mean().item()

    found = np.exp(optimize.minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)
    assert np.isclose(found**2, np.mean((x - x_hat) ** 2), rtol=1e-3)


@checks("eq-vae-active", by="a general optimiser on all parameters, and the bound of rivals")
def active():
    """With sigma fixed, ascent of the exact bound ends at the rate of the formula."""
    random = rng()
    x = random.normal(size=(400, 4)) @ np.diag([2.0, 1.2, 0.6, 0.3])
    x = torch.tensor(x - x.mean(0))
    values = np.linalg.eigvalsh(np.cov(x.numpy().T, bias=True))[::-1]
    for std in (0.4, 0.9, 1.5):
        torch.manual_seed(1)
        model = LinearVAE(4, 3, noise=std).double()
        model.likelihood.log_var.data.fill_(2 * np.log(std))
        model.likelihood.log_var.requires_grad_(False)
        free = [p for p in model.parameters() if p.requires_grad]
        optimiser = torch.optim.LBFGS(
            free, max_iter=2000, tolerance_grad=1e-10, tolerance_change=1e-15,
            line_search_fn="strong_wolfe",
        )  # fmt: skip

        def closure(model=model, optimiser=optimiser):
            optimiser.zero_grad()
            loss = -model.exact_elbo(x).mean()
            loss.backward()
            return loss

        optimiser.step(closure)
        rate = model.exact_terms(x)[1].mean().item()
        used = values[:3][values[:3] > std**2]
        assert np.isclose(rate, 0.5 * np.log(used / std**2).sum(), atol=2e-3)
        norms = torch.linalg.svdvals(model.weights.detach()).numpy()
        assert np.sum(norms > 0.05) == len(used)


@checks("eq-vae-penalty", by="minimisation from ten starts, and a grid")
def penalty():
    """The penalty is zero at s = m = 0, positive elsewhere, and twice the rate."""

    def value(v):
        return np.exp(v[0]) - (1 + v[0]) + v[1] ** 2

    for start in rng().normal(size=(10, 2)) * 2:
        found = optimize.minimize(value, start)
        np.testing.assert_allclose(found.x, 0, atol=1e-3)
        assert abs(found.fun) < 1e-6
    s, m = np.meshgrid(np.linspace(-5, 5, 100), np.linspace(-5, 5, 100))  # 0 is not among them
    assert np.all(value((s, m)) > 0)
    q = stats.norm(0.7, np.exp(-0.4))  # s = -0.8
    rate = integral(lambda z: q.pdf(z) * (q.logpdf(z) - stats.norm.logpdf(z)))
    assert np.isclose(value((-0.8, 0.7)), 2 * rate)


def settled(model: LinearVAE, distortion) -> LinearVAE:
    """A linear model whose exact loss, distortion plus rate, has been minimised by L-BFGS."""
    optimiser = torch.optim.LBFGS(
        model.parameters(), max_iter=3000, tolerance_grad=1e-9, tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )  # fmt: skip

    def closure():
        optimiser.zero_grad()
        loss = distortion(model)
        loss.backward()
        return loss

    optimiser.step(closure)
    return model.requires_grad_(False)


@checks("eq-vae-aggregate", "eq-vae-mismatch", by="two models trained to the bottom of their loss")
def second_moments():
    """At the minimum the codes obey the rule of their noise, and break the other one."""
    x = torch.tensor(rng().normal(size=(300, 5)) @ rng().normal(size=(5, 5)))
    model = from_ppca(PPCA(np.zeros(5), rng().normal(size=(5, 2)), 0.5))
    right = settled(model, lambda m: -m.exact_elbo(x).mean())

    def mismatched(m):  # the noise has variance exp(2 s), the penalty believes exp(s)
        mean, s = m.encode(x)
        rate = 0.5 * (torch.exp(s) + mean**2 - 1 - s).sum(1)
        misfit = ((x - m.bias - mean @ m.weights.T) ** 2).sum(1)
        spread = torch.exp(2 * s) @ (m.weights**2).sum(0)
        log_var = m.likelihood.log_var
        return (rate + 0.5 * ((misfit + spread) * torch.exp(-log_var) + 5 * log_var)).mean()

    torch.manual_seed(0)
    wrong = settled(MismatchedVAE(5, 2).double(), mismatched)
    sums = []
    for model in (right, wrong):
        mean, s = model.encode(x)
        moments = (mean**2).mean(0), torch.exp(s).mean(0)
        sums.append([(moments[0] + moments[1]).numpy(), (2 * moments[0] + moments[1]).numpy()])
    np.testing.assert_allclose(sums[0][0], 1, atol=1e-3)
    np.testing.assert_allclose(sums[1][1], 1, atol=1e-3)
    assert np.all(sums[0][1] > 1.2)
    assert np.all(sums[1][0] < 0.8)
