"""Typical answers to the homework on denoising diffusion."""

from tests.homework import Answer


def variations(task, code, cases):
    """One answer for each (name, old, new, says): `old` in the code is replaced by `new`."""
    for name, old, _, _ in cases:
        if code.count(old) != 1:
            raise ValueError(f"{task}, {name}: {old!r} occurs {code.count(old)} times, not once")
    return [Answer(task, name, code.replace(old, new), says) for name, old, new, says in cases]


def calls_the_tests(task, code):
    """An answer that asks the tests' own solution."""
    return Answer(task, "calls the tests", code, "the tests' own solutions are switched off")


TABLES = """
beta = np.append(0.0, betas)
alpha = 1 - beta
alpha_bar = np.cumprod(alpha)
snr = np.append(np.inf, alpha_bar[1:] / (1 - alpha_bar[1:]))
return alpha, alpha_bar, snr
"""
TABLES_WRONG = variations(
    "tables",
    TABLES,
    [
        ("returns betas", "return alpha,", "return beta,", "alpha is what is left"),
        ("takes the root of alpha", "return alpha,", "return np.sqrt(alpha),", "take no root"),
        ("returns bar alpha twice", "return alpha,", "return alpha_bar,", "belongs to one step"),
        ("squares alpha", "return alpha,", "return alpha**2,", "take no square"),
        (
            "has lost the data",
            "return alpha,",
            "return np.append(0, alpha[1:]),",
            "the data have lost nothing",
        ),
        ("adds", "np.cumprod(alpha)", "np.cumsum(alpha)", "multiply the alphas, do not add"),
        (
            "takes the betas away",
            "np.cumprod(alpha)",
            "1 - np.cumsum(beta)",
            "shares are taken one after the other",
        ),
        (
            "multiplies the betas",
            "np.cumprod(alpha)",
            "np.append(1, np.cumprod(betas))",
            "not the betas",
        ),
        (
            "takes roots before the product",
            "np.cumprod(alpha)",
            "np.cumprod(np.sqrt(alpha))",
            "bar alpha is a factor of the variance",
        ),
        (
            "returns the noise",
            "np.cumprod(alpha)",
            "1 - np.cumprod(alpha)",
            "variance of the noise",
        ),
        ("forgets the product", "np.cumprod(alpha)", "1 * alpha", "multiply all up to t"),
        (
            "is one step behind",
            "np.cumprod(alpha)",
            "np.append(1, np.cumprod(alpha)[:-1])",
            "with alpha_t itself",
        ),
        (
            "begins at the end",
            "np.cumprod(alpha)",
            "np.append(1, np.cumprod(alpha[:0:-1]))",
            "begins at step 1",
        ),
        (
            "leaves entry 0 out",
            "return alpha, alpha_bar, snr",
            "return alpha[1:], alpha_bar[1:], snr[1:]",
            "entry 0 stands for the data",
        ),
        ("leaves the betas", "alpha = 1 - beta", "alpha = beta", "alpha is what is left"),
        (
            "turns the ratio round",
            "alpha_bar[1:] / (1 - alpha_bar[1:])",
            "(1 - alpha_bar[1:]) / alpha_bar[1:]",
            "yours is noise over signal",
        ),
        (
            "divides by the noise of one step",
            "/ (1 - alpha_bar[1:])",
            "/ beta[1:]",
            "divide by 1 - bar alpha_t",
        ),
        (
            "measures in logarithms",
            "return alpha, alpha_bar, snr",
            "return alpha, alpha_bar, np.log(snr)",
            "its logarithm",
        ),
        (
            "takes the root of the ratio",
            "return alpha, alpha_bar, snr",
            "return alpha, alpha_bar, np.sqrt(snr)",
            "a ratio of variances",
        ),
        (
            "compares single steps",
            "return alpha, alpha_bar, snr",
            "return alpha, alpha_bar, np.append(np.inf, alpha[1:] / beta[1:])",
            "all steps up to t",
        ),
        ("has no noise, no ratio", "np.inf", "0", "the ratio is infinite"),
        ("returns two tables", "alpha_bar, snr\n", "alpha_bar\n", "return 3 things"),
    ],
)
TABLES_WRONG += [
    Answer(
        "tables",
        "asks the book",
        "from lib.noise_schedule import NoiseSchedule\n"
        "s = NoiseSchedule(betas)\nreturn s.alpha, s.alpha_bar, s.snr",
        "switched off in the homework",
    ),
    calls_the_tests(
        "tables",
        "from lib.homework_diffusion import retained\n"
        "kept = retained(betas)\n"
        "return np.append(1, 1 - betas), kept, 1 / (1 / kept - 1)",
    ),
]

TERMINAL = """
left = alpha_bar[-1]
mean, variance = np.sqrt(left) * x0, 1 - left
nats = 0.5 * (mean**2 + variance - 1 - np.log(variance)).sum(axis=1)
return nats
"""
TERMINAL_WRONG = variations(
    "terminal",
    TERMINAL,
    [
        ("has the wrong sign", "return nats", "return -nats", "never negative"),
        (
            "turns the divergence round",
            "(mean**2 + variance - 1 - np.log(variance))",
            "((1 + mean**2) / variance - 1 + np.log(variance))",
            "yours is turned round",
        ),
        ("averages", ".sum(axis=1)", ".mean(axis=1)", "do not average"),
        ("sums the batch", ".sum(axis=1)", ".sum()", "one number for each example"),
        ("forgets the half", "0.5 * ", "", "the factor 1/2 is missing"),
        ("misses a root", "np.sqrt(left) * x0", "left * x0", "the root is missing"),
        (
            "squares the variance",
            ", 1 - left",
            ", (1 - left) ** 2",
            "is a variance, not a standard",
        ),
        ("takes the signal's share", ", 1 - left", ", left", "not bar alpha_T"),
        ("forgets the mean", "np.sqrt(left) * x0", "0 * x0", "its mean counts"),
        ("takes x_0 itself", "np.sqrt(left) * x0", "x0", "with the noise of step T"),
        ("is one step early", "alpha_bar[-1]", "alpha_bar[-2]", "at step T - 1"),
        ("counts in bits", "return nats", "return nats / np.log(2)", "that is in bits"),
        ("drops the logarithm", " - np.log(variance)", "", "logarithm of the variance is missing"),
    ],
)
TERMINAL_WRONG += [
    Answer(
        "terminal",
        "asks the book",
        "from lib.gaussian import kl_to_standard_normal\n"
        "return kl_to_standard_normal(torch.tensor(np.sqrt(alpha_bar[-1]) * x0), "
        "torch.full(x0.shape, np.log(1 - alpha_bar[-1])))",
        "the book's own functions are switched off",
    )
]

DIFFUSE = """
kept = alpha_bar[t].reshape(-1, *[1] * (x0.ndim - 1))
return np.sqrt(kept) * x0 + np.sqrt(1 - kept) * eps
"""
LAST = "return np.sqrt(kept) * x0 + np.sqrt(1 - kept) * eps"
DIFFUSE_WRONG = variations(
    "diffuse",
    DIFFUSE,
    [
        ("misses the first root", "np.sqrt(kept) *", "kept *", "the root of bar alpha_t"),
        ("misses the second root", "np.sqrt(1 - kept)", "(1 - kept)", "multiplied by its root"),
        ("misses both roots", LAST, "return kept * x0 + (1 - kept) * eps", "take both roots"),
        (
            "exchanges the factors",
            LAST,
            "return np.sqrt(1 - kept) * x0 + np.sqrt(kept) * eps",
            "the two factors are exchanged",
        ),
        (
            "lets the factors add up to 1",
            "np.sqrt(1 - kept)",
            "(1 - np.sqrt(kept))",
            "the squares of the two factors add up to 1",
        ),
        ("is one step behind", "alpha_bar[t]", "alpha_bar[t - 1]", "you are one step behind"),
        (
            "is one step ahead",
            "alpha_bar[t]",
            "np.append(alpha_bar[1:], alpha_bar[-1])[t]",
            "you are one step ahead",
        ),
        ("takes the noise away", "x0 +", "x0 -", "add the noise"),
        (
            "makes a single step",
            "alpha_bar[t]",
            "(alpha_bar[t] / alpha_bar[t - 1])",
            "that is a single step",
        ),
        ("uses one t for all", "alpha_bar[t]", "alpha_bar[t[:1]]", "of the first for all"),
        ("forgets the noise", " + np.sqrt(1 - kept) * eps", "", "that is the mean"),
        (
            "adds the noise of the last step alone",
            "np.sqrt(1 - kept)",
            "np.sqrt(1 - kept / alpha_bar[t - 1].reshape(kept.shape))",
            "the noise of all steps counts",
        ),
        (
            "gives columns their t",
            ".reshape(-1, *[1] * (x0.ndim - 1))",
            " if x0.shape[0] == x0.shape[1] else alpha_bar[t].reshape(-1, *[1] * (x0.ndim - 1))",
            "not for each column",
        ),
        (
            "changes x0",
            LAST,
            "x0 *= np.sqrt(kept)\nreturn x0 + np.sqrt(1 - kept) * eps",
            "changes x0",
        ),
    ],
)
DIFFUSE_WRONG += [
    Answer(
        "diffuse",
        "asks the book",
        "from lib.noise_schedule import NoiseSchedule\n"
        "s = NoiseSchedule(1 - alpha_bar[1:] / alpha_bar[:-1])\n"
        "return s.diffuse(torch.tensor(x0), torch.tensor(t), torch.tensor(eps))",
        "switched off",
    ),
]

JUMP = """
kept = alpha_bar[t] / alpha_bar[s]
return np.sqrt(kept) * xs + np.sqrt(1 - kept) * eps
"""
LAST = "return np.sqrt(kept) * xs + np.sqrt(1 - kept) * eps"
JUMP_WRONG = variations(
    "jump",
    JUMP,
    [
        ("starts from the data", "alpha_bar[t] / alpha_bar[s]", "alpha_bar[t]", "x_s is not x_0"),
        ("misses the first root", "np.sqrt(kept) *", "kept *", "x_s is multiplied by the root"),
        ("misses the second root", "np.sqrt(1 - kept)", "(1 - kept)", "take its root"),
        ("misses both roots", LAST, "return kept * xs + (1 - kept) * eps", "take both roots"),
        (
            "adds all noise up to t",
            "np.sqrt(1 - kept)",
            "np.sqrt(1 - alpha_bar[t])",
            "x_s holds a part of it",
        ),
        (
            "subtracts variances",
            "np.sqrt(1 - kept)",
            "np.sqrt(alpha_bar[s] - alpha_bar[t])",
            "the variances do not just differ",
        ),
        (
            "exchanges the factors",
            LAST,
            "return np.sqrt(1 - kept) * xs + np.sqrt(kept) * eps",
            "exchanged",
        ),
        (
            "makes the last step alone",
            "/ alpha_bar[s]",
            "/ alpha_bar[t - 1]",
            "the last step alone",
        ),
        (
            "begins a step early",
            "/ alpha_bar[s]",
            "/ alpha_bar[max(s - 1, 0)]",
            "begin with s + 1",
        ),
        (
            "ends a step early",
            "alpha_bar[t] /",
            "alpha_bar[t - 1] /",
            "step t is a part of the way",
        ),
        (
            "turns the ratio round",
            LAST,
            "return xs / np.sqrt(kept) + np.sqrt(np.maximum(1 - 1 / kept, 0)) * eps",
            "yours is turned round",
        ),
        ("takes the noise away", "xs +", "xs -", "add the noise"),
    ],
)
JUMP_WRONG += [
    calls_the_tests(
        "jump",
        "from lib.homework_diffusion import moments\n"
        "factor, variance = moments(alpha_bar, s, t)\n"
        "return factor * xs + np.sqrt(variance) * eps",
    ),
]

POSTERIOR = """
kept, before = alpha_bar[t], alpha_bar[t - 1]
alpha, beta = kept / before, 1 - kept / before
on_x0 = np.sqrt(before) * beta / (1 - kept)
on_xt = np.sqrt(alpha) * (1 - before) / (1 - kept)
wide = (-1, *[1] * (x0.ndim - 1))
mean = on_x0.reshape(wide) * x0 + on_xt.reshape(wide) * xt
variance = (1 - before) / (1 - kept) * beta
return mean, variance
"""
POSTERIOR_WRONG = (
    variations(
        "posterior",
        POSTERIOR,
        [
            (
                "exchanges the factors",
                "on_x0.reshape(wide) * x0 + on_xt.reshape(wide) * xt",
                "on_xt.reshape(wide) * x0 + on_x0.reshape(wide) * xt",
                "the two factors are exchanged",
            ),
            (
                "misses the root at x_0",
                "np.sqrt(before) * beta",
                "before * beta",
                "the factor of x_0 has the root of bar alpha_(t-1)",
            ),
            (
                "misses the root at x_t",
                "np.sqrt(alpha)",
                "alpha",
                "the factor of x_t has the root of alpha_t",
            ),
            (
                "takes the root of bar alpha_t",
                "np.sqrt(before)",
                "np.sqrt(kept)",
                "not of bar alpha_t",
            ),
            (
                "takes 1 - bar alpha_t at x_t",
                "np.sqrt(alpha) * (1 - before)",
                "np.sqrt(alpha) * (1 - kept)",
                "not 1 - bar alpha_t",
            ),
            (
                "takes the root of beta",
                "np.sqrt(before) * beta",
                "np.sqrt(before * beta)",
                "has beta_t, not its root",
            ),
            (
                "forgets to divide",
                "mean = ",
                "on_x0, on_xt = on_x0 * (1 - kept), on_xt * (1 - kept)\nmean = ",
                "divide by 1 - bar alpha_t",
            ),
            (
                "ignores x_t",
                "return mean",
                "return np.sqrt(before).reshape(wide) * x0",
                "x_t tells more",
            ),
            (
                "ignores x_0",
                "return mean",
                "return xt / np.sqrt(alpha).reshape(wide)",
                "x_0 tells more",
            ),
            (
                "uses one t for all",
                "kept, before = alpha_bar[t], alpha_bar[t - 1]",
                "kept, before = alpha_bar[t * 0 + t[0]], alpha_bar[t * 0 + t[0] - 1]",
                "of the first for all",
            ),
            (
                "misses both roots",
                "on_xt = np.sqrt(alpha)",
                "on_x0 = before * beta / (1 - kept)\non_xt = alpha",
                "and of alpha_t are missing",
            ),
        ],
    )
    + [
        Answer("posterior", name, POSTERIOR.replace("return mean, variance", new), says)
        for name, new, says in [
            ("returns the spread", "return mean, np.sqrt(variance)", "the standard deviation"),
            ("returns beta", "return mean, beta", "x_0 is known as well"),
            (
                "turns the ratio round",
                "return mean, (1 - kept) / (1 - before) * beta",
                "the ratio is turned round",
            ),
            ("returns the noise so far", "return mean, 1 - before", "x_t tells more"),
            ("forgets beta", "return mean, (1 - before) / (1 - kept)", "multiply by beta_t"),
            ("forgets 1 minus", "return mean, before / kept * beta", "above and below"),
            ("squares beta", "return mean, variance * beta", "do not square it"),
            ("returns one variance", "return mean, variance[0]", "one number for each example"),
            ("returns the mean alone", "return mean", "return 2 things"),
        ]
    ]
    + [
        calls_the_tests(
            "posterior",
            "from lib.homework_diffusion import bridge\n"
            "a, b, v = np.array([bridge(alpha_bar, int(k) - 1, int(k)) for k in t]).T\n"
            "wide = (-1, *[1] * (x0.ndim - 1))\n"
            "return a.reshape(wide) * x0 + b.reshape(wide) * xt, v",
        ),
    ]
)

VIEWS = """
a, b = np.sqrt(alpha_bar[t]), np.sqrt(1 - alpha_bar[t])
if kind == "x0":
    x0 = value
    eps = (xt - a * x0) / b
elif kind == "eps":
    eps = value
    x0 = (xt - b * eps) / a
else:
    x0, eps = a * xt - b * value, b * xt + a * value
v = a * eps - b * x0
return x0, eps, v
"""
ROOTS = "a, b = np.sqrt(alpha_bar[t]), np.sqrt(1 - alpha_bar[t])"
VIEWS_WRONG = variations(
    "views",
    VIEWS,
    [
        ("misses the root of the signal", ROOTS, ROOTS + "\na = a**2", "x_0 has its root"),
        ("misses the root of the noise", ROOTS, ROOTS + "\nb = b**2", "eps has its root"),
        ("misses both roots", ROOTS, ROOTS + "\na, b = a**2, b**2", "both roots are missing"),
        ("exchanges the factors", ROOTS, ROOTS + "\na, b = b, a", "x_0 and eps are exchanged"),
        (
            "is one step behind",
            ROOTS,
            "t = t - 1\n" + ROOTS,
            "you are one step behind",
        ),
        (
            "is one step ahead",
            ROOTS,
            "t = min(t + 1, len(alpha_bar) - 1)\n" + ROOTS,
            "you are one step ahead",
        ),
        ("adds x_0", "(xt - a * x0)", "(xt + a * x0)", "do not add it"),
        ("adds the noise", "(xt - b * eps)", "(xt + b * eps)", "do not add it"),
        ("does not divide x_0", "(xt - b * eps) / a", "xt - b * eps", "divide by it"),
        ("does not divide eps", "(xt - a * x0) / b", "xt - a * x0", "divide by it"),
        ("divides x_0 by a square", "eps) / a", "eps) / a**2", "x_0 has its root as a factor"),
        ("has a sum for v", "a * eps - b * x0", "a * eps + b * x0", "not a sum"),
        ("exchanges factors in v", "a * eps - b * x0", "b * eps - a * x0", "that of eps"),
        ("turns v round", "a * eps - b * x0", "b * x0 - a * eps", "the noise comes first in v"),
        ("has no factors in v", "a * eps - b * x0", "eps - x0", "v has both factors"),
        ("squares in v", "a * eps - b * x0", "a**2 * eps - b**2 * x0", "without squares"),
        ("returns eps first", "return x0, eps, v", "return eps, x0, v", "that is eps"),
        ("turns v the wrong way", "a * xt - b * value", "a * xt + b * value", "do not add it"),
        ("returns two", "return x0, eps, v", "return x0, eps", "return 3 things"),
    ],
)
VIEWS_WRONG += [
    Answer(
        "views",
        "asks the book",
        "from lib.noise_schedule import NoiseSchedule\n"
        "s = NoiseSchedule(1 - alpha_bar[1:] / alpha_bar[:-1])\n"
        "x0 = s.data_from_noise(torch.tensor(xt), t, torch.tensor(value))\n"
        "return x0, value, s.velocity(x0, t, torch.tensor(value))",
        "switched off",
    ),
]

WEIGHTS = """
beta = np.asarray(betas)[1:]
alpha_bar = np.cumprod(1 - betas)
kept, before, alpha = alpha_bar[1:], alpha_bar[:-1], 1 - beta
sigma2 = beta if variance == "beta" else (1 - before) / (1 - kept) * beta
on_eps = beta**2 / (2 * sigma2 * alpha * (1 - kept))
on_x0 = on_eps * kept / (1 - kept)
on_v = on_eps * kept
return on_x0, on_eps, on_v
"""
WEIGHTS_WRONG = variations(
    "weights",
    WEIGHTS,
    [
        ("forgets the half", "(2 * sigma2", "(sigma2", "the factor 1/2"),
        ("divides by sigma", "(2 * sigma2", "(2 * np.sqrt(sigma2)", "not by sigma_t"),
        ("forgets the variance", "2 * sigma2 *", "2 *", "the variance of the step is missing"),
        ("exchanges the variances", '== "beta"', '!= "beta"', "the variance is the other one"),
        ("forgets alpha", " * alpha * ", " * ", "alpha_t is missing"),
        (
            "forgets the noise level",
            " * alpha * (1 - kept))",
            " * alpha)",
            "1 - bar alpha_t is missing",
        ),
        ("is simple", "beta**2 /", "1 + 0 *", "it should be"),
        (
            "leaves L_simple",
            "return on_x0, on_eps",
            "return on_x0, np.ones(len(beta))",
            "L_simple",
        ),
        (
            "turns the ratio round",
            "on_eps * kept / (1 - kept)",
            "on_eps / kept * (1 - kept)",
            "SNR(t), turned round",
        ),
        ("divides for v", "on_v = on_eps * kept", "on_v = on_eps / kept", "bar alpha_t, turned"),
        (
            "returns eps first",
            "return on_x0, on_eps, on_v",
            "return on_eps, on_x0, on_v",
            "those are the weights on eps",
        ),
        (
            "has the same weight everywhere",
            "return on_x0, on_eps, on_v",
            "return on_eps, on_eps, on_eps",
            "those are the weights on eps",
        ),
        (
            "begins at t = 1",
            "return on_x0, on_eps, on_v",
            "first = [[math.inf, *w] for w in (on_x0, on_eps, on_v)]\nreturn first",
            "for t = 2 to T",
        ),
        (
            "returns one over the weights",
            "return on_x0, on_eps, on_v",
            "return 1 / on_x0, 1 / on_eps, 1 / on_v",
            "one over the weights",
        ),
        (
            "does not square beta",
            "on_x0 = ",
            "on_x0 = np.sqrt(before) * beta / (1 - kept) / (2 * sigma2)  # ",
            "square their factor",
        ),
    ],
)
WEIGHTS_WRONG += [
    calls_the_tests(
        "weights",
        "from lib.homework_diffusion_weights import weights_of\n"
        "return [weights_of(betas, variance, name) for name in ('x0', 'eps', 'v')]",
    ),
]

LOSS = """
kept = alpha_bar[t].reshape(-1, *[1] * (x0.ndim - 1))
a, b = kept.sqrt(), (1 - kept).sqrt()
xt = a * x0 + b * eps
goal = {"x0": x0, "eps": eps, "v": a * eps - b * x0}[target]
gap = (network(xt, t) - goal).flatten(1)
return gap.square().sum(1).mean()
"""
END = "return gap.square().sum(1).mean()"
LOSS_WRONG = variations(
    "loss",
    LOSS,
    [
        ("averages over everything", END, "return gap.square().mean()", "do not average over them"),
        ("sums the batch", END, "return gap.square().sum()", "do not sum"),
        ("halves", END, "return gap.square().sum(1).mean() / 2", "no factor 1/2"),
        ("takes the root", END, "return gap.square().sum(1).mean().sqrt()", "take no root"),
        ("takes absolute values", ".square()", ".abs()", "square the error"),
        ("gives x_0 to the network", "network(xt, t)", "network(x0, t)", "not x_0"),
        ("gives the noise to the network", "network(xt, t)", "network(eps, t)", "not the noise"),
        ("says t - 1", "network(xt, t)", "network(xt, t - 1)", "not t - 1"),
        ("says one t for all", "network(xt, t)", "network(xt, t[0])", "the t of each example"),
        ("says shares of T", "network(xt, t)", "network(xt, t / 1000)", "whole numbers"),
        ("is one step behind", "alpha_bar[t]", "alpha_bar[t - 1]", "you are one step behind"),
        ("uses one t for all", "alpha_bar[t]", "alpha_bar[t[:1]]", "of the first for all"),
        ("misses the root of the signal", "xt = a *", "xt = a**2 *", "x_t: bar alpha_t"),
        ("misses the root of the noise", "+ b * eps\n", "+ b**2 * eps\n", "x_t: 1 - bar alpha_t"),
        (
            "misses both roots",
            "xt = a * x0 + b * eps",
            "xt = kept * x0 + (1 - kept) * eps",
            "both roots",
        ),
        (
            "has another sign in v",
            "a * eps - b * x0}",
            "b * x0 - a * eps}",
            "your sign is the other",
        ),
        ("always asks for the noise", "[target]", '["eps"]', "yours is eps"),
        ("always asks for the data", "[target]", '["x0"]', "yours is x0"),
        ("rebuilds x_t", "- goal)", "- xt)", "yours is to be x_t"),
        (
            "stops the gradient",
            "network(xt, t)",
            "network(xt, t).detach()",
            "no gradient gets through",
        ),
        ("returns a float", END, "return gap.square().sum(1).mean().item()", "return a tensor"),
        ("returns all examples", END, "return gap.square().sum(1)", "the shape is"),
    ],
)
LOSS_WRONG += [
    Answer(
        "loss",
        "lets half of the gradient through",
        LOSS.replace(
            "gap = (network(xt, t) - goal)",
            "out = network(xt, t)\nout = (out + out.detach()) / 2\ngap = (out - goal)",
        ),
        "the gradient of",
    ),
    Answer(
        "loss",
        "asks the book",
        "from lib.diffusion import Diffusion\n"
        "from lib.noise_schedule import NoiseSchedule\n"
        "s = NoiseSchedule(1 - alpha_bar[1:] / alpha_bar[:-1])\n"
        "return (network(s.diffuse(x0, t, eps), t) - eps).square().flatten(1).sum(1).mean()",
        "switched off",
    ),
]

MIXTURE = """
kept = alpha_bar[t]
root, noise = np.sqrt(kept), 1 - kept
spread = kept * variance + noise
gap = xt[:, None] - root * means
logs = np.log(weights) - (gap**2).sum(axis=2) / (2 * spread)
logs = logs - logs.max(axis=1, keepdims=True)
shares = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
guesses = means + variance * root / spread * gap
x0 = (shares[:, :, None] * guesses).sum(axis=1)
score = (root * x0 - xt) / noise
return x0, score
"""
MIXTURE_WRONG = variations(
    "mixture",
    MIXTURE,
    [
        (
            "takes the nearest component",
            "guesses = ",
            "shares = np.eye(len(weights))[logs.argmax(axis=1)]\nguesses = ",
            "the most probable alone",
        ),
        ("does not shrink the means", "root * means", "means", "not mu"),
        ("misses a root at the means", "- root * means", "- kept * means", "the root is missing"),
        ("forgets the weights", "np.log(weights) - ", "-", "weights of the components are missing"),
        ("forgets the 2", "/ (2 * spread)", "/ spread", "the 2 is missing"),
        ("compares without the noise level", "/ (2 * spread)", "/ 2", "by the variance of x_t"),
        ("is one step behind", "alpha_bar[t]", "alpha_bar[t - 1]", "for step t, not t - 1"),
        (
            "guesses the means themselves",
            "means + variance * root / spread * gap",
            "means + 0 * gap",
            "where in the component it lies",
        ),
        (
            "forgets the width in the shares",
            "/ (2 * spread)",
            "/ (2 * noise)",
            "within a component is bar alpha_t * variance",
        ),
        (
            "does not shrink the width",
            "kept * variance + noise",
            "variance + noise",
            "`variance` is multiplied by bar alpha_t",
        ),
        ("turns the score round", "return x0, score", "return x0, -score", "the sign is wrong"),
        (
            "returns the noise",
            "return x0, score",
            "return x0, -score * np.sqrt(noise)",
            "that is the expected noise",
        ),
        (
            "returns minus the noise",
            "return x0, score",
            "return x0, score * np.sqrt(noise)",
            "minus the expected noise",
        ),
        (
            "divides the noise by the variance",
            "return x0, score",
            "return x0, score / np.sqrt(noise)",
            "not by 1 - bar alpha_t",
        ),
        (
            "does not shrink x_0 in the score",
            "(root * x0 - xt)",
            "(x0 - xt)",
            "before it is taken away",
        ),
        (
            "lets exp underflow",
            "logs = logs - logs.max(axis=1, keepdims=True)\n",
            "",
            "exp underflows",
        ),
        ("returns the guess alone", "return x0, score", "return x0", "return 2 things"),
    ],
)
MIXTURE_WRONG += [
    calls_the_tests(
        "mixture",
        "from lib.homework_diffusion_chain import tweedie\n"
        "return tweedie(xt, alpha_bar[t], weights, means, variance)",
    ),
    Answer(
        "mixture",
        "asks the book",
        "from lib.exact_denoiser import ExactDenoiser\nreturn ExactDenoiser.score(None, xt, t), xt",
        "the book's own functions are switched off",
    ),
]

CHAIN = """
alpha_bar = np.append(1.0, np.cumprod(1 - betas))
means, variances = [0.0], [1.0]
for t in range(len(betas), 0, -1):
    beta, kept, before = betas[t - 1], alpha_bar[t], alpha_bar[t - 1]
    alpha, noise = 1 - beta, 1 - kept
    gain = math.sqrt(kept) * variance / (kept * variance + noise)
    on_x0 = math.sqrt(before) * beta / noise
    slope = on_x0 * gain + math.sqrt(alpha) * (1 - before) / noise
    shift = on_x0 * (mean - gain * math.sqrt(kept) * mean)
    sigma2 = beta if kind == "beta" else (1 - before) / noise * beta
    means.append(slope * means[-1] + shift)
    variances.append(slope**2 * variances[-1] + (sigma2 if t > 1 else 0))
return means[::-1], variances[::-1]
"""
CHAIN_WRONG = variations(
    "chain",
    CHAIN,
    [
        (
            "adds noise at the last step",
            "(sigma2 if t > 1 else 0)",
            "sigma2",
            "no noise at the last",
        ),
        (
            "starts from the noisy data",
            "means, variances = [0.0], [1.0]",
            "k = alpha_bar[-1]\nmeans, variances = [k**0.5 * mean], [k * variance + 1 - k]",
            "the chain starts from N(0, 1)",
        ),
        ("never adds noise", "(sigma2 if t > 1 else 0)", "0", "each step back but the last adds"),
        (
            "guesses the mean of the data",
            "gain = math.sqrt(kept) * variance /",
            "gain = 0 * variance /",
            "yours is the mean of the data",
        ),
        ("exchanges the variances", '== "beta"', '!= "beta"', "the variance is the other one"),
        (
            "begins with x_T",
            "return means[::-1], variances[::-1]",
            "return means, variances",
            "yours begins with x_T",
        ),
        (
            "goes forward",
            "return means[::-1], variances[::-1]",
            "return np.sqrt(alpha_bar) * mean, alpha_bar * variance + 1 - alpha_bar",
            "the chain starts from N(0, 1)",
        ),
        (
            "trusts the end",
            "return means[::-1], variances[::-1]",
            "means[-1], variances[-1] = mean, variance\nreturn means[::-1], variances[::-1]",
            "does not quite reach the data",
        ),
        (
            "returns spreads",
            "return means[::-1], variances[::-1]",
            "return means[::-1], np.sqrt(variances[::-1])",
            "standard deviations",
        ),
        ("does not square the slope", "slope**2", "slope", "it should be"),
        (
            "exchanges the coefficients",
            "on_x0 * gain + math.sqrt(alpha) * (1 - before) / noise",
            "on_x0 + math.sqrt(alpha) * (1 - before) / noise * gain",
            "it should be",
        ),
        ("misses a root", "on_x0 = math.sqrt(before)", "on_x0 = before", "it should be"),
        (
            "is one step behind",
            "alpha_bar[t], alpha_bar[t - 1]",
            "alpha_bar[t], alpha_bar[t]",
            "it should be",
        ),
        ("adds spreads", "(sigma2 if", "(sigma2**0.5 if", "it should be"),
        (
            "returns x_0 alone",
            "return means[::-1], variances[::-1]",
            "return means[-1], variances[-1]",
            "the shape is",
        ),
    ],
)
CHAIN_WRONG += [
    calls_the_tests(
        "chain",
        "from lib.homework_diffusion_chain import chain_of\n"
        "return chain_of(mean, variance, betas, kind)",
    ),
]

DDIM = """
now, then = alpha_bar[t], alpha_bar[s]
x0 = (xt - np.sqrt(1 - now) * eps) / np.sqrt(now)
sigma = eta * np.sqrt((1 - then) / (1 - now) * (1 - now / then))
return np.sqrt(then) * x0 + np.sqrt(1 - then - sigma**2) * eps + sigma * z
"""
DDIM_WRONG = variations(
    "ddim",
    DDIM,
    [
        (
            "stays at the level of t",
            "return np.sqrt(then) * x0 + np.sqrt(1 - then - sigma**2)",
            "return np.sqrt(now) * x0 + np.sqrt(1 - now - sigma**2)",
            "the noise level of s",
        ),
        ("misses the root of x_0", "return np.sqrt(then)", "return then", "the factor of x_0 has"),
        ("divides by the square", "/ np.sqrt(now)\n", "/ now\n", "divide by the root"),
        ("misses the root of the noise", "xt - np.sqrt(1 - now)", "xt - (1 - now)", "x_0: 1 - bar"),
        (
            "leaves the noise in x_0",
            "x0 = (xt - np.sqrt(1 - now) * eps) / np.sqrt(now)",
            "x0 = xt",
            "x_0 is not x_t",
        ),
        (
            "misses the root of eps",
            "np.sqrt(1 - then - sigma**2)",
            "(1 - then - sigma**2)",
            "the factor of eps has a root",
        ),
        ("forgets eps", " + np.sqrt(1 - then - sigma**2) * eps", "", "noise of level s belongs"),
        (
            "takes z for all noise",
            "np.sqrt(1 - then - sigma**2) * eps + sigma * z",
            "np.sqrt(1 - then) * z",
            "the expected noise is missing",
        ),
        (
            "has too much noise",
            "np.sqrt(1 - then - sigma**2)",
            "np.sqrt(1 - then)",
            "take sigma^2 away",
        ),
        ("squares sigma", "sigma * z", "sigma**2 * z", "yours is its square"),
        ("forgets a square", "then - sigma**2", "then - sigma", "stands sigma^2, not sigma"),
        (
            "forgets eta",
            "eta * np.sqrt(",
            "(eta > 0) * np.sqrt(",
            "eta multiplies sigma",
        ),
        (
            "takes the root of eta",
            "sigma = eta *",
            "sigma = np.sqrt(eta) *",
            "sigma^2 has eta^2",
        ),
        ("forgets a factor", " * (1 - now / then))", ")", "sigma has a second factor"),
        ("forgets z", " + sigma * z", "", "z is missing"),
        (
            "returns the guess",
            "return np.sqrt(then)",
            "return x0\nreturn np.sqrt(then)",
            "that is x_0 itself",
        ),
    ],
)
DDIM_WRONG += [
    calls_the_tests(
        "ddim",
        "from lib.homework_diffusion import bridge\n"
        "on_x0, on_xt, variance = bridge(alpha_bar, s, t)\n"
        "x0 = (xt - np.sqrt(1 - alpha_bar[t]) * eps) / np.sqrt(alpha_bar[t])\n"
        "return on_x0 * x0 + on_xt * xt + np.sqrt(variance) * z",
    ),
]

COMPLETION = """
def noisy(t, e):
    return np.sqrt(alpha_bar[t]) * x0 + np.sqrt(1 - alpha_bar[t]) * e

xt = start
for t in range(len(alpha_bar) - 1, 0, -1):
    xt = np.where(known, noisy(t, eps[t]), xt)
    xt = reverse(xt, t)
return np.where(known, x0, xt)
"""
COMPLETION_WRONG = variations(
    "completion",
    COMPLETION,
    [
        (
            "keeps the data clean",
            "known, noisy(t, eps[t]), xt",
            "known, x0, xt",
            "yours stay clean",
        ),
        (
            "pastes at the end alone",
            "known, noisy(t, eps[t]), xt",
            "known, xt, xt",
            "at every step",
        ),
        ("forgets the end", "return np.where(known, x0, xt)", "return xt", "in the end"),
        (
            "exchanges known and hidden",
            "xt = start",
            "known = ~known\nxt = start",
            "yours are exchanged",
        ),
        ("is one level behind", "noisy(t, eps[t])", "noisy(t - 1, eps[t])", "not of t - 1"),
        (
            "pastes level t after step t",
            "    xt = np.where(known, noisy(t, eps[t]), xt)\n    xt = reverse(xt, t)\n",
            "    xt = np.where(known, noisy(t, eps[t]), reverse(xt, t))\n",
            "after step t the level is t - 1",
        ),
        ("takes one noise for all", "noisy(t, eps[t])", "noisy(t, eps[0])", "not the same at all"),
        (
            "takes the noise of t - 1",
            "noisy(t, eps[t])",
            "noisy(t, eps[t - 1])",
            "yours is eps[t - 1]",
        ),
        (
            "does not paste into x_T",
            "    xt = np.where(known, noisy(t, eps[t]), xt)\n",
            "    if t < len(alpha_bar) - 1:\n        xt = np.where(known, noisy(t, eps[t]), xt)\n",
            "before the first step",
        ),
        (
            "misses both roots",
            "np.sqrt(alpha_bar[t]) * x0 + np.sqrt(1 - alpha_bar[t]) * e",
            "alpha_bar[t] * x0 + (1 - alpha_bar[t]) * e",
            "take the roots",
        ),
        (
            "pastes without noise",
            "np.sqrt(alpha_bar[t]) * x0 + np.sqrt(1 - alpha_bar[t]) * e",
            "np.sqrt(alpha_bar[t]) * x0",
            "noise is missing",
        ),
        (
            "does not shrink",
            "np.sqrt(alpha_bar[t]) * x0 + np.sqrt(1 - alpha_bar[t]) * e",
            "x0 + np.sqrt(1 - alpha_bar[t]) * e",
            "shrink as well",
        ),
        ("asks for step 0", "len(alpha_bar) - 1, 0, -1", "len(alpha_bar) - 1, -1, -1", "down to 1"),
        (
            "goes forward",
            "range(len(alpha_bar) - 1, 0, -1)",
            "range(1, len(alpha_bar))",
            "it should be",
        ),
        (
            "asks twice",
            "    xt = reverse(xt, t)\n",
            "    reverse(xt, t)\n    xt = reverse(xt, t)\n",
            "once for each t",
        ),
        ("never asks", "    xt = reverse(xt, t)\n", "", "it should be"),
    ],
)
COMPLETION_WRONG += [
    calls_the_tests(
        "completion",
        "from lib.homework_diffusion_sampling import completed\n"
        "return completed(reverse, x0, known, start, eps, alpha_bar)",
    ),
]
CLINIC = """
T = len(betas)
alpha_bar = np.append(1.0, np.cumprod(1 - betas))
path = [start]
for t in range(T, 0, -1):
    xt, beta, now, before = path[-1], betas[t - 1], alpha_bar[t], {before}
    x0 = (xt - {noise} * network(xt, {asked})) / np.sqrt(now)
    first, second = {pair}
    mean = np.sqrt(before) * beta * first + np.sqrt(1 - beta) * (1 - before) * second
    path.append(mean / (1 - now) + ({sigma} * z[t] if t > {quiet} else 0))
return np.array(path{order})
"""
MENDED = {
    "before": "alpha_bar[t - 1]",
    "noise": "np.sqrt(1 - now)",
    "asked": "t",
    "pair": "x0, xt",
    "sigma": "np.sqrt(beta)",
    "quiet": "1",
    "order": "[::-1]",
}
BROKEN = {
    "before": "alpha_bar[t - 1 if t > 1 else T]",
    "noise": "(1 - now)",
    "pair": "xt, x0",
    "quiet": "0",
}
CLINIC_WRONG = [
    Answer("clinic", name, CLINIC.format(**MENDED | change), says)
    for name, change, says in [
        ("mends all but the root", {"noise": BROKEN["noise"]}, "misses a root"),
        ("mends all but the mean", {"pair": BROKEN["pair"]}, "in the mean are exchanged"),
        ("mends all but the end", {"before": BROKEN["before"]}, "bar alpha_0 is 1"),
        ("mends all but the last noise", {"quiet": "0"}, "added at the last step"),
        (
            "mends nothing",
            BROKEN,
            "misses a root: 1 - bar alpha_t is a variance; the factors of x_0 and of x_t in the "
            "mean are exchanged; at t = 1",
        ),
        (
            "mends the roots and the mean",
            {"before": BROKEN["before"], "quiet": "0"},
            "bar alpha_0 is 1; noise is added at the last step",
        ),
        ("takes beta for a spread", {"sigma": "beta"}, "multiplied by its root"),
        (
            "takes the posterior's variance",
            {"sigma": "np.sqrt((1 - before) / (1 - now) * beta)"},
            "not that of the posterior",
        ),
        ("never adds noise", {"sigma": "0"}, "each step but the last adds noise"),
        ("begins with x_T", {"order": ""}, "yours begins with x_T"),
        ("asks for the step before", {"asked": "t - 1"}, "it should be"),
        ("returns x_0 alone", {"order": "[-1]"}, "the shape is"),
    ]
]
CLINIC_WRONG += [
    Answer(
        "clinic",
        "takes the noise of the step before",
        CLINIC.format(**MENDED).replace("z[t]", "z[t - 1]"),
        "yours is one off",
    ),
    calls_the_tests(
        "clinic",
        "from lib.homework_diffusion_clinic import trajectory\n"
        "return trajectory(network, start, z, betas)",
    ),
]

WRONG = (
    TABLES_WRONG
    + TERMINAL_WRONG
    + DIFFUSE_WRONG
    + JUMP_WRONG
    + POSTERIOR_WRONG
    + VIEWS_WRONG
    + WEIGHTS_WRONG
    + LOSS_WRONG
    + MIXTURE_WRONG
    + CHAIN_WRONG
    + DDIM_WRONG
    + COMPLETION_WRONG
    + CLINIC_WRONG
)

SINGLE = "{0} = (np.float32(v) for v in ({0}))\n"

RIGHT = [
    Answer("tables", "in float32", "betas = np.float32(betas)\n" + TABLES),
    Answer(
        "tables",
        "as lists, in a loop",
        """
        alpha, kept, snr = [1], [1], [float("inf")]
        for beta in betas:
            alpha.append(1 - beta)
            kept.append(kept[-1] * alpha[-1])
            snr.append(kept[-1] / (1 - kept[-1]))
        return [alpha, kept, snr]
        """,
    ),
    Answer(
        "tables",
        "as tensors, through logarithms",
        """
        log = torch.log1p(-torch.cat([torch.zeros(1), torch.tensor(betas)]))
        kept = log.cumsum(0).exp()
        return log.exp(), kept, kept / (1 - kept)
        """,
    ),
    Answer("terminal", "in float32", SINGLE.format("x0, alpha_bar") + TERMINAL),
    Answer(
        "terminal",
        "by PyTorch's distributions",
        """
        from torch.distributions import Normal, kl_divergence
        left, x0 = alpha_bar[-1], torch.tensor(x0)
        end = Normal(left**0.5 * x0, (1 - left) ** 0.5)
        return kl_divergence(end, Normal(0.0, 1.0)).sum(1)
        """,
    ),
    Answer("diffuse", "in float32", SINGLE.format("x0, eps, alpha_bar") + DIFFUSE),
    Answer(
        "diffuse",
        "example after example",
        """
        rows = []
        for x, k, e in zip(x0, t, eps):
            rows.append(math.sqrt(alpha_bar[k]) * x + math.sqrt(1 - alpha_bar[k]) * e)
        return rows
        """,
    ),
    Answer("jump", "in float32", SINGLE.format("xs, eps, alpha_bar") + JUMP),
    Answer(
        "jump",
        "step after step",
        """
        factor, variance = 1.0, 0.0
        for k in range(s + 1, t + 1):
            alpha = alpha_bar[k] / alpha_bar[k - 1]
            factor *= math.sqrt(alpha)
            variance = alpha * variance + 1 - alpha
        return torch.tensor(factor * xs + math.sqrt(variance) * eps)
        """,
    ),
    Answer("posterior", "in float32", SINGLE.format("x0, xt, alpha_bar") + POSTERIOR),
    Answer(
        "posterior",
        "by precisions",
        """
        k, b = (np.reshape(v, (-1, *[1] * (x0.ndim - 1))) for v in (alpha_bar[t], alpha_bar[t - 1]))
        alpha, noise = k / b, 1 - b
        with np.errstate(all="ignore"):
            precision = alpha / (1 - alpha) + 1 / noise
            pull = np.sqrt(alpha) * xt / (1 - alpha) + np.sqrt(b) * x0 / noise
            mean = np.where(noise > 0, pull / precision, x0)
        return mean, (1 / precision).ravel()
        """,
    ),
    Answer("views", "in float32", SINGLE.format("value, xt, alpha_bar") + VIEWS),
    Answer(
        "views",
        "by a system of two equations",
        """
        a, b = alpha_bar[t] ** 0.5, (1 - alpha_bar[t]) ** 0.5
        row = {"x0": [1, 0], "eps": [0, 1], "v": [-b, a]}[kind]
        both = np.linalg.solve([[a, b], row], [xt.ravel(), value.ravel()])
        x0, eps = both.reshape(2, *xt.shape)
        return np.stack([x0, eps, a * eps - b * x0]).tolist()
        """,
    ),
    Answer("weights", "in float32", "betas = np.float32(betas)\n" + WEIGHTS),
    Answer(
        "weights",
        "from differences of signal-to-noise ratios",
        """
        kept = np.cumprod(1 - betas)
        snr = kept / (1 - kept)
        on_x0 = (snr[:-1] - snr[1:]) / 2
        if variance == "beta":
            on_x0 = on_x0 * (1 - kept[:-1]) / (1 - kept[1:])
        return on_x0, on_x0 / snr[1:], on_x0 * (1 - kept[1:])
        """,
    ),
    Answer(
        "loss",
        "in float32, by mse_loss",
        """
        x0, eps, kept = x0.float(), eps.float(), alpha_bar[t].float()
        kept = kept.reshape(len(x0), *[1] * (x0.dim() - 1))
        xt = torch.sqrt(kept) * x0 + torch.sqrt(1 - kept) * eps
        goal = x0
        if target != "x0":
            goal = eps
        if target == "v":
            goal = torch.sqrt(kept) * eps - torch.sqrt(1 - kept) * x0
        out = network(xt, t).float()
        return torch.nn.functional.mse_loss(out, goal, reduction="sum") / len(x0)
        """,
    ),
    Answer(
        "loss",
        "example after example",
        """
        total = 0
        for n in range(len(x0)):
            a, b = alpha_bar[t[n]] ** 0.5, (1 - alpha_bar[t[n]]) ** 0.5
            xt = a * x0[n] + b * eps[n]
            goal = {"eps": eps[n], "x0": x0[n], "v": a * eps[n] - b * x0[n]}[target]
            total = total + torch.sum((network(xt[None], t[n : n + 1])[0] - goal) ** 2)
        return total / len(x0)
        """,
    ),
    Answer(
        "mixture",
        "in float32",
        SINGLE.format("xt, weights, means, variance, alpha_bar") + MIXTURE,
    ),
    Answer(
        "mixture",
        "by a gradient",
        """
        x = torch.tensor(xt, requires_grad=True)
        kept = float(alpha_bar[t])
        gaps = x[:, None] - kept**0.5 * torch.tensor(means)
        logs = torch.log(torch.tensor(weights)) - gaps.square().sum(2) / 2 / (
            kept * variance + 1 - kept
        )
        torch.logsumexp(logs, 1).sum().backward()
        return ((x.detach() + (1 - kept) * x.grad) / kept**0.5), x.grad
        """,
    ),
    Answer("chain", "in float32", "betas = np.float32(betas)\n" + CHAIN),
    Answer(
        "chain",
        "the noise form, as tensors",
        """
        beta = torch.tensor(betas)
        kept = torch.cat([torch.ones(1), (1 - beta).cumprod(0)]).double()
        m, v = torch.zeros(len(kept)).double(), torch.ones(len(kept)).double()
        for t in range(len(beta), 0, -1):
            b, k = beta[t - 1], kept[t]
            wide = k * variance + 1 - k
            eps = lambda x: (1 - k).sqrt() * (x - k.sqrt() * mean) / wide
            step = lambda x: (x - b / (1 - k).sqrt() * eps(x)) / (1 - b).sqrt()
            m[t - 1] = step(m[t])
            v[t - 1] = (step(torch.ones(())) - step(torch.zeros(()))) ** 2 * v[t]
            if t > 1:
                v[t - 1] += b if kind == "beta" else b * (1 - kept[t - 1]) / (1 - k)
        return m, v
        """,
    ),
    Answer("ddim", "in float32", SINGLE.format("xt, eps, z, alpha_bar") + DDIM),
    Answer(
        "ddim",
        "as tensors, without x_0",
        """
        xt, eps, z, k = (torch.tensor(v) for v in (xt, eps, z, alpha_bar))
        ratio = k[t] / k[s]
        spread = eta**2 * (1 - k[s]) * (1 - ratio) / (1 - k[t])
        away = torch.sqrt(1 - k[s] - spread) - torch.sqrt((1 - k[t]) / ratio)
        return xt / torch.sqrt(ratio) + away * eps + torch.sqrt(spread) * z
        """,
    ),
    Answer("completion", "in float32", SINGLE.format("x0, start, eps, alpha_bar") + COMPLETION),
    Answer(
        "completion",
        "in place, with tensors for the network",
        """
        x = start.copy()
        for t in reversed(range(1, len(alpha_bar))):
            k = alpha_bar[t]
            x[:, known] = k**0.5 * x0[:, known] + (1 - k) ** 0.5 * eps[t][:, known]
            x = np.array(reverse(torch.tensor(x), t))
        x[:, known] = x0[:, known]
        return x.tolist()
        """,
    ),
    Answer(
        "clinic",
        "in float32",
        SINGLE.format("start, z, betas") + CLINIC.format(**MENDED),
    ),
    Answer(
        "clinic",
        "the noise form, filled into a table",
        """
        alpha_bar = np.cumprod(1 - betas)
        path = np.empty((len(betas) + 1, *start.shape))
        path[-1] = start
        for k in range(len(betas))[::-1]:
            x = path[k + 1]
            mean = x - betas[k] / np.sqrt(1 - alpha_bar[k]) * np.asarray(network(x, k + 1))
            path[k] = mean / np.sqrt(1 - betas[k])
            if k:
                path[k] += np.sqrt(betas[k]) * z[k + 1]
        return path
        """,
    ),
]
