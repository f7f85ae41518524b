"""The stored standing tree: at every sequence that ever was, it is the tree over the leaves of that time."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bailee.errors import NotVerified
from bailee.people import standing_tree
from bailee.people.database import Database, open_database
from bailee.people.standing_tree import change, change_all, path_at, placed_at, root_at

Leaves = dict[int, bytes]

positions = st.one_of(st.integers(1, 30), st.integers(1, 70_000), st.integers(0, 2**32 - 1))
#: What each change put: some positions, of which many come again.
changes = st.lists(st.lists(positions, min_size=1, max_size=6), min_size=1, max_size=8)


@lru_cache
def empty(height: int) -> bytes:
    """The root over positions that nobody has."""
    below = empty(height - 1) if height else b""
    return hashlib.sha256(b"\x01" + below + below).digest() if height else bytes(32)


def naive(leaves: Leaves) -> list[dict[int, bytes]]:
    """Every node that is not empty, by height and place: the tree by its definition."""
    rows = [dict(leaves)]
    for height in range(32):
        below, above = rows[-1], {}
        for place in {at >> 1 for at in below}:
            left, right = (below.get(2 * place + i, empty(height)) for i in (0, 1))
            above[place] = hashlib.sha256(b"\x01" + left + right).digest()
        rows.append(above)
    return rows


def agrees(database: Database, sequence: int, leaves: Leaves, ask: list[int]) -> None:
    """Root, and leaf and path of each position asked for, are those of the definition at that sequence."""
    rows = naive(leaves)
    root = rows[32].get(0, empty(32))
    with database.read() as connection:
        assert root == root_at(connection, sequence)
        for position in ask:
            path = [rows[h].get(position >> h ^ 1, empty(h)) for h in range(32)]
            found = placed_at(connection, position, sequence)
            assert (leaves.get(position, bytes(32)), path, root) == found
            assert path == path_at(connection, position, sequence)


def fresh(folder: Path, name: str = "state.db") -> Database:
    (folder / name).unlink(missing_ok=True)
    return open_database(folder / name, create=True)


def taken_back(database: Database, sequence: int, root: bytes | None, leaves: Leaves) -> None:
    """Change the tree in a transaction that is interrupted at its end."""
    with database.write() as connection:
        change(connection, sequence, root, leaves)
        raise KeyboardInterrupt


def leaf(sequence: int, position: int) -> bytes:
    return hashlib.sha256(f"{sequence} {position}".encode()).digest()


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(made=changes, drop=st.sets(st.integers(0, 7)))
def test_s5_every_past_tree_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, made: list[list[int]], drop: set[int]
) -> None:
    """S5: after any changes, root and path at every past sequence, also between two changes, are those of the leaves of
    then; a change that was taken back leaves no trace, in the tables or in memory."""
    database = fresh(tmp_path_factory.mktemp("tree"))
    root: bytes | None = None
    leaves: Leaves = {}
    past: dict[int, Leaves] = {0: {}}
    for number, some in enumerate(made):
        sequence = 3 * (number + 1)
        new = {position: leaf(sequence, position) for position in some}
        if number in drop:
            with pytest.raises(KeyboardInterrupt):
                taken_back(database, sequence, root, {position: leaf(0, position) for position in some})
        with database.write() as connection:
            root = change(connection, sequence, root, new)
        leaves = leaves | new
        past[sequence] = past[sequence + 2] = leaves
    everywhere = sorted({position for some in made for position in some} | {0, 2**32 - 1})
    for sequence, then in past.items():
        agrees(database, sequence, then, everywhere)
    database.close()


def test_s6_a_tile_is_whole_at_least_every_64_rows(database: Database) -> None:
    """S6: three hundred changes of one tile make a whole row every 64 rows, and every one of them can be read."""
    root: bytes | None = None
    leaves: Leaves = {}
    past = {}
    with database.write() as connection:
        for sequence in range(1, 301):
            new = {sequence * 7 % 250: leaf(sequence, 0)}
            root = change(connection, sequence, root, new)
            leaves |= new
            past[sequence] = dict(leaves)
    with database.read() as connection:
        for level in range(4):
            rows = connection.exec_driver_sql(
                "SELECT whole FROM standing_tiles WHERE level = ? AND tile = 0 ORDER BY sequence", (level,)
            ).scalars()
            assert [n % 64 == 0 for n in range(300)] == [bool(whole) for whole in rows]
    for sequence in (1, 2, 63, 64, 65, 66, 128, 129, 299, 300):
        agrees(database, sequence, past[sequence], [0, 1, 7, 249, 250, 300])


@pytest.mark.parametrize("count", [1, 255, 256, 257, 1000, 66_000])
def test_many_at_once_are_the_same_as_one_by_one(database: Database, count: int) -> None:
    """Batches of everybody, then a change of half of them, then of one, give the tree of the definition."""
    luck = Random(count)
    leaves = {position: leaf(1, position) for position in range(1, count + 1)}
    batches = [{p: leaves[p] for p in range(max(1, a), min(a + 512, count + 1))} for a in range(0, count + 1, 512)]
    half = {position: leaf(2, position) for position in leaves if luck.random() < 0.5}
    with database.write() as connection:
        root = change_all(connection, 1, None, batches)
        root = change(connection, 2, root, half)
        root = change(connection, 3, root, {count: leaf(3, count)})
    ask = [0, 1, count // 2, count, count + 1]
    agrees(database, 1, leaves, ask)
    agrees(database, 2, leaves | half, ask)
    agrees(database, 3, leaves | half | {count: leaf(3, count)}, ask)


def test_a_change_that_fails_half_way_leaves_no_trace(database: Database) -> None:
    """Where leaves end in an error after some were put, what was in memory is not gone on from."""
    first = {position: leaf(1, position) for position in (1, 2, 300, 70_000)}
    with database.write() as connection:
        root = change(connection, 1, None, first)

    def broken() -> Iterator[Leaves]:
        yield {1: leaf(9, 1), 300: leaf(9, 300)}
        yield {70_000: leaf(9, 70_000)}
        raise KeyboardInterrupt

    def fail() -> None:
        with database.write() as connection:
            change_all(connection, 2, root, broken())

    with pytest.raises(KeyboardInterrupt):
        fail()
    with database.write() as connection:
        change(connection, 2, root, {2: leaf(2, 2)})
    agrees(database, 2, first | {2: leaf(2, 2)}, [1, 2, 300, 70_000])


def test_a_change_of_another_process_is_gone_on_from(tmp_path: Path) -> None:
    """Two processes, and two databases in one, change in turn: nobody's memory of the tree is older than the tree."""
    one, two = fresh(tmp_path), open_database(tmp_path / "state.db")
    code = f"""
from bailee.people.database import open_database
from bailee.people.standing_tree import change
from tests.people.test_standing_tree import leaf
database = open_database({str(tmp_path / "state.db")!r})
with database.write() as connection:
    root = bytes.fromhex(connection.exec_driver_sql("SELECT value FROM settings WHERE name = 'root'").scalar_one())
    root = change(connection, SEQUENCE, root, {{5: leaf(SEQUENCE, 5), 600: leaf(SEQUENCE, 600)}})
    connection.exec_driver_sql("UPDATE settings SET value = ? WHERE name = 'root'", (root.hex(),))
"""

    def here(database: Database) -> Callable[[int, Leaves], None]:
        def run(sequence: int, leaves: Leaves) -> None:
            with database.write() as connection:
                kept = connection.exec_driver_sql("SELECT value FROM settings WHERE name = 'root'").scalar()
                root = change(connection, sequence, bytes.fromhex(kept) if kept else None, leaves)
                connection.exec_driver_sql("DELETE FROM settings WHERE name = 'root'")
                connection.exec_driver_sql("INSERT INTO settings VALUES ('root', ?)", (root.hex(),))

        return run

    def there(sequence: int, _: Leaves) -> None:
        done = code.replace("SEQUENCE", str(sequence))
        subprocess.run([sys.executable, "-c", done], check=True, cwd=Path(__file__).parents[2])

    leaves: Leaves = {}
    for sequence, run in enumerate([here(one), here(two), here(one), there, here(two), here(one), there, here(one)], 1):
        new = {5: leaf(sequence, 5), 600: leaf(sequence, 600)}
        run(sequence, new)
        leaves |= new
        agrees(one, sequence, leaves, [1, 5, 600])
    one.close()
    two.close()


def test_a_damaged_tile_is_noticed(database: Database) -> None:
    """A tile that was cut short, or that does not lead to the one above it, is never read as if it were whole."""
    with database.write() as connection:
        change(connection, 1, None, {5: leaf(1, 5)})
        kept = bytes(connection.exec_driver_sql("SELECT entries FROM standing_tiles WHERE level = 0").scalar_one())
    for wrong, position in ((kept[:100], 5), (bytes(len(kept)), 5), (kept[:-1] + bytes([kept[-1] ^ 1]), 20)):
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE standing_tiles SET entries = ? WHERE level = 0", (wrong,))
        with database.read() as connection, pytest.raises(NotVerified, match="restore a backup"):
            path_at(connection, position, 1)


def test_memory_of_tiles_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for three tiles in memory, changes far apart are as right as ever."""
    monkeypatch.setattr(standing_tree, "_KEPT", 3)
    root: bytes | None = None
    leaves: Leaves = {}
    with database.write() as connection:
        for sequence in range(1, 40):
            new = {sequence % 8 * 70_000: leaf(sequence, 0)}
            root = change(connection, sequence, root, new)
            leaves |= new
    agrees(database, 39, leaves, [0, 70_000, 490_000])
