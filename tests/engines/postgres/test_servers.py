"""Several servers over one PostgreSQL: none undoes, or does again, what another has put into an allow table."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bailee
from bailee.engines.postgres.engine import Postgres
from bailee.gate.gate import Gate
from tests.postgres import Cluster
from tests.standing_shop import Shop, say

SQL = "SELECT customer_id FROM orders"


@pytest.fixture
def shop(tmp_path: Path, postgres: Cluster) -> Iterator[Shop]:
    made = Shop(tmp_path / "shop", postgres)
    made.make()
    yield made
    postgres.drop(made.url)


@pytest.fixture
def servers(shop: Shop) -> Iterator[tuple[Gate, Gate]]:
    with bailee.open(shop.home) as one, bailee.open(shop.home) as other:
        yield one, other


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only two keys are in memory at once."""
    monkeypatch.setattr("bailee.gate.sets.SOME", 2)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int | None, int]]:
    """What engines are given: the base of each change, None for a whole set, and how many keys."""
    found: list[tuple[int | None, int]] = []
    real = Postgres.allow

    def allow(self: Postgres, name: str, key_type: str, add: Any, **rest: Any) -> Any:
        found.append((rest.get("base"), len(list(add))))
        return real(self, name, key_type, add, **rest)

    monkeypatch.setattr(Postgres, "allow", allow)
    return found


def seen(gate: Gate) -> set[int]:
    return set(gate.ask(SQL, purpose="offers").arrow().column(0).to_pylist())


def written(shop: Shop) -> list[tuple[object, ...]]:
    """Each row of every allow table, with the transaction that wrote it."""
    tables = shop.read("SELECT tablename FROM pg_tables WHERE schemaname = 'bailee_allow' AND tablename LIKE 'allow_%'")
    each = [f"SELECT '{table}', subject::text, xmin::text FROM bailee_allow.{table}" for (table,) in tables]
    return sorted(shop.read(" UNION ALL ".join(each)))


@pytest.mark.usefixtures("pieces")
def test_a_server_that_starts_writes_nothing_of_what_is_there(servers: tuple[Gate, Gate], shop: Shop) -> None:
    """However many keys it reads at a time, it finds the whole set, and the first server need not put it back."""
    one, other = servers
    assert {1, 2, 3, 6} == seen(one)
    before = written(shop)
    assert 5 == len(before)
    for gate in (other, one, other):
        assert {1, 2, 3, 6} == seen(gate)
    assert before == written(shop)


@pytest.mark.usefixtures("pieces")
def test_servers_that_start_at_once_do_not_take_from_each_other(shop: Shop) -> None:
    """Each answers its first question, while all of them send the whole set again and again."""
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(4):
                with bailee.open(shop.home) as gate:
                    assert {1, 2, 3, 6} == seen(gate)
                shop.run("UPDATE bailee_allow.sequences SET state = 'another set'")
        except BaseException as error:
            errors.append(error)

    with bailee.open(shop.home) as first:
        seen(first)
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == errors


def test_a_server_that_was_behind_follows_by_what_changed(
    servers: tuple[Gate, Gate], sent: list[tuple[int | None, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes over the change that another server made while its question was on the way, and reads no more keys."""
    one, other = servers
    assert seen(one) == seen(other) == {1, 2, 3, 6}
    assert [(None, 5), (None, 5)] == sent
    sent.clear()
    engine = other._sets().engine
    real = engine.ask

    def ask(*asked: Any, **rest: Any) -> Any:
        monkeypatch.setattr(engine, "ask", real)
        say(one, 3, False)
        assert {1, 2, 6} == seen(one)
        return real(*asked, **rest)

    monkeypatch.setattr(engine, "ask", ask)
    assert {1, 2, 6} == seen(other)
    assert [0, 0] == [count for _, count in sent]
    assert None not in {base for base, _ in sent}
