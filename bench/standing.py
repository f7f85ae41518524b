"""The standing tree of a million customers: rebuilt whole, changed one by one, and proved.

With the customers' keys sealed, as they are in use, on this machine's disk. Beside what deriving standing takes anyway.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from bench.figure import Figure
from bench.imports import policy

if TYPE_CHECKING:
    from bailee.decide import Compiled
    from bailee.people.database import Database
    from bailee.people.standing_leaves import Held

CUSTOMERS, REBUILDS, CHANGES, ROUNDS, PROOFS = 1_000_000, 3, 400, 5, 300
_STEP = 65_536
_PUT = "INSERT INTO standing (customer, codes, until, sequence) VALUES (?, ?, ?, ?)"


def rows(customers: int = CUSTOMERS) -> Iterator[Figure]:
    """Seconds to rebuild, microseconds a change and a proof, bytes on disk, and seconds to commit to a set."""
    from bailee import decide
    from bailee.people import keyring
    from bailee.people.database import open_database
    from bailee.policy import canonical

    ours = policy()
    compiled = decide.compile(ours, canonical.policy_digest(ours))  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder) / "state.db", create=True)
        with database.connect() as connection, database.writing(connection, references=False):
            keyring.of(connection).ensure(connection, range(1, customers + 1))
        root, figures = _rebuilt(database, compiled, customers)
        yield from figures
        yield from _changed(database, compiled, customers, root, Path(folder))
        yield _proved(database, compiled, customers)
        database.close()
    yield from _committed(customers)


def _standing(customers: int) -> Iterator[dict[int, Held]]:
    """Everybody's standing: a few hundred kinds, and every third has a time of their own."""
    from bailee.people.standing_leaves import Held

    luck = Random(20261122)
    kinds = [bytes(luck.choice((0, 14, 16)) for _ in range(8)) for _ in range(300)]
    for start in range(0, customers + 1, _STEP):
        numbers = range(max(start, 1), min(start + _STEP, customers + 1))
        yield {n: Held(luck.choice(kinds), 1_800_000_000_000_000 + n if n % 3 == 0 else None) for n in numbers}


def _rebuilt(database: Database, compiled: Compiled, customers: int) -> tuple[bytes, list[Figure]]:
    from bailee.people import driver, standing_leaves, standing_tree

    each = list(_standing(customers))
    wall, processor, root = [], [], None
    for turn in range(1, REBUILDS + 1):
        with database.connect() as connection, database.writing(connection, references=False):
            began = time.perf_counter(), time.process_time()
            leaves = (standing_leaves.leaves(connection, compiled, turn, some) for some in each)
            root = standing_tree.change_all(connection, turn, root, leaves)
            wall.append(time.perf_counter() - began[0])
            processor.append(time.process_time() - began[1])
    with database.connect() as connection, database.writing(connection, references=False):
        for some in each:
            driver.many(connection, _PUT, [(number, *held, REBUILDS) for number, held in some.items()])
    assert root is not None
    best = min(wall)
    return root, [
        Figure("rebuilding the tree after an import", best, "s", "under 5 s", best < 5, _spread(wall, 1, "s")),
        Figure("rebuilding the tree, processor time only", min(processor), "s", spread=_spread(processor, 1, "s")),
    ]


def _changed(database: Database, compiled: Compiled, customers: int, root: bytes, folder: Path) -> Iterator[Figure]:
    from bailee.people import standing_leaves, standing_tree

    luck, sequence, before = Random(1), 10, _size(database, folder)
    for name, among in (("customers among 10,000", 10_000), ("any customer", customers)):
        taken = []
        for _ in range(ROUNDS):
            # Those whom a proof is about below stay as they are.
            numbers = [luck.randrange(0, among, 2) + 1 for _ in range(CHANGES)]
            with database.connect() as connection, database.writing(connection):
                began = time.perf_counter()
                for number in numbers:
                    sequence += 1
                    held = {number: standing_leaves.Held(bytes(8), 1_800_000_000_000_000 + sequence)}
                    leaves = standing_leaves.leaves(connection, compiled, sequence, held)
                    root = standing_tree.change(connection, sequence, root, leaves)
                taken.append((time.perf_counter() - began) / CHANGES)
        best = min(taken) * 1e6
        yield Figure(f"changing it, {name}", best, "us", "at most 100 us", best <= 100, _spread(taken, 1e6, "us"))
    yield Figure("a change on disk", (_size(database, folder) - before) / (2 * ROUNDS * CHANGES), "bytes")


def _proved(database: Database, compiled: Compiled, customers: int) -> Figure:
    from bailee.people import standing_proofs

    luck = Random(2)
    with database.read() as connection:
        which = [(luck.randrange(2, customers, 2), luck.randrange(REBUILDS, 3_000)) for _ in range(PROOFS)]
        began = time.perf_counter()
        for number, sequence in which:
            standing_proofs.prove(connection, number, sequence, compiled)
        return Figure("proving anybody's standing of any past", (time.perf_counter() - began) / PROOFS * 1e6, "us")


def _committed(customers: int) -> Iterator[Figure]:
    import numpy as np

    from bailee.ledger import bits

    chosen, salt = np.arange(customers + 1) % 7 == 0, bytes(32)
    began = time.perf_counter()
    root = bits.commit(chosen, salt)
    yield Figure("committing to a minute's set", time.perf_counter() - began, "s")
    began = time.perf_counter()
    for number in range(1, 101):
        bits.show(chosen, salt, root.nodes, number * customers // 101)
    yield Figure("proving one bit of it", (time.perf_counter() - began) / 100 * 1e3, "ms")


def _size(database: Database, folder: Path) -> int:
    with database.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return sum(file.stat().st_size for file in folder.glob("state.db*"))


def _spread(seconds: list[float], scale: float, unit: str) -> str:
    return f"{min(seconds) * scale:.3g} to {max(seconds) * scale:.3g} {unit}"
