"""Files from elsewhere, kept in data/cache: checked on every use, never half written.

A file is downloaded under a temporary name and takes its own name only when it is whole. A file
without a published checksum gets one when it is downloaded, in a file of the same name + ".sha256".
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pooch
import requests
from tqdm.auto import tqdm

from lib.datasets.shipped import DATA

TIMEOUT = (10, 30)  # seconds to reach a server, and between two pieces of its answer
PIECE = 2**16  # bytes


class Unavailable(OSError):
    """A file is neither in the cache, whole, nor to be had from where it lives."""


def cache_folder(folder: str | Path | None = None) -> Path:
    """`folder`, or the environment variable BOOK_DATA, or data/cache of the book."""
    return Path(folder or os.environ.get("BOOK_DATA") or DATA / "cache").expanduser().resolve()


def fetch(addresses: Sequence[str], path: Path, *, sha256: str | None = None, instead: str) -> Path:
    """Return `path` after making sure that it holds the file; try the addresses in turn.

    Parameters
    ----------
    addresses : sequence of str
        Where the file can be had, the first choice first.
    path : Path
        Where the file is kept.
    sha256 : str, optional
        Its checksum. Without one, the checksum of the first download is kept and compared.
    instead : str
        What a reader without a network can do: the end of the error message.

    Raises
    ------
    Unavailable
        If the file is not in the cache and no address gives it.
    """
    if is_whole(path, sha256):
        return path
    damaged = path.exists()
    failures = []
    for address in addresses:
        failure = _download(address, path, sha256)
        if failure is None:
            return path
        failures.append(f"  {address}\n    {failure}")
    by_hand = f"save it as {path}" if sha256 else "give its path in place of the address"
    state = "in the cache is damaged" if damaged else "is not in the cache"
    lines = [
        f"{path.name} {state}, and no download gave it. Tried:",
        *failures,
        "With a network: run the same line again.",
        f"With the file from elsewhere: {by_hand}",
        f"With neither: {instead}",
    ]
    raise Unavailable("\n".join(lines))


def is_whole(path: Path, sha256: str | None = None) -> bool:
    """Whether the file is there and has the checksum, the given one or the one kept beside it."""
    kept = _checksum_file(path)
    if sha256 is None and kept.is_file():
        sha256 = kept.read_text(encoding="utf-8", errors="replace").strip()
    return path.is_file() and sha256 is not None and _has(path, sha256)


def forget(path: Path) -> None:
    """Remove a file from the cache, and the checksum kept beside it."""
    for file in (_checksum_file(path), path):
        file.unlink(missing_ok=True)


def _checksum_file(path):
    return path.with_name(path.name + ".sha256")


def _has(path, sha256):
    return pooch.file_hash(str(path)) == sha256.lower()


def _download(address, path, sha256):
    """None after storing the file; otherwise why there is none, in a few words."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent) as aside:
            part = Path(aside, path.name)
            _get(address, part)
            if sha256 is not None and not _has(part, sha256):
                return "what the server sent is another file, its checksum is wrong"
            os.replace(part, path)
        if sha256 is None:
            _checksum_file(path).write_text(pooch.file_hash(str(path)), encoding="utf-8")
    except (OSError, ValueError) as error:
        return _in_short(error)
    return None


def _get(address, part):
    """Write what is at the address to a file, with a progress bar."""
    # pooch sets the total, but passes over a bar without one
    with tqdm(desc=part.name, total=1, unit="B", unit_scale=True, leave=False) as bar:
        get = pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT, chunk_size=PIECE)
        get(address, str(part), None)


def _in_short(error):
    """An error of a download in a few words."""
    if isinstance(error, requests.HTTPError):
        return f"the server answered with status {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection, or it was lost"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the download broke off"
    return f"{type(error).__name__}: {error}".splitlines()[0]
