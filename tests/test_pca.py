"""PCA against scikit-learn, against its own three ways to compute, and against its optimality."""

import numpy as np
import pytest
from scipy.stats import ortho_group
from sklearn.decomposition import PCA as Peer

from lib import pca as module
from lib.pca import METHODS, fit_pca

SHAPES = [(50, 8), (8, 50), (30, 30), (31, 30), (2, 5), (40, 1)]


def cloud(rng: np.random.Generator, n: int, dim: int) -> np.ndarray:
    """Points with a tilted covariance, far from the origin."""
    return rng.normal(size=(n, dim)) @ rng.normal(size=(dim, dim)) + 20 * rng.normal(size=dim)


def projector(components: np.ndarray) -> np.ndarray:
    return components @ components.T


def rank_deficient(rng: np.random.Generator) -> np.ndarray:
    """Twenty points, each twice, in 30 dimensions of which all but five are constant."""
    x = np.full((20, 30), 0.1)
    x[:, [2, 3, 11, 17, 29]] += rng.normal(size=(20, 5))
    return np.vstack([x, x])


def kinds() -> dict:
    """Data of every shape, and data that are hard on the arithmetic."""
    rng = np.random.default_rng(3)
    scales = np.geomspace(1, 1e-6, 12)  # variances from 1 to 1e-12
    return {f"{n}x{dim}": cloud(rng, n, dim) for n, dim in SHAPES} | {
        "rank-deficient": rank_deficient(rng),
        "ill-conditioned": rng.normal(size=(60, 12)) * scales @ ortho_group.rvs(12, random_state=0),
        "far away": 1e6 + rng.normal(size=(20, 6)),
        "float32": cloud(rng, 30, 9).astype(np.float32),
        "uint8": rng.integers(0, 256, (25, 40)).astype(np.uint8),
    }


KINDS = kinds()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", KINDS)
def test_definition(name, method):
    """W^T W = I, S W = W Lambda, in falling order, none negative, trace complete."""
    x = KINDS[name].astype(np.float64)
    pca = fit_pca(KINDS[name], method=method)
    s, k = np.cov(x.T, bias=True).reshape(x.shape[1], -1), min(len(x) - 1, x.shape[1])
    scale = np.trace(s)
    assert pca.components.shape == (x.shape[1], k)
    assert pca.components.dtype == pca.variances.dtype == np.float64
    np.testing.assert_allclose(pca.mean, x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(pca.components.T @ pca.components, np.eye(k), atol=1e-12)
    residual = s @ pca.components - pca.components * pca.variances
    np.testing.assert_allclose(residual, 0, atol=1e-12 * scale)
    assert np.all(np.diff(pca.variances) <= 0)
    assert pca.variances.min() >= 0
    assert pca.total_variance == pytest.approx(scale, rel=1e-12)
    assert pca.variances.sum() == pytest.approx(scale, rel=1e-12)


@pytest.mark.parametrize("method", ["auto", *METHODS])
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_scikit_learn(rng, shape, method):
    x = cloud(rng, *shape)
    n, most = len(x), min(shape[0] - 1, shape[1])
    for k in {1, (most + 1) // 2, most}:
        peer, pca = Peer(k, svd_solver="full").fit(x), fit_pca(x, k, method=method)
        want = peer.explained_variance_ * (n - 1) / n
        np.testing.assert_allclose(pca.variances, want, atol=1e-12 * want[0])
        np.testing.assert_allclose(
            projector(pca.components), projector(peer.components_.T), atol=1e-9
        )
        np.testing.assert_allclose(pca.encode(x) @ pca.components.T + pca.mean, pca.reconstruct(x))
        back = peer.inverse_transform(peer.transform(x))
        np.testing.assert_allclose(pca.reconstruct(x), back, atol=1e-9 * np.abs(x).max())


@pytest.mark.parametrize("name", KINDS)
def test_three_ways_agree(name):
    """The same eigenvalues, and the same space for those well apart from the rest."""
    x = KINDS[name]
    a, b, c = (fit_pca(x, method=method) for method in METHODS)
    for other in (a, b):
        np.testing.assert_allclose(other.variances, c.variances, atol=1e-13 * c.total_variance)
    rank = int((c.variances > 1e-8 * c.total_variance).sum())
    want = projector(c.keep(rank).components)
    for other in (a, b):
        np.testing.assert_allclose(projector(other.keep(rank).components), want, atol=1e-6)


def test_few_components_equal_the_first_of_all(rng):
    """Bisection for a few eigenvalues and divide and conquer for all give the same."""
    x = cloud(rng, 120, 90)
    everything = fit_pca(x)
    for k in (1, 5, 11, 12, 60):
        few = fit_pca(x, k)
        np.testing.assert_allclose(few.variances, everything.variances[:k], rtol=1e-10)
        np.testing.assert_allclose(few.components, everything.components[:, :k], atol=1e-8)
        kept = everything.keep(k)
        np.testing.assert_array_equal(kept.components, everything.components[:, :k])
        assert kept.total_variance == everything.total_variance
        assert few.total_variance == pytest.approx(everything.total_variance)


@pytest.mark.parametrize("method", METHODS)
def test_few_components_of_repeated_eigenvalues(rng, method):
    """Bisection must also cope with equal eigenvalues, zero or not."""
    axes = ortho_group.rvs(100, random_state=0)
    flat = np.vstack([axes, -axes])  # every eigenvalue is 1/100
    low = rng.normal(size=(200, 5)) @ axes[:5]  # 95 eigenvalues are 0
    five = np.linalg.eigvalsh(np.cov(low.T, bias=True))[:-6:-1]
    for x, want in ((flat, np.full(11, 0.01)), (low, np.r_[five, np.zeros(6)])):
        pca = fit_pca(x, 11, method=method)
        np.testing.assert_allclose(pca.components.T @ pca.components, np.eye(11), atol=1e-12)
        np.testing.assert_allclose(pca.variances, want, atol=1e-13)


SPECTRA = {
    "falling": np.linspace(3, 1, 480),
    "falling by decades": np.geomspace(1, 1e-300, 480),
    "tiny": np.geomspace(1e-20, 1e-26, 480),
    "all equal": np.ones(480),
    "five, the rest zero": np.r_[5.0:0.0:-1, np.zeros(475)],
    "all zero": np.zeros(480),
    "thirty copies of the largest": np.r_[np.full(30, 3.0), np.linspace(1, 0, 450)],
    "every one three times": np.repeat(np.linspace(3, 1, 160), 3),
    "clusters": np.repeat(np.linspace(3, 1, 160), 3) + np.tile([2e-12, 1e-12, 0], 160),
    "a pair at the cut": np.r_[np.linspace(3, 2, 10), 1, 1, np.linspace(0.9, 0, 468)],
    "one a million million times the rest": np.r_[1e12, np.linspace(1, 0.5, 479)],
}


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("basis", ["turned", "axes"])
def test_very_few_eigenvalues(name, basis):
    """Lanczos' method or its stand-in: the largest, each with its vector, none missed."""
    want, k = SPECTRA[name], 9
    q = np.eye(480) if basis == "axes" else ortho_group.rvs(480, random_state=5)
    matrix = (q * want) @ q.T
    values, w = module._leading(matrix.copy(), k)
    scale = max(want[0], 1e-300)
    np.testing.assert_allclose(values / scale, want[:k] / scale, atol=1e-13)
    np.testing.assert_allclose(w.T @ w, np.eye(k), atol=1e-12)
    np.testing.assert_allclose((matrix @ w - w * values) / scale, 0, atol=1e-13)


@pytest.mark.parametrize("shape", [(500, 450), (450, 500), (450, 2000)])
def test_very_few_components_equal_the_first_of_all(rng, shape):
    x = rng.normal(size=(shape[0], 20)) * np.geomspace(9, 1, 20) @ rng.normal(size=(20, shape[1]))
    x += rng.normal(size=shape)
    few, everything = fit_pca(x, 8), fit_pca(x, method="svd").keep(8)
    np.testing.assert_allclose(few.variances, everything.variances, rtol=1e-12)
    np.testing.assert_allclose(few.components, everything.components, atol=1e-10)


def test_an_eigenvalue_that_lanczos_misses_is_noticed(rng, monkeypatch):
    """The Cholesky factor does not exist, and LAPACK takes over."""
    x = cloud(rng, 300, 120)
    want, tried = fit_pca(x).keep(2), []

    def forgetful(scaled, k, **options):
        tried.append(k)
        values, vectors = np.linalg.eigh(scaled)
        return values[[-3, -1]], vectors[:, [-3, -1]]

    monkeypatch.setattr(module, "eigsh", forgetful)
    found = fit_pca(x, 2)
    assert tried == [2]
    np.testing.assert_allclose(found.variances, want.variances, rtol=1e-12)
    np.testing.assert_allclose(found.components, want.components, atol=1e-9)


def test_lanczos_itself_answers_where_eigenvalues_are_apart(rng):
    x = rng.normal(size=(600, 500)) * np.geomspace(1, 0.01, 500)
    values, _ = module._lanczos(x.T @ x / 600, 10)
    np.testing.assert_allclose(values[::-1], np.linalg.eigvalsh(x.T @ x / 600)[:-11:-1], rtol=1e-12)


def test_signs_make_the_answer_unique(rng):
    for x in (cloud(rng, 40, 7), cloud(rng, 7, 40)):
        pca = fit_pca(x)
        largest = np.abs(pca.components).argmax(axis=0)
        assert np.all(pca.components[largest, np.arange(len(pca.variances))] > 0)
        again = fit_pca(x[::-1])
        np.testing.assert_allclose(again.components, pca.components, atol=1e-9)


@pytest.mark.parametrize("shape", [(60, 9), (9, 60)])
def test_error_is_the_sum_of_the_dropped_eigenvalues(rng, shape):
    x = cloud(rng, *shape)
    full = fit_pca(x)
    for k in range(len(full.variances) + 1):
        error = ((x - full.keep(k).reconstruct(x)) ** 2).sum() / len(x)
        want = full.variances[k:].sum()
        assert error == pytest.approx(want, rel=1e-9, abs=1e-10 * full.total_variance)


def test_no_other_plane_is_nearer(rng):
    x = cloud(rng, 50, 8)
    centred, total = x - x.mean(axis=0), ((x - x.mean(axis=0)) ** 2).sum()
    for k in (1, 3, 7):
        best = ((x - fit_pca(x, k).reconstruct(x)) ** 2).sum()
        for w in ortho_group.rvs(8, size=200, random_state=1)[:, :, :k]:
            other = ((centred - centred @ w @ w.T) ** 2).sum()
            assert best < other
            assert total == pytest.approx(other + ((centred @ w) ** 2).sum())
        shifted = x.mean(axis=0) + 0.1 * rng.normal(size=8)  # a plane that misses the mean
        w = fit_pca(x, k).components
        assert best < (((x - shifted) - (x - shifted) @ w @ w.T) ** 2).sum()


def test_scores_are_uncorrelated_with_the_eigenvalues_as_variances(rng):
    x = cloud(rng, 70, 6)
    pca = fit_pca(x)
    z = pca.encode(x)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(z.T @ z / len(x), np.diag(pca.variances), atol=1e-9)
    np.testing.assert_allclose(pca.decode(z), x, atol=1e-9)


def test_samples_have_the_moments_of_the_kept_plane(rng):
    pca = fit_pca(cloud(rng, 50, 5), 3)
    x = pca.sample(200_000, rng)
    want = pca.components * pca.variances @ pca.components.T
    scale = pca.variances[0]
    np.testing.assert_allclose(x.mean(axis=0), pca.mean, atol=5 * np.sqrt(scale / len(x)))
    np.testing.assert_allclose(np.cov(x.T), want, atol=8 * scale / np.sqrt(len(x)))
    np.testing.assert_allclose(pca.reconstruct(x), x, atol=1e-8)  # they lie on the plane


def test_input_is_left_alone_and_need_not_vary(rng):
    x = cloud(rng, 20, 30)
    before = x.copy()
    for method in METHODS:
        fit_pca(x, method=method)
        np.testing.assert_array_equal(x, before)
        flat = fit_pca(np.full((5, 4), 0.3), method=method)
        np.testing.assert_allclose(flat.components.T @ flat.components, np.eye(4), atol=1e-12)
        assert flat.variances.max() == pytest.approx(0, abs=1e-30)


def test_the_constant_mean_has_no_components(rng):
    x = cloud(rng, 20, 4)
    mean_only = fit_pca(x).keep(0)
    assert mean_only.encode(x).shape == (20, 0)
    np.testing.assert_allclose(mean_only.reconstruct(x), np.tile(x.mean(axis=0), (20, 1)))


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (np.zeros((5, 8, 8)), {}, r"flatten with x\.reshape"),
        (np.zeros(5), {}, r"got \(5,\)"),
        (np.zeros((1, 4)), {}, "at least 2 rows"),
        (np.zeros((4, 0)), {}, "1 column"),
        (np.array([[1.0, np.nan], [0.0, 1.0]]), {}, "nan"),
        (np.array([[1.0, np.inf], [0.0, 1.0]]), {}, "infinity"),
        (np.zeros((5, 3)), {"k": 0}, "1 to 3 components, got k=0"),
        (np.zeros((5, 3)), {"k": 4}, "1 to 3 components, got k=4"),
        (np.zeros((3, 9)), {"k": 3}, "3 points in 9 dimensions have 1 to 2 components"),
        (np.zeros((5, 3)), {"method": "qr"}, "'covariance', 'gram', 'svd'"),
    ],
)
def test_bad_input(x, options, message):
    with pytest.raises(ValueError, match=message):
        fit_pca(x, **options)


def test_bad_use_of_an_analysis(rng):
    pca = fit_pca(cloud(rng, 20, 6), 3)
    with pytest.raises(ValueError, match="between 0 and the 3 kept, got 4"):
        pca.keep(4)
    with pytest.raises(ValueError, match=r"x must be \(n, 6\), got shape \(2, 5\)"):
        pca.encode(np.zeros((2, 5)))
    with pytest.raises(ValueError, match=r"z must be \(n, 3\), got shape \(3,\)"):
        pca.decode(np.zeros(3))
