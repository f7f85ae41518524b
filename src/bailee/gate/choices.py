"""What customers say, recorded with its leaf in one transaction, and read back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.errors import FactRejected
from bailee.gate.answer import Receipt
from bailee.gate.record import Recorder, described_file
from bailee.ledger.leaves import time_text
from bailee.people import choices, customers, facts
from bailee.people.choices import Recorded, Said
from bailee.people.database import Database
from bailee.people.kinds import Kind
from bailee.vocabulary import EVERY_PURPOSE, Act, Customer, Instrument

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.people.imports import ImportBatch, ImportReport


class Choices:
    """Records and reads choices; what raises FactRejected was not recorded at all."""

    def __init__(self, database: Database, recorder: Recorder) -> None:
        self._database, self._recorder = database, recorder

    def record(self, said: Sequence[Said], now: datetime) -> list[Receipt]:
        """Record acts, all or none; when this returns, every later answer honours them."""
        for each in said:
            must_be_writable(each.customer, each.guardian, each.evidence, *each.kind)
            if each.at.tzinfo is None:
                raise FactRejected(
                    f"the time `{each.at.isoformat()}` names no zone; expected an aware time, such as UTC"
                )

        def work(connection: Connection) -> list[Receipt]:
            sequences = choices.record_many(connection, self._recorder.promise.policy, said, now)
            return [
                Receipt(sequence, self._leaf(connection, each, sequence, now))
                for each, sequence in zip(said, sequences, strict=True)
            ]

        return self._database.commit(work)

    def signal(self, customer: str, seen: int, now: datetime) -> Receipt | None:
        """Record a browser's signal against all that it is about, unless one came after the sequence `seen`."""
        must_be_writable(customer)
        said = Said(customer, Kind(EVERY_PURPOSE, str(Act.REFUSE), str(Instrument.GPC)), now)

        def work(connection: Connection) -> Receipt | None:
            if choices.signalled(connection, customers.number_of(connection, customer)) > seen:
                return None
            sequence = choices.record(connection, self._recorder.promise.policy, said, now)
            return Receipt(sequence, self._leaf(connection, said, sequence, now))

        return self._database.commit(work)

    def facts(self, customer: str) -> Customer | None:
        """All that is on record of a customer as standing judges by it; None where nobody is."""
        must_be_writable(customer)
        with self._database.read() as connection:
            number = customers.find(connection, customer)
            return None if number is None else facts.of(connection, number)

    def history(self, customer: str) -> tuple[Recorded, ...]:
        """All that a customer said, oldest first; FactRejected if there is no such customer."""
        must_be_writable(customer)
        with self._database.read() as connection:
            return tuple(choices.history(connection, customers.number_of(connection, customer)))

    def import_file(
        self, path: Path, now: datetime, by: str, *, dry_run: bool, progress: Callable[[int, int], object] | None
    ) -> ImportReport:
        """Import a CSV or Parquet file of choices, all or nothing, with one leaf for the file."""
        from bailee.people.imports import import_choices

        def record(connection: Connection, batch: ImportBatch) -> None:
            public = {"count": batch.rows, "root": batch.root}
            private = described_file(batch.file_digest, path.name, by)
            self._recorder.within(connection, "choices_imported", public, private, now)

        return import_choices(
            self._database,
            self._recorder.promise.policy,
            path,
            now,
            by=by,
            dry_run=dry_run,
            progress=progress,
            record=record,
        )

    def _leaf(self, connection: Connection, said: Said, sequence: int, now: datetime) -> int:
        kind = said.kind
        private = {
            "customer": said.customer,
            "purpose": kind.purpose,
            "act": kind.act,
            "at": time_text(said.at),
            "instrument": kind.instrument,
            "notice": kind.notice,
            "recipient": kind.recipient,
            "channel": kind.channel,
            "language": kind.language,
            "conflict_shown": kind.conflict_shown,
            "evidence": said.evidence,
        }
        about = [customers.number_of(connection, said.customer)]
        return self._recorder.within(connection, "choice", {"sequence": sequence}, private, now, about)


def must_be_writable(*texts: object) -> None:
    """Raise FactRejected for half a surrogate pair, as a command line has for a byte that is no text."""
    for text in texts:
        if isinstance(text, str) and any("\ud800" <= character <= "\udfff" for character in text):
            raise FactRejected(f"`{text!a}` holds half a surrogate pair, which is no text; expected Unicode text")
