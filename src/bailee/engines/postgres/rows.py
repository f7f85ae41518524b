"""Rows of one SELECT as they stream from the server by COPY, in batches whose columns lie in one piece of memory.

COPY sends each row as one message of a 16-bit count of fields and each field behind its 32-bit length, so that all
rows of a batch are taken apart column by column. Measured on a million rows of six columns this is as fast as ADBC's
driver, and keeps the types that ADBC gives up (`numeric`, enumerations); and it runs on the connection that has the
views, whose errors, time and cancelling are ours.
"""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bailee.engines.postgres import faults
from bailee.engines.postgres.columns import Bytes, Field, Numbers
from bailee.engines.postgres.faults import Wrong

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_HEADER = len(_SIGNATURE) + 8
_BATCH_ROWS, _BATCH_BYTES = 16_384, 4 << 20
#: The server stops a question at its limit by itself; so much later we no longer wait for it.
_GRACE_SECONDS = 1.0
_LOOK_SECONDS = 0.1
_SPARE = bytes(32)


class Batch(NamedTuple):
    """Some rows: their bytes, and where each begins and ends."""

    data: Bytes
    start: Numbers
    end: Numbers

    def fields(self, count: int) -> Iterator[Field]:
        """The columns, in order; raises `Wrong` where the bytes are not what they should be."""
        if len(self.start) and np.any(self._numbers(self.start, 2, ">i2") != count):
            raise Wrong("engine error")
        at = self.start + 2
        for _ in range(count):
            length = self._numbers(at, 4, ">i4").astype(np.int64)
            field = Field(self.data, at + 4, length)
            at = field.at + np.maximum(length, 0)
            if np.any(length < -1) or np.any(at > self.end):
                raise Wrong("engine error")
            yield field
        if np.any(at != self.end):
            raise Wrong("engine error")

    def _numbers(self, at: Numbers, width: int, kind: str) -> Numbers:
        found: Numbers = self.data[at[:, None] + np.arange(width)].view(kind).ravel()
        return found


class Copy:
    """A `COPY (SELECT ..) TO STDOUT` that runs on a connection; `batches` ends with the last row."""

    def __init__(self, pgconn: PGconn, statement: bytes, seconds: float, stopped: Callable[[], bool]) -> None:
        self._pgconn = pgconn
        self._until = time.monotonic() + seconds
        self._stopped = stopped
        self._selector = selectors.DefaultSelector()
        self._selector.register(pgconn.socket, selectors.EVENT_READ)
        pgconn.send_query_params(statement, [])

    def batches(self, most: int) -> Iterator[Batch]:
        """The rows, at most `most` of them; raises `Wrong` for more, for too long, and for what the server says."""
        with self._selector:
            self._begin()
            rows = 0
            for messages, lengths in self._messages():
                batch = _batch(messages, lengths)
                rows += len(batch.start)
                if rows > most:
                    raise Wrong("rows", limit=most)
                yield batch
            self._end()

    def _begin(self) -> None:
        from psycopg.pq import ExecStatus

        while self._pgconn.flush():
            self._wait()
        result = self._result()
        if result is None or result.status != ExecStatus.COPY_OUT:
            raise faults.said(result)

    def _end(self) -> None:
        from psycopg.pq import ExecStatus

        while (result := self._result()) is not None:
            if result.status != ExecStatus.COMMAND_OK:
                raise faults.said(result)

    def _result(self) -> PGresult | None:
        while self._pgconn.is_busy():
            self._wait()
        return self._pgconn.get_result()

    def _messages(self) -> Iterator[tuple[list[memoryview], list[int]]]:
        """Messages in groups, a row in each but for the header and the end."""
        read, messages, lengths, size = self._pgconn.get_copy_data, list[memoryview](), list[int](), 0
        while True:
            length, message = read(1)
            if length == 0:
                self._wait()
                continue
            if length < 0:
                break
            messages.append(message)
            lengths.append(length)
            size += length
            if size >= _BATCH_BYTES or len(lengths) >= _BATCH_ROWS:
                yield messages, lengths
                messages, lengths, size = [], [], 0
                self._late()
        yield messages, lengths

    def _wait(self) -> None:
        """Wait until the server has said something; who cancelled before it had begun is heard too."""
        while not self._selector.select(_LOOK_SECONDS):
            self._late()
        self._pgconn.consume_input()

    def _late(self) -> None:
        if self._stopped():
            raise Wrong("cancelled")
        if time.monotonic() > self._until + _GRACE_SECONDS:
            raise Wrong("time")


def _batch(messages: Sequence[memoryview], lengths: Sequence[int]) -> Batch:
    """Rows out of messages: the first has the header before it, the last is the two bytes of the end."""
    data = b"".join([*messages, _SPARE])
    size = np.array(lengths, np.int64)
    end = np.cumsum(size)
    start = end - size
    if data.startswith(_SIGNATURE):
        start[0] += _HEADER
    rows = end - start > 2
    return Batch(np.frombuffer(data, np.uint8), start[rows], end[rows])
