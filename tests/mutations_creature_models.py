"""Mistakes people make with palettes and creatures, each caught by a check of the real code."""

import numpy as np
import torch
from torch import distributions as td

from lib import colour_lstm, creature_lstm, creature_scores, palette, palette_vae
from tests.mutation import Edit, Mutation


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def one_step_by_hand() -> None:
    points, weights = rng().normal(size=(50, 3)), rng().uniform(0.2, 3, size=50)
    centres = points[:5] + 0.1
    apart = np.linalg.norm(points[:, None] - centres, axis=2)
    nearest = apart.argmin(1)
    means = [np.average(points[nearest == j], axis=0, weights=weights[nearest == j])
             for j in range(5)]  # fmt: skip
    moved, cost = palette.lloyd_step(points, centres, weights)
    np.testing.assert_allclose(moved, means, atol=1e-12)
    np.testing.assert_allclose(cost, np.sum(weights * apart.min(1) ** 2))


def empty_centres_are_used() -> None:
    points = np.array([[0.0], [1.0], [10.0], [12.0]])
    moved, _ = palette.lloyd_step(points, np.array([[0.5], [8.0], [500.0]]))
    np.testing.assert_allclose(moved, [[0.5], [11.0], [12.0]])


def start_is_spread() -> None:
    """Two tight, far groups: with squared distances both are hit, with any other rule not."""
    points = np.concatenate([np.zeros((200, 1)), np.full((1, 1), 100.0)]) + 0.01 * rng().normal(
        size=(201, 1)
    )
    hits = [np.ptp(palette.spread(points, 2, np.random.default_rng(k))) > 50 for k in range(30)]
    assert np.mean(hits) > 0.95


def palette_is_given_back() -> None:
    for seed in range(4):
        random = np.random.default_rng(seed)
        colours = random.uniform(size=(7, 3))
        truth = random.integers(7, size=(3, 8, 8))
        found = palette.quantise(colours[truth], 7, random)
        np.testing.assert_allclose(palette.to_rgb(*found), colours[truth], atol=1e-12)
        assert np.all(np.diff(found[1].sum(1)) > 0)


def pixels_count_as_often_as_they_occur() -> None:
    rgb = np.zeros((1, 10, 10, 3))
    rgb[0, 0, 0] = 1
    _, colours = palette.quantise(rgb, 1, rng())
    np.testing.assert_allclose(colours, 0.01, atol=1e-12)


def likelihood_is_torchs() -> None:
    colours = np.array([[1, 1, 1], [0.9, 0.1, 0.1], [0.1, 0.1, 0.8]])
    out = torch.tensor(rng().normal(size=(4, 3, 2, 2)))
    x = torch.tensor(rng().integers(3, size=(4, 2, 2)))
    likelihood = palette_vae.PaletteLikelihood(colours)
    peer = td.Categorical(logits=out.movedim(1, -1))
    torch.testing.assert_close(likelihood.log_prob(x, out), peer.log_prob(x).sum((1, 2)))
    by_hand = (peer.probs[..., None] * torch.tensor(colours)).sum(-2)
    torch.testing.assert_close(likelihood.mean(out), by_hand, atol=1e-6, rtol=1e-6)


def scores_by_hand() -> None:
    data = np.array([[[0, 0, 0], [0, 1, 2], [0, 0, 0], [0, 0, 0]]])
    x = np.array([[[0, 0, 0], [0, 1, 2], [0, 3, 0], [0, 0, 0]]])
    np.testing.assert_allclose(creature_scores.familiar_share(x, data, 2), [0])
    np.testing.assert_allclose(creature_scores.familiar_share(x, data, 0), [2 / 6])
    y = np.array([[[0, 0, 1], [0, 2, 0], [1, 1, 3], [0, 0, 0]]])
    np.testing.assert_allclose(creature_scores.known_colours(y, 2), 2 / 3)
    z = np.array([[[0, 0, 0, 0], [5, 0, 0, 5], [5, 0, 0, 5], [0, 6, 0, 0]]])
    np.testing.assert_allclose(creature_scores.mirror_share(z, 1), 4 / 5)


def small_model() -> creature_lstm.CreatureLSTM:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return creature_lstm.CreatureLSTM((4, 6), 3, cells=6, code=3).double()


def sprites() -> torch.Tensor:
    return torch.tensor(rng().integers(3, size=(3, 4, 6)))


def nothing_comes_from_later_pixels() -> None:
    model, x = small_model(), sprites()
    with torch.no_grad():
        before = model.logits(x).flatten(2)
        for d in (2, 9, 16):
            changed = x.clone().flatten(1)
            changed[:, d:] = (changed[:, d:] + 1) % 3
            after = model.logits(changed.reshape(x.shape)).flatten(2)
            np.testing.assert_allclose(after[..., : d + 1], before[..., : d + 1], atol=1e-12)


def the_mirror_is_opposite() -> None:
    for here, places in enumerate(creature_lstm.mirror_places((4, 6)).tolist()):
        row, column = divmod(here, 6)
        seen = [p for p in places if p < 24]
        assert all(p < here and abs(p % 6 - (5 - column)) <= 1 for p in seen)
        assert row == 0 or (row - 1) * 6 + 5 - column in seen or row * 6 + 5 - column in seen


def walking_is_the_whole_pass() -> None:
    model, x = small_model(), sprites()
    with torch.no_grad():
        walked = torch.stack(list(model.walk(x)), 2).reshape(3, 3, 4, 6)
        np.testing.assert_allclose(walked, model.logits(x), atol=1e-12)


def copying_repeats_a_row() -> None:
    model, x = small_model(), sprites()
    left = model.table[8].tolist().index(7)
    with torch.no_grad():
        for part in (*model.last.parameters(), *model.copy.parameters()):
            part.zero_()
        model.copy.bias[left] = 50
        chosen = model.logits(x).argmax(1)
    np.testing.assert_array_equal(chosen[:, :, 1:], x[:, :, :-1])


def regression_walks_as_it_answers() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = colour_lstm.MeanColours((3, 4), cells=6).double()
    x = torch.tensor(rng().uniform(size=(2, 3, 4, 3)))
    with torch.no_grad():
        walked = torch.stack(list(model.walk(x)), 1).reshape(2, 3, 4, 3)
        np.testing.assert_allclose(walked, model(x), atol=1e-12)
        known = torch.zeros(3, 4, dtype=torch.bool)
        known[0] = True
        done = model.complete(x, known)
        np.testing.assert_allclose(done[:, 0], x[:, 0])
        np.testing.assert_allclose(done[:, 1:], model(done)[:, 1:].clamp(0, 1), atol=1e-12)


MUTATIONS = [
    Mutation("mirror place looked up in the own row, drawn or not",
             "lib.creature_lstm.mirror_places",
             Edit("torch.where(across < column, row, row - 1)", "row.expand(-1, 3)"),
             nothing_comes_from_later_pixels),
    Mutation("mirrored round the wrong axis", "lib.creature_lstm.mirror_places",
             Edit("width - 1 - column", "width - 2 - column"), the_mirror_is_opposite),
    Mutation("reads the pixel that it is asked for", "lib.creature_lstm.CreatureLSTM.network",
             Edit("self.table]", "(self.table + 1).clamp(max=24)]"),
             nothing_comes_from_later_pixels),
    Mutation("forgets its state while it draws", "lib.creature_lstm.CreatureLSTM.walk",
             Edit("slice(d, d + 1), state)", "slice(d, d + 1), None)"), walking_is_the_whole_pass),
    Mutation("tells the wrong position while it draws", "lib.creature_lstm.CreatureLSTM.walk",
             Edit("slice(d, d + 1)", "slice(0, 1)"), walking_is_the_whole_pass),
    Mutation("copies away from the colour", "lib.creature_lstm.CreatureLSTM._answer",
             Edit("earlier, self.copy(h)", "earlier, -self.copy(h)"), copying_repeats_a_row),
    Mutation("regression reads colours on another scale while it draws",
             "lib.colour_lstm.MeanColours.walk",
             Edit("2 * x[:, row, column] - 1", "x[:, row, column]"),
             regression_walks_as_it_answers),
    Mutation("regression overwrites what is known", "lib.colour_lstm.MeanColours.complete",
             Edit("if not known[place]:", "if True:"), regression_walks_as_it_answers),
    Mutation("weights forgotten in the means", "lib.palette.lloyd_step",
             Edit("np.bincount(labels, weights * v", "np.bincount(labels, v"), one_step_by_hand),
    Mutation("empty centres stay at the origin", "lib.palette.lloyd_step",
             Edit("moved[empty] = ", "_ = "), empty_centres_are_used),
    Mutation("start drawn evenly", "lib.palette.spread",
             Edit("chance = squares * weights", "chance = weights"), start_is_spread),
    Mutation("palette sorted, numbers not", "lib.palette.quantise",
             Edit("np.argsort(order)[found.labels]", "found.labels"), palette_is_given_back),
    Mutation("numbers renamed the wrong way", "lib.palette.quantise",
             Edit("np.argsort(order)[found.labels]", "order[found.labels]"), palette_is_given_back),
    Mutation("rare colours count as much as frequent ones", "lib.palette.quantise",
             Edit("weights=count.astype(float)", "weights=None"),
             pixels_count_as_often_as_they_occur),
    Mutation("mean of the numbers instead of the colours", "lib.palette_vae.PaletteLikelihood.mean",
             Edit("out.movedim(1, -1).softmax(-1) @ self.palette.to(out.dtype)",
                  "self.palette.to(out.dtype)[out.argmax(1)]"), likelihood_is_torchs),
    Mutation("mean over pixels, not sum", "lib.palette_vae.PaletteLikelihood.log_prob",
             Edit(".sum(1)", ".mean(1)"), likelihood_is_torchs),
    Mutation("pieces of the upper half counted", "lib.creature_scores.familiar_share",
             Edit("max(rows - size + 1, 0)", "0"), scores_by_hand),
    Mutation("background counts as known", "lib.creature_scores.known_colours",
             Edit("np.stack(seen)[figure]", "np.stack(seen)"), scores_by_hand),
    Mutation("mirrored upside down", "lib.creature_scores.mirror_share",
             Edit("figure[..., ::-1]", "figure[:, ::-1]"), scores_by_hand),
]  # fmt: skip
