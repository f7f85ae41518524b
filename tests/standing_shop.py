"""The tables of `tests.placed` on a PostgreSQL server, with standing columns, and a gate over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg

import bailee
from bailee.gate.gate import Gate
from bailee.people import customers, notices
from bailee.policy.terms import terms_of
from tests.placed import ROWS, Rows, as_user, in_postgres
from tests.postgres import Cluster

HERE = Path(__file__).parent / "laws" / "engines"
KEEPER, DBROLE = "kim", "tool"
KNOWN, STAND = (1, 2, 3, 4, 5, 6), (1, 2, 3, 5, 6)
#: When the rows were made, as the tests of `tests.placed` take it.
_THEN = datetime(2026, 11, 22, 12)


def rows_of_now() -> Mapping[str, Rows]:
    """The rows as if they had been made lately, whenever that is."""
    shift = timedelta(days=(datetime.now(UTC).replace(tzinfo=None) - _THEN).days)

    def moved(value: object) -> object:
        return value + shift if isinstance(value, date | datetime) else value

    return {name: [tuple(map(moved, row)) for row in rows] for name, rows in ROWS.items()}


def standing_map() -> bytes:
    """The data map of the corpus, in which customers and orders have standing columns."""
    text = (HERE / "datamap.yaml").read_text(encoding="utf-8")
    for subject in ("id, at: joined", "customer_id, at: placed"):
        assert f"subject: {subject}" in text
        text = text.replace(f"subject: {subject}", f"subject: {subject}, standing: bailee_standing")
    return text.encode()


class Shop:
    """A gate, and the database as its superuser and as others see it."""

    def __init__(self, home: Path, cluster: Cluster) -> None:
        self.home, self.cluster = home, cluster
        self.url = cluster.new()
        self.name = self.url.split("/")[3].split("?")[0]

    def make(self, policy: bytes | None = None) -> None:
        """The tables, the workspace, and the rights that `bailee engines grants` prints."""
        in_postgres(self.url, rows_of_now())
        self.home.mkdir()
        (self.home / "bailee.toml").write_text(f'[engine]\nkind = "postgres"\nurl = "{as_user(self.url, KEEPER)}"\n')
        with bailee.create(self.home, policy or (HERE / "policy.yaml").read_bytes(), standing_map()) as gate:
            enrol(gate)
            self.run(*gate.grants())

    def run(self, *statements: str) -> None:
        """Run statements as the superuser, each by itself."""
        with psycopg.connect(self.url, autocommit=True) as con:
            for statement in statements:
                con.execute(statement.encode())

    def read(self, sql: str, user: str = "postgres") -> list[tuple[object, ...]]:
        """Rows, as a user sees them."""
        with self.connected(user) as con:
            cursor = con.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def connected(self, user: str = "postgres", **options: bool) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """A connection of a user's."""
        with psycopg.connect(as_user(self.url, user), autocommit=options.get("autocommit", True)) as con:
            yield con


def enrol(gate: Gate) -> None:
    """Put the customers on record with what they said to every purpose."""
    asked = gate.clock()
    with gate.database.write() as connection:
        customers.add_many(connection, [customers.NewCustomer(str(n)) for n in KNOWN], asked)
        for key, purpose in gate.promise.policy.purposes.items():
            notices.register(connection, terms_of(gate.promise.policy, purpose), key, "en", f"About {key}.", asked)
    for number in KNOWN:
        for purpose in gate.promise.policy.purposes:
            say(gate, number, number in STAND, purpose)


def say(gate: Gate, number: int, yes: bool, purpose: str = "offers") -> None:
    """A customer grants or withdraws."""
    if yes:
        notice = gate.notice(purpose).digest
        gate.choose(number, "grant", purpose, instrument="checkbox", notice=notice)
    else:
        gate.choose(number, "withdraw", purpose)
