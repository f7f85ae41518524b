"""Standing columns while the company writes: at every moment, each row has its customer's bits and no others."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import psycopg
import pytest

import bailee
from bailee.errors import EngineError
from bailee.people import customers
from tests.postgres import Cluster
from tests.standing_shop import Shop, say

SECONDS = float(os.environ.get("BAILEE_SOAK_SECONDS", "4"))
#: Rows whose bits are not their customer's, in one snapshot; none while there is a mark.
WRONG = (
    "SELECT t.order_id, t.customer_id, t.bailee_standing, s.bits FROM orders t LEFT JOIN bailee_keeping.standing s "
    "ON s.subject = t.customer_id::text WHERE t.bailee_standing IS DISTINCT FROM coalesce(s.bits, 0) "
    "AND NOT EXISTS (SELECT FROM bailee_keeping.columns WHERE mark IS NULL)"
)


@pytest.fixture
def shop(tmp_path: Path, postgres: Cluster) -> Iterator[Shop]:
    made = Shop(tmp_path / "shop", postgres)
    made.make()
    yield made
    postgres.drop(made.url)


def write(
    shop: Shop, luck: Random, stop: threading.Event, failed: list[str], isolation: psycopg.IsolationLevel
) -> None:
    """Transactions of some inserts and changes of hands, of people known and unknown, some taken back."""
    with psycopg.connect(shop.url) as con:
        con.isolation_level = isolation
        while not stop.is_set():
            try:
                for _ in range(luck.randrange(1, 4)):
                    who, number = luck.choice([*range(1, 15), None]), luck.randrange(1000, 1200)
                    if luck.random() < 0.6:
                        con.execute("INSERT INTO orders VALUES (%s, %s, 1, 'x', now(), '')", (number, who))
                    else:
                        con.execute("UPDATE orders SET customer_id = %s WHERE order_id = %s", (who, number))
                    time.sleep(luck.random() / 50)
                con.commit() if luck.random() < 0.8 else con.rollback()
            except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected) as error:
                con.rollback()
                # Writers of the same rows in another order lock each other out whatever Bailee does.
                if isolation is psycopg.IsolationLevel.READ_COMMITTED and "orders" not in str(error):
                    failed.append(str(error))


def test_bits_are_right_at_every_moment(shop: Shop) -> None:
    """Writers, choices, people who come, and maintenance, all at once."""
    luck, stop, failed = Random(7), threading.Event(), list[str]()
    levels = [psycopg.IsolationLevel.READ_COMMITTED] * 3 + [psycopg.IsolationLevel.REPEATABLE_READ]
    with bailee.open(shop.home) as gate:
        gate.maintain()
        writers = [
            threading.Thread(target=write, args=(shop, Random(at), stop, failed, level))
            for at, level in enumerate(levels)
        ]
        for each in writers:
            each.start()
        kept, there, until = 0, 6, time.monotonic() + SECONDS
        try:
            while time.monotonic() < until:
                if there < 12 and luck.random() < 0.2:
                    there += 1
                    with gate.database.write() as connection:
                        customers.add_many(connection, [customers.NewCustomer(str(there))], gate.clock())
                say(gate, luck.randrange(1, there + 1), luck.random() < 0.5)
                try:
                    kept += not gate.maintain().whole
                except EngineError as error:
                    if "locked" not in str(error):
                        raise
                assert [] == shop.read(WRONG)
        finally:
            stop.set()
            for each in writers:
                each.join()
        gate.maintain()
        assert [] == shop.read(WRONG)
        assert [] == failed
        assert kept > 3
        answer = gate.ask("SELECT order_id, customer_id FROM orders", purpose="offers")
        assert answer.ways[0].by == "column"
        shop.run("UPDATE bailee_keeping.columns SET mark = 'other'")
        joined = gate.ask("SELECT order_id, customer_id FROM orders", purpose="offers")
        assert joined.ways[0].by == "mask"
        rows = [sorted(map(repr, each.arrow().to_pylist())) for each in (answer, joined)]
        assert rows[0] == rows[1]
