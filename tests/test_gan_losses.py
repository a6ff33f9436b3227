"""The losses of both players against torch, numpy, and the theory of the game on tables."""

import math

import numpy as np
import pytest
import torch
from scipy.special import rel_entr
from scipy.stats import wasserstein_distance
from torch.nn.functional import binary_cross_entropy_with_logits

from lib import gan_losses
from lib.gan_losses import GAMES
from tests.family_models import seeded

# How often each of five places occurs in 20 data and in 20 samples.
DATA, SAMPLES = (1, 8, 4, 2, 5), (6, 2, 4, 5, 3)
P, Q = np.array(DATA) / 20, np.array(SAMPLES) / 20


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return 2 * torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def sig(v):
    return 1 / (1 + np.exp(-v))


def jsd(p: np.ndarray, q: np.ndarray) -> float:
    m = (p + q) / 2
    return (rel_entr(p, m).sum() + rel_entr(q, m).sum()) / 2


def repeated(scores: torch.Tensor, counts) -> torch.Tensor:
    """The scores of the places as often as they occur."""
    return scores.repeat_interleave(torch.tensor(counts))


def best_scores(game: str, counts=(DATA, SAMPLES), **options) -> tuple[np.ndarray, float]:
    """A table of scores, trained to the end; and the least loss of D."""
    scores = torch.full((len(counts[0]),), 0.1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [scores],
        max_iter=500,
        tolerance_grad=1e-13,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        pair = (repeated(scores, c) for c in counts)
        value = GAMES[game].discriminator(*pair, **options)
        value.backward()
        return value

    optimizer.step(loss)
    return scores.detach().numpy(), loss().item()


# ------------------------------------------------------------------------ the formulas

FORMULAS = {
    "saturating": (
        lambda r, f: -np.log(sig(r)).mean() - np.log(1 - sig(f)).mean(),
        lambda f: np.log(1 - sig(f)).mean(),
    ),
    "non-saturating": (
        lambda r, f: -np.log(sig(r)).mean() - np.log(1 - sig(f)).mean(),
        lambda f: -np.log(sig(f)).mean(),
    ),
    "least squares": (
        lambda r, f: ((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2,
        lambda f: ((f - 1) ** 2).mean() / 2,
    ),
    "wasserstein": (lambda r, f: f.mean() - r.mean(), lambda f: -f.mean()),
    "hinge": (
        lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(),
        lambda f: -f.mean(),
    ),
}


@pytest.mark.parametrize("game", GAMES)
def test_losses_are_the_formulas_of_their_papers(game):
    """Also for patches, and for unlike numbers of data and samples."""
    for shapes in (((7, 1), (7, 1)), ((3, 1, 4, 4), (5, 1, 4, 4)), ((6,), (2,))):
        real, fake = some(*shapes[0]), some(*shapes[1], seed=1)
        d_formula, g_formula = FORMULAS[game]
        got = GAMES[game].discriminator(real, fake), GAMES[game].generator(fake)
        assert [v.shape for v in got] == [(), ()]
        assert got[0].item() == pytest.approx(d_formula(real.numpy(), fake.numpy()), rel=1e-12)
        assert got[1].item() == pytest.approx(g_formula(fake.numpy()), rel=1e-12)


def test_every_game_has_formulas():
    assert set(FORMULAS) == set(GAMES)


@pytest.mark.parametrize("smooth", [1.0, 0.9, 0.6])
def test_cross_entropy_is_that_of_a_classifier_with_labels(smooth):
    real, fake = some(50, 1), some(50, 1, seed=1)
    want = binary_cross_entropy_with_logits(real, torch.full_like(real, smooth))
    want = want + binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    torch.testing.assert_close(gan_losses.cross_entropy(real, fake, smooth), want)
    ones, zeros = torch.ones_like(fake), torch.zeros_like(fake)
    torch.testing.assert_close(
        gan_losses.non_saturating(fake), binary_cross_entropy_with_logits(fake, ones)
    )
    torch.testing.assert_close(
        gan_losses.saturating(fake), -binary_cross_entropy_with_logits(fake, zeros)
    )


def test_scores_of_any_size_keep_their_losses():
    """float32 D is exactly 1 from a score of 17 on, and log(1 - D) -infinity."""
    high, low = torch.tensor([500.0]), torch.tensor([-500.0])
    assert torch.sigmoid(torch.tensor(18.0)) == 1
    assert gan_losses.cross_entropy(low, high).item() == 1000
    assert gan_losses.cross_entropy(high, low).item() == 0
    assert gan_losses.saturating(high).item() == -500
    assert gan_losses.non_saturating(low).item() == 500
    for name, game in GAMES.items():
        for real, fake in ((high, low), (low, high)):
            real, fake = real.clone().requires_grad_(), fake.clone().requires_grad_()
            (game.discriminator(real, fake) + game.generator(fake)).backward()
            assert torch.isfinite(real.grad + fake.grad).all(), name


@pytest.mark.parametrize("smooth", [0.5, 0.0, -0.1, 1.1, math.nan])
def test_a_label_that_calls_nothing_real_is_refused(smooth):
    with pytest.raises(ValueError, match=r"above 0\.5 and up to 1, got"):
        gan_losses.cross_entropy(torch.zeros(2), torch.zeros(2), smooth)


# ----------------------------------------------------------------------- the gradients


def test_gradients_of_the_generators_losses():
    """Of log(1 - D) it is -D, of -log D it is -(1 - D): each by theory and finite differences."""
    d = torch.linspace(-9, 9, 37, dtype=torch.float64)
    for loss, theory in (
        (gan_losses.saturating, lambda D: -D),
        (gan_losses.non_saturating, lambda D: -(1 - D)),
    ):
        x = d.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(x) * len(x), x)
        np.testing.assert_allclose(gradient, theory(sig(d.numpy())), rtol=1e-12)
        step = 1e-5
        slopes = [(loss(v[None] + step) - loss(v[None] - step)) / (2 * step) for v in d]
        np.testing.assert_allclose(torch.stack(slopes), gradient, atol=1e-10)


def test_only_one_loss_vanishes_where_the_discriminator_is_sure():
    pulls = {}
    for name in ("saturating", "non-saturating"):
        fake = torch.tensor([-10.0, 0.0, 10.0], dtype=torch.float64, requires_grad=True)
        (3 * GAMES[name].generator(fake)).backward()
        pulls[name] = -fake.grad
    assert pulls["saturating"][0] < 1e-4 < 0.9999 < pulls["non-saturating"][0]
    assert pulls["saturating"][1] == pulls["non-saturating"][1] == 0.5
    assert pulls["non-saturating"][2] < 1e-4 < 0.9999 < pulls["saturating"][2]


@pytest.mark.parametrize("game", GAMES)
def test_players_pull_the_score_of_a_sample_opposite_ways(game):
    """Where a score is undecided, D lowers it and G raises it; D raises that of data."""
    at = 0.5 if game == "least squares" else 0.0
    real, fake = (torch.tensor([at], requires_grad=True) for _ in range(2))
    (lower,) = torch.autograd.grad(GAMES[game].discriminator(real, fake), fake)
    (raise_real,) = torch.autograd.grad(GAMES[game].discriminator(real, fake), real)
    (higher,) = torch.autograd.grad(GAMES[game].generator(fake), fake)
    assert lower > 0 > higher
    assert raise_real < 0


def test_the_generator_minimises_the_value():
    """Slip 3: its saturating loss falls as V = -(loss of D) falls; "maximises" would be wrong."""
    real, fake = some(9), some(9, seed=1).requires_grad_()
    value = -gan_losses.cross_entropy(real, fake)
    (of_value,) = torch.autograd.grad(value, fake)
    (of_loss,) = torch.autograd.grad(gan_losses.saturating(fake), fake)
    torch.testing.assert_close(of_loss, of_value)
    after = -gan_losses.cross_entropy(real, fake.detach() - of_loss)
    assert after < value


# ---------------------------------------------------------------- the best discriminators


def test_the_best_discriminator_is_p_over_p_plus_q_and_its_value_2_jsd_less_log_4():
    for game in ("saturating", "non-saturating"):
        scores, loss = best_scores(game)
        np.testing.assert_allclose(sig(scores), P / (P + Q), atol=1e-7)
        assert -loss == pytest.approx(2 * jsd(P, Q) - math.log(4), abs=1e-12)


def test_the_value_has_no_gradient_at_the_log_ratio():
    scores = torch.tensor(np.log(P / Q), requires_grad=True)
    loss = gan_losses.cross_entropy(repeated(scores, DATA), repeated(scores, SAMPLES))
    loss.backward()
    assert scores.grad.abs().max() < 1e-15
    moved = scores.detach() + 0.01
    assert gan_losses.cross_entropy(repeated(moved, DATA), repeated(moved, SAMPLES)) > loss


def test_samples_like_data_leave_a_discriminator_of_one_half():
    scores, loss = best_scores("non-saturating", (DATA, DATA))
    np.testing.assert_allclose(sig(scores), 0.5, atol=1e-8)
    assert loss == pytest.approx(math.log(4), abs=1e-12)


def test_a_smoothed_label_multiplies_the_best_discriminator():
    scores, _ = best_scores("non-saturating", smooth=0.9)
    np.testing.assert_allclose(sig(scores), 0.9 * P / (P + Q), atol=1e-7)


def test_the_best_scores_of_the_other_games():
    """Least squares: p / (p + q), the loss half the harmonic overlap; hinge: the sign of p - q."""
    scores, loss = best_scores("least squares")
    np.testing.assert_allclose(scores, P / (P + Q), atol=1e-7)
    assert loss == pytest.approx((P * Q / (P + Q)).sum() / 2, abs=1e-12)
    sign = torch.tensor(np.sign(P - Q))
    tie = repeated(sign, DATA), repeated(sign, SAMPLES)
    assert gan_losses.hinge(*tie).item() == pytest.approx(2 * np.minimum(P, Q).sum(), abs=1e-12)
    for seed in range(20):
        other = sign + some(5, seed=seed)
        pair = repeated(other, DATA), repeated(other, SAMPLES)
        assert gan_losses.hinge(*pair) >= gan_losses.hinge(*tie)


@pytest.mark.parametrize("seed", range(3))
def test_the_best_critic_on_the_line_gives_the_wasserstein_distance(seed):
    """Its slope is 1 where more samples than data lie to the left, else -1; none does better."""
    rng = np.random.default_rng(seed)
    real, fake = rng.normal(1, 1, 40), rng.normal(-0.5, 2, 60)
    places = np.sort(np.concatenate([real, fake]))
    left = [np.searchsorted(np.sort(v), places, side="right") / len(v) for v in (real, fake)]
    rise = np.where(left[1] > left[0], 1.0, -1.0)[:-1] * np.diff(places)
    height = np.concatenate([[0.0], np.cumsum(rise)])

    def gap(heights: np.ndarray) -> float:
        scores = (torch.tensor(np.interp(v, places, heights)) for v in (real, fake))
        return -gan_losses.critic(*scores).item()

    distance = wasserstein_distance(real, fake)
    assert gap(height) == pytest.approx(distance, rel=1e-12)
    for slope in rng.uniform(-1, 1, (50, len(rise))):
        assert gap(np.concatenate([[0.0], np.cumsum(slope * np.diff(places))])) < distance


# --------------------------------------------------- what the generator's losses lead to


def softmax_gradient(function, logits: torch.Tensor) -> torch.Tensor:
    logits = logits.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(function(torch.softmax(logits, 0)), logits)
    return gradient


def expected(loss, q: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """Mean of the loss over samples of the table q."""
    return (q * torch.stack([loss(score[None]) for score in scores])).sum()


def test_against_the_best_discriminator_the_losses_descend_known_divergences():
    """Saturating: 2 JSD. Non-saturating: KL(q, p) - 2 JSD (Arjovsky and Bottou, 2017).

    The latter is 2 KL(m, p) of the mixture m = (p + q) / 2, and so never negative.
    """
    p, logits = torch.tensor(P), torch.tensor(np.log(Q))
    best = torch.tensor(np.log(P / Q))

    def kl(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a * (a / b).log()).sum()

    def twice_jsd(q: torch.Tensor) -> torch.Tensor:
        return kl(p, (p + q) / 2) + kl(q, (p + q) / 2)

    for loss, divergence in (
        (gan_losses.saturating, twice_jsd),
        (gan_losses.non_saturating, lambda q: kl(q, p) - twice_jsd(q)),
        (gan_losses.non_saturating, lambda q: 2 * kl((p + q) / 2, p)),
    ):
        got = softmax_gradient(lambda q: expected(loss, q, best), logits)  # noqa: B023
        torch.testing.assert_close(got, softmax_gradient(divergence, logits))


def test_alternating_steps_on_tables_end_at_the_data():
    """D answers best, G descends: q becomes p, D is 1/2, and V is -log 4."""
    p, logits = torch.tensor(P), torch.tensor(np.log(Q))
    for _ in range(400):
        best = (p / torch.softmax(logits, 0)).log()
        logits -= 4 * softmax_gradient(lambda q: expected(gan_losses.saturating, q, best), logits)  # noqa: B023
    q = torch.softmax(logits, 0)
    torch.testing.assert_close(q, p, atol=1e-6, rtol=0)
    assert 2 * jsd(P, q.numpy()) - math.log(4) == pytest.approx(-math.log(4), abs=1e-10)
