"""Allow tables and clean sets: who may be seen, kept in a schema of Bailee's own in the company's database.

Several servers share these tables. Beside each stands its sequence and its *state*, a name for its very content
(`keys.state`). A server answers only over a table whose sequence is the one asked for and whose state is the one that
it put there itself, or found there equal to what it would have put. So (law 4, with servers A and B):

- A applies change 10, B is still at 9 and asks. In the snapshot of B's question the sequence is 10: `Stale`. B's gate
  takes the newest standing, 10, works out the same change, finds the state that it would have made, and adopts it.
- B, which does not know of 10 yet, wants to put 9: the stored 10 is newer, so nothing is changed: `Stale`. A withdrawal
  that A honours is never undone by a server that is behind.
- A and B change at once: one waits for the other's commit under a lock, then sees what was done and adopts it, or is
  `Stale`. Readers wait for nobody: a change is of rows, and each question has its snapshot.
- A question that began before change 10 was committed answers at 9, and says so: its withdrawal was acknowledged later.
- B put another set under the same name and sequence (another policy's): the state differs, so A is `Stale`, and never
  answers over it. A whole set is put in one transaction, however large: of two servers that send one, each would find
  a part of the other's, and put its own in its place.

Tables are UNLOGGED, and so is the one of sequences: after a crash all are empty together, which is `Stale` to all.
A whole set is compared with what is there and only what differs is written, so that a server that starts costs little
and running questions go on. The secret of pseudonyms never reaches the server: they are made here.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from bailee.engines import Allowed
from bailee.engines.postgres import SCHEMA, keys, masks, parse
from bailee.engines.postgres.faults import Wrong
from bailee.engines.postgres.link import Link

_ALLOW = re.compile(r"allow_[0-9a-z_]{1,57}", re.ASCII)
_CLEAN = re.compile(r"clean_[0-9a-z_]{1,57}", re.ASCII)
_PIECE = 65_536
#: A change of this many keys is worth new statistics.
_MANY = 10_000
#: For COPY's text format.
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

_SEQUENCES = (
    f"CREATE UNLOGGED TABLE IF NOT EXISTS {SCHEMA}.sequences (name text PRIMARY KEY, sequence bigint NOT NULL, "
    "type text NOT NULL, state text NOT NULL, rows bigint NOT NULL)"
)
_KEEP = (
    f"INSERT INTO {SCHEMA}.sequences VALUES (%s, %s, %s, %s, %s) ON CONFLICT (name) DO UPDATE SET "
    "sequence = excluded.sequence, type = excluded.type, state = excluded.state, rows = excluded.rows"
)
#: Another server may be loading millions of keys.
_BEGIN = "BEGIN; SET LOCAL lock_timeout = '10min'"
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('bailee_allow'), hashtext(%s))"


@dataclass(frozen=True, slots=True)
class Change:
    """What `allow` was given: with `base` a change, else a whole table, whose keys are gone through more than once."""

    name: str
    key_type: str
    add: Iterable[str]
    remove: Sequence[str]
    sequence: int
    base: int | None
    secret: bytes | None = field(repr=False)
    #: Whether the table's mask is kept too.
    masked: bool = False

    def __post_init__(self) -> None:
        if not _ALLOW.fullmatch(self.name):
            raise ValueError(self.name)

    @property
    def table(self) -> str:
        """The table's name in SQL."""
        return f"{SCHEMA}.{self.name}"


@dataclass(frozen=True, slots=True)
class Held:
    """What this server knows to be in an allow table: what it depends on and the sum of its keys' digests."""

    tag: str
    total: int

    @property
    def state(self) -> str:
        """The name of this content."""
        return keys.state(self.tag, self.total)


@dataclass(frozen=True, slots=True)
class _Stored:
    sequence: int
    type: str
    state: str
    rows: int


def change(link: Link, wanted: Change, held: Held | None) -> tuple[Allowed, Held]:
    """Replace an allow table or change it, in one transaction; what is in it then. Raises `Wrong`, nothing changed.

    `held` is what this server knows of the table from before.
    """
    return _replaced(link, wanted) if wanted.base is None else _changed(link, wanted, held)


def _replaced(link: Link, wanted: Change) -> tuple[Allowed, Held]:
    """All keys are counted before anybody has to wait, and gone through again only where they are not there already."""
    column, exact = keys.column_type(wanted.key_type), keys.exact(wanted.key_type)
    total, count = keys.counted(wanted.add)
    after = Held(keys.tag(wanted.key_type, wanted.secret), total)
    span: masks.Span | None = None
    with link.transaction(_BEGIN):
        stored = _stored(link, wanted)
        if stored is not None and stored.state == after.state:
            rows = stored.rows  # another server, or this one before, has done the very same
            if wanted.masked:
                span = masks.change(link, wanted.name, column, (), ())
        else:
            given = filter(exact, _each(wanted.add, count))
            rows = _whole(link, wanted, column, given, anew=stored is None or stored.type != column)
            if wanted.masked:
                span = masks.make(link, wanted.name, column, filter(exact, wanted.add))
        link.run(_KEEP, (wanted.name, wanted.sequence, column, after.state, rows))
    return Allowed(rows, count - rows, span), after


def _changed(link: Link, wanted: Change, held: Held | None) -> tuple[Allowed, Held]:
    column, exact = keys.column_type(wanted.key_type), keys.exact(wanted.key_type)
    given = tuple(wanted.add)
    add, remove = [key for key in given if exact(key)], [key for key in wanted.remove if exact(key)]
    tag = keys.tag(wanted.key_type, wanted.secret)
    after: Held | None = None
    if held is not None and held.tag == tag:
        after = Held(tag, held.total + keys.total(given) - keys.total(wanted.remove))
    span: masks.Span | None = None
    with link.transaction(_BEGIN):
        stored = _stored(link, wanted)
        if stored is not None and after is not None and stored.state == after.state:
            rows = stored.rows
            if wanted.masked:
                span = masks.change(link, wanted.name, column, (), ())
        else:
            if stored is None or held is None or stored.sequence != wanted.base or stored.state != held.state:
                raise Wrong("stale")
            inserted, deleted, clear = _delta(link, wanted, column, add, remove)
            rows = stored.rows + inserted - deleted
            if wanted.masked:
                span = masks.change(link, wanted.name, column, add, remove)
            if after is None or not clear or len(remove) < len(wanted.remove):
                after = Held(tag, secrets.randbits(256))
        link.run(_KEEP, (wanted.name, wanted.sequence, column, after.state, rows))
    return Allowed(rows, len(given) - len(add), span), after


def _each(given: Iterable[str], count: int) -> Iterator[str]:
    """Keys as they were counted; where somebody was erased since, they are others."""
    found = 0
    for found, key in enumerate(given, 1):  # noqa: B007  (how many there were is asked below)
        yield key
    if found != count:
        raise Wrong("stale")


def clean_state(version: str, sql: str) -> str:
    """The name of a clean set's content: its version and query."""
    return keys.state(keys.tag("clean", None), keys.total([version, sql]))


def clean(link: Link, name: str, version: str, sql: str) -> None:
    """Make a clean set. A view, because the company's rows change: each question's snapshot has its own.

    A row that became revealing a moment ago is never shown, at the price of the set's own query in each question.
    """
    if not _CLEAN.fullmatch(name):
        raise ValueError(name)
    if not parse.grouped(sql):
        raise Wrong("clean")
    state = clean_state(version, sql)
    with link.transaction(_BEGIN):
        stored = _beside(link, name)
        if stored is None or stored.state != state:
            link.run(f"DROP VIEW IF EXISTS {SCHEMA}.{name} CASCADE")
            try:
                link.single(f"CREATE VIEW {SCHEMA}.{name} AS {parse.text(sql)}")
            except Wrong as wrong:
                raise Wrong("relation") if wrong.code != "lost" else wrong from None
            link.run(_KEEP, (name, 0, "clean", state, 0))


def _stored(link: Link, wanted: Change) -> _Stored | None:
    """What stands beside the table of a change; raises `Wrong` where it is newer."""
    found = _beside(link, wanted.name)
    if found is not None and found.sequence > wanted.sequence:
        raise Wrong("behind")
    return found


def _beside(link: Link, name: str) -> _Stored | None:
    """What stands beside a table, once nobody else changes it until this transaction ends."""
    try:
        link.run(_LOCK, (name,))
        if link.run(f"SELECT to_regclass('{SCHEMA}.sequences') IS NULL") == [(True,)]:
            link.run(_LOCK, ("",))  # two servers may make the table at once
            link.run(_SEQUENCES)
        found = link.run(f"SELECT sequence, type, state, rows FROM {SCHEMA}.sequences WHERE name = %s", (name,))
        there = link.run(f"SELECT to_regclass('{SCHEMA}.{name}') IS NOT NULL") == [(True,)]
    except Wrong as wrong:
        raise Wrong("setup") if wrong.code in ("catalog error", "permission error") else wrong from None
    return _Stored(*found[0]) if found and there else None


def _whole(link: Link, wanted: Change, column: str, add: Iterable[str], *, anew: bool) -> int:
    if anew:
        link.run(f"DROP TABLE IF EXISTS {wanted.table}")
        link.run(f"CREATE UNLOGGED TABLE {wanted.table} (subject {column}, pseudonym text)")
        link.load(wanted.table, _lines(add, wanted.secret))
        link.run(f"ALTER TABLE {wanted.table} ADD PRIMARY KEY (subject)")
        link.run(f"ANALYZE {wanted.table}")
        return _rows(link, wanted.table)
    given = _given(link, column, add, wanted.secret)
    gone = _count(
        link,
        f"DELETE FROM {wanted.table} t WHERE NOT EXISTS (SELECT FROM {given} g WHERE g.subject = t.subject "
        "AND g.pseudonym IS NOT DISTINCT FROM t.pseudonym) RETURNING 1",
    )
    new = _count(
        link,
        f"INSERT INTO {wanted.table} SELECT subject, pseudonym FROM {given} g WHERE NOT EXISTS "
        f"(SELECT FROM {wanted.table} t WHERE t.subject = g.subject) RETURNING 1",
    )
    rows = _rows(link, wanted.table)
    if rows != _rows(link, given):
        raise Wrong("duplicate")
    if gone + new >= _MANY:
        link.run(f"ANALYZE {wanted.table}")
    return rows


def _delta(link: Link, wanted: Change, column: str, add: Sequence[str], remove: Sequence[str]) -> tuple[int, int, bool]:
    """Keys in `remove` go first, then those in `add` are set anew; rows in, rows out, and whether it was just that.

    Where a key to remove was not there, or one to add was, the sum of digests would no longer name the content.
    """
    given = _given(link, column, remove, None)
    gone = _delete(link, wanted.table, given)
    link.run(f"TRUNCATE {given}")
    link.load(given, _lines(add, wanted.secret))
    again = _delete(link, wanted.table, given)
    link.run(f"INSERT INTO {wanted.table} SELECT subject, pseudonym FROM {given}")
    if len(add) + gone >= _MANY:
        link.run(f"ANALYZE {wanted.table}")
    return len(add), gone + again, gone == len(remove) and again == 0


def _delete(link: Link, table: str, given: str) -> int:
    return _count(link, f"DELETE FROM {table} t USING {given} g WHERE g.subject = t.subject RETURNING 1")


def _count(link: Link, sql: str) -> int:
    return int(link.run(f"WITH done AS ({sql}) SELECT count(*) FROM done")[0][0])


def _rows(link: Link, table: str) -> int:
    return int(link.run(f"SELECT count(*) FROM {table}")[0][0])


def _given(link: Link, column: str, given: Iterable[str], secret: bytes | None) -> str:
    """A temporary table of keys that goes with the transaction."""
    link.run(f"CREATE TEMP TABLE bailee_given (subject {column}, pseudonym text) ON COMMIT DROP")
    link.load("pg_temp.bailee_given", _lines(given, secret))
    if _rows(link, "pg_temp.bailee_given") >= _MANY:
        link.run("ANALYZE pg_temp.bailee_given")
    return "pg_temp.bailee_given"


def _lines(given: Iterable[str], secret: bytes | None) -> Iterator[str]:
    """Rows in COPY's text format, some at a time."""
    remaining = iter(given)
    while piece := list(islice(remaining, _PIECE)):
        if secret is None:
            yield "".join(f"{key.translate(ESCAPES)}\t\\N\n" for key in piece)
        else:
            yield "".join(f"{key.translate(ESCAPES)}\t{keys.pseudonym(secret, key)}\n" for key in piece)
