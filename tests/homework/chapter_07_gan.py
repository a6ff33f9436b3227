"""Typical answers to the homework on adversarial networks."""

from tests.homework import Answer
from tests.homework.chapter_06_diffusion import SINGLE, calls_the_tests, variations

BOOK = "the book's own functions are switched off"


def asks_the_book(task, code):
    """An answer that calls the library."""
    return Answer(task, "asks the book", code, BOOK)


ENTROPY = """
log = torch.nn.functional.logsigmoid
on_real = smooth * log(real) + (1 - smooth) * log(-real)
on_fake = log(-fake)
return -on_real.mean() - on_fake.mean()
"""
ENTROPY_WRONG = variations(
    "entropy",
    ENTROPY,
    [
        (
            "exchanges the labels",
            "-on_real.mean() - on_fake.mean()",
            "-log(-real).mean() - log(fake).mean()",
            "the labels are exchanged",
        ),
        ("maximises", "-on_real.mean() - on_fake", "on_real.mean() + on_fake", "the sign is wrong"),
        (
            "halves",
            "return -on_real.mean() - on_fake.mean()",
            "return -(on_real.mean() + on_fake.mean()) / 2",
            "do not halve",
        ),
        (
            "averages over all scores",
            "return -on_real.mean() - on_fake.mean()",
            "return -torch.cat([on_real.flatten(), on_fake.flatten()]).mean()",
            "two means",
        ),
        (
            "sums",
            "-on_real.mean() - on_fake.mean()",
            "-on_real.sum() - on_fake.sum()",
            "do not sum",
        ),
        (
            "takes the sigmoid twice",
            "on_real = smooth",
            "real, fake = torch.sigmoid(real), torch.sigmoid(fake)\non_real = smooth",
            "yours go twice",
        ),
        (
            "uses the generator's loss",
            "on_fake = log(-fake)",
            "on_fake = log(fake)",
            "yours is the generator's",
        ),
        ("forgets the samples", "- on_fake.mean()", "- 0 * on_fake.mean()", "samples are missing"),
        (
            "forgets the data",
            "return -on_real.mean()",
            "return -0 * on_real.mean()",
            "the data are missing",
        ),
        (
            "ignores the label",
            "on_real = smooth",
            "smooth = 1.0\non_real = smooth",
            "`smooth` is the label of data",
        ),
        (
            "smooths both sides",
            "on_fake = log(-fake)",
            "on_fake = smooth * log(-fake) + (1 - smooth) * log(fake)",
            "one-sided",
        ),
        ("drops half of a label", " + (1 - smooth) * log(-real)", "", "times -log(1 - D) as well"),
        (
            "counts in bits",
            "return -on_real.mean()",
            "on_real, on_fake = on_real / np.log(2), on_fake / np.log(2)\nreturn -on_real.mean()",
            "not bits",
        ),
        (
            "rounds D before the logarithm",
            "on_real = smooth * log(real) + (1 - smooth) * log(-real)\non_fake = log(-fake)",
            "p, q = torch.sigmoid(real), torch.sigmoid(fake)\n"
            "on_real = smooth * torch.log(p) + (1 - smooth) * torch.log(1 - p)\n"
            "on_fake = torch.log(1 - q)",
            "D rounds to 0 or 1",
        ),
        (
            "clips D before the logarithm",
            "on_real = smooth * log(real) + (1 - smooth) * log(-real)\non_fake = log(-fake)",
            "p, q = (torch.sigmoid(v).clamp(1e-7, 1 - 1e-7) for v in (real, fake))\n"
            "on_real = smooth * torch.log(p) + (1 - smooth) * torch.log(1 - p)\n"
            "on_fake = torch.log(1 - q)",
            "it should be",
        ),
        (
            "returns a number without a gradient",
            "on_fake.mean()\n",
            "on_fake.mean().detach()\n",
            "the gradient at `fake`",
        ),
    ],
)
ENTROPY_WRONG += [
    asks_the_book(
        "entropy",
        "from lib.gan_losses import cross_entropy\nreturn cross_entropy(real, fake, smooth)",
    ),
    calls_the_tests(
        "entropy",
        "from lib.homework_gan import nats\n"
        "a, b = (v.detach().numpy() for v in (real, fake))\n"
        "return torch.tensor(nats(a, smooth).mean() + nats(b, 0).mean())",
    ),
]

SLOPES = """
def sig(d):
    return 1 / (1 + np.exp(-d))

n = len(fake)
if game == "saturating":
    slope = -sig(fake)
elif game == "non-saturating":
    slope = -sig(-fake)
elif game == "least squares":
    slope = fake - 1
else:
    slope = 0 * fake - 1
return slope / n
"""
SLOPES_WRONG = variations(
    "slopes",
    SLOPES,
    [
        ("climbs", "return slope / n", "return -slope / n", "a step goes down"),
        ("forgets the mean", "return slope / n", "return slope", "the share 1/N"),
        (
            "averages the slopes",
            "return slope / n",
            "return np.full(n, slope.mean() / n)",
            "not their mean",
        ),
        (
            "exchanges the first two",
            'game == "saturating"',
            'game == "exchanged"',
            "that is the slope of the wasserstein loss",
        ),
        (
            "gives the non-saturating slope for both",
            "slope = -sig(fake)",
            "slope = -sig(-fake)",
            "that is the slope of the non-saturating loss",
        ),
        (
            "gives the saturating slope for both",
            "slope = -sig(-fake)",
            "slope = -sig(fake)",
            "that is the slope of the saturating loss",
        ),
        (
            "derives by D",
            "slope = -sig(fake)",
            "slope = -1 / (1 - sig(fake))",
            "that is the derivative by D",
        ),
        (
            "derives the other by D",
            "slope = -sig(-fake)",
            "slope = -1 / sig(fake)",
            "that is the derivative by D",
        ),
        (
            "applies the chain rule twice",
            "slope = -sig(fake)",
            "slope = -sig(fake) ** 2 * sig(-fake)",
            "gives D (1 - D) once",
        ),
        ("keeps the 2", "slope = fake - 1", "slope = 2 * (fake - 1)", "the half cancels the 2"),
        ("halves the squares", "slope = fake - 1", "slope = (fake - 1) / 2", "that is half of it"),
        ("takes squares of D", "slope = fake - 1", "slope = sig(fake) - 1", "has no sigmoid"),
        ("wants the score 0", "slope = fake - 1", "slope = fake", "not 0"),
        ("rounds 1 - D", "slope = -sig(-fake)", "slope = -(1 - sig(fake))", "1 - D rounds to 0"),
    ],
)
SLOPES_WRONG += [
    calls_the_tests(
        "slopes", "from lib.homework_gan import slopes_of\nreturn slopes_of(game, fake)"
    ),
    asks_the_book(
        "slopes",
        "from lib.gan_losses import GAMES\n"
        "d = torch.tensor(fake, requires_grad=True)\n"
        "return torch.autograd.grad(GAMES[game].generator(d), d)[0]",
    ),
]

BEST = """
total = p + q
D = np.full(len(p), 0.5)
seen = total > 0
D[seen] = smooth * p[seen] / total[seen]
return D
"""
BEST_WRONG = variations(
    "best",
    BEST,
    [
        (
            "is high for samples",
            "D[seen] = smooth * p[seen]",
            "D[seen] = q[seen]",
            "high for samples",
        ),
        ("ignores the label", "smooth * p[seen]", "p[seen]", "`smooth` is missing"),
        ("smooths the numbers", "/ total[seen]", "/ (smooth * p + q)[seen]", "their number stays"),
        (
            "decides",
            "smooth * p[seen] / total[seen]",
            "np.where(p > q, smooth, 1 - smooth)[seen]",
            "a hard yes or no",
        ),
        ("returns the ratio", "return D", "return p / q", "that is p / q"),
        ("returns the score", "return D", "return np.log(p) - np.log(q)", "D is its sigmoid"),
        ("returns p", "return D", "return p", "that is p itself"),
        (
            "smooths both sides",
            "smooth * p[seen]",
            "(smooth * p + (1 - smooth) * q)[seen]",
            "leaves samples at 0",
        ),
        ("divides by zero", "return D", "return smooth * p / (p + q)", "0/0"),
        ("returns 0 where nothing falls", "0.5", "0.0", "it should be 0.5"),
    ],
)
BEST_WRONG += [
    calls_the_tests(
        "best", "from lib.homework_gan_tables import best_table\nreturn best_table(p, q, smooth)"
    )
]

VALUE = """
total = 0.0
for a, b, d in zip(p, q, D):
    if a > 0:
        total = total + a * (np.log(d) if d > 0 else -np.inf)
    if b > 0:
        total = total + b * (np.log(1 - d) if d < 1 else -np.inf)
return total
"""
VALUE_WRONG = variations(
    "value",
    VALUE,
    [
        ("returns the loss", "return total", "return -total", "D's loss is minus V"),
        (
            "takes log D for samples",
            "np.log(1 - d) if d < 1",
            "np.log(d) if d > 0",
            "samples count as log(1 - D)",
        ),
        (
            "exchanges data and samples",
            "zip(p, q, D)",
            "zip(q, p, D)",
            "yours are exchanged",
        ),
        ("exchanges D and 1 - D", "zip(p, q, D)", "zip(p, q, 1 - D)", "are exchanged"),
        ("counts in bits", "return total", "return total / np.log(2)", "not bits"),
        ("halves", "return total", "return total / 2", "do not halve"),
        (
            "forgets the weights",
            "zip(p, q, D)",
            "zip(0 * p + 1, 0 * q + 1, D)",
            "weighs each value by its probability",
        ),
        (
            "averages over the values",
            "zip(p, q, D)",
            "zip(0 * p + 1 / len(p), 0 * q + 1 / len(p), D)",
            "weigh by the probabilities",
        ),
        ("drops the samples", "if b > 0", "if b > 2", "the second term is missing"),
        ("drops the data", "if a > 0", "if a > 2", "the first term is missing"),
        ("skips impossible data", "if a > 0", "if a > 0 and d > 0", "minus infinity"),
        (
            "multiplies 0 by infinity",
            "return total",
            "return np.sum(p * np.log(D)) + np.sum(q * np.log(1 - D))",
            "0 log 0 counts as 0",
        ),
        (
            "adds a small number",
            "return total",
            "return np.sum(p * np.log(D + 1e-8)) + np.sum(q * np.log(1 - D + 1e-8))",
            "minus infinity",
        ),
    ],
)
VALUE_WRONG += [
    calls_the_tests(
        "value", "from lib.homework_gan_tables import value_of\nreturn value_of(p, q, D)"
    )
]

JENSEN = """
m = (p + q) / 2
def kl(a, b):
    with np.errstate(all="ignore"):
        return np.where(a > 0, a * np.log(a / b), 0).sum()

return (kl(p, m) + kl(q, m)) / 2
"""
LAST = "return (kl(p, m) + kl(q, m)) / 2"
JENSEN_WRONG = variations(
    "jensen",
    JENSEN,
    [
        (
            "returns the value",
            LAST,
            "return kl(p, m) + kl(q, m) - np.log(4)",
            "that is the value of the best D",
        ),
        ("forgets the half", LAST, "return kl(p, m) + kl(q, m)", "half of V + log 4"),
        ("halves twice", LAST, "return (kl(p, m) + kl(q, m)) / 4", "not a half of the mean"),
        ("takes the root", LAST, "return np.sqrt((kl(p, m) + kl(q, m)) / 2)", "its root"),
        ("returns KL(p, q)", LAST, "return kl(p, q)", "that is KL(p, q)"),
        ("returns KL(q, p)", LAST, "return kl(q, p)", "that is KL(q, p)"),
        (
            "is symmetric without a middle",
            LAST,
            "return (kl(p, q) + kl(q, p)) / 2",
            "another divergence",
        ),
        (
            "turns the divergences round",
            LAST,
            "return (kl(m, p) + kl(m, q)) / 2",
            "the middle comes second",
        ),
        ("stops after p", LAST, "return kl(p, m)", "only the first"),
        ("stops after q", LAST, "return kl(q, m)", "only the second"),
        ("adds without a half", "m = (p + q) / 2", "m = p + q", "not their sum"),
        ("counts in bits", LAST, "return (kl(p, m) + kl(q, m)) / 2 / np.log(2)", "not bits"),
        (
            "multiplies 0 by infinity",
            "np.where(a > 0, a * np.log(a / b), 0).sum()",
            "(a * np.log(a / b)).sum()",
            "0 log 0 counts as 0",
        ),
    ],
)
JENSEN_WRONG += [
    asks_the_book(
        "jensen",
        "from lib.gan_game import jensen_shannon\nreturn jensen_shannon(p, q, 1.0)",
    )
]

ROUND = """
def sig(d):
    return 1 / (1 + np.exp(-d))

def score(x, psi):
    return psi[0] + psi[1] * x + psi[2] * x**2

def by_psi(x, weight):
    return np.array([np.mean(weight), np.mean(weight * x), np.mean(weight * x**2)])

fake = theta[0] + theta[1] * z_d
up, down = sig(score(x, psi)) - 1, sig(score(fake, psi))
new = psi - lr * (by_psi(x, up) + by_psi(fake, down))
noise = z_g
s = theta[0] + theta[1] * noise
judge = new
push = sig(score(s, judge)) - 1
push = push * (judge[1] + 2 * judge[2] * s)
return theta - lr * np.array([push.mean(), (push * noise).mean()]), new
"""
ROUND_WRONG = variations(
    "round",
    ROUND,
    [
        ("answers the old D", "judge = new", "judge = psi", "yours still looks at the old one"),
        (
            "saturates",
            "push = sig(score(s, judge)) - 1",
            "push = -sig(score(s, judge))",
            "that is the saturating loss",
        ),
        (
            "lets the generator climb",
            "return theta - lr",
            "return theta + lr",
            "the step of G has the wrong sign",
        ),
        (
            "lets the detective climb",
            "new = psi - lr",
            "new = psi + lr",
            "the step of D has the wrong sign",
        ),
        (
            "sums over the batch",
            "return np.array([np.mean(weight), np.mean(weight * x), np.mean(weight * x**2)])",
            "return np.array([np.sum(weight), np.sum(weight * x), np.sum(weight * x**2)])",
            "not sums",
        ),
        ("uses D's noise for G", "noise = z_g", "noise = z_d", "yours is made with z_d"),
        (
            "forgets the chain rule",
            "push = push * (judge[1] + 2 * judge[2] * s)\n",
            "",
            "by the chain rule",
        ),
        ("takes the score for a line", " + 2 * judge[2] * s", "", "the term with v is missing"),
        (
            "exchanges the labels",
            "up, down = sig(score(x, psi)) - 1, sig(score(fake, psi))",
            "up, down = sig(score(x, psi)), sig(score(fake, psi)) - 1",
            "labels are exchanged",
        ),
        (
            "halves D's loss",
            "(by_psi(x, up) + by_psi(fake, down))",
            "(by_psi(x, up) + by_psi(fake, down)) / 2",
            "do not halve",
        ),
        ("shows D no samples", " + by_psi(fake, down)", "", "has samples as well"),
        ("shows D no data", "by_psi(x, up) + ", "", "has data as well"),
        (
            "leaves G where it was",
            "return theta - lr",
            "return theta - 0 * lr",
            "theta has not moved",
        ),
        ("leaves D where it was", "new = psi - lr", "new = psi - 0 * lr", "psi has not moved"),
        (
            "returns gradients",
            "return theta - lr * np.array([push.mean(), (push * noise).mean()]), new",
            "return np.array([push.mean(), (push * noise).mean()]), (psi - new) / lr",
            "that is the gradient",
        ),
        ("returns one of two", ", new\n", "\n", "return 2 things"),
        (
            "moves G first",
            "fake = theta",
            "s = theta[0] + theta[1] * z_g\n"
            "push = (sig(score(s, psi)) - 1) * (psi[1] + 2 * psi[2] * s)\n"
            "theta = theta - lr * np.array([push.mean(), (push * z_g).mean()])\n"
            "fake = theta",
            "moves G before it",
        ),
        (
            "changes psi",
            "new = psi - lr * (by_psi(x, up) + by_psi(fake, down))",
            "psi -= lr * (by_psi(x, up) + by_psi(fake, down))\nnew = psi",
            "changes psi",
        ),
    ],
)
ROUND_WRONG += [
    calls_the_tests(
        "round",
        "from lib.homework_gan_steps import step_by_autograd\n"
        "return step_by_autograd(theta, psi, x, z_d, z_g, lr)",
    )
]

SMALLEST = """
path = [(theta, psi)]
for _ in range(steps):
    old = psi
    psi = psi - lr * (theta + gamma * psi)
    theta = theta + lr * (psi if alternating else old)
    path.append((theta, psi))
return np.array(path)
"""
SMALLEST_WRONG = variations(
    "smallest",
    SMALLEST,
    [
        ("always moves at once", "(psi if alternating else old)", "old", "answers the new psi"),
        (
            "always alternates",
            "(psi if alternating else old)",
            "psi",
            "both answer the old numbers",
        ),
        ("forgets the penalty", " + gamma * psi)", ")", "D's penalty is missing"),
        ("doubles the penalty", "gamma * psi)", "2 * gamma * psi)", "yours is twice that"),
        ("halves the penalty", "gamma * psi)", "gamma / 2 * psi)", "yours is half of that"),
        ("rewards steepness", "theta + gamma * psi", "theta - gamma * psi", "pulls psi to 0"),
        (
            "lets both climb",
            "path = [(theta, psi)]",
            "lr = -lr\npath = [(theta, psi)]",
            "both signs are wrong",
        ),
        ("lets theta climb", "theta + lr *", "theta - lr *", "theta goes the wrong way"),
        ("lets psi climb", "psi - lr *", "psi + lr *", "psi goes the wrong way"),
        (
            "turns the rows round",
            "return np.array(path)",
            "return np.array(path)[:, ::-1]",
            "yours is turned round",
        ),
        (
            "leaves the start out",
            "return np.array(path)",
            "return np.array(path[1:])",
            "steps + 1 rows",
        ),
        (
            "moves G first",
            "    old = psi\n    psi = psi - lr * (theta + gamma * psi)\n"
            "    theta = theta + lr * (psi if alternating else old)\n",
            "    old = theta\n    theta = theta + lr * psi\n"
            "    psi = psi - lr * ((theta if alternating else old) + gamma * psi)\n",
            "moves G before it",
        ),
        ("returns the end", "return np.array(path)", "return theta, psi", "the shape is"),
    ],
)
SMALLEST_WRONG += [
    asks_the_book(
        "smallest",
        "from lib import gan_dirac\nreturn gan_dirac.matrix(rate=lr, gamma=gamma)",
    ),
    calls_the_tests(
        "smallest",
        "from lib.homework_gan_smallest import dirac_path\n"
        "return dirac_path(theta, psi, lr, steps, gamma, alternating)",
    ),
]

PENALTY = """
def gradient(x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(score(x).sum(), x, create_graph=True)[0]

def slope(x):
    return gradient(x).flatten(1).square().sum(1).sqrt()

r = share.reshape(len(real), *[1] * (real.ndim - 1))
mix = r * real + (1 - r) * fake
r1 = slope(real).square().mean() / 2
gp = (slope(mix) - 1).square().mean()
return r1, gp
"""
PENALTY_WRONG = variations(
    "penalty",
    PENALTY,
    [
        (
            "forgets the graph",
            "score(x).sum(), x, create_graph=True",
            "score(x).sum(), x",
            "create_graph=True",
        ),
        (
            "detaches the answers",
            "return r1, gp",
            "return r1.detach(), gp.detach()",
            "create_graph=True",
        ),
        ("returns numbers", "return r1, gp", "return r1.item(), gp.item()", "create_graph=True"),
        (
            "forgets the half",
            ".square().mean() / 2\n",
            ".square().mean()\n",
            "the factor 1/2 is missing",
        ),
        ("does not square R1", "slope(real).square()", "slope(real)", "square the slopes"),
        (
            "averages over the numbers",
            "slope(real).square()",
            "gradient(real).square()",
            "sum over the numbers of an example",
        ),
        ("sums R1", "slope(real).square().mean()", "slope(real).square().sum()", "do not sum"),
        ("takes R1 at the samples", "slope(real)", "slope(fake)", "yours at the samples"),
        ("takes R1 between", "slope(real)", "slope(mix)", "not between"),
        ("pulls R1 to 1", "slope(real).square()", "(slope(real) - 1).square()", "not to 1"),
        ("derives the mean", "score(x).sum()", "score(x).mean()", "derive the sum"),
        ("pulls GP to 0", "slope(mix) - 1", "slope(mix)", "should be 1, not 0"),
        (
            "takes 1 from the square",
            "slope(mix) - 1",
            "slope(mix).square() - 1",
            "take the root before",
        ),
        (
            "does not square GP",
            "(slope(mix) - 1).square()",
            "(slope(mix) - 1)",
            "square the distance",
        ),
        (
            "takes absolute distances",
            "(slope(mix) - 1).square()",
            "(slope(mix) - 1).abs()",
            "square the distance",
        ),
        (
            "sums GP",
            "(slope(mix) - 1).square().mean()",
            "(slope(mix) - 1).square().sum()",
            "do not sum",
        ),
        (
            "takes one length for the batch",
            "slope(mix) - 1",
            "gradient(mix).norm() - 1",
            "its own slope",
        ),
        ("halves GP", "return r1, gp", "return r1, gp / 2", "no factor 1/2"),
        (
            "exchanges the shares",
            "r * real + (1 - r) * fake",
            "r * fake + (1 - r) * real",
            "yours are exchanged",
        ),
        ("stays at the data", "r * real + (1 - r) * fake", "real", "yours are the data"),
        ("stays at the samples", "r * real + (1 - r) * fake", "fake", "yours are the samples"),
        (
            "punishes only steep slopes",
            "(slope(mix) - 1)",
            "torch.relu(slope(mix) - 1)",
            "slopes below 1 count",
        ),
        (
            "uses one share for all",
            "r = share.reshape",
            "share = share[:1].expand(len(real))\nr = share.reshape",
            "each example has its own share",
        ),
        ("turns the pair round", "return r1, gp", "return gp, r1", "yours is turned round"),
        (
            "lets the generator feel it",
            "    x = x.detach().requires_grad_()\n",
            "    x = x if x.requires_grad else x.requires_grad_()\n",
            "a gradient reaches `fake`",
        ),
        (
            "gives columns their share",
            "r = share.reshape(len(real), *[1] * (real.ndim - 1))",
            "r = share.reshape(len(real), *[1] * (real.ndim - 1))\n"
            "r = share if real.shape[-1] == len(real) else r",
            "not for each column",
        ),
    ],
)
PENALTY_WRONG += [
    asks_the_book(
        "penalty",
        "from lib.gan_penalties import r1, slope\n"
        "return r1(score, real, fake, None), (slope(score, real) - 1).square().mean()",
    )
]

POWER = """
W = weight.reshape(weight.shape[0], -1)
for _ in range(steps):
    v = W.T @ u / np.linalg.norm(W.T @ u)
    before, u = u, W @ v / np.linalg.norm(W @ v)
sigma = u @ W @ v
return sigma, u, v
"""
POWER_WRONG = variations(
    "power",
    POWER,
    [
        ("takes the Frobenius norm", "sigma = u @ W @ v", "sigma = np.linalg.norm(W)", "Frobenius"),
        (
            "asks for singular values",
            "sigma = u @ W @ v",
            "sigma = np.linalg.norm(W, 2)",
            "has not reached it yet",
        ),
        ("squares sigma", "return sigma", "return sigma**2", "sigma squared"),
        ("stops a step early", "range(steps)", "range(max(steps - 1, 1))", "one iteration too few"),
        ("goes a step too far", "range(steps)", "range(steps + 1)", "one iteration too many"),
        ("takes the old u for sigma", "sigma = u @", "sigma = before @", "your u is the old one"),
        ("does not normalise u", "W @ v / np.linalg.norm(W @ v)", "W @ v", "that is sigma squared"),
        (
            "returns u too long",
            "return sigma, u, v",
            "return sigma, sigma * u, v",
            "u has length 1",
        ),
        (
            "returns v too long",
            "return sigma, u, v",
            "return sigma, u, sigma * v",
            "v has length 1",
        ),
        (
            "returns the old u",
            "return sigma, u, v",
            "return sigma, before, v",
            "u is one iteration behind",
        ),
        ("turns the sign", "return sigma, u, v", "return sigma, -u, -v", "u has the wrong sign"),
        ("exchanges u and v", "return sigma, u, v", "return sigma, v, u", "it should be"),
        ("returns sigma alone", "return sigma, u, v", "return sigma", "return 3 things"),
        (
            "flattens the wrong way",
            "weight.reshape(weight.shape[0], -1)",
            "weight if weight.ndim == 2 else weight.transpose(0, 3, 2, 1).reshape(len(weight), -1)",
            "it should be",
        ),
    ],
)
POWER_WRONG += [
    calls_the_tests(
        "power", "from lib.homework_gan_critics import iterated\nreturn iterated(weight, u, steps)"
    )
]

LINES = """
gap = real.mean(axis=0) - fake.mean(axis=0)
size = np.sqrt((gap**2).sum())
clipped = np.where(gap > 0, c, -c)
unit = gap / size
return clipped, unit
"""
LINES_WRONG = variations(
    "lines",
    LINES,
    [
        (
            "points to the samples",
            "gap = real.mean(axis=0) - fake.mean(axis=0)",
            "gap = fake.mean(axis=0) - real.mean(axis=0)",
            "the score is high for data",
        ),
        ("returns signs", "return clipped", "return np.sign(gap)", "as large as c"),
        ("shares c", "return clipped", "return clipped / len(gap)", "yours all share it"),
        ("clips the gap", "return clipped", "return np.clip(gap, -c, c)", "go to the limit"),
        (
            "scales the gap",
            "return clipped",
            "return c * gap / np.abs(gap).max()",
            "scaled down until",
        ),
        ("limits the length", "return clipped", "return c * unit", "not the length"),
        (
            "turns the pair round",
            "return clipped, unit",
            "return unit, clipped",
            "the pair is (clipped, unit)",
        ),
        ("returns the gap", "unit = gap / size", "unit = gap", "make its length 1"),
        (
            "divides by absolute values",
            "unit = gap / size",
            "unit = gap / np.abs(gap).sum()",
            "root of the sum of squares",
        ),
        (
            "divides by the largest",
            "unit = gap / size",
            "unit = gap / np.abs(gap).max()",
            "1 for the largest weight",
        ),
        ("forgets the root", "np.sqrt((gap**2).sum())", "(gap**2).sum()", "not by its square"),
        (
            "shortens the clipped one",
            "unit = gap / size",
            "unit = clipped / np.linalg.norm(clipped)",
            "the clipped critic, made shorter",
        ),
        (
            "makes its length c",
            "unit = gap / size",
            "unit = c * gap / size",
            "its length is 1, not c",
        ),
    ],
)
LINES_WRONG += [
    calls_the_tests(
        "lines", "from lib.homework_gan_lines import best_lines\nreturn best_lines(real, fake, c)"
    )
]

EARTH = """
at = np.sort(np.append(x, y))
cost = 0.0
for left, right in zip(at[:-1], at[1:]):
    cost += (right - left) * abs(np.mean(x <= left) - np.mean(y <= left))
return cost
"""
EARTH_WRONG = [
    Answer("earth", name, code, says)
    for name, code, says in [
        (
            "does not sort",
            "n = min(len(x), len(y))\nreturn np.abs(x[:n] - y[:n]).mean()",
            "sort both",
        ),
        (
            "compares the means",
            "return abs(x.mean() - y.mean())",
            "that is the distance of the means",
        ),
    ]
] + [
    Answer(
        "earth",
        "sums",
        EARTH.replace("return cost", "return cost * min(len(x), len(y))"),
        "do not sum them",
    ),
    Answer(
        "earth",
        "cuts the longer one",
        "n = min(len(x), len(y))\nreturn np.abs(np.sort(x)[:n] - np.sort(y)[:n]).mean()",
        "the extra ones carry mass",
    ),
    Answer(
        "earth",
        "takes squares",
        "n = min(len(x), len(y))\nreturn ((np.sort(x)[:n] - np.sort(y)[:n]) ** 2).mean()",
        "not their squares",
    ),
    Answer(
        "earth",
        "takes W_2",
        "n = min(len(x), len(y))\nreturn np.sqrt(((np.sort(x)[:n] - np.sort(y)[:n]) ** 2).mean())",
        "that is W_2",
    ),
    Answer(
        "earth",
        "takes all pairs",
        "return np.abs(x[:, None] - y).mean()",
        "carry each mass only once",
    ),
    Answer(
        "earth",
        "goes to the nearest",
        "return np.abs(x[:, None] - y).min(axis=1).mean()",
        "may not take the same place",
    ),
    Answer(
        "earth",
        "takes the largest difference",
        "at = np.append(x, y)\nreturn max(abs(np.mean(x <= t) - np.mean(y <= t)) for t in at)",
        "integrate the difference",
    ),
    calls_the_tests(
        "earth",
        "from lib.homework_gan_lines import best_lines\n"
        "return best_lines(x[:, None], y[:, None], 1.0)[0]",
    ),
]

ONALINE = """
at = np.unique(np.append(x, y))
heights = [0.0]
for left, right in zip(at[:-1], at[1:]):
    turn = np.sign(np.mean(y <= left) - np.mean(x <= left))
    heights.append(heights[-1] + turn * (right - left))
heights = np.array(heights)
return heights[np.searchsorted(at, x)], heights[np.searchsorted(at, y)]
"""
LAST = "return heights[np.searchsorted(at, x)], heights[np.searchsorted(at, y)]"
ONALINE_WRONG = variations(
    "onaline",
    ONALINE,
    [
        (
            "is high for samples",
            "heights = np.array(heights)",
            "heights = -np.array(heights)",
            "yours is high for samples",
        ),
        (
            "never turns",
            "turn = np.sign(np.mean(y <= left) - np.mean(x <= left))",
            "turn = 1.0",
            "one slope for the whole line",
        ),
        ("knows nothing", "turn = np.sign", "turn = 0 * np.sign", "the score knows nothing"),
        ("is half as steep", "turn = np.sign", "turn = 0.5 * np.sign", "half of that"),
        ("is too steep", "turn = np.sign", "turn = 3 * np.sign", "slopes are at most 1"),
        ("takes labels", LAST, "return np.ones(len(x)), np.zeros(len(y))", "slopes are at most 1"),
        ("takes signs for heights", "turn * (right - left)", "turn", "slopes are at most 1"),
        (
            "rises by the difference",
            "np.sign(np.mean(y <= left) - np.mean(x <= left))",
            "(np.mean(y <= left) - np.mean(x <= left))",
            "it should be",
        ),
        ("returns one array", LAST, "return heights", "return 2 things"),
        (
            "looks at the right end",
            "np.mean(y <= left) - np.mean(x <= left)",
            "np.mean(y < left) - np.mean(x < left)",
            "it should be",
        ),
    ],
)
ONALINE_WRONG += [
    Answer(
        "onaline",
        "returns scores in sorted order",
        ONALINE.replace(
            LAST,
            "x, y = np.sort(x), np.sort(y)[::-1]\n" + LAST,
        ),
        "slopes are at most 1",
    )
]
MODES = """
gaps = np.sqrt(((points[:, None] - centres[None]) ** 2).sum(-1))
who, how = gaps.argmin(1), gaps.min(1)
good = how <= reach
hits = np.array([(good & (who == k)).sum() for k in range(len(centres))])
share = hits / len(points)
modes = (share >= least).sum()
return modes, good.mean()
"""
MODES_WRONG = variations(
    "modes",
    MODES,
    [
        (
            "counts strays",
            "(good & (who == k)).sum()",
            "(who == k).sum()",
            "only good samples count",
        ),
        (
            "counts a sample twice",
            "(good & (who == k)).sum()",
            "(gaps[:, k] <= reach).sum()",
            "nearest centre alone",
        ),
        (
            "takes shares of the good ones",
            "hits / len(points)",
            "hits / max(good.sum(), 1)",
            "not of the good ones",
        ),
        ("wants more than the least", "share >= least", "share > least", "exactly the share"),
        ("is content with one", "share >= least", "share > 0", "it needs the share"),
        (
            "counts the modes there are",
            "return modes",
            "return len(centres)",
            "the number of modes there are",
        ),
        ("returns a number of samples", "good.mean()", "good.sum()", "not a number"),
        (
            "returns the bad ones",
            "return modes, good.mean()",
            "return modes, 1 - good.mean()",
            "no good",
        ),
        (
            "forgets the root",
            "np.sqrt(((points[:, None] - centres[None]) ** 2).sum(-1))",
            "((points[:, None] - centres[None]) ** 2).sum(-1)",
            "do not compare it with its square",
        ),
        (
            "counts good ones in captured modes",
            "good.mean()",
            "share[share >= least].sum()",
            "whether or not that mode is captured",
        ),
        ("returns the share alone", "return modes, good", "return good", "return 2 things"),
    ],
)
MODES_WRONG += [
    asks_the_book(
        "modes",
        "from lib.gan_modes import captured\nreturn captured(points, centres)",
    ),
    calls_the_tests(
        "modes",
        "from lib.homework_gan_modes import counted\nreturn counted(points, centres, reach, least)",
    ),
]

TRAINING = """
bce = torch.nn.functional.binary_cross_entropy_with_logits
opt_d = torch.optim.Adam(d.parameters(), lr=0.003, betas=(0.0, 0.99))
opt_g = torch.optim.Adam(g.parameters(), lr=0.003, betas=(0.0, 0.99))
one, zero = torch.ones(64, 1), torch.zeros(64, 1)
rounds = 700
for _ in range(rounds):
    real = x[torch.randint(1000, (64,), generator=generator)].requires_grad_()
    z = torch.randn(64, 2, generator=generator)
    score = d(real)
    slope = torch.autograd.grad(score.sum(), real, create_graph=True)[0]
    opt_d.zero_grad()
    (bce(score, one) + bce(d(g(z).detach()), zero) + slope.square().mean() / 5).backward()
    opt_d.step()
    z = torch.randn(64, 2, generator=generator)
    opt_g.zero_grad()
    bce(d(g(z)), one).backward()
    opt_g.step()
"""
FAR = "has not found the data"
TRAINING_WRONG = variations(
    "training",
    TRAINING,
    [
        ("does nothing", "rounds = 700", "rounds = 0", "`d` has not changed"),
        ("never moves G", "    opt_g.step()\n", "", "`g` has not changed"),
        ("never moves D", "    opt_d.step()\n", "", "`d` has not changed"),
        ("lets G be found out", "bce(d(g(z)), one)", "bce(d(g(z)), zero)", FAR),
        ("climbs", "bce(d(g(z)), one)", "(-bce(d(g(z)), one))", FAR),
        ("takes the sigmoid twice", "bce(d(g(z)), one)", "bce(torch.sigmoid(d(g(z))), zero)", FAR),
        (
            "labels samples as data",
            "d(g(z).detach()), zero",
            "d(g(z).detach()), one",
            "the training: the three clouds",
        ),
        ("stops early", "rounds = 700", "rounds = 60", "the training: the three clouds"),
        (
            "trains a copy",
            "rounds = 700",
            "rounds = 700\nimport copy\ng = copy.deepcopy(g)",
            "`g` has not changed",
        ),
    ],
)
TRAINING_WRONG += [
    Answer(
        "training",
        "keeps Adam's momentum",
        TRAINING.replace(", betas=(0.0, 0.99)", ""),
        "the training: the three clouds",
    ),
    Answer(
        "training",
        "never draws new noise",
        TRAINING.replace(
            "rounds = 700",
            "rounds = 700\nfixed = torch.randn(64, 2, generator=generator)[:1].expand(64, 2)",
        ).replace("    z = torch.randn(64, 2, generator=generator)", "    z = fixed"),
        "the training: the three clouds",
    ),
    Answer(
        "training",
        "steps far too far",
        TRAINING.replace("lr=0.003", "lr=0.5"),
        "the training:",
    ),
    asks_the_book(
        "training",
        "from lib.gan import GAN\n"
        "from lib.train import fit\n"
        "fit(GAN(g, d, 2), x, epochs=40, batch_size=64, lr=3e-3, generator=generator)",
    ),
    Answer(
        "training",
        "replaces what the network does",
        "data = x.clone()\n"
        "g.forward = lambda z: data[torch.arange(len(z)) % 1000]\n"
        "for w in [*g.parameters(), *d.parameters()]:\n"
        "    w.data += 1e-3",
        "the training: the three clouds",
    ),
]

CLINIC = """
opt_d = torch.optim.SGD(d.parameters(), lr=lr)
opt_g = torch.optim.SGD({held}, lr=lr)
bce = torch.nn.functional.binary_cross_entropy_with_logits
def judge(v):
    v = {seen}
    return {score}

for t in range(len(x)):
    opt_d.zero_grad()
    opt_g.zero_grad()
    a, b = judge(x[t]), judge({shown})
    one, zero = torch.ones_like(a), torch.zeros_like(a)
    loss = bce(a, one) + bce(b, zero)
    ({weight} * loss).backward()
    opt_d.step()
    {between}
    loss = bce(judge(g(z[t, {noise}])), {label})
    ({sign} * loss).backward()
    opt_g.step()
"""
MENDED = {
    "held": "g.parameters()",
    "seen": "v",
    "score": "d(v)",
    "shown": "g(z[t, 0]).detach()",
    "weight": "1",
    "between": "pass",
    "noise": "1",
    "label": "one",
    "sign": "1",
}
BROKEN = {
    "held": "[*g.parameters(), *d.parameters()]",
    "seen": "(v - v.mean(dim=0)) / v.std(dim=0)",
    "score": "torch.sigmoid(d(v))",
    "shown": "g(z[t, 0])",
    "label": "zero",
}
MARKS = {
    "held": "G's optimiser holds D's weights",
    "seen": "cannot see where the samples lie",
    "score": "the sigmoid is taken twice",
    "shown": "detach the samples",
    "label": "need the label 1",
}
CLINIC_WRONG = [
    Answer("clinic", "mends nothing", CLINIC.format(**MENDED | BROKEN), MARKS["score"]),
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
            (
                "empties G's gradients but keeps D's weights there",
                {"held": BROKEN["held"], "between": "opt_g.zero_grad()"},
                MARKS["held"],
            ),
            ("saturates", {"label": "zero", "sign": "-1"}, "yours minimises log(1 - D)"),
            ("uses one noise for both", {"noise": "0"}, "yours is made with z[t, 0]"),
            ("halves D's loss", {"weight": "0.5"}, "do not halve"),
            ("climbs", {"weight": "-1"}, "the weights are not those of plain gradient steps"),
            ("leaves D out", {"weight": "0"}, "`d` has not moved"),
            ("leaves G out", {"sign": "0"}, "`g` has not moved"),
        ]
    ],
    Answer(
        "clinic",
        "uses another optimiser",
        CLINIC.format(**MENDED).replace("SGD", "Adam"),
        "plain gradient steps",
    ),
    calls_the_tests(
        "clinic",
        "from lib.homework_gan_clinic import rounds_of\nrounds_of(g, d, x, z, lr)",
    ),
]

WRONG = (
    ENTROPY_WRONG
    + SLOPES_WRONG
    + BEST_WRONG
    + VALUE_WRONG
    + JENSEN_WRONG
    + ROUND_WRONG
    + SMALLEST_WRONG
    + PENALTY_WRONG
    + POWER_WRONG
    + LINES_WRONG
    + EARTH_WRONG
    + ONALINE_WRONG
    + MODES_WRONG
    + TRAINING_WRONG
    + CLINIC_WRONG
)

RIGHT = [
    Answer("entropy", "in float32", "real, fake = real.float(), fake.float()\n" + ENTROPY),
    Answer(
        "entropy",
        "by the classifier's own loss",
        """
        bce = torch.nn.functional.binary_cross_entropy_with_logits
        return bce(real, torch.full_like(real, smooth)) + bce(fake, torch.zeros_like(fake))
        """,
    ),
    Answer("slopes", "in float32", "fake = np.float32(fake)\n" + SLOPES),
    Answer(
        "slopes",
        "as a list, through tanh and logarithms",
        """
        n = len(fake)
        by = {
            "saturating": [-float(np.exp(-np.logaddexp(0, -d))) / n for d in fake],
            "non-saturating": [-float(np.exp(-np.logaddexp(0, d))) / n for d in fake],
            "least squares": [(d - 1) / n for d in fake],
            "wasserstein": [-1 / n] * n,
        }
        return by[game]
        """,
    ),
    Answer("best", "in float32", SINGLE.format("p, q") + BEST),
    Answer(
        "best",
        "as a tensor",
        """
        p, q = torch.tensor(p), torch.tensor(q)
        return torch.nan_to_num(smooth * p / (p + q), nan=0.5)
        """,
    ),
    Answer("value", "in float32", SINGLE.format("p, q, D") + VALUE),
    Answer(
        "value",
        "by xlogy",
        """
        p, q, D = torch.tensor(p), torch.tensor(q), torch.tensor(D)
        return (torch.xlogy(p, D) + torch.xlogy(q, 1 - D)).sum()
        """,
    ),
    Answer("jensen", "in float32", SINGLE.format("p, q") + JENSEN),
    Answer(
        "jensen",
        "by entropies",
        """
        def entropy(a):
            return -sum(float(v) * np.log(v) for v in a if v > 0)

        return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
        """,
    ),
    Answer("round", "in float32", SINGLE.format("theta, psi, x, z_d, z_g") + ROUND),
    Answer(
        "round",
        "with the slopes of a polynomial, as tensors",
        """
        theta, psi, x, z_d, z_g = (torch.tensor(v) for v in (theta, psi, x, z_d, z_g))
        fake = theta[0] + theta[1] * z_d
        v = torch.stack([x**k for k in range(3)]), torch.stack([fake**k for k in range(3)])
        grad = v[1] @ torch.sigmoid(psi @ v[1]) / len(fake)
        grad = grad - v[0] @ torch.sigmoid(-psi @ v[0]) / len(x)
        psi = psi - lr * grad
        s = theta[0] + theta[1] * z_g
        d = psi[0] + (psi[1] + psi[2] * s) * s
        push = torch.sigmoid(-d) * (psi[1] + 2 * psi[2] * s)
        return [theta + lr * torch.stack([push.mean(), (push * z_g).mean()]), psi]
        """,
    ),
    Answer("smallest", "in float32", SINGLE.format("theta, psi, lr, gamma") + SMALLEST),
    Answer(
        "smallest",
        "by a matrix, as nested lists",
        """
        M = np.array([[1, lr], [-lr, 1 - lr * gamma]])
        if alternating:
            M[0] += lr * (M[1] - [0, 1])
        path = [np.array([theta, psi])]
        while len(path) <= steps:
            path.append(M @ path[-1])
        return [list(map(float, row)) for row in path]
        """,
    ),
    Answer(
        "penalty",
        "in float32",
        "real, fake, share = real.float(), fake.float(), share.float()\n" + PENALTY,
    ),
    Answer(
        "penalty",
        "example after example",
        """
        def slope(x):
            x = x.detach()[None].clone().requires_grad_()
            (found,) = torch.autograd.grad(score(x)[0, 0], x, create_graph=True)
            return found.square().sum().sqrt()

        r1, gp = 0, 0
        for n in range(len(real)):
            r1 = r1 + slope(real[n]) ** 2 / 2 / len(real)
            mix = fake[n] + share[n] * (real[n] - fake[n])
            gp = gp + (slope(mix) - 1) ** 2 / len(real)
        return [r1, gp]
        """,
    ),
    Answer("power", "in float32", SINGLE.format("weight, u") + POWER),
    Answer(
        "power",
        "as tensors",
        """
        W, u = torch.tensor(weight).flatten(1), torch.tensor(u)
        unit = torch.nn.functional.normalize
        for _ in range(steps):
            v = unit(u @ W, dim=0)
            u = unit(W @ v, dim=0)
        return [(W @ v).norm(), u, v]
        """,
    ),
    Answer("lines", "in float32", SINGLE.format("real, fake") + LINES),
    Answer(
        "lines",
        "as lists",
        """
        gap = [float(a - b) for a, b in zip(real.mean(0), fake.mean(0))]
        size = sum(v * v for v in gap) ** 0.5
        return [c if v > 0 else -c for v in gap], [v / size for v in gap]
        """,
    ),
    Answer("earth", "in float32", SINGLE.format("x, y") + EARTH),
    Answer(
        "earth",
        "by repeating every number",
        """
        n, m = len(x), len(y)
        a, b = np.repeat(np.sort(x), m), np.repeat(np.sort(y), n)
        return torch.tensor(np.abs(a - b)).mean()
        """,
    ),
    Answer("onaline", "in float32", SINGLE.format("x, y") + ONALINE),
    Answer(
        "onaline",
        "from the right, lifted, as lists",
        """
        at = np.sort(np.append(x, y))
        share = [np.mean(x > t) - np.mean(y > t) for t in at[:-1]]
        fall = [s * g for s, g in zip(np.sign(share), np.diff(at))]

        def height(t):
            return 7.0 - sum(f for f, a in zip(fall, at) if a >= t)

        return [height(t) for t in x], [height(t) for t in y]
        """,
    ),
    Answer(
        "modes", "in float32", "points, centres = np.float32(points), np.float32(centres)\n" + MODES
    ),
    Answer(
        "modes",
        "sample after sample",
        """
        hits = [0] * len(centres)
        for point in points:
            far = [float(np.linalg.norm(point - centre)) for centre in centres]
            if min(far) <= reach:
                hits[far.index(min(far))] += 1
        n = len(points)
        return sum(h / n >= least for h in hits), sum(hits) / n
        """,
    ),
    Answer("training", "by the cross-entropy of labels", TRAINING),
    Answer(
        "clinic",
        "with one gradient at a time",
        """
        soft = torch.nn.functional.softplus
        def step(weights, loss):
            with torch.no_grad():
                for w, slope in zip(weights, torch.autograd.grad(loss, weights)):
                    w -= lr * slope

        for real, noise in zip(x, z):
            loss = soft(-d(real)).mean() + soft(d(g(noise[0]))).mean()
            step(list(d.parameters()), loss)
            step(list(g.parameters()), soft(-d(g(noise[1]))).mean())
        """,
    ),
    Answer(
        "clinic",
        "without detach, but with empty gradients",
        CLINIC.format(**MENDED | {"shown": "g(z[t, 0])", "between": "opt_g.zero_grad()"}),
    ),
]
