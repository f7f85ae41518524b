"""What a question about groups may be made of, and what it is told instead."""

from __future__ import annotations

SHAPE = (
    "ask for groups, as in `SELECT store, count(*), sum(amount) FROM sales GROUP BY store`, with count, sum, avg, "
    "stddev or variance over tables joined by `JOIN .. ON` equal keys"
)

#: Aggregates that are guarded; `count` alone may also take `*` and DISTINCT.
_AGGREGATES_TEXT = """
count sum avg mean stddev stddev_pop stddev_samp variance var_pop var_samp
"""
AGGREGATES = frozenset(_AGGREGATES_TEXT.split())

#: Words that are syntax and no names.
_KEYWORDS_TEXT = """
select from where group by having order limit offset as and or not in is null true false between like ilike case when
then
else end distinct asc desc nulls first last filter all interval date timestamp cast try_cast extract year quarter month
week day hour minute second escape on using join inner integer int bigint smallint double varchar decimal numeric text
boolean float real years months weeks days hours dow isodow doy
"""
KEYWORDS = frozenset(_KEYWORDS_TEXT.split())

#: Kinds of syntax that a question about groups may not have, with what each is called.
REFUSED = {
    "Window": "a window function",
    "Subquery": "a query within it",
    "Qualify": "QUALIFY",
    "With": "WITH",
    "Cube": "CUBE",
    "Rollup": "ROLLUP",
    "GroupingSets": "GROUPING SETS",
    "Grouping": "GROUPING",
    "Distinct": "DISTINCT outside count(DISTINCT ..)",
    "TableSample": "a sample",
    "Pivot": "PIVOT",
    "Lambda": "a lambda",
    "Columns": "COLUMNS",
    "PositionalColumn": "a column by position",
    "Exists": "EXISTS",
    "Any": "ANY",
    "All": "ALL",
    "Unnest": "unnest",
    "Lateral": "LATERAL",
    "Values": "VALUES",
    "WithinGroup": "WITHIN GROUP",
}
