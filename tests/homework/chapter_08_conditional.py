"""Typical answers to the homework on conditional generation."""

from tests.homework import Answer
from tests.homework.chapter_06_diffusion import SINGLE, calls_the_tests, variations
from tests.homework.chapter_07_gan import asks_the_book

BAYES = """
with np.errstate(divide="ignore"):
    joint = log_p + np.log(prior)
top = joint.max(axis=1, keepdims=True)
joint = np.exp(joint - top)
return joint / joint.sum(axis=1, keepdims=True)
"""
BAYES_WRONG = variations(
    "bayes",
    BAYES,
    [
        ("forgets the prior", "log_p + np.log(prior)", "1.0 * log_p", "the prior is missing"),
        (
            "normalises over the pictures",
            "top = joint.max(axis=1, keepdims=True)\n"
            "joint = np.exp(joint - top)\n"
            "return joint / joint.sum(axis=1, keepdims=True)",
            "joint = np.exp(joint - joint.max(axis=0))\nreturn joint / joint.sum(axis=0)",
            "not over the pictures",
        ),
        (
            "returns logarithms",
            "return joint / joint.sum(axis=1, keepdims=True)",
            "return np.log(joint / joint.sum(axis=1, keepdims=True))",
            "those are logarithms",
        ),
        (
            "does not normalise",
            "return joint / joint.sum(axis=1, keepdims=True)",
            "return joint * np.exp(top)",
            "divide by the sum over the classes",
        ),
        (
            "decides",
            "return joint / joint.sum(axis=1, keepdims=True)",
            "return np.eye(len(prior))[joint.argmax(axis=1)]",
            "that is a verdict",
        ),
        ("adds the prior itself", "np.log(prior)", "prior", "not p(y)"),
        ("divides by the prior", "log_p + np.log", "log_p - np.log", "do not divide by it"),
        ("turns the densities round", "log_p + np", "-log_p + np", "with a plus sign"),
        (
            "weighs after dividing",
            "return joint / joint.sum(axis=1, keepdims=True)",
            "joint = joint / prior\nreturn joint / joint.sum(axis=1, keepdims=True) * prior",
            "before you divide by the sum",
        ),
        ("rounds to 0 / 0", "joint - top", "joint", "largest logarithm before exp"),
    ],
)
BAYES_WRONG += [
    calls_the_tests(
        "bayes", "from lib.homework_conditional import shares\nreturn shares(log_p, prior)"
    )
]

TOLD = """
joint = log_p + np.log(prior)
untold = np.logaddexp.reduce(joint, axis=1)
told = log_p[np.arange(len(y)), y]
return told.mean(), untold.mean()
"""
TOLD_WRONG = variations(
    "told",
    TOLD,
    [
        ("returns the joint", "told = log_p[", "told = joint[", "log p(x | y) has no p(y)"),
        (
            "averages over the classes",
            "told = log_p[np.arange(len(y)), y]",
            "told = log_p",
            "the mean over all classes",
        ),
        (
            "takes the likeliest class",
            "told = log_p[np.arange(len(y)), y]",
            "told = log_p.max(axis=1)",
            "not the likeliest one",
        ),
        (
            "turns the pair round",
            "return told.mean(), untold.mean()",
            "return untold.mean(), told.mean()",
            "the pair is (told, untold)",
        ),
        ("sums", "return told.mean()", "return told.sum()", "do not sum"),
        ("sums the others", "untold.mean()", "untold.sum()", "do not sum"),
        (
            "returns the posterior",
            "told = log_p[np.arange(len(y)), y]",
            "told = joint[np.arange(len(y)), y] - untold",
            "that is log p(y | x)",
        ),
        ("forgets the prior", "reduce(joint", "reduce(log_p", "counts with its p(y)"),
        (
            "takes equal classes",
            "joint = log_p + np.log(prior)",
            "joint = log_p - np.log(len(prior))",
            "not equally frequent",
        ),
        (
            "averages logarithms",
            "untold = np.logaddexp.reduce(joint, axis=1)",
            "untold = log_p @ prior",
            "add probabilities, not logarithms",
        ),
        (
            "keeps the likeliest class",
            "untold = np.logaddexp.reduce(joint, axis=1)",
            "untold = joint.max(axis=1)",
            "the likeliest one alone",
        ),
        (
            "averages probabilities of pictures",
            "untold.mean()",
            "np.logaddexp.reduce(untold) - np.log(len(y))",
            "yours is turned round",
        ),
        (
            "leaves the logarithms",
            "untold = np.logaddexp.reduce(joint, axis=1)",
            "untold = np.log(np.exp(joint).sum(axis=1))",
            "it is not finite",
        ),
        (
            "returns one number",
            "return told.mean(), untold.mean()",
            "return told.mean() - untold.mean()",
            "return 2 things",
        ),
    ],
)

KL = """
ratio = (s_q - s_p).exp()
square = (mean_q - mean_p) ** 2 / s_p.exp()
return 0.5 * (ratio + square - 1 + s_p - s_q).sum(dim=1)
"""
KL_WRONG = variations(
    "kl",
    KL,
    [
        (
            "takes the other direction",
            "ratio = ",
            "s_q, s_p = s_p, s_q\nratio = ",
            "that is the other direction",
        ),
        (
            "goes to the standard normal",
            "ratio = ",
            "mean_p, s_p = 0 * mean_p, 0 * s_p\nratio = ",
            "that is the KL to N(0, I)",
        ),
        ("forgets the half", "0.5 * ", "", "one half is missing"),
        ("has the wrong sign", "return 0.5", "return -0.5", "the sign is wrong"),
        (
            "takes s for log sigma",
            "ratio = ",
            "s_q, s_p = 2 * s_q, 2 * s_p\nratio = ",
            "not the logarithm of sigma",
        ),
        ("averages", ".sum(dim=1)", ".mean(dim=1)", "do not average"),
        ("forgets the one", " - 1 +", " +", "the 1 is missing"),
        ("forgets p's variance", " / s_p.exp()", "", "is divided by p's variance"),
        ("divides by q's variance", "/ s_p.exp()", "/ s_q.exp()", "not by q's"),
        ("leaves the ratio out", "(s_q - s_p).exp()", "s_q.exp()", "q's variance is divided"),
        ("forgets the logarithms", " + s_p - s_q", "", "the log-variances are missing"),
        ("turns the logarithms round", "+ s_p - s_q", "+ s_q - s_p", "s_p is added"),
        ("adds the means", "mean_q - mean_p", "mean_q + mean_p", "are subtracted, not added"),
        ("sums over the batch", ".sum(dim=1)", ".sum()", "not over the examples"),
        ("detaches", "ratio = ", "s_p = s_p.detach()\nratio = ", "the gradient at `s_p`"),
    ],
)
KL_WRONG += [
    calls_the_tests(
        "kl",
        "from lib.homework_conditional_vae import divergence\n"
        "return divergence((mean_q, s_q, mean_p, s_p))",
    ),
    asks_the_book(
        "kl", "from lib.gaussian import gaussian_kl\nreturn gaussian_kl(mean_q, s_q, mean_p, s_p)"
    ),
]

BOUND = """
from torch.distributions import Normal, kl_divergence
mean, s = encode(x, c)
mean_p, s_p = prior(c)
q, p = Normal(mean, (s / 2).exp()), Normal(mean_p, (s_p / 2).exp())
z = mean + (s / 2).exp() * eps
each = -Normal(decode(z, c), std).log_prob(x)
rate = kl_divergence(q, p)
loss = each.sum(1) + rate.sum(1)
return loss.mean()
"""
BOUND_WRONG = variations(
    "bound",
    BOUND,
    [
        (
            "goes to the standard normal",
            "mean_p, s_p = prior(c)",
            "mean_p, s_p = 0 * mean, 0 * s",
            "not to N(0, I)",
        ),
        ("turns the divergence round", "kl_divergence(q, p)", "kl_divergence(p, q)", "KL(q || p)"),
        ("credits the rate", "+ rate.sum(1)", "- rate.sum(1)", "the KL is a price"),
        ("forgets the rate", " + rate.sum(1)", "", "the KL is missing"),
        ("scales by exp(s)", "mean + (s / 2).exp()", "mean + s.exp()", "not exp(s)"),
        ("decodes the mean", "decode(z, c)", "decode(mean, c)", "not the mean of q"),
        (
            "draws from the prior",
            "z = mean + (s / 2).exp()",
            "z = mean_p + (s_p / 2).exp()",
            "yours is drawn from the prior",
        ),
        (
            "averages over the pixels",
            "each.sum(1) + rate.sum(1)",
            "each.mean(1) + rate.mean(1)",
            "yours averages both",
        ),
        ("sums over the pictures", "return loss.mean()", "return loss.sum()", "do not sum"),
        (
            "drops the constant",
            "rate = ",
            "each = each - 0.5 * np.log(2 * np.pi * std**2)\nrate = ",
            "log(2 pi std^2) / 2",
        ),
        (
            "takes plain squares",
            "each = -Normal(decode(z, c), std).log_prob(x)",
            "each = (x - decode(z, c)) ** 2",
            "divide the squared errors by 2 std^2",
        ),
        ("climbs", "return loss", "return -loss", "it is minus the bound"),
        ("decodes without c", "decode(z, c)", "decode(z, 0 * c)", "the decoder is asked without c"),
        ("encodes without c", "encode(x, c)", "encode(x, 0 * c)", "the encoder is asked without c"),
        (
            "has one prior for all",
            "prior(c)",
            "prior(0 * c)",
            "the prior is asked without c",
        ),
        ("calls a decoder without c", "decode(z, c)", "decode(z)", "it wants the tensors z"),
        (
            "does not train the prior",
            "mean_p, s_p = prior(c)",
            "mean_p, s_p = (v.detach() for v in prior(c))",
            "the gradient by the weights of the prior",
        ),
    ],
)
BOUND_WRONG += [
    calls_the_tests(
        "bound",
        "from lib.homework_conditional_vae import negative_bound\n"
        "return negative_bound(x, c, eps, (encode, decode, prior), std)",
    )
]

FORGET = """
kept = u >= drop
return c * kept[:, None]
"""
FORGET_WRONG = variations(
    "forget",
    FORGET,
    [
        ("keeps the forgotten", "u >= drop", "u < drop", "yours is turned round"),
        ("forgets all or none", "u >= drop", "(u >= drop)[:1]", "each condition has its own u"),
        ("forgets nothing", "u >= drop", "u >= 0", "nothing is forgotten"),
        ("forgets everything", "u >= drop", "u < 0", "everything is forgotten"),
        ("rescales", "return c *", "return c / (1 - drop) *", "this is not dropout"),
        ("forgets at the limit", "u >= drop", "u > drop", "u = drop is kept"),
        (
            "marks by minus one",
            "return c * kept[:, None]",
            "return np.where(kept[:, None], c, -1)",
            "a vector of zeros",
        ),
        (
            "takes the mean condition",
            "return c * kept[:, None]",
            "return np.where(kept[:, None], c, c.mean(axis=0))",
            "not the mean condition",
        ),
        (
            "changes its argument",
            "return c * kept[:, None]",
            "c[~kept] = 0\nreturn c",
            "your function changes c",
        ),
    ],
)

GUIDED = """
keep = np.arange(len(x)), y
means = np.sqrt(kept) * means
variance = kept * stds**2 + 1 - kept
scores = -(x[:, None] - means) / variance
log_p = -0.5 * (scores**2 * variance + np.log(variance)) + np.log(prior)
share = np.exp(log_p - log_p.max(axis=1, keepdims=True))
share /= share.sum(axis=1, keepdims=True)
told, untold = scores[keep], (share * scores).sum(axis=1)
return told + w * (told - untold)
"""
RETURN = "return told + w * (told - untold)"
GUIDED_WRONG = variations(
    "guided",
    GUIDED,
    [
        ("points away", RETURN, "return -told - w * (told - untold)", "where the density grows"),
        (
            "starts from the untold score",
            RETURN,
            "return untold + w * (told - untold)",
            "w = 0 is the told score",
        ),
        ("goes to the crowd", RETURN, "return told + w * (untold - told)", "not untold - told"),
        (
            "adds the untold score",
            RETURN,
            "return (1 + w) * told + w * untold",
            "is taken away w times",
        ),
        ("forgets the dial", RETURN, "return told", "where is w?"),
        ("forgets the class", RETURN, "return untold", "that is the untold score"),
        ("forgets the told score", RETURN, "return w * (told - untold)", "told itself is missing"),
        (
            "returns the noise",
            RETURN,
            "return -np.sqrt(1 - kept) * (told + w * (told - untold))",
            "that is the noise",
        ),
        ("weighs by the prior", "(share * scores)", "(prior * scores)", "not p(k)"),
        ("forgets the prior", " + np.log(prior)", "", "not equally frequent"),
        ("looks at clean data", "keep = ", "kept = 1.0\nkeep = ", "scores of clean data"),
        ("takes no root", "np.sqrt(kept) * means", "kept * means", "by the root of `kept`"),
        ("does not shrink the means", "np.sqrt(kept) * means", "means", "shrink with the noise"),
        (
            "does not shrink the variance",
            "kept * stds**2 + 1",
            "stds**2 + 1",
            "shrinks by `kept` before noise",
        ),
        ("does not square", "stds**2", "stds", "square them"),
        (
            "overflows far away",
            "log_p - log_p.max(axis=1, keepdims=True)",
            "log_p",
            "largest logarithm before exp",
        ),
    ],
)
GUIDED_WRONG += [
    calls_the_tests(
        "guided",
        "from lib.homework_conditional_guidance import Line\n"
        "return Line(prior, means, stds, kept).score(x, y, w)",
    )
]

JUDGED = """
def scatter(rows, classes):
    found = [rows[classes == k].var(axis=0).sum() for k in set(classes)]
    return np.mean(found)

accuracy = (said == wanted).mean()
spread = scatter(features, wanted) / scatter(real, labels)
return accuracy, spread
"""
JUDGED_WRONG = variations(
    "judged",
    JUDGED,
    [
        ("counts mistakes", "said == wanted", "said != wanted", "the share of mistakes"),
        ("counts", "(said == wanted).mean()", "(said == wanted).sum()", "not a number"),
        (
            "turns the pair round",
            "return accuracy, spread",
            "return spread, accuracy",
            "the pair is (accuracy, spread)",
        ),
        ("turns the ratio round", "spread\n", "1 / spread\n", "that is turned round"),
        (
            "takes all classes together",
            "spread = scatter(features, wanted) / scatter(real, labels)",
            "spread = features.var(axis=0).sum() / real.var(axis=0).sum()",
            "within the classes",
        ),
        (
            "groups by the verdict",
            "scatter(features, wanted)",
            "scatter(features, said)",
            "not by the one that was said",
        ),
        (
            "takes the root",
            "return accuracy, spread",
            "return accuracy, spread**0.5",
            "take no root",
        ),
        (
            "does not compare",
            " / scatter(real, labels)",
            "",
            "divide by the scatter of the real pictures",
        ),
        (
            "averages ratios",
            "spread = scatter(features, wanted) / scatter(real, labels)",
            "spread = np.mean([scatter(features[wanted == k], wanted[wanted == k])\n"
            "                  / scatter(real[labels == k], labels[labels == k])\n"
            "                  for k in set(wanted)])",
            "yours is a mean of ratios",
        ),
        (
            "drops what failed",
            "scatter(features, wanted)",
            "scatter(features[said == wanted], wanted[said == wanted])",
            "keep them all",
        ),
        (
            "divides by one less",
            "scatter(features, wanted)",
            "np.mean([features[wanted == k].var(axis=0, ddof=1).sum() for k in set(wanted)])",
            "not by one less",
        ),
    ],
)
JUDGED_WRONG += [
    calls_the_tests(
        "judged",
        "from lib.homework_conditional_guidance import scatter\n"
        "return (said == wanted).mean(), scatter(features, wanted) / scatter(real, labels)",
    )
]

VALUES = """
def value(p, q):
    p, q = p.flatten(), q.flatten()
    total = np.where(p + q > 0, p + q, 1)
    D = p / total
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = p * np.log(D), q * np.log(1 - D)
    return first[p > 0].sum() + second[q > 0].sum()

told, untold = value(p, q), value(p.sum(axis=0), q.sum(axis=0))
return told, untold
"""
END = "return told, untold"
VALUES_WRONG = variations(
    "values",
    VALUES,
    [
        ("turns the pair round", END, "return untold, told", "the pair is (told, untold)"),
        (
            "returns divergences",
            END,
            "return (told + np.log(4)) / 2, (untold + np.log(4)) / 2",
            "that is the divergence",
        ),
        ("has the wrong sign", END, "return -told, -untold", "V is never above 0"),
        ("counts in bits", END, "return told / np.log(2), untold / np.log(2)", "not bits"),
        ("halves", END, "return told / 2, untold / 2", "do not halve"),
        (
            "shows D the class alone",
            "value(p.sum(axis=0), q.sum(axis=0))",
            "value(p.sum(axis=1), q.sum(axis=1))",
            "a D that sees y alone",
        ),
        (
            "averages the classes",
            "told, untold = value(p, q),",
            "told, untold = np.mean([value(a / a.sum(), b / b.sum()) for a, b in zip(p, q)]),",
            "weigh them by p(y)",
        ),
        (
            "sums the classes",
            "told, untold = value(p, q),",
            "told, untold = sum(value(a / a.sum(), b / b.sum()) for a, b in zip(p, q)),",
            "do not sum the classes' values",
        ),
        (
            "multiplies 0 by infinity",
            "return first[p > 0].sum() + second[q > 0].sum()",
            "return first.sum() + second.sum()",
            "0 log 0 counts as 0",
        ),
        ("returns one of them", END, "return told", "return 2 things"),
    ],
)
VALUES_WRONG += [
    calls_the_tests(
        "values",
        "from lib.homework_conditional import value_for\n"
        "return value_for(p, q), value_for(p.sum(axis=0), q.sum(axis=0))",
    )
]

PATCH = """
first, width, step = 0, 1, 1
for kernel, stride, padding in layers:
    first = first - padding * step
    width = width + (kernel - 1) * step
    step = step * stride
first = first + i * step
return first, first + width - 1
"""
PATCH_WRONG = variations(
    "patch",
    PATCH,
    [
        ("goes one further", "width - 1", "width", "yours is one further"),
        ("turns the layers round", "in layers:", "in layers[::-1]:", "yours are turned round"),
        ("ignores the padding", " - padding * step", "", "padding moves the patch to the left"),
        ("moves to the right", "- padding", "+ padding", "not to the right"),
        ("does not scale the padding", "padding * step", "padding", "its own input"),
        (
            "shifts the strides by one",
            "    first = first - padding * step\n    width = width + (kernel - 1) * step\n"
            "    step = step * stride\n",
            "    first = first - padding * step\n    step = step * stride\n"
            "    width = width + (kernel - 1) * step\n",
            "not by its own",
        ),
        ("forgets the strides", "(kernel - 1) * step", "kernel - 1", "the strides before a layer"),
        ("takes whole kernels", "(kernel - 1) * step", "kernel * step", "reaches k - 1 further"),
        ("stays at score 0", "first + i * step", "first", "that is the patch of output 0"),
        ("moves by one pixel", "first + i * step", "first + i", "the strides multiply"),
        (
            "adds the strides",
            "first + i * step",
            "first + i * sum(stride for _, stride, _ in layers)",
            "not by their sum",
        ),
        (
            "returns the width",
            "return first, first + width - 1",
            "return first, width",
            "how wide it is",
        ),
        (
            "ends first",
            "return first, first + width - 1",
            "return first + width - 1, first",
            "(first, last)",
        ),
        (
            "cuts the patch",
            "return first, first + width - 1",
            "return max(first, 0), max(first + width - 1, 0)",
            "do not cut it",
        ),
    ],
)
PATCH_WRONG += [
    asks_the_book(
        "patch",
        "from lib.translation import receptive_field\n"
        "return 0, receptive_field([layer[:2] for layer in layers]) - 1",
    ),
    calls_the_tests(
        "patch",
        "from lib.homework_conditional_pictures import pixels_of\nreturn pixels_of(layers, i)",
    ),
]

BEST = """
mean = (p * values).sum(axis=1)
order = np.argsort(values)
at = (np.cumsum(p[:, order], axis=1) < 0.5).sum(axis=1)
return mean, values[order][np.minimum(at, len(values) - 1)]
"""
SECOND = "values[order][np.minimum(at, len(values) - 1)]"
BEST_WRONG = variations(
    "best",
    BEST,
    [
        (
            "turns the pair round",
            f"return mean, {SECOND}",
            f"return {SECOND}, mean",
            "that is the answer for L1",
        ),
        (
            "takes the likeliest",
            "(p * values).sum(axis=1)",
            "values[p.argmax(axis=1)]",
            "the likeliest value",
        ),
        (
            "does not weigh",
            "(p * values).sum(axis=1)",
            "np.full(len(p), values.mean())",
            "weigh the values by p",
        ),
        (
            "has one answer for all",
            "(p * values).sum(axis=1)",
            "np.full(len(p), (p * values).sum(axis=1).mean())",
            "an answer of its own",
        ),
        (
            "returns the least cost",
            "(p * values).sum(axis=1)",
            "p @ values**2 - (p @ values) ** 2",
            "the least cost, not the answer",
        ),
        ("gives the mean twice", SECOND, "mean", "it is best for squares"),
        ("takes the likeliest twice", SECOND, "values[p.argmax(axis=1)]", "the likeliest value"),
        (
            "takes the median of the values",
            SECOND,
            "np.full(len(p), np.median(values))",
            "not half of the values",
        ),
        ("does not sort", "np.argsort(values)", "np.arange(len(values))", "sort the values"),
        ("sorts only the values", "p[:, order]", "p", "each with its own"),
        (
            "has one median for all",
            "p[:, order]",
            "(0 * p + p.mean(axis=0))[:, order]",
            "an answer of its own",
        ),
        (
            "takes the middle of the range",
            SECOND,
            "mean * 0 + values.min() / 2 + values.max() / 2",
            "E|x - a| is",
        ),
    ],
)

PIX2PIX = """
def entropy(score, label):
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    return bce(score, torch.full_like(score, label))

first, answer = g(z_d, c).detach(), g(z_g, c)
d_loss = entropy(d(x, c), 1.0) + entropy(d(first, c), 0.0)
game = entropy(d(answer, c), 1.0)
away = (x - answer).abs().sum(dim=(1, 2, 3)).mean()
return d_loss, game + lam * away
"""
PIX2PIX_WRONG = variations(
    "pix2pix",
    PIX2PIX,
    [
        (
            "exchanges the labels",
            "d_loss = entropy(d(x, c), 1.0) + entropy(d(first, c), 0.0)",
            "d_loss = entropy(d(x, c), 0.0) + entropy(d(first, c), 1.0)",
            "the labels are exchanged",
        ),
        ("halves D's loss", "return d_loss,", "return d_loss / 2,", "do not halve"),
        (
            "sums the patches",
            "return bce(score, torch.full_like(score, label))",
            "return bce(score, torch.full_like(score, label), reduction='sum') / len(x)",
            "average over the patches",
        ),
        ("averages L1 over the pixels", ".sum(dim=(1, 2, 3))", "", "yours is a mean over both"),
        ("sums L1 over the pictures", ".sum(dim=(1, 2, 3)).mean()", ".sum()", "not a sum"),
        ("squares", ".abs()", ".square()", "not squares"),
        (
            "compares with the question",
            "(x - answer)",
            "(c[:, :1] - answer)",
            "not with the question",
        ),
        ("compares another answer", "(x - answer)", "(x - g(z_d, c))", "judge the same answer"),
        ("uses one noise for both", "g(z_g, c)", "g(z_d, c)", "yours is made with z_d"),
        ("forgets L1", " + lam * away", " + 0 * away", "L1 is missing"),
        ("forgets the game", "game + lam * away", "lam * away", "the game is missing"),
        ("weighs the game", "game + lam * away", "lam * game + away", "not the game"),
        (
            "lets G be found out",
            "game = entropy(d(answer, c), 1.0)",
            "game = entropy(d(answer, c), 0.0)",
            "need the label 1",
        ),
        (
            "saturates",
            "game = entropy(d(answer, c), 1.0)",
            "game = -entropy(d(answer, c), 0.0)",
            "the saturating loss",
        ),
        (
            "takes the sigmoid twice",
            "    bce = ",
            "    score = torch.sigmoid(score)\n    bce = ",
            "yours goes twice",
        ),
        ("does not detach", ".detach()", "", "a gradient reaches `g`"),
        (
            "cuts G off its game",
            "d(answer, c)",
            "d(answer.detach(), c)",
            "the gradient of g_loss",
        ),
        ("exchanges z and c", "g(z_g, c)", "g(c, z_g)", "noise z of shape"),
        (
            "turns the pair round",
            "return d_loss, game + lam * away",
            "return game + lam * away, d_loss",
            "the pair is (d_loss, g_loss)",
        ),
    ],
)
PIX2PIX_WRONG += [
    calls_the_tests(
        "pix2pix",
        "from lib.homework_conditional_pix2pix import losses_of\n"
        "return losses_of(g, d, {'x': x, 'c': c, 'z_d': z_d, 'z_g': z_g, 'lam': lam})",
    ),
    asks_the_book(
        "pix2pix",
        "from lib.translation import Translation\n"
        "terms = Translation(g, d, 2, l1=lam).loss(x, c)\n"
        "return terms['d_loss'], terms['g_loss']",
    ),
]

NEAREST = """
plus = np.linalg.pinv(A)
missing = y - x @ A.T
return x + missing @ plus.T
"""
NEAREST_WRONG = variations(
    "nearest",
    NEAREST,
    [
        ("returns x", "return x + missing @ plus.T", "return x", "that is x itself"),
        (
            "returns the shortest",
            "return x + missing",
            "return y",
            "the shortest picture that fits",
        ),
        ("forgets A x", "y - x @ A.T", "y", "forgets to take A x away"),
        ("goes the wrong way", "x + missing", "x - missing", "points away from y"),
        ("takes the transpose", "@ plus.T", "@ A", "A^T is not A^+"),
        ("returns the correction", "return x + missing", "return missing", "the correction alone"),
        (
            "keeps the null space alone",
            "return x + missing @ plus.T",
            "return x - x @ A.T @ plus.T",
            "in the null space of A; add",
        ),
        ("has one question", "y - x", "y[0] - x", "its own question"),
        (
            "inverts A A^T",
            "np.linalg.pinv(A)",
            "A.T @ np.linalg.inv(A @ A.T + 1e-3 * np.eye(len(A)))",
            "it should be",
        ),
    ],
)
NEAREST_WRONG += [
    calls_the_tests(
        "nearest", "from lib.homework_conditional_inverse import nearest\nreturn nearest(A, x, y)"
    )
]

ANSWERS = """
off = y - means @ A.T
inner = A @ covs @ A.T
gain = covs @ A.T @ np.linalg.inv(inner)
move = np.einsum("kdm,km->kd", gain, off)
squares = np.einsum("ki,kij,kj->k", off, np.linalg.inv(inner), off)
scores = np.log(prior) - 0.5 * (squares + np.linalg.slogdet(inner)[1])
weights = np.exp(scores - scores.max())
weights = weights / weights.sum()
return weights, means + move, covs - gain @ A @ covs
"""
ANSWERS_WRONG = variations(
    "answers",
    ANSWERS,
    [
        ("keeps the weights", "return weights,", "return prior,", "weights before the question"),
        ("forgets the weights", "np.log(prior) - 0.5", "-0.5", "before the question are missing"),
        (
            "forgets the determinant",
            "(squares + np.linalg.slogdet(inner)[1])",
            "squares",
            "has a normaliser",
        ),
        (
            "does not normalise the weights",
            "weights = weights / weights.sum()",
            "weights = np.exp(scores) / (2 * np.pi) ** (len(y) / 2)",
            "weights add up to 1",
        ),
        (
            "measures plain distances",
            "scores = np.log(prior) - 0.5 * (squares + np.linalg.slogdet(inner)[1])",
            "scores = np.log(prior) - 0.5 * (off**2).sum(axis=1)",
            "has the covariance A Sigma A^T",
        ),
        (
            "forgets a half",
            "0.5 * (squares + np.linalg.slogdet(inner)[1])",
            "(squares + 0.5 * np.linalg.slogdet(inner)[1])",
            "-1/2 before the squares",
        ),
        ("returns logarithms", "return weights,", "return scores,", "those are logarithms"),
        (
            "rounds narrow classes to 0",
            "np.exp(scores - scores.max())",
            "np.exp(scores)",
            "weigh them by logarithms",
        ),
        ("keeps the means", "means + move", "means", "the means before the question"),
        ("moves away", "means + move", "means - move", "the means move towards y"),
        ("returns the moves", "means + move", "move", "add the move to the mean"),
        (
            "moves along the shortest way",
            "means + move",
            "means + off @ np.linalg.pinv(A).T",
            "that moves along A^+",
        ),
        (
            "does not divide",
            "means + move",
            'means + np.einsum("kdm,km->kd", covs @ A.T, off)',
            "the gain divides by A Sigma A^T",
        ),
        ("forgets A mu", "means + move", "means + gain @ y", "take A mu away from y first"),
        ("keeps the covariances", "covs - gain @ A @ covs", "covs", "what is known varies no more"),
        ("widens", "covs - gain", "covs + gain", "take away, do not add"),
        ("returns what is lost", "covs - gain", "gain", "what the question takes away"),
        (
            "cuts off",
            "covs - gain @ A @ covs",
            "(N := np.eye(len(A.T)) - np.linalg.pinv(A) @ A) @ covs @ N",
            "cuts the covariance off",
        ),
    ],
)
ANSWERS_WRONG += [
    calls_the_tests(
        "answers",
        "from lib.homework_conditional_inverse import answers_exactly\n"
        "return answers_exactly(prior, means, covs, A, y)",
    ),
    asks_the_book(
        "answers",
        "from lib.inverse_problems import LinearMap, condition\n"
        "from lib.mixture import GaussianMixture\n"
        "mixture = GaussianMixture(prior, means, covs)\n"
        "found = condition(mixture, LinearMap(A, (len(A.T),)), torch.tensor(y))\n"
        "return found.weights, found.means, found.covariances",
    ),
]

BITS = """
r, n, d = u.shape
points = (k + u) / levels
nats = np.array([log_density(points[j]) for j in range(r)])
nats = nats - d * np.log(levels)
return -nats.mean() / (d * np.log(2))
"""
MEAN = "return -nats.mean() / (d * np.log(2))"
BITS_WRONG = variations(
    "bits",
    BITS,
    [
        ("has the wrong sign", "return -nats", "return nats", "that is minus the bits"),
        ("forgets the width", " - d * np.log(levels)", "", "the bins have the width"),
        ("adds the width", "nats - d *", "nats + d *", "a narrow bin"),
        ("counts the width once", "nats - d * np", "nats - np", "for each of the D numbers"),
        ("returns nats", "(d * np.log(2))", "d", "that is in nats"),
        ("returns bits per picture", "(d * np.log(2))", "np.log(2)", "that is bits per picture"),
        ("sums over the pictures", "-nats.mean()", "-nats.mean(axis=0).sum()", "over the pictures"),
        ("sums over the draws", "-nats.mean()", "-nats.sum(axis=0).mean()", "over the draws"),
        (
            "takes the tighter bound",
            "-nats.mean()",
            "-np.log(np.exp(nats).mean(axis=0)).mean()",
            "is a tighter bound",
        ),
        ("uses one draw", "-nats.mean()", "-nats[0].mean()", "the first draw alone"),
        ("forgets the noise", "(k + u)", "(k + 0 * u)", "where is u?"),
        ("takes the middles", "(k + u)", "(k + 0 * u + 0.5)", "not the middle of the bin"),
        ("does not scale", "(k + u) / levels", "k + u", "points lie in [0, 1)"),
        (
            "gives all draws at once",
            "log_density(points[j])",
            "log_density(points)",
            "points of shape",
        ),
    ],
)

FRONTIER = """
def beats(a, b):
    return all(u <= v for u, v in zip(a, b)) and any(u < v for u, v in zip(a, b))

rows = range(len(table))
return {i for i in rows if not any(beats(table[j], table[i]) for j in rows)}
"""
BITS_WRONG += [
    asks_the_book(
        "bits",
        "from lib.grey_levels import density_bits\n"
        "nats = np.mean([log_density((k + noise) / levels) for noise in u])\n"
        "return density_bits(nats, k.shape[1], levels)",
    )
]
FRONTIER_WRONG = variations(
    "frontier",
    FRONTIER,
    [
        (
            "wants to be better everywhere",
            "all(u <= v for u, v in zip(a, b)) and any(u < v for u, v in zip(a, b))",
            "all(u < v for u, v in zip(a, b))",
            "worse in another is beaten",
        ),
        ("returns the beaten", "if not any", "if any", "those are the beaten ones"),
        (
            "likes large numbers",
            "beats(table[j], table[i])",
            "beats(table[i], table[j])",
            "small numbers are good",
        ),
        (
            "keeps the best of each column",
            "return {i for i in rows if not any(beats(table[j], table[i]) for j in rows)}",
            "return set(table.argsort(axis=0)[0])",
            "best of each column",
        ),
        (
            "adds up",
            "return {i for i in rows if not any(beats(table[j], table[i]) for j in rows)}",
            "return {int(table.sum(axis=1).argmin())}",
            "in different units",
        ),
        (
            "drops equal models",
            " and any(u < v for u, v in zip(a, b))",
            "",
            "no model beats itself",
        ),
    ],
)
FRONTIER_WRONG += [
    calls_the_tests(
        "frontier",
        "from lib.homework_conditional_tables import undominated\nreturn undominated(table)",
    )
]

CLINIC = """
x = noise[-1]
for t in range(len(alpha_bar) - 1, 0, -1):
    kept, before = alpha_bar[t], alpha_bar[t - 1]
    with_c, without = told(x, t), untold(x, t)
    eps = {start} + w * ({change})
    clean = (x - np.sqrt(1 - kept) * eps) / np.sqrt(kept)
    gap = y - clean.reshape(len(clean), -1, 2).mean(axis=2)
    clean = clean + {moved}
    beta = 1 - kept / before
    a = np.sqrt(before) * beta / (1 - kept)
    b = np.sqrt(1 - beta) * (1 - before) / (1 - kept)
    x = {mean}
    x = x + np.sqrt({variance}) * noise[t - 1{rows}]
    {after}
return x
"""
MENDED = {
    "start": "with_c",
    "change": "with_c - without",
    "moved": "np.repeat(gap, 2, axis=1)",
    "mean": "a * clean + b * x",
    "variance": "beta * (1 - before) / (1 - kept)",
    "rows": "",
    "after": "",
}
BROKEN = {
    "start": "without",
    "moved": "np.repeat(gap / 2, 2, axis=1)",
    "variance": "beta",
    "rows": ", 0",
}
MARKS = {
    "start": "w = 0 is the told answer",
    "moved": "A^+ is not A^T",
    "variance": "the last step adds noise",
    "rows": "noise of its own",
}
CLINIC_WRONG = [
    Answer("clinic", "mends nothing", CLINIC.format(**MENDED | BROKEN), MARKS["start"]),
    *[
        Answer(
            "clinic",
            f"leaves the mistake in `{part}`",
            CLINIC.format(**MENDED | {part: BROKEN[part]}),
            MARKS[part],
        )
        for part in BROKEN
    ],
    *[
        Answer(
            "clinic",
            f"mends only the mistake in `{part}`",
            CLINIC.format(**MENDED | BROKEN | {part: MENDED[part]}),
            next(MARKS[other] for other in BROKEN if other != part),
        )
        for part in BROKEN
    ],
    *[
        Answer("clinic", name, CLINIC.format(**MENDED | change), says)
        for name, change, says in [
            ("goes to the crowd", {"change": "without - with_c"}, "yours is turned round"),
            ("does not ask", {"moved": "0 * x"}, "the question is not used"),
            (
                "asks after the step",
                {
                    "moved": "0 * x",
                    "after": "off = y - x.reshape(len(x), -1, 2).mean(axis=2)\n"
                    "    x = x + np.repeat(off, 2, axis=1)",
                },
                "not the noisy x after it",
            ),
            ("takes beta until the last step", {"variance": "beta * (t > 1)"}, "at t > 1"),
            ("adds no noise", {"variance": "0"}, "only the last step adds no noise"),
            ("tiles", {"moved": "np.tile(gap, (1, 2))"}, "not np.tile"),
            ("exchanges the factors", {"mean": "b * clean + a * x"}, "are exchanged"),
            ("returns the guess", {"after": "x = clean"}, "entry"),
        ]
    ],
    calls_the_tests(
        "clinic",
        "from lib.homework_conditional_clinic import chain\n"
        "return chain(told, untold, y, w, alpha_bar, noise)",
    ),
]

WRONG = (
    BAYES_WRONG
    + TOLD_WRONG
    + KL_WRONG
    + BOUND_WRONG
    + FORGET_WRONG
    + GUIDED_WRONG
    + JUDGED_WRONG
    + VALUES_WRONG
    + PATCH_WRONG
    + BEST_WRONG
    + PIX2PIX_WRONG
    + NEAREST_WRONG
    + ANSWERS_WRONG
    + BITS_WRONG
    + FRONTIER_WRONG
    + CLINIC_WRONG
)

RIGHT = [
    Answer("bayes", "in float32", SINGLE.format("log_p, prior") + BAYES),
    Answer(
        "bayes",
        "by PyTorch's softmax",
        "return torch.softmax(torch.tensor(log_p) + torch.tensor(prior).log(), dim=1)",
    ),
    Answer("told", "in float32", SINGLE.format("log_p, prior") + TOLD),
    Answer(
        "told",
        "picture after picture, as a list",
        """
        told = sum(row[k] for row, k in zip(log_p, y)) / len(y)
        joint = torch.tensor(log_p) + torch.tensor(prior).log()
        return [told, joint.logsumexp(1).mean()]
        """,
    ),
    Answer(
        "kl",
        "by PyTorch's distributions",
        """
        from torch.distributions import Normal, kl_divergence
        q, p = Normal(mean_q, (s_q / 2).exp()), Normal(mean_p, (s_p / 2).exp())
        return kl_divergence(q, p).sum(1)
        """,
    ),
    Answer(
        "kl",
        "in float32",
        "mean_q, s_q, mean_p, s_p = (v.float() for v in (mean_q, s_q, mean_p, s_p))\n" + KL,
    ),
    Answer("bound", "by PyTorch's distributions", BOUND),
    Answer("forget", "in float32", "c = np.float32(c)\n" + FORGET),
    Answer(
        "forget",
        "row after row, as lists",
        "return [[v if number >= drop else 0 for v in row] for row, number in zip(c, u)]",
    ),
    Answer("guided", "another way to the shares", GUIDED),
    Answer(
        "guided",
        "point after point",
        """
        found = []
        for place, k in zip(x, y):
            v = kept * stds**2 + 1 - kept
            s = (np.sqrt(kept) * means - place) / v
            odds = np.log(prior) - np.log(v) / 2 - s**2 * v / 2
            share = 1 / np.exp(odds[:, None] - odds[None]).sum(axis=0)
            found.append((1 + w) * s[k] - w * (share @ s))
        return found
        """,
    ),
    Answer("judged", "in float32", SINGLE.format("features, real") + JUDGED),
    Answer(
        "judged",
        "by second moments, as a list",
        """
        def scatter(v, y):
            found = []
            for k in sorted(set(y)):
                own = v[y == k]
                found.append(float(((own**2).mean(0) - own.mean(0) ** 2).sum()))
            return sum(found) / len(found)

        right = [a == b for a, b in zip(said, wanted)]
        return [sum(right) / len(right), scatter(features, wanted) / scatter(real, labels)]
        """,
    ),
    Answer("values", "in float32", SINGLE.format("p, q") + VALUES),
    Answer(
        "values",
        "by xlogy",
        """
        def value(p, q):
            p, q = torch.tensor(p), torch.tensor(q)
            D = torch.nan_to_num(p / (p + q), nan=0.5)
            return (torch.xlogy(p, D) + torch.xlogy(q, 1 - D)).sum()

        return value(p, q), value(p.sum(axis=0), q.sum(axis=0))
        """,
    ),
    Answer("patch", "from the picture on", PATCH),
    Answer(
        "patch",
        "by sets, as arrays",
        """
        seen = {i}
        for kernel, stride, padding in layers[::-1]:
            seen = {stride * at - padding + tap for at in seen for tap in range(kernel)}
        return np.array([min(seen), max(seen)]).tolist()
        """,
    ),
    Answer("best", "in float32", SINGLE.format("values, p") + BEST),
    Answer(
        "best",
        "by trying every value",
        """
        cost = p @ np.abs(values[:, None] - values)
        return p @ values, values[cost.argmin(axis=1)]
        """,
    ),
    Answer(
        "pix2pix",
        "by logsigmoid, picture after picture",
        """
        log = torch.nn.functional.logsigmoid
        on_real, on_fake = log(d(x, c)), log(-d(g(z_d, c).detach(), c))
        answer = g(z_g, c)
        on_answer, away = log(d(answer, c)), 0
        for a, b in zip(x, answer):
            away = away + (a - b).abs().sum() / len(x)
        return [-on_real.mean() - on_fake.mean(), lam * away - on_answer.mean()]
        """,
    ),
    Answer("nearest", "in float32", SINGLE.format("A, x, y") + NEAREST),
    Answer(
        "nearest",
        "by least squares, row after row",
        """
        found = []
        for one, asked in zip(x, y):
            found.append(one + np.linalg.lstsq(A, asked - A @ one, rcond=None)[0])
        return found
        """,
    ),
    Answer("answers", "all at once", ANSWERS),
    Answer(
        "answers",
        "by PyTorch's densities",
        """
        from torch.distributions import MultivariateNormal
        prior, means, covs, A, y = (torch.tensor(v) for v in (prior, means, covs, A, y))
        inner = A @ covs @ A.T
        inner = (inner + inner.mT) / 2
        gain = torch.linalg.solve(inner, A @ covs).mT
        of_y = MultivariateNormal(means @ A.T, inner).log_prob(y)
        moved = means + (gain @ (y - means @ A.T)[..., None])[..., 0]
        return torch.softmax(prior.log() + of_y, 0), moved, covs - gain @ A @ covs
        """,
    ),
    Answer("bits", "draw after draw", BITS),
    Answer(
        "bits",
        "all points in one table",
        """
        d = k.shape[1]
        nats = log_density(((k + u) / levels).reshape(-1, d))
        return torch.tensor(np.log2(levels) - np.mean(nats) / np.log(2) / d)
        """,
    ),
    Answer("frontier", "pair after pair", FRONTIER),
    Answer(
        "frontier",
        "as a list of NumPy's numbers",
        """
        worse = (table[:, None] >= table).all(axis=2) & (table[:, None] > table).any(axis=2)
        return list(np.flatnonzero(~worse.any(axis=1)))
        """,
    ),
    Answer("clinic", "in short names", CLINIC.format(**MENDED)),
    Answer(
        "clinic",
        "with matrices, by precisions",
        """
        D = noise.shape[2]
        A = np.kron(np.eye(D // 2), np.array([[1, 1]])) / 2
        x = noise[-1]
        for t in reversed(range(1, len(alpha_bar))):
            e = (1 + w) * told(x, t) - w * untold(x, t)
            guess = (x - e * (1 - alpha_bar[t]) ** 0.5) / alpha_bar[t] ** 0.5
            guess = guess + (y - guess @ A.T) @ np.linalg.pinv(A).T
            if t == 1:
                return guess
            step = alpha_bar[t] / alpha_bar[t - 1]
            ours, theirs = 1 / (1 - alpha_bar[t - 1]), step / (1 - step)
            mean = ours * alpha_bar[t - 1] ** 0.5 * guess + theirs * x / step**0.5
            x = mean / (ours + theirs) + noise[t - 1] / (ours + theirs) ** 0.5
        """,
    ),
]
