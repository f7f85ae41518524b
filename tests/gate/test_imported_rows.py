"""Whatever was imported, every customer proves each of their rows, and nobody's erasure takes that from another."""

from __future__ import annotations

import base64
import csv
import json
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from bailee.errors import FactRejected, NotVerified
from bailee.gate.proofs import Proven, Prover
from bailee.ledger import log
from bailee.ledger.note import Signer
from bailee.ledger.verify_proof import read_proof, verify_proof
from bailee.people import choices, customers, erasure, imported_rows, keyring, relations
from bailee.people.choices import Said
from bailee.people.customers import NewCustomer
from bailee.people.database import Database
from bailee.people.imports import ImportBatch, import_choices
from bailee.people.kinds import Kind
from tests.people.conftest import database  # noqa: F401  (a fixture)
from tests.people.records import NOW, policy

SIGNER = Signer("shop.example/ledger", secrets.token_bytes(32))
HEADER = ("customer", "purpose", "act", "at", "instrument", "evidence", "guardian")
#: The guardian, their child, and one more.
PEOPLE = 3
_numbers = count()


class Row(NamedTuple):
    """A row of a file, of few possible ones, so that many are repeated."""

    who: int
    purpose: str
    act: str
    day: int
    evidence: str
    by_guardian: bool


ROWS = st.builds(
    Row,
    st.integers(0, PEOPLE - 1),
    st.sampled_from(["offers", "research"]),
    st.sampled_from(["refuse", "withdraw"]),
    st.integers(1, 2),
    st.sampled_from(["", 'a "form"\\\n', "ünd"]),
    st.booleans(),
).map(lambda row: row._replace(by_guardian=row.by_guardian and row.who == 1))
FILES = st.lists(st.lists(ROWS, min_size=1, max_size=9), min_size=1, max_size=3)


class Shop:
    """Three people of their own in a store, and what should be provable of whom."""

    def __init__(self, store: Database, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.keys = [f"p{next(_numbers)}" for _ in range(PEOPLE)]
        with store.write() as connection:
            self.numbers = customers.add_many(connection, [NewCustomer(key) for key in self.keys], NOW)
            keyring.of(connection).ensure(connection, [0, *self.numbers])
            relations.verify_guardian(connection, self.numbers[1], self.numbers[0], NOW - timedelta(days=90))
        self.first: dict[tuple[object, ...], str] = {}
        #: By entry and row: the row, and whether it was on record already.
        self.expected: dict[tuple[int, int], tuple[Row, bool]] = {}

    def say(self, row: Row) -> None:
        """A choice by itself, where it is new."""
        if self._new(row):
            guardian, kind = (self.keys[0] if row.by_guardian else None), Kind(row.purpose, row.act, "signed")
            at = NOW - timedelta(days=row.day)
            with self.store.write() as connection:
                said = Said(self.keys[row.who], kind, at, guardian, row.evidence or None)
                choices.record(connection, policy(), said, NOW)

    def take(self, rows: Sequence[Row]) -> None:
        """A file of choices."""
        path = self.folder / f"{next(_numbers)}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow(HEADER)
            for row in rows:
                at = (NOW - timedelta(days=row.day)).isoformat()
                guardian = self.keys[0] if row.by_guardian else ""
                out.writerow([self.keys[row.who], row.purpose, row.act, at, "signed", row.evidence, guardian])
        entries: list[int] = []

        def record(connection: Connection, batch: ImportBatch) -> None:
            public = {"count": batch.rows, "root": batch.root}
            safe, random = keyring.of(connection), secrets.token_bytes(32)
            entries.append(log.append(connection, "choices_imported", public, {"by": "ann"}, NOW, random, safe=safe))

        import_choices(self.store, policy(), path, NOW, by="ann", record=record)
        for entry in entries:  # none where the very file was imported before
            self.expected |= {(entry, place): (row, not self._new(row)) for place, row in enumerate(rows)}

    def _new(self, row: Row) -> bool:
        identity = row._replace(evidence="")
        new = identity not in self.first
        self.first.setdefault(identity, row.evidence)
        return new

    def proofs(self, who: int) -> dict[tuple[int, int], Proven]:
        with self.store.read() as connection:
            prover = Prover(connection, self.keys[who], SIGNER)
            made = [prover.prove(concern) for concern in prover.concerns(None, None)]
        return {(each.position, each.row): each for each in made if each.row is not None}

    def must_prove(self, who: int, erased: frozenset[int] = frozenset()) -> None:
        """Exactly a customer's rows, each as the file said it, or why not."""
        found = self.proofs(who)
        mine = {place: row for place, row in self.expected.items() if row[0].who == who}
        assert mine.keys() == found.keys()
        for place, (row, known) in mine.items():
            proved = verify_proof(found[place].proof, [SIGNER.verifier]).row
            if 0 in erased and who == 1 and (row.by_guardian or known):
                assert (None, imported_rows.ERASED) == (proved, found[place].unshown)
            elif self.first[row._replace(evidence="")] != row.evidence:
                assert (None, imported_rows.OTHERWISE) == (proved, found[place].unshown)
            else:
                assert proved is not None
                assert (place[1], None) == (proved.position, found[place].unshown)
                said = tuple(proved.record[name] for name in ("customer", "purpose", "act", "evidence", "guardian"))
                guardian = self.keys[0] if row.by_guardian else None
                assert (self.keys[who], row.purpose, row.act, row.evidence or None, guardian) == said

    def erase(self, who: int) -> None:
        with self.store.write() as connection:
            found = erasure.found(connection, self.keys[who])
            assert found is not None
            erasure.take(connection, [found], NOW)
            erasure.note(connection, found, NOW, None)


@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(said=st.lists(ROWS, max_size=3), files=FILES, order=st.permutations(range(PEOPLE)))
def test_every_row_of_everybody_is_proved_whoever_goes(
    database: Database,  # noqa: F811
    tmp_path: Path,
    said: list[Row],
    files: list[list[Row]],
    order: list[int],
) -> None:
    """I1, I2, I3, I4: each row of each customer leads to its file's root, before and after others were erased; of the
    erased there is nothing to prove any more."""
    shop = Shop(database, tmp_path)
    for row in said:
        shop.say(row)
    for rows in files:
        shop.take(rows)
    gone: frozenset[int] = frozenset()
    for who in order:
        for each in set(range(PEOPLE)) - gone:
            shop.must_prove(each, gone)
        shop.erase(who)
        gone |= {who}
        with pytest.raises(FactRejected, match="no customer"):
            shop.proofs(who)
        with database.read() as connection:
            assert {} == imported_rows.Rows(connection, shop.numbers[who]).files


@pytest.mark.parametrize("cuts", [(1,), (2047, 2048, 2049), (100, 2300)])
def test_rows_are_found_in_whatever_chunks_randoms_came(
    database: Database,  # noqa: F811
    tmp_path: Path,
    cuts: tuple[int, ...],
) -> None:
    """I1: a file's randoms are kept in chunks as its rows came, of any sizes."""
    shop = Shop(database, tmp_path)
    shop.take([Row(n % 2 * 2, "offers", "refuse", 1 + n, "", by_guardian=False) for n in range(2400)])
    with database.write() as connection:
        whole = bytes(connection.exec_driver_sql("SELECT randoms FROM import_rows").scalar_one())
        connection.exec_driver_sql("DELETE FROM import_rows")
        for start, stop in pairwise((0, *cuts, 2400)):
            row = (1, start, whole[32 * start : 32 * stop])
            connection.exec_driver_sql("INSERT INTO import_rows VALUES (?, ?, ?)", row)
    for who in (0, 2):
        shop.must_prove(who)
    shop.erase(0)
    shop.must_prove(2)


def flipped(text: str) -> str:
    return ("1" if text[0] == "0" else "0") + text[1:]


FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another record": lambda row: row.update(record=row["record"].replace("refuse", "object")),
    "another random": lambda row: row.update(random=flipped(row["random"])),
    "another row": lambda row: row.update(position=row["position"] + 1),
    "another path": lambda row: row["path"].__setitem__(0, flipped(row["path"][0])),
    "a shorter path": lambda row: row["path"].pop(),
    "a longer path": lambda row: row["path"].append("0" * 64),
    "no path": lambda row: row.update(path=None),
    "a path of text": lambda row: row.update(path=["x"]),
    "no random": lambda row: row.pop("random"),
    "no record": lambda row: row.update(record=None),
    "a place that is no number": lambda row: row.update(position=True),
}


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The proof of one of three rows."""
    from tests.stores import make

    folder = tmp_path_factory.mktemp("rows")
    store = make(folder / "state.db")
    shop = Shop(store, folder)
    shop.take([Row(who, "offers", "refuse", 1, "", by_guardian=False) for who in range(PEOPLE)])
    (found,) = shop.proofs(1).values()
    store.close()
    return found.proof


def forged(proof: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """A proof whose row was changed."""
    extra = json.loads(read_proof(proof).extra or b"")
    change(extra["row"])
    lines = proof.split(b"\n")
    return b"\n".join([lines[0], b"extra " + base64.b64encode(json.dumps(extra).encode()), *lines[2:]])


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_row_is_refused(proof: bytes, how: str) -> None:
    """L33: nothing of a row's proof can be other than it was."""
    assert verify_proof(forged(proof, lambda _: None), [SIGNER.verifier]).row
    with pytest.raises(NotVerified, match="row"):
        verify_proof(forged(proof, FORGERIES[how]), [SIGNER.verifier])


def test_a_row_needs_the_entry_of_a_file(proof: bytes, tmp_path: Path) -> None:
    """L33: beside an entry of another kind, a row proves nothing."""
    from bailee.ledger import checkpoint
    from bailee.ledger import proof as proofs
    from tests.ledger.trees import grow, new_log, plain

    connection = new_log()
    head = grow(connection, [plain(0)])
    extra = json.loads(proofs.extra(log.leaf(connection, 0)))
    extra["row"] = json.loads(read_proof(proof).extra or b"")["row"]
    signed = checkpoint.sign(head.size, head.root, SIGNER)
    with pytest.raises(NotVerified, match="not that of an imported file"):
        verify_proof(proofs.write(0, (), signed, json.dumps(extra).encode()), [SIGNER.verifier])


def test_a_changed_choice_is_not_proved(database: Database, tmp_path: Path) -> None:  # noqa: F811
    """Where a choice is not any more what came with the file, no proof is made of it."""
    shop = Shop(database, tmp_path)
    shop.take([Row(0, "offers", "refuse", 1, "", by_guardian=False)])
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE import_rows SET randoms = ?", (b"\x01" * 32,))
    with pytest.raises(NotVerified, match="is not as it came"):
        shop.proofs(0)
