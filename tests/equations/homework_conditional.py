"""Checks of the equations in the homework on conditional generation."""

import numpy as np
import torch
from scipy import integrate, optimize, stats
from torch import nn

from lib.homework_conditional import random_joints, shares, value_for
from lib.homework_conditional_guidance import Line, scatter
from lib.homework_conditional_inverse import answers_exactly, nearest
from lib.homework_conditional_pictures import pixels_of
from lib.homework_conditional_pix2pix import Judge, Painter, losses_of
from lib.homework_conditional_tables import Histogram
from lib.homework_conditional_vae import divergence
from tests.equations import checks


def two_classes():
    """Weights, means and widths of two classes on a line, and draws (class, number)."""
    rng = np.random.default_rng(0)
    prior, means, stds = np.array([0.3, 0.7]), np.array([-1.0, 0.8]), np.array([0.6, 1.1])
    y = rng.choice(2, size=400_000, p=prior)
    return prior, means, stds, y, means[y] + stds[y] * rng.normal(size=len(y))


@checks("eq-hw-conditional-bayes", by="counting classes among draws that fall near one place")
def bayes():
    """The share of class 1 among draws of both classes near x is p(1 | x) by the equation."""
    prior, means, stds, y, x = two_classes()
    for place in (-1.2, 0.0, 1.5):
        p = prior * stats.norm.pdf(place, means, stds)
        right = p / p.sum()
        assert abs(y[np.abs(x - place) < 0.05].mean() - right[1]) < 0.02
        assert np.allclose(shares(np.log(p / prior)[None], prior), right)


@checks("eq-hw-conditional-told", by="integrals over a line, and draws")
def told():
    """The mixture is a density; at every draw the class is worth at most log 1 / p(y)."""
    prior, means, stds, y, x = two_classes()

    def untold(x):
        return (prior * stats.norm.pdf(np.asarray(x)[..., None], means, stds)).sum(-1)

    assert np.isclose(integrate.quad(untold, -9, 9)[0], 1)
    worth = stats.norm.logpdf(x, means[y], stds[y]) - np.log(untold(x))
    assert np.all(worth <= -np.log(prior[y]) + 1e-9)
    assert worth.max() > 0.5 * -np.log(prior.min())
    assert worth.mean() > 0


@checks("eq-hw-conditional-bound", by="quadrature over z of a bent decoder, class by class")
def bound():
    """The bound stays below log p(x | y) = log of an integral, and meets it at the posterior."""
    z, step = np.linspace(-12, 12, 6001, retstep=True)
    x, noise = 1.3, 0.8
    for mean, std, bend in [(0.5, 0.7, 0.4), (-1.0, 1.2, 0.0)]:
        prior = stats.norm(mean, std)
        log_joint = stats.norm.logpdf(x, z + bend * np.sin(z), noise) + prior.logpdf(z)
        exact = np.log(np.exp(log_joint).sum() * step)
        for m, s in [(0.2, 0.5), (1.0, 0.9), (0.7, 0.6)]:
            q = stats.norm(m, s)
            fit = (q.pdf(z) * (log_joint - prior.logpdf(z))).sum() * step
            given = [
                torch.tensor([[v]]).double() for v in (m, 2 * np.log(s), mean, 2 * np.log(std))
            ]
            assert fit - divergence(tuple(given)).item() < exact
        if bend == 0:  # Gaussian: the posterior is known, and the bound is tight there
            share = std**2 / (std**2 + noise**2)
            q = stats.norm(mean + share * (x - mean), noise * np.sqrt(share))
            inside = np.abs(z - q.mean()) < 12 * q.std()
            gain = (log_joint - q.logpdf(z))[inside]
            assert np.isclose((q.pdf(z)[inside] * gain).sum() * step, exact)


@checks("eq-hw-conditional-guidance", by="difference quotients of the noisy classes' densities")
def guidance():
    """Both forms agree where densities are written out, and with the homework's complex steps."""
    prior, means, stds, _, _ = two_classes()
    kept, w, h = 0.6, 2.5, 1e-5
    widths = np.sqrt(kept * stds**2 + 1 - kept)

    def classes(x):
        return stats.norm.pdf(x, np.sqrt(kept) * means, widths)

    def slope(log_p, x):
        return (log_p(x + h) - log_p(x - h)) / (2 * h)

    for x in (-2.0, 0.1, 1.7):
        for y in (0, 1):
            of_y = slope(lambda x, y=y: np.log(classes(x)[y]), x)
            of_all = slope(lambda x: np.log(classes(x) @ prior), x)
            tilted = slope(
                lambda x, y=y: np.log(
                    classes(x)[y] * (prior[y] * classes(x)[y] / (classes(x) @ prior)) ** w
                ),
                x,
            )
            assert np.isclose(of_y + w * (of_y - of_all), tilted, atol=1e-6)
            line = Line(prior, means, stds, kept)
            assert np.isclose(line.score(np.array([x]), np.array([y]), w)[0], tilted, atol=1e-6)
    pair = Line(np.array([0.5, 0.5]), np.array([-1.0, 1.0]), np.ones(2), kept)
    root = optimize.brentq(lambda x: pair.score(np.array([x]), np.array([1]), 8.0)[0], 0, 9)
    assert root > np.sqrt(kept) + 0.3  # beyond the class, away from the other one


@checks("eq-hw-conditional-spread", by="the traces of covariance matrices of widened clouds")
def spread():
    """Clouds that are c times as wide as the real ones, at any place, have the spread c^2."""
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(3), 7)
    real = rng.normal(size=(21, 4)) + labels[:, None]
    traces = [np.trace(np.cov(real[labels == k].T, ddof=0)) for k in range(3)]
    assert np.isclose(scatter(real, labels), np.mean(traces))
    centred = real - np.array([real[labels == k].mean(axis=0) for k in labels])
    moved = 0.5 * centred + 9 * rng.normal(size=(3, 4))[labels]
    assert np.isclose(scatter(moved, labels) / scatter(real, labels), 0.25)


@checks("eq-hw-conditional-game", by="climbing the value from a random table of scores")
def game():
    """The highest value found by a general optimiser, for a D that sees y and for one that not."""
    rng = np.random.default_rng(2)
    p, q = random_joints(rng, 2, 3, "any")
    assert np.allclose(p.sum(axis=1), q.sum(axis=1))

    def minus(scores, shape):
        d = np.broadcast_to(scores.reshape(shape), p.shape)
        return (p * np.logaddexp(0, -d)).sum() + (q * np.logaddexp(0, d)).sum()

    pairs = [((2, 3), value_for(p, q)), ((1, 3), value_for(p.sum(axis=0), q.sum(axis=0)))]
    for shape, right in pairs:
        start = rng.normal(size=np.prod(shape))
        found = optimize.minimize(minus, start, args=(shape,), tol=1e-12)
        assert np.isclose(-found.fun, right)
    p, q = random_joints(rng, 3, 4, "deaf")
    assert np.isclose(value_for(p.sum(axis=0), q.sum(axis=0)), -np.log(4))
    assert value_for(p, q) > -np.log(4) + 0.01


@checks("eq-hw-conditional-field", by="gradients through PyTorch's convolutions")
def field():
    """The pixels whose gradient at one score is not 0 are as many as the equation says."""
    for layers in ([(4, 2, 1), (4, 2, 1), (4, 1, 1)], [(3, 2, 2), (5, 3, 1)]):
        r, step = 1, 1
        for kernel, stride, _ in layers:
            r, step = r + (kernel - 1) * step, step * stride
        convs = []
        for kernel, stride, padding in layers:
            convs.append(nn.Conv1d(1, 1, kernel, stride=stride, padding=padding))
            nn.init.ones_(convs[-1].weight)
        x = torch.zeros(1, 1, 120, requires_grad=True)
        nn.Sequential(*convs)(x)[0, 0, 7].backward()
        seen = x.grad[0, 0].nonzero().flatten()
        assert len(seen) == r
        assert (int(seen[0]), int(seen[-1])) == pixels_of(layers, 7)


@checks("eq-hw-conditional-dull", by="a general optimiser on the two costs of skewed draws")
def dull():
    """The least squared difference is at the mean, the least absolute one at the median."""
    x = np.random.default_rng(3).exponential(size=2001)
    for power, right in [(2, x.mean()), (1, np.median(x))]:
        found = optimize.minimize_scalar(
            lambda a, power=power: (np.abs(x - a) ** power).mean(), bounds=(0, 5), method="bounded"
        )
        assert abs(found.x - right) < 1e-2
    assert x.mean() - np.median(x) > 0.2


@checks("eq-hw-conditional-pix2pix", by="sums over patches and pixels, one by one")
def pix2pix():
    """Both losses from probabilities D of single patches."""
    rng = np.random.default_rng(4)
    g, d = Painter(rng, 2, 3), Judge(rng, 2)
    x, c = torch.tensor(rng.normal(size=(3, 1, 4, 4))), torch.tensor(rng.normal(size=(3, 2, 4, 4)))
    z = torch.tensor(rng.normal(size=(3, 3)))
    given = {"x": x, "c": c, "z_d": z, "z_g": z, "lam": 0.3}
    answer, count = g(z, c), 3 * 2 * 2
    real, fake = (torch.sigmoid(d(v, c)).detach().flatten().tolist() for v in (x, answer))
    of_d = -sum(np.log(p) for p in real) / count - sum(np.log(1 - p) for p in fake) / count
    away = np.abs(x.numpy() - answer.detach().numpy()).sum()
    of_g = -sum(np.log(p) for p in fake) / count + 0.3 * away / 3
    assert np.allclose([v.item() for v in losses_of(g, d, given)], [of_d, of_g])


@checks("eq-hw-conditional-projection", by="a general optimiser with A x = y as a constraint")
def projection():
    """No picture that answers is nearer to x, and the peer by multipliers finds the same."""
    rng = np.random.default_rng(5)
    a, x, y = rng.normal(size=(2, 4)), rng.normal(size=4), rng.normal(size=2)
    hat = x + np.linalg.pinv(a) @ (y - a @ x)
    found = optimize.minimize(
        lambda v: ((v - x) ** 2).sum(),
        np.zeros(4),
        constraints={"type": "eq", "fun": lambda v: a @ v - y},
        tol=1e-12,
    )
    assert np.allclose(found.x, hat, atol=1e-5)
    assert np.allclose(a @ hat, y)
    assert np.allclose(nearest(a, x[None], y[None])[0], hat)


@checks("eq-hw-conditional-gaussian", by="draws of a Gaussian that happen to fit the question")
def gaussian():
    """Mean and covariance of those draws whose A x is near y; and the null-space formulas."""
    rng = np.random.default_rng(6)
    root = np.array([[1.0, 0, 0], [0.6, 0.8, 0], [-0.3, 0.5, 0.7]])
    mean, cov, a = np.array([0.5, -1, 0.2]), root @ root.T, np.array([[1.0, -0.5, 0.4]])
    y = a @ mean + 0.7
    gain = cov @ a.T @ np.linalg.inv(a @ cov @ a.T)
    moved, left = mean + gain @ (y - a @ mean), cov - gain @ a @ cov
    x = mean + rng.normal(size=(1_000_000, 3)) @ root.T
    fits = x[np.abs(x @ a[0] - y) < 0.02]
    assert np.abs(fits.mean(axis=0) - moved).max() < 0.03
    assert np.abs(np.cov(fits.T) - left).max() < 0.03
    _, means, covs = answers_exactly(np.ones(1), mean[None], cov[None], a, y)
    assert np.allclose(means[0], moved)
    assert np.allclose(covs[0], left)


@checks("eq-hw-conditional-dequantised", by="quadrature over the bin, level by level")
def dequantised():
    """The mean over u is a bound on log P(k), the integral over the bin, tight without slopes."""
    for slope, tight in [(0.9, False), (0.0, True)]:
        density = Histogram(np.random.default_rng(7), 1, 4, slope)
        for k in range(4):
            u = np.linspace(0.0005, 0.9995, 1000)
            log_p = density(((k + u) / 4)[:, None])
            mass = np.exp(log_p).mean() / 4
            bound = log_p.mean() - np.log(4)
            assert np.isclose(mass, density.table[0, k], rtol=1e-4)
            assert np.isclose(bound, np.log(mass)) if tight else bound < np.log(mass) - 1e-4
    pictures = np.array([[k] for k in range(4)])
    at = np.full((1, 4, 1), 0.3)
    assert np.isclose(np.exp(density.nats(pictures, at)).sum(), 1)
