"""A web server on this machine that stands for the hosts of the data, and misbehaves on demand.

Also files in the format of MNIST, and ways to damage a copy.
"""

from __future__ import annotations

import gzip
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

import numpy as np

REFUSALS = {"missing": 404, "down": 500}


class Host:
    """`files` maps paths to bytes; `mood` says how requests are answered; `asked` records them.

    Moods: "well", "missing" (404), "down" (500), "garbage" (a page of text), "short" (half of the
    bytes that were promised), "silent" (no answer for a second), "stalled" (the same after
    half of the bytes), "moved" (to another address), "unsized" (no word of how many bytes).
    """

    def __init__(self, url: str) -> None:
        self.url, self.mood = url, "well"
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one GET request as the mood has it."""
        self.asked.append(request.path)
        if self.mood == "moved" and "?" not in request.path:
            request.send_response(302)
            request.send_header("Location", f"{request.path}?moved")
            request.end_headers()
            return
        body = self.files.get(request.path.removesuffix("?moved"))
        if self.mood == "silent":
            time.sleep(1)
            return
        if self.mood in REFUSALS or body is None:
            request.send_error(REFUSALS.get(self.mood, 404))
            return
        body = b"<html>Please log in</html>" if self.mood == "garbage" else body
        request.send_response(200)
        if self.mood != "unsized":
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        half = self.mood in ("short", "stalled")
        request.wfile.write(body[: len(body) // 2] if half else body)
        if self.mood == "stalled":
            time.sleep(1)


@contextmanager
def serve() -> Iterator[Host]:
    """A host on a free port of this machine, for the length of a `with` block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host = Host(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def online(folder: Path) -> Iterator[Host]:
    """A host, the cache in folder/cache, and scikit-learn's own in folder/sklearn."""
    places = {"BOOK_DATA": folder / "cache", "SCIKIT_LEARN_DATA": folder / "sklearn"}
    changes = {name: str(place) for name, place in places.items()} | {"NO_PROXY": "*"}
    with mock.patch.dict(os.environ, changes), serve() as host:
        yield host


def files_in(folder: Path) -> list[Path]:
    """All files below a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def nobody() -> str:
    """An address on this machine at which nothing answers."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def idx(values: np.ndarray) -> bytes:
    """The gzipped idx file of an array of bytes, put together from its description."""
    head = bytes([0, 0, 8, values.ndim])
    sizes = b"".join(int(size).to_bytes(4, "big") for size in values.shape)
    return gzip.compress(head + sizes + values.tobytes(order="C"), mtime=0)


def truncated(content: bytes) -> bytes:
    """The first half."""
    return content[: len(content) // 2]


def altered(content: bytes) -> bytes:
    """One bit turned, in the middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGES = {
    "truncated": truncated,
    "altered": altered,
    "empty": lambda _: b"",
    "text": lambda _: b"hi",
}
