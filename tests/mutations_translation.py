"""Mistakes in pairs, measures and recipes of translations, each caught by a quick check."""

import numpy as np
import torch

from lib import face_pairs, face_parser, translation_recipes, translation_study, translation_toy
from lib.datasets import load
from lib.translation import PatchDiscriminator
from tests.mutation import Edit, Mutation


def some_faces():
    return load("faces").subset(slice(0, 4))


def parts_keep_their_own_mean() -> None:
    faces = some_faces()
    labels = faces.extras["labels"]
    flat = face_pairs.repaint(faces.x, labels)
    for n, part in ((0, 0), (1, 1), (3, 3)):
        where = labels[n] == part
        np.testing.assert_allclose(flat[n][where], faces.x[n][where].mean(), atol=1e-5)


def paintings_hold_tones_and_parts() -> None:
    faces = some_faces()
    x = face_pairs.pairs(faces)[1]
    c = face_pairs.ask_painting(faces.x, faces.extras["labels"])
    np.testing.assert_array_equal(face_pairs.labels_of(c), faces.extras["labels"])
    flat = face_pairs.repaint(faces.x, faces.extras["labels"])
    np.testing.assert_allclose(face_pairs.tones_of(c), flat, atol=1e-6)
    np.testing.assert_allclose(x, 2 * faces.x - 1, atol=1e-6)


def tones_are_compared_part_by_part() -> None:
    faces = some_faces()
    c, _ = face_pairs.pairs(faces)
    assert face_pairs.tone_error(faces.x, c) < 1e-6
    np.testing.assert_allclose(face_pairs.tone_error(faces.x + 0.1, c), 0.1, rtol=1e-3)


def each_part_counts_alike() -> None:
    class Sure(face_parser.FaceParser):
        def read(self, pictures):
            return np.array([[[0, 0, 1, 1]]])

    found = Sure((8, 8), channels=2).agreement(np.zeros((1, 1, 4)), np.array([[[0, 0, 0, 1]]]))
    assert np.isclose(found["parts"], 5 / 6)
    assert np.isclose(found["pixels"], 3 / 4)


def the_judge_hears_only_zeros() -> None:
    torch.manual_seed(0)
    d = PatchDiscriminator((2, 8, 8), (8, 8), channels=(2,))
    x, c = torch.rand(2, 8, 8), torch.rand(2, 2, 8, 8)
    untold = translation_recipes.Untold(d)
    assert torch.equal(untold(x, c), untold(x, 5 * c))
    assert not torch.equal(untold(x, c), untold(0 * x, c))


def recipes_build_what_they_say() -> None:
    x, c = torch.zeros(2, 16, 16), torch.zeros(2, 3, 16, 16)
    built = {k: r.build(x, c) for k, r in translation_recipes.RECIPES.items()}
    assert built["L1 alone"].d is None
    assert not built["L1, no skips"].g.skips
    assert built["L1 alone"].g.skips
    assert built["game alone"].l1 == 0 < built["both"].l1
    assert isinstance(built["game, D untold"].d, translation_recipes.Untold)
    assert not isinstance(built["game alone"].d, translation_recipes.Untold)


def slopes_and_costs_have_their_signs() -> None:
    answers = np.array([0.1, 0.2, 0.9])
    assert np.isclose(translation_toy.l1_slope(answers, 0.5), 1 / 3)
    waves = translation_toy.stripes()
    flat = np.median(waves, axis=0)
    np.testing.assert_allclose(
        translation_toy.l1_cost(waves, flat), np.abs(waves - flat)[:, 0].sum() * 2
    )


def twins_are_weighted() -> None:
    answers = np.array([[0.0], [1.0]])
    found = translation_toy.twin_distances(answers, np.array([0.9, 0.1]))
    assert np.isclose(found["to the truth"], 0.5)
    assert np.isclose(found["to each other"], 0.18)


def the_best_judge_is_a_ratio() -> None:
    p = np.array([[0.4, 0.1], [0.2, 0.3]])
    q = np.array([[0.3, 0.2], [0.3, 0.2]])
    d = translation_toy.best_judge(p, q)
    np.testing.assert_allclose(d, p / (p + q))
    best = translation_toy.game_value(p, q, d)
    for change in (0.05, -0.05):
        assert translation_toy.game_value(p, q, d + change) < best


def numbers_of_a_study() -> None:
    faces = load("faces").subset(slice(0, 40))
    c, _ = face_pairs.pairs(faces)
    judge = translation_study.FaceJudge(faces.x, 3)
    study = translation_study.Study(faces.x, c, judge, face_parser.FaceParser())
    found, flat = study.measure(faces.x), face_pairs.tones_of(c)
    assert found["distance"] == 0
    np.testing.assert_allclose(found["shading"], np.sqrt(((faces.x - flat) ** 2).mean()), rtol=1e-4)
    assert study.measure(flat)["shading"] < 1e-6
    faint = study.measure(faces.x / 2)["shading"]
    np.testing.assert_allclose(faint, found["shading"] / 2, rtol=1e-4)

    class Loud:
        def sample(self, n, c, *, generator):
            return torch.randn(n, 32, 32, generator=generator) * 0.1

    twins = study.twins(Loud(), torch.Generator().manual_seed(0))
    assert np.isclose(twins["to each other"], 0.05 * 2**0.5, rtol=0.05)
    assert np.isclose(twins["ratio"], twins["to each other"] / twins["to the truth"])


PAIRS, TOY = "lib.face_pairs", "lib.translation_toy"
MUTATIONS = [
    Mutation("all pictures share their tones", f"{PAIRS}.repaint",
             Edit("len(PARTS) * np.arange", "0 * np.arange"),
             parts_keep_their_own_mean),
    Mutation("sums instead of means", f"{PAIRS}.repaint",
             Edit("total / np.maximum(count, 1)", "total / 100"), parts_keep_their_own_mean),
    Mutation("tones stay in [0, 1]", f"{PAIRS}.ask_painting",
             Edit("to_data(torch.as_tensor(repaint(pictures, labels)))",
                  "torch.as_tensor(repaint(pictures, labels))"), paintings_hold_tones_and_parts),
    Mutation("the picture itself is asked", f"{PAIRS}.ask_painting",
             Edit("repaint(pictures, labels)", "pictures"), paintings_hold_tones_and_parts),
    Mutation("channels before the tones", f"{PAIRS}.labels_of",
             Edit("c[:, -len(PARTS) :]", "c[:, : len(PARTS)]"), paintings_hold_tones_and_parts),
    Mutation("pixels are compared, not tones", f"{PAIRS}.tone_error",
             Edit("given = repaint(pictures, labels_of(c))", "given = pictures"),
             tones_are_compared_part_by_part),
    Mutation("hair outweighs the eyes", "lib.face_parser.FaceParser.agreement",
             Edit("float(np.mean(each))", "float(right.mean())"), each_part_counts_alike),
    Mutation("the judge is told after all", "lib.translation_recipes.Untold.forward",
             Edit("torch.zeros_like(c)", "c"), the_judge_hears_only_zeros),
    Mutation("every judge is untold", "lib.translation_recipes.TranslationRecipe.build",
             Edit('self.judge == "untold"', 'self.judge != "untold"'), recipes_build_what_they_say),
    Mutation("skips are always there", "lib.translation_recipes.TranslationRecipe.build",
             Edit("skips=self.skips", "skips=True"), recipes_build_what_they_say),
    Mutation("the weight is forgotten", "lib.translation_recipes.TranslationRecipe.build",
             Edit("l1=self.l1", "l1=0.1"), recipes_build_what_they_say),
    Mutation("the slope points down", f"{TOY}.l1_slope",
             Edit("answers < x", "answers >= x"), slopes_and_costs_have_their_signs),
    Mutation("a mean over pixels", f"{TOY}.l1_cost",
             Edit(".sum(axis=1).mean()", ".mean()"), slopes_and_costs_have_their_signs),
    Mutation("the truth is drawn like the answers", f"{TOY}.twin_distances",
             Edit("apart.mean(axis=0) @ weights", "weights @ apart @ weights"), twins_are_weighted),
    Mutation("the judge prefers forgeries", f"{TOY}.best_judge",
             Edit("np.divide(p,", "np.divide(q,"), the_best_judge_is_a_ratio),
    Mutation("forgeries are judged as truth", f"{TOY}.game_value",
             Edit("np.where(q > 0, 1 - d, 1)", "np.where(q > 0, d, 1)"), the_best_judge_is_a_ratio),
    Mutation("shading is measured to the truth", "lib.translation_study.Study.measure",
             Edit("repaint(pictures, labels)", "repaint(self.x, labels)"),
             numbers_of_a_study),
    Mutation("the same z twice", "lib.translation_study.Study.twins",
             Edit("rms(one, other)", "rms(one, one)"), numbers_of_a_study),
    Mutation("the ratio upside down", "lib.translation_study.Study.twins",
             Edit('found["to each other"] / found["to the truth"]',
                  'found["to the truth"] / found["to each other"]'), numbers_of_a_study),
]  # fmt: skip
