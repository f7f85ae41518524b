"""What a governed question carries: relations, allow tables, what was used and skipped, and what is bound late."""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

import pytest

from bailee.rewrite import Allow, Rewriter, Used
from bailee.rewrite.splice import Edit, origin, splice
from bailee.vocabulary import Treatment
from tests.rewrite import shop as made


@pytest.fixture(scope="module")
def shop() -> made.Shop:
    """One shop for all."""
    return made.open_shop()


def test_it_names_tables_columns_and_allow_tables(shop: made.Shop) -> None:
    """Only what the question needs is used, and each allow table is named once."""
    governed = shop.govern(
        "SELECT name, sum(total) FROM orders JOIN customers ON id = customer_id GROUP BY 1", made.ruling()
    )
    assert ("orders", "customers") == governed.tables
    assert (Allow("allow_000000000000_0_integer", "INTEGER", 0),) == governed.allow
    clear = Treatment.CLEAR
    expected = {("orders", "customer_id"), ("orders", "total"), ("customers", "id"), ("customers", "name")}
    assert {Used(table, column, clear) for table, column in expected} == set(governed.columns)
    assert (governed.withheld, governed.aggregate, governed.personal) == ((), False, True)


def test_a_star_says_what_it_skipped(shop: made.Shop) -> None:
    """D10.2: Columns that `*` leaves out are listed with the reason."""
    governed = shop.govern("SELECT * FROM customers", made.ruling())
    assert [("customers", "ssn", "not_read")] == [
        (w.table, w.column, w.reason.code) for w in governed.withheld if w.reason
    ]


def test_a_question_on_no_personal_table_concerns_nobody(shop: made.Shop) -> None:
    """D10.5: Tables about nobody need no allow table."""
    governed = shop.govern("SELECT title FROM products", made.ruling())
    assert (False, ()) == (governed.personal, governed.allow)
    assert governed.views == governed.bind()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("SELECT total FROM orders WHERE customer_id = 1", ("1",)),
        ("SELECT total FROM orders o WHERE total > 3 AND (o.customer_id IN (2, 1))", ("2", "1")),
        ("SELECT 1 FROM orders JOIN customers ON id = customer_id WHERE id = 1 AND customer_id = 1", ("1",)),
        ("SELECT 1 FROM orders JOIN customers ON id = customer_id WHERE id = 1", None),
        ("SELECT total FROM orders WHERE customer_id = 1 OR total = 3", None),
        ("SELECT total FROM orders WHERE NOT customer_id = 1", None),
        ("SELECT total FROM orders WHERE customer_id > 1", None),
        ("SELECT total FROM orders WHERE customer_id = '1'", ("1",)),
        ("SELECT total FROM orders WHERE customer_id = 1.0", None),
        ("SELECT total FROM orders WHERE customer_id = -1", None),
        ("SELECT total, (SELECT count(*) FROM orders) FROM orders WHERE customer_id = 1", None),
        ("SELECT * FROM (SELECT * FROM orders) o WHERE customer_id = 1", None),
        (
            "SELECT 1 FROM orders a ASOF JOIN orders b ON a.total >= b.total "
            "WHERE a.customer_id = 1 AND b.customer_id = 1",
            None,
        ),
        (
            "SELECT 1 FROM (SELECT 1 AS customer_id) x SEMI JOIN orders o ON total > 9 WHERE customer_id = 1",
            None,
        ),
        (
            "SELECT 1 FROM (SELECT 1 AS customer_id) x ANTI JOIN orders o ON total > 9 WHERE customer_id = 1",
            None,
        ),
        ("SELECT title FROM products WHERE product_id = 1", None),
    ],
)
def test_a_question_that_is_limited_to_customers_says_to_whom(
    shop: made.Shop, question: str, expected: tuple[str, ...] | None
) -> None:
    """D10.4: Constants count only where they surely bind every table about people."""
    assert expected == shop.govern(question, made.ruling()).customers


def test_pseudonymous_keys_are_never_constants(shop: made.Shop) -> None:
    """A pseudonym is nobody's key."""
    assert shop.govern("SELECT total FROM orders WHERE customer_id = 'a'", made.ruling("insight")).customers is None


def test_pseudonyms_are_pythons_hmac(shop: made.Shop) -> None:
    """D8.4: A pseudonym is the first 32 hex characters of HMAC-SHA256, in columns and in keys, so joins still work."""
    rows = shop.run(shop.govern("SELECT email FROM customers WHERE name = 'Ann'", made.ruling()))[1]
    assert [(hmac.new(made.SECRET, b"ann@x.example", sha256).hexdigest()[:32],)] == rows
    question = "SELECT count(*), count(DISTINCT id) FROM customers JOIN orders ON id = customer_id"
    assert [(6, 3)] == shop.run(shop.govern(question, made.ruling("insight")))[1]


def test_what_is_not_bound_does_not_run(shop: made.Shop) -> None:
    """A missing cut-off or key is an error of the caller, never an open door."""
    governed = shop.govern("SELECT email FROM customers", made.ruling())
    assert governed.timed
    assert governed.keyed
    with pytest.raises(ValueError, match="cut-off or key"):
        governed.bind(made.CUTOFF)
    with pytest.raises(ValueError, match="cut-off or key"):
        governed.bind(secret=b"x")
    with pytest.raises(ValueError, match="aware"):
        governed.bind(datetime(2026, 1, 1), b"x")
    assert not any("\0" in view.sql for view in governed.bind(made.CUTOFF, b"x"))


def test_rewrites_are_kept_by_all_that_they_depend_on(shop: made.Shop) -> None:
    """The same question, policy, purpose, recipient and effect give the same object; anything else another."""
    rewriter = Rewriter(made.MAP, "sha256:map", shop.catalog, shop.serialize, size=2)
    ruling, question = made.ruling(), "SELECT total FROM orders"
    first = rewriter.rewrite(question, ruling)
    assert rewriter.rewrite(question, ruling) is first
    assert rewriter.rewrite(question, replace(ruling, policy="sha256:other")) is not first
    assert rewriter.rewrite(question + " ", ruling) is not first
    assert rewriter.rewrite(question, ruling) is not first  # two others came since


def test_a_table_about_people_that_names_nobody_shows_nothing() -> None:
    """Without a subject or a parent every row is a guest's."""
    orders = replace(made.MAP.tables["orders"], subjects=())
    shop = made.open_shop(datamap=replace(made.MAP, tables={**made.MAP.tables, "orders": orders}))
    assert [] == shop.run(shop.govern("SELECT total FROM orders", made.ruling()))[1]
    included = replace(made.MAP, tables={"orders": replace(orders, guests=True)})
    shop = made.open_shop(datamap=included)
    assert 8 == len(shop.run(shop.govern("SELECT total FROM orders", made.ruling()))[1])


def test_positions_lead_back_to_the_question() -> None:
    """A position in the spliced text is the asker's own, or the start of what was replaced."""
    text, edits = splice("FROM a, b", [Edit(5, 6, "long AS a"), Edit(8, 9, "x")])
    assert "FROM long AS a, x" == text
    assert [4, 5, 5, 6, 8, 9] == [origin(edits, position) for position in (4, 5, 13, 14, 16, 17)]
    with pytest.raises(ValueError, match="overlap"):
        splice("abc", [Edit(0, 2, "x"), Edit(1, 3, "y")])


def test_a_map_that_does_not_fit_the_database_refuses() -> None:
    """A reference between columns that could never be equal, or a key of no key type, is refused by name."""
    from bailee.errors import Refused

    schema = made.SCHEMA.replace("line_id INTEGER, order_id INTEGER", "line_id INTEGER, order_id VARCHAR")
    with pytest.raises(Refused, match=r"`lines.order_id` is VARCHAR, and `orders.order_id` is INTEGER"):
        made.open_shop(schema).govern("SELECT line_id FROM lines", made.ruling())
    schema = made.SCHEMA.replace("customer_id INTEGER, total", "customer_id DOUBLE, total")
    with pytest.raises(Refused, match=r"`orders.customer_id` is DOUBLE"):
        made.open_shop(schema).govern("SELECT total FROM orders", made.ruling())
