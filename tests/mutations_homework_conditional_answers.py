"""Mistakes in the checks of chapter 8's homework: questions y = A x, tables, and the clinic."""

import numpy as np

from lib import homework_conditional_clinic as clinic
from lib import homework_conditional_inverse as inverse
from lib import homework_conditional_tables as tables
from tests.homework.kept import Kept
from tests.mutation import Edit, Mutation

KEPT = Kept("08_conditional", without="clinic-given")
earns, loses = KEPT.earns, KEPT.loses


def answers_are_those_of_draws() -> None:
    """A million draws of a mixture: those that fit the question have these weights and means."""
    rng = np.random.default_rng(4)
    prior, means = np.array([0.3, 0.7]), np.array([[0.0, 1.0], [1.0, -1.0]])
    covs, a = np.array([np.eye(2), [[1.0, 0.6], [0.6, 1.0]]]), np.array([[1.0, 1.0]])
    kind = rng.choice(2, size=1_000_000, p=prior)
    x = means[kind] + np.einsum(
        "kij,kj->ki", np.linalg.cholesky(covs)[kind], rng.normal(size=(len(kind), 2))
    )
    fits = np.abs(x @ a[0] - 0.8) < 0.02
    weights, moved, left = inverse.answers_exactly(prior, means, covs, a, np.array([0.8]))
    for k in (0, 1):
        own = x[fits & (kind == k)]
        assert abs((kind[fits] == k).mean() - weights[k]) < 0.02
        assert np.abs(own.mean(axis=0) - moved[k]).max() < 0.03
        assert np.abs(np.cov(own.T) - left[k]).max() < 0.04


def nearest_answers_fit() -> None:
    rng = np.random.default_rng(5)
    a, x, y = rng.normal(size=(2, 4)), rng.normal(size=(3, 4)), rng.normal(size=(3, 2))
    found = inverse.nearest(a, x, y)
    assert np.allclose(found @ a.T, y)
    others = found + rng.normal(size=(50, 3, 4)) @ (np.eye(4) - np.linalg.pinv(a) @ a)
    assert (((others - x) ** 2).sum(axis=2) >= ((found - x) ** 2).sum(axis=1) - 1e-9).all()


def histograms_are_densities() -> None:
    density = tables.Histogram(np.random.default_rng(6), 1, 5, 0.8)
    v = (np.arange(100_000) + 0.5) / 100_000
    assert np.isclose(np.exp(density(v[:, None])).mean(), 1)
    k, u = np.array([[3], [0]]), np.random.default_rng(7).uniform(size=(2, 2, 1))
    right = [density((k + one) / 5) - np.log(5) for one in u]
    assert np.allclose(density.nats(k, u), right)


def known_rows_are_beaten() -> None:
    table = np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 2.0], [1.0, 4.0], [3.0, 3.0], [5.0, 1.0]])
    assert tables.undominated(table) == {0, 1, 2, 5}
    assert tables.undominated(table, strict=True) == {0, 1, 2, 3, 5}


def right_chains_answer() -> None:
    """The clinic's chain fits the question, knows the class, and has nearly the exact spread."""
    patient = clinic.Patient()
    noise = np.random.default_rng(8).normal(size=(len(patient.alpha_bar), 2000, 4))
    question = np.tile(patient.y, (2000, 1))
    given = patient.told, patient.untold, question, 0.0, patient.alpha_bar, noise
    missed, apart, share, spread = patient.look(clinic.chain(*given))
    assert abs(missed) + apart < 1e-6
    assert share > 0.99
    assert 0.75 < spread < 0.95
    assert patient.look(clinic.chain(*given, "convention"))[2] < 0.6
    assert patient.look(clinic.chain(*given, "transposed"))[0] < -0.1
    assert patient.look(clinic.chain(*given, "noisy"))[1] > 0.07
    assert patient.look(clinic.chain(*given, "shared"))[3] < 0.1


def steps_are_bayes() -> None:
    """Mean and variance of x_(t-1) given x_t and x_0: two Gaussians, multiplied."""
    alpha_bar = np.array([1.0, 0.8, 0.5])
    x, clean = 0.7, -0.4
    alpha, before = 0.5 / 0.8, 0.8
    precision = 1 / (1 - before) + alpha / (1 - alpha)
    mean = np.sqrt(before) * clean / (1 - before) + np.sqrt(alpha) * x / (1 - alpha)
    assert np.isclose(clinic._step(x, clean, alpha_bar, 2, ()), mean / precision)
    assert np.isclose(clinic._scale(alpha_bar, 2, ()) ** 2, 1 / precision)
    assert clinic._scale(alpha_bar, 1, ()) == 0


MUTATIONS = [
    Mutation(
        "forgets where x was",
        "lib.homework_conditional_inverse.nearest",
        Edit("np.concatenate([x, y], axis=1)", "np.concatenate([0 * x, y], axis=1)"),
        nearest_answers_fit,
    ),
    Mutation(
        "weighs no class by its frequency",
        "lib.homework_conditional_inverse.answers_exactly",
        Edit("np.log(weight) + multi", "multi"),
        answers_are_those_of_draws,
    ),
    Mutation(
        "takes a covariance for a precision",
        "lib.homework_conditional_inverse.answers_exactly",
        Edit("precision = np.linalg.inv(cov)", "precision = cov"),
        answers_are_those_of_draws,
    ),
    Mutation(
        "asks only easy questions",
        "lib.homework_conditional_inverse.check_posterior_mixture",
        Edit("3 if narrow < 1 else 0.3", "0.0"),
        loses("answers-narrow", "answers", "rounds narrow classes to 0", "by logarithms"),
    ),
    Mutation(
        "turns its slopes round",
        "lib.homework_conditional_tables.Histogram.nats",
        Edit("(2 * u - 1)", "(1 - 2 * u)"),
        histograms_are_densities,
    ),
    Mutation(
        "takes points outside",
        "lib.homework_conditional_tables.Histogram.__call__",
        Edit("(v >= 0).all() and (v < 1).all()", "len(v) > 0"),
        loses("bits-bins", "bits", "does not scale", "points lie in [0, 1)"),
    ),
    Mutation(
        "calls equal models beaten",
        "lib.homework_conditional_tables.undominated",
        Edit("& (rows < own).any(axis=1)", "& (np.arange(len(rows)) != i)"),
        known_rows_are_beaten,
    ),
    Mutation(
        "asks the wrong class in the clinic",
        "lib.homework_conditional_clinic.Patient.told",
        Edit("[:, 0]", "[:, 1]"),
        right_chains_answer,
    ),
    Mutation(
        "exchanges the clinic's factors",
        "lib.homework_conditional_clinic._step",
        Edit('if "exchanged" in slips', 'if "exchanged" not in slips'),
        steps_are_bayes,
    ),
    Mutation(
        "adds noise in the clinic's last step",
        "lib.homework_conditional_clinic._scale",
        Edit(
            "return np.sqrt(beta * (1 - alpha_bar[t - 1])",
            "return np.sqrt(beta + 0 * (1 - alpha_bar[t - 1])",
        ),
        steps_are_bayes,
    ),
    Mutation(
        "knows no mixes",
        "lib.homework_conditional_clinic.mixes",
        list,
        loses("clinic-numbers", "clinic", "tiles", "np.tile"),
    ),
]
