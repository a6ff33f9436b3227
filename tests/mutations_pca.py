"""Mistakes people make with principal components, each caught by a check of the real code."""

import numpy as np
from scipy.stats import multivariate_normal, ortho_group

from lib import pca, ppca
from tests.mutation import Edit, Mutation

ANALYSIS, MODEL = "lib.pca.PCA", "lib.ppca.PPCA"


def cloud(n: int, dim: int) -> np.ndarray:
    rng = np.random.default_rng(4)
    return rng.normal(size=(n, dim)) @ rng.normal(size=(dim, dim)) + 5


def eigenvalues_are_those_of_the_covariance() -> None:
    for n, dim in ((30, 6), (6, 30)):
        x = cloud(n, dim)
        want = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
        for method in pca.METHODS:
            found = pca.fit_pca(x, method=method)
            np.testing.assert_allclose(found.variances, want[: len(found.variances)], atol=1e-9)


def components_are_orthonormal_eigenvectors() -> None:
    for n, dim in ((30, 6), (6, 30)):
        x = cloud(n, dim)
        s = np.cov(x.T, bias=True)
        for method in pca.METHODS:
            found = pca.fit_pca(x, 4, method=method)
            w, values = found.components, found.variances
            assert w.shape == (dim, 4)
            np.testing.assert_allclose(w.T @ w, np.eye(4), atol=1e-10)
            np.testing.assert_allclose(s @ w, w * values, atol=1e-9)


def small_directions_stay_orthogonal() -> None:
    rng = np.random.default_rng(1)
    axes = ortho_group.rvs(40, random_state=2)[:9]
    x = rng.normal(size=(10, 9)) * np.geomspace(1, 1e-7, 9) @ axes
    w = pca.fit_pca(x, method="gram").components
    np.testing.assert_allclose(w.T @ w, np.eye(9), atol=1e-10)


def error_and_variance_add_up() -> None:
    x = cloud(30, 6)
    found = pca.fit_pca(x)
    for k in range(7):
        error = ((x - found.keep(k).reconstruct(x)) ** 2).sum() / len(x)
        left = found.total_variance - found.variances[:k].sum()
        assert abs(error - left) < 1e-8


def samples_spread_like_the_data() -> None:
    found = pca.fit_pca(cloud(30, 4))
    x = found.sample(50_000, np.random.default_rng(0))
    np.testing.assert_allclose(np.cov(x.T), np.cov(cloud(30, 4).T, bias=True), rtol=0.1, atol=0.3)
    np.testing.assert_allclose(x.mean(axis=0), found.mean, atol=0.1)


def an_overlooked_eigenvalue_is_noticed() -> None:
    """A stand-in for Lanczos' method forgets the second largest of two."""
    s = np.diag(np.linspace(1, 0, 120))
    real = pca.eigsh
    pca.eigsh = lambda scaled, k, **options: (np.diag(scaled)[[2, 0]], np.eye(120)[:, [2, 0]])
    try:
        found, _ = pca._leading(s.copy(), 2)
    finally:
        pca.eigsh = real
    np.testing.assert_allclose(found, np.diag(s)[:2])


def largest_entries_are_positive() -> None:
    w = pca.fit_pca(cloud(30, 6)).components
    assert np.all(w.max(axis=0) >= -w.min(axis=0))


def likelihood_equals_scipy() -> None:
    rng = np.random.default_rng(2)
    model = ppca.PPCA(rng.normal(size=5), rng.normal(size=(5, 2)), 0.3)
    x = rng.normal(size=(6, 5))
    want = multivariate_normal(
        model.mean, model.weights @ model.weights.T + 0.3 * np.eye(5)
    ).logpdf(x)
    np.testing.assert_allclose(model.log_prob(x), want, atol=1e-9)


def posterior_conditions_the_joint() -> None:
    rng = np.random.default_rng(2)
    w, x = rng.normal(size=(5, 2)), rng.normal(size=(6, 5))
    mean, cov = ppca.PPCA(np.ones(5), w, 0.3).posterior(x)
    gain = w.T @ np.linalg.inv(w @ w.T + 0.3 * np.eye(5))
    np.testing.assert_allclose(mean, (x - 1) @ gain.T, atol=1e-10)
    np.testing.assert_allclose(cov, np.eye(2) - gain @ w, atol=1e-10)


def samples_have_the_covariance_of_the_model() -> None:
    model = ppca.PPCA(np.zeros(3), np.array([[2.0], [1.0], [0.0]]), 0.25)
    x = model.sample(100_000, np.random.default_rng(0))
    want = np.array([[4.25, 2, 0], [2, 1.25, 0], [0, 0, 0.25]])
    np.testing.assert_allclose(np.cov(x.T), want, atol=0.1)


def fit_is_a_maximum() -> None:
    """Growing or shrinking the noise or the loadings of the fit makes the data less likely."""
    x = cloud(60, 7)
    fit = ppca.fit_ppca(x, 3)
    best = fit.log_prob(x).mean()
    for grow in (0.97, 1.03):
        noisier = ppca.PPCA(fit.mean, fit.weights, fit.noise_variance * grow)
        longer = ppca.PPCA(fit.mean, fit.weights * grow, fit.noise_variance)
        assert noisier.log_prob(x).mean() < best
        assert longer.log_prob(x).mean() < best


MUTATIONS = [
    Mutation(
        "forgot to centre",
        "lib.pca.fit_pca",
        Edit("centred = x - mean", "centred = np.asarray(x, dtype=np.float64)"),
        eigenvalues_are_those_of_the_covariance,
    ),
    Mutation(
        "N - 1 in the covariance",
        "lib.pca.by_covariance",
        Edit("/ len(centred)", "/ (len(centred) - 1)"),
        eigenvalues_are_those_of_the_covariance,
    ),
    Mutation(
        "N - 1 in the Gram matrix",
        "lib.pca.by_gram",
        Edit("/ len(centred)", "/ (len(centred) - 1)"),
        eigenvalues_are_those_of_the_covariance,
    ),
    Mutation(
        "singular values not squared",
        "lib.pca.by_svd",
        Edit("singular[:k] ** 2", "singular[:k]"),
        eigenvalues_are_those_of_the_covariance,
    ),
    Mutation(
        "the wrong side of the SVD",
        "lib.pca.by_svd",
        Edit("_, singular, vt = np", "vt, singular, _ = np"),
        components_are_orthonormal_eigenvectors,
    ),
    Mutation(
        "rows of V instead of rows of V^T",
        "lib.pca.by_svd",
        Edit("vt[:k].T", "vt.T[:k].T"),
        components_are_orthonormal_eigenvectors,
    ),
    Mutation(
        "Gram components not of length 1",
        "lib.pca.by_gram",
        Edit("np.linalg.qr(centred.T @ u)[0]", "centred.T @ u"),
        components_are_orthonormal_eigenvectors,
    ),
    Mutation(
        "Gram components only divided by their length",
        "lib.pca.by_gram",
        Edit(
            "np.linalg.qr(centred.T @ u)[0]",
            "(centred.T @ u) / np.linalg.norm(centred.T @ u, axis=0)",
        ),
        small_directions_stay_orthogonal,
    ),
    Mutation(
        "smallest eigenvalues instead of the largest",
        "lib.pca._leading",
        Edit("values[::-1][:k].copy()", "values[:k]"),
        eigenvalues_are_those_of_the_covariance,
    ),
    Mutation(
        "eigenvectors left in rising order",
        "lib.pca._leading",
        Edit("vectors[:, ::-1][:, :k]", "vectors[:, :k]"),
        components_are_orthonormal_eigenvectors,
    ),
    Mutation(
        "no proof that Lanczos found all",
        "lib.pca._lanczos",
        Edit("linalg.cholesky(rest, overwrite_a=True, check_finite=False)", "pass"),
        an_overlooked_eigenvalue_is_noticed,
    ),
    Mutation(
        "proof with a bound that is too generous",
        "lib.pca._lanczos",
        Edit("values[0] + m", "values[-1] + m"),
        an_overlooked_eigenvalue_is_noticed,
    ),
    Mutation(
        "signs left to chance",
        "lib.pca._fix_signs",
        lambda components: -components,
        largest_entries_are_positive,
    ),
    Mutation(
        "scores of points that are not centred",
        f"{ANALYSIS}.encode",
        Edit(" - self.mean", ""),
        error_and_variance_add_up,
    ),
    Mutation(
        "mean not added back",
        f"{ANALYSIS}.decode",
        Edit("self.mean + ", ""),
        error_and_variance_add_up,
    ),
    Mutation(
        "total variance of the kept components only",
        "lib.pca.fit_pca",
        Edit(
            "_fix_signs(components), np.maximum(variances, 0.0), total)",
            "_fix_signs(components), variances, float(variances[:3].sum()))",
        ),
        error_and_variance_add_up,
    ),
    Mutation(
        "variances where standard deviations belong",
        f"{ANALYSIS}.sample",
        Edit("np.sqrt(self.variances)", "self.variances"),
        samples_spread_like_the_data,
    ),
    Mutation(
        "no log determinant",
        f"{MODEL}.log_prob",
        Edit("self._log_det()", "0.0"),
        likelihood_equals_scipy,
    ),
    Mutation(
        "log determinant of the small matrix only",
        f"{MODEL}._log_det",
        Edit("(dim - k) * np.log(self.noise_variance) + ", ""),
        likelihood_equals_scipy,
    ),
    Mutation(
        "sigma instead of sigma^2 in the log determinant",
        f"{MODEL}._log_det",
        Edit("np.log(self.noise_variance)", "np.log(np.sqrt(self.noise_variance))"),
        likelihood_equals_scipy,
    ),
    Mutation(
        "sigma instead of sigma^2 in the distance",
        f"{MODEL}.log_prob",
        Edit("/ self.noise_variance", "/ np.sqrt(self.noise_variance)"),
        likelihood_equals_scipy,
    ),
    Mutation(
        "distance to the reconstruction only",
        f"{MODEL}.log_prob",
        Edit(" + (z**2).sum(axis=1)", ""),
        likelihood_equals_scipy,
    ),
    Mutation(
        "projects instead of shrinking",
        f"{MODEL}._inner",
        Edit(" + self.noise_variance * np.eye(k)", ""),
        posterior_conditions_the_joint,
    ),
    Mutation(
        "posterior covariance without the noise",
        f"{MODEL}.posterior",
        Edit("self.noise_variance * linalg", "linalg"),
        posterior_conditions_the_joint,
    ),
    Mutation(
        "noise scaled by its variance",
        f"{MODEL}.sample",
        Edit("np.sqrt(self.noise_variance)", "self.noise_variance"),
        samples_have_the_covariance_of_the_model,
    ),
    Mutation(
        "samples without noise",
        f"{MODEL}.sample",
        Edit(" + noise", ""),
        samples_have_the_covariance_of_the_model,
    ),
    Mutation(
        "noise sums the dropped eigenvalues",
        "lib.ppca.ppca_from",
        Edit("dropped / (dim - k)", "dropped"),
        fit_is_a_maximum,
    ),
    Mutation(
        "noise averages over all dimensions",
        "lib.ppca.ppca_from",
        Edit("dropped / (dim - k)", "dropped / dim"),
        fit_is_a_maximum,
    ),
    Mutation(
        "loadings keep the noise",
        "lib.ppca.ppca_from",
        Edit("kept.variances - noise", "kept.variances"),
        fit_is_a_maximum,
    ),
    Mutation(
        "loadings scaled by variances",
        "lib.ppca.ppca_from",
        Edit("np.sqrt(np.maximum(kept.variances - noise, 0.0))", "kept.variances - noise"),
        fit_is_a_maximum,
    ),
]
