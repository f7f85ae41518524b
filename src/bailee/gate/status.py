"""How a workspace stands, in a page of figures."""

from __future__ import annotations

from pathlib import Path

from bailee.gate.answer import Status
from bailee.gate.promise import Promise
from bailee.gate.settings import Settings
from bailee.ledger import log
from bailee.people.database import Database
from bailee.people.standing import Standing


def status(home: Path, promise: Promise, database: Database, standing: Standing, settings: Settings) -> Status:
    """The figures of `bailee status`."""
    with database.read() as connection:
        head = log.head(connection)
        count = {
            table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in ("choices", "notices")
        }
    compiled = promise.compiled
    stands = {key: len(standing.members(compiled.slot(key))[0]) for key in promise.policy.purposes}
    return Status(
        home=str(home),
        company=promise.policy.company,
        version=promise.policy.version,
        policy=promise.digest,
        datamap=promise.map_digest,
        customers=len(standing),
        choices=count["choices"],
        notices=count["notices"],
        ledger=head.size,
        root=head.root.hex(),
        sequence=standing.sequence,
        standing=stands,
        database=str(settings.database),
    )
