"""Checks of the equations in the homework on adversarial networks."""

import numpy as np
import torch
from scipy.optimize import linprog, minimize
from scipy.special import expit
from scipy.stats import norm, wasserstein_distance
from torch.nn import functional as F

from lib import gan_losses, gan_penalties
from lib.homework_gan import GAMES, slopes_of
from lib.homework_gan_critics import iterated
from lib.homework_gan_penalties import Parabola
from lib.homework_gan_smallest import dirac_path
from lib.homework_gan_tables import best_table
from tests.equations import checks

SCORES = np.array([-2.0, -0.3, 0.4, 1.7, 2.5])


@checks("eq-hw-gan-loss", by="PyTorch's cross-entropy of labelled scores")
def loss():
    """The equation, written with D, is the classifier's loss with labels s and 0."""
    real, fake, s = SCORES[:3], SCORES[1:], 0.9
    p, q = expit(real), expit(fake)
    value = -(s * np.log(p) + (1 - s) * np.log(1 - p)).mean() - np.log(1 - q).mean()
    parts = [(real, s), (fake, 0.0)]
    torches = [
        F.binary_cross_entropy_with_logits(torch.tensor(d), torch.full((len(d),), y).double())
        for d, y in parts
    ]
    assert np.isclose(value, sum(torches).item())


@checks("eq-hw-gan-generators", by="difference quotients of the four losses, written with D")
def generators():
    """Their slopes are those of complex steps, and the library's losses have the same values."""
    forms = {
        "saturating": lambda d: np.log(1 - expit(d)).mean(),
        "non-saturating": lambda d: -np.log(expit(d)).mean(),
        "least squares": lambda d: 0.5 * ((d - 1) ** 2).mean(),
        "wasserstein": lambda d: -d.mean(),
    }
    for game in GAMES:
        theirs = gan_losses.GAMES[game].generator(torch.tensor(SCORES)).item()
        assert np.isclose(forms[game](SCORES), theirs)
        steps = 1e-5 * np.eye(len(SCORES))
        slopes = [(forms[game](SCORES + h) - forms[game](SCORES - h)) / 2e-5 for h in steps]
        assert np.allclose(slopes, slopes_of(game, SCORES), atol=1e-8)


@checks("eq-hw-gan-value", by="averages over a million draws of data and of samples")
def value():
    """The sum over the table is the expectation of log D and log(1 - D) over draws."""
    rng = np.random.default_rng(0)
    p, q, d = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(4)), rng.uniform(0.2, 0.8, size=4)
    right = (p * np.log(d)).sum() + (q * np.log(1 - d)).sum()
    x, samples = rng.choice(4, size=500_000, p=p), rng.choice(4, size=500_000, p=q)
    assert abs(np.log(d[x]).mean() + np.log(1 - d[samples]).mean() - right) < 0.005


@checks("eq-hw-gan-jsd", by="climbing the value of a table from a random start")
def jsd():
    """The highest value found by a general optimiser is twice the divergence, less log 4."""
    rng = np.random.default_rng(1)
    p, q = rng.dirichlet(np.ones(5), size=2)

    def minus(scores: np.ndarray) -> float:
        return (p * np.logaddexp(0, -scores)).sum() + (q * np.logaddexp(0, scores)).sum()

    top = -minimize(minus, rng.normal(size=5), tol=1e-12).fun
    middle = (p + q) / 2
    divergence = ((p * np.log(p / middle)).sum() + (q * np.log(q / middle)).sum()) / 2
    assert np.isclose(top, 2 * divergence - np.log(4))
    d = best_table(p, q, 1.0)
    assert np.isclose((p * np.log(d)).sum() + (q * np.log(1 - d)).sum(), top)


@checks("eq-hw-gan-line", by="the log-ratio of two Gaussian densities")
def line():
    """For Gaussian data and samples, the best score is a parabola; G(z) has mean a, spread |b|."""
    a, b, x = 0.7, -1.3, np.linspace(-4, 5, 50)
    ratio = norm.logpdf(x, 2.0, 0.5) - norm.logpdf(x, a, abs(b))
    assert np.abs(np.polyval(np.polyfit(x, ratio, 2), x) - ratio).max() < 1e-9
    assert np.abs(np.polyval(np.polyfit(x, ratio, 1), x) - ratio).max() > 1
    z = np.random.default_rng(2).normal(size=400_000)
    assert abs((a + b * z).mean() - a) < 0.01
    assert abs((a + b * z).std() - abs(b)) < 0.01


@checks("eq-hw-gan-smallest", by="the library's critic and R1, moved by PyTorch's gradients")
def smallest():
    """Both losses, and rounds of plain gradient steps on them."""
    theta, psi, lr, gamma = 1.1, 0.6, 0.2, 0.8
    path = dirac_path(theta, psi, lr, 4, gamma, True)
    for k in range(4):
        t, s = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in path[k])
        data, sample = torch.zeros(3, 1).double(), t.expand(3, 1)
        d = gan_losses.critic(s * data, s * sample.detach())
        rough = gan_penalties.r1(lambda x, s=s: s * x, data, sample, None)
        d = d + gamma * rough
        assert np.isclose(d.item(), path[k] @ [0, path[k, 0]] + gamma * path[k, 1] ** 2 / 2)
        new = path[k, 1] - lr * torch.autograd.grad(d, s)[0].item()
        g = gan_losses.lift(new * sample)
        assert np.isclose(g.item(), -new * path[k, 0])
        moved = path[k, 0] - lr * torch.autograd.grad(g, t)[0].item()
        assert np.allclose(path[k + 1], [moved, new])


@checks("eq-hw-gan-penalties", by="slopes by difference quotients, and the library's penalties")
def penalties():
    """Both penalties, from slopes measured along every axis."""
    rng = np.random.default_rng(3)
    critic, h = Parabola(rng, (3,)), 1e-5
    real, fake = (torch.tensor(rng.normal(size=(4, 3))) for _ in range(2))

    def slopes(x: torch.Tensor) -> np.ndarray:
        parts = [(critic(x + h * e) - critic(x - h * e)) / (2 * h) for e in torch.eye(3).double()]
        return torch.cat(parts, dim=1).norm(dim=1).detach().numpy()

    theirs = gan_penalties.r1(critic, real, fake, None).item()
    assert np.isclose(0.5 * (slopes(real) ** 2).mean(), theirs, rtol=1e-6)
    generator = torch.Generator().manual_seed(0)
    r = torch.rand(4, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    mine = ((slopes(r * real + (1 - r) * fake) - 1) ** 2).mean()
    penalty = gan_penalties.gradient_penalty(critic, real, fake, generator)
    assert np.isclose(mine, penalty.item(), rtol=1e-6)


@checks("eq-hw-gan-power", by="the loop itself, against the singular value decomposition")
def power():
    """The updates follow the decomposition at every step, and end at the largest value."""
    rng = np.random.default_rng(4)
    weight, start = rng.normal(size=(4, 6)), rng.normal(size=4)
    u = start
    for steps in range(1, 200):
        v = weight.T @ u / np.linalg.norm(weight.T @ u)
        u = weight @ v / np.linalg.norm(weight @ v)
        if steps < 6:
            sigma, left, right = iterated(weight, start, steps)
            assert np.allclose(left, u)
            assert np.allclose(right, v)
            assert np.isclose(sigma, u @ weight @ v)
    assert np.isclose(u @ weight @ v, np.linalg.norm(weight, 2))


@checks("eq-hw-gan-dual", by="two linear programs: scores with slopes up to 1, and mass carried")
def dual():
    """The best scores and the cheapest transport reach the same number, SciPy's distance."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=5), rng.normal(0.5, 2, size=4)
    at, n, m = np.concatenate([x, y]), 5, 4
    gain = np.concatenate([np.full(n, 1 / n), np.full(m, -1 / m)])
    pairs = [(i, j) for i in range(n + m) for j in range(n + m) if i != j]
    rows = np.array([np.eye(n + m)[i] - np.eye(n + m)[j] for i, j in pairs])
    runs = np.array([abs(at[i] - at[j]) for i, j in pairs])
    best = -linprog(-gain, A_ub=rows, b_ub=runs, bounds=[(-50, 50)] * (n + m)).fun
    cost = np.abs(x[:, None] - y).ravel()
    leave = np.kron(np.eye(n), np.ones(m))
    arrive = np.kron(np.ones(n), np.eye(m))
    mass = np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)])
    carried = linprog(cost, A_eq=np.concatenate([leave, arrive]), b_eq=mass).fun
    assert np.isclose(best, carried)
    assert np.isclose(best, wasserstein_distance(x, y))
