"""Mistakes in the checks of chapter 7's homework: each gives points away or takes them."""

import numpy as np
import torch

from lib import homework_gan as losses
from lib import homework_gan_clinic as clinic
from lib import homework_gan_critics as critics
from lib import homework_gan_lines as lines
from lib import homework_gan_modes as modes
from lib import homework_gan_penalties as penalties
from lib import homework_gan_smallest as smallest
from lib import homework_gan_steps as steps
from lib import homework_gan_tables as tables
from lib import homework_gan_training as training
from tests.homework.kept import Kept
from tests.mutation import Edit, Mutation

KEPT = Kept("07_gan", without="clinic-given")
earns, loses = KEPT.earns, KEPT.loses


def complex_steps_are_slopes() -> None:
    d, h = np.array([-1.0, 0.5, 2.0]), 1e-6
    for game in losses.GAMES:
        right = [
            (losses.loss_of(game, d + h * e) - losses.loss_of(game, d - h * e)) / (2 * h)
            for e in np.eye(3)
        ]
        assert np.allclose(losses.slopes_of(game, d), right, atol=1e-8)


def tables_have_their_zeros() -> None:
    for zeros in ("", "p", "q", "pq"):
        p, q = tables.random_tables(np.random.default_rng(0), 6, zeros)
        both = zeros == "pq"
        assert np.isclose(p.sum(), 1)
        assert np.isclose(q.sum(), 1)
        assert (p == 0).sum() == ("p" in zeros) + both
        assert (q == 0).sum() == ("q" in zeros) + both
        assert (p + q == 0).sum() == both


def the_best_table_beats_others() -> None:
    rng = np.random.default_rng(1)
    p, q = tables.random_tables(rng, 4)
    d = tables.best_table(p, q, 1.0)
    assert np.allclose(d, p / (p + q), atol=1e-7)
    assert tables.value_of(p, q, d) > max(
        tables.value_of(p, q, rng.uniform(0.05, 0.95, size=4)) for _ in range(200)
    )


def rest_is_rest() -> None:
    """Where data and samples are alike and the score is flat, D stays and G has no slope."""
    x, flat = np.array([-1.0, 0.5, 2.0]), np.array([0.0, 0.0, 0.0])
    g, d = steps.step_by_autograd(np.array([0.0, 1.0]), flat, x, x, x, 0.3)
    assert np.allclose(d, flat)
    assert np.allclose(g, [0, 1])


def a_step_lowers_the_own_loss() -> None:
    """D's step parts data from samples; G's step then raises the score of its samples."""
    theta, psi = np.array([0.0, 1.0]), np.zeros(3)
    x, z = np.array([2.0, 3.0, 2.5]), np.array([-0.5, 0.2, 0.6])
    g, d = steps.step_by_autograd(theta, psi, x, z, z, 0.1)

    def score(v: np.ndarray) -> float:
        return np.polyval(d[::-1], v).mean()

    assert score(x) > score(z)
    assert score(g[0] + g[1] * z) > score(z)


def circles_grow_and_penalties_stop_them() -> None:
    """Simultaneous steps spiral out, alternating ones stay, a penalty leads to rest."""
    start = (1.0, 0.0, 0.1, 400)
    out, around, rest = (
        np.linalg.norm(smallest.dirac_path(*start, gamma, alternating), axis=1)
        for gamma, alternating in [(0.0, False), (0.0, True), (1.0, True)]
    )
    assert np.allclose(out[1:] / out[:-1], np.sqrt(1.01))
    assert around.min() > 0.8
    assert around.max() < 1.2
    assert rest[-1] < 1e-3


def the_parabola_knows_its_gradient() -> None:
    critic = penalties.Parabola(np.random.default_rng(2), (2, 2))
    x = torch.tensor(np.random.default_rng(3).normal(size=(5, 2, 2)), requires_grad=True)
    (gradient,) = torch.autograd.grad(critic(x).sum(), x)
    assert torch.allclose(gradient.flatten(1), critic.gradient(x.detach()))


def iterations_follow_the_decomposition() -> None:
    rng = np.random.default_rng(4)
    weight, start = rng.normal(size=(3, 5)), rng.normal(size=3)
    u = start
    for count in range(1, 5):
        v = weight.T @ u / np.linalg.norm(weight.T @ u)
        u = weight @ v / np.linalg.norm(weight @ v)
        sigma, left, right = critics.iterated(weight, start, count)
        assert np.allclose(np.append(left, right), np.append(u, v))
        assert np.isclose(sigma, u @ weight @ v)


def lines_beat_other_lines() -> None:
    rng = np.random.default_rng(5)
    real, fake, c = rng.normal(size=(6, 3)), rng.normal(2, 1, size=(5, 3)), 0.3
    gap = real.mean(axis=0) - fake.mean(axis=0)
    clipped, unit = lines.best_lines(real, fake, c)
    assert np.abs(clipped).max() <= c + 1e-9
    assert np.isclose(np.linalg.norm(unit), 1)
    for w in rng.normal(size=(300, 3)):
        assert unit @ gap >= w @ gap / np.linalg.norm(w)
        assert clipped @ gap >= c * w @ gap / np.abs(w).max() - 1e-9


def clouds_have_what_each_mistake_needs() -> None:
    """Every mistake in counting leads to another number of modes, in any dimension."""
    for d in (1, 2, 5):
        points, centres = modes.crowd(np.random.default_rng(d), d, 1.5)
        given = (points, centres, 1.5, 1 / 16)
        slips = ["any", "both", "among", "more"]
        found = [modes.counted(*given)[0], len(centres)]
        found += [modes.counted(*given, **{slip: True})[0] for slip in slips]
        found.append(modes.counted(points, centres, 1.5, 1e-9)[0])
        assert len(points) == 128
        assert len(set(found)) == len(found)


def counts_are_counts() -> None:
    points = np.array([[0.0, 0.0], [0.9, 0.0], [3.0, 0.0], [9.0, 0.0]])
    centres = np.array([[0.0, 0.0], [3.0, 0.0], [20.0, 0.0]])
    assert modes.counted(points, centres, 1.0, 0.25) == (2, 0.75)
    assert modes.counted(points, centres, 1.0, 0.3) == (1, 0.75)


def data_themselves_pass() -> None:
    clouds = training.Clouds(np.random.default_rng(6))
    x = clouds.sample(3000, np.random.default_rng(7))["x"].numpy()
    training.judge(x, clouds)
    for bad, says in [(x[:, ::-1] + 9, "not found"), (x * 0 + clouds.centres[0], "missing")]:
        said = ""
        try:
            training.judge(bad, clouds)
        except AssertionError as error:
            said = str(error)
        assert says in said


def rounds_by_an_optimiser() -> None:
    """The clinic's own rounds are those of PyTorch's plain gradient steps."""
    patient = clinic.Patient(np.random.default_rng(8), 2, 3, (4,))
    g, d = patient.players
    x, z = patient.batches(3, 5)
    right = clinic.rounds_of(g, d, x, z, 0.2)
    soft = torch.nn.functional.softplus
    for real, (z_d, z_g) in zip(x, z, strict=True):
        for which, module in (("d", d), ("g", g)):
            fake = g(z_d).detach() if which == "d" else g(z_g)
            loss = soft(-d(real)).mean() + soft(d(fake)).mean()
            optimiser = torch.optim.SGD(module.parameters(), lr=0.2)
            optimiser.zero_grad()
            (loss if which == "d" else soft(-d(fake)).mean()).backward()
            optimiser.step()
    for module, weights in zip((g, d), right, strict=True):
        assert np.allclose(clinic.flat(module.parameters()), clinic.flat(weights), atol=1e-12)


MUTATIONS = [
    Mutation(
        "leaves the book's GANs on",
        "lib.homework_gan.ANSWERS",
        (),
        loses("entropy-near", "entropy", "asks the book", "switched off"),
    ),
    Mutation(
        "leaves the tests' own solutions of chapter 7 on",
        "lib.homework_asking.PEERS",
        set(),
        loses("slopes-near", "slopes", "calls the tests", "switched off"),
    ),
    Mutation(
        "smooths the labels of samples",
        "lib.homework_gan.nats",
        Edit("(1 - label) * np", "(1 - label / 2) * np"),
        earns("entropy-near"),
    ),
    Mutation(
        "does not look at the loss's gradient",
        "lib.homework_gan.check_discriminator",
        Edit("compare(mine, slope, f", "compare(slope, slope, f"),
        loses("entropy-near", "entropy", "returns a number without a gradient", "gradient"),
    ),
    Mutation(
        "takes any tiny slope",
        "lib.homework_gan.check_slopes",
        Edit("< 1e-3", "< 1e30"),
        loses("slopes-far", "slopes", "rounds 1 - D", "rounds to 0"),
    ),
    Mutation(
        "has a loss with another sign",
        "lib.homework_gan.loss_of",
        Edit("return -np.log1p(np", "return np.log1p(np"),
        earns("slopes-near"),
    ),
    Mutation(
        "steps along the whole line",
        "lib.homework_gan.slopes_of",
        Edit("np.eye(len(d))", "np.ones((len(d), len(d)))"),
        complex_steps_are_slopes,
    ),
    Mutation(
        "leaves no value impossible",
        "lib.homework_gan_tables.random_tables",
        Edit('p[where[0]] *= "p" not in zeros', "pass"),
        tables_have_their_zeros,
    ),
    Mutation(
        "values samples by D",
        "lib.homework_gan_tables.value_of",
        Edit("b * math.log(1 - v)", "b * math.log(v)"),
        the_best_table_beats_others,
    ),
    Mutation(
        "wants another D of a smoothed game",
        "lib.homework_gan_tables.best_table",
        Edit("- q * np.log1p(-d)", "- smooth * q * np.log1p(-d)"),
        earns("best-table"),
    ),
    Mutation(
        "halves no divergence",
        "lib.homework_gan_tables.check_divergence",
        Edit("jensenshannon(p, q, base)", "1.5 * jensenshannon(p, q, base)"),
        earns("jensen-tables"),
    ),
    Mutation(
        "lets D see data as samples",
        "lib.homework_gan_steps._d_loss",
        Edit(
            'sign = -1 if "exchanged" in slips else 1', 'sign = 1 if "exchanged" in slips else -1'
        ),
        a_step_lowers_the_own_loss,
    ),
    Mutation(
        "lets G answer the old D",
        "lib.homework_gan_steps.step_by_autograd",
        Edit('d if rules.order == "D first" else old_d', "old_d"),
        loses("round-equal", "round", "answers the old D", "the old one"),
    ),
    Mutation(
        "moves where nothing pulls",
        "lib.homework_gan_steps._d_loss",
        Edit("in zip(weights, parts", "in zip((1, 0), parts"),
        rest_is_rest,
    ),
    Mutation(
        "exchanges the two kinds of rounds",
        "lib.homework_gan_smallest.dirac_path",
        Edit("if alternating else", "if not alternating else"),
        circles_grow_and_penalties_stop_them,
    ),
    Mutation(
        "forgets half of a quadratic form",
        "lib.homework_gan_penalties.Parabola.gradient",
        Edit("(self.a + self.a.T) / 2", "self.a"),
        the_parabola_knows_its_gradient,
    ),
    Mutation(
        "lets penalties reach the generator",
        "lib.homework_gan_critics.check_penalties",
        Edit("not np.any(to_fake)", "to_fake is not None"),
        loses("penalty-vectors", "penalty", "lets the generator feel it", "reaches `fake`"),
    ),
    Mutation(
        "takes penalties that teach nobody",
        "lib.homework_gan_critics._same_gradients",
        Edit("found.requires_grad, f", "len(label), f"),
        loses("penalty-vectors", "penalty", "detaches the answers", "create_graph"),
    ),
    Mutation(
        "iterates half a step more",
        "lib.homework_gan_critics.iterated",
        Edit("2 * steps - 1", "2 * steps"),
        iterations_follow_the_decomposition,
    ),
    Mutation(
        "points its lines to the samples",
        "lib.homework_gan_lines.best_lines",
        Edit("linprog(-gap, bounds=[(-c", "linprog(gap, bounds=[(-c"),
        lines_beat_other_lines,
    ),
    Mutation(
        "takes any slope on the line",
        "lib.homework_gan_earth._assert_gentle",
        Edit("rise[i, j] <= limit[i, j]", "rise[i, j] <= 9 * limit[i, j]"),
        loses("onaline-few", "onaline", "is too steep", "slopes are at most 1"),
    ),
    Mutation(
        "wants more than the least",
        "lib.homework_gan_modes.counted",
        Edit("share >= least", "share > least"),
        counts_are_counts,
    ),
    Mutation(
        "scatters no strays",
        "lib.homework_gan_modes.crowd",
        Edit("(3, 9)", "(3, 1)"),
        clouds_have_what_each_mistake_needs,
    ),
    Mutation(
        "is content with one cloud",
        "lib.homework_gan_training.LEAST",
        -1.0,
        data_themselves_pass,
    ),
    Mutation(
        "believes what a network says of itself",
        "lib.homework_gan_training.check_gan",
        Edit("before[0](z)", "g(z)"),
        loses("training-clouds", "training", "replaces what the network does", "three clouds"),
    ),
    Mutation(
        "leaves a gradient in the clinic's own rounds",
        "lib.homework_gan_clinic._Script.steps_of_d",
        Edit('fake if "attached" in', 'fake if "attached" not in'),
        rounds_by_an_optimiser,
    ),
    Mutation(
        "lets the clinic's G be found out",
        "lib.homework_gan_clinic._Script.loss_of_g",
        Edit('1 if "labels" in', '1 if "labels" not in'),
        rounds_by_an_optimiser,
    ),
    Mutation(
        "knows no mixes",
        "lib.homework_gan_clinic.mixes",
        lambda *_: [],
        loses("clinic-numbers", "clinic", "saturates", "log(1 - D)"),
    ),
]
