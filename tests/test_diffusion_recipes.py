"""Recipes: what they build, that training follows the stages, and that it repeats."""

from dataclasses import replace

import pytest
import torch

from lib import diffusion_recipes as recipes
from lib.diffusion import Diffusion
from lib.diffusion_recipes import Recipe
from lib.noise_schedule import cosine_schedule, linear_schedule
from lib.time_nets import TimeMLP
from lib.train import fit


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def points(n: int) -> torch.Tensor:
    return torch.randn(n, 2, generator=seeded(7))


def network(shape, c_dim: int = 0) -> TimeMLP:
    return TimeMLP(*shape, width=8, layers=1, c_dim=c_dim)


SMALL = Recipe(network, ((2, 1e-2), (1, 1e-3)), steps=4, batch_size=8)


def run(recipe: Recipe, **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return recipe.train(points(20), generator=seeded(), **options)


def test_build_hands_every_choice_on():
    recipe = replace(SMALL, schedule=linear_schedule, steps=30, target="x0", clip=2.0)
    model = recipe.build((2,))
    assert torch.equal(model.schedule.beta, linear_schedule(30).beta)
    assert (model.target, model.clip, model.shape) == ("x0", 2.0, (2,))
    assert model.averaged is not None
    assert replace(SMALL, average=None).build((2,)).averaged is None


def test_stages_are_fits_with_their_rates():
    model, history = run(SMALL)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        same = Diffusion(network((2,)), (2,), cosine_schedule(4), target="v", average=0.995)
    generator = seeded()
    for k, (epochs, lr) in enumerate(SMALL.stages):
        options = {"batch_size": 8, "lr": lr, "generator": generator, "progress": False}
        losses = fit(same, points(20), epochs=epochs, **options)["loss"]
        assert history["loss"][k] == pytest.approx(sum(losses[-3:]) / 3)  # three batches an epoch
    assert history["epoch"] == [2, 3]
    assert 0 < history["seconds"][0] < history["seconds"][1]
    ours, theirs = model.state_dict(), same.state_dict()
    assert all(torch.equal(ours[k], theirs[k]) for k in theirs)
    assert not model.training


def test_conditions_are_handed_on():
    model, _ = run(
        replace(SMALL, network=lambda shape: network(shape, 3)),
        c=torch.eye(3)[torch.arange(20) % 3],
    )
    assert model.sample(3, torch.eye(3), generator=seeded()).shape == (3, 2)


def test_shortened_recipes_keep_everything_but_the_epochs():
    long = replace(SMALL, stages=((100, 1e-2), (3, 1e-3)), target="eps")
    assert long.shortened(0.1) == replace(long, stages=((10, 1e-2), (1, 1e-3)))
    assert long.shortened(1) == long
    for share in (0, 1.5):
        with pytest.raises(ValueError, match="share of the epochs"):
            long.shortened(share)


@pytest.mark.parametrize("name", recipes.FULL)
def test_full_recipes_build_models_whose_rates_fall(name):
    recipe = recipes.FULL[name]
    rates = [lr for _, lr in recipe.stages]
    assert rates == sorted(rates, reverse=True)
    assert recipe.schedule(recipe.steps).alpha_bar[-1] < 1e-3


def test_the_digits_recipe_draws_digits():
    model = recipes.FULL["digits"].build((8, 8)).eval()
    x = model.ddim(3, steps=2, generator=seeded())
    assert x.shape == (3, 8, 8)
    assert torch.isfinite(x).all()
    assert model.schedule.steps == 50


def test_grey_values_become_data_around_zero():
    x = recipes.to_data(torch.tensor([0.0, 0.25, 1.0]))
    assert x.tolist() == [-1, -0.5, 1]
    for wrong in ([-0.1, 0.5], [0.0, 16.0]):
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            recipes.to_data(torch.tensor(wrong))


def test_standardised_pictures_have_unit_variance_and_come_back():
    x = torch.rand(20, 4, 4, generator=seeded(3)) * 0.3 + 0.1
    data, mean, std = recipes.standardised(x)
    assert data.mean().item() == pytest.approx(0, abs=1e-5)
    assert data.std().item() == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(data * std + mean, x)
    with pytest.raises(ValueError, match="equal"):
        recipes.standardised(torch.ones(3, 2, 2))


@pytest.mark.parametrize(("name", "shape"), [("faces unet", (32, 32)), ("faces mlp", (1024,))])
def test_faces_are_asked_for_and_clipped(name, shape):
    model = recipes.FULL[name].build(shape)
    x0, _ = model.denoise(5 * torch.randn(2, *shape, generator=seeded(1)), 3)
    assert model.target == "x0"
    assert x0.shape == (2, *shape)
    assert x0.abs().max() <= 3
