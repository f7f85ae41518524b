"""`POST /me/copy`: everything about me as a ZIP. It is sent while it is made: the download begins at once and grows, no
file of it is kept here, and each worker can do it.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from queue import Empty, Full, Queue
from typing import BinaryIO, cast

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from bailee.errors import BaileeError
from bailee.gate.gate import Gate
from bailee.rights import copying
from bailee.vocabulary import Actor
from bailee.web import logs, pages
from bailee.web.me import session
from bailee.web.me.session import Customer

router = APIRouter(prefix="/me")
#: Pieces that wait for a slow reader, and how long one may let us wait before the writing is given up.
WAITING, PATIENCE = 64, 60.0


@router.post("/copy")
def everything(request: Request, caller: Customer) -> Response:
    """The whole copy, as a download."""
    gate, key = request.app.state.gate, session.key_of(caller)
    gate.holding(key, actor=caller.actor)  # says now, and not in the middle, that it cannot be
    name = f"my-data-{gate.clock():%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Encoding": "identity"}
    return StreamingResponse(
        _pieces(gate, key, caller.actor, pages.language_of(request)), media_type="application/zip", headers=headers
    )


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


def _pieces(gate: Gate, key: str, actor: Actor, language: str) -> Iterator[bytes]:
    queue: Queue[bytes | None] = Queue(WAITING)
    gone, failed = threading.Event(), threading.Event()

    def work() -> None:
        try:
            copying.copy(gate, key, cast(BinaryIO, _Stream(queue, gone)), actor=actor, language=language)
        except (BaileeError, OSError) as error:
            failed.set()
            logs.note("copy_failed", error=type(error).__name__)
        finally:
            _end(queue, gone)

    threading.Thread(target=work, name="copy", daemon=True).start()
    try:
        while (piece := queue.get()) is not None:
            yield piece
        if failed.is_set():
            raise CutOff
    finally:
        gone.set()


def _end(queue: Queue[bytes | None], gone: threading.Event) -> None:
    """Tell the reader that nothing more comes, unless they are gone."""
    while not gone.is_set():
        try:
            queue.put(None, timeout=1)
        except Full:
            continue
        return
    try:
        queue.get_nowait()
    except Empty:
        return
