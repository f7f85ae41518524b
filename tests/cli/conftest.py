"""A real shop: a workspace in a temporary folder, six customers on record, a small DuckDB database with evil names."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from bailee.people import customers, notices, relations
from bailee.people.database import open_database
from bailee.policy.document import load_policy
from bailee.policy.terms import terms_of
from tests.cli.commands import bailee as run

CUSTOMERS = ("ada", "bea", "cem", "dan", "eve", "-fay")
EVIL = "\x1b[2J\x1b]0;owned\x07tea"


@dataclass(frozen=True)
class Shop:
    """A workspace and the digests of its notices by purpose."""

    home: Path
    notices: dict[str, str]

    def run(self, *words: object, **environment: str):  # type: ignore[no-untyped-def]
        """Run a command in this workspace."""
        return run(*words, BAILEE_HOME=str(self.home), **environment)

    def grant(self, customer: str, purpose: str = "personal_offers") -> None:
        done = self.run("choices", customer, "grant", purpose, "--notice", self.notices[purpose])
        assert done.exit_code == 0, done.output


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop that tests copy and never touch."""
    home = tmp_path_factory.mktemp("made") / "shop"
    done = run("init", home)
    assert done.exit_code == 0, done.output
    _load(home / "warehouse.duckdb")
    return Shop(home, _enrol(home))


@pytest.fixture
def shop(made: Shop, tmp_path: Path) -> Shop:
    """A shop of one's own, in which `ada`, `bea` and `cem` agreed to personal offers."""
    home = tmp_path / "shop"
    shutil.copytree(made.home, home)
    return Shop(home, made.notices)


def _load(path: Path) -> None:
    """Sixty orders of one line each within the last 60 days, ten for each customer."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with duckdb.connect(path) as database:
        database.execute(
            "CREATE TABLE customers "
            "(customer_id VARCHAR, name VARCHAR, email VARCHAR, street VARCHAR, postcode VARCHAR)"
        )
        database.execute("CREATE TABLE orders (order_id INTEGER, customer_id VARCHAR, ordered_at TIMESTAMP)")
        database.execute(
            "CREATE TABLE order_lines (order_id INTEGER, product_id INTEGER, quantity INTEGER, price DECIMAL(9, 2))"
        )
        database.execute("CREATE TABLE products (product_id INTEGER, name VARCHAR, department VARCHAR)")
        database.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, 'Main Street 1', '12345')",
            [(key, f"={key}", f"{key}@example.org") for key in CUSTOMERS],
        )
        database.executemany("INSERT INTO products VALUES (?, ?, ?)", [(1, EVIL, "GROCERY"), (2, None, "GROCERY")])
        for n in range(60):
            at = now - timedelta(days=n, hours=1)
            database.execute("INSERT INTO orders VALUES (?, ?, ?)", (n, CUSTOMERS[n % 6], at))
            database.execute("INSERT INTO order_lines VALUES (?, ?, 1, ?)", (n, 1 + n % 2, f"{n}.50"))


def _enrol(home: Path) -> dict[str, str]:
    now = datetime.now(UTC)
    policy = load_policy(home / "policy.yaml")
    database = open_database(home / "state.db")
    with database.write() as connection:
        numbers = customers.add_many(connection, [customers.NewCustomer(key) for key in CUSTOMERS], now)
        relations.contracts(connection, [(number, now - timedelta(days=400), None) for number in numbers])
        registered = {
            key: notices.register(connection, terms_of(policy, purpose), key, "en", purpose.why, now)
            for key, purpose in policy.purposes.items()
        }
    database.close()
    shop = Shop(home, registered)
    for key in CUSTOMERS[:3]:
        shop.grant(key)
    return registered
