"""DuckDB as the gate sees it: a worker process that is started ahead, asked, cancelled, and started again.

Safe for threads: one request runs at a time, the others wait. `cancel` may be called from any thread.
"""

from __future__ import annotations

import io
import os
import stat
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import TracebackType

from bailee.engines import Allowed, Column, Finding, Limits, Mapped, Place, Result, Table, Unique, View
from bailee.engines.duckdb import faults, frames
from bailee.engines.duckdb.process import Body, Worker
from bailee.engines.owned import Found, Name, Ownership
from bailee.errors import EngineUnavailable

#: The gate's own set-up (allow tables of millions, clean sets) may take longer than a question.
_SETUP_SECONDS = 600.0

_Identity = tuple[int, int, int, int]


class DuckDB:
    """A DuckDB file behind a worker process; see `bailee.engines.Engine`.

    `limits` bind every question; a question may bring stricter ones of time, rows and bytes. The file is never written.
    A file that is replaced is seen at the next request: the worker starts again and `generation` moves.
    """

    def __init__(self, path: str | Path, *, limits: Limits | None = None, start_seconds: float = 60.0) -> None:
        self._path = str(Path(path).absolute())
        self._limits = limits or Limits()
        self._start_seconds = start_seconds
        self._lock = threading.Lock()
        self._switch = threading.Lock()  # guards the three below, and is never held while waiting
        self._worker: Worker | None = None
        self._busy: Worker | None = None
        self._closed = False
        self._identity: _Identity | None = None
        self._generation = 0

    def __enter__(self) -> DuckDB:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def dialect(self) -> str:
        """DuckDB's own."""
        return "duckdb"

    @property
    def generation(self) -> int:
        """Counts the starts of the worker; allow and clean tables live for one generation."""
        return self._generation

    def start(self) -> None:
        """Begin starting the worker and return at once; what goes wrong later is raised by the first request.

        Raises `EngineUnavailable` if the file is not there or cannot be read.
        """
        with self._lock:
            self._living()

    def catalog(self) -> tuple[Table, ...]:
        """The base tables of the file with their columns; a collation is part of a column's type."""
        reply = self._request({"do": "catalog"}, _SETUP_SECONDS)
        unique: dict[tuple[str, str], set[str]] = {}
        for schema, name, column in reply["unique"]:
            unique.setdefault((schema, name), set()).add(column)
        return tuple(
            Table(
                schema, name, tuple(Column(row[2], row[3]) for row in rows), frozenset(unique.get((schema, name), ()))
            )
            for (schema, name), rows in groupby(reply["columns"], key=lambda row: (row[0], row[1]))
        )

    def allow(
        self,
        name: str,
        key_type: str,
        add: Iterable[str],
        *,
        sequence: int,
        remove: Iterable[str] = (),
        base: int | None = None,
        secret: bytes | None = None,
    ) -> Allowed:
        """Replace the allow table `memory.main.<name>`, or with `base` change one that stands at that sequence.

        Its columns are `subject` of `key_type` and `pseudonym`: the first 32 hex characters of HMAC-SHA256 (RFC 2104)
        under `secret` over the key's UTF-8, or NULL without a secret. A key that is not exactly the text of a value
        of the type is dropped and counted. Raises `Stale` if the table is not at `base`, `EngineError` on a duplicate.
        """
        request = {
            "do": "allow",
            "name": name,
            "key_type": key_type,
            "add": list(add),
            "remove": list(remove),
            "sequence": sequence,
            "base": base,
            "secret": None if secret is None else secret.hex(),
        }
        reply = self._request(request, _SETUP_SECONDS)
        span = reply["span"]
        return Allowed(reply["rows"], reply["dropped"], None if span is None else (span[0], span[1]))

    def clean(self, name: str, version: str, sql: str) -> None:
        """Make `memory.main.<name>` from a trusted SELECT whose first column is a unique key, once for each version."""
        self._request({"do": "clean", "name": name, "version": version, "sql": sql}, _SETUP_SECONDS)

    def ask(
        self,
        views: Sequence[View],
        sql: str,
        *,
        allow: Mapping[str, int],
        masks: Mapping[str, tuple[int, int]] | None = None,
        columns: Mapping[Place, str] | None = None,
        unique: Collection[Unique] = (),
        limits: Limits | None = None,
    ) -> Result:
        """Run one governed SELECT over secure views, in one snapshot in which each allow table is at its sequence.

        `masks` has the span of each mask that the views use; a variable named like its allow table holds the bits.
        Raises `Stale`, `TimeExceeded`, `MemoryExceeded`, `RowsExceeded`, `Cancelled`, or `EngineError` with `kind` and
        `position` (characters of `sql` from 0). Nothing of a stopped answer is returned.

        Nothing is written to the file while it is held, so what was `unique` when the worker started is so still.
        """
        own = limits or self._limits
        seconds = min(own.seconds, self._limits.seconds)
        answer = io.BytesIO()
        request = {
            "do": "ask",
            "views": [(view.name, view.sql) for view in views],
            "sql": sql,
            "allow": dict(allow),
            "masks": dict(masks or {}),
            "seconds": seconds,
            "rows": min(own.rows, self._limits.rows),
            "answer_bytes": min(own.answer_bytes, self._limits.answer_bytes),
        }
        reply = self._request(request, seconds, answer.write)
        return Result(answer.getbuffer(), reply["rows"], reply["seconds"], reply["sequences"])

    def examine(self, mapped: Mapped, columns: Collection[Place] = ()) -> tuple[Finding, ...]:
        """Nothing: the file is only read, and what may be read of it is not the database's to say."""
        return ()

    def owned(self, ownership: Ownership, keys: Sequence[str]) -> dict[Name, Found]:
        """Count people's rows by table, tables without any left out."""
        from bailee.engines.duckdb import erasing

        return erasing.count(Path(self._path), ownership, keys)

    def serialize(self, sql: str) -> str:
        """DuckDB's own parse of one SELECT as JSON; raises `EngineError` with the position of what it cannot parse."""
        tree: str = self._request({"do": "serialize", "sql": sql}, self._limits.seconds)["tree"]
        return tree

    @contextmanager
    def released(self) -> Iterator[None]:
        """Let go of the file, so that it can be written; requests wait, and the next one starts the worker again."""
        with self._lock:
            self._drop()
            yield

    def cancel(self) -> bool:
        """Stop the request that runs now, whose caller gets `Cancelled`; whether there was one."""
        with self._switch:
            if self._busy is None:
                return False
            self._busy.kill("cancelled")
            return True

    def close(self) -> None:
        """End the worker; a request that runs ends as cancelled, and later ones raise `EngineUnavailable`."""
        self._closed = True
        self.cancel()
        with self._lock:
            self._drop()

    def _request(self, header: frames.Header, seconds: float, body: Body | None = None) -> frames.Header:
        with self._lock:
            worker = self._living()
            with self._switch:
                self._busy = worker
            try:
                return worker.request(header, seconds, body)
            finally:
                with self._switch:
                    self._busy = None

    def _living(self) -> Worker:
        if self._closed:
            raise EngineUnavailable("this engine was closed; open the workspace again")
        identity = _identify(self._path)
        if self._worker is not None and (not self._worker.alive or identity != self._identity):
            self._drop()
        if self._worker is None:
            self._identity = identity
            self._worker = Worker(self._path, self._limits, self._start_seconds)
            self._generation += 1
        return self._worker

    def _drop(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None


def _identify(path: str) -> _Identity:
    """Which file this is now, so that a replacement is noticed; raises `EngineUnavailable` if it cannot be read."""
    try:
        found = Path(path).stat()
    except PermissionError:
        raise faults.unopened(path, "permission") from None
    except OSError:
        raise faults.unopened(path, "missing") from None
    if stat.S_ISDIR(found.st_mode):
        raise faults.unopened(path, "directory")
    if not os.access(path, os.R_OK):
        raise faults.unopened(path, "permission")
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
