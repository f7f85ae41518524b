"""The inner view: rows, the guard that keeps groups whose distinguishable parts are large enough, and the aggregates.

With one row per contributing row, `bailee_s` is its customer and each condition says whether the row contributes to an
aggregate. Conditions cut a group into parts; the differences of aggregates show a part at the smallest. A part with
fewer customers than the minimum, or an aggregate to which none contribute, makes the whole group vanish. With the p %
rule it vanishes too where one customer all but makes a part. What holds in each part holds in their union.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from bailee.rewrite.dialects import Dialect


class Asked(NamedTuple):
    """One aggregate: its function, over what of a row (None: `*`), of different values alone, where what holds."""

    function: str
    argument: str | None
    distinct: bool
    condition: str | None


@dataclass
class Inner:
    """What the view is made of: SQL of keys, of measures, of filters, and of the aggregates over them.

    `subject` is the customer of a row, in SQL.
    """

    dialect: Dialect
    source: str
    where: str | None
    subject: str
    minimum: int
    percent: int | None = None
    keys: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    aggregates: dict[str, str] = field(default_factory=dict)
    conditions: dict[str, None] = field(default_factory=dict)
    #: What a row adds to some aggregate, in size.
    amounts: dict[str, None] = field(default_factory=dict)
    #: The aggregates as they were asked for.
    asked: dict[Asked, None] = field(default_factory=dict)

    @property
    def parted(self) -> bool:
        """Whether groups are looked at part by part, before any is shown.

        No policy has a minimum of one: with it a release learns of every group, also where an aggregate has nobody.
        """
        return self.percent is not None or (self.minimum > 1 and bool(self.conditions))

    def value(self, prefix: str, expression: str) -> str:
        """The name in `bailee_rows` of an expression over one row."""
        for name, known in self.values.items():
            if known == expression:
                return name
        name = f"bailee_{prefix}{len(self.values) + 1}"
        self.values[name] = expression
        return name

    def aggregate(self, function: str, argument: str | None, *, distinct: bool, condition: str | None) -> str:
        """The name outside of an aggregate over a row's expression (None: `*`) where a condition holds."""
        self.asked[Asked(function, argument, distinct, condition)] = None
        inside = "*" if argument is None else argument
        sql = f"{function}({'DISTINCT ' if distinct else ''}{inside})"
        parts = []
        if condition is not None:
            sql += f" FILTER (WHERE {condition})"
            parts.append(condition)
        if argument is not None and argument != "bailee_s":
            parts.append(f"{argument} IS NOT NULL")
        if function != "count":
            self.amounts[f"coalesce(abs({argument}), 0)"] = None
        elif argument != "bailee_s" or not distinct:
            self.amounts["1"] = None
        if parts:
            self.conditions[f"({' AND '.join(parts)})"] = None
        if sql not in self.aggregates:
            self.aggregates[sql] = f"bailee_a{len(self.aggregates) + 1}"
        return self.aggregates[sql]

    def sql(self) -> str:
        """The body of the view: columns `bailee_k1`.. and `bailee_a1`.., a row for each group that is large enough."""
        names, rows = self.names, self.rows()
        shown = ", ".join([*names, *(f"{sql} AS {name}" for sql, name in self.aggregates.items())])
        group = f" GROUP BY {', '.join(names)}" if names else ""
        if not self.parted:
            enough = f"count(DISTINCT bailee_s) >= {self.minimum}"
            return f"WITH bailee_rows AS ({rows}) SELECT {shown or 'true'} FROM bailee_rows{group} HAVING {enough}"
        return (
            f"WITH bailee_rows AS ({rows}), bailee_kept AS ({self._kept(names)}) {self._survivors(names, shown, group)}"
        )

    def shares(self) -> str:
        """Who adds what to which part of which group, as a SELECT of its own: see `_shares`."""
        return f"WITH bailee_rows AS ({self.rows()}) {self._shares(self.names)}"

    @property
    def names(self) -> list[str]:
        """The names of the keys in the view."""
        return [f"bailee_k{at}" for at in range(1, len(self.keys) + 1)]

    def rows(self) -> str:
        """The contributing rows: keys, values, and whose each is."""
        keyed = [f"{expression} AS {name}" for name, expression in zip(self.names, self.keys, strict=True)]
        values = [f"{expression} AS {name}" for name, expression in self.values.items()]
        sql = f"SELECT {', '.join([*keyed, *values, f'{self.subject} AS bailee_s'])} {self.source}"
        return sql + (f" WHERE {self.where}" if self.where is not None else "")

    def _kept(self, names: list[str]) -> str:
        """The keys of the groups of which every part is large enough and every aggregate has somebody."""
        parts = self._parts(names) if self.percent is None else self._spread_parts(names, self.percent)
        enough = [f"min(bailee_n) >= {self.minimum}", *(f"bool_or({flag})" for flag in self._flags)]
        if self.percent is not None:
            enough.append("min(bailee_spread) = 1")
        kept = ", ".join(f"{name} AS bailee_o{at}" for at, name in enumerate(names, 1)) or "true AS bailee_o"
        group = f" GROUP BY {', '.join(names)}" if names else ""
        return f"SELECT {kept} FROM ({parts}){self.dialect.subquery}{group} HAVING {' AND '.join(enough)}"

    @property
    def _flags(self) -> list[str]:
        return [f"bailee_p{at}" for at in range(1, len(self.conditions) + 1)]

    def _cut(self) -> list[str]:
        return [f"{condition} AS {flag}" for condition, flag in zip(self.conditions, self._flags, strict=True)]

    def _parts(self, names: list[str]) -> str:
        """A row for each part of a group: how many customers there are in it."""
        return (
            f"SELECT {', '.join([*names, *self._cut()])}, count(DISTINCT bailee_s) AS bailee_n FROM bailee_rows "
            f"GROUP BY {', '.join([*names, *self._flags])}"
        )

    def _shares(self, names: list[str]) -> str:
        """A row for each part and customer: what they add to each amount."""
        sums = [f"sum({amount}) AS bailee_d{at}" for at, amount in enumerate(self.amounts, 1)]
        by = [*names, *self._flags, "bailee_s"]
        return (
            f"SELECT {', '.join([*names, *self._cut(), 'bailee_s', *sums])} FROM bailee_rows GROUP BY {', '.join(by)}"
        )

    def _spread_parts(self, names: list[str], percent: int) -> str:
        """A row for each part: how many customers, and whether none of them all but makes it (`deid.cells.dominant`).

        What the third and smaller customers add together is summed by itself, because a difference would lose digits.
        """
        part, places = [*names, *self._flags], range(1, len(self.amounts) + 1)
        over = f"PARTITION BY {', '.join(part)} " if part else ""
        ranks = [f"row_number() OVER ({over}ORDER BY bailee_d{at} DESC) AS bailee_r{at}" for at in places]
        amounts = [f"bailee_d{at}" for at in places]
        ranked = (
            f"SELECT {', '.join([*part, 'bailee_s', *amounts, *ranks])} "
            f"FROM ({self._shares(names)}){self.dialect.subquery}"
        )
        share = f"{percent / 100:g}e0"
        each = [
            f"sum(CASE WHEN bailee_r{at} > 2 THEN bailee_d{at} ELSE 0 END) >= max(bailee_d{at}) * {share}"
            for at in places
        ]
        spread = f"CASE WHEN {' AND '.join(each) or 'true'} THEN 1 ELSE 0 END AS bailee_spread"
        whole = f" GROUP BY {', '.join(part)}" if part else ""
        return (
            f"SELECT {', '.join([*part, 'count(bailee_s) AS bailee_n', spread])} "
            f"FROM ({ranked}){self.dialect.subquery}{whole}"
        )

    def _survivors(self, names: list[str], shown: str, group: str) -> str:
        same = self.dialect.same(names, [f"bailee_o{at}" for at in range(1, len(names) + 1)]) if names else "true"
        return f"SELECT {shown} FROM bailee_rows JOIN bailee_kept ON {same}{group} HAVING count(*) > 0"
