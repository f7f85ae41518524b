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
- B put another set under the same name and sequence (another policy's, a part of a whole that is sent in pieces):
  the state differs, so A is `Stale`, and never answers over it.

Tables are UNLOGGED, and so is the one of sequences: after a crash all are empty together, which is `Stale` to all.
A whole set is compared with what is there and only what differs is written, so that a server that starts costs little
and running questions go on. The secret of pseudonyms never reaches the server: they are made here.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
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
    """What `allow` was given: with `base` a change, else a whole table."""

    name: str
    key_type: str
    add: Sequence[str]
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
    column = keys.column_type(wanted.key_type)
    exact = keys.exact(wanted.key_type)
    add = [key for key in wanted.add if exact(key)]
    remove = [key for key in wanted.remove if exact(key)]
    dropped = len(wanted.add) - len(add)
    after = _after(wanted, held)
    span: masks.Span | None = None
    with link.transaction(_BEGIN):
        stored = _stored(link, wanted.name)
        if stored is not None and stored.sequence > wanted.sequence:
            raise Wrong("behind")
        if stored is not None and after is not None and stored.state == after.state:
            rows = stored.rows  # another server, or this one before, has done the very same
            if wanted.masked:
                span = masks.change(link, wanted.name, column, (), ())
        elif wanted.base is None:
            after = after or Held(keys.tag(wanted.key_type, wanted.secret), keys.total(wanted.add))
            rows = _whole(link, wanted, column, add, anew=stored is None or stored.type != column)
            if wanted.masked:
                span = masks.make(link, wanted.name, column, add)
        else:
            if stored is None or held is None or stored.sequence != wanted.base or stored.state != held.state:
                raise Wrong("stale")
            inserted, deleted, clear = _delta(link, wanted, column, add, remove)
            rows = stored.rows + inserted - deleted
            if wanted.masked:
                span = masks.change(link, wanted.name, column, add, remove)
            if after is None or not clear or len(remove) < len(wanted.remove):
                after = Held(keys.tag(wanted.key_type, wanted.secret), secrets.randbits(256))
        link.run(_KEEP, (wanted.name, wanted.sequence, column, after.state, rows))
    return Allowed(rows, dropped, span), after


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
        stored = _stored(link, name)
        if stored is None or stored.state != state:
            link.run(f"DROP VIEW IF EXISTS {SCHEMA}.{name} CASCADE")
            try:
                link.single(f"CREATE VIEW {SCHEMA}.{name} AS {parse.text(sql)}")
            except Wrong as wrong:
                raise Wrong("relation") if wrong.code != "lost" else wrong from None
            link.run(_KEEP, (name, 0, "clean", state, 0))


def _stored(link: Link, name: str) -> _Stored | None:
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


def _after(wanted: Change, held: Held | None) -> Held | None:
    """The content that a change leads to; None where this server cannot know it."""
    tag = keys.tag(wanted.key_type, wanted.secret)
    if wanted.base is None:
        return Held(tag, keys.total(wanted.add))
    if held is None or held.tag != tag:
        return None
    return Held(tag, held.total + keys.total(wanted.add) - keys.total(wanted.remove))


def _whole(link: Link, wanted: Change, column: str, add: Sequence[str], *, anew: bool) -> int:
    if anew:
        link.run(f"DROP TABLE IF EXISTS {wanted.table}")
        link.run(f"CREATE UNLOGGED TABLE {wanted.table} (subject {column}, pseudonym text)")
        link.load(wanted.table, _lines(add, wanted.secret))
        link.run(f"ALTER TABLE {wanted.table} ADD PRIMARY KEY (subject)")
        link.run(f"ANALYZE {wanted.table}")
        return len(add)
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
    rows = int(link.run(f"SELECT count(*) FROM {wanted.table}")[0][0])
    if rows != len(add):
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


def _given(link: Link, column: str, given: Sequence[str], secret: bytes | None) -> str:
    """A temporary table of keys that goes with the transaction."""
    link.run(f"CREATE TEMP TABLE bailee_given (subject {column}, pseudonym text) ON COMMIT DROP")
    link.load("pg_temp.bailee_given", _lines(given, secret))
    if len(given) >= _MANY:
        link.run("ANALYZE pg_temp.bailee_given")
    return "pg_temp.bailee_given"


def _lines(given: Sequence[str], secret: bytes | None) -> Iterator[str]:
    """Rows in COPY's text format, some at a time."""
    remaining = iter(given)
    while piece := list(islice(remaining, _PIECE)):
        if secret is None:
            yield "".join(f"{key.translate(ESCAPES)}\t\\N\n" for key in piece)
        else:
            yield "".join(f"{key.translate(ESCAPES)}\t{keys.pseudonym(secret, key)}\n" for key in piece)
