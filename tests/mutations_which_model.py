"""Mistakes of a comparison of models: each makes somebody look better than they are."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import stats

from lib import plain_models as plain
from lib import which_model as contest
from lib import which_model_claims as claims
from lib import which_model_ranks as ranking
from lib import which_model_spread as spread
from lib import which_model_toy as toy
from lib.likelihoods import BetaBinomial
from lib.mixture import GaussianMixture
from lib.vae import mlp_vae
from tests.mutation import Edit, Mutation

FOUND = {
    "a": {"bits": 2.0, "recall": 0.9, "s per 100": 1.0},
    "b": {"bits": float("nan"), "recall": 0.5, "s per 100": 0.01},
    "c": {"bits": 1.5, "recall": 0.6, "s per 100": 0.1},
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def two_parts() -> GaussianMixture:
    covariances = np.array([[[1.0, 0.8], [0.8, 1.0]], [[1.0, -0.5], [-0.5, 0.5]]])
    return GaussianMixture(np.array([0.7, 0.3]), np.array([[0.0, 0.0], [3.0, 1.0]]), covariances)


# ------------------------------------------------------------------------------- checks


def places_and_agreement() -> None:
    assert ranking.ranks(FOUND, "recall") == {"a": 1, "b": 3, "c": 2}
    assert ranking.ranks(FOUND, "bits")["c"] == 1
    assert math.isnan(ranking.ranks(FOUND, "bits")["b"])
    assert np.isclose(ranking.agreement(FOUND, "recall", "s per 100"), -1)


def marks_of_wishes() -> None:
    assert np.isclose(ranking.scores(FOUND, "s per 100")["c"], 0.5)
    assert ranking.scores(FOUND, "bits")["b"] == 0
    want = np.log(0.5 / 0.4) / np.log(0.5 / 0.1)
    assert np.isclose(ranking.scores(FOUND, "recall")["c"], want)
    assert np.isclose(ranking.marks(FOUND, {"recall": 1, "s per 100": 3})["b"]["s per 100"], 0.75)


def chance_of_equals() -> None:
    for n in (3, 6):
        for k in range(n + 1):
            assert np.isclose(spread.by_chance(k, n), stats.binomtest(k, n).pvalue)


def starts_are_paired() -> None:
    rows = [
        {"budget": 1.0, "seed": seed, "model": model, "bits": value}
        for model, seed, value in (("a", 1, 3), ("a", 0, 1), ("b", 0, 2), ("b", 1, 4))
    ]
    assert spread.wins(rows, 1.0, "a", "b", "bits") == (2, 2)


def a_part_given_the_rest() -> None:
    """One entry given the other: mean and variance of the textbook, and Bayes' weights."""
    model, rng = two_parts(), np.random.default_rng(0)
    drawn = plain.conditional_draw(model, np.full((20_000, 1), 2.0), np.array([True, False]), rng)
    means = [0.8 * 2, 1 - 0.5 * (2 - 3)]
    variances = [1 - 0.8**2, 0.5 - 0.5**2]
    weights = np.array([0.7 * stats.norm.pdf(2), 0.3 * stats.norm.pdf(2, 3)])
    weights /= weights.sum()
    mean = weights @ means
    assert abs(drawn.mean() - mean) < 0.03
    assert abs(drawn.var() - (weights @ (np.array(variances) + np.square(means)) - mean**2)) < 0.05


def aside_is_aside() -> None:
    points = np.arange(40.0)[:, None]

    class Memory:
        def __init__(self, rows):
            self.rows = rows

        def log_prob(self, x):
            return np.where(np.isin(x, self.rows), 0.0, -1.0)[:, 0]

    judged = []

    def fit(rows, size):
        model = Memory(rows)
        judged.append(model.log_prob(points).sum())
        return model

    _, last = plain.choose(points, (1, 2), fit, np.random.default_rng(0))
    assert judged[:2] == [-4, -4]  # a tenth is unknown to the fits that are compared
    assert len(last.rows) == 40


def levels_come_back() -> None:
    level = np.array([0, 7, 16])
    still = GaussianMixture(np.ones(1), ((level + 0.5) / 17)[None], 1e-12 * np.eye(3)[None])
    drawn = plain.GaussianPictures(still, (3,)).sample(2, generator=seeded())
    np.testing.assert_allclose(drawn, np.tile(level / 16, (2, 1)), atol=1e-4)


def a_wide_density_costs_its_width() -> None:
    wide = GaussianMixture(np.ones(1), np.full((1, 64), 0.5), 1e4 * np.eye(64)[None])
    model = plain.GaussianPictures(wide, (8, 8))
    pictures = np.zeros((2, 8, 8))
    got = contest.measure_bits(model, "GMM", pictures, seeded())
    assert np.isclose(got, np.log2(17) + 0.5 * np.log2(2 * np.pi * 1e4), atol=1e-3)


def memory_of_tables_and_decoders() -> None:
    model = plain.GaussianPictures(two_parts(), (1, 2))
    assert contest.table_numbers(model) == 2 * (1 + 2 + 3)
    vae = mlp_vae((8, 8), 2, BetaBinomial(16), hidden=(4,))
    entry = contest.Entry("VAE", vae, 1.0)
    assert entry.numbers == (2 * 4 + 4) + (4 * 128 + 128)


def exact_is_said_of_pixels_only() -> None:
    model = plain.GaussianPictures(two_parts(), (1, 2))
    assert contest.Entry("GMM", model, 1.0).likelihood == "bound"
    pixel = contest.family("PixelRNN").build(0)
    entry = contest.Entry("PixelRNN", pixel, 1.0)
    assert entry.likelihood == "exact"
    assert not contest.abilities(entry)["code of x"]
    assert not contest.abilities(entry)["bound"]


def toy_figures() -> None:
    noisy, single = (toy.models(np.random.default_rng(0))[k] for k in ("noisy", "one mode"))
    assert 0 < toy.judge(noisy)["nats"] - toy.judge(toy.truth())["nats"] < -np.log(0.7)
    assert np.isclose(toy.judge(single)["recall"], 0.5, atol=0.02)
    assert np.isclose(toy.judge(single)["precision"], 1, atol=0.02)
    assert np.isclose(toy.judge(single)["Fréchet"], 4 + (np.sqrt(4.25) - 0.5) ** 2)


def sayings() -> None:
    same = {"bits": 2.0, "Fréchet": 3.0, "nearest": 1.0, "sharpness": 0.5, "s per 100": 0.01}
    found = {name: dict(same) for name in contest.CONTESTANTS}
    found["GAN"]["bits"] = float("nan")
    found["PixelRNN"]["bits"] = 1.8
    real = {"sharpness": 0.6, "nearest": 1.1}
    assert claims._best_code(found, real)[0]
    assert not claims._no_copies(found, real)[0]
    assert claims._blurred(found, real)[0]
    assert not claims._slow_pixels(found, real)[0]


RANKS, PLAIN, CONTEST = "lib.which_model_ranks.", "lib.plain_models.", "lib.which_model."
MUTATIONS = [
    Mutation(
        "more bits are better",
        RANKS + "ranks",
        Edit("BETTER[fact] * row", "row"),
        places_and_agreement,
    ),
    Mutation(
        "what is unknown takes the last place",
        RANKS + "ranks",
        Edit('float("nan") if np.isnan(v) else', "3 if np.isnan(v) else"),
        places_and_agreement,
    ),
    Mutation(
        "tau without its sign",
        RANKS + "agreement",
        Edit("np.mean(signs)", "np.mean(np.abs(signs))"),
        places_and_agreement,
    ),
    Mutation(
        "shares are scored as they are",
        RANKS + "scores",
        Edit("else 1 - row[fact]", "else row[fact]"),
        marks_of_wishes,
    ),
    Mutation(
        "marks on a plain scale",
        RANKS + "scores",
        Edit("np.log(max(v, 1e-6))", "max(v, 1e-6)"),
        marks_of_wishes,
    ),
    Mutation(
        "weights are not shared out",
        RANKS + "marks",
        Edit("weights[f] / total", "weights[f]"),
        marks_of_wishes,
    ),
    Mutation(
        "the sign test has one side",
        "lib.which_model_spread.by_chance",
        Edit("2 * tail", "tail"),
        chance_of_equals,
    ),
    Mutation(
        "wins are counted from the loser",
        "lib.which_model_spread.by_chance",
        Edit("max(won, starts - won)", "won"),
        chance_of_equals,
    ),
    Mutation(
        "starts are compared in the order of the file",
        "lib.which_model_spread.column",
        Edit('sorted(chosen, key=lambda row: row["seed"])', "chosen"),
        starts_are_paired,
    ),
    Mutation(
        "conditional mean without its shift",
        PLAIN + "conditional_draw",
        Edit("(known - mean[seen]) @", "known @"),
        a_part_given_the_rest,
    ),
    Mutation(
        "conditional draw keeps the whole variance",
        PLAIN + "conditional_draw",
        Edit(" - gain @ cov[seen][:, ~seen]", ""),
        a_part_given_the_rest,
    ),
    Mutation(
        "weights are not updated by what is known",
        PLAIN + "conditional_draw",
        Edit("np.log(weight) + part.log_prob(known)", "np.log(weight) + 0 * part.log_prob(known)"),
        a_part_given_the_rest,
    ),
    Mutation(
        "the size is chosen on fitted points",
        PLAIN + "choose",
        Edit("fit(rest, size)", "fit(points, size)"),
        aside_is_aside,
    ),
    Mutation(
        "the best size is not fitted to all",
        PLAIN + "choose",
        Edit("fit(points, best)", "fit(rest, best)"),
        aside_is_aside,
    ),
    Mutation(
        "half a level is forgotten",
        PLAIN + "GaussianPictures._grey",
        Edit("noisy * LEVELS - 0.5", "noisy * LEVELS"),
        levels_come_back,
    ),
    Mutation(
        "a density of raw grey values",
        CONTEST + "measure_bits",
        Edit("density_bits(float(np.mean(noisy)), PIXELS)", "bits(float(np.mean(noisy)), PIXELS)"),
        a_wide_density_costs_its_width,
    ),
    Mutation(
        "covariances counted twice",
        CONTEST + "table_numbers",
        Edit("d * (d + 1) // 2", "d * d"),
        memory_of_tables_and_decoders,
    ),
    Mutation(
        "the encoder is carried along",
        CONTEST + "drawing_parts",
        Edit("return [model.decoder, model.likelihood]", "return [model]"),
        memory_of_tables_and_decoders,
    ),
    Mutation(
        "a density counts as exact bits",
        CONTEST + "Entry.likelihood",
        Edit(
            'return "bound" if has(self.model, "log_prob") or',
            'return "exact" if has(self.model, "log_prob") else "bound" if',
        ),
        exact_is_said_of_pixels_only,
    ),
    Mutation(
        "a pixel model's input is a code",
        CONTEST + "abilities",
        Edit('has(model, "encode") and has(model, "decode")', 'has(model, "encode")'),
        exact_is_said_of_pixels_only,
    ),
    Mutation(
        "precision and recall are swapped",
        "lib.which_model_toy.judge",
        Edit('"precision": model.mass(data.support)', '"precision": data.mass(model.support)'),
        toy_figures,
    ),
    Mutation(
        "the toy's judge averages over the model",
        "lib.which_model_toy.judge",
        Edit("-data.density * log_q", "-model.density * log_q"),
        toy_figures,
    ),
    Mutation(
        "a bound may be beaten by nobody",
        "lib.which_model_claims._best_code",
        Edit('found[pixel]["bits"] < others', 'found[pixel]["bits"] > others'),
        sayings,
    ),
    Mutation(
        "copies are excused",
        "lib.which_model_claims._no_copies",
        Edit("ours >= real", "ours <= real"),
        sayings,
    ),
]
