"""That a customer was, or was not, in a purpose at a past sequence: their standing then, and its way up the tree."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from bailee.decide import Compiled
from bailee.errors import NotVerified
from bailee.ledger.positions import EMPTY, leaf_hash, thin
from bailee.people import keyring, standing_leaves, standing_tree
from bailee.people.standing_leaves import Held

_HELD = (
    "SELECT codes, until, sequence FROM (SELECT codes, until, sequence FROM standing "
    "WHERE customer = ? AND sequence <= ? UNION ALL SELECT codes, until, sequence FROM standing_past "
    "WHERE customer = ? AND sequence <= ?) AS held ORDER BY sequence DESC LIMIT 1"
)


class StandingProof(NamedTuple):
    """What opens a customer's leaf of the standing tree, and its path to `root`; None in a path is an empty subtree.

    Whoever was not on record yet has neither nonce nor value: their leaf is 32 zero bytes.
    """

    position: int
    nonce: bytes | None
    value: str | None
    path: list[bytes | None]
    root: bytes


def prove(connection: Connection, number: int, sequence: int, compiled: Compiled) -> StandingProof:
    """A customer's standing as it was at a sequence, under the policy of that time.

    Raises NotVerified where the customer was erased, or what is stored does not lead to the tree's root.
    """
    placed = standing_tree.placed_at(connection, number, sequence)
    path = thin(placed.path)
    found = connection.exec_driver_sql(_HELD, (number, sequence, number, sequence)).first()
    if found is None and placed.leaf == EMPTY[0]:
        return StandingProof(number, None, None, path, placed.root)
    key = keyring.of(connection).keys(connection, [number])[0]
    if found is None or key is None:
        raise NotVerified(f"what customer `{number}` held at sequence `{sequence}` is not on record any more")
    nonce = standing_leaves.nonce(key, found[2])
    value = standing_leaves.value(compiled, Held(bytes(found[0]), found[1]))
    if leaf_hash(nonce, value) != placed.leaf:
        raise NotVerified(f"the standing of customer `{number}` at sequence `{sequence}` is not what its tree says")
    return StandingProof(number, nonce, value.decode(), path, placed.root)
