"""Publishing at warehouse size: SQL that turns raw rows into published ones, and SQL that counts what was promised.

Both are text for DuckDB, run by an engine beside a table of the mapping (`Recoding.mapping`). The count reads nothing
but the published table, so it does not rest on the algorithm that made it.
"""

from __future__ import annotations

from collections.abc import Sequence

from bailee.errors import DeidError

#: The columns of a mapping that hold published values start so.
PREFIX = "published "


def publishing(raw: str, mapping: str, identifiers: Sequence[str], carried: Sequence[str] = ()) -> str:
    """A SELECT of the published rows: identifiers as published, and `carried` columns as they are.

    `raw` and `mapping` are relations in SQL. Suppressed customers are left out. Rows come ordered by what is published,
    so that their order says nothing of the raw table's.
    """
    _distinct([*identifiers, *carried])
    same = " AND ".join(f"r.{quoted(n)} IS NOT DISTINCT FROM m.{quoted(n)}" for n in identifiers)
    shown = [f"m.{quoted(PREFIX + n)} AS {quoted(n)}" for n in identifiers] + [f"r.{quoted(n)}" for n in carried]
    order = [f"m.{quoted(PREFIX + 'class')}", *(f"r.{quoted(n)}" for n in carried)]
    return f"SELECT {', '.join(shown)} FROM {raw} r JOIN {mapping} m ON {same} ORDER BY {', '.join(order)}"


def counting(published: str, identifiers: Sequence[str], subject: str | None = None) -> str:
    """Classes, rows, and the size of the smallest class; with `subject`, of different customers instead of rows."""
    _distinct(identifiers)
    count = "count(*)" if subject is None else f"count(DISTINCT {quoted(subject)})"
    return (
        'SELECT count(*) AS "classes", coalesce(sum(n), 0)::BIGINT AS "rows", coalesce(min(k), 0) AS "k" FROM '
        f"(SELECT count(*) AS n, {count} AS k FROM {published} GROUP BY {_list(identifiers)})"
    )


def counting_sensitive(published: str, identifiers: Sequence[str], sensitive: str, whole: str, level: int = 2) -> str:
    """What holds of every class for one sensitive column.

    `distinct`: the fewest values. `entropy`: the least exp of entropy. `recursive`: the greatest ratio of the commonest
    value to all from the `level`-th commonest on, NULL where a class has fewer. `t_equal`, `t_ordered`: the greatest
    distance from the distribution in `whole`, a relation of everybody's.
    """
    _distinct([*identifiers, sensitive])
    value = quoted(sensitive)
    keys = [f"c{place}" for place in range(len(identifiers))]
    named = ", ".join(f"{quoted(name)} AS {key}" for name, key in zip(identifiers, keys, strict=True))
    return f"""
WITH cells AS (SELECT {named}, {value} AS v, count(*) AS n FROM {published} GROUP BY {_list(identifiers)}, {value}),
numbered AS (SELECT dense_rank() OVER (ORDER BY {", ".join(keys)}) AS class, v, n FROM cells),
sizes AS (SELECT class, sum(n) AS size FROM numbered GROUP BY class),
ranked AS (SELECT class, v, n, size, row_number() OVER (PARTITION BY class ORDER BY n DESC) AS place
           FROM numbered JOIN sizes USING (class)),
diverse AS (SELECT class, count(*) AS kinds, -sum(n / size * ln(n / size)) AS entropy,
                   max(n) / nullif(sum(n) FILTER (place >= {int(level)}), 0) AS ratio
            FROM ranked GROUP BY class),
everybody AS (SELECT {value} AS v, count(*) AS n FROM {whole} GROUP BY {value}),
base AS (SELECT v, n / sum(n) OVER () AS q, row_number() OVER (ORDER BY v NULLS LAST) AS place,
                count(*) OVER () AS kinds
         FROM everybody),
apart AS (SELECT class, base.place, base.kinds, coalesce(ranked.n / sizes.size, 0) - q AS off
          FROM sizes CROSS JOIN base LEFT JOIN ranked USING (class, v) WHERE base.v IS NOT NULL
          UNION ALL
          SELECT class, base.place, base.kinds, coalesce(ranked.n / sizes.size, 0) - q
          FROM sizes CROSS JOIN base LEFT JOIN (FROM ranked WHERE v IS NULL) ranked USING (class) WHERE base.v IS NULL),
running AS (SELECT class, place, kinds, off, sum(off) OVER (PARTITION BY class ORDER BY place) AS above FROM apart),
close AS (SELECT class, sum(abs(off)) / 2 AS equal,
                 coalesce(sum(abs(above)) FILTER (place < kinds), 0) / greatest(max(kinds) - 1, 1) AS ordered
          FROM running GROUP BY class)
SELECT min(kinds) AS "distinct", exp(min(entropy)) AS "entropy",
       CASE WHEN bool_and(ratio IS NOT NULL) THEN max(ratio) END AS "recursive",
       max(equal) AS "t_equal", max(ordered) AS "t_ordered" FROM diverse JOIN close USING (class)
"""


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))


def _distinct(names: Sequence[str]) -> None:
    if not names or len({name.lower() for name in names}) != len(names):
        raise DeidError(f"found the columns {', '.join(names) or 'none'}; expected at least one, and each once")
