"""Mistakes people make with divergences and codes, each caught by a check of the real code."""

import numpy as np
import torch
from scipy import stats
from torch.distributions import MultivariateNormal, kl_divergence

from lib import code_lengths, divergence
from lib.datasets.toys import Mixture
from tests.mutation import Edit, Mutation


def tables() -> tuple[np.ndarray, np.ndarray]:
    return np.random.default_rng(3).dirichlet(np.ones(6), size=2)


def divergence_of_tables_is_scipys() -> None:
    q, p = tables()
    assert np.isclose(divergence.kl(q, p), stats.entropy(q, p))


def cross_entropy_is_entropy_plus_divergence() -> None:
    q, p = tables()
    want = stats.entropy(q) + stats.entropy(q, p)
    assert np.isclose(divergence.cross_entropy(q, p), want)


def jensen_shannon_ends_at_log_two() -> None:
    assert np.isclose(divergence.jensen_shannon([1, 0], [0, 1]), np.log(2))


def gaussians_equal_torch() -> None:
    rng = np.random.default_rng(5)
    roots, means = rng.normal(size=(2, 3, 3)), rng.normal(size=(2, 3))
    covs = roots @ roots.swapaxes(1, 2) + np.eye(3)
    pair = [MultivariateNormal(*map(torch.tensor, g)) for g in zip(means, covs, strict=True)]
    ours = divergence.kl_gaussians(means[0], covs[0], means[1], covs[1])
    assert np.isclose(ours, kl_divergence(*pair).item())


def grid_equals_closed_form() -> None:
    z = np.linspace(-12, 12, 2401)
    found = divergence.kl_grid(stats.norm.logpdf(z, 1, 0.7), stats.norm.logpdf(z), 0.01)
    assert np.isclose(found, 0.5 * (0.49 + 1 - 1 - np.log(0.49)))


def quadrature_equals_closed_form() -> None:
    found = divergence.kl_integral(stats.norm(1, 0.7).logpdf, stats.norm.logpdf, -9, 9)
    assert np.isclose(found, 0.5 * (0.49 + 1 - 1 - np.log(0.49)))


def standard_error_is_scipys() -> None:
    terms = np.random.default_rng(0).normal(size=30)
    found = divergence.monte_carlo_kl(terms, np.zeros(30))
    np.testing.assert_allclose(found, (terms.mean(), stats.sem(terms)))


TWO = Mixture([0.6, 0.4], [-3, 3], [0.6, 0.8])


def covering_fit_has_the_moments() -> None:
    fit = divergence.fit_covering(TWO.log_prob, np.linspace(-9, 9, 901), 0.02, 1, 1)
    mean = 0.6 * -3 + 0.4 * 3
    variance = 0.6 * (9 + 0.36) + 0.4 * (9 + 0.64) - mean**2
    np.testing.assert_allclose([fit.mean[0], fit.covariance[0, 0]], [mean, variance], rtol=1e-3)


def seeking_fit_copies_a_mode() -> None:
    fit = divergence.fit_seeking(TWO.log_prob, -2, 1)
    found = fit.mean[0], fit.covariance[0, 0], fit.kl
    np.testing.assert_allclose(found, (-3, 0.36, -np.log(0.6)), rtol=0.02)


def correlated_gaussian_is_found() -> None:
    p = stats.multivariate_normal([0.5, -0.5], [[1, 0.6], [0.6, 0.8]])
    fit = divergence.fit_seeking(p.logpdf, [0, 0], np.eye(2))
    np.testing.assert_allclose(fit.covariance, p.cov, atol=0.02)


def messages_are_read_back() -> None:
    rng = np.random.default_rng(1)
    for n in (1, 5, 200):
        message, counts = rng.integers(5, size=n), rng.integers(1, 9, size=5)
        bits = code_lengths.arithmetic_encode(message, counts)
        assert code_lengths.arithmetic_decode(bits, counts, n) == message.tolist()


def messages_are_as_long_as_they_are_improbable() -> None:
    rng = np.random.default_rng(2)
    message, counts = rng.integers(5, size=300), rng.integers(1, 9, size=5)
    ideal = -np.log2(counts / counts.sum())[message].sum()
    assert ideal - 1e-9 <= len(code_lengths.arithmetic_encode(message, counts)) < ideal + 1


def huffman_meets_powers_of_a_half() -> None:
    words = code_lengths.huffman_code([4, 1, 2, 1])
    assert sorted(map(len, words)) == [1, 2, 3, 3]
    assert len(words[0]) == 1
    assert not any(a != b and b.startswith(a) for a in words for b in words)


FORM = "lib.divergence.kl_gaussians"

MUTATIONS = [
    Mutation(
        "both distributions exchanged",
        "lib.divergence.kl",
        Edit("*_pair(q, p)", "*_pair(p, q)"),
        divergence_of_tables_is_scipys,
    ),
    Mutation(
        "cross-entropy with the letters exchanged",
        "lib.divergence.cross_entropy",
        Edit("xlogy(q, p)", "xlogy(p, q)"),
        cross_entropy_is_entropy_plus_divergence,
    ),
    Mutation(
        "sum instead of average",
        "lib.divergence.jensen_shannon",
        Edit("rel_entr(q, middle).sum()) / 2", "rel_entr(q, middle).sum())"),
        jensen_shannon_ends_at_log_two,
    ),
    Mutation(
        "minus sign in front", FORM, Edit("float(0.5 *", "float(-0.5 *"), gaussians_equal_torch
    ),
    Mutation("missing one half", FORM, Edit("float(0.5 *", "float(1.0 *"), gaussians_equal_torch),
    Mutation(
        "log sigma where log sigma^2 is meant",
        FORM,
        Edit("2 * np.sum(np.log", "np.sum(np.log"),
        gaussians_equal_torch,
    ),
    Mutation(
        "sigma where sigma^2 is meant",
        FORM,
        Edit("np.sum(spread**2)", "np.trace(spread)"),
        gaussians_equal_torch,
    ),
    Mutation(
        "measured in q's units instead of p's",
        FORM,
        Edit("solve_triangular(root_p, mean_q", "solve_triangular(root_q, mean_q"),
        gaussians_equal_torch,
    ),
    Mutation(
        "mean over the dimensions",
        FORM,
        Edit("len(mean_q) + log_dets)", "len(mean_q) + log_dets) / len(mean_q)"),
        gaussians_equal_torch,
    ),
    Mutation(
        "volume of the cells forgotten",
        "lib.divergence.kl_grid",
        Edit("float(cell * rel_entr", "float(rel_entr"),
        grid_equals_closed_form,
    ),
    Mutation(
        "averages over p instead of q",
        "lib.divergence.kl_integral",
        Edit("q = np.exp(log_q(z))", "q = np.exp(log_p(z))"),
        quadrature_equals_closed_form,
    ),
    Mutation(
        "standard deviation instead of standard error",
        "lib.divergence.monte_carlo_kl",
        Edit(" / np.sqrt(len(ratio))", ""),
        standard_error_is_scipys,
    ),
    Mutation(
        "every point counts the same",
        "lib.divergence.fit_covering",
        Edit("weights /= weights.sum()", "weights = np.full(len(points), 1 / len(points))"),
        covering_fit_has_the_moments,
    ),
    Mutation(
        "entropy of q forgotten",
        "lib.divergence.fit_seeking",
        Edit("float(-entropy - weights", "float(-weights"),
        seeking_fit_copies_a_mode,
    ),
    Mutation(
        "variance where the standard deviation belongs",
        "lib.divergence.fit_seeking",
        Edit("mean + eps @ root.T", "mean + eps @ (root @ root.T)"),
        seeking_fit_copies_a_mode,
    ),
    Mutation(
        "no correlations",
        "lib.divergence._fit",
        Edit("root[below] = theta[2 * k :]", "root[below] = 0.0"),
        correlated_gaussian_is_found,
    ),
    Mutation(
        "interval starts at its end",
        "lib.code_lengths._starts",
        Edit("[0, *accumulate(whole)][:-1]", "list(accumulate(whole))"),
        messages_are_read_back,
    ),
    Mutation(
        "rounded down, out of the interval",
        "lib.code_lengths.arithmetic_encode",
        Edit("-(-(low << places) // scale)", "(low << places) // scale"),
        messages_are_read_back,
    ),
    Mutation(
        "width is not shrunk",
        "lib.code_lengths.arithmetic_encode",
        Edit("width * int(counts[symbol]), scale * total", "width, scale * total"),
        messages_are_as_long_as_they_are_improbable,
    ),
    Mutation(
        "joins the heaviest",
        "lib.code_lengths.huffman_code",
        Edit("(weight, symbol, [symbol])", "(-weight, symbol, [symbol])"),
        huffman_meets_powers_of_a_half,
    ),
]
