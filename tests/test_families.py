"""The recipes of all families: what they build, how they write digits, how they train and draw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lib import families
from lib.conditional_vae import ConditionalVAE
from lib.datasets import load
from lib.families import FAMILIES
from lib.gan import GAN
from lib.guidance import GuidedDiffusion
from lib.model import GenerativeModel
from lib.pixelcnn import GatedPixelCNN
from lib.raster_lstm import RasterLSTM
from lib.vae import VAE
from tests.family_models import seeded

KINDS = {
    "PixelCNN": GatedPixelCNN,
    "PixelRNN": RasterLSTM,
    "VAE": VAE,
    "VAE, learned prior": ConditionalVAE,
    "diffusion": GuidedDiffusion,
    "GAN": GAN,
}


def some(n: int = 24) -> np.ndarray:
    """Real digits, some of every class."""
    return load("digits").train.x[:n]


def classes(n: int = 24) -> torch.Tensor:
    return torch.eye(10)[torch.arange(n) % 10]


def train(name: str, c=None, *, share: float = 1e-3, **options):
    """A model after an epoch or two of a few digits."""
    family = FAMILIES[name].shortened(share)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return family, *family.train(some(), c, generator=seeded(), **options)


# ------------------------------------------------------------------------ writing and reading


@pytest.mark.parametrize("name", FAMILIES)
def test_real_digits_survive_writing_and_reading(name):
    x, family = load("digits").train.x, FAMILIES[name]
    np.testing.assert_allclose(family.read(family.write(x)), x, atol=1e-6)
    assert family.read(family.write(x)).dtype == np.float32
    torch.testing.assert_close(family.write(x), family.write(torch.as_tensor(x)))


def test_each_way_of_writing_has_its_range():
    x = load("digits").train.x
    want = {
        "levels": (0, 16, torch.int64),
        "unit": (0, 1, torch.float32),
        "signed": (-1, 1, torch.float32),
    }
    for name, family in FAMILIES.items():
        written = family.write(x)
        found = written.min().item(), written.max().item(), written.dtype
        assert found == want[family.written], name
        assert written.shape == x.shape


def test_written_pixels_are_in_the_order_of_their_greys():
    x = np.linspace(0, 1, 17, dtype=np.float32).reshape(1, 1, 17)
    for family in FAMILIES.values():
        assert (family.write(x).diff() > 0).all()
    np.testing.assert_array_equal(FAMILIES["PixelCNN"].write(x)[0, 0], np.arange(17))
    assert torch.equal(FAMILIES["PixelCNN"].write(x + 0.02), FAMILIES["PixelCNN"].write(x))


def test_samples_outside_the_range_are_cut():
    wild = torch.tensor([[[-3.0, 0.5, 3.0]]])
    np.testing.assert_allclose(FAMILIES["diffusion"].read(wild), [[[0, 0.75, 1]]])
    np.testing.assert_allclose(FAMILIES["VAE"].read(wild), [[[0, 0.5, 1]]])


# ----------------------------------------------------------------------------- what is built


@pytest.mark.parametrize("name", FAMILIES)
def test_one_class_asked_or_not_is_one_family(name):
    """With conditions a model takes ten of them; without, none; and all can be trained."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        free, told = (FAMILIES[name].build(c_dim) for c_dim in (0, 10))
    assert isinstance(told, KINDS[name])
    assert isinstance(free, GenerativeModel)
    x = FAMILIES[name].write(some(4))
    for model, c in ((free, None), (told, classes(4))):
        terms = model.loss(x, c, generator=seeded())
        assert all(torch.isfinite(terms[k]) for k in model.optimizers(0.1))
    with pytest.raises((ValueError, TypeError)):
        told.loss(x, classes(4)[:, :9], generator=seeded())


def test_the_two_vaes_differ_in_their_prior_alone():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        fixed, learned = (FAMILIES[n].build(10) for n in ("VAE", "VAE, learned prior"))
    z = torch.zeros(10, 10)
    assert torch.equal(fixed.prior(10, torch.eye(10))[0], z)
    assert not torch.equal(learned.prior(10, torch.eye(10))[0], z)
    for part in ("encoder", "decoder"):
        sizes = [[p.shape for p in getattr(m, part).parameters()] for m in (fixed, learned)]
        assert sizes[0] == sizes[1]


def test_diffusion_and_gan_without_conditions_take_none():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        diffusion, gan = (FAMILIES[n].build(0) for n in ("diffusion", "GAN"))
    assert not isinstance(diffusion, GuidedDiffusion)
    assert (gan.g.c_dim, gan.d.c_dim) == (0, 0)
    gan = FAMILIES["GAN"].build(10)
    assert (gan.g.c_dim, gan.d.c_dim) == (10, 10)  # both players see the class


# -------------------------------------------------------------------------- training, drawing


@pytest.mark.slow
@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("name", FAMILIES)
def test_every_recipe_trains_and_draws_digits(name, told):
    family, model, history = train(name, classes() if told else None)
    assert history["epoch"] == list(range(1, 1 + len(family.stages)))
    assert not model.training
    c = classes(7) if told else None
    x, again, other = (family.draw(model, 7, c, generator=seeded(s)) for s in (1, 1, 2))
    assert x.shape == (7, 8, 8)
    assert x.dtype == np.float32
    assert 0 <= x.min() <= x.max() <= 1
    np.testing.assert_array_equal(x, again)
    assert not np.array_equal(x, other)
    if told:
        swapped = family.draw(model, 7, c.roll(1, 1), generator=seeded(1))
        assert not np.array_equal(x, swapped)


def test_training_is_that_of_the_stages(monkeypatch):
    """Epochs and rates in their order, the written digits, the conditions, the batch size."""
    asked = []

    def watch(model, x, stages, *, c, batch_size, generator):
        asked.append((x, stages, c, batch_size, generator))
        return {}

    monkeypatch.setattr(families, "train_in_stages", watch)
    generator, c = seeded(), classes()
    for family in FAMILIES.values():
        family.train(some(), c, generator=generator)
        x, stages, given, size, source = asked.pop()
        assert torch.equal(x, family.write(some()))
        assert stages == family.stages
        assert given is c
        assert size == family.batch_size
        assert source is generator


def test_seconds_are_shared_as_the_epochs_are(monkeypatch):
    asked = []

    def watch(model, x, *, c, seconds, clock, lr, progress, batch_size, generator):
        assert clock() == "now"
        asked.append((seconds, lr))
        return {"loss": [lr, lr]}

    monkeypatch.setattr(families, "fit", watch)
    for family in FAMILIES.values():
        asked.clear()
        _, history = family.train(some(), generator=seeded(), seconds=12.0, clock=lambda: "now")
        assert sum(seconds for seconds, _ in asked) == pytest.approx(12)
        assert [lr for _, lr in asked] == [lr for _, lr in family.stages]
        pairs = zip(asked, family.stages, strict=True)
        rates = [seconds / epochs for (seconds, _), (epochs, _) in pairs]
        assert max(rates) == pytest.approx(min(rates))
        assert history["loss"] == [lr for _, lr in family.stages for _ in range(2)]


@pytest.mark.slow
def test_a_budget_of_seconds_is_kept():
    family, model, history = train("GAN", classes(), share=1.0, seconds=0.4)
    assert len(history["d_loss"]) == len(history["g_loss"]) >= len(family.stages)
    assert family.draw(model, 2, classes(2), generator=seeded()).shape == (2, 8, 8)


def test_shortened_recipes_keep_their_rates_and_an_epoch_each():
    for family in FAMILIES.values():
        short = family.shortened(1e-3)
        assert list(short.stages) == [(1, lr) for _, lr in family.stages]
        assert replace(short, stages=family.stages) == family
        assert family.shortened(1.0) == family
        with pytest.raises(ValueError, match="a share of the epochs"):
            family.shortened(0.0)


def test_a_vae_draws_mean_pictures_and_pixel_models_draw_levels():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        vae = FAMILIES["VAE"].build(0)
    x = FAMILIES["VAE"].draw(vae, 3, generator=seeded())
    mean = vae.sample(3, mean=True, generator=seeded())
    np.testing.assert_array_equal(x, mean.numpy())
    steps = 16 * x
    assert np.abs(steps - steps.round()).max() > 0.01  # no drawn grey levels
