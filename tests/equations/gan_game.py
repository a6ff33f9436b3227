"""Checks of the equations of the lesson on the game of a GAN."""

import numpy as np
import torch
from scipy import integrate, optimize, stats
from scipy.spatial.distance import jensenshannon
from scipy.special import expit, log_expit
from sklearn.metrics import log_loss

from lib.gan_game import Forger, Game, duel
from lib.gan_losses import cross_entropy
from lib.gan_nets import MLPDiscriminator, MLPGenerator
from tests.equations import checks

DATA = stats.norm(1, 1)
X = np.linspace(-8, 8, 801)
GAME = Game(X, DATA.pdf(X))


LINE = np.linspace(-12, 12, 6001)


def integral(f) -> float:
    return integrate.simpson(f(LINE), x=LINE)


def score(x):
    """Some detective that is not the best one."""
    return 0.4 + 0.7 * x - 0.3 * np.sin(2 * x)


def value(q, d) -> float:
    """V as an integral, of forgeries with scipy's density q and scores d(x)."""
    return integral(lambda x: DATA.pdf(x) * log_expit(d(x)) + q.pdf(x) * log_expit(-d(x)))


def best(q):
    return lambda x: DATA.logpdf(x) - q.logpdf(x)


def jsd(q) -> float:
    """As scipy has it, of two tables of masses in narrow cells."""
    return jensenshannon(np.diff(DATA.cdf(LINE)), np.diff(q.cdf(LINE))) ** 2


def difference(f, at, eps: float = 1e-4) -> np.ndarray:
    """Central difference quotients of a function of a vector."""
    steps = np.eye(len(at)) * eps
    return np.array([(f(at + s) - f(at - s)) / (2 * eps) for s in steps])


@checks("eq-gan-game-value", "eq-gan-game-integral", by="expectations over samples, an integral")
def two_ways_to_average():
    """The mean over samples x = G(z) is the integral over their density."""
    random = np.random.default_rng(3)
    q, n = stats.norm(-0.5, 1.4), 400_000
    real, fake = random.normal(1, 1, n), -0.5 + 1.4 * random.normal(size=n)
    parts = log_expit(score(real)) + log_expit(-score(fake))
    assert abs(parts.mean() - value(q, score)) < 5 * parts.std() / n**0.5
    assert np.isclose(GAME.value(Forger(-0.5, 1.4), score(X)), value(q, score), atol=1e-6)


@checks("eq-gan-game-minmax", by="a search over forgers, each answered by a search over detectives")
def order_of_the_players():
    """The forger whose best-answered value is least forges perfectly, and the value is -log 4."""

    def answered(theta):
        q = stats.norm(theta[0], np.exp(theta[1]))
        p_x, q_x, h = DATA.pdf(X), q.pdf(X), X[1] - X[0]

        def loss(w):
            d = w[0] + w[1] * X + w[2] * X**2
            slope = p_x * expit(-d) - q_x * expit(d)
            total = h * (p_x @ log_expit(d) + q_x @ log_expit(-d))
            return -total, -h * np.array([slope @ X**j for j in range(3)])

        return -optimize.minimize(loss, np.zeros(3), jac=True, method="BFGS").fun

    found = optimize.minimize(answered, (0.2, 0.3), method="Nelder-Mead", options={"xatol": 1e-3})
    np.testing.assert_allclose(found.x, (1, 0), atol=0.02)
    assert np.isclose(found.fun, -np.log(4), atol=1e-4)


@checks("eq-gan-game-entropy", by="scikit-learn's log loss, and an integral")
def classifier():
    """A classifier's cross-entropy on an equal share of both is minus half the value."""
    random = np.random.default_rng(5)
    n = 200_000
    both = np.concatenate([random.normal(1, 1, n), random.normal(-1, 0.7, n)])
    labels = np.repeat([1, 0], n)
    d = score(both)
    entropy = log_loss(labels, expit(d))
    spread = np.where(labels, log_expit(d), log_expit(-d)).std() / n**0.5
    assert abs(entropy + value(stats.norm(-1, 0.7), score) / 2) < 5 * spread
    ours = cross_entropy(*(torch.tensor(d[labels == k]) for k in (1, 0))).item()
    assert np.isclose(2 * entropy, ours)


@checks("eq-gan-game-slope", by="difference quotients in the score")
def slope():
    """The derivative of one place's part of V with respect to the score."""
    for p, q, d in np.random.default_rng(1).uniform((0, 0, -3), (1, 1, 3), (20, 3)):

        def part(s, p=p, q=q):
            return p * np.log(expit(s[0])) + q * np.log(1 - expit(s[0]))

        formula = p * (1 - expit(d)) - q * expit(d)
        assert np.isclose(difference(part, np.array([d]))[0], formula, atol=1e-7)


@checks("eq-gan-game-best", "eq-gan-game-score", by="a bounded search, place by place")
def best_answer():
    """The maximum of p log D + q log (1 - D) over D, and its log-odds."""
    q = stats.norm(-0.5, 1.4)
    for x in np.linspace(-3, 4, 15):
        pair = DATA.pdf(x), q.pdf(x)
        found = optimize.minimize_scalar(
            lambda D, pair=pair: -(pair[0] * np.log(D) + pair[1] * np.log(1 - D)),
            bounds=(0, 1), method="bounded", options={"xatol": 1e-9},
        ).x  # fmt: skip
        assert np.isclose(found, pair[0] / sum(pair), atol=1e-4)
        assert np.isclose(expit(best(q)(x)), found, atol=1e-4)


@checks("eq-gan-game-divergence", "eq-gan-game-bound", by="scipy's Jensen-Shannon distance")
def divergence():
    """The value of the best detective; every other one gives a lower bound."""
    for mean, width in ((-1, 1), (0.5, 1.5), (1, 0.3)):
        q = stats.norm(mean, width)
        assert np.isclose(value(q, best(q)), 2 * jsd(q) - np.log(4), atol=1e-5)
        for scale in (0.3, 0.8, 1.5):
            poor = value(q, lambda x, q=q, s=scale: s * best(q)(x) + 0.1)
            assert (poor + np.log(4)) / 2 < jsd(q) - 1e-4


@checks("eq-gan-game-push", by="difference quotients of the loss of a network, weight by weight")
def push():
    """Arrows on the samples times the motion of the samples give the gradient of V."""
    torch.manual_seed(0)
    g = MLPGenerator(1, (5,), (1,)).double()
    d = MLPDiscriminator((1,), (6,)).double()
    z = torch.linspace(-2, 2, 7, dtype=torch.float64)[:, None]
    weights = torch.nn.utils.parameters_to_vector(g.parameters()).detach()

    def forge(w):
        torch.nn.utils.vector_to_parameters(torch.as_tensor(w), g.parameters())
        return g(z).detach()

    def fooled(w):
        return np.log(1 - expit(d(forge(w)).detach().numpy())).mean()

    x = forge(weights).requires_grad_(True)
    scores = d(x)
    (gradient,) = torch.autograd.grad(scores.sum(), x)
    arrows = (torch.sigmoid(scores) * gradient).detach().numpy()
    steps = np.eye(len(weights)) * 1e-6
    at = weights.numpy()
    moved = [(forge(at + s) - forge(at - s)).numpy() / 2e-6 for s in steps]
    formula = [-(arrows * m).mean() for m in moved]
    np.testing.assert_allclose(formula, difference(fooled, at, 1e-6), atol=1e-7)


@checks("eq-gan-game-envelope", by="difference quotients of scipy's divergence")
def envelope():
    """With the best detective frozen, the gradient of V is that of twice the divergence."""
    for theta in ((-1.0, 1.0), (0.5, 1.3), (1.2, 0.5)):
        frozen = best(stats.norm(*theta))
        of_value = difference(lambda t, d=frozen: value(stats.norm(*t), d), np.array(theta))
        of_divergence = difference(lambda t: 2 * jsd(stats.norm(*t)), np.array(theta), 1e-3)
        np.testing.assert_allclose(of_value, of_divergence, atol=2e-4)
        np.testing.assert_allclose(
            GAME.forger_gradient(Forger(*theta), GAME.best(Forger(*theta))), of_value, atol=1e-4
        )


@checks("eq-gan-game-nash", by="integrals for many detectives and many forgers")
def equilibrium():
    """Neither player gains by leaving the rest point alone."""
    for a, b, c in np.random.default_rng(2).normal(size=(20, 3)):
        assert value(DATA, lambda x, a=a, b=b, c=c: a + b * x + c * np.cos(x)) < -np.log(4)
        q = stats.norm(a, 0.5 + abs(b))
        assert np.isclose(value(q, np.zeros_like), -np.log(4), atol=1e-6)
    assert np.isclose(value(DATA, np.zeros_like), -np.log(4))


@checks("eq-gan-game-bilinear", by="the library's loss at two points, at shrinking distances")
def bilinear():
    """The value of the smallest GAN, and the order of what the bilinear part leaves out."""
    left = []
    for scale in (0.4, 0.2, 0.1):
        theta, psi = 0.8 * scale, -1.1 * scale
        zero, at = torch.zeros(1, dtype=torch.float64), torch.tensor([theta]).double()
        exact = -cross_entropy(psi * zero, psi * at).item()
        assert np.isclose(exact, -np.log(2) - np.log(1 + np.exp(psi * theta)), atol=1e-7)
        left.append(abs(exact - (-np.log(4) - 0.5 * theta * psi)))
    np.testing.assert_allclose(np.array(left[:-1]) / left[1:], 16, rtol=0.05)


@checks("eq-gan-game-spiral", "eq-gan-game-circle", by="200 turns of the bilinear game")
def conserved():
    """At once the squared distance grows by 1 + a^2 a turn; in turn a quadratic form stays."""
    for rate in (0.1, 0.3, 1.0):
        a, rest = rate / 2, {"rate": rate, "push": lambda u: 0.5}
        length = (duel((0.7, -0.4), 200, simultaneous=True, **rest) ** 2).sum(1)
        np.testing.assert_allclose(length[1:] / length[:-1], 1 + a**2)
        theta, psi = duel((0.7, -0.4), 200, **rest).T
        form = theta**2 + psi**2 - a * theta * psi
        np.testing.assert_allclose(form, form[0])
        assert np.ptp(theta) > 1  # it does move


@checks("eq-gan-game-friction", by="the area of a triangle of three games")
def friction():
    """With R1 a turn shrinks every area by 1 - eta gamma, and games end at rest."""
    for rate, gamma in ((0.3, 0.3), (0.2, 1.0), (0.5, 0.1)):
        a, kept = rate / 2, 1 - rate * gamma
        rest = {"rate": rate, "push": lambda u: 0.5, "gamma": gamma}
        starts = ((0.0, 0.0), (1.0, 0.2), (-0.3, 0.9))
        games = np.stack([duel(start, 300, **rest) for start in starts])
        sides = games[1:] - games[0]
        area = np.linalg.det(sides[:, :6].transpose(1, 0, 2))
        np.testing.assert_allclose(area[1:] / area[:-1], kept)
        matrix = np.array([[1 - a * a, a * kept], [-a, kept]])
        assert np.isclose(np.linalg.det(matrix), kept)
        np.testing.assert_allclose(games[1, 1], matrix @ starts[1])
        assert np.abs(games[:, -1]).max() < 0.02


@checks("eq-gan-game-other", by="difference quotients of divergences by scipy")
def non_saturating():
    """Minus log D, the best detective frozen, descends KL(p_theta || p_data) - 2 JSD."""

    def descended(theta):
        q = stats.norm(*theta)
        kl = integral(lambda x: q.pdf(x) * (q.logpdf(x) - DATA.logpdf(x)))
        return kl - 2 * jsd(q)

    for theta in ((-1.0, 1.0), (0.5, 1.3), (1.2, 0.5)):
        frozen = best(stats.norm(*theta))

        def loss(t, d=frozen):
            return integral(lambda x: -stats.norm(*t).pdf(x) * log_expit(d(x)))

        want = difference(descended, np.array(theta), 1e-3)
        np.testing.assert_allclose(difference(loss, np.array(theta)), want, atol=3e-4)
