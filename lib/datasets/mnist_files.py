"""The idx format of the MNIST files: two zero bytes, a type, the sizes, then the values.

Bytes 0 and 1 are zero, byte 2 is the type (8 for unsigned bytes), byte 3 the number of dimensions;
each size follows as a big-endian 32-bit integer, then the values, the last index running fastest.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

UNSIGNED_BYTE = 8


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Read a gzipped idx file of unsigned bytes with that many dimensions.

    Raises
    ------
    ValueError
        If the file is not gzip, breaks off, or is not such an idx file.
    """
    try:
        content = gzip.decompress(Path(path).read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: not a whole gzip file ({error})") from None
    return parse_idx(content, dimensions, str(path))


def parse_idx(content: bytes, dimensions: int, name: str) -> np.ndarray:
    """The uint8 array in the bytes of an idx file; `name` is for messages."""
    magic = bytes([0, 0, UNSIGNED_BYTE, dimensions])
    if content[:4] != magic:
        raise ValueError(f"{name}: starts with {content[:4].hex()}, an idx file with {magic.hex()}")
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise ValueError(f"{name}: breaks off after {len(content)} bytes, before its sizes end")
    sizes = np.frombuffer(content[4:start], ">u4").tolist()
    values = np.frombuffer(content[start:], np.uint8)
    if len(values) != np.prod(sizes, dtype=object):
        raise ValueError(f"{name}: {len(values)} values for sizes {sizes}")
    return values.reshape(sizes).copy()


def read_pictures(pictures: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (n, h, w) and labels (n,), both uint8, from their two files."""
    x, y = read_idx(pictures, 3), read_idx(labels, 1)
    if len(x) != len(y):
        raise ValueError(f"{len(x)} pictures in {pictures}, {len(y)} labels in {labels}")
    return x, y
