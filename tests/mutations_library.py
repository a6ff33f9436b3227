"""Mistakes in the shared parts of the library: the training loop and the picture sheets."""

from tests import test_explore, test_train
from tests.mutation import Edit, Mutation


def sheets_rebuild_every_size() -> None:
    """Packing and rebuilding frames of several sizes."""
    for shape in ((28, 28), (65, 130)):
        test_explore.test_sheet_fits_any_size(shape)


MUTATIONS = [
    Mutation(
        "keeps gradients of the step before",
        "lib.train._step",
        Edit("optimizer.zero_grad()", "pass"),
        test_train.test_history_equals_a_plain_loop,
    ),
    Mutation(
        "takes the batches in the order of the data",
        "lib.train._batches",
        Edit("torch.randperm(n, generator=generator)", "torch.arange(n)"),
        test_train.test_each_epoch_shows_every_row_once_with_its_condition,
    ),
    Mutation(
        "drops the smaller last batch",
        "lib.train._batches",
        Edit(".split(size)", "[: n - n % size].split(size)"),
        test_train.test_each_epoch_shows_every_row_once_with_its_condition,
    ),
    Mutation(
        "pairs rows with the wrong conditions",
        "lib.train.fit",
        Edit("c[rows]", "c[rows.flip(0)]"),
        test_train.test_each_epoch_shows_every_row_once_with_its_condition,
    ),
    Mutation(
        "steps both players on the loss of the first",
        "lib.train._step",
        Edit("terms[name].backward", "next(iter(terms.values())).backward"),
        test_train.test_two_optimizers_take_the_steps_computed_by_hand,
    ),
    Mutation(
        "counts the tiles of a row wrongly when the width is no multiple",
        "lib.sheets.Sheet.frame",
        Edit("across = -(-image.shape[1] // self.tile)", "across = columns"),
        sheets_rebuild_every_size,
    ),
    Mutation(
        "shows the first frame as the still picture",
        "lib.sheets.pack",
        Edit("len(grids) == still", "not grids"),
        sheets_rebuild_every_size,
    ),
]
