"""How DuckDB counts what columns look like; the statements are `engines.scanning`'s."""

from __future__ import annotations

from bailee.engines.scanning import Words

WORDS = Words(
    table="company.{}",
    text="CAST({} AS VARCHAR)",
    matches="regexp_matches({}, {pattern})",
    contains="contains({}, {text})",
    distinct="approx_count_distinct({})",
    size="strlen({})",
    year="year({})",
    day="CAST({0} AS TIMESTAMP) = CAST(CAST({0} AS DATE) AS TIMESTAMP)",
    stack="SELECT unnest([{values}]) AS v, unnest(range({count})) AS k FROM {table}",
    sample="{table} USING SAMPLE reservoir({rows} ROWS) REPEATABLE (1)",
    fine="isfinite(CAST({0} AS DOUBLE)) AND CAST({0} AS DOUBLE) * 1000 <> round(CAST({0} AS DOUBLE) * 1000)",
)
