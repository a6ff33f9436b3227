"""Mistakes people make with recurrent pixel models, each caught by a check of the real code."""

from collections.abc import Callable

import torch

from lib import diagonal_lstm, lstm_stack, memory_toy, pixelrnn_slips, raster_lstm
from lib.masked import MaskedConv2d
from lib.tiny_pictures import all_pictures
from tests import lstm_cases
from tests.lstm_cases import make, pictures, seeded
from tests.mutation import Edit, Mutation

STACK, RASTER = "lib.lstm_stack.LSTMStack", "lib.raster_lstm.RasterLSTM"
ROWS, DIAGONAL = "lib.row_lstm.RowMemory", "lib.diagonal_lstm.DiagonalMemory"


def row_sees_only_the_past() -> None:
    lstm_cases.check_logits_see_only_the_past(make("row", layers=2))


def diagonal_sees_only_the_past() -> None:
    lstm_cases.check_logits_see_only_the_past(make("diagonal"))


def diagonal_sees_the_whole_past() -> None:
    seen = lstm_cases.dependence(make("diagonal"), seeded(1), draws=4) > 0
    assert torch.equal(seen, torch.ones_like(seen).tril(-1))


def raster_sees_only_the_past() -> None:
    for reach in (0, 1):
        lstm_cases.check_logits_see_only_the_past(make("raster", reach=reach))


def networks_are_loops_over_pixels() -> None:
    for name in ("row", "diagonal"):
        model, x = make(name, cells=3, layers=2), pictures(2, (3, 4))
        with torch.no_grad():
            found = model.logits(x).numpy()
        assert abs(found - lstm_cases.by_loops(model, x)).max() < 1e-10


def walks_are_the_networks() -> None:
    for name in lstm_cases.MODELS:
        lstm_cases.check_walk_is_the_network(make(name))
        if name != "raster":
            lstm_cases.check_walk_is_the_network(make(name, layers=2, c_dim=2))


def skewed_columns_are_diagonals() -> None:
    v = torch.arange(1.0, 13).reshape(3, 4)
    wide = diagonal_lstm.skew(v)
    for i in range(3):
        for j in range(4):
            assert wide[i, i + j] == v[i, j]
    assert torch.equal(diagonal_lstm.unskew(wide), v)


def step_is_torchs() -> None:
    cell = torch.nn.LSTMCell(3, 5).double()
    x, h, m = (torch.randn(7, k, dtype=torch.float64, generator=seeded(k)) for k in (3, 5, 5))
    gates = x @ cell.weight_ih.T + h @ cell.weight_hh.T + cell.bias_ih + cell.bias_hh
    for found, wanted in zip(lstm_stack.lstm_step(gates, m), cell(x, (h, m)), strict=True):
        assert (found - wanted).abs().max() < 1e-12


def neighbours_are_near() -> None:
    wanted = [[6, 6, 6, 6], [6, 6, 6, 0], [6, 6, 6, 1], [6, 0, 1, 2], [0, 1, 2, 3], [1, 2, 6, 4]]
    assert raster_lstm.earlier_neighbours((2, 3), 1).tolist() == wanted


def hand_set_cell_is_the_optimum() -> None:
    """Half to the power T - 1 for sequences that fit, nothing for the others."""
    x = all_pictures((5,), 2)
    p = memory_toy.hand_set(5).double().log_prob(x).exp()
    wanted = (x[:, 0] == x[:, -1]).double() / 16
    assert (p - wanted).abs().max() < 1e-4


def wrong_pixel_costs_later_ones() -> None:
    model, x = make("raster", shape=(4, 4)), pictures(50, (4, 4))
    extra = pixelrnn_slips.one_wrong_pixel(model, x, (1, 2), seeded()).flatten()
    assert not extra[:7].any()
    assert (extra[7:] != 0).all()


def masked(**other: str) -> Callable[..., MaskedConv2d]:
    """A masked convolution that takes another kind of mask for some kinds."""

    def build(inputs: int, outputs: int, kind: str, *, rows: int, width: int) -> MaskedConv2d:
        width = 3 if other.get(kind) == "A" else width
        return MaskedConv2d(inputs, outputs, other.get(kind, kind), rows=rows, width=width)

    return build


MUTATIONS = [
    Mutation(
        "stream from the right not moved down",
        "lib.diagonal_lstm.DiagonalLayer.forward",
        Edit("shift_down(right)", "right"),
        diagonal_sees_only_the_past,
    ),
    Mutation(
        "moved up instead of down",
        "lib.diagonal_lstm.shift_down",
        lambda v: torch.nn.functional.pad(v, (0, 0, 0, 1))[..., 1:, :],
        diagonal_sees_only_the_past,
    ),
    Mutation(
        "moved to the right instead of down",
        "lib.diagonal_lstm.shift_down",
        lambda v: torch.nn.functional.pad(v, (1, 0))[..., :-1],
        diagonal_sees_only_the_past,
    ),
    Mutation(
        "stream from the right not flipped back",
        "lib.diagonal_lstm.DiagonalLayer.forward",
        Edit("+ shift).flip(3)).flip(3)", "+ shift).flip(3))"),
        networks_are_loops_over_pixels,
    ),
    Mutation(
        "both streams start from the left",
        "lib.diagonal_lstm.DiagonalLayer.forward",
        Edit("+ shift).flip(3)).flip(3)", "+ shift))"),
        diagonal_sees_the_whole_past,
    ),
    Mutation(
        "mask A for the stream from the right as well",
        "lib.diagonal_lstm.MaskedConv2d",
        masked(rows="A"),
        diagonal_sees_the_whole_past,
    ),
    Mutation(
        "skewed in the wrong direction",
        "lib.diagonal_lstm.skew",
        lambda v: (
            diagonal_lstm.F.pad(v, (0, v.shape[-2]))
            .flip(-2)
            .flatten(-2)[..., : -v.shape[-2]]
            .unflatten(-1, (v.shape[-2], sum(v.shape[-2:]) - 1))
            .flip(-2)
        ),
        skewed_columns_are_diagonals,
    ),
    Mutation(
        "unskewed one column too late",
        "lib.diagonal_lstm.unskew",
        Edit("[..., :width]", "[..., 1 : width + 1]"),
        skewed_columns_are_diagonals,
    ),
    Mutation(
        "taps look at the state below",
        "lib.diagonal_lstm.Diagonals.forward",
        Edit("(1, 0)", "(0, 1)"),
        diagonal_sees_only_the_past,
    ),
    Mutation(
        "mask B first",
        "lib.row_lstm.MaskedConv2d",
        masked(A="B"),
        row_sees_only_the_past,
    ),
    Mutation(
        "mask B first, two streams",
        "lib.diagonal_lstm.MaskedConv2d",
        masked(A="B"),
        diagonal_sees_only_the_past,
    ),
    Mutation(
        "one layer without a mask",
        "lib.row_lstm.MaskedConv2d",
        masked(B="rows"),
        row_sees_only_the_past,
    ),
    Mutation(
        "a shortcut around the first layer",
        f"{STACK}._stack",
        Edit("h = position", "h = position + v.mean(1, keepdim=True)"),
        row_sees_only_the_past,
    ),
    Mutation(
        "doubled residual",
        f"{STACK}._stack",
        Edit("h = h + self.drop", "h = h + h + self.drop"),
        networks_are_loops_over_pixels,
    ),
    Mutation(
        "no residual",
        f"{STACK}._stack",
        Edit("h = h + self.drop", "h = self.drop"),
        networks_are_loops_over_pixels,
    ),
    Mutation(
        "state of the row itself instead of the row above",
        "lib.row_lstm.RowLayer.forward",
        Edit("self.carry(state)", "self.carry(gates[:, : self.cells])"),
        row_sees_only_the_past,
    ),
    Mutation(
        "memory without a tanh on the way out",
        "lib.lstm_stack.lstm_step",
        Edit("* torch.tanh(memory), memory", "* memory, memory"),
        step_is_torchs,
    ),
    Mutation(
        "keep and write exchanged",
        "lib.lstm_stack.lstm_step",
        Edit("write, keep, content, show =", "keep, write, content, show ="),
        step_is_torchs,
    ),
    Mutation(
        "the pixel among its own neighbours",
        "lib.raster_lstm.earlier_neighbours",
        Edit("< (0, -1)", "<= (0, 0)"),
        raster_sees_only_the_past,
    ),
    Mutation(
        "the pixel instead of the previous one",
        "lib.raster_lstm.earlier_neighbours",
        Edit("here - 1, steps", "here, steps"),
        raster_sees_only_the_past,
    ),
    Mutation(
        "neighbours around the corner of the page",
        "lib.raster_lstm.earlier_neighbours",
        Edit(" & (column < width)", ""),
        neighbours_are_near,
    ),
    Mutation(
        "where nothing is, the last pixel is read",
        f"{RASTER}.read",
        Edit("torch.zeros_like(pixels[:, :1])", "pixels[:, -1:]"),
        raster_sees_only_the_past,
    ),
    Mutation(
        "state forgotten while drawing",
        f"{RASTER}.walk",
        Edit("h, state = self", "h, _ = self"),
        walks_are_the_networks,
    ),
    Mutation(
        "the drawn pixel is not written down",
        f"{RASTER}.walk",
        Edit("pixels[:, d] =", "_ ="),
        walks_are_the_networks,
    ),
    Mutation(
        "position of the first pixel at every step",
        f"{RASTER}.walk",
        Edit("slice(d, d + 1)", "slice(0, 1)"),
        walks_are_the_networks,
    ),
    Mutation(
        "position of the first pixel at every step of a stack",
        f"{STACK}.walk",
        Edit("self.position[here]", "self.position[..., :1, :1]"),
        walks_are_the_networks,
    ),
    Mutation(
        "first layer does not remember the drawn pixel",
        f"{STACK}.walk",
        Edit("memory.store(self.layers[0], self.encode(x[here]))", "pass"),
        walks_are_the_networks,
    ),
    Mutation(
        "memory of the row above lost",
        f"{ROWS}.at",
        Edit("[layer.carry(state), memory, *new]", "[layer.carry(state), new[1], *new]"),
        walks_are_the_networks,
    ),
    Mutation(
        "state of a row carried on before the row is full",
        f"{ROWS}.at",
        Edit("if column == 0:", "if column == self.width - 1:"),
        walks_are_the_networks,
    ),
    Mutation(
        "stream from the right starts afresh in each row",
        f"{DIAGONAL}.at",
        Edit(
            'along(gates, kept["right"], zero, zero)', 'along(gates, 0 * kept["right"], zero, zero)'
        ),
        walks_are_the_networks,
    ),
    Mutation(
        "a new row goes on from the end of the last one",
        f"{DIAGONAL}.at",
        Edit('kept["state"] = kept["memory"] = zero', "pass"),
        walks_are_the_networks,
    ),
    Mutation(
        "the write gate stays open",
        "lib.memory_toy.hand_set",
        Edit("gate[column:] = -strength", "gate[column:] = strength"),
        hand_set_cell_is_the_optimum,
    ),
    Mutation(
        "written one step too early, before the first coin is read",
        "lib.memory_toy.hand_set",
        Edit("(write, 1)", "(write, 0)"),
        hand_set_cell_is_the_optimum,
    ),
    Mutation(
        "extra bits of the wrong pixel itself",
        "lib.pixelrnn_slips.one_wrong_pixel",
        Edit("extra[place] = 0", "extra[place] = 1"),
        wrong_pixel_costs_later_ones,
    ),
    Mutation(
        "a pixel that is replaced by itself",
        "lib.pixelrnn_slips.one_wrong_pixel",
        Edit("+ away) % model.levels", "+ 0 * away) % model.levels"),
        wrong_pixel_costs_later_ones,
    ),
]
