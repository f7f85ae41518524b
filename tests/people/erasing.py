"""Three people with something in every table that erasure knows, and a picture of all rows to compare."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from bailee.people import choices, contacts, customers, keyring, notices, relations, schema
from bailee.people.choices import Said
from bailee.people.customers import NewCustomer
from bailee.people.database import Database
from bailee.people.imports import import_choices
from bailee.people.kinds import Kind
from tests.people.records import NOW, policy, register

ADA, BOB, CLEO = "ada-CANARY-key", "bob", "cleo"
EVIDENCE, ADDRESS, GROUNDS, HELD = "CANARY-form-7", "canary@mail.example", "CANARY weighed", "CANARY tax file"
#: What may be found of Ada after she was erased: nothing of this.
CANARIES = ("CANARY", "canary@")

Picture = dict[str, list[tuple[object, ...]]]


def settle(database: Database, folder: Path) -> str:
    """Ada, Bob, and Cleo, whose guardian Ada is: all kinds of facts; the root of the file that was imported."""
    with database.write() as connection:
        ada, bob, cleo = customers.add_many(
            connection,
            [NewCustomer(key, (NOW - timedelta(days=9000)).date(), "US-VT", NOW) for key in (ADA, BOB, CLEO)],
            NOW,
        )
        keyring.of(connection).ensure(connection, [ada, bob, cleo])
        digest = register(connection, policy(), "offers")
        relations.verify_guardian(connection, cleo, ada, NOW - timedelta(days=90))
        relations.verify_guardian(connection, ada, bob, NOW - timedelta(days=5000))
        for number, key in ((ada, ADA), (bob, BOB), (cleo, CLEO)):
            relations.contract(connection, number, NOW - timedelta(days=100))
            customers.restrict(connection, number, NOW - timedelta(days=50))
            relations.grounds(connection, number, "insight", f"{GROUNDS if number == ada else 'because'}", NOW)
            relations.hold(connection, number, "tax", HELD if number == ada else "a file", NOW - timedelta(days=400))
            relations.end_hold(connection, number, "tax", NOW - timedelta(days=300))
            contacts.put(connection, number, "email", ADDRESS if number == ada else f"{key}@mail.example")
            notices.given(connection, digest, [(number, NOW - timedelta(days=20))])
            grant = Kind("offers", "grant", "checkbox", digest)
            evidence = EVIDENCE if number == ada else f"form of {key}"
            choices.record(connection, policy(), Said(key, grant, NOW - timedelta(days=10), None, evidence), NOW)
        by_ada = Kind("offers", "grant", "signed", digest)
        choices.record(connection, policy(), Said(CLEO, by_ada, NOW - timedelta(days=9), ADA, "for the child"), NOW)
    return imported(database, folder, digest)


def imported(database: Database, folder: Path, digest: str) -> str:
    """A file with rows of everybody, one of them known already, one that Ada said for Cleo; its root."""
    path, found = folder / "choices.csv", []
    header = ("customer", "purpose", "act", "at", "instrument", "notice", "language", "evidence", "guardian")
    day = "2026-11-{:02d}T10:00:00Z".format
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(header)
        for n, key in enumerate((BOB, ADA, CLEO, ADA, BOB, ADA), 1):
            out.writerow((key, "offers", "grant", day(n), "signed", digest, "de", EVIDENCE if key == ADA else "x", ""))
        out.writerow((ADA, "offers", "grant", day(2), "signed", digest, "de", EVIDENCE, ""))  # said twice
        out.writerow((CLEO, "research", "refuse", day(8), "signed", "", "", "", ADA))
        out.writerow((BOB, "research", "refuse", day(9), "signed", "", "", "", ""))
    import_choices(
        database,
        policy(),
        path,
        NOW,
        by="ann",
        record=lambda _, batch: found.append(batch.root),
    )
    return str(found[0])


def picture(connection: Connection) -> Picture:
    """Every row of every table of people, in order."""
    return {
        name: sorted((tuple(map(_plain, row)) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")), key=repr)
        for name in schema.metadata.tables
    }


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview | bytearray) else value
