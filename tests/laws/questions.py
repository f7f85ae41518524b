"""Small databases with hostile rows, maps and policies over them, and a grammar of questions.

Everything is drawn from one source of choices (`tests.worlds.Source`), so hypothesis shrinks it and a seed repeats it.
Values are few, so that keys collide, dangle and repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bailee.policy.coarsen import Coarsen
from bailee.policy.model import Column, DataMap, Keep, Policy, Purpose, Recipient, Reference, Release, Reveal, Table
from bailee.policy.predicates import Predicate
from bailee.policy.terms import terms_of
from bailee.policy.units import Duration
from bailee.vocabulary import Act, Basis, Choice, Contract, Customer, Effect, Instrument, Treatment
from tests.worlds import NOW, Source, chance, either, pick, some

TYPES = {
    "customers": {"id": "INTEGER", "friend": "INTEGER", "name": "VARCHAR", "age": "INTEGER", "joined": "DATE"},
    "orders": {
        "order_id": "INTEGER",
        "customer_id": "INTEGER",
        "payer_id": "INTEGER",
        "total": "INTEGER",
        "coupon": "VARCHAR",
        "placed": "TIMESTAMP",
        "product_id": "INTEGER",
    },
    "lines": {
        "line_id": "INTEGER",
        "order_id": "INTEGER",
        "product_id": "INTEGER",
        "quantity": "INTEGER",
        "day": "DATE",
    },
    "products": {"product_id": "INTEGER", "kind": "VARCHAR", "price": "INTEGER"},
    "kinds": {"kind": "VARCHAR", "tone": "VARCHAR"},
}
CATEGORIES = ("user.a", "user.a.b", "user.c", "user.d", "user.e")
KEYS = (1, 2, 3, 4, None)
WORDS = ("A", "B", "b", "x y", "", None)
DURATIONS = tuple(map(Duration.parse, ("30 days", "13 months", "2 years")))
TIMES = tuple(
    instant + nudge
    for instant in (NOW, *(duration.minus(NOW) for duration in DURATIONS))
    for nudge in (timedelta(), timedelta(microseconds=1), timedelta(days=-1), timedelta(days=1))
)
Rows = dict[str, list[dict[str, object]]]


@dataclass(frozen=True)
class Shop:
    """A database with all that decides what may be seen of it."""

    policy: Policy
    datamap: DataMap
    people: dict[object, Customer]
    rows: Rows


def make_shop(source: Source) -> Shop:
    policy = _policy(source)
    return Shop(policy, _map(source), _people(source, policy), _rows(source))


def _policy(source: Source) -> Policy:
    basis = pick(source, (Basis.CONTRACT, Basis.CONTRACT, Basis.LEGAL_OBLIGATION, Basis.CONSENT))
    usual = (Treatment.CLEAR,) * 7 + (Treatment.COARSE, Treatment.PSEUDONYM, Treatment.AGGREGATE)
    reads = {category: pick(source, usual) for category in some(source, CATEGORIES, 92)} or {"user": Treatment.CLEAR}
    purpose = Purpose(
        "p",
        "p",
        "essential.service.operations",
        basis,
        frozenset({Effect.LEARN}),
        "because",
        "something",
        "something",
        reads,
        Keep(pick(source, DURATIONS), from_last_activity=chance(source, 10)),
        recipients=("r",) if chance(source, 30) else (),
        release=Release(source.integer(1, 3)),
        law="an act",
    )
    most = pick(source, (Treatment.CLEAR, Treatment.CLEAR, Treatment.PSEUDONYM))
    return Policy("m", "1", {"p": purpose}, {"r": Recipient("r", "R", role="processor", at_most=most)})


def _people(source: Source, policy: Policy) -> dict[object, Customer]:
    """Customers 1 to 4: most stand, 4 is often unknown."""
    people: dict[object, Customer] = {}
    for key in (1, 2, 3, 4):
        if chance(source, 10 if key < 4 else 50):
            continue
        choices = [
            Choice(
                "p",
                pick(source, (Act.GRANT, Act.GRANT, Act.WITHDRAW)),
                NOW - timedelta(days=n),
                1,
                Instrument.CHECKBOX,
                "t",
            )
            for n in range(source.integer(0, 2))
        ]
        contracts = (Contract(NOW - timedelta(days=9)),) if chance(source, 70) else ()
        active = either(source, 80, pick(source, TIMES))
        people[key] = Customer(
            str(key), erased=chance(source, 8), last_activity=active, contracts=contracts, choices=tuple(choices)
        )
    return people


def _map(source: Source) -> DataMap:
    product = Reference("product_id", "products", "product_id")
    order = Reference("order_id", "orders", "order_id")
    kind = Reference("kind", "kinds", "kind")
    customers = Table(
        "customers",
        _columns(source, "customers"),
        subjects=("id", "friend") if chance(source, 20) else ("id",),
        at=either(source, 40, "joined"),
        guests=chance(source, 30),
        reveals=_reveals(source, "name = 'B'", "age > 40"),
    )
    orders = Table(
        "orders",
        _columns(source, "orders"),
        subjects=("customer_id", "payer_id") if chance(source, 25) else ("customer_id",),
        via=Reference("customer_id", "customers", "id") if chance(source, 15) else None,
        at=either(source, 70, "placed"),
        guests=chance(source, 40),
        references=(product,) if chance(source, 50) else (),
        reveals=_reveals(source, "coupon = 'A'", "total >= 3 OR coupon IS NULL"),
        only_for=frozenset({"q"}) if chance(source, 4) else None,
    )
    lines = Table(
        "lines",
        _columns(source, "lines"),
        via=order,
        at=either(source, 50, "day"),
        at_via=chance(source, 60),
        references=(product,) if chance(source, 60) else (),
        reveals=_reveals(source, "quantity > 2"),
    )
    if chance(source, 20):
        orders = replace(orders, at=None, at_via=orders.via is not None)
    products = Table(
        "products",
        _columns(source, "products"),
        personal=False,
        references=(kind,) if chance(source, 50) else (),
        reveals=_reveals(source, "kind = 'A'", "price < 3"),
    )
    kinds = Table("kinds", _columns(source, "kinds"), personal=False, reveals=_reveals(source, "tone LIKE 'b%'"))
    return DataMap({table.name: table for table in (customers, orders, lines, products, kinds)})


def _columns(source: Source, table: str) -> dict[str, Column]:
    coarse = {"INTEGER": "band 2", "VARCHAR": "prefix 1", "DATE": "month", "TIMESTAMP": "month"}
    return {
        name: Column(
            name,
            some(source, CATEGORIES, 12) or (pick(source, CATEGORIES),) if chance(source, 97) else (),
            Coarsen.parse(coarse[kind]) if chance(source, 60) else None,
            frozenset({"q"}) if chance(source, 3) else None,
            measure=kind == "INTEGER",
        )
        for name, kind in TYPES[table].items()
    }


def _reveals(source: Source, *conditions: str) -> tuple[Reveal, ...]:
    return tuple(Reveal(Predicate.parse(text), pick(source, CATEGORIES)) for text in conditions if chance(source, 35))


def _rows(source: Source) -> Rows:
    return {
        table: [
            {name: _value(source, name, kind) for name, kind in columns.items()} for _ in range(source.integer(0, 6))
        ]
        for table, columns in TYPES.items()
    }


def _value(source: Source, name: str, kind: str) -> object:
    if kind == "VARCHAR":
        return pick(source, ("A", "B", "b", None) if name in ("kind", "coupon", "tone") else WORDS)
    if kind == "INTEGER":
        return (
            pick(source, KEYS) if name.endswith("id") or name == "friend" else pick(source, (0, 1, 2, 3, 5, 44, None))
        )
    moment = pick(source, TIMES).replace(tzinfo=None)
    value: date | datetime = moment if kind == "TIMESTAMP" else moment.date()
    return either(source, 90, value)


def terms(policy: Policy) -> dict[str, object]:
    """Today's terms under the digest that every choice names."""
    return {"t": terms_of(policy, policy.purposes["p"])}


# Questions -----------------------------------------------------------------------------------------------------------

#: Names in sight: the alias, and its columns with whether each holds numbers (None: of unknown type).
Scope = list[tuple[str, dict[str, str | None]]]


def make_question(source: Source) -> str:
    """One question: mostly of tables and columns that exist, of every shape that the closed world has."""
    return pick(source, _SHAPES)(source)


def _plain(source: Source) -> str:
    return _select(source, {}, 2)


def _with(source: Source) -> str:
    environment: dict[str, dict[str, str | None]] = {}
    parts = []
    for name in (pick(source, ("a", *TYPES)), pick(source, ("b", "customers", "orders"))):
        if name in environment:
            continue
        text, columns = _shaped(source, environment)
        parts.append(f"{pick(source, (name, name.upper()))} AS {pick(source, ('', 'MATERIALIZED '))}({text})")
        environment = {**environment, name: columns}
    return f"WITH {', '.join(parts)} {_select(source, environment, 1)}"


def _shaped(source: Source, environment: dict[str, dict[str, str | None]]) -> tuple[str, dict[str, str | None]]:
    """A query of two named columns, a number and anything."""
    scope, text = _from(source, environment, 1)
    return f"SELECT {_number(source, scope)} AS n, {_any(source, scope)} AS v {text}", {"n": "INTEGER", "v": None}


def _recursive(source: Source) -> str:
    name = pick(source, ("r", "customers", "orders"))
    scope, text = _from(source, {}, 0)
    union = pick(source, ("UNION", "UNION ALL"))
    inner = pick(source, ("", "WITH z AS (SELECT * FROM customers) "))
    return (
        f"WITH RECURSIVE {name}(n) AS ({inner}SELECT {_number(source, scope)} {text} {union} "
        f"SELECT n + 1 FROM {name} WHERE n < 3) SELECT count(*), sum(n) FROM {name}"
    )


def _sets(source: Source) -> str:
    arms = [f"SELECT {_number(source, s)} AS n {t}" for s, t in (_from(source, {}, 1) for _ in range(3))]
    word = [pick(source, ("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "UNION ALL BY NAME")) for _ in range(2)]
    return f"({arms[0]}) {word[0]} ({arms[1]}) {word[1]} ({arms[2]})"


def _pivot(source: Source) -> str:
    return pick(
        source,
        (
            "PIVOT orders ON coupon IN ('A', 'B') USING sum(total)",
            "PIVOT (SELECT coupon, total, customer_id FROM orders) ON coupon IN ('A', 'B') USING count(*), sum(total)",
            "SELECT * FROM (PIVOT products ON kind IN ('A', 'B') USING count(*) GROUP BY price)",
            "SELECT * FROM orders PIVOT (sum(total) FOR coupon IN ('A', 'B'))",
            "UNPIVOT (SELECT order_id, total, product_id FROM orders) ON total, product_id INTO NAME k VALUE v",
            "UNPIVOT products ON kind INTO NAME k VALUE v",
            "WITH orders AS (SELECT 1 AS a, 2 AS b) PIVOT orders ON a IN (1) USING sum(b)",
        ),
    )


def _fixed(source: Source) -> str:
    return pick(
        source,
        (
            "FROM orders",
            "TABLE lines",
            "FROM customers c SELECT c",
            "SELECT o FROM orders o",
            "SELECT * EXCLUDE (total) FROM orders",
            "SELECT * REPLACE (1 AS total) FROM orders",
            "SELECT COLUMNS('.*id') FROM lines",
            "SELECT max(COLUMNS(*)) FROM products",
            "SELECT x.* FROM orders AS x(a, b, c)",
            "SELECT a, count(*) FROM lines AS t(a) GROUP BY ALL",
            "SELECT #1 FROM products",
            "VALUES ((SELECT max(total) FROM orders)), (1)",
            "SELECT unnest((SELECT list_sort(list(total)) FROM orders))",
            "SELECT * FROM (VALUES ((SELECT count(*) FROM customers), 1), (2, 3)) v(x, y)",
            "SELECT main.orders.total FROM main.orders WHERE company.main.orders.total > 1",
            "SELECT * FROM orders NATURAL JOIN lines",
            "SELECT * FROM orders JOIN lines USING (order_id, product_id)",
            "SELECT (WITH customers AS (SELECT 1 AS q) SELECT q FROM customers) FROM customers",
            "SELECT * FROM (WITH orders AS (SELECT 1 q) SELECT * FROM orders) a, orders",
            "WITH orders AS (SELECT * FROM orders) SELECT * FROM orders",
            "WITH RECURSIVE orders AS (SELECT total FROM orders UNION ALL SELECT total + 1 FROM orders WHERE total < 3)"
            " FROM orders",
            "SELECT count(*) FROM orders, lines, products",
            "SELECT count(*) FROM lines l WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.order_id = l.order_id)",
            "SELECT o.order_id, x.n FROM orders o, "
            "LATERAL (SELECT count(*) AS n FROM lines l WHERE l.order_id = o.order_id) x",
            "SELECT kind, sum(price) FROM products GROUP BY GROUPING SETS ((kind), ())",
            "SELECT DISTINCT total, coupon FROM orders",
            "SELECT order_id, placed FROM orders ORDER BY ALL",
        ),
    )


_SHAPES: tuple[Callable[[Source], str], ...] = (
    _plain,
    _plain,
    _plain,
    _plain,
    _with,
    _with,
    _recursive,
    _sets,
    _pivot,
    _fixed,
)


def _select(source: Source, environment: dict[str, dict[str, str | None]], depth: int) -> str:
    scope, text = _from(source, environment, depth)
    where = f" WHERE {_condition(source, scope, environment, depth)}" if chance(source, 60) else ""
    match source.integer(0, 5):
        case 0:
            return f"SELECT {pick(source, ('*', scope[0][0] + '.*', 'DISTINCT *'))} {text}{where}"
        case 1:
            group = _any(source, scope)
            having = f" HAVING count(*) > {source.integer(0, 2)}" if chance(source, 30) else ""
            by = pick(source, ("1", "ALL", group))
            return f"SELECT {group}, {_aggregate(source, scope)}, count(*) {text}{where} GROUP BY {by}{having}"
        case 2:
            return f"SELECT {_aggregate(source, scope)}, {_aggregate(source, scope)} {text}{where}"
        case 3:
            over = f"OVER (PARTITION BY {_any(source, scope)} ORDER BY {_any(source, scope)})"
            qualify = f" QUALIFY rank() {over} < 3" if chance(source, 30) else ""
            function = pick(source, ("count(*)", "rank()", "dense_rank()"))
            return f"SELECT {_any(source, scope)}, {function} {over} {text}{where}{qualify}"
        case 4:
            inner, from_ = _from(source, environment, 0)
            match = f"{_any(source, inner)} IS NOT DISTINCT FROM {_any(source, scope)}"
            return f"SELECT {_any(source, scope)}, (SELECT count(*) {from_} WHERE {match}) {text}{where}"
        case _:
            return f"SELECT {', '.join(_any(source, scope) for _ in range(source.integer(1, 3)))} {text}{where}"


def _from(source: Source, environment: dict[str, dict[str, str | None]], depth: int) -> tuple[Scope, str]:
    scope: Scope = []
    text = "FROM "
    for at in range(source.integer(1, 2 if depth else 1)):
        relation, columns = _relation(source, environment, depth)
        alias = f"t{depth}{at}"
        new = (alias, columns)
        if at == 0:
            text += f"{relation} {pick(source, ('AS ', ''))}{alias}"
        else:
            join = pick(
                source, ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN", "CROSS JOIN")
            )
            on = f" ON {_any(source, [new])} = {_any(source, scope)}" if join != "CROSS JOIN" else ""
            text += f" {join} {relation} {alias}{on}"
            if join in ("SEMI JOIN", "ANTI JOIN"):
                continue
        scope.append(new)
    return scope, text


def _relation(
    source: Source, environment: dict[str, dict[str, str | None]], depth: int
) -> tuple[str, dict[str, str | None]]:
    if depth and chance(source, 15):
        text, columns = _shaped(source, environment)
        return f"({text})", columns
    if chance(source, 5):
        return "(VALUES (1, 'A'), (2, NULL))", {"col0": "INTEGER", "col1": "VARCHAR"}
    if environment and chance(source, 60):
        name = pick(source, tuple(environment))
        return name, environment[name]
    name = pick(source, tuple(TYPES))
    if name in environment:
        return f"main.{name}", dict(TYPES[name])
    return pick(source, (name, name, name.upper(), f'"{name}"', f"main.{name}", f"company.main.{name}")), dict(
        TYPES[name]
    )


def _any(source: Source, scope: Scope) -> str:
    alias, columns = pick(source, scope)
    return f"{alias}.{pick(source, tuple(columns))}"


def _number(source: Source, scope: Scope) -> str:
    found = [f"{alias}.{name}" for alias, columns in scope for name, kind in columns.items() if kind == "INTEGER"]
    return pick(source, found) if found else "1"


def _aggregate(source: Source, scope: Scope) -> str:
    column = _any(source, scope)
    number = _number(source, scope)
    filtered = f" FILTER (WHERE {_any(source, scope)} IS NULL)" if chance(source, 20) else ""
    return (
        pick(
            source,
            (
                f"count({column})",
                f"count(DISTINCT {column})",
                f"min({column})",
                f"max({column})",
                f"sum({number})",
                f"list_sort(list({column}))",
            ),
        )
        + filtered
    )


def _condition(source: Source, scope: Scope, environment: dict[str, dict[str, str | None]], depth: int) -> str:
    column = _any(source, scope)
    inner, text = _from(source, environment, 0)
    match source.integer(0, 7):
        case 0:
            return f"{column} IS {pick(source, ('', 'NOT '))}NULL"
        case 1:
            return f"{_number(source, scope)} {pick(source, ('=', '<', '>=', '<>'))} {source.integer(0, 5)}"
        case 2:
            return f"{column} {pick(source, ('', 'NOT '))}IN (SELECT {_any(source, inner)} {text})"
        case 3:
            return f"{pick(source, ('', 'NOT '))}EXISTS (SELECT 1 {text} WHERE {_any(source, inner)} = {column})"
        case 4:
            return f"NOT ({_condition(source, scope, environment, 0) if depth else 'false'})"
        case 5:
            return f"{column} = {_any(source, scope)}"
        case 6:
            return f"{_number(source, scope)} IN ({source.integer(1, 3)}, {source.integer(1, 4)})"
        case _:
            return f"{column} IS NOT DISTINCT FROM {_any(source, scope)} OR {column} IS NULL"
