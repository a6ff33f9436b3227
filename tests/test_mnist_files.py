"""The idx format: files put together by hand, and what is not such a file."""

import gzip
import zlib

import numpy as np
import pytest

from lib.datasets import mnist_files
from tests.local_host import DAMAGES, idx


def test_an_idx_file_by_hand(tmp_path):
    values = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "f.gz").write_bytes(
        gzip.compress(b"\0\0\x08\x03\0\0\0\x02\0\0\0\x03\0\0\0\x04" + bytes(range(24)))
    )
    np.testing.assert_array_equal(mnist_files.read_idx(tmp_path / "f.gz", 3), values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with , an idx file with 00000801"),
        (b"\0\0\x08\x03\0\0\0\x02ab", "starts with 00000803, an idx file with 00000801"),
        (b"\0\0\x0d\x01\0\0\0\x02ab", "starts with 00000d01"),
        (b"\x89PNG", "starts with 89504e47"),
        (b"\0\0\x08\x01\0\0\0\x03ab", r"2 values for sizes \[3\]"),
        (b"\0\0\x08\x01\0\0\0\x01ab", r"2 values for sizes \[1\]"),
        (b"\0\0\x08\x01\xff\xff\xff\xffab", r"2 values for sizes \[4294967295\]"),
        (b"\0\0\x08\x01\0\0", "breaks off after 6 bytes"),
    ],
)
def test_what_is_not_an_idx_file(content, message):
    with pytest.raises(ValueError, match=message):
        mnist_files.parse_idx(content, 1, "labels")


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_gzip(damage, tmp_path):
    path = tmp_path / "f.gz"
    path.write_bytes(DAMAGES[damage](idx(np.arange(200, dtype=np.uint8))))
    with pytest.raises(ValueError, match=r"f\.gz: not a whole gzip file|f\.gz: starts with"):
        mnist_files.read_idx(path, 1)
    path.write_bytes(gzip.compress(b"x")[:10] + zlib.compress(b"x"))
    with pytest.raises(ValueError, match="not a whole gzip file"):
        mnist_files.read_idx(path, 1)


def test_as_many_labels_as_pictures(tmp_path):
    (tmp_path / "p.gz").write_bytes(idx(np.zeros((3, 2, 2), np.uint8)))
    (tmp_path / "l.gz").write_bytes(idx(np.zeros(4, np.uint8)))
    with pytest.raises(ValueError, match=r"3 pictures in .*, 4 labels in "):
        mnist_files.read_pictures(tmp_path / "p.gz", tmp_path / "l.gz")
