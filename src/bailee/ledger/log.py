"""The log: entries appended in the caller's own transaction, read back, opened and proved.

Every function takes a `sqlalchemy.Connection` and keeps nothing itself, so any thread may use any connection.
The caller begins and commits: a fact and its entry are one transaction. Two writers cannot take one position, which
is a primary key; the loser gets RecordError. A write that fails takes the caller's savepoint or whole transaction back
at once, so that nobody can commit a part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from bailee.errors import NotVerified, RecordError
from bailee.ledger import leaves, tree
from bailee.ledger.recheck import verify_log
from bailee.ledger.records import RANDOM_BYTES, erase_customer, of_customer, parts_of, sealing, subjects, whole
from bailee.ledger.statements import cause, failed, run, write
from bailee.ledger.tables import create, metadata
from bailee.ledger.values import Consistency, Draft, Entry, Head, Inclusion, Opening, Safe

__all__ = [
    "RANDOM_BYTES",
    "Consistency",
    "Draft",
    "Entry",
    "Head",
    "Inclusion",
    "Opening",
    "Safe",
    "append",
    "append_many",
    "carry",
    "create",
    "entries",
    "erase_customer",
    "head",
    "leaf",
    "leaves_at",
    "metadata",
    "nodes",
    "of_customer",
    "opening",
    "prove_consistency",
    "prove_inclusion",
    "record",
    "subjects",
    "verify_log",
]

_READ = 1024
#: How many values one statement may list.
_MARKS = 500

_GET_HEAD = "SELECT size, edge FROM ledger_head WHERE id = 1"
_SET_HEAD = "UPDATE ledger_head SET size = ?, edge = ? WHERE id = 1 AND size = ?"
_LEAVES = "FROM ledger_leaves WHERE position >= ? AND position < ? ORDER BY position"


class _Batch:
    """Entries that only lack their positions, a column each: a tuple an entry would cost more than its hash."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.leaves = list(leaves)
        #: Which of them have a record that is kept, and for whom, what and in which context it is to be sealed.
        self.places: list[int] = []
        self.records: list[tuple[tuple[int, ...], bytes, bytes]] = []


def append(
    connection: Connection,
    kind: str,
    public: Mapping[str, object],
    private: Mapping[str, object] | None,
    at: datetime,
    random: bytes,
    *,
    safe: Safe,
    subjects: tuple[int, ...] = (),
    aside: Mapping[str, object] | None = None,
) -> int:
    """Append one entry as `append_many` does, and return its position."""
    draft = Draft(kind, public, private, at, random, subjects, aside=aside)
    return append_many(connection, [draft], safe=safe)[0]


def append_many(connection: Connection, drafts: Iterable[Draft], *, safe: Safe) -> range:
    """Append entries in order in the caller's transaction and return their positions.

    RecordError if one cannot be appended, and then none was. Where a write fails, the innermost savepoint that the
    caller is in, or the whole transaction, is taken back.
    """
    batch = _Batch()
    for draft in drafts:
        _add(batch, draft)
    return _put(connection, batch, safe)


def carry(connection: Connection, leaves: Iterable[bytes]) -> None:
    """Append leaves that this log had before, as they were and without private records, as `append_many` does."""
    _put(connection, _Batch(leaves), None)


def _put(connection: Connection, batch: _Batch, safe: Safe | None) -> range:
    if not batch.leaves:
        return range(0)
    try:
        sealed = safe.seal_many(connection, batch.records) if safe and batch.records else []
        builder = _builder(connection)
        start = builder.size
        hashes = builder.extend(map(tree.leaf_hash, batch.leaves))
        positions = range(start, builder.size)
        kept = zip(batch.places, batch.records, strict=True)
        about = [(number, start + at) for at, (numbers, _, _) in kept for number in numbers]
        tables: dict[str, Sequence[Sequence[object]]] = {
            "ledger_leaves": (positions, batch.leaves, hashes),
            "ledger_records": ([start + at for at in batch.places], sealed),
            "ledger_subjects": ([number for number, _ in about], [at for _, at in about]),
        }
        moved = write(connection, tables, _SET_HEAD, (builder.size, builder.edge, start))
    except failed() as error:
        _take_back(connection)
        raise RecordError(
            f"the ledger could not be written ({cause(error)}); nothing was recorded, so nothing was released"
        ) from error
    if moved != 1:
        _take_back(connection)
        raise RecordError("another writer moved the ledger's head; nothing was recorded, try again")
    return positions


def head(connection: Connection) -> Head:
    """Return the size of the log and the root over it."""
    builder = _builder(connection)
    return Head(builder.size, builder.root)


def entries(connection: Connection, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
    """Give the entries from `start` up to `stop` in order, a thousand in memory at a time."""
    while stop is None or start < stop:
        until = start + _READ if stop is None else min(stop, start + _READ)
        found = connection.exec_driver_sql(f"SELECT position, leaf, hashes {_LEAVES}", (start, until)).all()
        for position, leaf, hashes in found:
            yield Entry(position, bytes(leaf), bytes(hashes[: tree.HASH_BYTES]))
        if len(found) < until - start:
            return
        start = until


def leaves_at(connection: Connection, start: int, stop: int) -> list[bytes]:
    """Return the leaves from `start` up to `stop`; NotVerified where one of them is not there."""
    with connection.exec_driver_sql(f"SELECT leaf {_LEAVES}", (start, stop)) as result:
        # The driver's own rows: SQLAlchemy's take as long as reading them.
        found = [bytes(row[0]) for row in result.cursor.fetchall()]
    if len(found) != max(stop - start, 0):
        raise NotVerified(f"the ledger does not have all the entries from `{start}` to `{stop - 1}`; restore a backup")
    return found


def leaf(connection: Connection, position: int) -> bytes:
    """Return the bytes of the leaf at `position`; NotVerified where there is none."""
    found = connection.exec_driver_sql("SELECT leaf FROM ledger_leaves WHERE position = ?", (position,)).scalar()
    if found is None:
        raise NotVerified(_absent(connection, position))
    return bytes(found)


def record(connection: Connection, position: int, *, safe: Safe) -> dict[str, object] | None:
    """Return the private record of an entry with what it holds back, or None where there is none, or its key is gone.

    Raises NotVerified where it is not the record that the leaf committed to.
    """
    found = parts_of(connection, position, leaf(connection, position), safe)
    return None if found is None else whole(found)


def opening(connection: Connection, position: int, *, safe: Safe) -> Opening | None:
    """Return what opens the commitment of an entry's leaf, as `record` does, without what the record holds back."""
    found = parts_of(connection, position, leaf(connection, position), safe)
    return None if found is None else found.opening


def prove_inclusion(connection: Connection, position: int, size: int | None = None) -> Inclusion:
    """Return the proof that entry `position` is in the log as it was at `size` entries (now, unless given)."""
    now = _builder(connection).size
    size = now if size is None else size
    if not 0 <= position < size <= now:
        raise NotVerified(f"there is no entry `{position}` in the first {size} entries; the ledger has {now}")
    return Inclusion(position, size, tree.inclusion(position, size, lambda wanted: nodes(connection, wanted)))


def prove_consistency(connection: Connection, old_size: int, new_size: int | None = None) -> Consistency:
    """Return the proof that the log at `new_size` entries (now, unless given) begins with that at `old_size`."""
    now = _builder(connection).size
    new_size = now if new_size is None else new_size
    if not 0 <= old_size <= new_size <= now:
        raise NotVerified(f"`{old_size}` to `{new_size}` entries is not a growth of this ledger, which has {now}")
    return Consistency(
        old_size, new_size, tree.consistency(old_size, new_size, lambda wanted: nodes(connection, wanted))
    )


def nodes(connection: Connection, wanted: Sequence[tree.Node]) -> dict[tree.Node, bytes]:
    """Return the hashes of complete nodes (level, position); NotVerified where one is not there.

    A node is kept in the row of the last entry under it.
    """
    ends = {(level, position): (position + 1 << level) - 1 for level, position in wanted}
    places = list(set(ends.values()))
    rows: dict[int, bytes] = {}
    for start in range(0, len(places), _MARKS):
        some = places[start : start + _MARKS]
        listed = f"SELECT position, hashes FROM ledger_leaves WHERE position IN ({','.join('?' * len(some))})"
        rows.update(iter(run(connection, listed, some)))
    size = tree.HASH_BYTES
    found = {node: bytes(rows.get(end, b"")[size * node[0] :][:size]) for node, end in ends.items()}
    for (level, position), known in found.items():
        if len(known) != size:
            raise NotVerified(f"the ledger lost its node over the entries from `{position << level}`; restore a backup")
    return found


def _add(batch: _Batch, draft: Draft) -> None:
    """Put the leaf of a draft into a batch, and what of it is to be sealed."""
    kind, public, private, at, random, subjects, kept, aside = draft
    if private is None:
        if subjects:
            raise RecordError(f"a `{kind}` entry about customers needs a private record, which their keys seal")
        batch.leaves.append(leaves.build(kind, public, at))
        return
    if len(random) != RANDOM_BYTES:
        raise RecordError(f"a `{kind}` entry with a private record needs {RANDOM_BYTES} random bytes")
    committed, plain = sealing(random, private, aside)
    if kept:
        about = tuple(sorted(set(subjects))) if subjects else ()
        batch.places.append(len(batch.leaves))
        batch.records.append((about, plain, committed))
    batch.leaves.append(leaves.build(kind, public, at, committed.hex()))


def _builder(connection: Connection) -> tree.Builder:
    """Return the tree as the head left it."""
    found = run(connection, _GET_HEAD).fetchone()
    try:
        return tree.Builder(found[0], found[1]) if found else tree.Builder(0, b"none")
    except ValueError as error:
        raise RecordError("the ledger's head is missing or damaged; restore a backup") from error


def _take_back(connection: Connection) -> None:
    """Roll back the innermost savepoint, which is one caller's, or else the whole transaction."""
    inner = connection.get_nested_transaction()
    try:
        if inner is None:
            connection.rollback()
        else:
            inner.rollback()
    except failed():  # a server that ended the connection takes all back with it
        connection.invalidate()


def _absent(connection: Connection, position: int) -> str:
    return f"there is no entry `{position}`; the ledger has {_builder(connection).size}"
