"""Mistakes people make with classes that are asked for and with the dial, each caught."""

from lib import class_judge as judge
from tests import test_class_judge as judged
from tests import test_class_to_picture as tests
from tests import test_guided_line as lines
from tests.equations import class_to_picture as equations
from tests.mutation import Edit, Mutation

ASKED, LINE, JUDGE = "lib.class_to_picture.", "lib.guided_line.", "lib.class_judge."


def spread_with_a_fresh_ruler() -> None:
    """The scatter of the real digits is kept between calls: measure it anew."""
    judge._real_scatter.cache_clear()
    try:
        judged.test_every_class_counts_alike_in_the_spread()
    finally:
        judge._real_scatter.cache_clear()


def mass_is_kept() -> None:
    """The library itself refuses a chain that makes or loses mass."""
    try:
        lines.test_chain_of_a_gaussian_is_known()
    except ValueError as error:
        raise AssertionError("mass was made or lost") from error


MUTATIONS = [
    Mutation(
        "adds p(y) to log p(x | y) instead of its logarithm",
        ASKED + "posterior",
        Edit("table + np.log(", "table + ("),
        equations.told_pixel_model,
    ),
    Mutation(
        "forgets that p(y) is part of what a class is worth",
        ASKED + "worth",
        Edit(" / priors[y]", ""),
        tests.test_posterior_agrees_with_class_gaussians,
    ),
    Mutation(
        "takes a sample for the class: all columns of the table alike",
        ASKED + "log_table",
        Edit("_all(len(x), kind)", "_all(len(x), 0)"),
        tests.test_table_and_posterior_are_those_of_gaussians,
    ),
    Mutation(
        "lets chance change with the class",
        ASKED + "same_chance",
        Edit("manual_seed(seed)", "manual_seed(seed + kind)"),
        tests.test_same_chance_moves_with_the_class_alone,
    ),
    Mutation(
        "encodes every picture as a zero",
        ASKED + "carried_over",
        Edit("one_hot(y)", "_all(len(x), 0)"),
        tests.test_codes_are_decoded_with_every_class,
    ),
    Mutation(
        "measures distances to the classes without their widths",
        ASKED + "code_classes",
        Edit(" + np.log(widths)", ""),
        tests.test_codes_tell_the_class_if_they_hold_it_and_not_otherwise,
    ),
    Mutation(
        "leaves the dial where it was turned to",
        ASKED + "dial",
        Edit("model.weight = before", "pass"),
        tests.test_the_dial_turns_and_returns,
    ),
    Mutation(
        "draws all settings at the same weight",
        ASKED + "every_setting",
        Edit("model.weight = w", "pass"),
        tests.test_the_dial_turns_and_returns,
    ),
    Mutation(
        "mixes up the classes of a setting",
        ASKED + "every_setting",
        Edit(".T.ravel()", ".ravel()"),
        tests.test_the_dial_turns_and_returns,
    ),
    Mutation(
        "takes the scatter of all digits for that within classes",
        JUDGE + "_scatter",
        Edit("features[y == kind]", "features"),
        spread_with_a_fresh_ruler,
    ),
    Mutation(
        "counts the one-hot classes from one",
        JUDGE + "one_hot",
        Edit("F.one_hot(y, classes)", "F.one_hot((y + 1) % classes, classes)"),
        judged.test_one_hot_has_one_at_the_place_of_the_class,
    ),
    Mutation(
        "tilts by p(y | x)^(1 + w)",
        LINE + "Kinds.tilted",
        Edit("- w * self", "- (1 + w) * self"),
        equations.noise_and_tilting_do_not_commute,
    ),
    Mutation(
        "gives both kinds the same share in p(x)",
        LINE + "Kinds.together",
        Edit("q * part.weights", "part.weights / len(self.parts)"),
        lines.test_densities_agree_with_scipy,
    ),
    Mutation(
        "hears the first class where nothing is said",
        LINE + "ToldDenoiser.forward",
        Edit("(*self.told, self.untold)", "(*self.told, self.told[0])"),
        lines.test_told_denoiser_knows_whom_it_was_told,
    ),
    Mutation(
        "confuses from and to in the chain's steps",
        LINE + "chain_density",
        Edit("(grid[:, None] - mean[:, 0].numpy()) ** 2", "(grid - mean.numpy()) ** 2"),
        mass_is_kept,
    ),
    Mutation(
        "takes the variance for the width",
        LINE + "chain_density",
        Edit("** 2 / float(variance)", "** 2 / float(variance) ** 2"),
        mass_is_kept,
    ),
    Mutation(
        "moves the density without stretching it",
        LINE + "_carried",
        Edit("mass / np.gradient(to, grid)", "mass"),
        lines.test_chain_of_a_gaussian_is_known,
    ),
    Mutation(
        "exchanges the two densities of a divergence",
        LINE + "divergence",
        Edit("p * (np.log(p + tiny)", "q * (np.log(p + tiny)"),
        lines.test_divergence_of_gaussians,
    ),
]
