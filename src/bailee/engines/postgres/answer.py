"""One question: one snapshot, views behind a fence, one SELECT as the reader, streamed Arrow, rollback.

Temporary views cannot be made in a transaction that only reads, so the transaction turns to reading when they are
there, which it cannot take back. The question then runs as a role that has no right on any relation but those views:
the server's own look-up of names and its own check of rights refuse every other table, whatever the rewrite let pass.
Everything is rolled back: views, grants, role and settings were only ever there for this transaction.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bailee.engines import Limits, Place, Unique, View
from bailee.engines.postgres import READER, SCHEMA, faults, guard, parse, standing
from bailee.engines.postgres.catalog import unique
from bailee.engines.postgres.faults import Wrong
from bailee.engines.postgres.link import Link, ours
from bailee.engines.postgres.types import Reading, is_known, reading

_VIEW = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)
_KEPT = re.compile(r"(?:allow|clean)_[0-9a-z_]{1,57}", re.ASCII)
#: Behind a fence the planner knows nothing of a column's values, and takes a join to be hundreds of times as large as
#: it is: so large that it sorts both sides first, which takes twice as long as a hash table.
PLANNING = "enable_mergejoin = off"
_PREFIX, _SUFFIX = "COPY (", "\n) TO STDOUT (FORMAT binary)"

#: What a server says where the reader's role is not there, or is not the keeper's to take.
_UNGRANTED = frozenset({"catalog error", "permission error", "invalid input error"})

#: What may be wrong with a view that blames the map: nothing that a row holds has been read yet.
_UNMADE = frozenset({"binder error", "catalog error", "parser error", "permission error", "not implemented error"})


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: views, SQL, what each allow table, clean set and column must hold or be, and what it may take."""

    views: Sequence[View]
    sql: str
    sequences: Mapping[str, int]
    states: Mapping[str, str]
    columns: Mapping[Place, str]
    unique: frozenset[Unique]
    limits: Limits


def ask(link: Link, question: Question, sink: io.BytesIO) -> int:
    """Answer a question into `sink` as an Arrow IPC stream; the number of rows. Raises `Wrong`.

    A question that was stopped on the way ends its connection, so that nothing of it can reach the next.
    """
    until = time.monotonic() + question.limits.seconds
    sql = parse.text(question.sql)
    guard.only_views(sql, {view.name for view in question.views})
    _begin(link, question)
    try:
        guard.harmless(link, sql)
        for view in question.views:
            _fence(link, view)
        seconds = max(0.001, until - time.monotonic())
        _become_reader(link, question.views, seconds)
        names, readings = _columns(link, sql)
        statement, shift = _statement(sql, readings)
        if shift is None:  # a cast around an ordered question keeps its order only without other processes
            link.run("SET LOCAL max_parallel_workers_per_gather = 0")
        with _placed(shift), _unfinished(link):
            return _stream(link, statement, list(zip(names, readings, strict=True)), seconds, question.limits, sink)
    finally:
        if link.alive:
            link.roll_back()


def _begin(link: Link, question: Question) -> None:
    """Begin, and prove that allow tables and clean sets are as asked for in the very snapshot of what follows.

    The locks come before the snapshot: a table that was made anew after it would be empty in it.
    """
    needed = [*question.sequences, *question.states]
    if not all(_KEPT.fullmatch(name) for name in needed):
        raise ValueError(needed)
    names = ", ".join(f"'{name}'" for name in needed) or "NULL"
    locks = ", ".join(f"{SCHEMA}.{name}" for name in sorted(question.sequences))
    begin = f"BEGIN ISOLATION LEVEL REPEATABLE READ; {_at_most(question.limits.seconds)}"
    lock = f"; LOCK TABLE {locks} IN ACCESS SHARE MODE" if locks else ""
    read = f"; SELECT name, sequence, state FROM {SCHEMA}.sequences WHERE name IN ({names})" if needed else ""
    try:
        rows = link.run(begin + lock + read)  # one message; a snapshot is first taken by what reads
    except Wrong as wrong:
        link.roll_back()
        raise Wrong("stale") if wrong.code == "catalog error" else wrong from None
    found = {name: (sequence, state) for name, sequence, state in rows}
    at = {name: found.get(name, (None, None)) for name in needed}
    behind = any(at[name][0] != sequence for name, sequence in question.sequences.items())
    other = any(at[name][1] != state for name, state in question.states.items())
    if behind or other:
        link.roll_back()
        raise Wrong("stale")
    try:
        if question.columns:
            standing.must_be(link, question.columns)
        if question.unique and not question.unique <= unique(link):
            raise Wrong("not unique")
    except Wrong:
        link.roll_back()
        raise


def _at_most(seconds: float) -> str:
    return f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}"


def _fence(link: Link, view: View) -> None:
    if not _VIEW.fullmatch(view.name):
        raise ValueError(view.name)
    try:
        link.single(f'CREATE TEMP VIEW "{view.name}" WITH (security_barrier) AS {view.sql}')
    except Wrong as wrong:
        raise Wrong("relation") if wrong.code in _UNMADE else wrong from None


def _become_reader(link: Link, views: Sequence[View], seconds: float) -> None:
    names = ", ".join(f'pg_temp."{view.name}"' for view in views)
    grant = f"GRANT SELECT ON {names} TO {READER};" if views else ""
    ways = f"SET LOCAL {PLANNING}; SET LOCAL transaction_read_only = on; SET LOCAL ROLE {READER}"
    try:
        link.run(f"{grant} {_at_most(seconds)}; {ways}")
    except Wrong as wrong:
        raise Wrong("setup") if wrong.code in _UNGRANTED else wrong from None


def _columns(link: Link, sql: str) -> tuple[list[str], list[Reading]]:
    """Have the server parse the question, as one statement, and say which columns it gives."""
    from psycopg.pq import ExecStatus

    with ours():
        result = link.pgconn.prepare(b"", sql.encode())
        if result.status == ExecStatus.COMMAND_OK:
            result = link.pgconn.describe_prepared(b"")
    if result.status != ExecStatus.COMMAND_OK:
        raise faults.said(result)
    if result.nparams:
        raise Wrong("invalid input error")
    if not result.nfields:
        raise Wrong("statement")
    places = range(result.nfields)
    known = link.types([result.ftype(at) for at in places if not is_known(result.ftype(at))])
    names = [(result.fname(at) or b"").decode() for at in places]
    return names, [reading(result.ftype(at), result.fmod(at), known) for at in places]


def _statement(sql: str, readings: Sequence[Reading]) -> tuple[str, int | None]:
    """The COPY of a question, and by how much it moves places in it; None where it had to be written around."""
    if not any(reading.cast for reading in readings):
        return _PREFIX + sql + _SUFFIX, len(_PREFIX)
    names = [f"c{number}" for number in range(len(readings))]
    casts = (name + (f"::{read.cast}" if read.cast else "") for name, read in zip(names, readings, strict=True))
    return f"{_PREFIX}SELECT {', '.join(casts)} FROM ({sql}\n) AS q({', '.join(names)}){_SUFFIX}", None


def _stream(
    link: Link, statement: str, columns: Sequence[tuple[str, Reading]], seconds: float, limits: Limits, sink: io.BytesIO
) -> int:
    from bailee.engines.postgres.batches import Batches
    from bailee.engines.postgres.rows import Copy

    made = Batches(columns, limits.answer_bytes, sink)
    for batch in Copy(link.pgconn, statement.encode(), seconds, link.cancelled).batches(limits.rows):
        made.add(batch)
    return made.finish()


@contextmanager
def _placed(shift: int | None) -> Iterator[None]:
    """Places in the question, not in the COPY around it."""
    try:
        yield
    except Wrong as wrong:
        if wrong.position is not None:
            wrong.position = None if shift is None else wrong.position - shift
        raise


@contextmanager
def _unfinished(link: Link) -> Iterator[None]:
    """What stops while rows stream leaves a connection that is no good for anything else."""
    from psycopg.pq import TransactionStatus

    try:
        with ours():
            yield
    except BaseException:
        if link.pgconn.transaction_status == TransactionStatus.ACTIVE:
            link.abandon()
        raise
