"""Mistakes people make with toy densities, splits and downloads, each caught by a check."""

import gzip
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np
from scipy import stats

from lib.datasets import cache, core, digits, downloads, mnist_files, shipped, toy_plane, toys
from tests.local_host import Host, online
from tests.mutation import Edit, Mutation

TOYS, PLANE = "lib.datasets.toys", "lib.datasets.toy_plane"
MIXTURE = ([0.3, 0.7], [-1.0, 2.0], [0.5, 0.2])


def the_line_integrates_to_one() -> None:
    x = np.linspace(-6, 6, 20_001)
    assert abs(np.trapezoid(toys.Mixture(*MIXTURE).density(x), x) - 1) < 1e-6


def samples_follow_the_distribution_function() -> None:
    mixture = toys.Mixture(*MIXTURE)
    x = mixture.sample(5000, np.random.default_rng(0))
    assert stats.kstest(x, mixture.cdf).pvalue > 1e-7


def quantiles_come_back() -> None:
    mixture, u = toys.Mixture(*MIXTURE), np.linspace(0.01, 0.99, 50)
    assert np.allclose(mixture.cdf(mixture.inverse_cdf(u)), u, atol=1e-12)


def the_plane_integrates_to_one() -> None:
    for density in (toy_plane.two_moons(0.2), toy_plane.spiral_arms(turns=1, std=0.2)):
        line = np.linspace(-density.extent, density.extent, 121)
        p = density.density(np.stack(np.meshgrid(line, line), axis=-1))
        assert abs(p.sum() * (line[1] - line[0]) ** 2 - 1) < 1e-3


def samples_are_where_the_density_is() -> None:
    """The mean of log p over samples is minus the entropy, also by the sum over a grid."""
    for density in (toy_plane.Pinwheel(), toy_plane.two_moons(0.2), toy_plane.Checkerboard()):
        line = (np.arange(120) + 0.5) / 120 * 2 * density.extent - density.extent
        p = density.density(np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1))
        entropy = -(p[p > 0] * np.log(p[p > 0])).sum() * (line[1] - line[0]) ** 2
        log_p = density.log_prob(density.sample(4000, np.random.default_rng(0)))
        assert abs(-log_p.mean() - entropy) < 0.1


def every_class_keeps_its_share() -> None:
    data = digits.load_digits()
    share = np.bincount(data.y) * 360 / 1797
    assert np.abs(np.bincount(data.y[data.held_out]) - share).max() <= 1


def pixels_are_sixteenths() -> None:
    assert np.unique(digits.load_digits().x * 16).tolist() == list(range(17))


def the_split_leaves_no_example_out() -> None:
    x = np.arange(4.0)
    mask = np.array([False, False, True, False])
    data = core.Dataset("four", x, factors={"twice": 2 * x}, held_out=mask)
    assert data.train.x.tolist() == [0, 1, 3]
    assert data.test.x.tolist() == [2]
    for part in (data.train, data.test):
        assert part.factors["twice"].tolist() == (2 * part.x).tolist()


def a_sheet_gives_back_the_pictures() -> None:
    pictures = np.random.default_rng(0).integers(256, size=(70, 3, 3)).astype(np.uint8)
    with TemporaryDirectory() as folder:
        shipped.write_sheet(Path(folder, "sheet.webp"), pictures)
        assert np.array_equal(shipped.read_sheet(Path(folder, "sheet.webp"), 70, (3, 3)), pictures)


@contextmanager
def host_and_cache() -> Iterator[tuple[Host, Path]]:
    """A server on this machine and an empty cache."""
    with TemporaryDirectory() as folder, online(Path(folder)) as host:
        yield host, Path(folder, "cache")


def altered_bytes_are_noticed() -> None:
    with host_and_cache() as (host, folder):
        host.files["/f"] = b"the true file"
        checksum = hashlib.sha256(b"the true file").hexdigest()
        for sha256 in (None, checksum):
            path = cache.fetch([f"{host.url}/f"], folder / "f", sha256=sha256, instead="")
            path.write_bytes(b"the trve file")
            cache.fetch([f"{host.url}/f"], path, sha256=sha256, instead="")
            assert path.read_bytes() == b"the true file"
            path.unlink()


def another_file_is_refused() -> None:
    with host_and_cache() as (host, folder):
        host.files["/f"] = b"please log in"
        checksum = hashlib.sha256(b"the true file").hexdigest()
        with suppress(cache.Unavailable):
            cache.fetch([f"{host.url}/f"], folder / "f", sha256=checksum, instead="")
        assert not (folder / "f").exists()


def faces_stand_upright() -> None:
    """Row r and column c of face k come from place r + 64 c of column k."""
    faces = np.random.default_rng(0).integers(256, size=(4096, 400)).astype(np.uint8)
    x = downloads._from_columns(faces)
    assert abs(x[9, 3, 60] - faces[3 + 64 * 60, 9] / 255) < 1e-6


def half_a_file_does_not_stay() -> None:
    with host_and_cache() as (host, folder):
        host.files["/f"], host.mood = b"the whole file", "short"
        with suppress(cache.Unavailable):
            cache.fetch([f"{host.url}/f"], folder / "f", instead="")
        assert not (folder / "f").exists()


def a_second_address_is_tried() -> None:
    with host_and_cache() as (host, folder):
        host.files["/right"] = b"here"
        try:
            cache.fetch([f"{host.url}/wrong", f"{host.url}/right"], folder / "f", instead="")
        except cache.Unavailable as error:
            raise AssertionError("gave up after the first address") from error


def a_page_of_text_does_not_stay() -> None:
    with host_and_cache() as (host, folder):
        host.files |= {"/p": b"please log in", "/c": b"0 1 2 3\n"}
        try:
            downloads.load_sprites(f"{host.url}/p", f"{host.url}/c")
        except ValueError:
            left = list((folder / "sprites").iterdir())
            assert not left
        else:
            raise AssertionError("took a page of text for sprites")


def idx_sizes_are_big_endian() -> None:
    content = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3]) + bytes(range(6))
    try:
        values = mnist_files.parse_idx(content, 2, "six")
    except ValueError as error:
        raise AssertionError("cannot read a right file") from error
    assert values.tolist() == [[0, 1, 2], [3, 4, 5]]


def the_test_digits_are_held_out() -> None:
    with host_and_cache() as (host, _):
        checksums = {}
        for name, n, level in (("train", 12, 1), ("t10k", 4, 2)):
            images = bytes([0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 1, 0, 0, 0, 1, *[level] * n])
            labels = bytes([0, 0, 8, 1, 0, 0, 0, n, *[level] * n])
            for kind, content in (("images-idx3", images), ("labels-idx1", labels)):
                packed = gzip.compress(content, mtime=0)
                host.files[f"/{name}-{kind}-ubyte.gz"] = packed
                checksums[f"{name}-{kind}"] = hashlib.sha256(packed).hexdigest()
        with (
            mock.patch.object(downloads, "MNIST_URLS", [f"{host.url}/"]),
            mock.patch.object(downloads, "MNIST_SHA256", checksums),
        ):
            data = downloads.load_mnist()
        assert np.array_equal(data.held_out, data.y == 2)
        assert np.array_equal(np.rint(data.x.ravel() * 255), data.y)


MUTATIONS = [
    Mutation(
        "normalised as if every width were 1",
        f"{TOYS}.Mixture.log_prob",
        Edit("(self.stds[used] * np.sqrt(2 * np.pi))", "np.sqrt(2 * np.pi)"),
        the_line_integrates_to_one,
    ),
    Mutation(
        "variance in the place of the standard deviation",
        f"{TOYS}.Mixture.draw",
        Edit("self.stds[component] * noise", "self.stds[component] ** 2 * noise"),
        samples_follow_the_distribution_function,
    ),
    Mutation(
        "every component counted alike in the distribution function",
        f"{TOYS}.Mixture.cdf",
        Edit("ndtr(self._z(x)) @ self.weights", "ndtr(self._z(x)).mean(axis=-1)"),
        samples_follow_the_distribution_function,
    ),
    Mutation(
        "bisection keeps the wrong half",
        f"{TOYS}.Mixture.inverse_cdf",
        Edit("self.cdf(middle) < u", "self.cdf(middle) > u"),
        quantiles_come_back,
    ),
    Mutation(
        "quantiles of the components averaged",
        f"{TOYS}.Mixture.inverse_cdf",
        Edit("range(HALVINGS)", "range(1)"),
        quantiles_come_back,
    ),
    Mutation(
        "several curves, each with weight 1",
        f"{PLANE}.Curves.__init__",
        Edit("weights / len(self.curves)", "weights"),
        the_plane_integrates_to_one,
    ),
    Mutation(
        "quadrature without the length of the panels",
        f"{PLANE}._quadrature",
        Edit("[(high - low) * w / 2 for", "[w + 0 * (low + high) for"),
        the_plane_integrates_to_one,
    ),
    Mutation(
        "noise of another width than in the density",
        f"{PLANE}.Curves.draw",
        Edit("self.std * rng", "2 * self.std * rng"),
        samples_are_where_the_density_is,
    ),
    Mutation(
        "pinwheel twisted twice, not straightened",
        f"{PLANE}.Pinwheel.log_prob",
        Edit("_turn(x, -self._twist(x))", "_turn(x, self._twist(x))"),
        samples_are_where_the_density_is,
    ),
    Mutation(
        "the whole pinwheel turned, not twisted",
        f"{PLANE}.Pinwheel.draw",
        Edit("+ self._twist(f)", "+ self.twist"),
        samples_are_where_the_density_is,
    ),
    Mutation(
        "the white squares for the black ones",
        f"{PLANE}.Checkerboard.log_prob",
        Edit("% 2 == 0", "% 2 == 1"),
        samples_are_where_the_density_is,
    ),
    Mutation(
        "a split that is not stratified",
        "lib.datasets.digits.load_digits",
        Edit("stratify=y, ", ""),
        every_class_keeps_its_share,
    ),
    Mutation(
        "17 levels divided by 17",
        "lib.datasets.digits.load_digits",
        Edit("(LEVELS - 1)", "LEVELS"),
        pixels_are_sixteenths,
    ),
    Mutation(
        "training on the held-out examples",
        "lib.datasets.core.Dataset.train",
        Edit("~self", "self"),
        the_split_leaves_no_example_out,
    ),
    Mutation(
        "a subset with the factors of the first examples",
        "lib.datasets.core.Dataset.subset",
        Edit(
            "pick(values) for name, values in self.factors",
            "values[:len(self.x[index])] for name, values in self.factors",
        ),
        the_split_leaves_no_example_out,
    ),
    Mutation(
        "rows and pictures of a sheet mixed up",
        "lib.datasets.shipped.read_sheet",
        Edit(".swapaxes(1, 2)", ""),
        a_sheet_gives_back_the_pictures,
    ),
    Mutation(
        "a file that is there is taken as it is",
        "lib.datasets.cache.is_whole",
        Edit("return path.is_file() and", "return path.is_file() or"),
        altered_bytes_are_noticed,
    ),
    Mutation(
        "a new download is not checked",
        "lib.datasets.cache._download",
        Edit("if sha256 is not None and", "if False and"),
        another_file_is_refused,
    ),
    Mutation(
        "faces lie on their sides",
        "lib.datasets.downloads._from_columns",
        Edit(".transpose(0, 2, 1)", ""),
        faces_stand_upright,
    ),
    Mutation(
        "downloaded under its own name",
        "lib.datasets.cache._download",
        Edit("part = Path(aside, path.name)", "part = path"),
        half_a_file_does_not_stay,
    ),
    Mutation(
        "only the first mirror is tried",
        "lib.datasets.cache.fetch",
        Edit("in addresses:", "in addresses[:1]:"),
        a_second_address_is_tried,
    ),
    Mutation(
        "garbage stays in the cache",
        "lib.datasets.downloads.load_sprites",
        Edit("forget(path)", "pass"),
        a_page_of_text_does_not_stay,
    ),
    Mutation(
        "sizes read with the low byte first",
        "lib.datasets.mnist_files.parse_idx",
        Edit('">u4"', '"<u4"'),
        idx_sizes_are_big_endian,
    ),
    Mutation(
        "the first digits held out",
        "lib.datasets.downloads.load_mnist",
        Edit(">= len(x)", "< len(x_test)"),
        the_test_digits_are_held_out,
    ),
]
