"""Recipes of GANs: what they build, and that they start well inside their budget."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lib import gan_recipes as recipes
from lib.diffusion_recipes import to_data
from tests.family_models import levels, seeded


def some(recipe: recipes.GanRecipe, side: int):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        x = to_data(levels(20, 5).repeat(1, side // 4, side // 4))
        return recipe.train(x, generator=seeded())


@pytest.mark.parametrize("name", recipes.FULL)
def test_a_recipe_trains_in_stages_and_draws_pictures(name):
    side = 32 if "faces" in name else 8
    recipe = replace(recipes.FULL[name].shortened(1e-3), batch_size=10)
    model, history = some(recipe, side)
    assert history["epoch"][-1] == len(recipe.stages)
    assert {"d_loss", "g_loss", "penalty"} < set(history)
    assert (model.penalty, model.k) == ("r1", recipe.k)
    x = model.sample(3, generator=seeded())
    assert x.shape == (3, side, side)
    assert x.abs().max() <= 1  # the range of the data


def test_every_choice_is_handed_on():
    recipe = recipes.FULL["digits dense"]
    model = replace(recipe, k=5, options={"game": "hinge", "weight": 2.0}).build((4, 4))
    assert (model.k, model.game, model.weight, model.penalty) == (5, "hinge", 2.0, None)
    assert model.averaged is None
    assert recipe.build((8, 8)).averaged is not None
