"""Spark as the gate sees it: a locked session that is opened ahead, asked, cancelled, and opened again.

Safe for threads: one request runs at a time, the others wait. `cancel` may be called from any thread. Spark has no
snapshot over several tables. The allow tables of a question are those of the sequence asked for, whole and unchanging;
the company's tables are as Spark finds them while it runs. So a withdrawal that was acknowledged before a question
began is honoured by it, and what may differ between two tables of one question is only how new their rows are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

from bailee.engines import Allowed, Finding, Limits, Mapped, Place, Result, Table, Unique, View
from bailee.engines.owned import Found, Name, Ownership, counted
from bailee.engines.spark import answer, faults, fence, names, plans, session, tables
from bailee.engines.spark.faults import Wrong
from bailee.engines.spark.held import Held
from bailee.engines.spark.seal import Seal
from bailee.engines.spark.session import Session
from bailee.engines.spark.tables import Folders
from bailee.engines.spark.turn import Turn
from bailee.errors import EngineError, EngineUnavailable

T = TypeVar("T")

#: The gate's own set-up (allow tables of millions, clean sets) may take longer than a question.
_SETUP_SECONDS = 600.0
#: A session that nobody used for so long is tried before it is used.
#: An abandoned session is waited for no longer.
_FAREWELL_SECONDS = 30.0
_IDLE_SECONDS = 60.0


class _Living:
    """All that lives for one generation: the session, its fence, its seal, what it holds."""

    def __init__(self, opened: Session, paths: Mapping[str, str]) -> None:
        self.session = opened
        self.fence = fence.prove(opened)
        self.seal = None if plans.shows_parse(opened) else Seal(opened)
        self.folders = Folders(opened, paths)
        self.held = Held(opened, masked=fence.masks_hold(opened, self.fence))
        self.used = time.monotonic()

    @property
    def meanings(self) -> dict[names.Parts, str]:
        """What the names in trusted SQL stand for."""
        return self.folders.meanings | self.held.meanings

    def close(self) -> None:
        """End the sessions; the catalogue and its tables are not touched."""
        self.held.close()
        if self.seal is not None:
            self.seal.close()
        self.session.close()


class Spark:
    """A Spark server; see `bailee.engines.Engine`.

    `address` is `sc://host:port` for Spark Connect, or a master (`local[2]`, `yarn`) for a JVM of our own. `folders`
    names folders of Parquet that become tables of the schema `default`, beside those of the catalogue. `limits` bind
    every question; memory and spill are the server's own, except in a JVM that is started here.
    """

    dialect = "spark"

    def __init__(
        self,
        address: str,
        *,
        folders: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        start_seconds: float = 120.0,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        session.check(address)
        self._address, self._folders = address, dict(folders or {})
        self._limits, self._settings = limits or Limits(), dict(settings or {})
        self._start_seconds = start_seconds
        self._lock = threading.Lock()
        self._switch = threading.Lock()  # guards the two below, and is never held while waiting
        self._turn: Turn[Any] | None = None
        self._closed = False
        self._opening: Future[_Living] | None = None
        self._leaving: threading.Thread | None = None
        self._generation = 0

    def __enter__(self) -> Spark:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def generation(self) -> int:
        """Counts the sessions opened; allow and clean tables live for one generation."""
        return self._generation

    def start(self) -> None:
        """Begin opening a session and return at once; what goes wrong is raised by the first request."""
        with self._lock:
            self._open()

    def catalog(self) -> tuple[Table, ...]:
        """The base tables of the current catalogue and the folders; a collation is part of a column's type."""
        return self._request(lambda living: tables.catalog(living.session, living.folders), _SETUP_SECONDS)

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
        """Replace the allow table `name`, or with `base` change one that stands at that sequence.

        As in `DuckDB.allow`; there are masks only where one held in the trial of the fence. Raises `Stale` if the table
        is not at `base`, `EngineError` on a duplicate.
        """
        keys, gone = list(add), list(remove)

        def change(living: _Living) -> Allowed:
            how = {"sequence": sequence, "remove": gone, "base": base, "secret": secret}
            return living.held.allow(name, key_type, keys, **how)

        return self._request(change, _SETUP_SECONDS)

    def clean(self, name: str, version: str, sql: str) -> None:
        """Make the clean set `name` from a trusted SELECT whose first column is a unique key, once for each version."""

        def make(living: _Living) -> None:
            living.held.clean(name, version, names.translate(sql, living.meanings))

        self._request(make, _SETUP_SECONDS)

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
        """Run one governed SELECT over fenced views, while each allow table is at its sequence and has its mask.

        Raises `Stale`, `TimeExceeded`, `MemoryExceeded`, `RowsExceeded`, `Cancelled`, or `EngineError` with `kind` and
        `position` (characters of `sql` from 0). Nothing of a stopped answer is returned.

        Spark keeps no column `unique`, and a question that needs one is refused before it comes here.
        """
        own = limits or self._limits
        seconds = min(own.seconds, self._limits.seconds)
        question = answer.Question(
            views, sql, min(own.rows, self._limits.rows), min(own.answer_bytes, self._limits.answer_bytes)
        )

        def run(living: _Living) -> Result:
            if any(living.held.sequences.get(name) != sequence for name, sequence in allow.items()):
                raise Wrong("stale")
            if any(living.held.span(name) != span for name, span in (masks or {}).items()):
                raise Wrong("stale")
            began = time.perf_counter()
            living.folders.refresh()
            ipc, rows = answer.ask(living.session, living.fence, living.seal, living.meanings, question)
            return Result(ipc, rows, time.perf_counter() - began, dict(allow))

        return self._request(run, seconds)

    def examine(self, mapped: Mapped, columns: Collection[Place] = ()) -> tuple[Finding, ...]:
        """Nothing: who may read what is the catalogue's own to say, and not shown to its clients."""
        return ()

    def owned(self, ownership: Ownership, keys: Sequence[str]) -> dict[Name, Found]:
        """Count people's rows by table, tables without any left out; every column may be empty, as in files."""
        listed = ", ".join(map(ownership.words.literal, keys))

        def count(living: _Living) -> dict[Name, Found]:
            found = {}
            for each in ownership.tables:
                sql = names.translate(ownership.counting(each, listed), living.meanings)
                here = counted([int(value) for value in living.session.sql(sql).toArrow().to_pylist()[0].values()])
                if here is not None:
                    found[each.name] = here
            return found

        return self._request(count, _SETUP_SECONDS)

    def serialize(self, sql: str) -> str:
        """Spark's own parse as JSON: `relations`, `functions`, `ctes`, `types`, `nodes`; see `plans`.

        A server that shows none (Sail) gives `{"parse": "sealed"}`: there `ask` itself proves, over empty relations in
        a session that holds nothing else, that the question reads nothing but what it was given.
        """

        def parse(living: _Living) -> str:
            if living.seal is not None:
                return '{"parse": "sealed"}'
            answer.one_query(living.session, sql)
            return plans.serialized(living.session, sql)

        return self._request(parse, self._limits.seconds)

    @contextmanager
    def released(self) -> Iterator[None]:
        """Let the company's files be written while a block runs; requests wait, and the next sees what was written."""
        with self._lock:
            yield
            self._drop()

    def cancel(self) -> bool:
        """Stop the request that runs now, whose caller gets `Cancelled`; whether there was one."""
        with self._switch:
            if self._turn is None:
                return False
            self._turn.stop("cancelled")
            return True

    def close(self) -> None:
        """End the session; a request that runs ends as cancelled, and later ones raise `EngineUnavailable`."""
        self._closed = True
        self.cancel()
        with self._lock:
            self._drop()

    def _request(self, job: Callable[[_Living], T], seconds: float) -> T:
        with self._lock:
            living = self._living()
            turn = Turn(living.session, lambda: job(living), seconds)
            with self._switch:
                self._turn = turn
            if self._closed:  # while the session was being opened: `close` found nothing to cancel
                turn.stop("cancelled")
            try:
                return turn.run()
            except Wrong as wrong:
                raise self._told(wrong) from None
            except (EngineError, ValueError):
                raise
            except Exception as error:
                raise self._told(faults.describe(error)) from None
            finally:
                living.used = time.monotonic()
                with self._switch:
                    self._turn = None
                if turn.lost:
                    self._abandon()

    def _told(self, wrong: Wrong) -> EngineError:
        if wrong.code == "ended":
            self._abandon()
        return faults.rebuilt(wrong)

    def _living(self) -> _Living:
        opening = self._open()
        try:
            living = opening.result(self._start_seconds)
        except TimeoutError:
            raise EngineUnavailable(f"Spark did not start within {self._start_seconds:g} seconds") from None
        except EngineError:
            self._opening = None
            raise
        if time.monotonic() - living.used > _IDLE_SECONDS and not _answers(living.session):
            self._abandon()
            return self._living()
        return living

    def _open(self) -> Future[_Living]:
        """The session, which is opened in the background; the driver's imports and a JVM take seconds."""
        if self._closed:
            raise EngineUnavailable("this engine was closed; open the workspace again")
        if self._opening is None:
            self._opening = Future()
            self._generation += 1
            threading.Thread(target=self._bring_up, args=(self._opening,), daemon=True).start()
        return self._opening

    def _bring_up(self, opening: Future[_Living]) -> None:
        opened: Session | None = None
        leaving = self._leaving
        try:
            if leaving is not None:
                leaving.join(_FAREWELL_SECONDS)  # a JVM that ends would take a session that is begun meanwhile with it
            opened = session.opened(self._address, self._limits, self._settings)
            opening.set_result(_Living(opened, self._folders))
        except BaseException as error:
            if opened is not None:
                opened.close()
            opening.set_exception(_starting(error))

    def _drop(self) -> None:
        """End the session; one that is still being opened ends when it is there, and nobody waits for that."""
        opening, self._opening = self._opening, None
        if opening is not None and opening.done():
            _end(opening)
        elif opening is not None:
            opening.add_done_callback(_end)

    def _abandon(self) -> None:
        """Leave a session that does not answer, without waiting for it; the next one begins when it has ended."""
        opening, self._opening = self._opening, None
        if opening is not None:
            self._leaving = threading.Thread(target=opening.add_done_callback, args=(_end,), daemon=True)
            self._leaving.start()


def _end(opening: Future[_Living]) -> None:
    if opening.exception() is None:
        opening.result().close()


def _starting(error: BaseException) -> EngineError:
    if isinstance(error, EngineError):
        return error
    if isinstance(error, Wrong):
        return faults.rebuilt(error)
    return EngineUnavailable(f"Spark's session could not be prepared ({type(error).__name__})")


def _answers(opened: Session) -> bool:
    try:
        opened.sql("SELECT 1").collect()
    except Exception:
        return False
    return True
