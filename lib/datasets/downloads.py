"""Data that a reader with a network can have: Olivetti faces, MNIST, sprites as text.

All of it is kept in data/cache (or the environment variable BOOK_DATA, or `folder=`), so that it is
downloaded once. Nothing else in the book needs a network.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
from scipy.io import loadmat
from sklearn.datasets import fetch_olivetti_faces

from lib.datasets.cache import cache_folder, fetch, forget, is_whole
from lib.datasets.core import Dataset
from lib.datasets.mnist_files import read_pictures
from lib.datasets.sprite_text import read_sprites

OLIVETTI_URLS = ["https://ndownloader.figshare.com/files/5976027"]
OLIVETTI_SHA256 = "b612fb967f2dc77c9c62d3e1266e0c73d5fca46a4b8906c18e454d41af987794"
SKLEARN_FILE = "olivetti_py3.pkz"  # scikit-learn's own cache of the faces
NO_OLIVETTI = 'load("faces64") has the same fields and needs no network.'

MNIST_URLS = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
]
MNIST_SHA256 = {  # of NAME-ubyte.gz
    "train-images-idx3": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
NO_MNIST = 'load("digits") has real digits of 8x8 pixels and needs no network.'
NO_SPRITES = 'load("creatures") has the same fields and needs no file.'


def load_olivetti(folder: str | Path | None = None) -> Dataset:
    """400 photographs of 40 people: x (400, 64, 64), y the person, the last 4 people held out.

    A reader who has the faces in scikit-learn's own folder needs no download.

    Raises
    ------
    Unavailable
        If the faces are not in the cache and cannot be downloaded.
    """
    folder = cache_folder(folder)
    x = _kept_by_sklearn(folder)
    if x is None:
        x = _kept_by_sklearn(_sklearn_folder())
    if x is None:
        matrix = folder / "olivettifaces.mat"
        fetch(OLIVETTI_URLS, matrix, sha256=OLIVETTI_SHA256, instead=NO_OLIVETTI)
        x = _from_columns(loadmat(matrix)["faces"])
    person = np.arange(400) // 10
    return Dataset("olivetti", x, person, held_out=person >= 36)


def _from_columns(faces):
    """Bytes (4096, 400), a face a column and in it column after column, as scikit-learn has them.

    The darkest pixel of all becomes 0, the brightest 1.
    """
    x = faces.T.reshape(400, 64, 64).transpose(0, 2, 1).astype(np.float32, order="C")
    x -= x.min()
    return x / x.max()


def _sklearn_folder():
    return Path(os.environ.get("SCIKIT_LEARN_DATA") or "~/scikit_learn_data").expanduser()


def _kept_by_sklearn(folder):
    """The faces in scikit-learn's cache file in a folder; None without a sound one."""
    if not (folder / SKLEARN_FILE).is_file():
        return None
    try:
        with np.errstate(divide="raise", invalid="raise"):
            faces = fetch_olivetti_faces(data_home=folder, download_if_missing=False)
        x = np.ascontiguousarray(faces.images, np.float32)
    except Exception:  # a damaged pickle can raise anything
        return None
    return x if x.shape == (400, 64, 64) and x.min() == 0 and x.max() == 1 else None


def load_mnist(n: int = 70_000, *, folder: str | Path | None = None) -> Dataset:
    """MNIST: x (n, 28, 28), y the digit. The last seventh are test digits, and held out.

    With n under 70,000: the first of the 60,000 training digits and of the 10,000 test digits.

    Raises
    ------
    Unavailable
        If a file is not in the cache and cannot be downloaded.
    """
    if not 7 <= n <= 70_000:
        raise ValueError(f"n must be 7 (one of them held out) to 70,000, got {n}")
    folder = cache_folder(folder) / "mnist"
    parts = []
    for part, count in (("train", n - n // 7), ("t10k", n // 7)):
        pictures = _mnist_file(folder, f"{part}-images-idx3")
        labels = _mnist_file(folder, f"{part}-labels-idx1")
        x, y = read_pictures(pictures, labels)
        parts.append((x[:count], y[:count]))
    (x, y), (x_test, y_test) = parts
    held_out = np.arange(len(x) + len(x_test)) >= len(x)
    x = np.divide(np.concatenate([x, x_test]), 255, dtype=np.float32)
    return Dataset("mnist", x, np.concatenate([y, y_test]).astype(int), held_out=held_out)


def _mnist_file(folder, name):
    file = f"{name}-ubyte.gz"
    addresses = [url + file for url in MNIST_URLS]
    return fetch(addresses, folder / file, sha256=MNIST_SHA256[name], instead=NO_MNIST)


def load_sprites(
    pictures: str | Path | None = None,
    colours: str | Path | None = None,
    *,
    shape: tuple[int, int] | None = None,
    sha256: Sequence[str | None] = (None, None),
    folder: str | Path | None = None,
) -> Dataset:
    """Sprites in the text format of `lib.datasets.sprite_text`, from two files or addresses.

    Parameters
    ----------
    pictures, colours : path or address (http, https)
        The palette indices of the pictures, and the colours. What is at an address is cached.
    shape : (int, int), optional
        Height and width, where the pictures are not square.
    sha256 : pair of str, optional
        The checksums of the two files.

    Returns
    -------
    Dataset
        x (n, h, w) palette indices, shared["palette"] (k, 3) in [0, 1]; a random tenth, the same
        on every call, is held out.

    Raises
    ------
    Unavailable, FileNotFoundError
        If a file cannot be had.
    ValueError
        If a file is not in the format or has another checksum.
    """
    if pictures is None or colours is None:
        raise ValueError(f"sprites need pictures= and colours=, paths or addresses. {NO_SPRITES}")
    if len(sha256) != 2:
        raise ValueError(f"sha256 is a pair, for pictures and colours; got {len(sha256)} of them")
    folder = cache_folder(folder) / "sprites"
    paths = [_local(*given, folder) for given in zip((pictures, colours), sha256, strict=True)]
    try:
        x, palette = read_sprites(*paths, shape)
    except ValueError:
        for source, path in zip((pictures, colours), paths, strict=True):
            if _is_address(source):  # it may have sent a page of text: ask again next time
                forget(path)
        raise
    held_out = np.zeros(len(x), bool)
    held_out[np.random.default_rng(0).permutation(len(x))[: len(x) // 10]] = True
    return Dataset("sprites", x, shared={"palette": palette}, held_out=held_out)


def _is_address(source):
    return re.match(r"https?://", str(source), re.IGNORECASE) is not None


def _local(source, sha256, folder):
    """The path of a file that is given as a path or as an address."""
    if _is_address(source):
        path = folder / _name_for(str(source))
        return fetch([str(source)], path, sha256=sha256, instead=NO_SPRITES)
    if "://" in str(source):
        raise ValueError(
            f"an address starts with http:// or https://, or give a path; got {source}"
        )
    path = Path(source).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}. {NO_SPRITES}")
    if sha256 is not None and not is_whole(path, sha256):
        raise ValueError(f"{path} is another file than expected: its sha256 is not {sha256}")
    return path


def _name_for(address):
    """A file name of its own for every address, which still shows the name at its end."""
    last = re.sub(r"[^A-Za-z0-9._-]", "_", Path(urlparse(address).path).name)[-40:]
    return f"{hashlib.sha256(address.encode()).hexdigest()[:12]}-{last}"
