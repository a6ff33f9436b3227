"""Checks of the equations of the lesson on pictures of a class that is asked for."""

import itertools

import numpy as np
import torch
from scipy import integrate, optimize, stats

from lib import class_to_picture as asked
from lib import guided_line as line
from lib.conditional_vae import mlp_conditional_vae
from lib.likelihoods import FixedGaussian
from lib.mixture import GaussianMixture
from lib.noise_schedule import cosine_schedule
from lib.pixelcnn import GatedPixelCNN
from tests.equations import checks

GRID = np.linspace(-7, 7, 2801)
CELL = GRID[1] - GRID[0]
SCHEDULE = cosine_schedule(40)


def mixture(weights, means, sds) -> GaussianMixture:
    spread = np.square(sds, dtype=float)[:, None, None]
    return GaussianMixture(np.array(weights, float), np.array(means, float)[:, None], spread)


KINDS = line.Kinds(
    np.array([0.3, 0.7]),
    [mixture([1.0], [-1.0], [0.5]), mixture([0.4, 0.6], [0.1, 1.5], [0.3, 0.4])],
)


def pdf(y: int | None, x=GRID) -> np.ndarray:
    """p(x | y), or p(x), by scipy."""
    told = [
        sum(
            q * stats.norm.pdf(x, m[0], s[0, 0] ** 0.5)
            for q, m, s in zip(part.weights, part.means, part.covariances, strict=True)
        )
        for part in KINDS.parts
    ]
    return told[y] if y is not None else sum(p * q for p, q in zip(KINDS.priors, told, strict=True))


def recognised(y: int) -> np.ndarray:
    """p(y | x_0) on the grid."""
    return KINDS.priors[y] * pdf(y) / pdf(None)


def noisy(density: np.ndarray, at: np.ndarray, kept: float) -> np.ndarray:
    """The integral of density(x_0) q(x_t | x_0) over x_0, at points `at`."""
    kernel = stats.norm.pdf(at[:, None], kept**0.5 * GRID, (1 - kept) ** 0.5)
    return kernel @ density * CELL


@checks("eq-class-wait", by="five thousand waits for each of three shares, and a long partial sum")
def waiting():
    """The mean number of draws until the first success."""
    for p in (0.1, 0.37, 0.9):
        k = np.arange(1, 3000)
        assert np.isclose(np.sum(k * (1 - p) ** (k - 1) * p), 1 / p)
        drawn = np.random.default_rng(0).random((5_000, 150)) < p
        found = drawn.argmax(1) + 1
        assert abs(found.mean() - 1 / p) < 5 * found.std() / len(found) ** 0.5


def tiny_pixel_model() -> GatedPixelCNN:
    torch.manual_seed(0)
    return GatedPixelCNN((2, 2), 2, channels=8, layers=2, c_dim=2).double().eval()


@checks("eq-class-chain", "eq-class-bayes", by="enumeration of all pictures of 2 by 2 pixels")
def told_pixel_model():
    """For each class probabilities of all pictures add up to 1; Bayes' rule from the table."""
    model = tiny_pixel_model()
    x = torch.tensor(list(itertools.product((0, 1), repeat=4))).reshape(16, 2, 2)
    priors, table = np.array([0.2, 0.8]), []
    for kind in range(2):
        c = torch.eye(2)[[kind] * 16].double()
        with torch.no_grad():
            whole = model.log_prob(x, c).numpy()
            logits = model.logits(x, c).log_softmax(1)  # (16, 2, 2, 2)
        parts = logits.gather(1, x[:, None]).flatten(1).sum(1).numpy()
        np.testing.assert_allclose(whole, parts, atol=1e-10)
        assert np.isclose(np.exp(whole).sum(), 1)
        table.append(whole)
        blind = x.clone()
        blind[:, 1, 1] = 1 - blind[:, 1, 1]  # the last pixel changes no other conditional
        with torch.no_grad():
            other = model.logits(blind, c).log_softmax(1)
        torch.testing.assert_close(other, logits)
    joint = priors * np.exp(np.stack(table, 1))
    want = joint / joint.sum(1, keepdims=True)
    np.testing.assert_allclose(asked.posterior(np.stack(table, 1), priors), want)
    assert np.abs(table[0] - table[1]).max() > 0.01  # the class does change something


@checks("eq-class-worth", by="integrals of the joint density, and entropies by scipy")
def class_is_worth_its_information():
    """The mean gain is H(y) - H(y | x), and below H(y)."""
    gain = sum(
        KINDS.priors[y] * np.sum(pdf(y) * np.log(pdf(y) / pdf(None))) * CELL for y in range(2)
    )
    entropies = stats.entropy([recognised(y) for y in range(2)])  # of p(y | x) at every x
    left = np.sum(entropies * pdf(None)) * CELL
    assert np.isclose(gain, stats.entropy(KINDS.priors) - left, atol=1e-6)
    assert 0 < gain < stats.entropy(KINDS.priors) <= np.log(2)
    points = np.linspace(-2, 2, 9)
    table = np.stack([np.log(pdf(y, points)) for y in range(2)], 1)
    for y in range(2):
        ours = asked.worth(table, np.full(9, y), KINDS.priors)
        np.testing.assert_allclose(ours, np.log(pdf(y, points) / pdf(None, points)))


@checks("eq-class-bound", by="the integral over z by scipy, of a small network")
def bound_of_the_conditional_vae():
    """The bound lies below log p(x | y), by the divergence from the true posterior."""
    torch.manual_seed(1)
    model = mlp_conditional_vae(
        (2,), 1, FixedGaussian(0.6), c_dim=2, hidden=(6,), prior="learned"
    ).double()
    z = torch.linspace(-9, 9, 6001, dtype=torch.float64)
    x = torch.tensor([[0.4, -0.3]], dtype=torch.float64)
    for kind in range(2):
        c = torch.eye(2, dtype=torch.float64)[[kind]]
        with torch.no_grad():
            m, s = (v.item() for v in model.prior(1, c))
            mu, log_var = (v.item() for v in model.encode(x, c))
            out = model.decoder(z[:, None], c.expand(len(z), -1))
            log_x = model.likelihood.log_prob(x.expand(len(z), -1), out).numpy()
            g = torch.Generator().manual_seed(0)
            ours = model.elbo(x.repeat(20_000, 1), c.repeat(20_000, 1), generator=g)
        log_joint = stats.norm.logpdf(z, m, np.exp(s / 2)) + log_x
        log_q = stats.norm.logpdf(z, mu, np.exp(log_var / 2))
        exact = np.log(integrate.simpson(np.exp(log_joint), x=z))
        q = np.exp(log_q)
        bound = integrate.simpson(q * (log_joint - log_q), x=z)
        gap = integrate.simpson(q * (log_q - (log_joint - exact)), x=z)
        assert gap > 1e-4
        assert np.isclose(bound + gap, exact, atol=1e-8)
        assert abs(ours.mean().item() - bound) < 5 * ours.std().item() / len(ours) ** 0.5


@checks("eq-class-absorb", by="quadrature of both integrals for a decoder with a bend")
def told_decoder_absorbs_the_prior():
    """A learned prior and a fixed one with a decoder that shifts and scales."""
    m, s, x = 0.7, 0.4, 0.9

    def likelihood(z):
        return stats.norm.pdf(x, np.sin(2 * z) + 0.3 * z, 0.5)

    left = integrate.quad(lambda z: stats.norm.pdf(z, m, s) * likelihood(z), -9, 9, points=[m])[0]
    right = integrate.quad(lambda u: stats.norm.pdf(u) * likelihood(m + s * u), -9, 9)[0]
    assert np.isclose(left, right, atol=1e-9)
    without = integrate.quad(lambda u: stats.norm.pdf(u) * likelihood(u), -9, 9)[0]
    assert abs(left - without) > 0.01


@checks("eq-class-game", by="a search for the best verdict on a table of pairs")
def best_detective_of_pairs():
    """Maximise the value over D(x, y), cell by cell, where y has the same share in both."""
    rng = np.random.default_rng(0)
    share = np.array([0.3, 0.7])
    real, fake = (rng.dirichlet(np.ones(4), size=2) for _ in range(2))  # p(x | y)

    def loss(scores):
        d = scores.reshape(2, 4)
        value = real * -np.logaddexp(0, -d) + fake * -np.logaddexp(0, d)
        return -(share[:, None] * value).sum()

    best = optimize.minimize(loss, np.zeros(8), tol=1e-12).x.reshape(2, 4)
    np.testing.assert_allclose(1 / (1 + np.exp(-best)), real / (real + fake), atol=1e-3)


@checks(
    "eq-class-score", "eq-class-pull", "eq-class-guided", by="difference quotients of densities"
)
def guided_score():
    """The guided answer of the library is the score of q(x_t | y) p(y | x_t)^w."""
    at, h = np.array([-1.4, -0.2, 0.5, 1.8]), 1e-3
    for t, w, y in ((5, 0.0, 1), (15, 1.5, 1), (25, 4.0, 0), (35, -1.0, 0)):
        kept = SCHEDULE.alpha_bar[t].item()

        def log_noisy(x, of, kept=kept):
            return np.log(noisy(pdf(of), x, kept))

        told, untold = (
            (log_noisy(at + h, of) - log_noisy(at - h, of)) / (2 * h) for of in (y, None)
        )

        def log_seen(x, y=y, log_noisy=log_noisy):
            return np.log(KINDS.priors[y]) + log_noisy(x, y) - log_noisy(x, None)

        pull = (log_seen(at + h) - log_seen(at - h)) / (2 * h)
        np.testing.assert_allclose(told, untold + pull, atol=1e-6)
        model = line.exact_guidance(KINDS, SCHEDULE, w)
        c = torch.eye(2, dtype=torch.float64)[[y] * len(at)]
        eps = model.denoise(torch.tensor(at)[:, None], t, c)[1][:, 0].numpy()
        np.testing.assert_allclose(-eps / (1 - kept) ** 0.5, untold + (1 + w) * pull, atol=1e-4)
        np.testing.assert_allclose(-eps / (1 - kept) ** 0.5, told + w * (told - untold), atol=1e-4)


@checks("eq-class-gap", by="the noisy tilted density by quadrature")
def noise_and_tilting_do_not_commute():
    """The ratio of what is wanted and what guidance uses, from three integrals."""
    at, y = np.array([-1.5, -0.4, 0.3, 0.9, 2.0]), 1
    for t, w in ((8, 1.0), (20, 2.5), (30, 0.0), (20, -1.0)):
        kept, seen = SCHEDULE.alpha_bar[t].item(), recognised(y)
        told, untold = (noisy(pdf(of), at, kept) for of in (y, None))
        wanted = noisy(pdf(y) * seen**w, at, kept)  # without its constant
        clear = KINDS.priors[y] * told / untold  # p(y | x_t)
        np.testing.assert_allclose(clear, noisy(pdf(None) * seen, at, kept) / untold)
        left = wanted / told / clear**w
        right = noisy(pdf(None) * seen ** (1 + w), at, kept) / untold / clear ** (1 + w)
        np.testing.assert_allclose(left, right, rtol=1e-9)
        if w in (0, -1):
            np.testing.assert_allclose(left, 1, rtol=1e-9)
        else:
            assert left.min() > 1 - 1e-12
            assert left.max() > 1.1
        product = pdf(y) * seen**w
        ours = KINDS.tilted(GRID, y, w)
        np.testing.assert_allclose(ours, product / (product.sum() * CELL), rtol=1e-6, atol=1e-12)
