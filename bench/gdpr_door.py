"""The door that operations on metadata by reference go through: Bailee's gate, or one that stands open.

The gate's clocks go only while its store has its turn: a minute of a checker is a minute of its own work.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bench.gdpr_records import PURPOSES, USERS, metadata

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Connection

    from bailee.decide.points import Checker
    from bailee.gate.gate import Gate

LINES = 1000
BEGIN = datetime(2026, 11, 22, 12, tzinfo=UTC)
LAW = "Regulation (EU) 2016/679, articles 15 to 21 and 30"
#: Whoever is no processor serves one of these; a processor serves the purpose of the record.
SERVES = {"customer": "access", "controller": "keeping", "regulator": "supervision"}


class Door(Protocol):
    """Decides and records; `minds` says whether a record's own objection counts too."""

    minds: bool

    def may(self, use: str, customer: str) -> bool:
        """Whether a customer's data may be used for a purpose, or for what a role serves."""
        ...

    def choose(self, customer: str, act: str, purpose: str) -> None:
        """Record what a customer says."""
        ...

    def changed(
        self, customers: Sequence[str], field: str, value: object, statement: str, values: Sequence[object]
    ) -> None:
        """Run a statement that changes what is known of customers, and record it."""
        ...

    def everybody(self, what: dict[str, object], statement: str, values: Sequence[object]) -> int:
        """Run a statement that changes anybody's records, record it, and say how many rows it changed."""
        ...

    def logs(self) -> list[bytes]:
        """The newest entries."""
        ...

    def proven(self) -> None:
        """See that the last use of everybody's data is in the ledger."""
        ...

    def settle(self) -> None:
        """Record what is still to be recorded."""
        ...

    def entries(self) -> int:
        """How many are recorded."""
        ...

    def close(self) -> None:
        """Let go of the record."""
        ...


class Open:
    """Lets everything be done and records nothing."""

    minds = False

    def __init__(self, connection: Callable[[], psycopg.Connection[object]]) -> None:
        self._connection = connection

    def may(self, use: str, customer: str) -> bool:
        return True

    def choose(self, customer: str, act: str, purpose: str) -> None:
        pass

    def changed(
        self, customers: Sequence[str], field: str, value: object, statement: str, values: Sequence[object]
    ) -> None:
        self._connection().execute(statement.encode(), values)

    def everybody(self, what: dict[str, object], statement: str, values: Sequence[object]) -> int:
        return self._connection().execute(statement.encode(), values).rowcount

    def logs(self) -> list[bytes]:
        return []

    def proven(self) -> None:
        pass

    def settle(self) -> None:
        pass

    def entries(self) -> int:
        return 0

    def close(self) -> None:
        pass


class Turns:
    """Clocks that go only while it is their store's turn."""

    def __init__(self) -> None:
        self._passed, self._since = 0.0, 0.0
        self._going = False

    def go(self) -> None:
        self._going, self._since = True, time.monotonic()

    def stop(self) -> None:
        self._passed, self._going = self.monotonic(), False

    def monotonic(self) -> float:
        return self._passed + (time.monotonic() - self._since if self._going else 0.0)

    def clock(self) -> datetime:
        return BEGIN + timedelta(seconds=self.monotonic())


class Governed:
    """Bailee's gate, in production's own ways: checkers by the minute, choices, leaves in one transaction."""

    minds = True

    def __init__(self, gate: Gate, notices: dict[str, str]) -> None:
        from bailee.gate.record import Recorder

        self.gate, self._notices = gate, notices
        self._recorder = Recorder(gate.database, gate.promise)
        self._checks: dict[str, Checker] = {}
        self._keeping = gate.rule(SERVES["controller"])
        self._last = -1

    def may(self, use: str, customer: str) -> bool:
        check = self._checks.get(use)
        if check is None:
            check = self._checks[use] = self.gate.checker(SERVES.get(use, use))
        return check.may(customer).permitted

    def choose(self, customer: str, act: str, purpose: str) -> None:
        self.gate.choose(customer, act, purpose, notice=self._notices[purpose] if act == "grant" else None)

    def changed(
        self, customers: Sequence[str], field: str, value: object, statement: str, values: Sequence[object]
    ) -> None:
        from bailee.people.customers import number_of

        statement = statement.replace("%s", "?")
        record = {"change": "changed", "what": "metadata", "customers": [*customers], "field": field, "value": value}

        def work(connection: Connection) -> int:
            connection.exec_driver_sql(statement, tuple(values))
            about = [number_of(connection, each) for each in dict.fromkeys(customers)]
            return self._recorder.within(
                connection, "customer", {"change": "changed"}, record, self.gate.clock(), about
            )

        self.gate.database.commit(work)

    def everybody(self, what: dict[str, object], statement: str, values: Sequence[object]) -> int:
        from bailee.gate.record import REWRITER, described

        at, ruling = self.gate.clock(), self._keeping
        # As `Recorder.use` has it, where nobody's standing is looked at: a duty has everybody's records.
        public = {
            **self._recorder.named(ruling),
            "decision": "answered",
            "about": "all",
            "policy": ruling.policy,
            "map": self.gate.promise.map_digest,
            "rewriter": REWRITER,
            "standing_sequence": None,
            "standing_root": None,
            "as_of": at,
        }

        def work(connection: Connection) -> tuple[int, int]:
            self._recorder.must_be_in_force(connection, ruling.policy, at)
            position = self._recorder.within(connection, "use", public, {**described(ruling), **what}, at)
            return position, connection.exec_driver_sql(statement.replace("%s", "?"), tuple(values)).rowcount

        self._last, changed = self.gate.database.commit(work)
        return changed

    def logs(self) -> list[bytes]:
        from bailee.ledger import log

        with self.gate.database.read() as connection:
            size = log.head(connection).size
            return list(log.leaves_at(connection, max(0, size - LINES), size))

    def proven(self) -> None:
        self.gate.prove(self._last)

    def settle(self) -> None:
        for check in self._checks.values():
            check.close()
        self._checks.clear()

    def entries(self) -> int:
        return self.gate.head().size

    def close(self) -> None:
        self.gate.close()


def governed(home: Path, url: str, turns: Turns, users: int = USERS) -> Governed:
    """A workspace whose state is in this PostgreSQL database: every customer agreed to the purpose of their records."""
    import bailee
    from bailee.gate.gate import Gate
    from bailee.gate.settings import load_settings
    from tests.gate.shop import database_of

    with bailee.create(home, policy(), datamap(), store=url, clock=turns.clock) as gate:
        notices = {key: gate.add_notice(key, f"We ask about {key}.").digest for key in gate.promise.policy.purposes}
        people, said = home.parent / f"{home.name}-people.csv", home.parent / f"{home.name}-choices.csv"
        with people.open("w", newline="") as file:
            csv.writer(file).writerows([["key"], *([f"user{user}"] for user in range(users))])
        with said.open("w", newline="") as file:
            csv.writer(file).writerows([["customer", "purpose", "act", "at", "instrument", "notice"]])
            csv.writer(file).writerows(_agreed(user, users, notices) for user in range(users))
            csv.writer(file).writerows(
                _row(user, "decisions", notices) for user in range(users) if metadata(user, users)[4] == "dec1"
            )
        gate.import_customers(people)
        gate.import_choices(said)
    database = database_of(home)
    gate = Gate(home, database, load_settings(home), clock=turns.clock, monotonic=turns.monotonic)
    gate.status()  # standing is derived and read
    return Governed(gate, notices)


def _agreed(user: int, users: int, notices: dict[str, str]) -> list[str]:
    return _row(user, str(metadata(user, users)[0]), notices)


def _row(user: int, purpose: str, notices: dict[str, str]) -> list[str]:
    at = f"{BEGIN - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    return [f"user{user}", purpose, "grant", at, "checkbox", notices[purpose]]


def policy() -> bytes:
    """GDPRbench's purposes on consent, decisions about people too, and the duties that no choice ends."""
    said = {"why": "To measure what it costs.", "customer_gains": "Nothing.", "company_gains": "A figure."}
    reads = {"reads": {"user": "clear"}, "keep": "2 years"}
    asked = {"basis": "consent", "use": "essential.service.operations.improve", **said, **reads}
    owed = {"basis": "legal_obligation", "law": LAW, "use": "essential.legal_obligation", **said, **reads}
    purposes: dict[str, object] = {
        f"purpose{n}": {"title": f"Purpose {n}", "effects": ["serve"], **asked} for n in range(PURPOSES)
    }
    purposes["decisions"] = {"title": "Decisions by machine", "effects": ["adverse"], **asked}
    for key in SERVES.values():
        purposes[key] = {"title": key.capitalize(), "effects": ["serve"], **owed}
    return json.dumps({"bailee": 1, "company": "A shop of figures", "version": "1", "purposes": purposes}).encode()


def datamap() -> bytes:
    """The records, each of the customer of its lot."""
    lots = _collection("lots", ("id", "terms"), {"subject": "usr", "at": "none"})
    lots["fields"].append({"name": "usr", "data_categories": ["user.unique_id"]})
    records = _collection(
        "records", ("key", "lot", "data"), {"subject": {"via": "lots.id", "column": "lot"}, "at": "none"}
    )
    return json.dumps({"dataset": [{"fides_key": "gdpr", "name": "Records", "collections": [lots, records]}]}).encode()


def _collection(name: str, columns: Sequence[str], bailee: dict[str, object]) -> dict[str, Any]:
    fields = [{"name": column, "data_categories": ["user.behavior"]} for column in columns]
    return {"name": name, "fields": fields, "fides_meta": {"bailee": bailee}}
