"""Mistakes people make with inverse problems, each caught."""

from tests import test_inverse_diffusion as chains
from tests import test_inverse_latent as codes
from tests import test_inverse_pixels as filters
from tests import test_inverse_problems as maps
from tests import test_inverse_study as study
from tests.equations import inverse_problems as equations
from tests.mutation import Edit, Mutation

MAP = "lib.inverse_problems.LinearMap."

MUTATIONS = [
    Mutation(
        "goes back with A^T instead of the pseudo-inverse",
        MAP + "back",
        Edit("self.inverse.T", "self.matrix"),
        maps.test_projection_is_the_nearest_answer,
    ),
    Mutation(
        "corrects in the wrong direction",
        MAP + "project",
        Edit("x - self.back(self.ask(x) - y)", "x + self.back(self.ask(x) - y)"),
        maps.test_projection_is_the_nearest_answer,
    ),
    Mutation(
        "forgets the prior weights of the components",
        "lib.inverse_problems.condition",
        Edit("np.log(w) - 0.5", "-0.5"),
        maps.test_answers_fit_and_weights_are_bayes,
    ),
    Mutation(
        "keeps the prior covariances",
        "lib.inverse_problems.condition",
        Edit("cov - gain @ matrix @ cov", "cov"),
        maps.test_answers_fit_and_weights_are_bayes,
    ),
    Mutation(
        "forgets that the means differ",
        "lib.inverse_problems.spread_of",
        Edit("float(between + ", "float("),
        maps.test_drawn_points_have_the_moments_of_a_singular_mixture,
    ),
    Mutation(
        "takes variances for deviations",
        "lib.inverse_problems.draw",
        Edit("np.sqrt(values.clip(min=0))", "values.clip(min=0)"),
        maps.test_drawn_points_have_the_moments_of_a_singular_mixture,
    ),
    Mutation(
        "forgets to divide the slope by sqrt(bar alpha)",
        "lib.inverse_diffusion.slope_guess",
        Edit("pull / model.schedule.alpha_bar[t].sqrt().item()", "pull"),
        equations.moved_guess,
    ),
    Mutation(
        "pulls away from the question",
        "lib.inverse_diffusion.slope_guess",
        Edit("a.back(y - a.ask(x0.detach()))", "a.back(a.ask(x0.detach()) - y)"),
        equations.moved_guess,
    ),
    Mutation(
        "projects the noisy picture onto clean data",
        "lib.inverse_diffusion.answer_steps",
        Edit("a.ask(model.schedule.diffuse(a.back(y), t, noise()))", "y"),
        chains.test_replacing_is_the_completion_of_chapter_6,
    ),
    Mutation(
        "does not project the last guess",
        "lib.inverse_diffusion.answer_steps",
        Edit("x0 if s > 0 else a.project(x0, y)", "x0"),
        lambda: chains.test_answers_fit_exactly("slope"),
    ),
    Mutation(
        "puts back the noise of the whole way",
        "lib.inverse_diffusion._noisier",
        Edit(
            "(model.schedule.alpha_bar[t] / model.schedule.alpha_bar[s])",
            "model.schedule.alpha_bar[t]",
        ),
        chains.test_repeating_puts_back_the_right_amount_of_noise,
    ),
    Mutation(
        "forgets the prior of the codes",
        "lib.inverse_latent.LatentPosterior.log_prob",
        Edit(" - 0.5 * z.square().sum(1)", ""),
        codes.test_slope_is_that_of_the_gaussian,
    ),
    Mutation(
        "takes the width for a variance",
        "lib.inverse_latent.LatentPosterior.log_prob",
        Edit("(gap / self.width).square()", "(gap / self.width**0.5).square()"),
        codes.test_slope_is_that_of_the_gaussian,
    ),
    Mutation(
        "lets a pixel leave nothing for the others",
        "lib.inverse_pixels.possible",
        Edit("after[:, None] * (levels - 1)", "after[:, None] * levels"),
        filters.test_possible_levels_by_enumeration,
    ),
    Mutation(
        "keeps the old weights after drawing anew",
        "lib.inverse_pixels.drawn_anew",
        Edit("weights[poor] = 0.0", "pass"),
        filters.test_particles_are_drawn_anew_by_weight,
    ),
    Mutation(
        "does not tell the network's memory which particles go on",
        "lib.masked.Memory.keep",
        lambda self, rows: None,
        lambda: filters.test_walks_follow_rows_that_are_picked_anew(filters.GatedPixelCNN),
    ),
    Mutation(
        "lets the links of the two stacks stay behind",
        "lib.pixelcnn.GatedPixelCNN.walk",
        Edit("told = [t[rows] for t in told]", "pass"),
        lambda: filters.test_walks_follow_rows_that_are_picked_anew(filters.GatedPixelCNN),
    ),
    Mutation(
        "counts deviations of a mean for those of one answer",
        "lib.inverse_study.judge",
        Edit("rms(done - x[:, None])", "rms(done.mean(axis=1) - x)"),
        study.test_judge_of_known_answers,
    ),
]
