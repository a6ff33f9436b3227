"""Recipes of translations: what they build, that they train; the U-Net on squares of pixels."""

from dataclasses import replace

import pytest
import torch

from lib.translation import PatchDiscriminator, Translation, UNetGenerator
from lib.translation_recipes import RECIPES, TranslationRecipe, Untold
from tests.family_models import seeded

C, X = (3, 16, 16), (16, 16)


def some_pairs(n: int = 12):
    return torch.rand(n, *X, generator=seeded()) * 2 - 1, torch.rand(n, *C, generator=seeded(1))


def made(build, *args, **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build(*args, **options)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_trains_and_answers(name):
    x, c = some_pairs()
    recipe = replace(RECIPES[name].shortened(1e-3), batch_size=6, channels=(8, 8), k=2)
    model, history = made(recipe.train, x, c, generator=seeded())
    assert history["epoch"] == [1, 2]
    assert ("d_loss" in history) == (recipe.judge is not None) == (model.d is not None)
    assert isinstance(model.d, Untold) == (recipe.judge == "untold")
    assert model.g.skips == recipe.skips
    answers = model.sample(12, c, generator=seeded())
    assert answers.shape == x.shape
    assert answers.abs().max() <= 1


def test_choices_are_handed_on():
    x, c = some_pairs()
    recipe = TranslationRecipe(l1=0.3, k=5, options={"game": "hinge", "penalty": "r1"})
    model = recipe.build(x, c)
    assert (model.l1, model.k, model.game, model.penalty) == (0.3, 5, "hinge", "r1")
    assert model.averaged is None
    assert isinstance(RECIPES["both"].build(x, c), Translation)


def test_an_untold_judge_hears_nothing_of_the_question():
    x, c = some_pairs()
    told = made(PatchDiscriminator, C, X, channels=(4,))
    untold = Untold(told)
    torch.testing.assert_close(untold(x, c), told(x, torch.zeros_like(c)))
    assert not torch.allclose(told(x, c), untold(x, c))
    assert torch.equal(untold(x, c), untold(x, c.flip(0)))


def test_a_patch_is_one_place_of_the_finest_map():
    g = made(UNetGenerator, C, X, channels=(4, 8), k=2, patch=4)
    seen = []
    g.enter.register_forward_hook(lambda *args: seen.append(args[-1].shape))
    _, c = some_pairs(2)
    assert g(torch.zeros(2, 2), c).shape == (2, *X)
    assert seen == [(2, 4, 4, 4)]
    with pytest.raises(ValueError, match="does not tile"):
        UNetGenerator(C, X, patch=3)


def test_every_pixel_of_a_patch_gets_its_own_answer():
    """Without skips the four pixels of a square can differ only by the weights of the last map."""
    g = made(UNetGenerator, C, X, channels=(4, 8), k=2, patch=2, skips=False)
    with torch.no_grad():
        out = g(torch.ones(1, 2), some_pairs(1)[1])
    squares = out.unfold(1, 2, 2).unfold(2, 2, 2).flatten(3)
    assert (squares.std(dim=-1) > 1e-4).all()


def test_an_answer_does_not_depend_on_its_neighbours_even_in_training():
    g = made(UNetGenerator, C, X, channels=(8, 16), k=2).train()
    _, c = some_pairs(4)
    z = torch.randn(4, 2, generator=seeded())
    alone = torch.cat([g(z[i : i + 1], c[i : i + 1]) for i in range(4)])
    torch.testing.assert_close(g(z, c), alone, atol=1e-5, rtol=1e-4)
