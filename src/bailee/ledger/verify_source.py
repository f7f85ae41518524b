"""Where a verifier reads a log's files from: a folder, or a web server that is not trusted.

Raises LookupError where there is no such file and `NotVerified` where it cannot be read. No file is read beyond what
its kind may hold, and a server is neither waited for without end nor followed to another host.
"""

from __future__ import annotations

import http.client
import socket
import stat
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from bailee.errors import NotVerified
from bailee.ledger.verify_note import LONGEST_NOTE
from bailee.ledger.verify_tiles import HASH_BYTES, WIDTH

#: Seconds without a byte from the server, and for one file in all.
PATIENCE, LONGEST_WAIT = 30.0, 300.0
_TRIES = 3
_REDIRECTS = 3
_AT_ONCE = 8
_PIECE = 1 << 16
#: What servers say where there is no such file; 403 is what object stores say to strangers.
_ABSENT = {403, 404, 410}


def most_bytes(path: str) -> int:
    """Return how long a file of the log may be."""
    if path.startswith("tile/entries/"):
        return WIDTH * (2 + 65_535)
    return WIDTH * HASH_BYTES if path.startswith("tile/") else LONGEST_NOTE


class Folder:
    """A log's files in a folder; `most` says how long a file may be."""

    def __init__(self, folder: Path, most: Callable[[str], int] = most_bytes) -> None:
        self._folder, self._most = folder, most

    def __call__(self, path: str) -> bytes:
        """Return a file's bytes."""
        most = self._most(path)
        try:
            place = self._folder / path
            found = place.stat()
            if not stat.S_ISREG(found.st_mode):
                raise NotVerified(f"`{path}` cannot be read: it is no file")
            with place.open("rb") as file:
                # Not `read(most)`, which would set that much memory aside for each file.
                data = file.read(min(found.st_size, most) + 1)
        except (FileNotFoundError, NotADirectoryError):
            raise LookupError(path) from None
        except OSError as error:
            raise NotVerified(f"`{path}` cannot be read: {(error.strerror or 'unknown error').lower()}") from None
        return _fitting(path, data, most)


class Web:
    """A log's files under a URL; may be called by several threads.

    `most` says how long a file may be, `tries` how often each is asked for, and `patience` for how many seconds a
    server may say nothing.
    """

    def __init__(
        self,
        base: str,
        most: Callable[[str], int] = most_bytes,
        *,
        tries: int = _TRIES,
        patience: float = PATIENCE,
        called: str = "a log",
    ) -> None:
        self._most, self._tries, self._patience = most, tries, patience
        try:
            parts = urlsplit(base)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise NotVerified(f"`{base}` is no address of {called}, expected http(s)://HOST/PATH")
        self._base = base.rstrip("/")
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            _Hurried(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            _SameHost(),
        ):
            self._opener.add_handler(handler)

    def __call__(self, path: str) -> bytes:
        """Return a file's bytes; tried again where the server or the line fails."""
        for left in reversed(range(self._tries)):
            try:
                return self._get(path)
            except urllib.error.HTTPError as error:
                error.close()
                if error.code in _ABSENT:
                    raise LookupError(path) from None
                if not left or error.code < 500:
                    raise NotVerified(f"`{path}` cannot be read: the server says {error.code}") from None
            except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: of a redirection
                if not left:
                    raise NotVerified(f"`{path}` cannot be read: {_why(error)}") from None
            time.sleep(1)
        raise AssertionError

    def ahead(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        """Give many files in order, asking for some at once; None where there is none."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            asked: deque[Future[bytes | None]] = deque()
            try:
                for path in paths:
                    asked.append(pool.submit(self._or_none, path))
                    if len(asked) == 2 * _AT_ONCE:
                        yield asked.popleft().result()
                while asked:
                    yield asked.popleft().result()
            finally:
                for each in asked:
                    each.cancel()

    def _or_none(self, path: str) -> bytes | None:
        try:
            return self(path)
        except LookupError:
            return None

    def _get(self, path: str) -> bytes:
        most = self._most(path)
        headers = {"Accept-Encoding": "gzip, identity", "User-Agent": "bailee"}
        request = urllib.request.Request(f"{self._base}/{path}", headers=headers)  # noqa: S310 - http(s) alone, as checked
        with _Limit(), self._opener.open(request, timeout=self._patience) as answer:
            data = _read(answer, most + most // 100 + _PIECE)  # packing may make it a little longer
            packed = answer.headers.get("Content-Encoding", "identity").lower()
        if packed == "gzip":
            try:
                data = zlib.decompressobj(wbits=31).decompress(data, most + 1)
            except zlib.error:
                raise NotVerified(f"`{path}` cannot be read: the server packed it badly") from None
        elif packed != "identity":
            raise NotVerified(f"`{path}` cannot be read: the server packed it in a way that was not asked for")
        return _fitting(path, data, most)


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows few redirections, and none to another host or from https to http."""

    max_redirections = _REDIRECTS

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.netloc != old.netloc or new.scheme not in ("https", old.scheme):
            place = f"{new.scheme}://{new.netloc}"
            raise NotVerified(f"the server sends to another place, `{place}`; verify that address where you trust it")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Limit:
    """Ends the connections that this thread opens in a block once it took too long, however much still comes."""

    _of_thread = threading.local()

    def __enter__(self) -> None:
        self._over, self._lines, self._guard = False, list[socket.socket](), threading.Lock()
        self._timer = threading.Timer(LONGEST_WAIT, self._end)
        self._timer.daemon = True
        self._timer.start()
        self._of_thread.limit = self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        with self._guard:
            for line in self._lines:
                line.close()
            self._lines.clear()
        if self._over and (kind is None or issubclass(kind, Exception)):
            raise TimeoutError

    def _end(self) -> None:
        with self._guard:
            self._over = True
            for line in self._lines:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    @classmethod
    def connect(cls, *args: Any, **named: Any) -> socket.socket:
        """A connection that ends with this thread's block; TimeoutError where that is over."""
        made, limit = socket.create_connection(*args, **named), cls._of_thread.limit
        with limit._guard:
            if limit._over:
                made.close()
                raise TimeoutError
            limit._lines.append(made.dup())  # TLS takes the first one over
        return made


class _Hurried(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Connects through the thread's `_Limit`."""

    def do_open(self, http_class: Any, req: urllib.request.Request, **args: Any) -> http.client.HTTPResponse:
        def made(host: str, **named: Any) -> Any:
            connection = http_class(host, **named)
            connection._create_connection = _Limit.connect  # as the standard library's own tests do
            return connection

        return super().do_open(made, req, **args)


def _read(answer: IO[bytes], most: int) -> bytes:
    pieces, left = [], most
    while left and (piece := answer.read(min(_PIECE, left))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _fitting(path: str, data: bytes, most: int) -> bytes:
    if len(data) > most:
        raise NotVerified(f"`{path}` is longer than the {most} bytes that such a file may have")
    return data


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError | socket.timeout):
        return "the server did not answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return "the connection failed"
