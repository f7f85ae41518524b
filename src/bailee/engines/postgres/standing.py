"""Keeping standing columns in PostgreSQL: who stands, beside the company's rows, and never staler than it says.

The bits of every customer lie in one table; the company's own writes take them from there (see `keeping`). What is kept
is on record in the same database, with a random *mark*, so that a question reads in its own snapshot whether a column
holds what it honours. The gate keeps the mark too: an old copy of either side has another.

- A change of some customers is one transaction: their bits, their rows, the new mark. Nobody sees a part of it.
- A whole filling takes the mark away first, so that questions join and doors are shut; sets everybody's bits, from when
  on new rows have them; goes through the table a part at a time; and once more in one statement, which sees every row,
  before there is a mark again.

The company's work goes first: what it holds is waited for shortly, then all is let go of and tried again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

from bailee.engines import Place
from bailee.engines.postgres import KEEPING, keys
from bailee.engines.postgres.allow import ESCAPES
from bailee.engines.postgres.faults import Wrong
from bailee.engines.postgres.keeping import GUARDED, LOCKS, UNGUARDED, bucket, giver
from bailee.engines.postgres.link import Link
from bailee.engines.postgres.quoting import literal, quoted

#: Called with how many pages were looked at and how many there are in all.
Progress = Callable[[int, int], object]
#: Customers' keys with their bits, some at a time.
Bits = Iterable[tuple[Sequence[str], Sequence[int]]]

_Made = TypeVar("_Made")

_BEGIN = "BEGIN; SET LOCAL lock_timeout = '250ms'"
_TRIES, _PAUSE = 40, 0.25
_PAGES = 8192
_TURN = f"pg_advisory_lock({LOCKS}, 0)"
_GIVEN = "pg_temp.bailee_bits"

#: Columns as they are kept now, with the places that they are of; none whose table was made anew, or lost a trigger.
_KEPT = (
    "SELECT n.nspname::text, c.relname::text, a.attname::text, s.attname::text, k.mark, k.policy, k.version "
    f"FROM {KEEPING}.columns k JOIN pg_class c ON c.oid = k.relation JOIN pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attribute AND NOT a.attisdropped "
    "JOIN pg_attribute s ON s.attrelid = c.oid AND s.attnum = k.subject AND NOT s.attisdropped "
    f"WHERE {GUARDED}"
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What columns are to hold: the policy and map, the version of standing, as of when, and until when at most."""

    policy: str
    version: int
    as_of: datetime
    next_change: datetime | None
    mark: str


class Kept(NamedTuple):
    """What one column holds."""

    mark: str | None
    policy: str
    version: int


def instant(link: Link) -> datetime:
    """The server's time."""
    found: datetime = link.run("SELECT clock_timestamp()")[0][0]
    return found


def kept(link: Link) -> dict[Place, Kept]:
    """Every column that is kept and guarded; none where the set-up was not run."""
    try:
        rows = link.run(_KEPT)
    except Wrong as wrong:
        if wrong.code in ("catalog error", "permission error"):
            return {}
        raise
    return {Place(*row[:4]): Kept(*row[4:]) for row in rows}


def settled(link: Link) -> dict[Place, Kept]:
    """The same, once the mark is taken from what is not guarded, though it be guarded again soon."""
    try:
        link.run(UNGUARDED)
    except Wrong as wrong:
        if wrong.code not in ("catalog error", "permission error"):
            raise
    return kept(link)


def change(
    link: Link, places: Mapping[Place, str], bits: Bits, stamp: Stamp, base: str | None
) -> dict[Place, int] | None:
    """Bring columns from the mark `base` to `stamp`, in one transaction; rows by column, None where they have another.

    `places` have their subjects' types. Raises `Wrong`: `behind` where a newer standing is kept, `standing` where the
    set-up lacks something, `locked` where the company holds what would change for too long.
    """

    given = list(bits)

    def work() -> dict[Place, int] | None:
        with link.transaction(_BEGIN):
            _take_turn(link)
            now = kept(link)
            _must_be_ready(link, places, now, stamp)
            if any(now[place].mark != base or base is None for place in places):
                return None
            types = _give(link, places.values(), given)
            link.run(
                f"SELECT count(*) FROM (SELECT FROM {KEEPING}.standing s JOIN {_GIVEN} g ON g.subject = s.subject "
                "AND g.bits <> s.bits FOR UPDATE OF s NOWAIT) AS held"
            )
            _set_bits(link)
            rows = {place: _update(link, place, types[kind]) for place, kind in places.items()}
            _stamp(link, places, stamp, stamp.mark)
            return rows

    return _patiently(work)


def whole(
    link: Link, places: Mapping[Place, str], bits: Bits, stamp: Stamp, progress: Progress | None = None
) -> dict[Place, int]:
    """Fill columns anew, of everybody; whoever is not given has no bits. Raises as `change` does."""
    given = list(bits)
    link.run(f"SELECT {_TURN}")
    try:

        def begin() -> None:
            with link.transaction(_BEGIN):
                _put(link, places)
                _must_be_ready(link, places, kept(link), stamp)
                _stamp(link, places, stamp, None)
                _give(link, (), given)
                nobody = f"NOT EXISTS (SELECT FROM {_GIVEN} g WHERE g.subject = s.subject)"
                link.run(f"DELETE FROM {KEEPING}.standing s WHERE {nobody}")
                _set_bits(link)

        _patiently(begin)
        sizes = {place: _pages(link, place) for place in places}
        rows, done = dict.fromkeys(places, 0), 0
        for place, size in sizes.items():
            for first in range(0, size, _PAGES):
                among = f"ctid >= '({first},0)' AND ctid < '({first + _PAGES},0)'"
                rows[place] += _patiently(lambda place=place, among=among: _refill(link, place, among))  # type: ignore[misc]
                if progress is not None:
                    progress(done + min(first + _PAGES, size), sum(sizes.values()))
            done += size

        def end() -> dict[Place, int]:
            with link.transaction(_BEGIN):
                last = {place: _all_of(link, place, "true") for place in places}
                _stamp(link, places, stamp, stamp.mark)
                return last

        last = _patiently(end)
        return {place: rows[place] + last[place] for place in places}
    finally:
        if link.alive:
            with suppress(Wrong):
                link.run(f"SELECT {_TURN.replace('lock', 'unlock', 1)}")


def beat(link: Link, places: Iterable[Place], mark: str, as_of: datetime, next_change: datetime | None) -> bool:
    """Say that columns still hold what they should at a later time; whether they have this mark."""
    every = list(places)
    found = link.run(
        f"WITH done AS (UPDATE {KEEPING}.columns SET as_of = greatest(as_of, %s), next_change = %s "
        f"WHERE mark = %s AND relation IN ({_oids(every)}) RETURNING 1) SELECT count(*) FROM done",
        (as_of, next_change, mark),
    )
    return int(found[0][0]) == len(every)


def must_be(link: Link, marks: Mapping[Place, str]) -> None:
    """Raise `Wrong` unless columns have these marks, and their triggers, in the snapshot of this transaction."""
    now = kept(link)
    if any(place not in now or now[place].mark != mark for place, mark in marks.items()):
        raise Wrong("stale")


def _take_turn(link: Link) -> None:
    if link.run(f"SELECT pg_try_advisory_xact_lock({LOCKS}, 0)") != [(True,)]:
        raise Wrong("locked")


def _must_be_ready(link: Link, places: Iterable[Place], now: Mapping[Place, Kept], stamp: Stamp) -> None:
    if any(place not in now for place in places):
        raise Wrong("standing")
    if any(now[place].version > stamp.version for place in places):
        raise Wrong("behind")


def _put(link: Link, places: Iterable[Place]) -> None:
    """Have a row for each column; one that is of another table or column is no column's any more."""
    for place in places:
        table = f"to_regclass({literal(_table(place))})"
        attribute = "(SELECT attnum FROM pg_attribute WHERE attrelid = {} AND attname = {} AND NOT attisdropped)"
        column, subject = (attribute.format(table, literal(name)) for name in (place.column, place.subject))
        try:
            link.run(
                f"INSERT INTO {KEEPING}.columns SELECT {table}, {column}, {subject}, '{giver(place)}', '', -1, NULL, "
                f"clock_timestamp(), NULL ON CONFLICT (relation) DO UPDATE SET attribute = excluded.attribute, "
                "subject = excluded.subject, giver = excluded.giver"
            )
        except Wrong as wrong:
            lacking = wrong.code in ("catalog error", "permission error") or wrong.code.startswith("invalid")
            raise Wrong("standing") if lacking else wrong from None


def _stamp(link: Link, places: Iterable[Place], stamp: Stamp, mark: str | None) -> None:
    link.run(
        f"UPDATE {KEEPING}.columns SET policy = %s, version = %s, mark = %s, as_of = %s, next_change = %s "
        f"WHERE relation IN ({_oids(places)})",
        (stamp.policy, stamp.version, mark, stamp.as_of, stamp.next_change),
    )


def _give(link: Link, types: Iterable[str], bits: Bits) -> dict[str, str]:
    """Put customers' bits into temporary tables: by the text of their keys, and by values of each type of key.

    A text that is not exactly a value's is nobody's there. The tables' names, by type.
    """
    named = {kind: f"pg_temp.bailee_bits_{at}" for at, kind in enumerate(dict.fromkeys(types), 1)}
    kinds = {kind: (table, keys.exact(kind)) for kind, table in named.items()}
    kinds[""] = (_GIVEN, keys.exact("VARCHAR"))
    for kind, (table, _) in kinds.items():
        column = keys.column_type(kind) if kind else 'text COLLATE "C"'
        link.run(f"CREATE TEMP TABLE {table.removeprefix('pg_temp.')} (subject {column}, bits bigint) ON COMMIT DROP")
    for given, held in bits:
        for table, exact in kinds.values():
            some = [(key, bit) for key, bit in zip(given, held, strict=True) if exact(key)]
            link.load(table, (f"{key.translate(ESCAPES)}\t{bit}\n" for key, bit in some))
    for table, _ in kinds.values():
        link.run(f"ANALYZE {table}")
    return named


def _set_bits(link: Link) -> None:
    """Of those who are not there, nobody may be writing a row without bits meanwhile."""
    new = f"NOT EXISTS (SELECT FROM {KEEPING}.standing s WHERE s.subject = g.subject)"
    held = link.run(
        f"SELECT count(*) FILTER (WHERE NOT pg_try_advisory_xact_lock({LOCKS}, b.bucket)) FROM "
        f"(SELECT DISTINCT {bucket('g.subject')} AS bucket FROM {_GIVEN} g WHERE {new}) AS b"
    )
    if held != [(0,)]:
        raise Wrong("locked")
    link.run(
        f"INSERT INTO {KEEPING}.standing SELECT subject, bits FROM {_GIVEN} g WHERE NOT EXISTS "
        f"(SELECT FROM {KEEPING}.standing s WHERE s.subject = g.subject AND s.bits = g.bits) "
        "ON CONFLICT (subject) DO UPDATE SET bits = excluded.bits"
    )


def _update(link: Link, place: Place, given: str) -> int:
    column = quoted(place.column)
    return _counted(
        link,
        f"UPDATE {_table(place)} AS t SET {column} = g.bits FROM {given} g WHERE g.subject = t.{quoted(place.subject)} "
        f"AND t.{column} IS DISTINCT FROM g.bits",
    )


def _refill(link: Link, place: Place, among: str) -> int:
    with link.transaction(_BEGIN):
        return _all_of(link, place, among)


def _all_of(link: Link, place: Place, among: str) -> int:
    """Each row of which something is wrong, as it is when it is its turn: who changes it meanwhile is followed."""
    column, subject = quoted(place.column), quoted(place.subject)
    bits = f"coalesce((SELECT s.bits FROM {KEEPING}.standing s WHERE s.subject = t.{subject}::text), 0)"
    return _counted(
        link, f"UPDATE {_table(place)} AS t SET {column} = {bits} WHERE {among} AND t.{column} IS DISTINCT FROM {bits}"
    )


def _counted(link: Link, sql: str) -> int:
    return int(link.run(f"WITH done AS ({sql} RETURNING 1) SELECT count(*) FROM done")[0][0])


def _pages(link: Link, place: Place) -> int:
    return int(
        link.run(
            f"SELECT pg_relation_size({literal(_table(place))}::regclass) / current_setting('block_size')::int + 1"
        )[0][0]
    )


def _patiently(work: Callable[[], _Made]) -> _Made:
    """Do what may meet the company's locks, again and again for a while."""
    for _ in range(_TRIES - 1):
        try:
            return work()
        except Wrong as wrong:
            if wrong.code != "locked":
                raise
        time.sleep(random.uniform(0, _PAUSE))
    return work()


def _oids(places: Iterable[Place]) -> str:
    """The tables, in SQL that has values too."""
    return ", ".join(f"{literal(_table(place))}::regclass" for place in places).replace("%", "%%")


def _table(place: Place) -> str:
    return f"{quoted(place.schema)}.{quoted(place.table)}"
