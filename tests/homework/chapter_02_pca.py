"""Typical answers to the homework on PCA and faces."""

from tests.homework import Answer

COVARIANCE = [
    Answer(
        "covariance",
        "divides by N - 1",
        "return x.mean(axis=0), np.atleast_2d(np.cov(x.T))",
        "divide by N, not by N - 1",
    ),
    Answer(
        "covariance",
        "forgets the mean",
        "return x.mean(axis=0), x.T @ x / len(x)",
        "take the mean away before you multiply",
    ),
    Answer(
        "covariance",
        "averages over pixels",
        "X = x - x.mean(axis=1, keepdims=True)\nreturn x.mean(axis=1), X.T @ X / len(x)",
        "take the mean over the pictures",
    ),
    Answer(
        "covariance",
        "compares pictures instead of pixels",
        "X = x - x.mean(axis=0)\nreturn x.mean(axis=0), X @ X.T / len(x)",
        "X^T X / N compares pixels",
    ),
    Answer(
        "covariance",
        "does not divide",
        "X = x - x.mean(axis=0)\nreturn x.mean(axis=0), X.T @ X",
        "divide by the number of pictures",
    ),
    Answer(
        "covariance",
        "divides by the number of pixels",
        "X = x - x.mean(axis=0)\nreturn x.mean(axis=0), X.T @ X / x.shape[1]",
        "not by D",
    ),
    Answer(
        "covariance",
        "subtracts large numbers from each other",
        "mean = x.mean(axis=0)\nreturn mean, x.T @ x / len(x) - np.outer(mean, mean)",
        "taken away before you multiply",
    ),
    Answer(
        "covariance",
        "takes the mean away in place",
        "mean = x.mean(axis=0)\nx -= mean\nreturn mean, x.T @ x / len(x)",
        "your function changes x",
    ),
    Answer(
        "covariance",
        "returns the covariance alone",
        "return np.cov(x.T, bias=True)",
        "return 2 things, (mean, S)",
    ),
]

SPECTRUM = """
X = x - x.mean(axis=0)
values, vectors = np.linalg.eigh(X.T @ X / len(x))
"""

COMPONENTS = [
    Answer(
        "components",
        "takes the first k of eigh",
        SPECTRUM + "return vectors[:, :k], values[:k]",
        "those are the smallest",
    ),
    Answer(
        "components",
        "takes the last k of eigh and does not turn them round",
        SPECTRUM + "return vectors[:, -k:], values[-k:]",
        "turn them round",
    ),
    Answer(
        "components",
        "turns the variances round, not the components",
        SPECTRUM + "return vectors[:, -k:], values[-k:][::-1]",
        "turn them round too",
    ),
    Answer(
        "components",
        "turns the variances round and takes the first components",
        SPECTRUM + "return vectors[:, :k], values[::-1][:k]",
        "the directions of the smallest variances",
    ),
    Answer(
        "components",
        "takes rows of the eigenvectors",
        SPECTRUM + "return vectors[::-1][:k].T, values[::-1][:k]",
        "they are its columns",
    ),
    Answer(
        "components",
        "returns one component a row",
        SPECTRUM + "return vectors.T[::-1][:k], values[::-1][:k]",
        "your components are rows",
    ),
    Answer(
        "components",
        "forgets the mean",
        """
        values, vectors = np.linalg.eigh(x.T @ x / len(x))
        return vectors[:, ::-1][:, :k], values[::-1][:k]
        """,
        "take the mean away first",
    ),
    Answer(
        "components",
        "returns singular values",
        """
        _, s, rows = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
        return rows[:k].T, s[:k]
        """,
        "square them and divide by N",
    ),
    Answer(
        "components",
        "divides by N - 1",
        """
        _, s, rows = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
        return rows[:k].T, s[:k] ** 2 / (len(x) - 1)
        """,
        "divide by N, not by N - 1",
    ),
    Answer(
        "components",
        "forgets to divide",
        """
        _, s, rows = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
        return rows[:k].T, s[:k] ** 2
        """,
        "eigenvalues of X^T X; divide by N",
    ),
    Answer(
        "components",
        "returns standard deviations",
        SPECTRUM + "return vectors[:, ::-1][:, :k], np.sqrt(np.abs(values[::-1][:k]))",
        "those are standard deviations",
    ),
    Answer(
        "components",
        "returns the scores",
        SPECTRUM + "return X @ vectors[:, ::-1][:, :k], values[::-1][:k]",
        "W: the shape is",
    ),
    Answer(
        "components",
        "returns any basis of the plane",
        SPECTRUM
        + """
W = vectors[:, ::-1][:, :k]
mix = np.linalg.qr(1.0 + np.arange(k * k).reshape(k, k) ** 2 % 7)[0]
return W @ mix, values[::-1][:k]
""",
        "they are not the eigenvectors",
    ),
]

GRAM = """
X = x - x.mean(axis=0)
values, vectors = np.linalg.eigh(X @ X.T / len(x))
values, vectors = values[::-1][:k], vectors[:, ::-1][:, :k]
W = X.T @ vectors
"""

GRAMS = [
    Answer("gram", "does not normalise", GRAM + "return W, values", "divide each column by"),
    Answer(
        "gram",
        "divides by the eigenvalue, not by the length",
        GRAM + "return W / values, values",
        "divide each column by its length",
    ),
    Answer(
        "gram",
        "forgets N in the length",
        GRAM + "return W / np.sqrt(values), values",
        "divide each column by its length",
    ),
    Answer(
        "gram",
        "divides rows by their lengths",
        GRAM + "return W / np.linalg.norm(W, axis=1, keepdims=True), values",
        "divide each column by its length",
    ),
    Answer(
        "gram",
        "makes the covariance matrix",
        """
        X = x - x.mean(axis=0)
        values, vectors = np.linalg.eigh(X.T @ X / len(x))
        return vectors[:, ::-1][:, :k], values[::-1][:k]
        """,
        "make no array of shape (D, D)",
    ),
    Answer(
        "gram",
        "calls the SVD",
        """
        _, s, rows = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
        return rows[:k].T, s[:k] ** 2 / len(x)
        """,
        "np.linalg.svd is switched off",
    ),
    Answer(
        "gram",
        "returns the eigenvectors of the small matrix",
        GRAM + "return vectors, values",
        "W: the shape is",
    ),
    Answer(
        "gram",
        "takes the smallest eigenvalues",
        """
        X = x - x.mean(axis=0)
        values, vectors = np.linalg.eigh(X @ X.T / len(x))
        W = X.T @ vectors[:, :k]
        return W / np.linalg.norm(W, axis=0), values[:k]
        """,
        "it should be",
    ),
    Answer(
        "gram",
        "keeps the eigenvalues of X X^T",
        """
        X = x - x.mean(axis=0)
        values, vectors = np.linalg.eigh(X @ X.T)
        W = X.T @ vectors[:, ::-1][:, :k]
        return W / np.linalg.norm(W, axis=0), values[::-1][:k]
        """,
        "divide by N",
    ),
    Answer(
        "gram",
        "forgets the mean",
        """
        values, vectors = np.linalg.eigh(x @ x.T / len(x))
        W = x.T @ vectors[:, ::-1][:, :k]
        return W / np.linalg.norm(W, axis=0), values[::-1][:k]
        """,
        "take the mean away first",
    ),
]

ENCODE = [
    Answer("encode", "forgets the mean", "return x @ W", "take the mean away first"),
    Answer("encode", "adds the mean", "return (x + mean) @ W", "you added the mean"),
    Answer(
        "encode",
        "returns one picture a column",
        "return W.T @ (x - mean).T",
        "yours are columns",
    ),
    Answer(
        "encode",
        "multiplies by the transpose when that fits",
        "return (x - mean) @ (W.T if W.shape[0] == W.shape[1] else W)",
        "not by its transpose",
    ),
    Answer(
        "encode",
        "goes all the way back",
        "return mean + (x - mean) @ W @ W.T",
        "the scores: the shape is",
    ),
]

DECODE = [
    Answer("decode", "forgets the mean", "return z @ W.T", "add the mean"),
    Answer("decode", "takes the mean away", "return z @ W.T - mean", "you took the mean away"),
    Answer(
        "decode",
        "returns one picture a column",
        "return W @ z.T + mean[:, None]",
        "yours are columns",
    ),
    Answer(
        "decode",
        "uses the rows when that fits",
        "return mean + z @ (W if W.shape[0] == W.shape[1] else W.T)",
        "a component is a column of W",
    ),
    Answer("decode", "adds into the scores", "z += 1\nreturn z @ W.T", "your function changes z"),
]

REST = "X = x - mean\nrest = X - X @ W @ W.T\n"

ERROR = [
    Answer(
        "error",
        "takes the mean over pixels too",
        REST + "return (rest**2).mean()",
        "you took both means",
    ),
    Answer(
        "error",
        "sums over everything",
        REST + "return (rest**2).sum()",
        "divide by the number of pictures",
    ),
    Answer(
        "error",
        "takes the root",
        REST + "return np.sqrt((rest**2).sum(axis=1).mean())",
        "take no root",
    ),
    Answer(
        "error",
        "averages distances",
        REST + "return np.linalg.norm(rest, axis=1).mean()",
        "square the distances",
    ),
    Answer(
        "error",
        "measures what is kept",
        "return (((x - mean) @ W) ** 2).sum(axis=1).mean()",
        "the variance that the components keep",
    ),
    Answer(
        "error",
        "projects pictures with their mean",
        "return ((x - x @ W @ W.T) ** 2).sum(axis=1).mean()",
        "take the mean away before you project",
    ),
    Answer(
        "error",
        "returns one number for each picture",
        REST + "return (rest**2).sum(axis=1)",
        "the shape is",
    ),
]

SHARE = [
    Answer(
        "share",
        "counts from zero",
        "return int(np.argmax(np.cumsum(variances) >= share * np.sum(variances)))",
        "count from 0",
    ),
    Answer(
        "share",
        "counts from zero with searchsorted",
        "return int(np.searchsorted(np.cumsum(variances) / np.sum(variances), share))",
        "count from 0",
    ),
    Answer(
        "share",
        "asks for more than the share",
        "return int(np.argmax(np.cumsum(variances) / np.sum(variances) > share)) + 1",
        "hold exactly the share are enough",
    ),
    Answer(
        "share",
        "adds standard deviations",
        """
        kept = np.cumsum(np.sqrt(variances)) / np.sum(np.sqrt(variances))
        return int(np.searchsorted(kept, share)) + 1
        """,
        "take no roots",
    ),
    Answer(
        "share",
        "reads the share as what may be lost",
        "kept = np.cumsum(variances) / np.sum(variances)\n"
        "return int(np.searchsorted(kept, 1 - share)) + 1",
        "leave out at least the share",
    ),
    Answer(
        "share",
        "takes the nearest share",
        "kept = np.cumsum(variances) / np.sum(variances)\n"
        "return int(np.argmin(np.abs(kept - share))) + 1",
        "it should be",
    ),
    Answer(
        "share",
        "returns the share that is kept",
        "return np.cumsum(variances) / np.sum(variances)",
        "the shape is",
    ),
]

SAMPLING = [
    Answer(
        "sampling",
        "multiplies by the variance",
        "return mean + (rng.normal(size=(n, len(variances))) * variances) @ W.T",
        "take the root before you multiply",
    ),
    Answer(
        "sampling",
        "gives every score variance one",
        "return mean + rng.normal(size=(n, len(variances))) @ W.T",
        "give each score its own variance",
    ),
    Answer(
        "sampling",
        "forgets the mean",
        "return (rng.normal(size=(n, len(variances))) * np.sqrt(variances)) @ W.T",
        "add the mean, once",
    ),
    Answer(
        "sampling",
        "adds the mean to the scores as well",
        """
        z = rng.normal(size=(n, len(variances))) * np.sqrt(variances) + mean @ W
        return mean + z @ W.T
        """,
        "add the mean, once",
    ),
    Answer(
        "sampling",
        "uses one number for all scores of a picture",
        "return mean + (rng.normal(size=(n, 1)) * np.sqrt(variances)) @ W.T",
        "draw each of the K numbers of a picture anew",
    ),
    Answer(
        "sampling",
        "draws one picture n times",
        """
        z = rng.normal(size=len(variances)) * np.sqrt(variances)
        return np.tile(mean + W @ z, (n, 1))
        """,
        "every picture is the same",
    ),
    Answer(
        "sampling",
        "draws with a generator of its own",
        """
        own = np.random.default_rng()
        z = own.normal(size=(n, len(variances))) * np.sqrt(variances)
        return mean + z @ W.T
        """,
        "two generators with the same seed",
    ),
    Answer(
        "sampling",
        "fixes the seed",
        """
        z = np.random.default_rng(0).normal(size=(n, len(variances))) * np.sqrt(variances)
        return mean + z @ W.T
        """,
        "draw with the `rng` you are given",
    ),
    Answer(
        "sampling",
        "draws uniform scores",
        "z = rng.uniform(-1, 1, size=(n, len(variances))) * np.sqrt(3 * variances)\n"
        "return mean + z @ W.T",
        "use rng.normal",
    ),
    Answer(
        "sampling",
        "adds noise to the pixels",
        """
        z = rng.normal(size=(n, len(variances))) * np.sqrt(variances)
        return mean + z @ W.T + 0.1 * rng.normal(size=(n, len(mean)))
        """,
        "move along W only",
    ),
    Answer(
        "sampling",
        "returns the scores",
        "return rng.normal(size=(n, len(variances))) * np.sqrt(variances)",
        "the random pictures",
    ),
]

PPCA = [
    Answer(
        "ppca",
        "adds the dropped eigenvalues up",
        """
        noise = variances[k:].sum()
        return components[:, :k] * np.sqrt(np.abs(variances[:k] - noise)), noise
        """,
        "not their sum",
    ),
    Answer(
        "ppca",
        "forgets the eigenvalues that are zero",
        """
        noise = variances[k:].mean()
        return components[:, :k] * np.sqrt(variances[:k] - noise), noise
        """,
        "those that are not in the list are zero",
    ),
    Answer(
        "ppca",
        "divides by the number of pixels",
        """
        noise = variances[k:].sum() / len(components)
        return components[:, :k] * np.sqrt(variances[:k] - noise), noise
        """,
        "the number of dropped eigenvalues, D - K",
    ),
    Answer(
        "ppca",
        "drops one eigenvalue too many",
        """
        noise = variances[k - 1 :].sum() / (len(components) - k + 1)
        return components[:, :k] * np.sqrt(np.abs(variances[:k] - noise)), noise
        """,
        "drop the first K eigenvalues",
    ),
    Answer(
        "ppca",
        "returns the standard deviation of the noise",
        """
        noise = variances[k:].sum() / (len(components) - k)
        return components[:, :k] * np.sqrt(variances[:k] - noise), np.sqrt(noise)
        """,
        "not its root",
    ),
    Answer(
        "ppca",
        "does not subtract the noise",
        """
        noise = variances[k:].sum() / (len(components) - k)
        return components[:, :k] * np.sqrt(variances[:k]), noise
        """,
        "subtract sigma^2 from each eigenvalue",
    ),
    Answer(
        "ppca",
        "takes no root",
        """
        noise = variances[k:].sum() / (len(components) - k)
        return components[:, :k] * (variances[:k] - noise), noise
        """,
        "columns of W are scaled by a root",
    ),
    Answer(
        "ppca",
        "returns the components of plain PCA",
        "return components[:, :k], variances[k:].sum() / (len(components) - k)",
        "scale each column",
    ),
    Answer(
        "ppca",
        "adds the noise",
        """
        noise = variances[k:].sum() / (len(components) - k)
        return components[:, :k] * np.sqrt(variances[:k] + noise), noise
        """,
        "do not add it",
    ),
]

LIKELIHOOD = """
(d, k), X = W.shape, x - mean
M = W.T @ W + noise_variance * np.eye(k)
XW = X @ W
distance = ((X**2).sum(axis=1) - (XW @ np.linalg.inv(M) * XW).sum(axis=1)) / noise_variance
log_det = np.linalg.slogdet(M)[1] + (d - k) * np.log(noise_variance)
circle = d * np.log(2 * np.pi)
"""

DENSE = """
(d, k), X = W.shape, x - mean
C = W @ W.T + noise_variance * np.eye(d)
distance = (X @ np.linalg.inv(C) * X).sum(axis=1)
"""

LIKELIHOODS = [
    Answer(
        "likelihood",
        "forgets D log(2 pi)",
        LIKELIHOOD + "return -0.5 * (log_det + distance)",
        "D log(2 pi) is missing",
    ),
    Answer(
        "likelihood",
        "forgets the determinant",
        LIKELIHOOD + "return -0.5 * (circle + distance)",
        "the log determinant is missing",
    ),
    Answer(
        "likelihood",
        "takes the determinant of the small matrix",
        LIKELIHOOD + "return -0.5 * (circle + np.linalg.slogdet(M)[1] + distance)",
        "another D - K times",
    ),
    Answer(
        "likelihood",
        "counts the noise D times",
        LIKELIHOOD
        + "log_det = np.linalg.slogdet(M)[1] + d * np.log(noise_variance)\n"
        + "return -0.5 * (circle + log_det + distance)",
        "D - K times, not D times",
    ),
    Answer(
        "likelihood",
        "forgets the half",
        LIKELIHOOD + "return -(circle + log_det + distance)",
        "halve everything",
    ),
    Answer(
        "likelihood",
        "returns the loss",
        LIKELIHOOD + "return 0.5 * (circle + log_det + distance)",
        "minus the log-likelihood",
    ),
    Answer(
        "likelihood",
        "adds the pictures up",
        LIKELIHOOD + "return -0.5 * (circle + log_det + distance).sum()",
        "not their sum or mean",
    ),
    Answer(
        "likelihood",
        "averages over pixels",
        LIKELIHOOD + "return -0.5 * (circle + log_det + distance) / d",
        "not per pixel",
    ),
    Answer(
        "likelihood",
        "forgets the mean",
        LIKELIHOOD.replace("x - mean", "x") + "return -0.5 * (circle + log_det + distance)",
        "take the mean away first",
    ),
    Answer(
        "likelihood",
        "squares the variance",
        "noise_variance = noise_variance**2\n"
        + LIKELIHOOD
        + "return -0.5 * (circle + log_det + distance)",
        "do not square it",
    ),
    Answer(
        "likelihood",
        "forgets the noise in the small matrix",
        LIKELIHOOD.replace(" + noise_variance * np.eye(k)", "")
        + "return -0.5 * (circle + log_det + distance)",
        "add sigma^2 to the diagonal of M",
    ),
    Answer(
        "likelihood",
        "counts scores, not pixels, in the constant",
        LIKELIHOOD + "return -0.5 * (k * np.log(2 * np.pi) + log_det + distance)",
        "count the pixels, not the scores",
    ),
    Answer(
        "likelihood",
        "inverts the large matrix",
        DENSE + "return -0.5 * (d * np.log(2 * np.pi) + np.linalg.slogdet(C)[1] + distance)",
        "make no array of shape (D, D)",
    ),
    Answer(
        "likelihood",
        "forms the inverse that the identity gives",
        LIKELIHOOD
        + """
inverse = (np.eye(d) - W @ np.linalg.inv(M) @ W.T) / noise_variance
return -0.5 * (circle + log_det + (X @ inverse * X).sum(axis=1))
""",
        "make no array of shape (D, D)",
    ),
    Answer(
        "likelihood",
        "takes the logarithm of a determinant that underflows",
        LIKELIHOOD
        + """
det = np.linalg.det(M) * noise_variance ** (d - k)
return -0.5 * (circle + np.log(det) + distance)
""",
        "use np.linalg.slogdet",
    ),
]

LANDMARKS = """
A = components[:, seen].reshape(len(components), -1).T
gap = (y - mean[seen]).ravel()
"""
CLOSED = "return np.linalg.solve(A.T @ A / {noise} + {prior}, A.T @ gap / {noise})"
FINE = {"noise": "noise_variance", "prior": "np.diag(1 / variances)"}

HEADS = [
    Answer(
        "heads",
        "leaves the prior out",
        LANDMARKS + "return np.linalg.lstsq(A, gap, rcond=None)[0]",
        "the prior is missing",
    ),
    Answer(
        "heads",
        "multiplies by the variances",
        LANDMARKS + CLOSED.format(**FINE | {"prior": "np.diag(variances)"}),
        "large variances are cheap",
    ),
    Answer(
        "heads",
        "treats all coefficients alike",
        LANDMARKS + CLOSED.format(**FINE | {"prior": "np.eye(len(variances))"}),
        "give each coefficient its own lambda_k",
    ),
    Answer(
        "heads",
        "forgets the noise",
        LANDMARKS + CLOSED.format(**FINE | {"noise": "1.0"}),
        "sigma^2 is missing",
    ),
    Answer(
        "heads",
        "multiplies by the noise",
        LANDMARKS + CLOSED.format(**FINE | {"noise": "(1 / noise_variance)"}),
        "the other way round",
    ),
    Answer(
        "heads",
        "squares the noise variance",
        LANDMARKS + CLOSED.format(**FINE | {"noise": "noise_variance**2"}),
        "a variance is given; do not square it",
    ),
    Answer(
        "heads",
        "squares the variances",
        LANDMARKS + CLOSED.format(**FINE | {"prior": "np.diag(1 / variances**2)"}),
        "lambda_k is a variance already",
    ),
    Answer(
        "heads",
        "forgets the mean head",
        LANDMARKS.replace("y - mean[seen]", "y") + CLOSED.format(**FINE),
        "take the mean head away",
    ),
    Answer(
        "heads",
        "mixes coordinates and components",
        LANDMARKS.replace(
            "components[:, seen].reshape(len(components), -1).T",
            "components[:, seen].reshape(-1, len(components))",
        )
        + CLOSED.format(**FINE),
        "it should be",
    ),
    Answer(
        "heads",
        "takes the first vertices instead of the marked ones",
        LANDMARKS.replace("[:, seen]", "[:, : len(seen)]").replace("[seen]", "[: len(seen)]")
        + CLOSED.format(**FINE),
        "it should be",
    ),
    Answer(
        "heads",
        "returns the head",
        LANDMARKS
        + CLOSED.format(**FINE).replace("return", "alpha =")
        + "\nreturn mean + np.tensordot(alpha, components, 1)",
        "return the K coefficients, not the head",
    ),
]

STUDY = """
{split}
mean = {mean}
train, test = x[~held_out] - mean, x[held_out] - mean
values, vectors = np.linalg.eigh(train.T @ train / len(train))
W, variances = {take}, values[-k:]
error = ((test - test @ W @ W.T) ** 2).sum(axis=1).mean()
new = mean + (rng.normal(size=(n, k)) * {scale}) @ W.T
return error, new
"""
MENDED = {
    "split": "held_out = np.isin(person, test_people)",
    "mean": "x[~held_out].mean(axis=0)",
    "take": "vectors[:, -k:]",
    "scale": "np.sqrt(variances)",
}
BY_PICTURE = "held_out = np.arange(len(x)) >= len(x) - np.isin(person, test_people).sum()"

CLINIC = [
    Answer(
        "clinic",
        "mends all but the split",
        STUDY.format(**MENDED | {"split": BY_PICTURE}),
        "pictures of the test people are still among",
    ),
    Answer(
        "clinic",
        "mends all but the mean",
        STUDY.format(**MENDED | {"mean": "x.mean(axis=0)"}),
        "the mean must come from the training pictures",
    ),
    Answer(
        "clinic",
        "mends all but the rows",
        STUDY.format(**MENDED | {"take": "vectors[-k:].T"}),
        "eigenvectors are columns",
    ),
    Answer(
        "clinic",
        "mends all but the variances",
        STUDY.format(**MENDED | {"scale": "variances"}),
        "take the root before you multiply",
    ),
    Answer(
        "clinic",
        "mends nothing",
        STUDY.format(
            split=BY_PICTURE, mean="x.mean(axis=0)", take="vectors[-k:].T", scale="variances"
        ),
        "; eigenvectors are columns of the matrix that eigh returns; pictures of the test people",
    ),
    Answer(
        "clinic",
        "takes the smallest variances",
        STUDY.format(**MENDED | {"take": "vectors[:, :k]"}),
        "the first components belong to the largest",
    ),
    Answer(
        "clinic",
        "averages the error over pixels",
        STUDY.format(**MENDED).replace(".sum(axis=1).mean()", ".mean()"),
        "sum over the pixels",
    ),
    Answer(
        "clinic",
        "holds out other people at random",
        STUDY.format(**MENDED | {"split": "held_out = np.isin(person, rng.permutation(20)[:4])"}),
        "it should be",
    ),
]

OFF = "the book's own functions are switched off"

BOOK = [
    Answer(
        "covariance",
        "calls the book",
        """
        from lib.pca import fit_pca

        pca = fit_pca(x)
        return pca.mean, pca.components * pca.variances @ pca.components.T
        """,
        OFF,
    ),
    Answer(
        "components",
        "calls the book",
        """
        from lib.pca import fit_pca

        pca = fit_pca(x, k)
        return pca.components, pca.variances
        """,
        OFF,
    ),
    Answer(
        "gram",
        "calls the book",
        """
        from lib import pca

        variances, W = pca.by_gram(x - x.mean(axis=0), k)
        return W, variances
        """,
        OFF,
    ),
    Answer(
        "encode",
        "calls the book",
        """
        from lib.pca import PCA

        return PCA(mean, W, np.ones(W.shape[1]), 1.0).encode(x)
        """,
        OFF,
    ),
    Answer(
        "decode",
        "calls the book",
        """
        from lib.pca import PCA

        return PCA(mean, W, np.ones(W.shape[1]), 1.0).decode(z)
        """,
        OFF,
    ),
    Answer(
        "error",
        "calls the book",
        """
        from lib.pca import PCA

        model = PCA(mean, W, np.ones(W.shape[1]), 1.0)
        return ((x - model.reconstruct(x)) ** 2).sum(axis=1).mean()
        """,
        OFF,
    ),
    Answer(
        "share",
        "calls the tests",
        """
        from lib.homework_pca_scores import _public_reading

        (found,) = _public_reading(variances, np.array([share]), "lost", "falling").values()
        return int(found[0])
        """,
        "the tests' own solutions are switched off",
    ),
    Answer(
        "sampling",
        "calls the book",
        """
        from lib.pca import PCA

        return PCA(mean, W, variances, 1.0).sample(n, rng)
        """,
        OFF,
    ),
    Answer(
        "ppca",
        "calls the book",
        """
        from lib.pca import PCA
        from lib.ppca import ppca_from

        d = len(components)
        model = ppca_from(PCA(np.zeros(d), components, variances, variances.sum()), k)
        return model.weights, model.noise_variance
        """,
        OFF,
    ),
    Answer(
        "likelihood",
        "calls the book",
        """
        from lib.ppca import PPCA

        return PPCA(mean, W, noise_variance).log_prob(x)
        """,
        OFF,
    ),
    Answer(
        "likelihood",
        "calls the tests",
        """
        from lib.homework_pca_models import rotated_log_prob

        U, s, _ = np.linalg.svd(W, full_matrices=False)
        return rotated_log_prob(x - mean, U, s**2, noise_variance)
        """,
        "the tests' own solutions are switched off",
    ),
    Answer(
        "heads",
        "calls the book",
        LANDMARKS
        + """
from lib.morphable import map_linear

return map_linear(A, gap, variances, noise_variance)
""",
        OFF,
    ),
    Answer(
        "heads",
        "calls the tests",
        LANDMARKS
        + """
from lib.homework_pca_heads import _ridge

return _ridge(A, gap, variances, np.full(len(gap), noise_variance))
""",
        "the tests' own solutions are switched off",
    ),
    Answer(
        "clinic",
        "calls the book",
        """
        from lib.pca import fit_pca

        held_out = np.isin(person, test_people)
        pca = fit_pca(x[~held_out], k)
        rest = x[held_out] - pca.reconstruct(x[held_out])
        return (rest**2).sum(axis=1).mean(), pca.sample(n, rng)
        """,
        OFF,
    ),
]

EVERY = [
    *(COVARIANCE + COMPONENTS + GRAMS + ENCODE + DECODE + ERROR + SHARE + SAMPLING),
    *(PPCA + LIKELIHOODS + HEADS + CLINIC),
]
TASKS = list(dict.fromkeys(answer.task for answer in EVERY))
WRONG = sorted(EVERY + BOOK, key=lambda answer: TASKS.index(answer.task))

SINGLE = "x, mean, W = (np.asarray(v, dtype=np.float32) for v in (x, mean, W))\n"

#: Answers in float32; what is computed in it from the start is so where the numbers allow.
FLOATS = {
    "covariance": """
mean = x.mean(axis=0)
X = (x - mean).astype(np.float32)
return mean.astype(np.float32), X.T @ X / len(x)
""",
    "components": """
X = (x - x.mean(axis=0)).astype(np.float32)
values, vectors = np.linalg.eigh(X.T @ X / len(x))
return vectors[:, ::-1][:, :k], values[::-1][:k]
""",
    "gram": GRAM
    + """
W = W / np.linalg.norm(W, axis=0)
return W.astype(np.float32), values.astype(np.float32)
""",
    "encode": SINGLE + "return (x - mean) @ W",
    "decode": "return (mean + z @ W.T).astype(np.float32)",
    "error": SINGLE + REST + "return (rest**2).sum(axis=1).mean()",
    "sampling": """
z = rng.normal(size=(n, len(variances))) * np.sqrt(variances)
return (mean + z @ W.T).astype(np.float32)
""",
    "ppca": """
noise_variance = variances[k:].sum() / (len(components) - k)
W = components[:, :k] * np.sqrt(variances[:k] - noise_variance)
return W.astype(np.float32), np.float32(noise_variance)
""",
    "likelihood": SINGLE + LIKELIHOOD + "return -0.5 * (log_det + distance + circle)",
    "heads": LANDMARKS
    + CLOSED.format(**FINE).replace("return ", "alpha = ")
    + "\nreturn alpha.astype(np.float32)",
    "clinic": STUDY.format(**MENDED).replace(
        "return error, new", "return np.float32(error), new.astype(np.float32)"
    ),
}

RIGHT = [
    Answer(
        "covariance", "NumPy's own", "return x.mean(axis=0), np.atleast_2d(np.cov(x.T, bias=True))"
    ),
    Answer(
        "components",
        "the singular value decomposition",
        """
        _, s, rows = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
        return rows[:k].T, s[:k] ** 2 / len(x)
        """,
    ),
    Answer(
        "components",
        "the power method, one component after the other",
        """
        X = x - x.mean(axis=0)
        S, W, variances = X.T @ X / len(x), [], []
        for _ in range(k):
            w = np.ones(len(S)) + np.arange(len(S))
            for _ in range(3000):
                w = S @ w
                w /= np.linalg.norm(w)
            W.append(-w)
            variances.append(w @ S @ w)
            S = S - variances[-1] * np.outer(w, w)
        return np.stack(W, axis=1), np.array(variances)
        """,
    ),
    Answer(
        "gram",
        "lengths that are measured",
        GRAM + "return [-w for w in (W / np.linalg.norm(W, axis=0))], list(values)",
    ),
    Answer(
        "error",
        "what is not kept",
        "X = x - mean\nreturn ((X**2).sum() - ((X @ W) ** 2).sum()) / len(x)",
    ),
    Answer(
        "share",
        "what may be lost",
        """
        k, lost = 0, sum(variances)
        while lost > (1 - share) * sum(variances):
            lost -= variances[k]
            k += 1
        return k
        """,
    ),
    Answer(
        "sampling",
        "one picture after the other",
        """
        deviations = np.sqrt(variances)
        return [mean + W @ rng.normal(0, deviations) for _ in range(n)]
        """,
    ),
    Answer(
        "ppca",
        "turned loadings",
        """
        noise = variances[k:].sum() / (len(components) - k)
        W = components[:, :k] @ np.diag((variances[:k] - noise) ** 0.5)
        turn = np.linalg.qr(np.arange(1.0, k * k + 1).reshape(k, k) ** 2 % 5 + np.eye(k))[0]
        return W @ turn, noise
        """,
    ),
    Answer(
        "likelihood",
        "in the coordinates of the singular value decomposition",
        """
        U, s, _ = np.linalg.svd(W, full_matrices=False)
        X, (d, k) = x - mean, W.shape
        z, v = X @ U, s**2 + noise_variance
        rest = ((X - z @ U.T) ** 2).sum(axis=1) / noise_variance
        inside = (z**2 / v + np.log(2 * np.pi * v)).sum(axis=1)
        return -(inside + rest + (d - k) * np.log(2 * np.pi * noise_variance)) / 2
        """,
    ),
    Answer(
        "heads",
        "in the space of the landmarks",
        LANDMARKS
        + """
C = A * variances @ A.T + noise_variance * np.eye(len(gap))
return variances * (A.T @ np.linalg.solve(C, gap))
""",
    ),
    Answer(
        "clinic",
        "one picture of the test people after the other",
        """
        train = np.array([p for p, who in zip(x, person) if who not in test_people])
        mean = train.mean(axis=0)
        _, s, rows = np.linalg.svd(train - mean, full_matrices=False)
        errors = []
        for p, who in zip(x, person):
            if who in test_people:
                gap = p - mean
                errors.append(gap @ gap - ((rows[:k] @ gap) ** 2).sum())
        z = rng.standard_normal((n, k)) * s[:k] / np.sqrt(len(train))
        return np.mean(errors), z @ rows[:k] + mean
        """,
    ),
    *(Answer(task, "in float32", code) for task, code in FLOATS.items()),
]
