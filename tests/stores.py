"""Databases of Bailee's in both kinds of store."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from bailee.ledger import log
from bailee.people.database import Database, open_database
from bailee.people.keyring import Keyring

#: What seals in databases that have no folder of keys beside them; every process of a test has the same.
KEYRING = Keyring([sha256(b"of tests only").digest()])

#: The database on PostgreSQL of which tests get copies.
TEMPLATE = "template_bailee"


def make(where: Path | str) -> Database:
    """A new database with the tables of people and ledger."""
    return open_database(where, create=True, extra=[log.create], keyring=KEYRING)


def again(where: Path | str) -> Database:
    """A database that `make` made, opened once more, as another process would."""
    return open_database(where, extra=[log.create], keyring=KEYRING)
