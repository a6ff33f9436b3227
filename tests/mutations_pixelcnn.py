"""Mistakes people make with masked convolutions, each caught by a check of the real code."""

from itertools import product

import numpy as np
import torch

from lib import causality, half_hidden, masked, pixelcnn, pixelcnn_slips
from lib.pixel import PixelModel
from tests.mutation import Edit, Mutation

CONV, STACKS = "lib.masked.MaskedConv2d", "lib.pixelcnn.GatedPixelCNN"
PLAIN = "lib.pixelcnn.PixelCNN"


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def build(kind: str, shape: tuple[int, ...] = (3, 4), levels: int = 3, **options) -> PixelModel:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = getattr(pixelcnn, kind)(shape, levels, channels=12, **options).double().eval()
    if model.place is not None:
        model.place.detach().normal_(generator=seeded(5))
    return model


def models() -> list[PixelModel]:
    return [
        build("PixelCNN", blocks=2, positions=True),
        build("GatedPixelCNN", layers=3, positions=True),
        build("GatedPixelCNN", layers=2, c_dim=2),
        build("PixelCNN", (3, 2, 2), blocks=1),
        build("GatedPixelCNN", (3, 2, 2), layers=2),
    ]


def condition(model: PixelModel, n: int) -> torch.Tensor | None:
    c = torch.randn(n, 2, generator=seeded(8), dtype=torch.float64)
    return c if model.c_dim else None


def triangular() -> None:
    """No output reacts to its own pixel or a later one, by finite differences."""
    for model in models():
        d, c = len(model.places), condition(model, 1)
        v = torch.randn(1, model.inputs, *model.shape[-2:], generator=seeded(1)).double()
        with torch.no_grad():
            plain = model.network(v, c)
            for j, (*colour, y, x) in enumerate(model.places):
                moved = v.clone()
                moved[(slice(None), *(colour or [slice(None)]), y, x)] += 1.0
                change = (model.network(moved, c) - plain).abs()
                for i in range(j + 1):
                    at = (slice(None), slice(None), *model.places[i])
                    assert not change[at].any(), (type(model).__name__, d, i, j)


def sums_to_one() -> None:
    model = build("PixelCNN", (2, 2), blocks=1)
    x = torch.tensor(list(product(range(3), repeat=4))).reshape(-1, 2, 2)
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(3)
        total = model.log_prob(x).exp().sum().item()
    assert abs(total - 1) < 1e-12


def taps() -> None:
    """Masks against the order of the places of a small page."""
    order = np.arange(15).reshape(3, 5)
    here = order[-1, 2]
    want = {"A": order < here, "B": order <= here, "above": order < 10, "rows": order >= 0}
    for kind, allowed in want.items():
        assert np.array_equal(masked.causal_mask(3, 5, kind).numpy() > 0, allowed), kind


def walks() -> None:
    """One place after the other, on a picture that is being filled, as from whole passes."""
    for model in models():
        final = torch.randint(3, (2, *model.shape), generator=seeded(2))
        x, c = torch.zeros_like(final), condition(model, 2)
        with torch.no_grad():
            want = model.logits(final, c)
            for place, got in zip(model.places, model.walk(x, c), strict=False):
                whole = want[(slice(None), slice(None), *place)]
                assert torch.allclose(got, whole, atol=1e-12, rtol=0), type(model).__name__
                x[(slice(None), *place)] = final[(slice(None), *place)]


def gates() -> None:
    v = torch.randn(2, 8, 1, 1, generator=seeded(3))
    a, b = v[:, :4], v[:, 4:]
    assert torch.allclose(pixelcnn.gate(v), (torch.exp(2 * a) - 1) / (torch.exp(2 * a) + 1)
                          / (1 + torch.exp(-b)), atol=1e-6)  # fmt: skip


def gated_sees_all() -> None:
    """Every earlier pixel within reach is in the field: no blind spot."""
    model = build("GatedPixelCNN", (4, 4), layers=3)
    assert not causality.blind_spot(model, (3, 1), seeded()).any()


def blocks_add_once() -> None:
    """With blocks that add nothing, a PixelCNN is its first layer and its two last ones."""
    model = build("PixelCNN", blocks=3)
    with torch.no_grad():
        for layer in model.widen:
            layer.weight.zero_()
            layer.bias.zero_()
        v = torch.randn(1, 1, 3, 4, generator=seeded(4), dtype=torch.float64)
        want = model.last(model.mix(model.first(v).relu()).relu())
        assert torch.allclose(model.network(v), want)


def conditions_reach_every_pixel() -> None:
    for model in (build("PixelCNN", blocks=1, c_dim=2), build("GatedPixelCNN", c_dim=2)):
        x = torch.zeros(2, 3, 4, dtype=torch.long)
        with torch.no_grad():
            one, two = model.logits(x, condition(model, 2)).log_softmax(1)
        assert ((one - two).abs().amax(0) > 1e-9).all()


def maps_show_a_leak() -> None:
    """A right stack passes; a stack with one wrong layer does not, whatever the mistake."""
    for plan, right in (("ABB", True), ("BBB", False), ("AXB", False), ("ANB", False)):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = pixelcnn_slips.MaskedStack((3, 3), 3, plan)
        assert causality.is_causal(model, seeded()) == right, plan


def blind_means_earlier() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = pixelcnn_slips.MaskedStack((4, 5), 3, "AB")
    blind = causality.blind_spot(model, (3, 2), seeded()).numpy()
    seen = {(1, x) for x in range(5)} | {(2, x) for x in range(4)} | {(3, 0), (3, 1)}
    earlier = {(y, x) for y in range(4) for x in range(5) if (y, x) < (3, 2)}
    assert set(map(tuple, np.argwhere(blind).tolist())) == earlier - seen


def halves_keep_their_own_digit() -> None:
    """Every completion begins with the rows of the picture it belongs to, and only with those."""
    model, x = build("PixelCNN", blocks=1), torch.arange(3)[:, None, None].expand(3, 3, 4)
    done = half_hidden.finish(model, x, 2, 6, generator=seeded(6))
    assert done.shape == (3, 6, 3, 4)
    assert (done[:, :, :2] == x[:, None, :2]).all()
    assert not (done[:, :, 2] == x[:, None, 2]).all()


LOOP = "h = h + self.drop(widen(F.relu(step)), generator)"
MUTATIONS = [
    Mutation("mask A lets the pixel through: B first", "lib.masked.causal_mask",
             Edit('"A": width // 2,', '"A": width // 2 + 1,'), triangular),
    Mutation("mask B first makes a total above one", "lib.masked.causal_mask",
             Edit('"A": width // 2,', '"A": width // 2 + 1,'), sums_to_one),
    Mutation("mask B hides the pixel as well", "lib.masked.causal_mask",
             Edit('"B": width // 2 + 1', '"B": width // 2'), taps),
    Mutation("the vertical stack starts with its own row", "lib.masked.causal_mask",
             Edit('"above": 0', '"above": width'), triangular),
    Mutation("rows above are hidden too", "lib.masked.causal_mask",
             Edit("mask[-1, first_hidden:] = 0", "mask[:, first_hidden:] = 0"), taps),
    Mutation("one layer forgets its mask", f"{CONV}.inside",
             Edit("self.weight * self.mask", "self.weight"), triangular),
    Mutation("the page is padded below instead of above", f"{CONV}.margins",
             Edit("rows - 1, 0", "0, rows - 1"), triangular),
    Mutation("the page is padded on one side", f"{CONV}.margins",
             Edit("return width // 2, width // 2,", "return 0, width - 1,"), triangular),
    Mutation("a normalisation over all places", f"{PLAIN}._layers",
             Edit("F.relu(self.mix(F.relu(h)))", "F.relu(self.mix(F.group_norm(h, 1)))"),
             triangular),
    Mutation("the input is added twice", f"{PLAIN}._layers",
             Edit(LOOP, "h = h + " + LOOP[4:]), blocks_add_once),
    Mutation("no residual at all", f"{PLAIN}._layers",
             Edit(LOOP, "h = self.drop(widen(F.relu(step)), generator)"), blocks_add_once),
    Mutation("the halves of the gate change places", "lib.pixelcnn.gate",
             Edit("torch.tanh(a) * torch.sigmoid(b)", "torch.tanh(b) * torch.sigmoid(a)"), gates),
    Mutation("the vertical stack is not told to the horizontal one", f"{STACKS}._horizontal",
             Edit("+ above + shifts[k]", "+ 0 * above + shifts[k]"), gated_sees_all),
    Mutation("the vertical stack stops after its first layer", f"{STACKS}._vertical",
             Edit("v = gate(seen + shift)", "v = 0 * gate(seen + shift)"), gated_sees_all),
    Mutation("a condition is forgotten by the gates", f"{STACKS}._shifts",
             Edit("[self.shift(layer, c) for layer in self.condition]", "[]"),
             conditions_reach_every_pixel),
    Mutation("a condition is forgotten by the blocks", "lib.pixelcnn.ConvPixelModel.shift",
             Edit("0.0 if layer is None else", "0.0 if layer is None else 0 *"),
             conditions_reach_every_pixel),
    Mutation("levels and colours change places", "lib.pixelcnn.ConvPixelModel.unfold",
             Edit("(self.colours, self.levels)).transpose(1, 2)", "(self.levels, self.colours))"),
             triangular),
    Mutation("the cache forgets the pixel just drawn", f"{PLAIN}.walk",
             Edit("memory.store(self.first, self.encode(x[here]))", "pass"), walks),
    Mutation("the horizontal stack forgets the pixel just drawn", f"{STACKS}.walk",
             Edit("for layer in (self.down[0], self.right[0])", "for layer in (self.down[0],)"),
             walks),
    Mutation("the vertical stack forgets the pixel just drawn", f"{STACKS}.walk",
             Edit("for layer in (self.down[0], self.right[0])", "for layer in (self.right[0],)"),
             walks),
    Mutation("the vertical stack is not run again for a new row", f"{STACKS}.walk",
             Edit("if j == 0 and", "if i == j == 0 and"), walks),
    Mutation("the position of the cached walk is that of the first pixel", f"{PLAIN}.walk",
             Edit("c, memory, here)", "c, memory, (..., slice(0, 1), slice(0, 1)))"), walks),
    Mutation("the horizontal stack is told no position", f"{STACKS}.walk",
             Edit("above, memory, here)", "above, memory, (..., slice(0, 1), slice(0, 1)))"),
             walks),
    Mutation("memory is written one column to the right", "lib.masked.Memory.store",
             Edit("slice(self.columns.start + left, self.columns.stop + left)",
                  "slice(self.columns.start + right + 1, self.columns.stop + right + 1)"), walks),
    Mutation("memory is emptied at every pixel", "lib.masked.Memory.store",
             Edit("if layer not in self.seen:", "if True:"), walks),
    Mutation("completions are sorted under the wrong digit", "lib.half_hidden.finish",
             Edit("x.repeat_interleave(draws, dim=0)", "x.repeat(draws, 1, 1)"),
             halves_keep_their_own_digit),
    Mutation("one row too few is given", "lib.half_hidden.first_rows",
             Edit("known[..., :rows, :] = True", "known[..., : rows - 1, :] = True"),
             halves_keep_their_own_digit),
    Mutation("everything is given", "lib.half_hidden.first_rows",
             Edit("known[..., :rows, :] = True", "known[:] = True"),
             halves_keep_their_own_digit),
    Mutation("the map looks at the past only", "lib.causality.is_causal",
             Edit(".triu()", ".tril(-1)"), maps_show_a_leak),
    Mutation("a logit may see its own pixel", "lib.causality.is_causal",
             Edit(".triu()", ".triu(1)"), maps_show_a_leak),
    Mutation("the blind spot includes the future", "lib.causality.blind_spot",
             Edit("return earlier & ~seen", "return ~seen"), blind_means_earlier),
]  # fmt: skip
