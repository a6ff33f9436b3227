"""Mistakes in the checks of chapter 8's homework: each gives points away or takes them."""

import numpy as np
import torch

from lib import homework_conditional as classes
from lib import homework_conditional_guidance as guidance
from lib import homework_conditional_pictures as pictures
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


MUTATIONS = [
    Mutation(
        "leaves the book's models on",
        "lib.homework_conditional.ANSWERS",
        (),
        loses("answers-few", "answers", "asks the book", "switched off"),
    ),
    Mutation(
        "leaves the tests' own solutions of chapter 8 on",
        "lib.homework_asking.PEERS",
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
]
