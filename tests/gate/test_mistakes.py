"""A question that the engine cannot bind: the commonest mistakes are told in words, from the question's own text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bailee.engines import View
from bailee.errors import EngineError, Refused
from bailee.gate.gate import Gate
from bailee.rewrite import Governed, draft
from tests.gate.shop import MARKETING, POLICY, codes, last


def told(gate: Gate, question: str) -> str:
    with pytest.raises(EngineError) as failed:
        gate.ask(question, purpose="offers", actor=MARKETING)
    assert failed.value.receipt == gate.head().size - 1
    return str(failed.value)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("SELECT totl FROM orders", "there is no column `totl` at 1:8; did you mean `total`?"),
        ("SELECT\n  o.Totl FROM orders o", "there is no column `o.Totl` at 2:3; did you mean `total`?"),
        ("SELECT total FROM orders ORDER BY cupon", "there is no column `cupon` at 1:35; did you mean `coupon`?"),
        ("SELECT s.totl FROM (SELECT * FROM orders) s", "there is no column `s.totl` at 1:8; did you mean `total`?"),
        ("SELECT * FROM orders JOIN customers USING (idd)", "there is no column `idd` at 1:44; did you mean `id`?"),
        ("WITH w AS (SELECT total AS spent FROM orders) SELECT spend FROM w", "did you mean `spent`?"),
        ("SELECT zzz FROM orders", "there is no column `zzz` at 1:8"),
        ("SELECT x.total FROM orders", "nothing in the question is called `x`, which `x.total` at 1:8 begins with"),
        ("SELECT rowid FROM orders", "there is no `rowid` at 1:8: rows have no numbers here"),
        ("SELECT coupon, sum(total) FROM orders", "`coupon` at 1:8 is neither grouped nor inside an aggregate: add it"),
        ("SELECT coupon, total, count(*) FROM orders GROUP BY 1", "write any_value(total)"),
        ("SELECT coupon, total, count(*) FROM orders GROUP BY coupon", "`total` at 1:16 is neither grouped nor"),
    ],
)
def test_the_commonest_mistakes_are_told(gate: Gate, question: str, message: str) -> None:
    """What is wrong, where it stands, and the nearest thing that may be seen; the failure is recorded all the same."""
    assert message in told(gate, question)
    assert ("failed", "binder error") == (last(gate)[0]["decision"], last(gate)[1]["failed"])


@pytest.mark.parametrize("word", ["ssm", "ss", "id", "emai"])
def test_no_withheld_column_is_ever_proposed(gate: Gate, word: str) -> None:
    """`ssn` is nearest to what was typed and is not named."""
    assert "ssn" not in told(gate, f"SELECT {word}x FROM customers")


def test_what_is_not_sure_is_not_said(gate: Gate) -> None:
    """Where the text alone does not tell, only the class and the place are given."""
    assert "(binder error) at 1:" in told(gate, "SELECT sum(total) s FROM orders WHERE s > 3")
    assert "(binder error)" in told(gate, "SELECT total.field FROM orders")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("PIVOT orders ON coupon USING sum(total)", "name them, as in `ON x IN (1, 2)`"),
        ("PIVOT orders ON coupon IN ('77') USING sum(total) LIMIT 1", "write `SELECT * FROM (PIVOT ..)`"),
    ],
)
def test_a_pivot_says_how_it_can_be_asked(gate: Gate, question: str, words: str) -> None:
    """Values are named, and what follows a PIVOT stands outside of it."""
    with pytest.raises(Refused, match="PIVOT") as refused:
        gate.ask(question, purpose="offers", actor=MARKETING)
    assert (["shape_not_allowed"], True) == (codes(refused.value), words in str(refused.value))
    asked = gate.ask("SELECT * FROM (PIVOT orders ON coupon IN ('77') USING sum(total)) LIMIT 1", purpose="offers")
    assert 1 == asked.rows


def test_a_reason_names_the_line_that_says_most(gate: Gate) -> None:
    """Of a column that is not read the line of `reads`, and of a table the reason that is not about its subject."""
    with pytest.raises(Refused) as column:
        gate.ask("SELECT ssn FROM customers", purpose="offers")
    with pytest.raises(Refused) as table:
        gate.ask("SELECT * FROM customers", purpose="research")
    reads = [n for n, line in enumerate(POLICY.decode().splitlines(), 1) if "reads:" in line]
    assert (reads[0], reads[1]) == (column.value.reasons[0].line, table.value.reasons[0].line)
    assert "policy line" not in str(column.value)
    assert "`research` does not read `user.contact.email`" in str(table.value)


def test_relations_are_shown_as_they_were_asked(gate: Gate) -> None:
    """The cut-off is filled in; the key of pseudonyms is not."""
    offers = gate.ask("SELECT total FROM orders", purpose="offers").relations
    research = gate.ask("SELECT count(DISTINCT customer_id) FROM orders", purpose="research").relations
    assert "> TIMESTAMP '2025-10-22 12:00:10'" in offers[0].sql
    assert all("\0" not in view.sql for view in (*offers, *research))
    keyed = Governed("", (View("one", f"SELECT {draft.INNER_PAD}, {draft.CUTOFF_DATE}"),), "", keyed=True)
    shown = keyed.shown(datetime(2026, 1, 5, tzinfo=UTC))
    assert (View("one", "SELECT <key of pseudonyms>, DATE '2026-01-05'"),) == shown
