"""Checks of the equations of the lesson on three-dimensional faces."""

import numpy as np
from scipy import linalg, optimize, stats

from lib import mesh_render, morphable
from lib.datasets.head_template import template
from lib.datasets.heads import draw_factors, load_heads, make_heads
from lib.pca import PCA
from tests.equations import checks


def rng() -> np.random.Generator:
    return np.random.default_rng(23)


def small_model(v: int = 20, k: int = 5, kt: int = 3) -> morphable.MorphableModel:
    """Random orthonormal components on a mesh without triangles."""
    random = rng()
    shape = linalg.orth(random.normal(size=(3 * v, k)))
    tone = linalg.orth(random.normal(size=(v, kt)))
    a, b = np.sort(random.gamma(2, 2, k))[::-1], np.sort(random.gamma(2, 0.01, kt))[::-1]
    return morphable.MorphableModel(
        PCA(random.normal(0, 50, 3 * v), shape, a, a.sum()),
        PCA(random.uniform(0.3, 0.7, v), tone, b, b.sum()),
        np.zeros((0, 3), int),
    )


@checks("eq-heads-vectors", by="point by point, over the heads of the data set")
def vectors():
    """Entries 3j, 3j+1, 3j+2 of a flattened head are x, y, z of vertex j."""
    data = load_heads(12)
    m = len(template().vertices)
    flat = data.x.reshape(12, -1)
    assert flat.shape[1] == 3 * m == 3 * data.extras["albedo"].shape[1]
    for name, j in data.shared["landmarks"].items():
        place = [flat[:, 3 * j + axis] for axis in range(3)]
        np.testing.assert_array_equal(np.stack(place, axis=1), data.x[:, j], err_msg=name)


@checks("eq-heads-one-factor", by="numpy's covariance and eigenvectors of the moving coordinates")
def one_factor():
    """One factor: the covariance is an outer product, its leading eigenpair as stated."""
    f = rng().normal(size=40)
    x = make_heads({"mouth_width": f})[0].reshape(40, -1).astype(float)
    d = (make_heads({"mouth_width": [1.0]})[0] - make_heads({})[0]).ravel().astype(float)
    moving = np.argsort(-np.abs(d))[:200]
    covariance = np.cov(x[:, moving].T, bias=True)
    np.testing.assert_allclose(covariance, f.var() * np.outer(d[moving], d[moving]), atol=2e-4)
    values, columns = np.linalg.eigh(covariance)
    length = np.linalg.norm(d[moving])
    assert np.isclose(values[-1], f.var() * length**2, rtol=1e-4)
    assert np.isclose(abs(columns[:, -1] @ d[moving]) / length, 1, rtol=1e-6)


@checks("eq-heads-projection", by="the centre of gravity of a small rendered ball")
def projection():
    """A ball is seen where the first two rows of the rotated position say."""
    from tests.test_mesh_render import sphere

    ball, triangles = sphere(6.0, 20, 30)
    for place, yaw, pitch in (
        ((40, 30, 20), 0, 0),
        ((-20, 50, 60), 50, 0),
        ((30, -40, 10), -30, 25),
    ):
        picture = mesh_render.render_mesh(
            ball + np.array(place), triangles, np.ones(len(ball)), yaw=yaw, pitch=pitch,
            light=(0, 0, 1), size=200, span=200, background=0,
        )  # fmt: skip
        row, column = np.nonzero(picture > 0.2)
        turn = linalg.expm(np.radians(pitch) * np.array([[0, 0, 0], [0, 0, -1], [0, 1, 0]]))
        turn = turn @ linalg.expm(np.radians(yaw) * np.array([[0, 0, 1], [0, 0, 0], [-1, 0, 0]]))
        q = np.eye(3)[:2] @ turn @ place
        seen = column.mean() + 0.5 - 100, 100 - row.mean() - 0.5
        np.testing.assert_allclose(seen, q, atol=0.4)


@checks("eq-heads-shading", by="spherical trigonometry, angle by angle")
def shading():
    """Brightness from the angles between normal, lamp and viewer, without inner products."""
    kappa, gamma, m = mesh_render.AMBIENT, mesh_render.GLOSS, mesh_render.SHININESS
    for lamp in np.radians([0, 30, 70]):
        for normal in np.radians(np.arange(-85, 90, 10)):
            seen = np.array([[np.sin(normal), 0, np.cos(normal)]])
            got = mesh_render.shade(seen, np.array([0.6]), (np.sin(lamp), 0, np.cos(lamp)))
            away, off = abs(normal - lamp), abs(normal - lamp / 2)
            want = 0.6 * (kappa + (1 - kappa) * max(0, np.cos(away)))
            want += gamma * max(0, np.cos(off)) ** m * (away < np.pi / 2)
            assert np.isclose(got[0], want)


@checks("eq-heads-model", by="sums over components by loops")
def model():
    """A head is the mean plus coefficients times components, for shape and for tone."""
    m, random = small_model(), rng()
    alpha, beta = random.normal(size=5), random.normal(size=3)
    s, t = m.shape.mean.copy(), m.albedo.mean.copy()
    for k in range(5):
        s += alpha[k] * m.shape.components[:, k]
    for k in range(3):
        t += beta[k] * m.albedo.components[:, k]
    vertices, tone = m.head(alpha, beta)
    np.testing.assert_allclose(vertices.ravel(), s)
    np.testing.assert_allclose(tone, t)


@checks("eq-heads-prior", by="scipy's normal distribution and the spread of 20,000 samples")
def prior():
    """Samples have coefficients of variance lambda_k; the density is as the formula says."""
    m = small_model()
    x, tone = m.sample(20_000, rng())
    alpha, beta = m.encode(x, tone)
    np.testing.assert_allclose(alpha.var(axis=0), m.shape.variances, rtol=0.06)
    np.testing.assert_allclose(beta.var(axis=0), m.albedo.variances, rtol=0.06)
    assert np.abs(np.corrcoef(np.hstack([alpha, beta]).T) - np.eye(8)).max() < 0.04
    a, b = alpha[:2]
    normal = stats.multivariate_normal(np.zeros(5), np.diag(m.shape.variances))
    stated = [-0.5 * np.sum(z**2 / m.shape.variances) for z in (a, b)]
    assert np.isclose(normal.logpdf(a) - normal.logpdf(b), stated[0] - stated[1])


@checks("eq-heads-error", by="distances vertex by vertex, and heads moved by a known amount")
def error():
    """The mean distance of corresponding vertices; a shift by 3, 4, 12 mm is 13 mm."""
    x = make_heads(draw_factors(2, rng()))[0].astype(float)
    by_hand = np.mean([np.linalg.norm(a - b) for a, b in zip(x[0], x[1], strict=True)])
    assert np.isclose(morphable.vertex_error(x[0], x[1]), by_hand)
    assert np.isclose(morphable.vertex_error(x[0], x[0] + [3, 4, 12]), 13)


@checks("eq-heads-stacked", by="the trace of numpy's covariance of stacked vectors")
def stacked():
    """The total variance of stacked shape and weighted tone is a weighted sum."""
    random = rng()
    s = random.normal(size=(30, 9)) * 20
    t = random.uniform(size=(30, 3)) + 0.1 * s[:, :3]
    for c in (0.1, 1.0, 50.0):
        whole = np.trace(np.cov(np.hstack([s, c * t]).T, bias=True))
        parts = [np.trace(np.cov(part.T, bias=True)) for part in (s, t)]
        assert np.isclose(whole, parts[0] + c**2 * parts[1])


def marks(noise: float = 0.8):
    """A small model, marks seen on one of its heads, and the linear map of the lesson."""
    m, random = small_model(), rng()
    points = np.array([2, 5, 11, 17])
    camera = mesh_render.rotation(40, 10)[:2]
    alpha = random.normal(size=5) * np.sqrt(m.shape.variances)
    q = m.head(alpha, [])[0][points] @ camera.T + random.normal(0, noise, (4, 2))
    start = m.head([], [])[0][points] @ camera.T
    columns = [(m.head(e, [])[0][points] @ camera.T - start).ravel() for e in np.eye(5)]
    return m, points, q, start.ravel(), np.stack(columns, axis=1)


@checks("eq-heads-map", by="the logarithm of Gaussian densities from scipy")
def posterior():
    """Minus twice the log posterior of the marks, up to a constant."""
    m, _, q, start, a = marks()
    random = rng()
    stated, exact = [], []
    for alpha in random.normal(size=(4, 5)):
        residual = q.ravel() - start - a @ alpha
        stated.append(residual @ residual / 0.8**2 + np.sum(alpha**2 / m.shape.variances))
        likelihood = stats.norm(start + a @ alpha, 0.8).logpdf(q.ravel()).sum()
        exact.append(-2 * (likelihood + stats.norm(0, m.shape.variances**0.5).logpdf(alpha).sum()))
    np.testing.assert_allclose(np.diff(stated), np.diff(exact))


@checks("eq-heads-ridge", by="a general optimiser on the objective, and the library")
def ridge():
    """The closed form minimises the objective, and the library computes it."""
    m, points, q, start, a = marks()
    inverse = np.diag(1 / m.shape.variances)
    formula = np.linalg.solve(a.T @ a + 0.8**2 * inverse, a.T @ (q.ravel() - start))

    def objective(alpha):
        residual = q.ravel() - start - a @ alpha
        return residual @ residual / 0.8**2 + alpha @ inverse @ alpha

    found = optimize.minimize(objective, np.zeros(5), tol=1e-12).x
    np.testing.assert_allclose(formula, found, atol=1e-4)
    library = morphable.fit_landmarks(m, q, points, noise=0.8, yaw=40, pitch=10)
    np.testing.assert_allclose(library, formula, rtol=1e-8)


@checks("eq-heads-gauss-newton", by="scipy's least squares on a curved problem")
def gauss_newton():
    """The step is the minimum of the linearised problem; the iteration ends at scipy's minimum."""
    random = rng()
    a, y = random.normal(size=(12, 3)), random.normal(size=12)

    def residual(z):
        return np.tanh(a @ z) + 0.1 * a @ z - y

    z = random.normal(size=3)
    jacobian = optimize.approx_fprime(z, residual, 1e-7)
    r = residual(z)
    step = -np.linalg.solve(jacobian.T @ jacobian + np.eye(3), jacobian.T @ r + z)
    stacked_a = np.vstack([jacobian, np.eye(3)])
    lstsq = np.linalg.lstsq(stacked_a, -np.concatenate([r, z]), rcond=None)[0]
    np.testing.assert_allclose(step, lstsq, atol=1e-8)
    got, losses = morphable.gauss_newton(residual, z, 30, delta=1e-4)
    best = optimize.least_squares(lambda z: np.concatenate([residual(z), z]), z, xtol=1e-12)
    np.testing.assert_allclose(got, best.x, atol=1e-3)
    assert np.isclose(losses[-1], 2 * best.cost, rtol=1e-5)
