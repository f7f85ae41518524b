"""Reading a log from a folder or a server that is not trusted."""

from __future__ import annotations

import gzip
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from bailee.errors import NotVerified
from bailee.ledger import verify_source
from bailee.ledger.verify_source import Folder, Web
from bailee.ledger.verify_tree import verify_tree
from tests.ledger.trees import FIRST, Files, files_of, grow, new_log, plain, write


class _Server(BaseHTTPRequestHandler):
    """Gives out the files of a tree, or what a test says instead."""

    files: ClassVar[Files] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        path = self.path.removeprefix("/log/")
        self.asked.append(path)
        if path == "checkpoint" and "away" in self.files:
            self.send_response(302)
            self.send_header("Location", self.files["away"].decode())
            self.end_headers()
        elif path == "checkpoint" and "status" in self.files:
            self.send_response(int(self.files["status"]))
            self.end_headers()
        elif path == "checkpoint" and "slow" in self.files:
            self.drip(self.files["slow"])
        elif path not in self.files:
            self.send_response(404)
            self.end_headers()
        else:
            data, packed = self.files[path], "packed" in self.files
            self.send_response(200)
            if packed:
                self.send_header("Content-Encoding", self.files["packed"].decode())
            self.end_headers()
            self.wfile.write(gzip.compress(data) if packed else data)

    def drip(self, beginning: bytes) -> None:
        """Send a letter now and then for ever, so that no wait for the next one is long."""
        self.wfile.write(beginning)
        with suppress(OSError):
            while True:
                time.sleep(0.05)
                self.wfile.write(b"x")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a log of 600 entries."""
    connection = new_log()
    grow(connection, map(plain, range(600)))
    write(connection, tmp_path / "tree", FIRST)
    _Server.files = files_of(tmp_path / "tree")
    _Server.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/log"
    server.shutdown()
    server.server_close()


def test_a_log_is_verified_over_http(served: str, tmp_path: Path) -> None:
    """L25: file by file or some at once, packed or not, and a partial file that is gone from the full one."""
    web = Web(f"{served}/")
    from_folder = verify_tree(Folder(tmp_path / "tree"), [FIRST.verifier])
    assert from_folder == verify_tree(web, [FIRST.verifier]) == verify_tree(web, [FIRST.verifier], ahead=web.ahead)
    _Server.files = {**_Server.files, "packed": b"gzip"}
    assert from_folder == verify_tree(web, [FIRST.verifier], ahead=web.ahead)
    del _Server.files["tile/0/001"]
    with pytest.raises(NotVerified, match=r"^tile `tile/0/001` is missing"):
        verify_tree(web, [FIRST.verifier], ahead=web.ahead)


def test_what_a_hostile_server_may_not(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files without end, bombs, redirections elsewhere and for ever, and errors: each is an end in words."""
    monkeypatch.setattr(verify_source.time, "sleep", lambda _: None)
    web, true = Web(served), dict(_Server.files)
    port = served.rpartition(":")[2].partition("/")[0]
    for extra, message in (
        ({"checkpoint": b"x" * (2 << 20)}, "longer than the 1048576 bytes"),
        ({"checkpoint": b"\0" * (64 << 20), "packed": b"gzip"}, "longer than the 1048576 bytes"),
        ({"packed": b"br"}, "packed it in a way that was not asked for"),
        ({"status": b"500"}, "the server says 500"),
        ({"status": b"418"}, "the server says 418"),
        (
            {"away": b"http://localhost:" + port.encode() + b"/log/checkpoint"},
            "sends to another place, `http://localhost",
        ),
        ({"away": b"file:///etc/passwd"}, "sends to another place|not allowed|the server says 302"),
        ({"away": b"/log/checkpoint"}, "the server says 302"),
        ({"away": b"http://[shop/log"}, "`checkpoint` cannot be read"),
        ({"status": b"404"}, "^`checkpoint` is missing"),
    ):
        _Server.files = {**true, **extra}
        _Server.asked.clear()
        with pytest.raises(NotVerified, match=message):
            verify_tree(web, [FIRST.verifier])
        assert len(_Server.asked) <= 5


@pytest.mark.parametrize(
    "beginning", [b"", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["status", "headers", "body"]
)
def test_a_server_that_never_ends_is_left(served: str, monkeypatch: pytest.MonkeyPatch, beginning: bytes) -> None:
    """Whatever part of its answer a server lets drip, nobody waits for it longer than the limit."""
    monkeypatch.setattr(verify_source, "time", SimpleNamespace(sleep=lambda _: None))  # the server still sleeps
    monkeypatch.setattr(verify_source, "LONGEST_WAIT", 0.3)
    _Server.files = {**_Server.files, "slow": beginning}
    began = time.monotonic()
    with pytest.raises(NotVerified, match="`checkpoint` cannot be read"):
        Web(served)("checkpoint")
    assert time.monotonic() - began < 10
    assert 4 >= len(_Server.asked)


def test_addresses_that_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only http and https, with a host; a server that does not answer is said so."""
    for base in (
        "ftp://shop.example/log",
        "file:///tmp",
        "https://",
        "https://shop.example/log?x=1",
        "shop.example/log",
        "https://[shop/log",
    ):
        with pytest.raises(NotVerified, match="is no address of a log"):
            Web(base)
    monkeypatch.setattr(verify_source.time, "sleep", lambda _: None)
    with pytest.raises(NotVerified, match="cannot be read: connection refused"):
        Web("http://127.0.0.1:1/log")("checkpoint")


def test_a_folder_is_read_within_bounds(tmp_path: Path) -> None:
    """What is missing, too long, or no file at all is said so."""
    folder = Folder(tmp_path)
    with pytest.raises(LookupError):
        folder("checkpoint")
    (tmp_path / "checkpoint").write_bytes(b"x" * (1 << 20))
    assert 1 << 20 == len(folder("checkpoint"))
    with pytest.raises(LookupError):
        folder("checkpoint/x")
    (tmp_path / "keys").write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(NotVerified, match="`keys` is longer than the 1048576 bytes"):
        folder("keys")
    (tmp_path / "tile" / "0" / "000").mkdir(parents=True)
    os.mkfifo(tmp_path / "tile" / "0" / "001")
    for name in ("000", "001"):
        with pytest.raises(NotVerified, match=f"`tile/0/{name}` cannot be read: it is no file"):
            folder(f"tile/0/{name}")
