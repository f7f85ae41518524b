"""PostgreSQL as the gate sees it: a connection of the keeper's, opened ahead, asked, cancelled, and opened again.

Safe for threads: one request runs at a time, the others wait. `cancel` may be called from any thread.
"""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import TypeVar

from bailee.engines import Allowed, Finding, Limits, Mapped, Place, Result, Table, Unique, View
from bailee.engines.owned import Found, Name, Ownership
from bailee.engines.postgres import answer, doors, fence, parse, setup, standing
from bailee.engines.postgres.allow import Change, Held, change, clean, clean_state
from bailee.engines.postgres.catalog import catalog
from bailee.engines.postgres.faults import Wrong, error
from bailee.engines.postgres.link import Link
from bailee.engines.postgres.owning import owned
from bailee.errors import EngineUnavailable

_Made = TypeVar("_Made")

_KEPT = re.compile(r"\bbailee_allow\.\"?((?:allow|clean)_[0-9a-z_]+)", re.ASCII)


class Postgres:
    """A PostgreSQL database at a URL; see `bailee.engines.Engine`.

    With `masked`, which all servers of a database must agree about, allow tables of whole numbers have masks too, and
    `Allowed.span` says of which keys. The URL's user is the keeper: `setup`
    says which rights it needs. `limits` bind every question, which may bring stricter ones of time, rows and bytes.
    """

    dialect = "postgres"

    def __init__(self, url: str, *, limits: Limits | None = None, masked: bool = False) -> None:
        self._url = url
        self._masked = masked
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._busy: Link | None = None
        self._closed = False
        self._identity: str | None = None
        self._generation = 0
        self._held: dict[str, Held] = {}
        self._clean: dict[str, str] = {}

    def __enter__(self) -> Postgres:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def generation(self) -> int:
        """Moves when a connection meets a server that has started since the last, and when tables have changed so
        that a governed relation could no longer be made: then the catalogue is to be read again."""
        return self._generation

    def start(self) -> None:
        """Connect; raises `EngineUnavailable` if the database cannot be used, saying why."""
        with self._lock:
            self._living()

    def catalog(self, *, readable: bool = True) -> tuple[Table, ...]:
        """The base tables that the keeper may read; partitions are not listed apart from their table.

        With `readable` False, the tables and columns that it may not read too.
        """
        return self._request(lambda link: catalog(link, readable=readable))

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
        """Replace the allow table `bailee_allow.<name>`, or with `base` change one that stands at that sequence.

        Its columns are `subject` of `key_type` and `pseudonym`: the first 32 hex characters of HMAC-SHA256 (RFC 2104)
        under `secret` over the key's UTF-8, or NULL without a secret. A key that is not exactly the text of a value
        of the type is dropped and counted. Servers share the table, as `allow` explains: raises `Stale` if it is not
        at `base`, or is already at a newer sequence; `EngineError` on a duplicate.
        """
        added = add if base is None and not isinstance(add, Iterator) else tuple(add)
        gone = () if base is None else set(remove).difference(added)  # what goes and comes in one change, comes
        wanted = Change(name, key_type, added, tuple(gone), sequence, base, secret, self._masked)

        def put(link: Link) -> Allowed:
            made, self._held[name] = change(link, wanted, self._held.get(name))
            return made

        return self._request(put)

    def clean(self, name: str, version: str, sql: str) -> None:
        """Make `bailee_allow.<name>` from a trusted SELECT that groups by its first column, once for each version."""
        state = clean_state(version, sql)
        if self._clean.get(name) != state:
            self._request(lambda link: clean(link, name, version, sql))
            self._clean[name] = state

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
        """Run one governed SELECT over fenced views, in one snapshot in which each allow table is at its sequence.

        Raises `Stale`, `TimeExceeded`, `MemoryExceeded`, `RowsExceeded`, `Cancelled`, or `EngineError` with `kind` and
        `position` (characters of `sql` from 0). Nothing of a stopped answer is returned. `masks` are DuckDB's.
        `columns` must have their marks in that snapshot, and what is `unique` be so, else it is `Stale`.

        Types: a `numeric(p, s)` is that decimal, another `numeric` a decimal of 38 digits (76 where it must be) with
        the scale of the value that shows most; timestamps are microseconds, of `timestamptz` in UTC; an interval is
        months, days and nanoseconds; uuid, json, enumerations and all that Arrow has no type for are text, as from
        DuckDB; arrays of one dimension are lists. Infinite dates and numbers that are none in a decimal are refused.
        """
        began = time.perf_counter()
        kept = (self._states(views, allow), dict(columns or {}))
        question = answer.Question(views, sql, dict(allow), *kept, frozenset(unique), self._stricter(limits))
        sink = io.BytesIO()
        rows = self._request(lambda link: answer.ask(link, question, sink), question.limits.seconds)
        return Result(sink.getbuffer(), rows, time.perf_counter() - began, question.sequences)

    def instant(self) -> datetime:
        """The server's time: what is acknowledged before it is asked for is older."""
        return self._request(standing.instant)

    def kept(self) -> dict[Place, standing.Kept]:
        """Every standing column that is kept here and guarded; one that was not is to be filled anew."""
        return self._request(standing.settled)

    def keep(
        self, places: Mapping[Place, str], bits: standing.Bits, stamp: standing.Stamp, base: str
    ) -> dict[Place, int] | None:
        """Bring standing columns, with the types of their subjects, from one mark to another; see `standing`.

        Rows written by column, or None, and nothing changed, where they have another mark. Raises `Stale` where a newer
        standing is kept, `EngineUnavailable` where the set-up was not run.
        """
        return self._request(lambda link: standing.change(link, places, bits, stamp, base))

    def fill(
        self,
        places: Mapping[Place, str],
        bits: standing.Bits,
        stamp: standing.Stamp,
        progress: standing.Progress | None = None,
    ) -> dict[Place, int]:
        """Fill standing columns anew; whoever is not given has no bits. Raises as `keep` does."""
        return self._request(lambda link: standing.whole(link, places, bits, stamp, progress))

    def beat(self, places: Collection[Place], mark: str, as_of: datetime, next_change: datetime | None) -> bool:
        """Say that standing columns are right at a later time too; False where they do not have the mark."""
        return self._request(lambda link: standing.beat(link, places, mark, as_of, next_change))

    def reading(self, role: str, tables: Collection[doors.Name]) -> doors.Found:
        """What a role of the company's and others may do with tables, before a door is made; see `doors`."""
        return self._request(lambda link: doors.look(link, role, tables))

    def examine(self, mapped: Mapped, columns: Collection[Place] = ()) -> tuple[Finding, ...]:
        """What is missing or too wide for the keeper, most important first; see `setup`."""
        return self._request(lambda link: setup.check(link, mapped, columns))

    def owned(self, ownership: Ownership, keys: Sequence[str]) -> dict[Name, Found]:
        """Count people's rows by table, tables without any left out, as the keeper; limits of questions do not hold."""
        return self._request(lambda link: owned(link, ownership, keys))

    def serialize(self, sql: str) -> str:
        """PostgreSQL's own parse of one SELECT as JSON; raises `EngineError` with the place where it cannot parse."""
        return parse.serialize(sql)

    @contextmanager
    def released(self) -> Iterator[None]:
        """Let go of the database while a block runs; requests wait."""
        with self._lock:
            self._drop()
            yield

    def cancel(self) -> bool:
        """Stop the request that runs now, whose caller gets `Cancelled`; whether there was one."""
        busy = self._busy
        return busy is not None and busy.cancel()

    def close(self) -> None:
        """Disconnect; a request that runs ends as cancelled, and later ones raise `EngineUnavailable`."""
        self._closed = True
        self.cancel()
        with self._lock:
            self._drop()

    def _states(self, views: Sequence[View], sequences: Mapping[str, int]) -> dict[str, str]:
        """What this server knows to be in each allow table and clean set that the views name."""
        named = set(sequences).union(*(_KEPT.findall(view.sql) for view in views))
        held = {name: found.state for name in named if (found := self._held.get(name))}
        return {name: held.get(name) or self._clean.get(name) or "not put by this server" for name in named}

    def _stricter(self, limits: Limits | None) -> Limits:
        own, asked = self._limits, limits or self._limits
        return replace(
            own,
            seconds=min(own.seconds, asked.seconds),
            rows=min(own.rows, asked.rows),
            answer_bytes=min(own.answer_bytes, asked.answer_bytes),
        )

    def _request(self, work: Callable[[Link], _Made], seconds: float = 0) -> _Made:
        with self._lock:
            link = self._living()
            self._busy = link
            try:
                with link.busy():
                    return work(link)
            except Wrong as wrong:
                if wrong.code == "lost":
                    link.close()
                if wrong.code == "time":
                    wrong.limit = seconds
                if wrong.code in ("relation", "not unique"):
                    self._generation += 1  # the tables are no longer those of the catalogue that was asked for
                raise error(wrong) from None
            finally:
                self._busy = None

    def _living(self) -> Link:
        if self._closed:
            raise EngineUnavailable("this engine was closed; open the workspace again")
        if self._link is not None and not self._link.alive:
            self._drop()
        if self._link is None:
            link = Link(self._url, self._limits)
            try:
                fence.prove(link)
            except Wrong as wrong:
                link.close()
                raise error(wrong) from None
            if link.identity != self._identity:
                self._identity = link.identity
                self._generation += 1
                self._held.clear()
                self._clean.clear()
            self._link = link
        return self._link

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
