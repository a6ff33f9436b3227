"""Files fetched into the cache: whole or not at all, whatever the server or the folder does."""

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from lib.datasets import cache
from lib.datasets.cache import Unavailable, cache_folder, fetch, is_whole
from tests.local_host import files_in, nobody, online

CONTENT = bytes(range(256)) * 1000
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()
with_or_without = pytest.mark.parametrize("sha256", [None, CHECKSUM], ids=["without", "with"])


@pytest.fixture
def host(tmp_path):
    """A server with one file."""
    with online(tmp_path) as host:
        host.files["/f"] = CONTENT
        yield host


@pytest.fixture
def get(host, tmp_path):
    """Fetches the file from the server, or from other addresses."""

    def get(sha256=None, addresses=None):
        path = tmp_path / "cache" / "sub" / "f"
        return fetch(addresses or [f"{host.url}/f"], path, sha256=sha256, instead="Do without.")

    return get


@with_or_without
def test_the_file_is_fetched_once(host, get, sha256):
    assert get(sha256).read_bytes() == CONTENT
    assert get(sha256).read_bytes() == CONTENT
    assert host.asked == ["/f"]
    assert [path.name for path in files_in(get(sha256).parent)] == ["f", "f.sha256"][
        : 1 + (not sha256)
    ]


@with_or_without
def test_an_altered_file_is_fetched_again(host, get, sha256):
    get(sha256).write_bytes(CONTENT[:-1] + b"x")
    assert get(sha256).read_bytes() == CONTENT
    assert host.asked == ["/f", "/f"]


def test_without_a_given_checksum_the_kept_one_counts(host, get):
    path = get()
    path.with_name("f.sha256").write_bytes(f"{CHECKSUM.upper()} \r\n".encode())
    assert is_whole(path)
    path.with_name("f.sha256").unlink()
    assert not is_whole(path)


def test_a_checksum_in_capitals_is_as_good(host, get):
    get(CHECKSUM.upper())
    assert is_whole(get(CHECKSUM.upper()), CHECKSUM)
    assert host.asked == ["/f"]


@with_or_without
@pytest.mark.parametrize("mood", ["moved", "unsized"])
def test_servers_that_redirect_or_do_not_say_how_much(host, get, sha256, mood):
    host.mood = mood
    assert get(sha256).read_bytes() == CONTENT


@with_or_without
@pytest.mark.parametrize(
    ("mood", "reason"), [("silent", "did not answer in time"), ("stalled", "it was lost")]
)
def test_a_server_that_keeps_silent(host, get, sha256, mood, reason, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "TIMEOUT", (5, 0.1))
    host.mood = mood
    with pytest.raises(Unavailable, match=reason):
        get(sha256)
    assert files_in(tmp_path) == []


@with_or_without
def test_a_folder_where_the_file_should_be(host, get, sha256, tmp_path):
    (tmp_path / "cache" / "sub" / "f").mkdir(parents=True)
    with pytest.raises(Unavailable, match=r"(IsADirectory|Permission)Error") as caught:
        get(sha256)
    assert "Do without." in str(caught.value)
    assert files_in(tmp_path) == []


def test_a_folder_in_which_nothing_can_be_kept(host, get, tmp_path):
    (tmp_path / "cache").write_text("in the way", encoding="utf-8")
    with pytest.raises(Unavailable, match=r"(FileExists|NotADirectory)Error"):
        get()


@pytest.mark.parametrize("address", ["http://", "http://[", "no address"])
def test_what_is_no_address(get, address):
    with pytest.raises(Unavailable, match="f is not in the cache, and no download gave it"):
        get(addresses=[address])


def test_the_next_mirror_is_tried(host, get):
    mirrors = [f"{nobody()}/f", f"{host.url}/elsewhere", f"{host.url}/f"]
    assert get(CHECKSUM, mirrors).read_bytes() == CONTENT


def test_another_file_than_expected_is_not_kept(host, get, tmp_path):
    with pytest.raises(Unavailable, match="its checksum is wrong"):
        get("0" * 64)
    assert files_in(tmp_path) == []


@with_or_without
def test_two_at_the_same_time(host, get, sha256, monkeypatch):
    alone, other = cache._get, Barrier(2, timeout=10)

    def together(address, part):
        alone(address, part)
        other.wait()

    monkeypatch.setattr(cache, "_get", together)
    with ThreadPoolExecutor(2) as pool:
        for path in pool.map(get, [sha256, sha256]):
            assert path.read_bytes() == CONTENT
    assert is_whole(get(sha256), sha256)
    assert len(host.asked) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_others_may_read_what_is_kept(get, tmp_path):
    (tmp_path / "plain").write_text("", encoding="utf-8")
    assert get().stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_the_cache_of_the_book(monkeypatch):
    root = Path(cache.__file__).resolve().parents[2]
    for nothing in (None, ""):
        monkeypatch.setenv("BOOK_DATA", nothing or "")
        assert cache_folder(nothing) == root / "data" / "cache"
    assert "data/cache/" in (root / ".gitignore").read_text(encoding="utf-8").split()


def test_folders_of_ones_own(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("BOOK_DATA", "~/mine")
    monkeypatch.chdir(tmp_path)
    assert cache_folder() == tmp_path.resolve() / "mine"
    assert cache_folder("here") == tmp_path.resolve() / "here"
