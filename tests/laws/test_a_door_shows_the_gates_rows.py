"""Law 3. Row-level security that the gate wrote shows exactly the gate's rows, as of the last maintenance.

A role of the company's connects to a real PostgreSQL by itself. What it reads is compared with the gate's own answer by
joins, while customers choose, the company writes its tables, and maintenance runs or does not, in any order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bailee
from bailee.gate.gate import Gate
from tests.postgres import Cluster
from tests.standing_shop import DBROLE, KNOWN, Shop, say

#: What the purposes of the corpus may see clear.
SHOWN = {
    "customers": "SELECT id, name, joined FROM customers",
    "orders": "SELECT order_id, customer_id, total, coupon, placed FROM orders",
    "products": "SELECT product_id, title, kind, price FROM products",
}

CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.sampled_from(KNOWN), st.booleans()),
        st.tuples(st.just("insert"), st.sampled_from([*KNOWN, 7, None]), st.integers(0, 400)),
        st.tuples(st.just("move"), st.sampled_from(KNOWN), st.sampled_from(KNOWN)),
        st.tuples(st.just("maintain"), st.none(), st.none()),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, postgres: Cluster) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("door") / "shop", postgres)
    made.make()
    made.run(f"DROP ROLE IF EXISTS {DBROLE}", f"CREATE ROLE {DBROLE} LOGIN")
    yield made
    postgres.drop(made.url)
    postgres.run(f"DROP ROLE {DBROLE}")


@pytest.fixture(scope="module")
def gate(shop: Shop) -> Iterator[Gate]:
    with bailee.open(shop.home) as opened:
        opened.maintain()
        opened.open_door(DBROLE, purpose="offers", owner=shop.url)
        yield opened


def seen(shop: Shop, table: str) -> Counter[object]:
    return Counter(shop.read(SHOWN[table], DBROLE))


def allowed(gate: Gate, table: str) -> Counter[object]:
    answer = gate.ask(SHOWN[table], purpose="offers")
    return Counter(tuple(row.values()) for row in answer.arrow().to_pylist())


@pytest.mark.parametrize("table", SHOWN)
def test_a_door_shows_the_gates_rows(gate: Gate, shop: Shop, table: str) -> None:
    """Of each table that can be shown, and nothing that is nobody's to see."""
    gate.maintain()
    assert seen(shop, table) == allowed(gate, table)
    assert seen(shop, table)
    assert not any(word in repr(seen(shop, table)) for word in ("CANARY", "666"))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_whatever_changes(gate: Gate, shop: Shop, changes: list[tuple[str, int, int]]) -> None:
    """What it shows after maintenance is what the gate shows; before, nobody but those who stood at the last one."""
    for change, one, other in changes:
        if change == "say":
            say(gate, one, bool(other))
        elif change == "insert":
            who = "NULL" if one is None else one
            shop.run(f"INSERT INTO orders SELECT 900, {who}, {other}, 'new', now() - interval '{other} days', ''")
        elif change == "move":
            shop.run(f"UPDATE orders SET customer_id = {one} WHERE customer_id = {other} AND order_id = 900")
        else:
            gate.maintain()
    gate.maintain()
    for table in SHOWN:
        assert seen(shop, table) == allowed(gate, table)


def test_a_withdrawal_counts_from_maintenance_on(gate: Gate, shop: Shop) -> None:
    """Until then a door shows what was right before, for its lag at most; the gate counts it at once."""
    say(gate, 1, True)
    gate.maintain()
    before = seen(shop, "orders")
    assert 1 in {row[1] for row in before}
    say(gate, 1, False)
    assert before == seen(shop, "orders")
    assert 1 not in {row[1] for row in allowed(gate, "orders")}
    gate.maintain()
    assert 1 not in {row[1] for row in seen(shop, "orders")}
    assert seen(shop, "orders") == allowed(gate, "orders")


def test_rows_outlive_no_keep(gate: Gate, shop: Shop) -> None:
    """What has just passed the time that the purpose may keep it is gone, at the gate's own edge."""
    say(gate, 2, True)
    gate.maintain()
    for at, edge in ((801, "1 minute"), (802, "-1 minute")):
        shop.run(
            f"INSERT INTO orders SELECT {at}, 2, 5, 'e', (now() AT TIME ZONE 'UTC') - interval '1 year {edge}', ''"
        )
    assert {802} == {row[0] for row in seen(shop, "orders")} & {801, 802}
    assert seen(shop, "orders") == allowed(gate, "orders")


def test_another_policy_shuts_it(tmp_path_factory: pytest.TempPathFactory, postgres: Cluster) -> None:
    """Bits of an old policy are never read as those of a new one, nor a door of the old one opened by the new bits."""
    shop = Shop(tmp_path_factory.mktemp("shut") / "shop", postgres)
    shop.make()
    shop.run("DROP ROLE IF EXISTS reporter", "CREATE ROLE reporter LOGIN")
    with bailee.open(shop.home) as gate:
        gate.maintain()
        gate.open_door("reporter", purpose="offers", owner=shop.url)
        assert shop.read("SELECT count(*) FROM orders", "reporter") != [(0,)]
        assert not gate.examine().findings
    policy = shop.home / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("keep: 1 year", "keep: 6 months"), encoding="utf-8")
    with bailee.open(shop.home) as gate:
        gate.maintain()
        assert shop.read("SELECT count(*) FROM orders", "reporter") == [(0,)]
        assert any("shut" in finding.found for finding in gate.examine().findings)
        gate.open_door("reporter", purpose="offers", owner=shop.url)
        assert not gate.examine().findings
        assert shop.read("SELECT count(*) FROM orders", "reporter") != [(0,)]
    shop.run("UPDATE bailee_keeping.columns SET as_of = as_of - interval '6 minutes'")
    assert shop.read("SELECT count(*) FROM orders", "reporter") == [(0,)]
    postgres.drop(shop.url)
    postgres.run("DROP ROLE reporter")
