"""The connection below HTTP: the head of a request is small and comes soon, or the connection ends."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

#: The largest head of a request, and how long one may take from the first byte, or from the connection, on.
LARGEST_HEAD = 32_768
HEAD_SECONDS = 15.0


class Impatient(HttpToolsProtocol):
    """uvicorn's connection, which by itself waits for the end of a head for ever, and keeps all of it until then."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._late: asyncio.TimerHandle | None = None
        self._part: Literal["nothing", "head", "body"] = "nothing"
        self._taken = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._part == "head":
            self._take(len(data))
        elif self._part == "nothing" and not self._answering:
            self._wait()  # for what came begins nothing, and uvicorn does not wait for more any longer

    @property
    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # which uvicorn declares as always there
        return cycle is not None and not cycle.response_complete

    def on_message_begin(self) -> None:
        self._part, self._taken = "head", 0
        self._wait()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._part == "body":  # what stands after a body in pieces (RFC 9112, 7.1.2) is taken as headers too
            self._take(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._part, self._taken = "body", 0
        self._rest()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._part = "nothing"
        super().on_message_complete()

    def _wait(self) -> None:
        if self._late is None and not self.transport.is_closing():
            self._late = self.loop.call_later(HEAD_SECONDS, self._end)

    def _rest(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _take(self, count: int) -> None:
        self._taken += count
        if self._taken > LARGEST_HEAD:
            self._end()

    def _end(self) -> None:
        self.transport.abort()
