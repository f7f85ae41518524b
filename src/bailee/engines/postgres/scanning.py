"""How PostgreSQL counts what columns look like; the statements are `engines.scanning`'s."""

from __future__ import annotations

from bailee.engines.scanning import Words

WORDS = Words(
    table="{}",
    text="CAST({} AS text)",
    matches="{} ~ {pattern}",
    contains="strpos({}, {text}) > 0",
    distinct="count(DISTINCT {})",
    size="octet_length({})",
    year="extract(year FROM {})",
    day="CAST({0} AS timestamp) = CAST(CAST({0} AS date) AS timestamp)",
    stack="SELECT u.v, u.k - 1 AS k FROM {table} CROSS JOIN LATERAL unnest(ARRAY[{values}]) WITH ORDINALITY AS u(v, k)",
    sample="{table} TABLESAMPLE BERNOULLI ({share}) REPEATABLE (1) LIMIT {rows}",
    fine="abs(CAST({0} AS float8)) < 1e9 AND CAST({0} AS float8) * 1000 <> round(CAST({0} AS float8) * 1000)",
)
