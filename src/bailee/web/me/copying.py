"""`POST /me/copy`: everything about me as a ZIP. It is sent while it is made: the download begins at once and grows, no
file of it is kept here, and each worker can do it.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import BinaryIO, cast

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from bailee.gate.gate import Gate
from bailee.rights import copying
from bailee.vocabulary import Actor
from bailee.web import logs, pages
from bailee.web.me import session
from bailee.web.me.session import Customer
from bailee.web.problems import Problem

router = APIRouter(prefix="/me")
#: How many copies a process makes at once, of all customers; each keeps two threads busy. One person has one.
MOST = 4
#: Pieces that wait for a slow reader, and how long one may let us wait before the writing is given up.
WAITING, PATIENCE = 64, 60.0
#: How often a reader looks whether more comes.
BEAT = 1.0


@router.post("/copy")
def everything(request: Request, caller: Customer) -> Response:
    """The whole copy, as a download."""
    gate, key = request.app.state.gate, session.key_of(caller)
    gate.holding(key, actor=caller.actor)  # says now, and not in the middle, that it cannot be
    making = request.app.state.copies
    if not making.begin(key):
        raise Problem("too-many", "a copy is being made already; wait for its end", headers={"Retry-After": "30"})
    name = f"my-data-{gate.clock():%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Encoding": "identity"}
    return StreamingResponse(
        _pieces(gate, key, caller.actor, pages.language_of(request), making),
        media_type="application/zip",
        headers=headers,
    )


class Making:
    """Whose copies this process makes now; `begin` says whether there is room for one more."""

    def __init__(self) -> None:
        self._whose: set[str] = set()
        self._lock = threading.Lock()

    def begin(self, key: str) -> bool:
        """Whether this person's copy may begin; it then has to `end`."""
        with self._lock:
            if key in self._whose or len(self._whose) >= MOST:
                return False
            self._whose.add(key)
            return True

    def end(self, key: str) -> None:
        """Make room for the next."""
        with self._lock:
            self._whose.discard(key)


class _Stream(io.RawIOBase):
    """Hands what is written to whoever reads in another thread; OSError once they are gone."""

    def __init__(self, queue: Queue[bytes | None], gone: threading.Event) -> None:
        self._queue, self._gone = queue, gone

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(cast(bytes, data))
        if self._gone.is_set():
            raise OSError("the reader is gone")
        try:
            self._queue.put(piece, timeout=PATIENCE)
        except Full:
            raise OSError("the reader is too slow") from None
        return len(piece)


class CutOff(Exception):
    """The copy could not be made to its end; what was sent is no whole ZIP, and opens nowhere."""


def _pieces(gate: Gate, key: str, actor: Actor, language: str, making: Making) -> Iterator[bytes]:
    """The pieces of a copy, which is begun at once; it ends by itself where nobody takes them."""
    queue: Queue[bytes | None] = Queue(WAITING)
    gone, failed, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        try:
            copying.copy(gate, key, cast(BinaryIO, _Stream(queue, gone)), actor=actor, language=language)
        except Exception as error:  # whatever it was: its message may quote what is in the copy
            failed.set()
            logs.note("copy_failed", error=type(error).__name__)
        finally:
            making.end(key)
            ended.set()
            with suppress(Full):
                queue.put_nowait(None)  # so that the reader need not look whether more comes

    threading.Thread(target=work, name="copy", daemon=True).start()
    return _read(queue, gone, failed, ended)


def _read(
    queue: Queue[bytes | None], gone: threading.Event, failed: threading.Event, ended: threading.Event
) -> Iterator[bytes]:
    try:
        while True:
            try:
                piece = queue.get(timeout=BEAT)
            except Empty:
                piece = None if ended.is_set() and queue.empty() else b""
            if piece is None:
                break
            if piece:
                yield piece
        if failed.is_set():
            raise CutOff
    finally:
        gone.set()
