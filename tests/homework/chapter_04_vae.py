"""Typical answers to the homework on variational autoencoders."""

from tests.homework import Answer

JOINT = """
gap = x[:, None, :] - means
log_joint = np.log(weights) - 0.5 * (gap**2 / variances + np.log(2 * np.pi * variances)).sum(axis=2)
"""
SHARE = """
ratio = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
return ratio / ratio.sum(axis=1, keepdims=True)
"""

RESPONSIBILITIES = [
    Answer(
        "responsibilities",
        "forgets the weights",
        JOINT.replace("np.log(weights) ", "") + SHARE,
        "the weights pi_m are missing",
    ),
    Answer(
        "responsibilities",
        "forgets the normalising constants",
        JOINT.replace(" + np.log(2 * np.pi * variances)", "") + SHARE,
        "they do not cancel",
    ),
    Answer(
        "responsibilities",
        "takes variances for standard deviations",
        JOINT.replace("variances", "variances**2") + SHARE,
        "variances are given, not standard deviations",
    ),
    Answer(
        "responsibilities",
        "forgets the half in the exponent",
        JOINT.replace("gap**2", "2 * gap**2") + SHARE,
        "minus one half of the squared distance",
    ),
    Answer(
        "responsibilities",
        "forgets the half of the log variance",
        JOINT.replace("np.log(2 * np.pi * variances)", "2 * np.log(variances)") + SHARE,
        "half of each log variance",
    ),
    Answer(
        "responsibilities",
        "averages over dimensions",
        JOINT.replace(".sum(axis=2)", ".mean(axis=2)") + SHARE,
        "do not average them",
    ),
    Answer(
        "responsibilities",
        "divides by the sum over examples",
        JOINT + "p = np.exp(log_joint)\nreturn p / p.sum(axis=0)",
        "each example shares out its 1",
    ),
    Answer(
        "responsibilities",
        "does not divide",
        JOINT + "return np.exp(log_joint)",
        "divide them by their sum",
    ),
    Answer(
        "responsibilities",
        "returns logarithms",
        JOINT
        + """
largest = log_joint.max(axis=1, keepdims=True)
return log_joint - largest - np.log(np.exp(log_joint - largest).sum(axis=1, keepdims=True))
""",
        "take exp at the end",
    ),
    Answer(
        "responsibilities",
        "chooses the best component",
        JOINT + "return np.eye(len(weights))[log_joint.argmax(axis=1)]",
        "not a choice of the best",
    ),
    Answer(
        "responsibilities",
        "leaves the logarithms",
        JOINT + "p = np.exp(log_joint)\nreturn p / p.sum(axis=1, keepdims=True)",
        "0/0 is nan; stay with logarithms",
    ),
    Answer(
        "responsibilities",
        "calls the book",
        """
        from lib.mixture import GaussianMixture, e_step
        return e_step(GaussianMixture(weights, means, np.array([np.diag(v) for v in variances])), x)
        """,
        "the book's own functions are switched off",
    ),
]

M_STEP = """
total = r.sum(axis=0)
means = r.T @ x / total[:, None]
variances = np.einsum("nm,nmd->md", r, (x[:, None] - means) ** 2) / total[:, None]
"""

M_STEPS = [
    Answer(
        "m-step",
        "returns N_m for the weights",
        M_STEP + "return total, means, variances",
        "those are the N_m; divide by N",
    ),
    Answer(
        "m-step",
        "gives every component the same weight",
        M_STEP + "return np.full(len(total), 1 / len(total)), means, variances",
        "not 1/M",
    ),
    Answer(
        "m-step",
        "divides the sums by N",
        M_STEP + "return total / len(x), r.T @ x / len(x), variances",
        "divide by N_m, the sum of the responsibilities, not by N",
    ),
    Answer(
        "m-step",
        "ignores the responsibilities",
        M_STEP + "return total / len(x), np.tile(x.mean(axis=0), (len(total), 1)), variances",
        "weigh each example",
    ),
    Answer(
        "m-step",
        "gives each example to its best component",
        M_STEP
        + """
best = r.argmax(axis=1)
hard = np.array([x[best == m].mean(axis=0) for m in range(len(total))])
return total / len(x), hard, variances
""",
        "use the shares",
    ),
    Answer(
        "m-step",
        "measures spread around the mean of everything",
        M_STEP
        + """
spread = np.einsum("nm,nd->md", r, (x - x.mean(axis=0)) ** 2) / total[:, None]
return total / len(x), means, spread
""",
        "own new mean",
    ),
    Answer(
        "m-step",
        "forgets to take the mean away",
        M_STEP + "return total / len(x), means, r.T @ x**2 / total[:, None]",
        "take the mean away before you square",
    ),
    Answer(
        "m-step",
        "returns standard deviations",
        M_STEP + "return total / len(x), means, np.sqrt(variances)",
        "those are standard deviations",
    ),
    Answer(
        "m-step",
        "divides by N_m - 1",
        M_STEP + "return total / len(x), means, variances * (total / (total - 1))[:, None]",
        "not by N_m - 1",
    ),
    Answer(
        "m-step",
        "shares one variance between the dimensions",
        M_STEP
        + """
shared = np.tile(variances.mean(axis=1, keepdims=True), (1, x.shape[1]))
return total / len(x), means, shared
""",
        "a variance of its own",
    ),
    Answer("m-step", "returns the means alone", M_STEP + "return means", "return 3 things"),
    Answer(
        "m-step",
        "calls the book",
        "from lib.mixture import m_step\nbest = m_step(x, r)\n"
        "return best.weights, best.means, best.covariances.diagonal(axis1=1, axis2=2)",
        "switched off",
    ),
]

LOG_Q = JOINT + "log_q = np.log(np.where(q > 0, q, 1))\n"

BOUNDS = [
    Answer(
        "bound",
        "forgets the entropy",
        LOG_Q + "return (q * log_joint).sum(axis=1)",
        "the entropy of q is missing",
    ),
    Answer(
        "bound",
        "adds q log q",
        LOG_Q + "return (q * (log_joint + log_q)).sum(axis=1)",
        "subtract q log q",
    ),
    Answer(
        "bound",
        "forgets the weights",
        LOG_Q + "return (q * (log_joint - np.log(weights) - log_q)).sum(axis=1)",
        "log pi_m is missing",
    ),
    Answer(
        "bound",
        "ignores q",
        LOG_Q
        + """
largest = log_joint.max(axis=1)
return largest + np.log(np.exp(log_joint - largest[:, None]).sum(axis=1))
""",
        "use the q you are given",
    ),
    Answer(
        "bound",
        "returns the gap",
        LOG_Q
        + """
largest = log_joint.max(axis=1)
log_p = largest + np.log(np.exp(log_joint - largest[:, None]).sum(axis=1))
return log_p - (q * (log_joint - log_q)).sum(axis=1)
""",
        "that is the gap",
    ),
    Answer(
        "bound",
        "leaves out the prior altogether",
        LOG_Q + "return (q * (log_joint - np.log(weights))).sum(axis=1)",
        "the KL from the weights is missing",
    ),
    Answer(
        "bound",
        "returns minus the bound",
        LOG_Q + "return (q * (log_q - log_joint)).sum(axis=1)",
        "that is minus the bound",
    ),
    Answer(
        "bound",
        "takes the logarithm of the average",
        LOG_Q + "return np.log((q * np.exp(log_joint)).sum(axis=1))",
        "belongs inside the sum",
    ),
    Answer(
        "bound",
        "adds the examples up",
        LOG_Q + "return (q * (log_joint - log_q)).sum()",
        "not over the examples",
    ),
    Answer(
        "bound",
        "takes the logarithm of zero",
        JOINT + "return (q * (log_joint - np.log(q))).sum(axis=1)",
        "0 log 0 counts as 0",
    ),
    Answer(
        "bound",
        "calls the book",
        """
        from lib import mixture
        covariances = np.array([np.diag(v) for v in variances])
        return mixture.lower_bound(mixture.GaussianMixture(weights, means, covariances), x, q)
        """,
        "switched off",
    ),
]

DISCRETE = """
some = q > 0
if (p[some] == 0).any():
    return np.inf
"""

TABLES = [
    Answer(
        "discrete",
        "exchanges q and p",
        "return (p * np.log(p / q)).sum()",
        "the average is over q",
    ),
    Answer(
        "discrete",
        "counts bits",
        DISCRETE + "return (q[some] * np.log2(q[some] / p[some])).sum()",
        "the task asks for nats",
    ),
    Answer(
        "discrete",
        "has the wrong sign",
        DISCRETE + "return (q[some] * np.log(p[some] / q[some])).sum()",
        "never negative",
    ),
    Answer(
        "discrete",
        "averages over the values",
        DISCRETE + "return (q[some] * np.log(q[some] / p[some])).mean()",
        "do not average",
    ),
    Answer(
        "discrete",
        "returns the cross-entropy",
        DISCRETE + "return -(q[some] * np.log(p[some])).sum()",
        "subtract the entropy of q",
    ),
    Answer(
        "discrete",
        "returns the entropy",
        DISCRETE + "return -(q[some] * np.log(q[some])).sum()",
        "that is the entropy of q",
    ),
    Answer(
        "discrete",
        "takes the logarithm of zero",
        "return (q * np.log(q / p)).sum()",
        "0 log 0 counts as 0",
    ),
    Answer(
        "discrete",
        "adds a small number",
        "return (q * np.log((q + 1e-9) / (p + 1e-9))).sum()",
        "it should be",
    ),
    Answer(
        "discrete",
        "leaves out what p never does",
        "some = (q > 0) & (p > 0)\nreturn (q[some] * np.log(q[some] / p[some])).sum()",
        "it should be inf",
    ),
    Answer(
        "discrete",
        "does not add up",
        "return np.where(q > 0, q * np.log(q / p), 0)",
        "the shape is",
    ),
    Answer(
        "discrete",
        "calls the book",
        "from lib.divergence import kl\nreturn kl(q, p)",
        "switched off",
    ),
]

KL = "return 0.5 * (torch.exp(s) + mean**2 - 1 - s).sum(dim=1)"

GAUSS = [
    Answer("gauss", "has the wrong sign", KL.replace("0.5", "-0.5"), "never negative"),
    Answer("gauss", "forgets the half", KL.replace("0.5", "1.0"), "one half is missing"),
    Answer(
        "gauss",
        "writes sigma for sigma squared",
        KL.replace("exp(s)", "exp(s / 2)"),
        "sigma where sigma^2 belongs",
    ),
    Answer(
        "gauss",
        "takes s for log sigma",
        KL.replace("exp(s)", "exp(2 * s)").replace("- s)", "- 2 * s)"),
        "not the logarithm of sigma",
    ),
    Answer(
        "gauss",
        "subtracts log sigma",
        KL.replace("- s)", "- s / 2)"),
        "log sigma^2 is s, not half of it",
    ),
    Answer(
        "gauss",
        "averages over the dimensions",
        KL.replace(".sum(", ".mean("),
        "sum over the dimensions, do not average",
    ),
    Answer("gauss", "forgets the one", KL.replace(" - 1", ""), "the 1 is missing"),
    Answer("gauss", "forgets the square", KL.replace("mean**2", "mean"), "the mean is squared"),
    Answer("gauss", "adds s", KL.replace("- s)", "+ s)"), "log sigma^2, which is s, is subtracted"),
    Answer(
        "gauss",
        "exchanges q and p",
        "return 0.5 * ((1 + mean**2) * torch.exp(-s) - 1 + s).sum(dim=1)",
        "the other direction",
    ),
    Answer("gauss", "averages over the batch", KL + ".mean()", "one number for each example"),
    Answer("gauss", "adds everything up", KL.replace("dim=1", ""), "one number for each example"),
    Answer(
        "gauss", "detaches", KL.replace("mean**2", "mean.detach() ** 2"), "the gradient of the KL"
    ),
    Answer(
        "gauss",
        "computes with NumPy",
        "mean, s = mean.detach().numpy(), s.detach().numpy()\n"
        "return 0.5 * (np.exp(s) + mean**2 - 1 - s).sum(axis=1)",
        "return a tensor",
    ),
    Answer(
        "gauss",
        "switches the gradient off",
        "with torch.no_grad():\n    " + KL,
        "no gradient gets through",
    ),
    Answer(
        "gauss",
        "calls the book",
        "from lib.gaussian import kl_to_standard_normal\nreturn kl_to_standard_normal(mean, s)",
        "switched off",
    ),
]

EPS = "eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)\n"

DRAWS = [
    Answer(
        "draw",
        "takes exp(s) for the scale",
        EPS + "return mean + torch.exp(s) * eps",
        "so sigma is exp(s/2), not exp(s)",
    ),
    Answer("draw", "takes s for sigma", EPS + "return mean + s * eps", "not s itself"),
    Answer("draw", "forgets sigma", EPS + "return mean + eps", "sigma is missing"),
    Answer(
        "draw",
        "takes softplus of s",
        EPS + "return mean + torch.log1p(torch.exp(s)) * eps",
        "not softplus(s)",
    ),
    Answer(
        "draw",
        "takes exp(-s / 2)",
        EPS + "return mean + torch.exp(-s / 2) * eps",
        "so sigma is exp(s/2), not exp(-s/2)",
    ),
    Answer("draw", "returns the mean", "return mean + 0 * s", "that is the mean itself"),
    Answer(
        "draw",
        "shares the noise in the batch",
        "eps = torch.randn((1, mean.shape[1]), generator=generator, dtype=mean.dtype)\n"
        "return mean + torch.exp(s / 2) * eps",
        "all examples share their noise",
    ),
    Answer(
        "draw",
        "shares the noise between dimensions",
        "eps = torch.randn((len(mean), 1), generator=generator, dtype=mean.dtype)\n"
        "return mean + torch.exp(s / 2) * eps",
        "draw each number anew",
    ),
    Answer(
        "draw",
        "draws evenly spread noise",
        "eps = torch.rand(mean.shape, generator=generator, dtype=mean.dtype)\n"
        "return mean + torch.exp(s / 2) * 12**0.5 * (eps - 0.5)",
        "use torch.randn",
    ),
    Answer(
        "draw",
        "draws between 0 and 1",
        "eps = torch.rand(mean.shape, generator=generator, dtype=mean.dtype)\n"
        "return mean + torch.exp(s / 2) * 12**0.5 * eps",
        "the noise has mean",
    ),
    Answer(
        "draw",
        "ignores the generator",
        "return mean + torch.exp(s / 2) * torch.randn_like(mean)",
        "the same seed gave different codes",
    ),
    Answer(
        "draw",
        "fixes the seed",
        "generator = torch.Generator().manual_seed(0)\n"
        + EPS
        + "return mean + torch.exp(s / 2) * eps",
        "different seeds gave the same codes",
    ),
    Answer(
        "draw",
        "samples where no gradient gets through",
        "return torch.normal(mean, torch.exp(s / 2), generator=generator)",
        "lets gradients through",
    ),
    Answer(
        "draw",
        "detaches sigma",
        EPS + "return mean + torch.exp(s / 2).detach() * eps",
        "dz / ds",
    ),
    Answer(
        "draw",
        "switches the gradient off",
        EPS + "with torch.no_grad():\n    return mean + torch.exp(s / 2) * eps",
        "no gradient gets through",
    ),
    Answer(
        "draw",
        "calls the book",
        "from lib.gaussian import reparameterise\n"
        "return reparameterise(mean, s, generator=generator)",
        "switched off",
    ),
]

F = "F = torch.nn.functional\n"
INK = F + "ink = -F.binary_cross_entropy_with_logits(logits, x, reduction='none')\n"

BERNOULLI = [
    Answer(
        "bernoulli", "averages over pixels", INK + "return ink.mean(dim=1)", "weighs the KL D times"
    ),
    Answer(
        "bernoulli",
        "has the wrong sign",
        INK + "return -ink.sum(dim=1)",
        "minus the log-likelihood",
    ),
    Answer(
        "bernoulli",
        "forgets the black pixels",
        F + "return (x * F.logsigmoid(logits)).sum(dim=1)",
        "black pixels, x = 0, count too",
    ),
    Answer(
        "bernoulli",
        "exchanges black and white",
        F + "return ((1 - x) * F.logsigmoid(logits) + x * F.logsigmoid(-logits)).sum(dim=1)",
        "white and black are exchanged",
    ),
    Answer(
        "bernoulli",
        "takes the logarithm of a rounded probability",
        "p = torch.sigmoid(logits)\n"
        "return torch.where(x > 0.5, torch.log(p), torch.log(1 - p)).sum(dim=1)",
        "use F.logsigmoid",
    ),
    Answer(
        "bernoulli",
        "multiplies zero by infinity",
        "p = torch.sigmoid(logits)\n"
        "return (x * torch.log(p) + (1 - x) * torch.log(1 - p)).sum(dim=1)",
        "use F.logsigmoid",
    ),
    Answer(
        "bernoulli",
        "adds a small number to the probability",
        "p = torch.sigmoid(logits)\n"
        "return (x * torch.log(p + 1e-8) + (1 - x) * torch.log(1 - p + 1e-8)).sum(dim=1)",
        "it should be",
    ),
    Answer(
        "bernoulli",
        "gives probabilities to a function that stops at -100",
        F + "p = torch.sigmoid(logits)\n"
        "return -F.binary_cross_entropy(p, x, reduction='none').sum(dim=1)",
        "give it logits",
    ),
    Answer(
        "bernoulli",
        "takes logits for probabilities",
        "return (x * torch.log(logits) + (1 - x) * torch.log(1 - logits)).sum(dim=1)",
        "there is a nan",
    ),
    Answer(
        "bernoulli", "adds everything up", INK + "return ink.sum()", "one number for each example"
    ),
    Answer(
        "bernoulli",
        "calls the book",
        "from lib.likelihoods import Bernoulli\nreturn Bernoulli().log_prob(x, logits[:, None])",
        "switched off",
    ),
]

SQUARES = "squares, d = ((x - mean) ** 2).sum(dim=1), x.shape[1]\n"
FULL = "return -squares / (2 * std**2) - d / 2 * math.log(2 * math.pi * std**2)"

GAUSSIANS = [
    Answer(
        "gaussian",
        "forgets the constant",
        SQUARES + "return -squares / (2 * std**2)",
        "D/2 log(2 pi sigma^2) is missing",
    ),
    Answer(
        "gaussian",
        "counts the constant once",
        SQUARES + FULL.replace("- d / 2", "- 1 / 2"),
        "multiply it by D",
    ),
    Answer(
        "gaussian",
        "takes std for the variance",
        "std = math.sqrt(std)\n" + SQUARES + FULL,
        "std is the standard deviation, not the variance",
    ),
    Answer(
        "gaussian",
        "forgets the half of the squares",
        SQUARES + FULL.replace("(2 * std**2) -", "std**2 -"),
        "half of each squared distance",
    ),
    Answer(
        "gaussian",
        "forgets 2 pi",
        SQUARES + FULL.replace("2 * math.pi * std**2)", "std**2)"),
        "D/2 log(2 pi) is missing",
    ),
    Answer(
        "gaussian",
        "forgets log sigma",
        SQUARES + FULL.replace("2 * math.pi * std**2)", "2 * math.pi)"),
        "log sigma of every pixel is missing",
    ),
    Answer(
        "gaussian",
        "counts log sigma twice",
        SQUARES + FULL.replace("math.pi * std**2)", "math.pi * std**4)"),
        "log sigma^2 once",
    ),
    Answer(
        "gaussian",
        "averages over pixels",
        SQUARES + FULL.replace("return", "return 1 / d * (") + ")",
        "sum over the pixels",
    ),
    Answer(
        "gaussian",
        "has the wrong sign",
        SQUARES + FULL.replace("return -squares", "return squares").replace("- d / 2", "+ d / 2"),
        "minus the log-likelihood",
    ),
    Answer(
        "gaussian",
        "averages over the batch",
        SQUARES + FULL.replace("return", "return (") + ").mean()",
        "one number for each example",
    ),
    Answer(
        "gaussian",
        "calls the book",
        "from lib.likelihoods import FixedGaussian\n"
        "return FixedGaussian(std).log_prob(x, mean[:, None])",
        "switched off",
    ),
]

LOSS = """
mean, s = encode(x)
eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
logits = decode({code})
price = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none")
distortion = price.{pixels}.mean()
rate = {rate}.mean()
return {loss}, distortion, rate
"""
PARTS = {
    "code": "mean + torch.exp(s / 2) * eps",
    "pixels": "sum(dim=1)",
    "rate": "0.5 * (torch.exp(s) + mean**2 - 1 - s).sum(dim=1)",
    "loss": "distortion + beta * rate",
}

LOSSES = [
    Answer("loss", name, LOSS.format(**PARTS | {part: code}), says)
    for name, part, code, says in [
        (
            "mixes a mean over pixels with a sum over latents",
            "pixels",
            "mean(dim=1)",
            "weighs the KL D times",
        ),
        (
            "averages over the latents",
            "rate",
            PARTS["rate"].replace("sum(", "mean("),
            "the rate: sum over",
        ),
        ("adds the examples up", "pixels", "sum()", "average over the examples"),
        (
            "adds the rates up",
            "rate",
            PARTS["rate"] + ".sum()",
            "the rate: average over the examples",
        ),
        ("returns the bound", "loss", "-distortion - beta * rate", "the loss is minus the bound"),
        ("subtracts the rate", "loss", "distortion - beta * rate", "it is a price, so add it"),
        ("forgets beta", "loss", "distortion + rate", "beta is missing"),
        ("weighs the distortion", "loss", "beta * distortion + rate", "not the distortion"),
        ("weighs both", "loss", "beta * (distortion + rate)", "beta weighs the rate alone"),
        ("has the wrong sign of the KL", "rate", "-" + PARTS["rate"], "never negative"),
        ("forgets the half of the KL", "rate", PARTS["rate"].replace("0.5 * ", ""), "one half"),
        (
            "writes sigma for sigma squared in the KL",
            "rate",
            PARTS["rate"].replace("exp(s)", "exp(s / 2)"),
            "sigma where sigma^2 belongs",
        ),
        ("decodes the mean", "code", "mean", "that is the mean itself; add noise"),
        ("draws noise of scale exp(s)", "code", "mean + torch.exp(s) * eps", "not exp(s)"),
        (
            "draws a second time outside the generator",
            "code",
            "mean + torch.exp(s / 2) * eps[:1]",
            "all examples share their noise",
        ),
        (
            "lets no gradient through z",
            "code",
            "(mean + torch.exp(s / 2) * eps).detach()",
            "does it pass through z",
        ),
        (
            "returns a number without a gradient",
            "loss",
            "(distortion + beta * rate).item()",
            "return a tensor",
        ),
    ]
] + [
    Answer(
        "loss",
        "decodes twice",
        LOSS.format(**PARTS).replace("logits =", "decode(mean)\nlogits ="),
        "decode once",
    )
]

POSTERIOR = """
M = W.T @ W + noise_variance * np.eye(W.shape[1])
means, covariance = np.linalg.solve(M, W.T @ (x - mu).T).T, noise_variance * np.linalg.inv(M)
"""

POSTERIORS = [
    Answer(
        "posterior",
        "forgets mu",
        POSTERIOR.replace("(x - mu)", "x") + "return means, covariance",
        "take mu away from x",
    ),
    Answer(
        "posterior",
        "projects without the prior",
        POSTERIOR + "return (x - mu) @ np.linalg.pinv(W).T, covariance",
        "the prior pulls it towards 0",
    ),
    Answer(
        "posterior",
        "puts 1 on the diagonal",
        POSTERIOR.replace("noise_variance * np.eye", "np.eye") + "return means, covariance",
        "the noise belongs on the diagonal",
    ),
    Answer(
        "posterior",
        "squares the noise variance",
        POSTERIOR.replace("noise_variance * np.eye", "noise_variance**2 * np.eye")
        + "return means, covariance",
        "the noise is given as a variance, not as a standard deviation",
    ),
    Answer(
        "posterior",
        "divides by the noise",
        POSTERIOR + "return means / noise_variance, covariance",
        "no further sigma^2",
    ),
    Answer(
        "posterior",
        "does not invert",
        POSTERIOR + "return (x - mu) @ W, covariance",
        "multiply it by the inverse of M",
    ),
    Answer(
        "posterior",
        "forgets the noise in the covariance",
        POSTERIOR + "return means, np.linalg.inv(M)",
        "the factor sigma^2 is missing",
    ),
    Answer(
        "posterior",
        "returns the precision",
        POSTERIOR + "return means, M / noise_variance",
        "that is the precision",
    ),
    Answer(
        "posterior",
        "keeps the diagonal alone",
        POSTERIOR + "return means, np.diag(np.diag(covariance))",
        "keep the whole matrix",
    ),
    Answer(
        "posterior",
        "returns the variances",
        POSTERIOR + "return means, np.diag(covariance)",
        "the shape is",
    ),
    Answer(
        "posterior",
        "multiplies by the standard deviation",
        POSTERIOR + "return means, covariance / np.sqrt(noise_variance)",
        "take no root",
    ),
    Answer(
        "posterior",
        "calls the book",
        "from lib.ppca import PPCA\nbook = PPCA(mu, W, noise_variance)\nreturn book.posterior(x)",
        "switched off",
    ),
    Answer(
        "posterior",
        "calls the tests",
        """
        from lib.homework_vae_linear import LinearGaussian
        model = object.__new__(LinearGaussian)
        model.x, model.W, model.mu, model.noise = x, W, mu, noise_variance
        model.centre, model.prior = np.zeros(W.shape[1]), np.ones(W.shape[1])
        return model.posterior()
        """,
        "the tests' own solutions are switched off",
    ),
]

ELBO = """
lengths, d = (W**2).sum(axis=0), len(mu)
squares, shake = ((x - mu - m @ W.T) ** 2).sum(axis=1), np.exp(s) @ lengths
constant = d / 2 * np.log(2 * np.pi * noise_variance)
rate = 0.5 * (np.exp(s) + m**2 - 1 - s).sum(axis=1)
"""
TOTAL = "return -(squares + shake) / (2 * noise_variance) - constant - rate"

ELBOS = [
    Answer(
        "elbo",
        "decodes the mean",
        ELBO + TOTAL.replace(" + shake", ""),
        "the noise of z costs too",
    ),
    Answer(
        "elbo",
        "adds the noise outside the fraction",
        ELBO + "return -squares / (2 * noise_variance) - shake - constant - rate",
        "divided by 2 sigma^2 as well",
    ),
    Answer(
        "elbo",
        "takes exp(s/2) for the variance",
        ELBO.replace("np.exp(s) @ lengths", "np.exp(s / 2) @ lengths") + TOTAL,
        "needs variances, not standard deviations",
    ),
    Answer(
        "elbo",
        "forgets the lengths of the columns",
        ELBO.replace("np.exp(s) @ lengths", "np.exp(s).sum(axis=1)") + TOTAL,
        "the squared length of a column",
    ),
    Answer("elbo", "forgets the constant", ELBO + TOTAL.replace(" - constant", ""), "is missing"),
    Answer(
        "elbo",
        "counts latents in the constant",
        ELBO.replace("len(mu)", "W.shape[1]") + TOTAL,
        "counts pixels, not latents",
    ),
    Answer(
        "elbo",
        "forgets to divide",
        ELBO + "return -(squares + shake) - constant - rate",
        "it should be",
    ),
    Answer("elbo", "forgets the KL", ELBO + TOTAL.replace(" - rate", ""), "the KL is missing"),
    Answer("elbo", "adds the KL", ELBO + TOTAL.replace("- rate", "+ rate"), "never negative"),
    Answer(
        "elbo",
        "forgets the half of the KL",
        ELBO + TOTAL.replace("- rate", "- 2 * rate"),
        "one half is missing",
    ),
    Answer(
        "elbo",
        "has sigma in the KL",
        ELBO.replace("(np.exp(s) + m", "(np.exp(s / 2) + m") + TOTAL,
        "sigma where sigma^2 belongs",
    ),
    Answer(
        "elbo",
        "returns the loss",
        ELBO + TOTAL.replace("return ", "return -(") + ")",
        "that is minus the bound",
    ),
    Answer("elbo", "forgets mu", ELBO.replace("x - mu", "x") + TOTAL, "take mu away"),
    Answer(
        "elbo",
        "squares the noise variance",
        "noise_variance = noise_variance**2\n" + ELBO + TOTAL,
        "the noise is given as a variance, not as a standard deviation",
    ),
    Answer(
        "elbo",
        "averages over pixels",
        ELBO + "return -((squares + shake) / (2 * noise_variance) + constant) / d - rate",
        "sum over the pixels",
    ),
    Answer(
        "elbo",
        "returns the likelihood",
        """
        C = W @ W.T + noise_variance * np.eye(len(mu))
        far = ((x - mu) @ np.linalg.inv(C) * (x - mu)).sum(axis=1)
        return -0.5 * (len(mu) * np.log(2 * np.pi) + np.linalg.slogdet(C)[1] + far)
        """,
        "return the bound for the q",
    ),
    Answer(
        "elbo",
        "calls the tests",
        ELBO + "from lib.homework_vae import kl_to\nrate = kl_to(m, s)\n" + TOTAL,
        "the tests' own solutions are switched off",
    ),
]

RATIO = """
ratio = log_joint - log_q
largest = ratio.max(axis=0)
total = np.exp(ratio - largest).sum(axis=0)
"""

IMPORTANCE = [
    Answer(
        "importance", "forgets log S", RATIO + "return largest + np.log(total)", "log S is missing"
    ),
    Answer(
        "importance",
        "subtracts S",
        RATIO + "return largest + np.log(total) - len(ratio)",
        "subtract log S, not S",
    ),
    Answer(
        "importance",
        "averages the logarithms",
        "return (log_joint - log_q).mean(axis=0)",
        "the ELBO",
    ),
    Answer(
        "importance",
        "adds log q",
        RATIO.replace("- log_q", "+ log_q") + "return largest + np.log(total / len(ratio))",
        "subtract log q",
    ),
    Answer(
        "importance",
        "forgets q",
        RATIO.replace(" - log_q", "") + "return largest + np.log(total / len(ratio))",
        "need q",
    ),
    Answer("importance", "keeps the largest", RATIO + "return largest", "the largest ratio"),
    Answer(
        "importance",
        "averages over the pictures",
        RATIO.replace("axis=0", "axis=1, keepdims=True")
        + "return (largest + np.log(total / ratio.shape[1]))[:, 0]",
        "average over axis 0",
    ),
    Answer(
        "importance",
        "leaves the logarithms",
        "return np.log(np.exp(log_joint - log_q).mean(axis=0))",
        "underflows",
    ),
    Answer(
        "importance",
        "divides averages",
        "return np.log(np.exp(log_joint).mean(axis=0)) - np.log(np.exp(log_q).mean(axis=0))",
        "by its own q",
    ),
    Answer(
        "importance",
        "returns the loss",
        RATIO + "return -largest - np.log(total / len(ratio))",
        "minus the bound",
    ),
    Answer(
        "importance",
        "subtracts the largest number of all pictures",
        "ratio = log_joint - log_q\nlargest = np.abs(ratio).max()\n"
        "return largest + np.log(np.exp(ratio - largest).mean(axis=0))",
        "underflows",
    ),
    Answer(
        "importance",
        "calls the tests",
        "from lib.homework_vae_bounds import log_mean\nreturn log_mean(log_joint - log_q)",
        "the tests' own solutions are switched off",
    ),
]

TRAIN = """
nn, d = torch.nn, x.shape[1]
encoder = nn.Sequential(nn.Linear(d, 32), nn.Tanh(), nn.Linear(32, 2 * k))
decoder = nn.Sequential(nn.Linear(k, 32), nn.Tanh(), nn.Linear(32, d))
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.03)
for _ in range({steps}):
    mean, s = encoder(x).chunk(2, dim=1)
    eps = torch.randn(mean.shape, generator=generator)
    distortion = ((x - decoder({code})) ** 2).{pixels} / (2 * std**2)
    rate = 0.5 * (torch.exp(s) + mean**2 - 1 - s).sum(dim=1)
    loss = ({loss}).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
return lambda x: encoder(x).chunk(2, dim=1), decoder
"""
GOOD = {
    "steps": "150",
    "code": "mean + torch.exp(s / 2) * eps",
    "pixels": "sum(dim=1)",
    "loss": "distortion + rate",
}

TRAINING = [
    Answer("training", name, TRAIN.format(**GOOD | {part: code}), says)
    for name, part, code, says in [
        ("leaves the KL out", "loss", "distortion", "is the KL there"),
        ("subtracts the KL", "loss", "distortion - rate", "is the KL there"),
        ("averages over the pixels", "pixels", "mean(dim=1)", "do you sum over the pixels"),
        ("draws noise of scale exp(s)", "code", "mean + torch.exp(s) * eps", "scale exp(s/2)"),
        ("decodes the mean", "code", "mean", "below log p(x)"),
        ("maximises the loss", "loss", "-distortion - rate", "below log p(x)"),
        ("forgets the noise of the decoder", "loss", "distortion * 2 * std**2 + rate", "2 sigma^2"),
        ("stops after ten steps", "steps", "10", "below log p(x)"),
    ]
] + [
    Answer(
        "training",
        "returns standard deviations",
        TRAIN.format(**GOOD).replace(
            "return lambda x: encoder(x).chunk(2, dim=1),",
            "return lambda x: (encoder(x)[:, :k], torch.exp(encoder(x)[:, k:] / 2)),",
        ),
        "below log p(x)",
    ),
    Answer(
        "training",
        "returns the two networks",
        TRAIN.format(**GOOD | {"steps": "2"}).replace(
            "return lambda x: encoder(x).chunk(2, dim=1),", "return encoder,"
        ),
        "return 2 things, (mean, s)",
    ),
    Answer(
        "training",
        "returns numbers",
        TRAIN.format(**GOOD | {"steps": "2"}).replace(
            "return lambda x: encoder(x).chunk(2, dim=1), decoder",
            "return encoder(x), decoder(mean)",
        ),
        "are two functions",
    ),
]

SCRIPT = """
optimizer = torch.optim.SGD([*encoder.parameters(), *decoder.parameters()], lr=lr)
constant = x.shape[1] / 2 * math.log(2 * math.pi * std**2)

def terms(report=False):
    mean, s = encoder(x).chunk(2, dim=1)
    eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
    z = mean + torch.exp({scale}) * eps
    squares = ((x - decoder({last} if report else z)) ** 2).{pixels}.mean()
    rate = 0.5 * (torch.exp(s) + mean**2 - 1 - s).sum(dim=1).mean()
    return squares / (2 * std**2) + constant, rate

for _ in range(steps):
    distortion, rate = terms()
    optimizer.zero_grad()
    (distortion {sign} rate).backward()
    optimizer.step()
distortion, rate = terms(report=True)
bound = -(distortion {sign} rate)
return {{"{key}": bound.item(), "distortion": distortion.item(), "rate": rate.item()}}
"""
MENDED = {"scale": "s / 2", "last": "z", "pixels": "sum(dim=1)", "sign": "+", "key": "bound"}
BROKEN = {"scale": "s", "last": "mean", "pixels": "mean(dim=1)", "sign": "-"}

CLINIC = [
    Answer("clinic", f"mends all but {what}", SCRIPT.format(**MENDED | {part: BROKEN[part]}), says)
    for what, part, says in [
        ("the noise", "scale", "the noise has the scale exp(s/2)"),
        ("the report", "last", "decoding the mean is no bound"),
        ("the mean over pixels", "pixels", "a sum over the pixels, as the rate is a sum"),
        ("the sign of the KL", "sign", "the loss adds it"),
    ]
] + [
    Answer(
        "clinic",
        "mends nothing but the key",
        SCRIPT.format(**MENDED | BROKEN),
        "as the rate is a sum over the latents; the KL is a price: the loss adds it; a report",
    ),
    Answer(
        "clinic",
        "calls the bound a likelihood",
        SCRIPT.format(**MENDED | {"key": "log_likelihood"}),
        "A bound is never called a likelihood",
    ),
    Answer(
        "clinic",
        "decodes the mean while training",
        SCRIPT.format(**MENDED).replace("if report else z", "if report else mean"),
        "that is the mean itself",
    ),
    Answer(
        "clinic",
        "takes another optimiser",
        SCRIPT.format(**MENDED).replace("optim.SGD", "optim.Adam"),
        "are not those of plain SGD",
    ),
    Answer(
        "clinic",
        "forgets the constant in the report",
        SCRIPT.format(**MENDED).replace(" + constant", ""),
        "the constant D/2 log(2 pi sigma^2) is missing",
    ),
    Answer(
        "clinic",
        "reports the loss",
        SCRIPT.format(**MENDED).replace("bound = -", "bound = "),
        "it should be",
    ),
    Answer(
        "clinic",
        "adds the rate in the report",
        SCRIPT.format(**MENDED).replace(
            "bound = -(distortion + rate)", "bound = rate - distortion"
        ),
        "the loss adds it",
    ),
]

FROM_BOOK = [
    Answer(
        "loss",
        "calls the book",
        """
        from lib.gaussian import kl_to_standard_normal, reparameterise
        mean, s = encode(x)
        logits = decode(reparameterise(mean, s, generator=generator))
        ink = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none")
        distortion, rate = ink.sum(1).mean(), kl_to_standard_normal(mean, s).mean()
        return distortion + beta * rate, distortion, rate
        """,
        "switched off",
    ),
    Answer(
        "training",
        "calls the book",
        """
        from lib.train import fit
        from lib.vae import mlp_vae
        model = mlp_vae((x.shape[1],), k, hidden=(32,))
        fit(model, x, epochs=1, generator=generator, progress=False)
        return model.encode, model.decode
        """,
        "switched off",
    ),
    Answer(
        "clinic",
        "calls the book",
        "from lib.gaussian import kl_to_standard_normal\n"
        + SCRIPT.format(**MENDED).replace(
            "0.5 * (torch.exp(s) + mean**2 - 1 - s).sum(dim=1)", "kl_to_standard_normal(mean, s)"
        ),
        "switched off",
    ),
]

WRONG = [
    *(RESPONSIBILITIES + M_STEPS + BOUNDS + TABLES + GAUSS + DRAWS + BERNOULLI + GAUSSIANS),
    *(LOSSES + FROM_BOOK[:1] + POSTERIORS + ELBOS + IMPORTANCE),
    *(TRAINING + FROM_BOOK[1:2] + CLINIC + FROM_BOOK[2:]),
]

RIGHT = [
    Answer(
        "responsibilities",
        "SciPy, one component after the other",
        """
        from scipy.special import softmax
        from scipy.stats import norm
        parts = zip(weights, means, variances)
        joint = [np.log(w) + norm(m, v**0.5).logpdf(x).sum(axis=1) for w, m, v in parts]
        return softmax(np.stack(joint, axis=1), axis=1)
        """,
    ),
    Answer(
        "m-step",
        "one component after the other, by E[x^2] - E[x]^2",
        """
        means = [np.average(x, axis=0, weights=w) for w in r.T]
        squares = [np.average(x**2, axis=0, weights=w) for w in r.T]
        return r.mean(axis=0), means, [s - m**2 for s, m in zip(squares, means)]
        """,
    ),
    Answer(
        "bound",
        "expected log density minus a KL",
        JOINT
        + """
from scipy.special import rel_entr
fit = (q * (log_joint - np.log(weights))).sum(axis=1)
return fit - rel_entr(q, weights).sum(axis=1)
""",
    ),
    Answer(
        "discrete",
        "cross-entropy minus entropy, value by value",
        """
        total = 0.0
        for a, b in zip(q, p):
            if a > 0 and b == 0:
                return float("inf")
            if a > 0:
                total += a * (math.log(a) - math.log(b))
        return total
        """,
    ),
    Answer(
        "gauss",
        "sigma first",
        """
        sigma = torch.exp(s / 2)
        return (sigma.square() / 2 + mean.square() / 2 - 0.5 - sigma.log()).sum(-1)
        """,
    ),
    Answer(
        "draw",
        "one example after the other",
        """
        rows = [torch.randn(mean.shape[1], generator=generator, dtype=s.dtype) for _ in mean]
        return torch.addcmul(mean, s.exp().sqrt(), torch.stack(rows))
        """,
    ),
    Answer(
        "bernoulli",
        "softplus",
        "return -torch.nn.functional.softplus((1 - 2 * x) * logits).sum(1)",
    ),
    Answer(
        "bernoulli",
        "PyTorch's own",
        INK + "return ink.sum(1)",
    ),
    Answer(
        "gaussian",
        "pixel by pixel",
        """
        scaled = (x - mean) / std
        return (-0.5 * scaled**2 - math.log(std) - 0.5 * math.log(2 * math.pi)).sum(1)
        """,
    ),
    Answer(
        "loss",
        "averages at the end, from the bound",
        """
        mean, s = encode(x)
        z = mean + s.exp().sqrt() * torch.randn(*mean.shape, generator=generator).double()
        logits = decode(z)
        log_p = -torch.nn.functional.softplus((1 - 2 * x) * logits).sum(1)
        kl = -0.5 * (1 + s - mean**2 - s.exp()).sum(1)
        return -(log_p - beta * kl).mean(), -log_p.mean(), kl.mean()
        """,
    ),
    Answer(
        "posterior",
        "conditions the joint Gaussian",
        """
        C = W @ W.T + noise_variance * np.eye(len(mu))
        gain = W.T @ np.linalg.inv(C)
        return [gain @ (row - mu) for row in x], np.eye(W.shape[1]) - gain @ W
        """,
    ),
    Answer(
        "posterior",
        "adds precisions",
        """
        covariance = np.linalg.inv(np.eye(W.shape[1]) + W.T @ W / noise_variance)
        return (x - mu) @ W @ covariance / noise_variance, covariance
        """,
    ),
    Answer(
        "elbo",
        "with a trace, picture by picture",
        """
        bounds = []
        for row, a, b in zip(x, m, s):
            rest, cov = row - mu - W @ a, np.diag(np.exp(b))
            squares = rest @ rest + np.trace(W @ cov @ W.T)
            fit = -squares / 2 / noise_variance - len(mu) / 2 * np.log(2 * np.pi * noise_variance)
            bounds.append(fit - 0.5 * (np.trace(cov) + a @ a - len(a) - b.sum()))
        return bounds
        """,
    ),
    Answer(
        "importance",
        "SciPy's logsumexp",
        "from scipy.special import logsumexp\n"
        "return logsumexp(log_joint - log_q, axis=0, b=1 / len(log_q))",
    ),
    Answer(
        "importance",
        "PyTorch's logsumexp",
        "ratio = torch.tensor(log_joint - log_q)\n"
        "return torch.logsumexp(ratio, 0) - math.log(len(ratio))",
    ),
    Answer(
        "training",
        "a module, batches, softplus and AdamW",
        """
        class Net(torch.nn.Module):
            def __init__(self, inputs, outputs):
                super().__init__()
                self.a, self.b = torch.nn.Linear(inputs, 64), torch.nn.Linear(64, outputs)

            def forward(self, v):
                return self.b(torch.nn.functional.softplus(self.a(v)))

        encoder, decoder = Net(x.shape[1], 2 * k), Net(k, x.shape[1])
        weights = list(encoder.parameters()) + list(decoder.parameters())
        optimizer = torch.optim.AdamW(weights, lr=0.02)
        for epoch in range(200):
            if epoch == 150:
                optimizer.param_groups[0]["lr"] = 0.005
            for rows in torch.randperm(len(x), generator=generator).split(134):
                mean, s = encoder(x[rows]).chunk(2, 1)
                z = mean + (s / 2).exp() * torch.randn(mean.shape, generator=generator)
                price = ((x[rows] - decoder(z)) ** 2).sum() / (2 * std**2)
                loss = (price + 0.5 * (s.exp() + mean**2 - 1 - s).sum()) / len(rows)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

        def encode(v):
            out = encoder(v)
            return out[:, :k], out[:, k:]

        return encode, decoder.forward
        """,
    ),
    Answer(
        "clinic",
        "steps by hand",
        """
        weights = [*encoder.parameters(), *decoder.parameters()]
        for step in range(steps + 1):
            mean, s = encoder(x).tensor_split(2, dim=1)
            eps = torch.randn(mean.shape, generator=generator, dtype=x.dtype)
            gap = x - decoder(mean + (0.5 * s).exp() * eps)
            d = (gap.pow(2) / std**2 + math.log(2 * math.pi * std**2)).sum(1).mean() / 2
            r = -0.5 * (1 + s - mean.pow(2) - s.exp()).sum(1).mean()
            if step < steps:
                for w, g in zip(weights, torch.autograd.grad(d + r, weights)):
                    w.data -= lr * g
        return {"rate": r.detach(), "distortion": d.detach(), "bound": -(d + r).detach()}
        """,
    ),
    Answer(
        "responsibilities",
        "float32",
        JOINT + SHARE.replace("return ratio", "return np.float32(ratio)"),
    ),
    Answer(
        "m-step",
        "float32",
        "x, r = x.astype(np.float32), r.astype(np.float32)\n"
        + M_STEP
        + "return total / len(x), means, variances",
    ),
    Answer(
        "bound",
        "float32",
        LOG_Q + "return (q * (log_joint - log_q)).sum(axis=1).astype(np.float32)",
    ),
    Answer(
        "discrete",
        "float32",
        DISCRETE
        + "q, p = q[some].astype(np.float32), p[some].astype(np.float32)\n"
        + "return (q * np.log(q / p)).sum()",
    ),
    Answer("gauss", "float32", "mean, s = mean.float(), s.float()\n" + KL),
    Answer(
        "draw",
        "noise of float32",
        "eps = torch.randn(mean.shape, generator=generator)\nreturn mean + torch.exp(s / 2) * eps",
    ),
    Answer(
        "bernoulli",
        "float32",
        "x, logits = x.float(), logits.float()\n" + INK + "return ink.sum(1)",
    ),
    Answer("gaussian", "float32", "x, mean = x.float(), mean.float()\n" + SQUARES + FULL),
    Answer(
        "loss",
        "float32",
        LOSS.format(**PARTS)
        .replace("(logits, x,", "(logits.float(), x.float(),")
        .replace("dtype=mean.dtype", "dtype=torch.float32"),
    ),
    Answer(
        "posterior",
        "float32",
        POSTERIOR + "return means.astype(np.float32), covariance.astype(np.float32)",
    ),
    Answer("elbo", "float32", ELBO + TOTAL.replace("return ", "return np.float32(") + ")"),
    Answer(
        "importance",
        "float32",
        "ratio = torch.tensor(log_joint - log_q).float()\n"
        "return torch.logsumexp(ratio, 0) - math.log(len(ratio))",
    ),
]
