"""Downloads: small files in the real formats, from a server on this machine."""

import hashlib
import traceback
from pathlib import Path

import joblib
import numpy as np
import pytest
from scipy.io import savemat
from sklearn.datasets import _olivetti_faces as peer
from sklearn.datasets import fetch_olivetti_faces

from lib.datasets import cache, downloads, load
from lib.datasets.cache import Unavailable
from lib.datasets.sprite_text import write_sprites
from tests.local_host import DAMAGES, files_in, idx, nobody, online

MNIST_FILES = [f"{name}-ubyte.gz" for name in downloads.MNIST_SHA256]


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def host(tmp_path):
    """A server, an empty cache and no scikit-learn folder."""
    with online(tmp_path) as host:
        yield host


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def faces(host, monkeypatch, tmp_path, rng):
    """The Olivetti matrix in the real format at the host: (4096, 400) bytes, a face a column."""
    pixels = rng.integers(5, 248, size=(4096, 400)).astype(np.uint8)
    savemat(tmp_path / "made.mat", {"faces": pixels, "p": 1.0}, do_compression=True)
    host.files["/faces.mat"] = (tmp_path / "made.mat").read_bytes()
    checksum = sha256(host.files["/faces.mat"])
    monkeypatch.setattr(downloads, "OLIVETTI_URLS", [f"{host.url}/faces.mat"])
    monkeypatch.setattr(downloads, "OLIVETTI_SHA256", checksum)
    unreachable = peer.FACES._replace(url=nobody(), checksum=checksum)
    monkeypatch.setattr(peer, "FACES", unreachable)
    return pixels


@pytest.fixture
def digits(host, monkeypatch, rng):
    """12 + 4 made-up digits in the four files of MNIST at the host."""
    made = {}
    for name, n in (("train", 12), ("t10k", 4)):
        made[f"{name}-images-idx3"] = rng.integers(256, size=(n, 28, 28)).astype(np.uint8)
        made[f"{name}-labels-idx1"] = rng.integers(10, size=n).astype(np.uint8)
    contents = {name: idx(values) for name, values in made.items()}
    host.files |= {f"/{name}-ubyte.gz": content for name, content in contents.items()}
    monkeypatch.setattr(downloads, "MNIST_URLS", [f"{host.url}/"])
    checksums = {name: sha256(content) for name, content in contents.items()}
    monkeypatch.setattr(downloads, "MNIST_SHA256", checksums)
    return made


@pytest.fixture
def sprites(host, tmp_path, rng):
    """The two addresses of 30 sprites, and what they hold."""
    x, palette = rng.integers(7, size=(30, 5, 5)).astype(np.uint8), rng.random((7, 3))
    palette = (np.rint(palette * 255) / 255).astype(np.float32)
    x[0, 0, :] = range(2, 7)
    x[0, 1, :2] = range(2)
    write_sprites(tmp_path / "p.txt", tmp_path / "c.txt", x, palette)
    host.files["/p.txt"] = (tmp_path / "p.txt").read_bytes()
    host.files["/c.txt"] = (tmp_path / "c.txt").read_bytes()
    where = {"pictures": f"{host.url}/p.txt", "colours": f"{host.url}/c.txt".replace("h", "H", 1)}
    return where, x, palette


# The three data sets, read in through the front door; each returns the Dataset.
LOADERS = {
    "olivetti": lambda request: request.getfixturevalue("faces") is not None and load("olivetti"),
    "mnist": lambda request: bool(request.getfixturevalue("digits")) and load("mnist"),
    "sprites": lambda request: load("sprites", **request.getfixturevalue("sprites")[0]),
}
INSTEAD = {"olivetti": 'load("faces64")', "mnist": 'load("digits")', "sprites": 'load("creatures")'}
KEPT = {"olivetti": 1, "mnist": 4, "sprites": 4}  # files in the cache after a download
every = pytest.mark.parametrize("name", LOADERS)


def data_files(folder):
    return [path for path in files_in(folder) if path.suffix != ".sha256"]


def test_olivetti_is_what_was_sent(host, faces):
    data = load("olivetti")
    assert (data.x.shape, data.x.dtype) == ((400, 64, 64), np.float32)
    pictures = faces.T.reshape(400, 64, 64).transpose(0, 2, 1)  # the matrix goes down the columns
    np.testing.assert_allclose(data.x, (pictures - 5.0) / 242, atol=1e-6)
    np.testing.assert_array_equal(np.bincount(data.y), [10] * 40)
    np.testing.assert_array_equal(np.unique(data.test.y), [36, 37, 38, 39])
    assert host.asked == ["/faces.mat"]


def test_olivetti_is_what_scikit_learn_makes_of_it(faces, tmp_path, monkeypatch):
    monkeypatch.setattr(peer, "FACES", peer.FACES._replace(url=downloads.OLIVETTI_URLS[0]))
    want = fetch_olivetti_faces(data_home=tmp_path / "aside").images
    np.testing.assert_array_equal(load("olivetti").x, want)


def test_mnist_is_what_was_sent(host, digits):
    data = load("mnist")
    assert (data.x.shape, data.x.dtype) == ((16, 28, 28), np.float32)
    for part, name in ((data.train, "train"), (data.test, "t10k")):
        np.testing.assert_array_equal(np.rint(part.x * 255), digits[f"{name}-images-idx3"])
        np.testing.assert_array_equal(part.y, digits[f"{name}-labels-idx1"])
    assert (data.x.min(), data.x.max()) == (0, 1)
    assert sorted(host.asked) == sorted(host.files)


def test_fewer_mnist_digits(digits):
    data = load("mnist", n=14)
    assert (len(data.train), len(data.test)) == (12, 2)
    np.testing.assert_array_equal(data.test.y, digits["t10k-labels-idx1"][:2])
    for n in (3, 70_001):
        with pytest.raises(ValueError, match=f"7 .* to 70,000, got {n}"):
            load("mnist", n=n)


def test_sprites_are_what_was_sent(host, sprites):
    where, x, palette = sprites
    data = load("sprites", **where)
    np.testing.assert_array_equal(data.x, x)
    np.testing.assert_array_equal(data.shared["palette"], palette)
    assert data.held_out.sum() == 3
    assert host.asked == ["/p.txt", "/c.txt"]


@every
def test_the_second_time_nothing_is_asked(name, host, folder, request):
    first = LOADERS[name](request)
    assert len(files_in(folder)) == KEPT[name]
    asked = list(host.asked)
    host.mood = "down"
    second = LOADERS[name](request)
    assert host.asked == asked
    np.testing.assert_array_equal(first.x, second.x)
    np.testing.assert_array_equal(first.held_out, second.held_out)


@every
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_is_replaced(name, damage, host, folder, request):
    good = LOADERS[name](request)
    for path in data_files(folder):
        host.asked.clear()
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
        np.testing.assert_array_equal(LOADERS[name](request).x, good.x)
        assert len(host.asked) == 1
        host.asked.clear()
        LOADERS[name](request)
        assert not host.asked


@every
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_without_a_network_is_not_used(name, damage, host, folder, request):
    LOADERS[name](request)
    for path in data_files(folder):
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
    host.mood = "missing"
    with pytest.raises(Unavailable, match="damaged"):
        LOADERS[name](request)


@every
@pytest.mark.parametrize(
    ("mood", "reason"),
    [
        ("missing", "status 404"),
        ("down", "status 500"),
        ("garbage", "checksum is wrong|is not a whole number"),
        ("short", "broke off"),
    ],
)
def test_what_the_server_does_wrong_is_said_and_nothing_stays(
    name, mood, reason, host, folder, request
):
    host.mood = mood
    kind = ValueError if (name, mood) == ("sprites", "garbage") else Unavailable
    with pytest.raises(kind, match=reason):
        LOADERS[name](request)
    assert files_in(folder) == []
    host.mood = "well"
    assert len(LOADERS[name](request)) > 0


@every
def test_without_a_network_the_error_says_what_to_do(name, host, folder, monkeypatch, request):
    request.getfixturevalue({"olivetti": "faces", "mnist": "digits", "sprites": "sprites"}[name])
    off = nobody()
    monkeypatch.setattr(downloads, "OLIVETTI_URLS", [f"{off}/faces.mat"])
    monkeypatch.setattr(downloads, "MNIST_URLS", [f"{off}/", f"{off}/mirror/"])
    options = {"pictures": f"{off}/p.txt", "colours": f"{off}/c.txt"} if name == "sprites" else {}
    with pytest.raises(Unavailable) as caught:
        load(name, **options)
    message = str(caught.value)
    assert INSTEAD[name] in message
    assert f"{off}/" in message
    assert "no connection" in message
    assert message.count(off) == (2 if name == "mnist" else 1)
    if name != "sprites":
        assert str(folder) in message
    shown = "".join(traceback.format_exception(caught.value))
    assert shown.count("Traceback") == 1  # no chain of the causes inside requests and pooch
    assert files_in(folder) == []


@every
def test_an_interrupted_download_leaves_nothing(name, host, folder, monkeypatch, request):
    class Interrupted(cache.tqdm):
        def update(self, n=1):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cache, "tqdm", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            LOADERS[name](request)
    assert files_in(folder) == []
    assert len(LOADERS[name](request)) > 0


@pytest.mark.parametrize("name", ["olivetti", "mnist"])
def test_a_file_put_in_place_by_hand_is_used(name, host, folder, request):
    LOADERS[name](request)
    for path in files_in(folder):
        path.unlink()
    if name == "olivetti":
        (folder / "olivettifaces.mat").write_bytes(host.files["/faces.mat"])
    else:
        for file in MNIST_FILES:
            (folder / "mnist" / file).write_bytes(host.files[f"/{file}"])
    host.asked.clear()
    assert len(LOADERS[name](request)) > 0
    assert not host.asked


def test_a_folder_of_ones_own(host, digits, tmp_path, folder):
    load("mnist", folder=tmp_path / "mine")
    assert len(files_in(tmp_path / "mine")) == 4
    assert not folder.exists()


def test_the_address_of_olivetti_is_that_of_scikit_learn():
    assert [peer.FACES.url] == downloads.OLIVETTI_URLS
    assert peer.FACES.checksum == downloads.OLIVETTI_SHA256


def pickled(folder, faces):
    folder.mkdir(exist_ok=True)
    joblib.dump(faces, folder / downloads.SKLEARN_FILE, compress=6)


@pytest.mark.parametrize("place", ["cache", "sklearn"])
def test_faces_that_scikit_learn_has_kept_are_used(place, host, tmp_path, faces):
    pickled(tmp_path / place, np.float32(faces.T) / 255)
    x = load("olivetti").x
    assert x[3, 5, 7] == pytest.approx((faces[5 + 64 * 7, 3] - 5) / 242, abs=1e-6)
    assert not host.asked
    assert not (tmp_path / "cache").exists() or place == "cache"


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((400, 4096), np.float32),
        np.full((400, 4096), np.nan),
        np.ones((10, 10)),
        np.array(["a", "b"]),
        {"faces": 1},
    ],
    ids=["black", "nan", "shape", "strings", "dict"],
)
def test_a_sound_file_of_something_else_is_replaced(wrong, host, tmp_path, faces):
    for place in ("cache", "sklearn"):
        pickled(tmp_path / place, wrong)
    before = (tmp_path / "sklearn" / downloads.SKLEARN_FILE).read_bytes()
    assert load("olivetti").x.shape == (400, 64, 64)
    assert host.asked == ["/faces.mat"]
    assert (tmp_path / "sklearn" / downloads.SKLEARN_FILE).read_bytes() == before


def test_nothing_is_printed(host, faces, digits, sprites, capsys):
    load("olivetti")
    load("mnist")
    load("sprites", **sprites[0])
    out, err = capsys.readouterr()
    assert out == ""
    assert "olivettifaces.mat" in err  # the progress bar


def test_sprites_from_paths(host, sprites, tmp_path, folder):
    _, x, _ = sprites
    data = load("sprites", pictures=tmp_path / "p.txt", colours=str(tmp_path / "c.txt"))
    np.testing.assert_array_equal(data.x, x)
    assert not host.asked
    assert not folder.exists()


def test_an_address_of_another_kind(tmp_path):
    for address in ("file:///tmp/p.txt", "ftp://a.org/p.txt"):
        with pytest.raises(ValueError, match=f"starts with http:// or https://.*{address}"):
            load("sprites", pictures=address, colours=tmp_path / "c.txt")


def test_sprites_from_the_home_folder(sprites, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    data = load("sprites", pictures="~/p.txt", colours="~/c.txt")
    np.testing.assert_array_equal(data.x, sprites[1])


def test_sprites_need_both_files(tmp_path):
    with pytest.raises(ValueError, match=r"pictures= and colours=.*creatures"):
        load("sprites", pictures=tmp_path / "p.txt")
    with pytest.raises(FileNotFoundError, match=r"there is no file .*p\.txt.*creatures"):
        load("sprites", pictures=tmp_path / "p.txt", colours=tmp_path / "c.txt")


@pytest.mark.parametrize("online", [True, False])
def test_the_checksum_of_sprites(online, host, sprites, tmp_path):
    where, x, _ = sprites
    if not online:
        where = {"pictures": tmp_path / "p.txt", "colours": tmp_path / "c.txt"}
    right = sha256(host.files["/p.txt"]), sha256(host.files["/c.txt"])
    with pytest.raises((Unavailable, ValueError), match=r"checksum is wrong|is not 000"):
        load("sprites", **where, sha256=(right[0], "000"))
    np.testing.assert_array_equal(load("sprites", **where, sha256=right).x, x)
    with pytest.raises(ValueError, match="sha256 is a pair"):
        load("sprites", **where, sha256=[right[0]])


def test_damaged_sprites_of_ones_own_are_left_alone(tmp_path, sprites, monkeypatch):
    own = tmp_path / "cache" / "sprites"
    own.mkdir(parents=True)
    for name in ("p.txt", "c.txt"):
        (own / name).write_text("1 2 words\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'words'"):
        load("sprites", pictures=own / "p.txt", colours=own / "c.txt")
    assert len(files_in(own)) == 2


def test_every_address_has_a_file_of_its_own():
    addresses = [
        "http://a.org/p.txt", "http://b.org/p.txt", "http://a.org/x/p.txt",
        "http://a.org/p.txt?v=2", "https://a.org/p.txt", "http://a.org/", "http://a.org/..%2f?.txt",
    ]  # fmt: skip
    names = [downloads._name_for(address) for address in addresses]
    assert len(set(names)) == len(addresses)
    assert all(Path(name).name == name for name in names)
    assert names[0].endswith("-p.txt")
