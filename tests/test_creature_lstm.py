"""The creature LSTM: causal, normalised, incremental = plain, and what mirror and copy do."""

from itertools import product

import numpy as np
import pytest
import torch

from lib.creature_lstm import CreatureLSTM, mirror_places
from lib.datasets import load
from lib.datasets.sprite_text import write_sprites
from lib.palette_vae import palette_vae
from lib.pixel import PixelModel
from lib.train import fit


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small(shape=(4, 5), levels=3, **options) -> CreatureLSTM:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return CreatureLSTM(shape, levels, cells=6, code=3, **options).double().eval()


OPTIONS = [{}, {"mirror": False}, {"copy": False}, {"reach": 1}, {"reach": 0, "mirror": False}]


def test_mirror_places_by_hand():
    """4 columns: opposite of column 3 is column 0, earlier; of column 1 it is 2, not yet there."""
    table = mirror_places((2, 4)).tolist()
    assert table[3] == [8, 0, 1]
    assert table[2] == [0, 1, 8]  # place 2 itself is not earlier, and there is no row above
    assert table[5] == [1, 2, 3]  # left half: the row above
    assert table[7] == [8, 4, 5]


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (3, 1), (5, 4), (4, 7)])
def test_mirror_places_are_earlier_and_opposite(shape):
    height, width = shape
    for here, places in enumerate(mirror_places(shape).tolist()):
        row, column = divmod(here, width)
        for side, place in zip((-1, 0, 1), places, strict=True):
            if place < height * width:
                assert place < here
                assert place % width == width - 1 - column + side
                assert row - place // width in (0, 1)


@pytest.mark.parametrize("options", OPTIONS)
def test_each_pixel_moves_only_the_answers_after_it(options):
    """Names have no derivative, so each pixel is given every other name: strictly triangular."""
    model = small(**options)
    x = torch.randint(3, (1, 4, 5), generator=seeded()).flatten(1)
    with torch.no_grad():
        before = model.logits(x.reshape(1, 4, 5)).flatten(2)
        for d, k in product(range(20), (1, 2)):
            changed = x.clone()
            changed[:, d] = (x[:, d] + k) % 3
            moved = (model.logits(changed.reshape(1, 4, 5)).flatten(2) - before).abs().amax((0, 1))
            assert torch.all(moved[: d + 1] == 0)
            assert d == 19 or moved[d + 1 :].max() > 0


@pytest.mark.parametrize("options", OPTIONS)
def test_walk_is_the_plain_walk(options):
    model = small(**options)
    x = torch.randint(3, (3, 4, 5), generator=seeded())
    with torch.no_grad():
        for quick, plain in zip(model.walk(x), PixelModel.walk(model, x), strict=True):
            torch.testing.assert_close(quick, plain, atol=1e-12, rtol=0)


@pytest.mark.parametrize("options", OPTIONS)
def test_probabilities_of_all_tiny_pictures_sum_to_one(options):
    model = small((2, 3), 3, **options)
    every = torch.tensor(list(product(range(3), repeat=6))).reshape(-1, 2, 3)
    with torch.no_grad():
        assert model.log_prob(every).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_samples_follow_the_probabilities():
    model = small((1, 3), 3)
    every = torch.tensor(list(product(range(3), repeat=3))).reshape(-1, 1, 3)
    with torch.no_grad():
        expected = 8000 * model.log_prob(every).exp()
    drawn = model.sample(8000, generator=seeded()).flatten(1) @ torch.tensor([9, 3, 1])
    counts = torch.bincount(drawn, minlength=27)
    assert ((counts - expected) ** 2 / expected).sum() < 58  # 26 degrees of freedom


def test_a_copied_pixel_lends_its_colour():
    """With all else silent and a score of 50 for the pixel to the left, rows repeat."""
    model = small()
    left = [k for k, v in enumerate(model.table[6].tolist()) if v == 5]
    with torch.no_grad():
        for part in (*model.last.parameters(), *model.copy.parameters()):
            part.zero_()
        model.copy.bias[left[0]] = 50
        x = torch.randint(3, (2, 4, 5), generator=seeded())
        chosen = model.logits(x).argmax(1)
    torch.testing.assert_close(chosen[:, :, 1:], x[:, :, :-1])


def test_known_pixels_are_kept_exactly():
    model, x = small(), torch.randint(3, (6, 4, 5), generator=seeded())
    known = torch.zeros(4, 5, dtype=torch.bool)
    known[:2] = True
    drawn = model.complete(x, known, generator=seeded(1))
    assert torch.equal(drawn[:, :2], x[:, :2])
    hidden = x.clone()
    hidden[:, 2:] = 1 - hidden[:, 2:].clamp(max=1)  # what is hidden must not matter
    assert torch.equal(model.complete(hidden, known, generator=seeded(1)), drawn)


@pytest.mark.slow
def test_learns_mirrored_pictures_only_with_the_mirror():
    left = torch.randint(4, (300, 3, 5), generator=seeded())
    x = torch.cat([left, left.flip(2)], 2)  # (300, 3, 10)
    bits = []
    for mirror in (True, False):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = CreatureLSTM((3, 10), 4, cells=8, reach=1, mirror=mirror)
        fit(model, x[:200], epochs=12, batch_size=8, lr=1e-2, generator=seeded(), progress=False)
        bits.append(model.bits(x[200:]))
    assert bits[0] < 1.2  # half of the pixels are free: 2 bits; the others cost nothing
    assert bits[1] > bits[0] + 0.2


def test_pictures_of_three_dimensions_are_refused():
    for shape in ((3, 4, 4), (4,)):
        with pytest.raises(ValueError, match="sprites have shape"):
            CreatureLSTM(shape, 5)


# ------------------------------------------------- the classic files, without any change of code


@pytest.fixture
def classic(tmp_path):
    """A made pair of files in the form of the well-known original: 20 x 20, 167 colours."""
    rng = np.random.default_rng(0)
    colours = rng.integers(256, size=(167, 3)) / 255
    left = rng.integers(167, size=(64, 20, 10))
    write_sprites(tmp_path / "pixel_color.txt", tmp_path / "colormap.txt",
                  np.concatenate([left, left[:, :, ::-1]], 2), colours)  # fmt: skip
    return tmp_path / "pixel_color.txt", tmp_path / "colormap.txt"


def test_the_classic_files_run_through_the_same_code(classic):
    """Load, train, score, complete, and the VAE: only the words given to `load` differ."""
    pictures, colours = classic
    data = load("sprites", pictures=pictures, colours=colours)
    x = torch.tensor(data.train.x, dtype=torch.long)
    palette = data.shared["palette"]
    assert (len(palette), x.shape[1:]) == (167, (20, 20))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = CreatureLSTM(data.x.shape[1:], len(palette), cells=8)
        vae = palette_vae(data.x.shape[1:], 3, palette, channels=(8, 8))
    options = {"batch_size": 8, "generator": seeded(), "progress": False}
    history = fit(model, x, epochs=2, lr=1e-2, **options)
    assert history["bits"][-1] < history["bits"][0] < 8
    known = torch.zeros(20, 20, dtype=torch.bool)
    known[:10] = True
    new = torch.tensor(data.test.x, dtype=torch.long)
    drawn = model.complete(new, known, generator=seeded(1))
    assert torch.equal(drawn[:, :10], new[:, :10])
    assert drawn.max() < 167
    history = fit(vae, x, epochs=2, lr=1e-2, **options)
    assert history["loss"][-1] < history["loss"][0]
    assert vae.sample(2, generator=seeded()).shape == (2, 20, 20)
