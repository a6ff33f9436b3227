"""Mistakes in the checks of chapter 3's homework: each gives points away or takes them."""

from tests.homework.kept import Kept
from tests.mutation import Edit, Mutation

KEPT = Kept("03_autoencoders", without="clinic-given")
earns, loses = KEPT.earns, KEPT.loses
LINEAR = "lib.homework_autoencoders"
AXES, CODES, DENOISERS, FRECHET, LABELS, NETS, STEPS, STUDY = (
    f"{LINEAR}_{part}"
    for part in ("axes", "codes", "denoisers", "frechet", "labels", "nets", "steps", "study")
)


MUTATIONS = [
    Mutation(
        "takes the mean over pixels in the loss",
        f"{LINEAR}._loss",
        Edit("b @ (a @ v)) ** 2).sum()", "b @ (a @ v)) ** 2).mean()"),
        earns("gradients-random"),
    ),
    Mutation(
        "uses data whose mean is zero",
        f"{LINEAR}._pictures",
        Edit(
            "x = rng.normal(1, 1.5, size=(n, d))",
            "x = rng.normal(1, 1.5, size=(n, d)); x = x - x.mean(axis=0)",
        ),
        loses("gradients-random", "gradients", "takes the mean away"),
    ),
    Mutation(
        "makes planes with columns at right angles",
        f"{AXES}.check_projector",
        Edit("U @ (turn * lengths) @ np.triu(np.ones((k, k)))", "U * lengths"),
        loses("projector-planes", "projector", "gives the columns length one"),
    ),
    Mutation(
        "wants one sign of a component",
        f"{AXES}._check_columns",
        Edit("np.abs(found.T @ W)", "found.T @ W"),
        earns("axes-known", "axes", "the singular values of the reconstructions"),
    ),
    Mutation(
        "accepts any basis of the plane",
        f"{AXES}._check_columns",
        Edit('"are not": not np.allclose(agree.diagonal(), 1, atol=ROUGH)', '"are not": False'),
        loses("axes-known", "axes", "takes the singular vectors of B", "turn it until"),
    ),
    Mutation(
        "makes one step only",
        f"{STEPS}.check_step",
        Edit("for number in (1, 2, 3):", "for number in (1,):"),
        loses("step-rows", "step", "keeps old gradients"),
    ),
    Mutation(
        "lets the loss keep its graph",
        f"{STEPS}._check_loss",
        Edit("assert not graph", "assert graph or not graph"),
        loses("step-rows", "step", "returns the graph", "drags its whole graph"),
    ),
    Mutation(
        "asks for less than PCA",
        f"{NETS}.check_curve",
        Edit("error > pca / 4", "error > 4 * pca"),
        loses("curve-line", "curve", "bends the encoder alone"),
    ),
    Mutation(
        "measures PCA without a mean",
        f"{NETS}._pca_error",
        Edit("rest @ rows.T @ rows", "rest"),
        earns("curve-line"),
    ),
    Mutation(
        "takes the noise's standard deviation for a variance",
        f"{DENOISERS}.uphill",
        Edit("variances) + sigma**2", "variances) + sigma"),
        earns("denoiser-mixtures"),
    ),
    Mutation(
        "forgets the height of a Gaussian",
        f"{DENOISERS}.uphill",
        Edit("d * torch.log(2 * torch.pi * v)", "0 * v"),
        loses("denoiser-mixtures", "denoiser", "forgets the height of a Gaussian"),
    ),
    Mutation(
        "stays near the components",
        f"{DENOISERS}.check_denoiser",
        Edit("noisy = far * rng", "noisy = rng"),
        loses("denoiser-far", "denoiser", "lets the weights underflow"),
    ),
    Mutation(
        "measures codes of the data to themselves",
        f"{CODES}._shares",
        Edit("tree.query(z, k=2, p=p)[0][:, 1]", "tree.query(z, k=1, p=p)[0]"),
        earns("holes-count"),
    ),
    Mutation(
        "does not look for copies",
        f"{CODES}.check_gaussian_codes",
        Edit("copies < 0.01", "copies < 2"),
        loses("codes-law", "codes", "picks codes of the data", "copied"),
    ),
    Mutation(
        "does not look at the tails",
        f"{CODES}.check_gaussian_codes",
        Edit("np.abs(tails - 3).max() < 0.9", "np.abs(tails - 3).max() < 9"),
        loses("codes-law", "codes", "draws uniform numbers"),
    ),
    Mutation(
        "keeps all covariances diagonal",
        f"{FRECHET}.check_frechet",
        Edit("if turned else", "if not d else"),
        loses("frechet-turned", "frechet", "multiplies the roots"),
    ),
    Mutation(
        "does not look whether the encoder changed",
        f"{LABELS}.check_reuse",
        Edit("assert same,", "assert same or not same,"),
        loses("reuse-part", "reuse", "works on the encoder itself", "work on a copy"),
    ),
    Mutation(
        "forgives a row that came twice",
        f"{LABELS}._check_rows",
        Edit("len(set(rows)) == len(rows)", "len(set(rows)) <= len(rows)"),
        loses("pick-even", "pick", "draws with replacement", "without replacement"),
    ),
    Mutation(
        "records after dropout as before",
        f"{STUDY}.Recorder.encode",
        Edit("z * self.mask if self.training else z", "z"),
        loses("clinic-error", "clinic", "mends all but the mode"),
    ),
    Mutation(
        "expects the test pictures in the loss",
        f"{STUDY}.check_study_loss",
        Edit("clean = both if tested else x", "clean = x if tested else both"),
        earns("clinic-loss"),
    ),
    Mutation(
        "lets classes of the book through",
        f"{LABELS}.check_reuse",
        Edit("check_own(model, what)", "pass"),
        loses("reuse-all", "reuse", "calls the book", "the book's own class"),
    ),
    Mutation(
        "leaves the tests' own solutions on",
        f"{LINEAR}.ask",
        Edit("with peers_switched_off():", "if True:"),
        loses("tied-random", "tied", "calls the tests"),
    ),
]
