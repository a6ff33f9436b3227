"""Wave models: causal by Jacobian, reach by gradient, sums to one, queues against whole passes."""

from itertools import product

import pytest
import torch
from torch.autograd.functional import jacobian
from torch.nn import functional as F

from lib.pixel import PixelModel
from lib.train import fit
from lib.wave_model import CausalConv1d, Queues, WaveModel, receptive_field
from tests.pixel_cases import chi_square_p

# name -> options of a small model
KINDS = {
    "two taps": {"dilations": (1, 2, 4)},
    "three taps": {"dilations": (1, 3), "taps": 3},
    "one layer": {"dilations": (2,)},
    "not in order": {"dilations": (4, 1, 2, 1)},
    "one-hot": {"dilations": (1, 2), "one_hot": True},
    "conditional": {"dilations": (1, 2, 4), "c_dim": 2},
    "one-hot conditional": {"dilations": (2, 2), "taps": 3, "one_hot": True, "c_dim": 2},
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def build(name: str, t: int, levels: int = 3, loud: float = 2.5) -> WaveModel:
    """A model in float64 with weights enlarged, so that samples depend on one another visibly."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = WaveModel((t,), levels, channels=6, **KINDS[name]).double().eval()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(loud if p.dim() > 1 else 1.0)
    return model


def condition(model: WaveModel, n: int) -> torch.Tensor | None:
    if not model.c_dim:
        return None
    return torch.randn(n, 2, generator=seeded(8), dtype=torch.float64)


def all_sounds(t: int, levels: int) -> torch.Tensor:
    return torch.tensor(list(product(range(levels), repeat=t)))


@pytest.fixture(params=KINDS)
def name(request) -> str:
    return request.param


def dependence(model: WaveModel) -> torch.Tensor:
    """Largest absolute slope of the logits of sample i by input j, (t, t), over three sounds."""
    v = torch.randn(3, 1, model.inputs, *model.shape, generator=seeded(3), dtype=torch.float64)
    c = condition(model, 1)
    slopes = [jacobian(lambda v: model.network(v, c), one)[0, :, :, 0] for one in v]
    return torch.stack(slopes).abs().amax((0, 1, 3))  # of (sounds, levels, t, inputs, t)


def test_jacobian_is_strictly_lower_triangular_and_reaches_as_far_as_stated(name):
    """Output i reads some x_j if i - field <= j < i, and no other: exact zeros elsewhere."""
    model = build(name, 16, loud=1.5)
    seen = dependence(model) > 0
    back = torch.arange(16)[:, None] - torch.arange(16)
    assert not seen[back <= 0].any()
    assert not seen[back > model.field].any()
    assert seen[back == model.field].all()
    gaps = {int(b) for b in back[(back > 0) & (back <= model.field) & ~seen]}
    reads = {0}
    for d in model.dilations:
        reads = {a + k * d for a in reads for k in range(model.taps)}
    assert gaps == set(range(1, min(16, model.field + 1))) - {1 + a for a in reads}


@pytest.mark.parametrize(
    ("dilations", "taps", "want"),
    [((1,), 2, 2), ((1, 2, 4, 8, 16), 2, 32), ((1,) * 5, 2, 6), ((1, 2, 4) * 2, 3, 29)],
)
def test_receptive_field_by_counting_positions(dilations, taps, want):
    reads = {1}
    for d in dilations:
        reads = {a + k * d for a in reads for k in range(taps)}
    assert receptive_field(dilations, taps) == max(reads) == want


def test_causal_convolution_is_the_written_sum():
    layer = CausalConv1d(2, 3, taps=3, dilation=2).double()
    v = torch.randn(1, 2, 9, generator=seeded(), dtype=torch.float64)
    want = layer.bias[:, None].repeat(1, 9)
    for t, k in product(range(9), range(3)):
        if (at := t - 2 * (2 - k)) >= 0:
            want[:, t] += layer.weight[:, :, k] @ v[0, :, at]
    torch.testing.assert_close(layer(v)[0], want, rtol=0, atol=1e-14)


def test_network_is_the_written_recursion():
    """Delay, gated layers, residual and skip, written out with F.conv1d on shifted copies."""
    model = build("conditional", 7)
    v, c = torch.randn(2, 1, 7, generator=seeded(), dtype=torch.float64), condition(model, 2)
    late = torch.cat([torch.zeros(2, 1, 1), v[..., :-1]], 2)
    h, total = F.conv1d(late, model.first.weight, model.first.bias), 0
    for k, d in enumerate(model.dilations):
        past = torch.cat([torch.zeros(2, 6, d), h], 2)[..., :7]
        w, b = model.look[k].weight, model.look[k].bias
        pre = torch.einsum("oi,nit->not", w[..., 0], past) + torch.einsum(
            "oi,nit->not", w[..., 1], h
        )
        pre = pre + b[:, None] + (c @ model.condition[k].weight.T)[..., None]
        z = torch.tanh(pre[:, :6]) * torch.sigmoid(pre[:, 6:])
        total = total + model.skip[k](z)
        h = h + model.out[k](z) if k < 2 else h
    want = model.last(torch.relu(model.mix(torch.relu(total))))
    torch.testing.assert_close(model.network(v, c), want, rtol=0, atol=1e-12)


@pytest.mark.parametrize("one", range(2))
def test_probabilities_of_all_sounds_sum_to_one(name, one):
    model = build(name, 5)
    x = all_sounds(5, 3)
    c = condition(model, 2)
    given = None if c is None else c[one : one + 1].expand(len(x), 2)
    with torch.no_grad():
        p = model.log_prob(x, given).exp()
    assert abs(p.sum().item() - 1) < 1e-12
    assert p.max() > 3 * p.min()


def test_samples_have_the_probabilities(name):
    model = build(name, 4, levels=2, loud=1.5)
    x, c = all_sounds(4, 2), condition(model, 1)
    n, wide = 20_000, None if c is None else c.expand(len(x), 2)
    with torch.no_grad():
        p = model.log_prob(x, wide).exp()
    drawn = model.sample(n, None if c is None else c.expand(n, 2), generator=seeded(5))
    assert chi_square_p(drawn, p, 2) > 1e-3
    even = torch.full_like(p, 1 / 16)
    assert chi_square_p(drawn, even, 2) < 1e-6


def test_queues_agree_with_whole_passes_while_the_sound_is_filled(name):
    """The first logits are asked for, then the sample is written, and so on."""
    model, x = build(name, 14), torch.randint(3, (4, 14), generator=seeded(1))
    c = condition(model, 4)
    ours, theirs = torch.zeros_like(x), torch.zeros_like(x)
    with torch.no_grad():
        pairs = zip(model.walk(ours, c), PixelModel.walk(model, theirs, c), strict=True)
        for k, (fast, slow) in enumerate(pairs):
            torch.testing.assert_close(fast, slow, rtol=0, atol=1e-12)
            ours[:, k] = theirs[:, k] = x[:, k]
    assert k == 13


def test_a_queue_holds_no_more_than_its_layer_will_read():
    model = build("three taps", 14)
    held = {}

    class Watched(Queues):
        def __call__(self, layer, v):
            out = super().__call__(layer, v)
            held.setdefault(layer, set()).add(len(self.waiting[layer]))
            return out

    queues = Watched()
    with torch.no_grad():
        for _ in range(9):
            model._layers(torch.zeros(1, 1, 1, dtype=torch.float64), [0.0, 0.0], queues)
    assert [held[layer] for layer in model.look] == [{2}, {6}]


def test_lengthened_model_says_the_same_of_a_beginning(name):
    model = build(name, 6)
    longer = model.lengthened(11)
    x, c = torch.randint(3, (2, 11), generator=seeded(2)), condition(model, 2)
    with torch.no_grad():
        torch.testing.assert_close(
            longer.logits(x, c)[..., :6], model.logits(x[:, :6], c), rtol=0, atol=1e-12
        )
    assert model.shape == (6,)
    assert longer.sample(2, c, generator=seeded()).shape == (2, 11)


def test_condition_changes_every_gate():
    model = build("conditional", 5)
    x = torch.randint(3, (1, 5), generator=seeded(4))
    c = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    for layer in model.condition:
        with torch.no_grad():
            kept = [other.weight.clone() for other in model.condition]
            for other in model.condition:
                other.weight.mul_(float(other is layer))
        (slope,) = torch.autograd.grad(model.log_prob(x, c).sum(), c)
        assert slope.abs().min() > 0
        with torch.no_grad():
            for other, weight in zip(model.condition, kept, strict=True):
                other.weight.copy_(weight)


@pytest.mark.slow
def test_it_learns_to_repeat_after_its_longest_lag():
    """x_i = x_(i - 8), else at random: 8 random bits of 24, if the field reaches 8 back."""
    first = torch.randint(2, (128, 8), generator=seeded(0))
    x, bits = torch.cat([first] * 3, 1), {}
    for dilations in ((1, 2, 4), (1, 1, 1)):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = WaveModel((24,), 2, channels=16, dilations=dilations)
        fit(model, x, epochs=15, batch_size=16, lr=1e-2, generator=seeded(), progress=False)
        bits[dilations] = model.bits(x)
    assert 1 / 3 - 0.01 < bits[1, 2, 4] < 0.4
    assert bits[1, 1, 1] > 0.95


@pytest.mark.parametrize(
    ("shape", "options"),
    [((3, 3), {}), ((5,), {"dilations": ()}), ((5,), {"dilations": (0,)}), ((5,), {"taps": 1})],
)
def test_bad_settings_are_named(shape, options):
    with pytest.raises(ValueError, match="wave model has shape"):
        WaveModel(shape, 4, **options)
