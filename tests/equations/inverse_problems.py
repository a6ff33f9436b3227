"""Checks of the equations of the lesson on inverse problems."""

import itertools

import numpy as np
import torch
from scipy import integrate, linalg, stats

from lib import inverse_diffusion as chains
from lib import inverse_pixels as filters
from lib import inverse_problems as inverse
from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.fvbn import LinearFVBN
from lib.inverse_latent import LatentPosterior
from lib.inverse_study import plane_toy
from lib.mixture import GaussianMixture
from lib.noise_schedule import cosine_schedule
from tests.equations import checks


def some_map(m: int = 3, d: int = 6, seed: int = 0) -> inverse.LinearMap:
    return inverse.LinearMap(torch.tensor(np.random.default_rng(seed).normal(size=(m, d))), (d,))


@checks("eq-inverse-split", by="least squares for the first part, a basis of the null space")
def told_and_open_parts():
    """A^+ A x is the shortest vector with the same y; the rest is x seen in the null space."""
    a, x = some_map(), np.random.default_rng(1).normal(size=(5, 6))
    matrix = a.matrix.numpy()
    basis = linalg.null_space(matrix)
    shortest = np.linalg.lstsq(matrix, matrix @ x.T, rcond=None)[0].T
    np.testing.assert_allclose(a.back(a.ask(torch.tensor(x))), shortest, atol=1e-10)
    np.testing.assert_allclose(a.free(torch.tensor(x)), x @ basis @ basis.T, atol=1e-10)
    np.testing.assert_allclose(shortest + x @ basis @ basis.T, x, atol=1e-10)


@checks("eq-inverse-project", by="the conditions of Lagrange, one linear system")
def nearest_answer():
    """min |z - x|^2 with A z = y: gradient 2 (z - x) = A^T multipliers."""
    a, rng = some_map(), np.random.default_rng(2)
    matrix, x, y = a.matrix.numpy(), rng.normal(size=6), rng.normal(size=3)
    system = np.block([[np.eye(6), matrix.T], [matrix, np.zeros((3, 3))]])
    nearest = np.linalg.solve(system, np.concatenate([x, y]))[:6]
    found = a.project(torch.tensor(x)[None], torch.tensor(y)[None])[0]
    np.testing.assert_allclose(found, nearest, atol=1e-10)


def on_the_line(mixture: GaussianMixture, row: np.ndarray, y: float):
    """Points with row x = y along a unit vector, and the density of every component there."""
    along = np.array([-row[1], row[0]]) / np.linalg.norm(row)
    foot = row * y / (row @ row)

    def density(m: int, s: float) -> float:
        normal = stats.multivariate_normal(mixture.means[m], mixture.covariances[m])
        return mixture.weights[m] * normal.pdf(foot + s * along)

    return foot, along, density


@checks("eq-inverse-posterior", by="integrals of the density of each component along the line")
def answers_of_a_mixture():
    """Weights, means and covariances of all components, for a slanted question."""
    mixture, row, y = plane_toy(), np.array([0.8, 0.5]), 0.4
    a = inverse.LinearMap(torch.tensor(row[None]), (2,))
    found = inverse.condition(mixture, a, torch.tensor([y]))
    foot, along, density = on_the_line(mixture, row, y)
    masses = []
    for m in range(3):
        mass, first, second = (
            integrate.quad(lambda s, m=m, k=k: s**k * density(m, s), -9, 9, limit=200)[0]
            for k in (0, 1, 2)
        )
        masses.append(mass)
        mean = first / mass
        np.testing.assert_allclose(found.means[m], foot + mean * along, atol=1e-6)
        spread = (second / mass - mean**2) * np.outer(along, along)
        np.testing.assert_allclose(found.covariances[m], spread, atol=1e-6)
    np.testing.assert_allclose(found.weights, np.array(masses) / sum(masses), atol=1e-8)


def small_table():
    """Points (4, 2), their probabilities given one y, and their mean."""
    points = np.array([[0.0, 1.0], [2.0, -1.0], [-1.0, 0.5], [1.0, 3.0]])
    p = np.array([0.1, 0.4, 0.3, 0.2])
    return points, p, p @ points


@checks("eq-inverse-best", by="enumeration of all pairs of truth and answer")
def error_of_any_answer():
    """Every random answer that does not see the truth."""
    points, p, mean = small_table()
    squares = np.sum((points - mean) ** 2, axis=1)
    for answers, q in ((points[:2], [0.5, 0.5]), (mean[None], [1.0]), (points + 1, p)):
        away = np.sum((answers - mean) ** 2, axis=1)
        total = sum(
            pi * qj * np.sum((x - z) ** 2)
            for (x, pi), (z, qj) in itertools.product(
                zip(points, p, strict=True), zip(answers, q, strict=True)
            )
        )
        assert abs(total - (p @ squares + np.array(q) @ away)) < 1e-12


@checks("eq-inverse-average", by="enumeration of the truth and all k answers")
def error_of_an_average():
    """All 4^(k + 1) cases for k = 1, 2, 3."""
    points, p, mean = small_table()
    least = p @ np.sum((points - mean) ** 2, axis=1)
    for k in (1, 2, 3):
        total = 0.0
        for case in itertools.product(range(4), repeat=k + 1):
            gap = points[case[0]] - points[list(case[1:])].mean(axis=0)
            total += np.prod(p[list(case)]) * gap @ gap
        assert abs(total / least - (1 + 1 / k)) < 1e-12


@checks("eq-inverse-score", by="integrals over the line, and differences of their logarithms")
def score_of_noisy_answers():
    """log q(y | x_t) by quadrature; its slope is what the score of the answers has more."""
    mixture, row, y, t = plane_toy(), np.array([0.8, 0.5]), 0.4, 20
    schedule = cosine_schedule(50)
    a = inverse.LinearMap(torch.tensor(row[None]), (2,))
    kept = schedule.alpha_bar[t].item()
    foot, along, density = on_the_line(mixture, row, y)
    plain = ExactDenoiser(mixture, schedule)

    def log_told(x):  # log q(y | x_t) up to a constant
        def joint(s):
            gap = x - np.sqrt(kept) * (foot + s * along)
            return sum(density(m, s) for m in range(3)) * np.exp(-gap @ gap / 2 / (1 - kept))

        whole = integrate.quad(joint, -6, 6, limit=200, epsabs=1e-12)[0]
        return np.log(whole) - plain.log_prob(torch.tensor(x[None]), t).item()

    x, h = np.array([0.3, -0.6]), 1e-4
    slope = [(log_told(x + h * e) - log_told(x - h * e)) / (2 * h) for e in np.eye(2)]
    exact = ExactDenoiser(inverse.condition(mixture, a, torch.tensor([y])), schedule)
    want = exact.score(torch.tensor(x[None]), t)[0].numpy()
    np.testing.assert_allclose(
        plain.score(torch.tensor(x[None]), t)[0].numpy() + slope, want, atol=1e-5
    )


@checks("eq-inverse-slope", by="joint Gaussian conditioning; a slope by differences")
def moved_guess():
    """Exact for data N(0, I); for a mixture J^T is that of finite differences."""
    schedule, t, a = cosine_schedule(50), 30, some_map(2, 3)
    kept, matrix = schedule.alpha_bar[t].item(), a.matrix.numpy()
    white = GaussianMixture(np.ones(1), np.zeros((1, 3)), np.eye(3)[None])
    model = Diffusion(ExactDenoiser(white, schedule), (3,), schedule, target="x0")
    rng = np.random.default_rng(0)
    xt, y = rng.normal(size=3), rng.normal(size=2)
    seen = np.vstack([np.sqrt(kept) * np.eye(3), matrix])  # (x_t, y) as a map of x_0
    noise = np.diag([1 - kept] * 3 + [0.0] * 2)
    gain = seen.T @ np.linalg.inv(seen @ seen.T + noise)
    want = gain @ np.concatenate([xt, y])
    asked = torch.tensor(y)[None], torch.tensor(xt)[None], t
    found = chains.slope_guess(model, a, *asked)[0].numpy()
    np.testing.assert_allclose(found, want, atol=1e-9)
    projected = a.project(model.denoise(asked[1], t)[0], asked[0])[0]
    np.testing.assert_allclose(projected, want, atol=1e-9)
    a, y, x = some_map(1, 2), torch.tensor([[0.3]]).double(), torch.tensor([[0.2, -0.5]]).double()
    model = Diffusion(ExactDenoiser(plane_toy(), schedule), (2,), schedule, target="x0")
    h, guess = 1e-5, model.denoise(x, t)[0]
    steps = h * torch.eye(2, dtype=torch.float64)
    slope = torch.cat(
        [(model.denoise(x + e, t)[0] - model.denoise(x - e, t)[0]) / (2 * h) for e in steps]
    )  # row j: the derivative of x_0-hat in coordinate j of x_t
    lack = np.linalg.pinv(a.matrix.numpy()) @ (y[0] - a.ask(guess)[0]).numpy()
    want = guess[0].numpy() + slope.numpy() @ lack / np.sqrt(kept)
    np.testing.assert_allclose(chains.slope_guess(model, a, y, x, t)[0], want, atol=1e-7)


class LinearDecoder:
    """A stand-in for a VAE whose pictures are W z + b."""

    k = 2

    def __init__(self):
        rng = np.random.default_rng(4)
        self.w, self.b = torch.tensor(rng.normal(size=(5, 2))), torch.tensor(rng.normal(size=5))

    def decode(self, z, c=None):
        return z @ self.w.T + self.b


@checks("eq-inverse-latent", by="the posterior of a linear Gaussian model in closed form")
def codes_of_a_linear_decoder():
    """Differences of log p(z | y) are those of scipy's Gaussian."""
    vae, a, sigma = LinearDecoder(), some_map(3, 5), 0.4
    y = torch.tensor(np.random.default_rng(5).normal(size=(1, 3)))
    load = a.matrix.numpy() @ vae.w.numpy()
    cov = np.linalg.inv(np.eye(2) + load.T @ load / sigma**2)
    mean = cov @ load.T @ (y[0].numpy() - a.matrix.numpy() @ vae.b.numpy()) / sigma**2
    z = np.random.default_rng(6).normal(size=(7, 2))
    found = LatentPosterior(vae, a, y.expand(7, -1), sigma).log_prob(torch.tensor(z)).numpy()
    want = stats.multivariate_normal(mean, cov).logpdf(z)
    np.testing.assert_allclose(found - found[0], want - want[0], atol=1e-9)


@checks("eq-inverse-weight", by="enumeration of all pictures of two by two pixels")
def weights_make_up_for_the_proposal():
    """Proposal times weight is p(x) for each x that answers, and the sum is P(A x = y)."""
    torch.manual_seed(0)
    model = LinearFVBN((2, 2), 3).double()
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(generator=torch.Generator().manual_seed(1))
    a = inverse.LinearMap(torch.tensor([[0.5, 0, 0, 0.5], [0, 0, 1, 0]]), (2, 2))
    sums, y = filters.as_sums(a), [3, 1]  # x_1 + x_4 = 3, x_3 = 1
    assert sums.group == (0, -1, 1, 0)
    assert sums.size == (2, 1)
    every = torch.tensor(list(itertools.product(range(3), repeat=4))).reshape(-1, 2, 2)
    with torch.no_grad():
        logits, exact = model.logits(every).flatten(2), model.log_prob(every).exp()
    total = 0.0
    for n, x in enumerate(every.flatten(1).tolist()):
        if (x[0] + x[3], x[2]) != tuple(y):
            continue
        proposal, weight, left, after = 1.0, 1.0, list(y), list(sums.size)
        for d, g in enumerate(sums.group):
            p = logits[n, :, d].softmax(0)
            if g >= 0:
                after[g] -= 1
                p = p * filters.possible(torch.tensor([left[g]]), torch.tensor([after[g]]), 3)[0]
                left[g] -= x[d]
                weight *= p.sum().item()
                p = p / p.sum()
            proposal *= p[x[d]].item()
        assert abs(proposal * weight / exact[n].item() - 1) < 1e-9
        total += exact[n].item()
    assert 0 < total < 1
