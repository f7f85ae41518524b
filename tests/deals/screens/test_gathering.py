"""What a screen knows is what the company's tables hold, asked of the gate and nowhere else."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bailee.deals import gathering
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.gathering import gather
from bailee.deals.model import Wanted
from bailee.errors import Refused
from bailee.gate.gate import Gate
from bailee.vocabulary import Actor
from tests.deals.screens import shop
from tests.gate.shop import Clock

#: Worked out by DuckDB alone: a row reveals what its product does, and what is not known reveals all that could be.
REVEALS = (
    "SELECT o.customer_id, o.product_id, o.total, coalesce(p.kind = 'TEST', true) FROM orders o LEFT JOIN products p "
    "ON p.product_id = o.product_id"
)


def plainly(home: Path, sql: str) -> Counter[tuple[Any, ...]]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        return Counter(con.execute(sql).fetchall())


def rows(evidence: Evidence, key: str, *names: str) -> Counter[tuple[Any, ...]]:
    table = evidence.sent[key]
    return Counter(zip(*(table[name].to_pylist() for name in names), evidence.reveals[key].to_pylist(), strict=True))


def asked(gate: Gate, **wanted: Wanted) -> Evidence:
    return gather(gate, shop.deal(wanted=wanted), actor=shop.COUNSEL, seed=1).evidence


def test_a_table_comes_whole_and_each_row_says_what_it_reveals(offered: Evidence, built: Path) -> None:
    """Rows, and which of them reveal, are those that DuckDB gives by itself."""
    assert plainly(built, REVEALS) == rows(offered, "orders", "customer_id", "product_id", "total")
    lists = offered.revealed["orders"].to_pylist()
    assert [["user.health_and_medical"] if each else [] for each in offered.reveals["orders"].to_pylist()] == lists


def test_a_question_s_rows_say_it_too(gate: Gate, home: Path) -> None:
    """So they do where the product itself is not among the columns."""
    evidence = asked(
        gate, some=Wanted("some", question="SELECT o.customer_id, o.total FROM orders o", customer="customer_id")
    )
    alike = plainly(
        home, f"SELECT customer_id, total, bool_or(e) FROM ({REVEALS}) r(customer_id, p, total, e) GROUP BY 1, 2"
    )
    each = {row[:2]: row[2] for row in alike}
    assert all(each[row[:2]] == row[2] for row in rows(evidence, "some", "customer_id", "total"))
    assert {} == dict(evidence.lacking)


def test_totals_reveal_where_a_row_in_them_does(gate: Gate, home: Path) -> None:
    """A customer's total is another without their test, so it says that there is one."""
    sql = "SELECT customer_id, sum(total) AS total FROM orders GROUP BY customer_id"
    evidence = asked(gate, sums=Wanted("sums", question=sql, customer="customer_id"))
    revealing = plainly(home, f"SELECT DISTINCT customer_id FROM ({REVEALS}) r(customer_id, p, t, e) WHERE e")
    found = {row[0] for row in rows(evidence, "sums", "customer_id") if row[1]}
    assert {row[0] for row in revealing} == found


def test_parts_make_the_same_whole(gate: Gate, offered: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for by ranges of customers, nobody's rows are missing or there twice."""
    monkeypatch.setattr(gathering, "PART", 50)
    parts = gather(gate, shop.deal(), actor=shop.COUNSEL, seed=7)
    names = ("customer_id", "product_id", "total", CUSTOMER)
    assert rows(offered, "orders", *names) == rows(parts.evidence, "orders", *names)
    assert 5 < len(parts.receipts)


def test_everybody_has_one_number_and_their_own_facts(offered: Evidence) -> None:
    """Ages, places, standing, notices and last acts are those that the shop was made with."""
    sent = offered.sent["orders"]
    keys = dict(zip(sent[CUSTOMER].to_pylist(), sent["customer_id"].to_pylist(), strict=True))
    people = offered.standing["research"].to_pylist()
    assert sorted(keys) == list(range(shop.CUSTOMERS))
    for number, key in keys.items():
        each = people[number]
        assert each["stands"] == (key <= 30)
        assert each["told"] == (key <= 35)
        assert each["chose"] == ("grant" if key <= 30 else "refuse" if key <= 35 else None)
        assert offered.people["age"][number].as_py() == (None if key > 55 else 10 if key > 50 else 66 - key // 2)
        assert offered.people["place"][number].as_py() == ("US-OH" if key <= 40 else "DE")
    assert not any(offered.people["stands"].to_pylist())


def test_another_purpose_has_its_own_standing(offered: Evidence) -> None:
    """A version of the deal for another purpose is judged by who stands for that."""
    other = offered.version(shop.deal(purpose="research"))
    assert 30 == sum(other.people["stands"].to_pylist())
    assert offered.people[CUSTOMER].equals(other.people[CUSTOMER])


def test_each_look_is_an_entry(gate: Gate) -> None:
    """Whoever looks for a deal is on record with every question, under the purpose that weighs offers."""
    before = gate.head().size
    gathered = gather(gate, shop.deal(), actor=shop.COUNSEL, seed=1)
    assert list(gathered.receipts) == list(range(before, gate.head().size))
    leaves = [gate.leaf(each) for each in gathered.receipts]
    assert {("use", "weigh", "answered")} == {(each["kind"], each["purpose"], each["decision"]) for each in leaves}
    assert any((gate.record(each) or {}).get("without") == ["user.health_and_medical"] for each in gathered.receipts)


def test_a_column_that_may_not_be_seen_is_told_as_lacking(gate: Gate) -> None:
    """What the company itself may not see is not guessed: the table lacks, with the reason."""
    evidence = asked(gate, notes=Wanted("notes", table="orders", columns=("note",)))
    assert ["notes"] == list(evidence.lacking)
    assert "`note` of `orders`" in evidence.lacking["notes"]
    assert {} == dict(evidence.sent)


def test_a_star_that_skips_is_lacking_too(gate: Gate) -> None:
    """`*` leaves out what may not be seen, and so would what is measured."""
    evidence = asked(gate, all=Wanted("all", question="SELECT * FROM orders", customer="customer_id"))
    assert "`weigh` may not see `note` of `orders`" in evidence.lacking["all"]


def test_rows_of_customers_need_their_key(gate: Gate) -> None:
    """A question about people that does not say whose rows they are is not measured."""
    evidence = asked(gate, all=Wanted("all", question="SELECT total FROM orders"))
    assert "name the column with their key" in evidence.lacking["all"]


def test_a_mistaken_question_is_lacking(gate: Gate) -> None:
    """So is one that names no table there is."""
    evidence = asked(gate, all=Wanted("all", question="SELECT x FROM nowhere", customer="x"))
    assert "nowhere" in evidence.lacking["all"]


def test_who_may_not_weigh_offers_sees_nothing(gate: Gate) -> None:
    """Without the role the first look is refused, and that is recorded."""
    before = gate.head().size
    with pytest.raises(Refused, match="is for the roles counsel"):
        gather(gate, shop.deal(), actor=Actor("Sam", frozenset({"analyst"})), seed=1)
    assert before + 1 == gate.head().size
    assert "refused" == gate.leaf(before)["decision"]


def test_a_narrower_look_leaves_no_trace(gate: Gate) -> None:
    """The same question asked without the rows that reveal, and again with them, has them: nothing kept is mixed up."""
    question = "SELECT count(*) AS n FROM orders"

    def asked(*without: str) -> int:
        answer = gate.ask_narrower(question, purpose="weigh", without=without, actor=shop.COUNSEL)
        return int(answer.arrow()["n"][0].as_py())

    whole = asked()
    assert asked("user.health_and_medical") < whole
    assert whole == asked() == gate.ask(question, purpose="weigh", actor=shop.COUNSEL).arrow()["n"][0].as_py()
    assert asked("user.health_and_medical") < whole


def _old(home: Path, years: float) -> None:
    """An order of so long ago."""
    day = shop.NOW.date() - timedelta(days=round(365 * years))
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute("INSERT INTO orders VALUES (1, 1, 4711, ?, '')", [day])


def test_rows_are_those_that_the_deal_would_send(home: Path) -> None:
    """M23: the company may look at ten years to weigh an offer; of a deal that sends a year it looks at a year."""
    _old(home, 2)
    with shop.opened(home, Clock(shop.NOW)) as gate:
        answer = gate.ask("SELECT max(total) AS n FROM orders", purpose="weigh", actor=shop.COUNSEL)
        evidence = gather(gate, shop.deal(), actor=shop.COUNSEL, seed=1).evidence
        record = gate.record(gate.head().size - 1)
    assert 4711 == answer.arrow()["n"][0].as_py()
    assert 4711 not in evidence.sent["orders"]["total"].to_pylist()
    assert record is not None
    assert "1 year" == record["younger"]


def test_older_rows_than_the_company_may_look_at_are_lacking(home: Path) -> None:
    """M23: where the deal would send rows that nobody may look at first, it is not known what they give away."""
    policy = shop.POLICY.replace(b"keep: 10 years", b"keep: 3 months").replace(b"version: 1", b"version: 2")
    (home / "policy.yaml").write_bytes(policy)
    with shop.opened(home, Clock(shop.NOW)) as gate:
        gate.publish_policy(home / "policy.yaml")
        evidence = gather(gate, shop.deal(), actor=shop.COUNSEL, seed=1).evidence
    assert "let the first `keep` rows as long as the second" in evidence.lacking["orders"]
    assert "`weigh` sees no rows before 2026-08-22" in evidence.lacking["orders"]
