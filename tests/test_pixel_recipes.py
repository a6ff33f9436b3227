"""Recipes: what they build, that training follows the stages, and that it repeats."""

import pytest
import torch

from lib import pixel_recipes
from lib.causality import is_causal
from lib.pixel_recipes import EQUAL, FULL, SHORT, Recipe, fall
from lib.raster_lstm import RasterLSTM
from lib.train import fit


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int) -> torch.Tensor:
    return torch.randint(3, (n, 3, 3), generator=seeded(7))


def small(stages=((2, 1e-2), (1, 1e-3))) -> Recipe:
    return Recipe(lambda shape, levels: RasterLSTM(shape, levels, cells=5), stages, batch_size=8)


def run(recipe: Recipe):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return recipe.train(pictures(20), pictures(30)[20:], 3, generator=seeded())


@pytest.mark.parametrize("recipes", [FULL, SHORT, EQUAL])
def test_every_recipe_builds_a_causal_model(recipes):
    for recipe in recipes.values():
        model = recipe.build((4, 4), 17)
        assert is_causal(model, seeded(), draws=1)
        rates = [lr for _, lr in recipe.stages]
        assert rates == sorted(rates, reverse=True)


def test_equal_means_equal_stages():
    assert len({recipe.stages for recipe in EQUAL.values()}) == 1
    assert len({recipe.batch_size for recipe in EQUAL.values()}) == 1


def test_history_has_a_row_a_stage():
    model, history = run(small())
    assert history["epoch"] == [2, 3]
    assert history["seconds"][1] > history["seconds"][0] > 0
    assert history["train"][-1] == model.bits(pictures(20))
    assert history["held out"][-1] == model.bits(pictures(30)[20:])


def test_stages_are_fits_with_their_rates():
    model, _ = run(small())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        same, generator = RasterLSTM((3, 3), 3, cells=5), seeded()
    for epochs, lr in ((2, 1e-2), (1, 1e-3)):
        options = {"batch_size": 8, "lr": lr, "generator": generator}
        fit(same, pictures(20), epochs=epochs, progress=False, **options)
    for ours, theirs in zip(model.parameters(), same.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_held_out_pictures_are_only_measured():
    one, _ = run(small())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        two, _ = small().train(pictures(20), pictures(9), 3, generator=seeded())
    assert torch.equal(one.last.weight, two.last.weight)


def test_fall_pairs_epochs_and_rates():
    assert fall((3, 1), (0.1, 0.01)) == ((3, 0.1), (1, 0.01))
    with pytest.raises(ValueError, match="zip"):
        fall((3, 1), (0.1,))


def test_recipes_name_the_same_models_in_all_tables():
    assert set(SHORT) <= set(FULL)
    assert set(EQUAL) <= set(FULL)
    assert pixel_recipes.FULL["raster LSTM"].build((8, 8), 17).lstm.hidden_size == 192
