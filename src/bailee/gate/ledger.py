"""The ledger as the gate shows it: head, entries, proofs, checks, and past rulings derived again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bailee.errors import Superseded
from bailee.gate.keys import SigningKeys
from bailee.gate.promise import ANNOUNCED
from bailee.gate.record import Recorder
from bailee.gate.replay import Replay, replay, replay_minute
from bailee.ledger import log, tiles
from bailee.ledger.leaves import read
from bailee.ledger.tiles import WIDTH, Tile
from bailee.ledger.values import Head, Inclusion
from bailee.ledger.verify import verify_inclusion
from bailee.people import documents, keyring, versions
from bailee.people.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.gate.proofs import Prover
    from bailee.ledger.export import Exported


def announce(recorder: Recorder, database: Database, signing: SigningKeys, at: datetime) -> bool:
    """Record the signing key where none was, and the policy and map in force if they are not those recorded last.

    Says whether the policy or map was recorded. Raises Superseded where another version has come into force.
    """
    promise, ours = recorder.promise, recorder.announcement
    with database.read() as connection:
        if documents.setting(connection, ANNOUNCED) == ours and signing.known(connection):
            return False
    with database.write() as connection:
        signing.announce(connection, recorder, at)
        version, before = versions.in_force(connection, at), documents.setting(connection, ANNOUNCED)
        if version is not None and version.policy != promise.digest:
            raise Superseded
        if before != ours:
            came_into_force(connection, recorder, promise.digest, promise.map_digest, at)
        vkeys = signing.announced(connection)
    signing.publish(vkeys)
    return before != ours


def came_into_force(
    connection: Connection,
    recorder: Recorder,
    policy: str,
    datamap: str,
    at: datetime,
    private: Mapping[str, object] | None = None,
) -> int:
    """Record in the caller's transaction that a policy and map are in force now; returns its leaf's position."""
    before = documents.setting(connection, ANNOUNCED)
    public = {"policy": policy, "map": datamap, "previous": before.split()[0] if before else None}
    documents.set_setting(connection, ANNOUNCED, f"{policy} {datamap}")
    versions.begin(connection, at)
    return recorder.within(connection, "policy", public, private, at)


@dataclass(frozen=True, slots=True)
class Proof:
    """That a leaf is in the log that had `size` entries and this root (RFC 9162, 2.1.3); hashes are hex."""

    position: int
    size: int
    root: str
    leaf: str
    path: tuple[str, ...]


class Book:
    """Reads the ledger of a workspace; every method raises NotVerified where something does not hold."""

    def __init__(self, database: Database, signing: SigningKeys) -> None:
        self._database, self._signing = database, signing

    def head(self) -> Head:
        """Size and root of the log."""
        with self._database.read() as connection:
            return log.head(connection)

    def leaf(self, position: int) -> dict[str, Any]:
        """What the leaf at a position shows."""
        with self._database.read() as connection:
            return read(log.leaf(connection, position))

    def leaves(self, start: int, stop: int) -> list[dict[str, Any]]:
        """What the leaves from `start` up to `stop` show."""
        with self._database.read() as connection:
            return [read(leaf) for leaf in log.leaves_at(connection, start, stop)]

    def record(self, position: int) -> dict[str, Any] | None:
        """The private record of an entry, checked against its leaf's commitment; None where there is none."""
        with self._database.read() as connection:
            return log.record(connection, position, safe=keyring.of(connection))

    def prove(self, position: int) -> Proof:
        """A proof that the entry is in the log as it is now; checked before it is given out."""
        with self._database.read() as connection:
            head = log.head(connection)
            leaf = log.leaf(connection, position)
            found: Inclusion = log.prove_inclusion(connection, position, head.size)
        verify_inclusion(leaf, position, head.size, found.path, head.root)
        return Proof(position, head.size, head.root.hex(), leaf.decode(), tuple(h.hex() for h in found.path))

    def proof(self, position: int) -> bytes:
        """The proof file of an entry (C2SP tlog-proof), which opens nothing of its private record."""
        from bailee.ledger import proof

        with self._database.read() as connection:
            head, leaf = log.head(connection), log.leaf(connection, position)
            path = log.prove_inclusion(connection, position, head.size).path
            checkpoint = self._signing.signing(connection).sign(head)
        return proof.write(position, path, checkpoint, proof.extra(leaf))  # noqa: S610  (no query)

    @contextmanager
    def proofs(self, customer: str) -> Iterator[Prover]:
        """What makes the proofs of a customer, by key, over the ledger as it is now; FactRejected if there is none."""
        from bailee.gate.proofs import Prover

        with self._database.read() as connection:
            yield Prover(connection, customer, self._signing.signing(connection).current)

    def verify(self, progress: Callable[[int, int], None] | None = None, *, known: Head | None = None) -> Head:
        """Check the whole log from its leaves; `known` is a head that somebody kept."""
        with self._database.read() as connection:
            return log.verify_log(connection, progress, known=known, safe=keyring.of(connection))

    def vkeys(self) -> tuple[str, ...]:
        """The verifier keys of the log (C2SP signed-note), the current one first."""
        with self._database.read() as connection:
            return tuple(self._signing.signing(connection).vkeys)

    def tile(self, tile: Tile) -> bytes | None:
        """The file of a tile or bundle (C2SP tlog-tiles) as the log is now; None where it does not reach so far."""
        with self._database.read() as connection:
            end, height = tile.number * WIDTH + tile.width, 8 * (tile.level or 0)
            if end << height > log.head(connection).size:
                return None
            if tile.level is None:
                return tiles.bundle(log.leaves_at(connection, end - tile.width, end))
            wanted = [(height, at) for at in range(end - tile.width, end)]
            found = log.nodes(connection, wanted)
            return b"".join(found[node] for node in wanted)

    def checkpoint(self) -> bytes:
        """The signed checkpoint of the log as it is now (C2SP tlog-checkpoint)."""
        with self._database.read() as connection:
            return self._signing.signing(connection).sign(log.head(connection))

    def export(self, folder: Path, progress: Callable[[int, int], None] | None = None) -> Exported:
        """Write the log as files that anybody may have; WorkspaceError where the folder is not for it."""
        from bailee.ledger.export import export

        with self._database.read() as connection:
            keys = self._signing.signing(connection)
            return export(connection, folder, keys.sign, keys.vkeys, handovers=keys.handovers, progress=progress)

    def replay(self, position: int) -> Replay:
        """Derive a past use, or a minute of a checker, again from the policy, the map and the standing of that time."""
        with self._database.read() as connection:

            def opened(wanted: int) -> tuple[dict[str, Any], dict[str, Any] | None]:
                return read(log.leaf(connection, wanted)), log.record(connection, wanted, safe=keyring.of(connection))

            leaf, record = opened(position)
            if leaf["kind"] == "points_closed" and record is not None:
                return replay_minute(connection, position, leaf, record, opened)
            return replay(connection, position, leaf, record)
