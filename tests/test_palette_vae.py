"""The VAE of palette pictures against torch.distributions, enumeration and permutation."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import distributions as td

from lib.datasets import load
from lib.palette_vae import OneHotEncoder, PaletteLikelihood, palette_vae
from lib.train import fit

COLOURS = np.array([[1, 1, 1], [0.9, 0.1, 0.1], [0.1, 0.1, 0.8]])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_logits(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(4), dtype=torch.float64)


def test_log_prob_is_torchs_and_sums_to_one():
    out = some_logits(1, 3, 2, 2)
    every = torch.tensor(list(product(range(3), repeat=4))).reshape(-1, 2, 2)
    ours = PaletteLikelihood(COLOURS).log_prob(every, out.expand(81, -1, -1, -1))
    peer = td.Categorical(logits=out.movedim(1, -1)).log_prob(every).sum((1, 2))
    torch.testing.assert_close(ours, peer)
    assert ours.exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_mean_and_mode():
    out = some_logits(2, 3, 2, 2)
    likelihood, p = PaletteLikelihood(COLOURS), out.softmax(1)
    by_hand = sum(p[:, k, ..., None] * torch.tensor(COLOURS[k]) for k in range(3))
    torch.testing.assert_close(likelihood.mean(out), by_hand, atol=1e-7, rtol=1e-6)
    assert likelihood.mean(out).shape == (2, 2, 2, 3)
    torch.testing.assert_close(likelihood.mode(out), p.argmax(1))


def test_samples_follow_the_probabilities():
    out = some_logits(1, 3, 2, 2)
    drawn = PaletteLikelihood(COLOURS).sample(out.expand(6000, -1, -1, -1), generator=seeded())
    assert drawn.dtype == torch.long
    expected = 6000 * out.softmax(1)[0]
    counts = torch.stack([(drawn == k).sum(0) for k in range(3)])
    assert ((counts - expected) ** 2 / expected).sum(0).max() < 18  # 2 degrees of freedom


def test_the_order_of_the_palette_does_not_matter():
    """Renamed colours and permuted logits give the same scores and the same mean colours."""
    out, x = some_logits(5, 3, 2, 2), torch.randint(3, (5, 2, 2), generator=seeded(1))
    order = torch.tensor([2, 0, 1])
    new_name = order.argsort()
    plain, renamed = PaletteLikelihood(COLOURS), PaletteLikelihood(COLOURS[order.numpy()])
    torch.testing.assert_close(plain.log_prob(x, out), renamed.log_prob(new_name[x], out[:, order]))
    torch.testing.assert_close(plain.mean(out), renamed.mean(out[:, order]))


def test_the_encoder_reads_names_as_channels():
    class Keep(torch.nn.Linear):
        def forward(self, v, c=None):
            return v

    encoder = OneHotEncoder(Keep(1, 1), 4)
    v = encoder(torch.tensor([[[2, 0]]]))
    assert v.tolist() == [[[[0, 1]], [[0, 0]], [[1, 0]], [[0, 0]]]]


def test_bound_stays_below_the_likelihood():
    """Against a fine grid over the two latent numbers of a small model."""
    torch.manual_seed(0)
    model = palette_vae((4, 4), 2, COLOURS, channels=(4,)).double()
    x = torch.randint(3, (3, 4, 4), generator=seeded(2))
    line = torch.linspace(-6, 6, 121, dtype=torch.float64)
    z = torch.cartesian_prod(line, line)
    with torch.no_grad():
        prior = td.Normal(0, 1).log_prob(z).sum(1) + 2 * torch.log(line[1] - line[0])
        out = model.decoder(z)
        exact = torch.stack([
            torch.logsumexp(model.likelihood.log_prob(v.expand(len(z), 4, 4), out) + prior, 0)
            for v in x
        ])  # fmt: skip
        bound = model.elbo(x, samples=400, generator=seeded())
    assert torch.all(bound < exact + 0.02)
    assert torch.all(bound > exact - 3)


def test_learns_creatures():
    data = load("creatures", n=128)
    x = torch.tensor(data.x, dtype=torch.long)

    torch.manual_seed(0)
    model = palette_vae((20, 20), 3, data.shared["palette"], channels=(8, 8))
    history = fit(model, x, epochs=8, batch_size=32, lr=1e-2, generator=seeded(), progress=False)
    counts = np.bincount(data.x.ravel(), minlength=47) / data.x.size
    entropy = -400 * np.sum(counts[counts > 0] * np.log(counts[counts > 0]))
    assert history["loss"][-1] < entropy  # better than one histogram for all pixels


def test_bad_palettes_are_refused():
    with pytest.raises(ValueError, match=r"a palette is \(levels, 3\)"):
        PaletteLikelihood(np.zeros((4, 2)))
    with pytest.raises(ValueError, match="two colours or more"):
        PaletteLikelihood(np.zeros((1, 3)))
