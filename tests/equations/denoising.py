"""Checks of the equations of the lesson on image denoising."""

import numpy as np

from lib import alpha_expansion, denoising, grid_bp, ising_learning
from lib.denoising import Ising
from tests.denoising_cases import (
    all_energies,
    all_pictures,
    marginals,
    posterior,
    random_case,
    random_picture,
    slow_energy,
)
from tests.equations import checks


@checks("eq-dn-energy", by="a double loop over pixels and pairs")
def energy():
    """The library's energy is the sum of the three terms, pixel by pixel and pair by pair."""
    for seed in range(5):
        model, y = random_case(seed, (4, 5))
        x = random_picture(y.shape, np.random.default_rng(seed + 100))
        assert np.isclose(model.energy(x, y), slow_energy(model, x, y))


@checks("eq-dn-posterior", "eq-dn-eta", by="Bayes' rule over all 512 pictures of 3 x 3 pixels")
def posterior_is_bayes_rule():
    """Prior times flip likelihood, normalised, equals exp(-E) / Z with eta from the noise."""
    p, (_, y) = 0.17, random_case(1, (3, 3))
    prior, eta = Ising(0.2, 0.6, 0.0), 0.5 * np.log((1 - p) / p)
    x, energy_of_prior = all_energies(prior, y)
    n_flipped = np.sum(x != y, axis=(1, 2))
    joint = np.exp(-energy_of_prior) * p**n_flipped * (1 - p) ** (9 - n_flipped)
    energy_of_posterior = all_energies(Ising(0.2, 0.6, eta), y)[1]
    boltzmann = np.exp(-energy_of_posterior)
    assert np.allclose(joint / joint.sum(), boltzmann / boltzmann.sum(), atol=1e-14)


@checks("eq-dn-flip", by="the difference of two full energies, for every pixel")
def flip():
    """Flipping x_i changes the energy by 2 x_i f_i with the stated local field."""
    model, y = random_case(2, (4, 4))
    x = random_picture(y.shape, np.random.default_rng(7))
    for i, j in np.ndindex(y.shape):
        around = [(i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)]
        inside = [x[q] for q in around if 0 <= q[0] < 4 and 0 <= q[1] < 4]
        local = model.beta * sum(map(int, inside)) + model.eta * y[i, j] - model.h
        flipped = x.copy()
        flipped[i, j] *= -1
        change = slow_energy(model, flipped, y) - slow_energy(model, x, y)
        assert np.isclose(change, 2 * x[i, j] * local)
        assert np.isclose(model.flip_cost(x, y)[i, j], change)


@checks("eq-dn-conditional", by="the ratio of two enumerated probabilities")
def conditional():
    """The conditional of a pixel given all others is the logistic function of twice its field."""
    model, y = random_case(3)
    pictures, p = posterior(model, y)
    x = pictures[1234]
    for i, j in np.ndindex(y.shape):
        other = x.copy()
        other[i, j] *= -1
        pair = [p[np.all(pictures == z, axis=(1, 2))].item() for z in (x, other)]
        plus = pair[0] if x[i, j] == 1 else pair[1]
        assert np.isclose(plus / sum(pair), 1 / (1 + np.exp(-2 * model.local_field(x, y)[i, j])))
        assert np.isclose(plus / sum(pair), model.prob_plus(x, y)[i, j])


@checks("eq-dn-block", by="full energies of a picture with and without the block")
def block():
    """Removing a k x k block of noise changes the energy by 2k (eta k - 4 beta)."""
    for k in range(1, 6):
        beta, eta = 0.3 + 0.2 * k, 1.7
        x, y = np.ones((9, 9)), np.ones((9, 9))
        y[2 : 2 + k, 2 : 2 + k] = -1
        change = slow_energy(Ising(0, beta, eta), x, y) - slow_energy(Ising(0, beta, eta), y, y)
        assert np.isclose(change, 2 * k * (eta * k - 4 * beta))


@checks("eq-dn-message", by="the sum-product rule on two states")
def message():
    """The log ratio equals that of the message summed over the sender's two states."""
    for a, beta in ((0.3, 0.9), (-2.0, 0.4), (5.0, -1.0)):
        own = np.exp(0.5 * a * np.array([-1, 1]))
        pair = np.exp(beta * np.outer([-1, 1], [-1, 1]))
        sent = own @ pair
        assert np.isclose(np.log(sent[1] / sent[0]), grid_bp.message(np.array(a), beta))
        stated = (np.exp(a + beta) + np.exp(-beta)) / (np.exp(a - beta) + np.exp(beta))
        assert np.isclose(np.log(stated), np.log(sent[1] / sent[0]))


@checks("eq-dn-belief", by="enumeration of a picture of one row, where it is exact")
def belief():
    """On a chain the log odds are 2 (eta y - h) plus the incoming messages."""
    model, y = random_case(5, (1, 7))
    messages = {d: np.zeros(y.shape) for d in grid_bp.DIRECTIONS}
    for _ in range(7):
        messages = grid_bp.sweep(messages, 2 * model.bias(y), model.beta)
    log_odds = 2 * (model.eta * y - model.h) + sum(messages.values())
    exact = marginals(model, y)
    assert np.allclose(log_odds, np.log(exact / (1 - exact)), atol=1e-12)


@checks("eq-dn-cut", by="the capacity of every cut of a 2 x 3 picture, summed pipe by pipe")
def cut():
    """Cut value minus the two constants is the energy, for all 64 pictures."""
    model, y = random_case(6, (2, 3))
    c = model.eta * y - model.h
    pairs = [((i, j), q) for i, j in np.ndindex(2, 3) for q in ((i + 1, j), (i, j + 1))]
    pairs = [(p, q) for p, q in pairs if q[0] < 2 and q[1] < 3]
    for x in all_pictures((2, 3)):
        value = sum(2 * c[i] for i in np.ndindex(2, 3) if c[i] > 0 and x[i] == -1)
        value += sum(-2 * c[i] for i in np.ndindex(2, 3) if c[i] < 0 and x[i] == 1)
        for p, q in pairs:  # two pipes of 2 beta; the one from +1 to -1 is cut
            value += 2 * model.beta * ((x[p], x[q]) == (1, -1))
            value += 2 * model.beta * ((x[q], x[p]) == (1, -1))
        assert np.isclose(slow_energy(model, x, y), value - np.abs(c).sum() - model.beta * 7)


@checks("eq-dn-mpm", by="the expected errors of all 512 possible answers")
def mpm():
    """No answer has fewer expected wrong pixels than the one decided by marginals."""
    for seed in range(4):
        model, y = random_case(seed, (3, 3))
        pictures, p = posterior(model, y)
        best = np.where(marginals(model, y) > 0.5, 1, -1)
        expected = [p @ np.sum(pictures != answer, axis=(1, 2)) for answer in pictures]
        assert np.isclose(p @ np.sum(pictures != best, axis=(1, 2)), min(expected))
        assert np.array_equal(denoising.decide(marginals(model, y)), best)


@checks("eq-dn-pseudo", by="enumerated conditionals, one pixel at a time")
def pseudo():
    """The sum of log sigma(2 x_i f_i) is the sum of the log conditionals of the joint."""
    model, y = random_case(8, (2, 3))
    pictures, p = posterior(model, y)
    x, total = pictures[37], 0.0
    for i, j in np.ndindex(y.shape):
        other = x.copy()
        other[i, j] *= -1
        own, flipped = (p[np.all(pictures == z, axis=(1, 2))].item() for z in (x, other))
        total += np.log(own / (own + flipped))
    theta = np.array([model.h, model.beta, model.eta])
    assert np.isclose(ising_learning.pseudo_log_likelihood(theta, x, y)[0], total)


@checks("eq-dn-pseudo-gradient", by="finite differences, and a loop over pixels")
def pseudo_gradient():
    """The stated sum over pixels is the derivative in each parameter."""
    model, y = random_case(9, (4, 5))
    x = random_picture(y.shape, np.random.default_rng(3))
    theta = np.array([model.h, model.beta, model.eta])
    stated, field = np.zeros(3), model.local_field(x, y)
    for i in np.ndindex(y.shape):
        features = np.array([-1, denoising.neighbour_sum(x)[i], y[i]])
        stated += 2 * x[i] / (1 + np.exp(2 * x[i] * field[i])) * features
    for k, step in enumerate(1e-5 * np.eye(3)):
        up, down = (ising_learning.pseudo_log_likelihood(theta + s, x, y)[0] for s in (step, -step))
        assert np.isclose(stated[k], (up - down) / 2e-5, atol=1e-5)
    assert np.allclose(stated, ising_learning.pseudo_log_likelihood(theta, x, y)[1])


@checks("eq-dn-potts", by="a double loop over pixels and pairs")
def potts():
    """Costs of the chosen levels plus beta for each pair of unlike neighbours."""
    rng = np.random.default_rng(0)
    unary, labels = rng.normal(size=(3, 4, 5)), rng.integers(0, 5, size=(3, 4))
    total = sum(unary[i, j, labels[i, j]] for i, j in np.ndindex(3, 4))
    for i, j in np.ndindex(3, 4):
        total += 0.7 * (i + 1 < 3 and labels[i, j] != labels[min(i + 1, 2), j])
        total += 0.7 * (j + 1 < 4 and labels[i, j] != labels[i, min(j + 1, 3)])
    assert np.isclose(alpha_expansion.potts_energy(labels, unary, 0.7), total)


@checks("eq-dn-expansion", by="all four moves of all pairs of levels")
def expansion():
    """The polynomial takes the values A, B, C and 0, and its pipe is never negative."""
    beta, alpha = 1.3, 0
    for left in range(3):
        for right in range(3):
            a, b, c = beta * (left != right), beta * (left != alpha), beta * (alpha != right)
            assert b + c - a >= 0
            for vi, vj, cost in ((0, 0, a), (0, 1, b), (1, 0, c), (1, 1, 0.0)):
                assert np.isclose(a + (c - a) * vi - c * vj + (b + c - a) * (1 - vi) * vj, cost)
