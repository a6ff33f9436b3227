"""Mistakes in the checks of chapter 2's homework: each gives points away or takes them."""

import numpy as np

from lib import homework_pca
from tests.homework.kept import Kept
from tests.mutation import Edit, Mutation

KEPT = Kept("02_pca")
earns, loses = KEPT.earns, KEPT.loses


def planted_is_exact() -> None:
    data = homework_pca.planted(np.random.default_rng(0), n=12, d=5)
    assert np.allclose(data.x.mean(axis=0), data.mean)
    planted = data.components * data.variances @ data.components.T
    assert np.allclose(np.cov(data.x.T, bias=True), planted)


MUTATIONS = [
    Mutation(
        "plants variances for N - 1",
        "lib.homework_pca.planted",
        Edit("np.linalg.norm(roots) *", "np.linalg.norm(roots[1:]) *"),
        planted_is_exact,
    ),
    Mutation(
        "plants scores with a mean",
        "lib.homework_pca.planted",
        Edit("np.ones(n)", "1 + np.arange(n)"),
        planted_is_exact,
    ),
    Mutation(
        "lets functions change what they are given",
        "lib.homework_pca.ask_without",
        Edit("same = copy is None or", "same = True or"),
        loses("covariance-random", "covariance", "takes the mean away in place", "changes x"),
    ),
    Mutation(
        "allows any memory",
        "lib.homework_pca._within",
        Edit("peak < limit", "peak < np.inf"),
        loses("gram-wide", "gram", "makes the covariance matrix"),
    ),
    Mutation(
        "leaves the SVD on",
        "lib.homework_pca_components.check_gram",
        Edit('"numpy.linalg.svd"', '"numpy.linalg.cond"'),
        loses("gram-wide", "gram", "calls the SVD"),
    ),
    Mutation(
        "wants one sign of a component",
        "lib.homework_pca_components.check_directions",
        Edit("np.abs((W / due).T @ data.components)", "(W / due).T @ data.components"),
        earns("components-random", "components", "the power method, one component after the other"),
    ),
    Mutation(
        "accepts components of any length",
        "lib.homework_pca_components.check_directions",
        Edit(
            "lengths = np.linalg.norm(W, axis=0) / due",
            "W, lengths = W / np.linalg.norm(W, axis=0), np.ones(k)",
        ),
        loses("gram-wide", "gram", "does not normalise"),
    ),
    Mutation(
        "does not look at the spread of samples",
        "lib.homework_pca_samples._check_spread",
        lambda *_: None,
        loses("sampling-law", "sampling", "multiplies by the variance"),
    ),
    Mutation(
        "takes a standard deviation for the spread of samples",
        "lib.homework_pca_samples.check_draws",
        Edit("scores.var(axis=0)", "scores.std(axis=0)"),
        earns("sampling-law"),
    ),
    Mutation(
        "does not ask for the seed",
        "lib.homework_pca_samples._check_seeded",
        Edit("np.array_equal(one, again)", "one.shape == again.shape"),
        loses("sampling-law", "sampling", "draws with a generator of its own"),
    ),
    Mutation(
        "compares W instead of W W^T",
        "lib.homework_pca_models._check_loadings",
        Edit(
            "compare(W @ W.T, spread - noise * U @ U.T,",
            "compare(W, U * np.sqrt(variances[:k] - noise),",
        ),
        earns("ppca-fit", "ppca", "turned loadings"),
    ),
    Mutation(
        "forgets the coordinates outside the plane",
        "lib.homework_pca_models.rotated_log_prob",
        Edit("(d - k) * np.log(2 * np.pi * noise)", "np.log(2 * np.pi * noise)"),
        earns("likelihood-small"),
    ),
    Mutation(
        "weighs the prior of a head by the variances",
        "lib.homework_pca_heads._ridge",
        Edit("np.diag(1 / np.sqrt(variances))", "np.diag(np.sqrt(variances))"),
        earns("heads-few"),
    ),
    Mutation(
        "holds out the last pictures",
        "lib.homework_pca_study.study_error",
        Edit('if "split" in wrong:', 'if "split" not in wrong:'),
        earns("clinic-error"),
    ),
]
