"""Law 11. After an erasure nothing of the person is left, and nobody else's rows changed.

One customer has canaries for a key, for evidence, and for whatever else may be typed. Whatever was done before, after
their erasure no file holds a canary, nor a byte of what was sealed about them; all else is as it was.
"""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

import bailee
from bailee.errors import BaileeError
from bailee.gate.gate import Gate
from bailee.ledger import log
from bailee.ledger.verify import verify_inclusion
from bailee.ledger.verify_note import read_vkeys
from bailee.ledger.verify_proof import verify_proof
from bailee.people import contacts, customers, keyring, relations
from bailee.people.backup_file import SealedReader
from bailee.people.customers import NewCustomer
from tests.gate.shop import NOW, Clock, make, notice
from tests.people.erasing import Picture
from tests.people.erasing import picture as people_picture

KEY, EVIDENCE, ADDRESS = "CANARYkey-4711", "CANARYevidence", "CANARYaddress@mail.example"
CHILD, GUARDIAN = "their-child", "their-guardian"
#: The shop's own canaries are other customers'.
CANARY = re.compile(rb"CANARY(?!COUPON|SSN|OLD)", re.I)
MARKETING = bailee.Actor("Zelda Quill", frozenset({"marketing"}))

Act = tuple[str, int]
ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "grant",
                "withdraw",
                "import",
                "given",
                "ask",
                "ask refused",
                "may",
                "check",
                "standing",
                "child",
                "derive",
            ]
        ),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop of the gate's tests with the canary, their child, and their guardian."""
    home = tmp_path_factory.mktemp("law11") / "shop"
    make(home)
    with bailee.open(home, clock=Clock()) as gate, gate.database.write() as connection:
        canary, child, guardian = customers.add_many(
            connection, [NewCustomer(KEY), NewCustomer(CHILD), NewCustomer(GUARDIAN)], NOW
        )
        keyring.of(connection).ensure(connection, [canary, child, guardian])
        relations.verify_guardian(connection, child, canary, NOW)
        relations.verify_guardian(connection, canary, guardian, NOW)
        relations.contract(connection, canary, NOW)
        relations.grounds(connection, canary, "offers", f"{EVIDENCE} of grounds", NOW)
        contacts.put(connection, canary, "email", ADDRESS)
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute("ALTER TABLE customers ALTER id TYPE VARCHAR")
        con.execute("ALTER TABLE orders ALTER customer_id TYPE VARCHAR")
    return home


def act(gate: Gate, folder: Path, what: str, number: int) -> None:
    """One of the things that happen in a shop, about the canary or somebody else."""
    who = (KEY, CHILD, "3")[number]
    digest = notice(gate)
    match what:
        case "grant" | "withdraw":
            gate.choose(
                who,
                what,
                "offers",
                notice=digest if what == "grant" else None,
                evidence=f"{EVIDENCE if who == KEY else 'paper'} {who}",
            )
        case "child":
            gate.choose(CHILD, "withdraw", "offers", guardian=KEY, evidence="a child's own paper")
        case "import":
            path = folder / f"choices of {who}.csv"
            lines = [
                f"{key},offers,withdraw,2026-11-0{number + 1}T00:00:0{n}Z,signed,{EVIDENCE}"
                for n, key in enumerate((who, "5", "5", "6"))
            ]
            path.write_text(
                "\n".join(["customer,purpose,act,at,instrument,evidence", *lines]).replace(
                    f"signed,{EVIDENCE}\n5", "signed,paper\n5"
                )
            )
            gate.import_choices(path)
            path.unlink()
        case "given":
            gate.give_notice(digest, [(who, NOW)])
        case "ask":
            gate.ask(f"SELECT * FROM customers WHERE id = '{who}' AND email <> 'x'", purpose="offers", actor=MARKETING)
        case "ask refused":
            gate.ask(f"SELECT ssn FROM customers WHERE id = '{who}'", purpose="offers", actor=MARKETING)
        case "may":
            gate.may("offers", customer=who)
        case "check":
            with_check = gate.checker("offers")
            with_check(who)
            with_check.close()
        case "standing":
            gate.standing("offers")
        case "derive":
            gate.status()


def done(gate: Gate, folder: Path, acts: list[Act]) -> None:
    for what, number in acts:
        try:
            act(gate, folder, what, number)
        except BaileeError:
            continue


def picture(connection: Connection) -> Picture:
    """Every row of every table, the ledger's too."""
    found = people_picture(connection)
    for name in log.metadata.tables:
        found[name] = (
            [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY position")]
            if name != "ledger_head"
            else []
        )
    return found


#: The column of each table by which its rows are a customer's, from 0.
OWNER = {
    "choices": 1,
    "notices_given": 1,
    "contracts": 0,
    "restrictions": 0,
    "grounds": 0,
    "holds": 0,
    "contacts": 0,
    "guardians": 0,
    "customer_keys": 0,
    "standing": 0,
    "standing_past": 0,
    "ledger_subjects": 0,
    "import_skipped": 1,
}
#: What everybody's rows are, but for the row of the counter.
NOBODYS = {
    "progress",
    "erasures",
    "standing_tiles",
    "import_rows",
    "ledger_head",
    "customers",
    "imports",
}


def secrets_of(connection: Connection, number: int, before: Picture) -> list[bytes]:
    """The bytes of whatever was sealed about a customer, and of the key itself."""
    key = keyring.of(connection).keys(connection, [number])[0]
    sealed = [
        value
        for table, at in OWNER.items()
        if table not in ("standing", "standing_past")
        for row in before[table]
        if row[at] == number
        for value in row
        if isinstance(value, bytes)
    ]
    named = log.of_customer(connection, number)
    records = [bytes(row[1]) for row in before["ledger_records"] if row[0] in named]
    return [each for each in [key or b"", *sealed, *records] if len(each) >= 16]


def must_be_the_same(before: Picture, after: Picture, number: int, positions: list[int]) -> None:
    """Nobody else's row of any table changed."""
    for table, at in OWNER.items():
        theirs = [row for row in before[table] if row[at] != number]
        if table == "ledger_subjects":
            theirs = [row for row in theirs if row[1] not in positions]
        assert theirs == [row for row in after[table] if row[at] != number], table
        mine = [row for row in after[table] if row[at] == number]
        assert table == "standing" or mine == [], table
    assert before["ledger_leaves"] == after["ledger_leaves"][: len(before["ledger_leaves"])]
    assert set(after["ledger_records"]) <= set(before["ledger_records"])
    assert [row for row in before["customers"] if row[0] != number] == [r for r in after["customers"] if r[0] != number]
    for table in set(before) - set(OWNER) - NOBODYS - {"ledger_leaves", "ledger_records"}:
        assert before[table] == after[table], table


def files(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    for folder in folders:
        yield from ((path, path.read_bytes()) for path in folder.rglob("*") if path.is_file())


def must_hold_nothing(secrets: list[bytes], *folders: Path) -> None:
    for path, data in files(*folders):
        found = CANARY.search(data)
        assert found is None, (path, data[max(found.start() - 80, 0) : found.end() + 80])
        assert [] == [secret for secret in secrets if secret in data], path


def opened_backup(path: Path, key: Path) -> bytes:
    """All that is in a backup, unsealed."""
    from bailee.people.key_sources import open_keyring

    with path.open("rb") as file:
        return io.BufferedReader(SealedReader(file, path.name, open_keyring(key.parent))).read()


@settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=list(HealthCheck))
@given(acts=ACTS, later=ACTS)
def test_no_file_holds_a_byte_of_them(
    shop: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capfd: pytest.CaptureFixture[str],
    acts: list[Act],
    later: list[Act],
) -> None:
    """Whatever came before: database, its log and free pages, keys, exports, a backup, and what was printed."""
    folder = tmp_path_factory.mktemp("case")
    home = folder / "shop"
    shutil.copytree(shop, home)
    with bailee.open(home, clock=Clock()) as gate:
        done(gate, folder, [("grant", 0), ("ask", 0), *acts])
        gate.status()  # derives what is due, so that only the erasure is between the pictures
        with gate.database.read() as connection:
            before, number = picture(connection), customers.number_of(connection, KEY)
            secrets, positions = secrets_of(connection, number, before), log.of_customer(connection, number)
            size = log.head(connection).size
        old = [gate.prove(position) for position in range(size)]
        gate.backup(folder / "before.backup")
        report = gate.erase(KEY)
        with gate.database.read() as connection:
            must_be_the_same(before, picture(connection), number, positions)
        done(gate, folder, [("derive", 0), *((what, 1 + who % 2) for what, who in later)])
        with pytest.raises(BaileeError):
            gate.choices(KEY)
        kept = json.dumps([gate.record(position) for position in range(gate.head().size)])
        assert CANARY.search(kept.encode()) is None
        (folder / "certificate").write_bytes(gate.certificate(report.erased[0]))
        gate.backup(folder / "after.backup")
        gate.export(folder / "exported")
        head = gate.verify()
    must_hold_nothing(secrets, home, folder / "exported")
    inside = opened_backup(folder / "after.backup", home / "keys" / "encryption.key")
    (folder / "inside").mkdir()
    (folder / "inside" / "after").write_bytes(inside)
    must_hold_nothing(secrets, folder / "inside")
    printed = capfd.readouterr()
    assert "CANARY" not in printed.out + printed.err

    for found in old:
        verify_inclusion(
            found.leaf.encode(),
            found.position,
            found.size,
            [bytes.fromhex(h) for h in found.path],
            bytes.fromhex(found.root),
        )
    keys = read_vkeys((home / "keys" / "verifiers").read_bytes())
    proved = verify_proof((folder / "certificate").read_bytes(), keys)
    assert (KEY, "erased") == ((proved.record or {})["customer"], proved.leaf["change"])

    # A backup from before brings them back to nobody.
    done_again = bailee.restore(folder / "before.backup", home, force=True, clock=Clock())
    assert 1 == done_again.erased_again
    with bailee.open(home, clock=Clock()) as gate:
        assert head.size <= gate.verify(known=head).size
        assert KEY not in [row.customer for row in gate.standing("offers")]
    shutil.rmtree(done_again.set_aside or home / "nothing")
    must_hold_nothing(secrets, home)
