"""Releases of figures a week apart: what somebody bought in between, and whether the difference would tell it."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as parquet
import pytest

import bailee
from bailee.deals import releasing
from bailee.deals.releasing import Asked, Released
from bailee.decide import Ruling
from bailee.deid import sketches
from bailee.errors import FactRejected, Refused, RowsExceeded
from bailee.gate.answer import Answer
from bailee.gate.disclosing import Disclosing
from bailee.gate.gate import Gate
from bailee.ledger import log
from bailee.people import customers, deals, keyring
from bailee.vocabulary import Actor
from tests.deals import grocer
from tests.deals import shop as made
from tests.deals.shop import COUNSEL, FIGURES, NOW, agreed, deal_text, opened
from tests.gate.shop import Clock, codes

pyrage = pytest.importorskip("pyrage")
OWN = pyrage.x25519.Identity.generate()
TO = str(OWN.to_public())
WEEK = timedelta(days=7)
ANALYST = Actor("Cora Counsel", frozenset({"counsel", "analyst"}))
#: A new purchase: who, where, for how much.
Bought = tuple[int, str, str]

COUNTED = {
    **FIGURES,
    "deal": "store-days",
    "recipient": "supplier",
    "asked": {
        "days": {
            "title": "Spent by store and month",
            "question": "SELECT store, date_trunc('year', placed) AS year, sum(total) AS spent FROM orders "
            "GROUP BY store, date_trunc('year', placed)",
            "by": ["store", "year"],
        }
    },
}


def bought(home: Path, new: Sequence[Bought], days: float = 6) -> None:
    """Write purchases into the shop's own file."""
    at = NOW.replace(tzinfo=None) + timedelta(days=days)
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        for number, store, total in new:
            con.execute("INSERT INTO orders VALUES (?, ?, ?, ?)", [number, Decimal(total), store, at])


def release(gate: Gate, text: str) -> Released:
    out = gate.home.parent / "out"
    out.mkdir(exist_ok=True)
    return releasing.release(gate, agreed(gate, text), Asked(TO, out), actor=COUNSEL)


def rows(done: Released, name: str = "stores") -> dict[object, Decimal]:
    path = done.folder / f"{name}.parquet.age"
    table: pa.Table = parquet.read_table(io.BytesIO(pyrage.decrypt(path.read_bytes(), [OWN])))
    return dict(zip(table["store"].to_pylist(), table["spent"].to_pylist(), strict=True))


def two(home: Path, new: Sequence[Bought], first: str, second: str, days: float = 6) -> tuple[Released, Released]:
    """Both releases of a deal, a week apart, with purchases in between."""
    with opened(home, Clock(NOW)) as gate:
        one = release(gate, first)
    bought(home, new, days)
    with opened(home, Clock(NOW + WEEK)) as gate:
        return one, release(gate, second)


FIRST = deal_text(**FIGURES)
SECOND = deal_text(**{**FIGURES, "deal": "for-supplier", "recipient": "supplier"})


@pytest.mark.parametrize("second", [FIRST, SECOND], ids=["same recipient", "another"])
def test_one_customer_s_new_purchase(home: Path, second: str) -> None:
    """R52: the differencing attack: one customer bought something, and the group that would tell it is held back."""
    one, other = two(home, [(7, "S1", "61.37")], FIRST, second)
    before, after = rows(one), rows(other)
    assert {"S1": before["S1"], **after} == before
    assert "S1" not in after
    assert [0, 1] == [done.files[0].left_out for done in (one, other)]
    assert 1 == json.loads((other.folder / "manifest.json").read_text())["files"][0]["left_out"]


def test_the_attack_works_where_nothing_is_held_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R52: the same two releases, when groups are not looked at, give just that purchase away."""
    monkeypatch.setattr(sketches, "few", lambda *_: {})
    monkeypatch.setattr(sketches.Pair, "tells", lambda pair, _: pair.before < -1)
    one, other = (rows(done) for done in two(home, [(7, "S1", "61.37")], FIRST, SECOND))
    assert {"S1": Decimal("61.37")} == {store: other[store] - one[store] for store in one if other[store] != one[store]}


def test_nothing_new(home: Path) -> None:
    """R52: the same figures again tell nothing new, and leave; a customer who is not in them may have bought."""
    one, other = two(home, [(39, "S1", "61.37")], FIRST, SECOND)
    assert rows(one) == rows(other)


def test_as_many_as_a_group(home: Path) -> None:
    """R52: where eight customers bought something, the difference is about eight."""
    one, other = two(home, [(number, "S1", "5.00") for number in range(1, 9)], FIRST, SECOND)
    assert Decimal("40.00") == rows(other)["S1"] - rows(one)["S1"]


@pytest.mark.parametrize("who", [20, 3])
def test_many_in_one_group_and_one_in_another(home: Path, who: int) -> None:
    """R52: one who bought elsewhere follows neither from the total, less eight who bought here, nor as one of them."""
    one, other = two(home, [*((number, "S1", "5.00") for number in range(1, 9)), (who, "S2", "61.37")], FIRST, SECOND)
    assert {"S1", "S2"} == rows(one).keys() - rows(other).keys()


def test_larger_groups_of_the_earlier_release_count(home: Path) -> None:
    """R52: the smallest group of either deal is what is asked for."""
    large = deal_text(**{**FIGURES, "treated": {"min_group": 12}})
    one, other = two(home, [(number, "S1", "5.00") for number in range(1, 9)], large, SECOND)
    assert "S1" in rows(one).keys() - rows(other).keys()


def test_larger_groups_of_the_policy_count(home: Path) -> None:
    """R52: a deal for groups of two, which the policy makes groups of three, is held to three."""
    small = deal_text(**{**FIGURES, "treated": {"min_group": 2}})
    one, other = two(home, [(7, "S1", "5.00"), (8, "S1", "5.00")], small, small)
    assert {"S1"} == rows(one).keys() - rows(other).keys()


def test_a_group_is_shown_again_when_enough_has_changed(home: Path) -> None:
    """R52: what is held back is held against the release that showed it, not against those that did not."""
    with opened(home, Clock(NOW)) as gate:
        release(gate, FIRST)
    seen = []
    for week in range(1, 5):
        bought(home, [(2 * week, "S1", "5.00"), (2 * week + 1, "S1", "5.00")], days=week * 7 - 1)
        with opened(home, Clock(NOW + week * WEEK)) as gate:
            done = release(gate, FIRST)
        seen.append(("S1" in rows(done), done.files[0].left_out))
    # Two a week: after the third six changed since the first release, and then two since the third.
    assert [(False, 1), (False, 1), (True, 0), (False, 1)] == seen


def test_a_few_who_withdrew(home: Path) -> None:
    """R52: two who do not stand any more are told by no group; those that they were in are held back."""
    with opened(home, Clock(NOW)) as gate:
        before = rows(release(gate, FIRST))
        bought_at = _stores(home, 7) | _stores(home, 8)
    with opened(home, Clock(NOW + WEEK)) as gate:
        for key in ("7", "8"):
            gate.choose(key, "withdraw", "figures")
        after = rows(release(gate, FIRST))
    assert bought_at == before.keys() - after.keys()
    assert after == {store: spent for store, spent in before.items() if store not in bought_at}


def _stores(home: Path, number: int) -> set[object]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        found = con.execute("SELECT DISTINCT store FROM orders WHERE customer_id = ?", [number]).fetchall()
    return {store for (store,) in found}


def test_another_question_that_adds_up_to_the_same(home: Path) -> None:
    """R52: of figures by store and year that add up to earlier ones by store, one is left out where it would tell."""
    one, other = two(home, [(7, "S1", "61.37")], FIRST, deal_text(**COUNTED))
    assert {"S1"} == rows(one).keys() - rows(other, "days").keys()
    assert 1 == other.files[0].left_out


def test_fewer_keys_than_an_earlier_question(home: Path) -> None:
    """R52: and of figures by store, that store which earlier ones by store and year add up to."""
    one, other = two(home, [(7, "S1", "61.37")], deal_text(**COUNTED), FIRST)
    assert {"S1"} == rows(one, "days").keys() - rows(other).keys()


def test_another_question_that_has_nothing_in_common(home: Path) -> None:
    """R52: what is asked in other words is held by its customers as a whole alone, as its page says."""
    asks = {"days": {"title": "Baskets", "question": "SELECT store, count(*) AS spent FROM orders GROUP BY store"}}
    _, done = two(home, [(7, "S1", "61.37")], FIRST, deal_text(**{**COUNTED, "asked": asks}))
    assert 30 == done.customers


def test_a_group_that_one_release_hides(home: Path) -> None:
    """R52: a group that was too small is not shown a week later because one customer more bought there."""
    bought(home, [(number, "S9", "10.00") for number in range(1, 5)], days=-1)
    one, other = two(home, [(5, "S9", "10.00")], FIRST, SECOND)
    assert "S9" not in rows(one).keys() | rows(other).keys()


YEARLY = (
    "SELECT store, date_trunc('year', placed) AS year, sum(total) AS spent FROM orders "
    "GROUP BY store, date_trunc('year', placed)"
)
BY_STORE_ALONE = "SELECT store, sum(total) AS spent FROM orders GROUP BY store"
IN_ALL = "SELECT sum(total) AS spent FROM orders"


def asking(deal: str, recipient: str = "insurer", **questions: str) -> str:
    """A deal of some questions."""
    asked = {key: {"title": key, "question": question} for key, question in questions.items()}
    return deal_text(**{**FIGURES, "deal": deal, "recipient": recipient, "asked": asked})


def table(done: Released, name: str) -> dict[tuple[str, ...], Decimal]:
    """The figures of one question, by their keys as text."""
    found = parquet.read_table(io.BytesIO(pyrage.decrypt((done.folder / f"{name}.parquet.age").read_bytes(), [OWN])))
    keys = [column for column in found.column_names if column != "spent"]
    return {tuple(str(row[key]) for key in keys): row["spent"] for row in found.to_pylist()}


@pytest.mark.parametrize(
    ("first", "second"),
    [({"years": YEARLY}, {"stores": BY_STORE_ALONE}), ({"stores": BY_STORE_ALONE}, {"years": YEARLY})],
    ids=["finer before", "coarser before"],
)
def test_a_total_beside_other_keys(home: Path, first: dict[str, str], second: dict[str, str]) -> None:
    """R52: what is held back does not follow from a figure of all beside it, and an earlier release by other keys."""
    new = [*((number, "S1", "5.00") for number in range(1, 9)), (20, "S2", "61.37")]
    one, other = two(home, new, asking("one", **first), asking("two", "supplier", **second, all=IN_ALL))
    ((name, _),) = second.items()
    before = {key[0]: spent for key, spent in table(one, next(iter(first))).items()}
    after = {key[0]: spent for key, spent in table(other, name).items()}
    assert 2 <= len(before.keys() - after.keys())
    rest = table(other, "all")[()] - sum(after.values())
    assert Decimal("61.37") != rest - sum(before[store] for store in before.keys() - after.keys())


def test_what_lies_between_two_figures(home: Path) -> None:
    """R52: a sum, less the same of cheap purchases, tells of one dear purchase where both sums changed by many."""
    question = (
        "SELECT store, sum(total) AS spent, sum(total) FILTER (WHERE total < 500) AS small FROM orders GROUP BY store"
    )
    text = asking("cheap", stores=question)
    new = [*((number, "S1", "5.00") for number in range(1, 9)), (20, "S1", "861.37")]
    one, other = two(home, new, text, text)
    assert {"S1"} == rows(one).keys() - rows(other).keys()


@pytest.mark.parametrize("tail", ["ORDER BY spent LIMIT 4", "HAVING sum(total) > 10", "ORDER BY spent OFFSET 1"])
def test_questions_that_leave_groups_out_by_what_is_in_them(home: Path, tail: str) -> None:
    """R45: then nobody could tell what must be hidden beside them."""
    with opened(home, Clock(NOW)) as gate, pytest.raises(FactRejected, match="cannot be released"):
        release(gate, asking("some", stores=f"{BY_STORE_ALONE} {tail}"))


def test_two_questions_of_one_deal(home: Path) -> None:
    """R45: what one of them hides beside a small group is not added up from the other."""
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute("DELETE FROM orders")
        for store, month, who, total in [
            *(("S1", 9, who, "1.00") for who in range(3, 13)),
            ("S1", 10, 1, "1234.56"),
            ("S1", 11, 2, "70.00"),
            *(
                (store, month, who, str(total))
                for month, totals in ((9, (1, 9, 9)), (10, (10, 9, 20)), (11, (10, 9, 20)))
                for store, total in zip(("S2", "S3", "S4"), totals, strict=True)
                for who in range(3, 13)
            ),
        ]:
            con.execute(
                "INSERT INTO orders VALUES (?, ?, ?, ?)", [who, Decimal(total), store, datetime(2026, month, 10)]
            )
    months = YEARLY.replace("year", "month")
    for questions in ({"fine": months, "stores": BY_STORE_ALONE}, {"stores": BY_STORE_ALONE, "fine": months}):
        with opened(home, Clock(NOW)) as gate:
            done = release(gate, asking(f"by-{next(iter(questions))}", **questions, all=IN_ALL))
        stores = {key[0]: spent for key, spent in table(done, "stores").items()}
        fine = table(done, "fine")
        whole = {store for store in ("S2", "S3", "S4") if 3 == sum(key[0] == store for key in fine)}
        assert "S1" not in stores
        assert {"S2", "S3", "S4"} - stores.keys() - whole


@pytest.mark.parametrize("beside", [{}, {"stores": BY_STORE_ALONE}], ids=["alone", "beside the same question"])
@pytest.mark.parametrize(
    "question",
    [BY_STORE_ALONE.replace("orders", "orders WHERE total > 0"), BY_STORE_ALONE.replace("store", "upper(store)")],
    ids=["other rows", "another key"],
)
def test_a_few_who_withdrew_of_other_words(home: Path, beside: dict[str, str], question: str) -> None:
    """R46: a question in other words is held by its customers as a whole, whatever is asked beside it."""
    with opened(home, Clock(NOW)) as gate:
        release(gate, asking("one", stores=BY_STORE_ALONE))
    with opened(home, Clock(NOW + WEEK)) as gate:
        gate.choose("7", "withdraw", "figures")
        with pytest.raises(Refused) as error:
            release(gate, asking("two", "supplier", **beside, words=question))
    assert "deal_difference" in codes(error.value)


def test_a_release_without_groups(home: Path) -> None:
    """R52: no rows, or none any more, are no group that somebody is in."""
    text = asking("nobody", stores=BY_STORE_ALONE.replace("orders", "orders WHERE total < 0"))
    with opened(home, Clock(NOW)) as gate:
        assert {} == table(release(gate, text), "stores")
        release(gate, asking("everybody", stores=BY_STORE_ALONE))
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute("DELETE FROM orders")
    with opened(home, Clock(NOW + WEEK)) as gate:
        assert {} == table(release(gate, asking("gone", stores=BY_STORE_ALONE)), "stores")


CLASSES = {
    "form": "deidentified",
    "wanted": {
        "people": {
            "question": "SELECT customer_id, store FROM orders WHERE placed >= TIMESTAMP '2026-11-22 00:00:00' "
            "AND placed < TIMESTAMP '2026-11-23 00:00:00'",
            "customer": "customer_id",
        }
    },
    "asked": {"many": {"title": "How many", "question": "SELECT store, count(*) AS n FROM people GROUP BY 1"}},
    "treated": {"k": 5, "identifiers": ["store"]},
}


@pytest.mark.parametrize("moved", [0, 1, 6])
def test_classes_that_single_customers_moved_between(home: Path, moved: int) -> None:
    """R52: of de-identified rows in the same classes, nobody or as many as a class came to each one and left it."""
    text = deal_text(**CLASSES)
    with opened(home, Clock(NOW)) as gate:
        release(gate, text)
    first = "SELECT customer_id FROM orders WHERE store = ? AND placed = ? AND customer_id < 31 ORDER BY 1 LIMIT ?"
    at = NOW.replace(tzinfo=None)
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        some = {store: con.execute(first, [store, at, moved]).fetchall() for store in ("S1", "S2")}
        for store, other in (("S1", "S2"), ("S2", "S1")):
            for (number,) in some[store]:
                con.execute("UPDATE orders SET store = ? WHERE customer_id = ? AND placed = ?", [other, number, at])
    with opened(home, Clock(NOW + WEEK)) as gate:
        if moved != 1:
            assert 30 == release(gate, text).customers
            return
        with pytest.raises(Refused, match="fewer than 5 customers came to a class of `people`, or left it") as error:
            release(gate, text)
        assert ["deal_difference"] == codes(error.value)


def test_what_is_kept_says_of_nobody_what_they_added(home: Path) -> None:
    """R53: the sketch is sealed; and an erasure leaves no key by which somebody's part in it could be said again."""
    with opened(home, Clock(NOW)) as gate:
        release(gate, FIRST)
        with gate.database.read() as connection:
            data = deals.sketch(connection, 1)
            kept = connection.exec_driver_sql("SELECT value FROM settings WHERE name = 'release sketch 1'").scalar_one()
            (number,) = customers.find_many(connection, ["7"]).values()
            (key,) = keyring.of(connection).keys(connection, [number])
        assert data is not None
        assert key is not None
        found = sketches.read(data)
        (bucket,), _ = sketches.factors([key], sketches.MANY)
        inside = [kind for kind in found.values() if (kind.places % kind.buckets == bucket).any()]
        assert inside
        with gate.database.read() as connection:
            size = log.head(connection).size
            records = [log.record(connection, at, safe=keyring.of(connection)) for at in range(size)]
        assert [[0, 1]] == [record["apart"] for record in records if record is not None and "apart" in record]
        assert data[:20] not in kept.encode()
        assert b"S1" not in data
        assert b"stores" not in kept.encode()
        gate.erase("7")
        with gate.database.read() as connection:
            assert [None] == keyring.of(connection).keys(connection, [number])
            assert data == deals.sketch(connection, 1)


def disclosing(gate: Gate) -> Disclosing:
    return gate.disclosing("figures", recipient="insurer")


BY_STORE = "SELECT store, sum(total) AS spent, avg(total) AS mean FROM orders GROUP BY store"


def test_an_answer_with_too_many_rows_is_asked_for_in_parts(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """R53: in parts or at once, the sketch is the same."""
    whole = disclosing(gate).figures(BY_STORE, 5, [0], "stores").sketch
    outlet = disclosing(gate)
    asks = outlet._ask
    parts = []

    def limited(question: str, ruling: Ruling, at: datetime) -> Answer:
        if ruling.apart is not None and ruling.apart[1] < 8:
            raise RowsExceeded("the answer has more rows than the limit")
        parts.append(ruling.apart)
        return asks(question, ruling, at)

    monkeypatch.setattr(outlet, "_ask", limited)
    found = outlet.figures(BY_STORE, 5, [0], "stores").sketch
    assert [None, *((at, 8) for at in range(8)), None] == parts
    assert {} == sketches.few(whole, found, 30) == sketches.few(found, whole, 30)
    assert whole.keys() == found.keys()
    assert 4 == max(len(kind.names) for kind in found.values())


@pytest.mark.parametrize("times", [1, 9])
def test_data_that_changes_meanwhile(gate: Gate, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """R53: where the figures are others after they were asked for customer by customer, all of it is asked again."""
    outlet = disclosing(gate)
    asks, changes = outlet._ask, []

    def moved(question: str, ruling: Ruling, at: datetime) -> Answer:
        answer = asks(question, ruling, at)
        every = ruling.apart is None and ruling.percent is None
        if not every or len(changes) == times:
            return answer
        changes.append(at)
        more = pc.add(answer.arrow()["mean"], 0.01)
        table = answer.arrow().set_column(2, "mean", more)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return replace(answer, result=replace(answer.result, ipc=memoryview(sink.getvalue())))

    monkeypatch.setattr(outlet, "_ask", moved)
    if times == 1:
        given = outlet.figures(BY_STORE, 5, [0], "stores")
        assert (4, 1) == (given.table.num_rows, len(changes))
        return
    with pytest.raises(FactRejected, match="the data changes faster"):
        outlet.figures(BY_STORE, 5, [0], "stores")


def test_releases_from_before_sketches_were_kept(home: Path) -> None:
    """R52: of them the customers as a whole are looked at, and what was kept and is damaged lets nothing leave."""
    with opened(home, Clock(NOW)) as gate:
        release(gate, FIRST)
        with gate.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM settings WHERE name = 'release sketch 1'")
    bought(home, [(7, "S1", "61.37")])
    with opened(home, Clock(NOW + WEEK)) as gate:
        assert 30 == release(gate, SECOND).customers


def _sales(deal: str, where: str = "") -> str:
    question = (
        "SELECT p.department, sum(l.sales_value) AS spent, count(*) AS n FROM lines l "
        f"JOIN products p ON p.product_id = l.product_id {where} GROUP BY p.department"
    )
    lines = ["household_id", "product_id", "sales_value"]
    return deal_text(
        deal=deal,
        purpose="category_report",
        recipient="northfield_foods",
        form="aggregate",
        treated={"min_group": 50},
        wanted={
            "lines": {"table": "transactions", "columns": lines, "customer": "household_id"},
            "products": {"table": "products", "columns": ["product_id", "department"]},
        },
        asked={"kinds": {"title": "Sales by department", "question": question, "by": ["department"]}},
    )


def test_the_grocer_s_report_a_month_later(shop_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R52: of large departments hundreds of households bought something else a month ago; of the smallest, a few."""
    home, month = tmp_path / "shop", timedelta(days=30)
    shutil.copytree(shop_folder, home)
    monkeypatch.setattr(made, "COUNSEL", ANALYST)
    every, large = _sales("every-kind"), _sales("large-kinds", "WHERE p.department IN ('GROCERY', 'PRODUCE', 'MEAT')")
    for at in (grocer.NOW, grocer.NOW + month):
        with bailee.open(home, clock=Clock(at)) as gate:
            out = Asked(TO, tmp_path)
            done = releasing.release(gate, agreed(gate, large), out, actor=ANALYST)
            assert 3 == done.files[0].rows
            if at == grocer.NOW:
                assert 10 < releasing.release(gate, agreed(gate, every), out, actor=ANALYST).files[0].rows
                continue
            (file,) = releasing.release(gate, agreed(gate, every), out, actor=ANALYST).files
            assert 5 < file.rows
            assert 2 <= file.left_out
