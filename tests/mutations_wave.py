"""Mistakes people make with sounds and colours in pixel models, each caught by a check."""

import numpy as np
import torch
from torch.nn import functional as F

from lib import colours, mu_law, tones, wave_model
from lib.datasets import load
from lib.pixel import PixelModel
from lib.pixelcnn import GatedPixelCNN
from tests.mutation import Edit, Mutation
from tests.pixel_cases import shaken


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small(t: int = 12, **options) -> wave_model.WaveModel:
    return shaken(
        wave_model.WaveModel((t,), 3, channels=6, dilations=(1, 2, 3), **options), size=0.4
    )


def reach_is_exact() -> None:
    """Gradients of the last logits: none for the last sample, none beyond the field."""
    model = small(taps=3)
    v = torch.randn(1, 1, 12, generator=seeded(), dtype=torch.float64, requires_grad=True)
    for at, first in ((11, 0), (4, 0)):
        (slope,) = torch.autograd.grad(model.network(v)[..., at].pow(2).sum(), v)
        assert not slope[..., at:].any()
        assert slope[..., first:at].all()
    model = small()
    assert model.field == 7
    (slope,) = torch.autograd.grad(model.network(v)[..., -1].pow(2).sum(), v)
    assert slope[0, 0].nonzero().min().item() == 11 - 7
    assert not slope[..., -1].any()


def sums_to_one() -> None:
    model = small(4)
    x = torch.cartesian_prod(*[torch.arange(3)] * 4)
    with torch.no_grad():
        assert abs(model.log_prob(x).exp().sum().item() - 1) < 1e-12


def queues_are_whole_passes() -> None:
    for model in (small(taps=3), small(c_dim=2)):
        x = torch.randint(3, (2, 12), generator=seeded(1))
        c = torch.tensor([[1.0, -1.0], [0.0, 2.0]]) if model.c_dim else None
        with torch.no_grad():
            walks = zip(model.walk(x, c), PixelModel.walk(model, x, c), strict=True)
            assert all(torch.allclose(a, b, rtol=0, atol=1e-12) for a, b in walks)


def longer_is_the_same() -> None:
    model = small(5)
    longer = model.lengthened(9)
    assert longer.sample(1, generator=seeded()).shape == (1, 9)
    assert model.sample(1, generator=seeded()).shape == (1, 5)


def gates_hear_the_condition() -> None:
    """Only the sigmoid half of a layer's condition is on: the logits still change."""
    model = small(c_dim=1)
    with torch.no_grad():
        for layer in model.condition:
            layer.weight[:6] = 0
    v, one = torch.zeros(1, 1, 12, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)
    assert not torch.allclose(model.network(v, one), model.network(v, 0 * one))


def levels_survive() -> None:
    x = torch.arange(64)
    wave = mu_law.to_wave(x, 64)
    assert abs(wave.abs().max().item() - 1) < 1e-6
    assert torch.equal(mu_law.to_levels(wave, 64), x)
    s = torch.linspace(0.001, 1, 50, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(mu_law.mu_law(s, 63).sum(), s)
    steady = slope * (1 + 63 * s)
    assert torch.allclose(steady, steady[:1])


def pitch_is_right() -> None:
    for wave, hz in zip(
        tones.pure(tones.SCALE[::7], 4000, np.random.default_rng(0)), (196, 392), strict=True
    ):
        spectrum = np.abs(np.fft.rfft(wave))
        assert abs(spectrum.argmax() - hz) <= 1
        assert spectrum[1801:].max() < 1e-2 * spectrum.max()


def noise_costs_its_entropy() -> None:
    share = tones.noise_bits(np.zeros(1), np.array([-10.0, 0.0, 10.0]))
    assert abs(share - 1) < 1e-12


def own_colours_are_hidden() -> None:
    model = colours.forget_own_colours(
        shaken(GatedPixelCNN((3, 1, 2), 2, channels=6, layers=2), size=1.5)
    )
    x = torch.cartesian_prod(*[torch.arange(2)] * 6).reshape(-1, 3, 1, 2)
    with torch.no_grad():
        p = model.log_prob(x).exp().reshape([2] * 6).sum((1, 3, 5))  # the first pixel
        after = model.logits(x)[..., 1].reshape(*[2] * 6, 2, 3)
    alone = [p.sum(tuple({0, 1, 2} - {k})) for k in range(3)]
    assert torch.allclose(p, torch.einsum("a,b,c->abc", *alone), rtol=0, atol=1e-12)
    assert not torch.allclose(after[0], after[1])  # but the pixel before is still seen


def foreign_means_the_whole_colour() -> None:
    data = torch.tensor([[1, 0, 2], [0, 3, 2]]).reshape(2, 3, 1, 1)
    x = torch.tensor([[1, 3, 2], [1, 0, 2]]).reshape(2, 3, 1, 1)
    assert abs(colours.foreign_share(x, data) - 0.5) < 1e-6


def faces_keep_their_colours() -> None:
    creatures = load("creatures", n=10)
    want = creatures.shared["palette"][creatures.x[:, 5:15, 5:15]]
    assert np.abs(colours.to_rgb(colours.creature_faces(creatures)) - want).max() < 1 / 6 + 1e-6


def equal_colours_depend() -> None:
    coin = torch.tensor([0, 1])
    assert abs(colours.dependence_bits(torch.stack([coin] * 3, 1)) - 2) < 1e-9


def centred(layer: wave_model.CausalConv1d, v: torch.Tensor) -> torch.Tensor:
    """A layer that looks to both sides."""
    v = F.pad(v, (layer.reach // 2, layer.reach - layer.reach // 2))
    return F.conv1d(v, layer.weight, layer.bias, dilation=layer.dilation)


WAVE, QUEUES = "lib.wave_model.WaveModel", "lib.wave_model.Queues.__call__"
MUTATIONS = [
    Mutation(
        "no delay: a sample is predicted from itself",
        f"{WAVE}.network",
        Edit("late = F.pad(v, (1, 0))[..., :-1]", "late = v"),
        sums_to_one,
    ),
    Mutation(
        "delayed in the wrong direction",
        f"{WAVE}.network",
        Edit("late = F.pad(v, (1, 0))[..., :-1]", "late = F.pad(v, (0, 1))[..., 1:]"),
        reach_is_exact,
    ),
    Mutation(
        "zeros on both sides, as for pictures",
        "lib.wave_model.CausalConv1d.forward",
        centred,
        reach_is_exact,
    ),
    Mutation(
        "field of view counted with all taps",
        "lib.wave_model.receptive_field",
        Edit("return 1 + (taps - 1)", "return 1 + taps"),
        reach_is_exact,
    ),
    Mutation(
        "queues one input too long",
        QUEUES,
        Edit("* layer.reach", "* (layer.reach + 1)"),
        queues_are_whole_passes,
    ),
    Mutation(
        "queues that never move on",
        QUEUES,
        Edit("queue.popleft()", "queue.pop()"),
        queues_are_whole_passes,
    ),
    Mutation(
        "taps in reversed order while sampling",
        QUEUES,
        Edit("torch.cat(read, 2)", "torch.cat(read[::-1], 2)"),
        queues_are_whole_passes,
    ),
    Mutation(
        "the walk reads a sample before it is drawn",
        f"{WAVE}.walk",
        Edit("x[:, k : k + 1]", "x[:, k - 1 : k] if k else x[:, :1]"),
        queues_are_whole_passes,
    ),
    Mutation(
        "the condition is forgotten while sampling",
        f"{WAVE}.walk",
        Edit("self._shifts(c)", "self._shifts(None)"),
        queues_are_whole_passes,
    ),
    Mutation(
        "the condition moves the content, not the gate",
        f"{WAVE}._layers",
        Edit("torch.sigmoid(b)", "torch.sigmoid(b - shift.chunk(2, 1)[1])"),
        gates_hear_the_condition,
    ),
    Mutation(
        "a longer copy shares the shape of the first",
        f"{WAVE}.lengthened",
        Edit("model = deepcopy(self)", "model = self"),
        longer_is_the_same,
    ),
    Mutation(
        "inverse of the mu-law without dividing by mu",
        "lib.mu_law.inverse_mu_law",
        Edit(" / mu", ""),
        levels_survive,
    ),
    Mutation(
        "levels rounded down",
        "lib.mu_law.to_levels",
        Edit(".round()", ".floor()"),
        levels_survive,
    ),
    Mutation(
        "logarithm of mu s without the one",
        "lib.mu_law.mu_law",
        Edit("torch.log1p(mu * wave.abs())", "torch.log(mu * wave.abs() + 1e-3)"),
        levels_survive,
    ),
    Mutation(
        "partials above half the rate fold back",
        "lib.tones.pure",
        Edit("(k * hz < 0.45 * RATE)", "(k * hz < 0.65 * RATE)"),
        pitch_is_right,
    ),
    Mutation(
        "an octave too high",
        "lib.tones.pure",
        Edit("2 * np.pi * k * turns", "4 * np.pi * k * turns"),
        pitch_is_right,
    ),
    Mutation(
        "nats called bits",
        "lib.tones.noise_bits",
        Edit(" / np.log(2)", ""),
        noise_costs_its_entropy,
    ),
    Mutation(
        "the own colours stay visible",
        "lib.colours.forget_own_colours",
        Edit("// 2] = 0", "// 2] *= 1"),
        own_colours_are_hidden,
    ),
    Mutation(
        "the row before is hidden too",
        "lib.colours.forget_own_colours",
        Edit("-1, first.kernel_size[1] // 2]", "-1]"),
        own_colours_are_hidden,
    ),
    Mutation(
        "colours compared channel by channel",
        "lib.colours._names",
        Edit("(red * size + green) * size + blue", "red * size + green * 0 + blue"),
        foreign_means_the_whole_colour,
    ),
    Mutation(
        "colour axis reshaped, not moved",
        "lib.colours.to_rgb",
        Edit("x.movedim(1, -1)", "x.reshape(len(x), *x.shape[2:], 3)"),
        faces_keep_their_colours,
    ),
    Mutation(
        "entropies added, the joint one forgotten",
        "lib.colours.dependence_bits",
        Edit("alone - _entropy(colours)", "alone"),
        equal_colours_depend,
    ),
]
