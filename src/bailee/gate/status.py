"""How a workspace stands, in a page of figures."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from bailee.gate.answer import Status
from bailee.gate.promise import Promise
from bailee.gate.publishing import Versions
from bailee.gate.settings import Settings
from bailee.ledger import log
from bailee.people import erasure
from bailee.people.database import Database
from bailee.people.forecast import forecast
from bailee.people.standing import Standing
from bailee.policy.reasons import STANDING_CODES
from bailee.vocabulary import Basis

#: How far ahead it looks.
SOON = timedelta(days=30)

_NEVER_ASKED = STANDING_CODES.index("never_asked")


def status(
    home: Path,
    promise: Promise,
    database: Database,
    standing: Standing,
    settings: Settings,
    at: datetime,
    versions: Versions,
) -> Status:
    """The figures of `bailee status`."""
    compiled = promise.compiled
    with database.read() as connection:
        head = log.head(connection)
        ahead = forecast(connection, compiled, standing, at + SOON)
        count = {
            table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in ("choices", "notices")
        }
        waiting, due = len(erasure.waiting(connection)), len(erasure.due(connection))
    slots = {key: compiled.slot(key) for key in promise.policy.purposes}
    asks = [key for key, purpose in promise.policy.purposes.items() if purpose.basis is Basis.CONSENT]
    return Status(
        home=str(home.absolute()),
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
        standing={key: len(standing.members(slot)) for key, slot in slots.items()},
        unasked={key: int((standing.codes(slots[key])[1:] == _NEVER_ASKED).sum()) for key in asks},
        expiring={key: ahead.expiring[slot] for key, slot in slots.items() if slot in ahead.expiring},
        waiting=waiting,
        due=due,
        changing=ahead.changing,
        next_change=standing.next_change,
        store=database.name,
        database=settings.engine.name,
        engine=settings.engine.database is None or settings.engine.database.is_file(),
        versions=versions,
    )
