"""Typical answers to the homework on autoencoders."""

from tests.homework import Answer

SLOPES = """
z = x @ A.T
rest = z @ B.T - x
loss, dA, dB = (rest**2).sum() / len(x), 2 * B.T @ rest.T @ x / len(x), 2 * rest.T @ z / len(x)
"""

GRADIENTS = [
    Answer(
        "gradients",
        "takes the mean over pixels too",
        SLOPES + "return (rest**2).mean(), dA, dB",
        "you took both means",
    ),
    Answer(
        "gradients",
        "sums over the pictures",
        SLOPES + "return loss * len(x), dA * len(x), dB * len(x)",
        "divide by the number of pictures",
    ),
    Answer(
        "gradients",
        "averages the norms",
        SLOPES + "return np.linalg.norm(rest, axis=1).mean(), dA, dB",
        "it should be",
    ),
    Answer(
        "gradients", "takes half the loss", SLOPES + "return loss / 2, dA / 2, dB / 2", "no half"
    ),
    Answer(
        "gradients",
        "forgets the factor 2",
        SLOPES + "return loss, dA / 2, dB / 2",
        "the gradient of A: the derivative of a square brings a factor 2",
    ),
    Answer(
        "gradients",
        "has the wrong sign",
        SLOPES + "return loss, dA, -dB",
        "the gradient of B: wrong sign",
    ),
    Answer(
        "gradients",
        "divides the gradient by the pixels",
        SLOPES + "return loss, dA / x.shape[1], dB / x.shape[1]",
        "you divided by D",
    ),
    Answer(
        "gradients",
        "returns the gradients turned",
        SLOPES + "return loss, dA.T, dB.T",
        "the gradient of A: it has the shape of A",
    ),
    Answer(
        "gradients",
        "takes the mean away",
        "loss0 = ((x - x @ A.T @ B.T) ** 2).sum() / len(x)\nx = x - x.mean(axis=0)"
        + SLOPES
        + "return loss0, dA, dB",
        "the loss takes no mean away",
    ),
    Answer(
        "gradients",
        "divides by N - 1",
        SLOPES + "factor = len(x) / max(len(x) - 1, 1)\nreturn loss, dA * factor, dB * factor",
        "divide by N, not by N - 1",
    ),
    Answer(
        "gradients",
        "forgets the decoder on the way back",
        SLOPES + "return loss, 2 * np.linalg.pinv(B) @ rest.T @ x / len(x), dB",
        "the gradient of A: entry",
    ),
    Answer("gradients", "returns the loss alone", SLOPES + "return loss", "return 3 things"),
]

BOTH = """
z = x @ W
rest = z @ W.T - x
decoder, encoder = 2 * rest.T @ z / len(x), 2 * x.T @ rest @ W / len(x)
"""

TIED = [
    Answer("tied", "forgets the encoder", BOTH + "return decoder", "W stands in the encoder too"),
    Answer("tied", "forgets the decoder", BOTH + "return encoder", "W stands in the decoder too"),
    Answer(
        "tied",
        "believes that W is orthonormal",
        "S = x.T @ x / len(x)\nreturn -2 * (S @ W - W @ (W.T @ S @ W))",
        "W stands in the encoder too",
    ),
    Answer(
        "tied", "averages the parts", BOTH + "return (encoder + decoder) / 2", "do not average them"
    ),
    Answer("tied", "has the wrong sign", BOTH + "return -(encoder + decoder)", "wrong sign"),
    Answer(
        "tied",
        "sums over the pictures",
        BOTH + "return len(x) * (encoder + decoder)",
        "divide by the number of pictures",
    ),
    Answer(
        "tied",
        "divides by the pixels",
        BOTH + "return (encoder + decoder) / x.shape[1]",
        "you divided by D",
    ),
    Answer("tied", "returns it turned", BOTH + "return (encoder + decoder).T", "yours is turned"),
]

PROJECTOR = [
    Answer("projector", "believes in orthonormal columns", "return B @ B.T", "orthonormal columns"),
    Answer(
        "projector",
        "gives the columns length one",
        "B = B / np.linalg.norm(B, axis=0)\nreturn B @ B.T",
        "not yet at right angles",
    ),
    Answer(
        "projector",
        "projects onto the rest",
        "return np.eye(len(B)) - B @ np.linalg.pinv(B)",
        "at a right angle to the plane",
    ),
    Answer(
        "projector",
        "forgets to invert",
        "return B @ (B.T @ B) @ B.T",
        "put the inverse of B^T B",
    ),
    Answer(
        "projector",
        "returns a basis",
        "return np.linalg.qr(B)[0]",
        "the shape is",
    ),
    Answer(
        "projector",
        "turns the other way",
        "Q = np.linalg.qr(B)[0]\nreturn Q.T @ Q",
        "the shape is",
    ),
    Answer(
        "projector",
        "makes the columns orthonormal in place",
        "B /= np.linalg.norm(B, axis=0)\nreturn B @ np.linalg.pinv(B)",
        "your function changes B",
    ),
]

PLANE = """
Q, R = np.linalg.qr(B)
inside = z @ R.T
values, vectors = np.linalg.eigh(inside.T @ inside / len(z))
"""

AXES = [
    Answer(
        "axes",
        "stops at the orthonormal basis",
        PLANE + "return Q, values[::-1]",
        "turn it until they are not",
    ),
    Answer(
        "axes",
        "takes the singular vectors of B",
        "U, s, _ = np.linalg.svd(B, full_matrices=False)\nreturn U, s**2",
        "turn it until they are not",
    ),
    Answer(
        "axes",
        "goes from small to large",
        PLANE + "return Q @ vectors, values",
        "turn them round",
    ),
    Answer(
        "axes",
        "turns the components round and not the variances",
        PLANE + "return Q @ vectors[:, ::-1], values",
        "from large to small",
    ),
    Answer(
        "axes",
        "carries the axes of the codes over with B",
        """
        values, vectors = np.linalg.eigh(z.T @ z / len(z))
        W = B @ vectors[:, ::-1]
        return W, values[::-1]
        """,
        "it should have length one",
    ),
    Answer(
        "axes",
        "carries the axes of the codes over and divides by their lengths",
        """
        values, vectors = np.linalg.eigh(z.T @ z / len(z))
        W = B @ vectors[:, ::-1]
        return W / np.linalg.norm(W, axis=0), values[::-1]
        """,
        "not at right angles",
    ),
    Answer(
        "axes",
        "returns the variances of the codes",
        PLANE + "return Q @ vectors[:, ::-1], np.linalg.eigvalsh(z.T @ z / len(z))[::-1]",
        "variances of the codes; B stretches them",
    ),
    Answer(
        "axes",
        "returns the variances of single codes",
        PLANE + "return Q @ vectors[:, ::-1], z.var(axis=0)",
        "variances of single codes",
    ),
    Answer(
        "axes",
        "divides by N - 1",
        PLANE + "return Q @ vectors[:, ::-1], values[::-1] * len(z) / (len(z) - 1)",
        "divide by N, not by N - 1",
    ),
    Answer(
        "axes",
        "does not divide",
        PLANE + "return Q @ vectors[:, ::-1], values[::-1] * len(z)",
        "divide by N",
    ),
    Answer(
        "axes",
        "returns standard deviations",
        PLANE + "return Q @ vectors[:, ::-1], np.sqrt(values[::-1])",
        "square them",
    ),
    Answer(
        "axes",
        "uses R on the wrong side",
        PLANE.replace("z @ R.T", "z @ R") + "return Q @ vectors[:, ::-1], values[::-1]",
        "turn it until they are not",
    ),
    Answer(
        "axes",
        "returns one component a row",
        PLANE + "return (Q @ vectors[:, ::-1]).T, values[::-1]",
        "yours are rows",
    ),
    Answer(
        "axes",
        "makes the covariance of the pictures",
        """
        S = B @ (z.T @ z / len(z)) @ B.T
        values, vectors = np.linalg.eigh(S)
        k = B.shape[1]
        return vectors[:, ::-1][:, :k], values[::-1][:k]
        """,
        "make no array of shape (D, D)",
    ),
]

STEP = """
{loss}
{zero}
{backward}
{step}
return {value}
"""
GOOD = {
    "loss": "loss = ((model(x) - x) ** 2).sum() / len(x)",
    "zero": "optimiser.zero_grad()",
    "backward": "loss.backward()",
    "step": "optimiser.step()",
    "value": "loss.item()",
}

STEPS = [
    Answer(
        "step",
        "takes the mean over pixels too",
        STEP.format(**GOOD | {"loss": "loss = nn.functional.mse_loss(model(x), x)"}),
        "you took the mean over them too",
    ),
    Answer(
        "step",
        "sums over the pictures too",
        STEP.format(**GOOD | {"loss": "loss = ((model(x) - x) ** 2).sum()"}),
        "you summed over them too",
    ),
    Answer(
        "step",
        "sums over the channels alone",
        STEP.format(**GOOD | {"loss": "loss = ((model(x) - x) ** 2).sum(dim=1).mean()"}),
        "you took the mean over them too",
    ),
    Answer("step", "keeps old gradients", STEP.format(**GOOD | {"zero": ""}), "zero_grad()"),
    Answer("step", "never steps", STEP.format(**GOOD | {"step": ""}), "the weights did not move"),
    Answer(
        "step",
        "clears the gradients before it steps",
        STEP.format(**GOOD | {"zero": "loss.backward()", "backward": "optimiser.zero_grad()"}),
        "the weights did not move",
    ),
    Answer(
        "step",
        "steps before it looks",
        "optimiser.step()\n" + STEP.format(**GOOD | {"step": ""}),
        "loss.backward(), then optimiser.step()",
    ),
    Answer(
        "step",
        "climbs",
        STEP.format(**GOOD | {"backward": "(-loss).backward()"}),
        "the loss grows",
    ),
    Answer(
        "step",
        "steps twice",
        STEP.format(**GOOD | {"step": "optimiser.step()\noptimiser.step()"}),
        "two steps were made",
    ),
    Answer("step", "returns the graph", STEP.format(**GOOD | {"value": "loss"}), "loss.item()"),
    Answer(
        "step",
        "returns the loss after the step",
        STEP.format(**GOOD | {"value": "(((model(x) - x) ** 2).sum() / len(x)).item()"}),
        "not the one after the step",
    ),
    Answer(
        "step",
        "returns the mean over pixels",
        STEP.format(**GOOD | {"value": "((loss / x[0].numel()).item())"}),
        "you took both means",
    ),
    Answer("step", "returns nothing", STEP.format(**GOOD | {"value": ""}), "returned None"),
]

CURVE = """
class Net(nn.Module):
    def __init__(self, d):
        super().__init__()
        {encode}
        {decode}

torch.manual_seed(seed)
model = Net(x.shape[1])
optimiser = torch.optim.Adam(model.parameters(), lr={rate})
for _ in range({steps}):
    {code}
    loss = ((model.decode(z) - x) ** 2).sum(dim=1).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
return {back}
"""
BENT = {
    "encode": "self.encode = nn.Sequential(nn.Linear(d, 32), nn.Tanh(), nn.Linear(32, k))",
    "decode": "self.decode = nn.Sequential(nn.Linear(k, 32), nn.Tanh(), nn.Linear(32, d))",
    "rate": "0.01",
    "steps": "400",
    "code": "z = model.encode(x)",
    "back": "model",
}

CURVES = [
    Answer(
        "curve",
        "bends the encoder alone",
        CURVE.format(**BENT | {"decode": "self.decode = nn.Linear(k, d)"}),
        "with a linear decoder nothing beats PCA",
    ),
    Answer(
        "curve",
        "puts ReLU after the last layer",
        CURVE.format(
            **BENT
            | {
                "decode": "self.decode = nn.Sequential(nn.Linear(k, 32), nn.Tanh(), "
                "nn.Linear(32, d), nn.ReLU())"
            }
        ),
        "no ReLU or sigmoid after the last layer",
    ),
    Answer(
        "curve",
        "puts tanh after the last layer",
        CURVE.format(
            **BENT
            | {
                "decode": "self.decode = nn.Sequential(nn.Linear(k, 32), nn.Tanh(), "
                "nn.Linear(32, d), nn.Tanh())"
            }
        ),
        "no tanh after the last layer",
    ),
    Answer("curve", "does not train", CURVE.format(**BENT | {"steps": "0"}), "asked for"),
    Answer("curve", "trains three steps", CURVE.format(**BENT | {"steps": "3"}), "asked for"),
    Answer(
        "curve",
        "keeps the decoder's layers in a list",
        CURVE.format(
            **BENT
            | {
                "decode": "self.layers = [nn.Linear(k, 32), nn.Tanh(), nn.Linear(32, d)]\n"
                "        self.decode = lambda z: self.layers[2](self.layers[1](self.layers[0](z)))"
            }
        ),
        "holds no weight of the decoder",
    ),
    Answer(
        "curve",
        "steps too far",
        CURVE.format(**BENT | {"rate": "30.0", "steps": "60"}),
        "asked for",
    ),
    Answer(
        "curve",
        "takes a longer code",
        CURVE.format(**BENT).replace("32, k)", "32, k + 2)").replace("(k, 32)", "(k + 2, 32)"),
        "a code has K =",
    ),
    Answer(
        "curve",
        "returns reconstructions for codes",
        CURVE.format(**BENT | {"back": "model.decode(model.encode(x))"}),
        "return an nn.Module that has the methods",
    ),
    Answer(
        "curve",
        "centres the points in place",
        "x -= x.mean(dim=0)\n" + CURVE.format(**BENT),
        "your function changes x",
    ),
]

DENOISER = """
gap = noisy[:, None] - means
spread = variances + sigma**2
logs = np.log(weights) - 0.5 * (gap**2).sum(axis=2) / spread
logs = logs - 0.5 * noisy.shape[1] * np.log(spread)
r = np.exp(logs - logs.max(axis=1, keepdims=True))
r = r / r.sum(axis=1, keepdims=True)
keep = variances / spread
guess = means + keep[:, None] * gap
right = (r[:, :, None] * guess).sum(axis=1)
"""


def denoiser(old: str, new: str, back: str = "right") -> str:
    """The right denoiser with one change."""
    assert DENOISER.count(old) == 1, old
    return DENOISER.replace(old, new) + f"return {back}"


DENOISERS = [
    Answer(
        "denoiser",
        "takes sigma for a variance",
        denoiser("sigma**2", "sigma"),
        "sigma is a standard deviation",
    ),
    Answer(
        "denoiser",
        "forgets the variance of the component in the weights",
        denoiser("keep = ", "keep = ")
        .replace("/ spread\n", "/ sigma**2\n", 1)
        .replace("np.log(spread)", "np.log(sigma**2)"),
        "scatters with v_m + sigma^2",
    ),
    Answer(
        "denoiser",
        "forgets pi_m",
        denoiser("np.log(weights) - 0.5", "-0.5"),
        "the components have weights",
    ),
    Answer(
        "denoiser",
        "weighs by pi_m alone",
        denoiser("(r[:, :, None] * guess)", "(weights[:, None] * guess)"),
        "not by pi_m",
    ),
    Answer(
        "denoiser",
        "forgets the height of a Gaussian",
        denoiser("logs = logs - 0.5 * noisy.shape[1] * np.log(spread)", ""),
        "a Gaussian's height",
    ),
    Answer(
        "denoiser",
        "takes the height of one dimension",
        denoiser("noisy.shape[1] * ", ""),
        "belongs to one dimension",
    ),
    Answer(
        "denoiser",
        "answers with the means",
        denoiser("means + keep[:, None] * gap", "means + 0 * gap"),
        "between its mean and the noisy point",
    ),
    Answer(
        "denoiser",
        "keeps the wrong share",
        denoiser("keep = variances / spread", "keep = sigma**2 / spread"),
        "the share of x - mu_m that is kept",
    ),
    Answer(
        "denoiser",
        "takes the nearest mean",
        denoiser("keep = ", "keep = ", "means[(gap**2).sum(axis=2).argmin(axis=1)]"),
        "not the nearest mean",
    ),
    Answer(
        "denoiser", "returns the step", DENOISER + "return right - noisy", "add the noisy point"
    ),
    Answer(
        "denoiser",
        "returns the score",
        DENOISER + "return (right - noisy) / sigma**2",
        "that is the score",
    ),
    Answer(
        "denoiser",
        "lets the weights underflow",
        denoiser("np.exp(logs - logs.max(axis=1, keepdims=True))", "np.exp(logs)"),
        "subtract the largest logarithm",
    ),
    Answer(
        "denoiser",
        "hides the underflow behind a small number",
        denoiser(
            "np.exp(logs - logs.max(axis=1, keepdims=True))",
            "np.exp(logs) + 1e-300",
        ),
        "subtract the largest logarithm",
    ),
]

SCORE = [
    Answer("score", "divides by sigma", "return (denoise(noisy) - noisy) / sigma", "its square"),
    Answer("score", "does not divide", "return denoise(noisy) - noisy", "divide by sigma^2"),
    Answer("score", "multiplies", "return (denoise(noisy) - noisy) * sigma**2", "do not multiply"),
    Answer("score", "points downhill", "return (noisy - denoise(noisy)) / sigma**2", "uphill"),
    Answer(
        "score",
        "forgets the noisy point",
        "return denoise(noisy) / sigma**2",
        "take the noisy point away",
    ),
    Answer("score", "returns the guess", "return denoise(noisy)", "take the noisy point away and"),
    Answer(
        "score",
        "believes in one Gaussian round zero",
        "return -noisy / (noisy.var(axis=0) + sigma**2)",
        "it should be",
    ),
]

EACH = """
rows = []
for c in np.unique(y):
    rows.extend({pick})
return np.array(rows)
"""

PICK = [
    Answer(
        "pick",
        "draws with replacement",
        EACH.format(pick="rng.choice(np.flatnonzero(y == c), size=k)"),
        "without replacement",
    ),
    Answer(
        "pick",
        "takes the first ones",
        EACH.format(pick="np.flatnonzero(y == c)[:k]"),
        "picked more often than others",
    ),
    Answer(
        "pick",
        "numbers inside the class",
        EACH.format(pick="rng.choice((y == c).sum(), size=k, replace=False)"),
        "not only those of its class",
    ),
    Answer(
        "pick",
        "picks k in all",
        "return rng.choice(len(y), size=k, replace=False)",
        "of 4 classes, so",
    ),
    Answer(
        "pick",
        "picks from everybody",
        "return rng.choice(len(y), size=k * len(np.unique(y)), replace=False)",
        "the classes of the rows you return come",
    ),
    Answer(
        "pick",
        "expects the classes 0, 1, 2",
        "return np.concatenate([rng.permutation(np.flatnonzero(y == c))[:k] for c in range(10)])",
        "of 4 classes, so",
    ),
    Answer(
        "pick",
        "returns the labels",
        "return np.repeat(np.unique(y), k)",
        "row",
    ),
    Answer(
        "pick",
        "fixes the seed",
        "rng = np.random.default_rng(0)\n"
        + EACH.format(pick="rng.choice(np.flatnonzero(y == c), size=k, replace=False)"),
        "picked more often than others",
    ),
    Answer(
        "pick",
        "draws with a generator of its own",
        "rng = np.random.default_rng()\n"
        + EACH.format(pick="rng.choice(np.flatnonzero(y == c), size=k, replace=False)"),
        "two generators with the same seed",
    ),
    Answer("pick", "shuffles y", "rng.shuffle(y)\nreturn np.arange(4 * k)", "changes y"),
]

REUSE = """
from copy import deepcopy
layers = deepcopy(encoder)
"""

REUSED = [
    Answer(
        "reuse",
        "works on the encoder itself",
        "encoder[:n_frozen].requires_grad_(False)\n"
        "return nn.Sequential(encoder, nn.Linear(k, n_classes))",
        "work on a copy",
    ),
    Answer(
        "reuse",
        "freezes nothing",
        REUSE + "return nn.Sequential(layers, nn.Linear(k, n_classes))",
        "set requires_grad_(False)",
    ),
    Answer(
        "reuse",
        "freezes the whole encoder",
        REUSE
        + "layers.requires_grad_(False)\nreturn nn.Sequential(layers, nn.Linear(k, n_classes))",
        "only some layers are frozen",
    ),
    Answer(
        "reuse",
        "freezes the end",
        REUSE
        + "layers[len(layers) - n_frozen :].requires_grad_(False)\n"
        + "return nn.Sequential(layers, nn.Linear(k, n_classes))",
        "the last 2 members are frozen",
    ),
    Answer(
        "reuse",
        "frees the first and freezes the rest",
        REUSE
        + "layers[n_frozen:].requires_grad_(False)\n"
        + "return nn.Sequential(layers, nn.Linear(k, n_classes))",
        "with the first",
    ),
    Answer(
        "reuse",
        "does not count activations",
        REUSE
        + "layers[: 2 * n_frozen].requires_grad_(False)\n"
        + "return nn.Sequential(layers, nn.Linear(k, n_classes))",
        "an activation counts as a layer too",
    ),
    Answer(
        "reuse",
        "starts from new weights",
        REUSE
        + """
for layer in layers:
    if isinstance(layer, nn.Linear):
        layer.reset_parameters()
layers[:n_frozen].requires_grad_(False)
return nn.Sequential(layers, nn.Linear(k, n_classes))
""",
        "keep the weights of all its layers",
    ),
    Answer(
        "reuse",
        "adds softmax",
        REUSE
        + "layers[:n_frozen].requires_grad_(False)\n"
        + "return nn.Sequential(layers, nn.Linear(k, n_classes), nn.Softmax(dim=1))",
        "nothing after it",
    ),
    Answer(
        "reuse",
        "forgets the last layer",
        REUSE + "layers[:n_frozen].requires_grad_(False)\nreturn layers",
        "logits",
    ),
    Answer(
        "reuse",
        "hides the frozen layers in a list",
        REUSE
        + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.frozen = list(layers[:n_frozen])
        self.free = nn.Sequential(*layers[n_frozen:], nn.Linear(k, n_classes))

    def forward(self, x):
        for layer in self.frozen:
            x = layer(x)
        return self.free(x)

return Net()
""",
        "keep its layers in nn.Sequential",
    ),
    Answer(
        "reuse",
        "freezes the new layer as well",
        REUSE
        + "model = nn.Sequential(layers, nn.Linear(k, n_classes))\n"
        + "return model.requires_grad_(n_frozen == 0)",
        "the last layer must stay free",
    ),
]

GAPS = """
def gaps(a):
    return np.linalg.norm(a[:, None] - z, axis=2)

apart = gaps(z)
np.fill_diagonal(apart, np.inf)
apart, found = apart.min(axis=1), gaps(codes).min(axis=1)
limit = np.quantile(apart, 0.95)
"""

HOLES = [
    Answer(
        "holes",
        "measures codes to themselves",
        GAPS + "return np.mean(found > np.quantile(gaps(z).min(axis=1), 0.95))",
        "leave it out",
    ),
    Answer("holes", "counts what is no hole", GAPS + "return np.mean(found <= limit)", "outside"),
    Answer("holes", "counts", GAPS + "return np.sum(found > limit)", "the share is asked for"),
    Answer(
        "holes",
        "divides by the data",
        GAPS + "return np.sum(found > limit) / len(z)",
        "the number of random codes",
    ),
    Answer(
        "holes",
        "takes the mean for the limit",
        GAPS + "return np.mean(found > apart.mean())",
        "and not the mean",
    ),
    Answer(
        "holes",
        "takes the largest for the limit",
        GAPS + "return np.mean(found > apart.max())",
        "not the largest distance",
    ),
    Answer(
        "holes",
        "takes the other quantile",
        GAPS + "return np.mean(found > np.quantile(apart, 0.05))",
        "so that 5 % of the data lie beyond",
    ),
    Answer(
        "holes",
        "measures to the middle",
        GAPS + "return np.mean(np.linalg.norm(codes - z.mean(axis=0), axis=1) > limit)",
        "not to the middle",
    ),
    Answer("holes", "forgets a root", GAPS + "return np.mean(found**2 > limit)", "is a root"),
    Answer("holes", "returns which", GAPS + "return found > limit", "the shape is"),
]

FITTED = "mean = z.mean(axis=0)\nC = (z - mean).T @ (z - mean) / len(z)\nk = z.shape[1]\n"
DRAW = FITTED + "e = rng.normal(size=(n, k))\n"

SAMPLED = [
    Answer(
        "codes",
        "draws each entry alone",
        DRAW + "return mean + e * z.std(axis=0)",
        "the entries of a code go together",
    ),
    Answer("codes", "multiplies by C", DRAW + "return mean + e @ C", "multiply by its root"),
    Answer("codes", "draws from N(mean, I)", DRAW + "return mean + e", "these have covariance I"),
    Answer(
        "codes",
        "uses the root on the wrong side",
        DRAW + "return mean + e @ np.linalg.cholesky(C)",
        "so rows by L^T",
    ),
    Answer(
        "codes",
        "takes variances for standard deviations",
        DRAW + "return mean + e * z.var(axis=0)",
        "a standard deviation is a root",
    ),
    Answer(
        "codes",
        "forgets the mean",
        DRAW + "return e @ np.linalg.cholesky(C).T",
        "add it, once",
    ),
    Answer(
        "codes",
        "repeats one draw",
        FITTED + "return np.tile(rng.multivariate_normal(mean, C), (n, 1))",
        ": ",
    ),
    Answer(
        "codes", "picks codes of the data", "return z[rng.integers(len(z), size=n)]", "draw new"
    ),
    Answer(
        "codes",
        "draws uniform numbers",
        FITTED
        + "e = rng.uniform(-(3**0.5), 3**0.5, size=(n, k))\n"
        + "return mean + e @ np.linalg.cholesky(C).T",
        "it is 3 for a Gaussian",
    ),
    Answer(
        "codes",
        "fixes the seed",
        "rng = np.random.default_rng(0)\n" + DRAW + "return mean + e @ np.linalg.cholesky(C).T",
        "different seeds gave the same codes",
    ),
]

ROOTS = """
def root(S):
    values, vectors = np.linalg.eigh(S)
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T

gap = mean1 - mean2
cross = root(root(cov1) @ cov2 @ root(cov1))
"""

FRECHET = [
    Answer(
        "frechet",
        "does not square the distance",
        ROOTS + "return np.linalg.norm(gap) + np.trace(cov1 + cov2 - 2 * cross)",
        "square the distance of the means",
    ),
    Answer(
        "frechet",
        "forgets the means",
        ROOTS + "return np.trace(cov1 + cov2 - 2 * cross)",
        "the means differ too",
    ),
    Answer("frechet", "compares the means alone", ROOTS + "return gap @ gap", "covariances differ"),
    Answer(
        "frechet",
        "takes the cross term once",
        ROOTS + "return gap @ gap + np.trace(cov1 + cov2 - cross)",
        "counts twice",
    ),
    Answer(
        "frechet",
        "adds the cross term",
        ROOTS + "return gap @ gap + np.trace(cov1 + cov2 + 2 * cross)",
        "minus sign",
    ),
    Answer(
        "frechet",
        "takes the root",
        ROOTS + "return np.sqrt(gap @ gap + np.trace(cov1 + cov2 - 2 * cross))",
        "no root of the whole",
    ),
    Answer(
        "frechet",
        "multiplies the roots",
        ROOTS + "return gap @ gap + np.trace(cov1 + cov2 - 2 * root(cov1) @ root(cov2))",
        "share their eigenvectors",
    ),
    Answer(
        "frechet",
        "takes the roots of the entries",
        "gap = mean1 - mean2\n"
        "return gap @ gap + np.trace(cov1 + cov2 - 2 * np.sqrt(np.abs(cov1 @ cov2)))",
        "not the matrix of the roots",
    ),
    Answer(
        "frechet",
        "forgets the root of the product",
        ROOTS + "return gap @ gap + np.trace(cov1 + cov2 - 2 * cov1 @ cov2)",
        "the root of S1 S2 is missing",
    ),
    Answer(
        "frechet",
        "takes the root of a rounded eigenvalue",
        ROOTS.replace("np.maximum(values, 0)", "np.where(values < 1e-9, -1e-17, values)")
        + "return gap @ gap + np.trace(cov1 + cov2 - 2 * cross)",
        "set it to 0",
    ),
]

STUDY = """
optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
losses, data = [], {data}
model.train()
for _ in range(epochs):
    noisy = data + {noise} * torch.randn(data.shape, generator=generator)
    loss = ((model.decode(model.encode(noisy)) - {target}) ** 2){mean}
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
{mode}
with torch.no_grad():
    error = ((model.decode(model.encode({test})) - {test}) ** 2){measure}.item()
    codes = model.encode(x)
    root = torch.linalg.cholesky(torch.cov(codes.T, correction=0))
    e = torch.randn(n, codes.shape[1], generator=generator, dtype=codes.dtype)
    z = {draw}
    new = model.decode(z)
return losses, error, new
"""
MENDED = {
    "data": "x",
    "noise": "sigma",
    "target": "data",
    "mean": ".sum(dim=1).mean()",
    "mode": "model.eval()",
    "test": "x_test",
    "measure": ".sum(dim=1).mean()",
    "draw": "codes.mean(dim=0) + e @ root.T",
}
KNOWN = "codes[torch.randint(len(x), (n,), generator=generator)]"
BROKEN = {
    "data": "torch.cat([x, x_test])",
    "target": "noisy",
    "mean": ".mean()",
    "mode": "",
    "draw": KNOWN,
}


def study(**broken: str) -> str:
    """The mended study with some lines broken."""
    return STUDY.format(**MENDED | broken)


CLINIC = [
    Answer(
        "clinic",
        "mends all but the test pictures",
        study(data=BROKEN["data"]),
        "the test pictures are among those you train on",
    ),
    Answer("clinic", "mends all but the target", study(target="noisy"), "the target is the clean"),
    Answer("clinic", "mends all but the mean", study(mean=".mean()"), "sum over the pixels, mean"),
    Answer("clinic", "mends all but the mode", study(mode=""), "dropout is still on"),
    Answer("clinic", "mends all but the new pictures", study(draw=KNOWN), "nothing in them is new"),
    Answer(
        "clinic",
        "mends nothing",
        study(**BROKEN),
        "among those you train on; the target is the clean picture, not the noisy one; sum over",
    ),
    Answer("clinic", "draws codes from N(0, I)", study(draw="e"), "the draws"),
    Answer(
        "clinic",
        "draws each entry of a code alone",
        study(draw="codes.mean(dim=0) + e * codes.std(dim=0, correction=0)"),
        "the entries of a code go together",
    ),
    Answer("clinic", "measures on training pictures", study(test="x"), "on the test pictures"),
    Answer("clinic", "measures a mean over pixels", study(measure=".mean()"), "sum over the pix"),
    Answer("clinic", "adds no noise", study(noise="0"), "the noise on the input"),
    Answer("clinic", "squares the noise", study(noise="sigma**2"), "the noise on the input"),
    Answer(
        "clinic",
        "draws the noise once",
        study(noise="sigma * 0 + sigma").replace(
            "generator=generator)\n    loss",
            "generator=torch.Generator().manual_seed(0))\n    loss",
        ),
        "new noise",
    ),
    Answer(
        "clinic",
        "keeps the graph",
        study().replace("    new = model.decode(z)\n", "new = model.decode(z)\n"),
        "drag their graph along",
    ),
]

OFF = "the book's own functions are switched off"
PEERS_OFF = "the tests' own solutions are switched off"
BOOK = {
    "gradients": """
        from lib.reconstruction import linear_slopes

        loss, (dA, dB) = linear_slopes(*(torch.tensor(m) for m in (A, B, x)))
        return loss, dA, dB
    """,
    "tied": """
        from lib.reconstruction import linear_slopes

        _, (dA, dB) = linear_slopes(*(torch.tensor(m) for m in (W.T, W, x)))
        return dA.T + dB
    """,
    "projector": """
        from lib.pca import fit_pca

        W = fit_pca(np.concatenate([B.T, -B.T]), B.shape[1]).components
        return W @ W.T
    """,
    "axes": """
        from lib.pca import fit_pca

        found = fit_pca(z @ B.T, B.shape[1])
        return found.components, found.variances
    """,
    "step": """
        from lib.autoencoder import squared_error

        loss = squared_error(model(x), x).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()
    """,
    "pick": """
        from lib.few_labels import pick_per_class

        generator = torch.Generator().manual_seed(int(rng.integers(2**30)))
        return pick_per_class(torch.tensor(y), k, generator).numpy()
    """,
    "holes": """
        from lib.metrics import nearest

        apart = [nearest(z[[i]], np.delete(z, i, axis=0))[1][0] for i in range(len(z))]
        return np.mean(nearest(codes, z)[1] > np.quantile(apart, 0.95))
    """,
    "codes": """
        from lib.code_space import random_codes

        return random_codes(z, n, rng)["Gaussian"]
    """,
    "clinic": """
        from lib.reconstruction import rebuild

        return [], rebuild(model, x_test), x
    """,
}
PEERS = {
    "tied": """
        from lib.homework_autoencoders import _tied_slope

        return _tied_slope(W, x, x)
    """,
    "denoiser": """
        from lib.homework_autoencoders_denoisers import uphill

        return uphill(noisy, weights, means, variances, sigma)
    """,
    "score": """
        from lib.homework_autoencoders_denoisers import Law, _noise_in

        law = Law(None, None, None, sigma)
        return -_noise_in(noisy, denoise(noisy), law) / sigma
    """,
    "frechet": """
        from lib.homework_autoencoders_frechet import _root

        half = _root(cov1)
        cross = _root(half @ cov2 @ half)
        return ((mean1 - mean2) ** 2).sum() + np.trace(cov1 + cov2 - 2 * cross)
    """,
}
CLASSES = {
    "curve": """
        from lib.autoencoder import Autoencoder
        from lib.nets import MLPDecoder, MLPEncoder

        torch.manual_seed(seed)
        return Autoencoder(MLPEncoder((6,), (8,), k), MLPDecoder(k, (8,), (6,)))
    """,
    "reuse": """
        from lib.few_labels import Classifier

        return Classifier(encoder, k, n_classes, frozen=n_frozen > 0)
    """,
}
CALLS = [
    *(Answer(task, "calls the book", code, OFF) for task, code in BOOK.items()),
    *(Answer(task, "calls the tests", code, PEERS_OFF) for task, code in PEERS.items()),
    *(Answer(task, "calls the book", code, "the book's own") for task, code in CLASSES.items()),
]

WRONG = [
    *(GRADIENTS + TIED + PROJECTOR + AXES + STEPS + CURVES + DENOISERS + SCORE),
    *(PICK + REUSED + HOLES + SAMPLED + FRECHET + CLINIC),
]
WRONG = sorted(WRONG + CALLS, key=lambda a: [w.task for w in WRONG].index(a.task))  # stable

HALF = "{0} = ({0}).astype(np.float32)\n"
NARROW = {
    "gradients": (("A", "B", "x"), SLOPES + "return loss, dA, dB"),
    "tied": (("W", "x"), BOTH + "return encoder + decoder"),
    "projector": (("B",), "Q = np.linalg.qr(B)[0]\nreturn Q @ Q.T"),
    "axes": (("B", "z"), PLANE + "return Q @ vectors[:, ::-1], values[::-1]"),
    "denoiser": (("noisy", "weights", "means", "variances"), DENOISER + "return right"),
    "holes": (("codes", "z"), GAPS + "return np.mean(found > limit)"),
    "codes": (("z",), DRAW + "return mean + e @ np.linalg.cholesky(C).T"),
    "frechet": (
        ("mean1", "cov1", "mean2", "cov2"),
        ROOTS + "return gap @ gap + np.trace(cov1 + cov2 - 2 * cross)",
    ),
}
FLOAT32 = [
    *(
        Answer(task, "in float32", "".join(HALF.format(name) for name in given) + code)
        for task, (given, code) in NARROW.items()
    ),
    Answer("score", "in float32", "return np.float32((denoise(noisy) - noisy) / sigma**2)"),
]

RIGHT = [
    Answer(
        "gradients",
        "automatic differentiation",
        """
        a, b = (torch.tensor(m, requires_grad=True) for m in (A, B))
        v = torch.tensor(x)
        loss = ((v @ a.T @ b.T - v) ** 2).sum(dim=1).mean()
        loss.backward()
        return loss.item(), a.grad.numpy(), b.grad.numpy()
        """,
    ),
    Answer(
        "gradients",
        "with the second moments",
        """
        S, I = x.T @ x / len(x), np.eye(x.shape[1])
        rest = I - B @ A
        return np.trace(rest @ S @ rest.T), -2 * B.T @ rest @ S, -2 * rest @ S @ A.T
        """,
    ),
    Answer(
        "tied",
        "with the second moments",
        """
        S, I = x.T @ x / len(x), np.eye(len(W))
        rest = W @ W.T - I
        return 2 * (rest @ S + S @ rest) @ W
        """,
    ),
    Answer("projector", "the normal equations", "return B @ np.linalg.solve(B.T @ B, B.T)"),
    Answer("projector", "the pseudo-inverse", "return B @ np.linalg.pinv(B)"),
    Answer(
        "axes",
        "the singular values of the reconstructions",
        """
        _, s, rows = np.linalg.svd(z @ B.T, full_matrices=False)
        k = B.shape[1]
        return -rows[:k].T, s[:k] ** 2 / len(z)
        """,
    ),
    Answer(
        "axes",
        "a generalised eigenproblem",
        """
        from scipy.linalg import eigh

        values, vectors = eigh(z.T @ z / len(z), np.linalg.inv(B.T @ B))
        W = B @ np.linalg.solve(B.T @ B, vectors[:, ::-1])
        return W / np.linalg.norm(W, axis=0), values[::-1]
        """,
    ),
    Answer(
        "step",
        "gradients cleared first, one picture after the other",
        """
        for w in model.parameters():
            w.grad = None
        total = 0.0
        for picture in x:
            loss = nn.functional.mse_loss(model(picture[None])[0], picture, reduction="sum")
            (loss / len(x)).backward()
            total += loss.item()
        optimiser.step()
        return total / len(x)
        """,
    ),
    Answer(
        "curve",
        "ReLU, batches and methods",
        """
        torch.manual_seed(seed)

        class Net(nn.Module):
            def __init__(self, d):
                super().__init__()
                self.one, self.two = nn.Linear(d, 64), nn.Linear(64, k)
                self.three, self.four = nn.Linear(k, 64), nn.Linear(64, 32)
                self.five = nn.Linear(32, d)

            def encode(self, x):
                return self.two(torch.relu(self.one(x)))

            def decode(self, z):
                return self.five(torch.relu(self.four(torch.relu(self.three(z)))))

        model = Net(x.shape[1])
        optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
        for _ in range(120):
            for rows in torch.randperm(len(x)).split(100):
                loss = nn.functional.mse_loss(model.decode(model.encode(x[rows])), x[rows])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        return model
        """,
    ),
    Answer(
        "denoiser",
        "one point and one component after the other",
        """
        from scipy.special import softmax
        from scipy.stats import norm

        out = []
        for point in noisy:
            logs, guesses = [], []
            for pi, mu, v in zip(weights, means, variances):
                wide = np.sqrt(v + sigma**2)
                logs.append(np.log(pi) + norm.logpdf(point, mu, wide).sum())
                guesses.append((v * point + sigma**2 * mu) / (v + sigma**2))
            out.append(softmax(logs) @ np.array(guesses))
        return out
        """,
    ),
    Answer(
        "score",
        "in two steps",
        "guess = np.array(denoise(noisy.copy()))\nguess -= noisy\nreturn guess * sigma**-2.0",
    ),
    Answer(
        "pick",
        "shuffle, then take the first of each",
        """
        order, left, rows = rng.permutation(len(y)), {}, []
        for i in order:
            if left.setdefault(y[i], k):
                left[y[i]] -= 1
                rows.append(int(i))
        return rows
        """,
    ),
    Answer(
        "reuse",
        "the gradient cut instead of switched off",
        """
        import copy

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList(copy.deepcopy(list(encoder)))
                self.head = nn.Linear(k, n_classes)

            def forward(self, x):
                for i, layer in enumerate(self.layers):
                    x = x.detach() if i == n_frozen else x
                    x = layer(x)
                return self.head(x.detach() if n_frozen == len(self.layers) else x)

        return Net()
        """,
    ),
    Answer(
        "holes",
        "a tree",
        """
        from scipy.spatial import KDTree

        tree = KDTree(z)
        limit = np.quantile(tree.query(z, k=2)[0][:, 1], 0.95)
        return (tree.query(codes)[0] > limit).sum() / len(codes)
        """,
    ),
    Answer(
        "codes",
        "NumPy's own",
        FITTED + "return rng.multivariate_normal(mean, np.atleast_2d(C), size=n)",
    ),
    Answer(
        "codes",
        "a mixture of centred codes, which has the same law",
        FITTED + "return mean + rng.normal(size=(n, len(z))) @ (z - mean) / np.sqrt(len(z))",
    ),
    Answer(
        "frechet",
        "singular values of the product of roots",
        ROOTS
        + """
nuclear = np.linalg.svd(root(cov1) @ root(cov2), compute_uv=False).sum()
return gap @ gap + np.trace(cov1) + np.trace(cov2) - 2 * nuclear
""",
    ),
    Answer(
        "frechet",
        "eigenvalues of the product",
        """
        values = np.linalg.eigvals(cov1 @ cov2).real
        values = np.where(values > 1e-12, values, 0)
        return ((mean1 - mean2) ** 2).sum() + np.trace(cov1 + cov2) - 2 * np.sqrt(values).sum()
        """,
    ),
    Answer(
        "clinic",
        "codes through the centred codes",
        study(
            draw="codes.mean(dim=0) + torch.randn(n, len(x), generator=generator, "
            "dtype=codes.dtype) @ (codes - codes.mean(dim=0)) / len(x) ** 0.5"
        ),
    ),
    *FLOAT32,
]
