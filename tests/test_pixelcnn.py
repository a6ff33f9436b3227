"""PixelCNNs: causal by Jacobian, probabilities that add up, samples and caches that agree."""

import math
from collections import Counter
from itertools import product

import numpy as np
import pytest
import torch
from scipy import stats
from torch.autograd.functional import jacobian

from lib.causality import blind_spot, receptive_field
from lib.pixel import PixelModel
from lib.pixelcnn import GatedPixelCNN, PixelCNN, gate
from lib.train import fit

# name -> (class, shape of small pictures, levels, options)
KINDS = {
    "plain": (PixelCNN, (2, 3), 2, {"channels": 6, "blocks": 2}),
    "plain one-hot": (PixelCNN, (2, 2), 3, {"channels": 6, "blocks": 1, "one_hot": True}),
    "plain conditional": (PixelCNN, (2, 2), 3, {"channels": 6, "blocks": 2, "c_dim": 2}),
    "plain colours": (PixelCNN, (3, 1, 2), 2, {"channels": 12, "blocks": 1}),
    "plain colours conditional": (
        PixelCNN,
        (2, 2, 2),
        2,
        {"channels": 8, "blocks": 1, "c_dim": 2},
    ),
    "gated": (GatedPixelCNN, (2, 3), 2, {"channels": 4, "layers": 3}),
    "gated one-hot": (GatedPixelCNN, (2, 2), 3, {"channels": 8, "layers": 2, "one_hot": True}),
    "gated conditional": (GatedPixelCNN, (2, 2), 3, {"channels": 4, "layers": 2, "c_dim": 2}),
    "gated colours": (GatedPixelCNN, (3, 1, 2), 2, {"channels": 6, "layers": 2}),
    "gated colours conditional": (
        GatedPixelCNN,
        (2, 2, 2),
        2,
        {"channels": 6, "layers": 2, "c_dim": 2},
    ),
    "plain with places": (
        PixelCNN,
        (3, 1, 2),
        2,
        {"channels": 12, "blocks": 1, "positions": True},
    ),
    "gated with places": (
        GatedPixelCNN,
        (2, 3),
        2,
        {"channels": 8, "layers": 2, "positions": True},
    ),
    "gated, one row": (GatedPixelCNN, (1, 5), 2, {"channels": 4, "layers": 2}),
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def build(name: str, *, shape=None, loud: float = 3.0) -> PixelModel:
    """A model in float64 with weights enlarged, so that pixels depend on one another visibly."""
    kind, small, levels, options = KINDS[name]
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = kind(shape or small, levels, **options).double().eval()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(loud if p.dim() > 1 else 1.0)
        if model.place is not None:  # zeros before training
            model.place.normal_(generator=seeded(4))
    return model


def condition(model: PixelModel, n: int) -> torch.Tensor | None:
    c = torch.randn(1, 2, generator=seeded(8), dtype=torch.float64)
    return c.expand(n, 2) if model.c_dim else None


def all_pictures(model: PixelModel) -> torch.Tensor:
    found = product(range(model.levels), repeat=len(model.places))
    return torch.tensor(list(found)).reshape(-1, *model.shape)


@pytest.fixture(params=KINDS)
def model(request) -> PixelModel:
    return build(request.param)


@pytest.fixture(params=KINDS)
def larger(request) -> PixelModel:
    shape = KINDS[request.param][1]
    return build(request.param, shape=(*shape[:-2], 4, 5), loud=1.5)


def test_the_jacobian_is_strictly_triangular(larger):
    v = torch.randn(1, larger.inputs, 4, 5, generator=seeded(), dtype=torch.float64)
    c = condition(larger, 1)
    slopes = jacobian(lambda v: larger.network(v, c)[0], v)[:, ..., 0, :, :, :]
    colours, sighted = len(larger.shape) == 3, 0
    for i, out in enumerate(larger.places):
        one = slopes[(slice(None), *out)].abs().amax(0)  # (inputs, 4, 5)
        one = one if colours else one.amax(0)
        reacts = torch.stack([one[place] for place in larger.places])
        assert not reacts[i:].any(), f"{out} sees itself or the future"
        sighted += int(reacts[:i].any())
    assert sighted > len(larger.places) / 2  # it looks at the past


def test_huge_numbers_in_the_future_change_nothing(larger):
    v = torch.randn(2, larger.inputs, 4, 5, generator=seeded(), dtype=torch.float64)
    c = condition(larger, 2)
    with torch.no_grad():
        want = larger.network(v, c)
        for i in range(len(larger.places)):
            hidden = v.clone()
            for *later, y, x in larger.places[i:]:
                hidden[(slice(None), *(later or [slice(None)]), y, x)] = 1e9
            got = larger.network(hidden, c)
            for *before, y, x in larger.places[: i + 1]:
                at = (slice(None), slice(None), *before, y, x)
                torch.testing.assert_close(got[at], want[at], atol=1e-12, rtol=0)
            assert i > 0 or not torch.allclose(got, want)


def test_probabilities_of_all_pictures_add_up_to_one(model):
    x = all_pictures(model)
    with torch.no_grad():
        p = model.log_prob(x, condition(model, len(x))).exp()
    assert p.sum().item() == pytest.approx(1.0, abs=1e-12)
    assert p.max() > 3 * p.min()  # not the uniform distribution, which adds up anyway


@pytest.mark.parametrize("name", ["plain", "plain colours", "gated conditional", "gated colours"])
def test_samples_are_as_frequent_as_they_are_probable(name):
    model, n = build(name), 20_000
    x = all_pictures(model)
    with torch.no_grad():
        p = model.log_prob(x, condition(model, len(x))).exp().numpy()
    drawn = model.sample(n, condition(model, n), generator=seeded(2))
    counts = Counter(map(tuple, drawn.flatten(1).tolist()))
    seen = np.array([counts[tuple(row)] for row in x.flatten(1).tolist()])
    often = n * p >= 5  # rare pictures share one class
    seen = np.append(seen[often], seen[~often].sum())
    wanted = np.append(n * p[often], n * p[~often].sum())
    keep = wanted > 0
    assert stats.chisquare(seen[keep], wanted[keep] * n / wanted.sum()).pvalue > 1e-3


@pytest.mark.parametrize("name", ["plain", "gated", "gated colours conditional"])
def test_completions_follow_the_exact_conditional(name):
    model, n = build(name), 8_000
    known = torch.zeros(model.shape, dtype=torch.bool)
    known[..., 0, :] = True
    given = all_pictures(model)[-5]
    x = all_pictures(model)
    x = x[(x[:, known] == given[known]).all(1)]
    with torch.no_grad():
        p = model.log_prob(x, condition(model, len(x))).softmax(0).numpy()
    start = given.expand(n, *model.shape)
    drawn = model.complete(start, known, condition(model, n), generator=seeded(3))
    assert (drawn[:, known] == given[known]).all()
    counts = Counter(map(tuple, drawn.flatten(1).tolist()))
    seen = np.array([counts[tuple(row)] for row in x.flatten(1).tolist()])
    assert seen.sum() == n
    assert stats.chisquare(seen, n * p).pvalue > 1e-3


def test_the_cached_walk_is_the_plain_walk(larger):
    x = torch.randint(larger.levels, (3, *larger.shape), generator=seeded(4))
    c = condition(larger, 3)
    with torch.no_grad():
        pairs = zip(larger.walk(x, c), PixelModel.walk(larger, x, c), strict=True)
        for place, (cached, plain) in zip(larger.places, pairs, strict=True):
            torch.testing.assert_close(cached, plain, atol=1e-12, rtol=0, msg=str(place))


def test_the_cached_walk_follows_a_picture_that_is_being_filled(larger):
    """Every pixel is written only after its logits were asked for; the future holds rubbish."""
    final = torch.randint(larger.levels, (2, *larger.shape), generator=seeded(5))
    x, c = torch.randint(larger.levels, final.shape, generator=seeded(6)), condition(larger, 2)
    with torch.no_grad():
        want = larger.logits(final, c)
        for place, got in zip(larger.places, larger.walk(x, c), strict=False):
            at = (slice(None), slice(None), *place)
            torch.testing.assert_close(got, want[at], atol=1e-12, rtol=0)
            x[(slice(None), *place)] = final[(slice(None), *place)]


def test_cached_and_plain_sampling_draw_the_same_pictures(larger):
    c, kind = condition(larger, 6), type(larger)
    plain = type("Plain", (kind,), {"walk": PixelModel.walk})
    fast = larger.sample(6, c, generator=seeded(7))
    larger.__class__ = plain
    slow = larger.sample(6, c, generator=seeded(7))
    assert torch.equal(fast, slow)
    assert len(fast.unique(dim=0)) > 1


def paths(steps: list[set[tuple[int, int]]]) -> set[tuple[int, int]]:
    """All sums of one offset (rows up, columns right) from every step."""
    found = {(0, 0)}
    for step in steps:
        found = {(u + a, s + b) for u, s in found for a, b in step}
    return found


def box(up: range, side: range) -> set[tuple[int, int]]:
    return set(product(up, side))


def plain_field(blocks: int) -> set[tuple[int, int]]:
    """Offsets a PixelCNN can see, from its masks alone: kernel 4 x 7 (A), then 3 x 3 (B)."""
    first = box(range(1, 4), range(-3, 4)) | box(range(1), range(-3, 0))
    later = box(range(1, 2), range(-1, 2)) | box(range(1), range(-1, 1))
    return paths([first] + [later] * blocks)


def field_on_page(offsets: set, place: tuple[int, int], shape: tuple[int, int]) -> torch.Tensor:
    field = torch.zeros(shape, dtype=torch.bool)
    for up, side in offsets:
        y, x = place[0] - up, place[1] + side
        if 0 <= y < shape[0] and 0 <= x < shape[1]:
            field[y, x] = True
    return field


@pytest.mark.parametrize("blocks", [0, 1, 2, 4])
def test_field_of_the_plain_model_is_the_one_its_masks_allow(blocks):
    shape, place = (9, 15), (8, 6)
    torch.manual_seed(0)
    model = PixelCNN(shape, 3, channels=16, blocks=blocks)
    got = receptive_field(model, place, seeded())
    assert torch.equal(got, field_on_page(plain_field(blocks), place, shape))
    by_rule = {(0, -s) for s in range(1, blocks + 4)}
    for up in range(1, blocks + 4):  # the rule the lesson states
        right = min(up + 2, blocks + 3)
        by_rule |= {(up, s) for s in range(-blocks - 3, right + 1)}
    assert by_rule == plain_field(blocks)


@pytest.mark.parametrize("layers", [1, 2, 3, 5])
def test_field_of_the_gated_model_is_a_box_without_a_blind_spot(layers):
    shape, place = (9, 17), (8, 7)
    torch.manual_seed(0)
    model = GatedPixelCNN(shape, 3, channels=12, layers=layers)
    reach = layers + 1
    offsets = box(range(1, reach + 1), range(-reach, reach + 1)) | box(range(1), range(-reach, 0))
    got = receptive_field(model, place, seeded())
    assert torch.equal(got, field_on_page(offsets, place, shape))


def test_blind_spot_of_the_plain_model_has_the_size_of_the_formula():
    shape = (8, 8)
    torch.manual_seed(0)
    plain, gated = PixelCNN(shape, 3, channels=16, blocks=5), GatedPixelCNN(shape, 3, layers=7)
    for i, j in ((7, 0), (4, 2), (3, 7), (0, 4), (7, 5)):
        want = sum(max(0, 7 - j - (up + 2)) for up in range(1, i + 1))
        assert blind_spot(plain, (i, j), seeded())[:, j:].sum() == want
        assert not blind_spot(gated, (i, j), seeded())[:, max(j - 8, 0) :].any()


def masked_sum(layer, v: np.ndarray, kind: str, colours: int) -> np.ndarray:
    """A masked convolution of one picture (inputs, h, w), as sums over the pixels it may see."""
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    (outputs, inputs, rows, width), (_, h, w) = weight.shape, v.shape
    out = np.tile(bias[:, None, None], (1, h, w))
    for o, i, row, column in product(range(outputs), range(inputs), range(h), range(w)):
        reads, writes = i * colours // inputs, o * colours // outputs
        here = reads < writes or (reads == writes and kind == "B")
        for up, side in product(range(rows), range(-(width // 2), width // 2 + 1)):
            own = {"above": False, "rows": True}.get(kind, side < 0 or (side == 0 and here))
            y, x = row - up, column + side
            if (up or own) and y >= 0 and 0 <= x < w:
                out[o, row, column] += weight[o, i, rows - 1 - up, side + width // 2] * v[i, y, x]
    return out


def relu(v: np.ndarray) -> np.ndarray:
    return np.maximum(v, 0)


def gated(v: np.ndarray, colours: int) -> np.ndarray:
    parts = np.split(v, 2 * colours)  # tanh part, sigmoid part, of one colour after the other
    both = zip(parts[::2], parts[1::2], strict=True)
    return np.concatenate([np.tanh(a) / (1 + np.exp(-b)) for a, b in both])


def plain_by_hand(model: PixelCNN, v: np.ndarray, c: np.ndarray | None) -> np.ndarray:
    k = model.colours
    h = masked_sum(model.first, v, "A", k)
    if c is not None:
        h = h + (model.condition.weight.detach().numpy() @ c)[:, None, None]
    if model.place is not None:
        h = h + model.place.detach().numpy()
    for squeeze, look, widen in zip(model.squeeze, model.look, model.widen, strict=True):
        step = relu(masked_sum(squeeze, relu(h), "B", k))
        h = h + masked_sum(widen, relu(masked_sum(look, step, "B", k)), "B", k)
    return masked_sum(model.last, relu(masked_sum(model.mix, relu(h), "B", k)), "B", k)


def gated_by_hand(model: GatedPixelCNN, v: np.ndarray, c: np.ndarray | None) -> np.ndarray:
    k, down, right, total = model.colours, v, v, 0.0
    for layer in range(len(model.down)):
        shift = 0.0
        if c is not None:
            shift = (model.condition[layer].weight.detach().numpy() @ c)[:, None, None]
        if layer == 0 and model.place is not None:
            shift = shift + model.place.detach().numpy()
        above = masked_sum(model.down[layer], down, "rows" if layer else "above", 1)
        link = model.link[layer].weight.detach().numpy()[:, :, 0, 0]
        told = np.einsum("oi,ihw->ohw", link, above)
        told += model.link[layer].bias.detach().numpy()[:, None, None]
        down = gated(above + shift, 1)
        own = masked_sum(model.right[layer], right, "B" if layer else "A", k)
        seen = gated(own + told + shift, k)
        total = total + masked_sum(model.skip[layer], seen, "B", k)
        if layer < len(model.down) - 1:
            passed = masked_sum(model.out[layer], seen, "B", k)
            right = passed + right if layer else passed
    return masked_sum(model.last, relu(masked_sum(model.mix, relu(total), "B", k)), "B", k)


def test_the_network_is_what_the_papers_say_written_with_loops(model):
    x = torch.randint(model.levels, (1, *model.shape), generator=seeded(9))
    c = condition(model, 1)
    by_hand = plain_by_hand if isinstance(model, PixelCNN) else gated_by_hand
    out = by_hand(model, model.encode(x)[0].numpy(), None if c is None else c[0].numpy())
    if len(model.shape) == 3:  # channels are (colour, level)
        out = out.reshape(model.shape[0], model.levels, *model.shape[1:]).swapaxes(0, 1)
    got = model.logits(x, c)[0].detach().numpy()
    np.testing.assert_allclose(got, out, atol=1e-10)


def test_log_prob_is_the_sum_of_the_logs_of_the_conditionals(model):
    x = torch.randint(model.levels, (3, *model.shape), generator=seeded(10))
    c = condition(model, 3)
    total = torch.zeros(3, dtype=torch.float64)
    with torch.no_grad():
        logits = model.logits(x, c)
        for place in model.places:
            p = logits[(slice(None), slice(None), *place)].softmax(1)
            total += p[torch.arange(3), x[(slice(None), *place)]].log()
        torch.testing.assert_close(model.log_prob(x, c), total)
    bits = -total.mean().item() / (len(model.places) * math.log(2))
    assert model.bits(x, c) == pytest.approx(bits)


@pytest.mark.parametrize("name", [k for k in KINDS if "conditional" in k])
def test_a_condition_moves_every_pixel(name):
    model = build(name)
    x = torch.zeros(2, *model.shape, dtype=torch.long)
    c = torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    one, two = model.logits(x, c).log_softmax(1)
    for place in model.places:
        assert not torch.allclose(one[(slice(None), *place)], two[(slice(None), *place)])


def test_a_gate_is_tanh_times_sigmoid():
    v = torch.randn(2, 12, 1, 3, generator=seeded())
    torch.testing.assert_close(gate(v), torch.tanh(v[:, :6]) * torch.sigmoid(v[:, 6:]))
    parts = [gate(part) for part in v.split(4, dim=1)]
    torch.testing.assert_close(gate(v, 3), torch.cat(parts, 1))


@pytest.mark.parametrize("name", ["plain", "gated"])
def test_dropout_only_in_training_and_only_from_the_generator(name):
    model = build(name)
    x = torch.randint(model.levels, (4, *model.shape), generator=seeded())
    plain = model.logits(x)
    model.share = 0.5
    assert torch.equal(model.logits(x, generator=seeded()), plain)
    model.train()
    assert torch.equal(model.logits(x), plain)
    one, two, other = (model.logits(x, generator=seeded(s)) for s in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.allclose(one, other)
    assert not torch.allclose(one, plain)


@pytest.mark.slow
def test_a_trained_model_gives_each_of_two_pictures_half():
    torch.manual_seed(0)
    x = torch.tensor([[[0, 2], [1, 1]], [[2, 0], [1, 0]]])
    for kind, options in ((PixelCNN, {"blocks": 1}), (GatedPixelCNN, {"layers": 2})):
        model = kind((2, 2), 3, channels=8, **options)
        many = x.repeat(8, 1, 1)
        fit(model, many, epochs=150, batch_size=16, lr=2e-2, generator=seeded())
        nats = -model.log_prob(x).detach().numpy()
        assert nats == pytest.approx(math.log(2), abs=0.3)  # equal: 4.4
