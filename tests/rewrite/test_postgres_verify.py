"""The second reader of PostgreSQL's SQL by itself: what it refuses, had our own parser let it through."""

from __future__ import annotations

import re

import pytest

from bailee.errors import Refused
from bailee.rewrite.verify import verify
from tests.postgres import Cluster
from tests.rewrite.postgres_shop import POSTGRES, serialize


def _verify(sql: str, *relations: str) -> None:
    verify(POSTGRES, sql, serialize, relations or ["bailee_rel_1"])


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT 1 FROM bailee_rel_1; SELECT 2", "not one SELECT"),
        ("SELEC 1", "not one SELECT"),
        ("INSERT INTO bailee_rel_1 VALUES (1)", "not one SELECT"),
        ("EXPLAIN SELECT 1 FROM bailee_rel_1", "not one SELECT"),
        ("SELECT 1", "other tables"),
        ("SELECT 1 FROM bailee_rel_1, bailee_rel_1 AS b", "other tables"),
        ("SELECT 1 FROM bailee_rel_2", "other tables"),
        ("SELECT 1 FROM bailee_rel_1, customers", "the table `customers`"),
        ("SELECT 1 FROM public.bailee_rel_1", "the table `public.bailee_rel_1`"),
        ("SELECT 1 FROM a.public.bailee_rel_1", "the table `a.public.bailee_rel_1`"),
        ("SELECT 1 FROM ONLY bailee_rel_1", "the table `bailee_rel_1`"),
        ("SELECT (SELECT max(ssn) FROM customers) FROM bailee_rel_1", "the table `customers`"),
        ("VALUES ((SELECT max(ssn) FROM customers))", "the table `customers`"),
        ("TABLE customers", "the table `customers`"),
        ("SELECT 1 FROM bailee_rel_1 ORDER BY (SELECT ssn FROM customers LIMIT 1)", "the table `customers`"),
        ("SELECT count(*) FILTER (WHERE (SELECT true FROM customers)) FROM bailee_rel_1", "the table `customers`"),
        ("SELECT 1 FROM bailee_rel_1 LIMIT (SELECT count(*) FROM customers)", "the table `customers`"),
        ("WITH customers AS (SELECT 1) SELECT 1 FROM bailee_rel_1", "a CTE that we did not see"),
        ("WITH bailee_cte_1 AS (DELETE FROM t RETURNING 1) SELECT 1 FROM bailee_rel_1", "a CTE that is no SELECT"),
        ("SELECT 1 FROM bailee_rel_1 FOR UPDATE", "`lockingClause`"),
        ("SELECT 1 INTO x FROM bailee_rel_1", "`intoClause`"),
        ("SELECT $1 FROM bailee_rel_1", "`ParamRef`"),
        ("SELECT 1 FROM bailee_rel_1 TABLESAMPLE SYSTEM (1)", "`RangeTableSample`"),
        ("SELECT 1 FROM bailee_rel_1, ROWS FROM (generate_series(1, 2))", "`ROWS FROM`"),
        ("SELECT 1 FROM bailee_rel_1, pg_stat_get_activity(NULL)", "`pg_stat_get_activity` in FROM"),
        ("SELECT 1 FROM bailee_rel_1, lower('a')", "`lower` in FROM"),
        ("SELECT 1 FROM bailee_rel_1, jsonb_each('{}') AS x(a mood)", "`coldeflist`"),
        ("SELECT 1 FROM bailee_rel_1, XMLTABLE('/a' PASSING b COLUMNS c text)", "`RangeTableFunc`"),
        ("SELECT 1 FROM bailee_rel_1, JSON_TABLE('[1]', '$[*]' COLUMNS (a int PATH '$'))", "`JsonTable`"),
        ("SELECT pg_read_file('x') FROM bailee_rel_1", "the function `pg_read_file`"),
        ("SELECT public.lower('x') FROM bailee_rel_1", "the function `public.lower`"),
        ("SELECT \"LOWER\"('x') FROM bailee_rel_1", "the function `LOWER`"),
        ("SELECT a.pg_catalog.lower('x') FROM bailee_rel_1", "the function `a.pg_catalog.lower`"),
        ("SELECT 1 OPERATOR(public.+) 1 FROM bailee_rel_1", "the operator `public.+`"),
        ("SELECT 1 <~> 1 FROM bailee_rel_1", "the function `<~>`"),
        ("SELECT 1 FROM bailee_rel_1 WHERE 1 <~> ANY (ARRAY[1])", "the function `<~>`"),
        ("SELECT 1 FROM bailee_rel_1 WHERE 1 OPERATOR(public.=) ANY (SELECT 1)", "the function `public.=`"),
        ("SELECT 1 FROM bailee_rel_1 ORDER BY 1 USING <", "`useOp`"),
        ("SELECT 'x'::regclass FROM bailee_rel_1", "the type `regclass`"),
        ("SELECT 'x'::public.text FROM bailee_rel_1", "the type `public.text`"),
        ("SELECT mood 'glad' FROM bailee_rel_1", "the type `mood`"),
        ("SELECT NULL::mood[] FROM bailee_rel_1", "the type `mood`"),
        ("SELECT NULL::a.b%TYPE FROM bailee_rel_1", "the type `a.b`"),
        ("SELECT 1 FROM bailee_rel_1 ORDER BY 'a' COLLATE public.c", "the collation `public.c`"),
        ("SELECT current_user FROM bailee_rel_1", "`current_user`"),
        ("SELECT xmlelement(name a) FROM bailee_rel_1", "`XmlExpr`"),
        ("SELECT JSON_VALUE('{}', '$') FROM bailee_rel_1", "`JsonFuncExpr`"),
        ("SELECT JSON_ARRAY(SELECT 1) FROM bailee_rel_1", "`JsonArrayQueryConstructor`"),
        ("SELECT 'x' IS JSON FROM bailee_rel_1", "`JsonIsPredicate`"),
        (
            "WITH RECURSIVE bailee_cte_1 AS (SELECT 1 AS n UNION SELECT 2 FROM bailee_cte_1) "
            "SEARCH DEPTH FIRST BY n SET o SELECT 1 FROM bailee_rel_1",
            "`search_clause`",
        ),
    ],
)
def test_it_refuses_what_we_did_not_write(sql: str, words: str) -> None:
    """Every relation, function, operator, type and kind of node that is not on a list is refused by name."""
    with pytest.raises(Refused, match=re.escape(words)):
        _verify(sql)


def test_it_agrees_with_what_we_wrote() -> None:
    """One SELECT over our relations, each as often as expected."""
    _verify('SELECT lower(a) FROM bailee_rel_1 AS "Orders" WHERE b BETWEEN 1 AND 2 ORDER BY 1 DESC NULLS LAST LIMIT 3')
    _verify("WITH bailee_cte_1 AS (TABLE bailee_rel_1) SELECT * FROM bailee_cte_1", "bailee_rel_1", "bailee_cte_1")


def test_the_allowed_functions_exist_and_none_is_dangerous(postgres: Cluster) -> None:
    """Each name is PostgreSQL's own; only randomness is volatile; none reads beyond its arguments."""
    rows = postgres.run(
        "SELECT proname, bool_or(provolatile = 'v') FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace "
        "GROUP BY 1 UNION ALL SELECT DISTINCT oprname, false FROM pg_operator"
    )
    grammar = {"coalesce", "greatest", "least", "nullif"}
    found = {str(name): bool(volatile) for name, volatile in rows}
    assert set(found) | grammar >= POSTGRES.functions
    random = {"gen_random_uuid", "random", "random_normal", "uuidv4", "uuidv7"}
    assert random == {name for name in POSTGRES.functions - grammar if found[name]}
    assert not [
        name for name in POSTGRES.functions if re.match("pg_|has_|lo_|to_reg|inet_(client|server)|ts_|xml", name)
    ]
    forbidden = "query_to_xml current_setting set_config version enum_range enum_first enum_last nextval dblink setseed"
    assert not set(forbidden.split()) & POSTGRES.functions
