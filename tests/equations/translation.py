"""Checks of the equations of the lesson on picture to picture."""

import numpy as np
import torch
from scipy import integrate, optimize, stats
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import log_loss
from torch import nn

from lib.gan import GAN
from lib.translation import PatchDiscriminator, Translation, layers_of, receptive_field
from tests.equations import checks

TONES = stats.beta(2, 5)  # of a pixel: mean and median differ


def cost(a: float) -> float:
    """E |x - a| as an integral."""
    return integrate.quad(lambda x: abs(x - a) * TONES.pdf(x), 0, 1, points=[a])[0]


@checks(
    "eq-translation-slope", by="a difference quotient of an integral, and a distribution function"
)
def slope_of_the_absolute_cost():
    """A small step of a: the integral E |x - a| changes by P(x < a) - P(x > a) times the step."""
    for a in (0.1, 0.3, 0.6):
        eps = 1e-4
        quotient = (cost(a + eps) - cost(a - eps)) / (2 * eps)
        assert np.isclose(quotient, TONES.cdf(a) - TONES.sf(a), atol=1e-5)


@checks("eq-translation-median", by="a search over answers to a table of pictures, per question")
def cheapest_answer_to_each_question():
    """Two questions; the cost is a linear programme, whose vertices are values of the pixels."""
    rng = np.random.default_rng(0)
    for n in (5, 9):
        answers = rng.random((n, 3)) ** 2
        # variables: a (3), then |x - a| for each answer and pixel, which are minimised
        size = n * 3
        picks = np.tile(np.eye(3), (n, 1))
        upper = np.block([[picks, -np.eye(size)], [-picks, -np.eye(size)]])
        limits = np.concatenate([answers.ravel(), -answers.ravel()])
        weights = np.concatenate([np.zeros(3), np.full(size, 1 / n)])
        found = optimize.linprog(weights, upper, limits, bounds=(None, None))
        np.testing.assert_allclose(found.x[:3], np.median(answers, axis=0), atol=1e-7)


def joint_tables(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """p(x, y), and q(x, y) with the same questions."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(12)).reshape(4, 3)
    return p, p.sum(0) * rng.dirichlet(np.ones(4), size=3).T


def answered_by_search(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, float]:
    """The best scores and their value, by gradient ascent on the log-loss of two kinds of pairs."""
    kinds = np.repeat([1, 0], p.size)
    shares = np.concatenate([p.ravel(), q.ravel()])

    def loss(d):
        verdict = 1 / (1 + np.exp(-np.concatenate([d, d])))
        return 2 * log_loss(kinds, verdict, sample_weight=shares)

    found = optimize.minimize(loss, np.zeros(p.size), tol=1e-12)
    return (1 / (1 + np.exp(-found.x))).reshape(p.shape), -found.fun


@checks("eq-translation-judge", by="a search over all judges of tables, divergences by scipy")
def best_judge_of_pairs():
    """Scores found by minimising scikit-learn's log-loss give the ratio and the divergences."""
    for seed in range(2):
        p, q = joint_tables(seed)
        verdicts, value = answered_by_search(p, q)
        given = p.sum(0)
        np.testing.assert_allclose(verdicts, (p / given) / (p / given + q / given), atol=2e-3)
        js = [jensenshannon(p[:, k], q[:, k]) ** 2 for k in range(3)]
        assert np.isclose(value, 2 * given @ js - 2 * np.log(2), atol=1e-6)


@checks("eq-translation-game", by="a search over generators, each answered by a search over judges")
def order_of_the_players():
    """The generator whose best-answered value is least answers each question as the data do."""
    p = np.array([[0.3, 0.1], [0.2, 0.4]])
    given = p.sum(0)

    grid = np.linspace(1e-4, 1 - 1e-4, 2001)

    def answered(shares):
        q = given * np.stack([shares, 1 - np.asarray(shares)])
        cells = p[..., None] * np.log(grid) + q[..., None] * np.log1p(-grid)
        return cells.max(axis=-1).sum()

    found = optimize.brute(answered, ((0.02, 0.98), (0.02, 0.98)), Ns=49, finish=None)
    np.testing.assert_allclose(found, p[0] / given, atol=0.02)
    assert np.isclose(answered(p[0] / given), -2 * np.log(2), atol=1e-5)


class Faint(nn.Module):
    """Answers with half the question, whatever z is."""

    def __init__(self):
        super().__init__()
        self.faintness = nn.Parameter(torch.tensor(0.5, dtype=torch.float64))

    def forward(self, z, c):
        return self.faintness * c[:, 0]


def game() -> tuple[Translation, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        d = PatchDiscriminator((2, 8, 8), (8, 8), channels=(3, 3)).double()
    x = torch.rand(3, 8, 8, generator=random, dtype=torch.float64)
    c = torch.rand(3, 2, 8, 8, generator=random, dtype=torch.float64)
    return Translation(Faint(), d, 1, l1=0.3), x, c


def verdicts(model: GAN, x: torch.Tensor, c: torch.Tensor) -> np.ndarray:
    """D of every patch of every picture, one picture at a time, as a list of lists."""
    with torch.no_grad():
        maps = [model.d(x[n : n + 1], c[n : n + 1])[0, 0] for n in range(len(x))]
    return 1 / (1 + np.exp(-np.stack(maps)))


@checks("eq-translation-patches", by="a loop over pictures and patches; log-loss of scikit-learn")
def each_patch_is_an_example():
    """D's loss is scikit-learn's log-loss over all patches of all pictures, real and drawn."""
    model, x, c = game()
    with torch.no_grad():
        fake = model.g(None, c)
    right, wrong = verdicts(model, x, c).ravel(), verdicts(model, fake, c).ravel()
    real = log_loss(np.ones(len(right)), right, labels=[0, 1])
    forged = log_loss(np.zeros(len(wrong)), wrong, labels=[0, 1])
    assert right.size == 3 * 1 * 1  # two halvings of 8 leave 2, the last layer 1
    got = model.loss_for("d_loss", x, c, generator=torch.Generator().manual_seed(1))["d_loss"]
    assert np.isclose(got.item(), real + forged)


@checks("eq-translation-loss", by="sums over pixels and patches in numpy")
def both_terms_of_the_generator():
    """G's loss is the mean of -log D over patches, plus 0.3 times the summed differences."""
    model, x, c = game()
    with torch.no_grad():
        fake = model.g(None, c)
    misled = np.mean([-np.log(v).mean() for v in verdicts(model, fake, c)])
    far = np.mean([np.abs(a - b).sum() for a, b in zip(x.numpy(), fake.numpy(), strict=True)])
    got = model.loss_for("g_loss", x, c, generator=torch.Generator().manual_seed(1))["g_loss"]
    assert np.isclose(got.item(), misled + 0.3 * far)


@checks("eq-translation-field", by="counting the pixels that move a score, one by one")
def pixels_that_a_score_depends_on():
    """A dot is moved through a row; as many places move the middle score as the formula says."""
    for channels in ((2,), (2, 2), (2, 2, 2)):
        with torch.random.fork_rng():
            torch.manual_seed(1)
            d = PatchDiscriminator((64, 64), (64, 64), channels=channels).double()
        x = torch.zeros(64, 64, 64, dtype=torch.float64)
        c = torch.zeros(64, 64, 64, dtype=torch.float64)
        x[range(64), 32, range(64)] = 1.0  # picture n has a dot in column n
        with torch.no_grad():
            scores = d(x, c)
            still = d(torch.zeros(1, 64, 64, dtype=torch.float64), c[:1])
            middle = scores.shape[-1] // 2
            moved = (scores[:, 0] - still[:, 0]).abs().amax(1)[:, middle] > 1e-12
        assert moved.sum() == receptive_field(layers_of(d)) == 6 * 2 ** len(channels) - 2


@checks("eq-translation-twins", by="draws from a mixture, the truth and two honest answers")
def three_draws_of_one_distribution():
    """Mean squared distances of the truth from an answer and of two answers are equal."""
    rng, n = np.random.default_rng(0), 400_000

    def draw(y):
        return np.where(rng.random(n) < 0.3, y, -2.0) + rng.normal(size=n) * (1 + y)

    y = rng.random(n)
    truth, one, other = draw(y), draw(y), draw(y)
    left, right = (truth - one) ** 2, (one - other) ** 2
    assert abs((left - right).mean()) < 5 * (left - right).std() / n**0.5
    stuck = 0.3 * y - 1.4  # the conditional mean, always: nearer to the truth, and no draw
    assert ((truth - stuck) ** 2).mean() < 0.6 * left.mean()
