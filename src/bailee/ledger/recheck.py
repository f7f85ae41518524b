"""The whole log checked from its leaves: every hash that is stored is worked out again and compared.

Reads the tables and counts with `verify`; knows nothing of how the log was written.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from bailee.errors import NotVerified
from bailee.ledger import tables
from bailee.ledger.verify import Recount

if TYPE_CHECKING:
    from bailee.ledger.log import Head

_READ = 4096
#: Told how many entries are checked and how many there are.
Progress = Callable[[int, int], None]


def verify_log(connection: Connection, progress: Progress | None = None, *, known: Head | None = None) -> Head:
    """Check every entry, node, private record and the head of the log, and return the head.

    `known` is a head that somebody kept: the log must begin with it. Without one, a log that was rewritten whole,
    head and all, cannot be told from a true one. Raises NotVerified, naming the first entry that is wrong: flipped,
    dropped, moved, cut off or repeated. A record that is gone is no fault, because records may be erased.
    """
    from bailee.ledger.log import Head

    row = connection.execute(select(tables.head.c.size, tables.head.c.edge).where(tables.head.c.id == 1)).first()
    if row is None:
        raise NotVerified("the ledger has no head; restore a backup")
    size, edge = row
    recount, nodes = Recount(), _Nodes(connection)
    stored = _Leaves(connection, size)
    known_root = recount.root() if known and known.size == 0 else None
    for position, ended in enumerate(recount.add(stored.each())):
        _same_leaf(position, ended[0], stored.hash)
        nodes.compare(position, ended)
        if known and known.size == recount.size:
            known_root = recount.root()
        if progress and recount.size % _READ == 0:
            progress(recount.size, size)
    nodes.done()
    if recount.peaks != edge:
        raise NotVerified(f"the head over entries `0` to `{size - 1}` is not what they lead to; restore a backup")
    if known and known_root != known.root:
        raise NotVerified(_not_known(known, size))
    _verify_records(connection)
    if progress:
        progress(size, size)
    return Head(size, recount.root())
