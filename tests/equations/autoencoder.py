"""Checks of the equations of the lesson on autoencoders."""

import numpy as np
import torch
from scipy import integrate, optimize, stats

from lib import autoencoder, nets
from lib.pca import fit_pca
from tests.equations import checks

D, K = 5, 2


def rng() -> np.random.Generator:
    return np.random.default_rng(31)


def data() -> np.ndarray:
    """Centred rows whose covariance is invertible, with distinct eigenvalues."""
    x = (
        rng().normal(size=(40, D))
        * [3, 2, 1.2, 0.7, 0.4]
        @ np.linalg.qr(rng().normal(size=(D, D)))[0]
    )
    return x - x.mean(axis=0)


def error(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """Mean over the examples of the squared length of x - B A x, one example after the other."""
    return sum(float(np.sum((row - b @ (a @ row)) ** 2)) for row in x) / len(x)


@checks("eq-ae-objective", by="a sum over examples and pixels in plain Python")
def objective():
    """The library's loss is the sum over pixels, averaged over examples."""
    x = torch.tensor(data())
    model = autoencoder.mlp_autoencoder((D,), (4,), K).double()
    total = 0.0
    for row in x:
        code = model.encoder(row[None])
        rebuilt = model.decoder(code)[0, 0].tolist()
        total += sum((p - q) ** 2 for p, q in zip(row.tolist(), rebuilt, strict=True))
    assert np.isclose(model.loss(x)["loss"].item(), total / len(x))


@checks("eq-ae-linear", by="the library's networks without hidden layers")
def linear_objective():
    """With one linear layer each and no bias the loss is the mean of |x - B A x|^2."""
    x = data()
    model = autoencoder.Autoencoder(
        nets.MLPEncoder((D,), (), K), nets.MLPDecoder(K, (), (D,))
    ).double()
    a, b = (net.net[0].weight.detach().numpy() for net in (model.encoder, model.decoder))
    for net in (model.encoder, model.decoder):
        torch.nn.init.zeros_(net.net[0].bias)
    assert np.isclose(model.loss(torch.tensor(x))["loss"].item(), error(x, a, b))


@checks("eq-ae-split", by="random matrices and the projector of a QR factor")
def split():
    """The error is the distance to the plane of B plus the distance within it."""
    random, x = rng(), data()
    for _ in range(20):
        a, b = random.normal(size=(K, D)), random.normal(size=(D, K))
        q = np.linalg.qr(b)[0]
        for row in x[:5]:
            foot, rebuilt = q @ q.T @ row, b @ a @ row
            parts = np.sum((row - foot) ** 2) + np.sum((foot - rebuilt) ** 2)
            assert np.isclose(np.sum((row - rebuilt) ** 2), parts)


@checks("eq-ae-minimum", by="a general optimiser from random starts")
def minimum():
    """No pair of matrices beats the sum of the dropped eigenvalues, and a search reaches it."""
    x, random = data(), rng()
    s = x.T @ x / len(x)
    dropped = np.sort(np.linalg.eigvalsh(s))[: D - K].sum()

    def objective(theta):
        rest = np.eye(D) - theta[K * D :].reshape(D, K) @ theta[: K * D].reshape(K, D)
        return np.trace(rest @ s @ rest.T)

    found = [optimize.minimize(objective, random.normal(size=2 * K * D)) for _ in range(4)]
    assert min(f.fun for f in found) > dropped - 1e-9
    assert np.allclose([f.fun for f in found], dropped, atol=1e-6)
    assert np.isclose(objective(found[0].x), error(x, *matrices(found[0].x)))


def matrices(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return theta[: K * D].reshape(K, D), theta[K * D :].reshape(D, K)


@checks("eq-ae-freedom", "eq-ae-tied", by="the ends of a search, with free and with tied weights")
def freedom():
    """Every minimiser found is W G and G^-1 W^T; with A = B^T, G is orthogonal."""
    x, random = data(), rng()
    s = x.T @ x / len(x)
    w = np.linalg.eigh(s)[1][:, ::-1][:, :K]

    def cost(a, b):
        rest = np.eye(D) - b @ a
        return np.trace(rest @ s @ rest.T)

    options = {"options": {"gtol": 1e-9}}
    for _ in range(3):
        start = random.normal(size=2 * K * D)
        a, b = matrices(optimize.minimize(lambda t: cost(*matrices(t)), start, **options).x)
        g = w.T @ b
        np.testing.assert_allclose(b, w @ g, atol=1e-3)
        np.testing.assert_allclose(a, np.linalg.inv(g) @ w.T, atol=1e-3)
        assert np.abs(g.T @ g - np.eye(K)).max() > 1e-2  # nothing asks for a rotation
        tied = optimize.minimize(
            lambda t: cost(t.reshape(D, K).T, t.reshape(D, K)), start[: D * K], **options
        )
        g = w.T @ tied.x.reshape(D, K)
        np.testing.assert_allclose(g @ g.T, np.eye(K), atol=1e-3)
    g = random.normal(size=(K, K))
    dropped = np.sort(np.linalg.eigvalsh(s))[: D - K].sum()
    assert np.isclose(error(x, np.linalg.inv(g) @ w.T, w @ g), dropped)


@checks("eq-ae-gradient", by="finite differences of the error, entry by entry")
def gradient():
    """Both gradients are those of the mean squared error, and vanish at any eigenvectors."""
    x, random = data(), rng()
    s = x.T @ x / len(x)
    a, b = random.normal(size=(K, D)), random.normal(size=(D, K))
    rest = np.eye(D) - b @ a
    formulas = -2 * rest @ s @ a.T, -2 * b.T @ rest @ s
    numeric = np.zeros((D, K)), np.zeros((K, D))
    for i in range(D):
        for k in range(K):
            for sign in (1, -1):
                step = np.zeros((D, K))
                step[i, k] = sign * 1e-5
                numeric[0][i, k] += sign * error(x, a, b + step) / 2e-5
                numeric[1][k, i] += sign * error(x, a + step.T, b) / 2e-5
    for formula, want in zip(formulas, numeric, strict=True):
        np.testing.assert_allclose(formula, want, atol=1e-6)
    w = np.linalg.eigh(s)[1][:, [0, 3]]
    g = random.normal(size=(K, K))
    a, b = np.linalg.inv(g) @ w.T, w @ g
    rest = np.eye(D) - b @ a
    np.testing.assert_allclose(rest @ s @ a.T, 0, atol=1e-10)
    np.testing.assert_allclose(b.T @ rest @ s, 0, atol=1e-10)


@checks("eq-ae-bourlard", by="arbitrary codes: even the best for each matrix are no better")
def linear_decoder():
    """Give every example the code you like: a linear decoder stays above the PCA error."""
    x, random = data(), rng()
    dropped = fit_pca(x).variances[K:].sum()
    lowest = np.inf
    for trial in range(300):
        b = random.normal(size=(D, K))
        if trial == 0:
            b = fit_pca(x, K).components @ random.normal(size=(K, K))
        codes = np.linalg.lstsq(b, x.T, rcond=None)[0]  # no encoder can do better
        lowest = min(lowest, np.mean(np.sum((x.T - b @ codes) ** 2, axis=0)))
        others = np.tanh(x @ random.normal(size=(D, K)))
        assert np.mean(np.sum((x - others @ b.T) ** 2, axis=1)) >= dropped
    assert np.isclose(lowest, dropped)


@checks("eq-ae-beside", by="the eigenvectors of the covariance, networks evaluated alone")
def beside():
    """Codes and pictures are those of the straight path plus those of the network."""
    x, shape = data(), (D,)
    values, w = np.linalg.eigh(x.T @ x / len(x))
    values, w = values[::-1][:K], w[:, ::-1][:, :K]
    nets_alone = autoencoder.mlp_autoencoder(shape, (4,), K).double()
    model = autoencoder.beside_pca(nets_alone, fit_pca(x, K), shape).double()
    rows = torch.tensor(x)
    with torch.no_grad():
        started = model.reconstruct(rows).numpy()
        for parameter in nets_alone.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(1))
        codes, bent = (e(rows).numpy() for e in (model.encoder, nets_alone.encoder))
        z = torch.tensor(codes)
        pictures, bent_pictures = (d(z)[:, 0].numpy() for d in (model.decoder, nets_alone.decoder))
    signs = np.sign(np.sum((codes - bent) * (x @ w), axis=0))  # of an eigenvector they are free
    np.testing.assert_allclose(codes, signs * (x @ w) / np.sqrt(values) + bent, atol=1e-5)
    straight = (signs * codes * np.sqrt(values)) @ w.T
    np.testing.assert_allclose(pictures, straight + bent_pictures, atol=1e-5)
    np.testing.assert_allclose(started, x @ w @ w.T, atol=1e-5)


WEIGHTS, MEANS, SDS, SIGMA = np.array([0.3, 0.7]), np.array([-1.0, 1.5]), np.array([0.3, 0.5]), 0.6


def prior(x):
    return WEIGHTS @ stats.norm.pdf(np.asarray(x), MEANS[:, None], SDS[:, None])


def posterior_mean(seen: float) -> float:
    """E[x | seen] by Bayes' rule and quadrature."""
    x = np.linspace(-6, 6, 4001)
    joint = prior(x) * stats.norm.pdf(seen, x, SIGMA)
    return integrate.simpson(x * joint, x=x) / integrate.simpson(joint, x=x)


@checks("eq-dae-objective", "eq-dae-optimum", by="regression on many samples, bin by bin")
def denoising():
    """The mean of x among samples with about the same noisy value is E[x | noisy] by quadrature;
    any other answer there costs more."""
    random = rng()
    m = random.choice(2, size=400_000, p=WEIGHTS)
    x = MEANS[m] + SDS[m] * random.normal(size=m.size)
    noisy = x + SIGMA * random.normal(size=m.size)
    for centre in (-1.0, 0.0, 0.4, 1.5):
        inside = np.abs(noisy - centre) < 0.05
        best = posterior_mean(centre)
        assert abs(x[inside].mean() - best) < 0.03
        costs = [np.mean((x[inside] - best - shift) ** 2) for shift in (-0.2, 0, 0.2)]
        assert costs[1] < min(costs[0], costs[2])
    # the library's objective: the input is noisy, the target clean
    copy = autoencoder.Autoencoder(torch.nn.Identity(), torch.nn.Unflatten(1, (1, 1)), noise=SIGMA)
    loss = copy.loss(torch.tensor(x[:100_000, None]), generator=torch.Generator().manual_seed(0))
    assert np.isclose(loss["loss"].item(), SIGMA**2, rtol=0.02)


@checks("eq-dae-tweedie", by="quadrature on one side, the smoothed mixture's density on the other")
def tweedie():
    """E[x | noisy] - noisy is sigma^2 times the slope of log p_sigma."""

    def log_p(v):
        return np.log(WEIGHTS @ stats.norm.pdf(v, MEANS, np.sqrt(SDS**2 + SIGMA**2)))

    for seen in np.linspace(-3, 4, 15):
        slope = (log_p(seen + 1e-5) - log_p(seen - 1e-5)) / 2e-5
        assert np.isclose(posterior_mean(seen) - seen, SIGMA**2 * slope, atol=1e-6)
