"""Checks of the equations on colour and sound in the lesson on PixelCNN."""

import numpy as np
import torch
from scipy import integrate, optimize, stats

from lib.causality import receptive_field
from lib.mu_law import mu_law
from lib.pixelcnn import GatedPixelCNN
from lib.wave_model import WaveModel
from tests.equations import checks
from tests.pixel_cases import shaken


@checks("eq-colour-order", by="sums over the table of all pictures of two coloured pixels")
def order_of_colours():
    """Conditionals got by summing the joint are the network's, and their product is the joint."""
    model = shaken(GatedPixelCNN((3, 1, 2), 2, channels=6, layers=2), size=1.5)
    x = torch.cartesian_prod(*[torch.arange(2)] * 6).reshape(-1, 3, 1, 2)
    with torch.no_grad():
        joint = model.log_prob(x).exp().reshape([2] * 6)  # axes r1 r2 g1 g2 b1 b2
        network = model.logits(x).softmax(1)[:, 1, :, 0].reshape(*[2] * 6, 3, 2)
    drawn = [(c, i) for i in range(2) for c in range(3)]  # r1 g1 b1 r2 g2 b2
    axes = [2 * c + i for c, i in drawn]
    table, total = joint.permute(axes), torch.ones(())
    for k, (c, i) in enumerate(drawn):
        kept = table.sum(tuple(range(k + 1, 6))) if k < 5 else table
        given = (kept / kept.sum(k, keepdim=True)).reshape(*kept.shape, *[1] * (5 - k))
        total = total * given
        says = network[..., c, i].permute(axes)
        one = given.select(k, 1).unsqueeze(k)
        torch.testing.assert_close(says, one.expand([2] * 6), rtol=0, atol=1e-12)
    torch.testing.assert_close(total.expand([2] * 6), table, rtol=0, atol=1e-12)


@checks("eq-colour-price", by="numerical search for the best independent colours")
def price_of_independence():
    """The least cross-entropy of a product of three tables exceeds the joint's by the sum."""
    rng = np.random.default_rng(0)
    for concentration in (0.1, 1.0):
        past = rng.dirichlet(np.ones(2))
        joint = rng.dirichlet(np.full(27, concentration), 2).reshape(2, 3, 3, 3)
        least = 0.0
        for weight, p in zip(past, joint, strict=True):

            def cost(o, p=p):
                q = [np.exp(part) / np.exp(part).sum() for part in o.reshape(3, 3)]
                return -np.sum(p * np.log(np.einsum("a,b,c->abc", *q) + 1e-300))

            least += weight * optimize.minimize(cost, np.zeros(9), tol=1e-10).fun
        price = 0.0
        for weight, p in zip(past, joint, strict=True):
            alone = sum(stats.entropy(p.sum(tuple({0, 1, 2} - {k}))) for k in range(3))
            price += weight * (alone - stats.entropy(p.ravel()))
        exact = sum(w * stats.entropy(p.ravel()) for w, p in zip(past, joint, strict=True))
        assert price > 0.05
        assert abs(least - exact - price) < 1e-4
    product = np.einsum("a,b,c->abc", *rng.dirichlet(np.ones(3), 3))
    alone = sum(stats.entropy(product.sum(tuple({0, 1, 2} - {k}))) for k in range(3))
    assert abs(alone - stats.entropy(product.ravel())) < 1e-12


@checks("eq-wave-field", by="gradients of networks with random dilations")
def field_of_view():
    """The farthest sample with a gradient lies r steps back, for any dilations and taps."""
    rng = np.random.default_rng(0)
    for taps in (2, 2, 3, 4):
        dilations = rng.integers(1, 5, size=rng.integers(1, 4)).tolist()
        r = 1 + (taps - 1) * sum(dilations)
        model = WaveModel((r + 4,), 3, channels=8, dilations=dilations, taps=taps)
        model = shaken(model, size=0.4)
        seen = receptive_field(model, (r + 3,), torch.Generator().manual_seed(0))
        assert r + 3 - int(seen.nonzero().min()) == r
        assert not seen[-1]


@checks("eq-wave-mu", by="integrating the slope that falls as 1 / (1 + mu s)")
def companding():
    """f(s) is the share of the integral of 1 / (1 + mu u) below s; it is odd."""
    for mu in (1, 63, 255):
        whole = integrate.quad(lambda u, mu=mu: 1 / (1 + mu * u), 0, 1)[0]
        for s in (0.0, 0.01, 0.2, 0.7, 1.0):
            part = integrate.quad(lambda u, mu=mu: 1 / (1 + mu * u), 0, s)[0] / whole
            pair = mu_law(torch.tensor([s, -s], dtype=torch.float64), mu)
            np.testing.assert_allclose(pair, [part, -part], atol=1e-10)
