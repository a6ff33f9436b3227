"""Mistakes in the checks of chapter 8's homework: each gives points away or takes them."""

import numpy as np
import torch

from lib import homework_conditional as classes
from lib import homework_conditional_clinic as clinic
from lib import homework_conditional_guidance as guidance
from lib import homework_conditional_inverse as inverse
from lib import homework_conditional_pictures as pictures
from lib import homework_conditional_tables as tables
from lib import homework_conditional_vae as bounds
from tests.homework.kept import Kept
from tests.mutation import Edit, Mutation

KEPT = Kept("08_conditional", without="clinic-given")
earns, loses = KEPT.earns, KEPT.loses


def shares_are_shares() -> None:
    log_p, prior = classes.random_scores(np.random.default_rng(0), 3, 4, -9.0, True)
    joint = np.exp(log_p) * prior
    assert np.allclose(classes.shares(log_p, prior), joint / joint.sum(axis=1, keepdims=True))
    assert (prior == 0).sum() == 1


def tables_agree_on_the_classes() -> None:
    """Data and samples have one p(y); a deaf generator has the data's p(x); zeros are zeros."""
    for kind in ("any", "deaf", "zeros", "same"):
        p, q = classes.random_joints(np.random.default_rng(1), 3, 4, kind)
        assert np.allclose(p.sum(axis=1), q.sum(axis=1))
        assert np.isclose(p.sum(), 1)
        assert (p == 0).any() == (q == 0).any() == (kind == "zeros")
        assert np.allclose(p.sum(axis=0), q.sum(axis=0)) == (kind in ("deaf", "same"))
        assert np.allclose(p, q) == (kind == "same")


def divergences_are_integrals() -> None:
    x = torch.linspace(-30, 30, 20001, dtype=torch.float64)
    given = [torch.tensor([[v]]).double() for v in (0.4, 0.6, -1.0, 1.1)]
    normal = torch.distributions.Normal
    q, p = (normal(m[0], (s[0] / 2).exp()) for m, s in (given[:2], given[2:]))
    gap = q.log_prob(x) - p.log_prob(x)
    right = (q.log_prob(x).exp() * gap).sum() * (x[1] - x[0])
    assert np.isclose(bounds.divergence(tuple(given)).item(), right.item())


def goals_have_these_slopes() -> None:
    line = guidance.Line(
        np.array([0.2, 0.8]), np.array([-1.0, 2.0]), np.array([0.5, 0.9]), kept=0.7
    )
    x, y, h = np.array([-0.5, 1.0, 2.5]), np.array([0, 1, 0]), 1e-5
    steps = (line.goal(x + h, y, 1.7) - line.goal(x - h, y, 1.7)) / (2 * h)
    assert np.allclose(line.score(x, y, 1.7), steps, atol=1e-7)


def noise_widens_classes() -> None:
    """Draws with noise have the densities of the line."""
    rng = np.random.default_rng(2)
    means, stds, kept = np.array([-2.0, 1.0]), np.array([0.4, 1.2]), 0.6
    line = guidance.Line(np.array([0.5, 0.5]), means, stds, kept)
    for k in (0, 1):
        x = means[k] + stds[k] * rng.normal(size=100_000)
        x = np.sqrt(kept) * x + np.sqrt(1 - kept) * rng.normal(size=len(x))
        assert abs(x.mean() - line.means[k]) < 0.02
        assert abs(x.var() - line.variances[k]) < 0.03


def scatters_are_variances() -> None:
    rng = np.random.default_rng(3)
    features, labels = rng.normal(size=(30, 2)), rng.integers(3, size=30)
    right = [features[labels == k].var(axis=0).sum() for k in range(3)]
    assert np.isclose(guidance.scatter(features, labels), np.mean(right))


def pixels_of_known_layers() -> None:
    """Pix2pix's 70 x 70 patch, and padding that moves it."""
    layers = [(4, 2, 1)] * 3 + [(4, 1, 1)] * 2
    first, last = pictures.pixels_of(layers, 10)
    assert last - first + 1 == 70
    assert pictures.pixels_of([(3, 1, 1)], 5) == (4, 6)
    assert pictures.pixels_of([(3, 2, 0)], 5) == (10, 12)


def medians_cost_least() -> None:
    values, p = np.array([3.0, 0.0, 1.0]), np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])
    found = pictures.costs(np.array([[0.0, 1.0], [1.0, 3.0]]), values, p)
    assert np.allclose(found, [[0.9, 0.9], [1.3, 0.9]])


def questions_tell_all_mistakes_apart() -> None:
    for seed in range(20):
        values, p = pictures.random_questions(np.random.default_rng(seed), 4, 5, False)
        best = pictures.costs(np.tile(values, (4, 1)), values, p).min(axis=1)
        for wrong in pictures._median_mistakes(values, p).values():
            assert (pictures.costs(wrong[:, None], values, p)[:, 0] > best + 1e-6).any()
        values, p = pictures.random_questions(np.random.default_rng(seed), 3, 6, True)
        halves = p[:, np.argsort(values)].cumsum(axis=1)[:, 2]
        assert np.allclose(halves, 0.5)


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
        "leaves the book's models on",
        "lib.homework_conditional.ANSWERS",
        (),
        loses("answers-few", "answers", "asks the book", "switched off"),
    ),
    Mutation(
        "leaves the tests' own solutions of chapter 8 on",
        "lib.homework_pixel.PEERS",
        set(),
        loses("bayes-near", "bayes", "calls the tests", "switched off"),
    ),
    Mutation(
        "compares classes without their frequencies",
        "lib.homework_conditional.shares",
        Edit("prior / own *", "prior *"),
        shares_are_shares,
    ),
    Mutation(
        "lets every class happen",
        "lib.homework_conditional.random_scores",
        Edit("prior[rng.integers(k)] = 0", "pass"),
        shares_are_shares,
    ),
    Mutation(
        "asks for log p(x, y)",
        "lib.homework_conditional.check_told",
        Edit("right = own.mean(), ", "right = (own + np.log(prior[y])).mean(), "),
        earns("told-pictures"),
    ),
    Mutation(
        "gives samples other classes than data",
        "lib.homework_conditional.random_joints",
        Edit("of_y * rows[1]", "rows[1] / len(rows[1])"),
        tables_agree_on_the_classes,
    ),
    Mutation(
        "counts the divergence of a game once",
        "lib.homework_conditional.value_for",
        Edit("2 * middle - first - second", "middle - first / 2 - second / 2"),
        earns("values-tables"),
    ),
    Mutation(
        "takes log-variances for widths",
        "lib.homework_conditional_vae.divergence",
        Edit("(s / 2).exp()", "s.exp()"),
        divergences_are_integrals,
    ),
    Mutation(
        "does not look at the prior's gradient",
        "lib.homework_conditional_vae.check_bound_loss",
        Edit("leaves = [net.weight for net in nets]", "leaves = [net.weight for net in nets[:2]]"),
        loses("bound-near", "bound", "does not train the prior", "weights of the prior"),
    ),
    Mutation(
        "wants a bound to N(0, I)",
        "lib.homework_conditional_vae.negative_bound",
        Edit('if "standard" in slips', 'if "standard" not in slips'),
        earns("bound-near"),
    ),
    Mutation(
        "cannot say that a network was not told",
        "lib.homework_conditional_vae.Net.__call__",
        Edit("+ self.offset", "+ 0 * self.offset"),
        loses("bound-near", "bound", "has one prior for all", "the prior is asked without c"),
    ),
    Mutation(
        "forgets at the limit",
        "lib.homework_conditional_guidance.check_forget",
        Edit("number < drop else", "number <= drop else"),
        earns("forget-rows"),
    ),
    Mutation(
        "guides away from the class",
        "lib.homework_conditional_guidance.Line.goal",
        Edit("own + w *", "own - w *"),
        earns("guided-near"),
    ),
    Mutation(
        "takes a real step for an imaginary one",
        "lib.homework_conditional_guidance.Line.score",
        Edit("x + 1e-30j", "x + 1e-30"),
        goals_have_these_slopes,
    ),
    Mutation(
        "adds no noise to the classes",
        "lib.homework_conditional_guidance.Line.__init__",
        Edit("kept * stds**2 + 1 - kept", "stds**2"),
        noise_widens_classes,
    ),
    Mutation(
        "counts each pair of pictures twice",
        "lib.homework_conditional_guidance.scatter",
        Edit(".mean() / 2", ".mean()"),
        scatters_are_variances,
    ),
    Mutation(
        "groups by the verdict",
        "lib.homework_conditional_guidance.check_judged",
        Edit("scatter(features, wanted) / scatter", "scatter(features, said) / scatter"),
        earns("judged-classes"),
    ),
    Mutation(
        "moves patches to the right",
        "lib.homework_conditional_pictures.pixels_of",
        Edit("stride * at - padding", "stride * at + padding"),
        pixels_of_known_layers,
    ),
    Mutation(
        "squares the differences",
        "lib.homework_conditional_pictures.costs",
        Edit("np.abs(values - answers[..., None])", "(values - answers[..., None]) ** 2"),
        medians_cost_least,
    ),
    Mutation(
        "draws questions on which mistakes agree",
        "lib.homework_conditional_pictures.random_questions",
        Edit("apart.min() > 1e-3", "apart.min() > -1"),
        questions_tell_all_mistakes_apart,
    ),
    Mutation(
        "lets D's loss reach G",
        "lib.homework_conditional_pix2pix.check_pix2pix",
        Edit("at == 1 or not np.any(mine[0])", "at in (0, 1)"),
        loses("pix2pix-near", "pix2pix", "does not detach", "a gradient reaches `g`"),
    ),
    Mutation(
        "averages L1 over the pixels",
        "lib.homework_conditional_pix2pix.losses_of",
        Edit("else away.sum(1).mean()", "else away.mean()"),
        earns("pix2pix-near"),
    ),
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
