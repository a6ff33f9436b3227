"""Plausible slips in the exact game of a GAN, each caught by a quick check."""

import numpy as np
from scipy import stats
from scipy.special import expit, log_expit

from lib import gan_game
from tests.mutation import Edit, Mutation

MODULE, GAME, FORGER = "lib.gan_game", "lib.gan_game.Game", "lib.gan_game.Forger"
X = np.linspace(-8, 8, 401)
DATA = stats.norm(1, 1)
OTHER = stats.norm(-0.5, 1.2)
WEIGHTS = np.array([0.2, 0.5, -0.1])
SCORES = 0.2 + 0.5 * X - 0.1 * X**2


def game() -> gan_game.Game:
    return gan_game.Game(X, DATA.pdf(X))


def forger() -> gan_game.Forger:
    return gan_game.Forger(-0.5, 1.2)


def close(got, want, atol: float = 1e-6) -> None:
    np.testing.assert_allclose(got, want, atol=atol)


def value_of(q) -> float:
    parts = DATA.pdf(X) * log_expit(SCORES) + q.pdf(X) * np.log(1 - expit(SCORES))
    return np.trapezoid(parts, X)


# ------------------------------------------------------------------------------- checks


def value_is_the_integral() -> None:
    close(gan_game.value(DATA.pdf(X), OTHER.pdf(X), SCORES, 0.04), value_of(OTHER))


def divergence_is_the_mean_of_two() -> None:
    p, q = DATA.pdf(X), OTHER.pdf(X)
    middle = (p + q) / 2
    want = np.trapezoid(p * np.log(p / middle) + q * np.log(q / middle), X) / 2
    close(gan_game.jensen_shannon(p, q, 0.04), want)


def forger_is_a_gaussian() -> None:
    close(forger().density(X), OTHER.pdf(X), 1e-12)
    close(forger().moved((0.3, 0.2)).theta, (-0.2, 1.4), 1e-12)
    close(forger().moved((0.3, -5)).theta, (-0.2, 0.05), 1e-12)


def best_score_is_the_log_ratio() -> None:
    close(game().best(forger()), DATA.logpdf(X) - OTHER.logpdf(X))


def forger_descends_the_value() -> None:
    ends = [
        [value_of(stats.norm(-0.5 + s * a, 1.2 + s * b)) for s in (1e-4, -1e-4)]
        for a, b in ((1, 0), (0, 1))
    ]
    want = [(up - down) / 2e-4 for up, down in ends]
    close(game().forger_gradient(forger(), SCORES), want, 1e-4)


def arrows_have_their_weights() -> None:
    slope = 0.5 - 0.2 * X
    close(game().arrows(SCORES)[1:-1], (expit(SCORES) * slope)[1:-1])
    close(game().arrows(SCORES, "non-saturating")[1:-1], (expit(-SCORES) * slope)[1:-1])


def detective_climbs_the_value() -> None:
    g, f = game(), forger()
    steps = np.eye(3) * 1e-5
    want = [
        (g.value(f, g.score(WEIGHTS + s)) - g.value(f, g.score(WEIGHTS - s))) / 2e-5 for s in steps
    ]
    close(g.detective_gradient(f, WEIGHTS), want)


def newton_finds_the_ratio() -> None:
    g, f = game(), forger()
    close(g.score(gan_game.best_weights(g, f, np.zeros(3))), g.best(f), 1e-4)


def play_alternates() -> None:
    g, f, weights = game(), forger(), np.zeros(3)
    moves = gan_game.play(g, f, 2, rate=0.2, d_steps=2, d_rate=0.3)
    assert len(moves) == 3
    for move in moves:
        close(move.forger.theta, f.theta)
        for _ in range(2):
            weights = weights + 0.3 * g.detective_gradient(f, weights)
        close(move.score, g.score(weights))
        f = f.moved(-0.2 * g.forger_gradient(f, g.score(weights)))


def divergence_falls_against_the_best() -> None:
    moves = gan_game.play(game(), forger(), 20, rate=0.2)
    apart = [game().jsd(move.forger) for move in moves]
    assert np.all(np.diff(apart) < 0)


def duels_conserve_or_shrink() -> None:
    theta, psi = gan_game.duel((1.0, 0.3), 50, rate=0.4, push=lambda u: 0.5).T
    close(np.ptp(theta**2 + psi**2 - 0.2 * theta * psi), 0, 1e-9)
    both = gan_game.duel((1.0, 0.3), 50, rate=0.4, push=lambda u: 0.5, simultaneous=True)
    close((both[-1] ** 2).sum() / (both[0] ** 2).sum(), 1.04**50, 1e-6)
    ends = gan_game.duel((1.0, 0.3), 1, rate=0.4, push=lambda u: 0.5, gamma=0.5)[1]
    close(ends, (1 + 0.2 * (0.24 - 0.2), 0.24 - 0.2), 1e-9)
    tilted = gan_game.duel((1.0, 0.3), 1, rate=0.4)[1]
    new = 0.3 - 0.4 * expit(0.3)
    close(tilted, (1 + 0.4 * expit(new) * new, new), 1e-9)


def mass_lands_where_g_sends_it() -> None:
    edges = np.linspace(-6, 6, 61)
    got = gan_game.pushforward(lambda z: 0.7 * z + 1, edges)
    close(got, np.diff(stats.norm(1, 0.7).cdf(edges)), 1e-3)


MUTATIONS = [
    Mutation(
        "the two expectations swapped",
        f"{MODULE}.value",
        Edit("(p @ softplus(-score) + q @", "(q @ softplus(-score) + p @"),
        value_is_the_integral,
    ),
    Mutation(
        "sum of two divergences instead of their mean",
        f"{MODULE}.jensen_shannon",
        Edit(".sum() / 2", ".sum()"),
        divergence_is_the_mean_of_two,
    ),
    Mutation(
        "middle not halved",
        f"{MODULE}.jensen_shannon",
        Edit("middle = (p + q) / 2", "middle = p + q"),
        divergence_is_the_mean_of_two,
    ),
    Mutation(
        "width forgotten in the normalisation",
        f"{FORGER}.log_density",
        Edit("np.sqrt(2 * np.pi) * self.width", "np.sqrt(2 * np.pi)"),
        forger_is_a_gaussian,
    ),
    Mutation(
        "a width may become negative",
        f"{FORGER}.moved",
        Edit("float(max(width, 0.05))", "float(abs(width))"),
        forger_is_a_gaussian,
    ),
    Mutation(
        "log-ratio upside down",
        f"{GAME}.best",
        Edit(
            "np.log(self.p) - forger.log_density(self.grid)",
            "forger.log_density(self.grid) - np.log(self.p)",
        ),
        best_score_is_the_log_ratio,
    ),
    Mutation(
        "the forger maximises",
        f"{GAME}.forger_gradient",
        Edit("return -np.array", "return np.array"),
        forger_descends_the_value,
    ),
    Mutation(
        "the width moves every sample alike",
        f"{GAME}.forger_gradient",
        Edit("pushed @ z", "pushed.sum()"),
        forger_descends_the_value,
    ),
    Mutation(
        "averaged over data, not over forgeries",
        f"{GAME}.forger_gradient",
        Edit("self.h * self.q(forger)", "self.h * self.p"),
        forger_descends_the_value,
    ),
    Mutation(
        "the weights of the two losses swapped",
        f"{GAME}.arrows",
        Edit('if loss == "saturating"', 'if loss != "saturating"'),
        arrows_have_their_weights,
    ),
    Mutation(
        "slope without the spacing of the grid",
        f"{GAME}.arrows",
        Edit("np.gradient(score, self.h, edge_order=2)", "np.gradient(score, edge_order=2)"),
        arrows_have_their_weights,
    ),
    Mutation(
        "D where 1 - D belongs",
        f"{GAME}.surprise",
        Edit("self.p * expit(-score)", "self.p * expit(score)"),
        detective_climbs_the_value,
    ),
    Mutation(
        "the detective descends",
        f"{MODULE}.play",
        Edit("weights + d_rate *", "weights - d_rate *"),
        play_alternates,
    ),
    Mutation(
        "one step of the detective, whatever was asked",
        f"{MODULE}.play",
        Edit("range(d_steps or 0)", "range(1 if d_steps else 0)"),
        play_alternates,
    ),
    Mutation(
        "the detective forgets between turns",
        f"{MODULE}.play",
        Edit("weights = weights + d_rate", "weights = 0 * weights + d_rate"),
        play_alternates,
    ),
    Mutation(
        "slip 3: the forger is told to maximise the value",
        f"{MODULE}.play",
        Edit("sign * rate", "-sign * rate"),
        divergence_falls_against_the_best,
    ),
    Mutation(
        "Newton's step downhill",
        f"{MODULE}.best_weights",
        Edit("np.eye(len(weights)), gradient)", "np.eye(len(weights)), -gradient)"),
        newton_finds_the_ratio,
    ),
    Mutation(
        "in turn and at once swapped",
        f"{MODULE}.duel",
        Edit("psi if simultaneous else new", "new if simultaneous else psi"),
        duels_conserve_or_shrink,
    ),
    Mutation(
        "the penalty pushes the wrong way",
        f"{MODULE}.duel",
        Edit("theta + gamma * psi)", "theta - gamma * psi)"),
        duels_conserve_or_shrink,
    ),
    Mutation(
        "the forger feels the old detective's strength",
        f"{MODULE}.duel",
        Edit("push(theta * seen) * seen", "push(theta * psi) * seen"),
        duels_conserve_or_shrink,
    ),
    Mutation(
        "every piece of z weighs the same",
        f"{MODULE}.pushforward",
        Edit("weights=mass", "weights=np.full_like(mass, 1 / len(mass))"),
        mass_lands_where_g_sends_it,
    ),
]
