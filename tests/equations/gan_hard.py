"""Checks of the equations of the lesson on why a GAN is hard to train."""

from itertools import pairwise

import numpy as np
import torch
from scipy import integrate, optimize, stats
from scipy.special import expit, rel_entr

from lib.gan_dirac import growth, walk
from lib.gan_losses import GAMES, cross_entropy
from lib.gan_nets import MLPDiscriminator
from lib.gan_penalties import gradient_penalty
from tests.equations import checks

LINE = np.linspace(-14, 24, 7601)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@checks("eq-gan-hard-far", by="tables of two points, and scipy's Wasserstein distance")
def far():
    """Two points apart have divergence log 2 at any distance; mass is carried over the distance."""
    for a in (-3.0, 0.001, 7.0):
        p, q = np.array([1.0, 0.0]), np.array([0.0, 1.0])
        middle = (p + q) / 2
        jsd = (rel_entr(p, middle).sum() + rel_entr(q, middle).sum()) / 2
        assert np.isclose(jsd, np.log(2))
        assert np.isclose(stats.wasserstein_distance([0.0], [a]), abs(a))


@checks("eq-gan-hard-slopes", by="central differences of logarithms of probabilities")
def slopes():
    """Differences of log(1 - D) and -log D, by numpy, are minus D and minus 1 - D."""
    h = 1e-6
    for d in (-4.0, -0.3, 0.0, 2.5):
        forged = (np.log(1 - expit(d + h)) - np.log(1 - expit(d - h))) / (2 * h)
        missed = (-np.log(expit(d + h)) + np.log(expit(d - h))) / (2 * h)
        assert np.isclose(forged, -1 / (1 + np.exp(-d)), atol=1e-8)
        assert np.isclose(missed, -1 / (1 + np.exp(d)), atol=1e-8)


@checks("eq-gan-hard-vanish", by="moving the bell against a fixed detective, by quadrature")
def vanish():
    """The difference quotient of E log(1 - D*) has the stated size, below the stated bound."""
    for delta in (0.5, 2.0, 5.0):
        best = stats.norm.logpdf(LINE) - stats.norm.logpdf(LINE, delta)
        assert np.allclose(best, delta**2 / 2 - delta * LINE)

        def loss(mean, best=best):
            return integrate.simpson(stats.norm.pdf(LINE, mean) * -np.logaddexp(0, best), x=LINE)

        found = abs(loss(delta + 1e-4) - loss(delta - 1e-4)) / 2e-4
        mean_d = integrate.simpson(stats.norm.pdf(LINE, delta) * expit(best), x=LINE)
        assert np.isclose(found, delta * mean_d, rtol=1e-5)
        assert found <= delta / 2 * np.exp(-(delta**2) / 8)


@checks("eq-gan-hard-round", by="steps of the exact game close to the rest point")
def one_round():
    """A round of the game itself, from a millionth away, is the linear round."""
    for gamma in (0.0, 0.4):
        path = walk(5, rate=0.2, gamma=gamma, start=1e-6)
        for (theta, psi), after in pairwise(path):
            new = (1 - 0.2 * gamma) * psi - 0.1 * theta
            assert np.allclose(after, (theta + 0.1 * new, new), rtol=1e-5, atol=1e-15)


@checks("eq-gan-hard-radius", by="numpy's eigenvalues and the growth of a long path")
def radius():
    """The largest eigenvalue, and the shrinking of a path, have the modulus of the formula."""
    for eta, gamma in ((0.1, 0.0), (0.1, 0.5), (0.3, 0.2)):
        want = np.sqrt(1 - eta * gamma)
        table = [[1 - eta**2 / 4, eta / 2 * (1 - eta * gamma)], [-eta / 2, 1 - eta * gamma]]
        assert np.allclose(np.abs(np.linalg.eigvals(np.array(table))), want)
        assert np.isclose(growth(rate=eta, gamma=gamma), want)
        path = np.linalg.norm(walk(400, rate=eta, gamma=gamma, start=1e-6), axis=1)
        assert abs((path[-1] / path[0]) ** (1 / 400) - want) < 2e-3


@checks("eq-gan-hard-squares", by="loops over numbers")
def squares():
    """Both losses of the library are the sums of squares written out."""
    real, fake = some(7), some(7, seed=1)
    by_hand = sum((r - 1) ** 2 / 2 + f**2 / 2 for r, f in zip(real, fake, strict=True)) / 7
    game = GAMES["least squares"]
    assert torch.isclose(game.discriminator(real, fake), by_hand)
    assert torch.isclose(game.generator(fake), sum((f - 1) ** 2 / 2 for f in fake) / 7)


@checks("eq-gan-hard-dual", by="a linear programme over all scores of slope 1, against scipy")
def dual():
    """The best score under the constraint gains what it costs to carry the mass."""
    places = np.array([-1.0, 0.2, 0.5, 1.7, 3.0])
    p, q = np.array([0.5, 0.1, 0.0, 0.2, 0.2]), np.array([0.0, 0.3, 0.4, 0.1, 0.2])
    rows, bounds = [], []
    for i in range(5):
        for j in range(5):
            if i != j:
                rows.append(np.eye(5)[i] - np.eye(5)[j])
                bounds.append(abs(places[i] - places[j]))
    found = optimize.linprog(q - p, A_ub=rows, b_ub=bounds, bounds=(-10, 10))
    assert np.isclose(-found.fun, stats.wasserstein_distance(places, places, p, q))


@checks("eq-gan-hard-penalty", by="straight scores, whose slope is known everywhere")
def penalty():
    """A score with slope s everywhere pays (s - 1)^2, wherever the points are drawn."""
    for weights in ([3.0, 4.0], [0.6, 0.8], [0.0, 0.0]):
        w = torch.tensor(weights, dtype=torch.float64)
        found = gradient_penalty(
            lambda x, w=w: x @ w[:, None], some(9, 2), some(9, 2, seed=1), torch.Generator()
        )
        assert np.isclose(found.item(), (np.linalg.norm(weights) - 1) ** 2)


@checks("eq-gan-hard-spectral", by="pairs of points in random networks, norms by numpy")
def spectral():
    """No two points differ by more than the product of the norms; a straight network reaches it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = MLPDiscriminator((2,), (6, 5)).double()
    weights = [layer.weight.detach().numpy() for layer in net.net[::2]]
    most = np.prod([np.linalg.svd(w, compute_uv=False)[0] for w in weights])
    x, y = some(4000, 2), some(4000, 2, seed=1)
    apart = (net(x) - net(y)).abs()[:, 0] / (x - y).norm(dim=1)
    assert 0.01 * most < apart.max() < most
    diagonal = [np.diag([2.0, 1.0]), np.diag([3.0, 0.5])]
    point = np.array([1.0, 0.0])
    assert np.isclose(np.linalg.norm(diagonal[1] @ diagonal[0] @ point), 2 * 3)


@checks("eq-gan-hard-smooth", by="minimising the smoothed loss at one place by golden section")
def smooth():
    """At a place with densities p and q the loss is least at 0.9 p / (p + q)."""
    for p, q in ((1.0, 1.0), (0.2, 1.5), (2.0, 0.01)):

        def loss(d, p=p, q=q):
            one = torch.tensor([d], dtype=torch.float64)
            far = torch.tensor([-80.0], dtype=torch.float64)  # costs nothing as a sample
            real = cross_entropy(one, far, 0.9)
            return (p * real - q * torch.log(1 - torch.sigmoid(one)).sum()).item()

        found = optimize.minimize_scalar(loss, bracket=(-1, 1), tol=1e-12).x
        assert np.isclose(expit(found), 0.9 * p / (p + q), atol=1e-6)
